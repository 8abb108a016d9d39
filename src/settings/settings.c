#include "settings/settings_internal.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROWS 1024

void settings_fault(struct settings_faults *f, const char *name, const struct reason *why)
{
    if (f->count < SETTINGS_MAX_FAULTS) {
        struct settings_fault *to = &f->fault[f->count];
        (void)snprintf(to->name, sizeof to->name, "%s", name);
        to->why = *why;
    }
    f->count++;
}

bool settings_split(const char *name, char group[64], const char **key)
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name || dot[1] == '\0' || dot - name >= 64)
        return false;
    memcpy(group, name, (size_t)(dot - name));
    group[dot - name] = '\0';
    *key = dot + 1;
    return true;
}

static size_t struct_size(const struct setting_table *t)
{
    size_t size = 1;
    for (size_t i = 0; i < t->count; i++)
        if (t->rows[i].offset + t->rows[i].size > size)
            size = t->rows[i].offset + t->rows[i].size;
    return size;
}

static const struct setting *find(const struct settings *s, const char *name, size_t *table)
{
    for (size_t t = 0; t < s->tables; t++) {
        for (size_t i = 0; i < s->table[t]->count; i++) {
            if (strcmp(s->table[t]->rows[i].name, name) == 0) {
                *table = t;
                return &s->table[t]->rows[i];
            }
        }
    }
    return NULL;
}

static enum err unknown(const struct settings *s, const char *name, struct reason *why)
{
    const char *names[MAX_ROWS];
    size_t count = 0;
    for (size_t t = 0; t < s->tables; t++)
        for (size_t i = 0; i < s->table[t]->count && count < MAX_ROWS; i++)
            names[count++] = s->table[t]->rows[i].name;
    const char *nearest = text_nearest(name, names, count);
    if (!nearest)
        return reason(why, ERR_UNKNOWN, "no setting \"%.64s\"", name);
    return reason(why, ERR_UNKNOWN, "no setting \"%.64s\"; the nearest is \"%s\"", name, nearest);
}

enum err settings_open(struct settings **s, const char *file, struct reason *why)
{
    struct settings *n = calloc(1, sizeof *n);
    if (!n)
        return reason(why, ERR_FULL, "no memory for settings");
    if (strlen(file) >= sizeof n->file) {
        free(n);
        return reason(why, ERR_RANGE, "%.80s...: the path is too long", file);
    }
    (void)snprintf(n->file, sizeof n->file, "%s", file);
    *s = n;
    return ERR_OK;
}

void settings_close(struct settings *s)
{
    free(s);
}

/* Copies row by row: a room may keep more in its struct than its rows. */
static void copy_rows(const struct setting_table *t, char *to, const char *from)
{
    for (size_t i = 0; i < t->count; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): it thinks the number of tables changes */
        memcpy(to + t->rows[i].offset, from + t->rows[i].offset, t->rows[i].size);
}

static enum err put_initial(const struct setting_table *t, char *values, struct reason *why)
{
    for (size_t i = 0; i < t->count; i++) {
        json_t *v = setting_typed(&t->rows[i], t->rows[i].initial);
        enum err e =
            v ? setting_write(&t->rows[i], values, v, why) : reason(why, ERR_FULL, "no memory");
        json_decref(v);
        if (e != ERR_OK)
            return reason_prefix(why, e, "%s: initial value \"%s\"", t->rows[i].name,
                                 t->rows[i].initial);
    }
    return ERR_OK;
}

enum err settings_add(struct settings *s, const struct setting_table *t, struct reason *why)
{
    if (s->tables == SETTINGS_MAX_TABLES)
        return reason(why, ERR_FULL, "more than %d tables of settings", SETTINGS_MAX_TABLES);
    for (size_t i = 0; i < t->count; i++) {
        char group[64];
        const char *key;
        size_t other;
        const char *name = t->rows[i].name;
        if (!settings_split(name, group, &key) || strcmp(group, SETTINGS_SAVED) == 0)
            return reason(why, ERR_RANGE, "\"%s\" is not a name of a setting: group.key", name);
        if (find(s, name, &other))
            return reason(why, ERR_RANGE, "setting \"%s\" stands in two tables", name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(t->rows[k].name, name) == 0)
                return reason(why, ERR_RANGE, "setting \"%s\" stands twice in its table", name);
    }
    enum err e = put_initial(t, t->values, why);
    if (e == ERR_OK)
        s->table[s->tables++] = t;
    return e;
}

