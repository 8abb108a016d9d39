/* settings - the current configuration: checked against the rooms' tables, kept as one readable file.
 *
 * Rows come from tables (base/setting.h). A change is checked whole, then stored whole, then applied whole: if
 * one value is refused nothing changes, and every refusal is listed. An unknown key is an error that
 * names the nearest known key. The file is JSON, an object per group:
 *
 *   {"saved": {"version": 7, "utc": "2026-11-24T07:16:45.123Z", "who": "anna"},
 *    "measurement": {"system": "3P4W", "nominal_v": 230, ...}, ...}
 *
 * Beside FILE stands the folder FILE.versions with the last SETTINGS_VERSIONS versions as N.json. All files are
 * replaced atomically. A file that is not JSON any more is kept aside as FILE.damaged and the newest
 * version that is sound is used; so it is where the file is gone but versions are there.
 *
 * Not for several threads at once. Writers of one file hold a lock: FILE.lock.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/err.h"
#include "base/json.h"
#include "base/setting.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_VERSIONS 20
#define SETTINGS_MAX_TABLES 16
#define SETTINGS_MAX_FAULTS 32

struct settings;

struct settings_fault {
    char name[64]; /* "" where no single row is wrong: the reason says which */
    struct reason why;
};

/* Everything that is wrong with a change; `count` also counts what did not fit. */
struct settings_faults {
    int count;
    struct settings_fault fault[SETTINGS_MAX_FAULTS];
};

/* Who asks for a change. */
struct settings_access {
    enum role role;
    bool seal_open;  /* sealed rows may change */
    const char *who; /* for the history */
    int64_t utc_us;
};

enum settings_origin {
    SETTINGS_FROM_INITIAL, /* no file and no version yet */
    SETTINGS_FROM_FILE,
    SETTINGS_FROM_VERSION /* the file is damaged, refused or gone; `version` is in use */
};

/* What settings_load did; `problem` and `faults` say why where origin is FROM_VERSION. */
struct settings_report {
    enum settings_origin origin;
    int version;  /* 0 = none */
    bool damaged; /* the file was not JSON and is kept aside as FILE.damaged */
    struct reason problem;
    struct settings_faults faults;
};

struct settings_version {
    int version;
    char utc[32];
    char who[64];
};

/* Opens without reading anything. */
enum err settings_open(struct settings **s, const char *file, struct reason *why) CHECKED;
void settings_close(struct settings *s); /* NULL is accepted */

/* Adds a table and puts the initial values into its struct. The table must outlive `s`.
 * ERR_RANGE  a row's name is taken or malformed, or its initial value is not valid: our own mistake
 * ERR_FULL   more than SETTINGS_MAX_TABLES */
enum err settings_add(struct settings *s, const struct setting_table *t,
                      struct reason *why) CHECKED;

/* Reads the file into the structs. Where it is damaged or refused: the newest sound version (say so loudly).
 * ERR_FORMAT  it is damaged or refused and no version is sound; nothing was applied, see the report */
enum err settings_load(struct settings *s, struct settings_report *r, struct reason *why) CHECKED;

/* Checks, stores and applies a change: a grouped object as in the file; what it does not name stays as it is in the
 * file now, which another process may have changed since it was loaded.
 * ERR_RANGE, ERR_UNKNOWN, ERR_FORMAT  refused, see `f`
 * ERR_DENIED  the role is too low for a row, or it is sealed and the seal is closed; see `f`
 * ERR_BUSY    another process is changing settings
 * ERR_IO      could not be stored; nothing changed */
enum err settings_change(struct settings *s, const json_t *change, const struct settings_access *a,
                         struct settings_faults *f, struct reason *why) CHECKED;

/* As settings_change, back to all values of an older version. ERR_UNKNOWN where it is not kept (any more). */
enum err settings_undo(struct settings *s, int version, const struct settings_access *a,
                       struct settings_faults *f, struct reason *why) CHECKED;

/* Makes {"group": {"key": value}} of "group.key" and a value as a person types it ("230", "true", "3P4W").
 * ERR_UNKNOWN  no such setting; `why` names the nearest */
enum err settings_typed(const struct settings *s, const char *name, const char *text,
                        json_t **change, struct reason *why) CHECKED;

/* The row and its current value (the caller calls json_decref). ERR_UNKNOWN as above. */
enum err settings_get(const struct settings *s, const char *name, const struct setting **row,
                      json_t **value, struct reason *why) CHECKED;

/* All current values, grouped. NULL where there is no memory. */
json_t *settings_values(const struct settings *s);

/* Version that is in use, 0 before the first change. */
int settings_current_version(const struct settings *s);

/* Fills up to SETTINGS_VERSIONS kept versions, newest first; returns how many. */
int settings_history(const struct settings *s, struct settings_version *list);

/* Values of a kept version (json_decref). */
enum err settings_read_version(const struct settings *s, int version, json_t **values,
                               struct reason *why) CHECKED;

/* {"group.key": [before, after], ...} of what differs; a key that only one side has is null in the other. */
json_t *settings_diff(const json_t *before, const json_t *after);

/* JSON Schema (draft 2020-12) of the file, with x-unit, x-role, x-sealed, x-restart for the form. */
json_t *settings_schema(const struct settings *s);

/* The manual's page, Markdown. */
void settings_manual(const struct settings *s, FILE *to);

const char *role_name(enum role r);

#endif
