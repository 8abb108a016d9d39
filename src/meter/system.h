/* system - the electrical systems that the meter knows, and the layout of its samples. */
#ifndef METER_SYSTEM_H
#define METER_SYSTEM_H

/* The order is stored in settings by name, never by number. */
enum meter_system {
    SYSTEM_1P2W, /* one phase, two wires: v1, i1 */
    SYSTEM_2P3W, /* split phase, three wires: v1, v2, i1, i2 */
    SYSTEM_3P4W, /* three phases and neutral */
    SYSTEM_3P3W, /* three phases, no neutral: two voltages against L2 (or three against any common point),
                       two or three currents */
    SYSTEM_WILD_LEG /* four-wire delta: L2 is the high leg (208 V where L1 and L3 have 120 V) */
};

/* A frame is one instant: groups of four int32 lanes, [v1 v2 v3 vx], then [i1 i2 i3 in] for each load.
 * Absent channels are 0. |raw| <= METER_RAW_MAX, so that 128 products sum exactly in a double. */
#define METER_GROUP_LANES 4
#define METER_RAW_MAX ((1 << 23) - 1)

/* "1P2W", "2P3W", "3P4W", "3P3W", "wild-leg": as in settings, scenarios and JSON; NULL-terminated. */
extern const char *const meter_system_names[];

#endif
