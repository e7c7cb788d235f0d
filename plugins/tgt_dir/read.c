/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - reading, examining and removing objects. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A way that leads through a file, or that is missing, has no object at its end. */
static uint32_t fail_open(struct lagan_op *op, int number)
{
    if (number == ENOENT || number == ENOTDIR)
        return lagan_fail(op, LAGAN_NOT_FOUND, number, "there is no such object");
    if (number == ELOOP)
        return lagan_fail(op, LAGAN_DENIED, number, "a symbolic link stands in the way");
    return fail_errno(op, number, "opening the object");
}

uint32_t open_object(struct store *s, struct lagan_op *op, const char *key, int flags, int *fd,
                     struct stat *status)
{
    uint32_t result = check_cancelled(op);
    int opened;
    if (result != LAGAN_OK)
        return result;
    opened = open_beneath(s->root, key, flags);
    if (opened < 0)
        return fail_open(op, errno);
    if (fstat(opened, status) < 0)
        result = fail_errno(op, errno, "examining the object");
    else if (S_ISDIR(status->st_mode))
        result = fail_open(op, ENOENT);
    else if (!S_ISREG(status->st_mode))
        result = lagan_fail(op, LAGAN_IO, 0, "what has this name is not a regular file");
    if (result != LAGAN_OK) {
        close(opened);
        return result;
    }
    *fd = opened;
    return LAGAN_OK;
}

/* One piece from `offset` to the sink; `*moved` tells its size. */
static uint32_t move_piece(int fd, struct lagan_op *op, uint64_t offset, uint64_t left,
                           const struct lagan_sink *sink, size_t *moved)
{
    size_t size = 0;
    void *room = sink->room(sink->context, &size);
    ssize_t got;
    if (!room)
        return lagan_fail(op, LAGAN_INVALID, 0, "the reader takes no more");
    if (size > STEP_BYTES)
        size = STEP_BYTES;
    if (size > left)
        size = (size_t)left;
    do
        got = pread(fd, room, size, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail_errno(op, errno, "reading the object");
    if (got == 0)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the object became shorter while being read");
    *moved = (size_t)got;
    return sink->filled(sink->context, (size_t)got);
}

static uint32_t move_range(int fd, struct lagan_op *op, uint64_t offset, uint64_t length,
                           const struct lagan_sink *sink)
{
    uint32_t result = LAGAN_OK;
    if (length > STEP_BYTES)
        posix_fadvise(fd, (off_t)offset, (off_t)length, POSIX_FADV_SEQUENTIAL);
    while (result == LAGAN_OK && length > 0) {
        size_t moved = 0;
        result = check_cancelled(op);
        if (result == LAGAN_OK)
            result = move_piece(fd, op, offset, length, sink, &moved);
        offset += moved;
        length -= moved;
    }
    return result;
}

uint32_t dir_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                 uint64_t length, const struct lagan_sink *sink)
{
    struct stat status;
    int fd = -1;
    uint64_t bytes;
    uint32_t result =
        open_object(handle, op, key, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, &status);
    if (result != LAGAN_OK)
        return result;
    bytes = (uint64_t)status.st_size;
    if (length == LAGAN_TO_THE_END && offset <= bytes)
        length = bytes - offset;
    if (offset > bytes || length > bytes - offset)
        result = lagan_fail(op, LAGAN_INVALID, 0,
                            "the range reaches beyond the end of the object (%llu bytes)",
                            (unsigned long long)bytes);
    else
        result = move_range(fd, op, offset, length, sink);
    close(fd);
    return result;
}

uint32_t dir_stat(void *handle, struct lagan_op *op, const char *key,
                  struct lagan_object *object)
{
    struct stat status;
    int fd = -1;
    uint32_t result = open_object(handle, op, key, O_PATH, &fd, &status);
    if (result != LAGAN_OK)
        return result;
    close(fd);
    object->bytes = (uint64_t)status.st_size;
    object->modified_ns =
        (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec;
    return LAGAN_OK;
}

/* True when there is a file of that name; a folder is not the object. */
static bool is_file(int folder, const char *name)
{
    struct stat status;
    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(status.st_mode);
}

static uint32_t unlink_object(struct store *s, struct lagan_op *op, int folder,
                              const struct location *location)
{
    uint32_t result = folder_set_know(&s->set, op, location->folder);
    if (result != LAGAN_OK || !is_file(folder, location->name))
        return result;
    if (unlinkat(folder, location->name, 0) == 0)
        folder_set_touch(&s->set, location->folder);
    else if (errno != ENOENT)
        result = fail_errno(op, errno, "removing the object");
    return result;
}

uint32_t dir_remove(void *handle, struct lagan_op *op, const char *key)
{
    struct store *s = handle;
    struct location location = locate(key);
    uint32_t result = check_cancelled(op);
    int folder;
    if (result != LAGAN_OK)
        return result;
    if (s->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    folder = open_beneath(s->root, location.folder, O_PATH | O_DIRECTORY);
    if (folder < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? (uint32_t)LAGAN_OK
                   : fail_errno(op, errno, "the object's folder");
    result = unlink_object(s, op, folder, &location);
    close(folder);
    return result;
}
