#include "devices/pace.h"
#include "devices/source_internal.h"
#include "devices/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 20)
#define BLOCK_FRAMES 2048
#define BEHIND_S 5.0           /* a reader further behind than this is not caught up with: a gap */
#define FULL_SCALE_5A 20.0     /* A peak: 6 A at a crest factor of 3, and room */
#define FULL_SCALE_333MV 1.5   /* V peak: likewise */
#define FULL_SCALE_VOLTAGE 2.2 /* times the nominal peak */
#define FULL_SCALE_DIRECT 8.0  /* times the peak of all parts together */

struct sim {
    struct source base;
    struct scenario scenario;
    struct synth *synth;
    struct pace pace;
    int64_t given; /* frames, skipped ones too */
    bool gap;      /* before the next frame */
    int32_t *frames;
};

static enum err system_of(const struct scenario *s, enum meter_system *system, struct reason *why)
{
    for (int i = 0; meter_system_names[i]; i++)
        if (strcmp(meter_system_names[i], s->system->name) == 0) {
            *system = (enum meter_system)i;
            return ERR_OK;
        }
    return reason(why, ERR_UNKNOWN, "the meter has no system \"%s\"", s->system->name);
}

/* rms of everything a load may draw at once in a phase, roughly: what full scale must hold. */
static double all_parts_a(const struct scenario *s, int load)
{
    double sum = 0;
    for (int i = 0; i < s->parts; i++)
        if (s->part[i].load == load)
            sum += s->part[i].power_w != 0
                       ? s->part[i].power_w / s->nominal_v / fabs(cos(s->part[i].angle_rad))
                       : s->part[i].current_a;
    return sum;
}

static void configure_load(const struct scenario *s, int load, struct load_config *l)
{
    const struct scenario_load *from = &s->load[load];
    double peak = 0;
    l->ratio = 1;
    switch (from->input) {
    case SCENARIO_5A:
        l->input = INPUT_5A;
        l->ratio = from->ratio;
        peak = FULL_SCALE_5A;
        break;
    case SCENARIO_333MV:
        l->input = INPUT_333MV;
        l->primary_a = from->nominal_a;
        peak = FULL_SCALE_333MV;
        break;
    case SCENARIO_DIRECT:
        l->input = INPUT_DIRECT;
        l->nominal_a = from->nominal_a;
        peak = FULL_SCALE_DIRECT * sqrt(2.0) * fmax(1, fmax(from->nominal_a, all_parts_a(s, load)));
        break;
    }
    for (int k = 0; k < METER_GROUP_LANES; k++)
        l->amps_per_count[k] = peak / METER_RAW_MAX;
    for (int i = 0; i < s->parts; i++)
        l->generation |= s->part[i].load == load && s->part[i].exports;
    l->rule = TOTALS_SYSTEM;
    l->demand.period_min = 15;
    l->two_currents = !s->system->neutral && s->sensors == 2;
}

/* Primary amperes to what the input gets: A secondary, V of the sensor, or the same. */
static double input_per_primary(const struct load_config *l)
{
    return l->input == INPUT_5A ? 1 / l->ratio : l->input == INPUT_333MV ? 0.333 / l->primary_a : 1;
}

static void configure(struct sim *m, const struct source_options *o, enum meter_system system,
                      struct synth_config *y)
{
    const struct scenario *s = &m->scenario;
    struct source_format *f = &m->base.format;
    struct meter_config *c = &f->meter;
    f->simulated = true;
    f->start_utc_us = o->start_utc_us;
    c->loads = s->loads > 0 ? s->loads : 1;
    f->lanes = METER_GROUP_LANES * (1 + c->loads);
    c->rate_hz = f->rate_hz;
    c->system = system;
    c->simulated = true;
    c->nominal_v = s->nominal_v;
    c->nominal_hz = fabs(s->frequency_hz - 50) <= 5 ? 50 : fabs(s->frequency_hz - 60) <= 5 ? 60 : 0;
    double top = 1;
    for (int k = 0; k < 3; k++)
        top = fmax(top, s->system->neutral ? s->system->level[k] : 1);
    double peak = FULL_SCALE_VOLTAGE * sqrt(2.0) * top * s->nominal_v;
    for (int k = 0; k < METER_GROUP_LANES; k++)
        c->volts_per_count[k] = peak / METER_RAW_MAX;
    for (int l = 0; l < c->loads; l++)
        configure_load(s, l, &c->load[l]);
    *y = (struct synth_config){.scenario = s, .rate_hz = f->rate_hz, .lanes = f->lanes};
    y->start_local_s = s->begin_told && o->start_utc_us == 0
                           ? s->begin_s
                           : (double)o->start_utc_us * 1e-6 + s->zone_s;
    for (int lane = 0; lane < f->lanes; lane++) {
        int k = lane % METER_GROUP_LANES;
        bool voltage = lane < METER_GROUP_LANES;
        bool reference = !s->system->neutral && k == 1 && (voltage || s->sensors == 2);
        bool used = k < s->system->phases && !reference; /* what is not connected has no noise */
        const struct load_config *l =
            lane < METER_GROUP_LANES ? NULL : &c->load[lane / METER_GROUP_LANES - 1];
        y->counts_per_unit[lane] =
            l ? input_per_primary(l) / l->amps_per_count[k] : 1 / c->volts_per_count[k];
        y->noise_counts[lane] = used ? y->counts_per_unit[lane] * (l ? s->noise_a : s->noise_v) : 0;
    }
}

