/* tracker - where the half cycles of the mains begin: phase of the voltages, followed twice a cycle.
 *
 * The voltages, smoothed and decimated to 1600 .. 3200 Hz, form one rotating number s = 2/3 (v1 + a v2 + a^2 v3): it uses
 * differences only, so it needs no neutral and is the same for wild-leg. Its phase under a Hann window of exactly two
 * cycles (nulls on all harmonics and on the opposite sequence) is unwrapped; a boundary is where it passes a multiple of
 * pi, zero crossings of voltage L1 for a balanced system (spec/metrology.md 5.2). Found one cycle late.
 *
 * Without a voltage the last frequency is held and boundaries run free. When voltage comes back, or its
 * phase jumps by more than a change to 0.8 .. 1.4 of the frequency would, phase is taken over as it is: boundaries go on evenly from where they are, so
 * that half cycles keep their length and frequency stays true.
 *
 * Mains are looked for at 40 .. 70 Hz first; where there is a voltage and no such frequency, at TRACKER_MIN_HZ ..
 * TRACKER_MAX_HZ, which takes a cycle longer.
 *
 * Positions are counted in samples from the first of the segment (the stretch without a gap).
 */
#ifndef METER_TRACKER_INTERNAL_H
#define METER_TRACKER_INTERNAL_H

#include "meter/system.h"

#include <stdbool.h>
#include <stdint.h>

#define TRACKER_MIN_HZ 30.0
#define TRACKER_MAX_HZ 100.0
#define TRACKER_KEPT 512   /* decimated samples: 4 cycles of 30 Hz at 3200 Hz, and more */
#define TRACKER_PENDING 32 /* boundaries found and not yet taken */
#define TRACKER_MAX_DECIMATION 80
#define TRACKER_MAX_TAPS (3 * TRACKER_MAX_DECIMATION - 2)

struct boundary {
    int64_t n;       /* at sample n + u of the segment */
    double u;        /* 0 <= u < 1 */
    bool referenced; /* followed from a voltage, not free-running */
    bool even;       /* a whole number of cycles from the segment's first even one */
};

struct tracker {
    /* Constant */
    enum meter_system system;
    double scale[3];                 /* volts a count */
    double rate_hz;                  /* of samples */
    double threshold_v;              /* amplitude of s below which there is no reference */
    double nominal_hz;               /* 0 = not known */
    int decimation;                  /* samples from one average to the next */
    int taps;                        /* samples in an average */
    double weight[TRACKER_MAX_TAPS]; /* whole numbers */
    double decimated_hz;             /* rate of the averages */

    double x[TRACKER_KEPT], y[TRACKER_KEPT]; /* s, real and imaginary part, V */
    int64_t count;                           /* averages of this segment */
    bool started;                            /* first phase of this segment is known */
    bool unusual;                            /* there is no usual frequency at its beginning */
    bool locked;
    double level;   /* amplitude of s when the phase was last found, V */
    int steady;     /* phases in a row with enough voltage */
    int direction;  /* 1: L1-L2-L3, -1: L1-L3-L2 */
    double hz;      /* the frequency followed */
    int64_t last;   /* average at which the phase was last found */
    double ahead;   /* half cycles from the next boundary then: -1 <= ahead < 0 */
    bool next_even; /* the next boundary is an even one */
    double offset;  /* half cycles by which boundaries stand off the zero crossings */
    struct boundary pending[TRACKER_PENDING];
    int pending_count, pending_first;
};

/* `nominal_v` as in meter_config; `scale` volts a count of the three voltages. */
void tracker_init(struct tracker *t, enum meter_system system, double rate_hz, double nominal_v,
                  double nominal_hz, const double scale[3]);

/* Forgets the segment, keeps the frequency. */
void tracker_restart(struct tracker *t);

/* Takes the weighted sum of `taps` samples of each voltage; the next begin `decimation` samples later. */
void tracker_feed(struct tracker *t, const double sum[3]);

/* Finds the next phase if there is enough; boundaries become pending. True where it did something. */
bool tracker_step(struct tracker *t);

/* The segment ends after `samples`: boundaries up to its end are extrapolated. */
void tracker_finish(struct tracker *t, int64_t samples);

/* Takes the next boundary; false where there is none. */
bool tracker_next(struct tracker *t, struct boundary *b);

#endif
