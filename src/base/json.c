#include "base/json.h"

#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deepest nesting of brackets outside strings. */
static int depth(const char *text, size_t size)
{
    int now = 0, most = 0;
    bool string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                string = false;
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            if (++now > most)
                most = now;
        } else if (c == '}' || c == ']') {
            now--;
        }
    }
    return most;
}

enum err json_read(const char *text, size_t size, const char *name, json_t **value,
                   struct reason *why)
{
    if (size > JSON_MAX_BYTES)
        return reason(why, ERR_FULL, "%s: %zu bytes of JSON, at most %zu", name, size,
                      JSON_MAX_BYTES);
    if (depth(text, size) > JSON_MAX_DEPTH)
        return reason(why, ERR_FORMAT, "%s: nested deeper than %d", name, JSON_MAX_DEPTH);
    json_error_t error;
    json_t *v = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!v)
        return reason(why, ERR_FORMAT, "%s:%d:%d: %s", name, error.line, error.column, error.text);
    *value = v;
    return ERR_OK;
}

enum err json_read_file(const char *path, json_t **value, struct reason *why)
{
    char *text;
    size_t size;
    enum err e = file_read(path, JSON_MAX_BYTES, &text, &size, why);
    if (e != ERR_OK)
        return e;
    e = json_read(text, size, path, value, why);
    free(text);
    return e;
}

static void put_bytes(struct json_writer *w, const char *bytes, size_t n)
{
    if (w->full || n >= w->size - w->used) { /* one byte is kept for the NUL */
        w->full = true;
        return;
    }
    memcpy(w->text + w->used, bytes, n);
    w->used += n;
    w->text[w->used] = '\0';
}

static void put_string(struct json_writer *w, const char *s)
{
    bool sound = text_is_utf8(s, strlen(s));
    put_bytes(w, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        char escape[8];
        if (c == '"' || c == '\\')
            put_bytes(w, (char[]){'\\', (char)c}, 2);
        else if (c < 0x20)
            put_bytes(w, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
        else if (c >= 0x80 && !sound)
            put_bytes(w, "?", 1);
        else
            put_bytes(w, s, 1);
    }
    put_bytes(w, "\"", 1);
}

static void begin(struct json_writer *w, const char *key)
{
    if (w->comma)
        put_bytes(w, ",", 1);
    w->comma = true;
    if (key) {
        put_string(w, key);
        put_bytes(w, ":", 1);
    }
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
    begin(w, key);
    put_bytes(w, &bracket, 1);
    w->comma = false;
}

void json_close(struct json_writer *w, char bracket)
{
    put_bytes(w, &bracket, 1);
    w->comma = true;
}

void json_put_text(struct json_writer *w, const char *key, const char *value)
{
    begin(w, key);
    put_string(w, value);
}

void json_put_real(struct json_writer *w, const char *key, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_put_null(w, key);
        return;
    }
    /* The shortest of 15 to 17 digits that reads back as the same double. */
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    begin(w, key);
    put_bytes(w, text, (size_t)n);
}

void json_put_integer(struct json_writer *w, const char *key, int64_t value)
{
    char text[24];
    begin(w, key);
    put_bytes(w, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void json_put_millionths(struct json_writer *w, const char *key, int64_t micro)
{
    char text[32];
    uint64_t size = micro < 0 ? (uint64_t)0 - (uint64_t)micro : (uint64_t)micro;
    int n = snprintf(text, sizeof text, "%s%" PRIu64 ".%06" PRIu64, micro < 0 ? "-" : "",
                     size / 1000000, size % 1000000);
    while (text[n - 1] == '0' && text[n - 2] != '.')
        n--;
    begin(w, key);
    put_bytes(w, text, (size_t)n);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
    begin(w, key);
    put_bytes(w, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(struct json_writer *w, const char *key)
{
    begin(w, key);
    put_bytes(w, "null", 4);
}
