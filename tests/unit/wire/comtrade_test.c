#include "wire/comtrade.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "plant,meter"
#define CHANNELS                                \
    "3,2A,1D\n"                                 \
    "1,U1,L1,,V,0.01,0,0,-32767,32767,1,1,P\n"  \
    "2,I1,L1,,A,-0.5,1,,-32767,32767,100,5,S\n" \
    "1,D1,,,0\n"
#define TIMES "24/11/2026,07:00:00.250000\n24/11/2026,07:00:01.0\n"
#define RATE "1\n1000,4\n"
#define GOOD_1999 HEAD ",1999\n" CHANNELS "50\n" RATE TIMES "ASCII\n1\n"

/* 2026-11-24 07:00:00 UTC */
#define START INT64_C(1795503600000000)

static struct comtrade c; /* 300 kB: too much for a stack */

static enum err parse(const char *text, struct reason *why)
{
    return comtrade_config(&c, text, strlen(text), why);
}

static void each_revision_reads_with_its_own_dates_and_tail(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum comtrade_revision revision;
        enum comtrade_format format;
        int64_t start_us;
        double stamp_us;
    } cases[] = {
        {HEAD "\n" CHANNELS "50\n" RATE "11/24/26,07:00:00.25\n11/24/26,07:00:01\nASCII\n",
         COMTRADE_1991, COMTRADE_ASCII, START + 250000, 1},
        {HEAD ",1991\n" CHANNELS "50\n" RATE "11/24/2026,07:00:00.25\n11/24/26,07:00:01\nBINARY",
         COMTRADE_1991, COMTRADE_BINARY, START + 250000, 1},
        {GOOD_1999, COMTRADE_1999, COMTRADE_ASCII, START + 250000, 1},
        {HEAD ",1997\n" CHANNELS "50\n" RATE TIMES "binary\n2.5\n\x1a", COMTRADE_1999,
         COMTRADE_BINARY, START + 250000, 2.5},
        {HEAD ",2013\n" CHANNELS "50\n" RATE TIMES "BINARY32\n1\n+9,+9\n0,0\n", COMTRADE_2013,
         COMTRADE_BINARY32, START + 250000 - INT64_C(32400000000), 1},
        {HEAD ",2013\n" CHANNELS "50\n" RATE
              "24/11/2026,07:00:00.250000001\n,\nFLOAT32\n1\n-5h30,x\n",
         COMTRADE_2013, COMTRADE_FLOAT32, START + 250000 + INT64_C(19800000000), 1e-3},
        {HEAD ",2013\n" CHANNELS "50\n" RATE
              "24/11/2026,07:00:00.250000001\n24/11/2026,07:00:01.000000000\nFLOAT32\n1\nx,x\n",
         COMTRADE_2013, COMTRADE_FLOAT32, START + 250000, 1e-3},
        {HEAD ",1999\n" CHANNELS "50\n" RATE ",\n00/00/0000,00:00:00\nASCII\n1\n", COMTRADE_1999,
         COMTRADE_ASCII, 0, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reason why = {0};
        if (parse(cases[i].text, &why))
            fail_msg("case %zu: %s", i, why.text);
        assert_int_equal(c.revision, cases[i].revision);
        assert_int_equal(c.format, cases[i].format);
        assert_int_equal(c.start_utc_us, cases[i].start_us);
        assert_true(fabs(c.stamp_us - cases[i].stamp_us) < 1e-12);
    }
}

