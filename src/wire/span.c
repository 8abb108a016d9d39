#include "wire/span.h"

#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define END_OF_TEXT 0x1A

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void skip(struct span *s, size_t n)
{
    s->at += n;
    s->length -= n;
}

struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

bool span_line(struct span_lines *l, struct span *line)
{
    if (l->left.length == 0 || l->left.at[0] == END_OF_TEXT)
        return false;
    size_t n = 0;
    while (n < l->left.length && l->left.at[n] != '\n' && l->left.at[n] != '\r' &&
           l->left.at[n] != END_OF_TEXT)
        n++;
    *line = (struct span){l->left.at, n};
    skip(&l->left, n);
    if (l->left.length > 1 && l->left.at[0] == '\r' && l->left.at[1] == '\n')
        skip(&l->left, 2);
    else if (l->left.length > 0 && l->left.at[0] != END_OF_TEXT)
        skip(&l->left, 1);
    l->line++;
    return true;
}

struct span span_trim(struct span s)
{
    while (s.length > 0 && blank(s.at[0]))
        skip(&s, 1);
    while (s.length > 0 && blank(s.at[s.length - 1]))
        s.length--;
    return s;
}

bool span_field(struct span *rest, char separator, struct span *field)
{
    if (!rest->at)
        return false;
    const char *end = rest->length ? memchr(rest->at, separator, rest->length) : NULL;
    size_t n = end ? (size_t)(end - rest->at) : rest->length;
    *field = span_trim((struct span){rest->at, n});
    if (end)
        skip(rest, n + 1);
    else
        *rest = (struct span){0};
    return true;
}

bool span_word(struct span *rest, struct span *word)
{
    while (rest->length > 0 && blank(rest->at[0]))
        skip(rest, 1);
    if (rest->length == 0)
        return false;
    size_t n = 0;
    while (n < rest->length && !blank(rest->at[n]))
        n++;
    *word = (struct span){rest->at, n};
    skip(rest, n);
    return true;
}

bool span_is(struct span s, const char *word)
{
    for (size_t i = 0; i < s.length; i++)
        if (word[i] == '\0' || lower(s.at[i]) != lower(word[i]))
            return false;
    return word[s.length] == '\0';
}

/* m x 10^e: one exactly rounded step where both are exact doubles, else through long double. */
static double scaled(uint64_t m, int e)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (m < UINT64_C(1) << 53 && e >= -22 && e <= 22)
        return e < 0 ? (double)m / power[-e] : (double)m * power[e];
    long double x = (long double)m;
    for (; e > 0; e -= e < 22 ? e : 22)
        x *= (long double)power[e < 22 ? e : 22];
    for (; e < 0; e += -e < 22 ? -e : 22)
        x /= (long double)power[-e < 22 ? -e : 22];
    return (double)x;
}

bool span_number_prefix(struct span s, double *x, size_t *used)
{
    size_t i = 0;
    bool negative = false;
    if (i < s.length && (s.at[i] == '-' || s.at[i] == '+'))
        negative = s.at[i++] == '-';
    uint64_t m = 0;
    int exponent = 0, digits = 0;
    for (bool point = false; i < s.length && (digit(s.at[i]) || (s.at[i] == '.' && !point)); i++) {
        if (s.at[i] == '.') {
            point = true;
            continue;
        }
        digits++;
        if (m < UINT64_C(1000000000000000000)) {
            m = m * 10 + (uint64_t)(s.at[i] - '0');
            exponent -= point;
        } else if (exponent < 400) { /* beyond 19 digits nothing can be seen in a double */
            exponent += !point;
        }
    }
    if (digits == 0)
        return false;
    if (i + 1 < s.length && lower(s.at[i]) == 'e') {
        size_t j = i + 1;
        bool down = s.at[j] == '-';
        j += s.at[j] == '-' || s.at[j] == '+';
        int given = 0;
        if (j < s.length && digit(s.at[j])) {
            for (; j < s.length && digit(s.at[j]); j++)
                given = given < 10000 ? given * 10 + (s.at[j] - '0') : given;
            exponent += down ? -given : given;
            i = j;
        }
    }
    if (exponent > 400 && m > 0)
        return false;
    double value = m == 0 || exponent < -400 ? 0.0 : scaled(m, exponent);
    if (!isfinite(value))
        return false;
    *x = negative ? -value : value;
    *used = i;
    return true;
}

bool span_number(struct span s, double *x)
{
    double value;
    size_t used;
    if (!span_number_prefix(s, &value, &used) || used != s.length)
        return false;
    *x = value;
    return true;
}

bool span_count(struct span s, int64_t most, int64_t *n)
{
    if (s.length == 0)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < s.length; i++) {
        if (!digit(s.at[i]))
            return false;
        int64_t d = s.at[i] - '0';
        if (d > most || value > (most - d) / 10)
            return false;
        value = value * 10 + d;
    }
    *n = value;
    return true;
}

void span_copy(struct span s, char *to, size_t size)
{
    size_t n = s.length < size - 1 ? s.length : size - 1;
    if (n > 0)
        memcpy(to, s.at, n);
    to[n] = '\0';
}

/* Bytes of the UTF-8 character at the start of `s`; 0 where there is none. */
static size_t character(struct span s)
{
    for (size_t n = 2; n <= 4 && n <= s.length; n++)
        if (((unsigned char)s.at[n - 1] & 0xC0) != 0x80)
            return 0;
        else if (text_is_utf8(s.at, n))
            return n;
    return 0;
}

void span_show(struct span s, char *to, size_t size)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t out = 0;
    while (s.length > 0) {
        unsigned char c = (unsigned char)s.at[0];
        char plain = c < 0x20 || c == 0x7F ? '?' : s.at[0];
        size_t used = c < 0x80 ? 1 : character(s);
        const char *from = c < 0x80 ? &plain : used ? s.at : replacement;
        size_t n = used ? used : 3;
        if (out + n > size - 1)
            break;
        memcpy(to + out, from, n);
        out += n;
        skip(&s, used ? used : 1);
    }
    to[out] = '\0';
}

struct span_shown span_shown(struct span s)
{
    struct span_shown shown;
    span_show(s, shown.text, sizeof shown.text);
    return shown;
}
