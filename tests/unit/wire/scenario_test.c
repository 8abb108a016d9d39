#include "wire/scenario.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct scenario s; /* 150 kB */

static enum err parse(const char *text, struct reason *why)
{
    return scenario_parse(&s, "x.scn", text, strlen(text), why);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

static void a_whole_scenario_reads_into_si_units(void **state)
{
    (void)state;
    struct reason why = {0};
    enum err e = parse(
        "name Test hall # of nothing\n"
        "system 3P4W\nvoltage 0.4kV\nfrequency 60 Hz\ndrift 20 mHz over 10 min\n"
        "ramp -0.5 Hz/s from 5 s to 8 s\nrate 8 kHz\nseed 7\nzone -5 h\nbegin 07:30:15\n"
        "noise voltage 20 mV\nnoise current 1 mA\nline v23 98 % turned 90 deg\n"
        "harmonic v2 5 3 % 180 deg\ninterharmonic v 175.3 Hz 2 %\n"
        "dip v13 to 60 % at 09:30 for 120 ms\nswell v1 to 112 % at 30 s for 2 s every 10 min\n"
        "load first\ninput 5A ratio 40\nfault reversed i2\nfault swapped i1 i3\n"
        "part lamps\nphases 13\npower 6 kW\npf 0.8 leading\nshape rectifier\n"
        "harmonic 7 3 %\nday 00:00 8 %, 07:30 90 %\nweekend 20 %\n"
        "part pump\nbetween 23\ncurrent 5 A\nangle 30 deg\nexport\n"
        "cycle on 4 min off 11 min after 2 min\ninrush 6 x for 80 ms\n"
        "load second\ninput 333mV primary 200 A\n",
        &why);
    if (e)
        fail_msg("%s", why.text);
    assert_string_equal(s.name, "Test hall");
    assert_string_equal(s.system->name, "3P4W");
    assert_true(near(s.nominal_v, 400) && near(s.frequency_hz, 60) && near(s.drift_hz, 0.02));
    assert_true(near(s.ramp[0].hz_per_s, -0.5) && near(s.rate_hz, 8000) && s.seed == 7);
    assert_true(near(s.zone_s, -18000) && near(s.begin_s, 27015) && s.begin_told);
    assert_true(near(s.noise_v, 0.02) && near(s.noise_a, 0.001));
    assert_true(near(s.level[0], 1) && near(s.level[1], 0.98) && near(s.angle_rad[2], acos(0)));
    assert_true(near(s.voltage[1].ratio[5], 0.03) && near(s.voltage[1].angle_rad[5], acos(-1)));
    assert_true(s.voltage[0].ratio[5] == 0 && near(s.voltage[2].tone[0], 0.02) &&
                near(s.tone_hz[0], 175.3));
    assert_int_equal(s.events, 2);
    assert_true(s.event[0].daily && s.event[0].phases == 5 && near(s.event[0].every_s, 86400));
    assert_true(!s.event[1].daily && near(s.event[1].level, 1.12) && near(s.event[1].every_s, 600));
    assert_int_equal(s.loads, 2);
    assert_int_equal(s.load[0].input, SCENARIO_5A);
    assert_true(near(s.load[0].ratio, 40) && s.load[0].reverse[1] == -1);
    assert_int_equal(s.load[0].sensor_on[0], 2);
    assert_int_equal(s.load[0].sensor_on[2], 0);
    assert_true(near(s.load[1].nominal_a, 200));
    assert_int_equal(s.parts, 2);
    assert_true(s.part[0].phases == 5 && near(s.part[0].angle_rad, -acos(0.8)));
    assert_true(near(s.part[0].shape.ratio[7], 0.03) && near(s.part[0].shape.ratio[5], 0.195));
    assert_int_equal(s.part[0].day.points, 2);
    assert_true(near(s.part[0].day.point[1].at_s, 27000) && near(s.part[0].weekend, 0.2));
    assert_true(s.part[1].from == 1 && s.part[1].to == 2 && s.part[1].exports);
    assert_true(near(s.part[1].on_s, 240) && near(s.part[1].after_s, 120) &&
                near(s.part[1].inrush_s, 0.08));
}

static void a_mistake_is_named_with_file_and_line_and_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err e;
        const char *fragment;
    } bad[] = {
        {"sistem 3P4W\n", ERR_FORMAT,
         "x.scn:1: expected a statement, found \"sistem\"; the nearest here is \"system\""},
        {"\nsystem 3P5W\n", ERR_FORMAT,
         "x.scn:2: system: expected 1P2W, 2P3W, 3P4W, 3P3W or wild-leg, found \"3P5W\""},
        {"system\n", ERR_FORMAT, "but the line ends; write: system 3P4W"},
        {"voltage 230\n", ERR_FORMAT,
         "voltage: expected a number with V, mV or kV, but the line ends"},
        {"voltage 230 W\n", ERR_FORMAT, "expected a number with V, mV or kV, found \"W\""},
        {"voltage high\n", ERR_FORMAT, "found \"high\""},
        {"voltage 230 V today\n", ERR_FORMAT, "expected nothing more, found \"today\""},
        {"voltage 1 V\n", ERR_RANGE, "1 V is outside 10..1e+06 V"},
        {"rate 1 MHz\n", ERR_FORMAT, "found \"MHz\""},
        {"rate 1 Hz\n", ERR_RANGE, "outside 400..128000"},
        {"drift 1 Hz\n", ERR_FORMAT, "expected over"},
        {"begin 25:00\n", ERR_FORMAT, "expected a time of day such as 07:30, found \"25:00\""},
        {"seed -1\n", ERR_FORMAT, "expected a whole number"},
        {"sensors 4\n", ERR_RANGE, "4 is outside 2..3"},
        {"noise heat 1 V\n", ERR_FORMAT, "expected voltage or current"},
        {"harmonic v 64 1 %\n", ERR_RANGE, "64 is outside 2..63"},
        {"harmonic w 5 1 %\n", ERR_FORMAT, "expected v1, v2, v3, v12 or v (all), found \"w\""},
        {"dip v1 at 5 s for 1 s\n", ERR_FORMAT, "expected to, found \"at\""},
        {"dip v1 to 120 % at 5 s for 1 s\n", ERR_RANGE, "120 % is outside 0..100 %"},
        {"fault loose v1\n", ERR_FORMAT, "fault: expected missing, sequence"},
        {"fault missing v12\n", ERR_FORMAT, "expected one phase"},
        {"part a\n", ERR_FORMAT, "\"part\" belongs below a load"},
        {"load a\npower 5 kW\n", ERR_FORMAT, "x.scn:2: \"power\" belongs below a part"},
        {"load a\npart b\nvoltage 5 V\n", ERR_FORMAT, "\"voltage\" belongs before the first load"},
        {"load a\npart b\npwoer 5 kW\n", ERR_FORMAT, "the nearest here is \"power\""},
        {"load a\npart b\nshape ledd\n", ERR_FORMAT, "the nearest is \"led\""},
        {"load a\npart b\npf 1.2\n", ERR_RANGE, "expected a power factor above 0, at most 1"},
        {"load a\npart b\npf 0.9 late\n", ERR_FORMAT, "expected lagging or leading"},
        {"load a\npart b\nphases 4\n", ERR_FORMAT, "expected phases such as 1, 23 or 123"},
        {"load a\npart b\nbetween 1\n", ERR_FORMAT, "expected two phases"},
        {"load a\npart b\nday 08:00 5 %, 07:00 5 %\n", ERR_FORMAT, "times must rise"},
        {"load a\npart b\nsun 20:00 to 06:00\n", ERR_RANGE, "expected sunset after sunrise"},
        {"load a\npart b\nrandom on 40 s every 60 s\n", ERR_RANGE, "outside 80"},
        {"load a\ninput 6A ratio 1\n", ERR_FORMAT, "expected direct, 5A or 333mV"},
        {"load a\ninput 5A ratio 9999\n", ERR_RANGE, "9999 is outside 1..2000"},
        {"load a\npart b\npower 1 kW\n", ERR_FORMAT,
         "x.scn: part \"b\" of load \"a\" needs phases or between"},
        {"load a\npart b\nphases 1\n", ERR_FORMAT, "needs power or current"},
        {"system 1P2W\nload a\npart b\nphases 2\npower 1 kW\n", ERR_RANGE, "1P2W has only 1 phase"},
        {"system 3P3W\nload a\npart b\nphases 1\npower 1 kW\n", ERR_RANGE, "3P3W has no neutral"},
        {"load a\npart b\nphases 1\npower 1 kW\nangle 90 deg\n", ERR_RANGE,
         "power at an angle of 90 deg"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct reason why = {0};
        enum err e = parse(bad[i].text, &why);
        if (e != bad[i].e || !strstr(why.text, bad[i].fragment))
            fail_msg("case %zu: %s: \"%s\" does not hold \"%s\"", i, err_name(e), why.text,
                     bad[i].fragment);
    }
}

static void more_than_the_bounds_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *before, *repeated;
        int most;
        const char *fragment;
    } cases[] = {
        {"", "load a\n", SCENARIO_MAX_LOADS, "more than 11 loads"},
        {"load a\n", "part p\nphases 1\npower 1 W\n", SCENARIO_MAX_PARTS, "more than 64 parts"},
        {"", "dip v to 5 % at 1 s for 1 s\n", SCENARIO_MAX_EVENTS, "more than 64 dips"},
        {"", "ramp 1 Hz/s from 1 s to 2 s\n", SCENARIO_MAX_RAMPS, "more than 8 ramps"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[8192];
        strcpy(text, cases[i].before);
        for (int k = 0; k < cases[i].most; k++)
            strcat(text, cases[i].repeated);
        assert_int_equal(parse(text, NULL), ERR_OK);
        strcat(text, cases[i].repeated);
        struct reason why = {0};
        assert_int_equal(parse(text, &why), ERR_FULL);
        assert_non_null(strstr(why.text, cases[i].fragment));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_scenario_reads_into_si_units),
        cmocka_unit_test(a_mistake_is_named_with_file_and_line_and_what_was_expected),
        cmocka_unit_test(more_than_the_bounds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
