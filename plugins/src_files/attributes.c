/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attributes.c - statx, stamps and identities.
 */
#include "src_files/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void copy_times(const struct statx *from, struct attributes *a)
{
    a->mtime_s = from->stx_mtime.tv_sec;
    a->mtime_ns = from->stx_mtime.tv_nsec;
    a->ctime_s = from->stx_ctime.tv_sec;
    a->ctime_ns = from->stx_ctime.tv_nsec;
}

int attributes_read(int directory, const char *name, struct attributes *a)
{
    struct statx from;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
    if (statx(directory, name, flags, STATX_BASIC_STATS, &from) != 0)
        return errno;
    copy_times(&from, a);
    a->bytes = from.stx_size;
    a->inode = from.stx_ino;
    a->mode = from.stx_mode;
    a->user = from.stx_uid;
    a->group = from.stx_gid;
    a->links = from.stx_nlink;
    a->device_major = from.stx_rdev_major;
    a->device_minor = from.stx_rdev_minor;
    a->system_major = from.stx_dev_major;
    a->system_minor = from.stx_dev_minor;
    a->sparse = S_ISREG(from.stx_mode) && from.stx_blocks < (from.stx_size + 511) / 512;
    a->mounted = (from.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return 0;
}

uint32_t attributes_type(const struct attributes *a)
{
    switch (a->mode & S_IFMT) {
    case S_IFDIR:
        return LAGAN_ENTRY_DIRECTORY;
    case S_IFREG:
        return LAGAN_ENTRY_FILE;
    case S_IFLNK:
        return LAGAN_ENTRY_SYMLINK;
    case S_IFCHR:
        return LAGAN_ENTRY_CHARACTER;
    case S_IFBLK:
        return LAGAN_ENTRY_BLOCK;
    case S_IFIFO:
        return LAGAN_ENTRY_FIFO;
    case S_IFSOCK:
        return LAGAN_ENTRY_SOCKET;
    default:
        return LAGAN_ENTRY_ERROR;
    }
}

bool attributes_equal(const struct attributes *a, const struct attributes *b)
{
    return a->bytes == b->bytes && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns && a->inode == b->inode;
}

bool attributes_removed(const struct attributes *before, const struct attributes *after)
{
    return after->links == 0 && before->links > 0 && before->bytes == after->bytes &&
           before->mtime_s == after->mtime_s && before->mtime_ns == after->mtime_ns;
}

static unsigned char *put_little_endian(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *to++ = (unsigned char)(value >> (8 * i));
    return to;
}

void attributes_identity(const struct attributes *a, unsigned char identity[IDENTITY_BYTES])
{
    uint64_t system = ((uint64_t)a->system_major << 32) | a->system_minor;
    put_little_endian(put_little_endian(identity, system, 8), a->inode, 8);
}

/*
 * Change time and inode number.  The number of the file system's device is left out: it may
 * differ after a reboot.  A change within the same tick of the clock as the one before leaves
 * the change time as it is, so an entry that changed just now gets no stamp and is read again
 * next time.  The clock is the kernel's own, which made the change time.
 */
static size_t make_stamp(const struct attributes *a, unsigned char stamp[STAMP_BYTES])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    int64_t age_s = now.tv_sec - a->ctime_s;
    int64_t tick_ns = a->ctime_ns == 0 ? 2000000000 : 20000000;
    if (age_s >= -2 && age_s <= 2) {
        int64_t age_ns = age_s * 1000000000 + now.tv_nsec - (int64_t)a->ctime_ns;
        if (age_ns < tick_ns && age_ns > -tick_ns)
            return 0;
    }
    unsigned char *end = put_little_endian(stamp, (uint64_t)a->ctime_s, 8);
    end = put_little_endian(end, a->ctime_ns, 4);
    put_little_endian(end, a->inode, 8);
    return STAMP_BYTES;
}

static void describe_by_type(const struct attributes *a, struct attributes_room *room,
                             struct lagan_entry *entry)
{
    if (entry->type == LAGAN_ENTRY_FILE) {
        entry->present |= LAGAN_HAS_BYTES;
        entry->bytes = a->bytes;
        entry->flags = a->sparse ? LAGAN_ENTRY_SPARSE : 0;
    }
    if (entry->type == LAGAN_ENTRY_CHARACTER || entry->type == LAGAN_ENTRY_BLOCK) {
        entry->present |= LAGAN_HAS_DEVICE;
        entry->device_major = a->device_major;
        entry->device_minor = a->device_minor;
    }
    if (entry->type != LAGAN_ENTRY_DIRECTORY) {
        entry->present |= LAGAN_HAS_LINKS;
        entry->links = a->links;
        if (a->links > 1) {
            attributes_identity(a, room->identity);
            entry->id = room->identity;
            entry->id_size = IDENTITY_BYTES;
        }
    }
}

void attributes_describe(const struct attributes *a, struct owners *owners,
                         struct attributes_room *room, struct lagan_entry *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->size = sizeof *entry;
    entry->type = attributes_type(a);
    entry->present = LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME;
    entry->mode = a->mode & 07777;
    entry->user = a->user;
    entry->group = a->group;
    entry->user_name = owners_name(owners, OWNER_USER, a->user);
    entry->group_name = owners_name(owners, OWNER_GROUP, a->group);
    entry->mtime_s = a->mtime_s;
    entry->mtime_ns = a->mtime_ns;
    entry->stamp_size = make_stamp(a, room->stamp);
    entry->stamp = entry->stamp_size > 0 ? room->stamp : NULL;
    describe_by_type(a, room, entry);
}
