#include "app/meter_loop.h"

#include "app/meter_feed.h"
#include "app/places.h"
#include "base/json.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US INT64_C(1000000)
#define CLOCK_STEP_US INT64_C(500000)

enum err meter_loop_start(struct meter_loop *l, const struct meter_loop_options *o,
                          struct reason *why)
{
    char path[PATH_MAX];
    *l = (struct meter_loop){.options = *o, .door.fd = -1};
    places_boot(l->boot);
    l->started_us = l->options.monotonic_us();
    l->last_window_us = l->started_us;
    l->jitter = ((uint64_t)l->started_us << 20 ^ (uint64_t)getpid()) | 1; /* never 0 */
    l->clock_offset_us = l->options.utc_us() - l->started_us;
    l->one = calloc(1, sizeof *l->one);
    if (!l->one)
        return reason(why, ERR_FULL, "no memory");
    (void)snprintf(path, sizeof path, "%s/registers", o->data);
    enum err e = register_keeper_open(&l->keeper, path, o->settings->flush_s * 1000000, why);
    if (e != ERR_OK)
        return e;
    /* The window of our predecessor, as it is: its slots may be newer than the file. */
    struct window_options wo = {.folder = o->run,
                                .program = o->program,
                                .boot = l->boot,
                                .now_utc_us = l->options.utc_us(),
                                .loads = 0,
                                .slot_size = register_keeper_slot_size()};
    e = window_create(&l->window, &wo, why);
    if (e == ERR_OK)
        e = register_keeper_adopt(&l->keeper, l->window, why);
    if (e == ERR_OK)
        e = meter_door_open(&l->door, o->run, why);
    if (e != ERR_OK)
        return e;
    meter_feed_open(l, l->started_us);
    return ERR_OK;
}

int meter_loop_poll(const struct meter_loop *l, struct pollfd *list, int *timeout_ms)
{
    int count = 0;
    int fd = l->source ? source_fd(l->source) : -1;
    if (fd >= 0)
        list[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    /* The first window is wanted soon: look more often until it is there. */
    *timeout_ms = l->hungry                           ? 0
                  : l->now.sequence == 0 && l->source ? LOOP_FIRST_TICK_MS
                                                      : LOOP_TICK_MS;
    return count + meter_door_poll(&l->door, list + count);
}

static void look_at_clock(struct meter_loop *l, int64_t now_us)
{
    int64_t offset_us = l->options.utc_us() - now_us, step_us = offset_us - l->clock_offset_us;
    l->clock_offset_us = offset_us;
    l->utc_shift_us += step_us; /* slewing by NTP is followed too */
    if (step_us > -CLOCK_STEP_US && step_us < CLOCK_STEP_US)
        return;
    log_warn("meter", "event=clock_step seconds=%.3f reason=\"measurement goes on, stamps follow\"",
             (double)step_us / 1e6);
}

void meter_loop_flush(struct meter_loop *l, const char *cause)
{
    struct reason why = {""};
    enum err e = register_keeper_flush(&l->keeper, l->options.monotonic_us(), &why);
    if (e != ERR_OK)
        log_error("meter", "event=registers_not_written cause=%s reason=\"%s\"", cause, why.text);
    else
        log_debug("meter", "event=registers_written cause=%s", cause);
}

static enum err check_load(const struct meter_loop *l, const struct command *c, struct reason *why)
{
    if (!command_rows[c->verb].needs_load)
        return ERR_OK;
    if (!l->meter)
        return reason(why, ERR_BUSY, "the meter has no source yet");
    if (c->load >= l->loads)
        return reason(why, ERR_RANGE, "load %d: this meter has 0 .. %d", c->load, l->loads - 1);
    return ERR_OK;
}

static void status(const struct meter_loop *l, char *extra, size_t size)
{
    static const char *const states[] = {
        [SOURCE_RUNNING] = "running",
        [SOURCE_STALLED] = "silent",
        [SOURCE_LOST] = "lost",
        [SOURCE_ENDED] = "ended",
    };
    struct json_writer w = {.text = extra, .size = size};
    int64_t now_us = l->options.monotonic_us();
    json_put_text(&w, "version", l->options.program);
    json_put_integer(&w, "pid", getpid());
    json_put_real(&w, "uptime_s", (double)(now_us - l->started_us) / 1e6);
    json_put_text(&w, "source", l->now.source);
    json_put_text(&w, "source_state", states[l->now.source_state]);
    json_put_text(&w, "source_problem", l->source_problem.text);
    json_put_real(&w, "rate_hz", l->rate_hz);
    json_put_integer(&w, "loads", l->loads);
    json_put_integer(&w, "windows", (int64_t)l->now.sequence);
    json_put_real(&w, "age_s", (double)(now_us - l->now.monotonic_us) / 1e6);
    json_put_integer(&w, "flushes", l->keeper.flushes);
    json_put_bool(&w, "registers_repaired", l->keeper.repaired);
    json_put_integer(&w, "register_sequence", (int64_t)l->keeper.sequence);
    if (w.full)
        extra[0] = '\0';
}

/* Only the maxima: the running period goes on. */
static void reset_demand_max(struct meter *m, int load)
{
    struct meter_image image;
    meter_image(m, load, &image);
    struct demand_value *all[] = {&image.demand.import,     &image.demand.export,
                                  &image.demand.reactive,   &image.demand.apparent,
                                  &image.demand.current[0], &image.demand.current[1],
                                  &image.demand.current[2]};
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i]->max = 0;
        all[i]->max_utc_us = 0;
    }
    meter_restore(m, load, &image);
}

