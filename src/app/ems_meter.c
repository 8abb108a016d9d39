/* ems-meter - acquires, measures, owns the registers, publishes the window. */
#include "app/meter_loop.h"
#include "app/options.h"
#include "app/places.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "settings/settings.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct arguments {
    const char *data, *run, *source, *speed, *flush, *log;
    bool version;
};

static enum err load_settings(const char *file, struct meter_settings *values, struct reason *why)
{
    struct setting_table table = meter_settings_table(values);
    struct settings *s = NULL;
    struct settings_report *r = calloc(1, sizeof *r);
    if (!r)
        return reason(why, ERR_FULL, "no memory");
    enum err e = settings_open(&s, file, why);
    if (e == ERR_OK)
        e = settings_add(s, &table, why);
    if (e == ERR_OK)
        e = settings_load(s, r, why);
    int listed = r->faults.count < SETTINGS_MAX_FAULTS ? r->faults.count : SETTINGS_MAX_FAULTS;
    for (int i = 0; i < listed; i++)
        log_error("settings", "event=refused name=%s reason=\"%s\"", r->faults.fault[i].name,
                  r->faults.fault[i].why.text);
    if (e == ERR_OK && r->origin == SETTINGS_FROM_VERSION)
        log_error("settings", "event=older_version_in_use version=%d damaged=%d reason=\"%s\"",
                  r->version, r->damaged, r->problem.text);
    else if (e == ERR_OK)
        log_info("settings", "event=loaded version=%d", r->version);
    settings_close(s);
    free(r);
    return e;
}

/* Deadlines only matter where samples come by themselves; where it is not permitted, it goes without. */
static void become_real_time(const struct meter_loop *l)
{
    if (!l->live || l->simulated)
        return;
    struct sched_param p = {.sched_priority = 10};
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p) != 0)
        log_info("meter", "event=no_real_time reason=\"%s\"", strerror(errno));
}

static int open_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGPWR); /* the board says that power fails: registers first */
    (void)sigprocmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* True: end. */
static bool take_signals(struct meter_loop *l, int fd)
{
    struct signalfd_siginfo info;
    bool end = false;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        log_info("meter", "event=signal number=%u", info.ssi_signo);
        if (info.ssi_signo == SIGPWR)
            meter_loop_flush(l, "power_fail");
        else
            end = true;
    }
    return end;
}

static void run(struct meter_loop *l, int signals)
{
    for (;;) {
        struct pollfd list[1 + LOOP_MAX_FDS] = {{.fd = signals, .events = POLLIN}};
        int timeout_ms;
        int count = 1 + meter_loop_poll(l, list + 1, &timeout_ms);
        (void)poll(list, (nfds_t)count, timeout_ms);
        if ((list[0].revents & POLLIN) && take_signals(l, signals))
            return;
        meter_loop_step(l);
    }
}

static enum err numbers(const struct arguments *a, struct meter_settings *s, double *speed,
                        struct reason *why)
{
    double flush_s;
    enum err e = options_number("--speed", a->speed, 0, 1e6, speed, why);
    if (e == ERR_OK && a->flush) {
        e = options_number("--flush", a->flush, 1, 60, &flush_s, why);
        if (e == ERR_OK)
            s->flush_s = (int64_t)flush_s;
    }
    return e;
}

static bool start_log(const char *level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(level, names[i]) == 0) {
            log_start(&(struct log_options){.level = (enum log_level)i,
                                            .journald = getenv("JOURNAL_STREAM") != NULL,
                                            .fd = STDERR_FILENO,
                                            .utc_us = clock_utc_us});
            return true;
        }
    }
    return false;
}

static enum exit_code meter(const struct arguments *a)
{
    struct reason why = {""};
    struct places places;
    static struct meter_settings settings; /* off the stack; one per process */
    double speed = 1;
    sigset_t set;
    int signals = open_signals(&set);
    struct meter_loop *l = calloc(1, sizeof *l);
    if (!l || signals < 0) {
        log_error("meter", "event=cannot_start reason=\"no memory or no signal descriptor\"");
        free(l);
        return EXIT_FAILED;
    }
    enum err e = places_find(&places, a->data, a->run, &why);
    if (e == ERR_OK)
        e = file_make_folder(places.data, &why);
    if (e == ERR_OK)
        e = file_make_folder(places.run, &why);
    if (e == ERR_OK)
        e = load_settings(places.settings, &settings, &why);
    if (e == ERR_OK)
        e = numbers(a, &settings, &speed, &why);
    if (e == ERR_OK) {
        log_info("meter", "event=start version=%s data=%s run=%s source=\"%s\"", EMS_VERSION,
                 places.data, places.run, a->source);
        e = meter_loop_start(l,
                             &(struct meter_loop_options){.data = places.data,
                                                          .run = places.run,
                                                          .source = a->source,
                                                          .program = EMS_VERSION,
                                                          .speed = speed,
                                                          .settings = &settings,
                                                          .monotonic_us = clock_monotonic_us,
                                                          .utc_us = clock_utc_us},
                             &why);
    }
    if (e == ERR_OK) {
        become_real_time(l);
        run(l, signals);
        log_info("meter", "event=stop windows=%llu", (unsigned long long)l->now.sequence);
    } else {
        log_error("meter", "event=cannot_start reason=\"%s\"", why.text);
    }
    meter_loop_stop(l);
    free(l);
    log_flush(true);
    return options_exit(e == ERR_UNKNOWN ? ERR_FORMAT : e);
}

int main(int argc, char **argv)
{
    struct arguments a = {.speed = "1", .log = "info"};
    const struct option_row rows[] = {
        {"data", "DIR", "registers, settings, calibration (made where absent)", &a.data, NULL},
        {"run", "DIR", "window and door (DATA/run); tmpfs in production", &a.run, NULL},
        {"source", "WHAT", "sim:FILE, comtrade:FILE, wav:FILE, iio:DEVICE or a file", &a.source,
         NULL},
        {"speed", "N", "times real time, 0 = as fast as it goes (scenarios, records)", &a.speed,
         NULL},
        {"flush", "S", "registers to the file every 1 .. 60 s, instead of the setting", &a.flush,
         NULL},
        {"log", "LEVEL", "error, warning, info or debug", &a.log, NULL},
        {"version", NULL, "print the version", NULL, &a.version},
    };
    struct options o = {.rows = {rows}, .counts = {COUNT(rows)}};
    struct reason why = {""};
    enum err e = options_read(&o, argc, argv, &why);
    if (e == ERR_OK && o.help) {
        printf("usage: ems-meter --source WHAT [options]\n\n"
               "Measures, keeps the registers and shows them in the window RUN/window.\n\n");
        options_help(&o, stdout);
        printf("\nSIGTERM ends it; SIGPWR writes the registers at once.\n"
               "Exit codes: 0 ended, 1 the system refused, 2 wrong command line, 3 settings or "
               "registers\n"
               "are not acceptable, 4 another meter is running.\n");
        return EXIT_GOOD;
    }
    if (e == ERR_OK && a.version) {
        printf("ems-meter %s\n", EMS_VERSION);
        return EXIT_GOOD;
    }
    if (e == ERR_OK && !a.source)
        e = reason(&why, ERR_FORMAT, "--source is needed: where do samples come from?");
    if (e == ERR_OK && !start_log(a.log))
        e = reason(&why, ERR_FORMAT, "--log: \"%.20s\" is none of error, warning, info, debug",
                   a.log);
    if (e != ERR_OK) {
        fprintf(stderr, "ems-meter: %s\n", why.text);
        return EXIT_USAGE;
    }
    return (int)meter(&a);
}
