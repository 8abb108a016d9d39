#include "devices/source_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const struct source_kind *const kinds[] = {
    &source_kind_sim,
    &source_kind_comtrade,
    &source_kind_wav,
    &source_kind_iio,
};

const char *source_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

enum err source_read_file(const char *path, size_t most, unsigned char **bytes, size_t *length,
                          struct reason *why)
{
    enum err e = ERR_OK;
    unsigned char *read = NULL;
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f)
        return reason(why, errno == ENOENT || errno == ENOTDIR ? ERR_UNKNOWN : ERR_IO, "%s: %s",
                      path, strerror(errno));
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        e = reason(why, ERR_UNKNOWN, "%s: not a file", path);
        goto done;
    }
    if ((uintmax_t)st.st_size > most) {
        e = reason(why, ERR_RANGE, "%s: %jd bytes, at most %zu can be read", path,
                   (intmax_t)st.st_size, most);
        goto done;
    }
    size_t size = (size_t)st.st_size;
    read = malloc(size + 1);
    if (!read) {
        e = reason(why, ERR_FULL, "%s: no memory for %zu bytes", path, size);
        goto done;
    }
    *length = fread(read, 1, size, f);
    if (ferror(f)) {
        e = reason(why, ERR_IO, "%s: %s", path, strerror(errno));
        goto done;
    }
    *bytes = read;
    read = NULL;
done:
    free(read);
    (void)fclose(f);
    return e;
}

enum err source_check_rate(double rate_hz, struct reason *why)
{
    if (rate_hz >= METER_MIN_RATE_HZ && rate_hz <= METER_MAX_RATE_HZ)
        return ERR_OK;
    return reason(why, ERR_RANGE, "a rate of %g Hz: expected %g to %g Hz", rate_hz,
                  METER_MIN_RATE_HZ, METER_MAX_RATE_HZ);
}

static const struct source_kind *by_ending(const char *path)
{
    const char *dot = strrchr(source_base_name(path), '.');
    if (!dot)
        return NULL;
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (const char *const *e = kinds[i]->endings; *e; e++)
            if (strcasecmp(dot + 1, *e) == 0)
                return kinds[i];
    return NULL;
}

enum err source_open(struct source **s, const char *what, const struct source_options *o,
                     struct reason *why)
{
    if (!(o->speed >= 0 && o->speed <= 1e6))
        return reason(why, ERR_RANGE, "a speed of %g: expected 0 (as fast as it is read) to 1e6",
                      o->speed);
    const char *colon = strchr(what, ':');
    size_t length = colon ? (size_t)(colon - what) : 0;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (colon && strlen(kinds[i]->name) == length && strncmp(kinds[i]->name, what, length) == 0)
            return kinds[i]->open(s, colon + 1, o, why);
    const struct source_kind *kind = by_ending(what);
    if (kind)
        return kind->open(s, what, o, why);
    return reason(
        why, ERR_UNKNOWN,
        "%s: expected sim:FILE, comtrade:FILE, wav:FILE, iio:DEVICE or a file that ends in "
        ".scn, .cfg, .dat, .cff or .wav",
        what);
}

const struct source_format *source_format(const struct source *s)
{
    return &s->format;
}

enum err source_read(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                     struct reason *why)
{
    *b = (struct source_block){0};
    return s->kind->read(s, most, now_us, b, why);
}

int64_t source_due_us(const struct source *s)
{
    return s->kind->due_us(s);
}

int source_fd(const struct source *s)
{
    return s->kind->fd ? s->kind->fd(s) : -1;
}

void source_close(struct source *s)
{
    if (s)
        s->kind->close(s);
}
