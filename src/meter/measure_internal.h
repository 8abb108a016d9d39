/* measure - a raw window to a measurement: scales, calibration, systems, and all that follows from them.
 *
 * Corrections are algebra on means of products (spec/metrology.md 5.6), systems are two small matrices: phase voltages
 * are `star` x input voltages, phase currents `assign` x input currents (5.7). Nothing here touches samples.
 */
#ifndef METER_MEASURE_INTERNAL_H
#define METER_MEASURE_INTERNAL_H

#include "meter/meter.h"
#include "meter/spectrum_internal.h"

/* How inputs become phases; constant for a load. */
struct measure_plan {
    int phases, lines;   /* of the system: 1, 2, 3 and 0, 1, 3 */
    double star[3][3];   /* [phase][voltage input] */
    double assign[3][3]; /* [phase][current input] */
    double scale_v[3];   /* V a count, gain corrected */
    double scale_i[4];   /* primary A a count, gain corrected */
    double limit_v[3];   /* over range above this, V; 0 = no limit */
    double rated_v[3];   /* Un of each phase; 0 = unknown */
    double limit_a;      /* Imax, primary; 0 = no limit */
    double nominal_a;    /* In, primary; 0 = unknown */
    double start_a;      /* start current, primary; 0 = unknown */
    double nominal_ln_v; /* 0 = unknown */
};

struct raw_window {
    double (*rows)[4];   /* [kernel_rows] time integrals of the products, counts^2 x samples */
    const int32_t *peak; /* [lanes] largest magnitudes, counts */
    const double *drift; /* [lanes] slow means to take away, counts; NULL = none */
    double samples;      /* length */
    double hz;
    int cycles, orders;
    bool referenced, unsteady;
    struct spectrum_engine
        *spectrum;           /* its bins are of this window; those of this load may be turned */
    const struct ring *ring; /* for peaks of channels that no converter sees */
    int64_t first, last;     /* its samples */
};

void measure_plan(struct measure_plan *p, const struct meter_config *c,
                  const struct load_config *l);

/* Mean power of each phase (one in three wires has no meaning by itself) from any stretch of samples, without
 * the sensors' phase error. */
void measure_power(const struct measure_plan *p, const struct meter_config *c, int load,
                   double (*rows)[4], double samples, const double *drift, double power_w[3]);

/* rms of the phases likewise. */
void measure_rms(const struct measure_plan *p, const struct meter_config *c, int load,
                 double (*rows)[4], double samples, const double *drift, double voltage_v[3],
                 double current_a[3]);

/* Squared rms of L-N (without neutral: L-L) voltages of any stretch of samples, V^2. */
void measure_voltage_squares(const struct measure_plan *p, const struct meter_config *c,
                             double (*rows)[4], double samples, const double *drift,
                             double square[3]);

/* Fills all of *m but times, durations and 10 s frequency. `power_shift_w` is what the sensors' phase errors
 * changed of each phase's power. */
void measure(struct measurement *m, const struct measure_plan *p, const struct meter_config *c,
             int load, const struct raw_window *w, double power_shift_w[3]);

#endif
