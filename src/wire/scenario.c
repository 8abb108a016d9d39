#include "wire/scenario.h"

#include "base/text.h"
#include "wire/scenario_words_internal.h"

#include <math.h>
#include <string.h>

#define DAY_S 86400.0
#define LONG_S 31536000.0 /* a year: longest duration that is taken for meant */
#define RAD_PER_DEG 0.017453292519943295

static const struct scenario_system systems[] = {
    {.name = "1P2W", .phases = 1, .neutral = true, .level = {1}},
    {.name = "2P3W",
     .phases = 2,
     .neutral = true,
     .level = {1, 1},
     .angle_rad = {0, 180 * RAD_PER_DEG}},
    {.name = "3P4W",
     .phases = 3,
     .neutral = true,
     .level = {1, 1, 1},
     .angle_rad = {0, -120 * RAD_PER_DEG, 120 * RAD_PER_DEG}},
    /* `voltage` is line to line; phasors are those of the star point */
    {.name = "3P3W",
     .phases = 3,
     .neutral = false,
     .level = {0.57735026918962576, 0.57735026918962576, 0.57735026918962576},
     .angle_rad = {0, -120 * RAD_PER_DEG, 120 * RAD_PER_DEG}},
    /* mid-tap of the winding L1-L3; the high leg L2 is sqrt 3 away from it */
    {.name = "wild-leg",
     .phases = 3,
     .neutral = true,
     .level = {1, 1.7320508075688772, 1},
     .angle_rad = {0, -90 * RAD_PER_DEG, 180 * RAD_PER_DEG}},
};

const struct scenario_system *scenario_system(const char *name)
{
    for (size_t i = 0; i < COUNT(systems); i++)
        if (strcmp(systems[i].name, name) == 0)
            return &systems[i];
    return NULL;
}

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

enum { TOP = 1, LOAD = 2, PART = 4 };

struct parser {
    struct words w;
    struct scenario *s;
    struct scenario_load *load; /* the one being described, or NULL */
    struct scenario_part *part;
};

/* "v", "v2", "i13", "123": a letter, then phases; no digit means all. */
static enum err phases(struct parser *p, char letter, unsigned *mask)
{
    struct span word = {0};
    (void)words_next(&p->w, &word);
    size_t i = letter ? 1 : 0;
    bool right = word.length > 0 && (!letter || (word.at[0] | 0x20) == letter);
    *mask = letter && word.length == 1 ? 7 : 0;
    for (; right && i < word.length; i++) {
        unsigned bit = word.at[i] >= '1' && word.at[i] <= '3' ? 1u << (word.at[i] - '1') : 0;
        right = bit != 0 && !(*mask & bit);
        *mask |= bit;
    }
    if (right)
        return ERR_OK;
    return words_wrong(&p->w, ERR_FORMAT,
                       letter == 'v'   ? "v1, v2, v3, v12 or v (all)"
                       : letter == 'i' ? "i1, i2 or i3"
                                       : "phases such as 1, 23 or 123",
                       word);
}

/* One phase of "v1" / "i2" as 0..2. */
static enum err one_phase(struct parser *p, char letter, int *phase)
{
    unsigned mask;
    enum err e = phases(p, letter, &mask);
    if (e)
        return e;
    if (mask != 1 && mask != 2 && mask != 4)
        return words_wrong(&p->w, ERR_FORMAT, "one phase", (struct span){0});
    *phase = mask == 1 ? 0 : mask == 2 ? 1 : 2;
    return ERR_OK;
}

static void rest_of_line(struct parser *p, char *to, size_t size)
{
    span_show(span_trim(p->w.rest), to, size);
    p->w.rest.length = 0;
}

static enum err read_name(struct parser *p)
{
    rest_of_line(p, p->s->name, sizeof p->s->name);
    return ERR_OK;
}

static enum err read_system(struct parser *p)
{
    const char *names[COUNT(systems) + 1] = {NULL};
    for (size_t i = 0; i < COUNT(systems); i++)
        names[i] = systems[i].name;
    int index;
    enum err e = words_choice(&p->w, names, "1P2W, 2P3W, 3P4W, 3P3W or wild-leg", &index);
    if (!e)
        p->s->system = &systems[index];
    return e;
}

static enum err read_voltage(struct parser *p)
{
    return words_quantity(&p->w, units_voltage, 10, 1e6, &p->s->nominal_v);
}

static enum err read_frequency(struct parser *p)
{
    return words_quantity(&p->w, units_frequency, 10, 1000, &p->s->frequency_hz);
}

