#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define PORTION 1000

void signal_three_phase(struct signal *s, double hz, double amps, double lag_deg)
{
    memset(s, 0, sizeof *s);
    s->hz = hz;
    s->seed = 1;
    s->start_deg = 17;
    for (int k = 0; k < SIGNAL_LANES; k++)
        s->full_scale[k] = k < 4 ? 700 : 18;
    signal_add_three(s, 0, 230, 1, 0);
    signal_add_three(s, 4, amps, 1, -lag_deg);
}

void signal_add(struct signal *s, int lane, double rms, double order, double deg)
{
    struct channel *c = &s->channel[lane];
    c->term[c->terms++] = (struct term){.rms = rms, .order = order, .deg = deg};
}

void signal_add_three(struct signal *s, int lane, double rms, double order, double deg)
{
    for (int k = 0; k < 3; k++)
        signal_add(s, lane + k, rms, order, deg - 120 * order * k);
}

static double mains_cycles(const struct signal *s, double t)
{
    return s->start_deg / 360 + s->hz * t + 0.5 * s->ramp_hz_s * t * t;
}

static double phase_of(const struct signal *s, const struct term *x, double t)
{
    double cycles = x->fixed_hz != 0 ? x->fixed_hz * t : x->order * mains_cycles(s, t);
    return 2 * PI * (cycles + x->deg / 360);
}

double signal_value(const struct signal *s, int lane, double t)
{
    const struct channel *c = &s->channel[lane];
    double sum = c->direct;
    for (int k = 0; k < c->terms; k++)
        sum += sqrt(2.0) * c->term[k].rms * cos(phase_of(s, &c->term[k], t));
    return sum;
}

static double uniform(struct signal *s)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(s->seed >> 11) + 0.5) / 9007199254740992.0;
}

static double gauss(struct signal *s)
{
    double radius = sqrt(-2 * log(uniform(s)));
    return radius * cos(2 * PI * uniform(s));
}

void signal_frames(struct signal *s, int32_t *frames, int lanes, int64_t first, int count,
                   double rate_hz)
{
    double step = s->bits ? ldexp(1, 24 - s->bits) : 1;
    for (int n = 0; n < count; n++) {
        double t = (double)(first + n) / rate_hz;
        for (int lane = 0; lane < lanes; lane++) {
            double x = signal_value(s, lane, t);
            if (s->channel[lane].noise > 0)
                x += s->channel[lane].noise * gauss(s);
            double counts = x / s->full_scale[lane] * METER_RAW_MAX;
            frames[n * lanes + lane] = (int32_t)lround(rint(counts / step) * step);
        }
    }
}

/* Mean over start .. end of cos(a0 + wa t) cos(b0 + wb t), times 2. */
static double beat(double start, double end, double w, double angle_start)
{
    double length = end - start, x = w * length / 2;
    return (fabs(x) < 1e-9 ? 1 : sin(x) / x) * cos(angle_start + x);
}

static double mean_in_closed_form(const struct signal *s, int a, int b, double start, double end)
{
    const struct channel *ca = &s->channel[a], *cb = &s->channel[b];
    double sum = ca->direct * cb->direct;
    for (int j = 0; j < ca->terms; j++) {
        const struct term *x = &ca->term[j];
        double wx = 2 * PI * (x->fixed_hz != 0 ? x->fixed_hz : x->order * s->hz);
        double px = phase_of(s, x, start);
        sum += sqrt(2.0) * x->rms * cb->direct * beat(start, end, wx, px);
        for (int k = 0; k < cb->terms; k++) {
            const struct term *y = &cb->term[k];
            double wy = 2 * PI * (y->fixed_hz != 0 ? y->fixed_hz : y->order * s->hz);
            double py = phase_of(s, y, start);
            sum += x->rms * y->rms *
                   (beat(start, end, wx - wy, px - py) + beat(start, end, wx + wy, px + py));
        }
    }
    for (int k = 0; k < cb->terms; k++) {
        const struct term *y = &cb->term[k];
        double wy = 2 * PI * (y->fixed_hz != 0 ? y->fixed_hz : y->order * s->hz);
        sum += sqrt(2.0) * y->rms * ca->direct * beat(start, end, wy, phase_of(s, y, start));
    }
    return sum;
}

double signal_mean(const struct signal *s, int a, int b, double start, double end)
{
    if (s->ramp_hz_s == 0)
        return mean_in_closed_form(s, a, b, start, end);
    int steps = 20000; /* Simpson */
    double sum = 0, h = (end - start) / steps;
    for (int k = 0; k <= steps; k++) {
        double t = start + k * h, weight = k == 0 || k == steps ? 1 : k % 2 ? 4 : 2;
        sum += weight * signal_value(s, a, t) * signal_value(s, b, t);
    }
    return sum / (3.0 * steps);
}

double signal_hz(const struct signal *s, double start, double end)
{
    return (mains_cycles(s, end) - mains_cycles(s, start)) / (end - start);
}

struct meter_config signal_config(const struct signal *s, double rate_hz, enum meter_system system)
{
    struct meter_config c = {.rate_hz = rate_hz,
                             .system = system,
                             .nominal_v = 230,
                             .nominal_hz = 50,
                             .loads = 1,
                             .load = {{.input = INPUT_DIRECT,
                                       .nominal_a = 5,
                                       .rule = TOTALS_SYSTEM,
                                       .demand = {.period_min = 1}}}};
    for (int k = 0; k < 4; k++) {
        c.volts_per_count[k] = s->full_scale[k] / METER_RAW_MAX;
        c.load[0].amps_per_count[k] = s->full_scale[4 + k] / METER_RAW_MAX;
    }
    return c;
}

struct meter *signal_meter(const struct meter_config *c)
{
    struct meter *m = NULL;
    size_t size = meter_size(c);
    void *memory = size ? aligned_alloc(64, size) : NULL;
    struct reason why;
    if (!memory || meter_init(&m, memory, c, &why) != ERR_OK)
        abort();
    return m;
}

void signal_run(struct meter *m, struct signal *s, double seconds, window_check *each,
                void *context)
{
    double rate = m->config.rate_hz;
    int32_t *frames = malloc(sizeof *frames * PORTION * (size_t)m->lanes);
    int64_t total = llround(seconds * rate);
    for (int64_t first = 0; first < total; first += PORTION) {
        int count = total - first < PORTION ? (int)(total - first) : PORTION;
        signal_frames(s, frames, m->lanes, first, count, rate);
        int64_t utc = llround((double)first / rate * 1e6);
        if (meter_push(m, frames, (size_t)count, utc) != ERR_OK)
            abort();
        struct meter_window w;
        while (meter_poll(m, &w)) {
            /* the meter's state after a window tells its end to a fraction of a sample */
            double end = ((double)m->window.start.n + m->window.start.u) / rate;
            if (each)
                each(context, &w, end - w.reading[0].now.duration_s, end);
        }
    }
    free(frames);
}
