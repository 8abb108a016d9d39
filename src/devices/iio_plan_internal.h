/* iio_plan - which channels of an IIO device become which lanes, and what a count of them is worth.
 *
 * Written apart from source_iio.c so that it is tested on descriptions of devices (libiio's xml backend) without
 * a converter at hand.
 */
#ifndef DEVICES_IIO_PLAN_INTERNAL_H
#define DEVICES_IIO_PLAN_INTERNAL_H

#include "devices/channel_map.h"
#include "devices/source_internal.h"

#include <iio.h>

struct iio_plan {
    struct iio_device *device;
    struct channel_map map;
    int lanes;
    struct iio_plan_lane {
        struct iio_channel *channel; /* NULL = the lane stays 0 */
        int shift;                   /* bits dropped so that a count fits METER_RAW_MAX */
        int bytes;                   /* of a converted sample: 1, 2, 4, 8 */
        bool is_signed;
        double offset; /* counts to add (in_..._offset of the IIO ABI) */
        double sign;   /* -1 = turned round */
    } lane[CHANNEL_MAP_LANES];
};

/* "ip:10.0.0.5#ade9000", "ade9000" (here), "usb:1.2.3": splits at #; a text without # is a device of this machine, or a
 * URI where it starts like one. Parts are cut at their size. */
void iio_plan_split(const char *what, char *uri, size_t uri_size, char *device, size_t device_size);

/* Chooses the device (named, or the only one that measures), its rate and channels; fills plan and format.
 * ERR_UNKNOWN  no such device, or none or several that could be meant
 * ERR_RANGE    rate or channels unusable */
enum err iio_plan_make(struct iio_plan *p, struct source_format *f, struct iio_context *context,
                       const char *device, const struct source_options *o,
                       struct reason *why) CHECKED;

#endif
