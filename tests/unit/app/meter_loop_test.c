/* The running meter with a converter and clocks that do what they should not: every minute of it takes milliseconds.
 *
 * The converter stands in for devices/source.h. Its mains: 230 V and 10 A in each phase, in phase: 6900 W.
 */
#include "app/meter_loop.h"
#include "base/log.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RATE_HZ 2000.0
#define LANES 8
#define POWER_W 6900.0
#define TICK_US 20000
#define S_US INT64_C(1000000)
#define MOST_OPENS 200

static int64_t mono_us, utc_offset_us;

static int64_t monotonic(void)
{
    return mono_us;
}

static int64_t utc(void)
{
    return mono_us + utc_offset_us;
}

/* The converter. */
static struct {
    bool present, broken, silent;
    double speed;     /* 1 = as fast as it says */
    int64_t lives_us; /* breaks by itself after this; 0 = never */
    int opens;        /* tries */
    int64_t open_at_us[MOST_OPENS];
} converter;

struct source {
    struct source_format format;
    int64_t opened_us, start_utc_us, given;
    double missed;
    int64_t silent_since_us;
    int32_t frames[8192 * LANES];
};

enum err source_open(struct source **s, const char *what, const struct source_options *o,
                     struct reason *why)
{
    if (converter.opens < MOST_OPENS)
        converter.open_at_us[converter.opens++] = mono_us;
    if (!converter.present)
        return reason(why, ERR_UNKNOWN, "%s: not there", what);
    struct source *n = calloc(1, sizeof *n);
    if (!n)
        return reason(why, ERR_FULL, "no memory");
    n->opened_us = mono_us;
    n->start_utc_us = o->start_utc_us;
    struct source_format *f = &n->format;
    f->rate_hz = f->meter.rate_hz = RATE_HZ;
    f->lanes = LANES;
    f->live = true;
    f->meter.system = SYSTEM_3P4W;
    f->meter.loads = 1;
    f->meter.nominal_v = 230;
    f->meter.nominal_hz = 50;
    f->meter.load[0].input = INPUT_DIRECT;
    f->meter.load[0].nominal_a = 20;
    for (int i = 0; i < 4; i++) {
        f->meter.volts_per_count[i] = 1e-4;
        f->meter.load[0].amps_per_count[i] = 1e-5;
    }
    (void)snprintf(f->name, sizeof f->name, "converter");
    *s = n;
    return ERR_OK;
}

const struct source_format *source_format(const struct source *s)
{
    return &s->format;
}

static void fill(int32_t *frame, int64_t n)
{
    const double turn = 2 * acos(-1);
    for (int k = 0; k < 3; k++) {
        double x = sqrt(2) * cos(turn * (50 * (double)(n % (int64_t)RATE_HZ) / RATE_HZ - k / 3.0));
        frame[k] = (int32_t)lrint(230 * x / 1e-4);
        frame[4 + k] = (int32_t)lrint(10 * x / 1e-5);
    }
}

enum err source_read(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why)
{
    *b = (struct source_block){0};
    if (converter.broken || (converter.lives_us && now_us - s->opened_us > converter.lives_us))
        return reason(why, ERR_IO, "converter: unplugged");
    double due = (double)(now_us - s->opened_us) * 1e-6 * RATE_HZ * converter.speed;
    if (converter.silent) { /* what it does not sample now never comes */
        s->missed = due - (double)s->given;
        return ERR_OK;
    }
    int64_t count = (int64_t)(due - s->missed) - s->given;
    if (count > (int64_t)most)
        count = (int64_t)most;
    for (int64_t i = 0; i < count; i++)
        fill(s->frames + i * LANES, s->given + i);
    b->count = count > 0 ? (size_t)count : 0;
    b->frames = s->frames;
    b->utc_us = s->start_utc_us + llround((double)s->given / RATE_HZ * 1e6);
    s->given += (int64_t)b->count;
    return ERR_OK;
}

int source_fd(const struct source *s)
{
    (void)s;
    return -1;
}

void source_close(struct source *s)
{
    free(s);
}

struct device {
    char folder[64], log[96];
    struct meter_settings settings;
    struct meter_loop loop;
    struct window *seen;
    struct snapshot s;
    int64_t energy; /* micro-Wh when it was last looked at */
};

