/* Records that are shorter than a measuring window, and the periodic signal that is fitted to them. */
#include "meter/fit_internal.h"
#include "signal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE 10000.0

struct last_reading {
    int windows;
    struct reading reading;
    struct meter_window window;
};

/* Measures `count` frames of the signal as a whole record. */
static struct last_reading measure_record(struct signal *s, int count)
{
    struct meter_config c = signal_config(s, RATE, SYSTEM_3P4W);
    struct meter *m = signal_meter(&c);
    int32_t *frames = malloc((size_t)count * 8 * sizeof *frames);
    signal_frames(s, frames, 8, 0, count, RATE);
    assert_int_equal(meter_push(m, frames, (size_t)count, 1000000), ERR_OK);
    meter_end(m);
    struct last_reading r = {0};
    while (meter_poll(m, &r.window)) {
        r.windows++;
        r.reading = r.window.reading[0];
    }
    free(frames);
    free(m);
    return r;
}

static double square_root_of_sum(double a, double b, double c)
{
    return sqrt(a * a + b * b + c * c);
}

static void a_record_of_any_length_up_to_a_window_gives_its_periodic_values(void **state)
{
    (void)state;
    const double cycles[] = {3.0, 3.3, 3.9985, 4.0, 5.5, 7.77, 9.2};
    for (size_t i = 0; i < COUNT(cycles); i++) {
        struct signal s;
        signal_three_phase(&s, 50.02, 5, 30);
        signal_add_three(&s, 0, 9.2, 5, 40);
        signal_add_three(&s, 4, 1.5, 5, -10);
        signal_add_three(&s, 4, 0.5, 7, 70);
        struct last_reading r = measure_record(&s, (int)lround(cycles[i] * RATE / 50.02));
        assert_int_equal(r.windows, 1);
        assert_true(r.reading.now.flags & FLAG_PARTIAL);
        assert_int_equal(r.reading.now.cycles, (int)(cycles[i] * (1 + 3e-4)));
        double u = square_root_of_sum(230, 9.2, 0), a = square_root_of_sum(5, 1.5, 0.5);
        double p = 230 * 5 * cos(30 / 57.29577951308232) + 9.2 * 1.5 * cos(50 / 57.29577951308232);
        for (int k = 0; k < 3; k++) {
            const struct phase_measurement *f = &r.reading.now.phase[k];
            assert_true(fabs(f->voltage_v / u - 1) < 2e-6);
            assert_true(fabs(f->current_a / a - 1) < 2e-6);
            assert_true(fabs(f->power_w / p - 1) < 5e-6);
            assert_true(fabs(f->reactive_var / (230 * 5 * 0.5) - 1) < 5e-6);
            assert_true(fabs(f->thd_voltage_pct - 4) < 1e-3);
            assert_true(fabs(r.reading.now.spectrum.current[k].magnitude[7] / 0.5 - 1) < 1e-4);
        }
    }
}

static void a_direct_part_is_part_of_the_rms_and_no_harmonic(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.channel[4].direct = 1;
    struct last_reading r = measure_record(&s, 750);
    assert_true(fabs(r.reading.now.phase[0].current_a / sqrt(26) - 1) < 2e-6);
    assert_true(fabs(r.reading.now.spectrum.current[0].magnitude[0] - 1) < 1e-5);
    assert_true(r.reading.now.phase[0].thd_current_pct < 0.001);
}

static void what_does_not_repeat_is_left_out_while_it_is_little(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.channel[4].term[s.channel[4].terms++] = (struct term){.rms = 0.5, .fixed_hz = 77};
    struct last_reading r = measure_record(&s, 1300);
    assert_true(fabs(r.reading.now.phase[0].current_a / 5 - 1) < 0.01);
    assert_true(fabs(r.reading.now.phase[0].thd_current_pct) < 1);
}

static void a_record_that_does_not_repeat_is_taken_as_it_is(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    for (int k = 4; k < 7; k++) /* as much again at a frequency of its own */
        s.channel[k].term[s.channel[k].terms++] = (struct term){.rms = 5, .fixed_hz = 77};
    struct last_reading r = measure_record(&s, 1300);
    assert_int_equal(r.windows, 1);
    double sum = 0; /* whole cycles of the record hold all of it, more or less */
    for (int k = 0; k < 3; k++)
        sum += r.reading.now.phase[k].current_a / sqrt(50) / 3;
    assert_true(fabs(sum - 1) < 0.1);
}

static void registers_count_the_samples_and_not_the_fit(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.channel[4].term[s.channel[4].terms++] = (struct term){.rms = 0.8, .fixed_hz = 77};
    s.channel[0].term[s.channel[0].terms++] = (struct term){.rms = 20, .fixed_hz = 77};
    const int count = 1300;
    struct last_reading r = measure_record(&s, count);
    double wh = 0;
    for (int k = 0; k < 3; k++)
        wh += signal_mean(&s, k, 4 + k, -0.5 / RATE, (count - 0.5) / RATE) * count / RATE / 3600;
    double fitted_wh = r.reading.now.power_w * count / RATE / 3600;
    assert_true(fabs((double)r.reading.total.import.micro / 1e6 / wh - 1) < 1e-5);
    assert_true(fabs(fitted_wh / wh - 1) > 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_any_length_up_to_a_window_gives_its_periodic_values),
        cmocka_unit_test(a_direct_part_is_part_of_the_rms_and_no_harmonic),
        cmocka_unit_test(what_does_not_repeat_is_left_out_while_it_is_little),
        cmocka_unit_test(a_record_that_does_not_repeat_is_taken_as_it_is),
        cmocka_unit_test(registers_count_the_samples_and_not_the_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
