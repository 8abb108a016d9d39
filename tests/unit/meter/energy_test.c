/* Registers against an exact sum of all products; portions, gaps and short records lose and change nothing. */
#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LANES 8
#define RATE 8000

struct run {
    int windows, partial, discontinuous;
    struct reading last;
};

static void poll_all(struct meter *m, struct run *r)
{
    struct meter_window w;
    while (meter_poll(m, &w)) {
        r->windows++;
        r->partial += (w.reading[0].now.flags & FLAG_PARTIAL) != 0;
        r->discontinuous += (w.reading[0].now.flags & FLAG_DISCONTINUITY) != 0;
        r->last = w.reading[0];
    }
}

static void push(struct meter *m, const int32_t *frames, size_t count, size_t portion,
                 int64_t *pushed, struct run *r)
{
    for (size_t at = 0; at < count; at += portion) {
        size_t n = count - at < portion ? count - at : portion;
        int64_t utc = llround((double)*pushed / m->config.rate_hz * 1e6);
        assert_int_equal(meter_push(m, frames + at * LANES, n, utc), ERR_OK);
        *pushed += (int64_t)n;
        poll_all(m, r);
    }
}

/* No freeze: every product counts. */
static struct meter *free_meter(const struct signal *s, double rate)
{
    struct meter_config c = signal_config(s, rate, SYSTEM_3P4W);
    c.load[0].nominal_a = 0;
    return signal_meter(&c);
}

static void add_products(__int128 sum[3], const int32_t *frames, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        for (int k = 0; k < 3; k++)
            sum[k] += (int64_t)frames[n * LANES + (size_t)k] * frames[n * LANES + 4 + (size_t)k];
    }
}

static double exact_uwh(const struct signal *s, const __int128 sum[3], double rate)
{
    long double total = 0;
    for (int k = 0; k < 3; k++)
        total += (long double)sum[k] * (long double)(s->full_scale[k] / METER_RAW_MAX) *
                 (long double)(s->full_scale[4 + k] / METER_RAW_MAX);
    return (double)(total / (long double)rate / 3600 * 1000000);
}

static double net_uwh(const struct meter *m)
{
    struct meter_image image;
    meter_image(m, 0, &image);
    const struct registers *r = &image.registers;
    return (double)(r->import.micro - r->export.micro) + (r->import.rest - r->export.rest);
}

static void registers_are_the_exact_sum_of_all_products(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 1, 35);
    signal_add_three(&s, 4, 0.2, 5, 10);
    s.channel[4].direct = 0.01;
    size_t count = RATE;
    int32_t *record = malloc(count * LANES * sizeof *record),
            *now = malloc(count * LANES * sizeof *now);
    signal_frames(&s, record, LANES, 0, (int)count, RATE);
    struct meter *m = free_meter(&s, RATE);
    __int128 sum[3] = {0};
    struct run r = {0};
    int64_t pushed = 0;
    int seconds = getenv("EMS_LONG") ? 3600 : 300;
    for (int second = 0; second < seconds; second++) {
        /* loads step up and down and turn round; voltages go on */
        for (size_t n = 0; n < count * LANES; n++) {
            int factor = (second * (7 + (int)(n % 4)) + (int)(n % 4) * 5) % 29 - 9;
            now[n] = n % LANES < 4 ? record[n] : record[n] / 4 * factor / 3;
        }
        size_t length = second == seconds - 1 ? count - 77 : count;
        add_products(sum, now, length);
        push(m, now, length, 997, &pushed, &r);
    }
    meter_end(m);
    poll_all(m, &r);
    double error = net_uwh(m) - exact_uwh(&s, sum, RATE);
    print_message("# %d windows, %.3f Wh net, error %.6f uWh\n", r.windows, net_uwh(m) / 1e6,
                  error);
    assert_true(fabs(error) <= 1.0 * seconds / 3600);
    assert_int_equal(r.partial, 1);
    free(m);
    free(record);
    free(now);
}

