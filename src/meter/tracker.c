#include "meter/tracker_internal.h"

#include "base/err.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define DECIMATED_HZ 1600.0
#define NO_VOLTAGE 0.05       /* of the nominal voltage */
#define NO_VOLTAGE_SCALE 5e-4 /* of the converter's range, where no nominal voltage is known */
#define FREQUENCY_GAIN 0.3    /* spec/metrology.md 5.2 */
#define SUDDEN 0.1            /* change of amplitude in half a cycle that no phase is taken from */
#define LOCK_STEPS 5 /* half cycles of voltage before a phase is taken over: more than the window */
#define ACQUIRE_CYCLES 2.5 /* of the lowest frequency: two windows that lie apart */
#define ACQUIRE_ROUNDS 10  /* each divides the error by ten or more */
#define ACQUIRE_COARSE 3   /* of them, with windows half a cycle apart: no turn can be missed */
#define ACQUIRED 0.01      /* half cycles: the last round finds nothing more to correct */
#define USUAL_MIN_HZ 40.0  /* where mains are looked for first */
#define USUAL_MAX_HZ 70.0
#define LEAST_SHARE \
    0.25           /* of the voltage's power that must be what is followed: no harmonic, no alias */
#define SLOWER 0.8 /* change of frequency from one half cycle to the next that may be one */
#define FASTER 1.4
#define FIRST_BOUNDARY 1 /* samples: the end correction needs one before */
#define LAST_BOUNDARY 3  /* and two after */

/* Phasor of the rotating number seen forwards and backwards. */
struct phase {
    double angle; /* half cycles, of the followed direction: 0 at the rising zero of L1 */
    double level; /* amplitude of s, V */
    double other; /* of the opposite direction */
    double all;   /* amplitude that would have the power of all that is in the window */
};

/* Place of an average. */
static int kept(int64_t number)
{
    return (int)((uint64_t)number % TRACKER_KEPT);
}

static bool is_real(const struct tracker *t)
{
    return t->system == SYSTEM_1P2W || t->system == SYSTEM_2P3W;
}

/* Three moving averages one after the other: what would fold onto the mains is near a triple zero. A single
 * one lets 2 % of order 34 through at 10 kHz, which moves the boundaries by 2e-4 of a radian for 1 %. */
static void smooth(struct tracker *t)
{
    int d = t->decimation;
    t->taps = 3 * d - 2;
    for (int a = 0; a < d; a++) {
        for (int b = 0; b < d; b++) {
            for (int c = 0; c < d; c++)
                t->weight[a + b + c] += 1;
        }
    }
    for (int k = 0; k < 3; k++)
        t->scale[k] /= (double)d * d * d;
}

/* Where an average stands: the middle of its samples. */
static double middle(const struct tracker *t)
{
    return 0.5 * (t->taps - 1);
}

void tracker_init(struct tracker *t, enum meter_system system, double rate_hz, double nominal_v,
                  double nominal_hz, const double scale[3])
{
    memset(t, 0, sizeof *t);
    t->system = system;
    t->rate_hz = rate_hz;
    t->nominal_hz = nominal_hz;
    memcpy(t->scale, scale, sizeof t->scale);
    t->decimation = (int)(rate_hz / DECIMATED_HZ);
    if (t->decimation < 1)
        t->decimation = 1;
    if (t->decimation > TRACKER_MAX_DECIMATION)
        t->decimation = TRACKER_MAX_DECIMATION;
    t->decimated_hz = rate_hz / t->decimation;
    smooth(t);
    double largest = fmax(fabs(scale[0]), fmax(fabs(scale[1]), fabs(scale[2])));
    double nominal = system == SYSTEM_3P3W ? nominal_v / sqrt(3.0) : nominal_v;
    if (system == SYSTEM_2P3W)
        nominal *= 2;
    t->threshold_v = nominal_v > 0 ? NO_VOLTAGE * sqrt(2.0) * nominal
                                   : NO_VOLTAGE_SCALE * METER_RAW_MAX * largest;
    t->hz = nominal_hz > 0 ? nominal_hz : 50;
    t->direction = 1;
}

void tracker_restart(struct tracker *t)
{
    t->count = 0;
    t->started = false;
    t->unusual = false;
    t->locked = false;
    t->steady = 0;
    t->last = 0;
    t->ahead = 0;
    t->next_even = true;
    t->offset = 0;
    t->pending_count = 0;
}

