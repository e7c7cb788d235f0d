/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - opens and makes what lies below the root, never through a symbolic link. */
#include "tgt_dir/tgt_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* For kernels without openat2: one component after the other. */
static int open_by_components(int root, const char *path, int flags)
{
    int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0) {
        char component[LAGAN_KEY_LIMIT + 1];
        size_t length = strcspn(path, "/");
        bool last = path[length] == '\0';
        if (length >= sizeof component) {
            close(fd);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(component, path, length);
        component[length] = '\0';
        int next = openat(fd, component,
                          (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
        int saved = errno;
        close(fd);
        errno = saved;
        if (last)
            return next;
        fd = next;
        path += length + 1;
    }
    return -1;
}

int open_beneath(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    if (path[0] == '\0')
        return openat(root, ".", flags | O_CLOEXEC);
    for (int attempt = 0; attempt < 8; attempt++) {
        long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    /* EPERM is what a system call filter that does not know openat2 answers. */
    if (errno == ENOSYS || errno == EPERM)
        return open_by_components(root, path, flags);
    return -1;
}

struct location locate(const char *key)
{
    const char *slash = strrchr(key, '/');
    struct location location = {.name = slash ? slash + 1 : key};
    if (slash)
        memcpy(location.folder, key, (size_t)(slash - key));
    return location;
}

/* Makes `path` in `root`, whose folder exists.  True, or false with errno. */
static bool make_folder(struct store *s, struct lagan_op *op, const char *path)
{
    struct location location = locate(path);
    int above = open_beneath(s->root, location.folder, O_PATH | O_DIRECTORY);
    bool made;
    int saved;
    if (above < 0)
        return false;
    if (folder_set_know(&s->set, op, location.folder) != LAGAN_OK) {
        close(above);
        errno = ENOMEM;
        return false;
    }
    made = mkdirat(above, location.name, FOLDER_MODE) == 0;
    saved = errno;
    if (made)
        folder_set_touch(&s->set, location.folder);
    close(above);
    errno = saved;
    return made || saved == EEXIST;
}

static bool make_folders(struct store *s, struct lagan_op *op, const char *path)
{
    char part[LAGAN_KEY_LIMIT + 1];
    size_t length = 0;
    do {
        length += path[length] == '/';
        length += strcspn(path + length, "/");
        memcpy(part, path, length);
        part[length] = '\0';
        if (!make_folder(s, op, part))
            return false;
    } while (path[length] != '\0');
    return true;
}

uint32_t open_folder(struct store *s, struct lagan_op *op, const char *path, int *fd)
{
    uint32_t result = folder_set_know(&s->set, op, path);
    int opened;
    if (result != LAGAN_OK)
        return result;
    opened = open_beneath(s->root, path, O_PATH | O_DIRECTORY);
    if (opened < 0 && errno == ENOENT && make_folders(s, op, path))
        opened = open_beneath(s->root, path, O_PATH | O_DIRECTORY);
    if (opened < 0)
        return fail_errno(op, errno, "the object's folder");
    *fd = opened;
    return LAGAN_OK;
}