static void portions_change_no_bit(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 49.83, 3, 25);
    signal_add_three(&s, 0, 5, 3, 10);
    s.channel[5].noise = 0.01;
    size_t count = 2 * 16000;
    int32_t *frames = malloc(count * LANES * sizeof *frames);
    signal_frames(&s, frames, LANES, 0, (int)count, 16000);
    const size_t portions[] = {1600, 1, 7, 333, 2000};
    struct run runs[COUNT(portions)];
    for (size_t k = 0; k < COUNT(portions); k++) {
        struct meter *m = free_meter(&s, 16000);
        int64_t pushed = 0;
        memset(&runs[k], 0, sizeof runs[k]);
        push(m, frames, count, portions[k], &pushed, &runs[k]);
        meter_end(m);
        poll_all(m, &runs[k]);
        assert_int_equal(runs[k].windows, runs[0].windows);
        assert_memory_equal(&runs[k].last, &runs[0].last, sizeof runs[0].last);
        free(m);
    }
    assert_true(runs[0].windows >= 10);
    free(frames);
}

static void a_gap_loses_no_product_and_is_told(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50.1, 4, 60);
    size_t count = RATE;
    int32_t *frames = malloc(count * LANES * sizeof *frames);
    signal_frames(&s, frames, LANES, 0, (int)count, RATE);
    struct meter *m = free_meter(&s, RATE);
    __int128 sum[3] = {0};
    struct run r = {0};
    int64_t pushed = 0;
    const size_t pieces[] = {5000, 3, 90, 400, 7000, 1200};
    for (size_t k = 0; k < COUNT(pieces); k++) {
        add_products(sum, frames + 11 * k * LANES, pieces[k]);
        push(m, frames + 11 * k * LANES, pieces[k], 500, &pushed, &r);
        meter_gap(m);
        pushed += 12345;
    }
    poll_all(m, &r);
    double error = net_uwh(m) - exact_uwh(&s, sum, RATE);
    assert_true(fabs(error) < 0.01);
    struct meter_image image;
    meter_image(m, 0, &image);
    assert_true(fabs((double)image.registers.hours_on.micro / 1e6 - 13693.0 / RATE) < 1e-5);
    /* Apparent and reactive energy take what lies outside of whole windows along; what is less than a cycle has
     * rms and no Q1. */
    double vah = 3 * 230 * 4 * 13693.0 / RATE / 3600, varh = vah * sin(M_PI / 3);
    assert_true(fabs((double)image.registers.apparent.micro / 1e6 / vah - 1) < 0.002);
    assert_true(fabs((double)image.registers.reactive_import.micro / 1e6 / varh - 1) < 0.01);
    assert_true(r.partial >= 2);
    assert_int_equal(r.discontinuous, 3); /* the pieces of 3 and 90 frames hold no cycle */
    free(m);
    free(frames);
}

static void gaps_may_wait_for_the_poll_up_to_a_bound(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 4, 0);
    int32_t frames[100 * LANES];
    signal_frames(&s, frames, LANES, 0, 100, RATE);
    struct meter *m = free_meter(&s, RATE);
    for (int k = 0; k < METER_MAX_GAPS; k++) {
        assert_int_equal(meter_push(m, frames, 100, 0), ERR_OK);
        meter_gap(m);
    }
    assert_int_equal(meter_room(m), 0);
    assert_int_equal(meter_push(m, frames, 1, 0), ERR_FULL);
    struct run r = {0};
    poll_all(m, &r);
    assert_true(meter_room(m) > (size_t)(0.1 * RATE));
    free(m);
}

static void more_than_the_room_is_refused_and_not_taken(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 4, 0);
    struct meter *m = free_meter(&s, RATE);
    size_t room = meter_room(m);
    int32_t *frames = calloc((room + 1) * LANES, sizeof *frames);
    assert_int_equal(meter_push(m, frames, room + 1, 0), ERR_FULL);
    assert_int_equal(meter_room(m), room);
    assert_int_equal(meter_push(m, frames, room, 0), ERR_OK);
    assert_int_equal(meter_room(m), 0);
    free(frames);
    free(m);
}

