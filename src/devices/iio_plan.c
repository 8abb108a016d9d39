#include "devices/iio_plan_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_CHANNELS 64
#define TEXT 48
#define RAW_BITS 24

void iio_plan_split(const char *what, char *uri, size_t uri_size, char *device, size_t device_size)
{
    static const char *const schemes[] = {"local:", "ip:", "usb:", "serial:", "xml:"};
    const char *mark = strrchr(what, '#');
    bool scheme = false;
    for (size_t i = 0; i < COUNT(schemes); i++)
        scheme |= strncmp(what, schemes[i], strlen(schemes[i])) == 0;
    const char *name = mark ? mark + 1 : scheme ? "" : what;
    size_t before = mark ? (size_t)(mark - what) : scheme ? strlen(what) : 0;
    if (before == 0)
        (void)snprintf(uri, uri_size, "local:");
    else
        (void)snprintf(uri, uri_size, "%.*s", (int)before, what);
    (void)snprintf(device, device_size, "%s", name);
}

/* "voltage", "current" and their alternating kin, by the start of the channel's id. */
static const char *unit_of(const struct iio_channel *ch)
{
    const char *id = iio_channel_get_id(ch);
    if (strncmp(id, "alt", 3) == 0)
        id += 3;
    return strncmp(id, "voltage", 7) == 0 ? "mV" : strncmp(id, "current", 7) == 0 ? "mA" : NULL;
}

static bool measures(const struct iio_channel *ch)
{
    return !iio_channel_is_output(ch) && iio_channel_is_scan_element(ch) && unit_of(ch);
}

static int measuring(const struct iio_device *d)
{
    int count = 0;
    for (unsigned i = 0; i < iio_device_get_channels_count(d); i++)
        count += measures(iio_device_get_channel(d, i));
    return count;
}

static enum err choose(struct iio_device **chosen, struct iio_context *context, const char *name,
                       struct reason *why)
{
    char names[160] = "";
    int candidates = 0;
    for (unsigned i = 0; i < iio_context_get_devices_count(context); i++) {
        struct iio_device *d = iio_context_get_device(context, i);
        const char *called = iio_device_get_name(d) ? iio_device_get_name(d) : iio_device_get_id(d);
        if (measuring(d) == 0)
            continue;
        size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", called);
        if (name[0] && strcmp(called, name) != 0 && strcmp(iio_device_get_id(d), name) != 0)
            continue;
        *chosen = d;
        candidates++;
    }
    if (candidates == 1)
        return ERR_OK;
    if (names[0] == '\0')
        return reason(why, ERR_UNKNOWN, "no device with buffered voltage or current channels");
    return reason(why, ERR_UNKNOWN, "%s%s%s; there %s: %s",
                  candidates > 1 ? "several devices could be meant" : "no device \"",
                  candidates > 1 ? "" : name, candidates > 1 ? "" : "\"", "is", names);
}

static double rate_of(const struct iio_device *d, const struct source_options *o)
{
    double rate;
    if (iio_device_attr_read_double(d, "sampling_frequency", &rate) == 0)
        return rate;
    for (unsigned i = 0; i < iio_device_get_channels_count(d); i++)
        if (iio_channel_attr_read_double(iio_device_get_channel(d, i), "sampling_frequency",
                                         &rate) == 0)
            return rate;
    return o->rate_hz;
}

/* in_voltage0: nothing but its number tells its phase. */
static const char *phase_of(const struct iio_channel *ch)
{
    static const char *const phases[] = {"L1", "L2", "L3", "N"};
    const char *id = iio_channel_get_id(ch);
    size_t digits = strcspn(id, "0123456789");
    if (id[digits] < '0' || id[digits] > '3' || id[digits + 1] != '\0')
        return "";
    return phases[id[digits] - '0'];
}

static void name_of(const struct iio_channel *ch, char *name, size_t size)
{
    ssize_t n = iio_channel_attr_read(ch, "label", name, size);
    if (n > 0 && name[0] != '\0')
        name[strcspn(name, "\n")] = '\0';
    else
        (void)snprintf(name, size, "%s",
                       iio_channel_get_name(ch) ? iio_channel_get_name(ch)
                                                : iio_channel_get_id(ch));
}

