#include "catalogue/catalogue.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static int last_number(const struct variable *v, bool spectrum)
{
    return v->number + (spectrum ? SPECTRUM_ORDERS - 1 : 0);
}

static const struct variable *row(int i, bool *spectrum)
{
    *spectrum = i >= VAR_COUNT;
    return *spectrum ? &catalogue_spectra[i - VAR_COUNT] : &catalogue_variables[i];
}

static void no_id_and_no_number_is_used_twice(void **state)
{
    (void)state;
    for (int i = 0; i < VAR_COUNT + SPECTRUM_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            bool one, other;
            const struct variable *a = row(i, &one), *b = row(k, &other);
            assert_string_not_equal(a->id, b->id);
            assert_true(a->number > last_number(b, other) || b->number > last_number(a, one));
        }
    }
}

static void every_row_is_complete_and_well_named(void **state)
{
    (void)state;
    for (int i = 0; i < VAR_COUNT + SPECTRUM_COUNT; i++) {
        bool spectrum;
        const struct variable *v = row(i, &spectrum);
        for (const char *p = v->id; *p; p++)
            assert_true(islower((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_');
        assert_true(v->label[0] != '\0' && !strchr(v->label, '"'));
        assert_true(v->step > 0 && v->number > 0);
        assert_true((v->kind == KIND_COUNTER) == (v->keep == KEEP_DIFFERENCE));
        assert_true(v->kind != KIND_TIME || v->unit == UNIT_US);
        assert_string_not_equal(kind_name(v->kind), "?");
        assert_string_not_equal(scope_name(v->scope), "?");
        assert_string_not_equal(keep_name(v->keep), "?");
        assert_string_not_equal(needs_name(v->needs), "?");
        assert_string_not_equal(unit_symbol(v->unit), "?");
    }
}

static void every_id_and_number_is_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < VAR_COUNT + SPECTRUM_COUNT; i++) {
        bool spectrum;
        const struct variable *v = row(i, &spectrum);
        for (int h = spectrum ? 1 : 0; h <= (spectrum ? SPECTRUM_ORDERS : 0); h++) {
            char id[80];
            struct catalogue_entry found = {0};
            (void)snprintf(id, sizeof id, h ? "%s_%d" : "%s", v->id, h);
            assert_int_equal(catalogue_find(id, &found, NULL), ERR_OK);
            assert_ptr_equal(found.variable, v);
            assert_int_equal(found.order, h);
            assert_int_equal(catalogue_by_number(v->number + (h ? h - 1 : 0), &found), ERR_OK);
            assert_ptr_equal(found.variable, v);
            assert_int_equal(found.order, h);
        }
    }
}

static void an_unknown_id_names_the_nearest(void **state)
{
    (void)state;
    const struct {
        const char *id, *nearest;
    } cases[] = {
        {"power_l4", "power_l"},
        {"voltage_l1_m", "voltage_l1_n"},
        {"harmonic_current_l1_64", "\""},
        {"harmonic_current_l1_0", "\""},
        {"harmonic_current_l1_07", "\""},
        {"harmonic_current_l1", "\""},
        {"", "\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct catalogue_entry found;
        struct reason why = {""};
        assert_int_equal(catalogue_find(cases[i].id, &found, &why), ERR_UNKNOWN);
        assert_non_null(strstr(why.text, "nearest"));
        assert_non_null(strstr(strstr(why.text, "nearest"), cases[i].nearest));
    }
    struct catalogue_entry found;
    assert_int_equal(catalogue_by_number(0, &found), ERR_UNKNOWN);
    assert_int_equal(catalogue_by_number(999999, &found), ERR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_id_and_no_number_is_used_twice),
        cmocka_unit_test(every_row_is_complete_and_well_named),
        cmocka_unit_test(every_id_and_number_is_found_again),
        cmocka_unit_test(an_unknown_id_names_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
