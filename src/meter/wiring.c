#include "meter/wiring_internal.h"

#include <math.h>
#include <string.h>

#define RADIANS (3.14159265358979323846 / 180.0)

#define LOW_CURRENT 0.01       /* of In */
#define LOW_CURRENT_SHARE 0.02 /* of the largest, where In is not known */
#define LOW_CURRENT_A 0.001    /* likewise: nothing flows */

/* The window of a usual load: 58 of the 60 degrees from one wiring to the next, round the -5 .. 40 degrees of
 * spec/product.md 5.5. */
#define USUAL_LOW_DEG (-11.5)
#define USUAL_HIGH_DEG 46.5
#define SIGN_ONLY_DEG 80.0 /* where wirings are 180 degrees apart */

/* The window in which a right wiring is called so: the -5 .. 40 degrees of the family (spec/product.md 5.5), and noise. It
 * is narrower than the one that names faults: outside of it three currents rotated and reversed are the likelier, the
 * farther the load is from an ohmic one. */
#define SURE_LOW_DEG (-7.5)
#define SURE_HIGH_DEG 42.5

#define EQUAL_ANGLES_DEG 30.0 /* loads of three phases differ less than this, wirings by 60 */
#define POOR_LOW_DEG (-75.0)  /* no load leads more */
#define POOR_HIGH_DEG 90.0    /* an idle transformer or motor lags up to 85 */

#define BALANCED_DEG 15.0 /* three wires: angles and sizes of the lines differ less */
#define BALANCED_SHARE 0.5
#define WILD_LEG_DEG 12.0 /* noise, and loads that differ in angle */
#define COLLINEAR_DEG 20.0
#define ZERO_SUM 0.05 /* of the largest current: noise of three phasors */

#define NOTHING_FITS 99 /* more than any number of faults */

struct window {
    double low, high;
};

/* One way to connect the inputs: input k carries the current of phase phase[k], turned round if reversed[k]. */
struct hypothesis {
    int phase[3];
    bool reversed[3];
};

struct judge {
    const struct wiring_input *in;
    int phases;
    bool present[3]; /* current k is large enough to have an angle */
    bool two_transformers;
    struct window window[3]; /* of phi, per phase */
    double lead[3];          /* wild leg: of the voltage to neutral before that to the star point */
};

static const int permutations[6][3] = {
    {0, 1, 2}, {1, 0, 2}, {2, 1, 0}, {0, 2, 1}, {1, 2, 0}, {2, 0, 1},
};
static const int64_t permutation_fault[6] = {
    0, FAULT_SWAPPED_12, FAULT_SWAPPED_13, FAULT_SWAPPED_23, FAULT_ROTATED, FAULT_ROTATED,
};

static int phases_of(enum meter_system s)
{
    return s == SYSTEM_1P2W ? 1 : s == SYSTEM_2P3W ? 2 : 3;
}

static int find_currents(struct judge *j)
{
    const struct wiring_input *in = j->in;
    double largest = 0;
    for (int k = 0; k < j->phases; k++)
        largest = fmax(largest, in->current_a[k]);
    double least = in->nominal_a > 0 ? LOW_CURRENT * in->nominal_a
                                     : fmax(LOW_CURRENT_SHARE * largest, LOW_CURRENT_A);
    int count = 0;
    for (int k = 0; k < j->phases; k++) {
        j->present[k] = in->current_a[k] >= least;
        count += j->present[k];
    }
    return count;
}

static void set_windows(struct judge *j)
{
    const struct wiring_input *in = j->in;
    bool sign_only =
        in->system == SYSTEM_1P2W ||
        (in->system == SYSTEM_2P3W && fabs(wrap(in->voltage_deg[1] - in->voltage_deg[0])) > 150);
    double star_re = 0, star_im = 0;
    for (int p = 0; p < 3; p++) {
        star_re += in->voltage_v[p] * cos(in->voltage_deg[p] * RADIANS) / 3;
        star_im += in->voltage_v[p] * sin(in->voltage_deg[p] * RADIANS) / 3;
    }
    for (int p = 0; p < 3; p++) {
        struct window w = {USUAL_LOW_DEG, USUAL_HIGH_DEG};
        if (sign_only)
            w = (struct window){-SIGN_ONLY_DEG, SIGN_ONLY_DEG};
        if (in->system == SYSTEM_WILD_LEG) {
            double re = in->voltage_v[p] * cos(in->voltage_deg[p] * RADIANS) - star_re;
            double im = in->voltage_v[p] * sin(in->voltage_deg[p] * RADIANS) - star_im;
            j->lead[p] = wrap(in->voltage_deg[p] - atan2(im, re) / RADIANS);
            w.low += fmin(0, j->lead[p]);
            w.high += fmax(0, j->lead[p]);
        }
        j->window[p] = w;
    }
}

