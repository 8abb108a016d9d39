#include "wire/comtrade.h"

#include "wire/span.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The configuration, line by line (IEC 60255-24:2013, clause 7). */
struct reader {
    struct span_lines lines;
    struct span line;
    struct reason *why;
};

static enum err next(struct reader *r, const char *expected)
{
    if (span_line(&r->lines, &r->line))
        return ERR_OK;
    return reason(r->why, ERR_FORMAT, "line %u: the text ends where %s is expected",
                  r->lines.line + 1, expected);
}

static enum err bad(const struct reader *r, const char *what, struct span found,
                    const char *expected)
{
    return reason(r->why, ERR_FORMAT, "line %u: %s is \"%s\", expected %s", r->lines.line, what,
                  span_shown(found).text, expected);
}

static enum err station(struct reader *r, struct comtrade *c)
{
    enum err e = next(r, "station,device,revision");
    if (e)
        return e;
    struct span name = {0}, device = {0}, year = {0};
    (void)span_field(&r->line, ',', &name);
    (void)span_field(&r->line, ',', &device);
    (void)span_field(&r->line, ',', &year);
    span_copy(name, c->station, sizeof c->station);
    span_copy(device, c->device, sizeof c->device);
    int64_t number = 1991;
    if (year.length > 0 && (!span_count(year, 9999, &number) || number < 1900))
        return bad(r, "the revision", year, "a year such as 1991, 1999 or 2013");
    c->revision = number <= 1991 ? COMTRADE_1991 : number < 2013 ? COMTRADE_1999 : COMTRADE_2013;
    return ERR_OK;
}

static enum err counted(const struct reader *r, struct span field, char kind, int64_t most,
                        int *count)
{
    const char *expected = kind == 'A' ? "a count and A, such as 8A" : "a count and D, such as 16D";
    const char *what = kind == 'A' ? "the number of analog channels" : "the number of digital ones";
    if (field.length < 2 || (field.at[field.length - 1] | 0x20) != (kind | 0x20))
        return bad(r, what, field, expected);
    struct span digits = span_trim((struct span){field.at, field.length - 1});
    int64_t n;
    if (!span_count(digits, 999999, &n))
        return bad(r, what, field, expected);
    if (n > most)
        return reason(r->why, ERR_RANGE,
                      "line %u: %s is %" PRId64 ", at most %" PRId64 " can be read", r->lines.line,
                      what, n, most);
    *count = (int)n;
    return ERR_OK;
}

static enum err counts(struct reader *r, struct comtrade *c)
{
    enum err e = next(r, "the channel counts, such as 8,6A,2D,");
    if (e)
        return e;
    struct span total = {0}, analog = {0}, digital = {0};
    (void)span_field(&r->line, ',', &total);
    (void)span_field(&r->line, ',', &analog);
    (void)span_field(&r->line, ',', &digital);
    int64_t all;
    if (!span_count(total, 999999, &all))
        return bad(r, "the number of channels", total, "a whole number");
    if ((e = counted(r, analog, 'A', COMTRADE_MAX_ANALOG, &c->analogs)))
        return e;
    if ((e = counted(r, digital, 'D', COMTRADE_MAX_DIGITAL, &c->digitals)))
        return e;
    if (all != c->analogs + c->digitals)
        return reason(r->why, ERR_FORMAT,
                      "line %u: %" PRId64 " channels in all, but %d analog and %d digital",
                      r->lines.line, all, c->analogs, c->digitals);
    if (c->analogs == 0)
        return reason(r->why, ERR_RANGE, "line %u: no analog channel: nothing to measure",
                      r->lines.line);
    return ERR_OK;
}

/* A number, or `missing` where the field is empty. */
static enum err real(const struct reader *r, const char *what, struct span field, double missing,
                     double *x)
{
    *x = missing;
    if (field.length == 0 || span_number(field, x))
        return ERR_OK;
    return bad(r, what, field, "a number");
}

enum {
    A_NUMBER,
    A_NAME,
    A_PHASE,
    A_COMPONENT,
    A_UNIT,
    A_MULTIPLIER,
    A_OFFSET,
    A_SKEW,
    A_MIN,
    A_MAX,
    A_PRIMARY,
    A_SECONDARY,
    A_PS,
    A_FIELDS
};

