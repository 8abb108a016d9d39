/* demand - mean power over a period, its maximum and when that was.
 *
 * Clock-aligned: periods start at multiples of `period_min` counted from 00:00 UTC of the epoch (the grids
 * offered, 1 .. 60 min, divide the hour), or from the last synchronisation. FIXED: the value changes at the end
 * of each period. SLIDING: it changes at the end of each minute, over the last full period. Both are sums of the
 * same one-minute parts, so the period can be changed at any time and the next value is right.
 *
 * A step across a boundary is split by time. The sum of a period is that of mean x time of its steps: the same
 * energy as the registers' (spec/product.md 5.6). A period that was not measured from its start to its end gives no
 * value and no maximum: after a start, a gap or a clock set back or forward by more than DEMAND_JOIN_US,
 * the first value comes after the next whole period.
 *
 * Pure; all-zero is valid and empty.
 */
#ifndef METER_DEMAND_H
#define METER_DEMAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_MAX_SUBPERIODS 60 /* one-minute parts of the longest period */
/* Steps whose ends are this close to each other are one after the other: rounding of window ends, slewed clock. */
#define DEMAND_JOIN_US 1000

struct demand_value {
    double value;       /* of the last full period */
    double max;         /* since the last reset */
    int64_t max_utc_us; /* end of the period of `max`; 0 = none yet */
};

struct demand_set {
    struct demand_value import, export; /* W */
    struct demand_value reactive;       /* var, import */
    struct demand_value apparent;       /* VA */
    struct demand_value current[3];     /* A */
    double elapsed_s; /* since the running period (sliding: minute) began, by the clock */
};

#define DEMAND_QUANTITIES 7

struct demand_config {
    int period_min; /* 1 .. 60, a divisor of 60 */
    bool sliding;
};

/* What is being summed: part of the register image, so that a restart goes on inside the period. */
struct demand_state {
    int64_t part_start_us; /* start of the running minute */
    int parts;             /* full minutes held, without a gap between them: 0 .. period */
    int next;              /* ring position of the next: 0 .. DEMAND_MAX_SUBPERIODS - 1 */
    int part_valid; /* 1 where the running minute was measured from its start, 2 just synchronised */
    double sum[DEMAND_QUANTITIES]; /* of the running minute, unit x seconds */
    double part[DEMAND_MAX_SUBPERIODS][DEMAND_QUANTITIES];
    int64_t last_end_us; /* end of the last step; 0 = nothing yet */
    int64_t anchor_us;   /* periods are counted from here: 0, or the last synchronisation */
};

struct demand_step {
    int64_t start_utc_us, end_utc_us;
    double mean
        [DEMAND_QUANTITIES]; /* in the order of demand_set: import, export, reactive, apparent, I1..3 */
};

/* ERR_RANGE  config or step is unusable (period no divisor of 60; end before start, start before 1970, longer than 60 s;
 *            a mean that is no number or beyond 1e12); nothing changed
 * A step that starts before the last one ended (clock set back) drops the running period. */
enum err demand_add(struct demand_set *d, struct demand_state *st, const struct demand_config *c,
                    const struct demand_step *s) CHECKED;

/* Forgets values, maxima, the running period and a synchronisation. */
void demand_reset(struct demand_set *d, struct demand_state *st);

/* Starts a new period at `utc_us` (input or tariff change) and counts the next ones from there. The period that ran
 * gives no value. What a later step brings from before `utc_us` is left out. */
void demand_synchronise(struct demand_state *st, int64_t utc_us);

#endif
