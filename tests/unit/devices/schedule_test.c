#include "devices/schedule.h"

#include "base/err.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define H 3600.0
#define MONDAY 345600.0 /* 1970-01-05 */

static struct scenario s;

static void part(const char *text)
{
    char all[512] = "seed 3\nload a\npart p\nphases 1\npower 1 kW\n";
    strcat(all, text);
    struct reason why = {0};
    if (scenario_parse(&s, "t", all, strlen(all), &why))
        fail_msg("%s", why.text);
}

static void each_rule_gives_its_level(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double since_s, local_s, level;
    } cases[] = {
        {"", 0, 0, 1},
        {"day 06:00 0 %, 12:00 60 %\n", 0, MONDAY + 6 * H, 0},
        {"day 06:00 0 %, 12:00 60 %\n", 0, MONDAY + 9 * H, 0.3},
        {"day 06:00 0 %, 12:00 60 %\n", 0, MONDAY + 21 * H, 0.3}, /* closes over midnight */
        {"day 06:00 0 %, 12:00 60 %\n", 0, MONDAY + 3 * H, 0.1},
        {"day 00:00 5 %\n", 0, MONDAY + 23 * H, 0.05},
        {"day 00:00 0 %, 07:00 0 %, 07:00 100 %\n", 0, MONDAY + 7 * H - 1, 0},
        {"day 00:00 0 %, 07:00 0 %, 07:00 100 %, 23:59 100 %\n", 0, MONDAY + 7 * H, 1},
        {"steps 10 s 20 %, 20 s 40 %, 20 s 90 %\n", 0, 0, 0.2},
        {"steps 10 s 20 %, 20 s 40 %, 20 s 90 %\n", 15, 0, 0.3},
        {"steps 10 s 20 %, 20 s 40 %, 20 s 90 %\n", 20, 0, 0.9},
        {"steps 10 s 20 %, 20 s 40 %, 20 s 90 %\n", 999, 0, 0.9},
        {"weekend 25 %\n", 0, MONDAY - 1, 0.25},         /* Sunday */
        {"weekend 25 %\n", 0, MONDAY - 2 * 86400, 0.25}, /* Saturday */
        {"weekend 25 %\n", 0, MONDAY - 2 * 86400 - 1, 1},
        {"cycle on 4 s off 6 s after 2 s\n", 1.99, 0, 0},
        {"cycle on 4 s off 6 s after 2 s\n", 2, 0, 1},
        {"cycle on 4 s off 6 s after 2 s\n", 5.99, 0, 1},
        {"cycle on 4 s off 6 s after 2 s\n", 6, 0, 0},
        {"cycle on 4 s off 6 s after 2 s\n", 12, 0, 1},
        {"cycle on 4 s off 6 s\ninrush 5 x for 2 s\n", 0, 0, 5},
        {"cycle on 4 s off 6 s\ninrush 5 x for 2 s\n", 1, 0, 3},
        {"cycle on 4 s off 6 s\ninrush 5 x for 2 s\n", 3, 0, 1},
        {"sun 06:00 to 18:00\n", 0, MONDAY + 12 * H, 1},
        {"sun 06:00 to 18:00\n", 0, MONDAY + 6 * H, 0},
        {"sun 06:00 to 18:00\n", 0, MONDAY + 2 * H, 0},
        {"cycle on 4 s off 6 s\nweekend 50 %\n", 1, MONDAY - 1, 0.5}, /* rules multiply */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        part(cases[i].text);
        double level =
            schedule_level(&s, 0, (struct schedule_time){cases[i].since_s, cases[i].local_s});
        if (fabs(level - cases[i].level) > 1e-6)
            fail_msg("case %zu: %s at %g: %.9g", i, cases[i].text, cases[i].since_s, level);
    }
}

