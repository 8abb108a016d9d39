/* One writer and three readers at full speed in one process; built with ThreadSanitizer too (suite `threads`). */
#include "snapshot/window.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define READERS 3
#define PICTURES 20000

struct stage {
    char folder[64];
    struct window *writer;
    atomic_bool over;
    atomic_int mixed, whole, seconds;
};

static void *write_pictures(void *context)
{
    struct stage *st = context;
    struct snapshot *s = calloc(1, sizeof *s);
    struct snapshot_spectra *x = calloc(1, sizeof *x);
    for (int n = 1; s && x && n <= PICTURES; n++) {
        s->utc_us = n;
        s->loads = 1;
        for (int i = 0; i < VAR_COUNT; i++)
            s->load[0].value[i].integer = n;
        x->sequence = (uint64_t)n;
        x->value[0][SPECTRUM_COUNT - 1][SPECTRUM_ORDERS - 1] = (float)n;
        window_publish(st->writer, s, x);
        window_record(st->writer, s);
    }
    atomic_store(&st->over, true);
    free(s);
    free(x);
    return NULL;
}

static bool is_whole(const struct snapshot *s)
{
    for (int i = 0; i < VAR_COUNT; i++)
        if (s->load[0].value[i].integer != s->utc_us)
            return false;
    return true;
}

static void *read_pictures(void *context)
{
    struct stage *st = context;
    struct window *r = NULL;
    struct snapshot *s = calloc(1, sizeof *s);
    struct snapshot_spectra *x = calloc(1, sizeof *x);
    bool open = s && x && window_open(&r, st->folder, NULL) == ERR_OK;
    while (open && !atomic_load(&st->over)) {
        if (window_read(r, s, x) == ERR_OK) {
            bool good = is_whole(s) && x->sequence == (uint64_t)s->utc_us &&
                        x->value[0][SPECTRUM_COUNT - 1][SPECTRUM_ORDERS - 1] == (float)s->utc_us;
            atomic_fetch_add(good ? &st->whole : &st->mixed, 1);
        }
        uint64_t records = window_header(r)->records;
        /* the oldest one, where the writer is about to overwrite */
        uint64_t n = records > WINDOW_SECONDS ? records - WINDOW_SECONDS : 0;
        if (window_read_second(r, n, s) == ERR_OK) {
            bool good = is_whole(s) && s->utc_us == (int64_t)n + 1;
            atomic_fetch_add(good ? &st->seconds : &st->mixed, 1);
        }
    }
    window_close(r);
    free(s);
    free(x);
    return NULL;
}

static void readers_never_see_a_mixture_while_the_writer_runs(void **state)
{
    (void)state;
    static struct stage st = {.folder = "/tmp/window_threads_test.XXXXXX"};
    assert_non_null(mkdtemp(st.folder));
    assert_int_equal(
        window_create(
            &st.writer,
            &(struct window_options){
                .folder = st.folder, .program = "t", .boot = "b", .loads = 1, .slot_size = 64},
            NULL),
        ERR_OK);
    pthread_t writer, reader[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&reader[i], NULL, read_pictures, &st), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_pictures, &st), 0);
    assert_int_equal(pthread_join(writer, NULL), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(reader[i], NULL), 0);
    window_close(st.writer);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", st.folder);
    assert_int_equal(system(command), 0);
    print_message("# %d whole pictures, %d seconds\n", st.whole, st.seconds);
    assert_int_equal(st.mixed, 0);
    assert_true(st.whole > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_never_see_a_mixture_while_the_writer_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
