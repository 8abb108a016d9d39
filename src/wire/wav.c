#include "wire/wav.h"

#include <math.h>
#include <string.h>

#define FORMAT_PCM 1
#define FORMAT_FLOAT 3
#define FORMAT_EXTENSIBLE 0xFFFE
#define SIZE_UNKNOWN UINT32_MAX /* RF64, and what streaming programs leave */

static uint32_t u16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

size_t wav_frame_size(const struct wav *w)
{
    return (size_t)w->channels * (size_t)(w->bits / 8);
}

static enum err format_chunk(struct wav *w, const uint8_t *p, size_t size, size_t at,
                             struct reason *why)
{
    if (size < 16)
        return reason(why, ERR_FORMAT,
                      "byte %zu: the fmt chunk has %zu bytes, expected at least 16", at, size);
    unsigned format = u16(p), channels = u16(p + 2), align = u16(p + 12), bits = u16(p + 14);
    if (format == FORMAT_EXTENSIBLE) {
        if (size < 40)
            return reason(why, ERR_FORMAT,
                          "byte %zu: the extensible fmt chunk has %zu bytes, expected 40", at,
                          size);
        format = u16(p + 24); /* the GUID starts with the plain code */
    }
    w->is_float = format == FORMAT_FLOAT;
    if (format != FORMAT_PCM && format != FORMAT_FLOAT)
        return reason(why, ERR_RANGE, "byte %zu: sample format %u, expected 1 (PCM) or 3 (float)",
                      at, format);
    if (channels < 1 || channels > WAV_MAX_CHANNELS)
        return reason(why, ERR_RANGE, "byte %zu: %u channels, expected 1 to %d", at + 2, channels,
                      WAV_MAX_CHANNELS);
    bool known = w->is_float ? bits == 32 || bits == 64 : bits == 16 || bits == 24 || bits == 32;
    if (!known)
        return reason(why, ERR_RANGE, "byte %zu: %u bits a sample, expected %s", at + 14, bits,
                      w->is_float ? "32 or 64 (float)" : "16, 24 or 32 (PCM)");
    if (align != channels * bits / 8)
        return reason(why, ERR_FORMAT, "byte %zu: %u bytes a frame, expected %u", at + 12, align,
                      channels * bits / 8);
    w->channels = (int)channels;
    w->bits = (int)bits;
    w->rate_hz = u32(p + 4);
    if (w->rate_hz == 0)
        return reason(why, ERR_RANGE, "byte %zu: a sampling rate of 0 Hz", at + 4);
    return ERR_OK;
}

enum err wav_parse(struct wav *w, const uint8_t *bytes, size_t length, struct reason *why)
{
    struct wav found = {0};
    bool rf64 = length >= 12 && memcmp(bytes, "RF64", 4) == 0;
    if (length < 12 || (!rf64 && memcmp(bytes, "RIFF", 4) != 0))
        return reason(why, ERR_FORMAT, "byte 0: expected RIFF or RF64");
    if (memcmp(bytes + 8, "WAVE", 4) != 0)
        return reason(why, ERR_FORMAT, "byte 8: expected WAVE");
    uint64_t long_size = 0;
    size_t at = 12;
    while (length - at >= 8) {
        const uint8_t *head = bytes + at;
        uint64_t size = u32(head + 4);
        size_t left = length - at - 8;
        bool data = memcmp(head, "data", 4) == 0;
        if (data) {
            if (found.channels == 0)
                return reason(why, ERR_FORMAT, "byte %zu: expected a fmt chunk before the data",
                              at);
            if (size == SIZE_UNKNOWN)
                size = rf64 ? long_size : left;
            found.data_at = at + 8;
            found.truncated = size > left;
            uint64_t there = found.truncated ? left : size;
            found.frames = (size_t)(there / wav_frame_size(&found));
            *w = found;
            return ERR_OK;
        }
        if (size > left)
            return reason(why, ERR_FORMAT, "byte %zu: a chunk of %llu bytes where %zu are left", at,
                          (unsigned long long)size, left);
        if (memcmp(head, "ds64", 4) == 0 && size >= 16)
            long_size = u64(head + 16);
        if (memcmp(head, "fmt ", 4) == 0) {
            enum err e = format_chunk(&found, head + 8, (size_t)size, at + 8, why);
            if (e)
                return e;
        }
        size += size & 1; /* chunks are padded to even lengths; the last pad may be missing */
        at += 8 + (size_t)(size < left ? size : left);
    }
    return reason(why, ERR_FORMAT, "byte %zu: the file ends where a %s chunk is expected", at,
                  found.channels ? "data" : "fmt");
}

static double sample(const struct wav *w, const uint8_t *p)
{
    if (w->is_float && w->bits == 64) {
        uint64_t raw = u64(p);
        double x;
        memcpy(&x, &raw, sizeof x);
        return isfinite(x) ? x : (double)NAN;
    }
    if (w->is_float) {
        uint32_t raw = u32(p);
        float x;
        memcpy(&x, &raw, sizeof x);
        return isfinite(x) ? (double)x : (double)NAN;
    }
    uint32_t raw = w->bits == 16   ? u16(p) << 16
                   : w->bits == 24 ? (u16(p) | (uint32_t)p[2] << 16) << 8
                                   : u32(p);
    return (double)(int32_t)raw / 2147483648.0;
}

void wav_decode(const struct wav *w, const uint8_t *frame, double *value)
{
    size_t size = (size_t)(w->bits / 8);
    for (int i = 0; i < w->channels; i++)
        value[i] = sample(w, frame + (size_t)i * size);
}
