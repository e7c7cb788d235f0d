/* SPDX-License-Identifier: Apache-2.0 */
/* module.c - checks a module's file and folders, then hands it to the dynamic linker. */
#include "driver/module.h"

#include "base/file.h"
#include "driver/host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_OTHERS_WRITE = S_IWGRP | S_IWOTH };

/* One per file that was ever loaded.  The descriptor stays open: the linker knows the module by
 * the name /proc/self/fd/N, which must therefore never come to mean another file. */
struct loaded_module {
    struct module module;
    struct loaded_module *next;
    dev_t device;
    ino_t inode;
    int fd;
};

static struct loaded_module *loaded_modules;

int module_prepare(struct error *e)
{
    static bool prepared;
    if (prepared)
        return 0;
    /* libltdl and the linker look into both even for privileged programs. */
    unsetenv("LTDL_LIBRARY_PATH");
    unsetenv("LD_LIBRARY_PATH");
    if (lt_dlinit() != 0 || lt_dlsetsearchpath("") != 0)
        return error_set(e, LAGAN_INTERNAL, ERROR_FAILED, "libltdl cannot start: %s",
                         lt_dlerror());
    prepared = true;
    return 0;
}

bool module_name_is_valid(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[0] >= 'a' && name[0] <= 'z' && length <= DRIVER_NAME_LIMIT && !name[length];
}

static bool owner_is_trusted(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == geteuid();
}

static int refuse(struct error *e, const char *path, const char *reason)
{
    return error_set(e, LAGAN_DENIED, ERROR_DRIVER_REFUSED, "driver %s is refused: %s", path,
                     reason);
}

static int check_folder(int fd, const char *path, bool last, struct error *e)
{
    struct stat status;
    bool open_to_others;
    if (fstat(fd, &status) < 0)
        return error_errno(e, errno, "driver folder %s", path);
    open_to_others = (status.st_mode & MODE_OTHERS_WRITE) != 0;
    if (!owner_is_trusted(&status))
        return error_set(e, LAGAN_DENIED, ERROR_DRIVER_REFUSED,
                         "driver folder %s is refused: it belongs to user %u, neither root nor "
                         "the user who runs this program",
                         path, (unsigned)status.st_uid);
    if (open_to_others && (last || !(status.st_mode & S_ISVTX)))
        return error_set(e, LAGAN_DENIED, ERROR_DRIVER_REFUSED,
                         "driver folder %s is refused: others can write to it (mode %04o)",
                         path, (unsigned)status.st_mode & 07777);
    return 0;
}

/* Opens the folder that `path` (up to `end`) names within `parent`, and checks it. */
static int enter_folder(int parent, char *path, char *component, char *end, struct error *e)
{
    char saved = *end;
    bool last = saved == '\0';
    int fd;
    *end = '\0';
    fd = openat(parent, component, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_errno(e, errno, "driver folder %s", path);
    } else if (check_folder(fd, path, last, e) < 0) {
        file_close(&fd);
    }
    *end = saved;
    return fd;
}

int module_open_directory(const char *directory, struct error *e)
{
    char *path CLEANUP_TEXT = strdup(directory);
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *component;
    if (!path || fd < 0) {
        file_close(&fd);
        return error_no_memory(e, "the path of the drivers");
    }
    if (check_folder(fd, "/", false, e) < 0) {
        file_close(&fd);
        return -1;
    }
    component = path + strspn(path, "/");
    while (*component && fd >= 0) {
        char *end = component + strcspn(component, "/");
        int next = enter_folder(fd, path, component, end, e);
        file_close(&fd);
        fd = next;
        component = end + strspn(end, "/");
    }
    return fd;
}

/* The end of what the linker maps of the file, by its program headers; 0 when it has none that
 * can be read, which the linker itself has words for. */
static uint64_t mapped_end(int fd)
{
    ElfW(Ehdr) head;
    ElfW(Phdr) part;
    uint64_t end = 0;
    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof part ||
        head.e_phoff > INT64_MAX - UINT16_MAX * sizeof part)
        return 0;
    for (size_t i = 0; i < head.e_phnum; i++) {
        off_t at = (off_t)(head.e_phoff + i * sizeof part);
        uint64_t part_end;
        if (pread(fd, &part, sizeof part, at) != (ssize_t)sizeof part ||
            __builtin_add_overflow(part.p_offset, part.p_filesz, &part_end))
            return UINT64_MAX;
        if (part.p_type == PT_LOAD && part_end > end)
            end = part_end;
    }
    return end;
}

