/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_sandbox.c - privileges and files: see isolate_sandbox.h, capabilities(7) and
 * landlock(7). */
#include "driver/isolate_sandbox.h"

#include "driver/isolate_filter.h"

#include <lagan/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

/* Which capabilities a kind of driver keeps, if we have them. */
static const struct {
    uint32_t kind;
    uint64_t flag; /* LAGAN_OPEN_...; 0 = any.  The first row that fits counts */
    uint64_t capabilities;
} rights[] = {
    /* Writes for anybody, and gives back owners, modes, device nodes and rights of files. */
    {LAGAN_KIND_SOURCE, LAGAN_OPEN_RESTORE,
     BIT(CAP_DAC_OVERRIDE) | BIT(CAP_CHOWN) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |
         BIT(CAP_MKNOD) | BIT(CAP_SETFCAP) | BIT(CAP_LINUX_IMMUTABLE)},
    /* Reads what belongs to anybody. */
    {LAGAN_KIND_SOURCE, 0, BIT(CAP_DAC_READ_SEARCH)},
    {LAGAN_KIND_TARGET, LAGAN_OPEN_READ_ONLY, BIT(CAP_DAC_READ_SEARCH)},
    {LAGAN_KIND_TARGET, 0, BIT(CAP_DAC_OVERRIDE) | BIT(CAP_CHOWN) | BIT(CAP_FOWNER)},
    {LAGAN_KIND_KEY, 0, 0},
};
enum { RIGHTS_COUNT = sizeof rights / sizeof rights[0] };

uint64_t sandbox_capabilities(uint32_t kind, uint64_t flags)
{
    for (size_t i = 0; i < RIGHTS_COUNT; i++)
        if (rights[i].kind == kind && (flags & rights[i].flag) == rights[i].flag)
            return rights[i].capabilities;
    return 0;
}

/* All that a kind may need, whatever it is opened for. */
static uint64_t kind_capabilities(uint32_t kind)
{
    uint64_t found = 0;
    for (size_t i = 0; i < RIGHTS_COUNT; i++)
        if (rights[i].kind == kind)
            found |= rights[i].capabilities;
    return found;
}

static void say_errno(sandbox_say_function *say, const char *what)
{
    char line[160];
    snprintf(line, sizeof line, "isolated without %s: %s", what, strerror(errno));
    say(line);
}

/* Keeps what we have of `wanted`, for us and for all that is executed from here. */
static void keep_capabilities(uint64_t wanted, sandbox_say_function *say)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &head, data) != 0) {
        say_errno(say, "dropping capabilities");
        return;
    }
    uint64_t kept = ((uint64_t)data[1].permitted << 32 | data[0].permitted) & wanted;
    for (int capability = 0; capability < 64; capability++)
        if (!(wanted & BIT(capability)) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); /* else execve is without effect */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        data[i].permitted = data[i].effective = (uint32_t)(kept >> (32 * i));
        data[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &head, data) != 0)
        say_errno(say, "dropping capabilities");
}

void sandbox_begin(uint32_t kind, sandbox_say_function *say)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        say_errno(say, "refusing new privileges");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    keep_capabilities(kind_capabilities(kind), say);
    if (filter_install() != 0)
        say_errno(say, "a filter of system calls");
}

/* Files */

/* From <linux/landlock.h>, whose older versions lack the later ones. */
#define ACCESS_EXECUTE (UINT64_C(1) << 0)
#define ACCESS_WRITE_FILE (UINT64_C(1) << 1)
#define ACCESS_READ_FILE (UINT64_C(1) << 2)
#define ACCESS_READ_DIR (UINT64_C(1) << 3)
#define ACCESS_REFER (UINT64_C(1) << 13)
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)
#define ACCESS_ALL_1 ((UINT64_C(1) << 13) - 1)
#define ACCESS_READ (ACCESS_READ_FILE | ACCESS_READ_DIR)
#define ACCESS_OF_FILES                                                                        \
    (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE)

enum { RULE_PATH_BENEATH = 1, CREATE_VERSION = 1 };
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

