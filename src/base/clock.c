#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define YEAR_10000_S INT64_C(253402300800)

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * CLOCK_SECOND_US + t.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_utc_us(void)
{
    return read_us(CLOCK_REALTIME);
}

void clock_text(int64_t utc_us, char *text, size_t size)
{
    time_t s = (time_t)(utc_us / CLOCK_SECOND_US);
    struct tm t;
    if (utc_us < 0 || utc_us / CLOCK_SECOND_US >= YEAR_10000_S || !gmtime_r(&s, &t)) {
        (void)snprintf(text, size, "-");
        return;
    }
    (void)snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900,
                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                   (int)(utc_us % CLOCK_SECOND_US / 1000));
}
