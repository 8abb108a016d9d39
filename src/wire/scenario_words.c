#include "wire/scenario_words_internal.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#define RAD_PER_DEG 0.017453292519943295

const struct unit units_voltage[] = {{"V", 1}, {"mV", 1e-3}, {"kV", 1e3}, {NULL, 0}};
const struct unit units_current[] = {{"A", 1}, {"mA", 1e-3}, {"kA", 1e3}, {NULL, 0}};
const struct unit units_power[] = {{"W", 1}, {"kW", 1e3}, {"MW", 1e6}, {NULL, 0}};
const struct unit units_frequency[] = {{"Hz", 1}, {"mHz", 1e-3}, {"kHz", 1e3}, {NULL, 0}};
const struct unit units_slope[] = {{"Hz/s", 1}, {"mHz/s", 1e-3}, {NULL, 0}};
const struct unit units_time[] = {{"s", 1}, {"ms", 1e-3}, {"min", 60}, {"h", 3600}, {NULL, 0}};
const struct unit units_ratio[] = {{"%", 1e-2}, {NULL, 0}};
const struct unit units_angle[] = {{"deg", RAD_PER_DEG}, {NULL, 0}};
const struct unit units_times[] = {{"x", 1}, {NULL, 0}};

bool words_next(struct words *w, struct span *word)
{
    struct span rest = span_trim(w->rest);
    if (rest.length == 0)
        return false;
    size_t n = 1;
    if (rest.at[0] != ',')
        while (n < rest.length && rest.at[n] != ' ' && rest.at[n] != '\t' && rest.at[n] != ',')
            n++;
    *word = (struct span){rest.at, n};
    w->rest = (struct span){rest.at + n, rest.length - n};
    return true;
}

enum err words_wrong(const struct words *w, enum err e, const char *expected, struct span found)
{
    if (found.length == 0)
        return reason(w->why, e, "%s:%u: %s: expected %s, but the line ends; write: %s", w->file,
                      w->line, w->statement, expected, w->usage);
    return reason(w->why, e, "%s:%u: %s: expected %s, found \"%s\"; write: %s", w->file, w->line,
                  w->statement, expected, span_shown(found).text, w->usage);
}

bool words_accept(struct words *w, const char *word)
{
    struct words ahead = *w;
    struct span found;
    if (!words_next(&ahead, &found) || !span_is(found, word))
        return false;
    w->rest = ahead.rest;
    return true;
}

enum err words_expect(struct words *w, const char *word)
{
    if (words_accept(w, word))
        return ERR_OK;
    struct span found = {0};
    (void)words_next(w, &found);
    return words_wrong(w, ERR_FORMAT, word, found);
}

/* "a number with W, kW or MW" */
static const char *unit_list(const struct unit *units, char *text, size_t size)
{
    static const char begin[] = "a number with ";
    memcpy(text, begin, sizeof begin);
    for (int i = 0; units[i].name; i++) {
        size_t left = size - strlen(text) - 1;
        if (i > 0)
            strncat(text, units[i + 1].name ? ", " : " or ", left);
        left = size - strlen(text) - 1;
        strncat(text, units[i].name, left);
    }
    return text;
}

enum err words_quantity(struct words *w, const struct unit *units, double min, double max,
                        double *x)
{
    char expected[64];
    struct span number = {0}, unit;
    size_t used;
    double value;
    (void)words_next(w, &number);
    if (!span_number_prefix(number, &value, &used))
        return words_wrong(w, ERR_FORMAT, unit_list(units, expected, sizeof expected), number);
    unit = (struct span){number.at + used, number.length - used};
    if (unit.length == 0)
        (void)words_next(w, &unit);
    int i = 0;
    /* units keep their case: mV is not MV */
    while (units[i].name && (strlen(units[i].name) != unit.length ||
                             memcmp(units[i].name, unit.at, unit.length) != 0))
        i++;
    if (!units[i].name)
        return words_wrong(w, ERR_FORMAT, unit_list(units, expected, sizeof expected), unit);
    value *= units[i].factor;
    if (!(value >= min && value <= max))
        return reason(w->why, ERR_RANGE, "%s:%u: %s: %g %s is outside %g..%g %s", w->file, w->line,
                      w->statement, value / units[i].factor, units[i].name, min / units[i].factor,
                      max / units[i].factor, units[i].name);
    *x = value;
    return ERR_OK;
}

static bool clock_of(struct span word, double *s)
{
    struct span part, rest = word;
    int64_t h, m, sec = 0;
    if (!span_field(&rest, ':', &part) || !span_count(part, 24, &h) || !rest.at)
        return false;
    if (!span_field(&rest, ':', &part) || !span_count(part, 59, &m))
        return false;
    if (rest.at && (!span_field(&rest, ':', &part) || !span_count(part, 59, &sec) || rest.at))
        return false;
    *s = (double)(h * 3600 + m * 60 + sec);
    return *s <= 86400;
}

bool words_clock_follows(const struct words *w)
{
    struct words ahead = *w;
    struct span word;
    double s;
    return words_next(&ahead, &word) && clock_of(word, &s);
}

enum err words_clock(struct words *w, double *s)
{
    struct span word = {0};
    if (words_next(w, &word) && clock_of(word, s))
        return ERR_OK;
    return words_wrong(w, ERR_FORMAT, "a time of day such as 07:30", word);
}

enum err words_number(struct words *w, double min, double max, double *x)
{
    struct span word = {0};
    double value;
    (void)words_next(w, &word);
    if (!span_number(word, &value))
        return words_wrong(w, ERR_FORMAT, "a number", word);
    if (value < min || value > max)
        return reason(w->why, ERR_RANGE, "%s:%u: %s: %g is outside %g..%g", w->file, w->line,
                      w->statement, value, min, max);
    *x = value;
    return ERR_OK;
}

enum err words_whole(struct words *w, int64_t min, int64_t max, int64_t *n)
{
    struct span word = {0};
    (void)words_next(w, &word);
    int64_t value;
    if (!span_count(word, INT32_MAX, &value))
        return words_wrong(w, ERR_FORMAT, "a whole number", word);
    if (value < min || value > max)
        return reason(w->why, ERR_RANGE, "%s:%u: %s: %" PRId64 " is outside %" PRId64 "..%" PRId64,
                      w->file, w->line, w->statement, value, min, max);
    *n = value;
    return ERR_OK;
}

enum err words_choice(struct words *w, const char *const *names, const char *what, int *index)
{
    struct span word = {0};
    (void)words_next(w, &word);
    size_t count = 0;
    for (; names[count]; count++)
        if (span_is(word, names[count])) {
            *index = (int)count;
            return ERR_OK;
        }
    if (word.length == 0)
        return words_wrong(w, ERR_FORMAT, what, word);
    char typed[48];
    span_show(word, typed, sizeof typed);
    return reason(w->why, ERR_FORMAT, "%s:%u: %s: expected %s, found \"%s\"; the nearest is \"%s\"",
                  w->file, w->line, w->statement, what, typed, text_nearest(typed, names, count));
}

enum err words_end(struct words *w)
{
    struct span word;
    if (!words_next(w, &word))
        return ERR_OK;
    return words_wrong(w, ERR_FORMAT, "nothing more", word);
}
