#include "devices/synth.h"

#include "devices/schedule.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define ORDERS (SCENARIO_MAX_ORDER + 1)
#define TERMS (ORDERS + SCENARIO_MAX_TONES) /* orders 0..63, then interharmonics */
#define CHUNK 64                            /* samples whose sines are made together */
#define WIDE 8                              /* of them summed at a time, in registers */
#define STEPS_PER_S 100

/* Complex amplitudes (peak) of one signal. */
struct mixture {
    double re[TERMS], im[TERMS];
};

/* The current of one part in one phase at level 1 and undisturbed voltage. */
struct source_term {
    int part, phase;
    int from, to; /* voltages whose level it follows; from == to: one phase to neutral */
    struct mixture current;
};

struct lane {
    int count; /* terms that are not zero */
    int term[TERMS];
    double re[TERMS], im[TERMS]; /* in counts */
};

struct synth {
    struct synth_config c;
    int last_order; /* that the rate can carry */
    int terms, tick;
    struct source_term *term;
    double complex base[3];    /* undisturbed phase voltages, rms */
    struct mixture voltage[3]; /* of them */
    struct lane lane[SYNTH_LANES];
    int64_t n, step_end; /* next sample; first one of the next step */
    int64_t step_start;
    double cycles, hz, hz_per_sample; /* phase and frequency at step_start */
    double tone_cycles[SCENARIO_MAX_TONES];
    double cosine[TERMS][CHUNK], sine[TERMS][CHUNK];
};

static double complex turn(double rad)
{
    return cos(rad) + sin(rad) * (double complex)I;
}

/* Fundamental `rms` with the shape that belongs to it. */
static void shape(const struct synth *y, struct mixture *to, double complex rms,
                  const struct scenario_spectrum *s)
{
    double peak = cabs(rms) * sqrt(2.0), angle = carg(rms);
    memset(to, 0, sizeof *to);
    if (peak == 0)
        return;
    for (int h = 1; h <= y->last_order; h++) {
        double ratio = h == 1 ? 1 : s->ratio[h];
        double complex a =
            peak * ratio * turn(fmod(h * angle, 2 * PI) + (h == 1 ? 0 : s->angle_rad[h]));
        to->re[h] = creal(a);
        to->im[h] = cimag(a);
    }
    for (int i = 0; i < y->c.scenario->tones; i++) {
        if (y->c.scenario->tone_hz[i] > 0.45 * y->c.rate_hz)
            continue;
        to->re[ORDERS + i] = peak * s->tone[i] * cos(angle);
        to->im[ORDERS + i] = peak * s->tone[i] * sin(angle);
    }
}

/* Phasors at nominal voltage; with the sequence reversed everything turns the other way round. */
static void phasors(const struct scenario *s, double complex nominal[3])
{
    for (int k = 0; k < 3; k++) {
        double angle = s->system->angle_rad[k];
        nominal[k] =
            s->nominal_v * s->system->level[k] * turn(s->reversed_sequence ? -angle : angle);
    }
}

static void part_terms(struct synth *y, int index, const double complex nominal[3])
{
    const struct scenario_part *p = &y->c.scenario->part[index];
    double complex centre = (nominal[0] + nominal[1] + nominal[2]) / 3;
    int phases = y->c.scenario->system->phases, count = 0;
    for (int k = 0; k < 3; k++)
        count += (int)(p->phases >> k & 1);
    bool balanced = phases == 3 && count == 3;
    for (int k = 0; k < 3; k++) {
        bool between = p->from != p->to;
        if (between ? k != p->from : !(p->phases >> k & 1))
            continue;
        double complex across = between    ? nominal[p->from] - nominal[p->to]
                                : balanced ? nominal[k] - centre
                                           : nominal[k];
        double size = p->power_w != 0
                          ? p->power_w / (between ? 1 : count) / cos(p->angle_rad) / cabs(across)
                          : p->current_a;
        double complex rms = size * turn(carg(across) - p->angle_rad) * (p->exports ? -1 : 1);
        int from = between ? p->from : k, to = between ? p->to : k;
        double complex now = from == to ? y->base[from] : y->base[from] - y->base[to];
        double complex then = from == to ? nominal[from] : nominal[from] - nominal[to];
        rms *= now / then;
        struct source_term *t = &y->term[y->terms++];
        *t = (struct source_term){.part = index, .phase = k, .from = from, .to = to};
        shape(y, &t->current, rms, &p->shape);
        if (between) { /* what goes in at one phase comes out at the other */
            struct source_term *back = &y->term[y->terms++];
            *back = *t;
            back->phase = p->to;
            for (int i = 0; i < TERMS; i++) {
                back->current.re[i] = -t->current.re[i];
                back->current.im[i] = -t->current.im[i];
            }
        }
    }
}

