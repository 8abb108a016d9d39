/* span - a piece of somebody else's bytes: lines, fields and numbers of the text formats read here.
 *
 * Nothing is copied and nothing needs a terminator; bytes need not be UTF-8. Numbers are read in the C locale
 * whatever the program's locale is. Pure.
 */
#ifndef WIRE_SPAN_H
#define WIRE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *at;
    size_t length;
};

struct span_lines {
    struct span left;
    unsigned line; /* number of the line last given, from 1 */
};

struct span span_of(const char *text);

/* The next line without its end (LF, CRLF or CR); false at the end. 0x1A ends a text as CP/M wanted it. */
bool span_line(struct span_lines *l, struct span *line);

/* Cuts the next field off `rest`, up to `separator`, trimmed; false when nothing is left. "a,,b," has four. */
bool span_field(struct span *rest, char separator, struct span *field);

/* Cuts the next word (blanks and tabs between) off `rest`; false when only blanks are left. */
bool span_word(struct span *rest, struct span *word);

struct span span_trim(struct span s);

/* Equal, letters A..Z of either case alike. */
bool span_is(struct span s, const char *word);

/* A decimal number that fills the whole span: [+-] digits [. digits] [e [+-] digits]. Correct to one unit in the
 * last place; false where it is none or too large. */
bool span_number(struct span s, double *x);

/* The number at the start of the span; `used` bytes of it. False where there is none. */
bool span_number_prefix(struct span s, double *x, size_t *used);

/* A whole number 0 .. most filling the span. */
bool span_count(struct span s, int64_t most, int64_t *n);

/* Copies the bytes as they are, cut at size - 1, terminated. */
void span_copy(struct span s, char *to, size_t size);

/* Copies for the eyes: what is not UTF-8 becomes U+FFFD, control characters become '?'. Terminated, at most
 * size - 1 bytes, never cut inside a character. */
void span_show(struct span s, char *to, size_t size);

/* A word shown in an error message. */
struct span_shown {
    char text[48];
};
struct span_shown span_shown(struct span s);

#endif
