#include "wire/scenario_statements_internal.h"

#include <math.h>

/* Typical currents: order, percent of the fundamental, angle in degrees at h times the current's phase (0 at its
 * crest: all 0 is a peaky current, 180 for 5 and 11 with 0 for 7 and 13 the blocks of a bridge). */
static const struct shape {
    const char *name;
    struct {
        int order;
        double percent, angle_deg;
    } part[12];
} shapes[] = {
    {"resistive", {{0}}},
    {"motor", {{5, 2.1, 30}, {7, 1.2, -40}, {11, 0.5, 10}}},
    {"led",
     {{3, 16, -20}, {5, 9, 150}, {7, 6, 20}, {9, 4, -60}, {11, 3, 110}, {13, 2, 0}, {15, 1.4, 70}}},
    {"electronics",
     {{3, 74, 0}, {5, 42, 0}, {7, 17, 0}, {9, 5, 180}, {11, 7, 180}, {13, 5, 180}, {15, 2, 0}}},
    {"computer",
     {{3, 11, 10}, {5, 7, 170}, {7, 4.5, 30}, {9, 3, -80}, {11, 2.2, 120}, {13, 1.5, 0}}},
    {"rectifier",
     {{5, 19.5, 180},
      {7, 13.6, 0},
      {11, 8.6, 180},
      {13, 7.1, 0},
      {17, 5.1, 180},
      {19, 4.4, 0},
      {23, 3.2, 180},
      {25, 2.7, 0},
      {29, 1.9, 180},
      {31, 1.5, 0}}},
    {"inverter",
     {{3, 0.6, 40}, {5, 1.4, 140}, {7, 1.0, -70}, {11, 0.6, 20}, {13, 0.5, -110}, {17, 0.3, 60}}},
    {"charger",
     {{3, 5, 20}, {5, 3.5, 175}, {7, 2.2, 35}, {9, 1.4, -90}, {11, 1.0, 120}, {13, 0.7, 10}}},
    {"welder", {{3, 17, 10}, {5, 8, 165}, {7, 4.5, 15}, {9, 2, -30}, {11, 1.5, 150}}},
};

static enum err read_part_harmonic(struct parser *p)
{
    return scenario_harmonic(p, (struct scenario_spectrum *[3]){&p->part->shape});
}

static enum err read_part_tone(struct parser *p)
{
    return scenario_tone(p, (struct scenario_spectrum *[3]){&p->part->shape});
}

static enum err read_load(struct parser *p)
{
    struct scenario *s = p->s;
    if (s->loads == SCENARIO_MAX_LOADS)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d loads", p->w.file, p->w.line,
                      SCENARIO_MAX_LOADS);
    p->load = &s->load[s->loads++];
    p->part = NULL;
    scenario_rest_of_line(p, p->load->name, sizeof p->load->name);
    return ERR_OK;
}

static enum err read_part(struct parser *p)
{
    struct scenario *s = p->s;
    if (s->parts == SCENARIO_MAX_PARTS)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d parts", p->w.file, p->w.line,
                      SCENARIO_MAX_PARTS);
    p->part = &s->part[s->parts++];
    p->part->load = (int)(p->load - s->load);
    p->part->weekend = 1;
    scenario_rest_of_line(p, p->part->name, sizeof p->part->name);
    return ERR_OK;
}

static enum err read_input(struct parser *p)
{
    static const char *const names[] = {"direct", "5A", "333mV", NULL};
    int kind;
    enum err e = words_choice(&p->w, names, "direct, 5A or 333mV", &kind);
    if (e)
        return e;
    p->load->input = (enum scenario_input)kind;
    switch (p->load->input) {
    case SCENARIO_5A:
        if ((e = words_expect(&p->w, "ratio")))
            return e;
        return words_number(&p->w, 1, 2000, &p->load->ratio);
    case SCENARIO_333MV:
        if ((e = words_expect(&p->w, "primary")))
            return e;
        return words_quantity(&p->w, units_current, 1, 10000, &p->load->nominal_a);
    case SCENARIO_DIRECT:
        break;
    }
    if (words_accept(&p->w, "nominal"))
        return words_quantity(&p->w, units_current, 0.001, 1e5, &p->load->nominal_a);
    return ERR_OK;
}

