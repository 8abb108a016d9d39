#include "app/meter_settings.h"

#include <stdlib.h>
#include <string.h>

#define SETTINGS_STRUCT struct meter_settings

static const char *const system_choices[] = {"auto", "1P2W",     "2P3W", "3P4W",
                                             "3P3W", "wild-leg", NULL};
static const char *const hz_choices[] = {"auto", "50", "60", NULL};
static const char *const input_choices[] = {"auto", "5A", "333mV", NULL};
static const char *const totals_choices[] = {"easy", "phase_sum", "system", NULL};
static const char *const apparent_choices[] = {"arithmetic", "vector", "effective", NULL};

/* clang-format off */
#define MEASUREMENT(name_) .name = "measurement." name_, .role = ROLE_INSTALLER, .restart = true
#define LOAD(group, n)                                                                                        \
    {.name = group ".input", .type = SETTING_CHOICE, .choices = input_choices, .initial = "auto",             \
     .role = ROLE_INSTALLER, .sealed = true, .restart = true, INTO(load[n].input),                            \
     .text = "Kind of current input: 5 A transformers, 333 mV sensors, or as the source says."},              \
    {.name = group ".ratio", .type = SETTING_REAL, .min = 1, .max = 2000, .initial = "1",                     \
     .role = ROLE_INSTALLER, .sealed = true, .restart = true, INTO(load[n].ratio),                            \
     .text = "Current transformer, primary / secondary (input 5A)."},                                         \
    {.name = group ".primary_a", .type = SETTING_REAL, .min = 1, .max = 10000, .initial = "100",              \
     .unit = "A", .role = ROLE_INSTALLER, .sealed = true, .restart = true, INTO(load[n].primary_a),           \
     .text = "Primary current of the sensor at 333 mV (input 333mV)."},                                       \
    {.name = group ".nominal_a", .type = SETTING_REAL, .min = 0, .max = 1e6, .initial = "0", .unit = "A",     \
     .role = ROLE_INSTALLER, .restart = true, INTO(load[n].nominal_a),                                        \
     .text = "Nominal primary current where the input is neither; 0: as the source says."},                   \
    {.name = group ".map", .type = SETTING_TEXT, .initial = "", .role = ROLE_INSTALLER, .sealed = true,       \
     .restart = true, INTO(load[n].map),                                                                      \
     .text = "Wiring corrected in software: the phase of each current input, minus for reversed, as 1,-3,2."}, \
    {.name = group ".generation", .type = SETTING_BOOL, .initial = "false", .role = ROLE_INSTALLER,           \
     .restart = true, INTO(load[n].generation),                                                               \
     .text = "This load may export: all currents reversed is then no wiring fault."}

static const struct setting rows[] = {
    {MEASUREMENT("system"), .type = SETTING_CHOICE, .choices = system_choices, .initial = "auto", .sealed = true,
     INTO(system), .text = "The electrical system."},
    {MEASUREMENT("nominal_v"), .type = SETTING_REAL, .min = 0, .max = 1e6, .initial = "0", .unit = "V",
     INTO(nominal_v), .text = "Nominal voltage L-N (3P3W: L-L); 0: as the source says."},
    {MEASUREMENT("nominal_hz"), .type = SETTING_CHOICE, .choices = hz_choices, .initial = "auto", .unit = "Hz",
     INTO(nominal_hz), .text = "Nominal frequency: windows of 10 cycles at 50 Hz, 12 at 60 Hz."},
    {MEASUREMENT("rate_hz"), .type = SETTING_REAL, .min = 0, .max = METER_MAX_RATE_HZ, .initial = "0", .unit = "Hz",
     INTO(rate_hz), .text = "Sampling rate asked of converters and scenarios; 0: their own."},
    {MEASUREMENT("remove_offset"), .type = SETTING_BOOL, .initial = "false", .sealed = true,
     INTO(remove_offset), .text = "Subtract the slow mean of each channel: converters with an offset."},
    {MEASUREMENT("totals_rule"), .type = SETTING_CHOICE, .choices = totals_choices, .initial = "system",
     .sealed = true, INTO(totals_rule),
     .text = "Energy totals: easy (all is import), phase_sum (sum of the phase counters), system (sign of the sum)."},
    {MEASUREMENT("apparent_rule"), .type = SETTING_CHOICE, .choices = apparent_choices, .initial = "arithmetic",
     .sealed = true, INTO(apparent_rule),
     .text = "Apparent power of the system: sum of U I, vector of P and Q1, or effective (IEEE 1459)."},
    {MEASUREMENT("demand_period_min"), .type = SETTING_INT, .min = 1, .max = 60, .initial = "15", .unit = "min",
     INTO(demand_period_min), .text = "Demand period; it divides the hour."},
    {MEASUREMENT("demand_sliding"), .type = SETTING_BOOL, .initial = "false",
     INTO(demand_sliding), .text = "Demand moves each minute instead of each period."},
    {MEASUREMENT("hours_start_a"), .type = SETTING_REAL, .min = 0, .max = 1e6, .initial = "0", .unit = "A",
     INTO(hours_start_a), .text = "Hour counters run from this primary current on; 0: start current of the input."},
    {MEASUREMENT("tariff"), .type = SETTING_INT, .min = 1, .max = METER_TARIFFS, .initial = "1",
     INTO(tariff), .text = "Tariff of a new meter; later the command set_tariff decides."},
    {MEASUREMENT("flush_s"), .type = SETTING_INT, .min = 1, .max = 60, .initial = "10", .unit = "s",
     INTO(flush_s), .text = "How often registers go to the file: what a power cut may cost."},
    LOAD("measurement", 0),
    LOAD("load1", 1), LOAD("load2", 2), LOAD("load3", 3), LOAD("load4", 4), LOAD("load5", 5),
    LOAD("load6", 6), LOAD("load7", 7), LOAD("load8", 8), LOAD("load9", 9), LOAD("load10", 10),
};
/* clang-format on */

