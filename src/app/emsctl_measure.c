/* emsctl measure - a record (or scenario) in, values out: one line a window, and a summary with the energies.
 *
 * JSON lines carry every digit: {"window": 1, "start_utc_us": ..., "values": {id: {value, unit, quality}}}, then
 * {"summary": {...}}. The text form is a table of the main values. What became which channel goes to standard error.
 */
#include "app/emsctl.h"

#include "app/meter_settings.h"
#include "app/values.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "devices/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_TEXT_SIZE ((size_t)1 << 20)
#define BLOCK_FRAMES 4096
#define SIMULATED_SECONDS 10.0 /* a scenario does not end by itself */

struct request {
    const char *file, *map, *wiring, *ratio, *primary, *nominal, *nominal_a, *seconds, *rate;
    bool spectra, generation, json;
};

struct measuring {
    const struct request *request;
    struct source *source;
    void *memory;
    struct meter *meter;
    struct snapshot s;
    struct snapshot_spectra x;
    struct json_writer w;
    double nominal_v;
    int64_t windows;
    double seconds;  /* of whole windows */
    double pushed_s; /* of samples: what the registers have counted */
    int64_t start_utc_us;
};

/* Columns of the text form. */
static const struct {
    const char *head;
    enum variable_id id;
    int width, decimals;
    double factor;
} columns[] = {
    {"f Hz", VAR_frequency, 9, 4, 1},
    {"U1 V", VAR_voltage_l1_n, 11, 3, 1},
    {"U2 V", VAR_voltage_l2_n, 11, 3, 1},
    {"U3 V", VAR_voltage_l3_n, 11, 3, 1},
    {"I1 A", VAR_current_l1, 10, 3, 1},
    {"I2 A", VAR_current_l2, 10, 3, 1},
    {"I3 A", VAR_current_l3, 10, 3, 1},
    {"P kW", VAR_power, 12, 4, 1e-3},
    {"Q1 kvar", VAR_reactive_power, 12, 4, 1e-3},
    {"S kVA", VAR_apparent_power, 12, 4, 1e-3},
    {"PF", VAR_power_factor, 8, 4, 1},
};

static enum err configure(const struct request *r, struct meter_config *c, struct reason *why)
{
    double x;
    enum err e = ERR_OK;
    if (r->nominal) {
        e = options_number("--nominal", r->nominal, 0, 1e6, &x, why);
        if (e != ERR_OK)
            return e;
        c->nominal_v = x;
    }
    for (int k = 0; k < c->loads && e == ERR_OK; k++) {
        struct load_config *l = &c->load[k];
        l->generation = l->generation || r->generation;
        if (r->ratio) {
            e = options_number("--ratio", r->ratio, 1, 2000, &l->ratio, why);
            l->input = INPUT_5A;
        }
        if (e == ERR_OK && r->primary) {
            e = options_number("--primary", r->primary, 1, 10000, &l->primary_a, why);
            l->input = INPUT_333MV;
        }
        if (e == ERR_OK && r->nominal_a)
            e = options_number("--nominal-a", r->nominal_a, 0, 1e6, &l->nominal_a, why);
    }
    return e;
}

static enum err open_source(struct measuring *m, struct reason *why)
{
    const struct request *r = m->request;
    struct source_options o = {.map = r->map};
    double rate = 0;
    if (r->rate) {
        enum err e =
            options_number("--rate", r->rate, METER_MIN_RATE_HZ, METER_MAX_RATE_HZ, &rate, why);
        if (e != ERR_OK)
            return e;
        o.rate_hz = rate;
    }
    if (r->wiring) {
        size_t i = 0, count = 0;
        while (meter_system_names[count])
            count++;
        while (i < count && strcmp(meter_system_names[i], r->wiring) != 0)
            i++;
        if (i == count)
            return reason(why, ERR_RANGE, "--wiring: no system \"%.20s\"; the nearest is \"%s\"",
                          r->wiring, text_nearest(r->wiring, meter_system_names, count));
        o.wiring_given = true;
        o.wiring = (enum meter_system)i;
    }
    enum err e = source_open(&m->source, r->file, &o, why);
    if (e == ERR_OK && r->rate && source_format(m->source)->rate_hz != rate)
        e = reason(why, ERR_RANGE, "--rate: %s was sampled at %g Hz; only a scenario takes another",
                   r->file, source_format(m->source)->rate_hz);
    return e;
}

