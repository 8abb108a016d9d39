/* The configuration, a line "====", then the bytes of the data. */
#include "fuzz.h"
#include "wire/comtrade.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n====\n";
    const uint8_t *end = memmem(data, size, mark, sizeof mark - 1);
    struct comtrade *c = malloc(sizeof *c);
    if (!c || !end || comtrade_config(c, (const char *)data, (size_t)(end - data) + 1, NULL)) {
        free(c);
        return 0;
    }
    struct comtrade_data d = {.config = c, .bytes = end + sizeof mark - 1};
    d.length = (size_t)(data + size - d.bytes);
    double value[COMTRADE_MAX_ANALOG];
    struct comtrade_row row;
    struct reason why = {0};
    for (uint32_t rows = 0;; rows++) {
        size_t before = d.at;
        enum err e = comtrade_next(&d, &row, value, &why);
        PROMISE(d.at <= d.length);
        if (e) {
            PROMISE(e == ERR_BUSY || (e == ERR_FORMAT && why.text[0]));
            break;
        }
        PROMISE(d.at > before && d.row == rows + 1);
        for (int i = 0; i < c->analogs; i++)
            PROMISE(!isinf(value[i]));
    }
    free(c);
    return 0;
}
