/* The live view on a made-up picture: what must be on the screen, at every size, in every state. */
#include "app/live_view.h"

#include "base/err.h"
#include "meter/wiring.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct snapshot picture;
static struct snapshot_spectra spectra;

static int begin(void **state)
{
    (void)state;
    memset(&picture, 0, sizeof picture);
    memset(&spectra, 0, sizeof spectra);
    picture.loads = 2;
    picture.system = SYSTEM_3P4W;
    picture.utc_us = INT64_C(1800000000000000);
    (void)snprintf(picture.source, sizeof picture.source, "Office");
    struct snapshot_load *l = &picture.load[0];
    l->value[VAR_power].real = 65432;
    l->value[VAR_reactive_power].real = 20900;
    l->value[VAR_apparent_power].real = 68700;
    l->value[VAR_power_factor].real = 0.952;
    l->value[VAR_frequency].real = 50.013;
    l->value[VAR_voltage_l1_n].real = 231.44;
    l->value[VAR_voltage_l2_n].real = 229.8;
    l->value[VAR_current_l3].real = 110.4;
    l->value[VAR_energy_import].integer = INT64_C(812431204000000);
    l->value[VAR_wiring_state].integer = WIRING_OK;
    l->quality[VAR_voltage_l2_n] = QUALITY_OVER_RANGE;
    spectra.value[0][SPECTRUM_harmonic_current_l1][0] = 100;
    spectra.value[0][SPECTRUM_harmonic_current_l1][4] = 12;
    return 0;
}

static char *drawn(int width, int height, struct live_state *s, const struct live_picture *p,
                   bool unicode)
{
    struct canvas c;
    char *text = NULL;
    size_t size = 0;
    assert_true(canvas_open(&c, width, height, unicode));
    live_draw(&c, s, p);
    FILE *f = open_memstream(&text, &size);
    canvas_dump(&c, f);
    assert_int_equal(fclose(f), 0);
    canvas_close(&c);
    return text;
}

static void assert_shows(const char *screen, const char *text)
{
    if (!strstr(screen, text))
        print_error("\"%s\" is not on\n%s\n", text, screen);
    assert_non_null(strstr(screen, text));
}

static void the_overview_fits_in_80x24_with_all_that_matters(void **state)
{
    (void)state;
    struct live_state s = {.channel = SPECTRUM_harmonic_current_l1};
    char *screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    const char *const parts[] = {
        "Office",
        "3P4W",
        "load 1/2",
        "08:00:00 UTC",
        "Live",
        "65.4\u202fkW",
        "20.9\u202fkvar",
        "68.7\u202fkVA",
        "0.952\u202find.",
        "50.01\u202fHz",
        "231.4",
        "110",
        "00\u202f812\u202f431.204 kWh",
        "Current L1",
        "100\u202fA",
        "Overview",
    };
    for (size_t i = 0; i < COUNT(parts); i++)
        assert_shows(screen, parts[i]);
    assert_null(strstr(screen, "229.8")); /* over range: a dash, not the number */
    free(screen);
}

static void a_harmonic_bar_is_as_high_as_its_share(void **state)
{
    (void)state;
    struct live_state s = {.page = LIVE_HARMONICS, .channel = SPECTRUM_harmonic_current_l1};
    char *screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    int full = 0;
    for (const char *p = screen; (p = strstr(p, "\u2588")); p++)
        full++;
    /* 12 of 15 per cent on 19 rows: 15.2 */
    assert_int_equal(full, 15);
    assert_shows(screen, "15 %");
    free(screen);
}

static void old_values_say_their_age(void **state)
{
    (void)state;
    struct live_state s = {0};
    char *screen =
        drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 12000000, NULL}, true);
    assert_shows(screen, "12 s old");
    assert_null(strstr(screen, "Live"));
    free(screen);
}

static void without_a_meter_it_says_why_and_what_to_do(void **state)
{
    (void)state;
    struct live_state s = {0};
    char *screen =
        drawn(80, 24, &s, &(struct live_picture){.problem = "var/run/window: no such file"}, true);
    assert_shows(screen, "No meter");
    assert_shows(screen, "no such file");
    assert_shows(screen, "ems run");
    free(screen);
}

static void flags_and_a_lost_source_are_alarms(void **state)
{
    (void)state;
    struct live_state s = {0};
    picture.load[0].value[VAR_flags].integer = FLAG_OVER_I2 | FLAG_SIMULATED;
    picture.source_state = SOURCE_LOST;
    char *screen = drawn(100, 30, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "current over range");
    assert_shows(screen, "simulated data");
    assert_shows(screen, "the source is gone");
    free(screen);
}

static void every_page_draws_at_every_size_and_ascii_stays_ascii(void **state)
{
    (void)state;
    for (int page = 0; page < LIVE_PAGES; page++) {
        for (int width = 1; width <= CANVAS_MAX_WIDTH; width += 13) {
            for (int height = 1; height <= CANVAS_MAX_HEIGHT; height += 23) {
                struct live_state s = {
                    .page = (enum live_page)page, .help = (width & 1) != 0, .load = 1};
                char *screen = drawn(width, height, &s,
                                     &(struct live_picture){&picture, &spectra, 0, NULL}, false);
                for (const char *p = screen; *p; p++)
                    assert_true((unsigned char)*p < 0x80);
                assert_null(strstr(screen, "??")); /* what has no stand-in in ASCII */
                free(screen);
            }
        }
    }
}

