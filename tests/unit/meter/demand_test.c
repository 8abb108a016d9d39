#include "meter/demand.h"
#include "meter/registers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define T0 (INT64_C(1767225600) * S) /* 2026-01-01 00:00 UTC */
#define WINDOW 200000

struct fixture {
    struct demand_set d;
    struct demand_state st;
    struct demand_config c;
};

/* Constant import of `w` (and the other quantities as multiples of it) from `from` to `to` in windows. */
static void run(struct fixture *f, int64_t from, int64_t to, double w)
{
    for (int64_t t = from; t < to; t += WINDOW) {
        struct demand_step s = {.start_utc_us = t, .end_utc_us = t + WINDOW < to ? t + WINDOW : to};
        for (int q = 0; q < DEMAND_QUANTITIES; q++)
            s.mean[q] = w * (q + 1);
        assert_int_equal(demand_add(&f->d, &f->st, &f->c, &s), ERR_OK);
    }
}

static void every_period_gives_the_mean_of_what_ran_in_it(void **state)
{
    (void)state;
    const int periods[] = {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60};
    for (size_t i = 0; i < COUNT(periods); i++) {
        struct fixture f = {.c = {.period_min = periods[i]}};
        int64_t half = periods[i] * MIN / 2, end = T0 + 2 * half;
        run(&f, T0, T0 + half, 1000);
        run(&f, T0 + half, end, 3000);
        const struct demand_value *v[] = {&f.d.import,    &f.d.export,     &f.d.reactive,
                                          &f.d.apparent,  &f.d.current[0], &f.d.current[1],
                                          &f.d.current[2]};
        for (int q = 0; q < DEMAND_QUANTITIES; q++) {
            assert_true(fabs(v[q]->value - 2000 * (q + 1)) < 1e-6);
            assert_true(v[q]->max == v[q]->value);
            assert_int_equal(v[q]->max_utc_us, end);
        }
    }
}

static void a_fixed_value_stays_until_the_period_ends(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 15}};
    run(&f, T0, T0 + 15 * MIN - WINDOW, 1000);
    assert_int_equal(f.d.import.max_utc_us, 0);
    assert_true(fabs(f.d.elapsed_s - 899.8) < 1e-9);
    run(&f, T0 + 15 * MIN - WINDOW, T0 + 15 * MIN, 1000);
    assert_true(fabs(f.d.import.value - 1000) < 1e-9);
    assert_true(f.d.elapsed_s == 0);
    run(&f, T0 + 15 * MIN, T0 + 29 * MIN, 9000);
    assert_true(fabs(f.d.import.value - 1000) < 1e-9);
    run(&f, T0 + 29 * MIN, T0 + 30 * MIN, 9000);
    assert_true(fabs(f.d.import.value - 9000) < 1e-9);
}

static void a_sliding_value_moves_each_minute_after_the_first_full_period(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 15, .sliding = true}};
    for (int minute = 0; minute < 40; minute++) {
        run(&f, T0 + minute * MIN, T0 + (minute + 1) * MIN, 100.0 * minute);
        if (minute < 14)
            assert_int_equal(f.d.import.max_utc_us, 0);
        else
            assert_true(fabs(f.d.import.value - 100.0 * (minute - 7)) < 1e-6);
    }
    assert_true(f.d.elapsed_s == 0);
    run(&f, T0 + 40 * MIN, T0 + 40 * MIN + 12 * S, 0);
    assert_true(fabs(f.d.elapsed_s - 12) < 1e-9);
}

static void the_maximum_keeps_its_time(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 1}};
    const double load[] = {500, 700, 700, 600, 701, 100};
    for (int i = 0; i < 6; i++)
        run(&f, T0 + i * MIN, T0 + (i + 1) * MIN, load[i]);
    assert_true(fabs(f.d.import.max - 701) < 1e-9);
    assert_int_equal(f.d.import.max_utc_us, T0 + 5 * MIN);
    assert_true(fabs(f.d.import.value - 100) < 1e-9);
    demand_reset(&f.d, &f.st);
    assert_memory_equal(&f.d, &(struct demand_set){0}, sizeof f.d);
    run(&f, T0 + 6 * MIN, T0 + 8 * MIN, 50);
    assert_true(fabs(f.d.import.max - 50) < 1e-9);
}

static void an_equal_maximum_keeps_the_earlier_time(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 1}};
    run(&f, T0, T0 + MIN, 512);
    run(&f, T0 + MIN, T0 + 2 * MIN, 512);
    assert_int_equal(f.d.import.max_utc_us, T0 + MIN);
}

static void a_window_across_the_boundary_is_split_by_time(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 1}};
    run(&f, T0, T0 + 59 * S, 0);
    struct demand_step s = {.start_utc_us = T0 + 59 * S, .end_utc_us = T0 + 63 * S, .mean = {6000}};
    assert_int_equal(demand_add(&f.d, &f.st, &f.c, &s), ERR_OK);
    assert_true(fabs(f.d.import.value - 100) < 1e-9); /* 1 s of 6 kW in a minute */
    run(&f, T0 + 63 * S, T0 + 120 * S, 0);
    assert_true(fabs(f.d.import.value - 300) < 1e-9);
}