static enum err read_phases(struct parser *p)
{
    p->part->from = p->part->to = 0;
    return scenario_phases(p, 0, &p->part->phases);
}

static enum err read_between(struct parser *p)
{
    unsigned mask;
    enum err e = scenario_phases(p, 0, &mask);
    if (e)
        return e;
    p->part->from = mask & 1 ? 0 : 1;
    p->part->to = mask & 4 ? 2 : 1;
    p->part->phases = 0;
    if (mask == 3 || mask == 5 || mask == 6)
        return ERR_OK;
    return words_wrong(&p->w, ERR_FORMAT, "two phases: 12, 13 or 23", (struct span){0});
}

static enum err read_power(struct parser *p)
{
    return words_quantity(&p->w, units_power, 0, 1e9, &p->part->power_w);
}

static enum err read_current(struct parser *p)
{
    return words_quantity(&p->w, units_current, 0, 1e6, &p->part->current_a);
}

static enum err read_pf(struct parser *p)
{
    struct span word = {0};
    (void)words_next(&p->w, &word);
    double pf;
    if (!span_number(word, &pf) || !(pf > 0 && pf <= 1))
        return words_wrong(&p->w, ERR_RANGE, "a power factor above 0, at most 1", word);
    static const char *const names[] = {"lagging", "leading", NULL};
    int leading = 0;
    struct words ahead = p->w;
    enum err e;
    if (words_next(&ahead, &word) &&
        (e = words_choice(&p->w, names, "lagging or leading", &leading)))
        return e;
    p->part->angle_rad = leading ? -acos(pf) : acos(pf);
    return ERR_OK;
}

static enum err read_angle(struct parser *p)
{
    return words_quantity(&p->w, units_angle, -7, 7, &p->part->angle_rad);
}

static enum err read_export(struct parser *p)
{
    p->part->exports = true;
    return ERR_OK;
}

static enum err read_shape(struct parser *p)
{
    const char *names[COUNT(shapes) + 1] = {NULL};
    for (size_t i = 0; i < COUNT(shapes); i++)
        names[i] = shapes[i].name;
    int index;
    enum err e =
        words_choice(&p->w, names, "a shape such as resistive, motor, led or rectifier", &index);
    if (e)
        return e;
    for (size_t i = 0; i < COUNT(shapes[0].part) && shapes[index].part[i].order; i++) {
        int h = shapes[index].part[i].order;
        p->part->shape.ratio[h] = shapes[index].part[i].percent / 100;
        p->part->shape.angle_rad[h] = shapes[index].part[i].angle_deg * SCENARIO_RAD_PER_DEG;
    }
    return ERR_OK;
}

/* 00:00 8 %, 07:30 90 %, ... */
static enum err profile(struct parser *p, struct scenario_profile *to, bool by_clock)
{
    struct scenario_profile read = {0};
    double before = 0, at, level;
    do {
        enum err e = by_clock ? words_clock(&p->w, &at)
                              : words_quantity(&p->w, units_time, 0, SCENARIO_LONG_S, &at);
        if (e || (e = words_quantity(&p->w, units_ratio, 0, 10, &level)))
            return e;
        if (at < before)
            return reason(p->w.why, ERR_FORMAT,
                          "%s:%u: %s: times must rise from point to point; write: %s", p->w.file,
                          p->w.line, p->w.statement, p->w.usage);
        if (read.points == SCENARIO_MAX_POINTS)
            return reason(p->w.why, ERR_FULL, "%s:%u: more than %d points", p->w.file, p->w.line,
                          SCENARIO_MAX_POINTS);
        read.point[read.points].at_s = before = at;
        read.point[read.points++].level = level;
    } while (words_accept(&p->w, ","));
    *to = read;
    return ERR_OK;
}

static enum err read_day(struct parser *p)
{
    return profile(p, &p->part->day, true);
}

static enum err read_steps(struct parser *p)
{
    return profile(p, &p->part->steps, false);
}

static enum err read_weekend(struct parser *p)
{
    return words_quantity(&p->w, units_ratio, 0, 10, &p->part->weekend);
}

