#include "meter/pulse.h"
#include "meter/meter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1767225600000000)
#define HALF_US 10000
#define HALVES 20
#define MOST 16

/* One 200 ms window of constant power, starting `windows` windows after T0. */
static int constant(struct pulse_state *st, double weight_wh, double watts, int64_t windows,
                    int64_t *utc_us)
{
    double wh[HALVES];
    int64_t end[HALVES];
    int64_t start = T0 + windows * HALVES * HALF_US;
    for (int i = 0; i < HALVES; i++) {
        wh[i] = watts * HALF_US / 3.6e9;
        end[i] = start + (i + 1) * HALF_US;
    }
    return pulse_run(st, weight_wh, wh, end, HALVES, start, utc_us, MOST);
}

static void constant_power_flashes_at_the_analytic_instants(void **state)
{
    (void)state;
    const double watts[] = {3.0, 690.0, 1234.5, 3450.0, 20000.0, 57000.0};
    for (size_t c = 0; c < COUNT(watts); c++) {
        struct pulse_state st = {0};
        int64_t n = 0;
        double period_us = 3.6e9 / watts[c];
        for (int64_t w = 0; w < 20000; w++) {
            int64_t utc[MOST];
            int count = constant(&st, 1.0, watts[c], w, utc);
            for (int i = 0; i < count; i++) {
                n++;
                double off = (double)(utc[i] - T0) - (double)n * period_us;
                assert_true(fabs(off) < 1.0);
                assert_true(utc[i] >= T0 + w * 200000 && utc[i] < T0 + (w + 1) * 200000);
            }
        }
        assert_int_equal(st.owed, 0);
        assert_true(llabs(n - (int64_t)floor(4000e6 / period_us)) <= 1);
    }
}

static void power_that_changes_inside_a_window_is_interpolated_in_its_half_cycle(void **state)
{
    (void)state;
    /* 1 Wh weight; 0.5 Wh in the first half cycle, then 1 Wh in the second: crosses at half of it. */
    const double wh[] = {0.5, 1.0};
    const int64_t end[] = {T0 + 10000, T0 + 20000};
    struct pulse_state st = {0};
    int64_t utc[MOST];
    assert_int_equal(pulse_run(&st, 1.0, wh, end, 2, T0, utc, MOST), 1);
    assert_int_equal(utc[0], T0 + 15000);
    assert_true(fabs(st.rest_wh - 0.5) < 1e-12);
}

static void no_two_flashes_come_closer_than_a_sixteenth_of_a_second(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    int64_t last = 0, flashed = 0;
    for (int64_t w = 0; w < 3000;
         w++) { /* 10 min at 100 kW with 1 Wh: 27.8 Hz; then 10 kW: 2.8 Hz */
        int64_t utc[MOST];
        int count = constant(&st, 1.0, w < 300 ? 100e3 : 10e3, w, utc);
        assert_true(count <= 4);
        for (int i = 0; i < count; i++) {
            assert_true(last == 0 || utc[i] - last >= PULSE_MIN_SPACING_US);
            last = utc[i];
        }
        flashed += count;
        if (w == 299)
            assert_true(st.owed > 700 && flashed >= 957); /* 60 s x 11.8 Hz behind */
    }
    assert_int_equal(st.owed, 0);
    /* 60 s x 100 kW + 540 s x 10 kW = 3166.7 Wh */
    assert_int_equal(flashed, 3166);
}

static void a_short_output_owes_the_rest(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    const double wh[] = {5};
    int64_t utc[4], end = T0 + 1000000;
    assert_int_equal(pulse_run(&st, 1, wh, &end, 1, T0, utc, 2), 2);
    assert_int_equal(st.owed, 3);
    assert_int_equal(pulse_run(&st, 1, wh, &end, 1, T0, utc, 0), 0);
    assert_int_equal(st.owed, 8);
}

static void what_is_owed_is_bounded(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    const double wh[] = {1e12};
    int64_t utc[MOST], end = T0 + 10000;
    assert_int_equal(pulse_run(&st, 1, wh, &end, 1, T0, utc, MOST), 1);
    assert_int_equal(st.owed, PULSE_MAX_OWED - 1);
}

static void export_does_not_flash_and_costs_no_import(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    int64_t utc[MOST], total = 0;
    for (int64_t w = 0; w < 1000; w++)
        total += constant(&st, 1.0, w % 2 ? -90e3 : 18e3, w, utc);
    /* 100 s of 18 kW = 500 Wh */
    assert_true(total == 500 || total == 499);
}

static void a_half_cycle_backwards_inside_an_importing_window_is_netted(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    const double wh[] = {0.9, -0.5, 0.5, 0.2};
    const int64_t end[] = {T0 + 10000, T0 + 20000, T0 + 30000, T0 + 40000};
    int64_t utc[MOST];
    assert_int_equal(pulse_run(&st, 1, wh, end, 4, T0, utc, MOST), 1);
    assert_int_equal(utc[0], T0 + 35000);
    assert_true(fabs(st.rest_wh - 0.1) < 1e-12);
}

