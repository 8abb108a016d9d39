#include "devices/frame_ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void one_push(struct frame_ring *r, int32_t x)
{
    int32_t *f = frame_ring_next(r);
    if (f) {
        f[0] = x;
        f[1] = -x;
        frame_ring_push(r);
    }
}

static void frames_come_out_in_order_and_a_full_ring_leaves_one_known_hole(void **state)
{
    (void)state;
    int32_t memory[8 * 2];
    struct frame_ring r = {.frames = memory, .room = 8, .lanes = 2};
    const int32_t *f;
    bool hole;
    assert_int_equal(frame_ring_peek(&r, 9, &f, &hole), 0);
    for (int32_t i = 0; i < 11; i++)
        one_push(&r, i); /* 8, 9, 10 are lost */
    assert_int_equal(atomic_load(&r.lost), 3);
    assert_int_equal(frame_ring_peek(&r, 5, &f, &hole), 5);
    assert_false(hole);
    assert_int_equal(f[2 * 4], 4);
    frame_ring_release(&r, 5);
    one_push(&r, 11); /* lost too: the ring was not emptied */
    assert_int_equal(atomic_load(&r.lost), 4);
    assert_int_equal(frame_ring_peek(&r, 9, &f, &hole), 3);
    frame_ring_release(&r, 3);
    one_push(&r, 12);
    one_push(&r, 13);
    assert_int_equal(frame_ring_peek(&r, 1, &f, &hole), 1);
    assert_true(hole);
    assert_int_equal(f[0], 12);
    frame_ring_release(&r, 1);
    assert_int_equal(frame_ring_peek(&r, 9, &f, &hole), 1);
    assert_false(hole);
    assert_int_equal(f[1], -13);
}

#define PUSHED 400000

static void *pusher(void *ring)
{
    for (int32_t i = 1; i <= PUSHED; i++)
        one_push(ring, i);
    return NULL;
}

/* Under ThreadSanitizer this is the proof of the protocol; without it, of the order and of every hole. */
static void two_threads_lose_no_frame_without_a_hole(void **state)
{
    (void)state;
    int32_t memory[256 * 2];
    struct frame_ring r = {.frames = memory, .room = 256, .lanes = 2};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pusher, &r), 0);
    int32_t last = 0;
    uint64_t taken = 0;
    bool torn = false, unmarked = false, ended = false;
    while (!ended) {
        ended = taken + atomic_load(&r.lost) == PUSHED;
        const int32_t *f;
        bool hole;
        size_t n = frame_ring_peek(&r, 100, &f, &hole);
        for (size_t i = 0; i < n; i++) {
            torn |= f[2 * i] != -f[2 * i + 1] || f[2 * i] <= last;
            unmarked |= f[2 * i] != last + 1 && !(i == 0 && hole);
            last = f[2 * i];
        }
        frame_ring_release(&r, n);
        taken += n;
    }
    (void)pthread_join(thread, NULL);
    assert_false(torn);
    assert_false(unmarked);
    assert_int_equal(taken + atomic_load(&r.lost), PUSHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_in_order_and_a_full_ring_leaves_one_known_hole),
        cmocka_unit_test(two_threads_lose_no_frame_without_a_hole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
