#include "meter/measure_internal.h"

#include "meter/products_internal.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define DEG (180 / PI)
#define THD_ORDERS 40      /* IEC 61000-4-7:2002+A1:2008, 3.2.x: THDS, H = 40 */
#define NO_VOLTAGE 0.05    /* of nominal: below it distortion has no meaning */
#define SEQUENCE_CLEAR 0.5 /* the weaker sequence is at most this part of the stronger */
#define RATED_LOW 0.8      /* spec/datasheet-ems10-it.txt, "Tolleranza tensione" */
#define RATED_HIGH 1.15

struct phasor {
    double re, im;
};

/* Spectra of the phases: kernel_groups of voltages, lines and currents (with the neutral as fourth). */
struct phase_spectra {
    struct kernel_groups voltage, line, current;
};

static double root(double square)
{
    return square > 0 ? sqrt(square) : 0;
}

static double per(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static double degrees(double im, double re)
{
    return im == 0 && re == 0 ? 0 : atan2(im, re) * DEG;
}

static double wrap_degrees(double a)
{
    a -= 360 * (double)(int64_t)(a / 360);
    return a > 180 ? a - 360 : a <= -180 ? a + 360 : a;
}

void measure_power(const struct measure_plan *p, const struct meter_config *c, int load,
                   double (*rows)[4], double samples, const double *drift, double power_w[3])
{
    struct products x;
    products_of_inputs(&x, p, &c->load[load].calibration, load, rows, samples, drift,
                       (const double[3]){0, 0, 0});
    products_to_phases(&x, p, c->load[load].neutral_measured);
    for (int k = 0; k < 3; k++)
        power_w[k] = x.vi[k][k];
}

void measure_rms(const struct measure_plan *p, const struct meter_config *c, int load,
                 double (*rows)[4], double samples, const double *drift, double voltage_v[3],
                 double current_a[3])
{
    struct products x;
    products_of_inputs(&x, p, &c->load[load].calibration, load, rows, samples, drift,
                       (const double[3]){0, 0, 0});
    products_to_phases(&x, p, c->load[load].neutral_measured);
    for (int k = 0; k < 3; k++) {
        voltage_v[k] = root(x.vv[k][k]);
        current_a[k] = root(x.ii[k][k]);
    }
}

static double line_square(const struct products *x, int k)
{
    int next = (k + 1) % 3;
    return x->vv[k][k] + x->vv[next][next] - 2 * x->vv[k][next];
}

void measure_voltage_squares(const struct measure_plan *p, const struct meter_config *c,
                             double (*rows)[4], double samples, const double *drift,
                             double square[3])
{
    struct products x;
    products_of_inputs(&x, p, &c->load[0].calibration, 0, rows, samples, drift,
                       (const double[3]){0, 0, 0});
    products_to_phases(&x, p, false);
    for (int k = 0; k < 3; k++)
        square[k] = c->system == SYSTEM_3P3W ? line_square(&x, k) : x.vv[k][k];
}

/* Errors of the three sensors at the present currents: ratio, and what the output leads by. */
static bool sensor_errors(const struct measure_plan *p, const struct meter_config *c, int load,
                          const struct raw_window *w, double ratio[3], double lead_rad[3],
                          double delay_s[3])
{
    const struct calibration *cal = &c->load[load].calibration;
    struct products x;
    bool turned = false;
    products_of_inputs(&x, p, cal, load, w->rows, w->samples, w->drift, (const double[3]){0, 0, 0});
    for (int k = 0; k < 3; k++) {
        double phase_deg;
        calibration_sensor(cal, k, root(x.ii[k][k]), &ratio[k], &phase_deg);
        lead_rad[k] = phase_deg / DEG;
        delay_s[k] = cal->delay_s[k];
        turned = turned || lead_rad[k] != 0 || delay_s[k] != 0;
    }
    return turned;
}

/* Bins of an input as V or A. */
static struct phasor bin_at(const float *bins, int k, int lane, double scale)
{
    const float *at = bins + (ptrdiff_t)k * 2 * KERNEL_WIDTH + lane;
    return (struct phasor){scale * (double)at[0], scale * (double)at[KERNEL_WIDTH]};
}

static double dot(struct phasor a, struct phasor b)
{
    return a.re * b.re + a.im * b.im;
}

/* Adds sign x (products of the harmonics, order by order) to the wideband products. */
static void add_harmonics(struct products *x, const struct measure_plan *p,
                          const struct raw_window *w, const float *volts, const float *amps,
                          const double ratio[3], double sign)
{
    for (int h = 1; h <= w->orders; h++) {
        struct phasor v[3], i[3];
        for (int k = 0; k < 3; k++) {
            v[k] = bin_at(volts, h * w->cycles, k, p->scale_v[k]);
            i[k] = bin_at(amps, h * w->cycles, k, p->scale_i[k] / (1 + ratio[k]));
        }
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < 3; k++) {
                x->vi[j][k] += sign * dot(v[j], i[k]);
                if (j != k)
                    x->ii[j][k] += sign * dot(i[j], i[k]);
            }
        }
    }
}

