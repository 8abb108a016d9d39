/* The facade: configuration, time, loss of voltage, frequency over 10 s, half cycles. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RATE 8000
#define LANES 8

static struct meter_config good_config(void)
{
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    return signal_config(&s, RATE, SYSTEM_3P4W);
}

static enum err init(const struct meter_config *c, struct reason *why)
{
    struct meter *m;
    struct meter_config sane = good_config();
    sane.loads = METER_MAX_LOADS;
    sane.rate_hz = METER_MAX_RATE_HZ;
    for (int k = 1; k < METER_MAX_LOADS; k++)
        sane.load[k] = sane.load[0];
    void *memory = aligned_alloc(64, meter_size(&sane));
    enum err e = meter_init(&m, memory, c, why);
    free(memory);
    return e;
}

static void each_bad_setting_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct reason why;
    struct meter_config c = good_config();
    assert_int_equal(init(&c, &why), ERR_OK);
#define BAD(field, value, word)                      \
    do {                                             \
        c = good_config();                           \
        c.field = value;                             \
        why.text[0] = '\0';                          \
        assert_int_equal(init(&c, &why), ERR_RANGE); \
        assert_int_equal(meter_size(&c), 0);         \
        assert_non_null(strstr(why.text, word));     \
    } while (0)
    BAD(rate_hz, 399, "399 Hz");
    BAD(rate_hz, 200000, "sampling rate");
    BAD(rate_hz, (double)NAN, "sampling rate");
    BAD(system, (enum meter_system)9, "system");
    BAD(nominal_v, -1, "voltage");
    BAD(nominal_v, (double)NAN, "voltage");
    BAD(nominal_hz, 55, "55 Hz");
    BAD(volts_per_count[1], (double)NAN, "voltage 2");
    BAD(volts_per_count[0], 0, "voltage 1");
    BAD(loads, 0, "0 loads");
    BAD(loads, 12, "12 loads");
    BAD(load[0].input, (enum input_kind)7, "input");
    BAD(load[0].nominal_a, (double)NAN, "nominal current");
    BAD(load[0].map[0], 2, "correction");
    BAD(load[0].rule, (enum totals_rule)5, "totals");
    BAD(load[0].apparent, (enum apparent_rule)5, "apparent");
    BAD(load[0].hours_start_a, -1, "hours");
    BAD(load[0].demand.period_min, 7, "7 min");
    BAD(load[0].two_currents, true, "3P3W");
    BAD(load[0].amps_per_count[2], (double)INFINITY, "current 3");
    BAD(load[0].calibration.gain_v[0], (double)NAN, "load 0");
    BAD(loads, 2, "load 1");
#undef BAD
    c = good_config();
    c.load[0].input = INPUT_5A;
    c.load[0].ratio = 2001;
    assert_int_equal(init(&c, &why), ERR_RANGE);
    c.load[0].input = INPUT_333MV;
    c.load[0].primary_a = 0.5;
    assert_int_equal(init(&c, &why), ERR_RANGE);
}

static void memory_stays_small(void **state)
{
    (void)state;
    struct meter_config c = good_config();
    c.rate_hz = 16000;
    assert_true(meter_size(&c) < 2 << 20);
    c.rate_hz = 32000;
    c.loads = METER_MAX_LOADS;
    for (int k = 1; k < METER_MAX_LOADS; k++)
        c.load[k] = c.load[0];
    assert_true(meter_size(&c) < 6 << 20);
}

/* Frames of a signal whose voltages (and currents) are scaled second by second. */
struct stretch {
    double seconds, factor, hz;
};

struct history {
    int windows, unreferenced, cycles;
    int64_t last_end_us;
    double worst_hz; /* largest |f - 50| of referenced windows */
    struct reading last;
    double least_half_v;
    int holes;
};

