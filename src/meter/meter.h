/* meter - samples in, readings out: the whole meter of one installation.
 *
 * meter_push takes frames as they come; after it, meter_poll gives each finished window once. Registers
 * and demand of every load are advanced by the same windows. Everything is deterministic: the same frames give
 * the same readings, in whatever portions they are pushed.
 *
 * Pure: no clock, no I/O, no allocation. The caller gives the memory (meter_size) and reads the state
 * that must survive through meter_image / meter_restore. One thread at a time.
 */
#ifndef METER_METER_H
#define METER_METER_H

#include "base/err.h"
#include "meter/calibration.h"
#include "meter/demand.h"
#include "meter/reading.h"
#include "meter/registers.h"
#include "meter/system.h"

#include <stddef.h>
#include <stdint.h>

#define METER_MIN_RATE_HZ 400.0
#define METER_MAX_RATE_HZ 128000.0
#define METER_MAX_GAPS 8
#define METER_MAX_PULSES 16 /* a window holds at most 0.25 s x 16 Hz = 4; room for a late burst */

enum apparent_rule {
    APPARENT_ARITHMETIC, /* sum of U I */
    APPARENT_VECTOR,     /* sqrt(P^2 + Q1^2) of the system */
    APPARENT_EFFECTIVE   /* IEEE 1459-2010, 3.2.2.5: 3 Ue Ie */
};

/* How a current input is built (datasheet, "Ingressi di corrente"). */
enum input_kind {
    INPUT_DIRECT, /* values are primary already: records; no limits */
    INPUT_5A,     /* AV5: 5 A secondary, ratio 1 .. 2000 */
    INPUT_333MV   /* MV5: 333 mV sensors, primary 1 .. 10 000 A */
};

struct load_config {
    enum input_kind input;
    double ratio;     /* INPUT_5A: primary / secondary, 1 .. 2000 */
    double primary_a; /* INPUT_333MV: primary In, 1 .. 10 000 */
    double nominal_a; /* INPUT_DIRECT: In, for freeze and wiring; 0 = unknown (no freeze) */
    bool generation;  /* may export: wiring check */
    int map
        [3]; /* virtual correction: current input k is phase |map[k]|, reversed if < 0; all 0 = 1,2,3 */
    enum totals_rule rule;
    enum apparent_rule apparent;
    double hours_start_a; /* primary; 0 = start current of the input */
    struct demand_config demand;
    struct calibration calibration;
    double amps_per_count[4]; /* at the meter's input: A (5A), V (333MV), A primary (DIRECT) */
    bool
        two_currents; /* 3P3W with two sensors: input 2 is not connected, its current is -(i1 + i3) */
    bool neutral_measured; /* lane 4 carries the neutral current; else it is -(i1 + i2 + i3) */
};

struct meter_config {
    double rate_hz; /* METER_MIN_RATE_HZ .. METER_MAX_RATE_HZ */
    enum meter_system system;
    double nominal_v;  /* Un L-N (3P3W: L-L); 0 = unknown: no limits, no freeze by power */
    double nominal_hz; /* 50 or 60: cycles a window 10 or 12; 0 = by the frequency found */
    bool
        remove_offset; /* subtract the slow mean of each channel (what is not AC is converter offset) */
    bool simulated; /* sets FLAG_SIMULATED */
    double volts_per_count[4];
    int loads; /* 1 .. METER_MAX_LOADS */
    struct load_config load[METER_MAX_LOADS];
};

/* What must survive a restart, per load; fixed layout, checked by store/register_file. */
struct meter_image {
    struct registers registers;
    struct demand_set demand;
    struct demand_state demand_state;
};

struct pulse {
    int64_t utc_us; /* instant of the crossing, interpolated inside its half cycle */
};

/* A finished window. Pointers are into the meter's memory, valid until the next call on it. */
struct meter_window {
    int64_t start_utc_us, end_utc_us;
    int loads;
    const struct reading *reading; /* [loads] */
    int pulse_count[METER_MAX_LOADS];
    struct pulse pulse[METER_MAX_LOADS][METER_MAX_PULSES];
    /* Half cycles of this window, for dips and fast control: rms over one cycle, renewed each half cycle.
     * All channels share the boundaries of the system's phase (exact for whole cycles whatever the start).
     * L-N; L1-L2, L2-L3, L3-L1 of a system without neutral. Calibrated as load 0. */
    int half_cycles;
    double urms_half_v[32][3]; /* Urms(1/2), IEC 61000-4-30:2015 3.18 */
};

struct meter;

size_t meter_size(const struct meter_config *c);

/* Makes a meter in `memory` (64-byte aligned, meter_size bytes, kept by the caller).
 * ERR_RANGE  a part of the config is outside its range; `why` names it */
enum err meter_init(struct meter **m, void *memory, const struct meter_config *c,
                    struct reason *why) CHECKED;

/* Takes `count` frames, of which the first was sampled at `utc_us`. At most meter_room(m) frames: at least
 * 0.1 s of them after meter_poll has returned false. What is beyond +-METER_RAW_MAX is limited to it.
 * ERR_FULL   more than meter_room; nothing was taken: poll first */
enum err meter_push(struct meter *m, const int32_t *frames, size_t count, int64_t utc_us) CHECKED;
size_t meter_room(const struct meter *m);

/* Samples are missing before the next push: what is left of whole cycles becomes a window (FLAG_PARTIAL), windows
 * start anew, registers go on and lose no sample. A changed clock (utc_us jumps while samples go
 * on) is not a gap. At most METER_MAX_GAPS wait for meter_poll; then meter_room is 0. */
void meter_gap(struct meter *m);

/* A correction of the sample clock: true rate / configured rate, 0.999 .. 1.001 (disciplined by NTP). */
enum err meter_discipline(struct meter *m, double factor) CHECKED;

/* Fills *w and returns true while there is a finished window. */
bool meter_poll(struct meter *m, struct meter_window *w);

/* The record has ended: what is left of whole cycles becomes a last window (FLAG_PARTIAL). Poll again after it.
 *
 * A record (or a stretch between two gaps) that is shorter than one window gives one reading of all its samples: that of the
 * direct part and the orders 1 .. 63 that fit them best, by least squares, so that U, I and P are of what repeats.
 * Where more than a fifth does not repeat (a fault inside the record), the whole cycles are taken as they are.
 * Registers always count the samples themselves. */
void meter_end(struct meter *m);

void meter_image(const struct meter *m, int load, struct meter_image *image);
void meter_restore(struct meter *m, int load, const struct meter_image *image);

enum err meter_set_tariff(struct meter *m, int load, int tariff) CHECKED;
void meter_reset_partial(struct meter *m, int load);
void meter_stop_partial(struct meter *m, int load, bool stopped);
void meter_reset_demand(struct meter *m, int load);

/* kWh a pulse of the LED of this load (datasheet, "LED"): 0.001, 0.01, 0.1 or 1. */
double meter_pulse_weight_kwh(const struct load_config *l);

#endif
