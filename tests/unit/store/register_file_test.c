#include "store/register_file.h"
#include "base/crc.h"
#include "store/register_slot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK 4096

/* The slot in the file, rounded up: as the header says, no block holds parts of two slots. */
static size_t slot_space(void)
{
    return (register_slot_size(METER_MAX_LOADS) + BLOCK - 1) / BLOCK * BLOCK;
}

struct fixture {
    char directory[64], path[96];
    struct meter_image *images;       /* [METER_MAX_LOADS] */
    struct register_content *content; /* large */
    uint8_t *bytes;                   /* of a file */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->directory, "/tmp/register_file.XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/registers", f->directory);
    f->images = calloc(METER_MAX_LOADS, sizeof *f->images);
    f->content = calloc(1, sizeof *f->content);
    f->bytes = calloc(1, 2 * slot_space());
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", f->directory);
    int failed = system(command);
    free(f->images);
    free(f->content);
    free(f->bytes);
    free(f);
    return failed;
}

/* Every number of an image different, so that a field forgotten or exchanged shows. */
static void fill(struct meter_image *image, int64_t base)
{
    struct registers *r = &image->registers;
    struct counter *c = (void *)r;
    for (size_t i = 0; i < offsetof(struct registers, tariff) / sizeof *c; i++)
        c[i] = (struct counter){base * 1000 + (int64_t)i, (double)i / 1024};
    r->tariff = 3;
    r->partial_stopped = 1;
    double *d = (void *)&image->demand;
    struct demand_value *v = (void *)d;
    for (int i = 0; i < DEMAND_QUANTITIES; i++)
        v[i] = (struct demand_value){(double)base + i, (double)base + 2 * i, base + 3 * i + 1};
    image->demand.elapsed_s = 12.5;
    struct demand_state *st = &image->demand_state;
    *st = (struct demand_state){.part_start_us = base + 1,
                                .parts = DEMAND_MAX_SUBPERIODS,
                                .next = 0,
                                .part_valid = 1,
                                .last_end_us = base + 2,
                                .anchor_us = base + 3};
    for (int q = 0; q < DEMAND_QUANTITIES; q++) {
        st->sum[q] = 0.5 + q;
        for (int p = 0; p < DEMAND_MAX_SUBPERIODS; p++)
            st->part[p][q] = (double)base + 100 * q + p;
    }
}

static void open_file(struct fixture *f, struct register_file **file,
                      enum register_file_state expected)
{
    struct reason why = {.text = ""};
    assert_int_equal(register_file_open(file, f->path, NULL, f->content, &why), ERR_OK);
    assert_int_equal(f->content->state, expected);
    assert_int_equal(strlen(why.text) > 0, expected == REGISTER_FILE_REPAIRED);
}

static void refuse(struct fixture *f, enum err expected, const char *says)
{
    struct register_file *file = NULL;
    struct reason why = {.text = ""};
    assert_int_equal(register_file_open(&file, f->path, NULL, f->content, &why), expected);
    assert_null(file);
    if (!strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
}

static void read_bytes(struct fixture *f)
{
    int fd = open(f->path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, f->bytes, 2 * slot_space()), 2 * slot_space());
    close(fd);
}

static void write_bytes(struct fixture *f, const uint8_t *bytes, size_t size)
{
    int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

/* Leaves a file whose slots hold import = 1000 x (1 .. writes) + load; the newest is `writes`. */
static void make(struct fixture *f, int writes, int loads)
{
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_NEW);
    for (int n = 1; n <= writes; n++) {
        for (int i = 0; i < loads; i++)
            fill(&f->images[i], n);
        assert_int_equal(register_file_write(file, 1000 * n, f->images, loads, NULL), ERR_OK);
    }
    register_file_close(file);
}

