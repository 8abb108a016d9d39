#include "wire/scenario_statements_internal.h"

#include <stdint.h>
#include <string.h>

static const struct scenario_system systems[] = {
    {.name = "1P2W", .phases = 1, .neutral = true, .level = {1}},
    {.name = "2P3W",
     .phases = 2,
     .neutral = true,
     .level = {1, 1},
     .angle_rad = {0, 180 * SCENARIO_RAD_PER_DEG}},
    {.name = "3P4W",
     .phases = 3,
     .neutral = true,
     .level = {1, 1, 1},
     .angle_rad = {0, -120 * SCENARIO_RAD_PER_DEG, 120 * SCENARIO_RAD_PER_DEG}},
    /* `voltage` is line to line; phasors are those of the star point */
    {.name = "3P3W",
     .phases = 3,
     .neutral = false,
     .level = {0.57735026918962576, 0.57735026918962576, 0.57735026918962576},
     .angle_rad = {0, -120 * SCENARIO_RAD_PER_DEG, 120 * SCENARIO_RAD_PER_DEG}},
    /* mid-tap of the winding L1-L3; the high leg L2 is sqrt 3 away from it */
    {.name = "wild-leg",
     .phases = 3,
     .neutral = true,
     .level = {1, 1.7320508075688772, 1},
     .angle_rad = {0, -90 * SCENARIO_RAD_PER_DEG, 180 * SCENARIO_RAD_PER_DEG}},
};

const struct scenario_system *scenario_system(const char *name)
{
    for (size_t i = 0; i < COUNT(systems); i++)
        if (strcmp(systems[i].name, name) == 0)
            return &systems[i];
    return NULL;
}

static enum err read_name(struct parser *p)
{
    scenario_rest_of_line(p, p->s->name, sizeof p->s->name);
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
    return e ? e : words_quantity(&p->w, units_time, 1, SCENARIO_LONG_S, &p->s->drift_s);
}

static enum err read_ramp(struct parser *p)
{
    double slope, from, to;
    enum err e = words_quantity(&p->w, units_slope, -20, 20, &slope);
    if (e || (e = words_expect(&p->w, "from")) ||
        (e = words_quantity(&p->w, units_time, 0, SCENARIO_LONG_S, &from)) ||
        (e = words_expect(&p->w, "to")) ||
        (e = words_quantity(&p->w, units_time, from, SCENARIO_LONG_S, &to)))
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
    int64_t n;
    enum err e = words_whole(&p->w, 0, INT32_MAX, &n);
    if (!e)
        p->s->seed = (uint64_t)n;
    return e;
}

static enum err read_zone(struct parser *p)
{
    return words_quantity(&p->w, units_time, -SCENARIO_DAY_S, SCENARIO_DAY_S, &p->s->zone_s);
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
    int64_t n;
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
    enum err e = scenario_phases(p, 'v', &mask);
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

static enum err of_voltages(struct parser *p,
                            enum err (*read)(struct parser *, struct scenario_spectrum *[3]))
{
    unsigned mask;
    enum err e = scenario_phases(p, 'v', &mask);
    if (e)
        return e;
    struct scenario_spectrum *to[3];
    for (int k = 0; k < 3; k++)
        to[k] = mask >> k & 1 ? &p->s->voltage[k] : NULL;
    return read(p, to);
}

static enum err read_voltage_harmonic(struct parser *p)
{
    return of_voltages(p, scenario_harmonic);
}

static enum err read_voltage_tone(struct parser *p)
{
    return of_voltages(p, scenario_tone);
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
                 : words_quantity(&p->w, units_time, 0, SCENARIO_LONG_S, &ev.at_s);
    if (e || (e = words_expect(&p->w, "for")) ||
        (e = words_quantity(&p->w, units_time, 1e-3, SCENARIO_DAY_S, &ev.for_s)))
        return e;
    if (words_accept(&p->w, "every") &&
        (e = words_quantity(&p->w, units_time, ev.for_s, SCENARIO_LONG_S, &ev.every_s)))
        return e;
    if (ev.daily && ev.every_s == 0)
        ev.every_s = SCENARIO_DAY_S;
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
    enum err e = scenario_phases(p, 'v', &mask);
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
    enum err e = scenario_phases(p, 'v', &mask);
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
        if ((e = scenario_one_phase(p, 'v', &a)))
            return e;
        if (fault == MISSING)
            p->s->missing[a] = true;
        else
            p->s->neutral_swap = a + 1;
    } else if (fault == REVERSED) {
        if ((e = scenario_one_phase(p, 'i', &a)))
            return e;
        l->reverse[a] = -1;
    } else if (fault == SWAPPED) {
        if ((e = scenario_one_phase(p, 'i', &a)) || (e = scenario_one_phase(p, 'i', &b)))
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

const struct statement scenario_grid_statements[] = {
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
};
const size_t scenario_grid_count = COUNT(scenario_grid_statements);
