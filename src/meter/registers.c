#include "meter/registers.h"

#include <math.h>

#define MICRO 1e6
#define SECONDS_PER_HOUR 3600.0

/* What a phase or the system did in one window, in millionths, signed; Q > 0 where the current lags. */
struct flow {
    double active, reactive;
};

/* Quadrants of the P-Q plane as indices (IEC 62053-23:2020, annex; spec/metrology.md 5.5). */
enum { QUADRANT_I, QUADRANT_II, QUADRANT_III, QUADRANT_IV };

static int quadrant(const struct flow *f)
{
    if (f->active < 0)
        return f->reactive < 0 ? QUADRANT_III : QUADRANT_II;
    return f->reactive < 0 ? QUADRANT_IV : QUADRANT_I;
}

/* Takes `micro` >= 0 into the remainder and returns the whole millionths that became due. The fraction
 * is split off first, so that a large step costs the remainder no digits. */
static int64_t carry(struct counter *c, double micro)
{
    double whole = floor(micro);
    c->rest += micro - whole;
    if (c->rest >= 1.0) {
        c->rest -= 1.0;
        whole += 1.0;
    }
    return (int64_t)whole;
}

static void count(struct counter *c, int64_t n)
{
    c->micro = n > INT64_MAX - c->micro ? INT64_MAX : c->micro + n;
}

static int64_t carry_and_count(struct counter *c, double micro)
{
    int64_t n = carry(c, micro);
    count(c, n);
    return n;
}

/* EASY: turns a current that flows backwards round, which turns its reactive power as well. */
static void fold(struct flow *f)
{
    if (f->active < 0) {
        f->active = -f->active;
        f->reactive = -f->reactive;
    }
}

static void total_active(struct registers *r, bool import, int q, int64_t n)
{
    count(import ? &r->import : &r->export, n);
    count(&r->active_quadrant[q], n);
    if (import)
        count(&r->import_tariff[r->tariff > 0 ? r->tariff - 1 : 0], n);
    if (!r->partial_stopped)
        count(import ? &r->import_partial : &r->export_partial, n);
}

static void total_reactive(struct registers *r, bool import, int q, int64_t n)
{
    count(import ? &r->reactive_import : &r->reactive_export, n);
    count(&r->reactive_quadrant[q], n);
    if (!r->partial_stopped)
        count(import ? &r->reactive_import_partial : &r->reactive_export_partial, n);
}

/* A phase's flow into its own counters, which round it, and where `total` into the totals by the same integers. */
static void add_phase(struct registers *r, int k, const struct flow *f, bool easy, bool total)
{
    bool import = f->active >= 0;
    int64_t n =
        carry_and_count(import ? &r->import_phase[k] : &r->export_phase[k], fabs(f->active));
    if (total)
        total_active(r, import, quadrant(f), n);

    bool lagging = f->reactive >= 0;
    if (easy && !lagging)
        return;
    n = carry_and_count(lagging ? &r->reactive_import_phase[k] : &r->reactive_export_phase[k],
                        fabs(f->reactive));
    if (total)
        total_reactive(r, lagging, quadrant(f), n);
}

static void add_system(struct registers *r, const struct flow *f, bool easy)
{
    bool import = f->active >= 0;
    total_active(r, import, quadrant(f), carry(import ? &r->import : &r->export, fabs(f->active)));

    bool lagging = f->reactive >= 0;
    if (easy && !lagging)
        return;
    total_reactive(r, lagging, quadrant(f),
                   carry(lagging ? &r->reactive_import : &r->reactive_export, fabs(f->reactive)));
}

static void add_hours(struct registers *r, bool import, double micro)
{
    int64_t n = carry_and_count(import ? &r->hours_import : &r->hours_export, micro);
    if (!r->partial_stopped)
        count(import ? &r->hours_import_partial : &r->hours_export_partial, n);
}

static void add_apparent(struct registers *r, int q, double micro)
{
    int64_t n = carry_and_count(&r->apparent, micro);
    count(&r->apparent_quadrant[q], n);
    if (!r->partial_stopped)
        count(&r->apparent_partial, n);
}

