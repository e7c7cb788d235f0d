/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - reading and durably writing the core's own files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

void file_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

void file_free_text(char **text)
{
    free(*text);
    *text = NULL;
}

/* O_NONBLOCK: a FIFO in the place of a file must not hang us before it is refused. */
static int open_regular(const char *path, struct error *e)
{
    int fd CLEANUP_FD = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_errno(e, errno, "cannot read %s", path);
    if (!S_ISREG(found.st_mode))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED,
                         "cannot read %s: it is not a regular file", path);
    int result = fd;
    fd = -1;
    return result;
}

/* One more byte than allowed is asked for, so that a file too long shows. */
static int read_limited(int fd, const char *path, size_t limit, struct buffer *out,
                        struct error *e)
{
    size_t start = out->size;

    for (;;) {
        size_t used = out->size - start;
        size_t want = limit - used < READ_BYTES ? limit - used + 1 : READ_BYTES;
        uint8_t *to = buffer_reserve(out, want);
        if (to == NULL)
            return error_no_memory(e, path);
        ssize_t got = read(fd, to, want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(e, errno, "cannot read %s", path);
        if (got == 0)
            return 0;
        if ((size_t)got > limit - used)
            return error_set(e, LAGAN_LIMIT, ERROR_FAILED,
                             "cannot read %s: it is longer than %zu bytes", path, limit);
        out->size += (size_t)got;
    }
}

int file_read(const char *path, size_t limit, struct buffer *out, struct error *e)
{
    int fd CLEANUP_FD = open_regular(path, e);
    size_t start = out->size;

    if (fd < 0)
        return -1;
    if (read_limited(fd, path, limit, out, e) != 0) {
        out->size = start;
        return -1;
    }
    return 0;
}

int file_write_all(int fd, const void *data, size_t size, const char *path, struct error *e)
{
    const uint8_t *next = data;

    while (size > 0) {
        ssize_t done = write(fd, next, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_errno(e, errno, "cannot write %s", path);
        next += done;
        size -= (size_t)done;
    }
    return 0;
}

int file_read_at(int fd, uint64_t offset, void *data, size_t size, size_t *got,
                 const char *path, struct error *e)
{
    uint8_t *to = data;
    size_t sum = 0;

    while (sum < size) {
        ssize_t done = pread(fd, to + sum, size - sum, (off_t)(offset + sum));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_errno(e, errno, "cannot read %s at %llu", path,
                               (unsigned long long)(offset + sum));
        if (done == 0)
            break;
        sum += (size_t)done;
    }
    *got = sum;
    return 0;
}

/* The folder that holds `path`; NULL when memory ran out. */
static char *parent_of(const char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length > 0 ? strndup(path, length) : strdup(".");
}

int file_sync_parent(const char *path, struct error *e)
{
    char *parent CLEANUP_TEXT = parent_of(path);
    int fd CLEANUP_FD = -1;

    if (parent == NULL)
        return error_no_memory(e, path);
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return error_errno(e, errno, "cannot make %s durable", parent);
    return 0;
}

static int fill_temporary(int fd, const char *path, const void *data, size_t size, mode_t mode,
                          struct error *e)
{
    if (fchmod(fd, mode) != 0)
        return error_errno(e, errno, "cannot set the mode of %s", path);
    if (file_write_all(fd, data, size, path, e) != 0)
        return -1;
    if (fsync(fd) != 0)
        return error_errno(e, errno, "cannot make %s durable", path);
    return 0;
}

int file_write_atomic(const char *path, const void *data, size_t size, mode_t mode,
                      struct error *e)
{
    char *temporary CLEANUP_TEXT = NULL;
    int fd CLEANUP_FD = -1;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        temporary = NULL;
        return error_no_memory(e, path);
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "cannot write %s", path);
    if (fill_temporary(fd, path, data, size, mode, e) != 0)
        goto fail;
    if (rename(temporary, path) != 0) {
        error_errno(e, errno, "cannot replace %s", path);
        goto fail;
    }
    if (file_sync_parent(path, e) != 0) {
        e->outcome = LAGAN_OUTCOME_UNKNOWN;
        return -1;
    }
    return 0;

fail:
    unlink(temporary);
    return -1;
}

/* A file on its way: `named` is true where it stands under the temporary name `name`, else it
 * has none, and `name` is the way through /proc. */
struct new_file {
    int fd;
    bool named;
    char *name;
};

static void new_file_drop(struct new_file *f)
{
    if (f->named)
        unlink(f->name);
    file_close(&f->fd);
    free(f->name);
}

static int new_file_nameless(struct new_file *f, const char *path)
{
    char *parent CLEANUP_TEXT = parent_of(path);

    f->fd = parent != NULL ? open(parent, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (f->fd < 0)
        return -1;
    if (asprintf(&f->name, "/proc/self/fd/%d", f->fd) < 0)
        f->name = NULL;
    if (f->name != NULL && access(f->name, F_OK) == 0)
        return 0;
    file_close(&f->fd);
    free(f->name);
    return -1;
}

static int new_file_open(struct new_file *f, const char *path, struct error *e)
{
    *f = (struct new_file){.fd = -1};
    if (new_file_nameless(f, path) == 0)
        return 0;
    if (asprintf(&f->name, "%s.XXXXXX", path) < 0) {
        f->name = NULL;
        return error_no_memory(e, path);
    }
    f->fd = mkostemp(f->name, O_CLOEXEC);
    f->named = f->fd >= 0;
    if (f->named)
        return 0;
    error_errno(e, errno, "cannot write %s", path);
    free(f->name);
    return -1;
}

static int new_file_publish(struct new_file *f, const char *path, struct error *e)
{
    int done = f->named ? renameat2(AT_FDCWD, f->name, AT_FDCWD, path, RENAME_NOREPLACE)
                        : linkat(AT_FDCWD, f->name, AT_FDCWD, path, AT_SYMLINK_FOLLOW);

    if (done != 0)
        return error_errno(e, errno, "cannot write %s", path);
    f->named = false;
    return 0;
}

int file_write_new(const char *path, const void *data, size_t size, mode_t mode,
                   int (*check)(const char *readable, struct error *e), struct error *e)
{
    struct new_file f;

    if (new_file_open(&f, path, e) != 0)
        return -1;
    int result = fill_temporary(f.fd, path, data, size, mode, e);
    if (result == 0 && check != NULL)
        result = check(f.name, e);
    if (result == 0)
        result = new_file_publish(&f, path, e);
    new_file_drop(&f);
    if (result != 0)
        return -1;
    if (file_sync_parent(path, e) != 0) {
        e->outcome = LAGAN_OUTCOME_UNKNOWN;
        return -1;
    }
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int make_directory(const char *path, mode_t mode, struct error *e)
{
    if (is_directory(path))
        return 0;
    if (mkdir(path, mode) == 0)
        return file_sync_parent(path, e);
    int number = errno;
    if (number == EEXIST && is_directory(path))
        return 0;
    return error_errno(e, number, "cannot make the directory %s", path);
}

int file_make_directories(const char *path, mode_t mode, struct error *e)
{
    char *part CLEANUP_TEXT = strdup(path);

    if (part == NULL)
        return error_no_memory(e, path);
    for (char *at = part; *at != '\0'; at++) {
        if (*at != '/' || at == part)
            continue;
        *at = '\0';
        if (make_directory(part, mode, e) != 0)
            return -1;
        *at = '/';
    }
    return make_directory(part, mode, e);
}