static void channels_go_round_and_angles_are_left_out(void **state)
{
    (void)state;
    struct live_state s = {0};
    int seen = 0;
    do {
        live_next_channel(&s, 1);
        assert_int_not_equal(catalogue_spectra[s.channel].unit, UNIT_DEG);
        seen++;
    } while (s.channel != 0 && seen < 100);
    assert_int_equal(seen, 17); /* 10 harmonic and 7 interharmonic channels */
    live_next_channel(&s, -1);
    assert_int_equal(s.channel, SPECTRUM_interharmonic_current_n);
}

static void no_two_texts_touch_at_80_columns(void **state)
{
    (void)state;
    struct snapshot_load *l = &picture.load[0];
    picture.system = SYSTEM_3P4W;
    /* The widest of everything: uncertain, negative, three digits before the point. */
    memset(l->quality, QUALITY_UNCERTAIN, sizeof l->quality);
    for (int i = 0; i < VAR_COUNT; i++)
        if (catalogue_variables[i].kind == KIND_INSTANT)
            l->value[i].real = catalogue_variables[i].unit == UNIT_W ||
                                       catalogue_variables[i].unit == UNIT_VAR ||
                                       catalogue_variables[i].unit == UNIT_VA
                                   ? -987654.3
                               : catalogue_variables[i].unit == UNIT_ONE ? -0.876
                                                                         : 412.34;
    struct live_state s = {.channel = SPECTRUM_harmonic_current_l1};
    char *screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "~412.3  ~412.3  ~412 ~\u2212987.65 ~\u2212987.65 ~\u22120.876\u202find.");
    assert_shows(screen, "P ~\u2212988\u202fkW exp");
    free(screen);
    s.page = LIVE_ENERGY;
    l->value[VAR_energy_import].integer = INT64_C(99999999999000000);
    screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "\u03a3    99\u202f999\u202f999.999");
    free(screen);
}

static void a_long_advice_takes_a_second_line(void **state)
{
    (void)state;
    struct snapshot_load *l = &picture.load[0];
    picture.system = SYSTEM_3P4W;
    l->value[VAR_wiring_state].integer = WIRING_FAULTY;
    l->value[VAR_wiring_faults].integer = FAULT_REVERSED_2;
    l->wiring_map[0] = 1;
    l->wiring_map[1] = -2;
    l->wiring_map[2] = 3;
    struct live_state s = {.channel = SPECTRUM_harmonic_current_l1};
    char *screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "Current L2 is reversed");
    struct wiring w = {.verdict = WIRING_FAULTY, .faults = FAULT_REVERSED_2, .map = {1, -2, 3}};
    char text[320];
    wiring_text(&w, &(struct wiring_input){.system = SYSTEM_3P4W}, text, sizeof text);
    const char *last = strrchr(text, ' ');
    assert_non_null(last);
    assert_shows(screen, last); /* to its last word */
    free(screen);
    /* What is not decided says why. */
    l->value[VAR_wiring_state].integer = WIRING_UNDECIDED;
    l->value[VAR_wiring_faults].integer = 0;
    l->wiring_hint = HINT_MIXED;
    screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "some phases import and others export");
    assert_shows(screen, "nothing generates.");
    free(screen);
}

static void the_page_of_harmonics_shows_all_63_orders_at_80_columns(void **state)
{
    (void)state;
    struct live_state s = {.page = LIVE_HARMONICS, .channel = SPECTRUM_harmonic_current_l1};
    spectra.value[0][SPECTRUM_harmonic_current_l1][62] = 5;
    char *screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "2\u201363");
    assert_shows(screen, "60");
    free(screen);
    s.page = LIVE_OVERVIEW; /* bars with gaps: a glance */
    screen = drawn(80, 24, &s, &(struct live_picture){&picture, &spectra, 0, NULL}, true);
    assert_shows(screen, "2\u201337");
    free(screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_two_texts_touch_at_80_columns, begin),
        cmocka_unit_test_setup(a_long_advice_takes_a_second_line, begin),
        cmocka_unit_test_setup(the_page_of_harmonics_shows_all_63_orders_at_80_columns, begin),
        cmocka_unit_test_setup(the_overview_fits_in_80x24_with_all_that_matters, begin),
        cmocka_unit_test_setup(a_harmonic_bar_is_as_high_as_its_share, begin),
        cmocka_unit_test_setup(old_values_say_their_age, begin),
        cmocka_unit_test_setup(without_a_meter_it_says_why_and_what_to_do, begin),
        cmocka_unit_test_setup(flags_and_a_lost_source_are_alarms, begin),
        cmocka_unit_test_setup(every_page_draws_at_every_size_and_ascii_stays_ascii, begin),
        cmocka_unit_test_setup(channels_go_round_and_angles_are_left_out, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
