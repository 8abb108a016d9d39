/* json - JSON through jansson with bounds and reasons, and a writer into a fixed buffer.
 *
 * Reading: size and depth are bounded before the library sees a byte; a key that stands twice in one
 * object is an error; reasons name line and column. Writing: no allocation, full double precision,
 * what is not a finite number becomes null.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_BYTES ((size_t)1 << 20)
#define JSON_MAX_DEPTH 32

/* Reads one value (the caller calls json_decref). `name` is put before the reason: a file's path.
 * ERR_FORMAT  not JSON, too deep, or a key twice
 * ERR_FULL    longer than JSON_MAX_BYTES */
enum err json_read(const char *text, size_t size, const char *name, json_t **value,
                   struct reason *why) CHECKED;

/* As json_read and file_read together. ERR_UNKNOWN where there is no such file. */
enum err json_read_file(const char *path, json_t **value, struct reason *why) CHECKED;

/* Writes into `text`; when it is full, nothing more is written and `full` is set: check it at the end.
 * All-zero but for text and size is a valid empty one. `key` is NULL inside arrays. */
struct json_writer {
    char *text;
    size_t size, used;
    bool comma, full;
};

void json_open(struct json_writer *w, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json_writer *w, char bracket);                 /* '}' or ']' */
void json_put_text(struct json_writer *w, const char *key, const char *value);
void json_put_real(struct json_writer *w, const char *key, double value); /* 17 digits: exact */
void json_put_integer(struct json_writer *w, const char *key, int64_t value);
void json_put_millionths(struct json_writer *w, const char *key,
                         int64_t micro); /* exact: 12.000001 */
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);

#endif
