/* supervisor - starts programs, keeps them running, ends them together.
 *
 * A program that ends is started again: at once the first time, then after 0.25, 0.5, 1 and 1 s; one that has ended
 * more often without ever having run for 10 s is in a crash loop: its pauses go on doubling, 4 s to 30 s. A program that
 * refuses (EXIT_REFUSED, EXIT_USAGE, EXIT_ABSENT: settings, registers, command line) or ends well is not started
 * again: a person must look, and all end. SIGTERM and SIGINT are passed on; who does not end in 10 s is killed. Children
 * die with their supervisor.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include "app/options.h"

#include <stddef.h>

#define SUPERVISE_MAX 8
#define SUPERVISE_PATIENCE_US INT64_C(10000000)

struct program {
    const char *name;
    const char *const *words; /* argv, words[0] is the path; NULL-terminated */
};

/* Returns when all have ended. Prints the line "ready ..." to standard output once the window in `run` shows values
 * of a program of ours. */
enum exit_code supervise(const struct program *programs, size_t count, const char *data,
                         const char *run);

#endif