void tracker_feed(struct tracker *t, const double sum[3])
{
    double v[3];
    for (int k = 0; k < 3; k++)
        v[k] = t->scale[k] * sum[k];
    int at = kept(t->count);
    if (t->system == SYSTEM_1P2W) {
        t->x[at] = v[0];
        t->y[at] = 0;
    } else if (t->system == SYSTEM_2P3W) {
        t->x[at] = v[0] - v[1];
        t->y[at] = 0;
    } else {
        t->x[at] = (2 * v[0] - v[1] - v[2]) * (1.0 / 3);
        t->y[at] = (v[1] - v[2]) * 0.57735026918962576;
    }
    t->count++;
}

/* Hann window of exactly two cycles of `hz` around `centre`. */
static struct phase phase_at(const struct tracker *t, int64_t centre, double hz, int direction)
{
    double half = t->decimated_hz / hz; /* averages in one cycle: half the window */
    double step_cos = cos(PI / half), step_sin = sin(PI / half);
    double c = 1, s = 0; /* of pi m / half: the window turns half as fast as the phasor */
    double norm = 1;
    int at = kept(centre);
    double ar = t->x[at], ai = 0, br = t->y[at], bi = 0;
    double power = t->x[at] * t->x[at] + t->y[at] * t->y[at];
    for (int m = 1; m < half; m++) {
        double turned = c * step_cos - s * step_sin;
        s = s * step_cos + c * step_sin;
        c = turned;
        double w = 0.5 * (1 + c);
        double wc = w * (c * c - s * s), ws = w * 2 * c * s;
        int after = kept(centre + m), before = kept(centre - m);
        ar += wc * (t->x[after] + t->x[before]);
        ai -= ws * (t->x[after] - t->x[before]);
        br += wc * (t->y[after] + t->y[before]);
        bi -= ws * (t->y[after] - t->y[before]);
        power += w * (t->x[after] * t->x[after] + t->x[before] * t->x[before] +
                      t->y[after] * t->y[after] + t->y[before] * t->y[before]);
        norm += 2 * w;
    }
    double forward_re = ar - bi, forward_im = ai + br, backward_re = ar + bi, backward_im = ai - br;
    double forward = hypot(forward_re, forward_im), backward = hypot(backward_re, backward_im);
    double scale = (is_real(t) ? 2 : 1) / norm; /* of a real cosine half turns each way */
    struct phase p;
    p.angle = direction > 0 ? atan2(forward_im, forward_re) : atan2(backward_im, backward_re);
    p.angle = p.angle / PI + 0.5;
    p.level = scale * (direction > 0 ? forward : backward);
    p.other = scale * (direction > 0 ? backward : forward);
    p.all = sqrt((is_real(t) ? 2 : 1) * power / norm);
    return p;
}

/* x modulo 2, into -1 .. 1 */
static double wrap(double x)
{
    return x - 2 * floor(x / 2 + 0.5);
}

static double clamp_hz(double hz)
{
    return hz < TRACKER_MIN_HZ ? TRACKER_MIN_HZ : hz > TRACKER_MAX_HZ ? TRACKER_MAX_HZ : hz;
}

static bool has_voltage(const struct tracker *t, const struct phase *p)
{
    return p->level >= t->threshold_v;
}

/* Averages on each side that a phase at `hz` needs. */
static int64_t reach(const struct tracker *t, double hz)
{
    return (int64_t)ceil(t->decimated_hz / hz);
}

/* Averages that finding a frequency from `least_hz` on takes. */
static int64_t acquire_span(const struct tracker *t, double least_hz)
{
    return (int64_t)ceil(ACQUIRE_CYCLES * t->decimated_hz / least_hz);
}

/* Most of the voltage, in either direction, is at the frequency that it was looked at with. */
static bool is_main(const struct tracker *t, const struct phase *p)
{
    double both = p->level * p->level + p->other * p->other;
    return has_voltage(t, p) && both >= (is_real(t) ? 2 : 1) * LEAST_SHARE * p->all * p->all;
}

/* Finds direction and frequency from the averages first .. last, beginning at `hz`. False where there is no voltage
 * or no frequency in range. */
