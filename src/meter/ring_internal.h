/* ring - the latest frames, by their number since the start. */
#ifndef METER_RING_INTERNAL_H
#define METER_RING_INTERNAL_H

#include "meter/kernel_internal.h"

#include <stddef.h>
#include <stdint.h>

struct ring {
    int32_t *frames; /* [capacity][lanes], the caller's memory */
    int lanes;
    int64_t capacity;
    int64_t head; /* frames ever put in: the number of the next one */
};

/* Puts in `count` frames, limited to +-METER_RAW_MAX. The caller sees to the room. */
void ring_push(struct ring *r, const struct kernel *k, const int32_t *frames, size_t count);

const int32_t *ring_frame(const struct ring *r, int64_t number);

/* Frames from `number` on that lie one after the other, at most `count`. */
int ring_run(const struct ring *r, int64_t number, int64_t count);

/* total[rows][4] += sums over the frames first .. last; peaks rise. */
void ring_sum(const struct ring *r, const struct kernel *k, int64_t (*total)[4], int32_t *peak,
              int64_t first, int64_t last);

/* rows = what is to be added to the sums up to and including sample n to make them integrals up to
 * n + u, the integral beginning half a sample before the first (spec/metrology.md 5.3): end term of Euler
 * and Maclaurin, and the integral of the cubic through n - 1 .. n + 2. */
void ring_edge(const struct ring *r, const struct kernel *k, double (*rows)[4], int64_t n,
               double u);

/* Takes lanes first_lane .. + KERNEL_WIDTH - 1 of frames first .. first + count - 1 as floats. */
void ring_gather(const struct ring *r, const struct kernel *k, float (*to)[KERNEL_WIDTH],
                 int first_lane, int64_t first, int64_t count);

#endif
