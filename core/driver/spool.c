/* SPDX-License-Identifier: Apache-2.0 */
/* spool.c - see spool.h. */
#include "driver/spool.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_named(const char *folder)
{
    char path[4096];
    int fd;
    if ((size_t)snprintf(path, sizeof path, "%s/lagan-XXXXXX", folder) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int spool_open(struct error *e)
{
    const char *folder = secure_getenv("TMPDIR");
    int fd;
    if (!folder || folder[0] != '/')
        folder = "/var/tmp";
    fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        fd = open_named(folder);
    if (fd < 0)
        return error_errno(e, errno, "a temporary file in %s", folder);
    return fd;
}

int spool_write(int fd, uint64_t offset, const void *data, size_t size, struct error *e)
{
    const uint8_t *next = data;
    while (size > 0) {
        ssize_t written = pwrite(fd, next, size, (off_t)offset);
        if (written < 0 && errno != EINTR)
            return error_errno(e, errno, "a temporary file");
        if (written > 0) {
            next += written;
            offset += (uint64_t)written;
            size -= (size_t)written;
        }
    }
    return 0;
}

int spool_read(int fd, uint64_t offset, void *data, size_t size, struct error *e)
{
    size_t got = 0;
    if (file_read_at(fd, offset, data, size, &got, "a temporary file", e) != 0)
        return -1;
    if (got == size)
        return 0;
    return error_set(e, LAGAN_IO, ERROR_FAILED, "a temporary file: it ends too early");
}