enum err draft_open(const struct settings *s, struct draft *d, bool initial, struct reason *why)
{
    *d = (struct draft){0};
    for (size_t t = 0; t < s->tables; t++) {
        size_t size = struct_size(s->table[t]);
        d->values[t] = calloc(1, size);
        if (!d->values[t]) {
            draft_close(d);
            (void)reason(why, ERR_FULL, "no memory for a draft of the settings");
            return ERR_FULL;
        }
        memcpy(d->values[t], s->table[t]->values, size);
        enum err e = initial ? put_initial(s->table[t], d->values[t], why) : ERR_OK;
        if (e != ERR_OK) {
            draft_close(d);
            return e;
        }
    }
    return ERR_OK;
}

void draft_close(struct draft *d)
{
    for (size_t t = 0; t < SETTINGS_MAX_TABLES; t++)
        free(d->values[t]);
    *d = (struct draft){0};
}

/* May this person change it? Only asked where the value differs. */
static enum err check_rights(const struct setting *row, const char *values, const json_t *value,
                             const struct settings_access *a, struct reason *why)
{
    json_t *now = setting_read(row, values);
    bool same = json_equal(now, value) || (json_is_number(now) && json_is_number(value) &&
                                           json_number_value(now) == json_number_value(value));
    json_decref(now);
    if (same)
        return ERR_OK;
    if (a->role < row->role)
        return reason(why, ERR_DENIED, "needs the role %s", role_name(row->role));
    if (row->sealed && !a->seal_open)
        return reason(why, ERR_DENIED, "sealed, because it affects billing: open the seal first");
    return ERR_OK;
}

static enum err put_one(const struct settings *s, struct draft *d, const char *name,
                        const json_t *value, const struct settings_access *a, struct reason *why)
{
    size_t t = 0;
    const struct setting *row = find(s, name, &t);
    if (!row)
        return unknown(s, name, why);
    enum err e = a ? check_rights(row, d->values[t], value, a, why) : ERR_OK;
    return e == ERR_OK ? setting_write(row, d->values[t], value, why) : e;
}

static void note(enum err e, const char *name, const struct reason *why, enum err *first,
                 struct settings_faults *f)
{
    if (e == ERR_OK)
        return;
    if (*first == ERR_OK)
        *first = e;
    settings_fault(f, name, why);
}

enum err draft_put(const struct settings *s, struct draft *d, const json_t *object,
                   const struct settings_access *a, struct settings_faults *f, struct reason *why)
{
    enum err first = ERR_OK;
    const char *group, *key;
    json_t *members, *value;
    struct reason r;
    *f = (struct settings_faults){0};
    if (!json_is_object(object)) {
        (void)reason(&r, ERR_FORMAT, "must be an object of groups");
        note(ERR_FORMAT, "", &r, &first, f);
    }
    json_object_foreach((json_t *)object, group, members)
    {
        if (strcmp(group, SETTINGS_SAVED) == 0)
            continue;
        if (!json_is_object(members)) {
            (void)reason(&r, ERR_FORMAT, "must be an object: {\"key\": value}");
            note(ERR_FORMAT, group, &r, &first, f);
            continue;
        }
        json_object_foreach(members, key, value)
        {
            char name[160];
            (void)snprintf(name, sizeof name, "%.64s.%.64s", group, key);
            note(put_one(s, d, name, value, a, &r), name, &r, &first, f);
        }
    }
    for (size_t t = 0; first == ERR_OK && t < s->tables; t++)
        if (s->table[t]->check)
            note(s->table[t]->check(d->values[t], &r), "", &r, &first, f);
    if (first != ERR_OK)
        (void)reason(why, first, "%s%s%s%s", f->fault[0].name, f->fault[0].name[0] ? ": " : "",
                     f->fault[0].why.text, f->count > 1 ? " (and more)" : "");
    return first;
}

static json_t *values_of(const struct settings *s, char *const *values)
{
    json_t *all = json_object();
    for (size_t t = 0; all && t < s->tables; t++) {
        for (size_t i = 0; i < s->table[t]->count; i++) {
            const struct setting *row = &s->table[t]->rows[i];
            char group[64];
            const char *key;
            if (!settings_split(row->name, group, &key))
                continue;
            if (!json_object_get(all, group))
                json_object_set_new(all, group, json_object());
            json_object_set_new(json_object_get(all, group), key, setting_read(row, values[t]));
        }
    }
    return all;
}

