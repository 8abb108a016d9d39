#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err system_error(struct reason *why, const char *path, const char *what)
{
    int e = errno;
    return reason(why, e == ENOENT ? ERR_UNKNOWN : ERR_IO, "%s: %s: %s", path, what, strerror(e));
}

enum err file_read(const char *path, size_t most, char **data, size_t *size, struct reason *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return system_error(why, path, "open");
    enum err e = ERR_OK;
    char *bytes = NULL;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        e = system_error(why, path, "stat");
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        e = reason(why, ERR_IO, "%s: not a regular file", path);
        goto done;
    }
    if ((uint64_t)st.st_size > most) {
        e = reason(why, ERR_FULL, "%s: %lld bytes, at most %zu are read", path,
                   (long long)st.st_size, most);
        goto done;
    }
    size_t want = (size_t)st.st_size, got = 0;
    bytes = malloc(want + 1);
    if (!bytes) {
        e = reason(why, ERR_FULL, "%s: no memory for %zu bytes", path, want);
        goto done;
    }
    while (got < want) {
        ssize_t n = read(fd, bytes + got, want - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            e = system_error(why, path, "read");
            goto done;
        }
        if (n == 0)
            break; /* it became shorter while we read: what is there is what it holds */
        got += (size_t)n;
    }
    bytes[got] = '\0';
    *data = bytes;
    *size = got;
    bytes = NULL;
done:
    free(bytes);
    close(fd);
    return e;
}

static enum err sync_folder_of(const char *path, struct reason *why)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        (void)snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_error(why, folder, "open");
    /* Some file systems cannot sync a folder and say EINVAL: then there is nothing to wait for. */
    enum err e = fsync(fd) == 0 || errno == EINVAL ? ERR_OK : system_error(why, folder, "fsync");
    close(fd);
    return e;
}

static enum err write_all(int fd, const char *path, const void *data, size_t size,
                          struct reason *why)
{
    const char *p = data;
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_error(why, path, "write");
        p += n;
        size -= (size_t)n;
    }
    return fsync(fd) == 0 ? ERR_OK : system_error(why, path, "fsync");
}

enum err file_replace(const char *path, const void *data, size_t size, mode_t mode,
                      struct reason *why)
{
    char beside[PATH_MAX];
    int n = snprintf(beside, sizeof beside, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof beside)
        return reason(why, ERR_RANGE, "%.80s...: the path is too long", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return system_error(why, beside, "create");
    enum err e = write_all(fd, beside, data, size, why);
    if (close(fd) != 0 && e == ERR_OK)
        e = system_error(why, beside, "close");
    if (e == ERR_OK && rename(beside, path) != 0)
        e = system_error(why, path, "rename");
    if (e != ERR_OK) {
        (void)unlink(beside);
        return e;
    }
    return sync_folder_of(path, why);
}

enum err file_make_folder(const char *path, struct reason *why)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part)
        return reason(why, ERR_RANGE, "a folder's path has 1 to %zu bytes", sizeof part - 1);
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return system_error(why, part, "make folder");
        part[i] = kept;
    }
    struct stat st;
    if (stat(path, &st) != 0)
        return system_error(why, path, "stat");
    return S_ISDIR(st.st_mode) ? ERR_OK : reason(why, ERR_IO, "%s: not a folder", path);
}

enum err file_lock(const char *path, int *fd, struct reason *why)
{
    int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (f < 0)
        return system_error(why, path, "open");
    if (flock(f, LOCK_EX | LOCK_NB) != 0) {
        char owner[24] = "";
        ssize_t n = errno == EWOULDBLOCK ? pread(f, owner, sizeof owner - 1, 0) : -1;
        enum err e = n < 0 ? system_error(why, path, "lock")
                           : reason(why, ERR_BUSY, "%s: held by process %.*s", path,
                                    (int)strcspn(owner, "\n"), owner);
        close(f);
        return e;
    }
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(f, 0) != 0 || pwrite(f, text, (size_t)n, 0) != n) {
        enum err e = system_error(why, path, "write");
        close(f);
        return e;
    }
    *fd = f;
    return ERR_OK;
}