static enum err read_drift(struct parser *p)
{
    enum err e = words_quantity(&p->w, units_frequency, 0, 5, &p->s->drift_hz);
    if (!e)
        e = words_expect(&p->w, "over");
    return e ? e : words_quantity(&p->w, units_time, 1, LONG_S, &p->s->drift_s);
}

static enum err read_ramp(struct parser *p)
{
    double slope, from, to;
    enum err e = words_quantity(&p->w, units_slope, -20, 20, &slope);
    if (e || (e = words_expect(&p->w, "from")) ||
        (e = words_quantity(&p->w, units_time, 0, LONG_S, &from)) ||
        (e = words_expect(&p->w, "to")) ||
        (e = words_quantity(&p->w, units_time, from, LONG_S, &to)))
        return e;
    if (p->s->ramps == SCENARIO_MAX_RAMPS)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d ramps", p->w.file, p->w.line,
                      SCENARIO_MAX_RAMPS);
    p->s->ramp[p->s->ramps].from_s = from;
    p->s->ramp[p->s->ramps].to_s = to;
    p->s->ramp[p->s->ramps++].hz_per_s = slope;
    return ERR_OK;
}

static enum err read_rate(struct parser *p)
{
    return words_quantity(&p->w, units_frequency, 400, 128000, &p->s->rate_hz);
}

static enum err read_seed(struct parser *p)
{
    long n;
    enum err e = words_whole(&p->w, 0, INT32_MAX, &n);
    if (!e)
        p->s->seed = (uint64_t)n;
    return e;
}

static enum err read_zone(struct parser *p)
{
    return words_quantity(&p->w, units_time, -DAY_S, DAY_S, &p->s->zone_s);
}

static enum err read_begin(struct parser *p)
{
    p->s->begin_told = true;
    return words_clock(&p->w, &p->s->begin_s);
}

static enum err read_noise(struct parser *p)
{
    static const char *const names[] = {"voltage", "current", NULL};
    int index;
    enum err e = words_choice(&p->w, names, "voltage or current", &index);
    if (e)
        return e;
    return index == 0 ? words_quantity(&p->w, units_voltage, 0, 1e4, &p->s->noise_v)
                      : words_quantity(&p->w, units_current, 0, 1e4, &p->s->noise_a);
}

static enum err read_sequence(struct parser *p)
{
    static const char *const names[] = {"123", "132", NULL};
    int index;
    enum err e = words_choice(&p->w, names, "123 or 132", &index);
    if (!e)
        p->s->reversed_sequence = index == 1;
    return e;
}

static enum err read_sensors(struct parser *p)
{
    long n;
    enum err e = words_whole(&p->w, 2, 3, &n);
    if (!e)
        p->s->sensors = (int)n;
    return e;
}

/* line v2 98 % [turned 1 deg] */
static enum err read_line(struct parser *p)
{
    unsigned mask;
    double level, angle = 0;
    enum err e = phases(p, 'v', &mask);
    if (e || (e = words_quantity(&p->w, units_ratio, 0, 2, &level)))
        return e;
    if (words_accept(&p->w, "turned") && (e = words_quantity(&p->w, units_angle, -7, 7, &angle)))
        return e;
    for (int k = 0; k < 3; k++)
        if (mask >> k & 1) {
            p->s->level[k] = level;
            p->s->angle_rad[k] = angle;
        }
    return ERR_OK;
}

/* 5 4 % [30 deg] */
static enum err harmonic_of(struct parser *p, struct scenario_spectrum *to[3])
{
    long order;
    double ratio, angle = 0;
    enum err e = words_whole(&p->w, 2, SCENARIO_MAX_ORDER, &order);
    if (e || (e = words_quantity(&p->w, units_ratio, 0, 2, &ratio)))
        return e;
    struct words ahead = p->w;
    struct span more;
    if (words_next(&ahead, &more) && (e = words_quantity(&p->w, units_angle, -7, 7, &angle)))
        return e;
    for (int k = 0; k < 3; k++)
        if (to[k]) {
            to[k]->ratio[order] = ratio;
            to[k]->angle_rad[order] = angle;
        }
    return ERR_OK;
}

/* 175.3 Hz 2 % */
static enum err tone_of(struct parser *p, struct scenario_spectrum *to[3])
{
    double hz, ratio;
    enum err e = words_quantity(&p->w, units_frequency, 0.1, 4000, &hz);
    if (e || (e = words_quantity(&p->w, units_ratio, 0, 2, &ratio)))
        return e;
    int i = 0;
    while (i < p->s->tones && p->s->tone_hz[i] != hz)
        i++;
    if (i == SCENARIO_MAX_TONES)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d interharmonic frequencies",
                      p->w.file, p->w.line, SCENARIO_MAX_TONES);
    p->s->tone_hz[i] = hz;
    if (i == p->s->tones)
        p->s->tones++;
    for (int k = 0; k < 3; k++)
        if (to[k])
            to[k]->tone[i] = ratio;
    return ERR_OK;
}

