/* record - a finite set of samples in memory as a source: what COMTRADE and WAVE files have in common.
 *
 * The record is read twice: once at opening, to find each channel's largest value (its scale: 24 bits of the meter)
 * and whether it has values at all, then for its samples. Rows that lack a value of a mapped channel are left
 * out: the next block says `gap`.
 */
#ifndef DEVICES_RECORD_INTERNAL_H
#define DEVICES_RECORD_INTERNAL_H

#include "devices/channel_map.h"
#include "devices/pace.h"
#include "devices/source_internal.h"

struct record_row {
    double rate_hz; /* of this row */
    bool gap;       /* samples are missing before it */
};

/* What a format does. `file` is its own state. */
struct record_file {
    void (*rewind)(void *file);
    /* ERR_BUSY = the end. `value` takes `channels` numbers, primary where the record knows, NaN = missing. */
    enum err (*next)(void *file, struct record_row *row, double *value, struct reason *why);
    void (*free)(void *file);
};

struct record_open {
    const struct source_kind *kind;
    const struct record_file *operations;
    void *file;               /* owned by the source from now on, also on failure */
    struct channel *channels; /* texts live as long as `file`; the array is the caller's */
    int count;
    const char *map; /* by hand; NULL = by itself */
    double nominal_hz;
    int64_t start_utc_us;
    const char *name; /* the file's, for messages; read only while opening */
};

enum err record_source_open(struct source **s, const struct record_open *r,
                            const struct source_options *o, struct reason *why) CHECKED;

enum err record_read(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why) CHECKED;
int64_t record_due_us(const struct source *s);
void record_close(struct source *s);

#endif
