#include "store/register_slot.h"
#include "base/crc.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MAGIC "EMSREGS"
#define HEADER_SIZE 40
#define FIELD_SIZE 8 /* each number on its own */

enum header_at {
    AT_MAGIC = 0,
    AT_VERSION = 8,
    AT_LENGTH = 12,
    AT_CRC = 16,
    AT_LOADS = 20,
    AT_SEQUENCE = 24,
    AT_UTC = 32,
};

enum field_kind {
    FIELD_COUNTER, /* struct counter */
    FIELD_VALUE,   /* struct demand_value */
    FIELD_REAL,    /* double */
    FIELD_INT64,
    FIELD_INT,
    FIELD_MINUTES /* the `parts` full minutes of struct demand_state, oldest first: the field before it */
};

static const struct {
    size_t size;
    int numbers;
} kinds[] = {
    [FIELD_COUNTER] = {sizeof(struct counter), 2},
    [FIELD_VALUE] = {sizeof(struct demand_value), 3},
    [FIELD_REAL] = {sizeof(double), 1},
    [FIELD_INT64] = {sizeof(int64_t), 1},
    [FIELD_INT] = {sizeof(int), 1},
    [FIELD_MINUTES] = {sizeof(double[DEMAND_QUANTITIES]), DEMAND_QUANTITIES},
};

struct field {
    const char *name;
    size_t offset, size;
    int64_t min, max; /* FIELD_INT64, FIELD_INT */
    enum field_kind kind;
    bool may_fall; /* FIELD_COUNTER: can be reset */
};

#define AT(field) \
    .offset = offsetof(struct meter_image, field), .size = sizeof((struct meter_image *)0)->field
#define REGISTER(field)                                            \
    {                                                              \
        .name = #field, .kind = FIELD_COUNTER, AT(registers.field) \
    }
#define PARTIAL(field)                                                               \
    {                                                                                \
        .name = #field, .kind = FIELD_COUNTER, .may_fall = true, AT(registers.field) \
    }
#define INTEGER(field, least, most)                                                   \
    {                                                                                 \
        .name = #field, .kind = FIELD_INT64, .min = (least), .max = (most), AT(field) \
    }

/* The layout of version 1: never changed, never reordered. A new field is a new version. */
static const struct field fields[] = {
    REGISTER(import),
    REGISTER(export),
    REGISTER(import_phase),
    REGISTER(export_phase),
    PARTIAL(import_partial),
    PARTIAL(export_partial),
    REGISTER(import_tariff),
    REGISTER(active_quadrant),
    REGISTER(reactive_import),
    REGISTER(reactive_export),
    REGISTER(reactive_import_phase),
    REGISTER(reactive_export_phase),
    PARTIAL(reactive_import_partial),
    PARTIAL(reactive_export_partial),
    REGISTER(reactive_quadrant),
    REGISTER(apparent),
    REGISTER(apparent_phase),
    PARTIAL(apparent_partial),
    REGISTER(apparent_quadrant),
    REGISTER(hours_import),
    PARTIAL(hours_import_partial),
    REGISTER(hours_export),
    PARTIAL(hours_export_partial),
    REGISTER(hours_on),
    REGISTER(pulses),
    INTEGER(registers.tariff, 0, METER_TARIFFS),
    INTEGER(registers.partial_stopped, 0, 1),
    {.name = "demand.import", .kind = FIELD_VALUE, AT(demand.import)},
    {.name = "demand.export", .kind = FIELD_VALUE, AT(demand.export)},
    {.name = "demand.reactive", .kind = FIELD_VALUE, AT(demand.reactive)},
    {.name = "demand.apparent", .kind = FIELD_VALUE, AT(demand.apparent)},
    {.name = "demand.current", .kind = FIELD_VALUE, AT(demand.current)},
    {.name = "demand.elapsed_s", .kind = FIELD_REAL, AT(demand.elapsed_s)},
    INTEGER(demand_state.part_start_us, 0, INT64_MAX / 2),
    {.name = "demand_state.part_valid", .kind = FIELD_INT, .max = 2, AT(demand_state.part_valid)},
    {.name = "demand_state.sum", .kind = FIELD_REAL, AT(demand_state.sum)},
    INTEGER(demand_state.last_end_us, 0, INT64_MAX / 2),
    INTEGER(demand_state.anchor_us, 0, INT64_MAX / 2),
    {.name = "demand_state.parts",
     .kind = FIELD_INT,
     .max = DEMAND_MAX_SUBPERIODS,
     AT(demand_state.parts)},
    {.name = "demand_state.part", .kind = FIELD_MINUTES, AT(demand_state.part)},
};

