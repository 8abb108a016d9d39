/* What the tables say about themselves: JSON Schema for forms, Markdown for the manual. */
#include "settings/settings_internal.h"

#include <string.h>

static json_t *describe(const struct setting *row)
{
    json_t *o = json_object(), *choices = NULL;
    static const char *const types[] = {
        [SETTING_BOOL] = "boolean", [SETTING_INT] = "integer",   [SETTING_REAL] = "number",
        [SETTING_TEXT] = "string",  [SETTING_CHOICE] = "string",
    };
    json_object_set_new(o, "type", json_string(types[row->type]));
    json_object_set_new(o, "description", json_string(row->text));
    json_object_set_new(o, "default", setting_typed(row, row->initial));
    if (row->type == SETTING_INT || row->type == SETTING_REAL) {
        bool whole = row->type == SETTING_INT;
        json_object_set_new(o, "minimum",
                            whole ? json_integer((json_int_t)row->min) : json_real(row->min));
        json_object_set_new(o, "maximum",
                            whole ? json_integer((json_int_t)row->max) : json_real(row->max));
    }
    if (row->type == SETTING_TEXT)
        json_object_set_new(o, "maxLength", json_integer((json_int_t)row->size - 1));
    if (row->type == SETTING_CHOICE) {
        choices = json_array();
        for (const char *const *c = row->choices; *c; c++)
            json_array_append_new(choices, json_string(*c));
        json_object_set_new(o, "enum", choices);
    }
    if (row->unit)
        json_object_set_new(o, "x-unit", json_string(row->unit));
    json_object_set_new(o, "x-role", json_string(role_name(row->role)));
    json_object_set_new(o, "x-sealed", json_boolean(row->sealed));
    json_object_set_new(o, "x-restart", json_boolean(row->restart));
    return o;
}

static json_t *new_group(json_t *groups, const char *name)
{
    json_t *g =
        json_pack("{s:s,s:b,s:{}}", "type", "object", "additionalProperties", 0, "properties");
    json_object_set_new(groups, name, g);
    return g;
}

json_t *settings_schema(const struct settings *s)
{
    json_t *groups = json_object();
    json_object_set_new(groups, SETTINGS_SAVED,
                        json_pack("{s:s,s:s}", "type", "object", "description",
                                  "Version, time and author; written by the program."));
    for (size_t t = 0; t < s->tables; t++) {
        for (size_t i = 0; i < s->table[t]->count; i++) {
            const struct setting *row = &s->table[t]->rows[i];
            char group[64];
            const char *key;
            if (!settings_split(row->name, group, &key))
                continue;
            json_t *g = json_object_get(groups, group);
            if (!g)
                g = new_group(groups, group);
            json_object_set_new(json_object_get(g, "properties"), key, describe(row));
        }
    }
    return json_pack("{s:s,s:s,s:s,s:b,s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title", "Settings", "type",
                     "object", "additionalProperties", 0, "properties", groups);
}

static void print_values(const struct setting *row, FILE *to)
{
    switch (row->type) {
    case SETTING_BOOL:
        fputs("true, false", to);
        return;
    case SETTING_INT:
    case SETTING_REAL:
        fprintf(to, "%g .. %g", row->min, row->max);
        return;
    case SETTING_TEXT:
        fprintf(to, "text, at most %zu bytes", row->size - 1);
        return;
    case SETTING_CHOICE:
        for (const char *const *c = row->choices; *c; c++)
            fprintf(to, "%s`%s`", c == row->choices ? "" : ", ", *c);
        return;
    }
}

void settings_manual(const struct settings *s, FILE *to)
{
    fputs("# Settings\n\n"
          "Printed by `emsctl settings manual`; do not edit. Kept in `settings.json`, an object "
          "per group.\n"
          "Sealed: affects billing, changes only while the seal is open. Restart: takes effect "
          "when the\n"
          "program starts again.\n",
          to);
    char before[64] = "";
    for (size_t t = 0; t < s->tables; t++) {
        for (size_t i = 0; i < s->table[t]->count; i++) {
            const struct setting *row = &s->table[t]->rows[i];
            char group[64];
            const char *key;
            if (!settings_split(row->name, group, &key))
                continue;
            if (strcmp(group, before) != 0)
                fprintf(to,
                        "\n## %s\n\n| key | values | unit | initial | role | notes | meaning |\n"
                        "| --- | --- | --- | --- | --- | --- | --- |\n",
                        group);
            (void)snprintf(before, sizeof before, "%s", group);
            fprintf(to, "| `%s` | ", key);
            print_values(row, to);
            fprintf(to, " | %s | `%s` | %s | %s%s%s | %s |\n", row->unit ? row->unit : "",
                    row->initial, role_name(row->role), row->sealed ? "sealed" : "",
                    row->sealed && row->restart ? ", " : "", row->restart ? "restart" : "",
                    row->text);
        }
    }
}
