/* wiring_internal - the voltages' part of the wiring check, for the wiring check alone. */
#ifndef METER_WIRING_INTERNAL_H
#define METER_WIRING_INTERNAL_H

#include "meter/wiring.h"

#include <math.h>

/* An angle as -180 .. 180. */
static inline double wrap(double deg)
{
    return remainder(deg, 360.0);
}

/* FAULT_NO_VOLTAGE_* and FAULT_VOLTAGE_ANGLES of the first `phases` voltages; 0 where they are as they should be. */
int64_t wiring_voltage_faults(const struct wiring_input *in, int phases);

/* FAULT_SEQUENCE or 0. Only where wiring_voltage_faults is 0. */
int64_t wiring_sequence(const struct wiring_input *in, int phases);

#endif
