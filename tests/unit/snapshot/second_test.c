#include "snapshot/second.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define T0 (INT64_C(1800000000) * SECOND)

static struct second second;
static struct snapshot window, out;

static int begin(void **state)
{
    (void)state;
    memset(&second, 0, sizeof second);
    memset(&window, 0, sizeof window);
    window.loads = 1;
    return 0;
}

static bool add(int64_t end_us, double power_w, double voltage_v, int64_t energy)
{
    window.sequence++;
    window.utc_us = end_us;
    window.load[0].value[VAR_power].real = power_w;
    window.load[0].value[VAR_voltage_l1_n].real = voltage_v;
    window.load[0].value[VAR_energy_import].integer = energy;
    return second_add(&second, &window, &out);
}

static void a_second_is_the_mean_of_its_windows_and_the_last_counter(void **state)
{
    (void)state;
    assert_false(add(T0, 0, 0, 0));
    second.weight_s = 0; /* only whole windows count here */
    memset(second.sum, 0, sizeof second.sum);
    for (int i = 1; i < 5; i++)
        assert_false(add(T0 + i * SECOND / 5, 100 * i, 3, i));
    assert_true(add(T0 + SECOND, 500, 4, 5));
    assert_int_equal(out.utc_us, T0 + SECOND);
    assert_true(fabs(out.load[0].value[VAR_power].real - 300) < 1e-9);
    /* rms of rms: sqrt((4 x 9 + 16) / 5) */
    assert_true(fabs(out.load[0].value[VAR_voltage_l1_n].real - sqrt(52.0 / 5)) < 1e-12);
    assert_int_equal(out.load[0].value[VAR_energy_import].integer, 5);
    assert_int_equal(out.sequence, window.sequence);
}

static void windows_weigh_by_their_time(void **state)
{
    (void)state;
    assert_false(add(T0, 0, 0, 0));
    second.weight_s = 0;
    memset(second.sum, 0, sizeof second.sum);
    assert_false(add(T0 + 3 * SECOND / 4, 100, 0, 0));
    assert_true(add(T0 + SECOND, 500, 0, 0));
    assert_true(fabs(out.load[0].value[VAR_power].real - 200) < 1e-9);
}

static void the_worst_quality_of_a_second_stays(void **state)
{
    (void)state;
    assert_false(add(T0, 0, 0, 0));
    window.load[0].quality[VAR_power] = QUALITY_OVER_RANGE;
    assert_false(add(T0 + SECOND / 5, 0, 0, 0));
    window.load[0].quality[VAR_power] = QUALITY_GOOD;
    assert_true(add(T0 + SECOND, 0, 0, 0));
    assert_int_equal(out.load[0].quality[VAR_power], QUALITY_OVER_RANGE);
    assert_true(add(T0 + 2 * SECOND, 0, 0, 0));
    assert_int_equal(out.load[0].quality[VAR_power], QUALITY_GOOD);
}

static void a_gap_or_a_step_of_the_clock_starts_anew(void **state)
{
    (void)state;
    const int64_t steps[] = {-3600 * SECOND, -SECOND / 5, 0, 2 * SECOND, 86400 * SECOND};
    for (size_t i = 0; i < COUNT(steps); i++) {
        (void)begin(NULL);
        assert_false(add(T0, 1e6, 0, 0));
        assert_false(add(T0 + SECOND / 5, 1e6, 0, 0));
        int64_t t = T0 + SECOND / 5 + steps[i];
        assert_false(add(t, 7, 0, 0));
        bool whole = false;
        while (!whole)
            whole = add(t += SECOND / 5, 7, 0, 0);
        assert_true(fabs(out.load[0].value[VAR_power].real - 7) < 1e-9);
        assert_int_equal(out.utc_us % SECOND, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_second_is_the_mean_of_its_windows_and_the_last_counter, begin),
        cmocka_unit_test_setup(windows_weigh_by_their_time, begin),
        cmocka_unit_test_setup(the_worst_quality_of_a_second_stays, begin),
        cmocka_unit_test_setup(a_gap_or_a_step_of_the_clock_starts_anew, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
