/* setting - one row of a room's table of settings.
 *
 * A room that has settings keeps a `const struct setting table[]` beside the code that uses them
 * and a plain struct that they are read into. `settings` checks, loads, stores and describes them;
 * `app` introduces the two. Nothing else repeats a setting's name, range or initial value.
 */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {
    SETTING_BOOL,  /* bool */
    SETTING_INT,   /* int64_t, min .. max */
    SETTING_REAL,  /* double, min .. max, never NaN */
    SETTING_TEXT,  /* char[size], UTF-8, at most size - 1 bytes */
    SETTING_CHOICE /* int: index into `choices` */
};

/* Who may change it; the same order everywhere, least first. */
enum role { ROLE_VIEWER, ROLE_OPERATOR, ROLE_INSTALLER, ROLE_ADMIN };

struct setting {
    const char *name; /* "group.key", lower case; stable for ever */
    enum setting_type type;
    double min, max;            /* of INT and REAL */
    const char *const *choices; /* of CHOICE: NULL-terminated */
    const char *initial;        /* as text, checked like any other value */
    const char *unit;           /* NULL where it has none */
    enum role role;
    bool sealed;         /* affects billing: changes only while the seal is open */
    bool restart;        /* takes effect at the next start */
    const char *text;    /* one sentence for the manual and the form */
    size_t offset, size; /* where it is kept: see INTO */
};

/* INTO(field): the row is kept in `field` of the struct named by SETTINGS_STRUCT. */
#define INTO(field) \
    .offset = offsetof(SETTINGS_STRUCT, field), .size = sizeof(((SETTINGS_STRUCT *)0)->field)

/* A room's table with the struct that it fills: what `app` hands to `settings`. */
struct setting_table {
    const struct setting *rows;
    size_t count;
    void *values; /* the room's struct; written only when a whole change was accepted */
    /* What no single row can say ("a period that divides the hour"), of a whole new struct; may be NULL. */
    enum err (*check)(const void *values, struct reason *why);
};

#endif