_Static_assert(METER_MAX_LOADS == 11, "one LOAD row for each load");

enum err meter_settings_map(const char *text, int map[3], struct reason *why)
{
    int found[3] = {0}, seen = 0;
    const char *p = text;
    for (int k = 0; k < 3 && *text; k++) {
        char *end;
        long n = strtol(p, &end, 10);
        bool last = *end == '\0', comma = *end == ',';
        if (end == p || n == 0 || labs(n) > 3 || (k < 2 ? !comma : !last))
            return reason(why, ERR_FORMAT, "\"%s\" is not three phases such as 1,2,3 or 1,-3,2",
                          text);
        found[k] = (int)n;
        seen |= 1 << labs(n);
        p = end + 1;
    }
    if (*text && seen != (1 << 1 | 1 << 2 | 1 << 3))
        return reason(why, ERR_FORMAT, "\"%s\" does not name each phase once", text);
    memcpy(map, found, sizeof found);
    return ERR_OK;
}

static enum err check(const void *values, struct reason *why)
{
    const struct meter_settings *s = values;
    if (60 % s->demand_period_min != 0)
        return reason(why, ERR_RANGE, "measurement.demand_period_min %d does not divide the hour",
                      (int)s->demand_period_min);
    if (s->rate_hz > 0 && s->rate_hz < METER_MIN_RATE_HZ)
        return reason(why, ERR_RANGE, "measurement.rate_hz %g: 0 or at least %g", s->rate_hz,
                      METER_MIN_RATE_HZ);
    for (int k = 0; k < METER_MAX_LOADS; k++) {
        int map[3];
        enum err e = meter_settings_map(s->load[k].map, map, why);
        if (e != ERR_OK)
            return k ? reason_prefix(why, e, "load%d.map", k)
                     : reason_prefix(why, e, "measurement.map");
    }
    return ERR_OK;
}

struct setting_table meter_settings_table(struct meter_settings *values)
{
    return (struct setting_table){
        .rows = rows, .count = COUNT(rows), .values = values, .check = check};
}

static enum err apply_load(const struct meter_settings *s, int k, struct load_config *l,
                           struct reason *why)
{
    const struct load_settings *from = &s->load[k];
    if (from->input) {
        l->input = (enum input_kind)from->input;
        l->ratio = from->ratio;
        l->primary_a = from->primary_a;
    }
    if (from->nominal_a > 0)
        l->nominal_a = from->nominal_a;
    if (from->generation)
        l->generation = true;
    l->rule = (enum totals_rule)s->totals_rule;
    l->apparent = (enum apparent_rule)s->apparent_rule;
    l->hours_start_a = s->hours_start_a;
    l->demand = (struct demand_config){.period_min = (int)s->demand_period_min,
                                       .sliding = s->demand_sliding};
    return from->map[0] ? meter_settings_map(from->map, l->map, why) : ERR_OK;
}

enum err meter_settings_apply(const struct meter_settings *s, struct meter_config *c,
                              struct reason *why)
{
    static const double hertz[] = {0, 50, 60};
    if (s->system)
        c->system = (enum meter_system)(s->system - 1);
    if (s->nominal_v > 0)
        c->nominal_v = s->nominal_v;
    if (s->nominal_hz)
        c->nominal_hz = hertz[s->nominal_hz];
    if (s->remove_offset)
        c->remove_offset = true;
    for (int k = 0; k < c->loads; k++) {
        enum err e = apply_load(s, k, &c->load[k], why);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}
