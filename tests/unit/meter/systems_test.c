/* The systems of the datasheet, exchanged and missing inputs, limits and qualities. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RATE 10000
#define PPM 1e-6

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

static void empty(struct signal *s, double hz)
{
    signal_three_phase(s, hz, 0, 0);
    for (int k = 0; k < 8; k++)
        s->channel[k].terms = 0;
}

#define assert_near(x, expected, relative)                               \
    do {                                                                 \
        double got_ = (x), want_ = (expected);                           \
        if (!(fabs(got_ - want_) <= (relative)*fmax(fabs(want_), 1e-9))) \
            fail_msg("%s is %.9g, expected %.9g", #x, got_, want_);      \
    } while (0)

static enum quality quality(const struct reading *r, enum variable_id id)
{
    return reading_quality(r, &catalogue_variables[id]);
}

static void one_phase_has_l1_alone(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50.3);
    signal_add(&s, 0, 230, 1, 0);
    signal_add(&s, 4, 4, 1, -40);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_1P2W);
    struct reading r = read_last(&c, &s);
    assert_near(r.now.phase[0].voltage_v, 230, PPM);
    assert_near(r.now.power_w, 920 * cos(40 * M_PI / 180), PPM);
    assert_near(r.now.reactive_var, 920 * sin(40 * M_PI / 180), 4 * PPM);
    assert_near(r.now.frequency_hz, 50.3, 1e-7);
    assert_int_equal(quality(&r, VAR_voltage_l1_n), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_voltage_l2_n), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_voltage_ll), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_unbalance_u2), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_current_n), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_energy_import_l2), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_power), QUALITY_GOOD);
    assert_int_equal(r.now.phase_sequence, 0);
    assert_int_equal(quality(&r, VAR_phase_sequence), QUALITY_ABSENT);
}

static void split_phase_has_one_line_voltage_and_a_neutral(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 60);
    signal_add(&s, 0, 120, 1, 0);
    signal_add(&s, 1, 120, 1, 180);
    signal_add(&s, 4, 5, 1, 0);
    signal_add(&s, 5, 3, 1, 180 - 60);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_2P3W);
    c.nominal_v = 120;
    c.nominal_hz = 60;
    struct reading r = read_last(&c, &s);
    assert_int_equal(r.now.cycles, 12);
    assert_near(r.now.line[0].voltage_v, 240, PPM);
    assert_near(r.now.power_w, 600 + 180, PPM);
    assert_near(r.now.current_n_a, sqrt(25 + 9 - 2 * 15 * 0.5), PPM);
    assert_int_equal(quality(&r, VAR_voltage_l1_l2), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_voltage_l2_l3), QUALITY_ABSENT);
    assert_int_equal(quality(&r, VAR_current_n), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_unbalance_u2), QUALITY_ABSENT);
}

/* Voltages against L2, an unbalanced load: P by Aron's two elements. */
static void aron(struct signal *s)
{
    empty(s, 49.9);
    signal_add(s, 0, 400, 1, 0);  /* U12 */
    signal_add(s, 2, 400, 1, 60); /* U32 = -U23, U23 at -120 */
    signal_add(s, 4, 5, 1, -30);  /* balanced and resistive would be -30 */
    signal_add(s, 6, 4, 1, 100);
    signal_add(s, 4, 0.5, 5, 20);
}

static void three_wires_with_two_or_three_currents_read_the_same(void **state)
{
    (void)state;
    struct signal s;
    aron(&s);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P3W);
    c.nominal_v = 400;
    c.load[0].two_currents = true;
    struct reading two = read_last(&c, &s);
    double p = 400 * 5 * cos(30 * M_PI / 180) + 400 * 4 * cos(40 * M_PI / 180);
    double q = 400 * 5 * sin(30 * M_PI / 180) + 400 * 4 * sin(-40 * M_PI / 180);
    double i2 = sqrt(25 + 16 + 2 * 20 * cos(130 * M_PI / 180) + 0.25);
    assert_near(two.now.power_w, p, PPM);
    assert_near(two.now.reactive_var, q, 1e-5);
    assert_near(two.now.phase[1].current_a, i2, PPM);
    assert_near(two.now.spectrum.current[1].magnitude[5], 0.5, 20 * PPM);
    assert_near(two.now.line[0].voltage_v, 400, PPM);
    assert_near(two.now.line[1].voltage_v, 400, PPM);
    assert_near(two.now.line[2].voltage_v, 400, PPM);
    assert_near(two.now.phase[0].voltage_v, 400 / sqrt(3), PPM);
    assert_int_equal(two.now.phase_sequence, 1);
    assert_near(two.now.phase[0].crest_voltage, sqrt(2), 2e-3);
    assert_int_equal(quality(&two, VAR_power_l1), QUALITY_ABSENT);
    assert_int_equal(quality(&two, VAR_energy_import_l1), QUALITY_ABSENT);
    assert_int_equal(quality(&two, VAR_voltage_ln), QUALITY_ABSENT);
    assert_int_equal(quality(&two, VAR_current_n), QUALITY_ABSENT);
    assert_int_equal(quality(&two, VAR_voltage_l1_n), QUALITY_GOOD);
    assert_int_equal(quality(&two, VAR_power), QUALITY_GOOD);

    signal_add(&s, 5, 5, 1, 150);
    signal_add(&s, 5, 4, 1, -80);
    signal_add(&s, 5, 0.5, 5, 200);
    c.load[0].two_currents = false;
    struct reading three = read_last(&c, &s);
    assert_near(three.now.power_w, p, PPM);
    assert_near(three.now.reactive_var, q, 1e-5);
    assert_near(three.now.phase[1].current_a, i2, PPM);

    /* Any common point will do. */
    for (int k = 0; k < 3; k++)
        signal_add(&s, k, 60, 1, 77);
    struct reading moved = read_last(&c, &s);
    assert_near(moved.now.power_w, p, PPM);
    assert_near(moved.now.line[2].voltage_v, 400, PPM);
}

