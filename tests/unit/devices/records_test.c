/* The real records of mains waveforms, where they are: in the folder EMS_RECORDS, or beside the repository. Expected values
 * are those of the README that comes with them. */
#include "devices/source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PI 3.14159265358979323846
#define MESON_SKIPPED 77

static const char *records(void)
{
    const char *given = getenv("EMS_RECORDS");
    return given ? given : REPOSITORY "/../shared/data/waveforms";
}

static struct source *open_ok(const char *what, const struct source_options *o)
{
    struct source *s = NULL;
    struct reason why = {0};
    if (source_open(&s, what, o, &why))
        fail_msg("%s: %s", what, why.text);
    return s;
}

struct summary {
    double rms[8], mean[8], fundamental[8], power_w[3];
    size_t frames, gaps;
    double rate_hz;
};

static bool summarise(const char *name, size_t most, double hz, struct summary *m,
                      struct source_format *format)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", records(), name);
    if (access(path, R_OK) != 0)
        return false;
    struct source *s = open_ok(path, &(struct source_options){0});
    const struct source_format *f = source_format(s);
    double re[8] = {0}, im[8] = {0};
    *m = (struct summary){.rate_hz = f->rate_hz};
    *format = *f;
    for (struct source_block b = {0}; !b.end && m->frames < most;) {
        size_t left = most - m->frames;
        assert_int_equal(source_read(s, left < 500 ? left : 500, 0, &b, NULL), ERR_OK);
        m->gaps += b.gap;
        for (size_t i = 0; i < b.count; i++, m->frames++) {
            double x[8], angle = 2 * PI * hz * (double)m->frames / f->rate_hz;
            for (int k = 0; k < 8; k++) {
                x[k] =
                    b.frames[i * 8 + (size_t)k] *
                    (k < 4 ? f->meter.volts_per_count[k] : f->meter.load[0].amps_per_count[k - 4]);
                m->rms[k] += x[k] * x[k];
                m->mean[k] += x[k];
                re[k] += x[k] * cos(angle);
                im[k] += x[k] * sin(angle);
            }
            for (int k = 0; k < 3; k++)
                m->power_w[k] += x[k] * x[k + 4];
        }
    }
    double n = (double)m->frames;
    for (int k = 0; k < 8; k++) {
        m->rms[k] = sqrt(m->rms[k] / n);
        m->mean[k] /= n;
        m->fundamental[k] = hypot(re[k], im[k]) * sqrt(2) / n;
    }
    for (int k = 0; k < 3; k++)
        m->power_w[k] /= n;
    source_close(s);
    return true;
}

#define ABSENT(name) (print_message("# %s is not here: skipped\n", name), skip())

static void close_to(const char *what, double found, double expected, double relative)
{
    if (fabs(found - expected) > fabs(expected) * relative)
        fail_msg("%s: %.6g, expected %.6g", what, found, expected);
}

static void the_ion7650_record_has_the_values_of_its_readme(void **state)
{
    (void)state;
    struct summary m;
    struct source_format f;
    if (!summarise("ion7650_30k7_3p4w.cfg", 2048, 59.9714, &m, &f))
        ABSENT("ion7650");
    assert_string_equal(f.channels, "v1=U1, v2=U2, v3=U3, vx=U4, i1=I1, i2=I2, i3=I3, in=I4");
    assert_true(f.meter.system == SYSTEM_3P4W && m.frames == 2048 &&
                fabs(m.rate_hz - 30707.244140625) < 1e-6);
    static const double volt[3] = {348.885, 352.188, 345.879}, amp[3] = {125.108, 148.509, 166.302},
                        watt[3] = {40487, 49514, 53638};
    for (int k = 0; k < 3; k++) {
        close_to("U1", m.fundamental[k], volt[k], 0.0005);
        close_to("I1", m.fundamental[k + 4], amp[k],
                 0.002); /* a decaying offset leaks into a plain sum */
        close_to("P", m.power_w[k] - m.mean[k] * m.mean[k + 4], watt[k], 0.001);
    }
}

