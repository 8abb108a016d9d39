#include "meter/pulse.h"
#include "meter/meter.h"

#include <math.h>
#include <stdbool.h>

/* More crossings than this in one half cycle are far beyond 16 Hz: their instants do not matter. */
#define MOST_CROSSINGS 64

struct output {
    int64_t *utc_us;
    int count, most;
    int64_t
        free_us; /* nothing flashes before it came to be owed: start of the call, then the last crossing */
    int64_t end_us;
};

static bool usable(double weight_wh, const double *half_wh, const int64_t *half_end_utc_us,
                   int halves, int64_t start_utc_us, int most)
{
    if (!(weight_wh > 0 && weight_wh < HUGE_VAL) || halves < 0 || most < 0)
        return false;
    int64_t before = start_utc_us;
    for (int i = 0; i < halves; i++) {
        if (!(fabs(half_wh[i]) < HUGE_VAL) || half_end_utc_us[i] < before)
            return false;
        before = half_end_utc_us[i];
    }
    return true;
}

static void owe(struct pulse_state *st, double pulses)
{
    double owed = (double)st->owed + pulses;
    st->owed = owed < PULSE_MAX_OWED ? (int64_t)owed : PULSE_MAX_OWED;
}

static int64_t next_free(const struct pulse_state *st, const struct output *out)
{
    int64_t spaced = st->last_utc_us + PULSE_MIN_SPACING_US;
    return st->last_utc_us == 0 || spaced < out->free_us ? out->free_us : spaced;
}

/* Flashes what is owed, as far as it may be before `until_us`. */
static void pay(struct pulse_state *st, int64_t until_us, struct output *out)
{
    while (st->owed > 0 && out->count < out->most && next_free(st, out) < until_us) {
        st->last_utc_us = next_free(st, out);
        out->utc_us[out->count++] = st->last_utc_us;
        st->owed--;
    }
}

static void cross(struct pulse_state *st, double pulses, int64_t utc_us, struct output *out)
{
    pay(st, utc_us, out);
    owe(st, pulses);
    out->free_us = utc_us;
}

int pulse_run(struct pulse_state *st, double weight_wh, const double *half_wh,
              const int64_t *half_end_utc_us, int halves, int64_t start_utc_us,
              int64_t *pulse_utc_us, int most)
{
    if (!usable(weight_wh, half_wh, half_end_utc_us, halves, start_utc_us, most))
        return 0;
    struct output out = {.utc_us = pulse_utc_us,
                         .most = most,
                         .free_us = start_utc_us,
                         .end_us = halves > 0 ? half_end_utc_us[halves - 1] : start_utc_us};
    if (st->last_utc_us > start_utc_us) /* the clock was set back */
        st->last_utc_us = start_utc_us;

    double sum = 0;
    for (int i = 0; i < halves; i++)
        sum += half_wh[i];
    int64_t from_us = start_utc_us;
    for (int i = 0; i < halves && sum > 0; i++) {
        double before = st->rest_wh, after = before + half_wh[i];
        double crossings = after >= weight_wh ? floor(after / weight_wh) : 0;
        if (crossings > MOST_CROSSINGS) {
            cross(st, crossings, from_us, &out);
        } else {
            for (int64_t n = 1; n <= (int64_t)crossings; n++) {
                double part = ((double)n * weight_wh - before) / half_wh[i];
                double us = part * (double)(half_end_utc_us[i] - from_us);
                cross(st, 1, from_us + llround(us), &out);
            }
        }
        st->rest_wh = crossings > 0 ? fmax(0, after - crossings * weight_wh) : after;
        from_us = half_end_utc_us[i];
    }
    pay(st, out.end_us, &out);
    return out.count;
}

struct weight {
    double up_to; /* CT ratio, or primary current in A */
    double kwh;
};

/* Datasheet, "LED": the last row has no upper end here, limits are checked with the configuration. */
static const struct weight by_ratio[] = {{7, 0.001}, {70, 0.01}, {700, 0.1}, {HUGE_VAL, 1}};
static const struct weight by_primary[] = {{35, 0.001}, {350, 0.01}, {3500, 0.1}, {HUGE_VAL, 1}};

static double look_up(const struct weight *row, double size)
{
    while (size > row->up_to)
        row++;
    return row->kwh;
}

double meter_pulse_weight_kwh(const struct load_config *l)
{
    switch (l->input) {
    case INPUT_5A:
        return look_up(by_ratio, l->ratio);
    case INPUT_333MV:
        return look_up(by_primary, l->primary_a);
    case INPUT_DIRECT:
        break;
    }
    return look_up(by_primary, l->nominal_a); /* unknown is 0: the finest weight */
}
