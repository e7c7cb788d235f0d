/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c - removes the workplaces of writers that are no more: their locks can be had. */
#include "tgt_dir/tgt_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Opens a stream over the folder `name` in `above`; its descriptor belongs to the stream. */
static DIR *open_stream(int above, const char *name)
{
    int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (!stream && fd >= 0)
        close(fd);
    return stream;
}

/* Unlinks all files but the lock, which goes last: while it is there, nobody else sweeps. */
static void empty_workplace(DIR *stream, uint64_t *removed)
{
    struct dirent *entry;
    while ((entry = readdir(stream)) != NULL)
        if (!is_dot(entry->d_name) && strcmp(entry->d_name, "lock") != 0)
            *removed += unlinkat(dirfd(stream), entry->d_name, 0) == 0;
    unlinkat(dirfd(stream), "lock", 0);
}

static void sweep_workplace(int above, const char *name, uint64_t *removed)
{
    DIR *stream = open_stream(above, name);
    int lock_file;
    if (!stream)
        return;
    lock_file = openat(dirfd(stream), "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (lock_file >= 0 && flock(lock_file, LOCK_EX | LOCK_NB) == 0)
        empty_workplace(stream, removed);
    closedir(stream);
    /* Succeeds for an empty folder only: one that was emptied, or never got its lock. */
    unlinkat(above, name, AT_REMOVEDIR);
    if (lock_file >= 0)
        close(lock_file);
}

uint32_t dir_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns, uint64_t *removed)
{
    struct store *s = handle;
    struct dirent *entry;
    uint32_t result = LAGAN_OK;
    DIR *stream;
    (void)older_than_ns; /* locks tell the dead from the living; age would guess */
    *removed = 0;
    if (s->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    stream = open_stream(s->root, TEMPORARY_FOLDER);
    if (!stream)
        return errno == ENOENT ? (uint32_t)LAGAN_OK
                               : fail_errno(op, errno, "the folder for temporary files");
    while (result == LAGAN_OK && (entry = readdir(stream)) != NULL) {
        result = check_cancelled(op);
        if (result == LAGAN_OK && !is_dot(entry->d_name) &&
            strcmp(entry->d_name, s->workplace.name) != 0)
            sweep_workplace(dirfd(stream), entry->d_name, removed);
    }
    closedir(stream);
    return result;
}