static int begin(void **state)
{
    struct device *d = calloc(1, sizeof *d);
    struct setting_table table;
    if (!d)
        return -1;
    memset(&converter, 0, sizeof converter);
    converter.present = true;
    converter.speed = 1;
    mono_us = 5000 * S_US;
    utc_offset_us = INT64_C(1800000000) * S_US;
    (void)snprintf(d->folder, sizeof d->folder, "/tmp/meter_loop_test.XXXXXX");
    if (!mkdtemp(d->folder))
        return -1;
    (void)snprintf(d->log, sizeof d->log, "%s/log", d->folder);
    log_start(&(struct log_options){.level = LOG_LEVEL_INFO,
                                    .fd = open(d->log, O_CREAT | O_WRONLY | O_CLOEXEC, 0600),
                                    .utc_us = monotonic});
    table = meter_settings_table(&d->settings);
    d->settings.flush_s = 10;
    d->settings.demand_period_min = 15;
    d->settings.totals_rule = TOTALS_SYSTEM;
    d->settings.tariff = 1;
    (void)table;
    struct meter_loop_options o = {.data = d->folder,
                                   .run = d->folder,
                                   .source = "fake",
                                   .program = "test",
                                   .speed = 1,
                                   .settings = &d->settings,
                                   .monotonic_us = monotonic,
                                   .utc_us = utc};
    struct reason why;
    if (meter_loop_start(&d->loop, &o, &why) != ERR_OK) {
        print_error("%s\n", why.text);
        return -1;
    }
    *state = d;
    return 0;
}

static int end(void **state)
{
    struct device *d = *state;
    char command[128];
    window_close(d->seen);
    meter_loop_stop(&d->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", d->folder);
    free(d);
    return system(command);
}

/* The picture that everyone sees. */
static const struct snapshot_load *look(struct device *d)
{
    window_close(d->seen);
    d->seen = NULL;
    assert_int_equal(window_open(&d->seen, d->folder, NULL), ERR_OK);
    assert_int_equal(window_read(d->seen, &d->s, NULL), ERR_OK);
    return &d->s.load[0];
}

static double energy_wh(struct device *d)
{
    return (double)look(d)->value[VAR_energy_import].integer / 1e6;
}

static void run(struct device *d, double seconds)
{
    for (int64_t until = mono_us + llround(seconds * 1e6); mono_us < until;) {
        mono_us += TICK_US;
        meter_loop_step(&d->loop);
        int64_t now = d->loop.keeper.images[0].registers.import.micro;
        assert_true(now >= d->energy); /* never a step back, whatever happens */
        d->energy = now;
    }
}

static bool logged(const struct device *d, const char *text, int times)
{
    char *content = calloc(1, 1 << 16);
    assert_non_null(content);
    FILE *f = fopen(d->log, "r");
    assert_non_null(f);
    assert_true(fread(content, 1, (1 << 16) - 1, f) > 0);
    (void)fclose(f);
    int found = 0;
    for (const char *at = content; (at = strstr(at, text)); at++)
        found++;
    if (found != times)
        print_error("\"%s\" %d times in\n%s\n", text, found, content);
    free(content);
    return found == times;
}

#define WINDOW_WH (POWER_W * 0.25 / 3600)
#define ASSERT_NEAR(x, expected, tolerance) assert_true(fabs((x) - (expected)) <= (tolerance))

static void steps_of_the_clock_move_stamps_and_nothing_else(void **state)
{
    struct device *d = *state;
    const int64_t steps[] = {3600 * S_US, -7200 * S_US, 86400 * 365 * S_US, 0};
    double seconds = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        run(d, 4);
        seconds += 4;
        const struct snapshot_load *l = look(d);
        ASSERT_NEAR((double)l->value[VAR_energy_import].integer / 1e6, POWER_W * seconds / 3600,
                    WINDOW_WH);
        ASSERT_NEAR((double)l->value[VAR_hours_on].integer / 1e6, seconds, 0.25);
        ASSERT_NEAR((double)(d->s.utc_us - utc()) / 1e6, 0, 0.25);
        assert_int_equal(l->quality[VAR_voltage_l1_n], QUALITY_GOOD);
        ASSERT_NEAR(l->value[VAR_power].real, POWER_W, 0.01);
        ASSERT_NEAR(l->value[VAR_frequency].real, 50, 1e-3);
        utc_offset_us += steps[i];
    }
    assert_true(logged(d, "event=clock_step seconds=3600.000", 1));
    assert_true(logged(d, "event=clock_step seconds=-7200.000", 1));
    assert_true(logged(d, "event=samples_missing", 0));
}

static void a_clock_that_steps_while_the_source_is_away_counts_once(void **state)
{
    struct device *d = *state;
    run(d, 3);
    utc_offset_us += 3600 * S_US;
    run(d, 3);
    converter.broken = true;
    run(d, 0.1);
    utc_offset_us += 3600 * S_US;
    converter.broken = false;
    run(d, 3);
    (void)look(d);
    assert_int_equal(d->s.source_state, SOURCE_RUNNING);
    ASSERT_NEAR((double)(d->s.utc_us - utc()) / 1e6, 0, 0.25);
}

