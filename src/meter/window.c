/* Half cycles to readings: once a window. */
#include "meter/meter_internal.h"

#include <math.h>
#include <string.h>

#define DRIFT_S 10.0 /* time constant of the slow means */
#define UNSTEADY_HALF \
    1.03 /* longest half cycle by the shortest: 7.5 Hz/s at 50 Hz, a jump of 15 degrees */
#define UNSTEADY_VOLTAGE 0.9    /* least Urms(1/2) by the largest */
#define NO_VOLTAGE 0.05         /* of the largest phase */
#define JOIN_US INT64_C(100000) /* windows stay joined over steps of the clock up to this */

static double span(const struct boundary *a, const struct boundary *b)
{
    return (double)(b->n - a->n) + (b->u - a->u);
}

static void add_rows(sum_row *to, sum_row *from, int rows)
{
    for (int r = 0; r < rows; r++) {
        for (int k = 0; k < 4; k++)
            to[r][k] += from[r][k];
    }
}

/* The slow mean of each channel follows this window's. */
static void follow_drift(struct meter *m, double samples)
{
    double seconds = samples / m->rate_hz;
    m->drift_s = fmin(m->drift_s + seconds, DRIFT_S);
    double gain = fmin(seconds / m->drift_s, 1);
    for (int lane = 0; lane < m->lanes; lane++) {
        int row = lane < METER_GROUP_LANES
                      ? (int)ROW_V
                      : kernel_current_row(lane / METER_GROUP_LANES - 1, ROW_I);
        double mean = m->total[row][lane % METER_GROUP_LANES] / samples;
        m->drift[lane] += gain * (mean - m->drift[lane]);
    }
}

static const double *drift_of(const struct meter *m)
{
    return m->config.remove_offset ? m->drift : NULL;
}

/* Urms(1/2): one cycle ending at each half cycle. */
static void fill_half_voltages(struct meter *m, int halves, struct meter_window *w)
{
    const struct boundary *from = &m->window.start;
    w->half_cycles = halves;
    for (int h = 0; h < halves; h++) {
        double square[3], samples = span(from, &m->window.end[h]);
        measure_voltage_squares(&m->load[0].plan, &m->config, m->window.half[h], samples,
                                drift_of(m), square);
        for (int k = 0; k < 3; k++) {
            double both = square[k] * samples + m->half_square[k];
            both /= samples + m->half_samples;
            w->urms_half_v[h][k] = both > 0 ? sqrt(both) : 0;
            m->half_square[k] = square[k] * samples;
        }
        m->half_samples = samples;
        from = &m->window.end[h];
    }
}

/* IEC 61000-4-30:2015, 4.7: an interval with an event in it is flagged. */
static bool is_unsteady(const struct meter *m, const struct meter_window *w)
{
    double shortest = HUGE_VAL, longest = 0, least[3], most[3] = {0}, largest = 0;
    const struct boundary *from = &m->window.start;
    for (int h = 0; h < w->half_cycles; h++) {
        double length = span(from, &m->window.end[h]);
        shortest = fmin(shortest, length);
        longest = fmax(longest, length);
        from = &m->window.end[h];
    }
    for (int k = 0; k < 3; k++) {
        least[k] = HUGE_VAL;
        for (int h = 1; h < w->half_cycles; h++) { /* the first may have no half cycle before it */
            least[k] = fmin(least[k], w->urms_half_v[h][k]);
            most[k] = fmax(most[k], w->urms_half_v[h][k]);
        }
        largest = fmax(largest, most[k]);
    }
    bool unsteady = longest > UNSTEADY_HALF * shortest;
    for (int k = 0; k < 3; k++)
        unsteady =
            unsteady || (most[k] > NO_VOLTAGE * largest && least[k] < UNSTEADY_VOLTAGE * most[k]);
    return unsteady;
}

