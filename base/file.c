/*
 * file.c - writing a file so that nobody ever sees half of it
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes = str_sub(bytes, (size_t)n, bytes.n);
    }
    return 0;
}

/* Gives a temporary file the access rights of the old file, or those a new one would have got. */
static int set_rights(int fd, const char *path, mode_t mode)
{
    mode_t mask = umask(0);
    struct stat old;

    umask(mask);
    mode = stat(path, &old) == 0 ? old.st_mode & 07777 : mode & ~mask;
    return fchmod(fd, mode) ? -errno : 0;
}

static int write_file(const char *path, const char *temporary, int fd, struct str bytes,
                      mode_t mode)
{
    int rc = set_rights(fd, path, mode);

    if (!rc)
        rc = write_all(fd, bytes);
    if (close(fd) && !rc)
        rc = -errno;
    if (!rc && rename(temporary, path))
        rc = -errno;
    if (rc)
        unlink(temporary);
    return rc;
}

int file_replace(const char *path, struct str bytes, unsigned mode)
{
    struct buf temporary = { 0 };
    int fd, rc;

    buf_printf(&temporary, "%s.XXXXXX", path);
    fd = mkostemp(temporary.p, O_CLOEXEC);
    rc = fd < 0 ? -errno : write_file(path, temporary.p, fd, bytes, mode);
    buf_free(&temporary);
    return rc;
}
