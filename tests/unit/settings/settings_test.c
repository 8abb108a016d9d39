#include "settings/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct room {
    bool on;
    int64_t keep_days;
    double limit;
    char name[8];
    int system;
    int untouched; /* not in the table */
};

#define SETTINGS_STRUCT struct room
static const char *const systems[] = {"1P2W", "3P4W", NULL};
static const struct setting rows[] = {
    {.name = "room.on", .type = SETTING_BOOL, .initial = "true", .text = "Is it on?", INTO(on)},
    {.name = "room.keep_days",
     .type = SETTING_INT,
     .min = 1,
     .max = 3650,
     .initial = "400",
     .unit = "d",
     .role = ROLE_ADMIN,
     .text = "How long.",
     INTO(keep_days)},
    {.name = "room.limit",
     .type = SETTING_REAL,
     .min = -1,
     .max = 1,
     .initial = "0.5",
     .text = "A limit.",
     INTO(limit)},
    {.name = "room.name", .type = SETTING_TEXT, .initial = "shop", .text = "Its name.", INTO(name)},
    {.name = "meter.system",
     .type = SETTING_CHOICE,
     .choices = systems,
     .initial = "3P4W",
     .sealed = true,
     .restart = true,
     .text = "The system.",
     INTO(system)},
};

static enum err check_room(const void *values, struct reason *why)
{
    const struct room *r = values;
    return r->keep_days == 13 ? reason(why, ERR_RANGE, "13 brings bad luck") : ERR_OK;
}

struct place {
    char folder[64], file[96];
    struct room room;
    struct setting_table table;
    struct settings *s;
    struct settings_report report;
    struct settings_faults faults;
};

static const struct settings_access admin = {.role = ROLE_ADMIN, .seal_open = true, .who = "anna"};

static void reopen(struct place *p)
{
    settings_close(p->s);
    p->table = (struct setting_table){rows, COUNT(rows), &p->room, check_room};
    assert_int_equal(settings_open(&p->s, p->file, NULL), ERR_OK);
    assert_int_equal(settings_add(p->s, &p->table, NULL), ERR_OK);
}

static int begin(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        return -1;
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/settings_test.XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    (void)snprintf(p->file, sizeof p->file, "%s/settings.json", p->folder);
    p->room.untouched = 7;
    reopen(p);
    *state = p;
    return 0;
}

static int end(void **state)
{
    struct place *p = *state;
    char command[128];
    settings_close(p->s);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    free(p);
    return system(command);
}

static json_t *json(const char *text)
{
    json_t *v = NULL;
    assert_int_equal(json_read(text, strlen(text), "test", &v, NULL), ERR_OK);
    return v;
}

