#include "devices/source.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/source_test_XXXXXX";

static const char *write_file(const char *name, const void *bytes, size_t length)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    return write_file(name, text, strlen(text));
}

static struct source *open_ok(const char *what, const struct source_options *o)
{
    struct source *s = NULL;
    struct reason why = {0};
    if (source_open(&s, what, o, &why))
        fail_msg("%s: %s", what, why.text);
    return s;
}

#define ROW_HEAD "p,m,1999\n2,2A,0D\n1,U1,,,V,0.5,0,,-9,9,1,1,P\n2,I1,,,A,1,0,,-9,9,100,5,S\n50\n"
#define TIMES "24/11/2026,07:00:00.5\n24/11/2026,07:00:00.5\nASCII\n1\n"
#define START INT64_C(1795503600500000)

static double volts(const struct source *s, const struct source_block *b, size_t i)
{
    return b->frames[i * 8] * source_format(s)->meter.volts_per_count[0];
}

static double amps(const struct source *s, const struct source_block *b, size_t i)
{
    return b->frames[i * 8 + 4] * source_format(s)->meter.load[0].amps_per_count[0];
}

static void a_record_gives_primary_values_its_times_and_its_end(void **state)
{
    (void)state;
    (void)write_text("a.cfg", ROW_HEAD "1\n1000,4\n" TIMES);
    const char *path =
        write_text("a.dat", "1,0,100,1\n2,1000,-200,2\n3,2000,300,-3\n4,3000,0,4\n5,4000,7,7\n");
    struct source *s = open_ok(path, &(struct source_options){0});
    const struct source_format *f = source_format(s);
    assert_true(f->rate_hz == 1000 && f->lanes == 8 && !f->live && !f->simulated);
    assert_int_equal(f->start_utc_us, START);
    assert_string_equal(f->channels, "v1=U1, i1=I1");
    assert_true(f->meter.system == SYSTEM_1P2W && f->meter.nominal_hz == 50 &&
                f->meter.nominal_v == 0);
    assert_true(f->meter.loads == 1 && f->meter.load[0].input == INPUT_DIRECT);
    struct source_block b;
    assert_int_equal(source_read(s, 3, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 3 && !b.gap && !b.end && !b.changed);
    assert_int_equal(b.utc_us, START);
    /* the largest value fills most of the range: at its end it would read as a converter cut off */
    assert_in_range(b.frames[2 * 8], METER_RAW_MAX * 9 / 10, METER_RAW_MAX - 1);
    assert_true(fabs(volts(s, &b, 1) + 100) < 1e-4 && fabs(amps(s, &b, 2) + 60) < 1e-4);
    assert_int_equal(b.frames[1], 0);
    assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 1 && b.end); /* the fifth row is beyond the last one told */
    assert_int_equal(b.utc_us, START + 3000);
    assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 0 && b.end);
    assert_int_equal(source_fd(s), -1);
    source_close(s);
    source_close(NULL);
}

static void a_missing_value_and_a_jump_of_stamps_are_gaps(void **state)
{
    (void)state;
    (void)write_text("g.cfg", ROW_HEAD "0\n0,8\n" TIMES);
    const char *path = write_text("g.dat", "1,0,1,1\n2,999,2,2\n3,2001,,3\n4,3000,4,4\n5,9000,5,"
                                           "5\n6,10001,6,6\n7,11000,7,7\n8,11999,8,8\n");
    struct source *s = open_ok(path, &(struct source_options){0});
    assert_true(fabs(source_format(s)->rate_hz - 1000) <
                1); /* jitter averaged, the jump left out */
    static const struct {
        size_t count;
        bool gap;
        double first;
    } blocks[] = {{2, false, 0.5}, {1, true, 2}, {4, true, 2.5}};
    for (size_t i = 0; i < COUNT(blocks); i++) {
        struct source_block b;
        assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
        assert_int_equal(b.count, blocks[i].count);
        assert_int_equal(b.gap, blocks[i].gap);
        assert_true(fabs(volts(s, &b, 0) - blocks[i].first) < 1e-5);
    }
    source_close(s);
}

