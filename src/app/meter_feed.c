#include "app/meter_feed.h"

#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timex.h>

#define BLOCK_FRAMES 4096
#define PUMP_US INT64_C(40000) /* at most this long, then the door is served */
#define FIRST_PAUSE_US INT64_C(100000)
#define LONGEST_PAUSE_US INT64_C(30000000)
#define WELL_US INT64_C(10000000)   /* it ran this long: pauses begin anew */
#define STALLED_US INT64_C(1000000) /* a window takes 0.2 s: this long without one is silence */
#define HOLE_US \
    INT64_C(500000) /* samples this late are no jitter: others are missing before them */
#define EARLY_US INT64_C(1000000) /* samples from the future: its rate is not what it says */
#define STEER_US INT64_C(500)     /* a second: more than any crystal drifts */

/* xorshift64* (Vigna 2014): only so that many devices do not retry in step. */
static double random_part(struct meter_loop *l)
{
    l->jitter ^= l->jitter >> 12;
    l->jitter ^= l->jitter << 25;
    l->jitter ^= l->jitter >> 27;
    return (double)((l->jitter * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 9007199254740992.0;
}

static bool follows_clock(const struct meter_loop *l)
{
    return l->live && !l->simulated;
}

static enum clock_quality clock_quality(const struct meter_loop *l)
{
    if (!follows_clock(l)) /* a record's stamps are those of its own day */
        return CLOCK_SIMULATED;
    struct timex t = {0};
    return adjtimex(&t) == TIME_ERROR ? CLOCK_SET : CLOCK_SYNCHRONISED;
}

static void publish(struct meter_loop *l, int64_t now_us)
{
    l->now.monotonic_us = now_us;
    window_publish(l->window, &l->now, &l->spectra);
}

static void take_windows(struct meter_loop *l, int64_t now_us)
{
    bool any = false;
    while (meter_poll(l->meter, l->one)) {
        const struct meter_window *w = l->one;
        any = true;
        l->now.sequence++;
        l->now.utc_us = w->end_utc_us;
        for (int k = 0; k < w->loads; k++)
            snapshot_fill_load(&l->now.load[k], &w->reading[k]);
        for (int k = 0; l->simulated && k < w->loads; k++) /* only we know */
            l->now.load[k].value[VAR_flags].integer |= FLAG_SIMULATED;
        for (int k = 0; k < w->loads; k++)
            snapshot_fill_spectra(l->spectra.value[k], &w->reading[k]);
        l->spectra.sequence = l->now.sequence;
        l->now.monotonic_us = now_us;
        if (second_add(&l->second, &l->now, &l->folded))
            window_record(l->window, &l->folded);
    }
    if (!any)
        return;
    l->last_window_us = now_us;
    l->idle_since_us = 0;
    if (l->now.source_state != SOURCE_RUNNING)
        log_info("meter", "event=source_running");
    l->now.source_state = SOURCE_RUNNING;
    l->unpublished = true;
}

/* The registers as they are, also what was counted since the last whole window. */
static void keep_registers(struct meter_loop *l, int64_t utc_us)
{
    register_keeper_update(&l->keeper, l->meter, l->loads, l->window, utc_us);
}

/* Shows what was measured since the last time: once a pump and not once a window, so that readers of a meter that runs
 * at a thousand times real time still find a pause. Registers first: what a reader has seen is never lost. */
static void settle(struct meter_loop *l, int64_t now_us)
{
    if (!l->unpublished)
        return;
    l->unpublished = false;
    keep_registers(l, l->now.utc_us);
    publish(l, now_us);
}

/* What was counted up to here is kept; the source is tried again after a pause that doubles until it runs well. */
static void lose_source(struct meter_loop *l, int64_t now_us, const struct reason *why)
{
    if (l->source && now_us - l->opened_us > WELL_US)
        l->retries = 0;
    source_close(l->source);
    l->source = NULL;
    if (l->meter) {
        meter_end(l->meter);
        take_windows(l, now_us);
        settle(l, now_us);
        keep_registers(l, l->keeper.utc_us);
    }
    if (!l->idle_since_us)
        l->idle_since_us = now_us;
    int64_t pause = FIRST_PAUSE_US << (l->retries < 9 ? l->retries : 9);
    if (pause > LONGEST_PAUSE_US)
        pause = LONGEST_PAUSE_US;
    l->retries++;
    l->retry_us = now_us + (int64_t)((double)pause * (0.75 + 0.5 * random_part(l)));
    if (strcmp(l->source_problem.text, why->text) != 0)
        log_error("meter", "event=source_lost source=\"%s\" reason=\"%s\"", l->options.source,
                  why->text);
    l->source_problem = *why;
    l->now.source_state = SOURCE_LOST;
}

/* A window for this many loads: another one where the source has other loads than before. */
static enum err fit_window(struct meter_loop *l, int loads, struct reason *why)
{
    if (l->window && window_header(l->window)->loads == loads)
        return ERR_OK;
    if (l->keeper.loads) { /* the old window's slots go with it */
        enum err e = register_keeper_flush(&l->keeper, l->options.monotonic_us(), why);
        if (e != ERR_OK)
            return e;
    }
    window_close(l->window);
    l->window = NULL;
    return window_create(&l->window,
                         &(struct window_options){.folder = l->options.run,
                                                  .program = l->options.program,
                                                  .boot = l->boot,
                                                  .now_utc_us = l->options.utc_us(),
                                                  .loads = loads,
                                                  .slot_size = register_keeper_slot_size()},
                         why);
}

static enum err make_meter(struct meter_loop *l, struct reason *why)
{
    const struct source_format *f = source_format(l->source);
    struct meter_config *c = malloc(sizeof *c);
    char calibration[PATH_MAX];
    if (!c)
        return reason(why, ERR_FULL, "no memory for the meter's configuration");
    *c = f->meter;
    (void)snprintf(calibration, sizeof calibration, "%s/calibration.json", l->options.data);
    enum err e = meter_settings_apply(l->options.settings, c, why);
    if (e == ERR_OK)
        e = meter_calibration_read(calibration, c, why);
    size_t size = e == ERR_OK ? (meter_size(c) + 63) / 64 * 64 : 0;
    if (e == ERR_OK && size > l->memory_size) {
        free(l->memory);
        l->meter = NULL;
        l->memory = aligned_alloc(64, size);
        l->memory_size = l->memory ? size : 0;
        if (!l->memory)
            e = reason(why, ERR_FULL, "no memory for the meter: %zu bytes", size);
        else if (!f->simulated && mlock(l->memory, size) != 0)
            log_debug("meter", "event=not_locked reason=\"%s\"", strerror(errno));
    }
    if (e == ERR_OK)
        e = fit_window(l, c->loads, why);
    if (e == ERR_OK)
        e = meter_init(&l->meter, l->memory, c, why);
    if (e == ERR_OK) {
        l->loads = c->loads;
        register_keeper_restore(&l->keeper, l->meter, l->loads);
        for (int k = l->keeper.loads; k < l->loads && e == ERR_OK; k++)
            e = meter_set_tariff(l->meter, k, (int)l->options.settings->tariff);
        l->now.system = (int32_t)c->system;
        l->now.loads = c->loads;
        l->rate_hz = f->rate_hz;
        l->lanes = f->lanes;
        l->live = f->live;
        l->simulated = f->simulated;
        (void)snprintf(l->now.source, sizeof l->now.source, "%s", f->name);
    } else {
        l->meter = NULL;
    }
    free(c);
    return e;
}

/* Simulated time goes on where it was: with speed it is ahead of the clock, and demand must not go back. */
static int64_t start_time(const struct meter_loop *l)
{
    int64_t utc_us = l->options.utc_us();
    bool faster = l->options.speed != 1;
    return faster && l->keeper.utc_us > utc_us ? l->keeper.utc_us : utc_us;
}

void meter_feed_open(struct meter_loop *l, int64_t now_us)
{
    struct reason why = {""};
    struct source_options o = {.speed = l->options.speed,
                               .loop = true,
                               .start_utc_us = start_time(l),
                               .rate_hz = l->options.settings->rate_hz};
    if (l->options.settings->system) {
        o.wiring_given = true;
        o.wiring = (enum meter_system)(l->options.settings->system - 1);
    }
    enum err e = source_open(&l->source, l->options.source, &o, &why);
    if (e != ERR_OK)
        l->source = NULL;
    else
        e = make_meter(l, &why);
    if (e != ERR_OK) {
        lose_source(l, now_us, &why);
        return;
    }
    const struct source_format *f = source_format(l->source);
    log_info(
        "meter",
        "event=source_open name=\"%s\" rate_hz=%g loads=%d system=%s simulated=%d channels=\"%s\"",
        f->name, f->rate_hz, l->loads, meter_system_names[l->now.system], f->simulated,
        f->channels);
    l->opened_us = l->last_window_us = now_us;
    l->utc_shift_us = 0; /* it was told the time of now */
    l->paced = l->late_known = false;
    l->source_problem.text[0] = '\0';
    l->now.source_state = SOURCE_RUNNING;
}

static void note_lateness(struct meter_loop *l, const struct source_block *b, int64_t now_us)
{
    int64_t ahead_us = now_us - b->utc_us - llround((double)b->count * 1e6 / l->rate_hz);
    if (!l->paced)
        l->pace_us = ahead_us;
    l->paced = true;
    int64_t late_us = ahead_us - l->pace_us;
    if (!l->late_known || late_us < l->late_us)
        l->late_us = late_us;
    l->late_known = true;
}

void meter_feed_steer(struct meter_loop *l, int64_t now_us)
{
    l->now.clock_quality = (int32_t)clock_quality(l);
    if (!l->late_known)
        return;
    l->late_known = false;
    int64_t by_us = l->late_us / 4;
    if (l->late_us < -EARLY_US) {
        struct reason why;
        (void)reason(&why, ERR_RANGE, "%s gives more samples than its rate of %g Hz", l->now.source,
                     l->rate_hz);
        lose_source(l, now_us, &why);
        return;
    }
    if (l->late_us > HOLE_US) {
        log_warn("meter", "event=samples_missing source=\"%s\" seconds=%.3f", l->now.source,
                 (double)l->late_us / 1e6);
        meter_gap(l->meter);
        by_us = l->late_us;
    } else if (by_us > STEER_US || by_us < -STEER_US) {
        by_us = by_us > 0 ? STEER_US : -STEER_US;
    }
    l->utc_shift_us += by_us;
    l->pace_us += by_us;
}

static enum err take_block(struct meter_loop *l, const struct source_block *b, int64_t now_us,
                           struct reason *why)
{
    if (b->changed) {
        log_warn("meter", "event=source_changed rate_hz=%g", source_format(l->source)->rate_hz);
        meter_end(l->meter);
        take_windows(l, now_us);
        settle(l, now_us);
        keep_registers(l, l->keeper.utc_us);
        enum err e = make_meter(l, why);
        if (e != ERR_OK)
            return e;
    } else if (b->gap) {
        log_info("meter", "event=samples_missing source=\"%s\"", l->now.source);
        meter_gap(l->meter);
    }
    int64_t shift_us = follows_clock(l) ? l->utc_shift_us : 0;
    if (follows_clock(l) && b->count)
        note_lateness(l, b, now_us);
    for (size_t done = 0; done < b->count;) {
        size_t n = b->count - done, room = meter_room(l->meter);
        n = n < room ? n : room;
        if (n == 0)
            return reason(why, ERR_FULL, "the meter takes no more samples");
        int64_t utc_us = b->utc_us + shift_us + llround((double)done * 1e6 / l->rate_hz);
        enum err e = meter_push(l->meter, b->frames + done * (size_t)l->lanes, n, utc_us);
        if (e != ERR_OK)
            return reason(why, e, "the meter refused a block of %zu frames: %s", n, err_name(e));
        take_windows(l, now_us);
        done += n;
    }
    return ERR_OK;
}

static void pump(struct meter_loop *l, int64_t now_us)
{
    struct reason why = {""};
    l->hungry = false;
    int64_t end_us = now_us + PUMP_US;
    for (;;) {
        struct source_block b = {0};
        enum err e = source_read(l->source, BLOCK_FRAMES, now_us, &b, &why);
        if (e == ERR_OK)
            e = take_block(l, &b, now_us, &why);
        if (e != ERR_OK) {
            lose_source(l, now_us, &why);
            return;
        }
        if (b.end) {
            meter_end(l->meter);
            take_windows(l, now_us);
            settle(l, now_us);
            keep_registers(l, l->keeper.utc_us);
            source_close(l->source);
            l->source = NULL;
            l->retry_us = INT64_MAX; /* an ended record stays ended */
            l->idle_since_us = now_us;
            l->now.source_state = SOURCE_ENDED;
            log_info("meter", "event=source_ended");
            return;
        }
        if (b.count == 0)
            return;
        now_us = l->options.monotonic_us();
        if (now_us >= end_us) {
            l->hungry = true;
            return;
        }
    }
}

void meter_feed_pump(struct meter_loop *l, int64_t now_us)
{
    pump(l, now_us);
    settle(l, l->options.monotonic_us());
}

void meter_feed_idle(struct meter_loop *l, int64_t now_us)
{
    int64_t silent_us = now_us - l->last_window_us;
    if (silent_us < STALLED_US || !l->window)
        return;
    if (l->now.source_state == SOURCE_RUNNING) {
        l->now.source_state = SOURCE_STALLED;
        log_warn("meter", "event=source_silent source=\"%s\"", l->now.source);
    }
    if (!l->idle_since_us)
        l->idle_since_us = l->last_window_us;
    /* Simulated operation is counted in simulated time only. */
    if (!l->simulated)
        register_keeper_add_on_time(&l->keeper, l->meter, l->loads, l->window,
                                    (double)(now_us - l->idle_since_us) / 1e6);
    l->idle_since_us = now_us;
    if (l->now.sequence == 0)
        return; /* nothing was measured yet: readers see ERR_BUSY */
    int64_t published_us = l->now.monotonic_us;
    snapshot_age(&l->now, silent_us, STALLED_US, 5 * STALLED_US);
    for (int k = 0; k < l->now.loads && k < l->keeper.loads; k++)
        l->now.load[k].value[VAR_hours_on].integer = l->keeper.images[k].registers.hours_on.micro;
    publish(l, published_us); /* as old as it is */
}
