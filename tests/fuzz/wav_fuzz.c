#include "fuzz.h"
#include "wire/wav.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wav w;
    struct reason why = {0};
    if (wav_parse(&w, data, size, &why)) {
        PROMISE(why.text[0]);
        return 0;
    }
    double value[WAV_MAX_CHANNELS];
    for (size_t i = 0; i < w.frames; i++) {
        wav_decode(&w, data + w.data_at + i * wav_frame_size(&w), value);
        for (int k = 0; k < w.channels; k++)
            PROMISE(!isinf(value[k]));
    }
    return 0;
}