static void describe(struct sim *m, const char *path)
{
    struct source_format *f = &m->base.format;
    const struct scenario *s = &m->scenario;
    (void)snprintf(f->name, sizeof f->name, "%s", s->name[0] ? s->name : source_base_name(path));
    size_t used = 0;
    for (int l = 0; l < s->loads && used < sizeof f->channels; l++) {
        int n = snprintf(f->channels + used, sizeof f->channels - used, "%sload %d=%s",
                         l ? ", " : "", l + 1, s->load[l].name[0] ? s->load[l].name : "(unnamed)");
        used += n > 0 ? (size_t)n : 0;
    }
}

static void close_sim(struct source *s)
{
    struct sim *m = (struct sim *)s;
    synth_close(m->synth);
    free(m->frames);
    free(m);
}

static enum err open_sim(struct source **s, const char *path, const struct source_options *o,
                         struct reason *why)
{
    unsigned char *text = NULL;
    size_t length;
    struct synth_config config;
    enum meter_system system = SYSTEM_3P4W;
    struct sim *m = calloc(1, sizeof *m);
    if (!m)
        return reason(why, ERR_FULL, "%s: no memory", path);
    enum err e = source_read_file(path, MOST_BYTES, &text, &length, why);
    if (!e)
        e = scenario_parse(&m->scenario, path, (const char *)text, length, why);
    if (!e)
        e = system_of(&m->scenario, &system, why);
    if (!e && o->map)
        e = reason(why, ERR_RANGE, "%s: a scenario has its channels already: no map", path);
    if (e)
        goto done;
    m->base.kind = &source_kind_sim;
    m->base.format.rate_hz = o->rate_hz > 0 ? o->rate_hz : m->scenario.rate_hz;
    if ((e = source_check_rate(m->base.format.rate_hz, why))) {
        (void)reason_prefix(why, e, "%s", path);
        goto done;
    }
    configure(m, o, o->wiring_given ? o->wiring : system, &config);
    describe(m, path);
    m->pace.speed = o->speed;
    m->frames = calloc((size_t)BLOCK_FRAMES * (size_t)m->base.format.lanes, sizeof *m->frames);
    if (!m->frames || synth_open(&m->synth, &config)) {
        e = reason(why, ERR_FULL, "%s: no memory", path);
        goto done;
    }
    *s = &m->base;
done:
    free(text);
    if (e)
        close_sim(&m->base);
    return e;
}

static enum err read_sim(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                         struct reason *why)
{
    struct sim *m = (struct sim *)s;
    double rate = s->format.rate_hz, behind = pace_behind_s(&m->pace, now_us);
    (void)why;
    if (behind > BEHIND_S * fmax(1, m->pace.speed)) {
        int64_t skip = (int64_t)(behind * rate + 1e-6); /* rounded as pace_due does */
        synth_skip(m->synth, skip);
        pace_given(&m->pace, rate, (size_t)skip);
        m->given += skip;
        m->gap = true;
    }
    b->count = pace_due(&m->pace, rate, most < BLOCK_FRAMES ? most : BLOCK_FRAMES, now_us);
    b->frames = m->frames;
    b->utc_us = s->format.start_utc_us + llround((double)m->given / rate * 1e6);
    synth_read(m->synth, m->frames, b->count);
    pace_given(&m->pace, rate, b->count);
    m->given += (int64_t)b->count;
    b->gap = m->gap && b->count > 0;
    m->gap &= b->count == 0;
    return ERR_OK;
}

static int64_t due_sim(const struct source *s)
{
    return pace_next_us(&((const struct sim *)s)->pace);
}

const struct source_kind source_kind_sim = {
    .name = "sim",
    .endings = (const char *const[]){"scn", NULL},
    .open = open_sim,
    .read = read_sim,
    .due_us = due_sim,
    .close = close_sim,
};
