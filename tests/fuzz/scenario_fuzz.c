#include "fuzz.h"
#include "wire/scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *s = malloc(sizeof *s);
    struct reason why = {0};
    if (!s)
        return 0;
    enum err e = scenario_parse(s, "fuzz.scn", (const char *)data, size, &why);
    PROMISE((e == ERR_OK) == (why.text[0] == '\0'));
    if (e)
        PROMISE(strncmp(why.text, "fuzz.scn:", 9) == 0);
    for (int i = 0; !e && i < s->parts; i++) {
        const struct scenario_part *p = &s->part[i];
        PROMISE(p->load >= 0 && p->load < s->loads);
        PROMISE(isfinite(p->power_w) && isfinite(p->current_a) && isfinite(p->angle_rad));
        PROMISE(p->phases || p->from != p->to);
    }
    free(s);
    return 0;
}
