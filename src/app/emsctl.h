/* emsctl - what its subcommands share. Each subcommand is one file and one row of the table in emsctl.c. */
#ifndef APP_EMSCTL_H
#define APP_EMSCTL_H

#include "app/options.h"
#include "app/places.h"
#include "app/reader.h"

#include <stdbool.h>

struct emsctl {
    const char *data, *run; /* options, NULL = not given */
    bool json, ascii;
    bool unicode; /* the terminal shows UTF-8 and --ascii was not said */
    struct places places;
};

struct subcommand {
    const char *name;
    const char *arguments; /* as in the manual */
    const char *text;      /* one line */
    int (*run)(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
};

/* Reads a subcommand's own options (`rows`) and the common ones, finds the places. False where the program is to
 * end now with *code: --help was printed or the line was wrong. */
bool emsctl_options(struct emsctl *ctl, const struct subcommand *self,
                    const struct option_row *rows, size_t count, const char **positional,
                    size_t most, size_t *found, int argc, char **argv, int *code);

/* Prints "emsctl NAME: why" and returns the exit code for `e`. */
int emsctl_fail(const struct subcommand *self, enum err e, const struct reason *why);

int emsctl_live(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_wait(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_snapshot(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_measure(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_variables(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_settings(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_command(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);
int emsctl_scenarios(struct emsctl *ctl, const struct subcommand *self, int argc, char **argv);

#endif
