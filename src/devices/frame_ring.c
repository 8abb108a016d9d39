#include "devices/frame_ring.h"

int32_t *frame_ring_next(struct frame_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    if (r->dropping && head == tail) {
        atomic_store_explicit(&r->hole_at, head + 1, memory_order_relaxed);
        r->dropping = false;
    }
    r->dropping |= head - tail >= r->room;
    if (r->dropping) {
        atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
        return NULL;
    }
    return r->frames + (size_t)(head & (r->room - 1)) * (size_t)r->lanes;
}

void frame_ring_push(struct frame_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
}

size_t frame_ring_peek(const struct frame_ring *r, size_t most, const int32_t **frames, bool *hole)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    /* read after `head`: a hole before any frame seen is seen too */
    uint64_t hole_at = atomic_load_explicit(&r->hole_at, memory_order_relaxed);
    size_t at = (size_t)(tail & (r->room - 1));
    uint64_t count = head - tail;
    if (count > r->room - at)
        count = r->room - at;
    *hole = hole_at == tail + 1 && count > 0;
    if (count > most)
        count = most;
    *frames = r->frames + at * (size_t)r->lanes;
    return (size_t)count;
}

void frame_ring_release(struct frame_ring *r, size_t count)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    atomic_store_explicit(&r->tail, tail + count, memory_order_release);
}