static enum err analog(struct reader *r, struct comtrade_channel *ch, int number, int of)
{
    enum err e = next(r, "an analog channel");
    if (e)
        return e;
    struct span whole = r->line, field[A_FIELDS] = {0};
    int fields = 0;
    while (fields < A_FIELDS && span_field(&r->line, ',', &field[fields]))
        fields++;
    if (fields <= A_MAX) /* ten fields in 1991, thirteen since */
        return reason(r->why, ERR_FORMAT,
                      "line %u: analog channel %d of %d has %d fields, expected at least 10: "
                      "number,name,phase,component,unit,a,b,skew,min,max; found \"%s\"",
                      r->lines.line, number, of, fields, span_shown(whole).text);
    span_copy(field[A_NAME], ch->name, sizeof ch->name);
    span_copy(field[A_PHASE], ch->phase, sizeof ch->phase);
    span_copy(field[A_COMPONENT], ch->component, sizeof ch->component);
    span_copy(field[A_UNIT], ch->unit, sizeof ch->unit);
    double skew_us = 0;
    if (!span_number(field[A_MULTIPLIER], &ch->multiplier))
        return bad(r, "the multiplier a", field[A_MULTIPLIER], "a number");
    if ((e = real(r, "the offset b", field[A_OFFSET], 0, &ch->offset)) ||
        (e = real(r, "the skew", field[A_SKEW], 0, &skew_us)) ||
        (e = real(r, "the primary factor", field[A_PRIMARY], 0, &ch->primary)) ||
        (e = real(r, "the secondary factor", field[A_SECONDARY], 0, &ch->secondary)))
        return e;
    ch->skew_s = skew_us * 1e-6;
    if (!(ch->primary > 0 && ch->secondary > 0))
        ch->primary = ch->secondary = 0;
    struct span ps = field[A_PS];
    if (ps.length > 0 && !span_is(ps, "P") && !span_is(ps, "S"))
        return bad(r, "the last field", ps, "P (primary) or S (secondary)");
    ch->is_primary = span_is(ps, "P");
    return ERR_OK;
}

static enum err digital(struct reader *r, int number, int of)
{
    enum err e = next(r, "a digital channel");
    if (e)
        return e;
    struct span whole = r->line, index = {0}, name;
    double n;
    if (span_field(&r->line, ',', &index) && span_number(index, &n) &&
        span_field(&r->line, ',', &name))
        return ERR_OK;
    return reason(r->why, ERR_FORMAT,
                  "line %u: expected digital channel %d of %d (number,name,...), found \"%s\"",
                  r->lines.line, number, of, span_shown(whole).text);
}

static enum err rates(struct reader *r, struct comtrade *c)
{
    enum err e = next(r, "the nominal frequency");
    if (e)
        return e;
    struct span field = span_trim(r->line);
    (void)span_field(&r->line, ',', &field);
    if ((e = real(r, "the nominal frequency", field, 0, &c->nominal_hz)))
        return e;
    if ((e = next(r, "the number of sampling rates")))
        return e;
    int64_t n;
    field = span_trim(r->line);
    (void)span_field(&r->line, ',', &field);
    if (!span_count(field, 999999999, &n))
        return bad(r, "the number of sampling rates", field, "a whole number");
    if (n > COMTRADE_MAX_RATES)
        return reason(r->why, ERR_RANGE,
                      "line %u: %" PRId64 " sampling rates, at most %d can be read", r->lines.line,
                      n, COMTRADE_MAX_RATES);
    for (int64_t i = 0; i < (n ? n : 1); i++) { /* one line even where there is no rate */
        if ((e = next(r, "a sampling rate and its last row")))
            return e;
        struct span rate = {0}, last = {0};
        (void)span_field(&r->line, ',', &rate);
        (void)span_field(&r->line, ',', &last);
        double hz;
        int64_t row;
        if (!span_number(rate, &hz))
            return bad(r, "the sampling rate", rate, "a number of Hz");
        if (!span_count(last, UINT32_MAX, &row))
            return bad(r, "the last row of the rate", last, "a whole number");
        if (n <= 1 && hz == 0) {
            n = 0;
            c->by_stamps = true;
            c->rows = (uint32_t)row;
            break;
        }
        if (!(hz > 0))
            return reason(r->why, ERR_RANGE,
                          "line %u: a sampling rate of %g Hz: expected more than 0", r->lines.line,
                          hz);
        if (i > 0 && row <= (int64_t)c->rows)
            return reason(r->why, ERR_FORMAT,
                          "line %u: the last row is %" PRId64
                          ", expected more than %u of the rate before",
                          r->lines.line, row, c->rows);
        c->rate[i] = (struct comtrade_rate){hz, (uint32_t)row};
        c->rows = (uint32_t)row;
    }
    c->by_stamps = n == 0;
    c->rates = (int)n;
    return ERR_OK;
}

/* Days from 1970-01-01 in the Gregorian calendar: years start in March, 146097 days in 400 of them. */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, yoe = year - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool three(struct span text, char separator, struct span part[3])
{
    for (int i = 0; i < 3; i++)
        if (!span_field(&text, separator, &part[i]))
            return false;
    return text.at == NULL;
}