static void a_block_gives_back_every_byte_of_the_image(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < METER_MAX_LOADS; i++)
        fill(&f->images[i], 1000 + i);
    for (int loads = 0; loads <= METER_MAX_LOADS; loads++) {
        size_t size = register_slot_size(loads);
        uint8_t *slot = malloc(size); /* exactly: an overrun shows under ASan */
        assert_int_equal(register_slot_encode(slot, size, 7, 123456, f->images, loads), ERR_OK);
        uint64_t sequence = 0;
        int64_t utc_us = 0;
        int count = -1;
        struct meter_image *back = calloc(METER_MAX_LOADS, sizeof *back);
        assert_int_equal(register_slot_decode(slot, size, &sequence, &utc_us, back, &count, NULL),
                         ERR_OK);
        assert_int_equal(sequence, 7);
        assert_int_equal(utc_us, 123456);
        assert_int_equal(count, loads);
        assert_memory_equal(back, f->images, (size_t)loads * sizeof *back);
        assert_int_equal(register_slot_encode(slot, size - 1, 7, 0, f->images, loads), ERR_FULL);
        free(back);
        free(slot);
    }
}

static void a_block_holds_only_the_minutes_of_demand_that_count(void **state)
{
    struct fixture *f = *state;
    fill(&f->images[0], 3);
    struct demand_state *st = &f->images[0].demand_state;
    st->parts = 15;
    st->next = 7; /* minutes 52 .. 59, 0 .. 6 of the ring */
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 1, 0, f->images, 1), ERR_OK);
    assert_int_equal(register_slot_size(1) - register_slot_length(f->bytes), 45 * 7 * 8);
    assert_true(register_slot_length(f->bytes) <= BLOCK);
    struct meter_image *back = calloc(METER_MAX_LOADS, sizeof *back);
    uint64_t sequence;
    int64_t utc_us;
    int loads;
    assert_int_equal(
        register_slot_decode(f->bytes, slot_space(), &sequence, &utc_us, back, &loads, NULL),
        ERR_OK);
    assert_int_equal(back->demand_state.parts, 15);
    assert_int_equal(back->demand_state.next, 15);
    for (int i = 0; i < 15; i++)
        assert_memory_equal(back->demand_state.part[i], st->part[(52 + i) % 60],
                            sizeof st->part[0]);
    free(back);
}

/* Version 1 for ever: a change of the table, of an order or of a number's form changes this sum. */
static void the_layout_of_version_1_is_fixed(void **state)
{
    struct fixture *f = *state;
    fill(&f->images[0], 77);
    assert_int_equal(register_slot_size(1) - register_slot_size(0), 4464);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 5, 6, f->images, 1), ERR_OK);
    const uint8_t head[] = {'E', 'M', 'S', 'R', 'E', 'G', 'S', 0, 1, 0, 0, 0};
    assert_memory_equal(f->bytes, head, sizeof head);
    const uint8_t import[] = {0xC8, 0x2C, 1, 0, 0, 0, 0, 0}; /* 77000, little-endian */
    assert_memory_equal(f->bytes + 40, import, sizeof import);
    assert_int_equal(crc32c_update(0, f->bytes, register_slot_size(1)), 0x1F72CD99);
}

static void a_block_with_impossible_values_is_neither_written_nor_read(void **state)
{
    struct fixture *f = *state;
    struct meter_image bad[10];
    for (size_t i = 0; i < COUNT(bad); i++)
        fill(&bad[i], 5);
    bad[0].registers.import.micro = -1;
    bad[1].registers.import.rest = 1;
    bad[2].registers.export.rest = (double)NAN;
    bad[3].registers.tariff = 9;
    bad[4].registers.partial_stopped = 2;
    bad[5].demand.import.max = (double)NAN;
    bad[6].demand_state.parts = 61;
    bad[7].demand_state.next = 60;
    bad[8].demand_state.next = -1;
    bad[9].demand_state.sum[3] = HUGE_VAL;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(register_slot_encode(f->bytes, slot_space(), 1, 0, &bad[i], 1), ERR_RANGE);
    fill(&f->images[0], 5);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 0, 0, f->images, 1), ERR_RANGE);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), UINT64_MAX, 0, f->images, 1),
                     ERR_RANGE);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 1, -1, f->images, 1), ERR_RANGE);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 1, 0, f->images, -1), ERR_RANGE);
    assert_int_equal(register_slot_encode(f->bytes, slot_space(), 1, 0, f->images, 12), ERR_RANGE);

    /* A right checksum over a number that no meter writes, in the second load: the first is not given out either. */
    size_t size = register_slot_size(2), load = size - register_slot_size(1);
    fill(&f->images[1], 6);
    assert_int_equal(register_slot_encode(f->bytes, size, 1, 0, f->images, 2), ERR_OK);
    f->bytes[40 + load + 7] = 0x80; /* import.micro < 0 */
    memset(f->bytes + 16, 0, 4);
    uint32_t crc = crc32c_update(0, f->bytes, size);
    for (int i = 0; i < 4; i++)
        f->bytes[16 + i] = (uint8_t)(crc >> 8 * i);
    uint64_t sequence = 42;
    int64_t utc_us = 42;
    int loads = 42;
    fill(&f->images[0], 1234);
    struct meter_image before = f->images[0];
    struct reason why;
    assert_int_equal(
        register_slot_decode(f->bytes, size, &sequence, &utc_us, f->images, &loads, &why),
        ERR_FORMAT);
    assert_non_null(strstr(why.text, "load 1: import"));
    assert_true(sequence == 42 && utc_us == 42 && loads == 42);
    assert_memory_equal(&f->images[0], &before, sizeof before);
}

