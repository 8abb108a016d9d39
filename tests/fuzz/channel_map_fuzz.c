/* Lines "name;phase;unit;component", one a channel; a line that starts with "=" is the map by hand. */
#include "devices/channel_map.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static const char *part(char **rest)
{
    char *from = *rest ? strsep(rest, ";") : NULL;
    return from ? from : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *rest = text, *line;
    struct channel channels[MOST];
    const char *hand = NULL;
    int count = 0;
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    while ((line = strsep(&rest, "\n"))) {
        if (line[0] == '=') {
            hand = line + 1;
        } else if (count < MOST) {
            struct channel *c = &channels[count++];
            c->name = part(&line);
            c->phase = part(&line);
            c->unit = part(&line);
            c->component = part(&line);
            c->empty = false;
        }
    }
    struct channel_map m;
    struct reason why = {0};
    if (channel_map_make(&m, channels, count, hand, NULL, &why)) {
        PROMISE(why.text[0]);
    } else {
        PROMISE(m.loads >= 1 && m.loads <= CHANNEL_MAP_LOADS);
        PROMISE(strnlen(m.text, sizeof m.text) < sizeof m.text);
        for (int lane = 0; lane < CHANNEL_MAP_LANES; lane++) {
            PROMISE(m.lane[lane].channel >= -1 && m.lane[lane].channel < count);
            PROMISE(m.lane[lane].channel < 0 ||
                    (isfinite(m.lane[lane].factor) && m.lane[lane].factor != 0));
        }
    }
    free(text);
    return 0;
}
