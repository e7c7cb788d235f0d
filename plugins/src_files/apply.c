/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.c - attributes by descriptor.
 */
#include "src_files/apply.h"

#include "src_files/failure.h"
#include "src_files/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char access_list[] = "system.posix_acl_access";
static const char default_list[] = "system.posix_acl_default";

static void lose(const struct pieces *pieces, const char *name, const char *reason)
{
    if (pieces->lost != NULL && pieces->lost->lost != NULL)
        pieces->lost->lost(pieces->lost->context, name, reason);
}

static void lose_for(const struct pieces *pieces, const char *name, int error)
{
    char words[96];
    lose(pieces, name, failure_words(error, words, sizeof words));
}

static uint32_t owner_of(const struct handle *h, enum owner_kind kind, const char *name,
                         uint32_t number, uint64_t flags)
{
    uint32_t here;
    if (name == NULL || (flags & LAGAN_CREATE_NUMERIC_OWNERS) != 0)
        return number;
    return owners_number(h->owners, kind, name, &here) ? here : number;
}

struct wish wish_of(const struct handle *h, const struct lagan_entry *entry, uint64_t flags)
{
    bool knows_owner = (entry->present & LAGAN_HAS_OWNER) != 0;
    struct wish wish = {
        .type = entry->type,
        .has_mode = (entry->present & LAGAN_HAS_MODE) != 0,
        .knows_owner = knows_owner,
        .has_owner = knows_owner && (flags & LAGAN_CREATE_NO_OWNERS) == 0,
        .has_mtime = (entry->present & LAGAN_HAS_MTIME) != 0,
        .unprivileged = (flags & LAGAN_CREATE_UNPRIVILEGED) != 0,
        .mode = entry->mode & 07777,
        .mtime_s = entry->mtime_s,
        .mtime_ns = entry->mtime_ns,
    };
    if (wish.unprivileged)
        wish.mode &= 01777;
    if (wish.knows_owner) {
        wish.user = owner_of(h, OWNER_USER, entry->user_name, entry->user, flags);
        wish.group = owner_of(h, OWNER_GROUP, entry->group_name, entry->group, flags);
    }
    return wish;
}

struct object object_of(int fd, bool by_path, bool inherits)
{
    struct object object = {.fd = fd, .by_path = by_path, .inherits = inherits};
    snprintf(object.path, sizeof object.path, "/proc/self/fd/%d", fd);
    return object;
}

/* What the object has by now: each change that is not needed spares the file system a
 * transaction. */
struct present {
    bool known;
    struct stat stat;
};

static struct present present_of(const struct object *object)
{
    struct present now = {.known = false};
    now.known = fstatat(object->fd, "", &now.stat, AT_EMPTY_PATH) == 0;
    return now;
}

static bool has_owner_already(const struct present *now, const struct wish *wish)
{
    return now->known && now->stat.st_uid == wish->user && now->stat.st_gid == wish->group;
}

/* True when the owner is as wished, or need not be. */
static bool apply_owner(const struct object *object, const struct wish *wish,
                        const struct present *now, const struct pieces *pieces)
{
    if (!wish->has_owner || has_owner_already(now, wish) ||
        fchownat(object->fd, "", wish->user, wish->group, AT_EMPTY_PATH) == 0)
        return true;
    int error = errno;
    /* Members of the group may still give it. */
    bool grouped = fchownat(object->fd, "", (uid_t)-1, wish->group, AT_EMPTY_PATH) == 0;
    lose_for(pieces, grouped ? "owner" : "owner and group", error);
    return false;
}

/* With another owner setuid would give other rights than were meant: what the owners that the
 * object has, and keeps, do not warrant is left out. */
static uint32_t warranted_mode(const struct object *object, const struct wish *wish)
{
    struct stat now;
    uint32_t mode = wish->mode;
    if (fstat(object->fd, &now) != 0 || !wish->knows_owner)
        return mode & 01777;
    if (now.st_uid != wish->user)
        mode &= ~(uint32_t)04000;
    if (now.st_gid != wish->group)
        mode &= ~(uint32_t)02000;
    return mode;
}

/* An access list that came from the directory hides behind the same bits, and a change of owner
 * may have taken some of them. */
static bool has_mode_already(const struct object *object, const struct wish *wish,
                             const struct present *now, uint32_t mode)
{
    return now->known && !object->inherits && (now->stat.st_mode & 07777) == mode &&
           (!wish->has_owner || has_owner_already(now, wish));
}

static void apply_mode(const struct object *object, const struct wish *wish, bool owned,
                       const struct present *now, const struct pieces *pieces)
{
    uint32_t mode = wish->mode;
    if (!wish->has_mode || wish->type == LAGAN_ENTRY_SYMLINK)
        return;
    if (!owned && (mode & 06000) != 0) {
        mode &= 01777;
        lose(pieces, "mode", "setuid and setgid left out, since the owner could not be set");
    }
    if (!wish->has_owner && (mode & 06000) != 0) {
        mode = warranted_mode(object, wish);
        if (mode != wish->mode)
            lose(pieces, "mode", "setuid and setgid left out, since the owner is another");
    }
    if (has_mode_already(object, wish, now, mode))
        return;
    if ((object->by_path ? chmod(object->path, mode) : fchmod(object->fd, mode)) != 0)
        lose_for(pieces, "mode", errno);
}

static int set_value(const struct object *object, const struct lagan_metadata *piece)
{
    if (object->by_path)
        return setxattr(object->path, piece->name, piece->value, piece->value_size, 0);
    return fsetxattr(object->fd, piece->name, piece->value, piece->value_size, 0);
}

