/* What is derived from rms, power and spectrum, each against its definition on a distorted wave. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RATE 16000
#define RAD (M_PI / 180)

static void keep_last(void *context, const struct meter_window *w, double start, double end)
{
    (void)start, (void)end;
    *(struct reading *)context = w->reading[0];
}

static struct reading read_last(const struct meter_config *c, struct signal *s)
{
    struct reading r;
    memset(&r, 0, sizeof r);
    struct meter *m = signal_meter(c);
    signal_run(m, s, 0.9, keep_last, &r);
    free(m);
    return r;
}

#define assert_within(x, expected, most)                            \
    do {                                                            \
        double got_ = (x), want_ = (expected);                      \
        if (!(fabs(got_ - want_) <= (most)))                        \
            fail_msg("%s is %.9g, expected %.9g", #x, got_, want_); \
    } while (0)

/* Orders of voltage L1 and current L1: rms and degrees, as cosines. */
static const struct order {
    int order;
    double volts, volts_deg, amps, amps_deg;
} orders[] = {
    {1, 230, 0, 4, -50},   {2, 0, 0, 0.2, 15},  {3, 10, 33, 1, -80},    {5, 12, 170, 0.8, 20},
    {31, 2, -60, 0.3, 99}, {40, 3, 5, 0.25, 7}, {41, 4, 100, 0.5, -10}, {63, 1, 12, 0.2, 130},
};

static void distorted(struct signal *s)
{
    signal_three_phase(s, 50, 5, 0);
    for (int k = 0; k < 8; k++)
        s->channel[k].terms = 0;
    for (size_t n = 0; n < COUNT(orders); n++) {
        const struct order *o = &orders[n];
        for (int k = 0; k < 3; k++) {
            signal_add(s, k, o->volts, o->order, o->volts_deg - 120.0 * k * o->order);
            signal_add(s, 4 + k, o->amps, o->order, o->amps_deg - 120.0 * k * o->order);
        }
    }
}

static void powers_and_factors_are_those_of_their_definitions(void **state)
{
    (void)state;
    struct signal s;
    distorted(&s);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct reading r = read_last(&c, &s);
    double u2 = 0, i2 = 0, p = 0, qb = 0, weighted = 0, u_distortion = 0, i_distortion = 0;
    for (size_t n = 0; n < COUNT(orders); n++) {
        const struct order *o = &orders[n];
        double phi = (o->volts_deg - o->amps_deg) * RAD;
        u2 += o->volts * o->volts;
        i2 += o->amps * o->amps;
        p += o->volts * o->amps * cos(phi);
        qb += o->volts * o->amps * sin(phi);
        weighted += o->order * o->order * o->amps * o->amps;
        if (o->order > 1 && o->order <= 40) { /* IEC 61000-4-7: THDS to the 40th */
            u_distortion += o->volts * o->volts;
            i_distortion += o->amps * o->amps;
        }
    }
    double apparent = sqrt(u2 * i2), p1 = 920 * cos(50 * RAD), q1 = 920 * sin(50 * RAD);
    const struct phase_measurement *f = &r.now.phase[1];
    assert_within(f->voltage_v, sqrt(u2), 1e-4);
    assert_within(f->current_a, sqrt(i2), 1e-5);
    assert_within(f->power_w, p, 2e-3);
    assert_within(f->apparent_va, apparent, 2e-3);
    assert_within(f->power_factor, p / apparent, 1e-5);
    assert_within(f->fundamental_w, p1, 5e-3);
    assert_within(f->reactive_var, q1, 5e-3);
    assert_within(f->displacement_pf, cos(50 * RAD), 1e-5);
    assert_within(f->nonactive_var, sqrt(apparent * apparent - p * p), 5e-3);
    assert_within(f->budeanu_var, qb, 2e-2);
    assert_within(f->k_factor, weighted / i2, 1e-3);
    assert_within(f->thd_voltage_pct, 100 * sqrt(u_distortion) / 230, 1e-3);
    assert_within(f->thd_current_pct, 100 * sqrt(i_distortion) / 4, 1e-3);
    assert_within(f->fundamental_v, 230, 1e-3);
    assert_within(f->fundamental_a, 4, 1e-4);
    assert_within(f->voltage_angle_deg, -120, 1e-3);
    assert_within(f->current_angle_deg, -170, 1e-3);
    assert_within(f->phi_deg, 50, 1e-3);
    assert_within(r.now.power_w, 3 * p, 5e-3);
    assert_within(r.now.budeanu_var, 3 * qb, 6e-2);
    assert_within(r.now.fundamental_w, 3 * p1, 2e-2);
    assert_within(r.now.displacement_pf, cos(50 * RAD), 1e-5);
    assert_within(r.now.nonactive_var, 3 * sqrt(apparent * apparent - p * p), 2e-2);
}

