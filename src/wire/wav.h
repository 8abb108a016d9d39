/* wav - RIFF/WAVE files with linear samples: 16, 24, 32 bit integers, 32 and 64 bit floats, 1 to 48 channels.
 *
 * WAVE_FORMAT_EXTENSIBLE and RF64 (EBU Tech 3306) are understood, unknown chunks are skipped. A file cut short
 * gives its whole frames. Pure.
 */
#ifndef WIRE_WAV_H
#define WIRE_WAV_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAV_MAX_CHANNELS 48

struct wav {
    int channels; /* 1 .. WAV_MAX_CHANNELS */
    double rate_hz;
    int bits; /* 16, 24, 32, 64: of one sample */
    bool is_float;
    size_t data_at; /* first byte of the first frame */
    size_t frames;  /* whole frames that are there */
    bool truncated; /* the header promised more */
};

/* ERR_FORMAT  not a WAVE file; `why` names the byte and what was expected
 * ERR_RANGE   a WAVE file that is not linear PCM or float, or has too many channels */
enum err wav_parse(struct wav *w, const uint8_t *bytes, size_t length, struct reason *why) CHECKED;

size_t wav_frame_size(const struct wav *w);

/* One frame: channels numbers, full scale is -1 .. 1 (floats as they are, NaN where not finite). */
void wav_decode(const struct wav *w, const uint8_t *frame, double *value);

#endif
