/* calibration - what the factory found out about the converters and the installer about the sensors.
 *
 * All corrections are algebra on finished sums (spec/metrology.md 5.6): they cost nothing per sample.
 * All-zero means "nothing to correct".
 */
#ifndef METER_CALIBRATION_H
#define METER_CALIBRATION_H

#include "base/err.h"

#define CALIBRATION_POINTS 8

/* Errors of a current sensor at one current: interpolated in log I, held at the ends. */
struct sensor_error {
    double current_a; /* primary, > 0, rising from point to point; 0 ends the table */
    double ratio_pct; /* reads this much too high */
    double phase_deg; /* the output leads the current by this */
};

struct calibration {
    double gain_v[4], gain_i[4];     /* relative gain error: reads (1 + gain) times the truth */
    double offset_v[4], offset_i[4]; /* counts that a channel reads at zero */
    double noise_v[4], noise_i[4];   /* rms noise of a channel, counts: subtracted as squares */
    double delay_s[3]; /* current k is sampled (or filtered) this much after voltage k */
    struct sensor_error sensor[3][CALIBRATION_POINTS];
};

/* Ratio error (relative) and phase (degrees) of sensor `k` at `current_a`. */
void calibration_sensor(const struct calibration *c, int k, double current_a, double *ratio,
                        double *phase_deg);

/* ERR_RANGE  a number is NaN, a gain below -0.5 or above 0.5, a delay above 5 ms, or a table not rising */
enum err calibration_check(const struct calibration *c, struct reason *why) CHECKED;

#endif
