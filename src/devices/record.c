#include "devices/record_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FRAMES 2048

struct record {
    struct source base;
    const struct record_file *operations;
    void *file;
    int channels;
    double *value; /* [channels]: the row looked at */
    struct record_row row;
    bool have_row; /* `value` holds a row not given yet */
    struct channel_map map;
    double counts_per_unit[CHANNEL_MAP_LANES];
    int32_t *frames;
    struct pace pace;
    bool loop, gap, ended;
    int64_t utc_us; /* of the next frame's segment start */
    double since_s; /* seconds of signal since utc_us */
    char name[128];
};

/* Largest |value| and presence of each channel, the rate and the number of rows. */
static enum err scan(struct record *r, struct channel *channels, double *largest, size_t *rows,
                     struct reason *why)
{
    enum err e;
    *rows = 0;
    for (int i = 0; i < r->channels; i++) {
        channels[i].empty = true;
        largest[i] = 0;
    }
    r->operations->rewind(r->file);
    struct record_row row;
    while ((e = r->operations->next(r->file, &row, r->value, why)) == ERR_OK) {
        if (*rows == 0)
            r->base.format.rate_hz = row.rate_hz;
        if ((e = source_check_rate(row.rate_hz, why)))
            return reason_prefix(why, e, "row %zu", *rows + 1);
        for (int i = 0; i < r->channels; i++) {
            double x = fabs(r->value[i]);
            if (isnan(x))
                continue;
            channels[i].empty = false;
            if (x > largest[i])
                largest[i] = x;
        }
        ++*rows;
    }
    if (e != ERR_BUSY)
        return e;
    if (*rows == 0)
        return reason(why, ERR_FORMAT, "no whole row of samples");
    return ERR_OK;
}

/* The largest value of a record becomes this many counts: short of the end of the range, which would mean a
 * converter that is cut off. A silent lane gets the finest count. */
#define RECORD_PEAK_COUNTS (0.98 * METER_RAW_MAX)
#define RECORD_LEAST_PEAK 1e-9 /* V or A */

/* One count of each lane. */
static enum err scales(struct record *r, const double *largest, struct reason *why)
{
    struct meter_config *m = &r->base.format.meter;
    for (int lane = 0; lane < METER_GROUP_LANES * (1 + r->map.loads); lane++) {
        int c = r->map.lane[lane].channel;
        double top = c < 0 ? 0 : largest[c] * fabs(r->map.lane[lane].factor);
        if (top > 1e12)
            return reason(why, ERR_RANGE, "channel %d reaches %g, expected at most 1e12 V or A",
                          c + 1, top);
        double count = fmax(top, RECORD_LEAST_PEAK) / RECORD_PEAK_COUNTS;
        r->counts_per_unit[lane] = c < 0 ? 0 : r->map.lane[lane].factor / count;
        int k = lane % METER_GROUP_LANES;
        if (lane < METER_GROUP_LANES)
            m->volts_per_count[k] = count;
        else
            m->load[lane / METER_GROUP_LANES - 1].amps_per_count[k] = count;
    }
    return ERR_OK;
}

/* A channel chosen by hand that never has a value would leave every row out. */
static enum err check_chosen(const struct record *r, const struct channel *channels,
                             struct reason *why)
{
    for (int lane = 0; lane < METER_GROUP_LANES * (1 + r->map.loads); lane++) {
        int c = r->map.lane[lane].channel;
        char name[8];
        channel_map_lane_name(lane, name);
        if (c >= 0 && channels[c].empty)
            return reason(why, ERR_RANGE, "channel %d (%s) holds no values", c + 1, name);
    }
    return ERR_OK;
}

static void describe(struct record *r, const struct record_open *o)
{
    struct source_format *f = &r->base.format;
    struct meter_config *m = &f->meter;
    f->lanes = METER_GROUP_LANES * (1 + r->map.loads);
    f->start_utc_us = o->start_utc_us;
    m->rate_hz = f->rate_hz;
    m->system = r->map.system;
    m->nominal_hz = o->nominal_hz == 50 || o->nominal_hz == 60 ? o->nominal_hz : 0;
    m->loads = r->map.loads;
    for (int l = 0; l < m->loads; l++) {
        m->load[l].input = INPUT_DIRECT;
        m->load[l].rule = TOTALS_SYSTEM;
        m->load[l].demand.period_min = 15;
        channel_map_describe_load(&r->map, l, &m->load[l]);
    }
    memcpy(f->channels, r->map.text, sizeof f->channels);
    (void)snprintf(f->name, sizeof f->name, "%s", source_base_name(o->name));
}

