#include "wire/scenario.h"

#include "base/text.h"
#include "wire/scenario_statements_internal.h"

#include <math.h>
#include <string.h>

#define MOST_STATEMENTS 64 /* of both tables together */

static const char *place(unsigned where)
{
    return where & TOP ? "before the first load" : where & LOAD ? "below a load" : "below a part";
}

static const struct statement *find(struct span word, unsigned where)
{
    for (size_t i = 0; i < scenario_grid_count; i++)
        if ((scenario_grid_statements[i].where & where) &&
            span_is(word, scenario_grid_statements[i].word))
            return &scenario_grid_statements[i];
    for (size_t i = 0; i < scenario_load_count; i++)
        if ((scenario_load_statements[i].where & where) &&
            span_is(word, scenario_load_statements[i].word))
            return &scenario_load_statements[i];
    return NULL;
}

static size_t names_of(const struct statement *table, size_t count, unsigned where,
                       const char **names)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (table[i].where & where)
            names[n++] = table[i].word;
    return n;
}

static enum err unknown(struct parser *p, struct span word, unsigned here)
{
    char typed[48];
    span_show(word, typed, sizeof typed);
    const struct statement *elsewhere = find(word, TOP | LOAD | PART);
    if (elsewhere)
        return reason(p->w.why, ERR_FORMAT, "%s:%u: \"%s\" belongs %s; write: %s", p->w.file,
                      p->w.line, typed, place(elsewhere->where), elsewhere->usage);
    const char *names[MOST_STATEMENTS];
    size_t count = names_of(scenario_grid_statements, scenario_grid_count, here, names);
    count += names_of(scenario_load_statements, scenario_load_count, here, names + count);
    return reason(p->w.why, ERR_FORMAT,
                  "%s:%u: expected a statement, found \"%s\"; the nearest here is \"%s\"",
                  p->w.file, p->w.line, typed, text_nearest(typed, names, count));
}

static enum err read_statement(struct parser *p, struct span line)
{
    p->w.rest = line;
    struct span word;
    if (!words_next(&p->w, &word))
        return ERR_OK;
    unsigned here = p->part ? PART : p->load ? LOAD : TOP;
    const struct statement *found = find(word, here);
    if (!found)
        return unknown(p, word, here);
    p->w.statement = found->word;
    p->w.usage = found->usage;
    enum err e = found->read(p);
    return e ? e : words_end(&p->w);
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
    bool empty = true;
    while (span_line(&lines, &line)) {
        const char *comment = line.length ? memchr(line.at, '#', line.length) : NULL;
        if (comment)
            line.length = (size_t)(comment - line.at);
        p.w.line = lines.line;
        struct span rest = line, word;
        empty = empty && !span_word(&rest, &word);
        enum err e = read_statement(&p, line);
        if (e)
            return e;
    }
    if (empty)
        return reason(why, ERR_FORMAT, "%s: no statement: expected \"system\", \"load\", ...",
                      file);
    for (int i = 0; i < s->parts; i++) {
        enum err e = fits(s, &s->part[i], file, why);
        if (e)
            return e;
    }
    if (s->drift_hz > s->frequency_hz / 4)
        return reason(why, ERR_RANGE, "%s: the frequency swings by more than a quarter", file);
    return ERR_OK;
}