static void fill_times(struct meter *m, const struct boundary *end, struct meter_window *w)
{
    int64_t start_us = timeline_utc(&m->timeline, m->window.start.n, m->window.start.u);
    w->end_utc_us = timeline_utc(&m->timeline, end->n, end->u);
    bool near = start_us - m->last_end_us <= JOIN_US && m->last_end_us - start_us <= JOIN_US;
    if (m->joined && near && m->last_end_us < w->end_utc_us)
        start_us = m->last_end_us;
    if (start_us >= w->end_utc_us) /* the clock was set back inside the window */
        start_us = w->end_utc_us - llround(span(&m->window.start, end) / m->rate_hz * 1e6);
    w->start_utc_us = start_us;
    m->last_end_us = w->end_utc_us;
    m->joined = true;
}

/* What a step added to a register, in its unit; differences of the integers are exact. */
static double gained(const struct counter *after, const struct counter *before)
{
    return ((double)(after->micro - before->micro) + (after->rest - before->rest)) / 1e6;
}

static void advance_demand(struct meter *m, int load, const struct registers *before,
                           int64_t start_us, int64_t end_us)
{
    struct reading *r = &m->reading[load];
    double hours = (double)(end_us - start_us) / 3.6e9;
    if (!(hours > 0))
        return;
    struct demand_step step = {
        .start_utc_us = start_us,
        .end_utc_us = end_us,
        .mean = {gained(&r->total.import, &before->import) / hours,
                 gained(&r->total.export, &before->export) / hours,
                 gained(&r->total.reactive_import, &before->reactive_import) / hours,
                 gained(&r->total.apparent, &before->apparent) / hours, r->now.phase[0].current_a,
                 r->now.phase[1].current_a, r->now.phase[2].current_a}};
    /* A step that demand refuses (the clock stands before 1970) breaks the running period, nothing else. */
    if (demand_add(&r->demand, &m->load[load].demand, &m->config.load[load].demand, &step) !=
        ERR_OK)
        m->load[load].demand.last_end_us = 0;
}

/* Shares what the import register gained among the half cycles as their power was, so that pulses and
 * register agree under every rule of totals and with every correction. */
static void run_pulses(struct meter *m, int load, const struct registers *before, int halves,
                       struct meter_window *w)
{
    double energy[WINDOW_MAX_HALVES], sum = 0;
    int64_t end_us[WINDOW_MAX_HALVES], at[METER_MAX_PULSES], last_us = w->start_utc_us;
    struct reading *r = &m->reading[load];
    double total_wh = gained(&r->total.import, &before->import);
    const struct boundary *from = &m->window.start;
    for (int h = 0; h < halves; h++) {
        double power[3], samples = span(from, &m->window.end[h]);
        measure_power(&m->load[load].plan, &m->config, load, m->window.half[h], samples,
                      drift_of(m), power);
        energy[h] = fabs(power[0] + power[1] + power[2]) * samples;
        sum += energy[h];
        from = &m->window.end[h];
        int64_t us = timeline_utc(&m->timeline, from->n, from->u);
        last_us = end_us[h] = us > last_us ? us : last_us;
    }
    for (int h = 0; h < halves; h++)
        energy[h] = sum > 0 ? total_wh * energy[h] / sum : total_wh / halves;
    int count =
        pulse_run(&m->load[load].pulse, 1000 * meter_pulse_weight_kwh(&m->config.load[load]),
                  energy, end_us, halves, w->start_utc_us, at, METER_MAX_PULSES);
    for (int k = 0; k < count; k++)
        w->pulse[load][k].utc_us = at[k];
    w->pulse_count[load] = count;
    r->total.pulses.micro += count * INT64_C(1000000);
}

