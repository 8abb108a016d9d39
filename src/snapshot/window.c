#include "snapshot/window.h"

#include "snapshot/sequence_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define ALIGN ((size_t)64)

_Static_assert(sizeof(struct window_header) <= PAGE, "the header has one page");
_Static_assert(sizeof(struct snapshot_load) % 8 == 0, "copied as 64-bit words");
_Static_assert(offsetof(struct snapshot, load) % 8 == 0, "copied as 64-bit words");
_Static_assert(sizeof(float[SPECTRUM_COUNT][SPECTRUM_ORDERS]) % 4 == 0, "padded to 64-bit words");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be in the writer's memory only");

struct parts {
    size_t latest, latest_size, spectra_size;
    size_t ring, record, record_size;
    size_t slots, slot;
    size_t size;
};

struct window {
    char *base; /* mapped */
    size_t size;
    int fd; /* of the writer: holds the lock; -1 for readers */
    struct parts parts;
};

static size_t align(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t spectra_bytes(int32_t loads)
{
    size_t n = offsetof(struct snapshot_spectra, value) +
               (size_t)loads * sizeof(float[SPECTRUM_COUNT][SPECTRUM_ORDERS]);
    return n / 8 * 8 + (n % 8 ? 8 : 0);
}

static struct parts parts_of(int32_t loads, size_t slot_size)
{
    struct parts p = {.latest = PAGE};
    p.latest_size = offsetof(struct snapshot, load) + (size_t)loads * sizeof(struct snapshot_load);
    p.spectra_size = spectra_bytes(loads);
    p.ring = align(p.latest + ALIGN + p.latest_size + p.spectra_size);
    p.record_size = p.latest_size;
    p.record = align(ALIGN + p.record_size);
    p.slots = align(p.ring + WINDOW_SECONDS * p.record);
    p.slot = align(slot_size);
    p.size = (p.slots + WINDOW_SLOTS * p.slot + PAGE - 1) / PAGE * PAGE;
    return p;
}

/* FNV-1a, 64 bit (Fowler, Noll, Vo): tells layouts apart, guards against nothing. */
static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001B3);
    return h;
}

static uint64_t hash_row(uint64_t h, const struct variable *v)
{
    const unsigned kind = v->kind;
    return hash(hash(h, v->id, strlen(v->id) + 1), &kind, sizeof kind);
}

static uint64_t layout_of(int32_t loads, size_t slot_size)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (int i = 0; i < VAR_COUNT; i++)
        h = hash_row(h, &catalogue_variables[i]);
    for (int i = 0; i < SPECTRUM_COUNT; i++)
        h = hash_row(h, &catalogue_spectra[i]);
    struct parts p = parts_of(loads, slot_size);
    return hash(h, &p, sizeof p);
}

static struct window_header *header(const struct window *w)
{
    return (struct window_header *)w->base;
}

static _Atomic uint64_t *word(const struct window *w, size_t offset)
{
    return (_Atomic uint64_t *)(w->base + offset);
}

static void latest_spans(const struct window *w, struct snapshot *s, struct snapshot_spectra *x,
                         struct sequence_span spans[2])
{
    size_t at = w->parts.latest + ALIGN;
    spans[0] = (struct sequence_span){s, word(w, at), w->parts.latest_size / 8};
    spans[1] =
        (struct sequence_span){x, word(w, at + w->parts.latest_size), w->parts.spectra_size / 8};
}

static enum err system_error(struct reason *why, const char *path, const char *what)
{
    int e = errno;
    (void)reason(why, ERR_IO, "%s: %s: %s", path, what, strerror(e));
    return e == ENOENT ? ERR_UNKNOWN : ERR_IO;
}

static enum err check_header(const struct window_header *h, uint64_t size, const char *path,
                             struct reason *why)
{
    if (memcmp(h->magic, WINDOW_MAGIC, sizeof h->magic) != 0)
        return reason(why, ERR_FORMAT, "%s: not a window of this version (%s expected)", path,
                      WINDOW_MAGIC);
    if (h->loads < 1 || h->loads > METER_MAX_LOADS || h->size != size || h->slot_size > PAGE * 256)
        return reason(why, ERR_FORMAT, "%s: the header is damaged", path);
    if (h->layout != layout_of(h->loads, (size_t)h->slot_size) ||
        size != parts_of(h->loads, (size_t)h->slot_size).size)
        return reason(why, ERR_FORMAT,
                      "%s: written by another version (%.31s): its catalogue differs", path,
                      h->program);
    return ERR_OK;
}