static void a_period_not_measured_from_its_start_gives_no_value(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 5}};
    run(&f, T0 + 2 * MIN + 30 * S, T0 + 10 * MIN - WINDOW, 1000);
    assert_int_equal(f.d.import.max_utc_us, 0); /* the first ended at :05, unmeasured until 2:30 */
    run(&f, T0 + 10 * MIN - WINDOW, T0 + 10 * MIN, 1000);
    assert_int_equal(f.d.import.max_utc_us, T0 + 10 * MIN);

    struct fixture minute = {.c = {.period_min = 1}};
    run(&minute, T0 + 30 * S, T0 + 2 * MIN - WINDOW, 1000); /* inside the very minute */
    assert_int_equal(minute.d.import.max_utc_us, 0);
    run(&minute, T0 + 2 * MIN - WINDOW, T0 + 2 * MIN, 1000);
    assert_int_equal(minute.d.import.max_utc_us, T0 + 2 * MIN);
}

static void a_gap_or_a_changed_clock_costs_the_period_it_falls_in(void **state)
{
    (void)state;
    const struct {
        const char *what;
        int64_t stop, go_on; /* after T0 + 10 min */
        int64_t first_value; /* end of the first full period after it */
    } cases[] = {
        {"gap inside a period", 1 * MIN, 2 * MIN, 10 * MIN},
        {"gap over a boundary", 4 * MIN, 6 * MIN, 15 * MIN},
        {"gap that ends at a boundary", 4 * MIN, 5 * MIN, 10 * MIN},
        {"gap of two windows", 2 * MIN, 2 * MIN + 2 * WINDOW, 10 * MIN},
        {"clock set forward a day", 2 * MIN, 1440 * MIN + 2 * MIN, 1450 * MIN},
        {"clock set back two minutes", 4 * MIN, 2 * MIN, 10 * MIN},
        {"clock set back over a boundary", 1 * MIN, -1 * MIN, 5 * MIN},
        {"clock set back to a boundary", 1 * MIN, 0, 5 * MIN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t at = T0 + 10 * MIN;
        struct fixture f = {.c = {.period_min = 5}};
        run(&f, T0, at + cases[i].stop, 1000);
        assert_true(fabs(f.d.import.value - 1000) < 1e-9);
        run(&f, at + cases[i].go_on, at + cases[i].first_value - WINDOW, 5000);
        assert_true(fabs(f.d.import.value - 1000) < 1e-9);
        run(&f, at + cases[i].first_value - WINDOW, at + cases[i].first_value, 5000);
        assert_true(fabs(f.d.import.value - 5000) < 1e-9);
        assert_int_equal(f.d.import.max_utc_us, at + cases[i].first_value);
    }
}

static void rounding_of_window_ends_is_no_gap(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 3}};
    for (int64_t i = 0; i < 900; i++) { /* three minutes, stamps off by up to 700 us either way */
        struct demand_step s = {.start_utc_us = T0 + i * WINDOW + i * 37 % 700,
                                .end_utc_us = T0 + (i + 1) * WINDOW + i * 91 % 700,
                                .mean = {1000}};
        assert_int_equal(demand_add(&f.d, &f.st, &f.c, &s), ERR_OK);
    }
    assert_true(fabs(f.d.import.value - 1000) < 0.1);
    assert_true(f.d.import.max_utc_us >= T0 + MIN);
    assert_int_equal(f.st.parts, 2 + (f.st.last_end_us >= T0 + 3 * MIN));
}

static void synchronising_starts_a_period_and_counts_from_there(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 5}};
    int64_t sync = T0 + 12 * MIN + 17 * S + 100000; /* inside a window */
    run(&f, T0, sync - 100000, 1000);
    assert_int_equal(f.d.import.max_utc_us, T0 + 5 * MIN);
    demand_synchronise(&f.st, sync);
    run(&f, sync - 100000, sync + 5 * MIN - 100000, 5000);
    assert_true(fabs(f.d.import.value - 1000) < 1e-9);
    run(&f, sync + 5 * MIN - 100000, sync + 5 * MIN + 100000, 5000);
    assert_true(fabs(f.d.import.value - 5000) < 1e-6);
    assert_int_equal(f.d.import.max_utc_us, sync + 5 * MIN);
    run(&f, sync + 5 * MIN + 100000, sync + 10 * MIN + 100000, 7000);
    assert_int_equal(f.d.import.max_utc_us, sync + 10 * MIN);
}

static void synchronising_ahead_of_the_windows_waits_for_them(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 1}};
    int64_t sync = T0 + 90 * S;
    run(&f, T0, sync - 2 * S, 1000);
    demand_synchronise(&f.st, sync);
    run(&f, sync - 2 * S, sync + MIN, 3000);
    assert_true(fabs(f.d.import.value - 3000) < 1e-6);
    assert_int_equal(f.d.import.max_utc_us, sync + MIN);
}

