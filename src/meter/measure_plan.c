/* What follows from the settings once: matrices, scales and limits of a load. */
#include "meter/measure_internal.h"

#include <math.h>
#include <string.h>

/* spec/datasheet-ems10-it.txt, "Ingressi di tensione" and "Ingressi di corrente" */
#define UN_MAX_LN_V 277.0
#define OVERLOAD_V 1.5 /* x Un max., continuous */
static const struct {
    double nominal, most, start; /* at the input: A, or parts of 333 mV */
} inputs[] = {
    [INPUT_5A] = {.nominal = 5, .most = 6, .start = 0.005},
    [INPUT_333MV] = {.nominal = 1, .most = 1.2, .start = 0.001},
};
#define SENSOR_V 0.333
#define DIRECT_START 0.001 /* of In: spec/metrology.md 1.1 */

static const struct {
    int phases, lines;
    double un[3]; /* L-N against the setting */
} systems[] = {
    [SYSTEM_1P2W] = {.phases = 1, .lines = 0, .un = {1}},
    [SYSTEM_2P3W] = {.phases = 2, .lines = 1, .un = {1, 1}},
    [SYSTEM_3P4W] = {.phases = 3, .lines = 3, .un = {1, 1, 1}},
    [SYSTEM_3P3W] = {.phases = 3,
                     .lines = 3,
                     .un = {0.57735026918962576, 0.57735026918962576, 0.57735026918962576}},
    [SYSTEM_WILD_LEG] = {.phases = 3, .lines = 3, .un = {1, 1.73205080756887729, 1}},
};

static void plan_star(struct measure_plan *p, enum meter_system system)
{
    memset(p->star, 0, sizeof p->star);
    for (int k = 0; k < p->phases; k++) {
        p->star[k][k] = 1;
        if (system == SYSTEM_3P3W) { /* against the virtual star point: the mean of the three */
            for (int j = 0; j < 3; j++)
                p->star[k][j] -= 1.0 / 3;
        }
    }
}

static void plan_assign(struct measure_plan *p, enum meter_system system,
                        const struct load_config *l)
{
    memset(p->assign, 0, sizeof p->assign);
    bool two = system == SYSTEM_3P3W && l->two_currents;
    int derived = 1; /* the phase of input 2 */
    for (int k = 0; k < 3; k++) {
        int to = l->map[k] != 0 ? l->map[k] : k + 1;
        int phase = (to < 0 ? -to : to) - 1;
        if (k == 1)
            derived = phase;
        if (phase < p->phases && !(two && k == 1))
            p->assign[phase][k] = to < 0 ? -1 : 1;
    }
    for (int k = 0; two && k < 3; k++) {
        for (int phase = 0; phase < 3; phase++) {
            if (phase != derived)
                p->assign[derived][k] -= p->assign[phase][k];
        }
    }
}

static double primary_per_input(const struct load_config *l)
{
    switch (l->input) {
    case INPUT_5A:
        return l->ratio;
    case INPUT_333MV:
        return l->primary_a / SENSOR_V;
    case INPUT_DIRECT:
        break;
    }
    return 1;
}

static void plan_limits(struct measure_plan *p, const struct meter_config *c,
                        const struct load_config *l)
{
    bool direct = l->input == INPUT_DIRECT;
    if (direct) {
        p->nominal_a = l->nominal_a;
        p->start_a = DIRECT_START * l->nominal_a;
    } else {
        double primary = l->input == INPUT_5A ? l->ratio : l->primary_a;
        p->nominal_a = inputs[l->input].nominal * primary;
        p->limit_a = inputs[l->input].most * primary;
        p->start_a = inputs[l->input].start * primary;
    }
    p->nominal_ln_v = c->nominal_v * systems[c->system].un[0];
    for (int k = 0; k < 3; k++) {
        p->rated_v[k] = c->nominal_v * systems[c->system].un[k];
        if (p->rated_v[k] > 0)
            p->limit_v[k] =
                OVERLOAD_V * (direct ? p->rated_v[k] : fmax(UN_MAX_LN_V, p->rated_v[k]));
    }
}

void measure_plan(struct measure_plan *p, const struct meter_config *c, const struct load_config *l)
{
    memset(p, 0, sizeof *p);
    p->phases = systems[c->system].phases;
    p->lines = systems[c->system].lines;
    plan_star(p, c->system);
    plan_assign(p, c->system, l);
    for (int k = 0; k < 3; k++)
        p->scale_v[k] = c->volts_per_count[k] / (1 + l->calibration.gain_v[k]);
    for (int k = 0; k < 4; k++)
        p->scale_i[k] =
            l->amps_per_count[k] * primary_per_input(l) / (1 + l->calibration.gain_i[k]);
    plan_limits(p, c, l);
}
