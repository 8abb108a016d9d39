/* places - where things lie: data, run folder, scenarios, our own programs.
 *
 *   data   --data, else $EMS_DATA, else ./var where it exists, else /var/lib/ems
 *   run    --run, else $EMS_RUN, else DATA/run
 *   scenarios  a file's path, or a name looked for as NAME.scenario (any ending) in ./scenarios, beside the build
 *              folder and in PREFIX/share/ems/scenarios
 */
#ifndef APP_PLACES_H
#define APP_PLACES_H

#include "base/err.h"

#include <limits.h>
#include <stddef.h>

#define PLACES_DATA_INSTALLED "/var/lib/ems"

struct places {
    char data[PATH_MAX];
    char run[PATH_MAX];
    char settings[PATH_MAX]; /* DATA/settings.json */
};

/* `data` and `run` are what the options said, or NULL. */
enum err places_find(struct places *p, const char *data, const char *run,
                     struct reason *why) CHECKED;

/* Full path of one of our programs: beside the running one. */
enum err places_program(const char *name, char *path, size_t size, struct reason *why) CHECKED;

/* Path of a scenario: a file, or a name as places_scenarios lists it ("office", "faults/reversed-2"). ERR_UNKNOWN: names what was looked for and, where there is one, the nearest name. */
enum err places_scenario(const char *name, char *path, size_t size, struct reason *why) CHECKED;

/* Calls `each` for every scenario found, in order of names. Returns how many. */
int places_scenarios(void (*each)(void *context, const char *name, const char *path),
                     void *context);

/* Boot id of the kernel, "-" where it is not known. */
void places_boot(char boot[40]);

#endif