static void one_flipped_bit_anywhere_in_a_block_is_found(void **state)
{
    struct fixture *f = *state;
    fill(&f->images[0], 9);
    size_t size = register_slot_size(1);
    assert_int_equal(register_slot_encode(f->bytes, size, 1, 0, f->images, 1), ERR_OK);
    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            f->bytes[at] ^= (uint8_t)(1 << bit);
            uint64_t sequence;
            int64_t utc_us;
            int loads;
            assert_int_equal(
                register_slot_decode(f->bytes, size, &sequence, &utc_us, f->images, &loads, NULL),
                ERR_FORMAT);
            f->bytes[at] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + 1);
        memcpy(part, f->bytes, cut);
        uint64_t sequence;
        int64_t utc_us;
        int loads;
        assert_int_equal(
            register_slot_decode(part, cut, &sequence, &utc_us, f->images, &loads, NULL),
            ERR_FORMAT);
        free(part);
    }
}

static void a_new_file_starts_at_zero_and_keeps_what_is_written(void **state)
{
    struct fixture *f = *state;
    make(f, 5, 3);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 2 * slot_space());
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_GOOD);
    assert_int_equal(f->content->loads, 3);
    assert_int_equal(f->content->utc_us, 5000);
    assert_memory_equal(f->content->images, f->images, 3 * sizeof *f->images);
    register_file_close(file);
    register_file_close(NULL);
}

static void a_file_that_was_never_written_to_opens_as_good_and_empty(void **state)
{
    struct fixture *f = *state;
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_NEW);
    assert_int_equal(f->content->loads, 0);
    register_file_close(file);
    open_file(f, &file, REGISTER_FILE_GOOD);
    assert_int_equal(f->content->loads, 0);
    register_file_close(file);
}

static void a_write_changes_only_the_older_slot(void **state)
{
    struct fixture *f = *state;
    make(f, 4, 1);
    uint8_t *before = malloc(2 * slot_space());
    for (int n = 5; n < 9; n++) {
        read_bytes(f);
        memcpy(before, f->bytes, 2 * slot_space());
        struct register_file *file = NULL;
        open_file(f, &file, REGISTER_FILE_GOOD);
        fill(&f->images[0], n);
        assert_int_equal(register_file_write(file, n, f->images, 1, NULL), ERR_OK);
        register_file_close(file);
        read_bytes(f);
        bool first = memcmp(before, f->bytes, slot_space()) != 0;
        bool second = memcmp(before + slot_space(), f->bytes + slot_space(), slot_space()) != 0;
        assert_true(first != second);
        assert_int_equal(second, n % 2 == 0);
    }
    free(before);
}