static int check_file(int fd, const char *path, struct stat *status, struct error *e)
{
    if (fstat(fd, status) < 0)
        return error_errno(e, errno, "driver %s", path);
    if (!S_ISREG(status->st_mode))
        return refuse(e, path, "it is not a regular file");
    if (!owner_is_trusted(status))
        return refuse(e, path,
                      "it belongs neither to root nor to the user who runs this program");
    if (status->st_mode & MODE_OTHERS_WRITE)
        return refuse(e, path, "others can write to it");
    /* The linker would map it all the same, and the first access behind the end kill us. */
    if (mapped_end(fd) > (uint64_t)status->st_size)
        return refuse(e, path, "the file is cut short");
    return 0;
}

static int open_file(int directory_fd, const char *name, const char *path, struct error *e)
{
    char file[DRIVER_NAME_LIMIT + sizeof ".so"];
    int fd;
    snprintf(file, sizeof file, "%s.so", name);
    fd = openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_DRIVER,
                         "there is no driver \"%s\": %s does not exist", name, path);
    if (errno == ELOOP)
        return refuse(e, path, "it is a symbolic link");
    error_errno(e, errno, "driver %s cannot be opened", path);
    e->code = ERROR_DRIVER_REFUSED;
    return -1;
}

/* The linker's words without the name of the file, which is /proc/self/fd/N and tells nobody
 * anything. */
static const char *linker_reason(const char *said, const char *name)
{
    const char *after = said ? strstr(said, name) : NULL;
    if (!said)
        return "the dynamic linker gives no reason";
    if (after && strncmp(after + strlen(name), ": ", 2) == 0)
        return after + strlen(name) + 2;
    return said;
}

/* A name under which the linker opens the very file that was checked; where there is no /proc,
 * the path, in folders where nobody else can exchange it. */
static void linker_name(int fd, const char *path, char *name, size_t room)
{
    snprintf(name, room, "/proc/self/fd/%d", fd);
    if (access(name, R_OK) != 0)
        snprintf(name, room, "%s", path);
}

static lt_dlhandle open_resident(const char *name)
{
    lt_dladvise advice;
    lt_dlhandle handle = NULL;
    if (lt_dladvise_init(&advice) != 0)
        return NULL;
    if (lt_dladvise_local(&advice) == 0 && lt_dladvise_resident(&advice) == 0)
        handle = lt_dlopenadvise(name, advice);
    lt_dladvise_destroy(&advice);
    return handle;
}

/* The module's exported function.  dlopen comes first: it binds all symbols at once, which
 * libltdl cannot be asked for, and says in plain words what is missing. */
static lagan_describe_function *link_module(int fd, const char *name, const char *path,
                                            struct error *e)
{
    char symbol[DRIVER_NAME_LIMIT + sizeof "_LTX_lagan_driver"];
    char linked[PATH_MAX];
    lt_dlhandle handle;
    lagan_describe_function *function = NULL;
    linker_name(fd, path, linked, sizeof linked);
    if (!dlopen(linked, RTLD_NOW | RTLD_LOCAL)) {
        refuse(e, path, linker_reason(dlerror(), linked));
        return NULL;
    }
    handle = open_resident(linked);
    if (!handle) {
        refuse(e, path, linker_reason(lt_dlerror(), linked));
        return NULL;
    }
    snprintf(symbol, sizeof symbol, "%s_LTX_lagan_driver", name);
    *(void **)&function = lt_dlsym(handle, symbol);
    if (!function)
        error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                  "driver %s is refused: it does not export %s", path, symbol);
    return function;
}

static struct module *known_module(const struct stat *status)
{
    for (struct loaded_module *m = loaded_modules; m; m = m->next)
        if (m->device == status->st_dev && m->inode == status->st_ino)
            return &m->module;
    return NULL;
}

/* Links the checked file; on success the descriptor belongs to the module. */
static struct module *adopt_file(int *fd, const struct stat *status, const char *name,
                                 const char *path, struct error *e)
{
    struct loaded_module *m = calloc(1, sizeof *m);
    if (!m) {
        error_no_memory(e, "a driver");
        return NULL;
    }
    m->module.describe = link_module(*fd, name, path, e);
    m->device = status->st_dev;
    m->inode = status->st_ino;
    /* Kept on failure too: the linker may hold on to the name. */
    m->fd = *fd;
    *fd = -1;
    if (!m->module.describe) {
        free(m);
        return NULL;
    }
    m->next = loaded_modules;
    loaded_modules = m;
    return &m->module;
}

struct module *module_load(const char *directory, const char *name, const char *path,
                           struct error *e)
{
    int directory_fd CLEANUP_FD = module_open_directory(directory, e);
    int fd CLEANUP_FD = -1;
    struct stat status;
    struct module *known;
    if (directory_fd < 0)
        return NULL;
    fd = open_file(directory_fd, name, path, e);
    if (fd < 0 || check_file(fd, path, &status, e) < 0)
        return NULL;
    known = known_module(&status);
    return known ? known : adopt_file(&fd, &status, name, path, e);
}
