/* emsctl settings - reads and changes the settings file; the running meter takes it at its next start. */
#include "app/emsctl.h"

#include "app/meter_settings.h"
#include "base/clock.h"
#include "base/text.h"
#include "settings/settings.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session {
    struct settings *settings;
    struct meter_settings values;
    struct setting_table table;
    const char **words;
    size_t count;
    struct settings_access access;
    bool json;
    const struct subcommand *self;
};

static int fail(const struct session *s, enum err e, const struct reason *why)
{
    return emsctl_fail(s->self, e == ERR_UNKNOWN ? ERR_RANGE : e, why);
}

static int print_json(json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_decref(value);
    if (!text)
        return EXIT_FAILED;
    puts(text);
    free(text);
    return EXIT_GOOD;
}

static void print_value(const json_t *value)
{
    if (json_is_string(value)) {
        fputs(json_string_value(value), stdout);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    fputs(text ? text : "?", stdout);
    free(text);
}

static int show(struct session *s)
{
    if (s->json)
        return print_json(settings_values(s->settings));
    for (size_t i = 0; i < s->table.count; i++) {
        const struct setting *row = &s->table.rows[i];
        json_t *value;
        if (settings_get(s->settings, row->name, &row, &value, NULL) != ERR_OK)
            continue;
        printf("%-32s ", row->name);
        print_value(value);
        printf("%s%s\n", row->unit ? " " : "", row->unit ? row->unit : "");
        json_decref(value);
    }
    return EXIT_GOOD;
}

static int get(struct session *s)
{
    struct reason why;
    const struct setting *row;
    json_t *value;
    enum err e = settings_get(s->settings, s->words[1], &row, &value, &why);
    if (e != ERR_OK)
        return fail(s, e, &why);
    if (s->json)
        return print_json(value);
    print_value(value);
    putchar('\n');
    json_decref(value);
    return EXIT_GOOD;
}

static void say_fault(const struct settings_fault *f)
{
    fprintf(stderr, "emsctl settings: %s%s%s\n", f->name, f->name[0] ? ": " : "", f->why.text);
}

static int refused(const struct session *s, enum err e, const struct settings_faults *f,
                   const struct reason *why)
{
    if (!f->count)
        return fail(s, e, why);
    int listed = f->count < SETTINGS_MAX_FAULTS ? f->count : SETTINGS_MAX_FAULTS;
    for (int i = 0; i < listed; i++)
        say_fault(&f->fault[i]);
    fprintf(stderr, "emsctl settings: nothing was changed\n");
    return EXIT_REFUSED;
}

/* NAME VALUE pairs or NAME=VALUE words, changed together. */
static int set(struct session *s)
{
    struct reason why;
    struct settings_faults faults = {0};
    json_t *all = json_object();
    enum err e = ERR_OK;
    for (size_t i = 1; e == ERR_OK && i < s->count; i++) {
        char name[64];
        json_t *one = NULL;
        const char *equals = strchr(s->words[i], '=');
        const char *value = equals ? equals + 1 : i + 1 < s->count ? s->words[i + 1] : NULL;
        (void)snprintf(name, sizeof name, "%.*s",
                       (int)(equals ? equals - s->words[i] : (long)strlen(s->words[i])),
                       s->words[i]);
        e = value ? settings_typed(s->settings, name, value, &one, &why)
                  : reason(&why, ERR_FORMAT, "%s has no value", name);
        if (e == ERR_OK) {
            (void)json_object_update_recursive(all, one);
            json_decref(one);
        }
        i += !equals;
    }
    if (e == ERR_OK)
        e = settings_change(s->settings, all, &s->access, &faults, &why);
    json_decref(all);
    if (e != ERR_OK)
        return refused(s, e, &faults, &why);
    printf("saved as version %d; the meter takes it at its next start\n",
           settings_current_version(s->settings));
    return EXIT_GOOD;
}

static int schema(struct session *s)
{
    return print_json(settings_schema(s->settings));
}

static int manual(struct session *s)
{
    settings_manual(s->settings, stdout);
    return EXIT_GOOD;
}

static int history(struct session *s)
{
    struct settings_version list[SETTINGS_VERSIONS];
    int count = settings_history(s->settings, list);
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        json_array_append_new(array, json_pack("{s:i,s:s,s:s}", "version", list[i].version, "utc",
                                               list[i].utc, "who", list[i].who));
        if (!s->json)
            printf("%4d  %s  %s\n", list[i].version, list[i].utc, list[i].who);
    }
    if (s->json)
        return print_json(array);
    json_decref(array);
    return EXIT_GOOD;
}

static bool version_number(const char *text, int *version, struct reason *why)
{
    double n;
    if (options_number("version", text, 1, 1e9, &n, why) != ERR_OK)
        return false;
    *version = (int)n;
    return true;
}

