#include "devices/synth.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PI 3.14159265358979323846
#define DEG (PI / 180)

static struct scenario s;

static struct synth *open_text(const char *text, double rate_hz, int loads, double counts)
{
    struct reason why = {0};
    if (scenario_parse(&s, "t", text, strlen(text), &why))
        fail_msg("%s", why.text);
    struct synth_config c = {.scenario = &s, .rate_hz = rate_hz, .lanes = 4 * (1 + loads)};
    for (int i = 0; i < c.lanes; i++) {
        c.counts_per_unit[i] = counts;
        c.noise_counts[i] = counts * (i < 4 ? s.noise_v : s.noise_a);
    }
    struct synth *y = NULL;
    assert_int_equal(synth_open(&y, &c), ERR_OK);
    return y;
}

/* Every sample against sin() of the exact phase, in a ramp, with harmonics, an interharmonic and a dip: half a count
 * of 8 million is the rounding itself, 0.06 ppm of full scale. */
static void samples_are_the_sums_of_sines_that_they_claim_to_be(void **state)
{
    (void)state;
    const double rate = 10000, counts = 10000;
    struct synth *y = open_text(
        "voltage 230 V\nfrequency 49.7 Hz\nramp 0.5 Hz/s from 2 s to 4 s\n"
        "harmonic v 5 4 % 30 deg\nharmonic v2 63 1 % -50 deg\ninterharmonic v1 175.3 Hz 2 %\n"
        "dip v3 to 60 % at 1234.5 ms for 100 ms\n"
        "load a\npart p\nphases 123\ncurrent 5 A\nangle 60 deg\nharmonic 7 15 % 10 deg\n",
        rate, 1, counts);
    int32_t frame[8 * 50];
    double worst = 0;
    for (int64_t n = 0; n < 60000; n++) {
        if (n % 50 == 0)
            synth_read(y, frame, 50);
        double t = (double)n / rate, ramp = fmin(fmax(t - 2, 0), 2);
        double theta = 2 * PI * fmod(49.7 * t + 0.25 * ramp * ramp + fmax(t - 4, 0) * 1.0, 1);
        for (int k = 0; k < 3; k++) {
            double a = -120 * k * DEG, v = cos(theta + a) + 0.04 * cos(5 * (theta + a) + 30 * DEG);
            if (k == 1)
                v += 0.01 * cos(63 * (theta + a) - 50 * DEG);
            if (k == 0)
                v += 0.02 * cos(2 * PI * fmod(175.3 * t, 1));
            double level = k == 2 && n >= 12345 && n < 13345 ? 0.6 : 1;
            v *= level * 230 * sqrt(2);
            double b = theta + a - 60 * DEG;
            double i = level * 5 * sqrt(2) * (cos(b) + 0.15 * cos(7 * b + 10 * DEG));
            worst = fmax(worst, fabs(frame[n % 50 * 8 + k] - v * counts));
            worst = fmax(worst, fabs(frame[n % 50 * 8 + 4 + k] - i * counts));
        }
    }
    synth_close(y);
    if (worst > 0.501)
        fail_msg("worst difference %.6f counts of %.0f", worst, 230 * sqrt(2) * counts);
}

static void the_phase_is_still_exact_after_a_day(void **state)
{
    (void)state;
    /* 400 Hz: 34.56 million samples; 49.97 Hz x 86400 s is 4 317 408 whole cycles */
    struct synth *y = open_text("voltage 230 V\nfrequency 49.97 Hz\n", 400, 1, 20000);
    int32_t frame[8 * 1000];
    for (int block = 0; block < 34560; block++)
        synth_read(y, frame, 1000);
    synth_read(y, frame, 1);
    assert_true(fabs(frame[0] - 230 * sqrt(2) * 20000) <= 1);
    synth_close(y);
}