static bool acquire_near(struct tracker *t, int64_t first, int64_t last, double hz)
{
    int direction = t->direction;
    double missing = 0;
    for (int round = 0; round < ACQUIRE_ROUNDS; round++) {
        int64_t a = first + reach(t, hz), b = last - reach(t, hz);
        if (b <= a)
            return false;
        int64_t half_cycle = (int64_t)fmax(1, floor(0.5 * t->decimated_hz / hz));
        if (round < ACQUIRE_COARSE && b - a > half_cycle)
            b = a + half_cycle;
        struct phase pa = phase_at(t, a, hz, direction);
        if (pa.other > 1.2 * pa.level) {
            direction = -direction;
            pa = phase_at(t, a, hz, direction);
        }
        struct phase pb = phase_at(t, b, hz, direction);
        if (round == ACQUIRE_ROUNDS - 1 && !(is_main(t, &pa) && is_main(t, &pb)))
            return false;
        double expected = 2 * hz * (double)(b - a) / t->decimated_hz;
        missing = wrap(pb.angle - pa.angle - expected);
        hz = clamp_hz(hz + missing / 2 * t->decimated_hz / (double)(b - a));
    }
    if (hz <= TRACKER_MIN_HZ || hz >= TRACKER_MAX_HZ || fabs(missing) > ACQUIRED)
        return false;
    t->hz = hz;
    t->direction = direction;
    return true;
}

/* Where mains usually are. */
static bool acquire_usual(struct tracker *t, int64_t first, int64_t last)
{
    double before = t->hz;
    if (!acquire_near(t, first, last, t->nominal_hz > 0 ? t->nominal_hz : t->hz))
        return false;
    if (t->hz > USUAL_MIN_HZ && t->hz < USUAL_MAX_HZ)
        return true;
    t->hz = before;
    return false;
}

/* Anywhere: an islanded generator, a motor that runs down. */
static bool acquire_any(struct tracker *t, int64_t first, int64_t last)
{
    static const double guesses_hz[] = {50, 80, 40, 95, 33, 65};
    for (size_t k = 0; k < COUNT(guesses_hz); k++) {
        if (acquire_near(t, first, last, guesses_hz[k]))
            return true;
    }
    return false;
}

/* Appends the boundary at `position` averages. */
static void found(struct tracker *t, double position, bool referenced)
{
    double samples = position * t->decimation + middle(t);
    struct boundary b = {.referenced = referenced, .even = t->next_even};
    b.n = (int64_t)floor(samples);
    b.u = samples - (double)b.n;
    if (t->pending_count < TRACKER_PENDING)
        t->pending[(t->pending_first + t->pending_count++) % TRACKER_PENDING] = b;
    t->next_even = !t->next_even;
}

/* The first phase of a segment: at average `at`, with boundaries back to its first sample. */
static void start(struct tracker *t, int64_t at)
{
    struct phase p = phase_at(t, at, t->hz, t->direction);
    double per_average = 2 * t->hz / t->decimated_hz; /* half cycles */
    double earliest = (FIRST_BOUNDARY - middle(t)) / t->decimation;
    t->locked = has_voltage(t, &p);
    t->level = p.level;
    t->steady = t->locked ? LOCK_STEPS : 0;
    double angle = p.angle; /* counted so that the first boundary has the number `k` */
    if (!t->locked)
        angle = per_average * ((double)at - earliest);
    double k = ceil(angle - per_average * ((double)at - earliest) - 1e-9);
    t->next_even = fmod(fabs(k), 2) == 0;
    while (k <= angle) {
        found(t, fmax((double)at - (angle - k) / per_average, earliest), t->locked);
        k += 1;
    }
    t->ahead = angle - k;
    t->offset = 0;
    t->last = at;
    t->started = true;
}

static bool begin(struct tracker *t)
{
    if (t->count < acquire_span(t, USUAL_MIN_HZ) + 4)
        return false;
    bool known = !t->unusual && acquire_usual(t, 0, t->count - 1);
    t->unusual = !known;
    if (!known && t->count < acquire_span(t, TRACKER_MIN_HZ) + 4)
        return false;
    if (!known && !acquire_any(t, 0, t->count - 1) && t->nominal_hz > 0)
        t->hz = t->nominal_hz;
    start(t, reach(t, t->hz));
    return true;
}

