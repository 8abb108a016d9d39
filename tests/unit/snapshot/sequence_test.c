/* The seqlock by hand: a writer is stopped after each word and a reader looks, and the other way round. */
#include "snapshot/sequence_internal.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define WORDS 8

struct shared {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[WORDS];
};

static struct sequence_span span_of(struct shared *s, uint64_t *mine)
{
    return (struct sequence_span){mine, s->words, WORDS};
}

static void fill(uint64_t *words, uint64_t value)
{
    for (int i = 0; i < WORDS; i++)
        words[i] = value;
}

static void publish(struct shared *s, uint64_t value, const struct sequence_hook *hook)
{
    uint64_t mine[WORDS];
    fill(mine, value);
    struct sequence_span span = span_of(s, mine);
    sequence_write(&s->sequence, &span, 1, hook);
}

static enum err look(struct shared *s, uint64_t *mine, const struct sequence_hook *hook)
{
    uint64_t seen;
    struct sequence_span span = span_of(s, mine);
    return sequence_try_read(&s->sequence, &span, 1, hook, &seen);
}

static void assert_all(const uint64_t *words, uint64_t value)
{
    for (int i = 0; i < WORDS; i++)
        assert_int_equal(words[i], value);
}

static void nothing_is_read_before_the_first_picture(void **state)
{
    (void)state;
    struct shared s = {0};
    uint64_t mine[WORDS];
    assert_int_equal(look(&s, mine, NULL), ERR_UNKNOWN);
    publish(&s, 7, NULL);
    assert_int_equal(look(&s, mine, NULL), ERR_OK);
    assert_all(mine, 7);
}

static int looks;

static void look_while_writing(void *context, size_t word)
{
    (void)word;
    uint64_t mine[WORDS];
    assert_int_equal(look(context, mine, NULL), ERR_BUSY);
    looks++;
}

static void a_reader_in_the_middle_of_a_write_is_told_to_wait(void **state)
{
    (void)state;
    struct shared s = {0};
    publish(&s, 1, NULL);
    looks = 0;
    publish(&s, 2, &(struct sequence_hook){look_while_writing, &s});
    assert_int_equal(looks, WORDS);
    uint64_t mine[WORDS];
    assert_int_equal(look(&s, mine, NULL), ERR_OK);
    assert_all(mine, 2);
}

struct intrusion {
    struct shared *s;
    size_t at;
};

static void write_at(void *context, size_t word)
{
    const struct intrusion *i = context;
    if (word == i->at)
        publish(i->s, 2, NULL);
}

static void a_write_in_the_middle_of_a_read_is_noticed(void **state)
{
    (void)state;
    for (size_t at = 0; at < WORDS; at++) {
        struct shared s = {0};
        uint64_t mine[WORDS];
        publish(&s, 1, NULL);
        struct intrusion i = {&s, at};
        assert_int_equal(look(&s, mine, &(struct sequence_hook){write_at, &i}), ERR_BUSY);
        assert_int_equal(look(&s, mine, NULL), ERR_OK);
        assert_all(mine, 2);
    }
}

static void after_a_writer_that_died_in_the_middle_the_next_one_goes_on(void **state)
{
    (void)state;
    struct shared s = {0};
    publish(&s, 1, NULL);
    uint64_t before = s.sequence;
    s.sequence = before + 1; /* as if killed after its first word */
    s.words[0] = 99;
    uint64_t mine[WORDS];
    assert_int_equal(look(&s, mine, NULL), ERR_BUSY);
    publish(&s, 3, NULL);
    assert_true(s.sequence > before && s.sequence % 2 == 0);
    assert_int_equal(look(&s, mine, NULL), ERR_OK);
    assert_all(mine, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_before_the_first_picture),
        cmocka_unit_test(a_reader_in_the_middle_of_a_write_is_told_to_wait),
        cmocka_unit_test(a_write_in_the_middle_of_a_read_is_noticed),
        cmocka_unit_test(after_a_writer_that_died_in_the_middle_the_next_one_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
