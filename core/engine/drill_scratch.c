/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill_scratch.c - scratch folders of drills.
 *
 * A folder belongs to the process that holds a lock on it; locks end with processes, so that a
 * folder without one was left behind.
 */
#include "engine/drill_private.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "lagan-drill-"
enum { OPEN_FOLDERS = 32, ROUNDS = 256 };

/* nftw() has no context: drills of one process take turns here. */
static pthread_mutex_t removing = PTHREAD_MUTEX_INITIALIZER;
static bool closed_folders; /* some could not be looked into at first */
static int first_number;

/* What was restored may be read-only, or even immutable. */
static int open_up(const char *path, const struct stat *status, int type, struct FTW *at)
{
    int flags = 0;
    (void)at;
    if (type == FTW_DNR)
        closed_folders = true;
    if ((type == FTW_D || type == FTW_DNR) && (status->st_mode & 0700) != 0700)
        chmod(path, 0700);
    if (geteuid() != 0 || !(S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)))
        return 0;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
        (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))) {
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    file_close(&fd);
    return 0;
}

static int drop(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)at;
    int done = type == FTW_DP || type == FTW_D || type == FTW_DNR ? rmdir(path) : unlink(path);
    if (done != 0 && first_number == 0)
        first_number = errno;
    return 0;
}

static void remove_tree(const char *path)
{
    pthread_mutex_lock(&removing);
    first_number = 0;
    for (int i = 0; i < ROUNDS; i++) {
        closed_folders = false;
        nftw(path, open_up, OPEN_FOLDERS, FTW_PHYS | FTW_MOUNT);
        if (!closed_folders)
            break;
    }
    nftw(path, drop, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    int number = first_number;
    pthread_mutex_unlock(&removing);
    if (number != 0)
        log_write(LOG_WARNING, "drill", "%s cannot be removed: %s; remove it by hand", path,
                  strerrordesc_np(number));
}

/* The lock of a folder, or -1 when another process has it. */
static int take(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
        file_close(&fd);
    return fd;
}

static void sweep(const char *parent)
{
    DIR *list = opendir(parent);
    const struct dirent *entry = NULL;
    while (list && (entry = readdir(list))) {
        char *path CLEANUP_TEXT = NULL;
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
            continue;
        if (asprintf(&path, "%s/%s", parent, entry->d_name) < 0) {
            path = NULL;
            continue;
        }
        int fd = take(path);
        if (fd < 0)
            continue;
        log_write(LOG_INFO, "drill", "%s was left behind, and is removed", path);
        remove_tree(path);
        file_close(&fd);
    }
    if (list)
        closedir(list);
}

/* Under the lock of the parent: nobody takes the new folder for one that was left behind. */
static int make(struct drill_scratch *made, const char *parent, struct error *e)
{
    char *path CLEANUP_TEXT = NULL;
    if (asprintf(&path, "%s/" PREFIX "XXXXXX", parent) < 0) {
        path = NULL;
        return error_no_memory(e, "a path");
    }
    if (!mkdtemp(path))
        return error_errno(e, errno, "cannot make a scratch folder in %s", parent);
    made->lock = take(path);
    if (made->lock < 0) {
        int number = errno;
        rmdir(path);
        return error_errno(e, number, "cannot lock %s", path);
    }
    made->folder = path;
    path = NULL;
    return 0;
}

int drill_scratch_make(struct drill_scratch *scratch, const char *parent, struct error *e)
{
    if (file_make_directories(parent, 0700, e) != 0)
        return -1;
    int fd CLEANUP_FD = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        return error_errno(e, errno, "cannot look at %s", parent);
    sweep(parent);
    return make(scratch, parent, e);
}

void drill_scratch_remove(struct drill_scratch *scratch)
{
    if (!scratch->folder)
        return;
    remove_tree(scratch->folder);
    file_close(&scratch->lock);
    free(scratch->folder);
    *scratch = (struct drill_scratch){0};
}
