#include "app/figures.h"

#include "base/err.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define NNBSP "\u202f"
#define MINUS "\u2212"

static void numbers_read_as_ux_11_says(void **state)
{
    (void)state;
    const struct {
        double value;
        enum unit unit;
        enum figure_place place;
        const char *text;
    } cases[] = {
        {532.4, UNIT_W, FIGURE_HEADLINE, "532" NNBSP "W"},
        {999.96, UNIT_W, FIGURE_HEADLINE, "1.00" NNBSP "kW"},
        {999.4, UNIT_W, FIGURE_HEADLINE, "999" NNBSP "W"},
        {9994, UNIT_W, FIGURE_HEADLINE, "9.99" NNBSP "kW"},
        {9996, UNIT_W, FIGURE_HEADLINE, "10.0" NNBSP "kW"},
        {65432, UNIT_W, FIGURE_HEADLINE, "65.4" NNBSP "kW"},
        {654321, UNIT_W, FIGURE_HEADLINE, "654" NNBSP "kW"},
        {-2570, UNIT_VAR, FIGURE_HEADLINE, MINUS "2.57" NNBSP "kvar"},
        {22104.3, UNIT_W, FIGURE_TABLE, "22.104" NNBSP "kW"},
        {2.5e6, UNIT_VA, FIGURE_HEADLINE, "2.50" NNBSP "MVA"},
        {231.44, UNIT_V, FIGURE_TABLE, "231.4" NNBSP "V"},
        {98.12, UNIT_A, FIGURE_TABLE, "98.1" NNBSP "A"},
        {110.4, UNIT_A, FIGURE_TABLE, "110" NNBSP "A"},
        {9.996, UNIT_A, FIGURE_TABLE, "10.0" NNBSP "A"},
        {0.0051, UNIT_A, FIGURE_TABLE, "0.005" NNBSP "A"},
        {50.0149, UNIT_HZ, FIGURE_TABLE, "50.01" NNBSP "Hz"},
        {-0.04, UNIT_DEG, FIGURE_TABLE, "0.0" NNBSP "\u00b0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FIGURE_SIZE];
        struct figure_scale s = figure_scale(cases[i].unit, cases[i].value, NULL);
        figure_full(text, cases[i].value, QUALITY_GOOD, cases[i].unit, s, cases[i].place, true);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_prefix_goes_up_at_1000_and_down_at_900(void **state)
{
    (void)state;
    struct figure_scale s = figure_scale(UNIT_W, 950, NULL);
    assert_true(s.factor == 1);
    s = figure_scale(UNIT_W, 1000, &s);
    assert_true(s.factor == 1e3);
    s = figure_scale(UNIT_W, 905, &s);
    assert_true(s.factor == 1e3);
    s = figure_scale(UNIT_W, 895, &s);
    assert_true(s.factor == 1);
    s = figure_scale(UNIT_V, 10000, &s);
    assert_true(s.factor == 1);
}

static void what_is_missing_is_a_dash_and_never_zero(void **state)
{
    (void)state;
    const struct figure_scale none = {1, ""};
    char text[FIGURE_SIZE];
    for (int q = QUALITY_OVER_RANGE; q < QUALITY_COUNT; q++) {
        figure_full(text, 5, (enum quality)q, UNIT_V, none, FIGURE_TABLE, true);
        assert_string_equal(text, "\u2013" NNBSP "V");
    }
    figure_number(text, (double)NAN, QUALITY_GOOD, UNIT_V, none, FIGURE_TABLE, false);
    assert_string_equal(text, "-");
    figure_number(text, 5, QUALITY_UNCERTAIN, UNIT_V, none, FIGURE_TABLE, false);
    assert_string_equal(text, "~5.0");
}

static void a_register_has_8_and_3_digits(void **state)
{
    (void)state;
    const struct {
        int64_t micro_wh;
        const char *text;
    } cases[] = {
        {0, "00 000 000.000"},
        {INT64_C(812431204999999), "00 812 431.204"},
        {INT64_C(99999999999999999), "99 999 999.999"},
        {-1000000, "-00 000 000.001"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FIGURE_SIZE];
        figure_register(text, cases[i].micro_wh, false);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_power_factor_says_inductive_or_capacitive(void **state)
{
    (void)state;
    const struct {
        double pf, q;
        const char *text;
    } cases[] = {
        {0.952, 20900, "0.952 ind."}, {0.952, -1, "0.952 cap."}, {-0.871, -5, "-0.871 ind."},
        {-0.871, 5, "-0.871 cap."},   {0.9996, 3, "1.000"},      {0, 0, "0.000"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[FIGURE_SIZE];
        figure_power_factor(text, cases[i].pf, cases[i].q, QUALITY_GOOD, false);
        assert_string_equal(text, cases[i].text);
    }
}

static void ages_and_hours_are_short(void **state)
{
    (void)state;
    const struct {
        int64_t age_us;
        const char *text;
    } ages[] = {
        {300000, "0.3 s"},
        {12400000, "12 s"},
        {INT64_C(240000000), "4 min"},
        {INT64_C(10800000000), "3 h"},
        {-5, "0.0 s"},
    };
    char text[FIGURE_SIZE];
    for (size_t i = 0; i < COUNT(ages); i++) {
        figure_age(text, ages[i].age_us);
        assert_string_equal(text, ages[i].text);
    }
    figure_hours(text, INT64_C(11525) * 1000000);
    assert_string_equal(text, "3 h 12 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_read_as_ux_11_says),
        cmocka_unit_test(a_prefix_goes_up_at_1000_and_down_at_900),
        cmocka_unit_test(what_is_missing_is_a_dash_and_never_zero),
        cmocka_unit_test(a_register_has_8_and_3_digits),
        cmocka_unit_test(a_power_factor_says_inductive_or_capacitive),
        cmocka_unit_test(ages_and_hours_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