/* Elements of a field in `image`, or the most there can be where it is NULL. */
static int elements(const struct field *f, const struct meter_image *image)
{
    if (f->kind == FIELD_MINUTES && image)
        return image->demand_state.parts;
    return (int)(f->size / kinds[f->kind].size);
}

/* Where element `e` of a field is in an image. The ring of minutes is unrolled; a decoded one begins at 0. */
static size_t element_at(const struct field *f, int e, const struct demand_state *ring)
{
    if (f->kind == FIELD_MINUTES)
        e = (ring->next - ring->parts + e + DEMAND_MAX_SUBPERIODS) % DEMAND_MAX_SUBPERIODS;
    return f->offset + (size_t)e * kinds[f->kind].size;
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void put_u64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_u64(const uint8_t *p)
{
    return get_u32(p) | (uint64_t)get_u32(p + 4) << 32;
}

static uint8_t *put_real(uint8_t *p, double v)
{
    uint64_t bits;
    _Static_assert(sizeof bits == sizeof v, "binary64");
    memcpy(&bits, &v, sizeof bits);
    put_u64(p, bits);
    return p + FIELD_SIZE;
}

static uint8_t *put_int(uint8_t *p, int64_t v)
{
    put_u64(p, (uint64_t)v);
    return p + FIELD_SIZE;
}

static const uint8_t *get_real(const uint8_t *p, double *v)
{
    uint64_t bits = get_u64(p);
    memcpy(v, &bits, sizeof bits);
    return p + FIELD_SIZE;
}

static const uint8_t *get_int(const uint8_t *p, int64_t *v)
{
    *v = (int64_t)get_u64(p);
    return p + FIELD_SIZE;
}

static uint8_t *put_element(uint8_t *p, enum field_kind kind, const void *from)
{
    switch (kind) {
    case FIELD_COUNTER: {
        const struct counter *c = from;
        return put_real(put_int(p, c->micro), c->rest);
    }
    case FIELD_VALUE: {
        const struct demand_value *d = from;
        return put_int(put_real(put_real(p, d->value), d->max), d->max_utc_us);
    }
    case FIELD_REAL:
        return put_real(p, *(const double *)from);
    case FIELD_INT64:
        return put_int(p, *(const int64_t *)from);
    case FIELD_INT:
        return put_int(p, *(const int *)from);
    case FIELD_MINUTES:
        for (int q = 0; q < DEMAND_QUANTITIES; q++)
            p = put_real(p, ((const double *)from)[q]);
        return p;
    }
    return p;
}

static bool is_real(double v)
{
    return fabs(v) < HUGE_VAL;
}

/* Reads one element into `to`; false where it holds what no meter writes. */
static bool get_element(const uint8_t *p, const struct field *f, void *to)
{
    switch (f->kind) {
    case FIELD_COUNTER: {
        struct counter *c = to;
        get_real(get_int(p, &c->micro), &c->rest);
        return c->micro >= 0 && c->rest >= 0 && c->rest < 1;
    }
    case FIELD_VALUE: {
        struct demand_value *d = to;
        get_int(get_real(get_real(p, &d->value), &d->max), &d->max_utc_us);
        return is_real(d->value) && is_real(d->max) && d->max_utc_us >= 0;
    }
    case FIELD_REAL:
        get_real(p, to);
        return is_real(*(double *)to);
    case FIELD_INT64:
        get_int(p, to);
        return *(int64_t *)to >= f->min && *(int64_t *)to <= f->max;
    case FIELD_INT: {
        int64_t v;
        get_int(p, &v);
        if (v < f->min || v > f->max)
            return false;
        *(int *)to = (int)v;
        return true;
    }
    case FIELD_MINUTES:
        for (int q = 0; q < DEMAND_QUANTITIES; q++) {
            p = get_real(p, (double *)to + q);
            if (!is_real(((double *)to)[q]))
                return false;
        }
        return true;
    }
    return false;
}

/* Bytes of the largest image. */
static size_t image_size(void)
{
    size_t numbers = 0;
    for (size_t i = 0; i < COUNT(fields); i++)
        numbers += (size_t)elements(&fields[i], NULL) * (size_t)kinds[fields[i].kind].numbers;
    return numbers * FIELD_SIZE;
}

static uint8_t *put_image(uint8_t *p, const struct meter_image *image)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        for (int e = 0; e < elements(&fields[i], image); e++)
            p = put_element(p, fields[i].kind,
                            (const uint8_t *)image +
                                element_at(&fields[i], e, &image->demand_state));
    return p;
}

