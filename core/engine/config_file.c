/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.c - finding, checking and reading configuration files. */
#include "engine/config_file.h"
#include "base/file.h"
#include "engine/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BESIDE_LIMIT = 1000 };

/* Safety */

static int refuse(const char *path, const char *why, struct error *e)
{
    return error_set(e, LAGAN_DENIED, ERROR_CONFIG, "%s: %s", path, why);
}

static bool is_trusted(const struct stat *found)
{
    return found->st_uid == 0 || found->st_uid == geteuid();
}

static int check_file(int fd, const char *path, struct error *e)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return error_errno(e, errno, "cannot read %s", path);
    if (!S_ISREG(found.st_mode))
        return refuse(path, "it is not a regular file", e);
    if (!is_trusted(&found))
        return refuse(path, "it belongs neither to root nor to you", e);
    if ((found.st_mode & 022) != 0)
        return refuse(path, "others can write it; run `chmod go-w` on it", e);
    return 0;
}

/* `path` is changed. */
static int check_folder_of(char *path, const char *shown, struct error *e)
{
    char *slash = strrchr(path, '/');
    struct stat found;

    if (slash == NULL)
        return refuse(shown, "its folder cannot be found", e);
    *(slash == path ? slash + 1 : slash) = '\0';
    if (stat(path, &found) != 0)
        return error_errno(e, errno, "cannot examine the folder %s", path);
    if (!is_trusted(&found))
        return error_set(e, LAGAN_DENIED, ERROR_CONFIG,
                         "%s: its folder %s belongs neither to root nor to you", shown, path);
    if ((found.st_mode & 022) != 0 && (found.st_mode & S_ISVTX) == 0)
        return error_set(e, LAGAN_DENIED, ERROR_CONFIG,
                         "%s: others can write its folder %s; run `chmod go-w` on it", shown,
                         path);
    return 0;
}

/* Both folders count: the one that holds the name that was given, and, when that is a link, the
 * one of the file itself. */
static int check_folders(int fd, const char *path, struct error *e)
{
    char link[64], real[PATH_MAX], *given CLEANUP_TEXT = strdup(path);

    if (given == NULL)
        return error_no_memory(e, path);
    if (check_folder_of(given, path, e) != 0)
        return -1;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, real, sizeof(real) - 1);
    if (size <= 0)
        return 0; /* no /proc: the given name has been checked */
    real[size] = '\0';
    return check_folder_of(real, path, e);
}

int config_file_read(const char *path, struct buffer *out, struct error *e)
{
    /* O_NONBLOCK: a FIFO must not hang us before it is refused. */
    int fd CLEANUP_FD = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t got;

    if (fd < 0)
        return error_errno(e, errno, "cannot read the configuration %s", path);
    if (check_file(fd, path, e) != 0 || check_folders(fd, path, e) != 0)
        return -1;
    uint8_t *to = buffer_reserve(out, CONFIG_FILE_LIMIT + 1);
    if (to == NULL)
        return error_no_memory(e, path);
    if (file_read_at(fd, 0, to, CONFIG_FILE_LIMIT + 1, &got, path, e) != 0)
        return -1;
    if (got > CONFIG_FILE_LIMIT)
        return refuse(path, "it is longer than 1 MiB", e);
    out->size += got;
    return 0;
}

/* conf.d */

void config_file_list_clear(struct config_file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct config_file_list){0};
}

static bool is_config_name(const char *name)
{
    size_t size = strlen(name);

    return name[0] != '.' && size > 5 && strcmp(name + size - 5, ".conf") == 0;
}

static int add_path(struct config_file_list *list, const char *folder, const char *name,
                    struct error *e)
{
    char **grown = realloc(list->paths, (list->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, folder);
    list->paths = grown;
    if (asprintf(&list->paths[list->count], "%s/%s", folder, name) < 0)
        return error_no_memory(e, folder);
    if (++list->count > BESIDE_LIMIT)
        return refuse(folder, "it has more than 1000 files", e);
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_folder(const char *folder, struct config_file_list *list, struct error *e)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    int result = 0;

    if (stream == NULL)
        return errno == ENOENT ? 0 : error_errno(e, errno, "cannot read the folder %s", folder);
    errno = 0;
    while (result == 0 && (entry = readdir(stream)) != NULL) {
        if (is_config_name(entry->d_name))
            result = add_path(list, folder, entry->d_name, e);
        errno = 0;
    }
    if (result == 0 && errno != 0)
        result = error_errno(e, errno, "cannot read the folder %s", folder);
    closedir(stream);
    return result;
}

int config_file_beside(const char *path, struct config_file_list *list, struct error *e)
{
    const char *slash = strrchr(path, '/');
    struct config_file_list found = {0};
    char *folder CLEANUP_TEXT = NULL;

    if (asprintf(&folder, "%.*sconf.d", slash != NULL ? (int)(slash + 1 - path) : 0, path) <
        0) {
        folder = NULL;
        return error_no_memory(e, path);
    }
    if (read_folder(folder, &found, e) != 0) {
        config_file_list_clear(&found);
        return -1;
    }
    if (found.count > 1)
        qsort(found.paths, found.count, sizeof(*found.paths), compare_paths);
    *list = found;
    return 0;
}

/* Default places */

static const char *absolute_variable(const char *name)
{
    const char *value = secure_getenv(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

static const char *home_folder(void)
{
    const char *home = absolute_variable("HOME");
    const struct passwd *entry = home == NULL ? getpwuid(geteuid()) : NULL;

    if (entry != NULL && entry->pw_dir != NULL && entry->pw_dir[0] == '/')
        home = entry->pw_dir;
    return home;
}

/* The variable, else the folder below the home folder; then `rest`. */
static char *user_path(const char *variable, const char *below_home, const char *rest,
                       struct error *e)
{
    const char *base = absolute_variable(variable);
    const char *home = home_folder();
    char *path = NULL;
    int size;

    if (base == NULL && home == NULL) {
        error_set(e, LAGAN_NOT_FOUND, ERROR_CONFIG,
                  "there is no home folder: set HOME, or give --config");
        return NULL;
    }
    if (base != NULL)
        size = asprintf(&path, "%s/%s", base, rest);
    else
        size = asprintf(&path, "%s/%s/%s", home, below_home, rest);
    if (size < 0) {
        error_no_memory(e, "a path");
        return NULL;
    }
    return path;
}

static char *system_path(const char *path, struct error *e)
{
    char *copy = strdup(path);

    if (copy == NULL)
        error_no_memory(e, "a path");
    return copy;
}

char *config_default_path(struct error *e)
{
    if (geteuid() == 0)
        return system_path(LAGAN_CONFIG_DIR "/lagan.conf", e);
    return user_path("XDG_CONFIG_HOME", ".config", "lagan/lagan.conf", e);
}

char *config_default_state(struct error *e)
{
    if (geteuid() == 0)
        return system_path(LAGAN_STATE_DIR, e);
    return user_path("XDG_STATE_HOME", ".local/state", "lagan", e);
}
