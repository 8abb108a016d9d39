/* meter_feed - the loop's way from the source to the window: opens the source, makes the meter, pumps samples, publishes.
 * Part of meter_loop; not for others.
 */
#ifndef APP_METER_FEED_H
#define APP_METER_FEED_H

#include "app/meter_loop.h"

/* Opens the source and makes the meter for it. On failure the next try is scheduled and logged. */
void meter_feed_open(struct meter_loop *l, int64_t now_us);

/* Reads what is due, publishes finished windows; closes the source where it broke. */
void meter_feed_pump(struct meter_loop *l, int64_t now_us);

/* Holds a live source's stamps to the clock, and looks at how good that is. Once a second. */
void meter_feed_steer(struct meter_loop *l, int64_t now_us);

/* While nothing comes: ages what is published and counts operation. Once a second. */
void meter_feed_idle(struct meter_loop *l, int64_t now_us);

#endif
