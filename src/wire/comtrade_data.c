#include "wire/comtrade.h"

#include "wire/span.h"

#include <math.h>
#include <string.h>

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static double from_i16(const uint8_t *p)
{
    uint32_t raw = u16(p);
    return raw == 0x8000 ? (double)NAN : (double)(int16_t)raw;
}

static double from_i32(const uint8_t *p)
{
    uint32_t raw = u32(p);
    return raw == 0x80000000u ? (double)NAN : (double)(int32_t)raw;
}

static double from_f32(const uint8_t *p)
{
    uint32_t raw = u32(p);
    float x;
    memcpy(&x, &raw, sizeof x);
    return isfinite(x) ? (double)x : (double)NAN;
}

/* How a stored number is read; missing ones as IEC 60255-24:2013, 8.6. */
static const struct {
    size_t size;
    double (*decode)(const uint8_t *p);
} binary[] = {
    [COMTRADE_ASCII] = {0, NULL},
    [COMTRADE_BINARY] = {2, from_i16},
    [COMTRADE_BINARY32] = {4, from_i32},
    [COMTRADE_FLOAT32] = {4, from_f32},
};

size_t comtrade_row_size(const struct comtrade *c)
{
    size_t size = binary[c->format].size;
    if (size == 0)
        return 0;
    return 8 + size * (size_t)c->analogs + 2 * (((size_t)c->digitals + 15) / 16);
}

static void put(const struct comtrade_channel *ch, double stored, double *value)
{
    double x = ch->multiplier * stored + ch->offset;
    *value = isfinite(x) ? x : (double)NAN;
}

static enum err next_binary(struct comtrade_data *d, struct comtrade_row *row, double *value)
{
    const struct comtrade *c = d->config;
    size_t need = comtrade_row_size(c), size = binary[c->format].size;
    if (d->length - d->at < need)
        return ERR_BUSY;
    const uint8_t *p = d->bytes + d->at;
    uint32_t stamp = u32(p + 4);
    row->stamped = stamp != UINT32_MAX;
    row->at_us = row->stamped ? stamp * c->stamp_us : 0;
    p += 8;
    for (int i = 0; i < c->analogs; i++, p += size)
        put(&c->analog[i], binary[c->format].decode(p), &value[i]);
    d->at += need;
    d->row++;
    return ERR_OK;
}

static enum err field_wrong(const struct comtrade_data *d, int field, struct span found,
                            const char *expected, struct reason *why)
{
    return reason(why, ERR_FORMAT, "line %u: field %d is \"%s\", expected %s", d->line + 1, field,
                  span_shown(found).text, expected);
}

/* number,stamp,analog...,digital... */
static enum err ascii_row(const struct comtrade_data *d, struct span line, struct comtrade_row *row,
                          double *value, struct reason *why)
{
    const struct comtrade *c = d->config;
    struct span rest = line, field;
    double x;
    if (!span_field(&rest, ',', &field) || !span_number(field, &x))
        return field_wrong(d, 1, field, "the number of the row", why);
    struct span stamp = {0};
    (void)span_field(&rest, ',', &stamp);
    row->stamped = stamp.length > 0;
    row->at_us = 0;
    if (row->stamped && !span_number(stamp, &x))
        return field_wrong(d, 2, stamp, "a time stamp or nothing", why);
    if (row->stamped)
        row->at_us = x * c->stamp_us;
    int fields = 2;
    for (; fields < 2 + c->analogs && span_field(&rest, ',', &field); fields++) {
        const struct comtrade_channel *ch = &c->analog[fields - 2];
        if (field.length == 0)
            value[fields - 2] = (double)NAN;
        else if (span_number(field, &x))
            put(ch, x, &value[fields - 2]);
        else
            return field_wrong(d, fields + 1, field, "a number or nothing", why);
    }
    int analogs = fields - 2;
    while (span_field(&rest, ',', &field) && fields < 2 + c->analogs + c->digitals + 2)
        fields++;
    int digitals = fields - 2 - analogs;
    bool spare = digitals == c->digitals + 1 && field.length == 0; /* a comma at the end */
    if (analogs == c->analogs && (digitals == 0 || digitals == c->digitals || spare))
        return ERR_OK;
    return reason(why, ERR_FORMAT,
                  "line %u: %d fields, expected %d: row, stamp, %d analog and %d digital values",
                  d->line + 1, fields, 2 + c->analogs + c->digitals, c->analogs, c->digitals);
}

static enum err next_ascii(struct comtrade_data *d, struct comtrade_row *row, double *value,
                           struct reason *why)
{
    struct span_lines lines = {{(const char *)d->bytes + d->at, d->length - d->at}, d->line};
    struct span line;
    for (;;) {
        unsigned before = lines.line;
        if (!span_line(&lines, &line)) {
            /* blank lines and what follows a 0x1A are no cut row */
            d->at = d->length;
            return ERR_BUSY;
        }
        d->line = before;
        if (span_trim(line).length > 0)
            break;
        d->at = d->length - lines.left.length;
        d->line = lines.line;
    }
    /* A last row without its line end may be cut inside a number. It counts only where it is the last one told. */
    bool ended = line.at + line.length < (const char *)d->bytes + d->length;
    if (!ended && d->row + 1 < d->config->rows)
        return ERR_BUSY;
    enum err e = ascii_row(d, line, row, value, ended ? why : NULL);
    if (e)
        return ended ? e : ERR_BUSY;
    d->at = d->length - lines.left.length;
    d->line = lines.line;
    d->row++;
    return ERR_OK;
}

enum err comtrade_next(struct comtrade_data *d, struct comtrade_row *row, double *value,
                       struct reason *why)
{
    if (d->config->format == COMTRADE_ASCII)
        return next_ascii(d, row, value, why);
    return next_binary(d, row, value);
}
