#include "meter/registers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WH INT64_C(1000000)
#define HOUR 3600.0
#define WINDOW 0.2

static const struct registers_config easy = {.rule = TOTALS_EASY},
                                     by_phase = {.rule = TOTALS_PHASE_SUM},
                                     by_system = {.rule = TOTALS_SYSTEM};
static const struct registers_config *const rules[] = {&easy, &by_phase, &by_system};

/* A window of constant power in each phase. */
static struct registers_step window(double seconds, const double p[3], const double q[3])
{
    struct registers_step s = {.duration_s = seconds};
    for (int k = 0; k < 3; k++) {
        s.active_wh[k] = p[k] * seconds / HOUR;
        s.reactive_varh[k] = q[k] * seconds / HOUR;
        s.apparent_vah[k] = hypot(s.active_wh[k], s.reactive_varh[k]);
        s.apparent_system_vah += s.apparent_vah[k];
        s.current_a[k] = hypot(p[k], q[k]) / 230;
    }
    return s;
}

static double uniform(void)
{
    return (double)rand() / RAND_MAX;
}

static struct registers_step random_window(double most_va)
{
    double p[3], q[3];
    for (int k = 0; k < 3; k++) {
        p[k] = most_va * (2 * uniform() - 1);
        q[k] = most_va * (2 * uniform() - 1);
    }
    return window(WINDOW * (0.9 + 0.2 * uniform()), p, q);
}

/* spec/product.md 5.3, each quadrant of one phase and of three: 36 s of 100 kW and 50 kvar are 1000 Wh and 500 varh. */
static void totals_follow_the_table_of_quadrants(void **state)
{
    (void)state;
    const struct {
        const struct registers_config *rule;
        double p, q; /* signs */
        int64_t import, export, reactive_import, reactive_export;
        int quadrant;
    } cases[] = {
        {&easy, 1, 1, 1000, 0, 500, 0, 0},        {&easy, -1, 1, 1000, 0, 0, 0, 3},
        {&easy, -1, -1, 1000, 0, 500, 0, 0},      {&easy, 1, -1, 1000, 0, 0, 0, 3},
        {&by_phase, 1, 1, 1000, 0, 500, 0, 0},    {&by_phase, -1, 1, 0, 1000, 500, 0, 1},
        {&by_phase, -1, -1, 0, 1000, 0, 500, 2},  {&by_phase, 1, -1, 1000, 0, 0, 500, 3},
        {&by_system, 1, 1, 1000, 0, 500, 0, 0},   {&by_system, -1, 1, 0, 1000, 500, 0, 1},
        {&by_system, -1, -1, 0, 1000, 0, 500, 2}, {&by_system, 1, -1, 1000, 0, 0, 500, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int phases = 1; phases <= 3; phases += 2) {
            double p[3] = {0}, q[3] = {0};
            for (int k = 0; k < phases; k++) {
                p[k] = cases[i].p * 1e5 / phases;
                q[k] = cases[i].q * 5e4 / phases;
            }
            struct registers r = {0};
            struct registers_step s = window(36, p, q);
            assert_int_equal(registers_add(&r, cases[i].rule, &s), ERR_OK);
            assert_true(llabs(r.import.micro - cases[i].import * WH) <= 3);
            assert_true(llabs(r.export.micro - cases[i].export * WH) <= 3);
            assert_true(llabs(r.reactive_import.micro - cases[i].reactive_import * WH) <= 3);
            assert_true(llabs(r.reactive_export.micro - cases[i].reactive_export * WH) <= 3);
            for (int quadrant = 0; quadrant < 4; quadrant++) {
                bool here = quadrant == cases[i].quadrant;
                bool counts = here && !(cases[i].rule == &easy && quadrant == 3);
                assert_true(llabs(r.active_quadrant[quadrant].micro - (here ? 1000 * WH : 0)) <= 3);
                assert_true(llabs(r.reactive_quadrant[quadrant].micro - (counts ? 500 * WH : 0)) <=
                            3);
                assert_int_equal(r.apparent_quadrant[quadrant].micro > 0, here);
            }
        }
    }
}

