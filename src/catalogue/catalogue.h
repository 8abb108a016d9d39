/* catalogue - every quantity that the device knows, as one table.
 *
 * variables.def holds the rows; this is how the rest of the house reads them. All is constant and
 * without locks. An id, a number or an order in the table never changes (tests/golden).
 */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Scalars: VAR_voltage_l1_n, ... VAR_COUNT. Also the index of their row and value everywhere. */
enum variable_id {
#define VARIABLE(id, ...) VAR_##id,
#include "catalogue/variables.def"
    VAR_COUNT
};

/* Spectra: SPECTRUM_harmonic_voltage_l1_n, ... SPECTRUM_COUNT. */
enum spectrum_id {
#define VARIABLE(...)
#define SPECTRUM(id, ...) SPECTRUM_##id,
#include "catalogue/variables.def"
    SPECTRUM_COUNT
};

#define SPECTRUM_ORDERS 63 /* orders 1 .. 63 */

enum unit {
    UNIT_ONE,
    UNIT_V,
    UNIT_A,
    UNIT_W,
    UNIT_VAR,
    UNIT_VA,
    UNIT_HZ,
    UNIT_DEG,
    UNIT_PERCENT,
    UNIT_WH,
    UNIT_VARH,
    UNIT_VAH,
    UNIT_S,
    UNIT_US,
    UNIT_COUNT
};

enum kind {
    KIND_INSTANT, /* double in its unit */
    KIND_DEMAND,  /* double in its unit, over the demand period */
    KIND_COUNTER, /* int64, millionths of its unit, never falls */
    KIND_STATE,   /* int64 code */
    KIND_TIME     /* int64 microseconds UTC, 0 = never */
};

enum scope {
    SCOPE_SYSTEM,
    SCOPE_L1,
    SCOPE_L2,
    SCOPE_L3,
    SCOPE_L12,
    SCOPE_L23,
    SCOPE_L31,
    SCOPE_N,
    SCOPE_COUNT
};

/* How an interval of it is kept. */
enum keep {
    KEEP_MEAN, /* mean, least and greatest */
    KEEP_DIFFERENCE,
    KEEP_LAST
};

/* The inputs that a value needs: its quality is the worst of theirs in its scope. */
enum needs {
    NEEDS_NONE,
    NEEDS_U,  /* voltage */
    NEEDS_UN, /* voltage against a real neutral */
    NEEDS_I,  /* current */
    NEEDS_UI, /* both */
    NEEDS_F   /* a frequency reference */
};

struct variable {
    const char *id;
    const char *label; /* English */
    double step;
    enum unit unit;
    enum kind kind;
    enum scope scope;
    enum keep keep;
    enum needs needs;
    int number; /* of a spectrum: that of order 1 */
};

extern const struct variable catalogue_variables[VAR_COUNT];
extern const struct variable catalogue_spectra[SPECTRUM_COUNT];

/* A named point of the catalogue: a scalar (order 0), or one order of a spectrum. */
struct catalogue_entry {
    const struct variable *variable;
    int index; /* enum variable_id where order is 0, else enum spectrum_id */
    int order; /* 0, or 1 .. SPECTRUM_ORDERS */
};

/* Finds an id such as "power_l1" or "harmonic_current_l2_7".
 * ERR_UNKNOWN  no such id; `why` names the nearest known one */
enum err catalogue_find(const char *id, struct catalogue_entry *found, struct reason *why) CHECKED;

/* Finds the entry with a number. ERR_UNKNOWN where there is none. */
enum err catalogue_by_number(int number, struct catalogue_entry *found) CHECKED;

/* True where the value is an int64 (COUNTER, STATE, TIME) and not a double. */
bool variable_is_integer(const struct variable *v);

/* Symbol as printed: "V", "kvarh" never: base units only, "var", "%", "\u00b0", "" for UNIT_ONE. */
const char *unit_symbol(enum unit u);

/* "instant", "demand", "counter", "state", "time" and so on: as in JSON and CSV. */
const char *kind_name(enum kind k);
const char *scope_name(enum scope s);
const char *keep_name(enum keep k);
const char *needs_name(enum needs n);

#endif
