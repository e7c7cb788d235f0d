/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.c - what is there, and what is written back without content: directories, links,
 * devices, FIFOs and sockets.
 */
#include "src_files/apply.h"
#include "src_files/attributes.h"
#include "src_files/failure.h"
#include "src_files/publish.h"
#include "src_files/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

uint32_t restore_check(const struct handle *h, struct lagan_op *op, uint64_t flags)
{
    if (!h->writable)
        return lagan_fail(op, LAGAN_INVALID, 0, "not opened for restoring");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    return failure_of_flags(op, flags,
                            LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                                LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS |
                                LAGAN_CREATE_SYNC);
}

uint32_t restore_place(struct handle *h, struct lagan_op *op, const void *key, size_t key_size,
                       struct place *place)
{
    int error = beneath_place(h->beneath, key, key_size, place);
    if (error == 0)
        return LAGAN_OK;
    place->folder = NULL;
    if (error == EINVAL)
        return lagan_fail(op, LAGAN_INVALID, 0, "a name that no file can have");
    if (error == ELOOP || error == ENOTDIR || error == EXDEV)
        return lagan_fail(op, LAGAN_EXISTS, error,
                          "something that is no directory stands in the way to it");
    return failure_report(op, error, "cannot reach its directory");
}

static int read_link(const struct place *place, char *target, size_t size, size_t *length)
{
    ssize_t got = readlinkat(place->folder->fd, place->name, target, size);
    if (got < 0)
        return errno == EINVAL ? ESTALE : errno;
    *length = (size_t)got;
    return 0;
}

uint32_t files_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                          const struct lagan_entry_collector *attributes)
{
    struct handle *h = handle;
    struct attributes a;
    struct attributes_room room;
    struct lagan_entry entry;
    struct place place;
    char target[PATH_MAX];
    size_t length = 0;
    uint32_t result = restore_place(h, op, key, key_size, &place);
    if (result != LAGAN_OK)
        return result;
    int error = attributes_read(place.folder->fd, place.name, &a);
    if (error == 0 && S_ISLNK(a.mode))
        error = read_link(&place, target, sizeof target, &length);
    folder_release(place.folder);
    if (error != 0)
        return failure_report(op, error, "cannot examine it");
    attributes_describe(&a, h->owners, &room, &entry);
    entry.key = key;
    entry.key_size = key_size;
    entry.link = length > 0 ? target : NULL;
    entry.link_size = length;
    return attributes->add(attributes->context, &entry);
}

