#include "meter/spectrum_internal.h"

#include "meter/tracker_internal.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define PHASES 512
#define GAIN_ROWS 32 /* phases that the gain is averaged over */
#define ALIGN 64
/* Up to here a window of 10 cycles fits 2048, 4096 .. points so that what folds at half of the new rate lands
 * above the 64th order of 60 Hz (spec/metrology.md 5.4). */
static const struct {
    double most_hz;
    int points;
} sizes[] = {{10500, 2048}, {33000, 4096}, {74000, 8192}, {1e9, 16384}};

/* Side lobes of -108 dB: near the sampling rate lies the image of the fundamental, which must not look like a
 * harmonic where it folds. */
#define KAISER_BETA 11.0

/* The slower the converter, the nearer the orders come to half its rate, and the longer the sinc. `pass` is
 * the part of the rate up to which it serves, its droop divided out. */
static const struct {
    double least_hz;
    int taps;
    double pass;
} filters[] = {{9900, 16, 0.42}, {9000, 24, 0.42}, {0, 64, 0.45}};

static int points_for(double rate_hz)
{
    size_t k = 0;
    while (k + 1 < COUNT(sizes) && rate_hz > sizes[k].most_hz)
        k++;
    return sizes[k].points;
}

static size_t filter_for(double rate_hz)
{
    size_t k = 0;
    while (rate_hz < filters[k].least_hz)
        k++;
    return k;
}

static int64_t frames_for(double rate_hz, int taps)
{
    return (int64_t)ceil(SPECTRUM_MAX_CYCLES / TRACKER_MIN_HZ * rate_hz) + INT64_C(2) * taps + 8;
}

/* One piece of memory after the other. With NULL it only counts. */
struct cutter {
    char *memory;
    size_t used;
};

static void *cut(struct cutter *c, size_t bytes)
{
    void *piece = c->memory ? c->memory + c->used : NULL;
    c->used += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    return piece;
}

static size_t lay_out(struct spectrum_engine *s, void *memory)
{
    struct cutter c = {.memory = memory};
    size_t points = (size_t)s->points;
    s->table = cut(&c, (size_t)(s->phases + 2) * (size_t)s->taps * sizeof *s->table);
    s->gain = cut(&c, (SPECTRUM_GAINS + 1) * sizeof *s->gain);
    s->twiddle = cut(&c, points * sizeof *s->twiddle);
    s->at = cut(&c, (points + 1) * sizeof *s->at);
    s->part = cut(&c, (points + 1) * sizeof *s->part);
    s->x = cut(&c, (size_t)s->most_frames * sizeof *s->x);
    s->z = cut(&c, (points + 1) * sizeof *s->z);
    s->work = cut(&c, points * sizeof *s->work);
    s->bin = cut(&c, (size_t)s->blocks * sizeof *s->bin);
    return c.used;
}

static struct spectrum_engine plan(double rate_hz, int lanes)
{
    int taps = filters[filter_for(rate_hz)].taps;
    return (struct spectrum_engine){
        .rate_hz = rate_hz,
        .lanes = lanes,
        .blocks = (lanes + KERNEL_WIDTH - 1) / KERNEL_WIDTH,
        .points = points_for(rate_hz),
        .taps = taps,
        .phases = PHASES,
        .most_frames = frames_for(rate_hz, taps),
    };
}

size_t spectrum_size(double rate_hz, int lanes)
{
    struct spectrum_engine s = plan(rate_hz, lanes);
    return lay_out(&s, NULL);
}

/* Modified Bessel function of the first kind, order 0: sum of ((x/2)^k / k!)^2. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= x / (2 * k);
        sum += term * term;
    }
    return sum;
}

static double sinc(double x)
{
    return fabs(x) < 1e-9 ? 1 : sin(PI * x) / (PI * x);
}

static void fill_table(struct spectrum_engine *s)
{
    double norm = bessel_i0(KAISER_BETA), half = 0.5 * s->taps;
    for (int row = 0; row <= s->phases; row++) {
        double c[KERNEL_MAX_TAPS], sum = 0;
        for (int k = 0; k < s->taps; k++) {
            /* tap k stands at sample k - taps/2 + 1 of the one before the point */
            double x = k - half + 1 - (double)row / s->phases, r = x / half;
            double window =
                fabs(r) < 1 ? bessel_i0(KAISER_BETA * sqrt(1 - r * r)) / norm : 1 / norm;
            c[k] = sinc(x) * window;
            sum += c[k];
        }
        for (int k = 0; k < s->taps; k++)
            s->table[row * s->taps + k] = (float)(c[k] / sum);
    }
}

