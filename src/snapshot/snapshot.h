/* snapshot - one picture of everything the meter knows, as every output sees it.
 *
 * Plain data of fixed layout, copied whole: filled by the meter once a window, published in the
 * window (snapshot/window.h), passed down as `const struct snapshot *`. In a tick no two outputs can disagree.
 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include "catalogue/catalogue.h"
#include "meter/reading.h"

#include <stdint.h>

union snapshot_value {
    double real;     /* KIND_INSTANT, KIND_DEMAND */
    int64_t integer; /* KIND_COUNTER (millionths), KIND_STATE, KIND_TIME */
};

struct snapshot_load {
    union snapshot_value value[VAR_COUNT];
    uint8_t quality[VAR_COUNT]; /* enum quality */
    int16_t
        wiring_map[3]; /* struct wiring.map and .hint: what wiring_text needs beside the values */
    int16_t wiring_hint;
};

/* How far the clock behind the time stamps can be trusted (DESIGN.md 4). */
enum clock_quality {
    CLOCK_UNKNOWN,
    CLOCK_SET,          /* by RTC or a person */
    CLOCK_SYNCHRONISED, /* by NTP or better */
    CLOCK_SIMULATED     /* of a scenario or a record */
};

/* What the meter knows of its source when it publishes. */
enum source_state { SOURCE_RUNNING, SOURCE_STALLED, SOURCE_LOST, SOURCE_ENDED };

struct snapshot {
    uint64_t sequence;     /* of the measuring window, from 1 */
    int64_t utc_us;        /* end of the window */
    int64_t monotonic_us;  /* CLOCK_MONOTONIC when it was published: tells its age */
    int32_t clock_quality; /* enum clock_quality */
    int32_t loads;
    int32_t system;       /* enum meter_system */
    int32_t source_state; /* enum source_state */
    char source[96];      /* where the samples come from, for people */
    struct snapshot_load load[METER_MAX_LOADS];
};

/* Spectra of the latest window only: not in the ring. float is enough (class 0.01). */
struct snapshot_spectra {
    uint64_t sequence;
    float value[METER_MAX_LOADS][SPECTRUM_COUNT][SPECTRUM_ORDERS];
};

void snapshot_fill_load(struct snapshot_load *l, const struct reading *r);
void snapshot_fill_spectra(float value[SPECTRUM_COUNT][SPECTRUM_ORDERS], const struct reading *r);

/* Value in its catalogue unit: counters in Wh, not uWh. For arithmetic on counters use .integer. */
double snapshot_real(const struct snapshot_load *l, enum variable_id id);

/* Marks values by age: older than `stale_us` STALE, than `failed_us` FAILED (registers: STALE at most,
 * since a register keeps its value). */
void snapshot_age(struct snapshot *s, int64_t age_us, int64_t stale_us, int64_t failed_us);

#endif
