/* The meter's state, shared by meter.c (samples to half cycles) and window.c (half cycles to readings). */
#ifndef METER_METER_INTERNAL_H
#define METER_METER_INTERNAL_H

#include "meter/meter.h"

#include "meter/fit_internal.h"
#include "meter/measure_internal.h"
#include "meter/pulse.h"
#include "meter/ring_internal.h"
#include "meter/spectrum_internal.h"
#include "meter/timeline_internal.h"
#include "meter/tracker_internal.h"

#include <stdbool.h>

#define WINDOW_MAX_HALVES (2 * SPECTRUM_MAX_CYCLES)

typedef double sum_row[4];

/* Registers and what else goes on from window to window, of one load. */
struct load_state {
    struct measure_plan plan;
    struct registers_config registers_config;
    struct demand_state demand;
    struct pulse_state pulse;
};

/* Half cycles of the window in progress. Frame numbers are since the start. */
struct window_state {
    int halves, cycles; /* found so far; wanted */
    struct boundary start;
    struct boundary end[WINDOW_MAX_HALVES]; /* of each half cycle */
    sum_row *half[WINDOW_MAX_HALVES];       /* [rows] integrals over each */
    int32_t *peak;                          /* [lanes] */
    bool discontinuity;
    double hz;   /* where it is not cycles / duration; else 0 */
    bool fitted; /* the samples are described by m->fit */
};

struct meter {
    struct meter_config config;
    const struct kernel *kernel;
    struct ring ring;
    struct tracker tracker;
    struct spectrum_engine spectrum;
    struct fit fit;
    struct timeline timeline;
    struct ten_seconds ten_seconds;
    int rows, lanes;
    double rate_hz; /* disciplined */

    /* The segment: frames without a gap */
    int64_t first;               /* its first frame */
    int64_t fed;                 /* the next that the tracker takes */
    int64_t gap[METER_MAX_GAPS]; /* ends of this and later segments */
    int gaps;
    bool gapped;    /* the next stamp is right, whatever is expected */
    bool finishing; /* the tracker knows the end of the segment */
    bool in_cycles; /* `last` is a boundary of this segment */
    struct boundary last;
    sum_row *edge;     /* at `last` */
    sum_row *new_edge; /* work */
    int64_t (*exact)[4];

    struct window_state window;
    sum_row *total;       /* integrals over the window */
    sum_row *fitted;      /* the same of the fit */
    sum_row *extra;       /* over samples outside of whole cycles, not yet in a register */
    double extra_samples; /* how many they are */
    double *drift;        /* [lanes] slow means, counts */
    double drift_s;       /* time they were formed over, at most their time constant */
    double half_square[3], half_samples; /* of the half cycle before the window: V^2 samples */
    int64_t last_end_us;
    bool joined; /* the next window begins where the last one ended */

    struct load_state load[METER_MAX_LOADS];
    struct reading reading[METER_MAX_LOADS];
};

enum err meter_config_check(const struct meter_config *c, struct reason *why);

/* Makes the readings of the first `cycles` cycles of the window; `segment_end` bounds the samples that the
 * transform may read. Advances registers, demand and pulses. Fills *w. */
void window_finish(struct meter *m, int cycles, int64_t segment_end, struct meter_window *w);

/* Puts what is in `extra`, less than a cycle, into the registers where no window takes it; its reactive
 * energy is not known and not counted. */
void window_settle(struct meter *m);

/* As meter_init, with a kernel of choice: tests and benchmarks. */
enum err meter_init_with(struct meter **m, void *memory, const struct meter_config *c,
                         const struct kernel *kernel, struct reason *why) CHECKED;

#endif