static void the_ret670_record_has_the_values_of_its_readme(void **state)
{
    (void)state;
    struct summary m;
    struct source_format f;
    if (!summarise("ret670_1k2_60hz_float32.cfg", 1100, 59.9855, &m, &f))
        ABSENT("ret670");
    assert_string_equal(f.channels, "v1=HV Bus VR, v2=HV Bus VS, v3=HV Bus VT, vx=HV Bus VN, i1=HV "
                                    "IR, i2=HV IS, i3=HV IT, in=HV IN");
    assert_true(f.meter.system == SYSTEM_3P4W && m.rate_hz == 1200 && f.meter.nominal_hz == 60);
    static const double volt[3] = {130380, 130700, 130380}, amp[3] = {182.0, 179.5, 173.2},
                        watt[3] = {22.09e6, 21.53e6, 20.77e6};
    for (int k = 0; k < 3; k++) {
        close_to("U1", m.fundamental[k], volt[k], 0.0005);
        close_to("I1", m.fundamental[k + 4], amp[k], 0.001);
        close_to("P", m.power_w[k], watt[k], 0.001);
    }
    assert_true(summarise("ret670_1k2_60hz_float32.cfg", 99999, 60, &m, &f) && m.frames == 7200 &&
                m.gaps == 0);
}

static void the_sepam_record_is_three_wire_from_two_line_voltages(void **state)
{
    (void)state;
    struct summary m;
    struct source_format f;
    if (!summarise("sepam_600_3wire.cfg", 99999, 50, &m, &f))
        ABSENT("sepam");
    assert_string_equal(f.channels, "v1=-U21, v3=U32, i1=I1, i2=I2, i3=I3");
    assert_true(f.meter.system == SYSTEM_3P3W && m.frames == 2399 && m.rate_hz == 600);
    close_to("U12", m.rms[0], 2112.72, 0.001);
    close_to("U32", m.rms[2], 2112.15, 0.001);
}

static void the_c60_record_takes_its_rate_from_its_stamps(void **state)
{
    (void)state;
    struct summary m;
    struct source_format f;
    if (!summarise("ge_c60_800_timestamped.cfg", 99999, 50, &m, &f))
        ABSENT("ge_c60");
    assert_string_equal(
        f.channels,
        "v1=F5-VA, v2=F6-VB, v3=F7-VC, vx=F8-VN, i1=F1-IA, i2=F2-IB, i3=F3-IC, in=F4-IG");
    assert_int_equal(m.frames, 1360);
    assert_int_equal(m.gaps, 0); /* 1248 .. 1251 us is jitter */
    close_to("rate", m.rate_hz, 800.2, 0.0005);
    close_to("UA, primary of 3300:1", m.rms[0], 149751, 0.001);
}

static void the_mains_recording_opens_as_one_voltage(void **state)
{
    (void)state;
    struct summary m;
    struct source_format f;
    if (!summarise("mains50_400hz_092.wav", 4000, 49.9997, &m, &f))
        ABSENT("mains50");
    assert_true(f.meter.system == SYSTEM_1P2W && m.rate_hz == 400);
    assert_string_equal(f.channels, "v1=1");
    close_to("fundamental", m.fundamental[0], m.rms[0],
             0.01); /* a sine of the frequency the README tells */
}

int main(void)
{
    if (access(records(), R_OK) != 0) {
        printf("skipped: no records in %s (EMS_RECORDS)\n", records());
        return MESON_SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ion7650_record_has_the_values_of_its_readme),
        cmocka_unit_test(the_ret670_record_has_the_values_of_its_readme),
        cmocka_unit_test(the_sepam_record_is_three_wire_from_two_line_voltages),
        cmocka_unit_test(the_c60_record_takes_its_rate_from_its_stamps),
        cmocka_unit_test(the_mains_recording_opens_as_one_voltage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
