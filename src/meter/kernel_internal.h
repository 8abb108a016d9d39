/* kernel - the arithmetic that touches every sample, once for each kind of processor.
 *
 * kernel.c is compiled several times with different machine options, so there is one source of the
 * arithmetic; kernel_best picks what this processor can run. Sums are exact and so bit-identical in all
 * variants; float results (resampling, transform, groups) agree within rounding.
 *
 * Frames are rows of `lanes` int32 (meter/system.h), |raw| <= METER_RAW_MAX after `ingest`.
 */
#ifndef METER_KERNEL_INTERNAL_H
#define METER_KERNEL_INTERNAL_H

#include "meter/system.h"

#include <stddef.h>
#include <stdint.h>

/* Rows of four sums (one for each lane of a group) kept of a stretch of samples. "next" is the lane
 * after it of the first three, in a ring: 1->2, 2->3, 3->1; the fourth lane goes with itself. */
enum voltage_row {
    ROW_V,      /* sum of v: for direct parts */
    ROW_VV,     /* v v */
    ROW_V_NEXT, /* v1 v2, v2 v3, v3 v1: for line voltages and star points */
    VOLTAGE_ROWS
};
enum current_row {
    ROW_I,
    ROW_II,
    ROW_I_NEXT, /* i1 i2, i2 i3, i3 i1: for the neutral */
    ROW_VI,
    ROW_V_INEXT, /* v1 i2, v2 i3, v3 i1 */
    ROW_V_IAFTER, /* v1 i3, v2 i1, v3 i2: all nine products, for three wires and for exchanged inputs */
    CURRENT_ROWS
};
static inline int kernel_rows(int lanes)
{
    return VOLTAGE_ROWS + CURRENT_ROWS * (lanes / METER_GROUP_LANES - 1);
}
static inline int kernel_current_row(int load, enum current_row row)
{
    return VOLTAGE_ROWS + CURRENT_ROWS * load + (int)row;
}

/* The transform works on blocks of this many lanes side by side. */
#define KERNEL_WIDTH 8

/* rms of the orders of four channels, and their phasors: see `groups`. */
#define KERNEL_ORDERS 64
#define KERNEL_SIDE_CYCLES 8 /* from here on a subgroup has three bins, below one */
struct kernel_groups {
    float harmonic[KERNEL_ORDERS][4]; /* rms of the subgroup of an order; [0] is 0 */
    float interharmonic[KERNEL_ORDERS]
                       [4]; /* rms^2 of the centred subgroup above an order, from 0 */
    float re[KERNEL_ORDERS][4], im[KERNEL_ORDERS][4]; /* centre bin, rms phasor */
    float angle_deg[KERNEL_ORDERS][4]; /* of the centre bin, -180 .. 180; 0 where it is 0 */
};

struct kernel {
    const char *name;

    /* Copies `count` numbers and limits each to +-METER_RAW_MAX. */
    void (*ingest)(int32_t *to, const int32_t *from, size_t count);

    /* sum += weight x voltages over `count` frames; with whole numbers as weights it is exact. */
    void (*weigh)(double sum[4], const int32_t *frames, const double *weight, int lanes, int count);

    /* Adds to total[kernel_rows][4] the exact sums over `count` frames; raises peak[lanes] to the largest
     * magnitude. */
    void (*sum)(int64_t (*total)[4], int32_t *peak, const int32_t *frames, int lanes, int count);

    /* rows[kernel_rows][4] = the same products of four frames, weighted. */
    void (*edge)(double (*rows)[4], const int32_t *const frame[4], const double weight[4],
                 int lanes);

    /* Takes KERNEL_WIDTH lanes (or the last four, then zeros beside them) from frames as floats. */
    void (*gather)(float (*to)[KERNEL_WIDTH], const int32_t *frames, int lanes, int first_lane,
                   int count);

    /* Where `points` points of a window lie, even in phase p of 0 .. 1: position = lead + length (p + 4 bend
     * p (1 - p)) is at[j] + before samples and u[j], 0 <= u <= 1, of the next. Positions are not negative. */
    void (*place)(int32_t *at, float *u, int points, double lead, double length, double bend,
                  int before);

    /* out[j] = sum over k < taps of c(u[j])[k] x[at[j] + k], c interpolated between the rows of
     * table[phases + 2][taps]. `taps` is a multiple of 8, at most KERNEL_MAX_TAPS. */
    void (*resample)(float (*out)[KERNEL_WIDTH], const float (*x)[KERNEL_WIDTH], const int32_t *at,
                     const float *u, int points, const float *table, int phases, int taps);

    /* Real Fourier transform of `points` rows z (used up) with `work` beside it; writes bins 0 .. bins - 1
     * as bin[k][0] real, bin[k][1] imaginary parts, times scale[k].
     * twiddle[k] = exp(-2 pi j k / points), k < points. */
    void (*transform)(float (*bin)[2][KERNEL_WIDTH], int bins, float (*z)[KERNEL_WIDTH],
                      float (*work)[KERNEL_WIDTH], int points, const float (*twiddle)[2],
                      const float *scale);

    /* Four channels made of four lanes, channel = sum over j of column[j] x lane j, then grouped as
     * IEC 61000-4-7:2002+A1:2008, 5.5 and 5.6, for a window of `cycles` cycles.
     * bin points at the first of the four lanes; orders <= `orders` are filled, others are zero. */
    void (*groups)(struct kernel_groups *g, const float *bin, int cycles, int orders,
                   const float column[4][4]);
};

#define KERNEL_MAX_TAPS 64

/* The fastest variant that this processor runs. */
const struct kernel *kernel_best(void);
/* Variants that this processor runs, slowest first; NULL past the last. For tests and benchmarks. */
const struct kernel *kernel_variant(int index);

#endif
