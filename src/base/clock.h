/* clock - the two clocks, in microseconds. Only programs (room app) ask them; the rest takes `now_us`. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_SECOND_US INT64_C(1000000)

int64_t clock_monotonic_us(void); /* since some moment of this boot; never set, never steps */
int64_t clock_utc_us(void);       /* since 1970-01-01 00:00 UTC; may step */

/* "2026-11-24T07:16:45.123Z" (RFC 3339) into `text`; `size` >= 32. Years outside 1970 .. 9999 are "-". */
void clock_text(int64_t utc_us, char *text, size_t size);

#endif