static enum err map(int fd, size_t size, int protection, const char *path, struct window **w,
                    struct reason *why)
{
    struct window *n = calloc(1, sizeof *n);
    if (!n) {
        (void)reason(why, ERR_FULL, "%s: no memory", path);
        return ERR_FULL;
    }
    n->base = mmap(NULL, size, protection, MAP_SHARED, fd, 0);
    if (n->base == MAP_FAILED) {
        free(n);
        return system_error(why, path, "map");
    }
    n->size = size;
    n->fd = -1;
    *w = n;
    return ERR_OK;
}

/* Takes over the file of a predecessor. ERR_UNKNOWN or ERR_FORMAT where there is none that fits. */
static enum err adopt(struct window **w, const char *path, const struct window_options *o,
                      struct reason *why)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return system_error(why, path, "open");
    struct stat st;
    enum err e = fstat(fd, &st) == 0 ? ERR_OK : system_error(why, path, "stat");
    if (e == ERR_OK && flock(fd, LOCK_EX | LOCK_NB) != 0)
        e = ERR_BUSY;
    else if (e == ERR_OK && (size_t)st.st_size < PAGE)
        e = ERR_FORMAT;
    if (e == ERR_BUSY)
        (void)reason(why, e, "%s: another meter is writing to it", path);
    if (e == ERR_FORMAT)
        (void)reason(why, e, "%s: %lld bytes are too few", path, (long long)st.st_size);
    if (e == ERR_OK)
        e = map(fd, (size_t)st.st_size, PROT_READ | PROT_WRITE, path, w, why);
    if (e != ERR_OK) {
        close(fd);
        return e;
    }
    (*w)->fd = fd;
    struct window_header *h = header(*w);
    e = check_header(h, (uint64_t)st.st_size, path, why);
    if (e == ERR_OK && ((o->loads && h->loads != o->loads) || h->slot_size != o->slot_size))
        e = reason(why, ERR_FORMAT, "%s: made for %d loads", path, h->loads);
    if (e == ERR_OK)
        return ERR_OK;
    atomic_store(&h->replaced, 1); /* readers that still map it look for the new one */
    window_close(*w);
    *w = NULL;
    return e;
}