/* Adds the window's energy, always that of its samples, and that of samples outside of whole cycles. */
static void advance_registers(struct meter *m, int load, const double shift_w[3], double samples)
{
    struct load_state *s = &m->load[load];
    struct reading *r = &m->reading[load];
    double hours = samples / m->rate_hz / 3600, more_hours = 0, more_w[3] = {0};
    if (m->extra_samples > 0) {
        more_hours = m->extra_samples / m->rate_hz / 3600;
        measure_power(&s->plan, &m->config, load, m->extra, m->extra_samples, drift_of(m), more_w);
    }
    struct registers_step step = {
        .duration_s = 3600 * (hours + more_hours),
        .apparent_system_vah = r->now.apparent_va * (hours + more_hours),
    };
    double exact_w[3];
    measure_power(&s->plan, &m->config, load, m->total, samples, drift_of(m), exact_w);
    for (int k = 0; k < s->plan.phases; k++) {
        const struct phase_measurement *p = &r->now.phase[k];
        double power_w = m->window.fitted ? exact_w[k] + shift_w[k] : p->power_w;
        step.active_wh[k] = power_w * hours + (more_w[k] + shift_w[k]) * more_hours;
        step.reactive_varh[k] = p->reactive_var * (hours + more_hours);
        step.apparent_vah[k] = p->apparent_va * (hours + more_hours);
        step.current_a[k] = p->current_a;
    }
    /* Only numbers that no input can deliver are refused; then nothing is counted. */
    enum err e = registers_add(&r->total, &s->registers_config, &step);
    if (e == ERR_OK)
        e = registers_add_on_time(&r->total, step.duration_s);
    (void)e;
}

static void check_wiring(struct meter *m, int load)
{
    struct reading *r = &m->reading[load];
    const struct load_config *l = &m->config.load[load];
    struct wiring_input in = {
        .system = m->config.system,
        .nominal_v = m->load[load].plan.nominal_ln_v,
        .nominal_a = m->load[load].plan.nominal_a,
        .generation = l->generation,
        .currents = m->config.system == SYSTEM_3P3W ? (l->two_currents ? 2 : 3) : 0,
        .no_phase = (r->now.flags & FLAG_NO_REFERENCE) != 0,
    };
    for (int k = 0; k < 3; k++) {
        const struct phase_measurement *p = &r->now.phase[k];
        in.voltage_v[k] = in.no_phase ? p->voltage_v : p->fundamental_v;
        in.voltage_deg[k] = p->voltage_angle_deg;
        in.current_a[k] = p->fundamental_a;
        in.current_deg[k] = p->current_angle_deg;
    }
    wiring_check(&in, &r->wiring);
}

static void transform(struct meter *m, int cycles, int64_t segment_end)
{
    const struct boundary *start = &m->window.start, *end = &m->window.end[2 * cycles - 1];
    double position[WINDOW_MAX_HALVES + 1] = {0};
    for (int h = 0; h < 2 * cycles; h++)
        position[h + 1] = span(start, &m->window.end[h]);
    struct spectrum_window sw = {.start_n = start->n,
                                 .start_u = start->u,
                                 .end_n = end->n,
                                 .end_u = end->u,
                                 .cycles = cycles,
                                 .bend = spectrum_bend(position, 2 * cycles),
                                 .segment_first = m->first,
                                 .segment_end = segment_end};
    spectrum_run(&m->spectrum, &m->ring, &sw);
}

static void fill_reading(struct meter *m, int load, const struct raw_window *raw, bool partial,
                         double shift_w[3], const struct meter_window *w)
{
    struct measurement *now = &m->reading[load].now;
    measure(now, &m->load[load].plan, &m->config, load, raw, shift_w);
    now->start_utc_us = w->start_utc_us;
    now->end_utc_us = w->end_utc_us;
    now->duration_s = raw->samples / m->rate_hz;
    bool whole = m->ten_seconds.hz > 0;
    now->frequency_10s_hz = whole ? m->ten_seconds.hz : now->frequency_hz;
    now->frequency_10s_quality = whole && m->ten_seconds.fresh ? QUALITY_GOOD : QUALITY_UNCERTAIN;
    now->flags |= partial ? FLAG_PARTIAL : 0;
    now->flags |= m->window.discontinuity ? FLAG_DISCONTINUITY : 0;
    now->flags |= m->config.simulated ? FLAG_SIMULATED : 0;
    if (raw->unsteady) {
        now->flags |= FLAG_UNSTEADY;
        now->frequency_quality = quality_worse(now->frequency_quality, QUALITY_UNCERTAIN);
    }
}

