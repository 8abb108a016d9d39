/* figures - numbers as people read them (UX.md 11): one prefix a column, right decimals, real minus sign.
 *
 * Only text views use this; JSON and CSV carry base units and all digits. With `unicode` false everything is
 * ASCII: "-" for the minus and for "missing", a plain space before the unit.
 */
#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include "base/quality.h"
#include "catalogue/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURE_SIZE 64

enum figure_place {
    FIGURE_TABLE,    /* powers with 3 decimals from k on */
    FIGURE_HEADLINE, /* 2 below 10, 1 below 100, else 0 */
};

/* A prefix: value / factor is shown, `symbol` stands before the unit. */
struct figure_scale {
    double factor;
    const char *symbol; /* "", "k", "M", "G" */
};

/* Prefix for a column whose largest absolute value is `largest`. `before` is what it was, NULL at first: up at
 * 1000, down at 900, so that live values do not flip. Chosen after rounding: 999.96 W is 1.00 kW. Only powers
 * and energies are scaled. */
struct figure_scale figure_scale(enum unit u, double largest, const struct figure_scale *before);

/* The number alone, as wide as it is: "\u22123.214", "\u2013" where the quality says there is none. */
void figure_number(char text[FIGURE_SIZE], double value, enum quality q, enum unit u,
                   struct figure_scale s, enum figure_place place, bool unicode);

/* Unit with prefix: "kW", "kvarh", "\u00b0". */
void figure_unit(char text[FIGURE_SIZE], enum unit u, struct figure_scale s, bool unicode);

/* Number, narrow space (U+202F), unit. */
void figure_full(char text[FIGURE_SIZE], double value, enum quality q, enum unit u,
                 struct figure_scale s, enum figure_place place, bool unicode);

/* A register: millionths of Wh, varh or VAh as 8+3 digits, "00 812 431.204" (UX.md widget 17). */
void figure_register(char text[FIGURE_SIZE], int64_t micro, bool unicode);

/* Power factor with its kind: "0.962 ind.", "\u22120.871 cap.", "1.000". `reactive` tells which. */
void figure_power_factor(char text[FIGURE_SIZE], double pf, double reactive, enum quality q,
                         bool unicode);

/* Millionths of seconds as "123 h 05 min"; ages: "0.3 s", "12 s", "4 min", "3 h". */
void figure_hours(char text[FIGURE_SIZE], int64_t micro_s);
void figure_age(char text[FIGURE_SIZE], int64_t age_us);

#endif
