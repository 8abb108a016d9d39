/* frame_ring - frames of samples from one thread to another: the sample ring.
 *
 * Protocol: exactly one thread pushes, exactly one takes; neither ever waits. The pusher owns `head`, the taker
 * owns `tail`; each publishes its own with release and reads the other's with acquire, so that frames are
 * complete before they are seen and read before they are overwritten. Once a frame does not fit, frames are lost
 * until the taker has emptied the ring: so there is one hole at a time, and the first frame after it is known.
 */
#ifndef DEVICES_FRAME_RING_H
#define DEVICES_FRAME_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_ring {
    int32_t *frames; /* room x lanes, the caller's memory */
    size_t room;     /* frames; a power of two */
    int lanes;
    _Atomic uint64_t head, tail; /* frames pushed and taken since the start */
    _Atomic uint64_t lost;       /* frames that did not fit */
    _Atomic uint64_t hole_at;    /* number of the frame after the last hole, from 1; 0 = never */
    bool dropping;               /* the pusher's own */
};

/* Memory of the next frame to push, or NULL where it is lost. */
int32_t *frame_ring_next(struct frame_ring *r);
/* The frame given by frame_ring_next is complete. */
void frame_ring_push(struct frame_ring *r);

/* Up to `most` frames in one piece; `hole` where frames were lost right before the first. They stay until
 * frame_ring_release. */
size_t frame_ring_peek(const struct frame_ring *r, size_t most, const int32_t **frames, bool *hole);
void frame_ring_release(struct frame_ring *r, size_t count);

#endif
