#include "snapshot/snapshot.h"

#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>

static void a_reading_fills_every_value_by_its_row(void **state)
{
    (void)state;
    static struct reading r;
    static struct snapshot_load l;
    static float spectra[SPECTRUM_COUNT][SPECTRUM_ORDERS];
    r.now.phase[1].voltage_v = 231.5;
    r.total.import.micro = 42000001;
    r.demand.import.max_utc_us = 77;
    r.wiring.map[2] = -3;
    r.wiring.hint = HINT_MIXED;
    r.now.spectrum.current[3].magnitude[63] = 1.5;
    snapshot_fill_load(&l, &r);
    snapshot_fill_spectra(spectra, &r);
    assert_true(l.value[VAR_voltage_l2_n].real == 231.5);
    assert_int_equal(l.value[VAR_energy_import].integer, 42000001);
    assert_int_equal(l.value[VAR_demand_import_max_time].integer, 77);
    assert_int_equal(l.wiring_map[2], -3);
    assert_int_equal(l.wiring_hint, HINT_MIXED);
    assert_true(spectra[SPECTRUM_harmonic_current_n][62] == 1.5f);
    assert_true(snapshot_real(&l, VAR_energy_import) == 42.000001);
    assert_true(snapshot_real(&l, VAR_voltage_l2_n) == 231.5);
    assert_true(snapshot_real(&l, VAR_demand_import_max_time) == 77);
}

static void values_age_but_registers_only_become_stale(void **state)
{
    (void)state;
    const struct {
        int64_t age_us;
        enum quality value, kept;
    } cases[] = {
        {0, QUALITY_GOOD, QUALITY_GOOD},
        {1000000, QUALITY_GOOD, QUALITY_GOOD},
        {1000001, QUALITY_STALE, QUALITY_STALE},
        {5000001, QUALITY_FAILED, QUALITY_STALE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct snapshot s;
        s = (struct snapshot){.loads = 1};
        s.load[0].quality[VAR_power] = QUALITY_ABSENT; /* worse already: stays */
        snapshot_age(&s, cases[i].age_us, 1000000, 5000000);
        assert_int_equal(s.load[0].quality[VAR_voltage_l1_n], cases[i].value);
        assert_int_equal(s.load[0].quality[VAR_energy_import], cases[i].kept);
        assert_int_equal(s.load[0].quality[VAR_power], QUALITY_ABSENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reading_fills_every_value_by_its_row),
        cmocka_unit_test(values_age_but_registers_only_become_stale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
