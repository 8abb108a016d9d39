/* A day of one load, 432 000 windows, from energies to disk: registers, demand, pulses and the register file together,
 * in virtual time, with restarts and power cuts in between, against what was put in. */
#include "meter/demand.h"
#include "meter/meter.h"
#include "meter/pulse.h"
#include "store/register_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 INT64_C(1782864000000000) /* 2026-07-01 00:00 UTC */
#define WINDOW_US 200000
#define WINDOWS 432000
#define WINDOWS_A_PERIOD 4500 /* 15 min */
#define PERIODS (WINDOWS / WINDOWS_A_PERIOD)
#define FLUSH_WINDOWS 50 /* 10 s */
#define HALVES 20
#define MOST_PULSES 16
#define WEIGHT_WH 1.0
#define TWO_PI 6.283185307179586

/* A site with a base load, a working day, a compressor that switches every ten minutes, and sun from 6 to 18 h. */
static double phase_power_w(int k, double hour, int window)
{
    double p = 120 + 15 * k;
    if (hour > 8 && hour < 17)
        p += 900 + 300 * sin(TWO_PI * hour / 3 + k);
    if (window / 3000 % 2 && k == 1)
        p += 2200;
    if (hour > 6 && hour < 18)
        p -= (k == 0 ? 3500 : 1400) * pow(sin(TWO_PI / 2 * (hour - 6) / 12), 2);
    return p;
}

static struct registers_step step_of(int window)
{
    double hour = 24.0 * (window + 0.5) / WINDOWS; /* middle: the error of the sum is below 1e-10 */
    struct registers_step s = {.duration_s = WINDOW_US / 1e6};
    for (int k = 0; k < 3; k++) {
        double p = phase_power_w(k, hour, window), q = 200 + 0.2 * p;
        s.active_wh[k] = p * s.duration_s / 3600;
        s.reactive_varh[k] = q * s.duration_s / 3600;
        s.apparent_vah[k] = hypot(s.active_wh[k], s.reactive_varh[k]);
        s.apparent_system_vah += s.apparent_vah[k];
        s.current_a[k] = hypot(p, q) / 230;
    }
    return s;
}

/* The same in long double, the plain way: what the registers must show. */
struct truth {
    long double import, export, lag, lead, apparent, phase[3][2], hours_import;
    double demand_max[2];
    int64_t demand_max_utc_us[2];
    long double period[2];
};

static void add_truth(struct truth *t, const struct registers_step *s, int window)
{
    long double p = 0, q = 0;
    for (int k = 0; k < 3; k++) {
        p += (long double)s->active_wh[k];
        q += (long double)s->reactive_varh[k];
        t->phase[k][s->active_wh[k] < 0] += (long double)fabs(s->active_wh[k]);
    }
    *(p >= 0 ? &t->import : &t->export) += fabsl(p);
    *(q >= 0 ? &t->lag : &t->lead) += fabsl(q);
    t->apparent += (long double)s->apparent_system_vah;
    t->hours_import += p > 0 ? (long double)s->duration_s : 0;
    t->period[p < 0] += fabsl(p);
    if ((window + 1) % WINDOWS_A_PERIOD != 0)
        return;
    for (int d = 0; d < 2; d++) {
        double mean = (double)(t->period[d] * 4);
        t->period[d] = 0;
        if (t->demand_max_utc_us[d] == 0 || mean > t->demand_max[d]) {
            t->demand_max[d] = mean;
            t->demand_max_utc_us[d] = T0 + (int64_t)(window + 1) * WINDOW_US;
        }
    }
}

/* The integral of phase_power_w over the day, by hand, in Wh. */
static double analytic_net_wh(void)
{
    double wh = 72 * 2200.0 / 6; /* the compressor: 72 times 10 min */
    for (int k = 0; k < 3; k++) {
        wh += 24 * (120.0 + 15 * k);
        wh += 9 * 900.0 + 300 * 3 / TWO_PI * (cos(TWO_PI * 8 / 3 + k) - cos(TWO_PI * 17 / 3 + k));
        wh -= (k == 0 ? 3500 : 1400) * 6; /* the mean of a squared sine is a half, 12 h long */
    }
    return wh;
}

