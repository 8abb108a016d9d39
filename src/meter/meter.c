#include "meter/meter_internal.h"

#include <math.h>
#include <string.h>

#define ALIGN 64
/* The longest window (12 cycles of 30 Hz), the tracker's latency, and room for portions. */
#define RING_S 0.65
#define RING_MARGIN (2 * KERNEL_MAX_TAPS + 64)
#define RATE_CORRECTION_LEAST 0.999
#define RATE_CORRECTION_MOST 1.001
#define SIXTY_HZ_FROM 55.0
#define SYNCHRONISATION 3e-4 /* of a window: IEC 61000-4-7:2002+A1:2008, 4.4.1 */
#define FREEZE_POWER 0.4     /* of Un Ist: spec/metrology.md 5.5 */
#define FREEZE_CURRENT 0.5   /* of Ist */

static void *cut(char *memory, size_t *used, size_t bytes)
{
    void *piece = memory ? memory + *used : NULL;
    *used += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    return piece;
}

/* Gives *m its pieces of `memory`, counts only where that is NULL. */
static size_t lay_out(struct meter *m, char *memory, const struct meter_config *c)
{
    size_t used = 0;
    m->lanes = METER_GROUP_LANES * (1 + c->loads);
    m->rows = kernel_rows(m->lanes);
    size_t rows = (size_t)m->rows, lanes = (size_t)m->lanes;
    m->ring.capacity = (int64_t)ceil(RING_S * c->rate_hz) + RING_MARGIN;
    m->ring.lanes = m->lanes;
    (void)cut(memory, &used, sizeof *m);
    m->ring.frames = cut(memory, &used, (size_t)m->ring.capacity * lanes * sizeof(int32_t));
    m->edge = cut(memory, &used, rows * sizeof *m->edge);
    m->new_edge = cut(memory, &used, rows * sizeof *m->new_edge);
    m->exact = cut(memory, &used, rows * sizeof *m->exact);
    m->total = cut(memory, &used, rows * sizeof *m->total);
    m->fitted = cut(memory, &used, rows * sizeof *m->fitted);
    m->extra = cut(memory, &used, rows * sizeof *m->extra);
    m->drift = cut(memory, &used, lanes * sizeof *m->drift);
    m->window.peak = cut(memory, &used, lanes * sizeof *m->window.peak);
    for (int h = 0; h < WINDOW_MAX_HALVES; h++)
        m->window.half[h] = cut(memory, &used, rows * sizeof *m->window.half[h]);
    return used;
}

size_t meter_size(const struct meter_config *c)
{
    struct meter m;
    if (meter_config_check(c, NULL) != ERR_OK)
        return 0;
    size_t own = lay_out(&m, NULL, c);
    return own + fit_size(m.lanes) + spectrum_size(c->rate_hz, m.lanes);
}

static void init_load(struct meter *m, int k)
{
    const struct load_config *l = &m->config.load[k];
    struct load_state *s = &m->load[k];
    measure_plan(&s->plan, &m->config, l);
    s->registers_config = (struct registers_config){
        .rule = l->rule,
        .freeze_w = FREEZE_POWER * s->plan.nominal_ln_v * s->plan.start_a,
        .freeze_a = FREEZE_CURRENT * s->plan.start_a,
        .hours_start_a = l->hours_start_a > 0 ? l->hours_start_a : s->plan.start_a,
        .three_wire = m->config.system == SYSTEM_3P3W,
    };
}