static void a_write_torn_at_any_sector_loses_only_itself(void **state)
{
    struct fixture *f = *state;
    make(f, 4, METER_MAX_LOADS); /* the next goes to the first slot (3), the second holds 4 */
    read_bytes(f);
    uint8_t *old = malloc(2 * slot_space()), *torn = malloc(2 * slot_space());
    memcpy(old, f->bytes, 2 * slot_space());
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_GOOD);
    for (int i = 0; i < METER_MAX_LOADS; i++)
        fill(&f->images[i], 5);
    assert_int_equal(register_file_write(file, 5000, f->images, METER_MAX_LOADS, NULL), ERR_OK);
    register_file_close(file);
    read_bytes(f);
    assert_memory_equal(old + slot_space(), f->bytes + slot_space(), slot_space());

    size_t used = register_slot_size(METER_MAX_LOADS);
    for (size_t cut = 0; cut <= slot_space(); cut += 512) {
        for (int order = 0; order < 2; order++) { /* sectors may arrive from either end */
            memcpy(torn, order ? f->bytes : old, 2 * slot_space());
            memcpy(torn, order ? old : f->bytes, cut);
            write_bytes(f, torn, 2 * slot_space());
            bool whole_old = memcmp(torn, old, used) == 0,
                 whole_new = memcmp(torn, f->bytes, used) == 0;
            open_file(f, &file,
                      whole_old || whole_new ? REGISTER_FILE_GOOD : REGISTER_FILE_REPAIRED);
            int64_t newest = whole_new ? 5 : 4;
            assert_int_equal(f->content->utc_us, newest * 1000);
            assert_int_equal(f->content->images[0].registers.import.micro, newest * 1000);
            /* and the next write mends it */
            fill(&f->images[0], 6);
            assert_int_equal(register_file_write(file, 6000, f->images, METER_MAX_LOADS, NULL),
                             ERR_OK);
            register_file_close(file);
            open_file(f, &file, REGISTER_FILE_GOOD);
            assert_int_equal(f->content->utc_us, 6000);
            register_file_close(file);
        }
    }
    free(old);
    free(torn);
}

static void one_damaged_slot_is_reported_and_mended_by_the_next_write(void **state)
{
    struct fixture *f = *state;
    make(f, 4, 1); /* 3 in the first slot, 4 in the second */
    read_bytes(f);
    uint8_t *good = malloc(2 * slot_space());
    memcpy(good, f->bytes, 2 * slot_space());
    for (int slot = 0; slot < 2; slot++) {
        for (size_t at = 0; at < register_slot_size(1); at += at < 64 ? 1 : 61) {
            memcpy(f->bytes, good, 2 * slot_space());
            f->bytes[(size_t)slot * slot_space() + at] ^= 0x10;
            write_bytes(f, f->bytes, 2 * slot_space());
            struct register_file *file = NULL;
            open_file(f, &file, REGISTER_FILE_REPAIRED);
            assert_int_equal(f->content->utc_us, slot == 0 ? 4000 : 3000);
            fill(&f->images[0], 5);
            assert_int_equal(register_file_write(file, 5000, f->images, 1, NULL), ERR_OK);
            register_file_close(file);
            open_file(f, &file, REGISTER_FILE_GOOD);
            assert_int_equal(f->content->utc_us, 5000);
            register_file_close(file);
        }
    }
    free(good);
}

static void a_file_cut_short_uses_the_slot_that_is_left(void **state)
{
    struct fixture *f = *state;
    make(f, 5, 1);
    assert_int_equal(truncate(f->path, (off_t)slot_space() + 100), 0);
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_REPAIRED);
    assert_int_equal(f->content->utc_us, 5000);
    assert_int_equal(register_file_write(file, 6000, f->images, 1, NULL), ERR_OK);
    register_file_close(file);
    open_file(f, &file, REGISTER_FILE_GOOD);
    register_file_close(file);
}