struct device {
    struct meter_image image;
    struct pulse_state pulse;
    int64_t flashed;
};

static void run_window(struct device *d, const struct registers_step *s, int window)
{
    static const struct registers_config rule = {
        .rule = TOTALS_SYSTEM, .freeze_w = 0.46, .freeze_a = 0.0025, .hours_start_a = 0.005};
    static const struct demand_config quarter = {.period_min = 15};
    struct meter_image *i = &d->image;
    int64_t start = T0 + (int64_t)window * WINDOW_US;
    assert_int_equal(registers_add(&i->registers, &rule, s), ERR_OK);
    assert_int_equal(registers_add_on_time(&i->registers, s->duration_s), ERR_OK);

    double wh = s->active_wh[0] + s->active_wh[1] + s->active_wh[2], w = wh * 3600 / s->duration_s;
    struct demand_step ds = {
        .start_utc_us = start, .end_utc_us = start + WINDOW_US, .mean = {fmax(w, 0), fmax(-w, 0)}};
    assert_int_equal(demand_add(&i->demand, &i->demand_state, &quarter, &ds), ERR_OK);

    double half[HALVES];
    int64_t end[HALVES], utc[MOST_PULSES];
    for (int h = 0; h < HALVES; h++) {
        half[h] = wh / HALVES;
        end[h] = start + (h + 1) * (WINDOW_US / HALVES);
    }
    int n = pulse_run(&d->pulse, WEIGHT_WH, half, end, HALVES, start, utc, MOST_PULSES);
    d->flashed += n;
    i->registers.pulses.micro += n * INT64_C(1000000);
}

/* What a start does: registers from the file, the pulse remainder from kWh+. */
static void start(struct device *d, const char *path, struct register_file **file)
{
    struct register_content *content = calloc(1, sizeof *content);
    assert_int_equal(register_file_open(file, path, NULL, content, NULL), ERR_OK);
    if (content->loads == 1)
        d->image = content->images[0];
    free(content);
    const struct counter *import = &d->image.registers.import;
    d->pulse = (struct pulse_state){
        .rest_wh = fmod(((double)import->micro + import->rest) * 1e-6, WEIGHT_WH)};
}

struct fixture {
    char directory[64], path[96];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->directory, "/tmp/day.XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/registers", f->directory);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)unlink(f->path);
    int failed = rmdir(f->directory);
    free(f);
    return failed;
}

static void assert_close(const struct counter *c, long double truth)
{
    long double is = ((long double)c->micro + (long double)c->rest) * 1e-6L;
    assert_true(fabsl(is - truth) <= 1e-7L * truth); /* 0.1 ppm */
}

static void assert_day(const struct device *d, const struct truth *t)
{
    const struct registers *r = &d->image.registers;
    assert_close(&r->import, t->import);
    assert_close(&r->export, t->export);
    assert_close(&r->reactive_import, t->lag);
    assert_close(&r->reactive_export, t->lead);
    assert_close(&r->apparent, t->apparent);
    assert_close(&r->hours_import, t->hours_import);
    for (int k = 0; k < 3; k++) {
        assert_close(&r->import_phase[k], t->phase[k][0]);
        assert_close(&r->export_phase[k], t->phase[k][1]);
    }
    assert_int_equal(r->import.micro, r->active_quadrant[0].micro + r->active_quadrant[3].micro);
    assert_int_equal(r->export.micro, r->active_quadrant[1].micro + r->active_quadrant[2].micro);
    assert_true(fabs(d->image.demand.import.max - t->demand_max[0]) <= 1e-9 * t->demand_max[0]);
    assert_true(fabs(d->image.demand.export.max - t->demand_max[1]) <= 1e-9 * t->demand_max[1]);
    assert_int_equal(d->image.demand.import.max_utc_us, t->demand_max_utc_us[0]);
    assert_int_equal(d->image.demand.export.max_utc_us, t->demand_max_utc_us[1]);
}

