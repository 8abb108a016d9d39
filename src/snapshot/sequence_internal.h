/* sequence - copies plain data under a sequence lock; the protocol is in snapshot/window.h.
 *
 * Sizes are multiples of 8 and both sides are aligned to 8. `step` is a hook for tests: called after each word
 * that is copied, NULL in programs.
 */
#ifndef SNAPSHOT_SEQUENCE_INTERNAL_H
#define SNAPSHOT_SEQUENCE_INTERNAL_H

#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sequence_hook {
    void (*step)(void *context, size_t word);
    void *context;
};

/* A copy of one span; several make one picture. */
struct sequence_span {
    void *private_; /* written by read, read by write */
    _Atomic uint64_t *shared;
    size_t words;
};

void sequence_write(_Atomic uint64_t *sequence, const struct sequence_span *spans, size_t count,
                    const struct sequence_hook *hook);

/* One try. ERR_BUSY  a write is going on, or one came between; ERR_UNKNOWN  never written (sequence 0).
 * The spans may hold a mixture then. *seen is the sequence that was found. */
enum err sequence_try_read(_Atomic uint64_t *sequence, const struct sequence_span *spans,
                           size_t count, const struct sequence_hook *hook, uint64_t *seen) CHECKED;

#endif