static enum err change(struct place *p, const char *text, const struct settings_access *a)
{
    struct reason why = {""};
    json_t *v = json(text);
    enum err e = settings_change(p->s, v, a, &p->faults, &why);
    json_decref(v);
    return e;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void initial_values_hold_until_something_is_set(void **state)
{
    struct place *p = *state;
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(p->report.origin, SETTINGS_FROM_INITIAL);
    assert_true(p->room.on);
    assert_int_equal(p->room.keep_days, 400);
    assert_true(p->room.limit == 0.5);
    assert_string_equal(p->room.name, "shop");
    assert_int_equal(p->room.system, 1);
    assert_int_equal(p->room.untouched, 7);
}

static void a_change_is_applied_and_survives_a_restart(void **state)
{
    struct place *p = *state;
    assert_int_equal(
        change(
            p,
            "{\"room\": {\"keep_days\": 30, \"name\": \"a\"}, \"meter\": {\"system\": \"1P2W\"}}",
            &admin),
        ERR_OK);
    assert_int_equal(p->room.keep_days, 30);
    memset(&p->room, 0, sizeof p->room);
    reopen(p);
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(p->report.origin, SETTINGS_FROM_FILE);
    assert_int_equal(settings_current_version(p->s), 1);
    assert_int_equal(p->room.keep_days, 30);
    assert_string_equal(p->room.name, "a");
    assert_int_equal(p->room.system, 0);
    assert_true(p->room.on);
}

static void every_bad_value_is_refused_with_words_and_nothing_changes(void **state)
{
    struct place *p = *state;
    const struct {
        const char *change, *name, *says;
        enum err e;
    } bad[] = {
        {"{\"room\": {\"on\": 1}}", "room.on", "true or false", ERR_FORMAT},
        {"{\"room\": {\"keep_days\": 0}}", "room.keep_days", "outside 1 .. 3650", ERR_RANGE},
        {"{\"room\": {\"keep_days\": 1.5}}", "room.keep_days", "whole number", ERR_FORMAT},
        {"{\"room\": {\"keep_days\": \"3\"}}", "room.keep_days", "whole number", ERR_FORMAT},
        {"{\"room\": {\"limit\": 1.01}}", "room.limit", "outside -1 .. 1", ERR_RANGE},
        {"{\"room\": {\"name\": \"12345678\"}}", "room.name", "at most 7", ERR_RANGE},
        {"{\"meter\": {\"system\": \"3P4w\"}}", "meter.system", "nearest is \"3P4W\"", ERR_RANGE},
        {"{\"room\": {\"keepdays\": 3}}", "room.keepdays", "nearest is \"room.keep_days\"",
         ERR_UNKNOWN},
        {"{\"rom\": {\"on\": true}}", "rom.on", "nearest is \"room.on\"", ERR_UNKNOWN},
        {"{\"room\": 5}", "room", "object", ERR_FORMAT},
        {"[]", "", "object", ERR_FORMAT},
        {"{\"room\": {\"keep_days\": 13}}", "", "bad luck", ERR_RANGE},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct room before = p->room;
        assert_int_equal(change(p, bad[i].change, &admin), bad[i].e);
        assert_int_equal(p->faults.count, 1);
        assert_string_equal(p->faults.fault[0].name, bad[i].name);
        assert_non_null(strstr(p->faults.fault[0].why.text, bad[i].says));
        assert_memory_equal(&p->room, &before, sizeof before);
    }
    assert_int_not_equal(access(p->file, F_OK), 0);
}

static void one_bad_value_stops_all_and_all_errors_are_listed(void **state)
{
    struct place *p = *state;
    assert_int_equal(
        change(p, "{\"room\": {\"name\": \"b\", \"limit\": 7, \"onn\": true}}", &admin), ERR_RANGE);
    assert_int_equal(p->faults.count, 2);
    assert_string_equal(p->room.name, "shop");
}

static void rights_and_the_seal_are_asked_only_for_what_differs(void **state)
{
    struct place *p = *state;
    const struct settings_access installer = {.role = ROLE_INSTALLER, .who = "i"};
    const struct settings_access sealed = {.role = ROLE_ADMIN, .who = "a"};
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 5}}", &installer), ERR_DENIED);
    assert_non_null(strstr(p->faults.fault[0].why.text, "administrator"));
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 400, \"name\": \"x\"}}", &installer),
                     ERR_OK);
    assert_int_equal(change(p, "{\"meter\": {\"system\": \"1P2W\"}}", &sealed), ERR_DENIED);
    assert_non_null(strstr(p->faults.fault[0].why.text, "seal"));
    assert_int_equal(change(p, "{\"meter\": {\"system\": \"1P2W\"}}", &admin), ERR_OK);
}

static void the_last_twenty_versions_are_kept_and_one_can_go_back(void **state)
{
    struct place *p = *state;
    char text[64];
    for (int i = 1; i <= SETTINGS_VERSIONS + 5; i++) {
        (void)snprintf(text, sizeof text, "{\"room\": {\"keep_days\": %d}}", 100 + i);
        assert_int_equal(change(p, text, &admin), ERR_OK);
    }
    struct settings_version list[SETTINGS_VERSIONS];
    assert_int_equal(settings_history(p->s, list), SETTINGS_VERSIONS);
    assert_int_equal(list[0].version, SETTINGS_VERSIONS + 5);
    assert_int_equal(list[SETTINGS_VERSIONS - 1].version, 6);
    assert_string_equal(list[0].who, "anna");
    assert_int_equal(settings_undo(p->s, 5, &admin, &p->faults, NULL), ERR_UNKNOWN);
    assert_int_equal(settings_undo(p->s, 7, &admin, &p->faults, NULL), ERR_OK);
    assert_int_equal(p->room.keep_days, 107);
    assert_int_equal(settings_current_version(p->s), SETTINGS_VERSIONS + 6);
}

