/* Hours of samples through the whole meter, as fast as it goes: a day with ups and downs against the analytic energy, an
 * hour of an open circuit without a pulse, the start at a thousandth of the nominal current (DESIGN.md 5).
 *
 * EMS_LONG=1 makes the day 24 hours long; without it, two.
 */
#include "meter/meter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LANES 8
#define TWO_PI 6.283185307179586
#define T0 INT64_C(1782864000000000) /* 2026-07-01 00:00 UTC */
#define FULL_V 700.0
#define FULL_A 18.0
#define PORTION_S 0.1

static struct meter_config config_for(double rate_hz)
{
    struct meter_config c = {
        .rate_hz = rate_hz,
        .system = SYSTEM_3P4W,
        .nominal_v = 230,
        .nominal_hz = 50,
        .loads = 1,
        .load = {
            {.input = INPUT_5A, .ratio = 1, .rule = TOTALS_SYSTEM, .demand = {.period_min = 15}}}};
    for (int k = 0; k < 4; k++) {
        c.volts_per_count[k] = FULL_V / METER_RAW_MAX;
        c.load[0].amps_per_count[k] = FULL_A / METER_RAW_MAX;
    }
    return c;
}

static struct meter *make(const struct meter_config *c)
{
    struct meter *m = NULL;
    void *memory = aligned_alloc(64, meter_size(c));
    struct reason why = {.text = ""};
    assert_non_null(memory);
    assert_int_equal(meter_init(&m, memory, c, &why), ERR_OK);
    return m;
}

struct run {
    struct meter *m;
    int32_t *frames;
    int portion;
    double rate_hz, cycles; /* of the mains so far */
    int64_t pushed, pulses, windows, flags;
    struct reading last;
};

static void take(struct run *r)
{
    struct meter_window w;
    while (meter_poll(r->m, &w)) {
        r->windows++;
        r->pulses += w.pulse_count[0];
        r->flags |= w.reading[0].now.flags;
        r->last = w.reading[0];
    }
}

static void push(struct run *r)
{
    int64_t utc = T0 + llround((double)r->pushed / r->rate_hz * 1e6);
    assert_int_equal(meter_push(r->m, r->frames, (size_t)r->portion, utc), ERR_OK);
    r->pushed += r->portion;
    take(r);
}

static void begin(struct run *r, const struct meter_config *c)
{
    memset(r, 0, sizeof *r);
    r->m = make(c);
    r->rate_hz = c->rate_hz;
    r->portion = (int)lround(c->rate_hz * PORTION_S);
    r->frames = calloc((size_t)r->portion * LANES, sizeof *r->frames);
    assert_non_null(r->frames);
}

static struct registers end(struct run *r)
{
    struct meter_image image;
    meter_end(r->m);
    take(r);
    meter_image(r->m, 0, &image);
    free(r->frames);
    free(r->m);
    return image.registers;
}

/* One portion of three-phase mains: currents in phase and lagging by a quarter, amperes rms, from the first value to
 * the second in a straight line. */
static void mains(struct run *r, double hz, double volts, const double active[3][2],
                  const double reactive[3][2])
{
    static const double re[3] = {1, -0.5, -0.5},
                        im[3] = {0, -0.86602540378443865, 0.86602540378443865};
    const double v = sqrt(2) * volts / FULL_V * METER_RAW_MAX;
    const double a = sqrt(2) / FULL_A * METER_RAW_MAX;
    double c = cos(TWO_PI * r->cycles), s = sin(TWO_PI * r->cycles);
    const double turn_c = cos(TWO_PI * hz / r->rate_hz), turn_s = sin(TWO_PI * hz / r->rate_hz);
    for (int n = 0; n < r->portion; n++) {
        int32_t *f = r->frames + n * LANES;
        double part = (double)n / r->portion;
        for (int k = 0; k < 3; k++) {
            double x = c * re[k] - s * im[k], y = c * im[k] + s * re[k];
            double p = active[k][0] + part * (active[k][1] - active[k][0]);
            double q = reactive[k][0] + part * (reactive[k][1] - reactive[k][0]);
            f[k] = (int32_t)lrint(v * x);
            f[4 + k] = (int32_t)lrint(a * (p * x + q * y));
        }
        double turned = c * turn_c - s * turn_s;
        s = s * turn_c + c * turn_s;
        c = turned;
    }
    r->cycles = fmod(r->cycles + hz * r->portion / r->rate_hz, 1);
}

