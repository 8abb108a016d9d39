/* calibration.json: {"loads": [{"gain_v": [4 numbers], ..., "delay_s": [3],
 *                               "sensor": [[{"current_a": 5, "ratio_pct": 0.1, "phase_deg": 0.05}, ...], [..], [..]]}]} */
#include "app/meter_settings.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

static enum err read_numbers(const json_t *array, const char *key, double *to, size_t count,
                             struct reason *why)
{
    if (!json_is_array(array) || json_array_size(array) != count)
        return reason(why, ERR_FORMAT, "%s: must be a list of %zu numbers", key, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *x = json_array_get(array, i);
        if (!json_is_number(x))
            return reason(why, ERR_FORMAT, "%s[%zu]: must be a number", key, i);
        to[i] = json_number_value(x);
    }
    return ERR_OK;
}

static enum err read_sensors(const json_t *list, struct calibration *c, struct reason *why)
{
    if (!json_is_array(list) || json_array_size(list) != 3)
        return reason(why, ERR_FORMAT, "sensor: must be a list of three tables, one a phase");
    for (size_t k = 0; k < 3; k++) {
        const json_t *table = json_array_get(list, k);
        if (!json_is_array(table) || json_array_size(table) > CALIBRATION_POINTS)
            return reason(why, ERR_FORMAT, "sensor[%zu]: must be a list of at most %d points", k,
                          CALIBRATION_POINTS);
        for (size_t i = 0; i < json_array_size(table); i++) {
            struct sensor_error *p = &c->sensor[k][i];
            json_error_t error;
            if (json_unpack_ex(json_array_get(table, i), &error, JSON_STRICT, "{s:F,s:F,s:F}",
                               "current_a", &p->current_a, "ratio_pct", &p->ratio_pct, "phase_deg",
                               &p->phase_deg) != 0)
                return reason(why, ERR_FORMAT, "sensor[%zu][%zu]: %s", k, i, error.text);
        }
    }
    return ERR_OK;
}

static enum err read_load(const json_t *o, struct calibration *c, struct reason *why)
{
    const struct {
        const char *key;
        double *to;
        size_t count;
    } lists[] = {
        {"gain_v", c->gain_v, 4},     {"gain_i", c->gain_i, 4},   {"offset_v", c->offset_v, 4},
        {"offset_i", c->offset_i, 4}, {"noise_v", c->noise_v, 4}, {"noise_i", c->noise_i, 4},
        {"delay_s", c->delay_s, 3},
    };
    const char *key, *names[COUNT(lists) + 1];
    json_t *value;
    for (size_t i = 0; i < COUNT(lists); i++)
        names[i] = lists[i].key;
    names[COUNT(lists)] = "sensor";
    json_object_foreach((json_t *)o, key, value)
    {
        size_t i = 0;
        while (i <= COUNT(lists) && strcmp(names[i], key) != 0)
            i++;
        if (i > COUNT(lists))
            return reason(why, ERR_UNKNOWN, "no key \"%.40s\"; the nearest is \"%s\"", key,
                          text_nearest(key, names, COUNT(names)));
        enum err e = i == COUNT(lists) ? read_sensors(value, c, why)
                                       : read_numbers(value, key, lists[i].to, lists[i].count, why);
        if (e != ERR_OK)
            return e;
    }
    return calibration_check(c, why);
}

static enum err read_file(const json_t *file, struct meter_config *c, struct reason *why)
{
    const json_t *loads = json_object_get(file, "loads");
    if (!json_is_array(loads) || json_object_size(file) != 1)
        return reason(why, ERR_FORMAT, "must be {\"loads\": [one object a load]}");
    if (json_array_size(loads) > METER_MAX_LOADS)
        return reason(why, ERR_RANGE, "%zu loads, at most %d", json_array_size(loads),
                      METER_MAX_LOADS);
    for (int k = 0; k < (int)json_array_size(loads); k++) {
        struct calibration one = {0};
        const json_t *o = json_array_get(loads, (size_t)k);
        enum err e = json_is_object(o) ? read_load(o, &one, why)
                                       : reason(why, ERR_FORMAT, "must be an object");
        if (e != ERR_OK)
            return reason_prefix(why, e, "loads[%d]", k);
        if (k < c->loads)
            c->load[k].calibration = one;
    }
    return ERR_OK;
}

enum err meter_calibration_read(const char *path, struct meter_config *c, struct reason *why)
{
    json_t *file;
    enum err e = json_read_file(path, &file, why);
    if (e == ERR_UNKNOWN)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    struct meter_config draft = *c;
    e = read_file(file, &draft, why);
    json_decref(file);
    if (e != ERR_OK)
        return reason_prefix(why, e, "%s", path);
    *c = draft;
    return ERR_OK;
}