/* L1 imports 3 kW, L2 exports 1 kW, for an hour. */
static void phases_against_each_other_count_as_the_rule_says(void **state)
{
    (void)state;
    const struct {
        const struct registers_config *rule;
        int64_t import, export;
    } cases[] = {{&easy, 4000, 0}, {&by_phase, 3000, 1000}, {&by_system, 2000, 0}};
    const double p[3] = {3000, -1000, 0}, q[3] = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct registers r = {0};
        struct registers_step s = window(36, p, q);
        for (int n = 0; n < 100; n++)
            assert_int_equal(registers_add(&r, cases[i].rule, &s), ERR_OK);
        assert_true(llabs(r.import.micro - cases[i].import * WH) <= 1);
        assert_true(llabs(r.export.micro - cases[i].export * WH) <= 1);
    }
}

static void three_wires_go_by_the_system_whatever_the_rule(void **state)
{
    (void)state;
    const double p[3] = {3000, -1000, 0}, backwards[3] = {-3000, 1000, 0}, q[3] = {0};
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct registers_config c = *rules[i];
        c.three_wire = true;
        struct registers r = {0};
        struct registers_step s = window(36, p, q), b = window(36, backwards, q);
        assert_int_equal(registers_add(&r, &c, &s), ERR_OK);
        assert_int_equal(r.import.micro, 20 * WH);
        assert_int_equal(r.import_phase[0].micro, 0);
        assert_int_equal(registers_add(&r, &c, &b), ERR_OK);
        assert_int_equal(r.import.micro, (c.rule == TOTALS_EASY ? 40 : 20) * WH);
        assert_int_equal(r.export.micro, (c.rule == TOTALS_EASY ? 0 : 20) * WH);
    }
}

static void assert_identities(const struct registers *r, enum totals_rule rule)
{
    const struct counter *a = r->active_quadrant, *q = r->reactive_quadrant,
                         *s = r->apparent_quadrant;
    assert_int_equal(r->import.micro, a[0].micro + a[3].micro);
    assert_int_equal(r->export.micro, a[1].micro + a[2].micro);
    assert_int_equal(r->reactive_import.micro, q[0].micro + q[1].micro);
    assert_int_equal(r->reactive_export.micro, q[2].micro + q[3].micro);
    assert_int_equal(r->apparent.micro, s[0].micro + s[1].micro + s[2].micro + s[3].micro);
    int64_t tariffs = 0, import = 0, export = 0, lag = 0, lead = 0;
    for (int t = 0; t < METER_TARIFFS; t++)
        tariffs += r->import_tariff[t].micro;
    assert_int_equal(r->import.micro, tariffs);
    for (int k = 0; k < 3; k++) {
        import += r->import_phase[k].micro;
        export += r->export_phase[k].micro;
        lag += r->reactive_import_phase[k].micro;
        lead += r->reactive_export_phase[k].micro;
    }
    if (rule == TOTALS_SYSTEM)
        return;
    assert_int_equal(r->import.micro, import);
    assert_int_equal(r->export.micro, export);
    assert_int_equal(r->reactive_import.micro, lag);
    assert_int_equal(r->reactive_export.micro, lead);
}

static void quadrants_tariffs_and_phases_sum_to_the_totals_exactly(void **state)
{
    (void)state;
    srand(1);
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct registers r = {0};
        for (int n = 0; n < 20000; n++) {
            if (n % 100 == 0)
                assert_int_equal(registers_set_tariff(&r, 1 + rand() % METER_TARIFFS), ERR_OK);
            struct registers_step s = random_window(1 + 1e6 * pow(uniform(), 8));
            assert_int_equal(registers_add(&r, rules[i], &s), ERR_OK);
            if (n % 997 == 0)
                assert_identities(&r, rules[i]->rule);
        }
        assert_identities(&r, rules[i]->rule);
        assert_true(r.import.micro > 1000 * WH);
    }
}

/* Every counter of the set as an array: it consists of counters and two integers at the end. */
#define COUNTERS (offsetof(struct registers, tariff) / sizeof(struct counter))