static void another_rate_is_said_with_its_block(void **state)
{
    (void)state;
    (void)write_text("r.cfg", ROW_HEAD "2\n1000,2\n500,4\n" TIMES);
    const char *path = write_text("r.dat", "1,,1,1\n2,,2,2\n3,,3,3\n4,,4,4\n");
    struct source *s = open_ok(path, &(struct source_options){.loop = true});
    static const struct {
        size_t count;
        bool changed;
        double rate;
        int64_t after_us;
    } blocks[] = {
        {2, false, 1000, 0}, {2, true, 500, 2000}, {2, true, 1000, 6000}, {2, true, 500, 8000}};
    for (size_t i = 0; i < COUNT(blocks); i++) {
        struct source_block b;
        assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
        assert_true(b.count == blocks[i].count && b.changed == blocks[i].changed &&
                    b.gap == b.changed && !b.end);
        assert_true(source_format(s)->rate_hz == blocks[i].rate &&
                    source_format(s)->meter.rate_hz == blocks[i].rate);
        assert_int_equal(b.utc_us, START + blocks[i].after_us);
    }
    source_close(s);
}

static void a_looped_record_goes_on_in_time_with_a_gap_at_its_seam(void **state)
{
    (void)state;
    (void)write_text("l.cfg", ROW_HEAD "1\n1000,3\n" TIMES);
    const char *path = write_text("l.dat", "1,,1,1\n2,,2,2\n3,,3,3\n");
    struct source *s = open_ok(path, &(struct source_options){.loop = true, .speed = 1});
    struct source_block b;
    assert_int_equal(source_read(s, 100, 1000000, &b, NULL), ERR_OK);
    assert_int_equal(b.count, 0); /* the first sample is due one step later */
    assert_true(source_due_us(s) > 1000000 && source_due_us(s) <= 1100000);
    assert_int_equal(source_read(s, 100, 1005000, &b, NULL), ERR_OK);
    assert_true(b.count == 3 && !b.gap);
    assert_int_equal(source_read(s, 100, 1005000, &b, NULL), ERR_OK);
    assert_true(b.count == 2 && b.gap);
    assert_int_equal(b.utc_us, START + 3000);
    source_close(s);
}

static void a_record_cut_short_gives_what_is_whole_and_says_so(void **state)
{
    (void)state;
    (void)write_text("c.cfg", ROW_HEAD "1\n1000,40\n" TIMES);
    const char *path = write_text("c.dat", "1,,1,1\n2,,2,2\n3,,3");
    struct source *s = open_ok(path, &(struct source_options){0});
    assert_string_equal(source_format(s)->name, "c.dat (ends early: 2 of 40 rows)");
    struct source_block b;
    assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 2 && b.end);
    source_close(s);
}

static void a_single_file_and_a_wave_file_open_too(void **state)
{
    (void)state;
    const char *path = write_text("s.cff", "--- file type: CFG ---\n" ROW_HEAD "1\n1000,2\n" TIMES
                                           "--- file type: DAT ASCII ---\n1,,3,3\n2,,4,4\n");
    struct source *s = open_ok(path, &(struct source_options){.map = "v1=U1*2"});
    struct source_block b;
    assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 2 && fabs(volts(s, &b, 0) - 3) < 1e-5);
    source_close(s);
    static const uint8_t wav[] =
        "RIFF\0\0\0\0WAVEfmt "
        "\x10\0\0\0\1\0\2\0\x40\x1F\0\0\0\x7D\0\0\4\0\x10\0data\x8\0\0\0\0\x40\0\x20\0\xC0\0\x10";
    path = write_file("w.wav", wav, sizeof wav - 1);
    s = open_ok(path, &(struct source_options){0});
    assert_string_equal(source_format(s)->channels, "v1=1, i1=2");
    assert_true(source_format(s)->rate_hz == 8000);
    assert_int_equal(source_read(s, 100, 0, &b, NULL), ERR_OK);
    assert_true(b.count == 2 && b.end && fabs(volts(s, &b, 1) + 0.5) < 1e-6 &&
                fabs(amps(s, &b, 0) - 0.25) < 1e-6);
    source_close(s);
}