/* Meter constant (IEC 62053-22: pulses and register must agree): random load with export between. */
static void pulses_times_weight_is_the_register_within_one_pulse(void **state)
{
    (void)state;
    srand(6);
    const double weights[] = {1, 10, 100, 1000};
    for (size_t c = 0; c < COUNT(weights); c++) {
        const struct registers_config rc = {.rule = TOTALS_SYSTEM};
        struct registers r = {0};
        struct pulse_state st = {0};
        int64_t pulses = 0;
        for (int64_t w = 0; w < 20000; w++) {
            double wh[HALVES], sum = 0;
            int64_t end[HALVES], start = T0 + w * 200000;
            for (int i = 0; i < HALVES; i++) {
                wh[i] = weights[c] * (3.0 * rand() / RAND_MAX - 1) / 60;
                end[i] = start + (i + 1) * HALF_US;
                sum += wh[i];
            }
            int64_t utc[MOST];
            pulses += pulse_run(&st, weights[c], wh, end, HALVES, start, utc, MOST);
            struct registers_step s = {.duration_s = 0.2, .active_wh = {sum}};
            assert_int_equal(registers_add(&r, &rc, &s), ERR_OK);
            double pulsed = (double)(pulses + st.owed) * weights[c];
            assert_true(fabs((double)r.import.micro * 1e-6 - pulsed) <= weights[c] * 1.02);
            assert_true(fabs((double)r.import.micro * 1e-6 - pulsed - st.rest_wh) < 1e-5);
        }
        assert_true(pulses > 1000);
    }
}

static void a_clock_set_back_does_not_stop_the_led(void **state)
{
    (void)state;
    struct pulse_state st = {0};
    int64_t utc[MOST], total = 0;
    for (int64_t w = 0; w < 100; w++)
        (void)constant(&st, 1.0, 36e3, 100000 + w, utc);
    for (int64_t w = 0; w < 100; w++)
        total += constant(&st, 1.0, 36e3, w, utc);
    assert_true(total >= 199);
}

static void unusable_arguments_change_nothing(void **state)
{
    (void)state;
    const double good[] = {5}, nan[] = {(double)NAN}, huge[] = {HUGE_VAL};
    int64_t end = T0 + 10000, early = T0 - 1, utc[MOST];
    const struct {
        double weight;
        const double *wh;
        const int64_t *end;
        int halves, most;
    } bad[] = {
        {0, good, &end, 1, MOST},
        {-1, good, &end, 1, MOST},
        {(double)NAN, good, &end, 1, MOST},
        {HUGE_VAL, good, &end, 1, MOST},
        {1, nan, &end, 1, MOST},
        {1, huge, &end, 1, MOST},
        {1, good, &early, 1, MOST},
        {1, good, &end, -1, MOST},
        {1, good, &end, 1, -1},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct pulse_state st = {.rest_wh = 0.5, .owed = 1};
        assert_int_equal(pulse_run(&st, bad[i].weight, bad[i].wh, bad[i].end, bad[i].halves, T0,
                                   utc, bad[i].most),
                         0);
        assert_true(st.rest_wh == 0.5 && st.owed == 1 && st.last_utc_us == 0);
    }
}

/* Datasheet, "LED", both tables at every edge. */
static void weights_are_those_of_the_datasheet(void **state)
{
    (void)state;
    const struct {
        enum input_kind input;
        double size, kwh;
    } cases[] = {
        {INPUT_5A, 1, 0.001},      {INPUT_5A, 7, 0.001},        {INPUT_5A, 7.001, 0.01},
        {INPUT_5A, 70, 0.01},      {INPUT_5A, 70.001, 0.1},     {INPUT_5A, 700, 0.1},
        {INPUT_5A, 700.001, 1},    {INPUT_5A, 2000, 1},         {INPUT_333MV, 1, 0.001},
        {INPUT_333MV, 35, 0.001},  {INPUT_333MV, 35.001, 0.01}, {INPUT_333MV, 350, 0.01},
        {INPUT_333MV, 350.1, 0.1}, {INPUT_333MV, 3500, 0.1},    {INPUT_333MV, 3500.1, 1},
        {INPUT_333MV, 10000, 1},   {INPUT_DIRECT, 0, 0.001},    {INPUT_DIRECT, 35, 0.001},
        {INPUT_DIRECT, 36, 0.01},  {INPUT_DIRECT, 400, 0.1},    {INPUT_DIRECT, 5000, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* Sizes that the input does not use are set to something else. */
        struct load_config l = {
            .input = cases[i].input, .ratio = 2000, .primary_a = 10000, .nominal_a = 10000};
        if (cases[i].input == INPUT_5A)
            l.ratio = cases[i].size;
        else if (cases[i].input == INPUT_333MV)
            l.primary_a = cases[i].size;
        else
            l.nominal_a = cases[i].size;
        assert_true(meter_pulse_weight_kwh(&l) == cases[i].kwh);
    }
}

/* At Imax and the highest rated voltage no weight needs more than 16 Hz. */
static void rated_load_never_owes(void **state)
{
    (void)state;
    const double primaries[] = {35, 350, 3500, 10000};
    for (size_t i = 0; i < COUNT(primaries); i++) {
        struct load_config l = {.input = INPUT_333MV, .primary_a = primaries[i]};
        double watts = 3 * 277 * 1.15 * 1.2 * primaries[i];
        assert_true(watts / 3.6e6 / meter_pulse_weight_kwh(&l) < 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_power_flashes_at_the_analytic_instants),
        cmocka_unit_test(power_that_changes_inside_a_window_is_interpolated_in_its_half_cycle),
        cmocka_unit_test(no_two_flashes_come_closer_than_a_sixteenth_of_a_second),
        cmocka_unit_test(a_short_output_owes_the_rest),
        cmocka_unit_test(what_is_owed_is_bounded),
        cmocka_unit_test(export_does_not_flash_and_costs_no_import),
        cmocka_unit_test(a_half_cycle_backwards_inside_an_importing_window_is_netted),
        cmocka_unit_test(pulses_times_weight_is_the_register_within_one_pulse),
        cmocka_unit_test(a_clock_set_back_does_not_stop_the_led),
        cmocka_unit_test(unusable_arguments_change_nothing),
        cmocka_unit_test(weights_are_those_of_the_datasheet),
        cmocka_unit_test(rated_load_never_owes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