static void values_of_a_silent_source_are_stale_then_failed(void **state)
{
    struct device *d = *state;
    run(d, 3);
    int64_t counted = look(d)->value[VAR_energy_import].integer;
    converter.silent = true;
    run(d, 0.7);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_GOOD);
    run(d, 1.6);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_STALE);
    assert_int_equal(d->s.load[0].quality[VAR_energy_import], QUALITY_STALE);
    assert_int_equal(d->s.source_state, SOURCE_STALLED);
    run(d, 5);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_FAILED);
    assert_int_equal(d->s.load[0].quality[VAR_energy_import], QUALITY_STALE);
    assert_int_equal(d->s.load[0].value[VAR_energy_import].integer, counted);
    ASSERT_NEAR((double)d->s.load[0].value[VAR_hours_on].integer / 1e6, 10.3, 1.1);
    assert_true(logged(d, "event=source_silent", 1));
    converter.silent = false;
    run(d, 3);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_GOOD);
    assert_int_equal(d->s.source_state, SOURCE_RUNNING);
    ASSERT_NEAR(energy_wh(d), POWER_W * 6 / 3600, 2 * WINDOW_WH); /* the silence is not counted */
    ASSERT_NEAR((double)(d->s.utc_us - utc()) / 1e6, 0, 0.25);
    assert_true(logged(d, "event=samples_missing", 1));
}

static void a_lost_source_is_opened_again_with_growing_pauses(void **state)
{
    struct device *d = *state;
    run(d, 12.5);
    converter.broken = true;
    converter.present = false;
    run(d, 0.02);
    int64_t kept = d->energy;
    ASSERT_NEAR((double)kept / 1e6, POWER_W * 12.5 / 3600,
                POWER_W * 0.045 / 3600); /* to the last cycle */
    converter.opens = 0;
    int64_t before = mono_us;
    double pause = 0.1;
    run(d, 200);
    assert_true(converter.opens >= 9);
    for (int i = 0; i < converter.opens; i++) {
        double waited = (double)(converter.open_at_us[i] - before) / 1e6;
        assert_true(waited >= 0.75 * pause && waited <= 1.25 * pause + 0.021);
        before = converter.open_at_us[i];
        pause = pause * 2 > 30 ? 30 : pause * 2;
    }
    assert_int_equal(d->energy, kept);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_FAILED);
    assert_int_equal(d->s.source_state, SOURCE_LOST);
    assert_true(logged(d, "event=source_lost", 2)); /* unplugged, then not there */
    converter.broken = false;
    converter.present = true;
    run(d, 60);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_GOOD);
    assert_true(d->energy > kept);
}

static void a_source_that_breaks_at_once_is_not_tried_without_end(void **state)
{
    struct device *d = *state;
    run(d, 1);
    converter.lives_us = S_US / 2;
    converter.opens = 0;
    run(d, 60);
    assert_in_range(converter.opens, 6, 12);
    /* One that ran well is missed at once. */
    converter.lives_us = 15 * S_US;
    run(d, 80);
    int before = converter.opens;
    run(d, 60);
    assert_in_range(converter.opens - before, 3, 4);
}

static void a_source_that_floods_is_lost_before_it_counts_much(void **state)
{
    struct device *d = *state;
    run(d, 2);
    converter.speed = 4;
    run(d, 3);
    assert_true(logged(d, "gives more samples than its rate of 2000 Hz", 1));
    assert_true(logged(d, "event=source_lost", 1));
    converter.speed = 1;
    run(d, 30);
    assert_int_equal(look(d)->quality[VAR_power], QUALITY_GOOD);
}

static void stamps_follow_the_clock_of_a_converter_that_drifts(void **state)
{
    struct device *d = *state;
    const double speeds[] = {1.0004, 0.9996};
    for (int i = 0; i < 2; i++) {
        converter.speed = speeds[i];
        converter.broken = true;
        run(d, 0.1);
        converter.broken = false;
        run(d, 200); /* 80 ms of drift */
        (void)look(d);
        ASSERT_NEAR((double)(d->s.utc_us - utc()) / 1e6, -0.1,
                    0.13); /* a window is 0 to 0.2 s old */
        assert_true(logged(d, "event=samples_missing", 0));
    }
}

static void a_source_that_never_came_shows_nothing(void **state)
{
    struct device *d = *state;
    meter_loop_stop(&d->loop);
    converter.present = false;
    struct meter_loop_options o = {.data = d->folder,
                                   .run = d->folder,
                                   .source = "fake",
                                   .program = "test",
                                   .speed = 1,
                                   .settings = &d->settings,
                                   .monotonic_us = monotonic,
                                   .utc_us = utc};
    assert_int_equal(meter_loop_start(&d->loop, &o, NULL), ERR_OK);
    run(d, 10);
    struct window *w;
    assert_int_equal(window_open(&w, d->folder, NULL), ERR_OK);
    assert_int_equal(window_read(w, &d->s, NULL), ERR_BUSY);
    window_close(w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(steps_of_the_clock_move_stamps_and_nothing_else),
        TEST(a_clock_that_steps_while_the_source_is_away_counts_once),
        TEST(values_of_a_silent_source_are_stale_then_failed),
        TEST(a_lost_source_is_opened_again_with_growing_pauses),
        TEST(a_source_that_breaks_at_once_is_not_tried_without_end),
        TEST(a_source_that_floods_is_lost_before_it_counts_much),
        TEST(stamps_follow_the_clock_of_a_converter_that_drifts),
        TEST(a_source_that_never_came_shows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