void window_finish(struct meter *m, int cycles, int64_t segment_end, struct meter_window *w)
{
    const struct boundary *end = &m->window.end[2 * cycles - 1];
    double samples = span(&m->window.start, end);
    bool referenced = m->window.start.referenced;
    memset(m->total, 0, (size_t)m->rows * sizeof *m->total);
    for (int h = 0; h < 2 * cycles; h++) {
        add_rows(m->total, m->window.half[h], m->rows);
        referenced = referenced && m->window.end[h].referenced;
    }
    memset(w, 0, sizeof *w);
    fill_times(m, end, w);
    if (m->window.fitted) {
        fit_rows(&m->fit, samples, m->fitted);
        fit_bins(&m->fit, &m->spectrum, cycles);
    } else {
        transform(m, cycles, segment_end);
    }
    if (m->config.remove_offset)
        follow_drift(m, samples);
    struct raw_window raw = {.rows = m->window.fitted ? m->fitted : m->total,
                             .peak = m->window.peak,
                             .drift = drift_of(m),
                             .samples = samples,
                             .hz = m->window.hz > 0 ? m->window.hz : cycles * m->rate_hz / samples,
                             .cycles = cycles,
                             .referenced = referenced,
                             .spectrum = &m->spectrum,
                             .ring = &m->ring,
                             .first = m->window.start.n + 1,
                             .last = end->n};
    raw.orders = m->window.fitted ? m->fit.orders : spectrum_orders(&m->spectrum, raw.hz);
    fill_half_voltages(m, 2 * cycles, w);
    raw.unsteady = !m->window.fitted && is_unsteady(m, w);
    for (int k = 0; k < m->config.loads; k++) {
        double shift_w[3];
        struct registers before = m->reading[k].total;
        fill_reading(m, k, &raw, cycles < m->window.cycles, shift_w, w);
        advance_registers(m, k, shift_w, samples);
        advance_demand(m, k, &before, w->start_utc_us, w->end_utc_us);
        run_pulses(m, k, &before, 2 * cycles, w);
        check_wiring(m, k);
    }
    memset(m->extra, 0, (size_t)m->rows * sizeof *m->extra);
    m->extra_samples = 0;
    w->loads = m->config.loads;
    w->reading = m->reading;
    m->window.start = *end;
    m->window.halves = 0;
    m->window.discontinuity = false;
    memset(m->window.peak, 0, (size_t)m->lanes * sizeof *m->window.peak);
}

void window_settle(struct meter *m)
{
    if (!(m->extra_samples > 0))
        return;
    double seconds = m->extra_samples / m->rate_hz, hours = seconds / 3600;
    for (int load = 0; load < m->config.loads; load++) {
        struct load_state *s = &m->load[load];
        struct registers_step step = {.duration_s = seconds};
        double power[3], current[3], voltage[3];
        measure_power(&s->plan, &m->config, load, m->extra, m->extra_samples, drift_of(m), power);
        measure_rms(&s->plan, &m->config, load, m->extra, m->extra_samples, drift_of(m), voltage,
                    current);
        for (int k = 0; k < s->plan.phases; k++) {
            step.active_wh[k] = power[k] * hours;
            step.apparent_vah[k] = voltage[k] * current[k] * hours;
            step.current_a[k] = current[k];
            step.apparent_system_vah += step.apparent_vah[k];
        }
        enum err e = registers_add(&m->reading[load].total, &s->registers_config, &step);
        if (e == ERR_OK)
            e = registers_add_on_time(&m->reading[load].total, seconds);
        (void)e;
    }
    memset(m->extra, 0, (size_t)m->rows * sizeof *m->extra);
    m->extra_samples = 0;
}
