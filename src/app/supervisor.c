#include "app/supervisor.h"

#include "app/reader.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 10                   /* until it is ready, and while it ends */
#define RESTART_US INT64_C(250000)   /* doubled each time up to: */
#define QUICK_US INT64_C(1000000)    /* a single crash: back within a second */
#define LONGEST_US INT64_C(30000000) /* a crash loop */
#define LOOP_TRIES 5
#define WELL_US INT64_C(10000000) /* ran this long: it was well, counting begins anew */

struct child {
    const struct program *program;
    pid_t pid; /* 0 = not running */
    int64_t started_us, due_us;
    int tries; /* ended in a row without having been well */
};

struct watch {
    struct child child[SUPERVISE_MAX];
    size_t count;
    const char *run, *data;
    struct reader reader;
    struct snapshot *snapshot;
    bool ready, ending;
    int64_t ending_us;
    enum exit_code code;
};

static void start(struct child *c, int64_t now_us)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)setpgid(0, 0); /* Ctrl-C comes to us, and from us to it */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(EXIT_FAILED);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is ours: the ready line */
        execv(c->program->words[0], (char *const *)c->program->words);
        _exit(127);
    }
    c->started_us = now_us;
    if (pid < 0) {
        log_error("ems", "event=not_started program=%s reason=\"%s\"", c->program->name,
                  strerror(errno));
        c->due_us = now_us + LONGEST_US;
        return;
    }
    c->pid = pid;
    log_info("ems", "event=started program=%s pid=%d", c->program->name, pid);
}

static void end_all(struct watch *w, int64_t now_us)
{
    if (!w->ending)
        w->ending_us = now_us;
    w->ending = true;
    for (size_t i = 0; i < w->count; i++)
        if (w->child[i].pid)
            (void)kill(w->child[i].pid, SIGTERM);
}

static int64_t pause_us(int tries)
{
    if (tries <= 1)
        return 0;
    int64_t pause = RESTART_US << (tries - 2 < 10 ? tries - 2 : 10);
    int64_t most = tries > LOOP_TRIES ? LONGEST_US : QUICK_US;
    return pause < most ? pause : most;
}

static void ended(struct watch *w, struct child *c, int status, int64_t now_us)
{
    c->pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (w->ending) {
        log_info("ems", "event=ended program=%s code=%d", c->program->name, code);
        return;
    }
    if (now_us - c->started_us > WELL_US)
        c->tries = 0;
    c->tries++;
    if (code == EXIT_REFUSED || code == EXIT_USAGE || code == EXIT_GOOD || code == EXIT_ABSENT ||
        code == 127) {
        log_error("ems", "event=gave_up program=%s code=%d", c->program->name, code);
        w->code = code == 127 ? EXIT_ABSENT : (enum exit_code)code;
        end_all(w, now_us);
        return;
    }
    c->due_us = now_us + pause_us(c->tries);
    log_error("ems", "event=died program=%s %s=%d tries=%d again_in_ms=%lld", c->program->name,
              WIFSIGNALED(status) ? "signal" : "code",
              WIFSIGNALED(status) ? WTERMSIG(status) : code, c->tries,
              (long long)(c->due_us - now_us) / 1000);
}

static void collect(struct watch *w, int64_t now_us)
{
    int status;
    for (size_t i = 0; i < w->count; i++) {
        struct child *c = &w->child[i];
        if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid)
            ended(w, c, status, now_us);
    }
}

static bool is_ours(const struct watch *w, int32_t pid)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->child[i].pid && w->child[i].pid == pid)
            return true;
    return false;
}

static void say_ready(struct watch *w, int64_t now_us)
{
    int64_t age_us;
    if (w->ready || !w->snapshot ||
        reader_read(&w->reader, now_us, w->snapshot, NULL, &age_us, NULL) != ERR_OK ||
        age_us > READER_STALE_US || !is_ours(w, window_header(w->reader.window)->pid))
        return;
    w->ready = true;
    printf("ready data=%s run=%s loads=%d\n", w->data, w->run, w->snapshot->loads);
    (void)fflush(stdout);
}

static bool any_running(const struct watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->child[i].pid)
            return true;
    return false;
}

static void step(struct watch *w, int64_t now_us)
{
    collect(w, now_us);
    for (size_t i = 0; i < w->count && !w->ending; i++)
        if (!w->child[i].pid && now_us >= w->child[i].due_us)
            start(&w->child[i], now_us);
    if (!w->ending)
        say_ready(w, now_us);
    for (size_t i = 0; i < w->count; i++) {
        struct child *c = &w->child[i];
        if (w->ending && c->pid && now_us - w->ending_us > SUPERVISE_PATIENCE_US) {
            log_error("ems", "event=killed program=%s reason=\"did not end\"", c->program->name);
            (void)kill(c->pid, SIGKILL);
        }
    }
}

enum exit_code supervise(const struct program *programs, size_t count, const char *data,
                         const char *run)
{
    struct watch w = {.count = count,
                      .run = run,
                      .data = data,
                      .reader = {.folder = run},
                      .snapshot = calloc(1, sizeof *w.snapshot)};
    for (size_t i = 0; i < count; i++)
        w.child[i].program = &programs[i];
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals < 0) {
        log_error("ems", "event=cannot_start reason=\"signalfd: %s\"", strerror(errno));
        free(w.snapshot);
        return EXIT_FAILED;
    }
    do {
        step(&w, clock_monotonic_us());
        struct pollfd p = {.fd = signals, .events = POLLIN};
        /* Until it is ready we look at the window; afterwards only signals and pauses matter. */
        (void)poll(&p, 1, w.ready && !w.ending && any_running(&w) ? 1000 : TICK_MS);
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
            if (info.ssi_signo != SIGCHLD)
                end_all(&w, clock_monotonic_us());
        collect(&w, clock_monotonic_us());
    } while (!w.ending || any_running(&w));
    close(signals);
    reader_close(&w.reader);
    free(w.snapshot);
    log_flush(true);
    return w.code;
}
