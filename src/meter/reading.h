/* reading - all that the meter knows of one load after a measuring window.
 *
 * A window is 10 whole cycles at 50 Hz, 12 at 60 Hz (IEC 61000-4-30:2015, 4.4), from zero to zero of the
 * fundamental's phase, without gap or overlap. All values are primary. catalogue/variables.def
 * names the fields for the rest of the house.
 *
 * Signs (docs/metering.md): power_w > 0 is import. reactive_var > 0 where the current's fundamental lags.
 * What a system does not have (phase 3 of a split-phase home) is 0 and has QUALITY_ABSENT.
 */
#ifndef METER_READING_H
#define METER_READING_H

#include "base/quality.h"
#include "catalogue/catalogue.h"
#include "meter/demand.h"
#include "meter/registers.h"
#include "meter/system.h"
#include "meter/wiring.h"

#include <stdint.h>

#define METER_MAX_LOADS 11

/* Bits of measurement.flags */
enum meter_flag {
    FLAG_NO_REFERENCE = 1 << 0,  /* no voltage to follow: window by the last or nominal frequency */
    FLAG_PARTIAL = 1 << 1,       /* fewer whole cycles than a window: the end of a record */
    FLAG_DISCONTINUITY = 1 << 2, /* samples were missing just before this window */
    FLAG_FREQUENCY_RANGE = 1 << 3, /* outside 45 .. 65 Hz */
    FLAG_SIMULATED = 1 << 4,       /* from a scenario, not from an input */
    FLAG_UNSTEADY =
        1
        << 5, /* a dip, a swell, a jump of phase or frequency inside the window: rms, P and energy are
                               those of its samples; frequency, Q1, spectra and symmetry are of a mixture */
    FLAG_OVER_V1 = 1 << 8, /* voltage above 1.5 Un max., or the converter at its end */
    FLAG_OVER_V2 = 1 << 9,
    FLAG_OVER_V3 = 1 << 10,
    FLAG_OVER_I1 = 1 << 11, /* current above Imax, or the converter at its end */
    FLAG_OVER_I2 = 1 << 12,
    FLAG_OVER_I3 = 1 << 13,
    FLAG_UNRATED_V1 = 1 << 16, /* outside 0.8 .. 1.15 Un: accuracy is not promised */
    FLAG_UNRATED_V2 = 1 << 17,
    FLAG_UNRATED_V3 = 1 << 18,
};

struct phase_measurement {
    double voltage_v; /* TRMS against neutral; in a 3-wire system against the virtual star point */
    double current_a; /* TRMS */
    double power_w;   /* mean of v i */
    double reactive_var;    /* Q1, of the fundamental */
    double apparent_va;     /* U I */
    double power_factor;    /* P / S, sign of P; 0 where S is 0 */
    double displacement_pf; /* P1 / S1, sign of P1 */
    double fundamental_w;   /* P1 */
    double nonactive_var;   /* Fryze: sqrt(S^2 - P^2) */
    double budeanu_var;     /* sum over orders of U_h I_h sin phi_h */
    double fundamental_v, fundamental_a;
    double voltage_angle_deg; /* against the fundamental of voltage L1; -180 < a <= 180 */
    double current_angle_deg; /* likewise */
    double phi_deg;           /* voltage angle minus current angle; > 0: current lags */
    double thd_voltage_pct,
        thd_current_pct;                 /* subgroups 2 .. 40 of subgroup 1 (THDS of 61000-4-7) */
    double crest_voltage, crest_current; /* largest |sample| / TRMS */
    double k_factor;                     /* sum (h I_h)^2 / sum I_h^2, orders 1 .. 63 */
};

struct line_measurement { /* L1-L2, L2-L3, L3-L1 */
    double voltage_v;
    double thd_pct;
};

/* Index is the order; [0] of magnitude is the direct part. Orders that the sampling rate does not let through
 * (above about 0.4 of it) are 0. */
struct channel_spectrum {
    double magnitude[SPECTRUM_ORDERS +
                     1]; /* rms of the harmonic subgroup, V or A; of the order's bin alone in
                                              windows of less than 8 cycles */
    double angle_deg[SPECTRUM_ORDERS +
                     1]; /* of the centre bin, against h times the angle of voltage L1's
                                           fundamental, so that it does not depend on the window */
    double interharmonic[SPECTRUM_ORDERS + 1]; /* rms of the centred subgroup above the order */
};

struct spectrum {
    struct channel_spectrum voltage[3]; /* L-N */
    struct channel_spectrum line[3];    /* L-L */
    struct channel_spectrum current[4]; /* L1, L2, L3, N */
};

struct measurement {
    int64_t start_utc_us, end_utc_us; /* of the window, half-open */
    double duration_s;                /* exact, of the window */
    int cycles;
    struct phase_measurement phase[3];
    struct line_measurement line[3];
    double voltage_ln_v, voltage_ll_v; /* means of those that the system has */
    double current_a;                  /* mean of the phases that the system has */
    double current_n_a;
    double power_w, reactive_var,
        apparent_va; /* apparent: arithmetic, vector or effective, by setting */
    double power_factor, displacement_pf;
    double fundamental_w, nonactive_var, budeanu_var;
    double frequency_hz;     /* whole cycles / duration of this window */
    double frequency_10s_hz; /* IEC 61000-4-30:2015, 5.1: whole cycles inside the last 10 s tick */
    double thd_voltage_ln_pct, thd_voltage_ll_pct;
    double unbalance_u2_pct,
        unbalance_u0_pct; /* |negative|, |zero| / |positive| sequence; positive is
                                                  the one that phase_sequence tells */
    double unbalance_voltage_pct,
        unbalance_current_pct; /* largest deviation from the mean / mean */
    int64_t phase_sequence;    /* 1 = L1-L2-L3, -1 = L1-L3-L2, 0 = not a three-phase voltage */
    int64_t flags;             /* enum meter_flag */
    enum meter_system system;
    enum quality voltage_quality[3], current_quality[4], frequency_quality;
    enum quality
        frequency_10s_quality; /* UNCERTAIN until a tick of 10 s was followed from end to end: until
                                           then frequency_10s_hz is that of the last window */
    struct spectrum spectrum;
};

struct reading {
    struct measurement now;
    struct registers total;
    struct demand_set demand;
    struct wiring wiring;
};

/* Quality of one variable: the worst of the inputs that it needs in its scope, ABSENT where the
 * system has no such thing. Age is not considered here (the snapshot's reader knows it). */
enum quality reading_quality(const struct reading *r, const struct variable *v);

#endif