static enum err start_meter(struct measuring *m, struct reason *why)
{
    struct meter_config *c = calloc(1, sizeof *c);
    if (!c)
        return reason(why, ERR_FULL, "no memory");
    *c = source_format(m->source)->meter;
    enum err e = configure(m->request, c, why);
    free(m->memory);
    m->memory = NULL;
    size_t size = (meter_size(c) + 63) / 64 * 64;
    if (e == ERR_OK && !(m->memory = aligned_alloc(64, size)))
        e = reason(why, ERR_FULL, "no memory for the meter: %zu bytes", size);
    if (e == ERR_OK)
        e = meter_init(&m->meter, m->memory, c, why);
    m->s.system = (int32_t)c->system;
    m->s.loads = c->loads;
    m->nominal_v = c->nominal_v;
    free(c);
    return e;
}

static void say_what_is_measured(const struct measuring *m)
{
    const struct source_format *f = source_format(m->source);
    fprintf(stderr, "%s\n%.6g Hz, %s, %d load%s", f->name, f->rate_hz,
            meter_system_names[m->s.system], m->s.loads, m->s.loads == 1 ? "" : "s");
    if (m->nominal_v > 0) /* no record tells it */
        fprintf(stderr, ", nominal %.6g V", m->nominal_v);
    fprintf(stderr, "\n%s\n", f->channels);
}

static void print_text(const struct measuring *m, int load, const struct reading *r)
{
    const struct snapshot_load *l = &m->s.load[load];
    if (m->windows == 1 && load == 0) {
        printf("%6s %4s %10s", "window", "load", "end s");
        for (size_t i = 0; i < COUNT(columns); i++)
            printf(" %*s ", columns[i].width - 1, columns[i].head);
        printf("  flags (~ uncertain, ! over range)\n");
    }
    printf("%6lld %4d %10.4f", (long long)m->windows, load, m->seconds);
    for (size_t i = 0; i < COUNT(columns); i++) {
        enum quality q = (enum quality)l->quality[columns[i].id];
        if (q >= QUALITY_FAILED)
            printf(" %*s ", columns[i].width - 1, "-");
        else
            printf(" %*.*f%s", columns[i].width - 1, columns[i].decimals,
                   l->value[columns[i].id].real * columns[i].factor,
                   q == QUALITY_OVER_RANGE  ? "!"
                   : q == QUALITY_UNCERTAIN ? "~"
                                            : " ");
    }
    printf("  %s%s%s\n", r->now.flags & FLAG_PARTIAL ? "partial " : "",
           r->now.flags & FLAG_NO_REFERENCE ? "no-reference " : "",
           r->now.flags & FLAG_DISCONTINUITY ? "gap" : "");
}

static enum err put_line(struct measuring *m, struct reason *why)
{
    if (m->w.full)
        return reason(why, ERR_FULL, "a window does not fit in %zu bytes of JSON", m->w.size);
    puts(m->w.text);
    m->w = (struct json_writer){.text = m->w.text, .size = m->w.size};
    return ERR_OK;
}

static enum err print_window(struct measuring *m, const struct meter_window *w, int load,
                             struct reason *why)
{
    const struct reading *r = &w->reading[load];
    if (!m->request->json) {
        print_text(m, load, r);
        return ERR_OK;
    }
    json_open(&m->w, NULL, '{');
    json_put_integer(&m->w, "window", m->windows);
    json_put_integer(&m->w, "load", load);
    json_put_integer(&m->w, "start_utc_us", w->start_utc_us);
    json_put_integer(&m->w, "end_utc_us", w->end_utc_us);
    json_put_real(&m->w, "duration_s", r->now.duration_s);
    json_put_integer(&m->w, "cycles", r->now.cycles);
    json_put_bool(&m->w, "partial", (r->now.flags & FLAG_PARTIAL) != 0);
    values_json_all(&m->w, &m->s, &m->x, load, m->request->spectra);
    json_close(&m->w, '}');
    return put_line(m, why);
}

