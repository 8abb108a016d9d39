#include "devices/record_internal.h"

#include "base/text.h"
#include "wire/comtrade.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_BYTES ((size_t)1 << 29)
#define MOST_CONFIG_BYTES ((size_t)1 << 24)
#define GAP_STEPS \
    1.5 /* a step between stamps longer than this many mean steps is a gap, a shorter one jitter */

struct comtrade_file {
    struct comtrade config;
    unsigned char *config_bytes, *data_bytes; /* of a single file only the latter */
    struct comtrade_data data;
    int rate;       /* index of the running one */
    double mean_hz; /* of records with stamps alone */
    bool stamped;   /* a row was read: last_us holds its stamp */
    double last_us;
    uint32_t rows;       /* whole ones, never more than told */
    char data_name[128]; /* of the file that holds the rows, "" where there is only one */
};

/* Names the file where a row is wrong: the caller knows the configuration's name only. */
static enum err in_data(const struct comtrade_file *f, enum err e, struct reason *why)
{
    return e == ERR_BUSY || !f->data_name[0] ? e : reason_prefix(why, e, "%s", f->data_name);
}

static void rewind_file(void *file)
{
    struct comtrade_file *f = file;
    f->data.at = 0;
    f->data.row = 0;
    f->data.line = 0;
    f->rate = 0;
    f->stamped = false;
}

static void to_primary(const struct comtrade *c, double *value)
{
    for (int i = 0; i < c->analogs; i++) {
        const struct comtrade_channel *ch = &c->analog[i];
        if (!ch->is_primary && ch->secondary > 0)
            value[i] *= ch->primary / ch->secondary;
    }
}

static enum err next(void *file, struct record_row *row, double *value, struct reason *why)
{
    struct comtrade_file *f = file;
    const struct comtrade *c = &f->config;
    if (c->rows > 0 && f->data.row >= c->rows)
        return ERR_BUSY; /* rows beyond the last one told are no samples of any rate */
    struct comtrade_row read;
    enum err e = comtrade_next(&f->data, &read, value, why);
    if (e)
        return in_data(f, e, why);
    to_primary(c, value);
    *row = (struct record_row){.rate_hz = f->mean_hz};
    if (!c->by_stamps) {
        while (f->rate + 1 < c->rates && f->data.row > c->rate[f->rate].last)
            f->rate++;
        row->rate_hz = c->rate[f->rate].hz;
        return ERR_OK;
    }
    if (!read.stamped)
        return in_data(f,
                       reason(why, ERR_FORMAT,
                              "row %u has no time stamp, and the configuration tells no rate",
                              f->data.row),
                       why);
    double step = read.at_us - f->last_us;
    if (f->stamped && !(step > 0))
        return in_data(f,
                       reason(why, ERR_FORMAT,
                              "row %u: its time stamp is %g us after the last, expected more than "
                              "0",
                              f->data.row, step),
                       why);
    row->gap = f->stamped && f->mean_hz > 0 && step * 1e-6 * f->mean_hz > GAP_STEPS;
    f->stamped = true;
    f->last_us = read.at_us;
    return ERR_OK;
}

static void free_file(void *file)
{
    struct comtrade_file *f = file;
    free(f->config_bytes);
    free(f->data_bytes);
    free(f);
}

/* Mean of the steps that are no gaps: the first mean holds them all, each next one only those near it. */
static enum err mean_rate(struct comtrade_file *f, double *value, struct reason *why)
{
    struct record_row row;
    for (int pass = 0; pass < 4; pass++) {
        double sum_us = 0, before = 0,
               limit_us = f->mean_hz > 0 ? GAP_STEPS * 1e6 / f->mean_hz : (double)INFINITY;
        uint32_t steps = 0;
        enum err e;
        rewind_file(f);
        while ((e = next(f, &row, value, why)) == ERR_OK) {
            double step = f->last_us - before;
            before = f->last_us;
            if (f->data.row == 1 || step > limit_us)
                continue;
            sum_us += step;
            steps++;
        }
        if (e != ERR_BUSY)
            return e;
        if (steps == 0)
            return reason(why, ERR_FORMAT, "expected at least two rows with time stamps");
        f->mean_hz = steps / sum_us * 1e6;
    }
    rewind_file(f);
    return ERR_OK;
}

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcasecmp(path + n - m, ending) == 0;
}

/* How well `name` fits as the file beside `path` with this ending: 0 = not at all; a case as in `path` is better. */
static int fits(const char *name, const char *path, const char *ending)
{
    const char *base = source_base_name(path);
    size_t stem = strlen(base) - 4, length = strlen(name);
    if (length != stem + 4 || strncasecmp(name, base, stem) != 0 ||
        strcasecmp(name + stem, ending) != 0)
        return 0;
    bool lower = islower((unsigned char)base[stem + 1]) != 0;
    return 1 + 2 * (strncmp(name, base, stem) == 0) +
           (lower == (islower((unsigned char)name[stem + 1]) != 0));
}

/* The other file of the pair: the same name with `ending`, in any case: records come from systems that do not mind. */
static enum err find_twin(const char *path, const char *ending, char *twin, size_t size,
                          struct reason *why)
{
    const char *base = source_base_name(path);
    int folder = (int)(base - path), best = 0;
    if (snprintf(twin, size, "%.*s", folder, path) >= (int)size)
        return reason(why, ERR_RANGE, "%s: a path of more than %zu bytes", path, size - 1);
    DIR *dir = opendir(folder ? twin : ".");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int fit = fits(entry->d_name, path, ending);
        if (fit > best && snprintf(twin, size, "%.*s%s", folder, path, entry->d_name) < (int)size)
            best = fit;
    }
    if (dir)
        (void)closedir(dir);
    return best ? ERR_OK
                : reason(why, ERR_UNKNOWN, "%.*s%s: no such file beside %s", (int)strlen(path) - 4,
                         path, ending, base);
}

