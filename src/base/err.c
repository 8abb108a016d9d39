#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err reason(struct reason *why, enum err e, const char *format, ...)
{
    if (!why)
        return e;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return e;
}

enum err reason_prefix(struct reason *why, enum err e, const char *format, ...)
{
    if (!why)
        return e;
    struct reason old = *why;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    if (n < 0)
        n = 0;
    size_t used = (size_t)n < sizeof why->text ? (size_t)n : sizeof why->text - 1;
    (void)snprintf(why->text + used, sizeof why->text - used, ": %.*s",
                   (int)(sizeof old.text - used), old.text);
    return e;
}

const char *err_name(enum err e)
{
    switch (e) {
    case ERR_OK:
        return "ok";
    case ERR_RANGE:
        return "range";
    case ERR_FORMAT:
        return "format";
    case ERR_UNKNOWN:
        return "unknown";
    case ERR_BUSY:
        return "busy";
    case ERR_FULL:
        return "full";
    case ERR_IO:
        return "io";
    case ERR_DENIED:
        return "denied";
    }
    return "?";
}