/* "18/11/2015,05:33:03.765333"; month first in 1991. Empty or all-zero: not told. */
static enum err stamp(struct reader *r, const struct comtrade *c, const char *what, int64_t *utc_us,
                      bool *nanoseconds)
{
    enum err e = next(r, what);
    if (e)
        return e;
    struct span whole = span_trim(r->line), date = {0}, clock = {0}, d[3], t[3];
    (void)span_field(&r->line, ',', &date);
    (void)span_field(&r->line, ',', &clock);
    *utc_us = 0;
    if (date.length == 0)
        return ERR_OK;
    int64_t day, month, year, hour, minute;
    double second;
    if (!three(date, '/', d) || !three(clock, ':', t) || !span_count(d[0], 31, &day) ||
        !span_count(d[1], 31, &month) || !span_count(d[2], 9999, &year) ||
        !span_count(t[0], 24, &hour) || !span_count(t[1], 59, &minute) ||
        !span_number(t[2], &second) || second < 0 || second >= 61)
        return bad(r, what, whole,
                   c->revision == COMTRADE_1991 ? "mm/dd/yy,hh:mm:ss.ssssss"
                                                : "dd/mm/yyyy,hh:mm:ss.ssssss");
    if ((c->revision == COMTRADE_1991 && day <= 12) || month > 12) {
        int64_t swap = day;
        day = month;
        month = swap;
    }
    if (month > 12)
        return bad(r, what, whole, "a month from 1 to 12");
    if (day == 0 || month == 0)
        return ERR_OK;
    if (year < 100)
        year += year < 70 ? 2000 : 1900;
    const char *point = memchr(t[2].at, '.', t[2].length);
    *nanoseconds |= point && t[2].length - (size_t)(point - t[2].at) - 1 > 6;
    *utc_us = ((days(year, month, day) * 24 + hour) * 60 + minute) * INT64_C(60000000) +
              (int64_t)(second * 1e6);
    return ERR_OK;
}

static enum err format(struct reader *r, struct comtrade *c)
{
    static const char *const names[] = {[COMTRADE_ASCII] = "ASCII",
                                        [COMTRADE_BINARY] = "BINARY",
                                        [COMTRADE_BINARY32] = "BINARY32",
                                        [COMTRADE_FLOAT32] = "FLOAT32"};
    enum err e = next(r, "the format of the data");
    if (e)
        return e;
    struct span field = span_trim(r->line);
    (void)span_field(&r->line, ',', &field);
    for (size_t i = 0; i < COUNT(names); i++)
        if (span_is(field, names[i])) {
            c->format = (enum comtrade_format)i;
            return ERR_OK;
        }
    return bad(r, "the format of the data", field, "ASCII, BINARY, BINARY32 or FLOAT32");
}

/* Since 1999 a factor of the stamps may follow; since 2013 the zone ("+9", "-5h30", "x" = unknown). */
static enum err tail(struct reader *r, struct comtrade *c, bool nanoseconds)
{
    double factor = 1;
    struct span field = {0};
    if (span_line(&r->lines, &r->line)) {
        field = span_trim(r->line);
        (void)span_field(&r->line, ',', &field);
    }
    if (field.length > 0 && (!span_number(field, &factor) || !(factor > 0)))
        return bad(r, "the time factor", field, "a number above 0");
    c->stamp_us = factor * (nanoseconds ? 1e-3 : 1.0);
    if (c->revision != COMTRADE_2013 || !span_line(&r->lines, &r->line))
        return ERR_OK;
    struct span zone = {0}, hours, rest;
    (void)span_field(&r->line, ',', &zone);
    if (zone.length == 0 || span_is(zone, "x"))
        return ERR_OK;
    double h, m = 0;
    rest = zone;
    bool told = span_field(&rest, 'h', &hours) && span_number(hours, &h) && fabs(h) <= 24;
    if (told && rest.at && rest.length > 0)
        told = span_number(rest, &m) && m >= 0 && m < 60;
    if (!told)
        return bad(r, "the time code", zone, "hours from UTC such as +1, -5h30 or x");
    int64_t ahead_us = (int64_t)(h * 3600e6 + (zone.at[0] == '-' ? -m : m) * 60e6);
    c->start_utc_us -= c->start_utc_us ? ahead_us : 0;
    c->trigger_utc_us -= c->trigger_utc_us ? ahead_us : 0;
    return ERR_OK;
}

enum err comtrade_config(struct comtrade *c, const char *bytes, size_t length, struct reason *why)
{
    struct reader r = {.lines.left = {bytes, length}, .why = why};
    memset(c, 0, offsetof(struct comtrade, rate));
    enum err e;
    if ((e = station(&r, c)) || (e = counts(&r, c)))
        return e;
    for (int i = 0; i < c->analogs; i++)
        if ((e = analog(&r, &c->analog[i], i + 1, c->analogs)))
            return e;
    for (int i = 0; i < c->digitals; i++)
        if ((e = digital(&r, i + 1, c->digitals)))
            return e;
    bool nanoseconds = false;
    if ((e = rates(&r, c)) ||
        (e = stamp(&r, c, "the time of the first row", &c->start_utc_us, &nanoseconds)) ||
        (e = stamp(&r, c, "the time of the trigger", &c->trigger_utc_us, &nanoseconds)) ||
        (e = format(&r, c)) || (e = tail(&r, c, nanoseconds)))
        return e;
    return ERR_OK;
}
