/* signal - made-up mains for the meter's tests, with the truth about them.
 *
 * A channel is a sum of cosines whose phase may turn at a changing rate (a ramp of the mains frequency moves all
 * components that follow it). Integrals of products over any interval are exact: in closed form, or by
 * quadrature where the frequency changes.
 */
#ifndef TESTS_SIGNAL_H
#define TESTS_SIGNAL_H

#include "meter/meter_internal.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGNAL_TERMS 64
#define SIGNAL_LANES (4 * (1 + METER_MAX_LOADS))

struct term {
    double rms, order, deg; /* order x mains frequency; as cosine against the mains' phase */
    double fixed_hz;        /* not 0: this frequency, whatever the mains does */
};

struct channel {
    int terms;
    struct term term[SIGNAL_TERMS];
    double noise; /* rms */
    double direct;
};

struct signal {
    double hz, ramp_hz_s;            /* mains: hz + ramp t */
    double start_deg;                /* of the mains' phase at t = 0 */
    double full_scale[SIGNAL_LANES]; /* V or A of METER_RAW_MAX */
    int bits;                        /* of the converter; 0 = 24 */
    uint64_t seed;
    struct channel channel[SIGNAL_LANES];
};

/* 3P4W, 230 V and `amps` in every phase, currents lagging by `lag_deg`; 700 V and 18 A full scale. */
void signal_three_phase(struct signal *s, double hz, double amps, double lag_deg);
void signal_add(struct signal *s, int lane, double rms, double order, double deg);
/* The same order in three lanes from `lane` on, each -order x 120 degrees after the other. */
void signal_add_three(struct signal *s, int lane, double rms, double order, double deg);

double signal_value(const struct signal *s, int lane, double t);
/* Fills frames of time n / rate, n = first .. */
void signal_frames(struct signal *s, int32_t *frames, int lanes, int64_t first, int count,
                   double rate_hz);

/* Mean of the product of two lanes over start .. end, noise and converter left out. */
double signal_mean(const struct signal *s, int a, int b, double start, double end);
/* Mean frequency over start .. end. */
double signal_hz(const struct signal *s, double start, double end);

/* A meter for it: one load, INPUT_DIRECT, scales of the signal. Memory is the caller's to free. */
struct meter_config signal_config(const struct signal *s, double rate_hz, enum meter_system system);
struct meter *signal_meter(const struct meter_config *c);

/* Runs `seconds` of the signal and calls `each` for every window with its exact times. */
typedef void window_check(void *context, const struct meter_window *w, double start, double end);
void signal_run(struct meter *m, struct signal *s, double seconds, window_check *each,
                void *context);

#endif
