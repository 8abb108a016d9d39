#include "base/log.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int64_t now_us; /* the clock of these tests */
static int out[2];

static int64_t read_now(void)
{
    return now_us;
}

static int begin(void **state)
{
    (void)state;
    now_us = INT64_C(1800000000000000);
    if (pipe2(out, O_NONBLOCK) != 0)
        return -1;
    log_start(&(struct log_options){.level = LOG_LEVEL_INFO, .fd = out[1], .utc_us = read_now});
    return 0;
}

static int end(void **state)
{
    (void)state;
    log_start(&(struct log_options){.level = LOG_LEVEL_INFO, .fd = 2});
    close(out[0]);
    close(out[1]);
    return 0;
}

static const char *written(void)
{
    static char text[1 << 16];
    ssize_t n = read(out[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void a_line_has_time_level_room_and_pairs(void **state)
{
    (void)state;
    log_warn("modbus", "peer=%s exception=%u", "10.0.0.7", 2u);
    assert_string_equal(written(),
                        "2027-01-15T08:00:00.000Z warning modbus peer=10.0.0.7 exception=2\n");
}

static void journald_gets_a_number_and_no_time(void **state)
{
    (void)state;
    log_start(&(struct log_options){
        .level = LOG_LEVEL_INFO, .journald = true, .fd = out[1], .utc_us = read_now});
    log_error("meter", "event=x");
    assert_string_equal(written(), "<3>meter event=x\n");
}

static void less_important_lines_are_left_out(void **state)
{
    (void)state;
    log_debug("meter", "event=x");
    assert_string_equal(written(), "");
}

static void a_repeated_line_is_counted_and_said_once_its_time_is_over(void **state)
{
    (void)state;
    log_info("a", "event=x");
    log_info("a", "event=y"); /* two that alternate must not hide from the count */
    (void)written();
    for (int i = 0; i < 1000; i++) {
        log_info("a", "event=x");
        log_info("a", "event=y");
    }
    assert_string_equal(written(), "");
    now_us += LOG_REPEAT_US;
    log_flush(false);
    const char *text = written();
    assert_non_null(strstr(text, "info a event=x repeated=1000\n"));
    assert_non_null(strstr(text, "info a event=y repeated=1000\n"));
    log_info("a", "event=x");
    assert_non_null(strstr(written(), "info a event=x\n"));
}

static void a_clock_that_goes_back_does_not_silence_a_line_for_ever(void **state)
{
    (void)state;
    log_info("a", "event=x");
    now_us -= 100 * LOG_REPEAT_US;
    (void)written();
    log_info("a", "event=x");
    assert_non_null(strstr(written(), "event=x\n"));
}

static void control_characters_cannot_forge_a_line(void **state)
{
    (void)state;
    log_info("a", "name=%s", "x\n<0>fake\x1b[2J");
    const char *text = written();
    assert_non_null(strstr(text, "name=x <0>fake [2J\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char big[4 * LOG_LINE_SIZE];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    log_info("a", "%s", big);
    size_t n = strlen(written());
    assert_in_range(n, LOG_LINE_SIZE - 2, LOG_LINE_SIZE + 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_room_and_pairs, begin, end),
        cmocka_unit_test_setup_teardown(journald_gets_a_number_and_no_time, begin, end),
        cmocka_unit_test_setup_teardown(less_important_lines_are_left_out, begin, end),
        cmocka_unit_test_setup_teardown(a_repeated_line_is_counted_and_said_once_its_time_is_over,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_clock_that_goes_back_does_not_silence_a_line_for_ever,
                                        begin, end),
        cmocka_unit_test_setup_teardown(control_characters_cannot_forge_a_line, begin, end),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
