/* register_slot - the trusted registers of all loads as one self-contained, checksummed block of bytes.
 *
 * The same block is half of the register file (store/register_file.h) and of the window's register pair.
 * Layout 1, all little-endian, whatever the machine:
 *
 *     0   8  magic "EMSREGS" and a zero
 *     8   4  layout version
 *    12   4  length of the block, header included
 *    16   4  CRC-32C of the whole block with these four bytes as zero
 *    20   4  loads, 0 .. METER_MAX_LOADS
 *    24   8  sequence number, 1 .. INT64_MAX: the higher of two blocks is the newer
 *    32   8  UTC microseconds
 *    40      for each load the fields of struct meter_image, in the order of the table in register_slot.c
 *
 * Integers are 64 bits in two's complement, reals are IEEE 754 binary64; a counter is its integer and its rest.
 * Pure functions on bounded buffers; register_slot_decode takes any bytes from anyone.
 */
#ifndef STORE_REGISTER_SLOT_H
#define STORE_REGISTER_SLOT_H

#include "base/err.h"
#include "meter/meter.h"

#include <stddef.h>
#include <stdint.h>

#define REGISTER_SLOT_VERSION 1

/* Bytes of the largest block with `loads` loads, 0 .. METER_MAX_LOADS. A block is shorter where fewer than
 * 60 minutes of demand are held: with periods of 15 minutes one load fits in 4 kB, one page of flash. */
size_t register_slot_size(int loads);

/* Bytes of a block that register_slot_encode has written or register_slot_decode has accepted. */
size_t register_slot_length(const uint8_t *slot);

/* ERR_RANGE  loads, sequence or utc_us (>= 0) is outside its range, or an image holds what decode would refuse
 * ERR_FULL   size is below register_slot_size(loads) */
enum err register_slot_encode(uint8_t *slot, size_t size, uint64_t sequence, int64_t utc_us,
                              const struct meter_image *images, int loads) CHECKED;

/* Reads a block; bytes after it are ignored. `images` has room for METER_MAX_LOADS; on ERR_OK the first *loads
 * are written, else nothing is.
 * ERR_FORMAT   no block, one whose checksum is wrong, or one that holds what no meter writes
 * ERR_UNKNOWN  a whole block (checksum right) of another layout version: not damage, another program's */
enum err register_slot_decode(const uint8_t *slot, size_t size, uint64_t *sequence, int64_t *utc_us,
                              struct meter_image *images, int *loads, struct reason *why) CHECKED;

/* Checks that no register that must not fall is lower in `after` than in `before`. Partial counters may: they
 * can be reset. ERR_RANGE  one is; `why` names it. */
enum err register_image_follows(const struct meter_image *before, const struct meter_image *after,
                                struct reason *why) CHECKED;

#endif
