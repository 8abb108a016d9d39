/* products - means of products of channels, from the raw sums of inputs to volts and amperes of phases. */
#ifndef METER_PRODUCTS_INTERNAL_H
#define METER_PRODUCTS_INTERNAL_H

#include "meter/measure_internal.h"

struct products {
    double v[3], i[3];                   /* means */
    double vv[3][3], vi[3][3], ii[3][3]; /* <v_j v_k>, <v_j i_k>, <i_j i_k> */
    double nn;                           /* <i_n^2>, measured or made */
};

/* Of inputs, without offset, drift and noise, in V and primary A; `ratio_i` further divides the currents. */
void products_of_inputs(struct products *x, const struct measure_plan *p,
                        const struct calibration *c, int load, double (*rows)[4], double samples,
                        const double *drift, const double ratio_i[3]);

/* Turns inputs into phases. nn is made from the phases unless `neutral_measured`. */
void products_to_phases(struct products *x, const struct measure_plan *p, bool neutral_measured);

#endif
