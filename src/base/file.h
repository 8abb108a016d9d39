/* file - whole files: read with a bound, replaced atomically; folders and lock files.
 *
 * A replaced file is either the old one or the new one after a power cut at any byte: written beside,
 * synced, renamed, its folder synced. Two writers of one path must hold a lock (file_lock).
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

/* Reads the whole file into *data (malloc'd, with a NUL after it; the caller frees).
 * ERR_UNKNOWN  there is no such file
 * ERR_FULL     it is longer than `most` bytes, or there is no memory
 * ERR_IO       the system refused */
enum err file_read(const char *path, size_t most, char **data, size_t *size,
                   struct reason *why) CHECKED;

/* Makes `path` hold exactly these bytes. Old content stays on any error. */
enum err file_replace(const char *path, const void *data, size_t size, mode_t mode,
                      struct reason *why) CHECKED;

/* Makes the folder and those above it, 0750. It is not an error that it exists. */
enum err file_make_folder(const char *path, struct reason *why) CHECKED;

/* Holds an exclusive lock on `path` (made where absent) until close(*fd) or the end of the process.
 * ERR_BUSY  another process holds it; `why` says which where it is known */
enum err file_lock(const char *path, int *fd, struct reason *why) CHECKED;

#endif