static void a_high_leg_is_no_fault(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 60);
    signal_add(&s, 0, 120, 1, 0);
    signal_add(&s, 1, 120 * sqrt(3), 1, -90);
    signal_add(&s, 2, 120, 1, 180);
    for (int k = 0; k < 3; k++)
        signal_add(&s, 4 + k, 5, 1, -90 * k - 20);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_WILD_LEG);
    c.nominal_v = 120;
    c.nominal_hz = 60;
    struct reading r = read_last(&c, &s);
    assert_near(r.now.phase[1].voltage_v, 207.846, 1e-5);
    assert_near(r.now.line[0].voltage_v, 240, PPM);
    assert_near(r.now.line[1].voltage_v, 240, PPM);
    assert_near(r.now.line[2].voltage_v, 240, PPM);
    assert_near(r.now.power_w, 5 * (240 + 120 * sqrt(3)) * cos(20 * M_PI / 180), PPM);
    assert_int_equal(r.now.phase_sequence, 1);
    assert_true(r.now.unbalance_u2_pct < 0.001);
    assert_true(r.now.unbalance_voltage_pct < 0.001);
    assert_int_equal(r.now.flags, 0);
    assert_int_equal(quality(&r, VAR_unbalance_u2), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_unbalance_u0), QUALITY_ABSENT);
}

static void demand_is_uncertain_until_a_period_was_measured_whole(void **state)
{
    (void)state;
    struct reading r;
    memset(&r, 0, sizeof r);
    r.now.system = SYSTEM_3P4W;
    const enum variable_id ids[] = {VAR_demand_import, VAR_demand_import_max, VAR_demand_apparent,
                                    VAR_demand_current_l2_max};
    for (size_t k = 0; k < COUNT(ids); k++)
        assert_int_equal(quality(&r, ids[k]), QUALITY_UNCERTAIN);
    assert_int_equal(quality(&r, VAR_demand_elapsed), QUALITY_GOOD);
    struct demand_state st = {0};
    const struct demand_config c = {.period_min = 1};
    const struct demand_step s = {.end_utc_us = 60000000};
    assert_int_equal(demand_add(&r.demand, &st, &c, &s), ERR_OK);
    for (size_t k = 0; k < COUNT(ids); k++)
        assert_int_equal(quality(&r, ids[k]), QUALITY_GOOD);
}

static void reversed_sequence_reads_the_same_and_is_told(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50.2);
    for (int k = 0; k < 3; k++) {
        signal_add(&s, k, 230, 1, 120 * k);
        signal_add(&s, 4 + k, 2, 1, 120 * k - 60);
    }
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct reading r = read_last(&c, &s);
    assert_int_equal(r.now.phase_sequence, -1);
    assert_near(r.now.power_w, 690, PPM);
    assert_near(r.now.reactive_var, 690 * sqrt(3), 4 * PPM);
    assert_near(r.now.frequency_hz, 50.2, 1e-9);
    assert_true(r.now.unbalance_u2_pct < 0.001);
    assert_int_equal(r.now.flags, 0); /* followed, not free-running */
}

