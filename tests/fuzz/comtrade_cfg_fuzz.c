#include "fuzz.h"
#include "wire/comtrade.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct comtrade *c = malloc(sizeof *c);
    struct reason why = {0};
    if (!c)
        return 0;
    enum err e = comtrade_config(c, (const char *)data, size, &why);
    PROMISE((e == ERR_OK) == (why.text[0] == '\0'));
    if (!e) {
        PROMISE(c->analogs >= 1 && c->analogs <= COMTRADE_MAX_ANALOG);
        PROMISE(c->by_stamps ? c->rates == 0 : c->rates >= 1 && c->rates <= COMTRADE_MAX_RATES);
        for (int i = 0; i < c->rates; i++)
            PROMISE(c->rate[i].hz > 0 && (i == 0 || c->rate[i].last > c->rate[i - 1].last));
        PROMISE(strnlen(c->analog[0].name, COMTRADE_NAME) < COMTRADE_NAME);
    }
    free(c);
    return 0;
}