static void a_channel_keeps_its_factors_and_its_bytes(void **state)
{
    (void)state;
    assert_int_equal(parse(GOOD_1999, NULL), ERR_OK);
    assert_int_equal(c.analogs, 2);
    assert_int_equal(c.digitals, 1);
    assert_true(c.nominal_hz == 50);
    assert_string_equal(c.analog[1].name, "I1");
    assert_true(c.analog[1].multiplier == -0.5 && c.analog[1].offset == 1);
    assert_true(c.analog[1].primary == 100 && c.analog[1].secondary == 5);
    assert_false(c.analog[1].is_primary);
    assert_true(c.analog[0].is_primary);
    assert_int_equal(parse("\xEF\xEE\xE4,m,1999\r\n1,1A,0D\r\n1,\xB5\xE7,,,V,1,,,0,0\r\n50\r\n1\r\n"
                           "1000,1\r\n,\r\n,\r\nASCII\r\n",
                           NULL),
                     ERR_OK);
    assert_string_equal(c.station, "\xEF\xEE\xE4");
    assert_string_equal(c.analog[0].name, "\xB5\xE7");
}

static void rates_may_be_many_or_none(void **state)
{
    (void)state;
    assert_int_equal(
        parse(HEAD ",1999\n" CHANNELS "50\n3\n1000,4\n500,6\n4800,9\n" TIMES "ASCII\n", NULL),
        ERR_OK);
    assert_int_equal(c.rates, 3);
    assert_true(c.rate[2].hz == 4800 && c.rate[2].last == 9 && c.rows == 9);
    assert_int_equal(parse(HEAD ",1999\n" CHANNELS "50\n0\n0,1360\n" TIMES "ASCII\n", NULL),
                     ERR_OK);
    assert_true(c.by_stamps && c.rates == 0 && c.rows == 1360);
    static char many[1 << 16];
    char *at = many + sprintf(many, HEAD ",1999\n" CHANNELS "50\n999\n");
    for (int i = 1; i <= 999; i++)
        at += sprintf(at, "%d,%d\n", 1000 + i, i * 2);
    (void)sprintf(at, TIMES "ASCII\n");
    assert_int_equal(parse(many, NULL), ERR_OK);
    assert_int_equal(c.rates, 999);
    assert_true(c.rate[998].hz == 1999);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err e;
        const char *fragment;
    } bad[] = {
        {"", ERR_FORMAT, "line 1: the text ends where station"},
        {"a,b,abc\n", ERR_FORMAT, "line 1: the revision is \"abc\", expected a year"},
        {"a,b,1999\n", ERR_FORMAT, "line 2: the text ends where the channel counts"},
        {"a,b,1999\nx,1A,0D\n", ERR_FORMAT, "line 2: the number of channels is \"x\""},
        {"a,b,1999\n2,1B,1D\n", ERR_FORMAT, "line 2: the number of analog channels is \"1B\""},
        {"a,b,1999\n2,1A,1\n", ERR_FORMAT, "line 2: the number of digital ones is \"1\""},
        {"a,b,1999\n5,1A,1D\n", ERR_FORMAT, "5 channels in all, but 1 analog and 1 digital"},
        {"a,b,1999\n1000,1000A,0D\n", ERR_RANGE, "is 1000, at most 999"},
        {"a,b,1999\n99999,9A,99990D\n", ERR_RANGE, "at most 65535"},
        {"a,b,1999\n1,0A,1D\n", ERR_RANGE, "no analog channel"},
        {"a,b,1999\n1,1A,0D\n", ERR_FORMAT, "line 3: the text ends where an analog channel"},
        {"a,b,1999\n1,1A,0D\n1,U,,,V\n", ERR_FORMAT, "line 3: analog channel 1 of 1 has 5 fields"},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,z,0,0,0,0\n", ERR_FORMAT, "line 3: the multiplier a is \"z\""},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,1,q,0,0,0\n", ERR_FORMAT, "the offset b is \"q\""},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,1,0,w,0,0\n", ERR_FORMAT, "the skew is \"w\""},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,1,0,0,0,0,r,1,P\n", ERR_FORMAT, "the primary factor is \"r\""},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,1,0,0,0,0,1,r,P\n", ERR_FORMAT,
         "the secondary factor is \"r\""},
        {"a,b,1999\n1,1A,0D\n1,U,,,V,1,0,0,0,0,1,1,Q\n", ERR_FORMAT, "expected P (primary) or S"},
        {"a,b,1999\n2,1A,1D\n1,U,,,V,1,0,0,0,0\nfoo\n", ERR_FORMAT,
         "line 4: expected digital channel 1 of 1"},
        {HEAD ",1999\n" CHANNELS "fifty\n", ERR_FORMAT,
         "line 6: the nominal frequency is \"fifty\""},
        {HEAD ",1999\n" CHANNELS "50\nx\n", ERR_FORMAT,
         "line 7: the number of sampling rates is \"x\""},
        {HEAD ",1999\n" CHANNELS "50\n1000\n", ERR_RANGE,
         "line 7: 1000 sampling rates, at most 999"},
        {HEAD ",1999\n" CHANNELS "50\n1\nfast,4\n", ERR_FORMAT,
         "line 8: the sampling rate is \"fast\""},
        {HEAD ",1999\n" CHANNELS "50\n1\n-5,4\n", ERR_RANGE, "line 8: a sampling rate of -5 Hz"},
        {HEAD ",1999\n" CHANNELS "50\n1\n1000,four\n", ERR_FORMAT,
         "line 8: the last row of the rate"},
        {HEAD ",1999\n" CHANNELS "50\n2\n1000,4\n500,4\n", ERR_FORMAT,
         "line 9: the last row is 4, expected more than 4"},
        {HEAD ",1999\n" CHANNELS "50\n" RATE "yesterday,noon\n", ERR_FORMAT,
         "line 9: the time of the first row is \"yesterday,noon\", expected dd/mm/yyyy"},
        {HEAD "\n" CHANNELS "50\n" RATE "yesterday,noon\n", ERR_FORMAT, "expected mm/dd/yy"},
        {HEAD ",1999\n" CHANNELS "50\n" RATE "24/30/2026,07:00:00\n", ERR_FORMAT,
         "a month from 1 to 12"},
        {HEAD ",1999\n" CHANNELS "50\n" RATE TIMES "PACKED\n", ERR_FORMAT,
         "line 11: the format of the data is \"PACKED\", expected ASCII, BINARY"},
        {HEAD ",1999\n" CHANNELS "50\n" RATE TIMES "ASCII\n-1\n", ERR_FORMAT,
         "line 12: the time factor"},
        {HEAD ",2013\n" CHANNELS "50\n" RATE TIMES "ASCII\n1\nnoon,0\n", ERR_FORMAT,
         "line 13: the time code"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct reason why = {0};
        enum err e = parse(bad[i].text, &why);
        if (e != bad[i].e || !strstr(why.text, bad[i].fragment))
            fail_msg("case %zu: %s: \"%s\" does not hold \"%s\"", i, err_name(e), why.text,
                     bad[i].fragment);
    }
}

