/* demand - mean power over a period, its maximum and when that was.
 *
 * Clock-aligned: periods start at multiples of `period_s` counted from 00:00 UTC of the epoch (the grids
 * offered, 1 .. 60 min, divide the hour). FIXED: the value changes at the end of each period. SLIDING: the
 * period is cut in `DEMAND_SUBPERIODS` parts and the value, over the last full period, changes at the
 * end of each part. Sums are the same integers as the registers', so kWh and demand agree
 * (spec/product.md 5.6). A window across a boundary is split by time. A period that was not measured from
 * its start gives no value and no maximum.
 *
 * Pure; all-zero is valid and empty.
 */
#ifndef METER_DEMAND_H
#define METER_DEMAND_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DEMAND_MAX_SUBPERIODS 60 /* sliding moves each minute: at most 60 parts */

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
    double elapsed_s;                   /* since the running period began */
};

#define DEMAND_QUANTITIES 7

struct demand_config {
    int period_min; /* 1 .. 60, a divisor of 60 */
    bool sliding;
};

/* What is being summed: part of the register image, so that a restart goes on inside the period. */
struct demand_state {
    int64_t part_start_us;         /* start of the running part; 0 = none */
    int parts;                     /* full parts held, newest last */
    int next;                      /* ring position */
    int part_valid;                /* 1 where the running part was measured from its start */
    double sum[DEMAND_QUANTITIES]; /* of the running part, unit x seconds */
    double part[DEMAND_MAX_SUBPERIODS][DEMAND_QUANTITIES];
    int64_t last_end_us;
};

struct demand_step {
    int64_t start_utc_us, end_utc_us;
    double mean
        [DEMAND_QUANTITIES]; /* in the order of demand_set: import, export, reactive, apparent, I1..3 */
};

/* ERR_RANGE  config or step is unusable (end before start, longer than 60 s, not a number); nothing changed.
 * A step that starts before the last one ended (clock set back) drops the running period. */
enum err demand_add(struct demand_set *d, struct demand_state *st, const struct demand_config *c,
                    const struct demand_step *s) CHECKED;

/* Forgets maxima and the running period. */
void demand_reset(struct demand_set *d, struct demand_state *st);

/* Starts a new period now (synchronisation by input or tariff change). */
void demand_synchronise(struct demand_state *st, int64_t utc_us);

#endif
