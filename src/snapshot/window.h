/* window - the mapped file through which one meter shows its latest values to any number of readers.
 *
 * One writer (ems-meter), many readers that map the file read-only. The writer never waits and no reader
 * can disturb it. What a reader gets is one whole picture or ERR_BUSY, never a mixture:
 *
 *   A part under a sequence (the latest picture, each record of the ring) is written as: sequence odd;
 *   release fence; the bytes as relaxed 64-bit words; sequence even (release). It is read as: sequence
 *   (acquire), odd = try again; words relaxed; acquire fence; sequence unchanged = whole. A reader tries
 *   WINDOW_TRIES times. (C11 7.17; Boehm, "Can seqlocks get along with programming language memory
 *   models?", 2012.) A writer that is killed in between leaves the sequence odd: readers get ERR_BUSY
 *   until the next writer has begun, which then publishes a new picture.
 *
 * Layout, little endian, offsets in bytes, every part aligned to 64; sizes follow from `loads`:
 *
 *   0       struct window_header, padded to 4096
 *   4096    latest: u64 sequence (padded to 64), struct snapshot with `loads` loads,
 *           then struct snapshot_spectra with `loads` loads
 *   ...     ring: WINDOW_SECONDS records: u64 sequence, u64 its number n (padded to 64), struct snapshot with
 *           `loads` loads; record n is in place n % WINDOW_SECONDS
 *   ...     two register slots of `slot_size` raw bytes; their content and check sum are the caller's
 *
 * `layout` of the header is a hash over the catalogue (ids, kinds, order) and the sizes above: a reader or a
 * writer that was built for another catalogue refuses the file. A writer keeps the file of its predecessor where
 * boot and layout are the same (the ring goes on); where only the boot differs it keeps the slots; else
 * it makes a new one and marks the old one as replaced.
 */
#ifndef SNAPSHOT_WINDOW_H
#define SNAPSHOT_WINDOW_H

#include "base/err.h"
#include "snapshot/snapshot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_FILE "window"
#define WINDOW_MAGIC "EMSWIN01"
#define WINDOW_SECONDS 900 /* DESIGN.md 2: fifteen minutes */
#define WINDOW_SLOTS 2
#define WINDOW_TRIES \
    1000 /* far more than one write can spoil: a picture takes some 20 us, comes 5 times a second */

struct window_header {
    char magic[8];
    uint64_t layout;
    uint64_t size; /* of the file */
    int32_t loads;
    int32_t pid; /* of the writer */
    char program[32];
    char boot[40];
    int64_t start_utc_us; /* of the writer */
    uint64_t slot_size;   /* of one register slot */
    _Atomic uint64_t
        records; /* seconds recorded since the file was made: the newest is records - 1 */
    _Atomic uint64_t replaced; /* 1: a newer file has this name; open again */
};

struct window; /* an open window, of either side */

struct window_options {
    const char *folder;  /* must exist; on tmpfs in production */
    const char *program; /* version text */
    const char *boot;    /* boot id: another boot's pictures are not shown */
    int64_t now_utc_us;
    int32_t
        loads; /* 1 .. METER_MAX_LOADS; 0 = as many as the predecessor's, 1 where there is none */
    size_t slot_size;
};

/* Writer side. The picture is empty (readers: ERR_BUSY) until the first window_publish.
 * ERR_BUSY  another writer has it */
enum err window_create(struct window **w, const struct window_options *o,
                       struct reason *why) CHECKED;

/* Shows a new picture. `s->loads` must be the window's. */
void window_publish(struct window *w, const struct snapshot *s, const struct snapshot_spectra *x);

/* Appends a second to the ring. */
void window_record(struct window *w, const struct snapshot *s);

/* Register slot 0 or 1, raw: slot_size bytes. Read back by the next writer after a kill. */
void window_slot_write(struct window *w, int slot, const void *bytes, size_t size);
const void *window_slot(const struct window *w, int slot);

/* Reader side: read-only.
 * ERR_UNKNOWN  there is no window in the folder: no meter has run
 * ERR_FORMAT   not a window, or one of another version: `why` says which */
enum err window_open(struct window **w, const char *folder, struct reason *why) CHECKED;

const struct window_header *window_header(const struct window *w);

/* Copies the latest picture; `x` may be NULL. Loads beyond the window's are left as they are.
 * ERR_BUSY     nothing published yet, or the writer died in the middle of a picture
 * ERR_UNKNOWN  this file was replaced by another: open again */
enum err window_read(const struct window *w, struct snapshot *s,
                     struct snapshot_spectra *x) CHECKED;

/* Copies second `n`, which counts from 0 (header.records).
 * ERR_UNKNOWN  not recorded yet, or overwritten already
 * ERR_BUSY     it was overwritten while we read, or its writer died in the middle of it */
enum err window_read_second(const struct window *w, uint64_t n, struct snapshot *s) CHECKED;

/* Of either side; NULL is accepted. The file stays. */
void window_close(struct window *w);

#endif
