/* All variants of the arithmetic that this processor runs: exact sums alike to the bit, the rest within rounding. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LANES 12
#define FRAMES 1000
#define ROWS (VOLTAGE_ROWS + 2 * CURRENT_ROWS)

static int32_t *random_frames(size_t count, uint32_t seed)
{
    int32_t *x = malloc(count * LANES * sizeof *x);
    for (size_t n = 0; n < count * LANES; n++) {
        seed = seed * 1664525U + 1013904223U;
        x[n] = (int32_t)(seed >> 8) - (1 << 23);
        x[n] = x[n] < -METER_RAW_MAX ? -METER_RAW_MAX : x[n];
    }
    return x;
}

static void sums_are_exact_in_every_variant(void **state)
{
    (void)state;
    int32_t *x = random_frames(FRAMES, 7);
    int64_t exact[ROWS][4] = {{0}};
    for (int n = 0; n < FRAMES; n++) {
        const int64_t next[] = {1, 2, 0, 3}, after[] = {2, 0, 1, 3};
        const int32_t *f = x + n * LANES;
        for (int k = 0; k < 4; k++) {
            exact[ROW_V][k] += f[k];
            exact[ROW_VV][k] += (int64_t)f[k] * f[k];
            exact[ROW_V_NEXT][k] += (int64_t)f[k] * f[next[k]];
            for (int load = 0; load < 2; load++) {
                const int32_t *i = f + 4 * (load + 1);
                exact[kernel_current_row(load, ROW_I)][k] += i[k];
                exact[kernel_current_row(load, ROW_II)][k] += (int64_t)i[k] * i[k];
                exact[kernel_current_row(load, ROW_I_NEXT)][k] += (int64_t)i[k] * i[next[k]];
                exact[kernel_current_row(load, ROW_VI)][k] += (int64_t)f[k] * i[k];
                exact[kernel_current_row(load, ROW_V_INEXT)][k] += (int64_t)f[k] * i[next[k]];
                exact[kernel_current_row(load, ROW_V_IAFTER)][k] += (int64_t)f[k] * i[after[k]];
            }
        }
    }
    const struct kernel *kernel;
    for (int v = 0; (kernel = kernel_variant(v)); v++) {
        int64_t sum[ROWS][4] = {{0}};
        int32_t peak[LANES] = {0};
        kernel->sum(sum, peak, x, LANES, FRAMES);
        assert_memory_equal(sum, exact, sizeof sum);
        for (int lane = 0; lane < LANES; lane++) {
            int32_t most = 0;
            for (int n = 0; n < FRAMES; n++)
                most = abs(x[n * LANES + lane]) > most ? abs(x[n * LANES + lane]) : most;
            assert_int_equal(peak[lane], most);
        }
    }
    free(x);
}

static void full_scale_sums_are_exact(void **state)
{
    (void)state;
    int32_t x[300 * 8];
    for (size_t n = 0; n < COUNT(x); n++)
        x[n] = n % 3 ? METER_RAW_MAX : -METER_RAW_MAX;
    const struct kernel *kernel;
    for (int v = 0; (kernel = kernel_variant(v)); v++) {
        int64_t sum[VOLTAGE_ROWS + CURRENT_ROWS][4] = {{0}};
        int32_t peak[8] = {0};
        kernel->sum(sum, peak, x, 8, 300);
        assert_true(sum[ROW_VV][0] == INT64_C(300) * METER_RAW_MAX * METER_RAW_MAX);
        assert_int_equal(peak[5], METER_RAW_MAX);
    }
}

static void raw_values_beyond_the_range_are_limited(void **state)
{
    (void)state;
    const int32_t in[] = {INT32_MIN, INT32_MAX, METER_RAW_MAX, -METER_RAW_MAX - 1, 5,
                          0,         -7,        1 << 24};
    const int32_t want[] = {-METER_RAW_MAX, METER_RAW_MAX, METER_RAW_MAX, -METER_RAW_MAX, 5, 0, -7,
                            METER_RAW_MAX};
    const struct kernel *kernel;
    for (int v = 0; (kernel = kernel_variant(v)); v++) {
        int32_t out[COUNT(in)];
        kernel->ingest(out, in, COUNT(in));
        assert_memory_equal(out, want, sizeof want);
    }
}

static void a_transform_is_that_of_the_definition(void **state)
{
    (void)state;
    enum { POINTS = 64, HALF_POINTS = 32, BINS = 30 };
    const int sizes[] = {POINTS,
                         HALF_POINTS}; /* an odd and an even power of two of half the points */
    const struct kernel *kernel;
    for (int v = 0; (kernel = kernel_variant(v)); v++) {
        for (size_t n = 0; n < COUNT(sizes); n++) {
            int points = sizes[n], bins = points / 2 - 2;
            float z[POINTS][KERNEL_WIDTH], work[POINTS][KERNEL_WIDTH], twiddle[POINTS][2];
            float bin[BINS][2][KERNEL_WIDTH], scale[BINS], x[POINTS];
            for (int k = 0; k < points; k++) {
                twiddle[k][0] = (float)cos(2 * M_PI * k / points);
                twiddle[k][1] = (float)-sin(2 * M_PI * k / points);
                x[k] = (float)sin(0.3 * k * k) + 1;
                for (int lane = 0; lane < KERNEL_WIDTH; lane++)
                    z[k][lane] = x[k] * (float)(lane + 1);
            }
            for (int k = 0; k < BINS; k++)
                scale[k] = 0.5F;
            kernel->transform(bin, bins, z, work, points, (const float(*)[2])twiddle, scale);
            for (int k = 0; k < bins; k++) {
                double re = 0, im = 0;
                for (int j = 0; j < points; j++) {
                    re += 0.5 * (double)x[j] * cos(2 * M_PI * k * j / points);
                    im -= 0.5 * (double)x[j] * sin(2 * M_PI * k * j / points);
                }
                for (int lane = 0; lane < KERNEL_WIDTH; lane++) {
                    assert_true(fabs((double)bin[k][0][lane] - re * (lane + 1)) < 1e-4);
                    assert_true(fabs((double)bin[k][1][lane] - im * (lane + 1)) < 1e-4);
                }
            }
        }
    }
}