enum err record_source_open(struct source **s, const struct record_open *o,
                            const struct source_options *options, struct reason *why)
{
    enum err e = ERR_FULL;
    double *largest = calloc((size_t)o->count, sizeof *largest);
    struct record *r = calloc(1, sizeof *r);
    if (!r || !largest) {
        o->operations->free(o->file);
        free(r);
        free(largest);
        return reason(why, ERR_FULL, "%s: no memory", o->name);
    }
    r->base.kind = o->kind;
    r->operations = o->operations;
    r->file = o->file;
    r->channels = o->count;
    r->loop = options->loop;
    r->pace.speed = options->speed;
    r->utc_us = o->start_utc_us;
    (void)snprintf(r->name, sizeof r->name, "%s", source_base_name(o->name));
    r->value = calloc((size_t)o->count, sizeof *r->value);
    if (!r->value) {
        e = reason(why, ERR_FULL, "no memory");
        goto done;
    }
    size_t rows;
    if ((e = scan(r, o->channels, largest, &rows, why)))
        goto done;
    if ((e = channel_map_make(&r->map, o->channels, o->count, o->map,
                              options->wiring_given ? &options->wiring : NULL, why)))
        goto done;
    if ((e = check_chosen(r, o->channels, why)))
        goto done;
    if ((e = scales(r, largest, why)))
        goto done;
    describe(r, o);
    r->frames = calloc((size_t)BLOCK_FRAMES * (size_t)r->base.format.lanes, sizeof *r->frames);
    if (!r->frames) {
        e = reason(why, ERR_FULL, "no memory");
        goto done;
    }
    r->operations->rewind(r->file);
    *s = &r->base;
done:
    free(largest);
    if (e) {
        (void)reason_prefix(why, e, "%s", o->name);
        record_close(&r->base);
    }
    return e;
}

/* Makes a frame of the row in `value`; false where a mapped channel has no value. */
static bool frame(const struct record *r, int32_t *to)
{
    for (int lane = 0; lane < r->base.format.lanes; lane++) {
        int c = r->map.lane[lane].channel;
        double x = c < 0 ? 0 : r->value[c] * r->counts_per_unit[lane];
        if (isnan(x))
            return false;
        x = fmin(fmax(x, -METER_RAW_MAX), METER_RAW_MAX);
        to[lane] = (int32_t)lrint(x);
    }
    return true;
}

/* Starts the record again at its end: time goes on, and the seam is a gap. */
static enum err more_rows(struct record *r, struct reason *why)
{
    bool again = false;
    for (;;) {
        enum err e = r->operations->next(r->file, &r->row, r->value, why);
        if (e == ERR_OK) {
            r->have_row = true;
            r->gap |= again || r->row.gap;
            return ERR_OK;
        }
        if (e != ERR_BUSY || !r->loop || again)
            return e;
        r->operations->rewind(r->file);
        again = true;
    }
}

enum err record_read(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why)
{
    struct record *r = (struct record *)s;
    double rate = s->format.rate_hz;
    size_t due = pace_due(&r->pace, rate, most < BLOCK_FRAMES ? most : BLOCK_FRAMES, now_us);
    size_t skipped = 0;
    b->frames = r->frames;
    while (!r->ended && b->count + skipped < due) {
        enum err e = r->have_row ? ERR_OK : more_rows(r, why);
        if (e == ERR_BUSY) {
            r->ended = true;
            break;
        }
        if (e)
            return reason_prefix(why, e, "%s", r->name);
        bool other_rate = r->row.rate_hz != rate;
        if (b->count > 0 && (other_rate || r->gap))
            break; /* the next block starts here */
        if (other_rate) {
            r->utc_us += llround(r->since_s * 1e6);
            r->since_s = 0;
            rate = s->format.rate_hz = s->format.meter.rate_hz = r->row.rate_hz;
            b->changed = b->gap = true;
        }
        r->have_row = false;
        if (frame(r, r->frames + b->count * (size_t)s->format.lanes)) {
            if (b->count == 0)
                b->utc_us = r->utc_us + llround(r->since_s * 1e6);
            b->gap |= r->gap;
            r->gap = false;
            b->count++;
        } else {
            skipped++;
            r->gap = true;
        }
        r->since_s += 1 / rate;
        r->pace.given_s += 1 / rate;
    }
    b->end = r->ended;
    return ERR_OK;
}

int64_t record_due_us(const struct source *s)
{
    const struct record *r = (const struct record *)s;
    return r->ended ? INT64_MAX : pace_next_us(&r->pace);
}

void record_close(struct source *s)
{
    struct record *r = (struct record *)s;
    r->operations->free(r->file);
    free(r->value);
    free(r->frames);
    free(r);
}
