#include "devices/record_internal.h"

#include "wire/wav.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 29)

struct wav_file {
    struct wav wav;
    unsigned char *bytes;
    size_t frame;
};

static void rewind_file(void *file)
{
    ((struct wav_file *)file)->frame = 0;
}

static enum err next(void *file, struct record_row *row, double *value, struct reason *why)
{
    struct wav_file *f = file;
    (void)why;
    if (f->frame == f->wav.frames)
        return ERR_BUSY;
    wav_decode(&f->wav, f->bytes + f->wav.data_at + f->frame * wav_frame_size(&f->wav), value);
    f->frame++;
    *row = (struct record_row){.rate_hz = f->wav.rate_hz};
    return ERR_OK;
}

static void free_file(void *file)
{
    free(((struct wav_file *)file)->bytes);
    free(file);
}

/* What the channels are where nobody says: a WAVE file has no names. More than eight go by groups of four. */
static const char *const usual[] = {
    [1] = "v1=1",
    [2] = "v1=1,i1=2",
    [3] = "v1=1,v2=2,v3=3",
    [4] = "v1=1,v2=2,i1=3,i2=4",
    [5] = "v1=1,v2=2,v3=3,i1=4,i2=5",
    [6] = "v1=1,v2=2,v3=3,i1=4,i2=5,i3=6",
    [7] = "v1=1,v2=2,v3=3,i1=4,i2=5,i3=6,in=7",
    [8] = "v1=1,v2=2,v3=3,vx=4,i1=5,i2=6,i3=7,in=8",
};

static enum err open_wav(struct source **s, const char *path, const struct source_options *o,
                         struct reason *why)
{
    static const struct record_file operations = {
        .rewind = rewind_file, .next = next, .free = free_file};
    struct wav_file *f = calloc(1, sizeof *f);
    if (!f)
        return reason(why, ERR_FULL, "%s: no memory", path);
    size_t length;
    enum err e = source_read_file(path, MOST_BYTES, &f->bytes, &length, why);
    if (!e && (e = wav_parse(&f->wav, f->bytes, length, why)))
        (void)reason_prefix(why, e, "%s", path);
    if (!e && !o->map && (size_t)f->wav.channels >= COUNT(usual))
        e = reason(why, ERR_RANGE, "%s: %d channels: say which is which, such as v1=1,v2=2,i1.2=9",
                   path, f->wav.channels);
    if (e) {
        free_file(f);
        return e;
    }
    bool truncated = f->wav.truncated;
    size_t frames = f->wav.frames;
    struct channel channels[WAV_MAX_CHANNELS];
    for (int i = 0; i < f->wav.channels; i++)
        channels[i] = (struct channel){.name = "", .phase = "", .component = "", .unit = ""};
    e = record_source_open(s,
                           &(struct record_open){.kind = &source_kind_wav,
                                                 .operations = &operations,
                                                 .file = f,
                                                 .channels = channels,
                                                 .count = f->wav.channels,
                                                 .map = o->map ? o->map : usual[f->wav.channels],
                                                 .name = path},
                           o, why);
    if (!e && truncated) {
        size_t used = strlen((*s)->format.name);
        (void)snprintf((*s)->format.name + used, sizeof(*s)->format.name - used,
                       " (ends early: %zu frames)", frames);
    }
    return e;
}

const struct source_kind source_kind_wav = {
    .name = "wav",
    .endings = (const char *const[]){"wav", "wave", "rf64", NULL},
    .open = open_wav,
    .read = record_read,
    .due_us = record_due_us,
    .close = record_close,
};