static enum err act(struct meter_loop *l, const struct command *c, char *extra, size_t size,
                    struct reason *why)
{
    switch (c->verb) {
    case COMMAND_STATUS:
        status(l, extra, size);
        return ERR_OK;
    case COMMAND_FLUSH:
        return register_keeper_flush(&l->keeper, l->options.monotonic_us(), why);
    case COMMAND_SET_TARIFF:
        return meter_set_tariff(l->meter, c->load, c->tariff);
    case COMMAND_RESET_PARTIAL:
        meter_reset_partial(l->meter, c->load);
        return ERR_OK;
    case COMMAND_START_PARTIAL:
        meter_stop_partial(l->meter, c->load, false);
        return ERR_OK;
    case COMMAND_STOP_PARTIAL:
        meter_stop_partial(l->meter, c->load, true);
        return ERR_OK;
    case COMMAND_RESET_DEMAND:
        meter_reset_demand(l->meter, c->load);
        return ERR_OK;
    case COMMAND_RESET_DEMAND_MAX:
        reset_demand_max(l->meter, c->load);
        return ERR_OK;
    case COMMAND_COUNT:
        break;
    }
    return reason(why, ERR_UNKNOWN, "no such command");
}

static enum err answer(void *context, const struct command *c, char *extra, size_t size,
                       struct reason *why)
{
    struct meter_loop *l = context;
    enum err e = check_load(l, c, why);
    if (e == ERR_OK)
        e = act(l, c, extra, size, why);
    /* What was answered with "ok" survives a power cut. */
    if (e == ERR_OK && command_rows[c->verb].needs_load) {
        register_keeper_update(&l->keeper, l->meter, l->loads, l->window, l->keeper.utc_us);
        e = register_keeper_flush(&l->keeper, l->options.monotonic_us(), why);
    }
    return e;
}

void meter_loop_step(struct meter_loop *l)
{
    int64_t now_us = l->options.monotonic_us();
    if (now_us >= l->second_us) {
        l->second_us = now_us + SECOND_US;
        look_at_clock(l, now_us);
        meter_feed_steer(l, now_us);
        meter_feed_idle(l, now_us);
        log_flush(false);
    }
    if (!l->source && now_us >= l->retry_us) {
        look_at_clock(l, now_us); /* a step before the opening is none of the source's */
        meter_feed_open(l, now_us);
    }
    if (l->source)
        meter_feed_pump(l, now_us);
    meter_door_serve(&l->door, now_us, answer, l);
    if (register_keeper_due(&l->keeper, now_us) && l->keeper.loads)
        meter_loop_flush(l, "interval");
}

void meter_loop_stop(struct meter_loop *l)
{
    if (!l->options.settings)
        return; /* it was never started: its descriptor 0 is not ours */
    meter_door_close(&l->door);
    if (l->keeper.file && l->keeper.loads)
        meter_loop_flush(l, "stop");
    source_close(l->source);
    window_close(l->window);
    register_keeper_close(&l->keeper);
    free(l->memory);
    free(l->one);
    *l = (struct meter_loop){.door.fd = -1};
}
