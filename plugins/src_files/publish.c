/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.c - linkat and renameat2, and what is in their way.
 */
#include "src_files/publish.h"

#include "src_files/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others may put something in our way again and again. */
enum { ATTEMPTS = 8 };

void publish_temporary_name(char name[TEMPORARY_NAME_BYTES])
{
    uint64_t number;
    lagan_random(&number, sizeof number);
    snprintf(name, TEMPORARY_NAME_BYTES, ".lagan-%016llx", (unsigned long long)number);
}

/* Without RENAME_NOREPLACE: the link fails when the name is taken. */
static int rename_by_link(int directory, const char *temporary, const char *name)
{
    if (linkat(directory, temporary, directory, name, 0) != 0)
        return errno;
    unlinkat(directory, temporary, 0);
    return 0;
}

static int rename_to_free_name(int directory, const char *temporary, const char *name)
{
    if (renameat2(directory, temporary, directory, name, RENAME_NOREPLACE) == 0)
        return 0;
    return errno == EINVAL || errno == ENOSYS ? rename_by_link(directory, temporary, name)
                                              : errno;
}

int publish_rename(int directory, const char *temporary, const char *name, bool replace)
{
    if (!replace)
        return rename_to_free_name(directory, temporary, name);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (renameat(directory, temporary, directory, name) == 0)
            return 0;
        if (errno != EISDIR)
            return errno;
        if (unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != ENOTDIR)
            return errno;
    }
    return EEXIST;
}

static int name_nameless(int fd, int directory, const char *name)
{
    char path[32];
    if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0)
        return 0;
    /* Older kernels say ENOENT to those who are not root. */
    if (errno != ENOENT && errno != EINVAL)
        return errno;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* `temporary` takes the place of `name`. */
static int take_place(int directory, const char *temporary, const char *name)
{
    int error = publish_rename(directory, temporary, name, true);
    /* Also when renamed: of two names of one file neither goes. */
    unlinkat(directory, temporary, 0);
    return error;
}

int publish_nameless(int fd, int directory, const char *name, bool replace)
{
    char temporary[TEMPORARY_NAME_BYTES];
    int error = name_nameless(fd, directory, name);
    if (error != EEXIST || !replace)
        return error;
    publish_temporary_name(temporary);
    error = name_nameless(fd, directory, temporary);
    return error ? error : take_place(directory, temporary, name);
}

static bool same_file(int directory, const char *name, int other_directory, const char *other)
{
    struct stat a, b;
    return fstatat(directory, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(other_directory, other, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int publish_link(int old_directory, const char *old_name, int directory, const char *name,
                 bool replace)
{
    char temporary[TEMPORARY_NAME_BYTES];
    if (linkat(old_directory, old_name, directory, name, 0) == 0)
        return 0;
    if (errno != EEXIST || !replace)
        return errno;
    if (same_file(old_directory, old_name, directory, name))
        return 0;
    publish_temporary_name(temporary);
    if (linkat(old_directory, old_name, directory, temporary, 0) != 0)
        return errno;
    return take_place(directory, temporary, name);
}

uint32_t publish_report(struct lagan_op *op, int error)
{
    if (error == ENOTEMPTY)
        return lagan_fail(op, LAGAN_EXISTS, error,
                          "a directory that is not empty is in the way");
    if (error == EEXIST)
        return lagan_fail(op, LAGAN_EXISTS, error, "something with this name is there already");
    return failure_report(op, error, "cannot give it its name");
}

int publish_sync(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = fsync(fd) != 0 ? errno : 0;
    close(fd);
    return error;
}
