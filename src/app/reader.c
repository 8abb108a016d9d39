#include "app/reader.h"

#include <stddef.h>

enum err reader_read(struct reader *r, int64_t now_us, struct snapshot *s,
                     struct snapshot_spectra *x, int64_t *age_us, struct reason *why)
{
    for (int round = 0; round < 2; round++) {
        if (!r->window) {
            enum err e = window_open(&r->window, r->folder, why);
            if (e != ERR_OK)
                return e;
        }
        enum err e = window_read(r->window, s, x);
        if (e == ERR_OK) {
            *age_us = now_us - s->monotonic_us;
            /* A file that nobody writes any more may have been deleted and made anew: look again. */
            if (*age_us <= READER_STALE_US || round == 1) {
                snapshot_age(s, *age_us, READER_STALE_US, READER_FAILED_US);
                return ERR_OK;
            }
        } else if (round == 1) {
            return reason(why, ERR_BUSY, "%s: the meter has published nothing yet", r->folder);
        }
        reader_close(r);
    }
    return reason(why, ERR_BUSY, "%s: the meter has published nothing yet", r->folder);
}

void reader_close(struct reader *r)
{
    window_close(r->window);
    r->window = NULL;
}
