#include "app/options.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static const char *data;
static bool json;
static const struct option_row rows[] = {
    {"data", "DIR", "the data", &data, NULL},
    {"json", NULL, "JSON", NULL, &json},
};

static enum err read_line(const char *const *words, const char **positional, size_t most,
                          struct options *o, struct reason *why)
{
    int argc = 0;
    while (words[argc])
        argc++;
    data = NULL;
    json = false;
    *o = (struct options){
        .rows = {rows}, .counts = {COUNT(rows)}, .positional = positional, .most = most};
    return options_read(o, argc, (char **)(uintptr_t)words, why);
}

static void options_and_words_may_stand_in_any_order(void **state)
{
    (void)state;
    const char *const lines[][7] = {
        {"p", "--data", "x", "--json", "a", "-5", NULL},
        {"p", "a", "--json", "-5", "--data=x", NULL},
        {"p", "--json", "--data=x", "--", "a", "-5", NULL},
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        const char *words[2];
        struct options o;
        assert_int_equal(read_line(lines[i], words, 2, &o, NULL), ERR_OK);
        assert_string_equal(data, "x");
        assert_true(json);
        assert_int_equal(o.count, 2);
        assert_string_equal(words[0], "a");
        assert_string_equal(words[1], "-5");
    }
}

static void a_wrong_line_is_refused_with_the_right_word(void **state)
{
    (void)state;
    const struct {
        const char *line[4], *says;
        enum err e;
    } bad[] = {
        {{"p", "--dta", "x", NULL}, "--data", ERR_UNKNOWN},
        {{"p", "-d", NULL}, "nearest", ERR_UNKNOWN},
        {{"p", "--data", NULL}, "DIR", ERR_FORMAT},
        {{"p", "--json=1", NULL}, "no value", ERR_FORMAT},
        {{"p", "a", "b", NULL}, "\"b\"", ERR_FORMAT},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *words[1];
        struct options o;
        struct reason why = {""};
        assert_int_equal(read_line(bad[i].line, words, 1, &o, &why), bad[i].e);
        assert_non_null(strstr(why.text, bad[i].says));
    }
}

static void only_whole_numbers_within_the_bounds_are_numbers(void **state)
{
    (void)state;
    const char *const bad[] = {"", "x", "1x", "nan", "inf", "-1", "11", "0x", "1 "};
    double x = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(options_number("--n", bad[i], 0, 10, &x, NULL), ERR_RANGE);
    assert_true(x == 7);
    assert_int_equal(options_number("--n", "2.5", 0, 10, &x, NULL), ERR_OK);
    assert_true(x == 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_may_stand_in_any_order),
        cmocka_unit_test(a_wrong_line_is_refused_with_the_right_word),
        cmocka_unit_test(only_whole_numbers_within_the_bounds_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