enum err meter_init_with(struct meter **out, void *memory, const struct meter_config *c,
                         const struct kernel *kernel, struct reason *why)
{
    enum err e = meter_config_check(c, why);
    if (e != ERR_OK)
        return e;
    if ((uintptr_t)memory % ALIGN != 0)
        return reason(why, ERR_RANGE, "memory is not aligned to %d bytes", ALIGN);
    struct meter *m = memory;
    memset(memory, 0, meter_size(c));
    size_t used = lay_out(m, memory, c);
    m->config = *c;
    m->kernel = kernel;
    m->rate_hz = c->rate_hz;
    m->timeline.rate_hz = c->rate_hz;
    for (int k = 0; k < c->loads; k++)
        init_load(m, k);
    tracker_init(&m->tracker, c->system, c->rate_hz, c->nominal_v, c->nominal_hz,
                 m->load[0].plan.scale_v);
    tracker_restart(&m->tracker);
    fit_init(&m->fit, (char *)memory + used, m->lanes);
    used += fit_size(m->lanes);
    spectrum_init(&m->spectrum, kernel, (char *)memory + used, c->rate_hz, m->lanes);
    *out = m;
    return ERR_OK;
}

enum err meter_init(struct meter **m, void *memory, const struct meter_config *c,
                    struct reason *why)
{
    return meter_init_with(m, memory, c, kernel_best(), why);
}

/* The oldest frame that is still needed. */
static int64_t oldest(const struct meter *m)
{
    if (!m->in_cycles)
        return m->first;
    int64_t n = m->window.start.n - spectrum_reach(&m->spectrum) - 1;
    return n > m->first ? n : m->first;
}

size_t meter_room(const struct meter *m)
{
    int64_t room = m->ring.capacity - (m->ring.head - oldest(m));
    return m->gaps == METER_MAX_GAPS || room < 0 ? 0 : (size_t)room;
}

enum err meter_push(struct meter *m, const int32_t *frames, size_t count, int64_t utc_us)
{
    if (count > meter_room(m))
        return ERR_FULL;
    if (count == 0)
        return ERR_OK;
    timeline_stamp(&m->timeline, m->ring.head, utc_us, m->gapped);
    m->gapped = false;
    ring_push(&m->ring, m->kernel, frames, count);
    return ERR_OK;
}

void meter_gap(struct meter *m)
{
    int64_t before = m->gaps > 0 ? m->gap[m->gaps - 1] : m->first;
    m->gapped = true;
    if (m->ring.head > before && m->gaps < METER_MAX_GAPS)
        m->gap[m->gaps++] = m->ring.head;
}

void meter_end(struct meter *m)
{
    meter_gap(m);
}

enum err meter_discipline(struct meter *m, double factor)
{
    if (!(factor >= RATE_CORRECTION_LEAST && factor <= RATE_CORRECTION_MOST))
        return ERR_RANGE;
    m->rate_hz = m->config.rate_hz * factor;
    timeline_set_rate(&m->timeline, m->ring.head, m->rate_hz);
    return ERR_OK;
}

/* Frames known to be in this segment end here. */
static int64_t segment_end(const struct meter *m)
{
    return m->gaps > 0 ? m->gap[0] : m->ring.head;
}

static void feed_tracker(struct meter *m)
{
    double sum[4] = {0};
    int done = 0;
    while (done < m->tracker.taps) {
        int run = ring_run(&m->ring, m->fed + done, m->tracker.taps - done);
        m->kernel->weigh(sum, ring_frame(&m->ring, m->fed + done), m->tracker.weight + done,
                         m->lanes, run);
        done += run;
    }
    m->fed += m->tracker.decimation;
    tracker_feed(&m->tracker, sum);
}

/* to += exact sums of frames first .. last */
static void add_exact(struct meter *m, sum_row *to, int64_t first, int64_t last)
{
    memset(m->exact, 0, (size_t)m->rows * sizeof *m->exact);
    ring_sum(&m->ring, m->kernel, m->exact, m->window.peak, first, last);
    for (int r = 0; r < m->rows; r++) {
        for (int k = 0; k < 4; k++)
            to[r][k] += (double)m->exact[r][k];
    }
}

static void add_edge(struct meter *m, sum_row *to, sum_row *edge, double sign)
{
    for (int r = 0; r < m->rows; r++) {
        for (int k = 0; k < 4; k++)
            to[r][k] += sign * edge[r][k];
    }
}

static void begin_window(struct meter *m)
{
    double hz = m->config.nominal_hz > 0 ? m->config.nominal_hz : m->tracker.hz;
    m->window.cycles = hz > SIXTY_HZ_FROM ? 12 : 10; /* IEC 61000-4-30:2015, 4.4 */
    m->window.halves = 0;
}