static void random_switching_is_on_for_its_share_and_repeats_with_the_seed(void **state)
{
    (void)state;
    part("random on 40 s every 5 min\n");
    int on = 0, switched = 0, seconds = 300000;
    double before = 0;
    for (int t = 0; t < seconds; t++) {
        double level = schedule_level(&s, 0, (struct schedule_time){t, 0});
        on += level > 0;
        switched += level > 0 && before == 0;
        before = level;
    }
    assert_true(on > 0.9 * 40 * 1000 && on < 1.1 * 40 * 1000); /* 1000 slots of 5 min */
    assert_true(switched > 900 && switched <= 1001);
    double one = 0, other = 0;
    for (int t = 0; t < 3000; t++) {
        double level = schedule_level(&s, 0, (struct schedule_time){t, 0});
        s.seed = 4;
        one += level;
        other += fabs(level - schedule_level(&s, 0, (struct schedule_time){t, 0}));
        s.seed = 3;
        assert_true(level == schedule_level(&s, 0, (struct schedule_time){t, 0}));
    }
    assert_true(one > 0 && other > 0); /* another seed, another day */
}

static void wander_and_clouds_stay_inside_their_bounds_and_move_smoothly(void **state)
{
    (void)state;
    part("wander 10 % over 20 s\nclouds 60 % over 60 s\n");
    double least = 9, most = 0, last = 0, fastest = 0;
    for (int t = 0; t < 200000; t++) {
        double level = schedule_level(&s, 0, (struct schedule_time){t * 0.1, 0});
        least = fmin(least, level);
        most = fmax(most, level);
        fastest = fmax(fastest, t > 0 ? fabs(level - last) : 0);
        last = level;
    }
    assert_true(least >= 0.36 - 1e-9 && least < 0.5);
    assert_true(most <= 1.1 + 1e-9 && most > 1.05);
    assert_true(fastest < 0.03); /* in 100 ms */
}

static void a_dip_begins_and_ends_at_its_very_sample(void **state)
{
    (void)state;
    part("");
    s.events = 2;
    s.event[0] = (struct scenario_event){
        .phases = 1, .level = 0.6, .at_s = 10, .for_s = 0.12, .every_s = 60};
    s.event[1] = (struct scenario_event){
        .phases = 2, .level = 0, .daily = true, .at_s = 9.5 * H, .for_s = 1, .every_s = 86400};
    static const struct {
        int phase;
        double start_local_s;
        int64_t n;
        double level;
        int64_t edge;
    } cases[] = {
        {0, 0, 0, 1, 100000},           {0, 0, 99999, 1, 100000},
        {0, 0, 100000, 0.6, 101200},    {0, 0, 101199, 0.6, 101200},
        {0, 0, 101200, 1, 700000},      {0, 0, 700000, 0.6, 701200},
        {1, 9.5 * H - 2, 0, 1, 20000},  {1, 9.5 * H - 2, 20000, 0, 30000},
        {1, 9.5 * H + 0.5, 0, 0, 5000}, {1, MONDAY + 9.5 * H + 2, 0, 1, 863980000},
        {2, 0, 100000, 1, INT64_MAX},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t edge = INT64_MAX;
        double level =
            schedule_voltage(&s, cases[i].phase, cases[i].n, 10000, cases[i].start_local_s, &edge);
        if (level != cases[i].level || edge != cases[i].edge)
            fail_msg("case %zu: %g until %lld", i, level, (long long)edge);
    }
}

static void the_frequency_swings_and_ramps(void **state)
{
    (void)state;
    part("");
    s.frequency_hz = 50;
    s.drift_hz = 0.1;
    s.drift_s = 400;
    s.ramps = 1;
    s.ramp[0].from_s = 1000;
    s.ramp[0].to_s = 1004;
    s.ramp[0].hz_per_s = 0.5;
    assert_true(fabs(schedule_frequency_hz(&s, 100) - 50.1) < 1e-12);
    assert_true(fabs(schedule_frequency_hz(&s, 800) - 50) < 1e-12);
    s.drift_hz = 0;
    assert_true(fabs(schedule_frequency_hz(&s, 1002) - 51) < 1e-12);
    assert_true(fabs(schedule_frequency_hz(&s, 5000) - 52) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_gives_its_level),
        cmocka_unit_test(random_switching_is_on_for_its_share_and_repeats_with_the_seed),
        cmocka_unit_test(wander_and_clouds_stay_inside_their_bounds_and_move_smoothly),
        cmocka_unit_test(a_dip_begins_and_ends_at_its_very_sample),
        cmocka_unit_test(the_frequency_swings_and_ramps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