/* Reads every row; returns how the last call ended. */
static enum err rows(const void *bytes, size_t length, double value[][2], double *stamp,
                     uint32_t *count, struct reason *why, size_t *left)
{
    struct comtrade_data d = {.config = &c, .bytes = bytes, .length = length};
    struct comtrade_row row;
    enum err e;
    double two[2];
    for (*count = 0; (e = comtrade_next(&d, &row, two, why)) == ERR_OK; ++*count) {
        memcpy(value[*count], two, sizeof two);
        stamp[*count] = row.stamped ? row.at_us : -1;
    }
    *left = d.length - d.at;
    return e;
}

static bool same(double a, double b)
{
    return isnan(b) ? isnan(a) : fabs(a - b) <= 1e-9 * fabs(b);
}

static void every_format_gives_the_same_values(void **state)
{
    (void)state;
    static const char ascii[] =
        "1,0,1000,2,1\r\n2,1000,-1000,-4,0\n\n3,,,7,0\r\n4,3000,1e3,.5,1\x1a\x1a";
    static const uint8_t binary[] = {
        1, 0, 0, 0, 0,    0,    0,    0,    0xE8, 0x03, 2,    0,    1, 0, /**/
        2, 0, 0, 0, 0xE8, 0x03, 0,    0,    0x18, 0xFC, 0xFC, 0xFF, 0, 0, /**/
        3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x80, 7,    0,    0, 0,
    };
    static const uint8_t binary32[] = {
        1,    0,    0,    0,    0,    0,    0,    0,    0xE8,
        0x03, 0,    0,    2,    0,    0,    0,    1,    0, /**/
        2,    0,    0,    0,    0xE8, 0x03, 0,    0,    0x18,
        0xFC, 0xFF, 0xFF, 0xFC, 0xFF, 0xFF, 0xFF, 0,    0, /**/
        3,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0x00,
        0,    0,    0x80, 7,    0,    0,    0,    0,    0,
    };
    static const uint8_t float32[] = {
        1, 0, 0, 0, 0,    0,    0,    0,    0, 0, 0x7A, 0x44, 0, 0, 0x00, 0x40, 1, 0, /**/
        2, 0, 0, 0, 0xE8, 0x03, 0,    0,    0, 0, 0x7A, 0xC4, 0, 0, 0x80, 0xC0, 0, 0, /**/
        3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xC0, 0x7F, 0, 0, 0xE0, 0x40, 0, 0,
    };
    static const struct {
        const char *name;
        const void *bytes;
        size_t length;
        uint32_t rows;
    } cases[] = {
        {"ASCII", ascii, sizeof ascii - 1, 4},
        {"BINARY", binary, sizeof binary, 3},
        {"BINARY32", binary32, sizeof binary32, 3},
        {"FLOAT32", float32, sizeof float32, 3},
    };
    static const double expected[4][2] = {{10, 0}, {-10, 3}, {(double)NAN, -2.5}, {10, 0.75}};
    static const double stamps[4] = {0, 1000, -1, 3000};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof text, HEAD ",2013\n" CHANNELS "50\n" RATE TIMES "%s\n1\n",
                       cases[i].name);
        assert_int_equal(parse(text, NULL), ERR_OK);
        double value[4][2], stamp[4];
        uint32_t count;
        size_t left;
        struct reason why = {0};
        enum err e = rows(cases[i].bytes, cases[i].length, value, stamp, &count, &why, &left);
        if (e != ERR_BUSY)
            fail_msg("%s: %s", cases[i].name, why.text);
        assert_int_equal(count, cases[i].rows);
        assert_int_equal(left, 0);
        for (uint32_t k = 0; k < count; k++) {
            assert_true(same(value[k][0], expected[k][0]) && same(value[k][1], expected[k][1]));
            assert_true(same(stamp[k], stamps[k]));
        }
    }
}