/* Our own directories must let us in, also those of an earlier attempt. */
static void let_in(const struct place *place, const struct attributes *a)
{
    char path[32];
    if (geteuid() == 0 || (a->mode & 0700) == 0700 || a->user != geteuid())
        return;
    int fd =
        openat(place->folder->fd, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    /* A failure shows when something is to be made in it. */
    if (chmod(path, (a->mode & 07777) | 0700) != 0)
        errno = 0;
    close(fd);
}

static int make_directory(const struct place *place, bool replace)
{
    struct attributes a;
    for (int attempt = 0; attempt < 2; attempt++) {
        if (mkdirat(place->folder->fd, place->name, 0700) == 0)
            return 0;
        if (errno != EEXIST)
            return errno;
        int error = attributes_read(place->folder->fd, place->name, &a);
        if (error == 0 && S_ISDIR(a.mode)) {
            let_in(place, &a);
            return 0;
        }
        if (error == 0 && !replace)
            return EEXIST;
        if (error == 0 && unlinkat(place->folder->fd, place->name, 0) != 0 && errno != ENOENT)
            return errno;
    }
    return EEXIST;
}

static mode_t format_of(uint32_t type)
{
    switch (type) {
    case LAGAN_ENTRY_CHARACTER:
        return S_IFCHR;
    case LAGAN_ENTRY_BLOCK:
        return S_IFBLK;
    case LAGAN_ENTRY_FIFO:
        return S_IFIFO;
    case LAGAN_ENTRY_SOCKET:
        return S_IFSOCK;
    default:
        return 0;
    }
}

static int make_link(int directory, const char *name, const struct lagan_entry *entry)
{
    if (entry->link_size == 0 || memchr(entry->link, 0, entry->link_size) != NULL)
        return EINVAL;
    if (entry->link_size >= PATH_MAX)
        return ENAMETOOLONG;
    char *target = strndup(entry->link, entry->link_size);
    if (target == NULL)
        return ENOMEM;
    int error = symlinkat(target, directory, name) != 0 ? errno : 0;
    free(target);
    return error;
}

static int make_special(int directory, const char *name, const struct lagan_entry *entry)
{
    mode_t format = format_of(entry->type);
    dev_t device = 0;
    if (entry->type == LAGAN_ENTRY_SYMLINK)
        return make_link(directory, name, entry);
    if (format == 0)
        return EOPNOTSUPP;
    if ((entry->present & LAGAN_HAS_DEVICE) != 0)
        device = makedev(entry->device_major, entry->device_minor);
    return mknodat(directory, name, format | 0600, device) != 0 ? errno : 0;
}

/* Opens what was made under a temporary name.  Who may write to the directory could have put
 * something else there: it must be new, of the right type and ours. */
static int open_made(int directory, const char *name, uint32_t type)
{
    struct attributes a;
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (attributes_read(fd, "", &a) == 0 && attributes_type(&a) == type && a.links == 1 &&
        a.user == geteuid())
        return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

/* Makes a link, device, FIFO or socket, complete before it gets its name.  0 or a system error.
 */
static int make_node(struct handle *h, const struct place *place,
                     const struct lagan_entry *entry, uint64_t flags,
                     const struct pieces *pieces)
{
    char temporary[TEMPORARY_NAME_BYTES];
    int directory = place->folder->fd;
    struct wish wish = wish_of(h, entry, flags);
    publish_temporary_name(temporary);
    int error = make_special(directory, temporary, entry);
    if (error != 0)
        return error;
    int fd = open_made(directory, temporary, entry->type);
    if (fd < 0) {
        error = errno;
    } else {
        struct object object = object_of(fd, true, apply_inherits(place->folder));
        apply_attributes(&object, &wish, pieces);
        error = publish_rename(directory, temporary, place->name,
                               (flags & LAGAN_CREATE_REPLACE) != 0);
        close(fd);
    }
    if (error != 0)
        unlinkat(directory, temporary, 0);
    return error;
}

static uint32_t report_node(struct lagan_op *op, int error)
{
    if (error == EEXIST || error == ENOTEMPTY)
        return publish_report(op, error);
    return failure_report(op, error, "cannot create it");
}

static bool is_device(uint32_t type)
{
    return type == LAGAN_ENTRY_CHARACTER || type == LAGAN_ENTRY_BLOCK;
}

uint32_t files_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                           uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost)
{
    struct handle *h = handle;
    struct pieces metadata = {.list = pieces, .count = count, .lost = lost};
    struct place place;
    uint32_t result = restore_check(h, op, flags);
    if (result != LAGAN_OK)
        return result;
    if (is_device(entry->type) && (flags & LAGAN_CREATE_UNPRIVILEGED) != 0) {
        if (lost != NULL && lost->lost != NULL)
            lost->lost(lost->context, "device", "left out, since it gives rights");
        return LAGAN_OK;
    }
    result = restore_place(h, op, entry->key, entry->key_size, &place);
    if (result != LAGAN_OK)
        return result;
    int error = 0;
    if (entry->type != LAGAN_ENTRY_DIRECTORY)
        error = entry->key_size > 0 ? make_node(h, &place, entry, flags, &metadata) : EINVAL;
    else if (entry->key_size > 0)
        error = make_directory(&place, (flags & LAGAN_CREATE_REPLACE) != 0);
    if (error == 0 && (flags & LAGAN_CREATE_SYNC) != 0)
        error = publish_sync(place.folder->fd);
    folder_release(place.folder);
    return error ? report_node(op, error) : LAGAN_OK;
}

/* Opens a directory for its attributes, readable or not. */
static int open_directory(const struct place *place, bool *by_path)
{
    int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(place->folder->fd, place->name, O_RDONLY | flags);
    *by_path = fd < 0 && errno == EACCES;
    return *by_path ? openat(place->folder->fd, place->name, O_PATH | flags) : fd;
}

uint32_t files_directory_finish(void *handle, struct lagan_op *op,
                                const struct lagan_entry *entry, uint64_t flags,
                                const struct lagan_metadata *pieces, size_t count,
                                const struct lagan_metadata_collector *lost)
{
    struct handle *h = handle;
    struct pieces metadata = {.list = pieces, .count = count, .lost = lost};
    struct place place;
    bool by_path;
    uint32_t result = restore_check(h, op, flags);
    if (result == LAGAN_OK)
        result = restore_place(h, op, entry->key, entry->key_size, &place);
    if (result != LAGAN_OK)
        return result;
    int fd = open_directory(&place, &by_path);
    int error = fd < 0 ? errno : 0;
    folder_release(place.folder);
    if (fd >= 0) {
        struct wish wish = wish_of(h, entry, flags);
        struct object object = object_of(fd, by_path, true);
        apply_attributes(&object, &wish, &metadata);
        apply_locks(&object, &metadata);
        if ((flags & LAGAN_CREATE_SYNC) != 0 && !by_path && fsync(fd) != 0)
            error = errno;
        close(fd);
    }
    return error ? failure_report(op, error, "cannot finish it") : LAGAN_OK;
}

uint32_t files_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *existing, size_t existing_size, uint64_t flags)
{
    struct handle *h = handle;
    struct place old = {0}, place = {0};
    uint32_t result = restore_check(h, op, flags);
    if (result == LAGAN_OK)
        result = restore_place(h, op, existing, existing_size, &old);
    if (result == LAGAN_OK)
        result = restore_place(h, op, key, key_size, &place);
    if (result == LAGAN_OK) {
        int error = publish_link(old.folder->fd, old.name, place.folder->fd, place.name,
                                 (flags & LAGAN_CREATE_REPLACE) != 0);
        if (error == 0 && (flags & LAGAN_CREATE_SYNC) != 0)
            error = publish_sync(place.folder->fd);
        if (error != 0)
            result = publish_report(op, error);
    }
    folder_release(old.folder);
    folder_release(place.folder);
    return result;
}