/* A half cycle, or what lies before the first boundary, ends at `b` (numbered since the start). */
static void take_boundary(struct meter *m, struct boundary b)
{
    ring_edge(&m->ring, m->kernel, m->new_edge, b.n, b.u);
    if (m->in_cycles) {
        sum_row *half = m->window.half[m->window.halves];
        memset(half, 0, (size_t)m->rows * sizeof *half);
        add_exact(m, half, m->last.n + 1, b.n);
        add_edge(m, half, m->new_edge, 1);
        add_edge(m, half, m->edge, -1);
        m->window.end[m->window.halves++] = b;
    } else {
        /* The integral begins half a sample before the first one. */
        add_exact(m, m->extra, m->first, b.n);
        add_edge(m, m->extra, m->new_edge, 1);
        m->extra_samples += (double)(b.n - m->first) + b.u + 0.5;
        m->in_cycles = true;
        m->window.start = b;
        begin_window(m);
    }
    sum_row *swap = m->edge;
    m->edge = m->new_edge;
    m->new_edge = swap;
    m->last = b;
    if (b.even)
        ten_seconds_add(&m->ten_seconds, &m->timeline, b.n, b.u, b.referenced);
}

/* One piece of work: false where there is nothing to do without more frames. */
static bool work(struct meter *m)
{
    struct boundary b;
    if (tracker_next(&m->tracker, &b)) {
        b.n += m->first;
        take_boundary(m, b);
        return true;
    }
    if (tracker_step(&m->tracker))
        return true;
    if (m->fed + m->tracker.taps <= segment_end(m)) {
        feed_tracker(m);
        return true;
    }
    if (m->gaps > 0 && !m->finishing) {
        tracker_finish(&m->tracker, m->gap[0] - m->first);
        m->finishing = true;
        return true;
    }
    return false;
}

/* What is left after the last boundary, up to half a sample behind the last frame, and the half cycles
 * from `first_half` on. */
static void take_rest(struct meter *m, int first_half)
{
    int64_t end = m->gap[0];
    const struct boundary *from = &m->last;
    for (int h = first_half; h < m->window.halves; h++)
        add_edge(m, m->extra, m->window.half[h], 1);
    if (m->in_cycles) {
        if (m->window.halves > first_half)
            from = first_half > 0 ? &m->window.end[first_half - 1] : &m->window.start;
        add_exact(m, m->extra, m->last.n + 1, end - 1);
        add_edge(m, m->extra, m->edge, -1);
        m->extra_samples += (double)(end - from->n) - from->u - 0.5;
    } else {
        add_exact(m, m->extra, m->first, end - 1);
        m->extra_samples += (double)(end - m->first);
    }
}

static void begin_segment(struct meter *m)
{
    m->first = m->gap[0];
    m->fed = m->first;
    memmove(m->gap, m->gap + 1, (size_t)(m->gaps - 1) * sizeof m->gap[0]);
    m->gaps--;
    m->finishing = false;
    m->in_cycles = false;
    m->joined = false;
    m->window.halves = 0;
    m->window.hz = 0;
    m->window.fitted = false;
    m->window.discontinuity = true;
    m->half_samples = 0;
    memset(m->half_square, 0, sizeof m->half_square);
    memset(m->window.peak, 0, (size_t)m->lanes * sizeof *m->window.peak);
    tracker_restart(&m->tracker);
    ten_seconds_break(&m->ten_seconds);
}

/* A record shorter than a measuring window is described whole, by the periodic signal that fits it (meter/fit_internal.h).
 * Returns the cycles it has room for, 0 where it is not such a record or does not fit. */
