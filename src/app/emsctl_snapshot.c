/* emsctl snapshot, emsctl wait - the latest picture as a table or as JSON; waiting for the first one. */
#include "app/emsctl.h"

#include "app/figures.h"
#include "app/values.h"
#include "base/clock.h"
#include "base/json.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TEXT_SIZE ((size_t)1 << 20)
#define MAX_IDS 64

struct shown {
    struct snapshot s;
    struct snapshot_spectra x;
    int64_t age_us;
    int32_t pid; /* of the meter that published it */
    int load;
    struct catalogue_entry entry[MAX_IDS];
    size_t entries; /* 0 = all scalars */
};

static void print_row(const struct shown *v, const struct catalogue_entry *e, bool unicode)
{
    const struct variable *row = e->variable;
    char id[64], number[FIGURE_SIZE];
    values_id(e, id, sizeof id);
    values_text(&v->s, &v->x, v->load, e, unicode, number);
    enum quality q = values_quality(&v->s, v->load, e);
    /* columns by characters, not bytes */
    int pad = 24;
    for (const char *p = number; *p; p++)
        pad -= ((unsigned char)*p & 0xC0) != 0x80;
    printf("%-32s %*s%s %-5s %s\n", id, pad > 0 ? pad : 0, "", number,
           row->kind == KIND_TIME || (row->unit == UNIT_DEG && !unicode) ? ""
                                                                         : unit_symbol(row->unit),
           quality_name(q));
}

static void print_table(const struct shown *v, bool unicode)
{
    char utc[32], age[FIGURE_SIZE];
    clock_text(v->s.utc_us, utc, sizeof utc);
    figure_age(age, v->age_us);
    printf("# %s, %s, load %d of %d, %s, %s old\n", v->s.source, meter_system_names[v->s.system],
           v->load, v->s.loads - 1, utc, age);
    for (size_t i = 0; i < v->entries; i++)
        print_row(v, &v->entry[i], unicode);
    for (int i = 0; i < VAR_COUNT && !v->entries; i++)
        print_row(v, &(struct catalogue_entry){.variable = &catalogue_variables[i], .index = i},
                  unicode);
}

static int print_json(const struct shown *v, const struct subcommand *self)
{
    struct json_writer w = {.text = malloc(JSON_TEXT_SIZE), .size = JSON_TEXT_SIZE};
    struct reason why;
    char utc[32];
    if (!w.text) {
        (void)reason(&why, ERR_FULL, "no memory");
        return emsctl_fail(self, ERR_FULL, &why);
    }
    clock_text(v->s.utc_us, utc, sizeof utc);
    json_open(&w, NULL, '{');
    json_put_text(&w, "utc", utc);
    json_put_integer(&w, "utc_us", v->s.utc_us);
    json_put_integer(&w, "sequence", (int64_t)v->s.sequence);
    json_put_real(&w, "age_s", (double)v->age_us / 1e6);
    json_put_integer(&w, "pid", v->pid);
    json_put_text(&w, "source", v->s.source);
    json_put_text(&w, "system", meter_system_names[v->s.system]);
    json_put_integer(&w, "loads", v->s.loads);
    json_put_integer(&w, "load", v->load);
    if (v->entries) {
        json_open(&w, "values", '{');
        for (size_t i = 0; i < v->entries; i++)
            values_json(&w, &v->s, &v->x, v->load, &v->entry[i]);
        json_close(&w, '}');
    } else {
        values_json_all(&w, &v->s, &v->x, v->load, true);
    }
    json_close(&w, '}');
    puts(w.text);
    free(w.text);
    return EXIT_GOOD;
}

int emsctl_snapshot(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    const char *load = "0", *ids[MAX_IDS];
    const struct option_row rows[] = {{"load", "N", "which load", &load, NULL}};
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), ids, MAX_IDS, &words, argc, argv, &code))
        return code;
    struct reason why;
    double n;
    struct reader reader = {.folder = ctl->places.run};
    struct shown *v = calloc(1, sizeof *v);
    if (!v) {
        (void)reason(&why, ERR_FULL, "no memory");
        return emsctl_fail(self, ERR_FULL, &why);
    }
    enum err e = options_number("--load", load, 0, METER_MAX_LOADS - 1, &n, &why);
    for (; e == ERR_OK && v->entries < words; v->entries++)
        e = catalogue_find(ids[v->entries], &v->entry[v->entries], &why);
    if (e == ERR_UNKNOWN) /* a wrong id is a wrong command line, not an absent meter */
        e = ERR_FORMAT;
    if (e == ERR_OK)
        e = reader_read(&reader, clock_monotonic_us(), &v->s, &v->x, &v->age_us, &why);
    if (e == ERR_OK && n >= v->s.loads)
        e = reason(&why, ERR_RANGE, "--load %g: this meter has loads 0 .. %d", n, v->s.loads - 1);
    if (e == ERR_OK) {
        v->load = (int)n;
        v->pid = window_header(reader.window)->pid;
        code = EXIT_GOOD;
        if (ctl->json)
            code = print_json(v, self);
        else
            print_table(v, ctl->unicode);
    } else {
        code = emsctl_fail(self, e, &why);
    }
    reader_close(&reader);
    free(v);
    return code;
}

/* The window has no way to wake a reader (it is read-only): we look 20 times a second. */
int emsctl_wait(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    const char *seconds = "10";
    const struct option_row rows[] = {{"seconds", "N", "give up after (10)", &seconds, NULL}};
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), NULL, 0, &words, argc, argv, &code))
        return code;
    struct reason why = {""};
    double limit_s;
    enum err e = options_number("--seconds", seconds, 0, 3600, &limit_s, &why);
    if (e != ERR_OK)
        return emsctl_fail(self, e, &why);
    struct reader reader = {.folder = ctl->places.run};
    struct snapshot *s = calloc(1, sizeof *s);
    int64_t begin_us = clock_monotonic_us(), age_us = 0;
    for (;;) {
        int64_t now_us = clock_monotonic_us();
        e = s ? reader_read(&reader, now_us, s, NULL, &age_us, &why)
              : reason(&why, ERR_FULL, "no memory");
        if ((e == ERR_OK && age_us < READER_STALE_US) || e == ERR_FULL ||
            (double)(now_us - begin_us) > limit_s * 1e6)
            break;
        (void)poll(NULL, 0, 50);
    }
    if (e == ERR_OK && age_us >= READER_STALE_US)
        e = reason(&why, ERR_BUSY, "the meter's last values are %.0f s old", (double)age_us / 1e6);
    reader_close(&reader);
    free(s);
    return e == ERR_OK ? EXIT_GOOD : emsctl_fail(self, e, &why);
}