static void damage_of_both_slots_is_refused_and_the_file_left_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t *junk = calloc(1, 2 * slot_space());
    srand(8);
    for (int kind = 0; kind < 6; kind++) {
        (void)unlink(f->path);
        make(f, 4, 1);
        read_bytes(f);
        size_t size = 2 * slot_space();
        memcpy(junk, f->bytes, size);
        for (size_t i = 0; i < size && kind == 0; i++)
            junk[i] = (uint8_t)rand();
        if (kind == 1)
            memset(junk, 0, size); /* what some file systems leave after a power cut */
        if (kind == 2)
            junk[100] ^= 1, junk[slot_space() + 100] ^= 1;
        if (kind == 3)
            size = 0;
        if (kind == 4)
            memset(junk, 0xFF, size);
        if (kind == 5)
            size = 1;
        write_bytes(f, junk, size);
        refuse(f, ERR_FORMAT, "both copies of the registers are damaged");
        refuse(f, ERR_FORMAT, "both copies of the registers are damaged");
        struct stat st;
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_size, size);
    }
    free(junk);
}

static void loss_is_accepted_only_by_name_and_only_of_a_damaged_file(void **state)
{
    struct fixture *f = *state;
    char kept[128];
    assert_int_equal(register_file_accept_loss(f->path, kept, sizeof kept, NULL), ERR_UNKNOWN);
    make(f, 4, 1);
    assert_int_equal(register_file_accept_loss(f->path, kept, sizeof kept, NULL), ERR_DENIED);
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_GOOD);
    register_file_close(file);

    for (int n = 1; n <= 3; n++) {
        write_bytes(f, (const uint8_t *)"junk", 4);
        assert_int_equal(register_file_accept_loss(f->path, kept, 10, NULL), ERR_FULL);
        assert_int_equal(register_file_accept_loss(f->path, kept, sizeof kept, NULL), ERR_OK);
        char expected[128];
        (void)snprintf(expected, sizeof expected, "%s.corrupt-%d", f->path, n);
        assert_string_equal(kept, expected);
        struct stat st;
        assert_int_equal(stat(kept, &st), 0);
        assert_int_equal(st.st_size, 4);
        open_file(f, &file, REGISTER_FILE_NEW);
        register_file_close(file);
    }
}

static void another_versions_block_is_refused_and_never_overwritten(void **state)
{
    struct fixture *f = *state;
    make(f, 4, 1);
    read_bytes(f);
    size_t size = register_slot_size(1);
    f->bytes[8] = 2; /* layout 2 in the older slot, whole */
    memset(f->bytes + 16, 0, 4);
    uint32_t crc = crc32c_update(0, f->bytes, size);
    for (int i = 0; i < 4; i++)
        f->bytes[16 + i] = (uint8_t)(crc >> 8 * i);
    write_bytes(f, f->bytes, 2 * slot_space());
    refuse(f, ERR_UNKNOWN, "layout 2, this program knows 1");
    char kept[128];
    assert_int_equal(register_file_accept_loss(f->path, kept, sizeof kept, NULL), ERR_UNKNOWN);
    f->bytes[8] = 2;
    f->bytes[50] ^= 1; /* damage that only looks like another version */
    write_bytes(f, f->bytes, 2 * slot_space());
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_REPAIRED);
    register_file_close(file);
}

static void a_step_back_is_refused_and_names_the_register(void **state)
{
    struct fixture *f = *state;
    make(f, 4, 2);
    const struct {
        size_t offset;
        const char *name;
    } cases[] = {
        {offsetof(struct registers, import), "load 1: import[0] would fall from 4000 to 3999"},
        {offsetof(struct registers, export_phase[2]), "load 1: export_phase[2]"},
        {offsetof(struct registers, import_tariff[7]), "load 1: import_tariff[7]"},
        {offsetof(struct registers, reactive_quadrant[3]), "load 1: reactive_quadrant[3]"},
        {offsetof(struct registers, apparent), "load 1: apparent[0]"},
        {offsetof(struct registers, hours_on), "load 1: hours_on[0]"},
        {offsetof(struct registers, pulses), "load 1: pulses[0]"},
    };
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_GOOD);
    for (size_t i = 0; i < COUNT(cases); i++) {
        fill(&f->images[1], 4);
        struct counter *c = (void *)((uint8_t *)&f->images[1].registers + cases[i].offset);
        c->micro--;
        struct reason why;
        assert_int_equal(register_file_write(file, 5000, f->images, 2, &why), ERR_RANGE);
        if (!strstr(why.text, cases[i].name))
            fail_msg("\"%s\" does not say \"%s\"", why.text, cases[i].name);
    }
    fill(&f->images[1], 4);
    struct reason why;
    assert_int_equal(register_file_write(file, 5000, f->images, 1, &why),
                     ERR_RANGE); /* a load would be lost */
    assert_int_equal(register_file_write(file, 5000, f->images, 12, &why), ERR_RANGE);
    f->images[0].demand.elapsed_s = (double)NAN;
    assert_int_equal(register_file_write(file, 5000, f->images, 2, &why), ERR_RANGE);
    fill(&f->images[0], 4);
    registers_reset_partial(&f->images[1].registers); /* a reset may */
    assert_int_equal(register_file_write(file, 5000, f->images, 2, &why), ERR_OK);
    assert_int_equal(register_file_write(file, 6000, f->images, 3, &why), ERR_OK); /* a new load */
    register_file_close(file);
}

