#include "snapshot/window.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOT 1000

struct place {
    char folder[64], file[80];
    struct snapshot s;
    struct snapshot_spectra x;
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        return -1;
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/window_test.XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    (void)snprintf(p->file, sizeof p->file, "%s/%s", p->folder, WINDOW_FILE);
    *state = p;
    return 0;
}

static int clear_place(void **state)
{
    struct place *p = *state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    int code = system(command);
    free(p);
    return code;
}

static enum err create(struct window **w, const struct place *p, const char *boot, int loads,
                       struct reason *why)
{
    return window_create(w,
                         &(struct window_options){.folder = p->folder,
                                                  .program = "1.2.3",
                                                  .boot = boot,
                                                  .now_utc_us = 5,
                                                  .loads = loads,
                                                  .slot_size = SLOT},
                         why);
}

/* Every value of the picture is `n`: a mixture of two cannot hide. */
static void fill(struct place *p, int loads, int n)
{
    p->s.sequence = (uint64_t)n;
    p->s.utc_us = n;
    p->s.loads = loads;
    for (int k = 0; k < loads; k++) {
        for (int i = 0; i < VAR_COUNT; i++)
            p->s.load[k].value[i].integer = n;
        memset(p->s.load[k].quality, n & 3, sizeof p->s.load[k].quality);
        for (int c = 0; c < SPECTRUM_COUNT; c++)
            for (int h = 0; h < SPECTRUM_ORDERS; h++)
                p->x.value[k][c][h] = (float)n;
    }
    p->x.sequence = (uint64_t)n;
}

static bool is_whole(const struct place *p, int loads)
{
    int64_t n = p->s.utc_us;
    for (int k = 0; k < loads; k++) {
        for (int i = 0; i < VAR_COUNT; i++)
            if (p->s.load[k].value[i].integer != n || p->s.load[k].quality[i] != (n & 3))
                return false;
        for (int c = 0; c < SPECTRUM_COUNT; c++)
            for (int h = 0; h < SPECTRUM_ORDERS; h++)
                if (p->x.value[k][c][h] != (float)n)
                    return false;
    }
    return p->x.sequence == (uint64_t)n;
}

static void a_reader_gets_what_was_published_for_any_number_of_loads(void **state)
{
    struct place *p = *state;
    for (int loads = 1; loads <= METER_MAX_LOADS; loads++) {
        struct window *w = NULL, *r = NULL;
        assert_int_equal(create(&w, p, "b", loads, NULL), ERR_OK);
        assert_int_equal(window_open(&r, p->folder, NULL), ERR_OK);
        assert_int_equal(window_read(r, &p->s, &p->x), ERR_BUSY);
        fill(p, loads, 41 + loads);
        window_publish(w, &p->s, &p->x);
        memset(&p->s, 0, sizeof p->s);
        memset(&p->x, 0, sizeof p->x);
        assert_int_equal(window_read(r, &p->s, &p->x), ERR_OK);
        assert_int_equal(p->s.utc_us, 41 + loads);
        assert_int_equal(p->s.loads, loads);
        assert_true(is_whole(p, loads));
        assert_int_equal(window_header(r)->pid, getpid());
        assert_string_equal(window_header(r)->program, "1.2.3");
        window_close(r);
        window_close(w);
    }
}

