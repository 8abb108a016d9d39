#include "snapshot/sequence_internal.h"

void sequence_write(_Atomic uint64_t *sequence, const struct sequence_span *spans, size_t count,
                    const struct sequence_hook *hook)
{
    uint64_t before = atomic_load_explicit(sequence, memory_order_relaxed) & ~UINT64_C(1);
    atomic_store_explicit(sequence, before + 1, memory_order_relaxed);
    /* A reader that sees any word below also sees the odd number above. */
    atomic_thread_fence(memory_order_release);
    for (size_t k = 0; k < count; k++) {
        const uint64_t *from = spans[k].private_;
        for (size_t i = 0; i < spans[k].words; i++) {
            atomic_store_explicit(&spans[k].shared[i], from[i], memory_order_relaxed);
            if (hook)
                hook->step(hook->context, i);
        }
    }
    atomic_store_explicit(sequence, before + 2, memory_order_release);
}

enum err sequence_try_read(_Atomic uint64_t *sequence, const struct sequence_span *spans,
                           size_t count, const struct sequence_hook *hook, uint64_t *seen)
{
    uint64_t before = atomic_load_explicit(sequence, memory_order_acquire);
    *seen = before;
    if (before == 0)
        return ERR_UNKNOWN;
    if (before & 1)
        return ERR_BUSY;
    for (size_t k = 0; k < count; k++) {
        uint64_t *to = spans[k].private_;
        for (size_t i = 0; i < spans[k].words; i++) {
            to[i] = atomic_load_explicit(&spans[k].shared[i], memory_order_relaxed);
            if (hook)
                hook->step(hook->context, i);
        }
    }
    /* The words above are read before the sequence below. */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(sequence, memory_order_relaxed) == before ? ERR_OK : ERR_BUSY;
}
