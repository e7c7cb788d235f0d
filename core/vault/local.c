/* SPDX-License-Identifier: Apache-2.0 */
/* local.c - files in the vault's cache directory. */
#include "vault/local.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNFINISHED ".tmp-"
enum { UNFINISHED_SECONDS = 24 * 60 * 60, NS_PER_SECOND = 1000000000 };

char *local_path(const struct vault *v, const char *folder, const char *name)
{
    const char *top = vault_cache_directory(v);
    struct error ignored;
    char *path = NULL;

    if (top == NULL || asprintf(&path, "%s/%s", top, folder) < 0)
        return NULL;
    if (access(path, F_OK) != 0 && file_make_directories(path, 0700, &ignored) < 0) {
        free(path);
        return NULL;
    }
    if (name == NULL)
        return path;
    char *whole = NULL;
    if (asprintf(&whole, "%s/%s", path, name) < 0)
        whole = NULL;
    free(path);
    return whole;
}

bool local_load(const struct vault *v, const char *folder, const char *name, size_t limit,
                struct buffer *out)
{
    char *path CLEANUP_TEXT = local_path(v, folder, name);
    struct error ignored;

    return path != NULL && file_read(path, limit, out, &ignored) == 0;
}

int local_create(const struct vault *v, const char *folder, const char *name,
                 struct local_file *f, struct error *e)
{
    uint8_t random[8];
    char digits[2 * sizeof(random) + 1];
    char hidden[sizeof(UNFINISHED) + sizeof(digits)];

    crypto_random(random, sizeof(random));
    text_hex(random, sizeof(random), digits);
    snprintf(hidden, sizeof(hidden), UNFINISHED "%s", digits);
    *f = (struct local_file){.fd = -1};
    f->path = local_path(v, folder, name);
    f->temporary = local_path(v, folder, hidden);
    if (f->path == NULL || f->temporary == NULL) {
        local_discard(f);
        return error_set(e, LAGAN_IO, ERROR_FAILED, "there is no usable cache directory");
    }
    f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (f->fd >= 0)
        return 0;
    error_errno(e, errno, "%s", f->temporary);
    local_discard(f);
    return -1;
}

int local_publish(struct local_file *f, struct error *e)
{
    if (rename(f->temporary, f->path) != 0)
        return error_errno(e, errno, "%s", f->path);
    free(f->temporary);
    f->temporary = NULL;
    f->fd = -1;
    return 0;
}

void local_discard(struct local_file *f)
{
    if (f->temporary != NULL && f->fd >= 0)
        unlink(f->temporary);
    file_close(&f->fd);
    free(f->temporary);
    free(f->path);
    f->temporary = f->path = NULL;
}

void local_save(const struct vault *v, const char *folder, const char *name, const void *data,
                size_t size)
{
    struct local_file f;
    struct error ignored;

    if (local_create(v, folder, name, &f, &ignored) < 0)
        return;
    int fd = f.fd;
    if (file_write_all(fd, data, size, f.temporary, &ignored) == 0 &&
        local_publish(&f, &ignored) == 0)
        file_close(&fd);
    local_discard(&f);
}

void local_remove(const struct vault *v, const char *folder, const char *name)
{
    char *path CLEANUP_TEXT = local_path(v, folder, name);

    if (path != NULL)
        unlink(path);
}

static int temporary_in(const char *directory)
{
    char *path CLEANUP_TEXT = NULL;
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    /* Not every file system has files without a name. */
    if (fd >= 0 || asprintf(&path, "%s/" UNFINISHED "XXXXXX", directory) < 0)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int local_temporary(const struct vault *v, struct error *e)
{
    const char *directories[] = {vault_cache_directory(v), secure_getenv("TMPDIR"), "/tmp"};
    int fd = -1;

    for (size_t i = 0; fd < 0 && i < sizeof(directories) / sizeof(directories[0]); i++)
        if (directories[i] != NULL)
            fd = temporary_in(directories[i]);
    return fd >= 0 ? fd : error_errno(e, errno, "cannot make a temporary file for the index");
}

static void remove_old(int folder, const char *name, int64_t seconds)
{
    struct stat found;

    if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        found.st_mtime + seconds < clock_wall_ns() / NS_PER_SECOND)
        unlinkat(folder, name, 0);
}

void local_remove_old(const struct vault *v, const char *folder, const char *name,
                      int64_t seconds)
{
    char *path CLEANUP_TEXT = local_path(v, folder, name);

    if (path != NULL)
        remove_old(AT_FDCWD, path, seconds);
}

void local_list(const struct vault *v, const char *folder,
                void (*each)(void *context, const char *name), void *context)
{
    char *path CLEANUP_TEXT = local_path(v, folder, NULL);
    DIR *d = path != NULL ? opendir(path) : NULL;
    const struct dirent *entry;

    if (d == NULL)
        return;
    while ((entry = readdir(d)) != NULL) {
        if (strncmp(entry->d_name, UNFINISHED, sizeof(UNFINISHED) - 1) == 0)
            remove_old(dirfd(d), entry->d_name, UNFINISHED_SECONDS);
        else if (entry->d_name[0] != '.')
            each(context, entry->d_name);
    }
    closedir(d);
}