static void a_correction_by_map_is_as_good_as_rewiring(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50);
    const double lag[] = {10, 20, 35}, amps[] = {1, 2, 3};
    signal_add_three(&s, 0, 230, 1, 0);
    /* input 1 is phase 3, input 2 is phase 1 reversed, input 3 is phase 2 */
    const int map[] = {3, -1, 2};
    for (int k = 0; k < 3; k++) {
        int phase = abs(map[k]) - 1;
        signal_add(&s, 4 + k, amps[phase], 1, -120 * phase - lag[phase] + (map[k] < 0 ? 180 : 0));
    }
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    memcpy(c.load[0].map, map, sizeof map);
    struct reading r = read_last(&c, &s);
    for (int k = 0; k < 3; k++) {
        assert_near(r.now.phase[k].current_a, amps[k], PPM);
        assert_near(r.now.phase[k].power_w, 230 * amps[k] * cos(lag[k] * M_PI / 180), PPM);
        assert_true(fabs(r.now.phase[k].phi_deg - lag[k]) < 1e-4);
        assert_near(r.now.phase[k].crest_current, sqrt(2), 2e-3);
    }
}

static void unbalance_is_that_of_the_sequences(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50);
    for (int k = 0; k < 3; k++) {
        signal_add(&s, k, 230, 1, -120 * k);
        signal_add(&s, k, 4.6, 1, 120 * k + 25);
        signal_add(&s, k, 2.3, 1, 70);
        signal_add(&s, 4 + k, 1 + k, 1, -120 * k);
    }
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct reading r = read_last(&c, &s);
    assert_near(r.now.unbalance_u2_pct, 2, 1e-5);
    assert_near(r.now.unbalance_u0_pct, 1, 1e-5);
    assert_near(r.now.unbalance_current_pct, 50, 1e-5);
    assert_near(r.now.current_n_a, sqrt(3), 1e-5);
    assert_near(r.now.spectrum.current[3].magnitude[1], sqrt(3), 1e-5);
}

static void apparent_power_follows_its_rule(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50);
    signal_add_three(&s, 0, 230, 1, 0);
    for (int k = 0; k < 3; k++)
        signal_add(&s, 4 + k, 1 + k, 1, -120 * k - 30 * k);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    double p = 230 * (1 + 2 * cos(M_PI / 6) + 3 * 0.5), q = 230 * (2 * 0.5 + 3 * sin(M_PI / 3));
    struct reading r = read_last(&c, &s);
    assert_near(r.now.apparent_va, 230 * 6, PPM);
    c.load[0].apparent = APPARENT_VECTOR;
    r = read_last(&c, &s);
    assert_near(r.now.apparent_va, hypot(p, q), 5 * PPM);
    c.load[0].apparent = APPARENT_EFFECTIVE;
    r = read_last(&c, &s);
    double in2 = r.now.current_n_a * r.now.current_n_a;
    assert_near(r.now.apparent_va, 3 * 230 * sqrt((1 + 4 + 9 + in2) / 3), 5 * PPM);
}

static void limits_raise_flags_and_qualities(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.channel[0].term[0].rms = 230 * 0.79;
    s.channel[1].term[0].rms = 420;
    s.channel[4].term[0].rms = 6.1;
    s.channel[5].term[0].rms = 5.9;
    s.channel[6].term[0].rms = 12.8; /* peaks beyond 18 A: the converter's end */
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    c.load[0].input = INPUT_5A;
    c.load[0].ratio = 10;
    struct reading r = read_last(&c, &s);
    assert_int_equal(r.now.flags, FLAG_UNRATED_V1 | FLAG_UNRATED_V2 | FLAG_OVER_V2 | FLAG_OVER_I1 |
                                      FLAG_OVER_I3);
    assert_near(r.now.phase[1].current_a, 59, PPM); /* primary */
    assert_int_equal(quality(&r, VAR_voltage_l1_n), QUALITY_UNCERTAIN);
    assert_int_equal(quality(&r, VAR_voltage_l2_n), QUALITY_OVER_RANGE);
    assert_int_equal(quality(&r, VAR_voltage_l3_n), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_current_l1), QUALITY_OVER_RANGE);
    assert_int_equal(quality(&r, VAR_current_l2), QUALITY_GOOD);
    assert_int_equal(quality(&r, VAR_power_l2), QUALITY_OVER_RANGE);
    assert_int_equal(quality(&r, VAR_power), QUALITY_OVER_RANGE);
    assert_int_equal(quality(&r, VAR_voltage_l3_l1), QUALITY_UNCERTAIN);
    s.channel[1].term[0].rms = 1.5 * 277 - 1; /* of Un max., whatever Un is set */
    r = read_last(&c, &s);
    assert_int_equal(quality(&r, VAR_voltage_l2_n), QUALITY_UNCERTAIN);
    assert_int_equal(r.now.flags & FLAG_OVER_V2, 0);
}

/* Both kinds of input from end to end of their range: primary values, Imax, crest factor 3 at Imax (datasheet, "Ingressi di
 * corrente"). Full scale is that crest. */