/* diff A [B]: from version A to version B, or to what is in force. */
static int diff(struct session *s)
{
    struct reason why;
    int a, b = 0;
    json_t *before = NULL, *after = NULL;
    if (!version_number(s->words[1], &a, &why) ||
        (s->count > 2 && !version_number(s->words[2], &b, &why)))
        return fail(s, ERR_RANGE, &why);
    enum err e = settings_read_version(s->settings, a, &before, &why);
    if (e == ERR_OK && s->count > 2)
        e = settings_read_version(s->settings, b, &after, &why);
    else if (e == ERR_OK)
        after = settings_values(s->settings);
    if (e != ERR_OK) {
        json_decref(before);
        return fail(s, e, &why);
    }
    json_t *changes = settings_diff(before, after);
    json_decref(before);
    json_decref(after);
    if (s->json)
        return print_json(changes);
    const char *name;
    json_t *pair;
    json_object_foreach(changes, name, pair)
    {
        printf("%-32s ", name);
        print_value(json_array_get(pair, 0));
        printf(" -> ");
        print_value(json_array_get(pair, 1));
        putchar('\n');
    }
    json_decref(changes);
    return EXIT_GOOD;
}

static int undo(struct session *s)
{
    struct reason why;
    struct settings_faults faults = {0};
    struct settings_version list[SETTINGS_VERSIONS];
    int version;
    if (s->count > 1) {
        if (!version_number(s->words[1], &version, &why))
            return fail(s, ERR_RANGE, &why);
    } else {
        if (settings_history(s->settings, list) < 2) {
            (void)reason(&why, ERR_UNKNOWN, "there is no older version");
            return fail(s, ERR_UNKNOWN, &why);
        }
        version = list[1].version;
    }
    enum err e = settings_undo(s->settings, version, &s->access, &faults, &why);
    if (e != ERR_OK)
        return refused(s, e, &faults, &why);
    printf("back to version %d, saved as version %d\n", version,
           settings_current_version(s->settings));
    return EXIT_GOOD;
}

static const struct {
    const char *name;
    size_t least, most; /* words, its own included */
    int (*run)(struct session *);
} verbs[] = {
    {"show", 1, 1, show},     {"get", 2, 2, get},       {"set", 2, 64, set},
    {"schema", 1, 1, schema}, {"manual", 1, 1, manual}, {"history", 1, 1, history},
    {"diff", 2, 3, diff},     {"undo", 1, 2, undo},
};

static const char *person(void)
{
    const struct passwd *p = getpwuid(getuid());
    return p ? p->pw_name : "unknown";
}

/* Loads; a refused or damaged file is said, but schema and manual need no file. */
static enum err load(struct session *s, struct reason *why)
{
    struct settings_report *report = calloc(1, sizeof *report);
    if (!report)
        return reason(why, ERR_FULL, "no memory");
    enum err e = settings_load(s->settings, report, why);
    int listed =
        report->faults.count < SETTINGS_MAX_FAULTS ? report->faults.count : SETTINGS_MAX_FAULTS;
    for (int i = 0; i < listed; i++)
        say_fault(&report->faults.fault[i]);
    if (e == ERR_OK && report->origin == SETTINGS_FROM_VERSION)
        fprintf(stderr, "emsctl settings: %s%s; version %d is in use\n", report->problem.text,
                report->damaged ? " (kept aside as .damaged)" : "", report->version);
    free(report);
    return e;
}

static int run(struct session *s, size_t verb, const char *file)
{
    struct reason why = {""};
    enum err e = settings_open(&s->settings, file, &why);
    if (e == ERR_OK)
        e = settings_add(s->settings, &s->table, &why);
    bool needs_file = verbs[verb].run != schema && verbs[verb].run != manual;
    if (e == ERR_OK && needs_file)
        e = load(s, &why);
    int code = e == ERR_OK ? verbs[verb].run(s) : fail(s, e, &why);
    settings_close(s->settings);
    return code;
}

int emsctl_settings(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    const char *words[64], *names[COUNT(verbs)];
    bool seal_open = false;
    const struct option_row rows[] = {
        {"seal-open", NULL, "sealed settings may change (development; the device has a switch)",
         NULL, &seal_open},
    };
    int code;
    size_t count;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), words, COUNT(words), &count, argc, argv,
                        &code))
        return code;
    struct reason why;
    size_t verb = 0;
    for (size_t i = 0; i < COUNT(verbs); i++)
        names[i] = verbs[i].name;
    while (count && verb < COUNT(verbs) && strcmp(words[0], verbs[verb].name) != 0)
        verb++;
    if (!count || verb == COUNT(verbs)) {
        (void)reason(&why, ERR_FORMAT,
                     "\"%.20s\" is none of show, get, set, schema, manual, history, "
                     "diff, undo; the nearest is \"%s\"",
                     count ? words[0] : "",
                     text_nearest(count ? words[0] : "show", names, COUNT(names)));
        (void)emsctl_fail(self, ERR_FORMAT, &why);
        return EXIT_USAGE;
    }
    if (count < verbs[verb].least || count > verbs[verb].most) {
        (void)reason(&why, ERR_FORMAT, "%s takes %zu to %zu words", verbs[verb].name,
                     verbs[verb].least - 1, verbs[verb].most - 1);
        (void)emsctl_fail(self, ERR_FORMAT, &why);
        return EXIT_USAGE;
    }
    struct session s = {
        .words = words,
        .count = count,
        .json = ctl->json,
        .self = self,
        .access = {
            .role = ROLE_ADMIN, .seal_open = seal_open, .who = person(), .utc_us = clock_utc_us()}};
    s.table = meter_settings_table(&s.values);
    return run(&s, verb, ctl->places.settings);
}
