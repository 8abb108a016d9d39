/* fit - the periodic signal that fits a short stretch of samples best.
 *
 * A record of a few cycles has no room for a window from zero to zero, and a rectangular window of it mixes
 * every change from cycle to cycle into all orders. So a record shorter than a measuring window is described by the direct
 * part and the orders 1 .. `orders` of its frequency that fit all its samples best, by least squares. What does not
 * repeat is left out; where that is much, there is no fit and the samples are taken as they are.
 */
#ifndef METER_FIT_INTERNAL_H
#define METER_FIT_INTERNAL_H

#include "meter/ring_internal.h"
#include "meter/spectrum_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIT_UNKNOWNS (2 * SPECTRUM_ORDERS + 1)
/* rms of what does not repeat, of the largest rms in its group of lanes: above it there is no fit. */
#define FIT_MOST_REST 0.2

struct fit {
    int lanes, orders;
    double *normal; /* [unknowns][unknowns], then its Cholesky factor, lower triangle */
    double *x;      /* [unknowns][lanes]: direct part, then cosine and sine of each order, counts */
    double *square; /* [lanes] sum of squares of the samples */
};

/* Bytes that fit_init takes of its memory. */
size_t fit_size(int lanes);
void fit_init(struct fit *f, void *memory, int lanes);

/* Fits `count` frames from number `first` on, phase 0 being half a sample before the first. False where it
 * cannot be solved or too much does not repeat: then nothing of *f is to be used. */
bool fit_run(struct fit *f, const struct ring *r, int64_t first, int64_t count,
             double cycles_a_sample);

/* rows[kernel_rows][4] = products of the fitted signal integrated over `samples`. */
void fit_rows(const struct fit *f, double samples, double (*rows)[4]);

/* Makes the fit the spectrum of a window of `cycles` cycles. */
void fit_bins(const struct fit *f, struct spectrum_engine *s, int cycles);

#endif