static void inputs_read_primary_values_up_to_imax_with_a_crest_factor_of_3(void **state)
{
    (void)state;
    static const struct {
        enum input_kind kind;
        double ratio, primary_a, in_input, in_primary, weight_kwh;
    } inputs[] = {
        {INPUT_5A, 1, 0, 5, 5, 0.001},
        {INPUT_5A, 7, 0, 5, 35, 0.001},
        {INPUT_5A, 7.5, 0, 5, 37.5, 0.01},
        {INPUT_5A, 71, 0, 5, 355, 0.1},
        {INPUT_5A, 2000, 0, 5, 10000, 1},
        {INPUT_333MV, 0, 1, 0.333, 1, 0.001},
        {INPUT_333MV, 0, 35, 0.333, 35, 0.001},
        {INPUT_333MV, 0, 350, 0.333, 350, 0.01},
        {INPUT_333MV, 0, 3500, 0.333, 3500, 0.1},
        {INPUT_333MV, 0, 10000, 0.333, 10000, 1},
    };
    /* five orders of which the last has 2/7 of the others: peak / rms = 3 */
    static const double part[] = {1, 1, 1, 1, 2.0 / 7};
    const double rms_of_parts = sqrt(4 + 4.0 / 49);
    for (size_t n = 0; n < COUNT(inputs); n++) {
        for (int over = 0; over < 2; over++) {
            struct signal s;
            empty(&s, 50);
            signal_add_three(&s, 0, 230, 1, 0);
            double rms = inputs[n].in_input * (over ? 1.201 : 1.199);
            for (int k = 0; k < 3; k++) {
                s.full_scale[4 + k] = 3.01 * 1.2 * inputs[n].in_input;
                for (int h = 0; h < 5; h++)
                    signal_add(&s, 4 + k, rms * part[h] / rms_of_parts, 2 * h + 1,
                               -120.0 * k * (2 * h + 1));
            }
            struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
            c.load[0].input = inputs[n].kind;
            c.load[0].ratio = inputs[n].ratio;
            c.load[0].primary_a = inputs[n].primary_a;
            struct reading r = read_last(&c, &s);
            double primary = inputs[n].in_primary * rms / inputs[n].in_input;
            assert_near(r.now.phase[2].current_a, primary, PPM);
            assert_near(r.now.power_w, 690 * primary / rms_of_parts, 2 * PPM);
            assert_near(r.now.phase[0].crest_current, 3, 5e-3);
            assert_int_equal(r.now.flags, over ? FLAG_OVER_I1 | FLAG_OVER_I2 | FLAG_OVER_I3 : 0);
            assert_true(meter_pulse_weight_kwh(&c.load[0]) == inputs[n].weight_kwh);
            if (over)
                assert_int_equal(quality(&r, VAR_current_l3), QUALITY_OVER_RANGE);
        }
    }
}

static void without_voltage_current_is_still_measured(void **state)
{
    (void)state;
    struct signal s;
    empty(&s, 50);
    signal_add_three(&s, 4, 3, 1, 0);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct reading r = read_last(&c, &s);
    assert_true(r.now.flags & FLAG_NO_REFERENCE);
    assert_near(r.now.phase[0].current_a, 3, 1e-3);
    assert_near(r.now.frequency_hz, 50, 1e-9);
    assert_int_equal(quality(&r, VAR_frequency), QUALITY_UNCERTAIN);
    assert_int_equal(r.total.import.micro, 0);
    assert_true(r.now.power_w == 0);
}

static void one_voltage_is_enough_to_follow(void **state)
{
    (void)state;
    for (int left = 0; left < 3; left++) {
        struct signal s;
        signal_three_phase(&s, 49.6, 5, 60);
        for (int k = 0; k < 3; k++)
            s.channel[k].terms = k == left;
        struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
        struct reading r = read_last(&c, &s);
        assert_false(r.now.flags & FLAG_NO_REFERENCE);
        assert_near(r.now.frequency_hz, 49.6, 1e-7);
        assert_near(r.now.power_w, 575, PPM);
        assert_int_equal(r.now.phase_sequence, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_phase_has_l1_alone),
        cmocka_unit_test(split_phase_has_one_line_voltage_and_a_neutral),
        cmocka_unit_test(three_wires_with_two_or_three_currents_read_the_same),
        cmocka_unit_test(a_high_leg_is_no_fault),
        cmocka_unit_test(demand_is_uncertain_until_a_period_was_measured_whole),
        cmocka_unit_test(reversed_sequence_reads_the_same_and_is_told),
        cmocka_unit_test(a_correction_by_map_is_as_good_as_rewiring),
        cmocka_unit_test(unbalance_is_that_of_the_sequences),
        cmocka_unit_test(apparent_power_follows_its_rule),
        cmocka_unit_test(limits_raise_flags_and_qualities),
        cmocka_unit_test(inputs_read_primary_values_up_to_imax_with_a_crest_factor_of_3),
        cmocka_unit_test(without_voltage_current_is_still_measured),
        cmocka_unit_test(one_voltage_is_enough_to_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