static void no_register_falls_and_no_remainder_leaves_its_range(void **state)
{
    (void)state;
    srand(2);
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct registers r = {0}, before;
        for (int n = 0; n < 20000; n++) {
            before = r;
            struct registers_step s = random_window(pow(10, 9 * uniform() - 1) / 3);
            assert_int_equal(registers_add(&r, rules[i], &s), ERR_OK);
            const struct counter *was = (const void *)&before, *is = (const void *)&r;
            for (size_t c = 0; c < COUNTERS; c++) {
                assert_true(is[c].micro >= was[c].micro);
                assert_true(is[c].rest >= 0 && is[c].rest < 1);
            }
        }
    }
}

static double value(const struct counter *c)
{
    return (double)c->micro + c->rest;
}

/* The same energy in one step or in up to 7 parts of any size. Signs stay, so every rule must agree. */
static void any_split_of_the_steps_gives_the_same_sums(void **state)
{
    (void)state;
    srand(3);
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct registers whole = {0}, parts = {0};
        for (int n = 0; n < 5000; n++) {
            struct registers_step s = random_window(5000);
            assert_int_equal(registers_add(&whole, rules[i], &s), ERR_OK);
            double left = 1;
            for (int cuts = rand() % 7; cuts >= 0; cuts--) {
                double share = cuts == 0 ? left : left * uniform();
                left -= share;
                struct registers_step part = s;
                part.duration_s *= share;
                part.apparent_system_vah *= share;
                for (int k = 0; k < 3; k++) {
                    part.active_wh[k] *= share;
                    part.reactive_varh[k] *= share;
                    part.apparent_vah[k] *= share;
                }
                assert_int_equal(registers_add(&parts, rules[i], &part), ERR_OK);
            }
        }
        /* A counter that rounds agrees to the last digits. One that follows others takes a fraction of a
         * millionth from its neighbour at a change of quadrant: at most one each window. */
        const struct counter *a = (const void *)&whole, *b = (const void *)&parts;
        for (size_t c = 0; c < COUNTERS; c++)
            assert_true(llabs(a[c].micro - b[c].micro) <= 5000);
        assert_true(llabs(whole.import.micro - parts.import.micro) <= 3);
        assert_true(llabs(whole.export.micro - parts.export.micro) <= 3);
        for (int k = 0; k < 3; k++)
            assert_true(fabs(value(&whole.import_phase[k]) - value(&parts.import_phase[k])) < 1e-4);
        if (rules[i]->rule == TOTALS_SYSTEM)
            assert_true(fabs(value(&whole.import) - value(&parts.import)) < 1e-4);
        assert_true(fabs(value(&whole.hours_import) - value(&parts.hours_import)) < 1e-4);
    }
}

/* Exact sum of doubles: in units of 2^-60 uWh as a 128-bit integer. */
static __int128 exact(double micro)
{
    int e;
    double m = frexp(micro, &e);
    __int128 n = (__int128)ldexp(m, 53);
    int shift = e - 53 + 60;
    return shift >= 0 ? n << shift : n >> -shift;
}

static void an_hour_closes_with_an_exact_128_bit_sum(void **state)
{
    (void)state;
    srand(4);
    struct registers r = {0};
    __int128 sum = 0, phase[3] = {0};
    for (int n = 0; n < 18000; n++) {
        struct registers_step s = {.duration_s = WINDOW};
        double total = 0;
        for (int k = 0; k < 3; k++) {
            s.active_wh[k] = 3000 * uniform() * WINDOW / HOUR;
            s.apparent_vah[k] = s.active_wh[k];
            s.current_a[k] = 10;
            total += s.active_wh[k] * 1e6;
            phase[k] += exact(s.active_wh[k] * 1e6);
        }
        sum += exact(total);
        assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
    }
    const double unit = ldexp(1, -60);
    __int128 import = ((__int128)r.import.micro << 60) + exact(r.import.rest);
    assert_true(fabs((double)(sum - import) * unit) < 1e-9); /* uWh */
    for (int k = 0; k < 3; k++) {
        __int128 is = ((__int128)r.import_phase[k].micro << 60) + exact(r.import_phase[k].rest);
        assert_true(fabs((double)(phase[k] - is) * unit) < 1e-9);
    }
}