json_t *draft_values(const struct settings *s, const struct draft *d)
{
    return values_of(s, d->values);
}

json_t *settings_values(const struct settings *s)
{
    char *values[SETTINGS_MAX_TABLES] = {0};
    for (size_t t = 0; t < s->tables; t++)
        values[t] = s->table[t]->values;
    return values_of(s, values);
}

void draft_apply(const struct settings *s, const struct draft *d)
{
    for (size_t t = 0; t < s->tables; t++)
        copy_rows(s->table[t], s->table[t]->values, d->values[t]);
}

static enum err change_locked(struct settings *s, const json_t *change, bool whole,
                              const struct settings_access *a, struct settings_faults *f,
                              struct reason *why)
{
    struct draft d, initial = {0};
    enum err e = draft_open(s, &d, false, why);
    json_t *values = NULL, *old = NULL;
    if (e == ERR_OK && whole) { /* what the older version does not name was initial then */
        e = draft_open(s, &initial, true, why);
        old = e == ERR_OK ? draft_values(s, &initial) : NULL;
        if (old)
            e = json_object_update_recursive(old, (json_t *)change) == 0
                    ? ERR_OK
                    : reason(why, ERR_FULL, "no memory");
    }
    if (e == ERR_OK)
        e = draft_put(s, &d, whole ? old : change, a, f, why);
    if (e == ERR_OK) {
        values = draft_values(s, &d);
        e = values ? settings_store(s, values, a, why) : reason(why, ERR_FULL, "no memory");
    }
    if (e == ERR_OK)
        draft_apply(s, &d);
    json_decref(values);
    json_decref(old);
    draft_close(&initial);
    draft_close(&d);
    return e;
}

static enum err change(struct settings *s, const json_t *object, bool whole,
                       const struct settings_access *a, struct settings_faults *f,
                       struct reason *why)
{
    char lock[PATH_MAX];
    int fd;
    *f = (struct settings_faults){0};
    (void)snprintf(lock, sizeof lock, "%s.lock", s->file);
    enum err e = file_lock(lock, &fd, why);
    if (e != ERR_OK)
        return e;
    settings_refresh(s);
    e = change_locked(s, object, whole, a, f, why);
    close(fd);
    return e;
}

enum err settings_change(struct settings *s, const json_t *object, const struct settings_access *a,
                         struct settings_faults *f, struct reason *why)
{
    return change(s, object, false, a, f, why);
}

enum err settings_undo(struct settings *s, int version, const struct settings_access *a,
                       struct settings_faults *f, struct reason *why)
{
    json_t *values;
    enum err e = settings_read_version(s, version, &values, why);
    if (e != ERR_OK)
        return e;
    e = change(s, values, true, a, f, why);
    json_decref(values);
    return e;
}

enum err settings_typed(const struct settings *s, const char *name, const char *text,
                        json_t **object, struct reason *why)
{
    size_t t;
    char group[64];
    const char *key;
    const struct setting *row = find(s, name, &t);
    if (!row || !settings_split(name, group, &key))
        return unknown(s, name, why);
    json_t *o = json_pack("{s:{s:o}}", group, key, setting_typed(row, text));
    if (!o)
        return reason(why, ERR_FORMAT, "%s: \"%.64s\" is not a valid text", name, text);
    *object = o;
    return ERR_OK;
}

enum err settings_get(const struct settings *s, const char *name, const struct setting **row,
                      json_t **value, struct reason *why)
{
    size_t t;
    const struct setting *r = find(s, name, &t);
    if (!r)
        return unknown(s, name, why);
    *value = setting_read(r, s->table[t]->values);
    *row = r;
    return ERR_OK;
}

int settings_current_version(const struct settings *s)
{
    return s->version;
}

const char *role_name(enum role r)
{
    static const char *const names[] = {
        [ROLE_VIEWER] = "viewer",
        [ROLE_OPERATOR] = "operator",
        [ROLE_INSTALLER] = "installer",
        [ROLE_ADMIN] = "administrator",
    };
    return (size_t)r < COUNT(names) ? names[r] : "?";
}