/* Faults of the system calls, injected. */
static struct {
    int pwrite_errno, fdatasync_errno, interrupts;
    size_t write_most; /* 0 = all */
    int syncs;
} fault;

static ssize_t faulty_pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    if (fault.interrupts > 0) {
        fault.interrupts--;
        errno = EINTR;
        return -1;
    }
    if (fault.pwrite_errno) {
        errno = fault.pwrite_errno;
        return -1;
    }
    return pwrite(fd, bytes, fault.write_most ? fault.write_most : count, offset);
}

static int faulty_fdatasync(int fd)
{
    fault.syncs++;
    if (fault.fdatasync_errno) {
        errno = fault.fdatasync_errno;
        return -1;
    }
    return fdatasync(fd);
}

static void a_failing_write_or_sync_is_told_and_costs_nothing_that_was_acknowledged(void **state)
{
    struct fixture *f = *state;
    const struct register_io io = {.pwrite = faulty_pwrite, .fdatasync = faulty_fdatasync};
    memset(&fault, 0, sizeof fault);
    make(f, 4, 1);
    for (int kind = 0; kind < 4; kind++) {
        struct register_file *file = NULL;
        assert_int_equal(register_file_open(&file, f->path, &io, f->content, NULL), ERR_OK);
        int64_t had = f->content->utc_us / 1000;
        fault.pwrite_errno = kind == 0 ? EIO : kind == 1 ? ENOSPC : 0;
        fault.fdatasync_errno = kind == 2 ? EIO : 0;
        fault.write_most = kind == 3 ? 1536 : 0;
        fill(&f->images[0], had + 1);
        struct reason why;
        for (int again = 0; again < 3;
             again++) { /* the good slot is never touched, however often it is tried */
            assert_int_equal(register_file_write(file, 1000 * (had + 1), f->images, 1, &why),
                             ERR_IO);
            assert_non_null(strstr(why.text, "registers: "));
        }
        memset(&fault, 0, sizeof fault);
        struct register_file *reader = NULL;
        register_file_close(file);
        assert_int_equal(register_file_open(&reader, f->path, &io, f->content, NULL), ERR_OK);
        /* after a failed sync the new ones may be there already: acknowledged or newer, never older */
        assert_true(f->content->utc_us == 1000 * had ||
                    (kind == 2 && f->content->utc_us == 1000 * (had + 1)));
        fault.interrupts = 2;
        assert_int_equal(register_file_write(reader, 1000 * (had + 1), f->images, 1, &why), ERR_OK);
        assert_int_equal(fault.syncs, 1);
        register_file_close(reader);
        open_file(f, &reader, REGISTER_FILE_GOOD);
        assert_int_equal(f->content->images[0].registers.import.micro, 1000 * (had + 1));
        register_file_close(reader);
        memset(&fault, 0, sizeof fault);
    }
}

static void a_failure_while_it_is_made_leaves_no_file(void **state)
{
    struct fixture *f = *state;
    const struct register_io io = {.pwrite = faulty_pwrite, .fdatasync = faulty_fdatasync};
    for (int kind = 0; kind < 2; kind++) {
        memset(&fault, 0, sizeof fault);
        fault.pwrite_errno = kind == 0 ? EIO : 0;
        fault.fdatasync_errno = kind == 1 ? EIO : 0;
        struct register_file *file = NULL;
        struct reason why;
        assert_int_equal(register_file_open(&file, f->path, &io, f->content, &why), ERR_IO);
        assert_null(file);
        assert_int_equal(access(f->path, F_OK), -1);
    }
    memset(&fault, 0, sizeof fault);
    make(f, 1, 1); /* what was left of the attempt does not disturb */
}