enum err synth_open(struct synth **opened, const struct synth_config *c)
{
    const struct scenario *s = c->scenario;
    struct synth *y = calloc(1, sizeof *y);
    struct source_term *terms = calloc((size_t)s->parts * 3 + 1, sizeof *terms);
    if (!y || !terms) {
        free(y);
        free(terms);
        return ERR_FULL;
    }
    y->c = *c;
    y->term = terms;
    y->last_order = (int)fmin(SCENARIO_MAX_ORDER, fmax(1, 0.45 * c->rate_hz / s->frequency_hz));
    y->tick = (int)fmax(1, round(c->rate_hz / STEPS_PER_S));
    double complex nominal[3];
    phasors(s, nominal);
    for (int k = 0; k < 3; k++) {
        y->base[k] = nominal[k] * s->level[k] * turn(s->angle_rad[k]);
        shape(y, &y->voltage[k], y->base[k], &s->voltage[k]);
    }
    for (int i = 0; i < s->parts; i++)
        part_terms(y, i, nominal);
    *opened = y;
    return ERR_OK;
}

void synth_close(struct synth *y)
{
    if (!y)
        return;
    free(y->term);
    free(y);
}

static void add(struct mixture *to, const struct mixture *a, double factor)
{
    for (int i = 0; i < TERMS; i++) {
        to->re[i] += factor * a->re[i];
        to->im[i] += factor * a->im[i];
    }
}

static void set_lane(struct synth *y, int lane, const struct mixture *s)
{
    struct lane *l = &y->lane[lane];
    double scale = y->c.counts_per_unit[lane];
    l->count = 0;
    for (int i = 1; i < TERMS; i++)
        if (s->re[i] != 0 || s->im[i] != 0) {
            l->term[l->count] = i;
            l->re[l->count] = s->re[i] * scale;
            l->im[l->count++] = s->im[i] * scale;
        }
}

/* What the meter's voltage inputs see of the phase voltages, with the installer's mistakes. */
static void voltage_lanes(struct synth *y, const double level[3])
{
    const struct scenario *s = y->c.scenario;
    struct mixture v[3], seen[3];
    memset(v, 0, sizeof v);
    memset(seen, 0, sizeof seen);
    for (int k = 0; k < 3 && k < s->system->phases; k++)
        add(&v[k], &y->voltage[k], level[k]);
    if (!s->system->neutral) { /* L2 is the reference */
        for (int k = 0; k < 3; k += 2) {
            add(&seen[k], &v[k], 1);
            add(&seen[k], &v[1], -1);
        }
        if (s->missing[1]) { /* it floats half-way between the others */
            memset(seen, 0, sizeof seen);
            add(&seen[0], &v[0], 0.5);
            add(&seen[0], &v[2], -0.5);
            add(&seen[2], &seen[0], -1);
        }
    } else {
        int swapped = s->neutral_swap - 1;
        for (int k = 0; k < s->system->phases; k++) {
            if (k != swapped)
                add(&seen[k], &v[k], 1);
            if (swapped >= 0)
                add(&seen[k], &v[swapped], -1);
        }
    }
    for (int k = 0; k < 3; k++) {
        if (s->missing[k])
            memset(&seen[k], 0, sizeof seen[k]);
        set_lane(y, k, &seen[k]);
    }
}

static void current_lanes(struct synth *y, const double level[3])
{
    const struct scenario *s = y->c.scenario;
    struct schedule_time t = {.since_s = (double)y->n / y->c.rate_hz};
    t.local_s = y->c.start_local_s + t.since_s;
    double part[SCENARIO_MAX_PARTS];
    for (int i = 0; i < s->parts; i++)
        part[i] = schedule_level(s, i, t);
    for (int l = 0; l < s->loads; l++) {
        struct mixture i[3];
        memset(i, 0, sizeof i);
        for (int k = 0; k < y->terms; k++) {
            const struct source_term *m = &y->term[k];
            if (s->part[m->part].load != l || part[m->part] == 0)
                continue;
            double voltage = level[m->from];
            if (m->from != m->to)
                voltage = cabs(level[m->from] * y->base[m->from] - level[m->to] * y->base[m->to]) /
                          fmax(1e-9, cabs(y->base[m->from] - y->base[m->to]));
            add(&i[m->phase], &m->current, part[m->part] * voltage);
        }
        for (int k = 0; k < 3; k++) {
            struct mixture seen;
            memset(&seen, 0, sizeof seen);
            bool sensor = s->system->neutral || s->sensors == 3 || k != 1;
            if (sensor)
                add(&seen, &i[s->load[l].sensor_on[k]], s->load[l].reverse[k]);
            set_lane(y, METER_GROUP_LANES * (l + 1) + k, &seen);
        }
    }
}

static double wrap(double cycles)
{
    return cycles - floor(cycles);
}

static void advance(struct synth *y, int64_t count)
{
    double d = (double)count, seconds = d / y->c.rate_hz;
    y->cycles = wrap(y->cycles + (y->hz + 0.5 * y->hz_per_sample * d) * seconds);
    for (int i = 0; i < y->c.scenario->tones; i++)
        y->tone_cycles[i] = wrap(y->tone_cycles[i] + wrap(y->c.scenario->tone_hz[i] * seconds));
}

