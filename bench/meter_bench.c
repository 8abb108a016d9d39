/* meter_bench - throughput of the whole metering chain on one core, beside what the machine could do at best.
 *
 * One line a figure: name, value, bar, and its ratio to the bound of the same run. Exits with 1 where a
 * bar of DESIGN.md 10 is missed.
 */
#include "meter/meter_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PI 3.14159265358979323846
#define RUN_S 0.5    /* of processor time for each figure */
#define BEST_OF 3    /* the machine may be busy with something else */
#define RECORD_S 1.0 /* whole cycles, so that it can be repeated without a jump */
#define PORTION_S 0.02
#define BOUND_FRAMES 512  /* 16 KB of 8 floats: half of the nearest cache */
#define BOUND_PASSES 2000 /* from one look at the clock to the next: a quarter of a millisecond */

static double processor_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct meter_config config_for(double rate_hz, int loads)
{
    struct meter_config c = {.rate_hz = rate_hz,
                             .system = SYSTEM_3P4W,
                             .nominal_v = 230,
                             .nominal_hz = 50,
                             .loads = loads};
    for (int k = 0; k < 4; k++)
        c.volts_per_count[k] = 700.0 / METER_RAW_MAX;
    for (int l = 0; l < loads; l++) {
        c.load[l] = (struct load_config){
            .input = INPUT_5A, .ratio = 20, .rule = TOTALS_SYSTEM, .demand = {.period_min = 15}};
        for (int k = 0; k < 4; k++)
            c.load[l].amps_per_count[k] = 18.0 / METER_RAW_MAX;
    }
    return c;
}

/* Three voltages and the loads' currents, with a few harmonics. */
static int32_t *make_record(const struct meter_config *c, size_t frames, int lanes)
{
    int32_t *record = malloc(frames * (size_t)lanes * sizeof *record);
    if (!record)
        return NULL;
    for (size_t n = 0; n < frames; n++) {
        double t = (double)n / c->rate_hz;
        for (int lane = 0; lane < lanes; lane++) {
            double a = 2 * PI * (50 * t - lane % 4 / 3.0), scale = lane < 4 ? 3.9e6 : 2.2e6;
            double x = lane % 4 == 3
                           ? 0
                           : cos(a - 0.1 * (lane / 4)) + 0.05 * cos(5 * a) + 0.02 * cos(7 * a);
            record[n * (size_t)lanes + (size_t)lane] = (int32_t)lrint(scale * x);
        }
    }
    return record;
}

/* Channel-samples a second; the channels are three voltages and three currents a load. */
static double measure_chain(double rate_hz, int loads, const struct kernel *kernel)
{
    struct meter_config c = config_for(rate_hz, loads);
    int lanes = METER_GROUP_LANES * (1 + loads);
    size_t frames = (size_t)(RECORD_S * rate_hz), portion = (size_t)(PORTION_S * rate_hz);
    int32_t *record = make_record(&c, frames, lanes);
    void *memory = aligned_alloc(64, meter_size(&c));
    struct meter *m;
    struct reason why;
    double best = 0;
    if (!record || !memory || meter_init_with(&m, memory, &c, kernel, &why) != ERR_OK) {
        fprintf(stderr, "meter_bench: cannot make a meter\n");
        exit(1);
    }
    int64_t pushed = 0, windows = 0;
    for (int round = 0; round < BEST_OF; round++) {
        double start = processor_s(), taken = 0;
        int64_t done = 0;
        while ((taken = processor_s() - start) < RUN_S) {
            for (size_t at = 0; at + portion <= frames; at += portion) {
                struct meter_window w;
                if (meter_push(m, record + at * (size_t)lanes, portion,
                               (int64_t)((double)pushed / rate_hz * 1e6)) != ERR_OK)
                    exit(1);
                pushed += (int64_t)portion;
                done += (int64_t)portion;
                while (meter_poll(m, &w))
                    windows++;
            }
        }
        best = fmax(best, (double)done * 3 * (1 + loads) / taken);
    }
    double expected = (double)pushed / rate_hz * 5;
    if (fabs((double)windows - expected) > 2) {
        fprintf(stderr, "meter_bench: %lld windows, expected %.0f\n", (long long)windows, expected);
        exit(1);
    }
    free(memory);
    free(record);
    return best;
}

/* The least that a meter does with frames of eight float32 that lie in the nearest cache: all squares and v i, two
 * multiply-accumulates of eight lanes a frame (spec/metrology.md 3.4). Four frames at a time, so that enough
 * sums are under way to hide what one takes. */