/* Turns the bins of the currents back by what their sensors and converters lead: the error of a transformer
 * falls with the order, that of a delay rises with it (spec/metrology.md 5.6). */
static void turn_currents(float *amps, const struct raw_window *w, const double lead_rad[3],
                          const double delay_s[3])
{
    int bins = (w->orders + 1) * w->cycles;
    for (int k = 0; k < 3; k++) {
        if (lead_rad[k] == 0 && delay_s[k] == 0)
            continue;
        for (int b = 1; b < bins; b++) {
            double order = (double)b / w->cycles;
            double angle = lead_rad[k] / fmax(order, 1) + 2 * PI * order * w->hz * delay_s[k];
            double re = cos(angle), im = -sin(angle);
            float *at = amps + (ptrdiff_t)b * 2 * KERNEL_WIDTH + k;
            double was_re = (double)at[0], was_im = (double)at[KERNEL_WIDTH];
            at[0] = (float)(was_re * re - was_im * im);
            at[KERNEL_WIDTH] = (float)(was_re * im + was_im * re);
        }
    }
}

/* Wideband products of the phases, corrected; turns the load's bins. */
static void correct(struct products *x, const struct measure_plan *p, const struct meter_config *c,
                    int load, const struct raw_window *w, double ratio[3], double shift_w[3])
{
    double lead[3], delay[3];
    bool turned = sensor_errors(p, c, load, w, ratio, lead, delay);
    const struct load_config *l = &c->load[load];
    products_of_inputs(x, p, &l->calibration, load, w->rows, w->samples, w->drift, ratio);
    struct products before = *x;
    if (turned) {
        const float *volts = spectrum_group(w->spectrum, 0);
        float *amps = spectrum_group(w->spectrum, METER_GROUP_LANES * (load + 1));
        add_harmonics(x, p, w, volts, amps, ratio, -1);
        turn_currents(amps, w, lead, delay);
        add_harmonics(x, p, w, volts, amps, ratio, 1);
    }
    products_to_phases(x, p, l->neutral_measured);
    products_to_phases(&before, p, l->neutral_measured);
    for (int k = 0; k < 3; k++)
        shift_w[k] = x->vi[k][k] - before.vi[k][k];
}

