/* options - the command line of every program, from a table: "--name value", "--name=value", "--flag".
 *
 * What is no option is positional. After "--" all is positional. An unknown option is refused and the nearest known
 * one named. --help is known to every table; programs add --version.
 */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes of all programs; printed by --help and in docs/programs.md. */
enum exit_code {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,  /* it was tried and did not work: the reason is on standard error */
    EXIT_USAGE = 2,   /* the command line is wrong */
    EXIT_REFUSED = 3, /* a value or file is not acceptable, or it is not allowed */
    EXIT_ABSENT = 4,  /* nothing to talk to: no meter runs, no window */
};

struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what the manual calls its value; NULL for a flag */
    const char *help;  /* one line */
    const char **text; /* where the value goes; may be NULL for a flag */
    bool *flag;        /* set to true */
};

struct options {
    const struct option_row *rows[2]; /* own and common rows; the second may be NULL */
    size_t counts[2];
    const char **positional; /* filled with what is no option */
    size_t most;
    size_t count;
    bool stop_at_first; /* the first positional ends the options: a subcommand has its own */
    bool help;          /* --help or -h was there */
    int used;           /* words of argv that were read */
};

/* Reads argv[1..]. ERR_UNKNOWN  unknown option; ERR_FORMAT  value missing or not wanted, too many words. */
enum err options_read(struct options *o, int argc, char **argv, struct reason *why) CHECKED;

/* One line an option, in columns. */
void options_help(const struct options *o, FILE *to);

/* A number from text: all of it, finite, within the bounds; else ERR_RANGE naming `name`. */
enum err options_number(const char *name, const char *text, double least, double most, double *x,
                        struct reason *why) CHECKED;

/* The exit code that stands for an error. */
enum exit_code options_exit(enum err e);

#endif
