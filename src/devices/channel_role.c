#include "devices/channel_role_internal.h"

#include "wire/span.h"

#include <ctype.h>
#include <string.h>

#define MOST_WORDS 12
#define NEUTRAL 3
#define NOTHING (-1)

/* Words of names that a device computed, not measured. */
static const char *const computed[] = {"mag",  "magnitude", "ang",  "angle",  "rms", "thd",
                                       "freq", "frequency", "bias", "diff",   "avg", "mean",
                                       "min",  "max",       "peak", "pos",    "neg", "zero",
                                       "seq",  "sequence",  "deg",  "phasor", "dc",  "diff."};

static const struct {
    const char *name;
    enum quantity quantity;
    double factor;
} units[] = {
    {"V", QUANTITY_VOLTAGE, 1},      {"kV", QUANTITY_VOLTAGE, 1e3},
    {"mV", QUANTITY_VOLTAGE, 1e-3},  {"volt", QUANTITY_VOLTAGE, 1},
    {"volts", QUANTITY_VOLTAGE, 1},  {"A", QUANTITY_CURRENT, 1},
    {"kA", QUANTITY_CURRENT, 1e3},   {"mA", QUANTITY_CURRENT, 1e-3},
    {"amp", QUANTITY_CURRENT, 1},    {"amps", QUANTITY_CURRENT, 1},
    {"ampere", QUANTITY_CURRENT, 1}, {"amperes", QUANTITY_CURRENT, 1},
};

enum quantity channel_unit(const char *unit, double *factor)
{
    *factor = 1;
    for (size_t i = 0; i < COUNT(units); i++)
        if (span_is(span_of(unit), units[i].name)) {
            *factor = units[i].factor;
            return units[i].quantity;
        }
    return QUANTITY_NONE;
}

static char upper(char c)
{
    return (char)toupper((unsigned char)c);
}

/* Phase of a letter or digit: 0..2, NEUTRAL or NOTHING. */
static int phase_of(char c, bool ryb, enum quantity q)
{
    switch (upper(c)) {
    case '1':
    case 'A':
    case 'R':
        return 0;
    case '2':
    case 'S':
    case 'Y':
        return 1;
    case 'B':
        return ryb ? 2 : 1;
    case '3':
    case 'C':
    case 'T':
        return 2;
    case 'N':
    case 'G':
    case 'E':
    case '4':
    case 'X':
        return NEUTRAL;
    default: /* drives call the phases U V W; beside voltages that would be two meanings */
        if (q != QUANTITY_CURRENT || upper(c) < 'U' || upper(c) > 'W')
            return NOTHING;
        return upper(c) - 'U';
    }
}

/* "L1", "A", "AB", "L1L2", "12", "AN": one or two phases filling the word. */
static bool designators(struct span w, bool ryb, enum quantity q, int found[2])
{
    int count = 0;
    for (size_t i = 0; i < w.length; i++) {
        if (upper(w.at[i]) == 'L' && i + 1 < w.length && isdigit((unsigned char)w.at[i + 1]))
            continue;
        int phase = phase_of(w.at[i], ryb, q);
        if (phase == NOTHING || count == 2)
            return false;
        found[count++] = phase;
    }
    if (count == 1)
        found[1] = NOTHING;
    return count > 0 && found[0] != found[1];
}

static enum quantity letter(char c)
{
    c = upper(c);
    return c == 'U' || c == 'V' || c == 'E' ? QUANTITY_VOLTAGE
           : c == 'I'                       ? QUANTITY_CURRENT
                                            : QUANTITY_NONE;
}

/* "Voltage", "Current", "U", "I", "phase": says what a bare "L1" or "A" after it is. */
static bool introduces(struct span w, enum quantity *q)
{
    static const struct {
        const char *word;
        enum quantity quantity;
    } heads[] = {
        {"voltage", QUANTITY_VOLTAGE}, {"volt", QUANTITY_VOLTAGE}, {"current", QUANTITY_CURRENT},
        {"amp", QUANTITY_CURRENT},     {"u", QUANTITY_VOLTAGE},    {"v", QUANTITY_VOLTAGE},
        {"i", QUANTITY_CURRENT},       {"phase", QUANTITY_NONE},   {"ph", QUANTITY_NONE}};
    for (size_t i = 0; i < COUNT(heads); i++)
        if (span_is(w, heads[i].word)) {
            *q = heads[i].quantity;
            return true;
        }
    return false;
}

