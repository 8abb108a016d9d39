/* register_keeper - the trusted registers of all loads between the meter, the window and the file.
 *
 * After each batch of windows they go into the window's two slots in turn (kill -9 loses nothing), each flush interval
 * into the file (a power cut costs at most that). At the start the newer of both is taken: registers never fall, so
 * it is the one that the other may precede. Where neither follows the other they are of two devices: refused.
 */
#ifndef APP_REGISTER_KEEPER_H
#define APP_REGISTER_KEEPER_H

#include "meter/meter.h"
#include "snapshot/window.h"
#include "store/register_file.h"

#include <stdbool.h>
#include <stdint.h>

struct register_keeper {
    struct register_file *file;
    struct meter_image images[METER_MAX_LOADS]; /* what a meter is to go on from */
    int loads;                                  /* in `images`: never fewer than in the file */
    uint64_t sequence;                          /* of the last slot written to the window */
    int64_t utc_us;                             /* when the images were true; 0 = new device */
    int64_t interval_us, due_us;                /* monotonic */
    int64_t flushes;
    bool repaired;  /* one slot of the file was damaged at the start */
    uint8_t *block; /* a slot being built */
    size_t block_size;
};

/* Bytes that a slot of the window needs. */
size_t register_keeper_slot_size(void);

/* Opens DATA/registers and takes what it holds; logs a repaired slot. Errors as register_file_open. */
enum err register_keeper_open(struct register_keeper *k, const char *path, int64_t interval_us,
                              struct reason *why) CHECKED;

/* Takes the registers of the window's slots where they are newer than ours.
 * ERR_FORMAT  they belong to another device */
enum err register_keeper_adopt(struct register_keeper *k, const struct window *w,
                               struct reason *why) CHECKED;

/* Gives all loads of the meter their registers (start, and after it was made anew). */
void register_keeper_restore(const struct register_keeper *k, struct meter *m, int loads);

/* Takes the meter's registers and writes them to the window's older slot. */
void register_keeper_update(struct register_keeper *k, const struct meter *m, int loads,
                            struct window *w, int64_t utc_us);

/* Counts operation while nothing is measured, and writes the window's slot. `m` may be NULL. */
void register_keeper_add_on_time(struct register_keeper *k, struct meter *m, int loads,
                                 struct window *w, double duration_s);

bool register_keeper_due(const struct register_keeper *k, int64_t now_us);

/* Writes the file and waits until it is on the medium. */
enum err register_keeper_flush(struct register_keeper *k, int64_t now_us,
                               struct reason *why) CHECKED;
void register_keeper_close(struct register_keeper *k);

#endif
