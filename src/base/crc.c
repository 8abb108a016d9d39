#include "base/crc.h"

/* The checksum is linear, so the entry of a byte is the exclusive-or of those of its bits: bit 7 has the
 * reflected polynomial itself, each bit below it one more step of the shift register. */
#define BIT(i, bit, entry) (((i) >> (bit)&1) ? UINT32_C(entry) : 0)
#define CRC32C(i)                                                            \
    (BIT(i, 7, 0x82F63B78) ^ BIT(i, 6, 0x417B1DBC) ^ BIT(i, 5, 0x20BD8EDE) ^ \
     BIT(i, 4, 0x105EC76F) ^ BIT(i, 3, 0x8AD958CF) ^ BIT(i, 2, 0xC79A971F) ^ \
     BIT(i, 1, 0xE13B70F7) ^ BIT(i, 0, 0xF26B8303))
#define ROW4(i) CRC32C(i), CRC32C((i) + 1), CRC32C((i) + 2), CRC32C((i) + 3)
#define ROW16(i) ROW4(i), ROW4((i) + 4), ROW4((i) + 8), ROW4((i) + 12)
#define ROW64(i) ROW16(i), ROW16((i) + 16), ROW16((i) + 32), ROW16((i) + 48)

static const uint32_t crc32c_of[256] = {ROW64(0), ROW64(64), ROW64(128), ROW64(192)};

uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    crc = ~crc;
    while (length-- > 0)
        crc = crc >> 8 ^ crc32c_of[(crc ^ *p++) & 0xFF];
    return ~crc;
}
