#include "app/command.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

static void every_command_reads_back_as_it_was_written(void **state)
{
    (void)state;
    for (int v = 0; v < COMMAND_COUNT; v++) {
        struct command c = {.verb = (enum command_verb)v}, back = {0};
        c.load = command_rows[v].needs_load ? 10 : 0;
        c.tariff = command_rows[v].needs_tariff ? 8 : 0;
        char line[COMMAND_LINE_SIZE];
        size_t n = command_line(&c, line, sizeof line);
        assert_int_equal(line[n - 1], '\n');
        assert_int_equal(command_parse(line, n, &back, NULL), ERR_OK);
        assert_int_equal(back.verb, c.verb);
        assert_int_equal(back.load, c.load);
        assert_int_equal(back.tariff, c.tariff);
    }
}

static void blanks_and_order_do_not_matter(void **state)
{
    (void)state;
    const char *text = " { \"tariff\" : 3 ,\t\"load\":1, \"verb\":\"set_tariff\" } \r";
    struct command c = {0};
    assert_int_equal(command_parse(text, strlen(text), &c, NULL), ERR_OK);
    assert_int_equal(c.verb, COMMAND_SET_TARIFF);
    assert_int_equal(c.tariff, 3);
    assert_int_equal(c.load, 1);
}

static void what_is_no_command_is_refused_with_words(void **state)
{
    (void)state;
    const struct {
        const char *line, *says;
        enum err e;
    } bad[] = {
        {"", "object", ERR_FORMAT},
        {"[]", "object", ERR_FORMAT},
        {"{}", "object", ERR_FORMAT},
        {"{\"verb\":\"status\"", "}", ERR_FORMAT},
        {"{\"verb\":\"status\"} x", "}", ERR_FORMAT},
        {"{\"verb\":\"status\",}", "object", ERR_FORMAT},
        {"{\"verb\":5}", "verb", ERR_FORMAT},
        {"{\"verb\":\"st\\u0061tus\"}", "verb", ERR_FORMAT},
        {"{\"load\":0}", "verb", ERR_FORMAT},
        {"{\"verb\":\"reset_parital\"}", "reset_partial", ERR_UNKNOWN},
        {"{\"verb\":\"flush\",\"laod\":1}", "load", ERR_UNKNOWN},
        {"{\"verb\":\"set_tariff\",\"load\":0}", "tariff", ERR_FORMAT},
        {"{\"verb\":\"set_tariff\",\"tariff\":0}", "1 .. 8", ERR_RANGE},
        {"{\"verb\":\"set_tariff\",\"tariff\":9}", "1 .. 8", ERR_RANGE},
        {"{\"verb\":\"set_tariff\",\"tariff\":1.5}", "}", ERR_FORMAT},
        {"{\"verb\":\"reset_partial\",\"load\":11}", "0 .. 10", ERR_RANGE},
        {"{\"verb\":\"reset_partial\",\"load\":-1}", "0 .. 10", ERR_RANGE},
        {"{\"verb\":\"reset_partial\",\"load\":12345678901}", "}", ERR_FORMAT},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct command c = {.load = 77};
        struct reason why = {""};
        assert_int_equal(command_parse(bad[i].line, strlen(bad[i].line), &c, &why), bad[i].e);
        assert_non_null(strstr(why.text, bad[i].says));
        assert_int_equal(c.load, 77);
    }
}

/* The line need not end where its buffer ends. */
static void no_byte_beyond_the_line_is_read(void **state)
{
    (void)state;
    const char *text = "{\"verb\":\"set_tariff\",\"load\":1,\"tariff\":3}";
    for (size_t n = 0; n < strlen(text); n++) {
        char line[64];
        struct command c;
        memset(line, '}', sizeof line);
        memcpy(line, text, n);
        assert_int_not_equal(command_parse(line, n, &c, NULL), ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_reads_back_as_it_was_written),
        cmocka_unit_test(blanks_and_order_do_not_matter),
        cmocka_unit_test(what_is_no_command_is_refused_with_words),
        cmocka_unit_test(no_byte_beyond_the_line_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
