#include "catalogue/catalogue.h"

#include "base/text.h"

#include <string.h>

const struct variable catalogue_variables[VAR_COUNT] = {
#define VARIABLE(id_, source_, unit_, step_, kind_, scope_, keep_, needs_, number_, label_) \
    [VAR_##id_] = {.id = #id_,                                                              \
                   .label = (label_),                                                       \
                   .unit = UNIT_##unit_,                                                    \
                   .step = (step_),                                                         \
                   .kind = KIND_##kind_,                                                    \
                   .scope = SCOPE_##scope_,                                                 \
                   .keep = KEEP_##keep_,                                                    \
                   .needs = NEEDS_##needs_,                                                 \
                   .number = (number_)},
#include "catalogue/variables.def"
};

const struct variable catalogue_spectra[SPECTRUM_COUNT] = {
#define VARIABLE(...)
#define SPECTRUM(id_, source_, unit_, step_, scope_, needs_, number_, label_)     \
    [SPECTRUM_##id_] = {.id = #id_,                                               \
                        .label = (label_),                                        \
                        .unit = UNIT_##unit_,                                     \
                        .step = (step_),                                          \
                        .kind = KIND_INSTANT,                                     \
                        .scope = SCOPE_##scope_,                                  \
                        .keep = UNIT_##unit_ == UNIT_DEG ? KEEP_LAST : KEEP_MEAN, \
                        .needs = NEEDS_##needs_,                                  \
                        .number = (number_)},
#include "catalogue/variables.def"
};

/* Splits "harmonic_current_l2_7" into a stem of `length` and order 7; false where no such ending. */
static bool split_order(const char *id, size_t *length, int *order)
{
    const char *mark = strrchr(id, '_');
    if (!mark || mark[1] < '1' || mark[1] > '9')
        return false;
    int n = mark[1] - '0';
    if (mark[2] >= '0' && mark[2] <= '9' && mark[3] == '\0')
        n = n * 10 + (mark[2] - '0');
    else if (mark[2] != '\0')
        return false;
    if (n > SPECTRUM_ORDERS)
        return false;
    *length = (size_t)(mark - id);
    *order = n;
    return true;
}

enum err catalogue_find(const char *id, struct catalogue_entry *found, struct reason *why)
{
    for (int i = 0; i < VAR_COUNT; i++) {
        if (strcmp(id, catalogue_variables[i].id) == 0) {
            *found = (struct catalogue_entry){.variable = &catalogue_variables[i], .index = i};
            return ERR_OK;
        }
    }
    size_t length = 0;
    int order = 0;
    if (split_order(id, &length, &order)) {
        for (int i = 0; i < SPECTRUM_COUNT; i++) {
            const char *stem = catalogue_spectra[i].id;
            if (strlen(stem) == length && memcmp(stem, id, length) == 0) {
                *found = (struct catalogue_entry){
                    .variable = &catalogue_spectra[i], .index = i, .order = order};
                return ERR_OK;
            }
        }
    }
    const char *names[VAR_COUNT];
    for (int i = 0; i < VAR_COUNT; i++)
        names[i] = catalogue_variables[i].id;
    return reason(why, ERR_UNKNOWN, "no variable \"%.64s\"; the nearest is \"%s\"", id,
                  text_nearest(id, names, VAR_COUNT));
}

enum err catalogue_by_number(int number, struct catalogue_entry *found)
{
    for (int i = 0; i < VAR_COUNT; i++) {
        if (catalogue_variables[i].number == number) {
            *found = (struct catalogue_entry){.variable = &catalogue_variables[i], .index = i};
            return ERR_OK;
        }
    }
    for (int i = 0; i < SPECTRUM_COUNT; i++) {
        int order = number - catalogue_spectra[i].number + 1;
        if (order >= 1 && order <= SPECTRUM_ORDERS) {
            *found = (struct catalogue_entry){
                .variable = &catalogue_spectra[i], .index = i, .order = order};
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

bool variable_is_integer(const struct variable *v)
{
    return v->kind == KIND_COUNTER || v->kind == KIND_STATE || v->kind == KIND_TIME;
}

/* A name from a table, or "?" for a number that is not in it. */
#define NAME(table, index) ((size_t)(index) < COUNT(table) ? (table)[index] : "?")

const char *unit_symbol(enum unit u)
{
    static const char *const symbols[] = {
        [UNIT_ONE] = "",      [UNIT_V] = "V",        [UNIT_A] = "A",       [UNIT_W] = "W",
        [UNIT_VAR] = "var",   [UNIT_VA] = "VA",      [UNIT_HZ] = "Hz",     [UNIT_DEG] = "\u00b0",
        [UNIT_PERCENT] = "%", [UNIT_WH] = "Wh",      [UNIT_VARH] = "varh", [UNIT_VAH] = "VAh",
        [UNIT_S] = "s",       [UNIT_US] = "\u00b5s",
    };
    return NAME(symbols, u);
}

const char *kind_name(enum kind k)
{
    static const char *const names[] = {
        [KIND_INSTANT] = "instant", [KIND_DEMAND] = "demand", [KIND_COUNTER] = "counter",
        [KIND_STATE] = "state",     [KIND_TIME] = "time",
    };
    return NAME(names, k);
}

const char *scope_name(enum scope s)
{
    static const char *const names[] = {
        [SCOPE_SYSTEM] = "system", [SCOPE_L1] = "L1",   [SCOPE_L2] = "L2",   [SCOPE_L3] = "L3",
        [SCOPE_L12] = "L12",       [SCOPE_L23] = "L23", [SCOPE_L31] = "L31", [SCOPE_N] = "N",
    };
    return NAME(names, s);
}

const char *keep_name(enum keep k)
{
    static const char *const names[] = {
        [KEEP_MEAN] = "mean", [KEEP_DIFFERENCE] = "difference", [KEEP_LAST] = "last"};
    return NAME(names, k);
}

const char *needs_name(enum needs n)
{
    static const char *const names[] = {
        [NEEDS_NONE] = "-", [NEEDS_U] = "U",   [NEEDS_UN] = "UN",
        [NEEDS_I] = "I",    [NEEDS_UI] = "UI", [NEEDS_F] = "F",
    };
    return NAME(names, n);
}