static enum err of_voltages(struct parser *p,
                            enum err (*read)(struct parser *, struct scenario_spectrum *[3]))
{
    unsigned mask;
    enum err e = phases(p, 'v', &mask);
    if (e)
        return e;
    struct scenario_spectrum *to[3];
    for (int k = 0; k < 3; k++)
        to[k] = mask >> k & 1 ? &p->s->voltage[k] : NULL;
    return read(p, to);
}

static enum err read_voltage_harmonic(struct parser *p)
{
    return of_voltages(p, harmonic_of);
}

static enum err read_voltage_tone(struct parser *p)
{
    return of_voltages(p, tone_of);
}

static enum err read_part_harmonic(struct parser *p)
{
    return harmonic_of(p, (struct scenario_spectrum *[3]){&p->part->shape});
}

static enum err read_part_tone(struct parser *p)
{
    return tone_of(p, (struct scenario_spectrum *[3]){&p->part->shape});
}

/* ... at 09:30 for 120 ms [every 1 h] */
static enum err event(struct parser *p, unsigned mask, double level)
{
    struct scenario *s = p->s;
    struct scenario_event ev = {.phases = mask, .level = level};
    enum err e = words_expect(&p->w, "at");
    if (e)
        return e;
    ev.daily = words_clock_follows(&p->w);
    e = ev.daily ? words_clock(&p->w, &ev.at_s)
                 : words_quantity(&p->w, units_time, 0, LONG_S, &ev.at_s);
    if (e || (e = words_expect(&p->w, "for")) ||
        (e = words_quantity(&p->w, units_time, 1e-3, DAY_S, &ev.for_s)))
        return e;
    if (words_accept(&p->w, "every") &&
        (e = words_quantity(&p->w, units_time, ev.for_s, LONG_S, &ev.every_s)))
        return e;
    if (ev.daily && ev.every_s == 0)
        ev.every_s = DAY_S;
    if (s->events == SCENARIO_MAX_EVENTS)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d dips, swells and interruptions",
                      p->w.file, p->w.line, SCENARIO_MAX_EVENTS);
    s->event[s->events++] = ev;
    return ERR_OK;
}

static enum err leveled_event(struct parser *p, double min, double max)
{
    unsigned mask;
    double level;
    enum err e = phases(p, 'v', &mask);
    if (e || (e = words_expect(&p->w, "to")) ||
        (e = words_quantity(&p->w, units_ratio, min, max, &level)))
        return e;
    return event(p, mask, level);
}

static enum err read_dip(struct parser *p)
{
    return leveled_event(p, 0, 1);
}

static enum err read_swell(struct parser *p)
{
    return leveled_event(p, 1, 2);
}

static enum err read_interruption(struct parser *p)
{
    unsigned mask;
    enum err e = phases(p, 'v', &mask);
    return e ? e : event(p, mask, 0);
}

static void swap(int *a, int *b)
{
    int keep = *a;
    *a = *b;
    *b = keep;
}

static enum err read_fault(struct parser *p)
{
    static const char *const names[] = {"missing", "sequence", "reversed", "swapped",
                                        "rotated", "neutral",  NULL};
    enum { MISSING, SEQUENCE, REVERSED, SWAPPED, ROTATED, NEUTRAL };
    struct scenario_load *l = p->load ? p->load : &p->s->load[0];
    int fault, a, b;
    enum err e = words_choice(&p->w, names,
                              "missing, sequence, reversed, swapped, rotated or neutral", &fault);
    if (e)
        return e;
    if (fault == SEQUENCE) {
        p->s->reversed_sequence = true;
    } else if (fault == MISSING || fault == NEUTRAL) {
        if ((e = one_phase(p, 'v', &a)))
            return e;
        if (fault == MISSING)
            p->s->missing[a] = true;
        else
            p->s->neutral_swap = a + 1;
    } else if (fault == REVERSED) {
        if ((e = one_phase(p, 'i', &a)))
            return e;
        l->reverse[a] = -1;
    } else if (fault == SWAPPED) {
        if ((e = one_phase(p, 'i', &a)) || (e = one_phase(p, 'i', &b)))
            return e;
        swap(&l->sensor_on[a], &l->sensor_on[b]);
    } else { /* forward: input 1 sits on phase 2; backward: on phase 3 */
        static const char *const ways[] = {"forward", "backward", NULL};
        if ((e = words_choice(&p->w, ways, "forward or backward", &a)))
            return e;
        for (int k = 0; k < 3; k++)
            l->sensor_on[k] = (k + (a == 0 ? 1 : 2)) % 3;
    }
    return ERR_OK;
}