/* 2048 samples are 3.9997 cycles: one window of four. 1900 are 3.7: three from zero to zero. */
static void a_record_of_a_few_cycles_gives_a_reading(void **state)
{
    (void)state;
    const struct {
        int frames, cycles;
        double bar;
    } records[] = {{2048, 4, 2e-4}, {1900, 3, 3e-6}};
    for (size_t n = 0; n < COUNT(records); n++) {
        struct signal s;
        signal_three_phase(&s, 59.97, 5, 30);
        double rate = 30707.244;
        struct meter_config c = signal_config(&s, rate, SYSTEM_3P4W);
        c.nominal_hz = 0;
        c.load[0].nominal_a = 0;
        struct meter *m = signal_meter(&c);
        int32_t *frames = malloc(2048 * LANES * sizeof *frames);
        signal_frames(&s, frames, LANES, 0, records[n].frames, rate);
        struct run r = {0};
        int64_t pushed = 0;
        push(m, frames, (size_t)records[n].frames, 2048, &pushed, &r);
        assert_int_equal(r.windows, 0);
        meter_end(m);
        poll_all(m, &r);
        assert_int_equal(r.windows, 1);
        const struct measurement *now = &r.last.now;
        double bar = records[n].bar;
        assert_true(now->flags & FLAG_PARTIAL);
        assert_int_equal(now->cycles, records[n].cycles);
        assert_true(fabs(now->frequency_hz - 59.97) < 1e-4);
        assert_true(fabs(now->phase[0].voltage_v / 230 - 1) < bar);
        assert_true(fabs(now->power_w / (3 * 230 * 5 * cos(M_PI / 6)) - 1) < bar);
        assert_true(fabs(now->reactive_var / (3 * 230 * 5 * 0.5) - 1) < 4 * bar);
        __int128 sum[3] = {0};
        add_products(sum, frames, (size_t)records[n].frames);
        assert_true(fabs(net_uwh(m) - exact_uwh(&s, sum, rate)) < 0.01);
        free(m);
        free(frames);
    }
}

static void demand_is_the_energy_of_the_registers(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    s.channel[5].term[0].rms = 6;
    s.channel[6].term[0].rms = 4;
    struct meter *m = free_meter(&s, RATE);
    int32_t *frames = malloc(RATE * LANES * sizeof *frames);
    signal_frames(&s, frames, LANES, 0, RATE, RATE);
    struct run r = {0};
    int64_t pushed = 0;
    for (int second = 0; second < 125; second++)
        push(m, frames, RATE, RATE / 10, &pushed, &r);
    assert_true(fabs(r.last.demand.import.value / 3450 - 1) < 1e-5);
    assert_true(r.last.demand.import.max_utc_us > 0);
    for (int k = 0; k < 3; k++)
        assert_true(fabs(r.last.demand.current[k].value - (k == 1 ? 6 : k == 2 ? 4 : 5)) < 1e-4);
    free(m);
    free(frames);
}

