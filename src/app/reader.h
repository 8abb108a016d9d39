/* reader - the latest picture of the meter for a program that watches: opens the window, opens it again when
 * the meter was replaced, and marks values by their age.
 */
#ifndef APP_READER_H
#define APP_READER_H

#include "snapshot/window.h"

struct reader {
    const char *folder;
    struct window *window; /* NULL while there is none */
};

/* After this, values older than stale are STALE, than failed FAILED (snapshot_age). */
#define READER_STALE_US INT64_C(1000000)
#define READER_FAILED_US INT64_C(5000000)

/* ERR_UNKNOWN  no window: no meter has run here
 * ERR_BUSY     nothing published yet, or its writer is gone
 * ERR_FORMAT   a window of another version
 * `x` may be NULL. `now_us` is the monotonic clock. */
enum err reader_read(struct reader *r, int64_t now_us, struct snapshot *s,
                     struct snapshot_spectra *x, int64_t *age_us, struct reason *why) CHECKED;
void reader_close(struct reader *r);

#endif
