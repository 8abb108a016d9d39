#include "base/text.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/quality.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static void the_nearest_name_needs_the_fewest_edits(void **state)
{
    (void)state;
    const char *const names[] = {"power_l1", "power_l2", "voltage_l1_n", "frequency"};
    const struct {
        const char *typed, *nearest;
    } cases[] = {
        {"power_l1", "power_l1"},    {"powerl2", "power_l2"}, {"frequenz", "frequency"},
        {"voltage", "voltage_l1_n"}, {"", "power_l1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(text_nearest(cases[i].typed, names, COUNT(names)), cases[i].nearest);
    assert_null(text_nearest("x", names, 0));
}

static void only_well_formed_utf8_is_accepted(void **state)
{
    (void)state;
    const struct {
        const char *bytes;
        bool good;
    } cases[] = {
        {"", true},
        {"caf\xC3\xA9", true},
        {"\xE2\x88\x92", true},
        {"\xF0\x9F\x98\x80", true},
        {"\xC0\x80", false},
        {"\xC3", false},
        {"\xED\xA0\x80", false},
        {"\xF4\x90\x80\x80", false},
        {"\xFF", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(text_is_utf8(cases[i].bytes, strlen(cases[i].bytes)), cases[i].good);
    assert_false(text_is_utf8("a\0b", 3));
}

static void a_copy_is_cut_between_characters(void **state)
{
    (void)state;
    char to[5];
    text_copy(to, sizeof to, "ab\xC3\xA9");
    assert_string_equal(to, "ab\xC3\xA9");
    text_copy(to, 4, "ab\xC3\xA9");
    assert_string_equal(to, "ab");
    text_copy(to, 1, "x");
    assert_string_equal(to, "");
}

static void a_reason_is_cut_and_keeps_its_prefix(void **state)
{
    (void)state;
    struct reason why;
    char big[1000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(reason(&why, ERR_RANGE, "%s", big), ERR_RANGE);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    assert_int_equal(reason_prefix(&why, ERR_IO, "file"), ERR_IO);
    assert_memory_equal(why.text, "file: xxx", 9);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    assert_int_equal(reason(NULL, ERR_IO, "x"), ERR_IO);
}

static void the_worse_of_two_qualities_is_the_greater(void **state)
{
    (void)state;
    assert_int_equal(quality_worse(QUALITY_GOOD, QUALITY_STALE), QUALITY_STALE);
    assert_string_equal(quality_name(QUALITY_OVER_RANGE), "over_range");
    assert_string_equal(quality_name((enum quality)99), "failed");
}

static void times_are_written_as_utc(void **state)
{
    (void)state;
    const struct {
        int64_t utc_us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {INT64_C(951782400123999), "2000-02-29T00:00:00.123Z"},
        {-1, "-"},
        {INT64_MAX, "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        clock_text(cases[i].utc_us, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_needs_the_fewest_edits),
        cmocka_unit_test(only_well_formed_utf8_is_accepted),
        cmocka_unit_test(a_copy_is_cut_between_characters),
        cmocka_unit_test(a_reason_is_cut_and_keeps_its_prefix),
        cmocka_unit_test(the_worse_of_two_qualities_is_the_greater),
        cmocka_unit_test(times_are_written_as_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