static void pulses_are_the_import_register_divided_by_their_weight(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 12, 20); /* 14 kW with the factor below */
    struct meter_config c = signal_config(&s, RATE, SYSTEM_3P4W);
    for (int k = 0; k < 3; k++)
        c.load[0].amps_per_count[k] *= 1.8;
    struct meter *m = signal_meter(&c);
    int32_t *frames = malloc(RATE * LANES * sizeof *frames);
    signal_frames(&s, frames, LANES, 0, RATE, RATE);
    int64_t pulses = 0, last = 0;
    for (int second = 0; second < 20; second++) {
        for (int at = 0; at < RATE; at += RATE / 10) {
            int64_t utc = (int64_t)second * 1000000 + at * INT64_C(1000000) / RATE;
            assert_int_equal(meter_push(m, frames + at * LANES, RATE / 10, utc), ERR_OK);
            struct meter_window w;
            while (meter_poll(m, &w)) {
                for (int k = 0; k < w.pulse_count[0]; k++) {
                    assert_true(w.pulse[0][k].utc_us > last);
                    assert_true(w.pulse[0][k].utc_us >= w.start_utc_us);
                    assert_true(w.pulse[0][k].utc_us <= w.end_utc_us);
                    last = w.pulse[0][k].utc_us;
                }
                pulses += w.pulse_count[0];
                int64_t wh = w.reading[0].total.import.micro / 1000000;
                assert_true(wh - pulses >= 0 && wh - pulses <= 1);
                assert_int_equal(w.reading[0].total.pulses.micro, pulses * 1000000);
            }
        }
    }
    assert_true(pulses > 70);
    free(m);
    free(frames);
}

/* A load that is on for the second half of each window only: no flash in the first, where nothing was counted. */
static void pulses_stand_where_the_energy_flowed(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 15, 0);
    s.start_deg = 0;
    for (int k = 4; k < 7; k++)
        s.full_scale[k] = 40;
    struct meter *m = free_meter(&s, RATE);
    int32_t *frames = malloc(RATE * LANES * sizeof *frames);
    signal_frames(&s, frames, LANES, 0, RATE, RATE);
    int64_t pulses = 0, on_us = 0;
    for (int block = 0; block < 1000; block++) { /* 20 ms */
        int32_t *part = frames + block % 50 * (RATE / 50) * LANES, now[RATE / 50 * LANES];
        memcpy(now, part, sizeof now);
        bool on = block % 10 >= 5;
        for (int at = 0; !on && at < RATE / 50 * LANES; at++)
            now[at] = at % LANES < 4 ? now[at] : 0;
        assert_int_equal(meter_push(m, now, RATE / 50, block * INT64_C(20000)), ERR_OK);
        struct meter_window w;
        while (meter_poll(m, &w)) {
            for (int k = 0; k < w.pulse_count[0]; k++) {
                on_us = w.pulse[0][k].utc_us % 200000;
                assert_true(on_us >= 100000 - 10000 || on_us <= 10000); /* a half cycle of blur */
                pulses++;
            }
        }
    }
    assert_true(pulses > 20);
    free(frames);
    free(m);
}

static void an_image_restores_registers_and_the_phase_of_pulses(void **state)
{
    (void)state;
    struct signal s;
    signal_three_phase(&s, 50, 5, 0);
    struct meter *m = free_meter(&s, RATE);
    struct meter_image image = {.registers.import.micro = INT64_C(123456789012),
                                .registers.tariff = 2};
    meter_restore(m, 0, &image);
    struct meter_image back;
    meter_image(m, 0, &back);
    assert_memory_equal(&back, &image, sizeof image);
    assert_true(fabs(m->load[0].pulse.rest_wh - 0.789012) < 1e-9);
    assert_int_equal(meter_set_tariff(m, 0, 3), ERR_OK);
    assert_int_equal(meter_set_tariff(m, 1, 3), ERR_RANGE);
    assert_int_equal(meter_set_tariff(m, 0, 9), ERR_RANGE);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_are_the_exact_sum_of_all_products),
        cmocka_unit_test(portions_change_no_bit),
        cmocka_unit_test(a_gap_loses_no_product_and_is_told),
        cmocka_unit_test(gaps_may_wait_for_the_poll_up_to_a_bound),
        cmocka_unit_test(more_than_the_room_is_refused_and_not_taken),
        cmocka_unit_test(a_record_of_a_few_cycles_gives_a_reading),
        cmocka_unit_test(demand_is_the_energy_of_the_registers),
        cmocka_unit_test(pulses_are_the_import_register_divided_by_their_weight),
        cmocka_unit_test(pulses_stand_where_the_energy_flowed),
        cmocka_unit_test(an_image_restores_registers_and_the_phase_of_pulses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
