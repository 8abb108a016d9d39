/* pace - how many samples of a source that makes them itself are due at a time. Pure. */
#ifndef DEVICES_PACE_H
#define DEVICES_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A real-time source is read again when this much is due: 50 wake-ups a second. */
#define PACE_BLOCK_US 20000

struct pace {
    double speed;   /* 1 = real time; 0 = always as many as asked for */
    bool started;   /* by the first pace_due */
    int64_t at_us;  /* monotonic time of the first sample counted in `given` */
    double given_s; /* seconds of signal given since */
};

/* Samples due at `now_us` at `rate_hz`, at most `most`. */
size_t pace_due(struct pace *p, double rate_hz, size_t most, int64_t now_us);

/* `count` samples were given. */
void pace_given(struct pace *p, double rate_hz, size_t count);

/* When it is worth asking again; 0 = now. */
int64_t pace_next_us(const struct pace *p);

/* Seconds of signal that should have been given by `now_us` but were not. */
double pace_behind_s(const struct pace *p, int64_t now_us);

#endif
