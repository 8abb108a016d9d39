/* settings_internal - what the files of this room share. */
#ifndef SETTINGS_SETTINGS_INTERNAL_H
#define SETTINGS_SETTINGS_INTERNAL_H

#include "settings/settings.h"

#include <limits.h>

#define SETTINGS_SAVED "saved" /* the one top-level key that is not a group */

struct settings {
    char file[PATH_MAX - 64];
    const struct setting_table *table[SETTINGS_MAX_TABLES];
    size_t tables;
    int version;
};

/* A whole configuration that is not in force: a copy of each table's struct. */
struct draft {
    char *values[SETTINGS_MAX_TABLES];
};

void settings_fault(struct settings_faults *f, const char *name, const struct reason *why);

/* Splits "group.key" at the last dot; false where there is none or the group is too long. */
bool settings_split(const char *name, char group[64], const char **key);

/* A draft of the initial values, or of those in force. ERR_FULL: no memory. */
enum err draft_open(const struct settings *s, struct draft *d, bool initial,
                    struct reason *why) CHECKED;
void draft_close(struct draft *d);

/* Puts a grouped object into the draft and checks it all; faults go to `f`. `a` NULL: rights are not asked
 * (the file itself). Returns the first fault's code. */
enum err draft_put(const struct settings *s, struct draft *d, const json_t *object,
                   const struct settings_access *a, struct settings_faults *f,
                   struct reason *why) CHECKED;

json_t *draft_values(const struct settings *s, const struct draft *d);
void draft_apply(const struct settings *s, const struct draft *d);

/* A row's value to and from the struct at `values`. */
json_t *setting_read(const struct setting *row, const char *values);
enum err setting_write(const struct setting *row, char *values, const json_t *value,
                       struct reason *why) CHECKED;

/* What a person typed, as JSON of the row's type (or as text where it does not look like it). */
json_t *setting_typed(const struct setting *row, const char *text);

/* Takes what another process has stored since the file was read; a file that is absent or refused changes nothing. */
void settings_refresh(struct settings *s);

/* Stores the values as the next version: the version first, then the file. */
enum err settings_store(struct settings *s, json_t *values, const struct settings_access *a,
                        struct reason *why) CHECKED;

#endif