static void note(struct history *h, const struct meter_window *w)
{
    const struct measurement *m = &w->reading[0].now;
    h->windows++;
    h->unreferenced += (m->flags & FLAG_NO_REFERENCE) != 0;
    h->cycles += m->cycles;
    h->holes += h->last_end_us != 0 && w->start_utc_us != h->last_end_us;
    h->last_end_us = w->end_utc_us;
    if (!(m->flags & FLAG_NO_REFERENCE))
        h->worst_hz = fmax(h->worst_hz, fabs(m->frequency_hz - 50));
    h->last = w->reading[0];
    for (int k = 0; k < w->half_cycles; k++)
        h->least_half_v = fmin(h->least_half_v, w->urms_half_v[k][0]);
}

static void play(struct meter *m, struct signal *s, const struct stretch *p, size_t count,
                 int64_t start_us, struct history *h)
{
    int32_t frames[80 * LANES];
    int64_t n = 0;
    h->least_half_v = 1e9;
    for (size_t k = 0; k < count; k++) {
        s->hz = p[k].hz;
        for (int block = 0; block < (int)(p[k].seconds * 100); block++, n += 80) {
            signal_frames(s, frames, LANES, n, 80, RATE);
            for (int at = 0; at < 80 * LANES; at++)
                frames[at] = at % LANES < 4 ? (int32_t)(frames[at] * p[k].factor) : frames[at];
            int64_t utc = start_us + n * 1000000 / RATE;
            assert_int_equal(meter_push(m, frames, 80, utc), ERR_OK);
            struct meter_window w;
            while (meter_poll(m, &w))
                note(h, &w);
        }
    }
}

static void windows_go_on_evenly_through_a_loss_of_voltage(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    const struct stretch p[] = {{2, 1, 50}, {1, 0, 50}, {2, 1, 50}};
    struct history h = {0};
    play(m, &s, p, COUNT(p), INT64_C(1700000000000000), &h);
    assert_true(h.windows >= 24);
    assert_true(h.unreferenced >= 4 && h.unreferenced <= 8);
    assert_int_equal(h.cycles, 10 * h.windows);
    assert_int_equal(h.holes, 0);
    assert_true(h.worst_hz < 1e-3);
    assert_false(h.last.now.flags & FLAG_NO_REFERENCE);
    double wh = (double)h.last.total.import.micro / 1e6;
    assert_true(fabs(wh - 3450 * 4.0 / 3600) <
                3450 * 0.25 / 3600); /* the second without counts nothing */
    free(m);
}

static void a_generator_that_takes_over_at_60_hz_is_followed(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 60);
    struct meter_config c = good_config();
    c.nominal_hz = 0;
    struct meter *m = signal_meter(&c);
    const struct stretch p[] = {{1, 1, 50}, {0.5, 0, 50}, {2, 1, 60}};
    struct history h = {0};
    play(m, &s, p, COUNT(p), 0, &h);
    assert_int_equal(h.last.now.cycles, 12);
    assert_true(fabs(h.last.now.frequency_hz - 60) < 1e-5);
    assert_true(fabs(h.last.now.power_w / 1725 - 1) < 2e-6);
    free(m);
}

static void a_dip_shows_in_the_half_cycle_values(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    const struct stretch p[] = {{1, 1, 50}, {0.1, 0.4, 50}, {1, 1, 50}};
    struct history h = {0};
    play(m, &s, p, COUNT(p), 0, &h);
    assert_true(fabs(h.least_half_v - 0.4 * 230) <
                0.002 * 230); /* IEC 61000-4-30, class A: 0.2 % Udin */
    assert_int_equal(h.unreferenced, 0);
    free(m);
}

static void ten_seconds_are_those_of_the_clock(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.ramp_hz_s = 0.01;
    s.hz = 49.9;
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    const struct stretch p[] = {{25, 1, 49.9}};
    struct history h = {0};
    play(m, &s, p, COUNT(p), 3000000, &h); /* ticks at 7 s and 17 s of the record */
    double mean = signal_hz(&s, 7, 17);    /* to within a cycle at each end: 0.01 Hz/s x 20 ms */
    assert_true(fabs(h.last.now.frequency_10s_hz - mean) < 0.0003);
    assert_int_equal(h.last.now.frequency_10s_quality, QUALITY_GOOD);
    free(m);
}

