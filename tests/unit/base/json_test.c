#include "base/json.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void malformed_text_is_refused_with_its_place(void **state)
{
    (void)state;
    const struct {
        const char *text, *place;
        enum err e;
    } bad[] = {
        {"", "x:", ERR_FORMAT},
        {"{\n  \"a\": 1,\n  \"b\" 2}", "x:3:", ERR_FORMAT},
        {"{\"a\": 1, \"a\": 2}", "duplicate", ERR_FORMAT},
        {"[1, 2", "x:1:", ERR_FORMAT},
        {"[1] 2", "x:1:", ERR_FORMAT},
        {"[NaN]", "x:1:", ERR_FORMAT},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "deeper",
         ERR_FORMAT},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        json_t *v = NULL;
        struct reason why = {""};
        assert_int_equal(json_read(bad[i].text, strlen(bad[i].text), "x", &v, &why), bad[i].e);
        assert_non_null(strstr(why.text, bad[i].place));
        assert_null(v);
    }
}

static void brackets_in_strings_do_not_count_as_depth(void **state)
{
    (void)state;
    const char *text = "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ \\\" [[[[\"]";
    json_t *v = NULL;
    assert_int_equal(json_read(text, strlen(text), "x", &v, NULL), ERR_OK);
    json_decref(v);
}

static void a_text_beyond_the_bound_is_refused(void **state)
{
    (void)state;
    char *text = malloc(JSON_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', JSON_MAX_BYTES + 1);
    json_t *v = NULL;
    assert_int_equal(json_read(text, JSON_MAX_BYTES + 1, "x", &v, NULL), ERR_FULL);
    free(text);
}

static void what_is_written_reads_back_exactly(void **state)
{
    (void)state;
    const double reals[] = {
        0, 1, -1, 0.1, 1.0 / 3, 230.00000000000003, 1e-300, 1.7976931348623157e308};
    char text[512];
    struct json_writer w = {.text = text, .size = sizeof text};
    json_open(&w, NULL, '{');
    json_put_text(&w, "t\"\n", "caf\u00e9 \\ \x01");
    json_open(&w, "reals", '[');
    for (size_t i = 0; i < COUNT(reals); i++)
        json_put_real(&w, NULL, reals[i]);
    json_put_real(&w, NULL, (double)NAN);
    json_put_real(&w, NULL, (double)INFINITY);
    json_close(&w, ']');
    json_put_integer(&w, "n", INT64_MIN);
    json_put_bool(&w, "b", true);
    json_close(&w, '}');
    assert_false(w.full);

    json_t *v = NULL;
    assert_int_equal(json_read(text, w.used, "x", &v, NULL), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(v, "t\"\n")), "caf\u00e9 \\ \x01");
    json_t *array = json_object_get(v, "reals");
    for (size_t i = 0; i < COUNT(reals); i++)
        assert_true(json_number_value(json_array_get(array, i)) == reals[i]);
    assert_true(json_is_null(json_array_get(array, COUNT(reals))));
    assert_true(json_is_null(json_array_get(array, COUNT(reals) + 1)));
    assert_true(json_integer_value(json_object_get(v, "n")) == INT64_MIN);
    json_decref(v);
}

static void a_full_writer_stops_and_says_so(void **state)
{
    (void)state;
    char text[16 + 1];
    memset(text, 'x', sizeof text);
    struct json_writer w = {.text = text, .size = 16};
    for (int i = 0; i < 100; i++)
        json_put_integer(&w, "key", 12345);
    assert_true(w.full);
    assert_true(w.used < 16);
    assert_int_equal(text[w.used], '\0');
    assert_int_equal(text[16], 'x');
}

static void broken_utf8_never_leaves_the_writer(void **state)
{
    (void)state;
    char text[64];
    struct json_writer w = {.text = text, .size = sizeof text};
    json_put_text(&w, NULL, "a\xC3(\xFF");
    assert_string_equal(text, "\"a?(?\"");
}

static void millionths_are_written_digit_by_digit(void **state)
{
    (void)state;
    static const struct {
        int64_t micro;
        const char *json;
    } cases[] = {
        {0, "0.0"},
        {1, "0.000001"},
        {-1500000, "-1.5"},
        {INT64_C(9007199254740993), "9007199254.740993"}, /* no double holds it in millionths */
        {INT64_MAX, "9223372036854.775807"},
        {INT64_MIN, "-9223372036854.775808"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        struct json_writer w = {.text = text, .size = sizeof text};
        json_put_millionths(&w, NULL, cases[i].micro);
        assert_string_equal(text, cases[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(millionths_are_written_digit_by_digit),
        cmocka_unit_test(malformed_text_is_refused_with_its_place),
        cmocka_unit_test(brackets_in_strings_do_not_count_as_depth),
        cmocka_unit_test(a_text_beyond_the_bound_is_refused),
        cmocka_unit_test(what_is_written_reads_back_exactly),
        cmocka_unit_test(a_full_writer_stops_and_says_so),
        cmocka_unit_test(broken_utf8_never_leaves_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
