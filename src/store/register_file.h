/* register_file - the registers of all loads on disk, so that a power cut costs at most one flush interval.
 *
 * A preallocated file of fixed size with two slots, each one block of store/register_slot.h. A write
 * overwrites the older slot in place with one pwrite and waits for fdatasync; the newer slot is not touched
 * before that, and no block of 4096 bytes holds parts of both. So whatever a power cut tears, the last
 * acknowledged registers are still there.
 *
 * What a write costs: the blocks in use, 8 kB with one load, 52 kB with eleven.
 *
 * A new file is made aside, with both slots written, synced and renamed: a file of this name always holds registers.
 * One that holds none is therefore damage and refused, never taken for new (only register_file_accept_loss puts it
 * aside). The file is locked against a second writer while it is open. Not for several threads at once.
 */
#ifndef STORE_REGISTER_FILE_H
#define STORE_REGISTER_FILE_H

#include "base/err.h"
#include "meter/meter.h"

#include <stdint.h>
#include <sys/types.h>

enum register_file_state {
    REGISTER_FILE_NEW,  /* there was none: registers start at zero */
    REGISTER_FILE_GOOD, /* both slots are whole */
    REGISTER_FILE_REPAIRED /* one slot is damaged (a write was cut, or the medium errs); the other one is
                            * used, the next write mends it. `why` of register_file_open says what was found */
};

/* What was read: the registers of the newer slot. */
struct register_content {
    enum register_file_state state;
    int64_t utc_us; /* when they were written; 0 in a new file */
    int loads;      /* 0 in a new file */
    struct meter_image images[METER_MAX_LOADS];
};

/* The system calls that can fail while registers are written; NULL in register_file_open means the real ones. */
struct register_io {
    ssize_t (*pwrite)(int fd, const void *bytes, size_t count, off_t offset);
    int (*fdatasync)(int fd);
};

struct register_file;

/* Opens `path`, or makes it where it does not exist. `content` may be large: keep it off small stacks.
 * ERR_FORMAT   both slots are damaged; the file is left as it is
 * ERR_UNKNOWN  a slot is in the layout of another version of the program; the file is left as it is
 * ERR_BUSY     another process has it open
 * ERR_FULL     no room for it, or no memory
 * ERR_IO       the system refused */
enum err register_file_open(struct register_file **f, const char *path,
                            const struct register_io *io, struct register_content *content,
                            struct reason *why) CHECKED;

/* Writes the registers of `loads` loads and returns when they are on the medium. After a failure the file still
 * holds what was acknowledged before (or already these), and the next write tries the same slot again.
 * ERR_RANGE  a register would fall below what the file holds, a load would be lost (fewer than in the file), or a value
 *            is impossible; `why` names it and nothing was written
 * ERR_IO     the system refused to write or to sync */
enum err register_file_write(struct register_file *f, int64_t utc_us,
                             const struct meter_image *images, int loads,
                             struct reason *why) CHECKED;

void register_file_close(struct register_file *f);

/* Puts a file that register_file_open refuses with ERR_FORMAT aside as "PATH.corrupt-N" (the first free N from 1) and
 * writes that name to `kept` (`size` bytes), so that the next open starts at zero. For a person who decided so;
 * the caller puts it into the audit trail.
 * ERR_DENIED   the file is not damaged: it holds registers
 * ERR_UNKNOWN  there is no such file, or it is another version's
 * ERR_FULL     99 files were put aside already, or the name is too long
 * ERR_IO       the system refused */
enum err register_file_accept_loss(const char *path, char *kept, size_t size,
                                   struct reason *why) CHECKED;

#endif
