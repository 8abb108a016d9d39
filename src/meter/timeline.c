#include "meter/timeline_internal.h"

#include <math.h>
#include <string.h>

#define TICK_US INT64_C(10000000)

int64_t timeline_utc(const struct timeline *t, int64_t n, double u)
{
    int k = t->anchors - 1;
    while (k > 0 && t->anchor[k].number > n)
        k--;
    if (k < 0)
        return 0;
    double samples = (double)(n - t->anchor[k].number) + u;
    return t->anchor[k].utc_us + llround(samples * 1e6 / t->rate_hz);
}

static void append(struct timeline *t, int64_t number, int64_t utc_us)
{
    if (t->anchors == TIMELINE_ANCHORS) {
        memmove(t->anchor, t->anchor + 1, (TIMELINE_ANCHORS - 1) * sizeof t->anchor[0]);
        t->anchors--;
    }
    t->anchor[t->anchors].number = number;
    t->anchor[t->anchors].utc_us = utc_us;
    t->anchors++;
}

void timeline_stamp(struct timeline *t, int64_t number, int64_t utc_us, bool jump)
{
    int64_t expected = timeline_utc(t, number, 0);
    bool known = t->anchors > 0 && !jump;
    /* Written so that no difference of two stamps can overflow. */
    if (known && utc_us >= expected - TIMELINE_TOLERANCE_US &&
        utc_us <= expected + TIMELINE_TOLERANCE_US)
        return;
    append(t, number, utc_us);
}

void timeline_set_rate(struct timeline *t, int64_t number, double rate_hz)
{
    if (t->anchors > 0)
        append(t, number, timeline_utc(t, number, 0));
    t->rate_hz = rate_hz;
}

static int64_t tick_of(int64_t utc_us)
{
    return utc_us / TICK_US - (utc_us % TICK_US < 0);
}

void ten_seconds_add(struct ten_seconds *t, const struct timeline *line, int64_t n, double u,
                     bool referenced)
{
    int64_t tick = tick_of(timeline_utc(line, n, u));
    if (t->running && tick == t->tick) {
        t->cycles++;
        t->whole = t->whole && referenced;
    } else {
        bool next = t->running && tick == t->tick + 1;
        if (t->running) {
            t->fresh = t->whole && next && t->cycles > 0;
            if (t->fresh)
                t->hz = t->cycles * line->rate_hz /
                        ((double)(t->last_n - t->first_n) + (t->last_u - t->first_u));
        }
        t->running = true;
        t->tick = tick;
        t->whole = next && referenced;
        t->cycles = 0;
        t->first_n = n;
        t->first_u = u;
    }
    t->last_n = n;
    t->last_u = u;
}

void ten_seconds_break(struct ten_seconds *t)
{
    t->running = false;
    t->fresh = false;
}
