/* text - small helpers on strings. Pure. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The name that needs the fewest edits to become `typed`; never NULL while count > 0.
 * Only the first 64 bytes of each are compared. */
const char *text_nearest(const char *typed, const char *const *names, size_t count);

/* True where the `length` bytes are well-formed UTF-8 (RFC 3629) without NUL. */
bool text_is_utf8(const char *bytes, size_t length);

/* Copies what fits, always terminated, never cutting inside a UTF-8 sequence. `size` >= 1. */
void text_copy(char *to, size_t size, const char *from);

#endif