/* Groups of the made channels; the matrices of the kernel are [input][channel]. */
static void spectra_of_phases(struct phase_spectra *s, const struct measure_plan *p,
                              const struct meter_config *c, int load, const struct raw_window *w,
                              const double ratio[3])
{
    float voltage[4][4] = {{0}}, line[4][4] = {{0}}, current[4][4] = {{0}};
    for (int j = 0; j < 3; j++) {
        double si = p->scale_i[j] / (1 + ratio[j]);
        for (int k = 0; k < 3; k++) {
            int next = (k + 1) % 3;
            voltage[j][k] = (float)(p->star[k][j] * p->scale_v[j]);
            if (k < p->lines)
                line[j][k] = (float)((p->star[k][j] - p->star[next][j]) * p->scale_v[j]);
            current[j][k] = (float)(p->assign[k][j] * si);
            if (!c->load[load].neutral_measured)
                current[j][3] -= (float)(p->assign[k][j] * si);
        }
    }
    if (c->load[load].neutral_measured)
        current[3][3] = (float)p->scale_i[3];
    const struct kernel *kernel = w->spectrum->kernel;
    const float *volts = spectrum_group(w->spectrum, 0);
    const float *amps = spectrum_group(w->spectrum, METER_GROUP_LANES * (load + 1));
    kernel->groups(&s->voltage, volts, w->cycles, w->orders, (const float(*)[4])voltage);
    kernel->groups(&s->line, volts, w->cycles, w->orders, (const float(*)[4])line);
    kernel->groups(&s->current, amps, w->cycles, w->orders, (const float(*)[4])current);
}

static struct phasor order_of(const struct kernel_groups *g, int h, int k)
{
    return (struct phasor){(double)g->re[h][k], (double)g->im[h][k]};
}

static void fill_spectrum(struct channel_spectrum *s, const struct kernel_groups *g, int k,
                          int orders, double direct, double reference_deg)
{
    s->magnitude[0] = fabs(direct);
    s->interharmonic[0] = (double)g->interharmonic[0][k];
    for (int h = 1; h <= orders; h++) {
        s->magnitude[h] = (double)g->harmonic[h][k];
        s->interharmonic[h] = (double)g->interharmonic[h][k];
        if (s->magnitude[h] > 0)
            s->angle_deg[h] = wrap_degrees((double)g->angle_deg[h][k] - h * reference_deg);
    }
}

/* THDS, per cent; 0 where the fundamental is below `least`. */
static double thd_pct(const struct channel_spectrum *s, double least)
{
    double sum = 0;
    for (int h = 2; h <= THD_ORDERS; h++)
        sum += s->magnitude[h] * s->magnitude[h];
    return s->magnitude[1] > least ? 100 * sqrt(sum) / s->magnitude[1] : 0;
}

static double k_factor(const struct channel_spectrum *s, double least)
{
    double sum = 0, weighted = 0;
    for (int h = 1; h <= SPECTRUM_ORDERS; h++) {
        double square = s->magnitude[h] * s->magnitude[h];
        sum += square;
        weighted += h * h * square;
    }
    return s->magnitude[1] > least ? weighted / sum : 0;
}

/* The angle that others are told against: voltage L1's, or that of its place in the window where it is missing. */
static double reference_angle(const struct phase_spectra *s, double least)
{
    struct phasor v = order_of(&s->voltage, 1, 0);
    return hypot(v.re, v.im) > least ? degrees(v.im, v.re) : -90;
}

static void fill_phase(struct phase_measurement *m, const struct phase_spectra *s,
                       const struct products *x, int k, int orders, double reference_deg)
{
    m->voltage_v = root(x->vv[k][k]);
    m->current_a = root(x->ii[k][k]);
    m->power_w = x->vi[k][k];
    m->apparent_va = m->voltage_v * m->current_a;
    m->power_factor = per(m->power_w, m->apparent_va);
    m->power_factor =
        fmax(-1, fmin(1, m->power_factor)); /* noise subtracted may leave S below |P| */
    m->nonactive_var = root(m->apparent_va * m->apparent_va - m->power_w * m->power_w);
    struct phasor v = order_of(&s->voltage, 1, k), i = order_of(&s->current, 1, k);
    m->fundamental_v = hypot(v.re, v.im);
    m->fundamental_a = hypot(i.re, i.im);
    m->fundamental_w = dot(v, i);
    m->reactive_var = v.im * i.re - v.re * i.im;
    m->displacement_pf = per(m->fundamental_w, m->fundamental_v * m->fundamental_a);
    m->voltage_angle_deg =
        v.re == 0 && v.im == 0 ? 0 : wrap_degrees(degrees(v.im, v.re) - reference_deg);
    m->current_angle_deg =
        i.re == 0 && i.im == 0 ? 0 : wrap_degrees(degrees(i.im, i.re) - reference_deg);
    m->phi_deg = degrees(m->reactive_var, m->fundamental_w);
    m->budeanu_var = 0;
    for (int h = 1; h <= orders; h++) {
        v = order_of(&s->voltage, h, k);
        i = order_of(&s->current, h, k);
        m->budeanu_var += v.im * i.re - v.re * i.im;
    }
}

