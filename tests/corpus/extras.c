/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extras.c - extended attributes, access lists and inode flags.
 */
#include "corpus/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void set(int at, const char *name, const char *attribute, const void *value, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", at, name);
    if (lsetxattr(path, attribute, value, size, 0) != 0)
        skip("%s of %zu bytes on %s", attribute, size, name);
}

static void set_long(int at, const char *name, const char *attribute, size_t size)
{
    unsigned char *value = malloc(size);
    if (value == NULL)
        die("memory");
    fill(value, size, size);
    set(at, name, attribute, value, size);
    free(value);
}

/* Lengths up to the most that the kernel takes. */
static void make_lengths(int at)
{
    static const size_t lengths[] = {1, 100, 255, 1000, 3000, 65536};
    char name[64];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        snprintf(name, sizeof name, "value-%zu", lengths[i]);
        if (file(at, name, 5))
            set_long(at, name, "user.value", lengths[i]);
    }
}

void make_xattrs(int at)
{
    /* version 2, effective; cap_net_raw permitted */
    static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
    char name[256];
    make_lengths(at);
    file(at, "empty value", 1);
    set(at, "empty value", "user.empty", "", 0);
    file(at, "many", 1);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "user.number.%u", i * 7919 % 40);
        set(at, "many", name, &i, sizeof i);
    }
    file(at, "names", 1);
    set(at, "names", "user.\377\200", "not UTF-8", 9);
    set(at, "names", "user.new\nline", "\n\0\n", 3);
    set(at, "names", "user.a=b", "\"", 1);
    memset(name, 'x', sizeof name - 1);
    memcpy(name, "user.", 5);
    name[255] = 0;
    set(at, "names", name, "longest", 7);
    file(at, "capability", 100);
    set(at, "capability", "security.capability", capability, sizeof capability);
    file(at, "trusted", 1);
    set(at, "trusted", "trusted.lagan", "for root only", 13);
    int inner = folder(at, "directory");
    close(inner);
    set(at, "directory", "user.on a directory", "yes", 3);
    stamp(at, "directory", 1410000000, 1);
    if (symlinkat("nowhere", at, "symlink") == 0) {
        made();
        set(at, "symlink", "trusted.on.a.link", "yes", 3);
    }
    if (mkfifoat(at, "fifo", 0600) == 0) {
        made();
        set(at, "fifo", "trusted.on.a.fifo", "yes", 3);
    }
}

enum { OWNER = 1, USER = 2, GROUP = 4, NAMED_GROUP = 8, MASK = 16, OTHER = 32, NOBODY = -1 };

struct rule {
    int tag;
    int rights;
    uint32_t id;
};

/* The kernel's form: version 2, then entries of tag, rights and id. */
static size_t encode(const struct rule *rules, size_t count, unsigned char *list)
{
    unsigned char *at = list;
    memcpy(at, "\2\0\0\0", 4);
    at += 4;
    for (size_t i = 0; i < count; i++, at += 8) {
        unsigned char entry[8] = {(unsigned char)rules[i].tag, 0,
                                  (unsigned char)rules[i].rights, 0};
        for (int byte = 0; byte < 4; byte++)
            entry[4 + byte] = (unsigned char)(rules[i].id >> (8 * byte));
        memcpy(at, entry, sizeof entry);
    }
    return (size_t)(at - list);
}

void make_lists(int at)
{
    static const struct rule rules[] = {
        {OWNER, 7, (uint32_t)NOBODY}, {USER, 4, 1},         {USER, 6, 77777},
        {GROUP, 5, (uint32_t)NOBODY}, {NAMED_GROUP, 0, 99}, {MASK, 5, (uint32_t)NOBODY},
        {OTHER, 0, (uint32_t)NOBODY}};
    unsigned char list[4 + 8 * sizeof rules / sizeof rules[0]];
    size_t size = encode(rules, sizeof rules / sizeof rules[0], list);
    file(at, "access", 10);
    set(at, "access", "system.posix_acl_access", list, size);
    int inner = folder(at, "default");
    /* Made before there is a default: it must not get one. */
    file(inner, "older", 1);
    set(at, "default", "system.posix_acl_default", list, size);
    file(inner, "newer", 1);
    close(folder(inner, "newer directory"));
    close(inner);
    stamp(at, "default", 1420000000, 1);
    close(folder(at, "both"));
    set(at, "both", "system.posix_acl_access", list, size);
    set(at, "both", "system.posix_acl_default", list, size);
    stamp(at, "both", 1420000001, 1);
}

static void flag(int at, const char *name, int flags)
{
    int now = 0;
    int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        die(name);
    if (ioctl(fd, FS_IOC_GETFLAGS, &now) != 0) {
        skip("flags");
    } else {
        now |= flags;
        if (ioctl(fd, FS_IOC_SETFLAGS, &now) != 0)
            skip("flags 0x%x", (unsigned)flags);
    }
    close(fd);
}

void make_flags(int at)
{
    file(at, "nodump", 1);
    flag(at, "nodump", FS_NODUMP_FL);
    file(at, "noatime", 1);
    flag(at, "noatime", FS_NOATIME_FL);
    file(at, "sync", 1);
    flag(at, "sync", FS_SYNC_FL);
    file(at, "several", 1);
    flag(at, "several", FS_NODUMP_FL | FS_NOATIME_FL);
    close(folder(at, "directory"));
    flag(at, "directory", FS_NODUMP_FL | FS_DIRSYNC_FL);
    stamp(at, "directory", 1430000000, 1);
}

void make_locked(int at)
{
    int inner = folder(at, "immutable directory");
    file(inner, "inside", 100);
    close(inner);
    stamp(at, "immutable directory", 1440000000, 1);
    flag(at, "immutable directory", FS_IMMUTABLE_FL);
    file(at, "immutable", 10);
    flag(at, "immutable", FS_IMMUTABLE_FL);
    file(at, "append only", 10);
    flag(at, "append only", FS_APPEND_FL);
}