static void before_the_first_ten_seconds_their_frequency_is_uncertain(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    const struct stretch p[] = {{12, 1, 50}}; /* one tick passed, but not from its beginning */
    struct history h = {0};
    play(m, &s, p, COUNT(p), 3000000, &h);
    assert_int_equal(reading_quality(&h.last, &catalogue_variables[VAR_frequency_10s]),
                     QUALITY_UNCERTAIN);
    assert_int_equal(reading_quality(&h.last, &catalogue_variables[VAR_frequency]), QUALITY_GOOD);
    free(m);
}

static void a_disciplined_rate_shows_in_frequency_and_energy(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    assert_int_equal(meter_discipline(m, 1.0011), ERR_RANGE);
    assert_int_equal(meter_discipline(m, (double)NAN), ERR_RANGE);
    assert_int_equal(meter_discipline(m, 1.0001), ERR_OK);
    const struct stretch p[] = {{1, 1, 50}};
    struct history h = {0};
    play(m, &s, p, COUNT(p), 0, &h);
    assert_true(fabs(h.last.now.frequency_hz - 50.005) < 1e-6);
    free(m);
}

static void a_clock_set_back_gives_windows_that_do_not_run_backwards(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    int32_t frames[800 * LANES];
    int backwards = 0, windows = 0;
    for (int k = 0; k < 40; k++) {
        signal_frames(&s, frames, LANES, k * 800, 800, RATE);
        int64_t utc = 1000000000 + k * 100000 - (k >= 20 ? 7000000 : 0);
        assert_int_equal(meter_push(m, frames, 800, utc), ERR_OK);
        struct meter_window w;
        while (meter_poll(m, &w)) {
            windows++;
            backwards += w.end_utc_us <= w.start_utc_us;
            assert_true(w.end_utc_us - w.start_utc_us < 400000);
        }
    }
    assert_true(windows >= 18);
    assert_int_equal(backwards, 0);
    free(m);
}

static void any_rate_from_400_hz_up_works_within_its_band(void **state)
{
    (void)state;
    const double rates[] = {400, 600, 1200, 3200, 6400, 12800, 48000, 128000};
    for (size_t r = 0; r < COUNT(rates); r++) {
        struct signal s;
        signal_three_phase(&s, 50.3, 5, 30);
        struct meter_config c = signal_config(&s, rates[r], SYSTEM_3P4W);
        struct meter *m = signal_meter(&c);
        int lanes = LANES;
        size_t count = (size_t)rates[r] / 10;
        int32_t *frames = malloc(count * LANES * sizeof *frames);
        struct history h = {0};
        for (int k = 0; k < 12; k++) {
            signal_frames(&s, frames, lanes, k * (int64_t)count, (int)count, rates[r]);
            assert_int_equal(meter_push(m, frames, count, k * 100000), ERR_OK);
            struct meter_window w;
            while (meter_poll(m, &w))
                note(&h, &w);
        }
        double bar = rates[r] < 1000 ? 2e-3 : rates[r] < 3000 ? 1e-5 : 1e-6;
        assert_true(h.windows >= 4);
        assert_true(fabs(h.last.now.phase[2].voltage_v / 230 - 1) < bar);
        assert_true(fabs(h.last.now.power_w / (3450 * cos(M_PI / 6)) - 1) < bar);
        assert_true(fabs(h.last.now.reactive_var / 1725 - 1) < 1e-4);
        assert_true(fabs(h.last.now.frequency_hz - 50.3) < 2e-5);
        free(frames);
        free(m);
    }
}

static void eleven_loads_share_the_voltages(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter_config c = good_config();
    c.loads = METER_MAX_LOADS;
    for (int l = 1; l < METER_MAX_LOADS; l++) {
        c.load[l] = c.load[0];
        for (int k = 0; k < 3; k++) {
            s.full_scale[4 * (l + 1) + k] = 18;
            signal_add(&s, 4 * (l + 1) + k, 0.3 * (l + 1), 1, -120 * k - 5 * l);
        }
    }
    struct meter *m = signal_meter(&c);
    int lanes = 4 * (1 + METER_MAX_LOADS), windows = 0;
    int32_t *frames = malloc(sizeof *frames * 800 * (size_t)lanes);
    for (int k = 0; k < 6; k++) {
        signal_frames(&s, frames, lanes, k * 800, 800, RATE);
        assert_int_equal(meter_push(m, frames, 800, k * 100000), ERR_OK);
        struct meter_window w;
        while (meter_poll(m, &w)) {
            windows++;
            for (int l = 1; l < METER_MAX_LOADS; l++) {
                double p = 690 * 0.3 * (l + 1) * cos(5 * l * M_PI / 180);
                assert_true(fabs(w.reading[l].now.power_w / p - 1) < 1e-6);
                assert_true(fabs(w.reading[l].now.phase[1].phi_deg - 5 * l) < 1e-3);
            }
        }
    }
    assert_int_equal(windows, 2);
    free(frames);
    free(m);
}

