/* Any bytes as a register block: decode must not read outside, and what it accepts must encode to the same bytes. */
#include "base/crc.h"
#include "store/register_slot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *slot, size_t size)
{
    struct meter_image *images = calloc(METER_MAX_LOADS, sizeof *images);
    uint64_t sequence;
    int64_t utc_us;
    int loads;
    struct reason why;
    if (images &&
        register_slot_decode(slot, size, &sequence, &utc_us, images, &loads, &why) == ERR_OK) {
        size_t room = register_slot_size(loads);
        uint8_t *again = malloc(room);
        if (again &&
            (register_slot_encode(again, room, sequence, utc_us, images, loads) != ERR_OK ||
             memcmp(again, slot, register_slot_length(slot)) != 0))
            abort();
        free(again);
    }
    free(images);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    /* The same with a right checksum, which a fuzzer would not find. */
    if (size < 40 || size > register_slot_size(METER_MAX_LOADS))
        return 0;
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    memcpy(copy, "EMSREGS", 8);
    uint32_t length = (uint32_t)size;
    for (int i = 0; i < 4; i++) {
        copy[12 + i] = (uint8_t)(length >> 8 * i);
        copy[16 + i] = 0;
    }
    uint32_t crc = crc32c_update(0, copy, size);
    for (int i = 0; i < 4; i++)
        copy[16 + i] = (uint8_t)(crc >> 8 * i);
    decode(copy, size);
    free(copy);
    return 0;
}
