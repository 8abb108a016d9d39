#include "base/text.h"

#include <stdint.h>
#include <string.h>

#define NEAREST_LENGTH 64

static size_t edits(const char *a, const char *b)
{
    size_t row[NEAREST_LENGTH + 1];
    size_t n = strnlen(a, NEAREST_LENGTH), m = strnlen(b, NEAREST_LENGTH);
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t up = row[j];
            size_t best = corner + (a[i - 1] != b[j - 1]);
            if (up + 1 < best)
                best = up + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            corner = up;
        }
    }
    return row[m];
}

const char *text_nearest(const char *typed, const char *const *names, size_t count)
{
    const char *best = count ? names[0] : NULL;
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t e = edits(typed, names[i]);
        if (e < fewest) {
            fewest = e;
            best = names[i];
        }
    }
    return best;
}

/* Length of the well-formed sequence at p, 0 where there is none (RFC 3629, section 4). */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] >= 0x01 && p[0] <= 0x7F)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF   ? 2
               : p[0] >= 0xE0 && p[0] <= 0xEF ? 3
               : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
                                              : 0;
    if (n == 0 || n > left)
        return 0;
    unsigned char least = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return n;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    const unsigned char *p = (const unsigned char *)bytes;
    while (length > 0) {
        size_t n = sequence(p, length);
        if (n == 0)
            return false;
        p += n;
        length -= n;
    }
    return true;
}

void text_copy(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    while (n > 0 && from[n] != '\0' && ((unsigned char)from[n] & 0xC0) == 0x80)
        n--;
    memcpy(to, from, n);
    to[n] = '\0';
}