static int short_record(struct meter *m)
{
    int64_t count = m->gap[0] - m->first;
    double cycles_a_sample = m->tracker.hz / m->config.rate_hz;
    int cycles = (int)((double)count * cycles_a_sample * (1 + SYNCHRONISATION));
    if (m->joined || !m->in_cycles || !m->tracker.locked) /* joined: there was a window before */
        return 0;
    if (cycles < 1 || cycles >= SPECTRUM_MAX_CYCLES)
        return 0;
    return fit_run(&m->fit, &m->ring, m->first, count, cycles_a_sample) ? cycles : 0;
}

/* Makes everything that `extra` holds, all samples of the segment, the window: half cycles share it evenly. */
static void spread(struct meter *m, int cycles)
{
    double length = (double)(m->gap[0] - m->first), part = 1.0 / (2 * cycles);
    struct boundary start = {.n = m->first - 1, .u = 0.5, .referenced = true};
    for (int h = 0; h < 2 * cycles; h++) {
        double end = length * part * (h + 1) - 0.5, n = floor(end);
        m->window.end[h] =
            (struct boundary){.n = m->first + (int64_t)n, .u = end - n, .referenced = true};
        memset(m->window.half[h], 0, (size_t)m->rows * sizeof *m->window.half[h]);
        add_edge(m, m->window.half[h], m->extra, part);
    }
    m->window.start = start;
    m->window.hz = m->tracker.hz * m->rate_hz / m->config.rate_hz;
    m->window.fitted = true;
    memset(m->extra, 0, (size_t)m->rows * sizeof *m->extra);
    m->extra_samples = 0;
}

/* The segment is over: its last window, if there is a whole cycle. */
static bool end_segment(struct meter *m, struct meter_window *w)
{
    int cycles = m->in_cycles ? m->window.halves / 2 : 0, whole = short_record(m);
    if (whole > 0)
        cycles = whole;
    take_rest(m, whole > 0 ? 0 : 2 * cycles);
    if (whole > 0)
        spread(m, whole);
    if (cycles > 0)
        window_finish(m, cycles, m->gap[0], w);
    else
        window_settle(m);
    begin_segment(m);
    return cycles > 0;
}

/* The transform reads a little beyond the window. */
static bool window_is_readable(const struct meter *m)
{
    return m->gaps > 0 || m->last.n + spectrum_reach(&m->spectrum) + 2 < m->ring.head;
}

bool meter_poll(struct meter *m, struct meter_window *w)
{
    for (;;) {
        if (m->in_cycles && m->window.halves == 2 * m->window.cycles) {
            if (!window_is_readable(m))
                return false;
            window_finish(m, m->window.cycles, segment_end(m), w);
            begin_window(m);
            return true;
        }
        if (work(m))
            continue;
        if (m->gaps == 0)
            return false;
        if (end_segment(m, w))
            return true;
    }
}

void meter_image(const struct meter *m, int load, struct meter_image *image)
{
    *image = (struct meter_image){
        .registers = m->reading[load].total,
        .demand = m->reading[load].demand,
        .demand_state = m->load[load].demand,
    };
}

void meter_restore(struct meter *m, int load, const struct meter_image *image)
{
    struct load_state *s = &m->load[load];
    m->reading[load].total = image->registers;
    m->reading[load].demand = image->demand;
    s->demand = image->demand_state;
    /* A pulse ends where the register passes a multiple of its weight. */
    int64_t weight_uwh = llround(meter_pulse_weight_kwh(&m->config.load[load]) * 1e9);
    s->pulse = (struct pulse_state){
        .rest_wh = (double)(image->registers.import.micro % weight_uwh) / 1e6,
    };
}

enum err meter_set_tariff(struct meter *m, int load, int tariff)
{
    if (load < 0 || load >= m->config.loads)
        return ERR_RANGE;
    return registers_set_tariff(&m->reading[load].total, tariff);
}

void meter_reset_partial(struct meter *m, int load)
{
    registers_reset_partial(&m->reading[load].total);
}

void meter_stop_partial(struct meter *m, int load, bool stopped)
{
    m->reading[load].total.partial_stopped = stopped;
}

void meter_reset_demand(struct meter *m, int load)
{
    demand_reset(&m->reading[load].demand, &m->load[load].demand);
}