/* Comparisons are written so that NaN fails. */
static bool config_usable(const struct registers_config *c)
{
    return c->rule >= TOTALS_EASY && c->rule <= TOTALS_SYSTEM && c->freeze_w >= 0 &&
           c->freeze_a >= 0 && c->hours_start_a >= 0;
}

static bool step_usable(const struct registers_step *s)
{
    if (!(s->duration_s >= 0 && s->duration_s <= REGISTERS_MAX_STEP_S))
        return false;
    double hours = s->duration_s / SECONDS_PER_HOUR;
    double most = REGISTERS_MAX_VA * hours;
    for (int k = 0; k < 3; k++)
        if (!(fabs(s->active_wh[k]) <= most && fabs(s->reactive_varh[k]) <= most &&
              s->apparent_vah[k] >= 0 && s->apparent_vah[k] <= most && s->current_a[k] >= 0 &&
              s->current_a[k] <= REGISTERS_MAX_VA))
            return false;
    return s->apparent_system_vah >= 0 && s->apparent_system_vah <= REGISTERS_MAX_SYSTEM_VA * hours;
}

static bool frozen(const struct registers_config *c, const struct registers_step *s, int k)
{
    return fabs(s->active_wh[k]) * SECONDS_PER_HOUR < c->freeze_w * s->duration_s &&
           s->current_a[k] < c->freeze_a;
}

enum err registers_add(struct registers *r, const struct registers_config *c,
                       const struct registers_step *s)
{
    if (!config_usable(c) || !step_usable(s) || r->tariff < 0 || r->tariff > METER_TARIFFS)
        return ERR_RANGE;

    bool easy = c->rule == TOTALS_EASY;
    bool by_phase = c->rule != TOTALS_SYSTEM && !c->three_wire;
    bool running = false, enough_current = false, importing = false, exporting = false;
    double apparent = 0, counted = 0;
    struct flow sum = {0};
    for (int k = 0; k < 3; k++) {
        apparent += s->apparent_vah[k];
        if (frozen(c, s, k))
            continue;
        running = true;
        struct flow f = {s->active_wh[k] * MICRO, s->reactive_varh[k] * MICRO};
        if (easy && by_phase)
            fold(&f);
        if (!c->three_wire)
            add_phase(r, k, &f, easy, by_phase);
        carry_and_count(&r->apparent_phase[k], s->apparent_vah[k] * MICRO);
        counted += s->apparent_vah[k];
        enough_current |= s->current_a[k] >= c->hours_start_a;
        importing |= f.active > 0;
        exporting |= f.active < 0;
        sum.active += f.active;
        sum.reactive += f.reactive;
    }
    if (!by_phase) {
        if (easy)
            fold(&sum);
        add_system(r, &sum, easy);
        importing = sum.active > 0;
        exporting = sum.active < 0;
    }
    if (running) { /* effective S may be above 0 although U I is 0 in each phase */
        double share = apparent > 0 ? counted / apparent : 1;
        add_apparent(r, quadrant(&sum), s->apparent_system_vah * share * MICRO);
    }
    if (importing && enough_current)
        add_hours(r, true, s->duration_s * MICRO);
    if (exporting && enough_current)
        add_hours(r, false, s->duration_s * MICRO);
    return ERR_OK;
}

enum err registers_add_on_time(struct registers *r, double duration_s)
{
    if (!(duration_s >= 0 && duration_s <= REGISTERS_MAX_ON_TIME_S))
        return ERR_RANGE;
    carry_and_count(&r->hours_on, duration_s * MICRO);
    return ERR_OK;
}

void registers_reset_partial(struct registers *r)
{
    const struct counter zero = {0};
    r->import_partial = r->export_partial = zero;
    r->reactive_import_partial = r->reactive_export_partial = zero;
    r->apparent_partial = zero;
    r->hours_import_partial = r->hours_export_partial = zero;
}

enum err registers_set_tariff(struct registers *r, int tariff)
{
    if (tariff < 1 || tariff > METER_TARIFFS)
        return ERR_RANGE;
    r->tariff = tariff;
    return ERR_OK;
}
