/* scenario - a simulated installation as readable text: the grid, its disturbances, loads made of named parts,
 * their days, and how the meter was (mis)wired. docs/scenarios.md is the manual of the language.
 *
 * scenario_parse reads the text into a plain struct of some 150 kB that the caller owns; everything in it is
 * SI (V, A, W, Hz, s, rad; ratios as fractions). What it means in samples is devices/synth.h. Pure.
 */
#ifndef WIRE_SCENARIO_H
#define WIRE_SCENARIO_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENARIO_MAX_LOADS 11
#define SCENARIO_MAX_PARTS 64 /* of all loads together */
#define SCENARIO_MAX_EVENTS 64
#define SCENARIO_MAX_RAMPS 8
#define SCENARIO_MAX_POINTS 32
#define SCENARIO_MAX_ORDER 63
#define SCENARIO_MAX_TONES 4 /* interharmonic frequencies */
#define SCENARIO_NAME 48

/* An electrical system: phasors of the voltages per unit of `voltage`, L1, L2, L3 against the meter's reference. */
struct scenario_system {
    const char *name; /* as in meter/system.h */
    int phases;       /* that have a voltage */
    bool neutral;     /* loads may be connected phase to neutral */
    double level[3], angle_rad[3];
};
/* NULL where no system has that name. */
const struct scenario_system *scenario_system(const char *name);

/* Relative to the fundamental: ratio[h] of order h, angle at h times the fundamental's phase. */
struct scenario_spectrum {
    double ratio[SCENARIO_MAX_ORDER + 1], angle_rad[SCENARIO_MAX_ORDER + 1];
    double tone[SCENARIO_MAX_TONES]; /* ratio of the interharmonics tone_hz[] */
};

struct scenario_profile {
    int points; /* 0 = always 1 */
    struct {
        double at_s, level;
    } point[SCENARIO_MAX_POINTS]; /* straight lines between; at_s never falls */
};

/* Something that draws (or gives) current. Its level is the product of everything that is given. */
struct scenario_part {
    char name[SCENARIO_NAME];
    int load;
    unsigned phases;  /* bit k = phase k + 1, to neutral (or balanced where all three) */
    int from, to;     /* connected between these phases, 0..2, where from != to */
    double power_w;   /* of all its phases together at nominal voltage; 0 = current_a counts */
    double current_a; /* rms of the fundamental, each phase */
    double angle_rad; /* the current lags the voltage by this */
    bool exports;     /* gives instead of draws */
    struct scenario_spectrum shape; /* of its current */
    struct scenario_profile day;    /* by time of day */
    struct scenario_profile steps;  /* by time since the start */
    double weekend;                 /* factor on Saturday and Sunday */
    double on_s, off_s, after_s;    /* cycle: on, off, on, ... from `after` on; off_s 0 = none */
    double random_on_s, random_every_s; /* on about once in every `every`, for about `on` */
    double inrush, inrush_s;            /* factor at switching on (cycle, random) for this long */
    double wander, wander_s;            /* slow random change up to +-wander over about wander_s */
    double sun_from_s, sun_to_s;        /* a bell between these times of day */
    double clouds, clouds_s; /* takes away up to this part, changing over about clouds_s */
};

enum scenario_input { SCENARIO_DIRECT, SCENARIO_5A, SCENARIO_333MV };

struct scenario_load {
    char name[SCENARIO_NAME];
    enum scenario_input input;
    double ratio;      /* 5A: primary / secondary */
    double nominal_a;  /* primary In of 333MV and DIRECT; 0 = not told */
    double reverse[3]; /* 1, or -1 where that sensor is mounted backwards */
    int sensor_on[3];  /* input k is clamped on this phase, 0..2 */
};

/* A voltage that leaves its nominal level for a while. */
struct scenario_event {
    unsigned phases;
    double level; /* what is left (or more than 1) */
    bool daily;   /* at_s is a time of day; else since the start */
    double at_s, for_s;
    double every_s; /* 0 = once (daily: once a day) */
};

struct scenario {
    char name[128];
    const struct scenario_system *system;
    double nominal_v; /* L-N; 3P3W: L-L */
    double frequency_hz;
    double drift_hz, drift_s; /* slow swing of the frequency: amplitude, period */
    int ramps;
    struct {
        double from_s, to_s, hz_per_s;
    } ramp[SCENARIO_MAX_RAMPS];
    double rate_hz;
    uint64_t seed;
    bool begin_told;
    double begin_s, zone_s;        /* time of day at the start; site's time ahead of UTC */
    double noise_v, noise_a;       /* rms of each channel (primary) */
    bool reversed_sequence;        /* the grid turns L1-L3-L2 */
    int sensors;                   /* of 3P3W: 2 (L1, L3) or 3 */
    double level[3], angle_rad[3]; /* factor and turn of each voltage against its nominal phasor */
    double tone_hz[SCENARIO_MAX_TONES];
    int tones;
    struct scenario_spectrum voltage[3];
    bool missing[3];  /* this voltage is not connected */
    int neutral_swap; /* phase whose wire is exchanged with the neutral's, 1..3; 0 = none */
    int loads, parts, events;
    struct scenario_load load[SCENARIO_MAX_LOADS];
    struct scenario_part part[SCENARIO_MAX_PARTS];
    struct scenario_event event[SCENARIO_MAX_EVENTS];
};

/* Reads a scenario; `file` is its name for messages.
 * ERR_FORMAT  "office.scn:12: ..." and what was expected, with the nearest word known
 * ERR_RANGE   a value outside what makes sense, or a part that does not fit the system
 * ERR_FULL    more loads, parts, ... than the bounds above */
enum err scenario_parse(struct scenario *s, const char *file, const char *text, size_t length,
                        struct reason *why) CHECKED;

#endif
