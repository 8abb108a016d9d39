/* What calibration says is wrong with converters and sensors is put right. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RATE 16000

static void keep(void *context, const struct meter_window *w, double start, double end)
{
    (void)start, (void)end;
    *(struct reading *)context = w->reading[0];
}

static struct reading read_for(const struct meter_config *c, struct signal *s, double seconds)
{
    struct reading r;
    memset(&r, 0, sizeof r);
    struct meter *m = signal_meter(c);
    signal_run(m, s, seconds, keep, &r);
    free(m);
    return r;
}

#define assert_near(x, expected, relative)                          \
    do {                                                            \
        double got_ = (x), want_ = (expected);                      \
        if (!(fabs(got_ - want_) <= (relative)*fabs(want_)))        \
            fail_msg("%s is %.9g, expected %.9g", #x, got_, want_); \
    } while (0)

static void gain_offset_and_noise_are_taken_away(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50.1, 0.05, 60);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    struct calibration *cal = &c.load[0].calibration;
    for (int k = 0; k < 3; k++) {
        s.channel[k].term[0].rms *= 1.01;
        s.channel[4 + k].term[0].rms *= 0.98;
        s.channel[k].direct = 1.5;
        s.channel[4 + k].direct = 0.02;
        s.channel[4 + k].noise = 2e-3;
        cal->gain_v[k] = 0.01;
        cal->gain_i[k] = -0.02;
        cal->offset_v[k] = 1.5 / c.volts_per_count[k];
        cal->offset_i[k] = 0.02 / c.load[0].amps_per_count[k];
        cal->noise_i[k] = 2e-3 / c.load[0].amps_per_count[k];
    }
    struct reading r = read_for(&c, &s, 2);
    /* noise scatters by sigma / (I sqrt(N)), N = 3200: 4.5 times that */
    double scatter = 4.5 * 2e-3 / 0.049 / sqrt(3200);
    for (int k = 0; k < 3; k++) {
        assert_near(r.now.phase[k].voltage_v, 230, 1e-6);
        assert_near(r.now.phase[k].current_a, 0.05, scatter);
        assert_near(r.now.phase[k].power_w, 5.75, 2 * scatter);
    }
}

static void noise_subtracted_removes_its_bias(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 0.005, 0);
    for (int k = 0; k < 3; k++)
        s.channel[4 + k].noise = 1e-3;
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    double with, without = read_for(&c, &s, 1).now.current_a;
    for (int k = 0; k < 3; k++)
        c.load[0].calibration.noise_i[k] = 1e-3 / c.load[0].amps_per_count[k];
    with = read_for(&c, &s, 1).now.current_a;
    double scatter = 4.5 * 0.2 / sqrt(3200) / sqrt(3);
    assert_true(without > 0.005 * (1 + 0.02 - scatter));
    assert_near(with, 0.005, scatter);
}

static void a_sensor_table_corrects_ratio_and_phase_by_current(void **state)
{
    (void)state;
    const struct {
        double amps, ratio_pct, phase_deg;
    } points[] = {{0.05, 0.6, 1.2}, {0.5, 0.2, 0.5}, {5, -0.1, 0.1}};
    for (size_t n = 0; n < COUNT(points); n++) {
        struct signal s;
        signal_three_phase(&s, 49.8, points[n].amps, 60);
        signal_add_three(&s, 0, 10, 5, 0);
        signal_add_three(&s, 4, 0.3 * points[n].amps, 5, -30);
        struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
        for (int k = 0; k < 3; k++) {
            for (size_t p = 0; p < COUNT(points); p++)
                /* placed where the sensor's own output will look it up */
                c.load[0].calibration.sensor[k][p] = (struct sensor_error){
                    .current_a = points[p].amps * sqrt(1.09) * (1 + points[p].ratio_pct / 100),
                    .ratio_pct = points[p].ratio_pct,
                    .phase_deg = points[p].phase_deg};
            struct channel *i = &s.channel[4 + k];
            for (int t = 0; t < i->terms; t++) {
                i->term[t].rms *= 1 + points[n].ratio_pct / 100;
                i->term[t].deg += points[n].phase_deg / i->term[t].order;
            }
        }
        struct reading r = read_for(&c, &s, 0.7);
        double a = points[n].amps;
        double p = 230 * a * 0.5 + 10 * 0.3 * a * cos(M_PI / 6);
        for (int k = 0; k < 3; k++) {
            assert_near(r.now.phase[k].current_a, a * sqrt(1.09), 2e-6);
            assert_near(r.now.phase[k].power_w, p, 4e-6);
            assert_near(r.now.phase[k].reactive_var, 230 * a * sin(M_PI / 3), 4e-6);
            assert_true(fabs(r.now.phase[k].phi_deg - 60) < 1e-3);
        }
    }
}

