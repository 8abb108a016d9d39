/* One row: its value between JSON, text and the room's struct. */
#include "settings/settings_internal.h"

#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *setting_read(const struct setting *row, const char *values)
{
    const char *at = values + row->offset;
    switch (row->type) {
    case SETTING_BOOL:
        return json_boolean(*(const bool *)at);
    case SETTING_INT:
        return json_integer(*(const int64_t *)(const void *)at);
    case SETTING_REAL:
        return json_real(*(const double *)(const void *)at);
    case SETTING_TEXT:
        return json_string(at);
    case SETTING_CHOICE:
        return json_string(row->choices[*(const int *)(const void *)at]);
    }
    return NULL;
}

static enum err write_choice(const struct setting *row, int *at, const json_t *value,
                             struct reason *why)
{
    const char *text = json_string_value(value);
    size_t count = 0;
    while (row->choices[count])
        count++;
    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(row->choices[i], text) == 0) {
            *at = (int)i;
            return ERR_OK;
        }
    }
    char known[200] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s\"%s\"", i ? ", " : "",
                       row->choices[i]);
    }
    if (!text)
        return reason(why, ERR_FORMAT, "must be one of %s", known);
    return reason(why, ERR_RANGE, "\"%.40s\" is none of %s; the nearest is \"%s\"", text, known,
                  text_nearest(text, row->choices, count));
}

static enum err write_integer(const struct setting *row, int64_t *at, const json_t *value,
                              struct reason *why)
{
    double x = json_number_value(value);
    if (!json_is_number(value) || x != floor(x) || fabs(x) > 9e15)
        return reason(why, ERR_FORMAT, "must be a whole number");
    if (x < row->min || x > row->max)
        return reason(why, ERR_RANGE, "%.0f is outside %.0f .. %.0f", x, row->min, row->max);
    *at = (int64_t)x;
    return ERR_OK;
}

static enum err write_real(const struct setting *row, double *at, const json_t *value,
                           struct reason *why)
{
    double x = json_number_value(value);
    if (!json_is_number(value) || !isfinite(x))
        return reason(why, ERR_FORMAT, "must be a number");
    if (x < row->min || x > row->max)
        return reason(why, ERR_RANGE, "%g is outside %g .. %g", x, row->min, row->max);
    *at = x;
    return ERR_OK;
}

static enum err write_text(const struct setting *row, char *at, const json_t *value,
                           struct reason *why)
{
    const char *text = json_string_value(value);
    if (!text)
        return reason(why, ERR_FORMAT, "must be a text");
    if (strlen(text) != json_string_length(value))
        return reason(why, ERR_FORMAT, "must not hold a NUL character");
    if (strlen(text) >= row->size)
        return reason(why, ERR_RANGE, "%zu bytes, at most %zu", strlen(text), row->size - 1);
    memset(at, 0, row->size);
    memcpy(at, text, strlen(text) + 1);
    return ERR_OK;
}

enum err setting_write(const struct setting *row, char *values, const json_t *value,
                       struct reason *why)
{
    void *at = values + row->offset;
    switch (row->type) {
    case SETTING_BOOL:
        if (!json_is_boolean(value))
            return reason(why, ERR_FORMAT, "must be true or false");
        *(bool *)at = json_is_true(value);
        return ERR_OK;
    case SETTING_INT:
        return write_integer(row, at, value, why);
    case SETTING_REAL:
        return write_real(row, at, value, why);
    case SETTING_TEXT:
        return write_text(row, at, value, why);
    case SETTING_CHOICE:
        return write_choice(row, at, value, why);
    }
    return reason(why, ERR_FORMAT, "unknown type of setting");
}

static json_t *typed_number(const char *text)
{
    char *end;
    errno = 0;
    double x = strtod(text, &end);
    if (end == text || *end != '\0' || errno == ERANGE || !isfinite(x))
        return json_string(text); /* setting_write says what was expected */
    return x == floor(x) && fabs(x) < 9e15 ? json_integer((json_int_t)x) : json_real(x);
}

json_t *setting_typed(const struct setting *row, const char *text)
{
    switch (row->type) {
    case SETTING_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "on") == 0 || strcmp(text, "yes") == 0)
            return json_true();
        if (strcmp(text, "false") == 0 || strcmp(text, "off") == 0 || strcmp(text, "no") == 0)
            return json_false();
        return json_string(text);
    case SETTING_INT:
    case SETTING_REAL:
        return typed_number(text);
    case SETTING_TEXT:
    case SETTING_CHOICE:
        return json_string(text);
    }
    return NULL;
}
