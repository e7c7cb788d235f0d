/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.c - types, modes, hard links, owners and times.
 */
#include "corpus/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void make_symlink(int at, const char *name, const char *target)
{
    if (symlinkat(target, at, name) != 0) {
        skip("symbolic link %s", name);
        return;
    }
    made();
    stamp(at, name, 1350000000 + (int64_t)strlen(target), 999999999);
}

static void make_node(int at, const char *name, mode_t mode, dev_t device)
{
    if (mknodat(at, name, mode, device) != 0) {
        skip("%s", name);
        return;
    }
    made();
    stamp(at, name, 1360000000, 1);
}

void make_types(int at)
{
    char target[PATH_MAX];
    close(folder(at, "empty directory"));
    make_symlink(at, "link", "empty directory");
    make_symlink(at, "dangling", "nowhere/at all");
    make_symlink(at, "absolute", "/etc/hostname");
    make_symlink(at, "upwards", "../../../..");
    make_symlink(at, "itself", "itself");
    make_symlink(at, "not UTF-8", "\377\200\300\257");
    make_symlink(at, "blank", " ");
    memset(target, 't', sizeof target);
    target[PATH_MAX - 1] = 0; /* 4,095 bytes, the longest */
    make_symlink(at, "longest", target);
    target[100] = 0;
    make_symlink(at, "beyond the inode", target);
    make_node(at, "fifo", S_IFIFO | 0620, 0);
    make_node(at, "socket", S_IFSOCK | 0755, 0);
    make_node(at, "character", S_IFCHR | 0600, makedev(1, 3));
    make_node(at, "character-big", S_IFCHR | 0640, makedev(300, 70000));
    make_node(at, "block", S_IFBLK | 0660, makedev(8, 1));
    make_node(at, "block-big", S_IFBLK | 0660, makedev(259, 1048575));
    make_node(at, "whiteout", S_IFCHR | 0000, makedev(0, 0));
}

/* Whether we can read back what has this mode: root can read all. */
static bool is_readable(mode_t mode, mode_t needed)
{
    errno = EACCES;
    return geteuid() == 0 || (mode & needed) == needed;
}

static void make_modes_of(int at, mode_t mode, unsigned number)
{
    char name[32];
    snprintf(name, sizeof name, "file-%04o", (unsigned)mode);
    if (!is_readable(mode, 0400))
        skip("%s", name);
    else if (file(at, name, number) && fchmodat(at, name, mode, 0) != 0)
        skip("mode of %s", name);
    snprintf(name, sizeof name, "dir-%04o", (unsigned)mode);
    if (!is_readable(mode, 0500)) {
        skip("%s", name);
        return;
    }
    int inner = folder(at, name);
    file(inner, "inside", number);
    if (fchmod(inner, mode) != 0)
        skip("mode of %s", name);
    close(inner);
    stamp(at, name, 1370000000, (long)number);
}

void make_modes(int at)
{
    static const mode_t modes[] = {0000, 0001, 0200,  0400,  0444,  0555,  0600,  0666,  0711,
                                   0755, 0777, 01644, 02755, 04755, 06755, 04000, 02000, 07777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        make_modes_of(at, modes[i], (unsigned)i);
}

static void make_hard_link(int at, const char *old, int to, const char *name)
{
    if (linkat(at, old, to, name, 0) == 0)
        made();
    else
        skip("%s as a further name of %s", name, old);
}

void make_links(int at)
{
    char name[32];
    unsigned many = large ? 60000 : 300;
    int inner = folder(at, "below");
    file(at, "two", 100);
    make_hard_link(at, "two", at, "two again");
    file(at, "zz across", 200000);
    make_hard_link(at, "zz across", inner, "across");
    make_symlink(at, "symlink", "two");
    make_hard_link(at, "symlink", inner, "symlink too");
    make_node(at, "fifo", S_IFIFO | 0600, 0);
    make_hard_link(at, "fifo", at, "fifo too");
    make_node(at, "device", S_IFCHR | 0600, makedev(1, 5));
    if (faccessat(at, "device", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        make_hard_link(at, "device", at, "device too");
    file(at, "empty", 0);
    make_hard_link(at, "empty", inner, "empty too");
    file(at, "many", 3);
    for (unsigned i = 1; i < many; i++) {
        snprintf(name, sizeof name, "many-%05u", i);
        make_hard_link(at, "many", inner, name);
    }
    close(inner);
    stamp(at, "below", 1380000000, 1);
}

void make_owners(int at)
{
    static const struct {
        uid_t user;
        gid_t group;
    } owners[] = {{0, 0},           {1, 1},           {65534, 65534},   {2147483647, 100},
                  {2147483648u, 1}, {4294967294u, 0}, {0, 4294967294u}, {77777, 88888}};
    char name[32];
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        snprintf(name, sizeof name, "%u-%u", owners[i].user, owners[i].group);
        if (!file(at, name, i))
            continue;
        if (fchownat(at, name, owners[i].user, owners[i].group, AT_SYMLINK_NOFOLLOW) != 0)
            skip("owner %s", name);
        snprintf(name, sizeof name, "link-%u-%u", owners[i].user, owners[i].group);
        make_symlink(at, name, "owned");
        if (fchownat(at, name, owners[i].user, owners[i].group, AT_SYMLINK_NOFOLLOW) != 0)
            skip("owner of %s", name);
    }
    if (file(at, "setuid of another", 4) &&
        (fchownat(at, "setuid of another", 1234, 1234, 0) != 0 ||
         fchmodat(at, "setuid of another", 06755, 0) != 0))
        skip("setuid file of another");
    int inner = folder(at, "directory");
    close(inner);
    if (fchownat(at, "directory", 1234, 4321, 0) != 0 ||
        fchmodat(at, "directory", 02770, 0) != 0)
        skip("directory of another");
    stamp(at, "directory", 1390000000, 1);
}

void make_times(int at)
{
    static const struct {
        const char *name;
        int64_t seconds;
        long ns;
    } times[] = {
        {"1901-12-13", -2147483648, 0},
        {"1901-12-13 ns", -2147483648, 999999999},
        {"1969-12-31", -1, 999999999},
        {"1969-12-31 ns", -1, 1},
        {"1970-01-01", 0, 0},
        {"1970-01-01 ns", 0, 1},
        {"1970-01-01 all ns", 0, 999999999},
        {"2001-09-09", 1000000000, 500000000},
        {"2038-01-19 last", 2147483647, 999999999},
        {"2038-01-19 first", 2147483648, 0},
        {"2106-02-07 last", 4294967295, 1},
        {"2106-02-07 first", 4294967296, 2},
        {"2286-11-20", 10000000000, 3},
        {"2446-05-10", 15032385535, 999999999},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char name[64];
        if (file(at, times[i].name, 1))
            stamp(at, times[i].name, times[i].seconds, times[i].ns);
        snprintf(name, sizeof name, "directory %s", times[i].name);
        close(folder(at, name));
        stamp(at, name, times[i].seconds, times[i].ns);
    }
}