static void the_same_seed_gives_the_same_counts_in_any_portions(void **state)
{
    (void)state;
    static const char text[] =
        "seed 9\nnoise voltage 1 V\nnoise current 10 mA\ndrift 50 mHz over 3 s\n"
        "dip v to 50 % at 333 ms for 77 ms\nload a\npart p\nphases 123\npower 3 kW\nshape led\n"
        "wander 30 % over 1 s\nrandom on 200 ms every 500 ms\n";
    enum { FRAMES = 20000 };
    int32_t *whole = calloc(FRAMES * 8, sizeof *whole),
            *pieces = calloc(FRAMES * 8, sizeof *pieces);
    assert_non_null(whole);
    assert_non_null(pieces);
    struct synth *y = open_text(text, 16000, 1, 10000);
    synth_read(y, whole, FRAMES);
    synth_close(y);
    y = open_text(text, 16000, 1, 10000);
    for (size_t at = 0, n = 1; at < FRAMES; at += n) {
        n = (n * 7 + 3) % 401;
        if (n > FRAMES - at)
            n = FRAMES - at;
        synth_read(y, pieces + at * 8, n);
    }
    synth_close(y);
    assert_memory_equal(whole, pieces, FRAMES * 8 * sizeof *whole);
    y = open_text(text, 16000, 1, 10000);
    s.seed = 10;
    synth_read(y, pieces, FRAMES);
    synth_close(y);
    assert_memory_not_equal(whole, pieces, FRAMES * 8 * sizeof *whole);
    free(whole);
    free(pieces);
}

static void noise_has_its_rms_and_no_mean(void **state)
{
    (void)state;
    struct synth *y =
        open_text("frequency 50 Hz\nnoise current 20 mA\nnoise voltage 0 V\n", 16000, 1, 1e5);
    enum { FRAMES = 160000 };
    int32_t *f = calloc(FRAMES * 8, sizeof *f);
    assert_non_null(f);
    synth_read(y, f, FRAMES);
    double sum = 0, square = 0, cross = 0;
    for (int i = 0; i < FRAMES; i++) {
        sum += f[i * 8 + 4];
        square += (double)f[i * 8 + 4] * f[i * 8 + 4];
        cross += (double)f[i * 8 + 4] * f[i * 8 + 5];
    }
    assert_true(fabs(sqrt(square / FRAMES) / 2000 - 1) < 0.01);
    assert_true(fabs(sum / FRAMES) < 2000.0 / sqrt(FRAMES) * 4);
    assert_true(fabs(cross / FRAMES) <
                2000.0 * 2000.0 / sqrt(FRAMES) * 4); /* lanes are independent */
    synth_close(y);
    free(f);
}

/* Mean power of each phase and rms of the voltages over one second of 50 or 60 whole cycles. */
static void measure(const char *text, double p[3], double v[3], double i[3])
{
    enum { FRAMES = 12000 };
    int32_t *f = calloc(FRAMES * 8, sizeof *f);
    assert_non_null(f);
    struct synth *y = open_text(text, FRAMES, 1, 5000);
    synth_read(y, f, FRAMES);
    for (int k = 0; k < 3; k++) {
        p[k] = v[k] = i[k] = 0;
        for (int n = 0; n < FRAMES; n++) {
            double a = f[n * 8 + k] / 5000.0, b = f[n * 8 + 4 + k] / 5000.0;
            p[k] += a * b / FRAMES;
            v[k] += a * a / FRAMES;
            i[k] += b * b / FRAMES;
        }
        v[k] = sqrt(v[k]);
        i[k] = sqrt(i[k]);
    }
    synth_close(y);
    free(f);
}