/* Largest magnitudes of the phases: of their converter, or, made of several, from the samples. */
static void peaks(const struct measure_plan *p, const struct meter_config *c, int load,
                  const struct raw_window *w, double peak_v[3], double peak_i[3])
{
    const int32_t *of_load = w->peak + (ptrdiff_t)METER_GROUP_LANES * (load + 1);
    for (int k = 0; k < 3; k++) {
        peak_v[k] = w->peak[k] * p->scale_v[k];
        peak_i[k] = 0;
        for (int j = 0; j < 3; j++)
            peak_i[k] += fabs(p->assign[k][j]) * of_load[j] * fabs(p->scale_i[j]);
    }
    if (c->system != SYSTEM_3P3W)
        return;
    memset(peak_v, 0, 3 * sizeof *peak_v);
    memset(peak_i, 0, 3 * sizeof *peak_i);
    for (int64_t n = w->first; n <= w->last; n++) {
        const int32_t *v = ring_frame(w->ring, n),
                      *i = v + (ptrdiff_t)METER_GROUP_LANES * (load + 1);
        for (int k = 0; k < 3; k++) {
            double volts = 0, amps = 0;
            for (int j = 0; j < 3; j++) {
                volts += p->star[k][j] * p->scale_v[j] * v[j];
                amps += p->assign[k][j] * p->scale_i[j] * i[j];
            }
            peak_v[k] = fmax(peak_v[k], fabs(volts));
            peak_i[k] = fmax(peak_i[k], fabs(amps));
        }
    }
}

static struct phasor turn(struct phasor x, double angle_deg)
{
    double c = cos(angle_deg / DEG), s = sin(angle_deg / DEG);
    return (struct phasor){x.re * c - x.im * s, x.re * s + x.im * c};
}

static double sequence(const struct kernel_groups *g, double step_deg)
{
    struct phasor a = order_of(g, 1, 0), b = turn(order_of(g, 1, 1), step_deg),
                  c = turn(order_of(g, 1, 2), -step_deg);
    return hypot(a.re + b.re + c.re, a.im + b.im + c.im) / 3;
}

static void fill_symmetry(struct measurement *m, const struct kernel_groups *voltage,
                          const struct measure_plan *p, double least)
{
    if (p->phases < 3)
        return;
    double forward = sequence(voltage, 120), backward = sequence(voltage, -120);
    double positive = fmax(forward, backward), negative = fmin(forward, backward);
    if (positive > least && negative <= SEQUENCE_CLEAR * positive)
        m->phase_sequence = forward > backward ? 1 : -1;
    if (positive > least) {
        m->unbalance_u2_pct = 100 * negative / positive;
        m->unbalance_u0_pct = 100 * sequence(voltage, 0) / positive;
    }
}

/* Largest deviation from the mean, per cent of it (NEMA MG 1-2021, 12.45). */
static double deviation_pct(const double *x, int count)
{
    double mean = 0, most = 0;
    for (int k = 0; k < count; k++)
        mean += x[k] / count;
    for (int k = 0; k < count; k++)
        most = fmax(most, fabs(x[k] - mean));
    return per(100 * most, mean);
}