static void a_cut_row_is_left_and_the_whole_ones_are_given(void **state)
{
    (void)state;
    static const char *const ascii[] = {"1,0,1,2,0\n2,1000,3,4,0\n3,20",
                                        "1,0,1,2,0\n2,1000,3,4,0\n3,2000,5,6,",
                                        "1,0,1,2,0\n2,1000,3,4,0\n3,2000,5"};
    double value[8][2], stamp[8];
    uint32_t count;
    size_t left;
    assert_int_equal(parse(GOOD_1999, NULL), ERR_OK);
    for (size_t i = 0; i < COUNT(ascii); i++) {
        assert_int_equal(rows(ascii[i], strlen(ascii[i]), value, stamp, &count, NULL, &left),
                         ERR_BUSY);
        assert_int_equal(count, 2);
        assert_true(left > 0);
    }
    assert_int_equal(parse(HEAD ",1999\n" CHANNELS "50\n" RATE TIMES "BINARY\n1\n", NULL), ERR_OK);
    static const uint8_t binary[14 + 13] = {1, [14] = 2};
    assert_int_equal(comtrade_row_size(&c), 14);
    assert_int_equal(rows(binary, sizeof binary, value, stamp, &count, NULL, &left), ERR_BUSY);
    assert_int_equal(count, 1);
    assert_int_equal(left, 13);
}

