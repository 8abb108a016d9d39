/* ems - runs the device's programs in the foreground: `ems run`. In production systemd does this. */
#include "app/options.h"
#include "app/places.h"
#include "app/supervisor.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SCENARIO "office"

struct request {
    const char *data, *run, *scenario, *source, *ports, *speed, *log;
};

static void help(const struct options *o)
{
    printf(
        "usage: ems run [options]\n       ems --version\n\n"
        "Starts the device's programs in the foreground and watches them. When the first values "
        "are there it\n"
        "prints one line to standard output: ready key=value ... SIGTERM or Ctrl-C ends all.\n\n");
    options_help(o, stdout);
    printf(
        "\nExit codes: 0 ended by a signal, 1 the system refused, 2 wrong command line,\n"
        "3 a program refuses to run (its log says why), 4 there is no such scenario or program.\n");
}

/* What the meter reads from: a scenario by name, or a source as it is. */
static enum err choose_source(const struct request *r, char *source, size_t size,
                              struct reason *why)
{
    if (r->source && r->scenario)
        return reason(why, ERR_FORMAT, "--source and --scenario exclude each other");
    if (r->source) {
        (void)snprintf(source, size, "%s", r->source);
        return ERR_OK;
    }
    char path[PATH_MAX];
    enum err e =
        places_scenario(r->scenario ? r->scenario : DEFAULT_SCENARIO, path, sizeof path, why);
    if (e == ERR_OK)
        (void)snprintf(source, size, "sim:%s", path);
    return e;
}

static enum exit_code run(const struct request *r)
{
    struct reason why = {""};
    struct places places;
    char source[PATH_MAX + 8], meter[PATH_MAX];
    double number;
    /* Development: data under ./var. A service sets $EMS_DATA or --data. */
    const char *data = r->data ? r->data : getenv("EMS_DATA") ? NULL : "var";
    enum err e = places_find(&places, data, r->run, &why);
    if (e == ERR_OK)
        e = options_number("--speed", r->speed, 0, 1e6, &number, &why);
    if (e == ERR_OK &&
        r->ports) /* the base of the servers' ports: kept for the programs that serve */
        e = options_number("--ports", r->ports, 1024, 60000, &number, &why);
    if (e == ERR_OK)
        e = choose_source(r, source, sizeof source, &why);
    if (e == ERR_OK)
        e = file_make_folder(places.data, &why);
    if (e == ERR_OK)
        e = file_make_folder(places.run, &why);
    if (e == ERR_OK)
        e = places_program("ems-meter", meter, sizeof meter, &why);
    if (e != ERR_OK) {
        fprintf(stderr, "ems: %s\n", why.text);
        return e == ERR_FORMAT ? EXIT_USAGE : options_exit(e);
    }
    const char *const meter_words[] = {meter,      "--data",   places.data, "--run",
                                       places.run, "--source", source,      "--speed",
                                       r->speed,   "--log",    r->log,      NULL};
    const struct program programs[] = {
        {.name = "ems-meter", .words = meter_words},
    };
    return supervise(programs, COUNT(programs), places.data, places.run);
}

int main(int argc, char **argv)
{
    struct request r = {.speed = "1", .log = "info"};
    const char *words[1] = {NULL};
    bool version = false;
    const struct option_row rows[] = {
        {"data", "DIR", "registers and settings (./var)", &r.data, NULL},
        {"run", "DIR", "window and door (DATA/run)", &r.run, NULL},
        {"scenario", "NAME|FILE",
         "simulated installation (" DEFAULT_SCENARIO "): see emsctl scenarios", &r.scenario, NULL},
        {"source", "WHAT",
         "a record or converter instead: FILE, comtrade:FILE, wav:FILE, iio:DEVICE", &r.source,
         NULL},
        {"ports", "BASE", "first port of the servers", &r.ports, NULL},
        {"speed", "N", "times real time, 0 = as fast as it goes", &r.speed, NULL},
        {"log", "LEVEL", "error, warning, info or debug", &r.log, NULL},
        {"version", NULL, "print the version", NULL, &version},
    };
    struct options o = {
        .rows = {rows}, .counts = {COUNT(rows)}, .positional = words, .most = COUNT(words)};
    struct reason why = {""};
    enum err e = options_read(&o, argc, argv, &why);
    if (e == ERR_OK && version) {
        printf("ems %s\n", EMS_VERSION);
        return EXIT_GOOD;
    }
    if (e == ERR_OK && o.help) {
        help(&o);
        return EXIT_GOOD;
    }
    if (e == ERR_OK && (!words[0] || strcmp(words[0], "run") != 0))
        e = reason(&why, ERR_UNKNOWN,
                   words[0] ? "no verb \"%.40s\"; the nearest is \"run\"" : "what? \"ems run\"",
                   words[0]);
    if (e != ERR_OK) {
        fprintf(stderr, "ems: %s\n", why.text);
        return EXIT_USAGE;
    }
    log_start(&(struct log_options){
        .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO, .utc_us = clock_utc_us});
    return (int)run(&r);
}
