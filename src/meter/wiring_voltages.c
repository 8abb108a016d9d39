#include "meter/wiring_internal.h"

/* Of the largest voltage: two leads of an exchanged neutral leave the third at 0.577 of theirs. */
#define MISSING_VOLTAGE 0.4
#define NO_MAINS 0.2 /* of nominal */
#define VOLTAGE_TOLERANCE_DEG 20.0

static bool near(double angle_deg, double expected_deg)
{
    return fabs(fabs(angle_deg) - expected_deg) <= VOLTAGE_TOLERANCE_DEG;
}

static int64_t missing_voltages(const struct wiring_input *in, int phases)
{
    double largest = 0;
    for (int k = 0; k < phases; k++)
        largest = fmax(largest, in->voltage_v[k]);
    bool none = largest < 1.0 || largest < NO_MAINS * in->nominal_v;
    int64_t faults = 0;
    for (int k = 0; k < phases; k++)
        if (none || !(in->voltage_v[k] >= MISSING_VOLTAGE * largest))
            faults |= FAULT_NO_VOLTAGE_1 << k;
    return faults;
}

static int64_t voltage_angles(const struct wiring_input *in, int64_t missing)
{
    double d12 = wrap(in->voltage_deg[1] - in->voltage_deg[0]);
    double d23 = wrap(in->voltage_deg[2] - in->voltage_deg[1]);
    double d13 = wrap(in->voltage_deg[2] - in->voltage_deg[0]);
    bool has12 = !(missing & (FAULT_NO_VOLTAGE_1 | FAULT_NO_VOLTAGE_2));
    bool has23 = !(missing & (FAULT_NO_VOLTAGE_2 | FAULT_NO_VOLTAGE_3));
    bool has13 = !(missing & (FAULT_NO_VOLTAGE_1 | FAULT_NO_VOLTAGE_3));
    bool right = true;
    switch (in->system) {
    case SYSTEM_1P2W:
        break;
    case SYSTEM_2P3W: /* a split phase, or two phases of three */
        right = !has12 || near(d12, 180) || near(d12, 120);
        break;
    case SYSTEM_3P3W: /* with a lead missing the star point moves */
        right = missing || (near(d12, 120) && near(d23, 120) && near(d13, 120));
        break;
    case SYSTEM_3P4W:
        right =
            (!has12 || near(d12, 120)) && (!has23 || near(d23, 120)) && (!has13 || near(d13, 120));
        break;
    case SYSTEM_WILD_LEG:
        right =
            (!has12 || near(d12, 90)) && (!has23 || near(d23, 90)) && (!has13 || near(d13, 180));
        break;
    }
    return right ? 0 : FAULT_VOLTAGE_ANGLES;
}

int64_t wiring_voltage_faults(const struct wiring_input *in, int phases)
{
    int64_t missing = missing_voltages(in, phases);
    return in->no_phase ? missing : missing | voltage_angles(in, missing);
}

/* Wild leg: L2 lags L1 by 90 degrees (L-L: by 120). */
int64_t wiring_sequence(const struct wiring_input *in, int phases)
{
    return phases == 3 && wrap(in->voltage_deg[1] - in->voltage_deg[0]) > 0 ? FAULT_SEQUENCE : 0;
}