static void parts_draw_the_power_they_name_in_every_system(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double p[3], v[3]; /* seen by the meter's inputs */
    } cases[] = {
        {"load a\npart p\nphases 123\npower 6 kW\npf 0.8 lagging\n",
         {2000, 2000, 2000},
         {230, 230, 230}},
        {"load a\npart p\nphases 12\npower 6 kW\nexport\n", {-3000, -3000, 0}, {230, 230, 230}},
        {"load a\npart p\nbetween 12\npower 4 kW\n", {2000, 2000, 0}, {230, 230, 230}},
        {"line v1 50 %\nload a\npart p\nphases 1\npower 4 kW\n", {1000, 0, 0}, {115, 230, 230}},
        {"system 1P2W\nload a\npart p\nphases 1\npower 1 kW\n", {1000, 0, 0}, {230, 0, 0}},
        {"system 2P3W\nvoltage 120 V\nfrequency 60 Hz\nload a\npart p\nbetween 12\npower 3 "
         "kW\npart q\nphases 2\npower 500 W\n",
         {1500, 2000, 0},
         {120, 120, 0}},
        /* Aron: the two sums are v12 i1 and v32 i3 */
        {"system 3P3W\nvoltage 400 V\nload a\npart p\nphases 123\npower 6 kW\n",
         {3000, 0, 3000},
         {400, 0, 400}},
        {"system wild-leg\nvoltage 120 V\nfrequency 60 Hz\nload a\npart p\nphases 1\npower 1 kW\n",
         {1000, 0, 0},
         {120, 207.846097, 120}},
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        double p[3], v[3], i[3];
        measure(cases[c].text, p, v, i);
        for (int k = 0; k < 3; k++)
            if (fabs(p[k] - cases[c].p[k]) > 0.5 || fabs(v[k] - cases[c].v[k]) > 0.001)
                fail_msg("case %zu phase %d: %.3f W %.4f V", c, k + 1, p[k], v[k]);
    }
    double p[3], v[3], i[3];
    measure(
        "system wild-leg\nvoltage 120 V\nfrequency 60 Hz\nload a\npart p\nphases 123\npower 6 kW\n",
        p, v, i);
    assert_true(fabs(p[0] + p[1] + p[2] - 6000) <
                0.5); /* a motor on the delta: all three share its current */
    assert_true(fabs(i[0] - i[1]) < 1e-3 && fabs(i[1] - i[2]) < 1e-3);
    measure("system wild-leg\nsequence 132\nvoltage 120 V\nfrequency 60 Hz\nload a\npart p\nphases "
            "123\npower 6 kW\n",
            p, v, i);
    assert_true(fabs(p[0] + p[1] + p[2] - 6000) < 0.5 && fabs(v[1] - 207.846097) < 0.001);
}

static void wiring_faults_show_at_the_inputs(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        double p[3], v[3];
    } cases[] = {
        {"fault missing v2\n", {1000, 0, 3000}, {230, 0, 230}},
        {"fault reversed i3\n", {1000, 2000, -3000}, {230, 230, 230}},
        {"fault swapped i1 i2\n", {-1000, -500, 3000}, {230, 230, 230}},
        {"fault rotated forward\n", {-1000, -1500, -500}, {230, 230, 230}},
        {"fault rotated backward\n", {-1500, -500, -1000}, {230, 230, 230}},
        {"fault neutral v1\n", {-1000, 3000, 4500}, {230, 398.371686, 398.371686}},
        {"sequence 132\n", {1000, 2000, 3000}, {230, 230, 230}},
    };
    for (size_t c = 0; c < COUNT(cases); c++) {
        char text[512] = "";
        strcat(text, cases[c].fault);
        strcat(text, "load a\npart p\nphases 1\npower 1 kW\npart q\nphases 2\npower 2 kW\npart "
                     "r\nphases 3\npower 3 kW\n");
        double p[3], v[3], i[3];
        measure(text, p, v, i);
        for (int k = 0; k < 3; k++)
            if (fabs(p[k] - cases[c].p[k]) > 0.5 || fabs(v[k] - cases[c].v[k]) > 0.001)
                fail_msg("%s phase %d: %.3f W %.4f V", cases[c].fault, k + 1, p[k], v[k]);
    }
}

static void values_beyond_the_converter_are_cut_and_orders_beyond_the_rate_left_out(void **state)
{
    (void)state;
    int32_t f[8 * 400];
    struct synth *y = open_text("voltage 230 V\n", 400, 1, 1e6);
    synth_read(y, f, 400);
    assert_int_equal(f[0], METER_RAW_MAX);
    synth_close(y);
    y = open_text("voltage 230 V\nharmonic v 11 50 %\nload a\npart p\nphases 1\ncurrent 1 A\nshape "
                  "rectifier\n",
                  1000, 1, 1000);
    synth_read(y, f, 400);
    for (int n = 0; n < 400; n++)
        assert_true(fabs(f[n * 8] - 230e3 * sqrt(2) * cos(2 * PI * 50 * n / 1000.0)) < 0.51);
    synth_close(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_the_sums_of_sines_that_they_claim_to_be),
        cmocka_unit_test(the_phase_is_still_exact_after_a_day),
        cmocka_unit_test(the_same_seed_gives_the_same_counts_in_any_portions),
        cmocka_unit_test(noise_has_its_rms_and_no_mean),
        cmocka_unit_test(parts_draw_the_power_they_name_in_every_system),
        cmocka_unit_test(wiring_faults_show_at_the_inputs),
        cmocka_unit_test(values_beyond_the_converter_are_cut_and_orders_beyond_the_rate_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