static void a_row_that_is_none_is_named_with_line_and_field(void **state)
{
    (void)state;
    static const struct {
        const char *data, *fragment;
    } bad[] = {
        {"1,0,1,2,0\nx,0,1,2,0\n", "line 2: field 1 is \"x\", expected the number of the row"},
        {"1,now,1,2,0\n", "line 1: field 2 is \"now\", expected a time stamp or nothing"},
        {"1,0,one,2,0\n", "line 1: field 3 is \"one\", expected a number or nothing"},
        {"1,0,1\n", "line 1: 3 fields, expected 5"},
        {"\n\n1,0,1,2,0,0,0\n", "line 3: 7 fields, expected 5"},
    };
    assert_int_equal(parse(GOOD_1999, NULL), ERR_OK);
    for (size_t i = 0; i < COUNT(bad); i++) {
        double value[8][2], stamp[8];
        uint32_t count;
        size_t left;
        struct reason why = {0};
        assert_int_equal(rows(bad[i].data, strlen(bad[i].data), value, stamp, &count, &why, &left),
                         ERR_FORMAT);
        if (!strstr(why.text, bad[i].fragment))
            fail_msg("case %zu: \"%s\"", i, why.text);
    }
}

static void a_single_file_is_cut_into_its_sections(void **state)
{
    (void)state;
    static const char binary[] = "--- file type: CFG ---\r\nCONFIG\r\n--- file type: INF ---\r\n"
                                 "--- file type: DAT BINARY: 5 ---\r\n\x1a\n\r-xYZ";
    struct comtrade_sections s;
    assert_int_equal(comtrade_cff(&s, (const uint8_t *)binary, sizeof binary - 1, NULL), ERR_OK);
    assert_int_equal(s.config_length, 8);
    assert_memory_equal(s.config, "CONFIG\r\n", 8);
    assert_int_equal(s.data_length, 5);
    assert_memory_equal(s.data, "\x1a\n\r-x", 5);
    assert_false(s.truncated);
    static const char ascii[] =
        "--- FILE TYPE: cfg ---\nC\n--- file type: DAT ASCII ---\n1,2\n3,4\n";
    assert_int_equal(comtrade_cff(&s, (const uint8_t *)ascii, sizeof ascii - 1, NULL), ERR_OK);
    assert_int_equal(s.data_length, 8);
    static const struct {
        const char *text, *fragment;
    } bad[] = {
        {"hello\n", "no configuration in 1 lines"},
        {"--- file type: CFG ---\nx\n", "no data in 2 lines"},
        {"--- file type: DAT ASCII ---\nx\n", "no configuration"},
        {"--- file type: CFG ---\nx\n--- file type: DAT BINARY: lots ---\n", "\"lots\" data bytes"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct reason why = {0};
        assert_int_equal(comtrade_cff(&s, (const uint8_t *)bad[i].text, strlen(bad[i].text), &why),
                         ERR_FORMAT);
        assert_non_null(strstr(why.text, bad[i].fragment));
    }
    static const char cut[] = "--- file type: CFG ---\nx\n--- file type: DAT BINARY: 99 ---\nab";
    assert_int_equal(comtrade_cff(&s, (const uint8_t *)cut, sizeof cut - 1, NULL), ERR_OK);
    assert_true(s.truncated);
    assert_int_equal(s.data_length, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_revision_reads_with_its_own_dates_and_tail),
        cmocka_unit_test(a_channel_keeps_its_factors_and_its_bytes),
        cmocka_unit_test(rates_may_be_many_or_none),
        cmocka_unit_test(what_is_wrong_is_named_with_its_line),
        cmocka_unit_test(every_format_gives_the_same_values),
        cmocka_unit_test(a_cut_row_is_left_and_the_whole_ones_are_given),
        cmocka_unit_test(a_row_that_is_none_is_named_with_line_and_field),
        cmocka_unit_test(a_single_file_is_cut_into_its_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
