#include "meter/calibration.h"

#include <math.h>

#define MAX_GAIN 0.5
#define MAX_DELAY_S 5e-3
#define MAX_RATIO_PCT 50.0
#define MAX_PHASE_DEG 30.0

static int points_of(const struct sensor_error *table)
{
    int n = 0;
    while (n < CALIBRATION_POINTS && table[n].current_a > 0)
        n++;
    return n;
}

void calibration_sensor(const struct calibration *c, int k, double current_a, double *ratio,
                        double *phase_deg)
{
    const struct sensor_error *p = c->sensor[k];
    int n = points_of(p);
    *ratio = 0;
    *phase_deg = 0;
    if (n == 0)
        return;
    int next = 0;
    while (next < n && p[next].current_a < current_a)
        next++;
    int low = next > 0 ? next - 1 : 0, high = next < n ? next : n - 1;
    double part = 0;
    if (low != high)
        part = log(current_a / p[low].current_a) / log(p[high].current_a / p[low].current_a);
    *ratio = (p[low].ratio_pct + part * (p[high].ratio_pct - p[low].ratio_pct)) / 100;
    *phase_deg = p[low].phase_deg + part * (p[high].phase_deg - p[low].phase_deg);
}

/* Written so that NaN fails too. */
static int within(double x, double most)
{
    return fabs(x) <= most;
}

static enum err check_sensor(const struct sensor_error *p, int k, struct reason *why)
{
    for (int n = 0; n < CALIBRATION_POINTS; n++) {
        if (p[n].current_a == 0)
            return ERR_OK;
        double before = n > 0 ? p[n - 1].current_a : 0;
        if (!(p[n].current_a > before) || !within(p[n].current_a, 1e9))
            return reason(why, ERR_RANGE,
                          "calibration of current %d, point %d: %g A does not rise above %g A",
                          k + 1, n + 1, p[n].current_a, before);
        if (!within(p[n].ratio_pct, MAX_RATIO_PCT) || !within(p[n].phase_deg, MAX_PHASE_DEG))
            return reason(why, ERR_RANGE,
                          "calibration of current %d, point %d: %g %% and %g degrees, "
                          "at most %g %% and %g degrees",
                          k + 1, n + 1, p[n].ratio_pct, p[n].phase_deg, MAX_RATIO_PCT,
                          MAX_PHASE_DEG);
    }
    return ERR_OK;
}

enum err calibration_check(const struct calibration *c, struct reason *why)
{
    const struct {
        const char *name;
        const double *value;
        int count;
        double least, most;
    } rows[] = {
        {.name = "gain of voltage",
         .value = c->gain_v,
         .count = 4,
         .least = -MAX_GAIN,
         .most = MAX_GAIN},
        {.name = "gain of current",
         .value = c->gain_i,
         .count = 4,
         .least = -MAX_GAIN,
         .most = MAX_GAIN},
        {.name = "offset of voltage",
         .value = c->offset_v,
         .count = 4,
         .least = -8388607,
         .most = 8388607},
        {.name = "offset of current",
         .value = c->offset_i,
         .count = 4,
         .least = -8388607,
         .most = 8388607},
        {.name = "noise of voltage", .value = c->noise_v, .count = 4, .least = 0, .most = 8388607},
        {.name = "noise of current", .value = c->noise_i, .count = 4, .least = 0, .most = 8388607},
        {.name = "delay of current",
         .value = c->delay_s,
         .count = 3,
         .least = -MAX_DELAY_S,
         .most = MAX_DELAY_S},
    };
    for (unsigned r = 0; r < COUNT(rows); r++) {
        for (int k = 0; k < rows[r].count; k++) {
            double x = rows[r].value[k];
            if (!(x >= rows[r].least && x <= rows[r].most))
                return reason(why, ERR_RANGE, "calibration: %s %d is %g, %g .. %g is possible",
                              rows[r].name, k + 1, x, rows[r].least, rows[r].most);
        }
    }
    for (int k = 0; k < 3; k++) {
        enum err e = check_sensor(c->sensor[k], k, why);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