static void a_difference_names_both_values(void **state)
{
    struct place *p = *state;
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 5}}", &admin), ERR_OK);
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 6, \"name\": \"x\"}}", &admin), ERR_OK);
    json_t *a = NULL, *b = NULL;
    assert_int_equal(settings_read_version(p->s, 1, &a, NULL), ERR_OK);
    assert_int_equal(settings_read_version(p->s, 2, &b, NULL), ERR_OK);
    json_t *d = settings_diff(a, b),
           *want = json("{\"room.keep_days\": [5, 6], \"room.name\": [\"shop\", \"x\"]}");
    assert_true(json_equal(d, want));
    json_decref(a);
    json_decref(b);
    json_decref(d);
    json_decref(want);
}

static void a_damaged_file_is_kept_aside_and_the_last_version_used(void **state)
{
    struct place *p = *state;
    const char *const damage[] = {"", "{\"room\": {\"keep", "\0\0\0\0"};
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 77}}", &admin), ERR_OK);
    for (size_t i = 0; i < COUNT(damage); i++) {
        write_file(p->file, damage[i]);
        reopen(p);
        assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
        assert_int_equal(p->report.origin, SETTINGS_FROM_VERSION);
        assert_true(p->report.damaged);
        assert_non_null(strstr(p->report.problem.text, "settings.json:"));
        assert_int_equal(p->room.keep_days, 77);
        char aside[128];
        (void)snprintf(aside, sizeof aside, "%s.damaged", p->file);
        assert_int_equal(access(aside, F_OK), 0);
    }
}

static void a_file_with_a_wrong_value_is_refused_and_left_for_its_author(void **state)
{
    struct place *p = *state;
    write_file(p->file, "{\"room\": {\"keep_days\": 5, \"limit\": 9}}");
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_FORMAT);
    assert_int_equal(p->room.keep_days, 400); /* no version yet: nothing is applied */
    assert_int_equal(unlink(p->file), 0);
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 6}}", &admin), ERR_OK);
    write_file(p->file, "{\"room\": {\"keep_days\": 5, \"limit\": 9}}");
    reopen(p);
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(p->report.origin, SETTINGS_FROM_VERSION);
    assert_false(p->report.damaged);
    assert_string_equal(p->report.faults.fault[0].name, "room.limit");
    assert_int_equal(p->room.keep_days, 6);
    assert_int_equal(access(p->file, F_OK), 0);
}

static void a_file_that_is_gone_does_not_mean_initial_values(void **state)
{
    struct place *p = *state;
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 77}}", &admin), ERR_OK);
    write_file(p->file, "{\"room\": {\"keep");
    for (int start = 0; start < 3; start++) { /* the first keeps the damaged file aside */
        reopen(p);
        assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
        assert_int_equal(p->report.origin, SETTINGS_FROM_VERSION);
        assert_int_equal(p->report.version, 1);
        assert_true(p->report.damaged == (start == 0));
        assert_non_null(strstr(p->report.problem.text, "settings.json"));
        assert_int_equal(p->room.keep_days, 77);
    }
    assert_int_equal(change(p, "{\"room\": {\"limit\": 0.25}}", &admin), ERR_OK);
    reopen(p);
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(p->report.origin, SETTINGS_FROM_FILE);
    assert_int_equal(p->room.keep_days, 77);
}

static void two_writers_keep_each_others_changes(void **state)
{
    struct place *p = *state;
    struct place other = {.s = NULL};
    (void)snprintf(other.file, sizeof other.file, "%s", p->file);
    reopen(&other);
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(settings_load(other.s, &other.report, NULL), ERR_OK);
    assert_int_equal(change(p, "{\"room\": {\"keep_days\": 77}}", &admin), ERR_OK);
    assert_int_equal(change(&other, "{\"room\": {\"limit\": 0.25}}", &admin), ERR_OK);
    assert_int_equal(settings_current_version(other.s), 2);
    assert_int_equal(other.room.keep_days, 77);
    settings_close(other.s);
    reopen(p);
    assert_int_equal(settings_load(p->s, &p->report, NULL), ERR_OK);
    assert_int_equal(p->room.keep_days, 77);
    assert_true(p->room.limit == 0.25);
}