static enum err take_windows(struct measuring *m, struct reason *why)
{
    struct meter_window *w = calloc(1, sizeof *w);
    if (!w)
        return reason(why, ERR_FULL, "no memory");
    enum err e = ERR_OK;
    while (e == ERR_OK && meter_poll(m->meter, w)) {
        m->windows++;
        if (m->windows == 1)
            m->start_utc_us = w->start_utc_us;
        m->seconds += w->reading[0].now.duration_s;
        m->s.utc_us = w->end_utc_us;
        for (int k = 0; k < w->loads; k++) {
            snapshot_fill_load(&m->s.load[k], &w->reading[k]);
            snapshot_fill_spectra(m->x.value[k], &w->reading[k]);
        }
        for (int k = 0; e == ERR_OK && k < w->loads; k++)
            e = print_window(m, w, k, why);
    }
    free(w);
    return e;
}

/* The rate changed: another meter goes on with the registers. */
static enum err change_meter(struct measuring *m, struct reason *why)
{
    meter_end(m->meter);
    enum err e = take_windows(m, why);
    if (e != ERR_OK)
        return e;
    int loads = m->s.loads;
    struct meter_image *images = calloc((size_t)loads, sizeof *images);
    if (!images)
        return reason(why, ERR_FULL, "no memory");
    for (int k = 0; k < loads; k++)
        meter_image(m->meter, k, &images[k]);
    e = start_meter(m, why);
    for (int k = 0; e == ERR_OK && k < loads && k < m->s.loads; k++)
        meter_restore(m->meter, k, &images[k]);
    free(images);
    return e;
}

/* Pushes a block in portions that the meter has room for. */
static enum err push(struct measuring *m, const struct source_block *b, struct reason *why)
{
    const struct source_format *f = source_format(m->source);
    for (size_t done = 0; done < b->count;) {
        size_t n = b->count - done, room = meter_room(m->meter);
        if (n > room)
            n = room;
        if (n == 0)
            return reason(why, ERR_FULL, "the meter takes no more samples");
        int64_t utc_us = b->utc_us + llround((double)done * 1e6 / f->rate_hz);
        enum err e = meter_push(m->meter, b->frames + done * (size_t)f->lanes, n, utc_us);
        if (e == ERR_OK)
            e = take_windows(m, why);
        if (e != ERR_OK)
            return e;
        done += n;
        m->pushed_s += (double)n / f->rate_hz;
    }
    return ERR_OK;
}

static enum err run(struct measuring *m, struct reason *why)
{
    enum err e = open_source(m, why);
    if (e == ERR_OK)
        e = start_meter(m, why);
    if (e != ERR_OK)
        return e;
    say_what_is_measured(m);
    double limit_s = source_format(m->source)->simulated ? SIMULATED_SECONDS : 1e9;
    if (m->request->seconds)
        e = options_number("--seconds", m->request->seconds, 0, 1e9, &limit_s, why);
    struct source_block b = {0};
    while (e == ERR_OK && !b.end && m->seconds < limit_s) {
        e = source_read(m->source, BLOCK_FRAMES, clock_monotonic_us(), &b, why);
        if (e != ERR_OK)
            break;
        if (b.changed)
            e = change_meter(m, why);
        else if (b.gap)
            meter_gap(m->meter);
        if (e == ERR_OK)
            e = push(m, &b, why);
    }
    if (e == ERR_OK) {
        meter_end(m->meter);
        e = take_windows(m, why);
    }
    if (e == ERR_OK && m->windows == 0)
        e = reason(why, ERR_RANGE, "the record holds no whole cycle");
    return e;
}

static const enum variable_id energies[] = {
    VAR_energy_import,          VAR_energy_export,   VAR_reactive_energy_import,
    VAR_reactive_energy_export, VAR_apparent_energy,
};

