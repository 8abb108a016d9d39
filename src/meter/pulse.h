/* pulse - the meter's LED: one flash for each `weight` of imported energy.
 *
 * The LED shows energy consumption (datasheet, "LED"): exactly what the register kWh+ counts. The caller gives
 * that energy half cycle by half cycle; with totals by phase it is the sum of the importing phases, with easy connection
 * that of the magnitudes, so there export flashes as well; frozen phases give 0. As in the register, the sign is
 * that of the whole call (one measuring window): a window that does not import on the whole counts nothing,
 * and a half cycle of the other sign inside an importing window is netted. So at any time
 *     (pulses + owed) x weight + rest = kWh+ since all-zero
 *
 * Pure. The state is in no register: after a restart set rest_wh to what kWh+ has above a whole number of
 * weights, and no more than what was owed is missing.
 */
#ifndef METER_PULSE_H
#define METER_PULSE_H

#include <stdint.h>

#define PULSE_MIN_SPACING_US 62500 /* 16 Hz at most */
/* More pulses than this are never owed (17 h of flashing); what would come on top is dropped. Within the rated range
 * of the inputs less than 12 come in a second, so none is ever owed for longer than a burst. */
#define PULSE_MAX_OWED 1000000

/* All-zero is valid: no energy yet, never flashed. */
struct pulse_state {
    double rest_wh;      /* not yet flashed, below one weight */
    int64_t last_utc_us; /* of the last pulse; 0 = none */
    int64_t owed;        /* pulses that were due earlier than 16 Hz allowed */
};

/* Goes through the half cycles of one window and gives the instants of its pulses.
 *
 * weight_wh        energy of a pulse, > 0
 * half_wh          energy of each half cycle, signed, in order
 * half_end_utc_us  when each ended, not falling; the first began at start_utc_us
 * pulse_utc_us     room for `most` instants: start <= instant < end of the last half cycle, rising,
 *                  PULSE_MIN_SPACING_US apart; inside a half cycle interpolated linearly (rounded to 1 us)
 *
 * Returns how many instants were written. What 16 Hz or `most` does not let through is owed and comes in
 * later calls, the earliest first. A clock set back does not stop the LED.
 * Returns 0 and changes nothing where an argument is not a number, weight_wh is not above 0, times fall, or
 * halves or most is negative. */
int pulse_run(struct pulse_state *st, double weight_wh, const double *half_wh,
              const int64_t *half_end_utc_us, int halves, int64_t start_utc_us,
              int64_t *pulse_utc_us, int most);

#endif
