#include "wire/span.h"

#include "base/err.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_number_reads_as_strtod_reads_it_within_one_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},
        {"-0.0197614394128323", -0.0197614394128323},
        {"+9", 9},
        {" 1", (double)NAN},
        {"4.028324E-02", 4.028324e-02},
        {"2.836798e+000", 2.836798},
        {".5", 0.5},
        {"5.", 5},
        {"123456789012345678901234567890", 1.2345678901234568e29},
        {"0.000000000000000000000000012345678901234567890123", 1.2345678901234568e-26},
        {"1e308", 1e308},
        {"1e-320", 1e-320},
        {"1e-5000", 0},
        {"0e99999", 0},
        {"1e309", (double)NAN},
        {"1e", (double)NAN},
        {"", (double)NAN},
        {".", (double)NAN},
        {"-", (double)NAN},
        {"1,5", (double)NAN},
        {"0x10", (double)NAN},
        {"nan", (double)NAN},
        {"1 2", (double)NAN},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        double x = 77;
        bool read = span_number(span_of(good[i].text), &x);
        assert_int_equal(read, !isnan(good[i].value));
        if (read)
            assert_true(fabs(x - good[i].value) <= fabs(good[i].value) * DBL_EPSILON);
        else
            assert_true(x == 77); /* untouched */
    }
}

static void a_count_never_passes_its_bound(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t most, value; /* -1 = refused */
    } cases[] = {
        {"0", 0, 0},
        {"6", 2, -1},
        {"2", 2, 2},
        {"12", 12, 12},
        {"13", 12, -1},
        {"", 9, -1},
        {"-1", 9, -1},
        {"1.0", 9, -1},
        {"007", 9, 7},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
        {"99999999999999999999", INT64_MAX, -1},
        {"9223372036854775808", INT64_MAX, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t n = -1;
        assert_int_equal(span_count(span_of(cases[i].text), cases[i].most, &n),
                         cases[i].value >= 0);
        assert_int_equal(n, cases[i].value);
    }
}

static void lines_end_in_any_of_three_ways_and_the_text_at_0x1a(void **state)
{
    (void)state;
    static const char text[] = "a\nb\r\n\rc\x1a"
                               "d\n";
    static const char *const expected[] = {"a", "b", "", "c"};
    struct span_lines l = {.left = {text, sizeof text - 1}};
    struct span line;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(span_line(&l, &line));
        assert_true(span_is(line, expected[i]));
        assert_int_equal(l.line, i + 1);
    }
    assert_false(span_line(&l, &line));
}

static void fields_are_trimmed_and_an_empty_last_one_counts(void **state)
{
    (void)state;
    struct span rest = span_of(" a , b,,"), field;
    static const char *const expected[] = {"a", "b", "", ""};
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(span_field(&rest, ',', &field));
        assert_true(span_is(field, expected[i]));
    }
    assert_false(span_field(&rest, ',', &field));
}

static void bytes_that_are_no_text_are_shown_replaced_and_kept_whole(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *shown;
    } cases[] = {
        {"plain", "plain"},
        {"\xEF\xEE\xE4", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* cp1251 */
        {"\xC3\xA9t\xC3", "\xC3\xA9t\xEF\xBF\xBD"},
        {"a\tb\x01", "a?b?"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char shown[32], kept[32];
        span_show(span_of(cases[i].bytes), shown, sizeof shown);
        assert_string_equal(shown, cases[i].shown);
        span_copy(span_of(cases[i].bytes), kept, sizeof kept);
        assert_string_equal(kept, cases[i].bytes);
    }
    char small[4];
    span_show(span_of("ab\xC3\xA9"), small, sizeof small);
    assert_string_equal(small, "ab"); /* never half a character */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_reads_as_strtod_reads_it_within_one_unit),
        cmocka_unit_test(a_count_never_passes_its_bound),
        cmocka_unit_test(lines_end_in_any_of_three_ways_and_the_text_at_0x1a),
        cmocka_unit_test(fields_are_trimmed_and_an_empty_last_one_counts),
        cmocka_unit_test(bytes_that_are_no_text_are_shown_replaced_and_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
