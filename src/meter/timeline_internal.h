/* timeline - UTC of samples, and the frequency over the 10 s ticks of that clock. */
#ifndef METER_TIMELINE_INTERNAL_H
#define METER_TIMELINE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_ANCHORS 8
/* A stamp that differs less from the expected one does not move the line: rounding, jitter. */
#define TIMELINE_TOLERANCE_US 500

struct timeline {
    double rate_hz; /* true rate */
    struct {
        int64_t number, utc_us;
    } anchor[TIMELINE_ANCHORS]; /* oldest first */
    int anchors;
};

/* Frame `number` was sampled at utc_us. `jump`: whatever was expected, this is right (after a gap). */
void timeline_stamp(struct timeline *t, int64_t number, int64_t utc_us, bool jump);

/* UTC at frame n + u. */
int64_t timeline_utc(const struct timeline *t, int64_t n, double u);

/* The rate changes from frame `number` on. */
void timeline_set_rate(struct timeline *t, int64_t number, double rate_hz);

/* IEC 61000-4-30:2015, 5.1: whole cycles inside a tick of 10 s, divided by the time they take. */
struct ten_seconds {
    int64_t tick; /* UTC / 10 s; only where `running` */
    bool running;
    bool whole; /* followed from its beginning, always with a voltage */
    int cycles;
    int64_t first_n, last_n;
    double first_u, last_u;
    double hz;  /* of the last whole tick, 0 = none yet */
    bool fresh; /* the last tick that ended was whole */
};

/* A cycle begins at frame n + u. */
void ten_seconds_add(struct ten_seconds *t, const struct timeline *line, int64_t n, double u,
                     bool referenced);
void ten_seconds_break(struct ten_seconds *t);

#endif