static void the_ring_keeps_fifteen_minutes(void **state)
{
    struct place *p = *state;
    struct window *w = NULL, *r = NULL;
    assert_int_equal(create(&w, p, "b", 2, NULL), ERR_OK);
    assert_int_equal(window_open(&r, p->folder, NULL), ERR_OK);
    for (int n = 0; n < WINDOW_SECONDS + 100; n++) {
        fill(p, 2, n);
        window_record(w, &p->s);
    }
    assert_int_equal(window_header(r)->records, WINDOW_SECONDS + 100);
    const struct {
        uint64_t n;
        enum err e;
    } cases[] = {
        {0, ERR_UNKNOWN},
        {99, ERR_UNKNOWN},
        {100, ERR_OK},
        {500, ERR_OK},
        {WINDOW_SECONDS + 99, ERR_OK},
        {WINDOW_SECONDS + 100, ERR_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(window_read_second(r, cases[i].n, &p->s), cases[i].e);
        if (cases[i].e == ERR_OK)
            assert_int_equal(p->s.load[1].value[VAR_COUNT - 1].integer, cases[i].n);
    }
    window_close(r);
    window_close(w);
}

static void a_second_writer_is_turned_away(void **state)
{
    struct place *p = *state;
    struct window *w = NULL, *other = NULL;
    struct reason why = {""};
    assert_int_equal(create(&w, p, "b", 1, NULL), ERR_OK);
    assert_int_equal(create(&other, p, "b", 1, &why), ERR_BUSY);
    assert_non_null(strstr(why.text, "another meter"));
    window_close(w);
    assert_int_equal(create(&other, p, "b", 1, NULL), ERR_OK);
    window_close(other);
}

static void the_successor_keeps_ring_and_slots_but_no_old_picture(void **state)
{
    struct place *p = *state;
    struct window *w = NULL, *r = NULL;
    char bytes[SLOT];
    memset(bytes, 7, sizeof bytes);
    assert_int_equal(create(&w, p, "b", 1, NULL), ERR_OK);
    fill(p, 1, 3);
    window_publish(w, &p->s, &p->x);
    window_record(w, &p->s);
    window_slot_write(w, 1, bytes, sizeof bytes);
    window_close(w);
    assert_int_equal(window_open(&r, p->folder, NULL), ERR_OK);
    assert_int_equal(create(&w, p, "b", 0, NULL), ERR_OK); /* as many loads as before */
    assert_memory_equal(window_slot(w, 1), bytes, SLOT);
    assert_int_equal(window_read(r, &p->s, &p->x), ERR_BUSY);
    assert_int_equal(window_read_second(r, 0, &p->s), ERR_OK);
    fill(p, 1, 4);
    window_publish(w, &p->s, &p->x);
    assert_int_equal(window_read(r, &p->s, &p->x), ERR_OK); /* a reader that stayed sees it */
    assert_int_equal(p->s.utc_us, 4);
    window_close(w);
    window_close(r);
}

static void another_boot_keeps_the_slots_alone(void **state)
{
    struct place *p = *state;
    struct window *w = NULL;
    assert_int_equal(create(&w, p, "monday", 1, NULL), ERR_OK);
    fill(p, 1, 3);
    window_record(w, &p->s);
    window_slot_write(w, 0, "slot", 5);
    window_close(w);
    assert_int_equal(create(&w, p, "tuesday", 1, NULL), ERR_OK);
    assert_string_equal(window_slot(w, 0), "slot");
    assert_int_equal(window_header(w)->records, 0);
    window_close(w);
}

static void another_number_of_loads_makes_a_new_file_and_tells_the_readers(void **state)
{
    struct place *p = *state;
    struct window *w = NULL, *r = NULL;
    assert_int_equal(create(&w, p, "b", 1, NULL), ERR_OK);
    fill(p, 1, 3);
    window_publish(w, &p->s, &p->x);
    assert_int_equal(window_open(&r, p->folder, NULL), ERR_OK);
    window_close(w);
    assert_int_equal(create(&w, p, "b", 2, NULL), ERR_OK);
    assert_int_equal(window_read(r, &p->s, &p->x), ERR_UNKNOWN);
    window_close(r);
    assert_int_equal(window_open(&r, p->folder, NULL), ERR_OK);
    assert_int_equal(window_header(r)->loads, 2);
    window_close(r);
    window_close(w);
}

static void what_is_no_window_of_this_version_is_refused(void **state)
{
    struct place *p = *state;
    struct window *w = NULL, *r = NULL;
    struct reason why = {""};
    assert_int_equal(window_open(&r, p->folder, &why), ERR_UNKNOWN);
    assert_int_equal(create(&w, p, "b", 1, NULL), ERR_OK);
    window_close(w);
    const struct {
        size_t offset;
        const char *says;
    } bytes[] = {
        {offsetof(struct window_header, magic), "version"},
        {offsetof(struct window_header, layout), "catalogue"},
        {offsetof(struct window_header, size), "damaged"},
        {offsetof(struct window_header, loads), "damaged"},
    };
    for (size_t i = 0; i < COUNT(bytes); i++) {
        int fd = open(p->file, O_RDWR);
        unsigned char byte = 0;
        assert_int_equal(pread(fd, &byte, 1, (off_t)bytes[i].offset), 1);
        byte ^= 0x55;
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)bytes[i].offset), 1);
        assert_int_equal(window_open(&r, p->folder, &why), ERR_FORMAT);
        assert_non_null(strstr(why.text, bytes[i].says));
        byte ^= 0x55;
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)bytes[i].offset), 1);
        close(fd);
    }
    assert_int_equal(truncate(p->file, 100), 0);
    assert_int_equal(window_open(&r, p->folder, &why), ERR_FORMAT);
}

/* A child publishes as fast as it can and is killed at a random moment; this repeats. */
static void a_killed_writer_never_leaves_a_mixture(void **state)
{
    struct place *p = *state;
    int whole = 0, busy = 0;
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0) {
            struct window *w;
            if (create(&w, p, "b", 3, NULL) != ERR_OK)
                _exit(1);
            for (int n = 1;; n++) {
                fill(p, 3, n);
                window_publish(w, &p->s, &p->x);
            }
        }
        struct window *r = NULL;
        enum err e = ERR_BUSY;
        for (int i = 0; i < 10000 && e != ERR_OK; i++) { /* until it runs */
            if (!r && window_open(&r, p->folder, NULL) != ERR_OK)
                r = NULL;
            e = r && window_header(r)->pid == child ? window_read(r, &p->s, &p->x) : ERR_BUSY;
            (void)poll(NULL, 0, 1);
        }
        assert_int_equal(e, ERR_OK);
        (void)poll(NULL, 0, round % 7);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        for (int i = 0; i < 10; i++) {
            e = window_read(r, &p->s, &p->x);
            assert_true(e == ERR_OK || e == ERR_BUSY);
            if (e == ERR_OK)
                assert_true(is_whole(p, 3));
            whole += e == ERR_OK;
            busy += e == ERR_BUSY;
        }
        window_close(r);
    }
    print_message("# killed in a picture %d times of %d\n", busy / 10, (whole + busy) / 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, clear_place)
    const struct CMUnitTest tests[] = {
        TEST(a_reader_gets_what_was_published_for_any_number_of_loads),
        TEST(the_ring_keeps_fifteen_minutes),
        TEST(a_second_writer_is_turned_away),
        TEST(the_successor_keeps_ring_and_slots_but_no_old_picture),
        TEST(another_boot_keeps_the_slots_alone),
        TEST(another_number_of_loads_makes_a_new_file_and_tells_the_readers),
        TEST(what_is_no_window_of_this_version_is_refused),
        TEST(a_killed_writer_never_leaves_a_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