static void what_only_the_whole_shows_wrong_is_nobodys_fault(void **state)
{
    struct place *p = *state;
    struct reason why = {""};
    json_t *v = json("{\"room\": {\"keep_days\": 13}}");
    assert_int_equal(settings_change(p->s, v, &admin, &p->faults, &why), ERR_RANGE);
    json_decref(v);
    assert_int_equal(p->faults.count, 1);
    assert_string_equal(p->faults.fault[0].name, "");
    assert_string_equal(why.text, "13 brings bad luck");
}

static void a_table_with_a_mistake_of_ours_is_refused(void **state)
{
    (void)state;
    static struct room room;
    const struct setting bad[] = {
        {.name = "nogroup", .type = SETTING_BOOL, .initial = "true", .text = "", INTO(on)},
        {.name = "saved.on", .type = SETTING_BOOL, .initial = "true", .text = "", INTO(on)},
        {.name = "room.keep_days",
         .type = SETTING_INT,
         .min = 1,
         .max = 5,
         .initial = "6",
         .text = "",
         INTO(keep_days)},
        {.name = "room.on", .type = SETTING_BOOL, .initial = "perhaps", .text = "", INTO(on)},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct settings *s = NULL;
        struct setting_table t = {.rows = &bad[i], .count = 1, .values = &room};
        assert_int_equal(settings_open(&s, "/tmp/x.json", NULL), ERR_OK);
        assert_int_not_equal(settings_add(s, &t, NULL), ERR_OK);
        settings_close(s);
    }
}

static void typed_words_become_values_of_the_rows_type(void **state)
{
    struct place *p = *state;
    const struct {
        const char *name, *typed, *json;
    } cases[] = {
        {"room.on", "off", "{\"room\": {\"on\": false}}"},
        {"room.keep_days", "12", "{\"room\": {\"keep_days\": 12}}"},
        {"room.limit", "0.25", "{\"room\": {\"limit\": 0.25}}"},
        {"room.name", "12", "{\"room\": {\"name\": \"12\"}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *v = NULL, *want = json(cases[i].json);
        assert_int_equal(settings_typed(p->s, cases[i].name, cases[i].typed, &v, NULL), ERR_OK);
        assert_true(json_equal(v, want));
        json_decref(v);
        json_decref(want);
    }
    json_t *v = NULL;
    struct reason why = {""};
    assert_int_equal(settings_typed(p->s, "room.kep_days", "1", &v, &why), ERR_UNKNOWN);
    assert_non_null(strstr(why.text, "room.keep_days"));
}

static void schema_and_manual_show_every_row(void **state)
{
    struct place *p = *state;
    json_t *schema = settings_schema(p->s);
    json_t *o = json_object_get(
        json_object_get(
            json_object_get(json_object_get(json_object_get(schema, "properties"), "meter"),
                            "properties"),
            "system"),
        "enum");
    assert_int_equal(json_array_size(o), 2);
    json_decref(schema);
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    settings_manual(p->s, f);
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_non_null(strstr(text, rows[i].text));
    assert_non_null(strstr(text, "## room"));
    assert_non_null(strstr(text, "sealed, restart"));
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(initial_values_hold_until_something_is_set),
        TEST(a_change_is_applied_and_survives_a_restart),
        TEST(every_bad_value_is_refused_with_words_and_nothing_changes),
        TEST(one_bad_value_stops_all_and_all_errors_are_listed),
        TEST(rights_and_the_seal_are_asked_only_for_what_differs),
        TEST(the_last_twenty_versions_are_kept_and_one_can_go_back),
        TEST(a_difference_names_both_values),
        TEST(a_damaged_file_is_kept_aside_and_the_last_version_used),
        TEST(a_file_with_a_wrong_value_is_refused_and_left_for_its_author),
        TEST(a_file_that_is_gone_does_not_mean_initial_values),
        TEST(two_writers_keep_each_others_changes),
        TEST(what_only_the_whole_shows_wrong_is_nobodys_fault),
        TEST(a_table_with_a_mistake_of_ours_is_refused),
        TEST(typed_words_become_values_of_the_rows_type),
        TEST(schema_and_manual_show_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