/* Reads an image from *p, which ends before `end`, into an all-zero one and moves *p behind it. */
static enum err get_image(const uint8_t **p, const uint8_t *end, struct meter_image *image,
                          struct reason *why)
{
    for (size_t i = 0; i < COUNT(fields); i++) {
        const struct field *f = &fields[i];
        size_t size = (size_t)kinds[f->kind].numbers * FIELD_SIZE;
        for (int e = 0; e < elements(f, image); e++) {
            if ((size_t)(end - *p) < size)
                return reason(why, ERR_FORMAT, "the block ends inside %s", f->name);
            if (!get_element(*p, f, (uint8_t *)image + f->offset + (size_t)e * kinds[f->kind].size))
                return reason(why, ERR_FORMAT, "%s[%d] holds what no meter writes", f->name, e);
            *p += size;
        }
    }
    image->demand_state.next = image->demand_state.parts % DEMAND_MAX_SUBPERIODS;
    return ERR_OK;
}

static bool minutes_usable(const struct demand_state *d)
{
    return d->parts >= 0 && d->parts <= DEMAND_MAX_SUBPERIODS && d->next >= 0 &&
           d->next < DEMAND_MAX_SUBPERIODS;
}

static uint32_t checksum(const uint8_t *slot, size_t length)
{
    static const uint8_t zero[4] = {0};
    uint32_t crc = crc32c_update(0, slot, AT_CRC);
    crc = crc32c_update(crc, zero, sizeof zero);
    return crc32c_update(crc, slot + AT_CRC + 4, length - AT_CRC - 4);
}

size_t register_slot_size(int loads)
{
    return HEADER_SIZE + (size_t)loads * image_size();
}

size_t register_slot_length(const uint8_t *slot)
{
    return get_u32(slot + AT_LENGTH);
}

enum err register_slot_encode(uint8_t *slot, size_t size, uint64_t sequence, int64_t utc_us,
                              const struct meter_image *images, int loads)
{
    if (loads < 0 || loads > METER_MAX_LOADS || sequence < 1 || sequence > INT64_MAX || utc_us < 0)
        return ERR_RANGE;
    if (size < register_slot_size(loads))
        return ERR_FULL;
    memset(slot, 0, HEADER_SIZE);
    memcpy(slot + AT_MAGIC, MAGIC, sizeof MAGIC);
    put_u32(slot + AT_VERSION, REGISTER_SLOT_VERSION);
    put_u32(slot + AT_LOADS, (uint32_t)loads);
    put_u64(slot + AT_SEQUENCE, sequence);
    put_u64(slot + AT_UTC, (uint64_t)utc_us);
    uint8_t *p = slot + HEADER_SIZE;
    for (int i = 0; i < loads; i++) {
        struct meter_image back = {0};
        const uint8_t *start = p;
        if (!minutes_usable(&images[i].demand_state))
            return ERR_RANGE;
        p = put_image(p, &images[i]);
        if (get_image(&start, p, &back, NULL) != ERR_OK)
            return ERR_RANGE;
    }
    size_t length = (size_t)(p - slot);
    put_u32(slot + AT_LENGTH, (uint32_t)length);
    put_u32(slot + AT_CRC, checksum(slot, length));
    return ERR_OK;
}