static enum err read_cycle(struct parser *p)
{
    struct scenario_part *t = p->part;
    enum err e = words_expect(&p->w, "on");
    if (e || (e = words_quantity(&p->w, units_time, 1e-3, SCENARIO_LONG_S, &t->on_s)) ||
        (e = words_expect(&p->w, "off")) ||
        (e = words_quantity(&p->w, units_time, 1e-3, SCENARIO_LONG_S, &t->off_s)))
        return e;
    return words_accept(&p->w, "after")
               ? words_quantity(&p->w, units_time, 0, SCENARIO_LONG_S, &t->after_s)
               : ERR_OK;
}

static enum err read_random(struct parser *p)
{
    struct scenario_part *t = p->part;
    enum err e = words_expect(&p->w, "on");
    if (e || (e = words_quantity(&p->w, units_time, 1e-3, SCENARIO_LONG_S, &t->random_on_s)) ||
        (e = words_expect(&p->w, "every")))
        return e;
    return words_quantity(&p->w, units_time, 2 * t->random_on_s, SCENARIO_LONG_S,
                          &t->random_every_s);
}

static enum err read_inrush(struct parser *p)
{
    enum err e = words_quantity(&p->w, units_times, 0, 50, &p->part->inrush);
    if (e || (e = words_expect(&p->w, "for")))
        return e;
    return words_quantity(&p->w, units_time, 1e-3, 60, &p->part->inrush_s);
}

static enum err read_wander(struct parser *p)
{
    enum err e = words_quantity(&p->w, units_ratio, 0, 1, &p->part->wander);
    if (e || (e = words_expect(&p->w, "over")))
        return e;
    return words_quantity(&p->w, units_time, 0.1, SCENARIO_DAY_S, &p->part->wander_s);
}

static enum err read_sun(struct parser *p)
{
    struct scenario_part *t = p->part;
    enum err e = words_clock(&p->w, &t->sun_from_s);
    if (e || (e = words_expect(&p->w, "to")) || (e = words_clock(&p->w, &t->sun_to_s)))
        return e;
    if (t->sun_to_s > t->sun_from_s)
        return ERR_OK;
    return words_wrong(&p->w, ERR_RANGE, "sunset after sunrise", (struct span){0});
}

static enum err read_clouds(struct parser *p)
{
    enum err e = words_quantity(&p->w, units_ratio, 0, 1, &p->part->clouds);
    if (e || (e = words_expect(&p->w, "over")))
        return e;
    return words_quantity(&p->w, units_time, 0.1, SCENARIO_DAY_S, &p->part->clouds_s);
}

const struct statement scenario_load_statements[] = {
    {"load", TOP | LOAD | PART, read_load, "load ground floor"},
    {"input", LOAD, read_input, "input 333mV primary 200 A"},
    {"part", LOAD | PART, read_part, "part compressor"},
    {"phases", PART, read_phases, "phases 123"},
    {"between", PART, read_between, "between 12"},
    {"power", PART, read_power, "power 6 kW"},
    {"current", PART, read_current, "current 5 A"},
    {"pf", PART, read_pf, "pf 0.95 lagging"},
    {"angle", PART, read_angle, "angle 30 deg"},
    {"export", PART, read_export, "export"},
    {"shape", PART, read_shape, "shape led"},
    {"harmonic", PART, read_part_harmonic, "harmonic 5 30 % 180 deg"},
    {"interharmonic", PART, read_part_tone, "interharmonic 175.3 Hz 10 %"},
    {"day", PART, read_day, "day 00:00 8 %, 07:30 90 %, 18:00 85 %, 20:00 10 %"},
    {"steps", PART, read_steps, "steps 0 s 0 %, 60 s 100 %, 60 s 50 %"},
    {"weekend", PART, read_weekend, "weekend 20 %"},
    {"cycle", PART, read_cycle, "cycle on 4 min off 11 min after 2 min"},
    {"random", PART, read_random, "random on 40 s every 5 min"},
    {"inrush", PART, read_inrush, "inrush 6 x for 80 ms"},
    {"wander", PART, read_wander, "wander 10 % over 2 min"},
    {"sun", PART, read_sun, "sun 06:00 to 20:30"},
    {"clouds", PART, read_clouds, "clouds 60 % over 4 min"},
};
const size_t scenario_load_count = COUNT(scenario_load_statements);