/* Angles of orders are told against h times the angle of voltage L1: the same in every window. */
static void spectra_have_sizes_angles_and_what_lies_between_the_orders(void **state)
{
    (void)state;
    struct signal s;
    distorted(&s);
    s.channel[0].direct = 3;
    s.channel[4].direct = -0.1;
    struct channel *i1 = &s.channel[4];
    i1->term[i1->terms++] = (struct term){.rms = 0.15, .fixed_hz = 275}; /* between 5 and 6 */
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct reading r = read_last(&c, &s);
    for (size_t n = 0; n < COUNT(orders); n++) {
        const struct order *o = &orders[n];
        const struct channel_spectrum *u = &r.now.spectrum.voltage[0],
                                      *i = &r.now.spectrum.current[0];
        assert_within(u->magnitude[o->order], o->volts, 1e-3);
        assert_within(i->magnitude[o->order], o->amps, 1e-4);
        if (o->volts > 0)
            assert_within(remainder(u->angle_deg[o->order] - o->volts_deg, 360), 0, 0.02);
        assert_within(remainder(i->angle_deg[o->order] - o->amps_deg, 360), 0, 0.02);
    }
    assert_within(r.now.spectrum.voltage[0].magnitude[0], 3, 1e-4);
    assert_within(r.now.spectrum.current[0].magnitude[0], 0.1, 1e-5);
    assert_within(r.now.spectrum.current[0].interharmonic[5], 0.15, 1e-4);
    assert_within(r.now.spectrum.current[0].interharmonic[6], 0, 1e-4);
    assert_within(r.now.spectrum.current[1].interharmonic[5], 0, 1e-4);
    /* L1-L2 of order 3 cancels, of order 5 does not; order 3 adds in the neutral */
    assert_within(r.now.spectrum.line[0].magnitude[3], 0, 1e-3);
    assert_within(r.now.spectrum.line[0].magnitude[5], 12 * sqrt(3), 2e-3);
    assert_within(r.now.spectrum.current[3].magnitude[3], 3, 1e-3);
}

static void each_quadrant_has_its_signs(void **state)
{
    (void)state;
    for (double phi = -170; phi < 180; phi += 20) {
        struct signal s;
        signal_three_phase(&s, 50, 5, phi);
        struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
        struct reading r = read_last(&c, &s);
        for (int k = 0; k < 3; k++) {
            const struct phase_measurement *f = &r.now.phase[k];
            assert_within(f->phi_deg, phi, 1e-3);
            assert_within(f->power_w, 1150 * cos(phi * RAD), 2e-3);
            assert_within(f->reactive_var, 1150 * sin(phi * RAD), 5e-3);
            assert_within(f->power_factor, cos(phi * RAD), 1e-5);
            assert_within(f->displacement_pf, cos(phi * RAD), 1e-5);
        }
        assert_within(r.now.displacement_pf, cos(phi * RAD), 1e-5);
        assert_within(r.now.power_factor, cos(phi * RAD), 1e-5);
    }
}

/* IEEE 1459-2010, 3.2.2.5, three wires: Ue^2 = sum of U L-L^2 / 9, Ie^2 = sum of I^2 / 3. */
static void effective_power_of_three_wires_has_no_neutral(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 0, 0);
    const double amps[3] = {4, 3, 5}; /* a right triangle of currents that sum to zero */
    const double deg[3] = {0, -90, 180 - 36.8698976458};
    for (int k = 0; k < 3; k++) {
        s.channel[4 + k].terms = 0;
        signal_add(&s, 4 + k, amps[k], 1, deg[k]);
    }
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P3W);
    c.nominal_v = 400;
    c.load[0].apparent = APPARENT_EFFECTIVE;
    struct reading r = read_last(&c, &s);
    assert_within(r.now.apparent_va, 3 * 230 * sqrt(50.0 / 3), 5e-3);
}

static void a_measured_neutral_is_read_and_has_its_own_limit(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    signal_add(&s, 7, 2.5, 1, 40);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    c.load[0].neutral_measured = true;
    struct reading r = read_last(&c, &s);
    assert_within(r.now.current_n_a, 2.5, 1e-5);
    assert_int_equal(r.now.current_quality[3], QUALITY_GOOD);
    s.channel[7].term[0].rms = 13; /* its peaks are beyond 18 A */
    r = read_last(&c, &s);
    assert_int_equal(r.now.current_quality[3], QUALITY_OVER_RANGE);
    assert_int_equal(r.now.current_quality[0], QUALITY_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_and_factors_are_those_of_their_definitions),
        cmocka_unit_test(spectra_have_sizes_angles_and_what_lies_between_the_orders),
        cmocka_unit_test(each_quadrant_has_its_signs),
        cmocka_unit_test(effective_power_of_three_wires_has_no_neutral),
        cmocka_unit_test(a_measured_neutral_is_read_and_has_its_own_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
