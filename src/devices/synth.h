/* synth - the samples of a scenario: exact sums of sines, quickly.
 *
 * Every 10 ms, and exactly at the edges of dips, each lane's spectrum is worked out anew (schedule.h); within such
 * a step the frequency moves in a straight line. For each sample the cosines and sines of all orders are made once
 * (from one sincos of the accumulated phase, by the recurrence of Chebyshev polynomials) and shared by all lanes, so
 * a lane costs two products an order. No error accumulates: amplitudes are exact to some 1e-13, and the phase
 * is carried in cycles, wrapped at each step.
 *
 * A part draws its power at nominal voltage and follows the voltage in proportion (an impedance). Orders above
 * nine tenths of half the rate are left out, as by an ideal anti-alias filter.
 *
 * The same scenario, seed and start give the same counts, in whatever portions they are asked for. No clock, no I/O.
 */
#ifndef DEVICES_SYNTH_H
#define DEVICES_SYNTH_H

#include "base/err.h"
#include "meter/reading.h"
#include "meter/system.h"
#include "wire/scenario.h"

#include <stddef.h>
#include <stdint.h>

#define SYNTH_LANES (METER_GROUP_LANES * (1 + METER_MAX_LOADS))

struct synth_config {
    const struct scenario *scenario;     /* lives as long as the synth */
    double rate_hz;                      /* 400 .. 128000 */
    double start_local_s;                /* site's civil seconds since 1970 at the first sample */
    int lanes;                           /* 4 x (1 + loads) */
    double counts_per_unit[SYNTH_LANES]; /* V or A (primary) to counts */
    double noise_counts[SYNTH_LANES];    /* rms */
};

struct synth;

/* ERR_FULL  no memory */
enum err synth_open(struct synth **y, const struct synth_config *c) CHECKED;

/* The next `count` frames; values beyond METER_RAW_MAX are cut there, as a converter does. */
void synth_read(struct synth *y, int32_t *frames, size_t count);

/* Leaves out `count` frames; the phase goes on at the frequency of now. */
void synth_skip(struct synth *y, int64_t count);

void synth_close(struct synth *y);

#endif
