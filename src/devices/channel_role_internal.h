/* channel_role - what one channel is by its phase, unit and name alone. */
#ifndef DEVICES_CHANNEL_ROLE_INTERNAL_H
#define DEVICES_CHANNEL_ROLE_INTERNAL_H

#include "devices/channel_map.h"

#include <stddef.h>

enum quantity { QUANTITY_NONE, QUANTITY_VOLTAGE, QUANTITY_CURRENT };

struct role {
    enum quantity quantity;
    int phase;     /* 0..2; 3 = neutral or ground */
    int to;        /* of a line voltage the other phase, else -1 */
    double factor; /* to V or A */
    size_t prefix; /* bytes of the name before the words that told the role: the bay */
};

/* True where a channel calls a phase "Y": then B is the third phase, not the second. */
bool channel_role_ryb(const struct channel *channels, int count);

struct role channel_role(const struct channel *c, bool ryb);

/* Factor of a unit to V or A and which; QUANTITY_NONE where it is another unit. "" gives factor 1 and NONE. */
enum quantity channel_unit(const char *unit, double *factor);

#endif