static enum err read_load(struct parser *p)
{
    struct scenario *s = p->s;
    if (s->loads == SCENARIO_MAX_LOADS)
        return reason(p->w.why, ERR_FULL, "%s:%u: more than %d loads", p->w.file, p->w.line,
                      SCENARIO_MAX_LOADS);
    p->load = &s->load[s->loads++];
    p->part = NULL;
    rest_of_line(p, p->load->name, sizeof p->load->name);
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
    rest_of_line(p, p->part->name, sizeof p->part->name);
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
    return phases(p, 0, &p->part->phases);
}

static enum err read_between(struct parser *p)
{
    unsigned mask;
    enum err e = phases(p, 0, &mask);
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
        p->part->shape.angle_rad[h] = shapes[index].part[i].angle_deg * RAD_PER_DEG;
    }
    return ERR_OK;
}

/* 00:00 8 %, 07:30 90 %, ... */
static enum err profile(struct parser *p, struct scenario_profile *to, bool by_clock)
{
    struct scenario_profile read = {0};
    double before = 0, at, level;
    do {
        enum err e =
            by_clock ? words_clock(&p->w, &at) : words_quantity(&p->w, units_time, 0, LONG_S, &at);
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
    if (e || (e = words_quantity(&p->w, units_time, 1e-3, LONG_S, &t->on_s)) ||
        (e = words_expect(&p->w, "off")) ||
        (e = words_quantity(&p->w, units_time, 1e-3, LONG_S, &t->off_s)))
        return e;
    return words_accept(&p->w, "after") ? words_quantity(&p->w, units_time, 0, LONG_S, &t->after_s)
                                        : ERR_OK;
}

static enum err read_random(struct parser *p)
{
    struct scenario_part *t = p->part;
    enum err e = words_expect(&p->w, "on");
    if (e || (e = words_quantity(&p->w, units_time, 1e-3, LONG_S, &t->random_on_s)) ||
        (e = words_expect(&p->w, "every")))
        return e;
    return words_quantity(&p->w, units_time, 2 * t->random_on_s, LONG_S, &t->random_every_s);
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
    return words_quantity(&p->w, units_time, 0.1, DAY_S, &p->part->wander_s);
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
    return words_quantity(&p->w, units_time, 0.1, DAY_S, &p->part->clouds_s);
}

static const struct statement {
    const char *word;
    unsigned where;
    enum err (*read)(struct parser *p);
    const char *usage;
} statements[] = {
    {"name", TOP, read_name, "name An office building"},
    {"system", TOP, read_system, "system 3P4W"},
    {"voltage", TOP, read_voltage, "voltage 230 V"},
    {"frequency", TOP, read_frequency, "frequency 50 Hz"},
    {"drift", TOP, read_drift, "drift 20 mHz over 10 min"},
    {"ramp", TOP, read_ramp, "ramp 0.5 Hz/s from 5 s to 8 s"},
    {"rate", TOP, read_rate, "rate 16 kHz"},
    {"seed", TOP, read_seed, "seed 7"},
    {"zone", TOP, read_zone, "zone 1 h"},
    {"begin", TOP, read_begin, "begin 07:30"},
    {"noise", TOP, read_noise, "noise voltage 20 mV"},
    {"sequence", TOP, read_sequence, "sequence 132"},
    {"sensors", TOP, read_sensors, "sensors 2"},
    {"line", TOP, read_line, "line v2 98 % turned 1 deg"},
    {"harmonic", TOP, read_voltage_harmonic, "harmonic v 5 3 % 30 deg"},
    {"interharmonic", TOP, read_voltage_tone, "interharmonic v1 175.3 Hz 2 %"},
    {"dip", TOP, read_dip, "dip v1 to 60 % at 09:30 for 120 ms"},
    {"swell", TOP, read_swell, "swell v to 112 % at 30 s for 2 s every 10 min"},
    {"interruption", TOP, read_interruption, "interruption v at 30 s for 1 s"},
    {"fault", TOP | LOAD, read_fault, "fault reversed i2"},
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

static const char *place(unsigned where)
{
    return where & TOP ? "before the first load" : where & LOAD ? "below a load" : "below a part";
}

static enum err unknown(struct parser *p, struct span word, unsigned here)
{
    char typed[48];
    span_show(word, typed, sizeof typed);
    const char *names[COUNT(statements)];
    size_t count = 0;
    for (size_t i = 0; i < COUNT(statements); i++)
        if (span_is(word, statements[i].word))
            return reason(p->w.why, ERR_FORMAT, "%s:%u: \"%s\" belongs %s; write: %s", p->w.file,
                          p->w.line, typed, place(statements[i].where), statements[i].usage);
        else if (statements[i].where & here)
            names[count++] = statements[i].word;
    return reason(p->w.why, ERR_FORMAT,
                  "%s:%u: expected a statement, found \"%s\"; the nearest here is \"%s\"",
                  p->w.file, p->w.line, typed, text_nearest(typed, names, count));
}

static enum err statement(struct parser *p, struct span line)
{
    p->w.rest = line;
    struct span word;
    if (!words_next(&p->w, &word))
        return ERR_OK;
    unsigned here = p->part ? PART : p->load ? LOAD : TOP;
    for (size_t i = 0; i < COUNT(statements); i++) {
        if (!(statements[i].where & here) || !span_is(word, statements[i].word))
            continue;
        p->w.statement = statements[i].word;
        p->w.usage = statements[i].usage;
        enum err e = statements[i].read(p);
        return e ? e : words_end(&p->w);
    }
    return unknown(p, word, here);
}

/* Does a part fit the system? The line is gone by now; its names say where to look. */
static enum err fits(const struct scenario *s, const struct scenario_part *t, const char *file,
                     struct reason *why)
{
    const struct scenario_system *y = s->system;
    const char *load = s->load[t->load].name;
    unsigned there = (1u << y->phases) - 1;
    if (t->phases == 0 && t->from == t->to)
        return reason(why, ERR_FORMAT, "%s: part \"%s\" of load \"%s\" needs phases or between",
                      file, t->name, load);
    if (t->power_w == 0 && t->current_a == 0)
        return reason(why, ERR_FORMAT, "%s: part \"%s\" of load \"%s\" needs power or current",
                      file, t->name, load);
    if (t->power_w != 0 && fabs(cos(t->angle_rad)) < 1e-3)
        return reason(
            why, ERR_RANGE,
            "%s: part \"%s\" of load \"%s\": power at an angle of 90 deg; give its current", file,
            t->name, load);
    unsigned used = t->from != t->to ? 1u << t->from | 1u << t->to : t->phases;
    if (used & ~there)
        return reason(why, ERR_RANGE, "%s: part \"%s\" of load \"%s\": %s has only %d phase%s",
                      file, t->name, load, y->name, y->phases, y->phases == 1 ? "" : "s");
    if (t->from == t->to && !y->neutral && t->phases != there)
        return reason(
            why, ERR_RANGE,
            "%s: part \"%s\" of load \"%s\": %s has no neutral: expected phases 123 or between",
            file, t->name, load, y->name);
    return ERR_OK;
}

enum err scenario_parse(struct scenario *s, const char *file, const char *text, size_t length,
                        struct reason *why)
{
    memset(s, 0, sizeof *s);
    s->system = scenario_system("3P4W");
    s->nominal_v = 230;
    s->frequency_hz = 50;
    s->rate_hz = 16000;
    s->seed = 1;
    s->sensors = 2;
    for (int k = 0; k < 3; k++)
        s->level[k] = 1;
    for (int l = 0; l < SCENARIO_MAX_LOADS; l++) {
        s->load[l].ratio = 1;
        for (int k = 0; k < 3; k++) {
            s->load[l].reverse[k] = 1;
            s->load[l].sensor_on[k] = k;
        }
    }
    struct parser p = {.w = {.file = file, .why = why}, .s = s};
    struct span_lines lines = {.left = {text, length}};
    struct span line;
    while (span_line(&lines, &line)) {
        const char *comment = line.length ? memchr(line.at, '#', line.length) : NULL;
        if (comment)
            line.length = (size_t)(comment - line.at);
        p.w.line = lines.line;
        enum err e = statement(&p, line);
        if (e)
            return e;
    }
    for (int i = 0; i < s->parts; i++) {
        enum err e = fits(s, &s->part[i], file, why);
        if (e)
            return e;
    }
    if (s->drift_hz > s->frequency_hz / 4)
        return reason(why, ERR_RANGE, "%s: the frequency swings by more than a quarter", file);
    return ERR_OK;
}
