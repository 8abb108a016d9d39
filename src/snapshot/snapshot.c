#include "snapshot/snapshot.h"

#include "base/err.h"

#define STORE(slot, source) \
    _Generic((source), double : store_real, int64_t : store_integer)(&(slot), (source))

static void store_real(union snapshot_value *v, double x)
{
    v->real = x;
}

static void store_integer(union snapshot_value *v, int64_t n)
{
    v->integer = n;
}

void snapshot_fill_load(struct snapshot_load *l, const struct reading *r)
{
#define VARIABLE(id, source, ...) STORE(l->value[VAR_##id], r->source);
#include "catalogue/variables.def"
    for (int i = 0; i < VAR_COUNT; i++)
        l->quality[i] = (uint8_t)reading_quality(r, &catalogue_variables[i]);
    for (int k = 0; k < 3; k++)
        l->wiring_map[k] = (int16_t)r->wiring.map[k];
    l->wiring_hint = (int16_t)r->wiring.hint;
}

void snapshot_fill_spectra(float value[SPECTRUM_COUNT][SPECTRUM_ORDERS], const struct reading *r)
{
#define VARIABLE(...)
#define SPECTRUM(id, source, ...)             \
    for (int h = 0; h < SPECTRUM_ORDERS; h++) \
        value[SPECTRUM_##id][h] = (float)r->source[h + 1];
#include "catalogue/variables.def"
}

double snapshot_real(const struct snapshot_load *l, enum variable_id id)
{
    const struct variable *v = &catalogue_variables[id];
    if (v->kind == KIND_COUNTER)
        return (double)l->value[id].integer / 1e6;
    return variable_is_integer(v) ? (double)l->value[id].integer : l->value[id].real;
}

static void worsen(uint8_t *quality, enum quality to)
{
    *quality = (uint8_t)quality_worse((enum quality) * quality, to);
}

void snapshot_age(struct snapshot *s, int64_t age_us, int64_t stale_us, int64_t failed_us)
{
    if (age_us <= stale_us)
        return;
    for (int32_t k = 0; k < s->loads; k++) {
        for (int i = 0; i < VAR_COUNT; i++) {
            bool kept = variable_is_integer(&catalogue_variables[i]);
            worsen(&s->load[k].quality[i],
                   age_us > failed_us && !kept ? QUALITY_FAILED : QUALITY_STALE);
        }
    }
}