/* IEEE 1459-2010, 3.2.2.5; single and split phase have no effective values of their own. */
static double effective_va(const struct measurement *m, const struct measure_plan *p)
{
    double line = 0, phase = 0, current = 0;
    for (int k = 0; k < 3; k++) {
        line += m->line[k].voltage_v * m->line[k].voltage_v;
        phase += m->phase[k].voltage_v * m->phase[k].voltage_v;
        current += m->phase[k].current_a * m->phase[k].current_a;
    }
    bool neutral = m->system != SYSTEM_3P3W;
    if (p->phases < 3)
        return 0;
    double ue2 = neutral ? (3 * phase + line) / 18 : line / 9;
    double ie2 = (current + (neutral ? m->current_n_a * m->current_n_a : 0)) / 3;
    return 3 * sqrt(ue2 * ie2);
}

static void fill_system(struct measurement *m, const struct measure_plan *p,
                        enum apparent_rule rule)
{
    double arithmetic = 0, u[3], i[3];
    for (int k = 0; k < p->phases; k++) {
        const struct phase_measurement *f = &m->phase[k];
        m->power_w += f->power_w;
        m->reactive_var += f->reactive_var;
        m->fundamental_w += f->fundamental_w;
        m->budeanu_var += f->budeanu_var;
        m->voltage_ln_v += f->voltage_v / p->phases;
        m->current_a += f->current_a / p->phases;
        m->thd_voltage_ln_pct += f->thd_voltage_pct / p->phases;
        arithmetic += f->apparent_va;
        u[k] = f->voltage_v;
        i[k] = f->current_a;
    }
    for (int k = 0; k < p->lines; k++) {
        m->voltage_ll_v += m->line[k].voltage_v / p->lines;
        m->thd_voltage_ll_pct += m->line[k].thd_pct / p->lines;
        if (p->lines == 3)
            u[k] = m->line[k].voltage_v;
    }
    m->apparent_va = arithmetic;
    if (rule == APPARENT_VECTOR)
        m->apparent_va = hypot(m->power_w, m->reactive_var);
    else if (rule == APPARENT_EFFECTIVE && p->phases == 3)
        m->apparent_va = effective_va(m, p);
    m->power_factor = fmax(-1, fmin(1, per(m->power_w, m->apparent_va)));
    m->displacement_pf = per(m->fundamental_w, hypot(m->fundamental_w, m->reactive_var));
    m->nonactive_var = root(m->apparent_va * m->apparent_va - m->power_w * m->power_w);
    if (p->phases > 1) {
        m->unbalance_voltage_pct = deviation_pct(u, p->phases);
        m->unbalance_current_pct = deviation_pct(i, p->phases);
    }
}

