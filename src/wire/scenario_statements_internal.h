/* scenario_statements - what the files that read a scenario share: the state of reading and the tables of statements. */
#ifndef WIRE_SCENARIO_STATEMENTS_INTERNAL_H
#define WIRE_SCENARIO_STATEMENTS_INTERNAL_H

#include "wire/scenario.h"
#include "wire/scenario_words_internal.h"

#define SCENARIO_DAY_S 86400.0
#define SCENARIO_LONG_S 31536000.0 /* a year: longest duration that is taken for meant */
#define SCENARIO_RAD_PER_DEG 0.017453292519943295

struct parser {
    struct words w;
    struct scenario *s;
    struct scenario_load *load; /* the one being described, or NULL */
    struct scenario_part *part;
};

/* Where a statement may stand. */
enum { TOP = 1, LOAD = 2, PART = 4 };

struct statement {
    const char *word;
    unsigned where;
    enum err (*read)(struct parser *p);
    const char *usage; /* an example, for messages */
};
extern const struct statement scenario_grid_statements[];
extern const size_t scenario_grid_count;
extern const struct statement scenario_load_statements[];
extern const size_t scenario_load_count;

/* "v", "v2", "i1", "123": `letter` (0 = none), then phases as bits; no digit means all. */
enum err scenario_phases(struct parser *p, char letter, unsigned *mask) CHECKED;
/* One phase of "v1" or "i2" as 0..2. */
enum err scenario_one_phase(struct parser *p, char letter, int *phase) CHECKED;
/* The rest of the line as a name. */
void scenario_rest_of_line(struct parser *p, char *to, size_t size);
/* "5 4 % 30 deg" and "175.3 Hz 2 %" into each spectrum that is not NULL. */
enum err scenario_harmonic(struct parser *p, struct scenario_spectrum *to[3]) CHECKED;
enum err scenario_tone(struct parser *p, struct scenario_spectrum *to[3]) CHECKED;

#endif