/* How far the current of `angle_deg` would lag behind the voltage of phase p. */
static double lag(const struct judge *j, int p, double angle_deg, bool reversed)
{
    return wrap(j->in->voltage_deg[p] - angle_deg + (reversed ? 180 : 0));
}

static bool usual(const struct judge *j, int p, double phi)
{
    return phi >= j->window[p].low && phi <= j->window[p].high;
}

/* Three line currents that differ little. Without a neutral, unequal ones let a wrong connection look like a right
 * one: a load between two lines shows the same current at both. */
static bool balanced(const double amps[3], const double phi[3])
{
    for (int k = 0; k < 3; k++)
        for (int other = 0; other < 3; other++)
            if (fabs(wrap(phi[k] - phi[other])) > BALANCED_DEG ||
                amps[k] < BALANCED_SHARE * amps[other])
                return false;
    return true;
}

/* Two transformers: whether the third line carries what the others say, if the hypothesis is right. */
static bool third_usual(const struct judge *j, const struct hypothesis *h)
{
    const struct wiring_input *in = j->in;
    double re = 0, im = 0;
    for (int k = 0; k < 3; k += 2) {
        double a = (h->reversed[k] ? -1 : 1) * in->current_a[k];
        re -= a * cos(in->current_deg[k] * RADIANS);
        im -= a * sin(in->current_deg[k] * RADIANS);
    }
    const double amps[3] = {in->current_a[0], hypot(re, im), in->current_a[2]};
    const double phi[3] = {
        lag(j, h->phase[0], in->current_deg[0], h->reversed[0]),
        lag(j, h->phase[1], atan2(im, re) / RADIANS, false),
        lag(j, h->phase[2], in->current_deg[2], h->reversed[2]),
    };
    return balanced(amps, phi);
}

/* Wild leg: L2 lags by the angle of the load, whatever the load; L1 and L3 by that, plus up to the angle between L-N
 * and the star point as far as the load is three-phase. */
static bool wild_leg_agrees(const struct judge *j, const struct hypothesis *h)
{
    double phi[3] = {0};
    bool has[3] = {false};
    for (int k = 0; k < 3; k++) {
        has[h->phase[k]] = j->present[k];
        phi[h->phase[k]] = lag(j, h->phase[k], j->in->current_deg[k], h->reversed[k]);
    }
    for (int p = 0; has[1] && p < 3; p++) {
        double more = wrap(phi[p] - phi[1]);
        if (has[p] && (more < fmin(0, j->lead[p]) - WILD_LEG_DEG ||
                       more > fmax(0, j->lead[p]) + WILD_LEG_DEG))
            return false;
    }
    return true;
}

static bool explains(const struct judge *j, const struct hypothesis *h)
{
    for (int k = 0; k < j->phases; k++) {
        if (!j->present[k] || (j->two_transformers && k == 1))
            continue;
        if (!usual(j, h->phase[k], lag(j, h->phase[k], j->in->current_deg[k], h->reversed[k])))
            return false;
    }
    if (j->in->system == SYSTEM_WILD_LEG && !wild_leg_agrees(j, h))
        return false;
    return !j->two_transformers || third_usual(j, h);
}

static int count_bits(int64_t faults)
{
    int n = 0;
    for (; faults; faults &= faults - 1)
        n++;
    return n;
}

struct finding {
    int cost; /* faults named, or NOTHING_FITS */
    bool tie, mixed;
    int64_t faults;
    struct hypothesis best;
};