static void the_period_can_change_at_any_time(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 5}};
    run(&f, T0, T0 + 20 * MIN, 1000);
    f.c.period_min = 30; /* five minutes are held: the half hour that runs is not whole */
    run(&f, T0 + 20 * MIN, T0 + 30 * MIN, 4000);
    assert_true(fabs(f.d.import.value - 1000) < 1e-6);
    run(&f, T0 + 30 * MIN, T0 + 60 * MIN, 6000);
    assert_true(fabs(f.d.import.value - 6000) < 1e-6);
    f.c.period_min = 15; /* a shorter one has all that it needs */
    run(&f, T0 + 60 * MIN, T0 + 75 * MIN, 7000);
    assert_true(fabs(f.d.import.value - 7000) < 1e-6);
}

/* What the register gained in the period, divided by the period, is the demand: random load, random windows. */
static void demand_times_period_is_what_the_register_gained(void **state)
{
    (void)state;
    srand(5);
    struct fixture f = {.c = {.period_min = 15}};
    const struct registers_config c = {.rule = TOTALS_SYSTEM};
    struct registers r = {0};
    int64_t t = T0, before = 0, seen = 0, periods = 0;
    double counted_later = 0; /* the window that crossed the boundary: its energy after it, uWh */
    while (periods < 8) {
        int64_t end = t + 190000 + rand() % 20001;
        double w = 20000.0 * rand() / RAND_MAX, seconds = (double)(end - t) / 1e6;
        struct registers_step rs = {.duration_s = seconds, .active_wh = {w * seconds / 3600}};
        struct demand_step ds = {.start_utc_us = t, .end_utc_us = end, .mean = {w}};
        assert_int_equal(registers_add(&r, &c, &rs), ERR_OK);
        assert_int_equal(demand_add(&f.d, &f.st, &f.c, &ds), ERR_OK);
        int64_t boundary = T0 + (periods + 1) * 15 * MIN;
        if (end >= boundary) {
            double after = w * (double)(end - boundary) / 3.6e3;
            double gained = (double)(r.import.micro - before) + counted_later - after;
            assert_true(fabs(f.d.import.value * 0.25 * 1e6 - gained) < 2); /* uWh of 2.5e9 */
            before = r.import.micro;
            counted_later = after;
            periods++;
            seen = f.d.import.max_utc_us;
        }
        t = end;
    }
    assert_true(seen > T0);
}

static void a_restart_goes_on_inside_the_period(void **state)
{
    (void)state;
    struct fixture f = {.c = {.period_min = 15}};
    run(&f, T0, T0 + 7 * MIN + 20 * S, 1000);
    struct fixture restarted = f; /* as restored from the register image */
    run(&restarted, T0 + 7 * MIN + 20 * S, T0 + 15 * MIN, 1000);
    assert_true(fabs(restarted.d.import.value - 1000) < 1e-9);
}

static void unusable_steps_change_nothing(void **state)
{
    (void)state;
    const struct {
        int period;
        int64_t start, end;
        double mean;
    } bad[] = {
        {0, T0, T0 + S, 1},
        {7, T0, T0 + S, 1},
        {61, T0, T0 + S, 1},
        {-15, T0, T0 + S, 1},
        {15, T0, T0 - 1, 1},
        {15, T0, T0 + 61 * S, 1},
        {15, -1, S, 1},
        {15, T0, T0 + S, (double)NAN},
        {15, T0, T0 + S, HUGE_VAL},
        {15, T0, T0 + S, -2e12},
        {15, INT64_MAX - 1, INT64_MAX, 1},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct fixture f = {.c = {.period_min = 5}};
        run(&f, T0 - MIN, T0, 1000);
        struct fixture before = f;
        struct demand_config c = {.period_min = bad[i].period};
        struct demand_step s = {.start_utc_us = bad[i].start, .end_utc_us = bad[i].end};
        s.mean[6] = bad[i].mean;
        assert_int_equal(demand_add(&f.d, &f.st, &c, &s), ERR_RANGE);
        assert_memory_equal(&f, &before, sizeof f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_period_gives_the_mean_of_what_ran_in_it),
        cmocka_unit_test(a_fixed_value_stays_until_the_period_ends),
        cmocka_unit_test(a_sliding_value_moves_each_minute_after_the_first_full_period),
        cmocka_unit_test(the_maximum_keeps_its_time),
        cmocka_unit_test(an_equal_maximum_keeps_the_earlier_time),
        cmocka_unit_test(a_window_across_the_boundary_is_split_by_time),
        cmocka_unit_test(a_period_not_measured_from_its_start_gives_no_value),
        cmocka_unit_test(a_gap_or_a_changed_clock_costs_the_period_it_falls_in),
        cmocka_unit_test(rounding_of_window_ends_is_no_gap),
        cmocka_unit_test(synchronising_starts_a_period_and_counts_from_there),
        cmocka_unit_test(synchronising_ahead_of_the_windows_waits_for_them),
        cmocka_unit_test(the_period_can_change_at_any_time),
        cmocka_unit_test(demand_times_period_is_what_the_register_gained),
        cmocka_unit_test(a_restart_goes_on_inside_the_period),
        cmocka_unit_test(unusable_steps_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
