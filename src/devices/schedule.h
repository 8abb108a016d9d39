/* schedule - how much each part of a scenario draws at a time, and what is left of each voltage.
 *
 * A function of the scenario (its seed) and the time alone: any moment can be asked for in any order, and the
 * same seed gives the same day on every machine. Pure.
 */
#ifndef DEVICES_SCHEDULE_H
#define DEVICES_SCHEDULE_H

#include "wire/scenario.h"

#include <stdint.h>

struct schedule_time {
    double since_s; /* since the start of the simulation */
    double local_s; /* site's civil seconds since 1970-01-01 00:00 */
};

/* Factor of the part's nominal current now, >= 0. */
double schedule_level(const struct scenario *s, int part, struct schedule_time t);

/* Factor of voltage `phase` (0..2) at sample `n` of a simulation that started at civil second `start_local_s`: dips
 * and the like. `*edge` is lowered to the next sample at which that changes. */
double schedule_voltage(const struct scenario *s, int phase, int64_t n, double rate_hz,
                        double start_local_s, int64_t *edge);

/* Frequency at a time: nominal, swing and ramps. */
double schedule_frequency_hz(const struct scenario *s, double since_s);

/* A number from 64 random-looking bits of (seed, stream, n): the generator of everything random here. */
uint64_t schedule_hash(uint64_t seed, uint64_t stream, uint64_t n);

#endif
