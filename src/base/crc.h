/* crc - checksums against accidents (not against people). Pure. */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli), as in iSCSI and ext4 (RFC 3720, appendix B.4): reflected, polynomial 1EDC6F41h, start
 * and end inverted. `crc` is 0, or what an earlier call returned for the bytes before these. */
uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t length);

#endif
