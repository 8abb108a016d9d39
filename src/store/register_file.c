#include "store/register_file.h"
#include "store/register_slot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096
#define MOST_PUT_ASIDE 99

struct register_file {
    int fd;
    struct register_io io;
    uint64_t sequence; /* of the newest slot */
    int newest;        /* 0 or 1 */
    int loads;
    struct meter_image images[METER_MAX_LOADS]; /* in the newest slot */
    uint8_t *slot;                              /* slot_space() bytes to encode into */
};

static const struct register_io real_io = {.pwrite = pwrite, .fdatasync = fdatasync};

static size_t whole_blocks(size_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

/* A slot always has room for all loads, so that the file never changes its size. */
static size_t slot_space(void)
{
    return whole_blocks(register_slot_size(METER_MAX_LOADS));
}

static enum err system_error(struct reason *why, const char *path, const char *what)
{
    int error = errno;
    enum err e = error == ENOSPC || error == ENOMEM || error == EDQUOT ? ERR_FULL : ERR_IO;
    return reason(why, e, "%s: %s: %s", path, what, strerror(error));
}

static enum err write_slot(const struct register_io *io, int fd, int which, const uint8_t *slot,
                           size_t size, struct reason *why)
{
    ssize_t n;
    do {
        n = io->pwrite(fd, slot, size, (off_t)slot_space() * which);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return reason(why, ERR_IO, "registers: write: %s", strerror(errno));
    if ((size_t)n != size)
        return reason(why, ERR_IO, "registers: only %zd of %zu bytes were written", n, size);
    if (io->fdatasync(fd) != 0)
        return reason(why, ERR_IO, "registers: sync: %s", strerror(errno));
    return ERR_OK;
}

/* ERR_IO where the medium refuses; what lies beyond the end of the file reads as zero, which is no slot. */
static enum err read_slot(int fd, int which, uint8_t *slot, struct reason *why)
{
    size_t space = slot_space(), have = 0;
    memset(slot, 0, space);
    while (have < space) {
        ssize_t n = pread(fd, slot + have, space - have, (off_t)space * which + (off_t)have);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return reason(why, ERR_IO, "registers: read: %s", strerror(errno));
        have += (size_t)n;
    }
    return ERR_OK;
}

struct found {
    enum err e;
    uint64_t sequence;
    int64_t utc_us;
    int loads;
    struct reason why;
};

/* Fills f->images and the rest from the newer whole slot. */
static enum err load(struct register_file *f, const char *path, struct register_content *content,
                     struct reason *why)
{
    struct found found[2] = {0};
    f->newest = -1;
    for (int i = 0; i < 2; i++) {
        struct found *s = &found[i];
        s->e = read_slot(f->fd, i, f->slot, &s->why);
        if (s->e == ERR_OK)
            s->e = register_slot_decode(f->slot, slot_space(), &s->sequence, &s->utc_us,
                                        content->images, &s->loads, &s->why);
        if (s->e == ERR_UNKNOWN)
            return reason(why, ERR_UNKNOWN, "%s: %s", path, s->why.text);
        if (s->e == ERR_OK && (f->newest < 0 || s->sequence > found[f->newest].sequence)) {
            f->newest = i;
            memcpy(f->images, content->images, sizeof f->images);
        }
    }
    if (f->newest < 0)
        return reason(why, found[0].e == ERR_IO || found[1].e == ERR_IO ? ERR_IO : ERR_FORMAT,
                      "%s: both copies of the registers are damaged (first: %.80s; second: %.80s)",
                      path, found[0].why.text, found[1].why.text);
    const struct found *s = &found[f->newest], *other = &found[1 - f->newest];
    f->sequence = s->sequence;
    f->loads = s->loads;
    content->utc_us = s->utc_us;
    content->loads = s->loads;
    memcpy(content->images, f->images, sizeof f->images);
    content->state = other->e == ERR_OK ? REGISTER_FILE_GOOD : REGISTER_FILE_REPAIRED;
    if (other->e != ERR_OK)
        (void)reason(why, ERR_OK,
                     "%s: the %s copy of the registers is damaged (%s); the other one is used",
                     path, f->newest ? "first" : "second", other->why.text);
    return ERR_OK;
}

static enum err sync_directory(const char *path, struct reason *why)
{
    char name[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    if (length >= sizeof name)
        return reason(why, ERR_RANGE, "%.200s: name is too long", path);
    memcpy(name, path, length);
    name[length] = '\0';
    int fd = open(length ? name : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_error(why, path, "open directory");
    enum err e = fsync(fd) == 0 ? ERR_OK : system_error(why, path, "sync directory");
    (void)close(fd);
    return e;
}

/* Both slots are written, in full, before the file gets its name. */
static enum err fill_new(struct register_file *f, const char *path, struct reason *why)
{
    int error = posix_fallocate(f->fd, 0, (off_t)(2 * slot_space()));
    if (error != 0) {
        errno = error;
        return system_error(why, path, "allocate");
    }
    for (int i = 0; i < 2; i++) {
        memset(f->slot, 0, slot_space());
        enum err e = register_slot_encode(f->slot, slot_space(), (uint64_t)i + 1, 0, NULL, 0);
        if (e == ERR_OK)
            e = write_slot(&f->io, f->fd, i, f->slot, slot_space(), why);
        if (e != ERR_OK)
            return e;
    }
    if (fsync(f->fd) != 0) /* the size too */
        return system_error(why, path, "sync");
    f->sequence = 2;
    f->newest = 1;
    f->loads = 0;
    return ERR_OK;
}

static enum err create(struct register_file *f, const char *path, struct register_content *content,
                       struct reason *why)
{
    char aside[PATH_MAX];
    int n = snprintf(aside, sizeof aside, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof aside)
        return reason(why, ERR_RANGE, "%.200s: name is too long", path);
    /* Left by a power cut, and perhaps a second name of a file that was put aside: never written into. */
    if (unlink(aside) != 0 && errno != ENOENT)
        return system_error(why, aside, "unlink");
    f->fd = open(aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (f->fd < 0)
        return system_error(why, aside, "create");
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0)
        return system_error(why, aside, "lock");
    enum err e = fill_new(f, aside, why);
    if (e != ERR_OK)
        return e;
    /* link, not rename: a file that has come to be meanwhile is never replaced */
    if (link(aside, path) != 0)
        return errno == EEXIST ? reason(why, ERR_BUSY, "%s: another process has made it", path)
                               : system_error(why, path, "link");
    if (unlink(aside) != 0)
        return system_error(why, aside, "unlink");
    *content = (struct register_content){.state = REGISTER_FILE_NEW};
    return sync_directory(path, why);
}

static enum err open_existing(struct register_file *f, const char *path,
                              struct register_content *content, struct reason *why)
{
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? reason(why, ERR_BUSY, "%s: another process has it open", path)
                                    : system_error(why, path, "lock");
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return system_error(why, path, "stat");
    if (!S_ISREG(st.st_mode))
        return reason(why, ERR_FORMAT, "%s: not a regular file", path);
    enum err e = load(f, path, content, why);
    if (e != ERR_OK)
        return e;
    if (st.st_size <
        (off_t)(2 * slot_space())) { /* it was cut: a write must not fail for want of room */
        int error = posix_fallocate(f->fd, 0, (off_t)(2 * slot_space()));
        if (error != 0) {
            errno = error;
            return system_error(why, path, "allocate");
        }
    }
    return ERR_OK;
}

static struct register_file *allocate(const struct register_io *io)
{
    struct register_file *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->fd = -1;
    f->io = io ? *io : real_io;
    f->slot = calloc(1, slot_space());
    if (!f->slot) {
        free(f);
        return NULL;
    }
    return f;
}

enum err register_file_open(struct register_file **f, const char *path,
                            const struct register_io *io, struct register_content *content,
                            struct reason *why)
{
    struct register_file *new = allocate(io);
    struct register_content *found = calloc(1, sizeof *found);
    enum err e = ERR_FULL;
    if (!new || !found) {
        (void)reason(why, e, "%s: no memory", path);
        goto done;
    }
    new->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (new->fd >= 0)
        e = open_existing(new, path, found, why);
    else if (errno == ENOENT)
        e = create(new, path, found, why);
    else
        e = system_error(why, path, "open");
    if (e == ERR_OK) {
        *content = *found;
        *f = new;
        new = NULL;
    }
done:
    free(found);
    register_file_close(new);
    return e;
}

enum err register_file_write(struct register_file *f, int64_t utc_us,
                             const struct meter_image *images, int loads, struct reason *why)
{
    if (loads < f->loads || loads > METER_MAX_LOADS)
        return reason(why, ERR_RANGE,
                      "registers of %d loads: the file holds %d, and has room for %d", loads,
                      f->loads, METER_MAX_LOADS);
    for (int i = 0; i < f->loads; i++)
        if (register_image_follows(&f->images[i], &images[i], why) != ERR_OK)
            return reason_prefix(why, ERR_RANGE, "load %d", i);
    memset(f->slot, 0, slot_space());
    enum err e =
        register_slot_encode(f->slot, slot_space(), f->sequence + 1, utc_us, images, loads);
    if (e != ERR_OK)
        return reason(why, e,
                      "registers: a value is impossible (not a number, negative, or a bad time)");
    /* Only the blocks in use: flash lives by what is written. */
    e = write_slot(&f->io, f->fd, 1 - f->newest, f->slot,
                   whole_blocks(register_slot_length(f->slot)), why);
    if (e != ERR_OK)
        return e;
    f->newest = 1 - f->newest;
    f->sequence++;
    f->loads = loads;
    memcpy(f->images, images, (size_t)loads * sizeof *images);
    return ERR_OK;
}

void register_file_close(struct register_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        (void)close(f->fd); /* all that was acknowledged is synced already */
    free(f->slot);
    free(f);
}

static enum err put_aside(const char *path, char *kept, size_t size, struct reason *why)
{
    for (int n = 1; n <= MOST_PUT_ASIDE; n++) {
        int length = snprintf(kept, size, "%s.corrupt-%d", path, n);
        if (length < 0 || (size_t)length >= size)
            return reason(why, ERR_FULL, "%.200s: name is too long", path);
        if (link(path, kept) == 0)
            return unlink(path) == 0 ? sync_directory(path, why)
                                     : system_error(why, path, "unlink");
        if (errno != EEXIST)
            return system_error(why, kept, "link");
    }
    return reason(why, ERR_FULL, "%s: %d damaged files were put aside already", path,
                  MOST_PUT_ASIDE);
}

enum err register_file_accept_loss(const char *path, char *kept, size_t size, struct reason *why)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? reason(why, ERR_UNKNOWN, "%s: there is no such file", path)
                               : system_error(why, path, "stat");
    struct register_content *content = calloc(1, sizeof *content);
    if (!content)
        return reason(why, ERR_FULL, "%s: no memory", path);
    struct register_file *f = NULL;
    struct reason found;
    enum err e = register_file_open(&f, path, NULL, content, &found);
    free(content);
    register_file_close(f);
    if (e == ERR_OK)
        return reason(why, ERR_DENIED, "%s: holds registers: nothing is lost, nothing is put aside",
                      path);
    if (e != ERR_FORMAT)
        return reason(why, e, "%s", found.text);
    return put_aside(path, kept, size, why);
}