static void a_delay_of_the_converter_is_taken_back_in_every_order(void **state)
{
    (void)state;
    const double delay = 20e-6;
    struct signal s;
    signal_three_phase(&s, 50.2, 5, 60);
    signal_add_three(&s, 0, 20, 7, 0);
    signal_add_three(&s, 4, 2, 7, 40);
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    for (int k = 0; k < 3; k++) {
        c.load[0].calibration.delay_s[k] = delay;
        for (int t = 0; t < 2; t++)
            s.channel[4 + k].term[t].deg += 360 * delay * 50.2 * s.channel[4 + k].term[t].order;
    }
    struct reading r = read_for(&c, &s, 0.7);
    assert_near(r.now.phase[1].power_w, 575 + 40 * cos(40 * M_PI / 180), 4e-6);
    assert_near(r.now.reactive_var, 3 * 1150 * sin(M_PI / 3), 4e-6);
}

static void slow_means_are_taken_away_as_offset(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 49.7, 1, 30);
    for (int k = 0; k < 3; k++) {
        s.channel[k].direct = 3;
        s.channel[4 + k].direct = 0.1;
    }
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    c.remove_offset = true;
    struct reading r = read_for(&c, &s, 2);
    for (int k = 0; k < 3; k++) {
        assert_near(r.now.phase[k].voltage_v, 230, 1e-6);
        assert_near(r.now.phase[k].current_a, 1, 1e-6);
        assert_near(r.now.phase[k].power_w, 230 * cos(M_PI / 6), 1e-6);
    }
    c.remove_offset = false;
    r = read_for(&c, &s, 2);
    assert_near(r.now.phase[0].voltage_v, sqrt(230 * 230 + 9), 1e-6);
    assert_near(r.now.spectrum.voltage[0].magnitude[0], 3, 1e-5);
}

static void tables_are_read_in_log_of_current_and_held_at_their_ends(void **state)
{
    (void)state;
    struct calibration c = {.sensor = {{{.current_a = 0.1, .ratio_pct = 1, .phase_deg = 2},
                                        {.current_a = 10, .ratio_pct = 0, .phase_deg = 1}}}};
    const struct {
        double amps, ratio, phase;
    } rows[] = {{0.01, 0.01, 2}, {0.1, 0.01, 2}, {1, 0.005, 1.5},
                {10, 0, 1},      {100, 0, 1},    {0, 0.01, 2}};
    for (size_t n = 0; n < COUNT(rows); n++) {
        double ratio, phase;
        calibration_sensor(&c, 0, rows[n].amps, &ratio, &phase);
        assert_true(fabs(ratio - rows[n].ratio) < 1e-12);
        assert_true(fabs(phase - rows[n].phase) < 1e-12);
        calibration_sensor(&c, 1, rows[n].amps, &ratio, &phase);
        assert_true(ratio == 0 && phase == 0);
    }
}

static void bad_calibration_is_refused(void **state)
{
    (void)state;
    struct reason why;
    const struct calibration good = {.gain_v = {0.1}, .sensor = {{{1, 0.1, 0.2}, {2, 0, 0}}}};
    assert_int_equal(calibration_check(&good, &why), ERR_OK);
    const struct calibration bad[] = {
        {.gain_v = {0, (double)NAN}},
        {.gain_i = {0.6}},
        {.gain_v = {0, 0, -0.51}},
        {.noise_i = {-1}},
        {.offset_v = {(double)INFINITY}},
        {.delay_s = {0, 0, 0.006}},
        {.sensor = {{{2, 0, 0}, {1, 0, 0}}}},
        {.sensor = {{{1, (double)NAN, 0}}}},
        {.sensor = {{{0}}, {{-1, 0, 0}}}},
        {.sensor = {{{(double)NAN, 0, 0}}}},
    };
    for (size_t n = 0; n < COUNT(bad); n++) {
        why.text[0] = '\0';
        assert_int_equal(calibration_check(&bad[n], &why), ERR_RANGE);
        assert_true(strlen(why.text) > 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gain_offset_and_noise_are_taken_away),
        cmocka_unit_test(noise_subtracted_removes_its_bias),
        cmocka_unit_test(a_sensor_table_corrects_ratio_and_phase_by_current),
        cmocka_unit_test(a_delay_of_the_converter_is_taken_back_in_every_order),
        cmocka_unit_test(slow_means_are_taken_away_as_offset),
        cmocka_unit_test(tables_are_read_in_log_of_current_and_held_at_their_ends),
        cmocka_unit_test(bad_calibration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