/* Half cycles from t->last to `at` by the measured phase, or by the held frequency. */
static double advance(struct tracker *t, int64_t at)
{
    double span = (double)(at - t->last);
    double expected = 2 * t->hz * span / t->decimated_hz;
    struct phase p = phase_at(t, at, t->hz, t->direction);
    bool voltage = has_voltage(t, &p) && p.other <= 2 * p.level;
    double measured = p.angle;
    t->steady = p.all >= t->threshold_v ? t->steady + 1 : 0;
    bool sudden = fabs(p.level - t->level) > SUDDEN * fmax(p.level, t->level);
    t->level = p.level;
    if (t->locked && voltage && sudden)
        return expected; /* the window stands over an edge: its phase is that of neither side */
    if (t->locked && voltage) {
        double expected_angle = (t->next_even ? 0 : 1) + t->ahead + expected + t->offset;
        double total = expected + wrap(measured - expected_angle);
        double hz = 0.5 * total * t->decimated_hz / span;
        if (hz > fmax(SLOWER * t->hz, TRACKER_MIN_HZ) &&
            hz < fmin(FASTER * t->hz, TRACKER_MAX_HZ)) {
            t->hz = clamp_hz(t->hz + FREQUENCY_GAIN * (hz - t->hz));
            return total;
        }
    }
    if (t->locked)
        t->steady = 0;
    t->locked = false;
    return expected;
}

/* After enough half cycles of voltage: takes its frequency and its phase as they are. */
static void lock_again(struct tracker *t)
{
    int64_t newest = t->last + reach(t, t->hz);
    if (newest >= t->count)
        newest = t->count - 1;
    int64_t usual = newest - acquire_span(t, USUAL_MIN_HZ);
    int64_t any = newest - acquire_span(t, TRACKER_MIN_HZ);
    t->steady = 0;
    if (!acquire_usual(t, usual > 0 ? usual : 0, newest) &&
        !acquire_any(t, any > 0 ? any : 0, newest))
        return;
    int64_t at = t->last;
    if (at + reach(t, t->hz) >= t->count)
        return;
    struct phase p = phase_at(t, at, t->hz, t->direction);
    t->offset = wrap(p.angle - (t->next_even ? 0 : 1) - t->ahead);
    t->locked = true;
}

bool tracker_step(struct tracker *t)
{
    if (!t->started)
        return begin(t);
    int64_t hop = (int64_t)lround(0.5 * t->decimated_hz / t->hz);
    int64_t at = t->last + (hop > 0 ? hop : 1);
    if (at + reach(t, t->hz) + 1 >= t->count)
        return false;
    double span = (double)(at - t->last), moved = advance(t, at);
    double before = t->ahead;
    t->ahead += moved;
    while (t->ahead >= 0) {
        found(t, (double)t->last + span * -before / moved, t->locked);
        before -= 1;
        t->ahead -= 1;
    }
    t->last = at;
    if (!t->locked && t->steady >= LOCK_STEPS)
        lock_again(t);
    return true;
}

void tracker_finish(struct tracker *t, int64_t samples)
{
    if (!t->started) {
        /* Two windows that lie apart are needed for a frequency, one for a phase. */
        bool known = acquire_usual(t, 0, t->count - 1) || acquire_any(t, 0, t->count - 1);
        if (!known && t->nominal_hz > 0)
            t->hz = t->nominal_hz;
        if (reach(t, t->hz) * 2 >= t->count) {
            double saved = t->threshold_v;
            t->threshold_v = HUGE_VAL; /* not even one window: free-running */
            start(t, 0);
            t->threshold_v = saved;
        } else {
            start(t, reach(t, t->hz));
        }
    }
    double per_average = 2 * t->hz / t->decimated_hz;
    double latest = ((double)(samples - LAST_BOUNDARY) - middle(t)) / t->decimation;
    double position = (double)t->last - t->ahead / per_average;
    while (position <= latest && t->pending_count < TRACKER_PENDING) {
        found(t, position, t->locked);
        position += 1 / per_average;
        t->ahead -= 1;
    }
}

bool tracker_next(struct tracker *t, struct boundary *b)
{
    if (t->pending_count == 0)
        return false;
    *b = t->pending[t->pending_first];
    t->pending_first = (t->pending_first + 1) % TRACKER_PENDING;
    t->pending_count--;
    return true;
}
