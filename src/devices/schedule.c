#include "devices/schedule.h"

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846
#define DAY_S 86400.0

/* Streams of the generator, a part's number is added. */
enum { STREAM_RANDOM = 0x1000, STREAM_WANDER = 0x2000, STREAM_CLOUDS = 0x3000 };

/* Finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a mix of the three. */
uint64_t schedule_hash(uint64_t seed, uint64_t stream, uint64_t n)
{
    uint64_t z = seed * UINT64_C(0xD1342543DE82EF95) + stream * UINT64_C(0xAEF17502108EF2D9) +
                 n * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 <= u < 1 */
static double uniform(uint64_t seed, uint64_t stream, int64_t n, int which)
{
    return (double)(schedule_hash(seed, stream, (uint64_t)n * 4 + (uint64_t)which) >> 11) * 0x1p-53;
}

/* -1 .. 1, smooth: random values at whole x, cosine between. */
static double smooth(uint64_t seed, uint64_t stream, double x)
{
    double whole = floor(x), part = x - whole;
    double a = uniform(seed, stream, (int64_t)whole, 0),
           b = uniform(seed, stream, (int64_t)whole + 1, 0);
    double w = 0.5 - 0.5 * cos(PI * part);
    return 2 * (a + (b - a) * w) - 1;
}

/* `period` > 0 closes the curve: the last point leads to the first one of the next day. */
static double profile(const struct scenario_profile *p, double at, double period)
{
    if (p->points == 0)
        return 1;
    int next = 0;
    while (next < p->points && p->point[next].at_s <= at)
        next++;
    if (period == 0 && next == 0)
        return p->point[0].level;
    if (period == 0 && next == p->points)
        return p->point[p->points - 1].level;
    int before = next > 0 ? next - 1 : p->points - 1;
    int after = next < p->points ? next : 0;
    double from = p->point[before].at_s - (next > 0 ? 0 : period);
    double to = p->point[after].at_s + (next < p->points ? 0 : period);
    double share = to > from ? (at - from) / (to - from) : 1;
    return p->point[before].level + share * (p->point[after].level - p->point[before].level);
}

/* Factor of something that has been on for `on_for` seconds. */
static double started(const struct scenario_part *p, double on_for)
{
    if (p->inrush_s == 0 || on_for >= p->inrush_s)
        return 1;
    return p->inrush + (1 - p->inrush) * on_for / p->inrush_s;
}

static double cycle(const struct scenario_part *p, double since)
{
    if (p->off_s == 0)
        return 1;
    double t = since - p->after_s;
    if (t < 0)
        return 0;
    double in = fmod(t + 1e-9, p->on_s + p->off_s); /* ticks fall on edges: keep them there */
    return in < p->on_s ? started(p, in) : 0;
}

/* In each slot of random_every_s it starts once, somewhere, and stays on for half to one and a half of random_on_s. */
static double random_switch(const struct scenario *s, int part, double since)
{
    const struct scenario_part *p = &s->part[part];
    if (p->random_every_s == 0)
        return 1;
    int64_t slot = (int64_t)floor(since / p->random_every_s);
    double level = 0;
    for (int64_t k = slot - 1; k <= slot; k++) {
        uint64_t stream = STREAM_RANDOM + (uint64_t)part;
        double start = ((double)k + uniform(s->seed, stream, k, 0)) * p->random_every_s;
        double length = (0.5 + uniform(s->seed, stream, k, 1)) * p->random_on_s;
        if (since >= start && since < start + length)
            level = fmax(level, started(p, since - start));
    }
    return level;
}

static double sun(const struct scenario *s, int part, double day_s, double since)
{
    const struct scenario_part *p = &s->part[part];
    double level = 1;
    if (p->sun_to_s > 0) {
        double x = (day_s - p->sun_from_s) / (p->sun_to_s - p->sun_from_s);
        level = x > 0 && x < 1 ? pow(sin(PI * x), 1.3) : 0;
    }
    if (p->clouds_s > 0) { /* half the time clear; two sizes of clouds */
        double c =
            0.7 * smooth(s->seed, STREAM_CLOUDS + (uint64_t)part, since / p->clouds_s) +
            0.3 * smooth(s->seed, STREAM_CLOUDS + 512 + (uint64_t)part, since / p->clouds_s * 5);
        level *= 1 - p->clouds * fmin(1, fmax(0, 2 * c));
    }
    return level;
}

double schedule_level(const struct scenario *s, int part, struct schedule_time t)
{
    const struct scenario_part *p = &s->part[part];
    double days = floor(t.local_s / DAY_S), day_s = t.local_s - days * DAY_S;
    int weekday = (int)fmod(days + 4, 7); /* 1970-01-01 was a Thursday; 0 = Sunday */
    double level = profile(&p->day, day_s, DAY_S) * profile(&p->steps, t.since_s, 0) *
                   cycle(p, t.since_s) * random_switch(s, part, t.since_s) *
                   sun(s, part, day_s, t.since_s);
    if (weekday == 0 || weekday == 6)
        level *= p->weekend;
    if (p->wander_s > 0)
        level *= 1 + p->wander *
                         smooth(s->seed, STREAM_WANDER + (uint64_t)part, t.since_s / p->wander_s);
    return level;
}

static int64_t sample_at(double since_s, double rate_hz)
{
    double n = ceil(since_s * rate_hz - 1e-6);
    return n < 9e18 ? (int64_t)n : INT64_MAX;
}

double schedule_voltage(const struct scenario *s, int phase, int64_t n, double rate_hz,
                        double start_local_s, int64_t *edge)
{
    double level = 1, now = (double)n / rate_hz;
    for (int i = 0; i < s->events; i++) {
        const struct scenario_event *e = &s->event[i];
        if (!(e->phases >> phase & 1))
            continue;
        double first = e->at_s;
        if (e->daily) { /* the first one that is not over yet */
            first -= start_local_s - floor(start_local_s / DAY_S) * DAY_S;
            if (first + e->for_s <= 0)
                first += ceil(-(first + e->for_s) / e->every_s + 1e-12) * e->every_s;
        }
        double turn = e->every_s > 0 ? fmax(0, floor((now - first) / e->every_s + 1e-9)) : 0;
        for (int k = 0; k < 2; k++) { /* the running turn and the next */
            double at = first + (turn + k) * e->every_s;
            int64_t on = sample_at(at, rate_hz), off = sample_at(at + e->for_s, rate_hz);
            if (n >= on && n < off)
                level = e->level;
            if (on > n && on < *edge)
                *edge = on;
            if (off > n && off < *edge)
                *edge = off;
        }
    }
    return level;
}

double schedule_frequency_hz(const struct scenario *s, double since_s)
{
    double f = s->frequency_hz;
    if (s->drift_s > 0)
        f += s->drift_hz * sin(2 * PI * since_s / s->drift_s);
    for (int i = 0; i < s->ramps; i++) {
        double t = fmin(since_s, s->ramp[i].to_s) - s->ramp[i].from_s;
        f += fmax(0, t) * s->ramp[i].hz_per_s;
    }
    return fmin(fmax(f, 1), 2000);
}