/* The header's own sense, before anything in it is used. */
static enum err check_header(const uint8_t *slot, size_t size, struct reason *why)
{
    if (size < HEADER_SIZE || memcmp(slot + AT_MAGIC, MAGIC, sizeof MAGIC) != 0)
        return reason(why, ERR_FORMAT, "no register block: it does not begin with " MAGIC);
    size_t length = get_u32(slot + AT_LENGTH);
    if (length < HEADER_SIZE || length > size)
        return reason(why, ERR_FORMAT, "register block of %zu bytes where %zu are at hand", length,
                      size);
    uint32_t crc = get_u32(slot + AT_CRC), found = checksum(slot, length);
    if (crc != found)
        return reason(why, ERR_FORMAT, "register block's checksum is %08x, its bytes give %08x",
                      crc, found);
    uint32_t version = get_u32(slot + AT_VERSION);
    if (version != REGISTER_SLOT_VERSION)
        return reason(why, ERR_UNKNOWN,
                      "registers are in layout %u, this program knows %d: install the version that "
                      "wrote them",
                      version, REGISTER_SLOT_VERSION);
    uint32_t loads = get_u32(slot + AT_LOADS);
    if (loads > METER_MAX_LOADS || length > register_slot_size((int)loads))
        return reason(why, ERR_FORMAT, "register block of %u loads and %zu bytes", loads, length);
    return ERR_OK;
}

enum err register_slot_decode(const uint8_t *slot, size_t size, uint64_t *sequence, int64_t *utc_us,
                              struct meter_image *images, int *loads, struct reason *why)
{
    enum err e = check_header(slot, size, why);
    if (e != ERR_OK)
        return e;
    uint64_t number = get_u64(slot + AT_SEQUENCE);
    int64_t utc = (int64_t)get_u64(slot + AT_UTC);
    if (number < 1 || number > INT64_MAX || utc < 0)
        return reason(why, ERR_FORMAT, "register block's sequence number or time is impossible");
    int count = (int)get_u32(slot + AT_LOADS);
    struct meter_image image;
    for (int pass = 0; pass < 2; pass++) { /* all of it is checked before any of it is written */
        const uint8_t *p = slot + HEADER_SIZE, *end = slot + register_slot_length(slot);
        for (int i = 0; i < count; i++) {
            memset(&image, 0, sizeof image);
            if (get_image(&p, end, &image, why) != ERR_OK)
                return reason_prefix(why, ERR_FORMAT, "load %d", i);
            if (pass == 1)
                images[i] = image;
        }
        if (p != end)
            return reason(why, ERR_FORMAT, "register block has %zu bytes too many",
                          (size_t)(end - p));
    }
    *sequence = number;
    *utc_us = utc;
    *loads = count;
    return ERR_OK;
}

enum err register_image_follows(const struct meter_image *before, const struct meter_image *after,
                                struct reason *why)
{
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (fields[i].kind != FIELD_COUNTER || fields[i].may_fall)
            continue;
        for (int e = 0; e < elements(&fields[i], NULL); e++) {
            size_t at = fields[i].offset + (size_t)e * sizeof(struct counter);
            const struct counter *old = (const void *)((const uint8_t *)before + at);
            const struct counter *new = (const void *)((const uint8_t *)after + at);
            if (new->micro < old->micro)
                return reason(why, ERR_RANGE, "%s[%d] would fall from %lld to %lld millionths",
                              fields[i].name, e, (long long)old->micro, (long long)new->micro);
        }
    }
    return ERR_OK;
}
