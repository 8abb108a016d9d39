/* wiring - is the meter wired as it should be? From the phasors of one window.
 *
 * Voltages are judged first: a missing one, or angles that the system cannot have, end the check (put right what
 * is named, then look again). Then all ways to connect the currents (6 permutations, 8 reversals) are tried; the ones
 * that explain every current with a usual load are kept, and the one with the fewest faults is named.
 *
 * A usual load is one between about 10 degrees capacitive and 45 inductive in three-phase systems; in
 * single-phase and split-phase systems, where only the sign matters, +-80. The window is as wide as it can be:
 * one step between two wirings is 60 degrees, so what is more than 58 wide would fit two of them. OK is said in
 * a narrower one, 5 capacitive to 40 inductive and 2.5 for noise: where no other wiring fits with any load from 17
 * degrees capacitive to 52 inductive (power factor 0.95 to 0.61). For the same reason no meter can tell these
 * apart, and the check decides as follows:
 *   - right, with a load beyond that window | all three rotated and reversed, usual load: UNDECIDED (currents of
 *     about equal angle that all import are never called a fault)
 *   - right, with a usual load | all three rotated and reversed with a load of 17 .. 68 degrees capacitive or beyond
 *     52 inductive: OK, but the text of OK tells the power factor that it rests on, which an installer can compare
 *     with what is switched on (EM340 states the same window: spec/product.md 5.5)
 *   - split phase: exchanged and both reversed | right: OK (the same energy). Where v2 = -v1 the single fault is named:
 *     exchanged | both reversed: exchanged
 * Otherwise it never says OK when it is not sure: where the load is too small, absent in a phase, or its angle fits
 * several wirings, the verdict is UNDECIDED and the text says what is needed.
 *
 * 3P3W: angles are against the virtual star point. With two current transformers the third current is derived, so it
 * is wrong whenever one of them is: set `currents` to 2. Strongly unequal line-to-line loads end UNDECIDED.
 * Wild leg: voltages 0, +-90, 180 degrees, unequal on purpose; the windows of L1 and L3 are wider by the angle between
 * L-N and the star point, since their loads may be single-phase or three-phase.
 *
 * Pure.
 */
#ifndef METER_WIRING_H
#define METER_WIRING_H

#include "meter/system.h"

#include <stdbool.h>
#include <stdint.h>

enum wiring_verdict { WIRING_UNDECIDED, WIRING_OK, WIRING_FAULTY };

/* Bits of `faults`. The first eight are register 1105h of the family (spec/product.md 1.8). */
enum wiring_fault {
    FAULT_SEQUENCE = 1 << 0, /* voltages turn L1-L3-L2 */
    FAULT_REVERSED_1 = 1 << 1,
    FAULT_REVERSED_2 = 1 << 2,
    FAULT_REVERSED_3 = 1 << 3,
    FAULT_SWAPPED_12 = 1 << 4, /* current transformers of phases 1 and 2 exchanged */
    FAULT_SWAPPED_13 = 1 << 5,
    FAULT_SWAPPED_23 = 1 << 6,
    FAULT_ROTATED = 1 << 7, /* all three currents one phase on: see `map` for the direction */
    FAULT_NO_VOLTAGE_1 = 1 << 8,
    FAULT_NO_VOLTAGE_2 = 1 << 9,
    FAULT_NO_VOLTAGE_3 = 1 << 10,
    FAULT_VOLTAGE_ANGLES =
        1 << 11, /* voltages present, but not 120 (180, 90) degrees apart: neutral swapped
                                       with a phase, or the same phase twice, or the wrong system set */
    FAULT_NO_CURRENT_1 =
        1 << 12, /* no current in a phase while others carry load: reported, not a fault
                                       of its own (a load may be single-phase) */
    FAULT_NO_CURRENT_2 = 1 << 13,
    FAULT_NO_CURRENT_3 = 1 << 14,
};

/* Why a verdict is UNDECIDED. */
enum wiring_hint {
    HINT_NONE,
    HINT_LOW_CURRENT,  /* all currents below 1 % In (unknown In: no current at all) */
    HINT_PART_CURRENT, /* those that flow are right; no current in another phase */
    HINT_POOR_PF,      /* all currents import at an equal angle that also fits a wrong wiring */
    HINT_NO_MATCH,     /* no wiring explains them with a usual load */
    HINT_AMBIGUOUS,    /* several do, equally well */
    HINT_MIXED,        /* generation: some phases import, others export */
    HINT_NO_PHASE,     /* there are voltages, of no frequency that is followed: no angles */
    HINT_COUNT
};

struct wiring {
    int64_t verdict; /* enum wiring_verdict */
    int64_t faults;  /* enum wiring_fault */
    int64_t map
        [3]; /* the correction: the current input k belongs to phase |map[k]| (1..3), reversed if < 0;
                        0 where not known. {1,2,3} when nothing is to be changed */
    int64_t hint; /* enum wiring_hint; HINT_NONE unless UNDECIDED */
};

struct wiring_input {
    enum meter_system system;
    double nominal_v; /* L-N; of 3P3W: L-L / sqrt 3 */
    double nominal_a; /* primary In */
    bool generation;  /* this load may export: then all currents reversed is not a fault */
    int currents; /* 3P3W: 2 = two transformers, that of L2 is derived; 3 = three; 0 = not known */
    bool
        no_phase; /* angles have no meaning, voltage_v is TRMS: only missing voltages can be told */
    double voltage_v[3], voltage_deg[3]; /* fundamentals L-N */
    double current_a[3], current_deg[3];
};

void wiring_check(const struct wiring_input *in, struct wiring *out);

/* One sentence for the installer: what is wrong and what to do, English; `size` >= 200. */
void wiring_text(const struct wiring *w, const struct wiring_input *in, char *text, int size);

#endif