static enum err summary(struct measuring *m, struct reason *why)
{
    if (!m->request->json)
        printf("\n%lld windows, %.6f s\n", (long long)m->windows, m->pushed_s);
    for (int k = 0; k < m->s.loads; k++) {
        json_open(&m->w, NULL, '{');
        json_open(&m->w, "summary", '{');
        json_put_integer(&m->w, "load", k);
        json_put_integer(&m->w, "windows", m->windows);
        json_put_real(&m->w, "seconds", m->pushed_s);
        json_put_integer(&m->w, "start_utc_us", m->start_utc_us);
        json_put_integer(&m->w, "end_utc_us", m->s.utc_us);
        json_put_text(&m->w, "channels", source_format(m->source)->channels);
        json_open(&m->w, "values", '{');
        for (size_t i = 0; i < COUNT(energies); i++) {
            struct catalogue_entry e = {.variable = &catalogue_variables[energies[i]],
                                        .index = (int)energies[i]};
            values_json(&m->w, &m->s, &m->x, k, &e);
            if (!m->request->json)
                printf("load %d  %-26s %16.6f %s\n", k, e.variable->id,
                       snapshot_real(&m->s.load[k], energies[i]), unit_symbol(e.variable->unit));
        }
        json_close(&m->w, '}');
        json_close(&m->w, '}');
        json_close(&m->w, '}');
        if (m->request->json) {
            enum err e = put_line(m, why);
            if (e != ERR_OK)
                return e;
        } else {
            m->w = (struct json_writer){.text = m->w.text, .size = m->w.size};
        }
    }
    return ERR_OK;
}

int emsctl_measure(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv)
{
    struct request r = {0};
    const struct option_row rows[] = {
        {"wiring", "SYSTEM",
         "1P2W, 2P3W, 3P4W, 3P3W or wild-leg, instead of what the channels suggest", &r.wiring,
         NULL},
        {"map", "MAP", "channels by hand: v1=U1,v2=U2,i1=-I1,i2=3 (name or number, - turns round)",
         &r.map, NULL},
        {"ratio", "N", "currents are secondary of 5 A transformers with this ratio", &r.ratio,
         NULL},
        {"primary", "A", "currents are 333 mV sensors with this primary current", &r.primary, NULL},
        {"nominal", "V", "nominal voltage L-N (3P3W: L-L)", &r.nominal, NULL},
        {"nominal-a", "A", "nominal current", &r.nominal_a, NULL},
        {"rate", "HZ", "sampling rate of a scenario", &r.rate, NULL},
        {"seconds", "S", "stop after this much (scenarios: 10)", &r.seconds, NULL},
        {"generation", NULL, "the load may export: reversed currents are no wiring fault", NULL,
         &r.generation},
        {"spectra", NULL, "harmonics too (with --json)", NULL, &r.spectra},
    };
    int code;
    size_t words;
    if (!emsctl_options(ctl, self, rows, COUNT(rows), &r.file, 1, &words, argc, argv, &code))
        return code;
    struct reason why = {""};
    if (!words || (r.ratio && r.primary)) {
        (void)reason(&why, ERR_FORMAT,
                     words ? "--ratio and --primary exclude each other"
                           : "which record? see emsctl measure --help");
        (void)emsctl_fail(self, ERR_FORMAT, &why);
        return EXIT_USAGE;
    }
    r.json = ctl->json;
    struct measuring *m = calloc(1, sizeof *m);
    char *text = malloc(JSON_TEXT_SIZE);
    enum err e = ERR_OK;
    if (!m || !text) {
        e = reason(&why, ERR_FULL, "no memory");
    } else {
        m->request = &r;
        m->w = (struct json_writer){.text = text, .size = JSON_TEXT_SIZE};
        e = run(m, &why);
        if (e == ERR_OK)
            e = summary(m, &why);
        source_close(m->source);
        free(m->memory);
    }
    free(text);
    free(m);
    if (e == ERR_OK)
        return EXIT_GOOD;
    (void)emsctl_fail(self, e, &why);
    return (int)(e == ERR_UNKNOWN ? EXIT_REFUSED : options_exit(e));
}
