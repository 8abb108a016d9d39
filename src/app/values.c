#include "app/values.h"

#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void values_id(const struct catalogue_entry *e, char *id, size_t size)
{
    if (e->order)
        (void)snprintf(id, size, "%s_%d", e->variable->id, e->order);
    else
        (void)snprintf(id, size, "%s", e->variable->id);
}

/* Spectra carry no quality of their own: they have that of their channel's rms value. */
static enum variable_id channel_of(const struct variable *v)
{
    for (int i = 0; i < VAR_COUNT; i++) {
        const struct variable *o = &catalogue_variables[i];
        bool rms = o->unit == (v->needs == NEEDS_I ? UNIT_A : UNIT_V) && o->kind == KIND_INSTANT;
        if (rms && o->scope == v->scope)
            return (enum variable_id)i;
    }
    return VAR_voltage_l1_n;
}

enum quality values_quality(const struct snapshot *s, int load, const struct catalogue_entry *e)
{
    int i = e->order ? (int)channel_of(e->variable) : e->index;
    return (enum quality)s->load[load].quality[i];
}

void values_json(struct json_writer *w, const struct snapshot *s, const struct snapshot_spectra *x,
                 int load, const struct catalogue_entry *e)
{
    char id[64];
    values_id(e, id, sizeof id);
    enum quality q = values_quality(s, load, e);
    const struct variable *v = e->variable;
    const union snapshot_value *value = &s->load[load].value[e->index];
    json_open(w, id, '{');
    if (q >= QUALITY_FAILED)
        json_put_null(w, "value");
    else if (e->order)
        json_put_real(w, "value", (double)x->value[load][e->index][e->order - 1]);
    else if (v->kind == KIND_COUNTER)
        json_put_millionths(w, "value", value->integer);
    else if (variable_is_integer(v))
        json_put_integer(w, "value", value->integer);
    else
        json_put_real(w, "value", value->real);
    json_put_text(w, "unit", unit_symbol(v->unit));
    json_put_text(w, "quality", quality_name(q));
    json_close(w, '}');
}

void values_json_all(struct json_writer *w, const struct snapshot *s,
                     const struct snapshot_spectra *x, int load, bool spectra)
{
    json_open(w, "values", '{');
    for (int i = 0; i < VAR_COUNT; i++)
        values_json(w, s, x, load,
                    &(struct catalogue_entry){.variable = &catalogue_variables[i], .index = i});
    json_close(w, '}');
    if (!spectra)
        return;
    json_open(w, "spectra", '{');
    for (int i = 0; i < SPECTRUM_COUNT; i++) {
        json_open(w, catalogue_spectra[i].id, '[');
        for (int h = 0; h < SPECTRUM_ORDERS; h++)
            json_put_real(w, NULL, (double)x->value[load][i][h]);
        json_close(w, ']');
    }
    json_close(w, '}');
}

void values_text(const struct snapshot *s, const struct snapshot_spectra *x, int load,
                 const struct catalogue_entry *e, bool unicode, char text[FIGURE_SIZE])
{
    enum quality q = values_quality(s, load, e);
    const struct variable *v = e->variable;
    const union snapshot_value *value = &s->load[load].value[e->index];
    if (q >= QUALITY_OVER_RANGE) {
        (void)snprintf(text, FIGURE_SIZE, "%s", unicode ? "\u2013" : "-");
        return;
    }
    if (v->kind == KIND_TIME) {
        if (value->integer)
            clock_text(value->integer, text, 32);
        else
            (void)snprintf(text, FIGURE_SIZE, "%s", unicode ? "\u2013" : "-");
        return;
    }
    if (v->kind == KIND_STATE) {
        (void)snprintf(text, FIGURE_SIZE, "%" PRId64, value->integer);
        return;
    }
    double n = e->order ? (double)x->value[load][e->index][e->order - 1]
                        : snapshot_real(&s->load[load], (enum variable_id)e->index);
    int decimals = v->kind == KIND_COUNTER ? 3 : v->step >= 1 ? 0 : (int)lround(-log10(v->step));
    char digits[FIGURE_SIZE - 8];
    (void)snprintf(digits, sizeof digits, "%.*f", decimals, fabs(n));
    (void)snprintf(text, FIGURE_SIZE, "%s%s%s", q == QUALITY_UNCERTAIN ? "~" : "",
                   n < 0 ? (unicode ? "\u2212" : "-") : "", digits);
}
