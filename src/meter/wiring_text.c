#include "base/err.h"
#include "base/text.h"
#include "meter/wiring.h"

#include <math.h>
#include <string.h>

#define DEGREE (3.14159265358979323846 / 180)
#define IN_SOFTWARE "or accept the correction in software"

/* "L1", "L1 and L3", "L1, L2 and L3" for three bits from `first` on. */
static const char *lines(int64_t faults, int64_t first)
{
    static const char *const names[] = {
        "", "L1", "L2", "L1 and L2", "L3", "L1 and L3", "L2 and L3", "L1, L2 and L3",
    };
    return names[faults / first & 7];
}

/* Which exchange shows these angles? */
static void voltage_angles(const struct wiring_input *in, struct reason *text)
{
    static const int pairs[3][2] = {{0, 1}, {1, 2}, {0, 2}};
    for (int i = 0; i < 3; i++) {
        int a = pairs[i][0], b = pairs[i][1], other = 3 - a - b;
        double apart = fabs(remainder(in->voltage_deg[a] - in->voltage_deg[b], 360.0));
        double low = fmin(in->voltage_v[a], in->voltage_v[b]),
               high = fmax(in->voltage_v[a], in->voltage_v[b]);
        if (high < 1.0 || low < 0.4 * high)
            continue;
        if (in->system == SYSTEM_3P4W && fabs(apart - 60) < 20 &&
            low > 1.4 * in->voltage_v[other]) {
            (void)reason(
                text, ERR_OK,
                "Neutral and L%d are exchanged: swap these two voltage leads (L%d and L%d now "
                "read the line-to-line voltage).",
                other + 1, a + 1, b + 1);
            return;
        }
        if (apart < 20 && low > 0.8 * high) {
            (void)reason(text, ERR_OK,
                         "Voltages L%d and L%d are the same phase: move one of the two leads to "
                         "the phase that is "
                         "missing.",
                         a + 1, b + 1);
            return;
        }
    }
    (void)reason(
        text, ERR_OK,
        "The voltages have angles that system %s cannot have: check for an exchanged neutral, the "
        "same phase on two terminals, or a wrong system in the settings.",
        meter_system_names[in->system]);
}

static void reversed(int64_t faults, struct reason *text)
{
    const char *which = lines(faults, FAULT_REVERSED_1);
    if (strlen(which) == strlen("L1"))
        (void)reason(
            text, ERR_OK,
            "Current %s is reversed: turn the CT on %s round, or swap its two wires, " IN_SOFTWARE
            ".",
            which, which);
    else
        (void)reason(text, ERR_OK,
                     "Currents %s are reversed: turn these CTs round, or swap the two wires of "
                     "each, " IN_SOFTWARE ".",
                     which);
}

/* Exchanged or rotated, and perhaps reversed as well. */
static void moved(const struct wiring *w, struct reason *text)
{
    static const struct {
        int64_t fault;
        const char *what, *todo;
    } rows[] = {
        {FAULT_SWAPPED_12, "Currents L1 and L2 are exchanged", "swap these two CTs"},
        {FAULT_SWAPPED_13, "Currents L1 and L3 are exchanged", "swap these two CTs"},
        {FAULT_SWAPPED_23, "Currents L2 and L3 are exchanged", "swap these two CTs"},
        {FAULT_ROTATED, "All currents are one phase off", "move each CT one phase on"},
    };
    size_t i = 0;
    while (i < COUNT(rows) - 1 && !(w->faults & rows[i].fault))
        i++;
    const char *todo = rows[i].todo;
    if (rows[i].fault == FAULT_ROTATED && w->map[0] != 0)
        todo = w->map[0] == 2 || w->map[0] == -2
                   ? "input L1 carries phase L2, L2 carries L3, L3 carries L1"
                   : "input L1 carries phase L3, L2 carries L1, L3 carries L2";
    const char *also = lines(w->faults, FAULT_REVERSED_1);
    if (*also)
        (void)reason(text, ERR_OK,
                     "%s: %s; and reversed is the current at input %s: turn it round; " IN_SOFTWARE
                     ".",
                     rows[i].what, todo, also);
    else
        (void)reason(text, ERR_OK, "%s: %s, " IN_SOFTWARE ".", rows[i].what, todo);
}