struct last {
    struct reading reading;
};

static void keep(void *context, const struct meter_window *w, double start, double end)
{
    (void)start, (void)end;
    ((struct last *)context)->reading = w->reading[0];
}

static struct last run(const struct kernel *kernel, double rate)
{
    struct signal s;
    signal_three_phase(&s, 49.37, 3, 40);
    signal_add_three(&s, 0, 8, 5, 30);
    signal_add_three(&s, 4, 0.7, 7, 80);
    s.channel[1].noise = 0.1;
    struct meter_config c = signal_config(&s, rate, SYSTEM_3P4W);
    struct meter *m = NULL;
    void *memory = aligned_alloc(64, meter_size(&c));
    struct reason why;
    assert_int_equal(meter_init_with(&m, memory, &c, kernel, &why), ERR_OK);
    struct last l;
    signal_run(m, &s, 1.1, keep, &l);
    free(memory);
    return l;
}

static void readings_of_all_variants_agree(void **state)
{
    (void)state;
    const double rates[] = {4000, 10000, 16000};
    for (size_t r = 0; r < COUNT(rates); r++) {
        struct last first = run(kernel_variant(0), rates[r]);
        const struct kernel *kernel;
        for (int v = 1; (kernel = kernel_variant(v)); v++) {
            struct last other = run(kernel, rates[r]);
            const struct measurement *a = &first.reading.now, *b = &other.reading.now;
            assert_true(fabs(a->power_w / b->power_w - 1) < 1e-12);
            assert_true(fabs(a->phase[1].voltage_v / b->phase[1].voltage_v - 1) < 1e-12);
            assert_true(fabs(a->frequency_hz / b->frequency_hz - 1) < 1e-12);
            assert_true(fabs(a->reactive_var / b->reactive_var - 1) < 1e-6);
            assert_true(fabs(a->phase[0].voltage_angle_deg - b->phase[0].voltage_angle_deg) < 1e-4);
            for (int h = 1; h <= 40; h++)
                assert_true(fabs(a->spectrum.voltage[0].magnitude[h] -
                                 b->spectrum.voltage[0].magnitude[h]) < 230 * 3e-7);
            int64_t apart = first.reading.total.import.micro - other.reading.total.import.micro;
            assert_true(llabs(apart) <= 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact_in_every_variant),
        cmocka_unit_test(full_scale_sums_are_exact),
        cmocka_unit_test(raw_values_beyond_the_range_are_limited),
        cmocka_unit_test(a_transform_is_that_of_the_definition),
        cmocka_unit_test(readings_of_all_variants_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