static void next_step(struct synth *y)
{
    const struct scenario *s = y->c.scenario;
    advance(y, y->n - y->step_start);
    y->step_start = y->n;
    y->step_end = (y->n / y->tick + 1) * y->tick;
    double level[3];
    for (int k = 0; k < 3; k++)
        level[k] = schedule_voltage(s, k, y->n, y->c.rate_hz, y->c.start_local_s, &y->step_end);
    y->hz = schedule_frequency_hz(s, (double)y->n / y->c.rate_hz);
    double end = schedule_frequency_hz(s, (double)y->step_end / y->c.rate_hz);
    y->hz_per_sample = (end - y->hz) / (double)(y->step_end - y->n);
    voltage_lanes(y, level);
    current_lanes(y, level);
}

/* Cosines and sines of every order for `count` samples from y->n. */
static void waves(struct synth *y, int count)
{
    int highest = 1;
    for (int l = 0; l < y->c.lanes; l++)
        for (int i = 0; i < y->lane[l].count; i++)
            if (y->lane[l].term[i] < ORDERS && y->lane[l].term[i] > highest)
                highest = y->lane[l].term[i];
    for (int j = 0; j < count; j++) {
        double d = (double)(y->n - y->step_start + j), seconds = d / y->c.rate_hz;
        double angle = 2 * PI * wrap(y->cycles + (y->hz + 0.5 * y->hz_per_sample * d) * seconds);
        y->cosine[0][j] = 1;
        y->sine[0][j] = 0;
        y->cosine[1][j] = cos(angle);
        y->sine[1][j] = sin(angle);
        for (int i = 0; i < y->c.scenario->tones; i++) {
            angle = 2 * PI * wrap(y->tone_cycles[i] + y->c.scenario->tone_hz[i] * seconds);
            y->cosine[ORDERS + i][j] = cos(angle);
            y->sine[ORDERS + i][j] = sin(angle);
        }
    }
    for (int h = 2; h <= highest; h++)
        for (int j = 0; j < CHUNK; j++) {
            double two = 2 * y->cosine[1][j];
            y->cosine[h][j] = two * y->cosine[h - 1][j] - y->cosine[h - 2][j];
            y->sine[h][j] = two * y->sine[h - 1][j] - y->sine[h - 2][j];
        }
}

/* Nearly normal with the given rms: the sum of four 16-bit numbers of one hash. */
static double noise(uint64_t seed, int lane, int64_t n, double rms)
{
    uint64_t z = schedule_hash(seed, (uint64_t)lane, (uint64_t)n);
    int32_t sum = (int32_t)(z & 0xFFFF) + (int32_t)(z >> 16 & 0xFFFF) +
                  (int32_t)(z >> 32 & 0xFFFF) + (int32_t)(z >> 48);
    return ((double)sum - 131070.0) * rms / 37837.227; /* 65536 sqrt(4 / 12) */
}

static void lane_samples(struct synth *y, int lane, int count, int32_t *to)
{
    const struct lane *l = &y->lane[lane];
    double rms = y->c.noise_counts[lane];
    uint64_t seed = y->c.scenario->seed;
    for (int start = 0; start < count; start += WIDE) {
        double sum[WIDE] = {0};
        for (int i = 0; i < l->count; i++) {
            const double *c = &y->cosine[l->term[i]][start], *s = &y->sine[l->term[i]][start];
            double re = l->re[i], im = l->im[i];
            for (int j = 0; j < WIDE; j++)
                sum[j] += re * c[j] - im * s[j];
        }
        int end = count - start < WIDE ? count - start : WIDE;
        for (int j = 0; j < end; j++) {
            double x = sum[j];
            if (rms > 0)
                x += noise(seed, lane, y->n + start + j, rms);
            x = x > METER_RAW_MAX ? METER_RAW_MAX : x < -METER_RAW_MAX ? -METER_RAW_MAX : x;
            to[(size_t)(start + j) * (size_t)y->c.lanes] = (int32_t)lrint(x);
        }
    }
}

void synth_read(struct synth *y, int32_t *frames, size_t count)
{
    while (count > 0) {
        if (y->n >= y->step_end)
            next_step(y);
        int64_t left = y->step_end - y->n;
        int part = (int)(left < CHUNK ? left : CHUNK);
        if ((size_t)part > count)
            part = (int)count;
        waves(y, part);
        for (int lane = 0; lane < y->c.lanes; lane++)
            lane_samples(y, lane, part, frames + lane);
        y->n += part;
        frames += (size_t)part * (size_t)y->c.lanes;
        count -= (size_t)part;
    }
}

void synth_skip(struct synth *y, int64_t count)
{
    y->n += count;
    y->step_end =
        y->n; /* the next read starts a step here; its phase goes on at the old frequency */
}
