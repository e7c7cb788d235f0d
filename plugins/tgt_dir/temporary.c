/* SPDX-License-Identifier: Apache-2.0 */
/* temporary.c - files that have no final name yet, and the step that gives them one. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void workplace_init(struct workplace *w)
{
    pthread_mutex_init(&w->mutex, NULL);
    w->folder = -1;
    w->lock_file = -1;
}

void workplace_leave(struct store *s)
{
    struct workplace *w = &s->workplace;
    int above;
    pthread_mutex_destroy(&w->mutex);
    if (w->folder < 0)
        return;
    unlinkat(w->folder, "lock", 0);
    close(w->folder);
    close(w->lock_file);
    above = open_beneath(s->root, TEMPORARY_FOLDER, O_PATH | O_DIRECTORY);
    if (above >= 0) {
        unlinkat(above, w->name, AT_REMOVEDIR);
        close(above);
    }
}

/* True when the lock file is still the one in the folder: a sweep may have taken the folder
 * away between its making and its locking. */
static bool still_there(int folder, int lock_file)
{
    struct stat ours;
    struct stat named;
    return fstat(lock_file, &ours) == 0 &&
           fstatat(folder, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

static void name_workplace(struct workplace *w)
{
    uint64_t number[2];
    lagan_random(number, sizeof number);
    snprintf(w->name, sizeof w->name, "%016llx%016llx", (unsigned long long)number[0],
             (unsigned long long)number[1]);
}

/* One attempt; 0, or -1 with errno. */
static int make_workplace(struct workplace *w, int above)
{
    int folder;
    int lock_file = -1;
    int saved;
    name_workplace(w);
    if (mkdirat(above, w->name, FOLDER_MODE) < 0)
        return -1;
    folder = openat(above, w->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        lock_file =
            openat(folder, "lock", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock_file >= 0) {
        /* Where there are no locks (some network file systems) nobody else gets one either, and
         * the folder counts as alive for ever.  A lock that is taken is taken by a sweep. */
        bool swept = flock(lock_file, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
        if (!swept && still_there(folder, lock_file)) {
            w->folder = folder;
            w->lock_file = lock_file;
            return 0;
        }
        errno = ENOENT;
    }
    saved = errno;
    if (lock_file >= 0)
        close(lock_file);
    if (folder >= 0)
        close(folder);
    errno = saved;
    return -1;
}

static int open_temporary_folder(struct store *s)
{
    if (mkdirat(s->root, TEMPORARY_FOLDER, FOLDER_MODE) < 0 && errno != EEXIST)
        return -1;
    return open_beneath(s->root, TEMPORARY_FOLDER, O_PATH | O_DIRECTORY);
}

/* Called with the workplace's mutex held. */
static int enter_workplace(struct store *s)
{
    int result = -1;
    int above;
    int saved;
    if (s->workplace.folder >= 0)
        return 0;
    above = open_temporary_folder(s);
    if (above < 0)
        return -1;
    for (int attempt = 0; attempt < 8 && result < 0; attempt++) {
        result = make_workplace(&s->workplace, above);
        if (result < 0 && errno != ENOENT)
            break;
    }
    saved = errno;
    close(above);
    errno = saved;
    return result;
}

static uint32_t create_named(struct store *s, struct lagan_op *op, struct temporary *t)
{
    struct workplace *w = &s->workplace;
    int entered;
    int saved;
    pthread_mutex_lock(&w->mutex);
    entered = enter_workplace(s);
    saved = errno;
    snprintf(t->name, sizeof t->name, "%llu", w->next++);
    pthread_mutex_unlock(&w->mutex);
    if (entered < 0)
        return fail_errno(op, saved, "the folder for temporary files");
    t->fd = openat(w->folder, t->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                   OBJECT_MODE);
    return t->fd < 0 ? fail_errno(op, errno, "a temporary file") : (uint32_t)LAGAN_OK;
}

uint32_t temporary_create(struct store *s, struct lagan_op *op, struct temporary *t)
{
    *t = (struct temporary){.fd = -1};
    if (atomic_load(&s->unnamed)) {
        t->fd = openat(s->root, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, OBJECT_MODE);
        if (t->fd >= 0)
            return LAGAN_OK;
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
            return fail_errno(op, errno, "a temporary file");
        atomic_store(&s->unnamed, false);
    }
    return create_named(s, op, t);
}

static int link_unnamed(int fd, int folder, const char *name)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    /* Without /proc; needs a privilege. */
    return errno == ENOENT ? linkat(fd, "", folder, name, AT_EMPTY_PATH) : -1;
}

/* link() over a network may be done and yet report EEXIST, when its answer got lost and the
 * client asked again: the number of names tells. */
static int link_named(int workplace, const char *temporary, int folder, const char *name)
{
    struct stat status;
    if (linkat(workplace, temporary, folder, name, 0) == 0)
        return 0;
    if (errno != EEXIST)
        return -1;
    if (fstatat(workplace, temporary, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_nlink == 2)
        return 0;
    errno = EEXIST;
    return -1;
}

static int rename_named(int workplace, const char *temporary, int folder, const char *name)
{
    if (renameat2(workplace, temporary, folder, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    return link_named(workplace, temporary, folder, name);
}

uint32_t temporary_publish(struct store *s, struct lagan_op *op, struct temporary *t,
                           int folder, const char *name)
{
    uint32_t error_class;
    int result;
    int number;
    if (t->name[0] == '\0') {
        result = link_unnamed(t->fd, folder, name);
    } else {
        /* A failed close may tell of lost bytes, so it comes before the name. */
        result = close(t->fd);
        t->fd = -1;
        if (result == 0)
            result = rename_named(s->workplace.folder, t->name, folder, name);
    }
    number = errno;
    temporary_discard(s, t);
    if (result == 0)
        return LAGAN_OK;
    error_class = fail_errno(op, number, "naming the object");
    if (error_class == LAGAN_IO || error_class == LAGAN_TRANSIENT)
        op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return error_class;
}

void temporary_discard(struct store *s, struct temporary *t)
{
    if (t->fd >= 0)
        close(t->fd);
    if (t->name[0] != '\0')
        unlinkat(s->workplace.folder, t->name, 0);
    *t = (struct temporary){.fd = -1};
}
