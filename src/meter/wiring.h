/* wiring - is the meter wired as it should be? From the phasors of one window.
 *
 * Never says OK when it is not sure: where the load is too small or its angle fits several wirings,
 * the verdict is UNDECIDED and the text says what is needed (spec/product.md 5.5).
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

struct wiring {
    int64_t verdict; /* enum wiring_verdict */
    int64_t faults;  /* enum wiring_fault */
    int64_t map
        [3]; /* the correction: the current input k belongs to phase |map[k]| (1..3), reversed if < 0;
                        0 where not known. {1,2,3} when nothing is to be changed */
};

struct wiring_input {
    enum meter_system system;
    double nominal_v; /* L-N; of 3P3W: L-L / sqrt 3 */
    double nominal_a; /* primary In */
    bool generation;  /* this load may export: then all currents reversed is not a fault */
    double voltage_v[3], voltage_deg[3]; /* fundamentals L-N */
    double current_a[3], current_deg[3];
};

void wiring_check(const struct wiring_input *in, struct wiring *out);

/* One sentence for the installer: what is wrong and what to do, English; `size` >= 200. */
void wiring_text(const struct wiring *w, const struct wiring_input *in, char *text, int size);

#endif
