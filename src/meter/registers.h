/* registers - the trusted counters of one load: energies, hours, pulses.
 *
 * Counters are integers of a millionth of their unit (uWh, uvarh, uVAh, us) with the part below carried
 * as a remainder, so no step is lost and nothing drifts; int64 uWh lasts 73 years at 14 MW
 * (spec: DESIGN.md 5). Steps come once a measuring window, with the exact energy of that window.
 *
 * What must agree, agrees to the last millionth, under every rule of totals: a step is rounded once, and the
 * same integer goes to the total, its quadrant, its tariff and its partial counter. So
 *     kWh+ = QI + QIV,  kWh- = QII + QIII,  kvarh+ = QI + QII,  kvarh- = QIII + QIV,  kVAh = QI + .. + QIV
 *     kWh+ = sum of tariffs;  with TOTALS_EASY and TOTALS_PHASE_SUM also total = sum of the phases
 * hold exactly. What the carry costs instead: less than one millionth may land in the quadrant that is
 * active next; it never adds up in a total. `rest` is kept by the counter that rounds (totals or phases).
 *
 * Pure: no clock, no I/O, no allocation. All-zero is a valid empty set. A register never falls; one that would
 * pass INT64_MAX stays there.
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
    /* Mode A: the direction of a current does not matter. A phase in quadrant III counts as one in I, II as IV;
     * only kWh+ and (in I) kvarh+ count, export and kvarh- never do. Totals are the sum of the phases. */
    TOTALS_EASY,
    /* Mode B: a total is the sum of the phase counters, each by its own sign. Active and reactive energy go to the
     * quadrant of their phase (else kWh+ = QI + QIV could not hold), kVAh to the quadrant of the system. */
    TOTALS_PHASE_SUM,
    /* Mode C (initial): the signs of the system's P and Q1 over the window decide for everything. */
    TOTALS_SYSTEM
};

struct registers_config {
    enum totals_rule rule;
    /* No creep (spec/metrology.md 5.5): a phase counts nothing while |P| < freeze_w and I < freeze_a. */
    double freeze_w, freeze_a;
    double hours_start_a; /* hour counters run while any phase's current is at least this */
    /* Three wires: power per phase has no meaning. Totals are formed from the system's sum whatever the rule (EASY
     * folds that sum), phase counters of active and reactive energy stay where they are. */
    bool three_wire;
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

#define REGISTERS_MAX_STEP_S 60.0
#define REGISTERS_MAX_VA 1e9         /* in any phase */
#define REGISTERS_MAX_SYSTEM_VA 1e10 /* effective apparent power may exceed the sum of the phases */
#define REGISTERS_MAX_ON_TIME_S 86400.0

/* Adds one window to every register that it touches. Import hours run while kWh+ counts and the current of a
 * phase that is not frozen is at least hours_start_a; export hours likewise with kWh-. Of
 * apparent_system_vah, the share of phases that are not frozen is counted.
 * ERR_RANGE  a value is not a number or absurd (duration outside 0 .. 60 s, more than 1e9 VA in any
 *            phase, a negative current, S or limit, an unknown rule or tariff); nothing was added */
enum err registers_add(struct registers *r, const struct registers_config *c,
                       const struct registers_step *s) CHECKED;

/* Adds time to the on-time counter; also runs while there is nothing to measure.
 * ERR_RANGE  duration is not a number or outside 0 .. REGISTERS_MAX_ON_TIME_S; nothing was added */
enum err registers_add_on_time(struct registers *r, double duration_s) CHECKED;

/* Sets the partial counters (energies and hours) to zero; whether they are paused stays. */
void registers_reset_partial(struct registers *r);
/* tariff 1 .. METER_TARIFFS, else ERR_RANGE */
enum err registers_set_tariff(struct registers *r, int tariff) CHECKED;

#endif
