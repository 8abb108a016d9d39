/* Checks of everything that meter_init is given. */
#include "meter/meter_internal.h"

#include <math.h>

/* Written so that NaN fails too. */
static bool in(double x, double least, double most)
{
    return x >= least && x <= most;
}

/* A signed permutation of 1, 2, 3, or all zero. */
static bool map_is_valid(const int map[3])
{
    if (map[0] == 0 && map[1] == 0 && map[2] == 0)
        return true;
    unsigned seen = 0;
    for (int k = 0; k < 3; k++) {
        if (map[k] < -3 || map[k] > 3 || map[k] == 0)
            return false;
        seen |= 1U << (map[k] < 0 ? -map[k] : map[k]);
    }
    return seen == 0xE;
}

static enum err check_input(const struct load_config *l, int n, struct reason *why)
{
    switch (l->input) {
    case INPUT_5A:
        if (!in(l->ratio, 1, 2000))
            return reason(why, ERR_RANGE, "load %d: transformer ratio %g, 1 .. 2000 is possible", n,
                          l->ratio);
        return ERR_OK;
    case INPUT_333MV:
        if (!in(l->primary_a, 1, 10000))
            return reason(why, ERR_RANGE, "load %d: sensor of %g A, 1 .. 10000 A is possible", n,
                          l->primary_a);
        return ERR_OK;
    case INPUT_DIRECT:
        if (!in(l->nominal_a, 0, 1e9))
            return reason(why, ERR_RANGE, "load %d: nominal current %g A, 0 (unknown) .. 1e9 A", n,
                          l->nominal_a);
        return ERR_OK;
    }
    return reason(why, ERR_RANGE, "load %d: no such kind of input (%d)", n, (int)l->input);
}

static enum err check_load(const struct meter_config *c, int index, struct reason *why)
{
    const struct load_config *l = &c->load[index];
    enum err e = check_input(l, index, why);
    if (e != ERR_OK)
        return e;
    if (!map_is_valid(l->map))
        return reason(why, ERR_RANGE,
                      "load %d: correction %d, %d, %d is not an order of 1, 2, 3 with signs", index,
                      l->map[0], l->map[1], l->map[2]);
    if ((unsigned)l->rule > TOTALS_SYSTEM)
        return reason(why, ERR_RANGE, "load %d: no such rule of totals (%d)", index, (int)l->rule);
    if ((unsigned)l->apparent > APPARENT_EFFECTIVE)
        return reason(why, ERR_RANGE, "load %d: no such apparent power (%d)", index,
                      (int)l->apparent);
    if (!in(l->hours_start_a, 0, 1e9))
        return reason(why, ERR_RANGE, "load %d: hours start at %g A, 0 .. 1e9 A", index,
                      l->hours_start_a);
    if (l->demand.period_min < 1 || l->demand.period_min > 60 || 60 % l->demand.period_min != 0)
        return reason(why, ERR_RANGE, "load %d: demand period of %d min, a divisor of 60 is needed",
                      index, l->demand.period_min);
    if (l->two_currents && c->system != SYSTEM_3P3W)
        return reason(why, ERR_RANGE, "load %d: two currents are enough in a 3P3W system only",
                      index);
    for (int k = 0; k < METER_GROUP_LANES; k++) {
        if (!in(fabs(l->amps_per_count[k]), 0, 1e6))
            return reason(why, ERR_RANGE, "load %d: current %d has %g A a count, at most 1e6",
                          index, k + 1, l->amps_per_count[k]);
    }
    e = calibration_check(&l->calibration, why);
    return e == ERR_OK ? ERR_OK : reason_prefix(why, e, "load %d", index);
}

enum err meter_config_check(const struct meter_config *c, struct reason *why)
{
    if (!in(c->rate_hz, METER_MIN_RATE_HZ, METER_MAX_RATE_HZ))
        return reason(why, ERR_RANGE, "sampling rate %g Hz, %g .. %g Hz is possible", c->rate_hz,
                      METER_MIN_RATE_HZ, METER_MAX_RATE_HZ);
    if ((unsigned)c->system > SYSTEM_WILD_LEG)
        return reason(why, ERR_RANGE, "no such system (%d)", (int)c->system);
    if (!in(c->nominal_v, 0, 1e7))
        return reason(why, ERR_RANGE, "nominal voltage %g V, 0 (unknown) .. 1e7 V", c->nominal_v);
    if (c->nominal_hz != 0 && c->nominal_hz != 50 && c->nominal_hz != 60)
        return reason(why, ERR_RANGE, "nominal frequency %g Hz, 50, 60 or 0 (as found)",
                      c->nominal_hz);
    for (int k = 0; k < METER_GROUP_LANES; k++) {
        if (!in(fabs(c->volts_per_count[k]), 0, 1e6))
            return reason(why, ERR_RANGE, "voltage %d has %g V a count, at most 1e6", k + 1,
                          c->volts_per_count[k]);
    }
    if (!(fabs(c->volts_per_count[0]) > 0))
        return reason(why, ERR_RANGE, "voltage 1 has 0 V a count");
    if (c->loads < 1 || c->loads > METER_MAX_LOADS)
        return reason(why, ERR_RANGE, "%d loads, 1 .. %d are possible", c->loads, METER_MAX_LOADS);
    for (int k = 0; k < c->loads; k++) {
        enum err e = check_load(c, k, why);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
