/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - copies and new names of objects, and the clock that stamps them. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

uint32_t dir_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                  uint64_t flags)
{
    struct store *s = handle;
    struct stage stage;
    struct stat status;
    int fd = -1;
    uint32_t result = open_object(s, op, from, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, &status);
    if (result != LAGAN_OK)
        return result;
    result = file_begin(s, op, 0, &stage);
    if (result == LAGAN_OK)
        result = file_copy(&stage, op, fd, 0, (uint64_t)status.st_size);
    close(fd);
    if (result == LAGAN_OK)
        return file_commit(&stage, op, to, flags);
    file_discard(&stage);
    return result;
}

/* Where there is no rename that replaces nothing.  The new name lasts before the old one goes.
 * 0, or -1 with errno. */
static int link_and_unlink(int from_folder, const char *from, int to_folder, const char *to)
{
    int fd;
    int synced;
    if (linkat(from_folder, from, to_folder, to, 0) < 0)
        return -1;
    fd = openat(to_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    synced = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
    close(fd);
    return synced == 0 ? unlinkat(from_folder, from, 0) : -1;
}

static int move(int from_folder, const char *from, int to_folder, const char *to)
{
    if (renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    return link_and_unlink(from_folder, from, to_folder, to);
}

/* Both folders are open. */
static uint32_t move_between(struct store *s, struct lagan_op *op, int from_folder,
                             const struct location *from, int to_folder,
                             const struct location *to)
{
    uint32_t result;
    int number;
    if (move(from_folder, from->name, to_folder, to->name) == 0) {
        folder_set_touch(&s->set, from->folder);
        folder_set_touch(&s->set, to->folder);
        return LAGAN_OK;
    }
    number = errno;
    if (number == EEXIST || number == ENOTEMPTY)
        return lagan_fail(op, LAGAN_EXISTS, number, "the name is taken");
    result = fail_errno(op, number, "renaming the object");
    if (result == LAGAN_IO || result == LAGAN_TRANSIENT)
        op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return result;
}

static uint32_t rename_object(struct store *s, struct lagan_op *op, const char *from,
                              const char *to)
{
    struct location old = locate(from);
    struct location new = locate(to);
    int from_folder = -1;
    int to_folder = -1;
    uint32_t result = open_folder(s, op, old.folder, &from_folder);
    if (result == LAGAN_OK)
        result = open_folder(s, op, new.folder, &to_folder);
    if (result == LAGAN_OK)
        result = move_between(s, op, from_folder, &old, to_folder, &new);
    if (from_folder >= 0)
        close(from_folder);
    if (to_folder >= 0)
        close(to_folder);
    return result;
}

uint32_t dir_rename(void *handle, struct lagan_op *op, const char *from, const char *to,
                    uint64_t flags)
{
    struct store *s = handle;
    struct stat status;
    int fd = -1;
    uint32_t result = check_flags(op, flags, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    if (result == LAGAN_OK && s->read_only)
        result = lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    if (result == LAGAN_OK)
        result = open_object(s, op, from, O_PATH, &fd, &status);
    if (result != LAGAN_OK)
        return result;
    close(fd);
    result = rename_object(s, op, from, to);
    if (result == LAGAN_OK && (flags & LAGAN_PUT_DURABLE)) {
        result = folder_set_flush(&s->set, op, s->root);
        if (result != LAGAN_OK)
            op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    }
    return result;
}

/* A file that is touched gets the time of whoever keeps the files, which may be a server. */
uint32_t dir_clock(void *handle, struct lagan_op *op, int64_t *now_ns)
{
    struct store *s = handle;
    struct temporary touched;
    struct stat status;
    uint32_t result = check_cancelled(op);
    if (result == LAGAN_OK && s->read_only)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "opened for reading only");
    if (result == LAGAN_OK)
        result = temporary_create(s, op, &touched);
    if (result != LAGAN_OK)
        return result;
    if (futimens(touched.fd, NULL) < 0 || fstat(touched.fd, &status) < 0)
        result = fail_errno(op, errno, "the time of the file system");
    temporary_discard(s, &touched);
    if (result == LAGAN_OK)
        *now_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec;
    return result;
}
