/* scenario_words - cuts the lines of a scenario into words and quantities, and says what it expected. */
#ifndef WIRE_SCENARIO_WORDS_INTERNAL_H
#define WIRE_SCENARIO_WORDS_INTERNAL_H

#include "base/err.h"
#include "wire/span.h"

#include <stdbool.h>

struct words {
    const char *file;
    unsigned line;
    const char *statement; /* the first word's entry, for messages */
    const char *usage;     /* an example of the statement */
    struct span rest;
    struct reason *why;
};

struct unit {
    const char *name;
    double factor;
};
/* Ends with a row of NULL. */
extern const struct unit units_voltage[], units_current[], units_power[], units_frequency[],
    units_slope[], units_time[], units_ratio[], units_angle[], units_times[];

/* The next word; a comma is one of its own. False at the end of the line. */
bool words_next(struct words *w, struct span *word);
/* True, and the word is taken, where the next one is `word`. */
bool words_accept(struct words *w, const char *word);
/* ERR_FORMAT where the next word is not `word`. */
enum err words_expect(struct words *w, const char *word) CHECKED;
/* A number with one of `units`, "6 kW" or "6kW"; min .. max in the SI unit. */
enum err words_quantity(struct words *w, const struct unit *units, double min, double max,
                        double *x) CHECKED;
/* A number without a unit, min .. max. */
enum err words_number(struct words *w, double min, double max, double *x) CHECKED;
/* "07:30" or "07:30:15" in seconds. */
enum err words_clock(struct words *w, double *s) CHECKED;
/* True where the next word looks like a time of day. */
bool words_clock_follows(const struct words *w);
/* A whole number min .. max. */
enum err words_whole(struct words *w, int64_t min, int64_t max, int64_t *n) CHECKED;
/* One of `names` (NULL-terminated) as its index; an unknown one is answered with the nearest. */
enum err words_choice(struct words *w, const char *const *names, const char *what,
                      int *index) CHECKED;
/* ERR_FORMAT where words are left. */
enum err words_end(struct words *w) CHECKED;
/* "file:12: power: expected ...; write it like: power 6 kW" */
enum err words_wrong(const struct words *w, enum err e, const char *expected, struct span found);

#endif
