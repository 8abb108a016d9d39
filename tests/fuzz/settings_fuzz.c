/* Any bytes as settings.json: what is accepted fits the table, can be applied, and is accepted again as it is stored. */
#include "app/meter_settings.h"
#include "fuzz.h"
#include "settings/settings_internal.h"

#include <stdlib.h>
#include <string.h>

static void take(const struct settings *s, const json_t *content)
{
    struct draft draft, again;
    struct settings_faults faults;
    struct reason why = {0};
    PROMISE(draft_open(s, &draft, true, &why) == ERR_OK);
    if (draft_put(s, &draft, content, NULL, &faults, &why) != ERR_OK) {
        PROMISE(why.text[0] && faults.count > 0);
        draft_close(&draft);
        return;
    }
    json_t *stored = draft_values(s, &draft);
    PROMISE(draft_open(s, &again, true, &why) == ERR_OK);
    PROMISE(draft_put(s, &again, stored, NULL, &faults, &why) == ERR_OK);
    json_t *read = draft_values(s, &again);
    PROMISE(json_equal(stored, read));
    json_decref(read);
    json_decref(stored);
    draft_apply(s, &again);
    draft_close(&again);
    draft_close(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *content;
    struct reason why = {0};
    if (json_read((const char *)data, size, "settings.json", &content, &why) != ERR_OK) {
        PROMISE(why.text[0]);
        return 0;
    }
    struct settings *s;
    struct meter_settings *values = calloc(1, sizeof *values);
    struct meter_config *c = calloc(1, sizeof *c);
    PROMISE(values && c);
    struct setting_table table = meter_settings_table(values);
    PROMISE(settings_open(&s, "settings.json", &why) == ERR_OK);
    PROMISE(settings_add(s, &table, &why) == ERR_OK);
    take(s, content);
    c->loads = METER_MAX_LOADS;
    PROMISE(meter_settings_apply(values, c, &why) == ERR_OK);
    settings_close(s);
    json_decref(content);
    free(c);
    free(values);
    return 0;
}