/* Generators and motors that run down: from start on, in every system, with harmonics. */
static void any_frequency_from_30_to_100_hz_is_followed_and_told(void **state)
{
    (void)state;
    const double hz[] = {30.5, 33, 38, 42, 44.9, 45.1, 57, 64.9, 65.1, 69, 73, 80, 88, 96, 99.5};
    const enum meter_system systems[] = {SYSTEM_1P2W, SYSTEM_2P3W, SYSTEM_3P4W};
    for (size_t n = 0; n < COUNT(hz) * COUNT(systems) * 3; n++) {
        double f = hz[n / 9], nominal[] = {0, 50, 60};
        struct signal s;
        signal_three_phase(&s, f, 5, 30);
        signal_add_three(&s, 0, 23, 5, 40);
        signal_add_three(&s, 4, 1, 3, 10);
        struct meter_config c = signal_config(&s, RATE, systems[n / 3 % 3]);
        c.nominal_hz = nominal[n % 3];
        struct meter *m = signal_meter(&c);
        struct history h = {0};
        play(m, &s, (const struct stretch[]){{1.2, 1, f}}, 1, 0, &h);
        double phases = systems[n / 3 % 3] == SYSTEM_1P2W   ? 1
                        : systems[n / 3 % 3] == SYSTEM_2P3W ? 2
                                                            : 3;
        assert_int_equal(h.unreferenced, 0);
        assert_true(h.windows >= 2);
        assert_true(fabs(h.last.now.frequency_hz / f - 1) < 1e-6);
        assert_true(fabs(h.last.now.power_w / (phases * 1150 * cos(M_PI / 6)) - 1) < 2e-6);
        assert_true(fabs(h.last.now.reactive_var / (phases * 575) - 1) < 1e-4);
        assert_int_equal(h.last.now.flags, f < 45 || f > 65 ? FLAG_FREQUENCY_RANGE : 0);
        assert_true(meter_room(m) >= RATE / 10);
        free(m);
    }
}

/* No angle is known: nothing is said of the wiring, least of all that voltages are missing. */
static void mains_that_cannot_be_followed_are_not_called_missing(void **state)
{
    (void)state;
    const double hz[] = {16.7, 25, 130, 400};
    for (size_t k = 0; k < COUNT(hz); k++) {
        struct signal s;
        signal_three_phase(&s, hz[k], 5, 30);
        struct meter_config c = good_config();
        struct meter *m = signal_meter(&c);
        struct history h = {0};
        play(m, &s, (const struct stretch[]){{1, 1, hz[k]}}, 1, 0, &h);
        assert_true(h.windows >= 4);
        assert_int_equal(h.unreferenced, h.windows);
        assert_true(fabs(h.last.now.phase[0].voltage_v / 230 - 1) < 0.03);
        assert_int_equal(h.last.wiring.verdict, WIRING_UNDECIDED);
        assert_int_equal(h.last.wiring.hint, HINT_NO_PHASE);
        free(m);
    }
    struct signal s;
    signal_three_phase(&s, 50, 5, 30);
    struct meter_config c = good_config();
    struct meter *m = signal_meter(&c);
    struct history h = {0};
    play(m, &s, (const struct stretch[]){{1, 0, 50}}, 1, 0, &h);
    assert_int_equal(h.last.wiring.faults & 7 * FAULT_NO_VOLTAGE_1, 7 * FAULT_NO_VOLTAGE_1);
    free(m);
}