/* Restarts as at an update: the file is flushed at once, nothing is measured twice or left out. */
static void a_day_with_clean_restarts_shows_the_analytic_energy(void **state)
{
    struct fixture *f = *state;
    struct truth t = {0};
    struct device d = {0};
    struct register_file *file = NULL;
    start(&d, f->path, &file);
    srand(10);
    int restart = 20000, restarts = 0;
    for (int w = 0; w < WINDOWS; w++) {
        struct registers_step s = step_of(w);
        add_truth(&t, &s, w);
        run_window(&d, &s, w);
        if (w != restart && w != WINDOWS - 1)
            continue;
        assert_int_equal(
            register_file_write(file, T0 + (int64_t)(w + 1) * WINDOW_US, &d.image, 1, NULL),
            ERR_OK);
        register_file_close(file);
        int64_t flashed = d.flashed;
        d = (struct device){.flashed = flashed};
        start(&d, f->path, &file);
        restart = w + 1 + rand() % 60000;
        restarts++;
    }
    assert_true(restarts > 8);
    assert_day(&d, &t);
    assert_int_equal(d.image.registers.hours_on.micro, INT64_C(86400) * 1000000);
    assert_true(t.export > 1000 && t.import > 10000); /* there was both */
    const struct registers *r = &d.image.registers;
    double net = (double)(r->import.micro - r->export.micro) * 1e-6;
    assert_true(fabs(net - analytic_net_wh()) < 1e-7 * (double)t.import);
    /* Meter constant: flashes x weight = register, at most one flash off, restarts included. */
    assert_true(fabs((double)d.flashed * WEIGHT_WH -
                     (double)d.image.registers.import.micro * 1e-6) <= WEIGHT_WH);
    assert_int_equal(d.image.registers.pulses.micro, d.flashed * 1000000);
    register_file_close(file);
}

/* Power cuts: what was measured after the last flush (10 s) is gone, and nothing else; no register steps back. */
static void a_day_with_power_cuts_loses_at_most_a_flush_interval_each(void **state)
{
    struct fixture *f = *state;
    struct truth all = {0}, kept = {0}, at_flush = {0};
    struct device d = {0};
    struct register_file *file = NULL;
    start(&d, f->path, &file);
    srand(11);
    int64_t flushed = 0;
    int cuts = 0, lost = 0, since_flush = 0, next_cut = 30000;
    for (int w = 0; w < WINDOWS; w++) {
        struct registers_step s = step_of(w);
        add_truth(&all, &s, w);
        add_truth(&kept, &s, w);
        run_window(&d, &s, w);
        since_flush++;
        /* a write costs a millisecond here: flush only in the minute before a cut, as it would every 10 s */
        bool near_cut = next_cut - w < 300 || w == WINDOWS - 1;
        if (near_cut && (w + 1) % FLUSH_WINDOWS == 0) {
            assert_int_equal(
                register_file_write(file, T0 + (int64_t)(w + 1) * WINDOW_US, &d.image, 1, NULL),
                ERR_OK);
            flushed = d.image.registers.import.micro;
            at_flush = kept;
            since_flush = 0;
        }
        if (w != next_cut)
            continue;
        register_file_close(file);
        assert_true(since_flush < FLUSH_WINDOWS);
        lost += since_flush;
        since_flush = 0;
        kept = at_flush;
        d = (struct device){0};
        start(&d, f->path, &file);
        assert_true(d.image.registers.import.micro == flushed);
        next_cut = w + 1000 + rand() % 60000;
        cuts++;
    }
    assert_true(cuts > 8 && lost > 0);
    assert_close(&d.image.registers.import, kept.import);
    assert_close(&d.image.registers.export, kept.export);
    assert_close(&d.image.registers.apparent, kept.apparent);
    assert_true(all.import + all.export - kept.import - kept.export > 0);
    assert_int_equal(d.image.registers.hours_on.micro, (INT64_C(432000) - lost) * 200000);
    register_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_day_with_clean_restarts_shows_the_analytic_energy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_day_with_power_cuts_loses_at_most_a_flush_interval_each,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
