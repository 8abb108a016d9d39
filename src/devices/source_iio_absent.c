/* Built in place of source_iio.c where libiio is not installed. */
#include "devices/source_internal.h"

static enum err open_iio(struct source **s, const char *what, const struct source_options *o,
                         struct reason *why)
{
    (void)s;
    (void)o;
    return reason(
        why, ERR_UNKNOWN,
        "iio:%s: this program was built without libiio; install libiio-dev and build again", what);
}

const struct source_kind source_kind_iio = {
    .name = "iio",
    .endings = (const char *const[]){NULL},
    .open = open_iio,
};