/* Its response at g / SPECTRUM_GAINS of half the rate, averaged over where a point may fall. */
static void fill_gain(struct spectrum_engine *s)
{
    int step = s->phases / GAIN_ROWS;
    for (int g = 0; g <= SPECTRUM_GAINS; g++) {
        double w = PI * g / SPECTRUM_GAINS, sum = 0;
        for (int row = 0; row < s->phases; row += step) {
            const float *c = s->table + (ptrdiff_t)row * s->taps;
            double x = 1 - 0.5 * s->taps - (double)row / s->phases;
            for (int k = 0; k < s->taps; k++)
                sum += (double)c[k] * cos(w * (x + k));
        }
        s->gain[g] = (float)(sum / GAIN_ROWS);
    }
}

/* Bin k is at k / window of the rate: to rms, and as if the sinc were flat. */
static void fill_scale(struct spectrum_engine *s, int bins, double samples)
{
    double rms = sqrt(2.0) / s->points;
    for (int k = 0; k < bins; k++) {
        double at = fmin(2.0 * SPECTRUM_GAINS * k / samples, SPECTRUM_GAINS - 1e-6);
        int low = (int)at;
        double part = at - low;
        double gain = (double)s->gain[low] * (1 - part) + (double)s->gain[low + 1] * part;
        s->scale[k] = (float)(rms / gain);
    }
}

void spectrum_init(struct spectrum_engine *s, const struct kernel *k, void *memory, double rate_hz,
                   int lanes)
{
    *s = plan(rate_hz, lanes);
    s->kernel = k;
    (void)lay_out(s, memory);
    fill_table(s);
    fill_gain(s);
    for (int j = 0; j < s->points; j++) {
        double angle = -2 * PI * j / s->points;
        s->twiddle[j][0] = (float)cos(angle);
        s->twiddle[j][1] = (float)sin(angle);
    }
}

int spectrum_reach(const struct spectrum_engine *s)
{
    return s->taps / 2;
}

double spectrum_bend(const double *position, int count)
{
    double total = position[count] - position[0], up = 0, down = 0;
    if (!(total > 0))
        return 0;
    for (int k = 1; k < count; k++) {
        double p = (double)k / count, shape = 4 * p * (1 - p);
        up += shape * ((position[k] - position[0]) / total - p);
        down += shape * shape;
    }
    return down > 0 ? up / down : 0;
}

/* Frames that do not exist are those one window length away. */
static void gather_periodic(struct spectrum_engine *s, const struct ring *r,
                            const struct spectrum_window *w, int lane, int64_t first, int64_t count)
{
    double length = (double)(w->end_n - w->start_n) + (w->end_u - w->start_u);
    int64_t period = llround(length);
    int64_t before = first < w->segment_first ? w->segment_first - first : 0;
    int64_t after = first + count > w->segment_end ? first + count - w->segment_end : 0;
    if (before > count)
        before = count;
    if (after > count - before)
        after = count - before;
    ring_gather(r, s->kernel, s->x + before, lane, first + before, count - before - after);
    for (int64_t n = before - 1; n >= 0; n--)
        memcpy(s->x[n], s->x[n + period < count ? n + period : count - 1], sizeof s->x[n]);
    for (int64_t n = count - after; n < count; n++)
        memcpy(s->x[n], s->x[n - period >= 0 ? n - period : 0], sizeof s->x[n]);
}

void spectrum_run(struct spectrum_engine *s, const struct ring *r, const struct spectrum_window *w)
{
    int64_t first = w->start_n - s->taps / 2, count = w->end_n + 2 + s->taps / 2 - first;
    if (count > s->most_frames)
        count = s->most_frames;
    int bins = (SPECTRUM_ORDERS + 1) * w->cycles;
    double length = (double)(w->end_n - w->start_n) + (w->end_u - w->start_u);
    fill_scale(s, bins, length);
    s->kernel->place(s->at, s->part, s->points + 1, (double)(w->start_n - first) + w->start_u,
                     length, w->bend, s->taps / 2 - 1);
    for (int b = 0; b < s->blocks; b++) {
        gather_periodic(s, r, w, b * KERNEL_WIDTH, first, count);
        s->kernel->resample(s->z, (const float(*)[KERNEL_WIDTH])s->x, s->at, s->part, s->points + 1,
                            s->table, s->phases, s->taps);
        /* Both ends count half: what is not periodic then has the integral of the window (trapezoids). */
        for (int k = 0; k < KERNEL_WIDTH; k++)
            s->z[0][k] = 0.5F * (s->z[0][k] + s->z[s->points][k]);
        s->kernel->transform(s->bin[b], bins, s->z, s->work, s->points,
                             (const float(*)[2])s->twiddle, s->scale);
    }
}

int spectrum_orders(const struct spectrum_engine *s, double hz)
{
    double most = s->rate_hz * filters[filter_for(s->rate_hz)].pass / hz;
    return most >= SPECTRUM_ORDERS ? SPECTRUM_ORDERS : (int)most;
}
