#include "meter/reading.h"

/* What a system does not have beyond what the qualities of its inputs say. */
#define IN(system) (1U << SYSTEM_##system)
#define THREE_PHASE (IN(3P4W) | IN(3P3W) | IN(WILD_LEG))
static const struct {
    enum variable_id id;
    unsigned systems; /* that have it */
} of_some_systems[] = {
    {VAR_voltage_ll, THREE_PHASE | IN(2P3W)},
    {VAR_thd_voltage_ll, THREE_PHASE | IN(2P3W)},
    {VAR_unbalance_u2, THREE_PHASE},
    {VAR_unbalance_u0, IN(3P4W)}, /* the neutral of a wild leg lies aside on purpose */
    {VAR_phase_sequence, THREE_PHASE},
    {VAR_unbalance_voltage, THREE_PHASE | IN(2P3W)},
    {VAR_unbalance_current, THREE_PHASE | IN(2P3W)},
};

/* Phases that a scope is made of, as bits; those of the system are `present`. */
static const unsigned scope_phases[SCOPE_COUNT] = {
    [SCOPE_SYSTEM] = 0, [SCOPE_L1] = 1,  [SCOPE_L2] = 2,  [SCOPE_L3] = 4,
    [SCOPE_L12] = 3,    [SCOPE_L23] = 6, [SCOPE_L31] = 5, [SCOPE_N] = 0,
};
static const unsigned present[] = {
    [SYSTEM_1P2W] = 1, [SYSTEM_2P3W] = 3,     [SYSTEM_3P4W] = 7,
    [SYSTEM_3P3W] = 7, [SYSTEM_WILD_LEG] = 7,
};

static bool is_phase(enum scope s)
{
    return s == SCOPE_L1 || s == SCOPE_L2 || s == SCOPE_L3;
}

/* Power of one phase has no meaning in three wires, nor what is made of it. */
static bool needs_phase_power(const struct variable *v)
{
    return is_phase(v->scope) && (v->needs == NEEDS_UI || v->kind == KIND_COUNTER);
}

static bool is_absent(const struct measurement *m, const struct variable *v)
{
    unsigned phases = scope_phases[v->scope];
    if (phases & ~present[m->system])
        return true;
    if (m->system == SYSTEM_3P3W && (v->needs == NEEDS_UN || needs_phase_power(v)))
        return true;
    for (size_t k = 0; k < COUNT(of_some_systems); k++) {
        if (v == &catalogue_variables[of_some_systems[k].id])
            return !(of_some_systems[k].systems & (1U << m->system));
    }
    return false;
}

/* The worst of the system's phases that the scope takes in; all of them for the system. */
static enum quality worst(const struct measurement *m, const struct variable *v,
                          const enum quality *of_phase)
{
    unsigned phases = scope_phases[v->scope] ? scope_phases[v->scope] : present[m->system];
    enum quality q = QUALITY_GOOD;
    for (int k = 0; k < 3; k++) {
        if (phases & (1U << k))
            q = quality_worse(q, of_phase[k]);
    }
    return q;
}

/* No period was measured whole yet: 0 is not a value. */
static bool awaits_demand(const struct reading *r, const struct variable *v)
{
    bool of_periods = v->kind == KIND_DEMAND && v != &catalogue_variables[VAR_demand_elapsed];
    return of_periods && r->demand.import.max_utc_us == 0;
}

enum quality reading_quality(const struct reading *r, const struct variable *v)
{
    const struct measurement *m = &r->now;
    if (is_absent(m, v))
        return QUALITY_ABSENT;
    if (awaits_demand(r, v))
        return QUALITY_UNCERTAIN;
    if (v == &catalogue_variables[VAR_frequency_10s])
        return quality_worse(m->frequency_quality, m->frequency_10s_quality);
    switch (v->needs) {
    case NEEDS_NONE:
        return QUALITY_GOOD;
    case NEEDS_U:
    case NEEDS_UN:
        return worst(m, v, m->voltage_quality);
    case NEEDS_I:
        return v->scope == SCOPE_N ? m->current_quality[3] : worst(m, v, m->current_quality);
    case NEEDS_UI:
        return quality_worse(worst(m, v, m->voltage_quality), worst(m, v, m->current_quality));
    case NEEDS_F:
        return m->frequency_quality;
    }
    return QUALITY_FAILED;
}
