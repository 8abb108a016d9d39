#include "wire/wav.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct maker {
    uint8_t bytes[512];
    size_t length;
};

static void put(struct maker *m, const void *p, size_t n)
{
    memcpy(m->bytes + m->length, p, n);
    m->length += n;
}

static void number(struct maker *m, uint64_t x, int bytes)
{
    for (int i = 0; i < bytes; i++)
        m->bytes[m->length++] = (uint8_t)(x >> 8 * i);
}

static void head(struct maker *m, unsigned format, unsigned channels, unsigned rate, unsigned bits,
                 bool extensible)
{
    *m = (struct maker){0};
    put(m, "RIFF\0\0\0\0WAVEfmt ", 16);
    number(m, extensible ? 40 : 16, 4);
    number(m, extensible ? 0xFFFE : format, 2);
    number(m, channels, 2);
    number(m, rate, 4);
    number(m, rate * channels * bits / 8, 4);
    number(m, channels * bits / 8, 2);
    number(m, bits, 2);
    if (extensible) {
        number(m, 22, 2);
        number(m, bits, 2);
        number(m, 0, 4);
        number(m, format, 2);
        put(m, "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14);
    }
}

static void data(struct maker *m, const void *p, size_t n, uint32_t told)
{
    put(m, "data", 4);
    number(m, told, 4);
    put(m, p, n);
}

static void each_sample_format_reads_full_scale_as_one(void **state)
{
    (void)state;
    static const struct {
        unsigned format, bits;
        bool extensible;
        uint8_t sample[8];
        double value;
    } cases[] = {
        {1, 16, false, {0x00, 0x80}, -1},
        {1, 16, true, {0x00, 0x40}, 0.5},
        {1, 24, false, {0x00, 0x00, 0x80}, -1},
        {1, 24, false, {0x01, 0x00, 0x00}, 0x1p-23},
        {1, 32, false, {0x00, 0x00, 0x00, 0xC0}, -0.5},
        {3, 32, false, {0x00, 0x00, 0xA0, 0x3F}, 1.25},
        {3, 32, true, {0x00, 0x00, 0x80, 0x7F}, (double)NAN},
        {3, 64, false, {0, 0, 0, 0, 0, 0, 0xE0, 0xBF}, -0.5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct maker m;
        struct wav w;
        struct reason why = {0};
        double value = 9;
        head(&m, cases[i].format, 1, 8000, cases[i].bits, cases[i].extensible);
        data(&m, cases[i].sample, cases[i].bits / 8, cases[i].bits / 8);
        if (wav_parse(&w, m.bytes, m.length, &why))
            fail_msg("case %zu: %s", i, why.text);
        assert_int_equal(w.frames, 1);
        assert_true(w.rate_hz == 8000);
        wav_decode(&w, m.bytes + w.data_at, &value);
        assert_true(isnan(cases[i].value) ? isnan(value) : value == cases[i].value);
    }
}

static void odd_chunks_are_skipped_and_a_cut_file_gives_its_whole_frames(void **state)
{
    (void)state;
    struct maker m;
    struct wav w;
    head(&m, 1, 2, 8000, 16, false);
    put(&m, "LIST\3\0\0\0abc\0", 12); /* three bytes and a pad */
    data(&m, "\1\0\2\0\3\0\4", 7, 400);
    assert_int_equal(wav_parse(&w, m.bytes, m.length, NULL), ERR_OK);
    assert_true(w.truncated);
    assert_int_equal(w.frames, 1);
    double value[2];
    wav_decode(&w, m.bytes + w.data_at, value);
    assert_true(value[0] == 1 / 32768.0 && value[1] == 2 / 32768.0);
}

static void an_rf64_file_takes_its_size_from_ds64(void **state)
{
    (void)state;
    struct maker m = {0}, plain;
    head(&plain, 1, 1, 8000, 16, false);
    put(&m, "RF64\xFF\xFF\xFF\xFFWAVEds64\x1C\0\0\0", 20);
    number(&m, 0, 8);
    number(&m, 4, 8); /* bytes of data */
    number(&m, 2, 8);
    number(&m, 0, 4);
    put(&m, plain.bytes + 12, plain.length - 12);
    data(&m, "\1\0\2\0\3\0", 6, UINT32_MAX);
    struct wav w;
    assert_int_equal(wav_parse(&w, m.bytes, m.length, NULL), ERR_OK);
    assert_int_equal(w.frames, 2);
    assert_false(w.truncated);
}

static void what_is_no_usable_file_is_named_with_its_byte(void **state)
{
    (void)state;
    struct wav w;
    struct reason why;
    static const struct {
        unsigned format, channels, rate, bits;
        const char *fragment;
        enum err e;
    } heads[] = {
        {85, 1, 8000, 16, "byte 20: sample format 85, expected 1 (PCM) or 3", ERR_RANGE},
        {1, 49, 8000, 16, "byte 22: 49 channels, expected 1 to 48", ERR_RANGE},
        {1, 0, 8000, 16, "byte 22: 0 channels", ERR_RANGE},
        {1, 1, 8000, 8, "byte 34: 8 bits a sample, expected 16, 24 or 32", ERR_RANGE},
        {3, 1, 8000, 16, "expected 32 or 64 (float)", ERR_RANGE},
        {1, 1, 0, 16, "byte 24: a sampling rate of 0 Hz", ERR_RANGE},
        {1, 1, 8000, 16, "the file ends where a data chunk", ERR_FORMAT},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct maker m;
        head(&m, heads[i].format, heads[i].channels, heads[i].rate, heads[i].bits, false);
        assert_int_equal(wav_parse(&w, m.bytes, m.length, &why), heads[i].e);
        if (!strstr(why.text, heads[i].fragment))
            fail_msg("case %zu: \"%s\"", i, why.text);
    }
    static const struct {
        const char *bytes;
        size_t length;
        const char *fragment;
    } bad[] = {
        {"OggS........", 12, "byte 0: expected RIFF or RF64"},
        {"RIFF", 4, "byte 0"},
        {"RIFF\0\0\0\0AVI ", 12, "byte 8: expected WAVE"},
        {"RIFF\0\0\0\0WAVE", 12, "byte 12: the file ends where a fmt chunk"},
        {"RIFF\0\0\0\0WAVEdata\0\0\0\0", 20, "expected a fmt chunk before the data"},
        {"RIFF\0\0\0\0WAVELIST\x10\0\0\0", 20, "byte 12: a chunk of 16 bytes where 0 are left"},
        {"RIFF\0\0\0\0WAVEfmt \2\0\0\0\1\0", 22, "the fmt chunk has 2 bytes"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(wav_parse(&w, (const uint8_t *)bad[i].bytes, bad[i].length, &why),
                         ERR_FORMAT);
        if (!strstr(why.text, bad[i].fragment))
            fail_msg("case %zu: \"%s\"", i, why.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_format_reads_full_scale_as_one),
        cmocka_unit_test(odd_chunks_are_skipped_and_a_cut_file_gives_its_whole_frames),
        cmocka_unit_test(an_rf64_file_takes_its_size_from_ds64),
        cmocka_unit_test(what_is_no_usable_file_is_named_with_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