static int cut(const char *name, struct span words[MOST_WORDS])
{
    int count = 0;
    for (size_t i = 0; name[i] && count < MOST_WORDS;) {
        size_t n = strcspn(name + i, " \t_-./:([");
        if (n > 0)
            words[count++] = (struct span){name + i, n};
        i += n;
        if (name[i] == '(' || name[i] == '[') /* "Ia (A)": what is in brackets is not the name */
            break;
        i += strspn(name + i, " \t_-./:");
    }
    return count;
}

static bool zero_sequence(struct span w)
{
    return w.length == 2 && letter(w.at[0]) && (w.at[1] == '0' || upper(w.at[1]) == 'O');
}

/* The role told by the words; prefix is where they start. */
static struct role by_words(const char *name, const struct span *words, int count, bool ryb,
                            enum quantity unit)
{
    struct role none = {0}, r = {.to = NOTHING, .factor = 1};
    int first = count - 1, found[2] = {NOTHING, NOTHING}, last[2];
    struct span w = words[first];
    enum quantity q = letter(w.at[0]);
    struct span tail = {w.at + 1, w.length - 1};
    if (q && (unit == QUANTITY_NONE || q == unit) && designators(tail, ryb, q, found)) {
        /* "UL1", "IA", "V12" */
    } else if (designators(w, ryb, unit, last) && count > 1) {
        first--;
        w = words[first];
        q = letter(w.at[0]);
        tail = (struct span){w.at + 1, w.length - 1};
        if (q && last[1] == NOTHING && designators(tail, ryb, q, found) && found[1] == NOTHING)
            found[1] = last[0]; /* "UL1-L2", "VA-N" */
        else if (introduces(w, &q))
            memcpy(found, last, sizeof found); /* "Voltage L1", "U A" */
        else if (unit != QUANTITY_NONE && upper(words[first + 1].at[0]) == 'L') {
            memcpy(found, last, sizeof found); /* "Feeder L1" with a unit */
            first++;
        } else
            return none;
        if (q == QUANTITY_NONE)
            q = unit;
        if (first > 0 && introduces(words[first - 1], &(enum quantity){0}))
            first--; /* "Current phase A" */
    } else {
        return none;
    }
    if (found[0] == found[1])
        return none;
    r.quantity = q;
    r.phase = found[0];
    r.prefix = (size_t)(words[first].at - name);
    if (found[1] != NOTHING && found[1] != NEUTRAL && found[0] != NEUTRAL)
        r.to = found[1];
    return r;
}

bool channel_role_ryb(const struct channel *channels, int count)
{
    for (int i = 0; i < count; i++) {
        struct span words[MOST_WORDS];
        int n = cut(channels[i].name, words);
        if (n > 0 && words[n - 1].length <= 3 && memchr(words[n - 1].at, 'Y', words[n - 1].length))
            return true;
        if (span_is(span_of(channels[i].phase), "Y"))
            return true;
    }
    return false;
}

struct role channel_role(const struct channel *c, bool ryb)
{
    struct role none = {0};
    double factor;
    enum quantity unit = channel_unit(c->unit, &factor);
    if (unit == QUANTITY_NONE && c->unit[0] != '\0')
        return none;
    struct span words[MOST_WORDS];
    int count = cut(c->name, words);
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < COUNT(computed); k++)
            if (span_is(words[i], computed[k]))
                return none;
    if (count > 0 && zero_sequence(words[count - 1]))
        return none;
    struct role r = none;
    if (count > 0)
        r = by_words(c->name, words, count, ryb, unit);
    int found[2];
    struct span phase = span_of(c->phase);
    bool named = r.quantity != QUANTITY_NONE;
    /* a phase column with nothing but a digit is no phase: many recorders number their inputs there */
    if (!named && unit != QUANTITY_NONE && phase.length > 0 &&
        !isdigit((unsigned char)phase.at[0]) && designators(phase, ryb, unit, found))
        r = (struct role){.quantity = unit,
                          .phase = found[0],
                          .to = found[1] == NEUTRAL || found[0] == NEUTRAL ? NOTHING : found[1]};
    if (r.quantity == QUANTITY_NONE || (unit != QUANTITY_NONE && r.quantity != unit) ||
        (r.quantity == QUANTITY_CURRENT && r.to != NOTHING))
        return none;
    r.factor = factor;
    return r;
}
