/* second - measuring windows folded into whole UTC seconds, for the ring and the history.
 *
 * A second ends with the first window that ends at or after it, so each window belongs to exactly one. Of a KEEP_MEAN
 * value it holds the mean weighted by time; of voltages and currents the rms of the rms values, as
 * IEC 61000-4-30:2015, 4.5.3 aggregates; of all others the last. Quality is the worst. Pure; all-zero is empty.
 */
#ifndef SNAPSHOT_SECOND_H
#define SNAPSHOT_SECOND_H

#include "snapshot/snapshot.h"

#include <stdbool.h>

struct second {
    int64_t utc_second;  /* that is being filled, as seconds since 1970; 0 = none */
    int64_t last_utc_us; /* end of the last window */
    double weight_s;
    double sum[METER_MAX_LOADS][VAR_COUNT]; /* of x or x squared, times seconds */
    uint8_t worst[METER_MAX_LOADS][VAR_COUNT];
};

/* Adds a window. Returns true where it completes a second, which is then in *out (utc_us: the end of the
 * second, a whole one; sequence and monotonic_us: of the window). A step of the clock starts anew. */
bool second_add(struct second *s, const struct snapshot *window, struct snapshot *out);

#endif
