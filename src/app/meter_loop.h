/* meter_loop - the running meter: source, meter, registers, window and door put together.
 *
 * meter_loop_start opens what must be there; then the caller waits (meter_loop_wait) and calls meter_loop_step about 20
 * times a second and when a descriptor is ready. A source that fails is closed and opened again with growing, jittered
 * pauses; meanwhile the last values age (stale after 1 s, failed after 5 s) and registers stay. After the start
 * nothing is allocated as long as the source stays.
 *
 * A live source counts samples and knows no clock. Its stamps follow UTC: steps at once, the converter's own
 * drift by at most 0.5 ms a second. Samples that never came are a gap; a source that runs ahead is lost.
 */
#ifndef APP_METER_LOOP_H
#define APP_METER_LOOP_H

#include "app/meter_door.h"
#include "app/meter_settings.h"
#include "app/register_keeper.h"
#include "devices/source.h"
#include "snapshot/second.h"
#include "snapshot/window.h"

#include <stdbool.h>

#define LOOP_TICK_MS 50
#define LOOP_FIRST_TICK_MS 5

struct meter_loop_options {
    const char *data, *run; /* folders; exist */
    const char *source;     /* as source_open takes it */
    const char *program;    /* version */
    double speed;           /* 1 = real time, 0 = as fast as it goes */
    const struct meter_settings *settings;
    int64_t (*monotonic_us)(void); /* base/clock.h; tests give their own */
    int64_t (*utc_us)(void);
};

struct meter_loop {
    struct meter_loop_options options;
    char boot[40];
    struct source *source; /* NULL while there is none */
    double rate_hz;
    int lanes;
    bool live, simulated;
    struct meter *meter;
    void *memory;
    size_t memory_size;
    int loads;
    struct window *window;
    struct register_keeper keeper;
    struct meter_door door;
    struct second second;
    struct snapshot now, folded;
    struct snapshot_spectra spectra;
    struct meter_window *one;
    int64_t started_us;     /* monotonic */
    int64_t last_window_us; /* monotonic, of the last finished window */
    int64_t
        idle_since_us; /* on-time is counted from here while nothing is measured; 0 = measuring */
    int64_t opened_us; /* monotonic: the source runs since */
    int64_t retry_us;  /* monotonic: open the source then */
    int retries;
    uint64_t jitter;         /* state of the pause's random part */
    int64_t clock_offset_us; /* UTC - monotonic at the last look */
    int64_t
        utc_shift_us; /* added to a live source's time: what the clocks did since it was opened */
    bool paced;       /* a live source has given samples: pace_us is known */
    int64_t pace_us;  /* monotonic time - its time */
    bool late_known;
    int64_t late_us;   /* the least that samples came late (< 0: early) since the last look */
    int64_t second_us; /* monotonic: next look at slow things */
    bool hungry;       /* there is more to read at once */
    bool unpublished;  /* windows were measured that nobody has seen yet */
    struct reason source_problem;
};

/* Opens registers, window and door, then tries the source (which may come later).
 * Errors as register_file_open and window_create: without a safe place for registers nothing starts. */
enum err meter_loop_start(struct meter_loop *l, const struct meter_loop_options *o,
                          struct reason *why) CHECKED;

/* Descriptors to wait for (at most LOOP_MAX_FDS); returns how many. *timeout_ms is how long at most. */
#define LOOP_MAX_FDS (2 + DOOR_CLIENTS)
int meter_loop_poll(const struct meter_loop *l, struct pollfd *list, int *timeout_ms);

/* Does what is due. */
void meter_loop_step(struct meter_loop *l);

/* Registers to the file, now. */
void meter_loop_flush(struct meter_loop *l, const char *cause);

/* Flushes and closes; all-zero is accepted. */
void meter_loop_stop(struct meter_loop *l);

#endif