static enum err make(struct window **w, const char *path, const struct window_options *o,
                     struct reason *why)
{
    int32_t loads = o->loads ? o->loads : 1;
    struct parts p = parts_of(loads, o->slot_size);
    char beside[PATH_MAX];
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    (void)unlink(beside);
    int fd = open(beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return system_error(why, beside, "create");
    enum err e = ERR_OK;
    /* posix_fallocate: a full disk is said now and not as SIGBUS later. */
    int failed = posix_fallocate(fd, 0, (off_t)p.size);
    if (failed) {
        errno = failed;
        e = system_error(why, beside, "allocate");
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        e = system_error(why, beside, "lock");
    } else {
        e = map(fd, p.size, PROT_READ | PROT_WRITE, path, w, why);
    }
    if (e != ERR_OK) {
        (void)unlink(beside);
        close(fd);
        return e;
    }
    (*w)->fd = fd;
    struct window_header *h = header(*w);
    memcpy(h->magic, WINDOW_MAGIC, sizeof h->magic);
    h->layout = layout_of(loads, o->slot_size);
    h->size = p.size;
    h->loads = loads;
    h->slot_size = o->slot_size;
    return ERR_OK;
}

/* A picture that a killed writer left is not shown again: its age is not known to be small. The sequence goes
 * on and never back, or a slow reader could take two pictures of the same number for one. */
static void start_anew(struct window *w, bool same_boot)
{
    _Atomic uint64_t *latest = word(w, w->parts.latest);
    if (atomic_load(latest) != 0)
        atomic_store(latest, atomic_load(latest) | 1);
    if (same_boot)
        return;
    for (size_t i = 0; i < WINDOW_SECONDS; i++)
        atomic_store(word(w, w->parts.ring + i * w->parts.record), 0);
    atomic_store(&header(w)->records, 0);
}

enum err window_create(struct window **w, const struct window_options *o, struct reason *why)
{
    char path[PATH_MAX], beside[PATH_MAX + 8];
    int n = snprintf(path, sizeof path, "%s/%s", o->folder, WINDOW_FILE);
    if (n < 0 || (size_t)n >= sizeof path - 8)
        return reason(why, ERR_RANGE, "%.80s...: the path is too long", o->folder);
    if (o->loads < 0 || o->loads > METER_MAX_LOADS)
        return reason(why, ERR_RANGE, "%d loads: 0 .. %d", o->loads, METER_MAX_LOADS);
    struct window *made = NULL;
    enum err e = adopt(&made, path, o, why);
    bool adopted = e == ERR_OK;
    if (e == ERR_UNKNOWN || e == ERR_FORMAT)
        e = make(&made, path, o, why);
    if (e != ERR_OK)
        return e;
    struct window_header *h = header(made);
    made->parts = parts_of(h->loads, o->slot_size);
    start_anew(made, adopted && strncmp(h->boot, o->boot, sizeof h->boot) == 0);
    h->pid = (int32_t)getpid();
    (void)snprintf(h->program, sizeof h->program, "%s", o->program);
    (void)snprintf(h->boot, sizeof h->boot, "%s", o->boot);
    h->start_utc_us = o->now_utc_us;
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    if (!adopted && rename(beside, path) != 0) {
        e = system_error(why, path, "rename");
        window_close(made);
        return e;
    }
    *w = made;
    return ERR_OK;
}

void window_publish(struct window *w, const struct snapshot *s, const struct snapshot_spectra *x)
{
    struct sequence_span spans[2];
    /* The spans are only read: sequence_write does not write to the private side. */
    latest_spans(w, (struct snapshot *)s, (struct snapshot_spectra *)x, spans);
    sequence_write(word(w, w->parts.latest), spans, 2, NULL);
}

void window_record(struct window *w, const struct snapshot *s)
{
    uint64_t n = atomic_load_explicit(&header(w)->records, memory_order_relaxed);
    size_t at = w->parts.ring + (size_t)(n % WINDOW_SECONDS) * w->parts.record;
    const struct sequence_span spans[2] = {
        {&n, word(w, at + sizeof(uint64_t)), 1},
        {(struct snapshot *)s, word(w, at + ALIGN), w->parts.record_size / 8}};
    sequence_write(word(w, at), spans, 2, NULL);
    atomic_store_explicit(&header(w)->records, n + 1, memory_order_release);
}

void window_slot_write(struct window *w, int slot, const void *bytes, size_t size)
{
    size_t room = (size_t)header(w)->slot_size, fits = size < room ? size : room;
    memcpy(w->base + w->parts.slots + (size_t)slot * w->parts.slot, bytes, fits);
}

const void *window_slot(const struct window *w, int slot)
{
    return w->base + w->parts.slots + (size_t)slot * w->parts.slot;
}

enum err window_open(struct window **w, const char *folder, struct reason *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", folder, WINDOW_FILE);
    if (n < 0 || (size_t)n >= sizeof path)
        return reason(why, ERR_RANGE, "%.80s...: the path is too long", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return system_error(why, path, "open");
    struct stat st;
    struct window *r = NULL;
    enum err e = fstat(fd, &st) == 0 ? ERR_OK : system_error(why, path, "stat");
    if (e == ERR_OK && (size_t)st.st_size < PAGE)
        e = reason(why, ERR_FORMAT, "%s: %lld bytes are too few for a window", path,
                   (long long)st.st_size);
    if (e == ERR_OK)
        e = map(fd, (size_t)st.st_size, PROT_READ, path, &r, why);
    close(fd);
    if (e != ERR_OK)
        return e;
    e = check_header(header(r), (uint64_t)st.st_size, path, why);
    if (e != ERR_OK) {
        window_close(r);
        return e;
    }
    r->parts = parts_of(header(r)->loads, (size_t)header(r)->slot_size);
    *w = r;
    return ERR_OK;
}

const struct window_header *window_header(const struct window *w)
{
    return header(w);
}

enum err window_read(const struct window *w, struct snapshot *s, struct snapshot_spectra *x)
{
    if (atomic_load_explicit(&header(w)->replaced, memory_order_relaxed))
        return ERR_UNKNOWN;
    struct sequence_span spans[2];
    latest_spans(w, s, x, spans);
    for (int i = 0; i < WINDOW_TRIES; i++) {
        uint64_t seen;
        enum err e = sequence_try_read(word(w, w->parts.latest), spans, x ? 2 : 1, NULL, &seen);
        if (e != ERR_BUSY)
            return e == ERR_OK ? ERR_OK : ERR_BUSY; /* never written: nothing to read yet */
    }
    return ERR_BUSY;
}

enum err window_read_second(const struct window *w, uint64_t n, struct snapshot *s)
{
    uint64_t records = atomic_load_explicit(&header(w)->records, memory_order_acquire);
    if (n >= records || n + WINDOW_SECONDS < records)
        return ERR_UNKNOWN;
    size_t at = w->parts.ring + (size_t)(n % WINDOW_SECONDS) * w->parts.record;
    uint64_t number = 0, seen;
    const struct sequence_span spans[2] = {{&number, word(w, at + sizeof(uint64_t)), 1},
                                           {s, word(w, at + ALIGN), w->parts.record_size / 8}};
    if (sequence_try_read(word(w, at), spans, 2, NULL, &seen) != ERR_OK)
        return ERR_BUSY;
    return number == n ? ERR_OK : ERR_UNKNOWN; /* the place was given to a later second meanwhile */
}

void window_close(struct window *w)
{
    if (!w)
        return;
    (void)munmap(w->base, w->size);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}