/* The day: amperes of phase k as what does not switch, and a compressor on L2 that does every ten minutes. The periods
 * divide two hours, so their means over either length are zero. */
#define COMPRESSOR_A 2.1
#define COMPRESSOR_S 600

static double active_a(int k, double t)
{
    return 0.9 + 0.2 * k - 1.7 * sin(TWO_PI * t / 7200 + 0.3) + 0.8 * sin(TWO_PI * t / 600 + k) +
           0.1 * sin(TWO_PI * t / 24);
}

static double reactive_a(int k, double t)
{
    return 0.5 + 0.1 * k + 0.3 * sin(TWO_PI * t / 1800);
}

static double compressor_a(int64_t portion)
{
    return portion / (int)(COMPRESSOR_S / PORTION_S) % 2 ? COMPRESSOR_A : 0;
}

static void a_day_with_ups_and_downs_shows_the_analytic_energy(void **state)
{
    (void)state;
    const double rate = 1600, volts = 230, hours = getenv("EMS_LONG") ? 24 : 2;
    struct meter_config c = config_for(rate);
    struct run r;
    begin(&r, &c);
    int64_t portions = llround(hours * 3600 / PORTION_S);
    double import = 0,
           export = 0; /* by a plain sum, Wh: when the sign is which has no closed form */
    for (int64_t n = 0; n < portions; n++) {
        double t = (double)n * PORTION_S, active[3][2], reactive[3][2], sum[2] = {0};
        for (int k = 0; k < 3; k++) {
            for (int e = 0; e < 2; e++) {
                active[k][e] = active_a(k, t + e * PORTION_S) + (k == 1 ? compressor_a(n) : 0);
                reactive[k][e] = reactive_a(k, t + e * PORTION_S);
                sum[e] += active[k][e];
            }
        }
        double wh = volts * (sum[0] + sum[1]) / 2 * PORTION_S / 3600;
        *(wh > 0 ? &import : &export) += fabs(wh);
        mains(&r, 50 + 0.05 * sin(TWO_PI * t / 300), volts, (const double(*)[2])active,
              (const double(*)[2])reactive);
        push(&r);
    }
    struct registers g = end(&r);
    double net = (double)(g.import.micro - g.export.micro) / 1e6;
    /* by hand: 0.9 + 1.1 + 1.3 A, and the compressor half of the time; 0.5 + 0.6 + 0.7 A lag */
    double truth = hours * volts * (3.3 + COMPRESSOR_A / 2), lag = hours * volts * 1.8;
    double net_ppm = 1e6 * (net - truth) / import;
    double import_off = (double)g.import.micro / 1e6 - import;
    double export_off = (double)g.export.micro / 1e6 - export;
    double lag_ppm = 1e6 * ((double)g.reactive_import.micro / 1e6 / lag - 1);
    print_message("# %.0f h, %lld windows: %.1f Wh in, %.1f Wh out; net %.4f ppm, import %.5f Wh,"
                  " export %.5f Wh, reactive %.4f ppm\n",
                  hours, (long long)r.windows, import, export, net_ppm, import_off, export_off,
                  lag_ppm);
    assert_true(fabs(net_ppm) <= 0.1);
    /* A window in which the compressor turns the direction counts its net: less in both. */
    double switchings = hours * 3600 / COMPRESSOR_S;
    double most = switchings * COMPRESSOR_A * volts * PORTION_S / 2 / 3600;
    assert_true(import_off <= 1e-7 * import && import_off >= -most);
    assert_true(export_off <= 1e-7 * import && export_off >= -most);
    assert_true(fabs(lag_ppm) <= 2);
    assert_true(export > 50 && import > 1000);
    assert_true(llabs(g.hours_on.micro - llround(hours * 3.6e9)) <= 10);
    assert_true(llabs(r.pulses - g.import.micro / 1000000) <= 1);
    assert_int_equal(r.flags, FLAG_PARTIAL);
}

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Noise of the converter, `counts` rms, on the currents: the sum of four uniform numbers is near enough to a bell. */
static void add_noise(struct run *r, double counts, uint64_t *state)
{
    const double scale = counts * sqrt(3.0) / 65536.0;
    for (int n = 0; n < r->portion; n++) {
        for (int k = 4; k < 7; k++) {
            uint64_t x = random64(state);
            int32_t sum = (int32_t)(x & 0xFFFF) + (int32_t)(x >> 16 & 0xFFFF) +
                          (int32_t)(x >> 32 & 0xFFFF) + (int32_t)(x >> 48 & 0xFFFF) - 131070;
            r->frames[n * LANES + k] += (int32_t)lrint(scale * sum);
        }
    }
}