static void a_phase_below_both_limits_is_frozen(void **state)
{
    (void)state;
    /* 5 mA start current at 230 V: spec/metrology.md 5.5 */
    const struct registers_config c = {.rule = TOTALS_SYSTEM, .freeze_w = 0.46, .freeze_a = 0.0025};
    const struct {
        double p, i;
        bool counts;
    } cases[] = {
        {0.459, 0.00249, false}, {-0.459, 0.00249, false}, {0.461, 0.0024, true},
        {-0.461, 0.0024, true},  {0.1, 0.0026, true},      {0, 0.0025, true},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct registers r = {0};
        struct registers_step s = {.duration_s = 60};
        s.active_wh[1] = cases[n].p / 60;
        s.reactive_varh[1] = 0.3 / 60;
        s.apparent_vah[1] = s.apparent_system_vah = 0.5 / 60;
        s.current_a[1] = cases[n].i;
        assert_int_equal(registers_add(&r, &c, &s), ERR_OK);
        if (!cases[n].counts)
            assert_memory_equal(&r, &(struct registers){0}, sizeof r);
        else
            assert_true(r.reactive_import_phase[1].micro == 5000 && r.apparent.micro == 8333 &&
                        r.apparent_phase[1].micro == 8333);
        assert_int_equal(r.hours_import.micro + r.hours_export.micro > 0,
                         cases[n].counts && cases[n].p != 0);
    }
}

static void a_frozen_phase_takes_its_share_of_apparent_energy_along(void **state)
{
    (void)state;
    const struct registers_config c = {.rule = TOTALS_SYSTEM, .freeze_w = 1, .freeze_a = 0.01};
    struct registers_step s = {.duration_s = 36, .current_a = {10, 0.005, 0.005}};
    s.active_wh[0] = 23;
    s.apparent_vah[0] = 23;
    s.apparent_vah[1] = s.apparent_vah[2] = 0.001;
    s.apparent_system_vah = 23.002;
    struct registers r = {0};
    assert_int_equal(registers_add(&r, &c, &s), ERR_OK);
    assert_true(llabs(r.apparent.micro - 23 * WH) <= 1);
    assert_int_equal(r.apparent_phase[1].micro, 0);
}

static void apparent_energy_of_the_system_counts_where_no_phase_has_any(void **state)
{
    (void)state;
    /* Effective S: one phase has only voltage, another only current. */
    struct registers_step s = {.duration_s = 36, .current_a = {0, 10, 0}, .apparent_system_vah = 5};
    struct registers r = {0};
    assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
    assert_int_equal(r.apparent.micro, 5 * WH);
}

static void partials_pause_and_reset_while_totals_go_on(void **state)
{
    (void)state;
    const double p[3] = {1000, 1000, 1000}, out[3] = {-1000, -1000, -1000}, q[3] = {500, 500, 500};
    struct registers_step s = window(36, p, q), b = window(36, out, out);
    struct registers r = {0};
    assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
    assert_int_equal(registers_add(&r, &by_system, &b), ERR_OK);
    assert_int_equal(r.import_partial.micro, r.import.micro);
    assert_int_equal(r.export_partial.micro, r.export.micro);
    assert_int_equal(r.reactive_import_partial.micro, r.reactive_import.micro);
    assert_int_equal(r.reactive_export_partial.micro, r.reactive_export.micro);
    assert_int_equal(r.apparent_partial.micro, r.apparent.micro);
    assert_int_equal(r.hours_import_partial.micro, 36 * WH);
    assert_int_equal(r.hours_export_partial.micro, 36 * WH);

    struct registers before = r;
    r.partial_stopped = 1;
    assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
    assert_int_equal(registers_add(&r, &by_system, &b), ERR_OK);
    assert_int_equal(r.import_partial.micro, before.import_partial.micro);
    assert_int_equal(r.export_partial.micro, before.export_partial.micro);
    assert_int_equal(r.reactive_import_partial.micro, before.reactive_import_partial.micro);
    assert_int_equal(r.apparent_partial.micro, before.apparent_partial.micro);
    assert_int_equal(r.hours_import_partial.micro, before.hours_import_partial.micro);
    assert_int_equal(r.hours_export_partial.micro, before.hours_export_partial.micro);
    assert_true(llabs(r.import.micro - 2 * before.import.micro) <= 1);

    before = r;
    registers_reset_partial(&r);
    assert_int_equal(r.import_partial.micro + r.export_partial.micro +
                         r.reactive_import_partial.micro + r.reactive_export_partial.micro +
                         r.apparent_partial.micro + r.hours_import_partial.micro +
                         r.hours_export_partial.micro,
                     0);
    assert_int_equal(r.import.micro, before.import.micro);
    assert_int_equal(r.hours_import.micro, before.hours_import.micro);
    assert_int_equal(r.partial_stopped, 1);
}