static void plan_lane(struct iio_plan *p, struct source_format *f, int lane, struct iio_channel *ch)
{
    struct iio_plan_lane *l = &p->lane[lane];
    const struct iio_data_format *format = iio_channel_get_data_format(ch);
    double scale = 1, factor = p->map.lane[lane].factor;
    l->channel = ch;
    l->bytes = (int)(format->length / 8);
    l->is_signed = format->is_signed;
    l->shift = format->bits > RAW_BITS ? (int)format->bits - RAW_BITS : 0;
    l->sign = factor < 0 ? -1 : 1;
    (void)iio_channel_attr_read_double(ch, "scale",
                                       &scale); /* a channel without one counts mV or mA */
    if (iio_channel_attr_read_double(ch, "offset", &l->offset))
        l->offset = 0;
    double unit = fabs(factor) * scale * ldexp(1, l->shift);
    int k = lane % METER_GROUP_LANES;
    if (lane < METER_GROUP_LANES)
        f->meter.volts_per_count[k] = unit;
    else
        f->meter.load[lane / METER_GROUP_LANES - 1].amps_per_count[k] = unit;
}

static void describe(struct iio_plan *p, struct source_format *f)
{
    const char *name = iio_device_get_name(p->device);
    p->lanes = f->lanes = METER_GROUP_LANES * (1 + p->map.loads);
    f->live = true;
    f->meter.rate_hz = f->rate_hz;
    f->meter.system = p->map.system;
    f->meter.remove_offset = true;
    f->meter.loads = p->map.loads;
    for (int lane = 0; lane < f->lanes; lane++)
        if (lane < METER_GROUP_LANES)
            f->meter.volts_per_count[lane] = 0;
        else
            f->meter.load[lane / METER_GROUP_LANES - 1].amps_per_count[lane % METER_GROUP_LANES] =
                0;
    for (int l = 0; l < p->map.loads; l++) {
        f->meter.load[l].input = INPUT_DIRECT;
        f->meter.load[l].rule = TOTALS_SYSTEM;
        f->meter.load[l].demand.period_min = 15;
        channel_map_describe_load(&p->map, l, &f->meter.load[l]);
    }
    (void)snprintf(f->name, sizeof f->name, "%s", name ? name : iio_device_get_id(p->device));
    memcpy(f->channels, p->map.text, sizeof f->channels);
}

enum err iio_plan_make(struct iio_plan *p, struct source_format *f, struct iio_context *context,
                       const char *device, const struct source_options *o, struct reason *why)
{
    memset(p, 0, sizeof *p);
    enum err e = choose(&p->device, context, device, why);
    if (e)
        return e;
    f->rate_hz = rate_of(p->device, o);
    if ((e = source_check_rate(f->rate_hz, why)))
        return e;
    struct iio_channel *found[MOST_CHANNELS];
    char names[MOST_CHANNELS][TEXT];
    struct channel channels[MOST_CHANNELS];
    int count = 0;
    for (unsigned i = 0; i < iio_device_get_channels_count(p->device) && count < MOST_CHANNELS;
         i++) {
        struct iio_channel *ch = iio_device_get_channel(p->device, i);
        if (!measures(ch))
            continue;
        name_of(ch, names[count], TEXT);
        channels[count] = (struct channel){
            .name = names[count], .phase = phase_of(ch), .component = "", .unit = unit_of(ch)};
        found[count++] = ch;
    }
    e = channel_map_make(&p->map, channels, count, o->map, o->wiring_given ? &o->wiring : NULL,
                         why);
    if (e)
        return e;
    describe(p, f);
    for (int lane = 0; lane < p->lanes; lane++)
        if (p->map.lane[lane].channel >= 0)
            plan_lane(p, f, lane, found[p->map.lane[lane].channel]);
    return ERR_OK;
}
