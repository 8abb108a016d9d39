#include "meter/demand.h"

#include <math.h>
#include <string.h>

#define US_PER_S 1e6
#define MINUTE_US INT64_C(60000000)
#define MAX_STEP_US MINUTE_US
#define MAX_MEAN 1e12
#define LAST_UTC_US (INT64_MAX / 2) /* beyond it, sums of times could overflow */

enum { PART_INCOMPLETE, PART_MEASURED, PART_SYNCHRONISED };

static int64_t floor_to(int64_t t, int64_t anchor, int64_t grid)
{
    int64_t past = (t - anchor) % grid;
    return t - (past < 0 ? past + grid : past);
}

static void start_part(struct demand_state *st, int64_t utc_us, int valid)
{
    st->part_start_us = utc_us;
    st->part_valid = valid;
    memset(st->sum, 0, sizeof st->sum);
}

/* Nothing before `utc_us` counts any more. */
static void begin(struct demand_state *st, int64_t utc_us)
{
    int64_t minute = floor_to(utc_us, st->anchor_us, MINUTE_US);
    st->parts = 0;
    st->next = 0;
    st->last_end_us = utc_us;
    start_part(st, minute, utc_us - minute <= DEMAND_JOIN_US ? PART_MEASURED : PART_INCOMPLETE);
}

static void show(struct demand_value *v, double value, int64_t utc_us)
{
    v->value = value;
    if (v->max_utc_us == 0 || value > v->max) {
        v->max = value;
        v->max_utc_us = utc_us;
    }
}

static void show_period(struct demand_set *d, const struct demand_state *st, int minutes,
                        int64_t end_us)
{
    struct demand_value *values[DEMAND_QUANTITIES] = {
        &d->import,     &d->export,     &d->reactive,   &d->apparent,
        &d->current[0], &d->current[1], &d->current[2],
    };
    for (int q = 0; q < DEMAND_QUANTITIES; q++) {
        double sum = 0;
        for (int i = 1; i <= minutes; i++)
            sum += st->part[(st->next + DEMAND_MAX_SUBPERIODS - i) % DEMAND_MAX_SUBPERIODS][q];
        show(values[q], sum / (60.0 * minutes), end_us);
    }
}

static void end_part(struct demand_set *d, struct demand_state *st, const struct demand_config *c)
{
    int64_t end = st->part_start_us + MINUTE_US;
    if (st->part_valid == PART_INCOMPLETE) {
        st->parts = 0;
    } else {
        memcpy(st->part[st->next], st->sum, sizeof st->sum);
        st->next = (st->next + 1) % DEMAND_MAX_SUBPERIODS;
        st->parts = st->parts < c->period_min ? st->parts + 1 : c->period_min;
        bool period_ends =
            c->sliding || floor_to(end, st->anchor_us, c->period_min * MINUTE_US) == end;
        if (period_ends && st->parts >= c->period_min)
            show_period(d, st, c->period_min, end);
    }
    start_part(st, end, PART_MEASURED);
}

static bool usable(const struct demand_config *c, const struct demand_step *s)
{
    if (c->period_min < 1 || c->period_min > 60 || 60 % c->period_min != 0)
        return false;
    if (s->start_utc_us < 0 || s->end_utc_us < s->start_utc_us || s->end_utc_us > LAST_UTC_US ||
        s->end_utc_us - s->start_utc_us > MAX_STEP_US)
        return false;
    for (int q = 0; q < DEMAND_QUANTITIES; q++)
        if (!(fabs(s->mean[q]) <= MAX_MEAN)) /* NaN fails too */
            return false;
    return true;
}

/* Where the step joins what was summed before; its end where nothing of it counts. */
static int64_t join(struct demand_state *st, const struct demand_step *s)
{
    bool just_synchronised = st->part_valid == PART_SYNCHRONISED;
    if (just_synchronised && s->start_utc_us < st->part_start_us &&
        st->part_start_us - s->start_utc_us <= MAX_STEP_US)
        return s->end_utc_us < st->part_start_us ? s->end_utc_us : st->part_start_us;
    int64_t late = s->start_utc_us - st->last_end_us;
    if (st->last_end_us == 0 || late > DEMAND_JOIN_US || late < -DEMAND_JOIN_US) {
        begin(st, s->start_utc_us);
        return s->start_utc_us;
    }
    return st->last_end_us < s->end_utc_us ? st->last_end_us : s->end_utc_us;
}

enum err demand_add(struct demand_set *d, struct demand_state *st, const struct demand_config *c,
                    const struct demand_step *s)
{
    if (!usable(c, s))
        return ERR_RANGE;
    int64_t from = join(st, s);
    while (from < s->end_utc_us) {
        int64_t part_end = st->part_start_us + MINUTE_US;
        int64_t to = s->end_utc_us < part_end ? s->end_utc_us : part_end;
        for (int q = 0; q < DEMAND_QUANTITIES; q++)
            st->sum[q] += s->mean[q] * ((double)(to - from) / US_PER_S);
        if (st->part_valid == PART_SYNCHRONISED)
            st->part_valid = PART_MEASURED;
        if (to == part_end)
            end_part(d, st, c);
        from = to;
    }
    if (st->part_valid == PART_SYNCHRONISED)
        return ERR_OK; /* all of it lies before the synchronisation */
    if (s->end_utc_us > st->last_end_us)
        st->last_end_us = s->end_utc_us;
    int64_t running = c->sliding
                          ? st->part_start_us
                          : floor_to(st->last_end_us, st->anchor_us, c->period_min * MINUTE_US);
    d->elapsed_s = (double)(st->last_end_us - running) / US_PER_S;
    return ERR_OK;
}

void demand_reset(struct demand_set *d, struct demand_state *st)
{
    *d = (struct demand_set){0};
    *st = (struct demand_state){0};
}

void demand_synchronise(struct demand_state *st, int64_t utc_us)
{
    st->parts = 0;
    st->next = 0;
    st->anchor_us = utc_us;
    st->last_end_us = utc_us;
    start_part(st, utc_us, PART_SYNCHRONISED);
}
