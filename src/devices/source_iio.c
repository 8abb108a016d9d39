#include "devices/frame_ring.h"
#include "devices/iio_plan_internal.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Only the local backend of libiio could be polled, and its refill is the only blocking call there is on remote ones;
 * so a thread refills, whatever the backend, and hands frames over through the sample ring. */

#define REFILLS_PER_S 50
#define RING_S 1.0

struct iio_reader {
    struct source base;
    struct iio_context *context;
    struct iio_buffer *buffer;
    struct iio_plan plan;
    struct frame_ring ring;
    pthread_t thread;
    bool running;
    int wake;          /* eventfd: frames or an error are there */
    _Atomic int error; /* errno of the refill that failed; 0 = none */
    _Atomic bool stop;
    size_t taken; /* frames of the last block, released at the next read */
    uint64_t given;
    uint64_t lost; /* of the ring, already counted in time */
    int64_t start_utc_us;
};

static int64_t raw_of(const struct iio_plan_lane *l, const void *sample)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
    } x = {0};
    iio_channel_convert(l->channel, &x, sample);
    switch (l->bytes) {
    case 1:
        return l->is_signed ? (int64_t)x.i8 : (int64_t)x.u8;
    case 2:
        return l->is_signed ? (int64_t)x.i16 : (int64_t)x.u16;
    case 4:
        return l->is_signed ? (int64_t)x.i32 : (int64_t)x.u32;
    default:
        return x.i64;
    }
}

static int32_t count_of(const struct iio_plan_lane *l, const void *sample)
{
    double x = l->sign * ((double)raw_of(l, sample) + l->offset);
    x = ldexp(x, -l->shift);
    return (int32_t)lrint(fmin(fmax(x, -METER_RAW_MAX), METER_RAW_MAX));
}

static void take_over(struct iio_reader *r)
{
    ptrdiff_t step = iio_buffer_step(r->buffer);
    const char *end = iio_buffer_end(r->buffer);
    size_t n = 0;
    for (const char *at = iio_buffer_start(r->buffer); step > 0 && at + step <= end;
         at += step, n++) {
        int32_t *frame = frame_ring_next(&r->ring);
        if (!frame)
            continue;
        for (int lane = 0; lane < r->plan.lanes; lane++) {
            const struct iio_plan_lane *l = &r->plan.lane[lane];
            const char *first = l->channel ? iio_buffer_first(r->buffer, l->channel) : NULL;
            frame[lane] = first ? count_of(l, first + (ptrdiff_t)n * step) : 0;
        }
        frame_ring_push(&r->ring);
    }
}

static void *refill(void *reader)
{
    struct iio_reader *r = reader;
    while (!atomic_load(&r->stop)) {
        ssize_t n = iio_buffer_refill(r->buffer);
        if (n < 0)
            atomic_store(&r->error, (int)-n);
        else
            take_over(r);
        if (eventfd_write(r->wake, 1) != 0 && errno != EAGAIN)
            atomic_store(&r->error, errno);
        if (n < 0)
            break;
    }
    return NULL;
}

static void close_iio(struct source *s)
{
    struct iio_reader *r = (struct iio_reader *)s;
    if (r->running) {
        atomic_store(&r->stop, true);
        iio_buffer_cancel(r->buffer); /* makes a blocked refill return */
        (void)pthread_join(r->thread, NULL);
    }
    if (r->buffer)
        iio_buffer_destroy(r->buffer);
    if (r->context)
        iio_context_destroy(r->context);
    if (r->wake >= 0)
        (void)close(r->wake);
    free(r->ring.frames);
    free(r);
}

static enum err start(struct iio_reader *r, struct reason *why)
{
    const struct source_format *f = &r->base.format;
    for (int lane = 0; lane < r->plan.lanes; lane++)
        if (r->plan.lane[lane].channel)
            iio_channel_enable(r->plan.lane[lane].channel);
    r->ring.lanes = r->plan.lanes;
    r->ring.room = 1024;
    while ((double)r->ring.room < RING_S * f->rate_hz)
        r->ring.room *= 2;
    r->ring.frames = calloc(r->ring.room * (size_t)r->plan.lanes, sizeof *r->ring.frames);
    if (!r->ring.frames)
        return reason(why, ERR_FULL, "no memory for the sample ring");
    r->buffer =
        iio_device_create_buffer(r->plan.device, (size_t)(f->rate_hz / REFILLS_PER_S), false);
    if (!r->buffer)
        return reason(why, ERR_IO, "its buffer cannot be started: %s", strerror(errno));
    r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->wake < 0)
        return reason(why, ERR_IO, "eventfd: %s", strerror(errno));
    int failed = pthread_create(&r->thread, NULL, refill, r);
    if (failed)
        return reason(why, ERR_IO, "a thread cannot be started: %s", strerror(failed));
    r->running = true;
    return ERR_OK;
}

static enum err open_iio(struct source **s, const char *what, const struct source_options *o,
                         struct reason *why)
{
    char uri[256], device[64];
    struct iio_reader *r = calloc(1, sizeof *r);
    if (!r)
        return reason(why, ERR_FULL, "iio:%s: no memory", what);
    enum err e = ERR_OK;
    r->wake = -1;
    r->base.kind = &source_kind_iio;
    r->start_utc_us = r->base.format.start_utc_us = o->start_utc_us;
    iio_plan_split(what, uri, sizeof uri, device, sizeof device);
    r->context = iio_create_context_from_uri(uri);
    if (!r->context)
        e = reason(why, ERR_UNKNOWN, "%s cannot be opened: %s", uri, strerror(errno));
    else if (!(e = iio_plan_make(&r->plan, &r->base.format, r->context, device, o, why)))
        e = start(r, why);
    if (e) {
        (void)reason_prefix(why, e, "iio:%s", what);
        close_iio(&r->base);
        return e;
    }
    *s = &r->base;
    return ERR_OK;
}

static enum err read_iio(struct source *s, size_t most, int64_t now_us, struct source_block *b,
                         struct reason *why)
{
    struct iio_reader *r = (struct iio_reader *)s;
    (void)now_us; /* the converter keeps time */
    frame_ring_release(&r->ring, r->taken);
    int error =
        atomic_load(&r->error); /* before the ring: what came before it is still delivered */
    eventfd_t woken;
    (void)eventfd_read(r->wake, &woken);
    r->taken = b->count = frame_ring_peek(&r->ring, most, &b->frames, &b->gap);
    if (b->count == 0 && error)
        return reason(why, ERR_IO, "iio:%s: %s", s->format.name, strerror(error));
    if (b->gap) { /* time went on while frames were lost */
        uint64_t lost = atomic_load(&r->ring.lost);
        r->given += lost - r->lost;
        r->lost = lost;
    }
    b->utc_us = r->start_utc_us + llround((double)r->given / s->format.rate_hz * 1e6);
    r->given += b->count;
    return ERR_OK;
}

static int64_t due_iio(const struct source *s)
{
    const struct iio_reader *r = (const struct iio_reader *)s;
    /* frames that one read left over do not wake again */
    uint64_t left = atomic_load(&r->ring.head) - atomic_load(&r->ring.tail) - r->taken;
    return left > 0 ? 0 : INT64_MAX;
}

static int fd_iio(const struct source *s)
{
    return ((const struct iio_reader *)s)->wake;
}

const struct source_kind source_kind_iio = {
    .name = "iio",
    .endings = (const char *const[]){NULL},
    .open = open_iio,
    .read = read_iio,
    .due_us = due_iio,
    .fd = fd_iio,
    .close = close_iio,
};
