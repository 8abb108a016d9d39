/* channel_map - which channel of a record or converter is which voltage or current of the meter.
 *
 * By itself it goes by phase, unit and name: V, U or I with A B C, R S T, R Y B, 1 2 3 or L1 L2 L3 ("VA", "UL1", "IR",
 * "F1-IA", "HV Bus VR"), two of them for line voltages ("U12", "UL1-L2", "Vry"), N G E 4 for neutral and ground.
 * Channels that a device computed (magnitude, angle, differential, zero sequence) are left alone. Of several bays
 * the first complete set counts, and currents whose name starts like the voltages'.
 *
 * By hand: "v1=U1,v2=U2,v3=U3,i1=-I1,i2=3,i3=I3*0.5,in=I4,i1.2=IB1": lane = channel by name or by number from 1,
 * a minus turns it round, a factor scales it, ".2" is the second load. What is not named stays empty.
 *
 * Three voltages to neutral make 3P4W, two line voltages 3P3W, two to neutral 2P3W, one 1P2W. In 3P3W the voltages
 * of a frame stand against a common point: L2 where U12 and U23 are there (v2 is 0), else L1 or L3.
 */
#ifndef DEVICES_CHANNEL_MAP_H
#define DEVICES_CHANNEL_MAP_H

#include "base/err.h"
#include "meter/meter.h"

#include <stdbool.h>

#define CHANNEL_MAP_LANES (METER_GROUP_LANES * (1 + CHANNEL_MAP_LOADS))
#define CHANNEL_MAP_LOADS METER_MAX_LOADS
#define CHANNEL_MAP_MAX 999 /* channels looked at */

/* A channel as its source describes it; texts may be "" and need not be UTF-8. */
struct channel {
    const char *name, *phase, *component;
    const char
        *unit; /* V, kV, A, ampere, ...; "" = goes by the name; factor to V or A is known from it */
    bool empty; /* holds no values: never chosen by itself */
};

struct channel_map {
    int loads; /* 1 .. CHANNEL_MAP_LOADS */
    struct {
        int channel;           /* -1 = this lane stays 0 */
        double factor;         /* from the channel's unit to V or A, with the sign */
    } lane[CHANNEL_MAP_LANES]; /* as in a frame (meter/system.h) */
    enum meter_system system;
    char text[512]; /* for people: "v1=U1, v2=U2, i1=-I1" */
};

/* by_hand  NULL = by itself
 * wiring   NULL = guessed; given, it is checked that its voltages are there
 * ERR_FORMAT   `by_hand` is malformed; ERR_UNKNOWN  it names no channel: the nearest is said
 * ERR_RANGE    no voltage was found, or fewer than the wiring needs */
enum err channel_map_make(struct channel_map *m, const struct channel *channels, int count,
                          const char *by_hand, const enum meter_system *wiring,
                          struct reason *why) CHECKED;

/* Tells the meter what the map found of load `load`: two sensors only in a 3P3W system, a measured neutral. */
void channel_map_describe_load(const struct channel_map *m, int load, struct load_config *l);

/* "v1" .. "in", "i1.2": the name of a lane; `name` >= 8 bytes. */
void channel_map_lane_name(int lane, char *name);

#endif
