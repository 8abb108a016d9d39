/* source - where samples come from: a scenario, a record or a converter, behind one small interface.
 *
 * A source is opened by a line of text, "sim:FILE", "comtrade:FILE", "wav:FILE", "iio:DEVICE", or by a plain file name
 * whose ending tells. It says once what it delivers, then gives blocks of frames (meter/system.h).
 * It reads the clock through `now` of its options only.
 */
#ifndef DEVICES_SOURCE_H
#define DEVICES_SOURCE_H

#include "base/err.h"
#include "meter/meter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

struct source_options {
    const char
        *map; /* channel mapping by hand, NULL = by phase, unit and name (devices/channel_map.h) */
    bool wiring_given; /* `wiring` was said by a person and wins over what the record suggests */
    enum meter_system wiring;
    double speed;         /* 1 = real time, 0 = as fast as it is read; scenarios and records */
    bool loop;            /* a record starts again at its end (a gap is reported) */
    int64_t start_utc_us; /* simulated sources: time of the first sample */
    double rate_hz;       /* asked of scenarios and converters; 0 = their own */
};

/* What the source delivers. Filled by source_open; may only change after source_read said `changed`. */
struct source_format {
    double rate_hz;
    int lanes;            /* 4 x (1 + loads) */
    int64_t start_utc_us; /* of the first sample; 0 = the source does not know */
    bool live;            /* samples come by themselves; else they are made when read */
    bool simulated;
    struct meter_config
        meter;      /* rate, system, scales, loads, nominal values, inputs: ready for meter_init */
    char name[128]; /* for people */
    char channels[512]; /* which channel became which lane, for people: "v1=U1 v2=U2 ..." */
};

struct source_block {
    const int32_t *frames; /* count x lanes; the source's memory, valid until the next call */
    size_t count;          /* 0 = nothing yet */
    int64_t utc_us;        /* of the first frame */
    bool gap;              /* samples are missing before this block */
    bool changed; /* format (rate) changed with this block: read source_format again; implies gap */
    bool end;     /* no more will come */
};

/* ERR_UNKNOWN  no such file, device or kind
 * ERR_FORMAT   the file is malformed; `why` names file, line or byte and what was expected
 * ERR_RANGE    understood, but unusable (rate, channels)
 * ERR_IO       the system refused */
enum err source_open(struct source **s, const char *what, const struct source_options *o,
                     struct reason *why) CHECKED;
const struct source_format *source_format(const struct source *s);

/* Up to `most` frames that are due at `now_us` (monotonic). Never blocks.
 * ERR_IO / ERR_FORMAT  the source broke at this point; close it and open it again with back-off */
enum err source_read(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why) CHECKED;

/* When (monotonic us) it is worth reading again; a descriptor to wait on instead, or -1. */
int64_t source_due_us(const struct source *s);
int source_fd(const struct source *s);

void source_close(struct source *s);

#endif
