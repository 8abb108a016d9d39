#include "fuzz.h"
#include "wire/comtrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct comtrade_sections s;
    struct reason why = {0};
    if (comtrade_cff(&s, data, size, &why)) {
        PROMISE(why.text[0]);
        return 0;
    }
    const uint8_t *config = (const uint8_t *)s.config, *end = data + size;
    PROMISE(config >= data && config + s.config_length <= end);
    PROMISE(s.data >= data && s.data + s.data_length <= end);
    PROMISE(config + s.config_length <= s.data || s.data + s.data_length <= config);
    return 0;
}
