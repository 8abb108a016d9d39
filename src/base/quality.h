/* quality - what a value is worth. Travels with every value over every protocol.
 *
 * Ordered: the worse of two is the greater, so the quality of a sum is the maximum of its parts.
 */
#ifndef BASE_QUALITY_H
#define BASE_QUALITY_H

enum quality {
    QUALITY_GOOD,
    QUALITY_UNCERTAIN,  /* outside the rated range, estimated, or without a frequency reference */
    QUALITY_STALE,      /* true once; older than it should be */
    QUALITY_OVER_RANGE, /* beyond what the input can measure */
    QUALITY_FAILED,     /* no value: the source is gone or the channel is broken */
    QUALITY_ABSENT,     /* not applicable here: this system has no such quantity */
    QUALITY_COUNT
};

/* "good", "uncertain", "stale", "over_range", "failed", "absent": as in JSON and MQTT. */
const char *quality_name(enum quality q);

static inline enum quality quality_worse(enum quality a, enum quality b)
{
    return a > b ? a : b;
}

#endif