static void import_goes_to_the_tariff_that_is_on(void **state)
{
    (void)state;
    const double p[3] = {1000, 0, 0}, out[3] = {-1000, 0, 0}, q[3] = {0};
    struct registers_step s = window(36, p, q), b = window(36, out, q);
    struct registers r = {0};
    assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK); /* 0 is read as tariff 1 */
    assert_int_equal(r.import_tariff[0].micro, 10 * WH);
    for (int t = 1; t <= METER_TARIFFS; t++) {
        assert_int_equal(registers_set_tariff(&r, t), ERR_OK);
        for (int n = 0; n < t; n++)
            assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
        assert_int_equal(registers_add(&r, &by_system, &b), ERR_OK);
        assert_int_equal(r.import_tariff[t - 1].micro, (t + (t == 1)) * 10 * WH);
    }
    assert_int_equal(registers_set_tariff(&r, 0), ERR_RANGE);
    assert_int_equal(registers_set_tariff(&r, METER_TARIFFS + 1), ERR_RANGE);
    assert_int_equal(r.tariff, METER_TARIFFS);
}

static void hours_run_by_direction_from_the_start_current_on(void **state)
{
    (void)state;
    const struct {
        enum totals_rule rule;
        double p[3];
        double start_a;
        int64_t import, export; /* seconds of 10 */
    } cases[] = {
        {TOTALS_SYSTEM, {230, 0, 0}, 1.0, 10, 0},
        {TOTALS_SYSTEM, {230, 0, 0}, 1.001, 0, 0},
        {TOTALS_SYSTEM, {-230, 0, 0}, 1.0, 0, 10},
        {TOTALS_SYSTEM, {-230, 460, 0}, 1.0, 10, 0},
        {TOTALS_PHASE_SUM, {-230, 460, 0}, 1.0, 10, 10},
        {TOTALS_EASY, {-230, 0, 0}, 1.0, 10, 0},
        {TOTALS_SYSTEM, {0, 0, 0}, 0, 0, 0},
    };
    const double q[3] = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct registers_config c = {.rule = cases[i].rule,
                                           .hours_start_a = cases[i].start_a};
        struct registers_step s = window(10, cases[i].p, q);
        struct registers r = {0};
        assert_int_equal(registers_add(&r, &c, &s), ERR_OK);
        assert_int_equal(r.hours_import.micro, cases[i].import * WH);
        assert_int_equal(r.hours_export.micro, cases[i].export * WH);
        assert_int_equal(r.hours_on.micro, 0);
    }
}

static void on_time_runs_by_itself(void **state)
{
    (void)state;
    struct registers r = {0};
    for (int i = 0; i < 36000; i++)
        assert_int_equal(registers_add_on_time(&r, 0.1), ERR_OK);
    assert_true(llabs(r.hours_on.micro - 3600 * WH) <= 1);
    const double bad[] = {(double)NAN, -1, 86401, HUGE_VAL};
    struct registers before = r;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(registers_add_on_time(&r, bad[i]), ERR_RANGE);
    assert_memory_equal(&r, &before, sizeof r);
}