/* Every window of which the mains were not the same throughout is flagged; none before and after it. */
static void windows_with_an_event_are_flagged_and_no_others(void **state)
{
    (void)state;
    const struct {
        struct stretch p[3];
        double jump_deg, ramp_hz_s;
        bool flagged;
    } cases[] = {
        {.p = {{0.5, 1, 50}, {0.1, 0.4, 50}, {0.6, 1, 50}}, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.1, 0.85, 50}, {0.6, 1, 50}}, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.04, 1.2, 50}, {0.6, 1, 50}}, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.7, 1, 50}}, .jump_deg = 60, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.7, 1, 50}}, .jump_deg = -30, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.7, 1, 50}}, .jump_deg = 180, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.7, 1, 60}}, .flagged = true},
        {.p = {{0.5, 1, 50}, {0.7, 1, 50}}},
        {.p = {{0.5, 1, 50}, {0.7, 0.96, 50}}},
        {.p = {{0.5, 1, 46}, {0.7, 1, 46}}, .ramp_hz_s = 5},
    };
    for (size_t k = 0; k < COUNT(cases); k++) {
        struct signal s;
        signal_three_phase(&s, cases[k].p[0].hz, 5, 30);
        s.ramp_hz_s = cases[k].ramp_hz_s;
        struct meter_config c = good_config();
        struct meter *m = signal_meter(&c);
        int32_t frames[80 * LANES];
        int64_t n = 0, event_us = 0;
        int flagged = 0, wrongly = 0, windows = 0;
        for (size_t part = 0; part < 3; part++) {
            const struct stretch *p = &cases[k].p[part];
            if (part == 1) {
                event_us = n * 1000000 / RATE;
                /* goes on with the phase that it had, and the jump */
                s.start_deg += 360 * (s.hz - p->hz) * (double)n / RATE + cases[k].jump_deg;
            }
            if (p->seconds > 0)
                s.hz = p->hz;
            for (int block = 0; block < (int)lround(p->seconds * 100); block++, n += 80) {
                signal_frames(&s, frames, LANES, n, 80, RATE);
                for (int at = 0; at < 80 * LANES; at++)
                    frames[at] = at % LANES < 4 ? (int32_t)(frames[at] * p->factor) : frames[at];
                assert_int_equal(meter_push(m, frames, 80, n * 1000000 / RATE), ERR_OK);
                struct meter_window w;
                while (meter_poll(m, &w)) {
                    bool is = w.reading[0].now.flags & (FLAG_UNSTEADY | FLAG_NO_REFERENCE);
                    bool near =
                        w.end_utc_us > event_us - 30000 && w.start_utc_us < event_us + 130000;
                    windows++;
                    flagged += is;
                    wrongly += is && (event_us == 0 || !near);
                    if (is)
                        assert_int_equal(w.reading[0].now.frequency_quality, QUALITY_UNCERTAIN);
                }
            }
        }
        assert_true(windows >= 4);
        assert_int_equal(wrongly, 0);
        assert_int_equal(flagged > 0, cases[k].flagged);
        free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bad_setting_is_refused_with_a_reason),
        cmocka_unit_test(memory_stays_small),
        cmocka_unit_test(windows_go_on_evenly_through_a_loss_of_voltage),
        cmocka_unit_test(a_generator_that_takes_over_at_60_hz_is_followed),
        cmocka_unit_test(a_dip_shows_in_the_half_cycle_values),
        cmocka_unit_test(ten_seconds_are_those_of_the_clock),
        cmocka_unit_test(before_the_first_ten_seconds_their_frequency_is_uncertain),
        cmocka_unit_test(a_disciplined_rate_shows_in_frequency_and_energy),
        cmocka_unit_test(a_clock_set_back_gives_windows_that_do_not_run_backwards),
        cmocka_unit_test(any_frequency_from_30_to_100_hz_is_followed_and_told),
        cmocka_unit_test(mains_that_cannot_be_followed_are_not_called_missing),
        cmocka_unit_test(windows_with_an_event_are_flagged_and_no_others),
        cmocka_unit_test(any_rate_from_400_hz_up_works_within_its_band),
        cmocka_unit_test(eleven_loads_share_the_voltages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
