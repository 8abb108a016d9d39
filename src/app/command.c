#include "app/command.h"

#include "base/text.h"
#include "meter/registers.h"
#include "meter/reading.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct command_row command_rows[COMMAND_COUNT] = {
    [COMMAND_STATUS] = {"status", 0, 0, "what the meter is doing"},
    [COMMAND_FLUSH] = {"flush", 0, 0, "write the registers to the file now"},
    [COMMAND_SET_TARIFF] = {"set_tariff", 1, 1, "count import in this tariff from now on"},
    [COMMAND_RESET_PARTIAL] = {"reset_partial", 1, 0, "partial counters to zero"},
    [COMMAND_START_PARTIAL] = {"start_partial", 1, 0, "partial counters run"},
    [COMMAND_STOP_PARTIAL] = {"stop_partial", 1, 0, "partial counters pause"},
    [COMMAND_RESET_DEMAND] = {"reset_demand", 1, 0, "forget demand maxima and the running period"},
    [COMMAND_RESET_DEMAND_MAX] = {"reset_demand_max", 1, 0, "forget demand maxima"},
};

enum err command_verb(const char *name, enum command_verb *verb, struct reason *why)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++) {
        names[i] = command_rows[i].name;
        if (strcmp(name, names[i]) == 0) {
            *verb = (enum command_verb)i;
            return ERR_OK;
        }
    }
    return reason(why, ERR_UNKNOWN, "no command \"%.32s\"; the nearest is \"%s\"", name,
                  text_nearest(name, names, COMMAND_COUNT));
}

/* What is left to read of a line. */
struct scan {
    const char *p, *end;
};

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
        s->p++;
}

static bool take(struct scan *s, char c)
{
    skip_blanks(s);
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool take_text(struct scan *s, char *text, size_t size)
{
    if (!take(s, '"'))
        return false;
    size_t n = 0;
    for (; s->p < s->end && *s->p != '"'; s->p++) {
        if (n + 1 == size || *s->p == '\\' || (unsigned char)*s->p < 0x20)
            return false;
        text[n++] = *s->p;
    }
    text[n] = '\0';
    return take(s, '"');
}

static bool take_number(struct scan *s, int *number)
{
    skip_blanks(s);
    int n = 0, digits = 0;
    bool minus = s->p < s->end && *s->p == '-';
    s->p += minus;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9' && digits < 9; s->p++, digits++)
        n = n * 10 + (*s->p - '0');
    *number = minus ? -n : n;
    return digits > 0;
}

struct seen {
    bool verb, load, tariff;
};

static enum err take_pair(struct scan *s, struct command *c, struct seen *seen, struct reason *why)
{
    static const char *const keys[] = {"verb", "load", "tariff"};
    char key[32], text[32];
    if (!take_text(s, key, sizeof key) || !take(s, ':'))
        return reason(why, ERR_FORMAT, "a command is an object: {\"verb\":\"status\"}");
    if (strcmp(key, "verb") == 0) {
        seen->verb = true;
        if (!take_text(s, text, sizeof text))
            return reason(why, ERR_FORMAT, "verb: a short text without escapes was expected");
        return command_verb(text, &c->verb, why);
    }
    bool load = strcmp(key, "load") == 0;
    if (!load && strcmp(key, "tariff") != 0)
        return reason(why, ERR_UNKNOWN, "no key \"%s\"; the nearest is \"%s\"", key,
                      text_nearest(key, keys, COUNT(keys)));
    *(load ? &seen->load : &seen->tariff) = true;
    if (!take_number(s, load ? &c->load : &c->tariff))
        return reason(why, ERR_FORMAT, "%s: a whole number was expected", key);
    return ERR_OK;
}

enum err command_parse(const char *line, size_t length, struct command *out, struct reason *why)
{
    struct scan s = {line, line + length};
    struct command c = {0};
    struct seen seen = {0};
    if (!take(&s, '{'))
        return reason(why, ERR_FORMAT, "a command is an object: {\"verb\":\"status\"}");
    do {
        enum err e = take_pair(&s, &c, &seen, why);
        if (e != ERR_OK)
            return e;
    } while (take(&s, ','));
    bool closed = take(&s, '}');
    skip_blanks(&s);
    if (!closed || s.p != s.end)
        return reason(why, ERR_FORMAT, "a command ends with its }");
    if (!seen.verb)
        return reason(why, ERR_FORMAT, "a command has a verb");
    const struct command_row *row = &command_rows[c.verb];
    if (row->needs_tariff && !seen.tariff)
        return reason(why, ERR_FORMAT, "%s needs a tariff", row->name);
    if (c.load < 0 || c.load >= METER_MAX_LOADS)
        return reason(why, ERR_RANGE, "load %d: 0 .. %d", c.load, METER_MAX_LOADS - 1);
    if (row->needs_tariff && (c.tariff < 1 || c.tariff > METER_TARIFFS))
        return reason(why, ERR_RANGE, "tariff %d: 1 .. %d", c.tariff, METER_TARIFFS);
    *out = c;
    return ERR_OK;
}

size_t command_line(const struct command *c, char *line, size_t size)
{
    const struct command_row *row = &command_rows[c->verb];
    char load[32] = "", tariff[32] = "";
    if (row->needs_load)
        (void)snprintf(load, sizeof load, ",\"load\":%d", c->load);
    if (row->needs_tariff)
        (void)snprintf(tariff, sizeof tariff, ",\"tariff\":%d", c->tariff);
    int n = snprintf(line, size, "{\"verb\":\"%s\"%s%s}\n", row->name, load, tariff);
    return n > 0 ? (size_t)n : 0;
}