static void faulty(const struct wiring *w, const struct wiring_input *in, struct reason *text)
{
    const int64_t missing = FAULT_NO_VOLTAGE_1 | FAULT_NO_VOLTAGE_2 | FAULT_NO_VOLTAGE_3;
    const int64_t swapped = FAULT_SWAPPED_12 | FAULT_SWAPPED_13 | FAULT_SWAPPED_23 | FAULT_ROTATED;
    if (w->faults & missing)
        (void)reason(text, ERR_OK, "No voltage on %s: check its fuse, its lead and its terminal.",
                     lines(w->faults, FAULT_NO_VOLTAGE_1));
    else if (w->faults & FAULT_VOLTAGE_ANGLES)
        voltage_angles(in, text);
    else if (w->faults & FAULT_SEQUENCE)
        (void)reason(text, ERR_OK,
                     "The phases turn L1-L3-L2: exchange two voltage leads so that they turn "
                     "L1-L2-L3, then check "
                     "the currents again.");
    else if (w->faults & swapped)
        moved(w, text);
    else
        reversed(w->faults, text);
}

/* The load angle of the largest current. */
static double angle_of_load(const struct wiring_input *in)
{
    int k = 0;
    for (int i = 1; i < 3; i++)
        if (in->current_a[i] > in->current_a[k])
            k = i;
    return remainder(in->voltage_deg[k] - in->current_deg[k], 360.0);
}

static void undecided(const struct wiring *w, const struct wiring_input *in, struct reason *text)
{
    double phi = angle_of_load(in);
    bool exporting = fabs(phi) > 90; /* the angle is then told against the current that flows out */
    if (exporting)
        phi = remainder(phi - 180, 360);
    switch ((enum wiring_hint)w->hint) {
    case HINT_PART_CURRENT:
        (void)reason(text, ERR_OK,
                     "Not decided: no current in %s; the other currents are right. Switch on a "
                     "load there and "
                     "check again.",
                     lines(w->faults, FAULT_NO_CURRENT_1));
        return;
    case HINT_POOR_PF:
        (void)reason(text, ERR_OK,
                     "Not decided: the %s currents %s by %.0f degrees, reactive power or all CTs "
                     "on a wrong phase. %s",
                     exporting ? "exported" : "imported", phi > 0 ? "lag" : "lead", fabs(phi),
                     exporting ? "Check again while nothing generates."
                               : "Check again with a heater or another ohmic load on.");
        return;
    case HINT_NO_MATCH:
        (void)reason(
            text, ERR_OK,
            "Not decided: no wiring fits these currents with a usual load (power factor above 0.77 "
            "inductive). Check again with an ohmic load on every phase.");
        return;
    case HINT_AMBIGUOUS:
        (void)reason(text, ERR_OK,
                     "Not decided: several wrong wirings fit these currents. Switch on a load on "
                     "every phase and "
                     "check again.");
        return;
    case HINT_MIXED:
        (void)reason(text, ERR_OK,
                     "Not decided: some phases import and others export, or a CT is reversed. "
                     "Check again while "
                     "nothing generates.");
        return;
    case HINT_NO_PHASE:
        (void)reason(
            text, ERR_OK,
            "Not decided: the voltages have no frequency that can be followed (30 to 100 Hz). "
            "Check again when the mains are steady.");
        return;
    case HINT_NONE:
    case HINT_LOW_CURRENT:
    case HINT_COUNT:
        break;
    }
    (void)reason(text, ERR_OK,
                 "Not decided: the currents are below 1 %% of nominal. Switch on a load on every "
                 "phase and check "
                 "again.");
}

/* With three phases an installer can exclude what the check cannot (meter/wiring.h). */
static void right(const struct wiring_input *in, struct reason *text)
{
    double phi = angle_of_load(in);
    if (fabs(phi) > 90) /* it exports */
        phi = remainder(phi + 180, 360.0);
    if (in->system == SYSTEM_1P2W || in->system == SYSTEM_2P3W)
        (void)reason(text, ERR_OK, "The wiring is right.");
    else
        (void)reason(
            text, ERR_OK,
            "The wiring is right: it fits loads of power factor %.2f %s, as they should be "
            "now.",
            cos(phi * DEGREE), phi < 0 ? "leading" : "lagging");
}

void wiring_text(const struct wiring *w, const struct wiring_input *in, char *text, int size)
{
    struct reason sentence = {.text = ""};
    if (w->verdict == WIRING_FAULTY)
        faulty(w, in, &sentence);
    else if (w->verdict == WIRING_UNDECIDED)
        undecided(w, in, &sentence);
    else
        right(in, &sentence);
    text_copy(text, (size_t)size, sentence.text);
}