static void fill_quality(struct measurement *m, const struct measure_plan *p,
                         const struct meter_config *c, int load, const struct raw_window *w)
{
    const int32_t *peak_i = w->peak + (ptrdiff_t)METER_GROUP_LANES * (load + 1);
    if (!w->referenced)
        m->flags |= FLAG_NO_REFERENCE;
    bool odd = w->hz < 45 || w->hz > 65;
    if (odd)
        m->flags |= FLAG_FREQUENCY_RANGE;
    enum quality all = !w->referenced || odd ? QUALITY_UNCERTAIN : QUALITY_GOOD;
    m->frequency_quality = all;
    for (int k = 0; k < 3; k++) {
        double u = m->phase[k].voltage_v, i = m->phase[k].current_a;
        bool end_v = w->peak[k] >= METER_RAW_MAX, end_i = false;
        for (int j = 0; j < 3; j++)
            end_i = end_i || (p->assign[k][j] != 0 && peak_i[j] >= METER_RAW_MAX);
        if (c->system == SYSTEM_3P3W)
            end_v = w->peak[0] >= METER_RAW_MAX || w->peak[1] >= METER_RAW_MAX ||
                    w->peak[2] >= METER_RAW_MAX;
        m->voltage_quality[k] = m->current_quality[k] = all;
        if (k >= p->phases) {
            m->voltage_quality[k] = m->current_quality[k] = QUALITY_ABSENT;
            continue;
        }
        if (p->rated_v[k] > 0 &&
            (u < RATED_LOW * p->rated_v[k] || u > RATED_HIGH * p->rated_v[k])) {
            m->flags |= FLAG_UNRATED_V1 << k;
            m->voltage_quality[k] = QUALITY_UNCERTAIN;
        }
        if (end_v || (p->limit_v[k] > 0 && u > p->limit_v[k])) {
            m->flags |= FLAG_OVER_V1 << k;
            m->voltage_quality[k] = QUALITY_OVER_RANGE;
        }
        if (end_i || (p->limit_a > 0 && i > p->limit_a)) {
            m->flags |= FLAG_OVER_I1 << k;
            m->current_quality[k] = QUALITY_OVER_RANGE;
        }
    }
    m->current_quality[3] = all;
    if (c->system == SYSTEM_1P2W || c->system == SYSTEM_3P3W)
        m->current_quality[3] = QUALITY_ABSENT;
    else if (c->load[load].neutral_measured && peak_i[3] >= METER_RAW_MAX)
        m->current_quality[3] = QUALITY_OVER_RANGE;
    else if (!c->load[load].neutral_measured)
        for (int k = 0; k < p->phases; k++)
            m->current_quality[3] = quality_worse(m->current_quality[3], m->current_quality[k]);
}

void measure(struct measurement *m, const struct measure_plan *p, const struct meter_config *c,
             int load, const struct raw_window *w, double power_shift_w[3])
{
    struct products x;
    struct phase_spectra s;
    double ratio[3], peak_v[3], peak_i[3];
    memset(m, 0, sizeof *m);
    m->system = c->system;
    m->cycles = w->cycles;
    m->frequency_hz = w->hz;
    correct(&x, p, c, load, w, ratio, power_shift_w);
    spectra_of_phases(&s, p, c, load, w, ratio);
    peaks(p, c, load, w, peak_v, peak_i);

    double least_v = NO_VOLTAGE * p->nominal_ln_v, least_i = p->start_a;
    double reference = reference_angle(&s, least_v);
    bool has_neutral = c->system != SYSTEM_1P2W && c->system != SYSTEM_3P3W;
    double direct_n = -(x.i[0] + x.i[1] + x.i[2]);
    for (int k = 0; k < p->phases; k++) {
        struct phase_measurement *f = &m->phase[k];
        fill_phase(f, &s, &x, k, w->orders, reference);
        fill_spectrum(&m->spectrum.voltage[k], &s.voltage, k, w->orders, x.v[k], reference);
        fill_spectrum(&m->spectrum.current[k], &s.current, k, w->orders, x.i[k], reference);
        f->thd_voltage_pct = thd_pct(&m->spectrum.voltage[k], least_v);
        f->thd_current_pct = thd_pct(&m->spectrum.current[k], least_i);
        f->crest_voltage = per(peak_v[k], f->voltage_v);
        f->crest_current = per(peak_i[k], f->current_a);
        f->k_factor = k_factor(&m->spectrum.current[k], least_i);
    }
    for (int k = 0; k < p->lines; k++) {
        fill_spectrum(&m->spectrum.line[k], &s.line, k, w->orders, x.v[k] - x.v[(k + 1) % 3],
                      reference);
        m->line[k].voltage_v = root(line_square(&x, k));
        m->line[k].thd_pct = thd_pct(&m->spectrum.line[k], least_v);
    }
    if (has_neutral) {
        fill_spectrum(&m->spectrum.current[3], &s.current, 3, w->orders, direct_n, reference);
        m->current_n_a = root(x.nn);
    }
    fill_symmetry(m, &s.voltage, p, least_v);
    fill_system(m, p, c->load[load].apparent);
    fill_quality(m, p, c, load, w);
}
