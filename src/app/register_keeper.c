#include "app/register_keeper.h"

#include "base/log.h"
#include "store/register_slot.h"

#include <stdlib.h>
#include <string.h>

size_t register_keeper_slot_size(void)
{
    return register_slot_size(METER_MAX_LOADS);
}

enum err register_keeper_open(struct register_keeper *k, const char *path, int64_t interval_us,
                              struct reason *why)
{
    *k = (struct register_keeper){.interval_us = interval_us,
                                  .block_size = register_keeper_slot_size()};
    k->block = malloc(k->block_size);
    struct register_content *content = calloc(1, sizeof *content);
    if (!k->block || !content) {
        free(content);
        register_keeper_close(k);
        return reason(why, ERR_FULL, "no memory for registers");
    }
    struct reason found = {""};
    enum err e = register_file_open(&k->file, path, NULL, content, &found);
    if (e != ERR_OK) {
        free(content);
        register_keeper_close(k);
        return reason(why, e, "%s", found.text);
    }
    memcpy(k->images, content->images, sizeof k->images);
    k->loads = content->loads;
    k->utc_us = content->utc_us;
    k->repaired = content->state == REGISTER_FILE_REPAIRED;
    if (k->repaired)
        log_error("meter", "event=registers_repaired file=%s found=\"%s\"", path, found.text);
    free(content);
    return ERR_OK;
}

/* The newer sound slot of the window. */
static bool newest_slot(const struct register_keeper *k, const struct window *w,
                        struct meter_image *images, int *loads, uint64_t *sequence, int64_t *utc_us)
{
    bool found = false;
    for (int slot = 0; slot < WINDOW_SLOTS; slot++) {
        struct meter_image one[METER_MAX_LOADS];
        uint64_t n = 0;
        int64_t when = 0;
        int count = 0;
        if (register_slot_decode(window_slot(w, slot), k->block_size, &n, &when, one, &count,
                                 NULL) != ERR_OK)
            continue; /* empty, or the write that a kill cut */
        if (found && n < *sequence)
            continue;
        memcpy(images, one, sizeof one);
        *loads = count;
        *sequence = n;
        *utc_us = when;
        found = true;
    }
    return found;
}

static enum err all_follow(const struct meter_image *before, int before_loads,
                           const struct meter_image *after, int after_loads, struct reason *why)
{
    static const struct meter_image none;
    for (int i = 0; i < before_loads; i++) {
        enum err e = register_image_follows(&before[i], i < after_loads ? &after[i] : &none, why);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

enum err register_keeper_adopt(struct register_keeper *k, const struct window *w,
                               struct reason *why)
{
    struct meter_image *images = calloc(METER_MAX_LOADS, sizeof *images);
    if (!images)
        return reason(why, ERR_FULL, "no memory for registers");
    int loads = 0;
    int64_t utc_us = 0;
    uint64_t sequence = 0;
    struct reason differs = {""};
    enum err e = ERR_OK;
    if (!newest_slot(k, w, images, &loads, &sequence, &utc_us))
        goto done;
    k->sequence = sequence;
    if (all_follow(k->images, k->loads, images, loads, &differs) == ERR_OK) {
        memcpy(k->images, images, sizeof k->images);
        k->loads = loads > k->loads ? loads : k->loads;
        k->utc_us = utc_us;
        log_info("meter", "event=registers_from_window sequence=%llu",
                 (unsigned long long)sequence);
    } else if (all_follow(images, loads, k->images, k->loads, NULL) == ERR_OK) {
        log_info("meter", "event=registers_from_file reason=\"the window is older\"");
    } else {
        e = reason(why, ERR_FORMAT,
                   "the registers in the window and in the file belong to different devices (%s): "
                   "delete the window to go on from the file",
                   differs.text);
    }
done:
    free(images);
    return e;
}

void register_keeper_restore(const struct register_keeper *k, struct meter *m, int loads)
{
    for (int i = 0; i < loads && i < k->loads; i++)
        meter_restore(m, i, &k->images[i]);
}

static void write_slot(struct register_keeper *k, struct window *w, int64_t utc_us)
{
    size_t size = register_slot_size(k->loads);
    k->utc_us = utc_us;
    if (!w)
        return;
    if (register_slot_encode(k->block, k->block_size, k->sequence + 1, utc_us < 0 ? 0 : utc_us,
                             k->images, k->loads) != ERR_OK) {
        log_error("meter", "event=registers_impossible reason=\"they cannot be encoded\"");
        return;
    }
    k->sequence++;
    window_slot_write(w, (int)(k->sequence % WINDOW_SLOTS), k->block, size);
}

void register_keeper_update(struct register_keeper *k, const struct meter *m, int loads,
                            struct window *w, int64_t utc_us)
{
    for (int i = 0; i < loads; i++)
        meter_image(m, i, &k->images[i]);
    if (loads > k->loads)
        k->loads = loads;
    write_slot(k, w, utc_us);
}

void register_keeper_add_on_time(struct register_keeper *k, struct meter *m, int loads,
                                 struct window *w, double duration_s)
{
    for (int i = 0; i < k->loads; i++) {
        if (m && i < loads)
            meter_image(m, i, &k->images[i]);
        if (registers_add_on_time(&k->images[i].registers, duration_s) != ERR_OK)
            return; /* not a time: the caller's clock went wild, nothing was added */
        if (m && i < loads)
            meter_restore(m, i, &k->images[i]);
    }
    write_slot(k, w, k->utc_us);
}

bool register_keeper_due(const struct register_keeper *k, int64_t now_us)
{
    return now_us >= k->due_us;
}

enum err register_keeper_flush(struct register_keeper *k, int64_t now_us, struct reason *why)
{
    k->due_us = now_us + k->interval_us;
    enum err e =
        register_file_write(k->file, k->utc_us < 0 ? 0 : k->utc_us, k->images, k->loads, why);
    if (e == ERR_OK)
        k->flushes++;
    return e;
}

void register_keeper_close(struct register_keeper *k)
{
    register_file_close(k->file);
    free(k->block);
    k->file = NULL;
    k->block = NULL;
}
