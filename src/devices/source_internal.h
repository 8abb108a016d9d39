/* source_internal - what a kind of source gives to source.c. */
#ifndef DEVICES_SOURCE_INTERNAL_H
#define DEVICES_SOURCE_INTERNAL_H

#include "devices/source.h"

/* First member of each kind's own struct. */
struct source {
    const struct source_kind *kind;
    struct source_format format;
};

struct source_kind {
    const char *name; /* "sim": what stands before the colon */
    const char *const
        *endings; /* file names that mean this kind, NULL-terminated, without the dot */
    enum err (*open)(struct source **s, const char *what, const struct source_options *o,
                     struct reason *why);
    enum err (*read)(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why);
    int64_t (*due_us)(const struct source *s);
    int (*fd)(const struct source *s); /* NULL = no descriptor */
    void (*close)(struct source *s);
};

extern const struct source_kind source_kind_sim, source_kind_comtrade, source_kind_wav,
    source_kind_iio;

/* The whole file in memory, at most `most` bytes; freed by the caller.
 * ERR_UNKNOWN  no such file; ERR_IO; ERR_RANGE  larger */
enum err source_read_file(const char *path, size_t most, unsigned char **bytes, size_t *length,
                          struct reason *why) CHECKED;

/* A rate that the meter cannot take: ERR_RANGE with the range. */
enum err source_check_rate(double rate_hz, struct reason *why) CHECKED;

/* The last part of a path. */
const char *source_base_name(const char *path);

#endif
