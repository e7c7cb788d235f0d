/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - finds or makes the directory that is the target. */
#include "tgt_dir/tgt_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* The file systems on which a file that was synced while it had no name keeps its bytes once it
 * has got one.  Not btrfs: it skips nameless files in its log, so that after a power loss the
 * name can be there and the bytes not. */
static bool keeps_unnamed_files(int root)
{
    struct statfs status;
    if (fstatfs(root, &status) < 0)
        return false;
    return status.f_type == EXT4_SUPER_MAGIC || status.f_type == XFS_SUPER_MAGIC ||
           status.f_type == TMPFS_MAGIC;
}

static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int result = fd >= 0 ? fsync(fd) : -1;
    if (fd >= 0)
        close(fd);
    free(parent);
    return result < 0 && errno == EINVAL ? 0 : result;
}

/* Makes `path` and what is missing above it, durable name by name. */
static int make_directories(const char *path)
{
    char *part = strdup(path);
    char *end = part;
    int result = part ? 0 : -1;
    while (result == 0 && *end) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char saved = *end;
        *end = '\0';
        if (mkdir(part, FOLDER_MODE) == 0)
            result = sync_parent(part);
        else if (errno != EEXIST)
            result = -1;
        *end = saved;
    }
    free(part);
    return result;
}

static uint32_t open_root(struct lagan_op *op, const char *path, bool make, int *root)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        if (make_directories(path) < 0)
            return fail_errno(op, errno, path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0 && errno == ENOENT)
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT,
                          "%s does not exist; it may be on a file system that is not mounted",
                          path);
    if (fd < 0 && errno == ENOTDIR)
        return lagan_fail(op, LAGAN_INVALID, ENOTDIR, "%s is not a directory", path);
    if (fd < 0)
        return fail_errno(op, errno, path);
    *root = fd;
    return LAGAN_OK;
}

/* True when the directory holds the marker, or anything that could be an object or its folder
 * (a store that was copied here by other means). */
static bool looks_used(int root)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    bool used = false;
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (!used && (entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        used = strcmp(name, MARKER_NAME) == 0 ||
               (name[strspn(name, allowed)] == '\0' && name[strspn(name, ".")] != '\0');
    }
    closedir(stream);
    return used;
}

static uint32_t prepare(struct store *s, struct lagan_op *op, const char *path, bool make)
{
    struct stat status;
    if (fstatat(s->root, MARKER_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return LAGAN_OK;
    if (make)
        return write_marker(s, op);
    if (looks_used(s->root))
        return LAGAN_OK;
    return lagan_fail(
        op, LAGAN_NOT_FOUND, 0,
        "%s is empty and was never made a target; its file system may not be mounted", path);
}

uint32_t place_open(struct lagan_op *op, const char *path, uint64_t flags, bool named,
                    struct store **store)
{
    bool read_only = (flags & LAGAN_OPEN_READ_ONLY) != 0;
    bool make = (flags & LAGAN_OPEN_INITIALISE) && !read_only;
    struct store *s = calloc(1, sizeof *s);
    uint32_t result;
    if (!s)
        return fail_errno(op, ENOMEM, "a directory");
    result = open_root(op, path, make, &s->root);
    if (result != LAGAN_OK) {
        free(s);
        return result;
    }
    s->read_only = read_only;
    atomic_init(&s->unnamed, !named && keeps_unnamed_files(s->root));
    folder_set_init(&s->set);
    workplace_init(&s->workplace);
    result = prepare(s, op, path, make);
    if (result != LAGAN_OK) {
        place_close(s);
        return result;
    }
    *store = s;
    return LAGAN_OK;
}

void place_close(struct store *s)
{
    workplace_leave(s);
    folder_set_destroy(&s->set);
    close(s->root);
    free(s);
}
