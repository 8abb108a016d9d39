#include "app/meter_settings.h"

#include "settings/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct meter_settings values;

static struct settings *open_settings(struct setting_table *table)
{
    struct settings *s = NULL;
    *table = meter_settings_table(&values);
    assert_int_equal(settings_open(&s, "/tmp/nowhere.json", NULL), ERR_OK);
    struct reason why = {""};
    enum err e = settings_add(s, table, &why);
    if (e != ERR_OK)
        print_error("%s\n", why.text);
    assert_int_equal(e, ERR_OK);
    return s;
}

static void the_table_is_sound_and_initially_the_source_decides(void **state)
{
    (void)state;
    struct setting_table table;
    settings_close(open_settings(&table));
    struct meter_config c = {.system = SYSTEM_2P3W, .nominal_v = 120, .nominal_hz = 60, .loads = 2};
    c.load[1] = (struct load_config){.input = INPUT_333MV, .primary_a = 50, .generation = true};
    assert_int_equal(meter_settings_apply(&values, &c, NULL), ERR_OK);
    assert_int_equal(c.system, SYSTEM_2P3W);
    assert_true(c.nominal_v == 120 && c.nominal_hz == 60);
    assert_int_equal(c.load[1].input, INPUT_333MV);
    assert_true(c.load[1].primary_a == 50 && c.load[1].generation);
    assert_int_equal(c.load[1].rule, TOTALS_SYSTEM);
    assert_int_equal(c.load[0].demand.period_min, 15);
}

static void settings_win_over_the_source(void **state)
{
    (void)state;
    struct setting_table table;
    settings_close(open_settings(&table));
    values.system = 1 + SYSTEM_3P3W;
    values.nominal_v = 400;
    values.nominal_hz = 1;
    values.load[1].input = INPUT_5A;
    values.load[1].ratio = 40;
    (void)snprintf(values.load[1].map, sizeof values.load[1].map, "-2,1,3");
    struct meter_config c = {.loads = 2};
    assert_int_equal(meter_settings_apply(&values, &c, NULL), ERR_OK);
    assert_int_equal(c.system, SYSTEM_3P3W);
    assert_true(c.nominal_v == 400 && c.nominal_hz == 50);
    assert_int_equal(c.load[1].input, INPUT_5A);
    assert_true(c.load[1].ratio == 40);
    assert_int_equal(c.load[1].map[0], -2);
    assert_int_equal(c.load[0].input, INPUT_DIRECT);
}

static void a_map_names_each_phase_once(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int map[3];
        enum err e;
    } cases[] = {
        {"", {0, 0, 0}, ERR_OK},    {"1,2,3", {1, 2, 3}, ERR_OK}, {"-3,1,-2", {-3, 1, -2}, ERR_OK},
        {"1,2", {0}, ERR_FORMAT},   {"1,2,2", {0}, ERR_FORMAT},   {"1,2,4", {0}, ERR_FORMAT},
        {"0,1,2", {0}, ERR_FORMAT}, {"1,2,3,", {0}, ERR_FORMAT},  {"a,b,c", {0}, ERR_FORMAT},
        {"1;2;3", {0}, ERR_FORMAT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int map[3] = {0};
        assert_int_equal(meter_settings_map(cases[i].text, map, NULL), cases[i].e);
        assert_memory_equal(map, cases[i].map, sizeof map);
    }
}

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    struct setting_table table;
    settings_close(open_settings(&table));
    struct reason why = {""};
    assert_int_equal(table.check(&values, &why), ERR_OK);
    values.demand_period_min = 7;
    assert_int_equal(table.check(&values, &why), ERR_RANGE);
    values.demand_period_min = 15;
    values.rate_hz = 100;
    assert_int_equal(table.check(&values, &why), ERR_RANGE);
    values.rate_hz = 0;
    (void)snprintf(values.load[10].map, sizeof values.load[10].map, "1,1,1");
    assert_int_equal(table.check(&values, &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "load10.map"));
}

static void calibration_is_all_or_nothing(void **state)
{
    (void)state;
    const struct {
        const char *text, *says;
        enum err e;
    } cases[] = {
        {"{\"loads\": [{\"gain_v\": [0.01, 0, 0, 0], \"sensor\": [[{\"current_a\": 5, "
         "\"ratio_pct\": 0.1, "
         "\"phase_deg\": 0.05}], [], []]}]}",
         "", ERR_OK},
        {"{\"loads\": [{\"gain_v\": [0.01, 0, 0]}]}", "loads[0]: gain_v: must be a list of 4",
         ERR_FORMAT},
        {"{\"loads\": [{\"gain\": [0, 0, 0, 0]}]}", "nearest is \"gain_v\"", ERR_UNKNOWN},
        {"{\"loads\": [{\"gain_v\": [9, 0, 0, 0]}]}", "loads[0]", ERR_RANGE},
        {"{\"loads\": [{\"sensor\": [[{\"current_a\": 5}], [], []]}]}", "sensor[0][0]", ERR_FORMAT},
        {"{\"loads\": 1}", "loads", ERR_FORMAT},
        {"{\"loads\": [{}", "json:1:", ERR_FORMAT},
    };
    char path[] = "/tmp/calibration_test.XXXXXX.json";
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(cases[i].text, f);
        assert_int_equal(fclose(f), 0);
        struct meter_config c = {.loads = 1}, before = c;
        struct reason why = {""};
        assert_int_equal(meter_calibration_read(path, &c, &why), cases[i].e);
        assert_non_null(strstr(why.text, cases[i].says));
        if (cases[i].e == ERR_OK)
            assert_true(c.load[0].calibration.sensor[0][0].current_a == 5);
        else
            assert_memory_equal(&c, &before, sizeof c);
    }
    unlink(path);
    struct meter_config c = {.loads = 1};
    assert_int_equal(meter_calibration_read(path, &c, NULL), ERR_OK); /* absent: none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound_and_initially_the_source_decides),
        cmocka_unit_test(settings_win_over_the_source),
        cmocka_unit_test(a_map_names_each_phase_once),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(calibration_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
