/* spectrum - the Fourier transform of a window of whole cycles, of all lanes at once.
 *
 * The window is resampled to a power of two of points by a Kaiser-windowed sinc (spec/metrology.md 5.4), even in
 * PHASE and not in time: a frequency that drifts inside the window then leaks nothing. The law of
 * position by phase is the parabola that fits the tracked half cycles best. What the sinc does to an amplitude is known and
 * divided out, bin by bin.
 */
#ifndef METER_SPECTRUM_INTERNAL_H
#define METER_SPECTRUM_INTERNAL_H

#include "meter/ring_internal.h"

#include "catalogue/catalogue.h"

#include <stddef.h>
#include <stdint.h>

#define SPECTRUM_MAX_CYCLES 12
/* Bins up to the last one above order 63 that an interharmonic subgroup takes. */
#define SPECTRUM_BINS (SPECTRUM_ORDERS * SPECTRUM_MAX_CYCLES + SPECTRUM_MAX_CYCLES)

#define SPECTRUM_GAINS 512

struct spectrum_engine {
    const struct kernel *kernel;
    double rate_hz;
    int lanes, blocks; /* of KERNEL_WIDTH lanes */
    int points, taps, phases;
    int64_t most_frames; /* of a window with its surroundings */
    float *table;        /* [phases + 2][taps]: the last row is for the rounding of positions */
    float *gain;         /* [SPECTRUM_GAINS + 1] of the sinc at 0 .. half the rate */
    float (*twiddle)[2]; /* [points] */
    int32_t *at;         /* [points + 1] first tap of each point, and of the window's end */
    float *part;         /* [points + 1] its position between two samples */
    float scale[SPECTRUM_BINS]; /* of each bin of the present window */
    float (*x)[KERNEL_WIDTH];
    float (*z)[KERNEL_WIDTH], (*work)[KERNEL_WIDTH];
    float (*bin)[SPECTRUM_BINS][2][KERNEL_WIDTH]; /* [blocks]: rms phasors, counts */
};

struct spectrum_window {
    int64_t start_n, end_n; /* from sample start_n + start_u to end_n + end_u */
    double start_u, end_u;
    int cycles;
    double bend; /* see spectrum_bend */
    int64_t segment_first,
        segment_end; /* samples before the first and from the end on do not exist */
};

/* Bytes that spectrum_init takes of its memory. */
size_t spectrum_size(double rate_hz, int lanes);
void spectrum_init(struct spectrum_engine *s, const struct kernel *k, void *memory, double rate_hz,
                   int lanes);

/* Samples beyond each end of a window that the resampler reads. Where they do not exist the window goes on
 * as if periodic. */
int spectrum_reach(const struct spectrum_engine *s);

/* How far the middle of a window lies from half of its time: position = T (p + 4 bend p (1 - p)) at phase
 * p of 0 .. 1, from position[0 .. count] of the boundaries, evenly spaced in phase. */
double spectrum_bend(const double *position, int count);

/* Fills s->bin. */
void spectrum_run(struct spectrum_engine *s, const struct ring *r, const struct spectrum_window *w);

/* The highest order that the sampling rate lets through, for a fundamental of `hz`: 0 .. 63. */
int spectrum_orders(const struct spectrum_engine *s, double hz);

/* The bins of the group that begins at `lane`: 2 x KERNEL_WIDTH floats a bin, real parts of the four lanes
 * first, imaginary ones KERNEL_WIDTH later. */
static inline float *spectrum_group(const struct spectrum_engine *s, int lane)
{
    return &s->bin[lane / KERNEL_WIDTH][0][0][lane % KERNEL_WIDTH];
}

#endif
