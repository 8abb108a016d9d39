/* The supervisor with programs that end in every way: what it says of them, and when it tries again. */
#include "app/supervisor.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/* A supervisor in a process of its own, and what it logs. */
struct watched {
    pid_t pid;
    int fd;
    char text[16384];
    size_t used;
};

static void start(struct watched *w, const char *script)
{
    const char *const words[] = {"/bin/sh", "-c", script, NULL};
    const struct program program = {.name = "program", .words = words};
    int ends[2];
    *w = (struct watched){0};
    assert_int_equal(pipe(ends), 0);
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (w->pid == 0) {
        log_start(&(struct log_options){.level = LOG_LEVEL_INFO, .fd = ends[1]});
        (void)dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        _exit((int)supervise(&program, 1, "/nonexistent", "/nonexistent"));
    }
    close(ends[1]);
    w->fd = ends[0];
}

/* Reads on until `text` was said; the place where it stands. */
static char *heard(struct watched *w, const char *text)
{
    for (;;) {
        char *at = strstr(w->text, text);
        if (at && strchr(at, '\n'))
            return at;
        struct pollfd p = {.fd = w->fd, .events = POLLIN};
        assert_true(w->used + 1 < sizeof w->text);
        if (poll(&p, 1, PATIENCE_MS) != 1)
            fail_msg("\"%s\" was not said in:\n%s", text, w->text);
        ssize_t n = read(w->fd, w->text + w->used, sizeof w->text - 1 - w->used);
        if (n <= 0)
            fail_msg("ended without \"%s\":\n%s", text, w->text);
        w->used += (size_t)n;
    }
}

static int ended(struct watched *w)
{
    int status;
    while (read(w->fd, w->text, sizeof w->text) > 0)
        ; /* until all who could write are gone */
    close(w->fd);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_crash_loop_is_slowed_down(void **state)
{
    (void)state;
    struct watched w;
    int64_t begin_us = clock_monotonic_us();
    start(&w, "exit 1");
    static const struct {
        const char *said;
        int pause_ms;
    } steps[] = {
        {"code=1 tries=1 again_in_ms=0\n", 0},       {"code=1 tries=2 again_in_ms=250\n", 250},
        {"code=1 tries=3 again_in_ms=500\n", 500},   {"code=1 tries=4 again_in_ms=1000\n", 1000},
        {"code=1 tries=5 again_in_ms=1000\n", 1000}, {"code=1 tries=6 again_in_ms=4000\n", 4000},
    };
    int64_t least_us = 0;
    for (size_t i = 0; i < COUNT(steps); i++) {
        (void)heard(&w, steps[i].said);
        assert_true(clock_monotonic_us() - begin_us >= least_us);
        least_us += steps[i].pause_ms * INT64_C(1000);
    }
    assert_int_equal(kill(w.pid, SIGTERM), 0); /* in the middle of a pause */
    assert_int_equal(ended(&w), EXIT_GOOD);
    assert_true(clock_monotonic_us() - begin_us < least_us);
}

static void a_killed_program_is_back_at_once(void **state)
{
    (void)state;
    struct watched w;
    start(&w, "kill -9 $$");
    (void)heard(&w, "signal=9 tries=1 again_in_ms=0\n");
    (void)heard(&w, "signal=9 tries=2 again_in_ms=250\n");
    assert_int_equal(kill(w.pid, SIGTERM), 0);
    assert_int_equal(ended(&w), EXIT_GOOD);
}

static void who_refuses_is_not_tried_again(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int code;
    } cases[] = {{"exit 3", EXIT_REFUSED},
                 {"exit 2", EXIT_USAGE},
                 {"exit 4", EXIT_ABSENT},
                 {"exit 0", EXIT_GOOD},
                 {"exec /nonexistent/program", EXIT_ABSENT}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct watched w;
        start(&w, cases[i].script);
        (void)heard(&w, "event=gave_up program=program");
        assert_null(strstr(w.text, "event=died"));
        assert_int_equal(ended(&w), cases[i].code);
    }
}

static void sigterm_reaches_the_program(void **state)
{
    (void)state;
    struct watched w;
    start(&w, "trap 'echo parting >&2; exit 0' TERM; echo running >&2; while :; do :; done");
    (void)heard(&w, "running\n");
    assert_int_equal(kill(w.pid, SIGTERM), 0);
    (void)heard(&w, "parting\n");
    (void)heard(&w, "event=ended program=program code=0\n");
    assert_int_equal(ended(&w), EXIT_GOOD);
}

static void children_die_with_their_supervisor(void **state)
{
    (void)state;
    struct watched w;
    start(&w, "trap 'echo parting >&2; exit 0' TERM; echo running >&2; while :; do :; done");
    (void)heard(&w, "running\n");
    assert_int_equal(kill(w.pid, SIGKILL), 0);
    (void)heard(&w, "parting\n");
    close(w.fd);
    assert_int_equal(waitpid(w.pid, NULL, 0), w.pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_loop_is_slowed_down),
        cmocka_unit_test(a_killed_program_is_back_at_once),
        cmocka_unit_test(who_refuses_is_not_tried_again),
        cmocka_unit_test(sigterm_reaches_the_program),
        cmocka_unit_test(children_die_with_their_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