static void a_second_opener_is_told_that_it_is_busy(void **state)
{
    struct fixture *f = *state;
    struct register_file *file = NULL;
    open_file(f, &file, REGISTER_FILE_NEW);
    refuse(f, ERR_BUSY, "another process");
    register_file_close(file);
    open_file(f, &file, REGISTER_FILE_GOOD);
    refuse(f, ERR_BUSY, "another process");
    register_file_close(file);
}

static void what_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;
    (void)snprintf(f->path, sizeof f->path, "%s/none/registers", f->directory);
    refuse(f, ERR_IO, "No such file");
    (void)snprintf(f->path, sizeof f->path, "%s", f->directory);
    refuse(f, ERR_IO, "directory");
}

/* kill -9 at any moment: a child writes as fast as it can, is killed, and the file must open with registers not
 * below the last that it acknowledged over a pipe. */
static void a_writer_killed_at_any_moment_loses_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    make(f, 1, 1);
    srand(9);
    int64_t acknowledged = 1;
    for (int round = 0; round < 20; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct register_file *file = NULL;
            if (register_file_open(&file, f->path, NULL, f->content, NULL) != ERR_OK)
                _exit(1);
            for (int64_t n = f->content->images[0].registers.import.micro / 1000 + 1;; n++) {
                fill(&f->images[0], n);
                if (register_file_write(file, n, f->images, 1, NULL) != ERR_OK)
                    _exit(2);
                if (write(pipes[1], &n, sizeof n) != sizeof n)
                    _exit(3);
            }
        }
        close(pipes[1]);
        int64_t n;
        for (int reads = 1 + rand() % 5; reads > 0; reads--)
            if (read(pipes[0], &n, sizeof n) == sizeof n)
                acknowledged = n;
        kill(child, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], &n, sizeof n) == sizeof n)
            acknowledged = n;
        close(pipes[0]);
        struct register_file *file = NULL;
        assert_int_equal(register_file_open(&file, f->path, NULL, f->content, NULL), ERR_OK);
        assert_true(f->content->images[0].registers.import.micro >= acknowledged * 1000);
        register_file_close(file);
    }
    assert_true(acknowledged > 20);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_block_gives_back_every_byte_of_the_image),
        WITH_FILE(a_block_holds_only_the_minutes_of_demand_that_count),
        WITH_FILE(the_layout_of_version_1_is_fixed),
        WITH_FILE(a_block_with_impossible_values_is_neither_written_nor_read),
        WITH_FILE(one_flipped_bit_anywhere_in_a_block_is_found),
        WITH_FILE(a_new_file_starts_at_zero_and_keeps_what_is_written),
        WITH_FILE(a_file_that_was_never_written_to_opens_as_good_and_empty),
        WITH_FILE(a_write_changes_only_the_older_slot),
        WITH_FILE(a_write_torn_at_any_sector_loses_only_itself),
        WITH_FILE(one_damaged_slot_is_reported_and_mended_by_the_next_write),
        WITH_FILE(a_file_cut_short_uses_the_slot_that_is_left),
        WITH_FILE(damage_of_both_slots_is_refused_and_the_file_left_alone),
        WITH_FILE(loss_is_accepted_only_by_name_and_only_of_a_damaged_file),
        WITH_FILE(another_versions_block_is_refused_and_never_overwritten),
        WITH_FILE(a_step_back_is_refused_and_names_the_register),
        WITH_FILE(a_failing_write_or_sync_is_told_and_costs_nothing_that_was_acknowledged),
        WITH_FILE(a_failure_while_it_is_made_leaves_no_file),
        WITH_FILE(a_second_opener_is_told_that_it_is_busy),
        WITH_FILE(what_is_no_file_is_refused),
        WITH_FILE(a_writer_killed_at_any_moment_loses_nothing_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