/* Where two voltages are in line (split phase, L1 and L3 of a wild leg), one of them reversed is the other. */
static bool same_energy(const struct judge *j, const struct hypothesis *a,
                        const struct hypothesis *b)
{
    for (int k = 0; k < j->phases; k++) {
        double apart = j->in->voltage_deg[a->phase[k]] - j->in->voltage_deg[b->phase[k]] +
                       (a->reversed[k] != b->reversed[k] ? 180 : 0);
        if (fabs(wrap(apart)) > COLLINEAR_DEG)
            return false;
    }
    return true;
}

/* With generation, currents that are all reversed export; some reversed and some not cannot be told from some
 * phases exporting, so direction is no fault there. */
static void weigh(const struct judge *j, int permutation, int signs, struct finding *f)
{
    struct hypothesis h;
    int64_t faults = permutation_fault[permutation];
    int seen = 0, reversed = 0;
    for (int k = 0; k < 3; k++) {
        h.phase[k] = permutations[permutation][k];
        h.reversed[k] = signs >> k & 1;
        bool judged = k < j->phases && j->present[k] && !(j->two_transformers && k == 1);
        if (h.reversed[k] && !judged)
            return; /* says the same as without */
        seen += judged;
        reversed += h.reversed[k];
        if (h.reversed[k] && !j->in->generation)
            faults |= FAULT_REVERSED_1 << k;
    }
    if (!explains(j, &h))
        return;
    int cost = count_bits(faults);
    bool mixed = j->in->generation && reversed > 0 && reversed < seen;
    if (mixed)
        cost++;
    if (cost > f->cost)
        return;
    if (cost == f->cost) {
        f->tie |= !same_energy(j, &h, &f->best);
        return;
    }
    if (j->in->generation)
        memset(h.reversed, 0, sizeof h.reversed);
    *f = (struct finding){.cost = cost, .mixed = mixed, .faults = faults, .best = h};
}

static struct finding search(const struct judge *j)
{
    struct finding f = {.cost = NOTHING_FITS};
    for (int p = 0; p < 6; p++) {
        bool fits = true; /* phases that the system does not have stay where they are */
        for (int k = j->phases; k < 3; k++)
            fits &= permutations[p][k] == k;
        for (int signs = 0; fits && signs < 1 << j->phases; signs++)
            weigh(j, p, signs, &f);
    }
    return f;
}

/* All currents lag (or lead) their own voltage by about the same and import: a right wiring with a load outside the
 * window cannot be excluded. With generation they may export as well. */
static bool equal_angles(const struct judge *j)
{
    static const struct hypothesis right = {.phase = {0, 1, 2}};
    double least = HUGE_VAL, most = -HUGE_VAL, first = 0;
    bool any = false;
    for (int k = 0; k < j->phases; k++) {
        if (!j->present[k] || (j->two_transformers && k == 1))
            continue;
        double phi = lag(j, k, j->in->current_deg[k], false);
        double low = POOR_LOW_DEG + fmin(0, j->lead[k]), high = POOR_HIGH_DEG + fmax(0, j->lead[k]);
        if (!j->in->generation && (phi < low || phi > high))
            return false;
        if (!any)
            first = phi;
        any = true;
        least = fmin(least, wrap(phi - first));
        most = fmax(most, wrap(phi - first));
    }
    if (j->in->system == SYSTEM_WILD_LEG && j->present[1])
        return wild_leg_agrees(j, &right);
    return any && most - least <= EQUAL_ANGLES_DEG;
}

/* No current near the edge of what three rotated and reversed ones would show. The load of a wild leg is read at L2. */
static bool sure(const struct judge *j)
{
    for (int k = 0; k < j->phases && j->phases == 3; k++) {
        bool skip = !j->present[k] || (j->two_transformers && k == 1) ||
                    (j->in->system == SYSTEM_WILD_LEG && k != 1);
        double phi = lag(j, k, j->in->current_deg[k], false);
        if (j->in->generation && fabs(phi) > 90)
            phi = wrap(phi + 180);
        if (!skip && (phi < SURE_LOW_DEG || phi > SURE_HIGH_DEG))
            return false;
    }
    return true;
}

