#include "meter/ring_internal.h"

static int64_t place(const struct ring *r, int64_t number)
{
    return number % r->capacity;
}

const int32_t *ring_frame(const struct ring *r, int64_t number)
{
    return r->frames + place(r, number) * r->lanes;
}

int ring_run(const struct ring *r, int64_t number, int64_t count)
{
    int64_t to_end = r->capacity - place(r, number);
    return (int)(count < to_end ? count : to_end);
}

void ring_push(struct ring *r, const struct kernel *k, const int32_t *frames, size_t count)
{
    while (count > 0) {
        int run = ring_run(r, r->head, (int64_t)count);
        size_t numbers = (size_t)run * (size_t)r->lanes;
        k->ingest(r->frames + place(r, r->head) * r->lanes, frames, numbers);
        frames += numbers;
        count -= (size_t)run;
        r->head += run;
    }
}

void ring_sum(const struct ring *r, const struct kernel *k, int64_t (*total)[4], int32_t *peak,
              int64_t first, int64_t last)
{
    while (first <= last) {
        int run = ring_run(r, first, last - first + 1);
        k->sum(total, peak, ring_frame(r, first), r->lanes, run);
        first += run;
    }
}

void ring_edge(const struct ring *r, const struct kernel *k, double (*rows)[4], int64_t n, double u)
{
    double u2 = u * u, u3 = u2 * u, u4 = u2 * u2;
    const double weight[4] = {
        -(u4 / 4 - u3 + u2) / 6 + 1.0 / 24,
        (u4 / 4 - 2 * u3 / 3 - u2 / 2 + 2 * u) / 2 - 0.5,
        -(u4 / 4 - u3 / 3 - u2) / 2 - 1.0 / 24,
        (u4 / 4 - u2 / 2) / 6,
    };
    const int32_t *frame[4];
    for (int m = 0; m < 4; m++)
        frame[m] = ring_frame(r, n - 1 + m);
    k->edge(rows, frame, weight, r->lanes);
}

void ring_gather(const struct ring *r, const struct kernel *k, float (*to)[KERNEL_WIDTH],
                 int first_lane, int64_t first, int64_t count)
{
    while (count > 0) {
        int run = ring_run(r, first, count);
        k->gather(to, ring_frame(r, first), r->lanes, first_lane, run);
        to += run;
        first += run;
        count -= run;
    }
}