struct ruleset {
    uint64_t handled;
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

/* What every program reads: libraries, certificates, names of users and hosts, time zones. */
static const struct {
    const char *path;
    uint64_t access;
} common_paths[] = {
    {"/usr", ACCESS_READ | ACCESS_EXECUTE},
    {"/bin", ACCESS_READ | ACCESS_EXECUTE},
    {"/sbin", ACCESS_READ | ACCESS_EXECUTE},
    {"/lib", ACCESS_READ | ACCESS_EXECUTE},
    {"/lib32", ACCESS_READ | ACCESS_EXECUTE},
    {"/lib64", ACCESS_READ | ACCESS_EXECUTE},
    {"/etc", ACCESS_READ | ACCESS_EXECUTE},
    {"/dev/null", ACCESS_READ | ACCESS_WRITE_FILE},
    {"/dev/zero", ACCESS_READ},
    {"/dev/random", ACCESS_READ},
    {"/dev/urandom", ACCESS_READ},
    {"/proc/self", ACCESS_READ},
    {"/proc/sys", ACCESS_READ},
    {"/proc/meminfo", ACCESS_READ},
    {"/proc/cpuinfo", ACCESS_READ},
    {"/sys/devices/system/cpu", ACCESS_READ},
    {"/run/systemd/resolve", ACCESS_READ},
    {"/run/resolvconf", ACCESS_READ},
    {"/run/nscd", ACCESS_READ},
};

static bool allow(int ruleset, int fd, uint64_t access)
{
    struct stat status;
    struct path_rule rule = {.allowed = access, .parent = fd};
    if (fstat(fd, &status) != 0)
        return false;
    if (!S_ISDIR(status.st_mode))
        rule.allowed &= ACCESS_OF_FILES;
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow_path(int ruleset, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    bool allowed = fd >= 0 && allow(ruleset, fd, access);
    if (fd >= 0)
        close(fd);
    return allowed;
}

/* A path that is to be created: the nearest folder above it that exists. */
static void allow_above(int ruleset, const char *path, uint64_t access)
{
    char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    while (slash) {
        *slash = '\0';
        if (allow_path(ruleset, slash == folder ? "/" : folder, access))
            break;
        slash = strrchr(folder, '/');
    }
    free(folder);
}

/* A driver's own path.  What may be created is replaced and renamed in its folder, so that a
 * file alone would not do. */
static void allow_own(int ruleset, const char *path, uint64_t flags, uint64_t handled)
{
    bool writable = (flags & LAGAN_OPEN_READ_ONLY) == 0;
    struct stat status;
    uint64_t access = writable ? handled : ACCESS_READ | ACCESS_EXECUTE;
    bool there = stat(path, &status) == 0;
    if (there)
        allow_path(ruleset, path, access);
    if ((flags & LAGAN_OPEN_INITIALISE) && (!there || !S_ISDIR(status.st_mode)))
        allow_above(ruleset, path, access);
}

/* All rights that the kernel's version knows. */
static uint64_t handled_access(long version)
{
    return ACCESS_ALL_1 | ACCESS_REFER | (version >= 3 ? ACCESS_TRUNCATE : 0);
}

static void limit_files(uint64_t flags, const char *const *paths, size_t count,
                        sandbox_say_function *say)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
    /* The first version refuses every rename from folder to folder. */
    if (version < 2) {
        say_errno(say, "a limit on files (Landlock)");
        return;
    }
    struct ruleset attributes = {.handled = handled_access(version)};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) {
        say_errno(say, "a limit on files (Landlock)");
        return;
    }
    for (size_t i = 0; i < sizeof common_paths / sizeof common_paths[0]; i++)
        allow_path(ruleset, common_paths[i].path, common_paths[i].access & attributes.handled);
    for (size_t i = 0; i < count; i++)
        allow_own(ruleset, paths[i], flags, attributes.handled);
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        say_errno(say, "a limit on files (Landlock)");
    close(ruleset);
}

void sandbox_seal(uint32_t kind, uint64_t flags, const char *const *paths, size_t count,
                  sandbox_say_function *say)
{
    /* The key of a provider is read, unless it is to be made. */
    if (kind == LAGAN_KIND_KEY && !(flags & LAGAN_OPEN_INITIALISE))
        flags |= LAGAN_OPEN_READ_ONLY;
    limit_files(flags, paths, count, say);
    keep_capabilities(sandbox_capabilities(kind, flags), say);
}