static void what_cannot_be_opened_is_named_with_file_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *cfg, *dat; /* NULL = not written */
        const char *map;
        enum err e;
        const char *fragment;
    } bad[] = {
        {NULL, NULL, NULL, ERR_UNKNOWN, "x.cfg: No such file"},
        {ROW_HEAD "1\n1000,2\n" TIMES, NULL, NULL, ERR_UNKNOWN, "x.dat: no such file beside x.cfg"},
        {"p,m,1999\nfoo\n", "", NULL, ERR_FORMAT, "x.cfg: line 2: the number of channels"},
        {ROW_HEAD "1\n1000,2\n" TIMES, "1,,1,1\n2,,oops,2\n", NULL, ERR_FORMAT,
         "x.cfg: x.dat: line 2: field 3 is \"oops\""},
        {ROW_HEAD "1\n1000,2\n" TIMES, "\x1f\x8b\x08\x01rows", NULL, ERR_FORMAT,
         "x.dat: byte 0: compressed by gzip"},
        {ROW_HEAD "1\n1000,2\n" TIMES, "1,,,1\n2,,,2\n", "v1=U1", ERR_RANGE,
         "channel 1 (v1) holds no values"},
        {ROW_HEAD "1\n1000,2\n" TIMES, "", NULL, ERR_FORMAT, "x.cfg: no whole row of samples"},
        {ROW_HEAD "1\n100,2\n" TIMES, "1,,1,1\n2,,2,2\n", NULL, ERR_RANGE,
         "row 1: a rate of 100 Hz: expected 400 to 128000 Hz"},
        {ROW_HEAD "1\n1e9,2\n" TIMES, "1,,1,1\n2,,2,2\n", NULL, ERR_RANGE, "a rate of 1e+09 Hz"},
        {ROW_HEAD "0\n0,2\n" TIMES, "1,,1,1\n2,,2,2\n", NULL, ERR_FORMAT,
         "row 1 has no time stamp"},
        {ROW_HEAD "0\n0,2\n" TIMES, "1,5,1,1\n2,5,2,2\n", NULL, ERR_FORMAT,
         "row 2: its time stamp is 0 us after the last"},
        {ROW_HEAD "0\n0,2\n" TIMES, "1,5,1,1\n", NULL, ERR_FORMAT,
         "at least two rows with time stamps"},
        {ROW_HEAD "1\n1000,2\n" TIMES, "1,,1,1\n", "v1=U7", ERR_UNKNOWN,
         "no channel \"U7\" among 2; the nearest is \"U1\""},
        {ROW_HEAD "1\n1000,2\n" TIMES, "1,,1e300,1\n", NULL, ERR_RANGE, "channel 1 reaches 5e+299"},
        {ROW_HEAD "1\n1000,2\n" TIMES, "1,,,1\n2,,,1\n", NULL, ERR_RANGE,
         "no channel looks like a voltage"},
    };
    char cfg[128];
    (void)snprintf(cfg, sizeof cfg, "%s/x.cfg", folder);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char dat[128];
        (void)snprintf(dat, sizeof dat, "%s/x.dat", folder);
        (void)unlink(cfg);
        (void)unlink(dat);
        if (bad[i].cfg)
            (void)write_text("x.cfg", bad[i].cfg);
        if (bad[i].dat)
            (void)write_text("x.dat", bad[i].dat);
        struct source *s = NULL;
        struct reason why = {0};
        enum err e = source_open(&s, cfg, &(struct source_options){.map = bad[i].map}, &why);
        if (e != bad[i].e || !strstr(why.text, bad[i].fragment))
            fail_msg("case %zu: %s: %s", i, err_name(e), why.text);
        assert_null(s);
    }
}

static void a_text_that_names_no_source_is_told_the_forms(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double speed;
        enum err e;
        const char *fragment;
    } bad[] = {
        {"hello", 0, ERR_UNKNOWN,
         "expected sim:FILE, comtrade:FILE, wav:FILE, iio:DEVICE or a file"},
        {"mp3:song", 0, ERR_UNKNOWN, "expected sim:FILE"},
        {"sim:/nowhere/x.scn", 0, ERR_UNKNOWN, "/nowhere/x.scn: No such file"},
        {"sim:/tmp", 0, ERR_UNKNOWN, "/tmp: not a file"},
        {"comtrade:x.txt", 0, ERR_UNKNOWN, "expected a file that ends in .cfg, .dat or .cff"},
        {"wav:/dev/null", 0, ERR_UNKNOWN, "not a file"},
        {"x.scn", -1, ERR_RANGE, "a speed of -1"},
        {"x.scn", (double)NAN, ERR_RANGE, "a speed of nan"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct source *s = NULL;
        struct reason why = {0};
        enum err e =
            source_open(&s, bad[i].what, &(struct source_options){.speed = bad[i].speed}, &why);
        if (e != bad[i].e || !strstr(why.text, bad[i].fragment))
            fail_msg("%s: %s: %s", bad[i].what, err_name(e), why.text);
    }
}

