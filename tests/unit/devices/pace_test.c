#include "devices/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void as_many_are_due_as_time_has_passed(void **state)
{
    (void)state;
    struct pace p = {.speed = 2};
    assert_int_equal(pace_due(&p, 1000, 100000, 5000000), 0); /* starts now */
    assert_int_equal(pace_due(&p, 1000, 100000, 5010000), 20);
    pace_given(&p, 1000, 15);
    assert_int_equal(pace_due(&p, 1000, 100000, 5010000), 5);
    assert_int_equal(pace_due(&p, 1000, 3, 5010000), 3);
    assert_int_equal(pace_due(&p, 1000, 100000, 4000000), 0); /* a clock that steps back */
    assert_true(pace_next_us(&p) == 5007500 + PACE_BLOCK_US);
    assert_true(pace_behind_s(&p, 5010000) > 0.00499 && pace_behind_s(&p, 5010000) < 0.00501);
}

static void without_a_speed_everything_is_due_at_once(void **state)
{
    (void)state;
    struct pace p = {0};
    assert_int_equal(pace_due(&p, 1000, 77, 0), 77);
    assert_int_equal(pace_next_us(&p), 0);
    assert_true(pace_behind_s(&p, INT64_MAX) == 0);
}

static void nothing_is_lost_in_a_day_of_odd_rates(void **state)
{
    (void)state;
    struct pace p = {.speed = 1};
    const double rate = 30707.244140625;
    uint64_t given = 0;
    for (int64_t now = 0; now <= INT64_C(86400000000); now += 1000003) {
        size_t n = pace_due(&p, rate, SIZE_MAX, now);
        pace_given(&p, rate, n);
        given += n;
        double exact = (double)now * 1e-6 * rate;
        assert_true((double)given <= exact + 0.01 && (double)given > exact - 1.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_are_due_as_time_has_passed),
        cmocka_unit_test(without_a_speed_everything_is_due_at_once),
        cmocka_unit_test(nothing_is_lost_in_a_day_of_odd_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
