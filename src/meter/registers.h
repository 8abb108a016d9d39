/* registers - the trusted counters of one load: energies, hours, pulses.
 *
 * Counters are integers of a millionth of their unit (uWh, uvarh, uVAh, us) with the part below carried
 * as a remainder, so no step is lost and nothing drifts; int64 uWh lasts 73 years at 14 MW
 * (spec: DESIGN.md 5). Steps come once a measuring window, with the exact energy of that window.
 *
 * Pure: no clock, no I/O, no allocation. All-zero is a valid empty set. A register never falls.
 */
#ifndef METER_REGISTERS_H
#define METER_REGISTERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define METER_TARIFFS 8

struct counter {
    int64_t micro; /* millionths of the unit; never falls */
    double rest;   /* millionths not yet in `micro`: 0 <= rest < 1 */
};

/* The order of fields is the layout of the register file (store/register_file.h): append only. */
struct registers {
    struct counter import, export; /* Wh, system */
    struct counter import_phase[3], export_phase[3];
    struct counter import_partial, export_partial;
    struct counter import_tariff[METER_TARIFFS];
    struct counter active_quadrant[4];               /* I, II, III, IV */
    struct counter reactive_import, reactive_export; /* varh, system */
    struct counter reactive_import_phase[3], reactive_export_phase[3];
    struct counter reactive_import_partial, reactive_export_partial;
    struct counter reactive_quadrant[4];
    struct counter apparent; /* VAh */
    struct counter apparent_phase[3];
    struct counter apparent_partial;
    struct counter apparent_quadrant[4];
    struct counter hours_import, hours_import_partial, hours_export, hours_export_partial; /* s */
    struct counter hours_on;
    struct counter pulses;   /* LED */
    int64_t tariff;          /* 1 .. METER_TARIFFS; 0 is read as 1 */
    int64_t partial_stopped; /* 1 while the partial counters are paused */
};

/* How totals are formed from the phases (spec/product.md 5.3). */
enum totals_rule {
    TOTALS_EASY,      /* mode A: power counts as import whatever its sign; kvarh+ in I and III */
    TOTALS_PHASE_SUM, /* mode B: a total is the sum of the phase counters */
    TOTALS_SYSTEM     /* mode C: the sign of the system's sum decides (initial) */
};

struct registers_config {
    enum totals_rule rule;
    /* No creep (spec/metrology.md 5.5): a phase counts nothing while |P| < freeze_w and I < freeze_a. */
    double freeze_w, freeze_a;
    double hours_start_a; /* hour counters run while any phase's current is at least this */
};

/* One window of one load. Energies are exact integrals over the window, signed. */
struct registers_step {
    double duration_s;
    double active_wh[3];     /* > 0 import */
    double reactive_varh[3]; /* Q1 x time */
    double apparent_vah[3];
    double apparent_system_vah; /* by the chosen definition of S */
    double current_a[3];        /* TRMS, for the freeze rule and the hours */
};

/* Adds one window to every register that it touches.
 * ERR_RANGE  a value is not a number or absurd (duration outside 0 .. 60 s, more than 1e9 VA in any
 *            phase); nothing was added */
enum err registers_add(struct registers *r, const struct registers_config *c,
                       const struct registers_step *s) CHECKED;

/* Adds time to the on-time counter; also runs while there is nothing to measure. */
enum err registers_add_on_time(struct registers *r, double duration_s) CHECKED;

void registers_reset_partial(struct registers *r);
/* tariff 1 .. METER_TARIFFS, else ERR_RANGE */
enum err registers_set_tariff(struct registers *r, int tariff) CHECKED;

#endif