#define BOUND(name, target_options, lanes_of_vector)                                   \
    typedef float name##_vector __attribute__((vector_size(4 * (lanes_of_vector))));   \
    target_options static double name(const float *x, float *sink)                     \
    {                                                                                  \
        enum { UNROLLED = 4, PARTS = 8 / (lanes_of_vector) };                          \
        name##_vector square[UNROLLED][PARTS], product[UNROLLED][PARTS];               \
        memset(square, 0, sizeof square);                                              \
        memset(product, 0, sizeof product);                                            \
        double start = processor_s(), taken = 0, done = 0;                             \
        while ((taken = processor_s() - start) < RUN_S / 2) {                          \
            for (int pass = 0; pass < BOUND_PASSES; pass++) {                          \
                for (int n = 0; n < BOUND_FRAMES; n += UNROLLED) {                     \
                    for (int u = 0; u < UNROLLED; u++) {                               \
                        for (int p = 0; p < PARTS; p++) {                              \
                            const float *at = x + 8 * (n + u) + p * (lanes_of_vector); \
                            name##_vector a, b;                                        \
                            memcpy(&a, at, sizeof a);                                  \
                            memcpy(&b, at + 4, sizeof b);                              \
                            square[u][p] += a * a;                                     \
                            product[u][p] += a * b;                                    \
                        }                                                              \
                    }                                                                  \
                }                                                                      \
            }                                                                          \
            done += (double)BOUND_PASSES * BOUND_FRAMES;                               \
        }                                                                              \
        float all[2][UNROLLED * 8];                                                    \
        memcpy(all[0], square, sizeof all[0]);                                         \
        memcpy(all[1], product, sizeof all[1]);                                        \
        for (int k = 0; k < UNROLLED * 8; k++)                                         \
            *sink += all[0][k] + all[1][k];                                            \
        return 8 * done / taken;                                                       \
    }

BOUND(bound_baseline, , 4)
#ifdef __x86_64__
BOUND(bound_avx2, __attribute__((target("avx2,fma"))), 8)
#endif

static double measure_bound(const char *variant)
{
    static float x[8 * (BOUND_FRAMES + 1)];
    float sink = 0;
    for (int n = 0; n < 8 * BOUND_FRAMES; n++)
        x[n] = (float)sin(n);
    double best = 0;
    for (int round = 0; round < BEST_OF; round++) {
        double rate = 0;
#ifdef __x86_64__
        if (strcmp(variant, "avx2") == 0)
            rate = bound_avx2(x, &sink);
        else
#endif
            rate = bound_baseline(x, &sink);
        best = fmax(best, rate);
    }
    return sink == 0.5F ? 0 : best;
}

static const struct {
    double rate_hz;
    int loads;
} chains[] = {{10000, 1}, {16000, 1}, {25000, 1}, {16000, 11}, {25000, 11}};

static const struct {
    const char *variant;
    double bar; /* channel-samples a second with one load: DESIGN.md 10 */
} bars[] = {{"baseline", 50e6}, {"avx2", 150e6}};

static double bar_for(const char *variant)
{
    for (size_t k = 0; k < COUNT(bars); k++) {
        if (strcmp(bars[k].variant, variant) == 0)
            return bars[k].bar;
    }
    return 0;
}

int main(void)
{
    int missed = 0;
    const struct kernel *k;
    for (int index = 0; (k = kernel_variant(index)); index++) {
        double bound = measure_bound(k->name);
        printf("bound_%s: %.0f M channel-samples/s (multiply-accumulate alone)\n", k->name,
               bound / 1e6);
        for (size_t n = 0; n < COUNT(chains); n++) {
            double rate = measure_chain(chains[n].rate_hz, chains[n].loads, k);
            double bar = chains[n].loads == 1 ? bar_for(k->name) : 0;
            bool under = rate < bar;
            printf("meter_%s_%dch_%.0fk: %.0f M channel-samples/s, ratio to bound %.4f", k->name,
                   3 * (1 + chains[n].loads), chains[n].rate_hz / 1000, rate / 1e6, rate / bound);
            if (bar > 0)
                printf(", bar %.0f M: %s", bar / 1e6, under ? "MISSED" : "held");
            printf("\n");
            missed += under;
        }
    }
    double load = 32000.0 * 36 / measure_chain(32000, METER_MAX_LOADS, kernel_best());
    printf("meter_11_loads_32k: %.2f %% of a core, bar 1 %%: %s\n", 100 * load,
           load < 0.01 ? "held" : "MISSED");
    missed += load >= 0.01;
    return missed > 0;
}