static bool sum_is_zero(const struct wiring_input *in)
{
    double re = 0, im = 0, largest = 0;
    for (int k = 0; k < 3; k++) {
        re += in->current_a[k] * cos(in->current_deg[k] * RADIANS);
        im += in->current_a[k] * sin(in->current_deg[k] * RADIANS);
        largest = fmax(largest, in->current_a[k]);
    }
    return hypot(re, im) <= ZERO_SUM * largest;
}

static struct finding judge_currents(struct judge *j)
{
    const struct wiring_input *in = j->in;
    j->two_transformers = in->system == SYSTEM_3P3W && in->currents == 2;
    struct finding f = search(j);
    if (in->system != SYSTEM_3P3W || in->currents != 0 || !sum_is_zero(in))
        return f;
    /* Three right transformers or two: what was found must hold for both. */
    if (f.cost != NOTHING_FITS) {
        double phi[3];
        for (int k = 0; k < 3; k++)
            phi[k] = lag(j, f.best.phase[k], in->current_deg[k], f.best.reversed[k]);
        if (!balanced(in->current_a, phi))
            f.cost = NOTHING_FITS;
    } else if (!equal_angles(j)) {
        j->two_transformers = true;
        f = search(j);
    }
    return f;
}

static int64_t absent_currents(const struct judge *j)
{
    int64_t faults = 0;
    for (int k = 0; k < j->phases; k++)
        if (!j->present[k] && !(j->two_transformers && k == 1))
            faults |= FAULT_NO_CURRENT_1 << k;
    return faults;
}

static void undecided(struct wiring *out, enum wiring_hint hint)
{
    out->hint = hint;
    if (out->faults & FAULT_SEQUENCE)
        out->verdict = WIRING_FAULTY; /* of the voltages nothing is in doubt */
}

static void conclude(const struct judge *j, const struct finding *f, struct wiring *out)
{
    int64_t absent = absent_currents(j);
    out->faults |= absent;
    if (f->cost > 0 && equal_angles(j)) {
        undecided(out, HINT_POOR_PF);
        return;
    }
    if (f->cost == NOTHING_FITS || f->tie || (f->mixed && f->faults == 0)) {
        undecided(out, f->cost == NOTHING_FITS ? HINT_NO_MATCH
                       : f->tie                ? HINT_AMBIGUOUS
                                               : HINT_MIXED);
        return;
    }
    out->faults |= f->faults;
    for (int k = 0; k < j->phases && !f->mixed; k++)
        out->map[k] = (f->best.reversed[k] ? INT64_C(-1) : INT64_C(1)) * (f->best.phase[k] + 1);
    if (f->cost == 0 && absent) {
        undecided(out, HINT_PART_CURRENT);
        return;
    }
    if (f->cost == 0 && !sure(j)) {
        memset(out->map, 0, sizeof out->map);
        undecided(out, HINT_POOR_PF);
        return;
    }
    out->verdict = out->faults ? WIRING_FAULTY : WIRING_OK;
}

static bool finite_input(const struct wiring_input *in)
{
    for (int k = 0; k < 3; k++)
        if (!(fabs(in->voltage_v[k]) < HUGE_VAL && fabs(in->voltage_deg[k]) < HUGE_VAL &&
              fabs(in->current_a[k]) < HUGE_VAL && fabs(in->current_deg[k]) < HUGE_VAL))
            return false;
    return true;
}

void wiring_check(const struct wiring_input *in, struct wiring *out)
{
    *out = (struct wiring){.verdict = WIRING_UNDECIDED};
    if (!finite_input(in)) {
        out->hint = HINT_NO_MATCH;
        return;
    }
    struct judge j = {.in = in, .phases = phases_of(in->system)};
    out->faults = wiring_voltage_faults(in, j.phases);
    if (out->faults) {
        out->verdict = WIRING_FAULTY;
        return;
    }
    if (in->no_phase) {
        out->hint = HINT_NO_PHASE;
        return;
    }
    out->faults = wiring_sequence(in, j.phases);
    if (find_currents(&j) == 0) {
        undecided(out, HINT_LOW_CURRENT);
        return;
    }
    set_windows(&j);
    struct finding f = judge_currents(&j);
    conclude(&j, &f, out);
}