/* How the inputs see the nominal current: full scale in the unit of the input, what 5 A (or In) is there. */
static const struct input_row {
    const char *name;
    enum input_kind kind;
    double ratio, primary_a;
    double full_scale; /* A or V, peak */
    double start_a;    /* primary: a thousandth of In */
} inputs[] = {
    {"AV5 ratio 1", INPUT_5A, 1, 0, 18, 0.005},
    {"AV5 ratio 2000", INPUT_5A, 2000, 0, 18, 10},
    {"MV5 1 A", INPUT_333MV, 0, 1, 1.2, 0.001},
    {"MV5 10 kA", INPUT_333MV, 0, 10000, 1.2, 10},
};

static double primary_full_scale(const struct input_row *i)
{
    return i->kind == INPUT_5A ? i->full_scale * i->ratio : i->full_scale / 0.333 * i->primary_a;
}

static struct meter_config config_of(const struct input_row *i, double rate_hz)
{
    struct meter_config c = config_for(rate_hz);
    c.load[0].input = i->kind;
    c.load[0].ratio = i->ratio;
    c.load[0].primary_a = i->primary_a;
    for (int k = 0; k < 4; k++)
        c.load[0].amps_per_count[k] = i->full_scale / METER_RAW_MAX;
    return c;
}

#define NOISE_88_DB (METER_RAW_MAX / 1.4142135623730951 / 25119.0) /* a 16-bit front end */

/* IEC 62052-11: 115 % Un, currents open. 0.51 mA of noise on each. */
static void an_open_circuit_counts_nothing_in_64_minutes(void **state)
{
    (void)state;
    static const double none[3][2];
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct meter_config c = config_of(&inputs[i], i == 0 ? 16000 : 1600);
        struct run r;
        begin(&r, &c);
        uint64_t seed = 88172645463325252U + i;
        for (int n = 0; n < 64 * 60 * 10; n++) {
            mains(&r, 50, 1.15 * 230, none, none);
            add_noise(&r, NOISE_88_DB, &seed);
            push(&r);
        }
        assert_true(r.windows >= 64 * 60 * 5 - 1);
        assert_true(r.last.now.phase[0].current_a > 0);
        struct registers g = end(&r);
        assert_int_equal(r.pulses, 0);
        assert_int_equal(g.import.micro, 0);
        assert_int_equal(g.export.micro, 0);
        assert_int_equal(g.apparent.micro, 0);
        assert_int_equal(g.reactive_import.micro, 0);
        assert_int_equal(g.hours_import.micro, 0);
        assert_true(llabs(g.hours_on.micro - INT64_C(64) * 60 * 1000000) <= 10);
    }
}

/* From rest at a thousandth of In, with the same noise: energy runs and is right within the class's 1 %. */
static void energy_starts_at_a_thousandth_of_the_nominal_current(void **state)
{
    (void)state;
    static const double none[3][2];
    for (size_t i = 0; i < COUNT(inputs); i++) {
        const double rate = 16000, seconds = 60;
        struct meter_config c = config_of(&inputs[i], rate);
        struct run r;
        begin(&r, &c);
        /* mains() speaks of FULL_A */
        double amps = inputs[i].start_a / primary_full_scale(&inputs[i]) * FULL_A, active[3][2];
        for (int k = 0; k < 3; k++)
            active[k][0] = active[k][1] = amps;
        uint64_t seed = 2463534242U + i;
        for (int n = 0; n < seconds / PORTION_S; n++) {
            mains(&r, 50, 230, (const double(*)[2])active, none);
            add_noise(&r, NOISE_88_DB, &seed);
            push(&r);
        }
        struct registers g = end(&r);
        double truth = 3 * 230 * inputs[i].start_a * seconds / 3600;
        double error = (double)g.import.micro / 1e6 / truth - 1;
        print_message("# %s: start at %g A, %.4f %%\n", inputs[i].name, inputs[i].start_a,
                      100 * error);
        assert_true(fabs(error) < 0.01);
        assert_int_equal(g.export.micro, 0);
        assert_true(g.hours_import.micro > 59 * 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_with_ups_and_downs_shows_the_analytic_energy),
        cmocka_unit_test(an_open_circuit_counts_nothing_in_64_minutes),
        cmocka_unit_test(energy_starts_at_a_thousandth_of_the_nominal_current),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
