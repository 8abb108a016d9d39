/* emsctl - the device at a shell. */
#include "app/emsctl.h"

#include "app/version.h"
#include "base/text.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct subcommand subcommands[] = {
    {"live", "[--load N]", "full-screen view of the running meter", emsctl_live},
    {"snapshot", "[--load N] [ID...]", "all values now, with unit and quality", emsctl_snapshot},
    {"wait", "[--seconds N]", "wait until the meter shows its first values", emsctl_wait},
    {"measure", "FILE [options]", "measure a record: values of each window, and a summary",
     emsctl_measure},
    {"variables", "[--csv]", "the catalogue: every value that the device knows", emsctl_variables},
    {"settings", "show|get|set|schema|manual|history|diff|undo ...", "read and change the settings",
     emsctl_settings},
    {"command", "VERB [--load N] ...", "ask the running meter for something", emsctl_command},
    {"scenarios", "", "the simulated installations that can be run", emsctl_scenarios},
};

static void help(void)
{
    printf("usage: emsctl [--data DIR] [--run DIR] [--json] SUBCOMMAND ...\n\n");
    for (size_t i = 0; i < COUNT(subcommands); i++)
        printf("  %-10s %s\n", subcommands[i].name, subcommands[i].text);
    printf(
        "\n\"emsctl SUBCOMMAND --help\" tells more.\n"
        "Data: --data, else $EMS_DATA, else ./var, else " PLACES_DATA_INSTALLED ".\n"
        "Exit codes: 0 good, 1 failed, 2 wrong command line, 3 refused, 4 no meter to talk to.\n");
}

int emsctl_fail(const struct subcommand *self, enum err e, const struct reason *why)
{
    fprintf(stderr, "emsctl %s: %s\n", self->name, why->text);
    return (int)options_exit(e);
}

bool emsctl_options(struct emsctl *ctl, const struct subcommand *self,
                    const struct option_row *rows, size_t count, const char **positional,
                    size_t most, size_t *found, int argc, char **argv, int *code)
{
    const struct option_row common[] = {
        {"data", "DIR", "the device's data", &ctl->data, NULL},
        {"run", "DIR", "its run folder (DATA/run)", &ctl->run, NULL},
        {"json", NULL, "JSON instead of text", NULL, &ctl->json},
        {"ascii", NULL, "no characters beyond ASCII", NULL, &ctl->ascii},
    };
    struct options o = {.rows = {rows, common},
                        .counts = {count, COUNT(common)},
                        .positional = positional,
                        .most = most};
    struct reason why = {""};
    enum err e = options_read(&o, argc, argv, &why);
    if (e == ERR_OK && o.help) {
        printf("usage: emsctl %s %s\n\n%s\n\n", self->name, self->arguments, self->text);
        options_help(&o, stdout);
        *code = EXIT_GOOD;
        return false;
    }
    if (e == ERR_OK)
        e = places_find(&ctl->places, ctl->data, ctl->run, &why);
    if (e != ERR_OK) {
        (void)emsctl_fail(self, e, &why);
        *code = EXIT_USAGE;
        return false;
    }
    ctl->unicode = !ctl->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    *found = o.count;
    return true;
}

static const struct subcommand *find(const char *name, struct reason *why)
{
    const char *names[COUNT(subcommands)];
    for (size_t i = 0; i < COUNT(subcommands); i++) {
        names[i] = subcommands[i].name;
        if (strcmp(name, names[i]) == 0)
            return &subcommands[i];
    }
    (void)reason(why, ERR_UNKNOWN, "no subcommand \"%.40s\"; the nearest is \"%s\"", name,
                 text_nearest(name, names, COUNT(subcommands)));
    return NULL;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_CTYPE, ""); /* numbers stay as in C: they are read by programs too */
    struct emsctl ctl = {0};
    bool version = false;
    const struct option_row rows[] = {
        {"data", "DIR", "", &ctl.data, NULL},  {"run", "DIR", "", &ctl.run, NULL},
        {"json", NULL, "", NULL, &ctl.json},   {"ascii", NULL, "", NULL, &ctl.ascii},
        {"version", NULL, "", NULL, &version},
    };
    struct options o = {.rows = {rows}, .counts = {COUNT(rows)}, .stop_at_first = true};
    struct reason why = {""};
    enum err e = options_read(&o, argc, argv, &why);
    const struct subcommand *sub = NULL;
    if (e == ERR_OK && version) {
        printf("emsctl %s\n", EMS_VERSION);
        return EXIT_GOOD;
    }
    if (e == ERR_OK && (o.help || o.used >= argc)) {
        help();
        return o.help ? EXIT_GOOD : EXIT_USAGE;
    }
    if (e == ERR_OK)
        sub = find(argv[o.used], &why);
    if (!sub) {
        fprintf(stderr, "emsctl: %s\n", why.text);
        return EXIT_USAGE;
    }
    int code = sub->run(&ctl, sub, argc - o.used, argv + o.used);
    if ((fflush(stdout) == 0 && !ferror(stdout)) || code != EXIT_GOOD)
        return code;
    (void)reason(&why, ERR_IO, "standard output cannot be written: %s", strerror(errno));
    return emsctl_fail(sub, ERR_IO, &why);
}