static void remove_value(const struct object *object, const char *name)
{
    int result =
        object->by_path ? removexattr(object->path, name) : fremovexattr(object->fd, name);
    (void)result; /* that there is none is the usual case */
}

static bool gives_rights(const char *name)
{
    return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0;
}

static bool has_piece(const struct pieces *pieces, const char *name)
{
    for (size_t i = 0; i < pieces->count; i++)
        if (pieces->list[i].kind == LAGAN_METADATA_XATTR &&
            strcmp(pieces->list[i].name, name) == 0)
            return true;
    return false;
}

/* Access lists that came from the directory would give rights that nobody meant. */
static void remove_inherited(const struct object *object, const struct wish *wish,
                             const struct pieces *pieces)
{
    if (!object->inherits || wish->type == LAGAN_ENTRY_SYMLINK)
        return;
    if (!has_piece(pieces, access_list))
        remove_value(object, access_list);
    if (wish->type == LAGAN_ENTRY_DIRECTORY && !has_piece(pieces, default_list))
        remove_value(object, default_list);
}

static void apply_values(const struct object *object, const struct wish *wish, bool owned,
                         const struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++) {
        const struct lagan_metadata *piece = &pieces->list[i];
        if (piece->kind == LAGAN_METADATA_FLAGS)
            continue;
        if (piece->kind != LAGAN_METADATA_XATTR)
            lose(pieces, piece->name, "a file cannot have it");
        else if (wish->unprivileged && gives_rights(piece->name))
            continue;
        else if (!owned && strcmp(piece->name, "security.capability") == 0)
            lose(pieces, piece->name, "left out, since the owner could not be set");
        else if (set_value(object, piece) != 0)
            lose_for(pieces, piece->name, errno);
    }
}

/* The kept flags among the pieces into `*wanted`; false when there are none. */
static bool find_flags(const struct pieces *pieces, uint32_t *wanted)
{
    for (size_t i = 0; i < pieces->count; i++) {
        const struct lagan_metadata *piece = &pieces->list[i];
        const unsigned char *value = piece->value;
        if (piece->kind != LAGAN_METADATA_FLAGS || piece->value_size != 4)
            continue;
        *wanted = value[0] | (uint32_t)value[1] << 8 | (uint32_t)value[2] << 16 |
                  (uint32_t)value[3] << 24;
        *wanted &= METADATA_FLAGS;
        return true;
    }
    return false;
}

/* Sets the flags in `wanted`.  Some file systems ignore silently what they cannot do. */
static void set_flags(const struct object *object, uint32_t wanted, const struct pieces *pieces)
{
    int flags = 0;
    if (object->by_path || ioctl(object->fd, FS_IOC_GETFLAGS, &flags) != 0) {
        lose(pieces, "inode flags", "not supported here");
        return;
    }
    if (((uint32_t)flags & wanted) == wanted)
        return;
    flags |= (int)wanted;
    if (ioctl(object->fd, FS_IOC_SETFLAGS, &flags) != 0)
        lose_for(pieces, "inode flags", errno);
    else if (ioctl(object->fd, FS_IOC_GETFLAGS, &flags) != 0 ||
             ((uint32_t)flags & wanted) != wanted)
        lose(pieces, "inode flags", "not supported here");
}

static int set_times(const struct object *object, const struct timespec times[2])
{
    if (!object->by_path)
        return futimens(object->fd, times);
    if (utimensat(object->fd, "", times, AT_EMPTY_PATH) == 0)
        return 0;
    return errno == EINVAL ? utimensat(AT_FDCWD, object->path, times, 0) : -1;
}

static void apply_times(const struct object *object, const struct wish *wish,
                        const struct pieces *pieces)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = wish->mtime_s, .tv_nsec = wish->mtime_ns}};
    struct stat now;
    if (!wish->has_mtime)
        return;
    if (set_times(object, times) != 0) {
        lose_for(pieces, "modification time", errno);
        return;
    }
    /* File systems clamp what they cannot store; within these years all can. */
    if (wish->mtime_s >= 0 && wish->mtime_s <= INT32_MAX)
        return;
    if (fstatat(object->fd, "", &now, AT_EMPTY_PATH) != 0 ||
        now.st_mtim.tv_sec != wish->mtime_s || now.st_mtim.tv_nsec != wish->mtime_ns)
        lose(pieces, "modification time", "beyond what can be stored here");
}

void apply_attributes(const struct object *object, const struct wish *wish,
                      const struct pieces *pieces)
{
    uint32_t flags;
    struct present now = present_of(object);
    bool owned = apply_owner(object, wish, &now, pieces);
    apply_mode(object, wish, owned, &now, pieces);
    remove_inherited(object, wish, pieces);
    apply_values(object, wish, owned, pieces);
    if (find_flags(pieces, &flags) && (flags & ~METADATA_LOCKING_FLAGS) != 0)
        set_flags(object, flags & ~METADATA_LOCKING_FLAGS, pieces);
    apply_times(object, wish, pieces);
}

void apply_locks(const struct object *object, const struct pieces *pieces)
{
    uint32_t flags;
    if (find_flags(pieces, &flags) && (flags & METADATA_LOCKING_FLAGS) != 0)
        set_flags(object, flags & METADATA_LOCKING_FLAGS, pieces);
}

bool apply_inherits(struct folder *folder)
{
    int known = atomic_load(&folder->inherits);
    if (known < 0) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", folder->fd);
        ssize_t size = getxattr(path, default_list, NULL, 0);
        /* In doubt the list is looked for in each new object. */
        known = size >= 0 || (errno != ENODATA && errno != EOPNOTSUPP);
        atomic_store(&folder->inherits, known);
    }
    return known > 0;
}