static void a_scenario_keeps_real_time_and_a_late_reader_finds_a_gap(void **state)
{
    (void)state;
    const char *path = write_text("a.scn", "system 3P4W\nrate 8 kHz\nload hall\ninput 5A ratio "
                                           "10\npart p\nphases 123\npower 6.9 kW\nexport\n"
                                           "load shop\ninput 333mV primary 100 A\n");
    struct source *s = open_ok(path, &(struct source_options){.speed = 1, .start_utc_us = START});
    const struct source_format *f = source_format(s);
    assert_true(f->simulated && f->lanes == 12 && f->rate_hz == 8000 && f->meter.rate_hz == 8000);
    assert_true(f->meter.load[0].input == INPUT_5A && f->meter.load[0].ratio == 10 &&
                f->meter.load[0].generation);
    assert_true(f->meter.load[1].input == INPUT_333MV && f->meter.load[1].primary_a == 100 &&
                !f->meter.load[1].generation);
    assert_true(f->meter.nominal_v == 230 && f->meter.nominal_hz == 50);
    assert_string_equal(f->channels, "load 1=hall, load 2=shop");
    struct source_block b;
    assert_int_equal(source_read(s, 4000, 7000000, &b, NULL), ERR_OK);
    assert_int_equal(b.count, 0);
    assert_int_equal(source_read(s, 4000, 7100000, &b, NULL), ERR_OK);
    assert_int_equal(b.count, 800);
    assert_int_equal(b.utc_us, START);
    double square = 0; /* 10 A primary are 1 A at the input */
    for (size_t i = 0; i < 800; i++)
        square += pow(b.frames[i * 12 + 4] * f->meter.load[0].amps_per_count[0], 2) / 800;
    assert_true(fabs(sqrt(square) - 1) < 1e-5);
    assert_int_equal(source_read(s, 4000, 11100000, &b, NULL), ERR_OK);
    assert_true(b.count == 2048 && !b.gap); /* four seconds late are caught up */
    assert_int_equal(source_read(s, 4000, 61100000, &b, NULL), ERR_OK);
    assert_int_equal(b.count, 0);
    assert_int_equal(source_read(s, 4000, 61110000, &b, NULL), ERR_OK);
    assert_true(b.count == 80 && b.gap);
    assert_int_equal(b.utc_us, START + 54100000);
    assert_int_equal(source_read(s, 4000, 61120000, &b, NULL), ERR_OK);
    assert_true(b.count == 80 && !b.gap);
    source_close(s);
}

static void every_scenario_of_the_tree_opens_and_gives_samples(void **state)
{
    (void)state;
    static const char *const folders[] = {REPOSITORY "/scenarios", REPOSITORY "/scenarios/faults"};
    int opened = 0;
    for (size_t i = 0; i < COUNT(folders); i++) {
        DIR *d = opendir(folders[i]);
        assert_non_null(d);
        for (struct dirent *e; (e = readdir(d));) {
            if (!strstr(e->d_name, ".scn"))
                continue;
            char path[1024];
            (void)snprintf(path, sizeof path, "sim:%s/%s", folders[i], e->d_name);
            struct source *s = open_ok(path, &(struct source_options){0});
            struct source_block b;
            assert_int_equal(source_read(s, 2000, 0, &b, NULL), ERR_OK);
            assert_int_equal(b.count, 2000);
            source_close(s);
            opened++;
        }
        (void)closedir(d);
    }
    assert_true(opened >= 22);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        (void)unlinkat(dirfd(d), e->d_name, 0);
    (void)closedir(d);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_gives_primary_values_its_times_and_its_end),
        cmocka_unit_test(a_missing_value_and_a_jump_of_stamps_are_gaps),
        cmocka_unit_test(another_rate_is_said_with_its_block),
        cmocka_unit_test(a_looped_record_goes_on_in_time_with_a_gap_at_its_seam),
        cmocka_unit_test(a_record_cut_short_gives_what_is_whole_and_says_so),
        cmocka_unit_test(a_single_file_and_a_wave_file_open_too),
        cmocka_unit_test(what_cannot_be_opened_is_named_with_file_and_reason),
        cmocka_unit_test(a_text_that_names_no_source_is_told_the_forms),
        cmocka_unit_test(a_scenario_keeps_real_time_and_a_late_reader_finds_a_gap),
        cmocka_unit_test(every_scenario_of_the_tree_opens_and_gives_samples),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