static enum err load_single(struct comtrade_file *f, const char *path, struct reason *why)
{
    size_t length;
    struct comtrade_sections s;
    enum err e = source_read_file(path, MOST_BYTES, &f->data_bytes, &length, why);
    if (e)
        return e;
    if ((e = comtrade_cff(&s, f->data_bytes, length, why)) ||
        (e = comtrade_config(&f->config, s.config, s.config_length, why)))
        return reason_prefix(why, e, "%s", path);
    f->data = (struct comtrade_data){.bytes = s.data, .length = s.data_length};
    return ERR_OK;
}

static enum err load_pair(struct comtrade_file *f, const char *path, struct reason *why)
{
    char twin[4096];
    size_t length;
    struct reason missing = {""};
    bool named_data = ends_in(path, ".dat");
    const char *config = named_data ? twin : path, *data = named_data ? path : twin;
    enum err found = find_twin(path, named_data ? ".cfg" : ".dat", twin, sizeof twin, &missing);
    if (found && named_data)
        return reason(why, found, "%s", missing.text);
    enum err e = source_read_file(config, MOST_CONFIG_BYTES, &f->config_bytes, &length, why);
    if (e)
        return e;
    if ((e = comtrade_config(&f->config, (const char *)f->config_bytes, length, why)))
        return reason_prefix(why, e, "%s", config);
    if (found) /* what is wrong with the configuration is said first */
        return reason(why, found, "%s", missing.text);
    if ((e = source_read_file(data, MOST_BYTES, &f->data_bytes, &length, why)))
        return e;
    static const unsigned char gzip[] = {0x1F, 0x8B, 8};
    if (length >= sizeof gzip && memcmp(f->data_bytes, gzip, sizeof gzip) == 0)
        return reason(why, ERR_FORMAT, "%s: byte 0: compressed by gzip, expected rows of samples",
                      data);
    f->data = (struct comtrade_data){.bytes = f->data_bytes, .length = length};
    text_copy(f->data_name, sizeof f->data_name, source_base_name(data));
    return ERR_OK;
}

/* What was told but is not there is said in the name: the whole rows are good. */
static void count_rows(struct comtrade_file *f, double *value)
{
    struct comtrade_row row;
    rewind_file(f);
    while ((f->config.rows == 0 || f->data.row < f->config.rows) &&
           comtrade_next(&f->data, &row, value, NULL) == ERR_OK)
        f->rows = f->data.row;
    rewind_file(f);
}

static enum err open_comtrade(struct source **s, const char *path, const struct source_options *o,
                              struct reason *why)
{
    static const struct record_file operations = {
        .rewind = rewind_file, .next = next, .free = free_file};
    enum err e = ERR_FULL;
    struct channel *channels = calloc(COMTRADE_MAX_ANALOG, sizeof *channels);
    double *value = calloc(COMTRADE_MAX_ANALOG, sizeof *value);
    struct comtrade_file *f = calloc(1, sizeof *f);
    if (!f || !value || !channels) {
        (void)reason(why, e, "%s: no memory", path);
        goto done;
    }
    if (!ends_in(path, ".cff") && !ends_in(path, ".cfg") && !ends_in(path, ".dat")) {
        e = reason(why, ERR_UNKNOWN, "%s: expected a file that ends in .cfg, .dat or .cff", path);
        goto done;
    }
    if ((e = ends_in(path, ".cff") ? load_single(f, path, why) : load_pair(f, path, why)))
        goto done;
    f->data.config = &f->config;
    if (f->config.by_stamps && (e = mean_rate(f, value, why))) {
        (void)reason_prefix(why, e, "%s", path);
        goto done;
    }
    count_rows(f, value);
    for (int i = 0; i < f->config.analogs; i++) {
        const struct comtrade_channel *ch = &f->config.analog[i];
        channels[i] = (struct channel){
            .name = ch->name, .phase = ch->phase, .component = ch->component, .unit = ch->unit};
    }
    uint32_t told = f->config.rows, there = f->rows;
    e = record_source_open(s,
                           &(struct record_open){.kind = &source_kind_comtrade,
                                                 .operations = &operations,
                                                 .file = f,
                                                 .channels = channels,
                                                 .count = f->config.analogs,
                                                 .map = o->map,
                                                 .nominal_hz = f->config.nominal_hz,
                                                 .start_utc_us = f->config.start_utc_us,
                                                 .name = path},
                           o, why);
    f = NULL; /* the source owns it, or it is gone */
    if (!e && there < told) {
        size_t used = strlen((*s)->format.name);
        (void)snprintf((*s)->format.name + used, sizeof(*s)->format.name - used,
                       " (ends early: %u of %u rows)", there, told);
    }
done:
    free(channels);
    free(value);
    if (f)
        free_file(f);
    return e;
}

const struct source_kind source_kind_comtrade = {
    .name = "comtrade",
    .endings = (const char *const[]){"cfg", "dat", "cff", NULL},
    .open = open_comtrade,
    .read = record_read,
    .due_us = record_due_us,
    .close = record_close,
};