static void bad_steps_change_nothing(void **state)
{
    (void)state;
    const double p[3] = {1000, 1000, 1000}, q[3] = {0};
    const struct registers_step good = window(0.2, p, q);
    struct registers_step bad[16];
    for (size_t i = 0; i < COUNT(bad); i++)
        bad[i] = good;
    bad[0].duration_s = (double)NAN;
    bad[1].duration_s = -0.2;
    bad[2].duration_s = 60.1;
    bad[3].duration_s = 0; /* energy in no time */
    bad[4].active_wh[2] = (double)NAN;
    bad[5].active_wh[2] = 1e9 * 0.21 / 3600;
    bad[6].active_wh[2] = -HUGE_VAL;
    bad[7].reactive_varh[1] = (double)NAN;
    bad[8].reactive_varh[1] = -1e9 * 0.21 / 3600;
    bad[9].apparent_vah[0] = -1;
    bad[10].apparent_vah[0] = (double)NAN;
    bad[11].apparent_system_vah = (double)NAN;
    bad[12].apparent_system_vah = -1e-9;
    bad[13].apparent_system_vah = 1.1e10 * 0.2 / 3600;
    bad[14].current_a[1] = -1;
    bad[15].current_a[1] = (double)NAN;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct registers r = {.import.micro = 7, .tariff = 2};
        const struct registers before = r;
        assert_int_equal(registers_add(&r, &by_system, &bad[i]), ERR_RANGE);
        assert_memory_equal(&r, &before, sizeof r);
    }
    const struct registers_config configs[] = {
        {.rule = (enum totals_rule)3},
        {.rule = TOTALS_SYSTEM, .freeze_w = (double)NAN},
        {.rule = TOTALS_SYSTEM, .freeze_a = -1},
        {.rule = TOTALS_SYSTEM, .hours_start_a = (double)NAN},
    };
    for (size_t i = 0; i < COUNT(configs); i++) {
        struct registers r = {0};
        assert_int_equal(registers_add(&r, &configs[i], &good), ERR_RANGE);
        assert_memory_equal(&r, &(struct registers){0}, sizeof r);
    }
    struct registers broken = {.tariff = 9};
    assert_int_equal(registers_add(&broken, &by_system, &good), ERR_RANGE);
}

static void a_full_register_stays_full(void **state)
{
    (void)state;
    const double p[3] = {1000, 0, 0}, q[3] = {0};
    struct registers_step s = window(36, p, q);
    struct registers r = {.import.micro = INT64_MAX - 3};
    assert_int_equal(registers_add(&r, &by_system, &s), ERR_OK);
    assert_true(r.import.micro == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_follow_the_table_of_quadrants),
        cmocka_unit_test(phases_against_each_other_count_as_the_rule_says),
        cmocka_unit_test(three_wires_go_by_the_system_whatever_the_rule),
        cmocka_unit_test(quadrants_tariffs_and_phases_sum_to_the_totals_exactly),
        cmocka_unit_test(no_register_falls_and_no_remainder_leaves_its_range),
        cmocka_unit_test(any_split_of_the_steps_gives_the_same_sums),
        cmocka_unit_test(an_hour_closes_with_an_exact_128_bit_sum),
        cmocka_unit_test(a_phase_below_both_limits_is_frozen),
        cmocka_unit_test(a_frozen_phase_takes_its_share_of_apparent_energy_along),
        cmocka_unit_test(apparent_energy_of_the_system_counts_where_no_phase_has_any),
        cmocka_unit_test(partials_pause_and_reset_while_totals_go_on),
        cmocka_unit_test(import_goes_to_the_tariff_that_is_on),
        cmocka_unit_test(hours_run_by_direction_from_the_start_current_on),
        cmocka_unit_test(on_time_runs_by_itself),
        cmocka_unit_test(bad_steps_change_nothing),
        cmocka_unit_test(a_full_register_stays_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
