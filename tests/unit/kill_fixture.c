/* SPDX-License-Identifier: Apache-2.0 */
/* kill_fixture.c - see kill_fixture.h. */
#include "kill_fixture.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The seam: calls are counted while `armed`, and the process ends at the one called `target`.
 */
static struct {
    bool armed;
    bool after; /* the call takes effect first */
    unsigned target;
    unsigned count;
} death;

static void die_if_due(bool after)
{
    if (death.armed && after == death.after && ++death.count == death.target)
        kill(getpid(), SIGKILL);
}

static sqlite3_syscall_ptr real_pwrite, real_ftruncate;

static ssize_t deadly_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    typedef ssize_t function(int fd, const void *data, size_t size, off_t offset);

    die_if_due(false);
    ssize_t result = ((function *)real_pwrite)(fd, data, size, offset);
    die_if_due(true);
    return result;
}

static int deadly_ftruncate(int fd, off_t size)
{
    typedef int function(int fd, off_t size);

    die_if_due(false);
    int result = ((function *)real_ftruncate)(fd, size);
    die_if_due(true);
    return result;
}

/* A process that is killed loses nothing that it has written: syncs are only places to die. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    die_if_due(false);
    die_if_due(true);
    return 0;
}

int kill_setup(void **state)
{
    static const char *const names[] = {"pwrite64", "pwrite"};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    for (size_t i = 0; i < 2; i++) {
        sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, names[i]);
        if (found == NULL)
            continue;
        real_pwrite = found;
        if (vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)deadly_pwrite) != SQLITE_OK)
            return -1;
    }
    real_ftruncate = vfs->xGetSystemCall(vfs, "ftruncate");
    if (vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)deadly_ftruncate) !=
        SQLITE_OK)
        return -1;
    return scratch_setup(state);
}

int kill_teardown(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    vfs->xSetSystemCall(vfs, NULL, NULL);
    return scratch_teardown(state);
}

/* In a child: everything that fails ends it with 1. */
static void work_and_exit(const struct kill_case *kill_case)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;

    death.armed = true;
    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0 || kill_case->work(c, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        _exit(1);
    }
    catalog_close(c);
    _exit(0);
}

static void restore_file(const char *sound, size_t size)
{
    static const char *const files[] = {"s/catalog.db", "s/catalog.db-wal", "s/catalog.db-shm"};

    for (size_t i = 0; i < 3; i++)
        unlink(scratch_path(files[i]));
    scratch_write("s/catalog.db", sound, size, 0600);
}

/* Kills at the call `target`; false when the work was over before. */
static bool kill_at(const struct kill_case *kill_case, unsigned target, bool after)
{
    int status;

    death.target = target;
    death.after = after;
    death.count = 0;
    pid_t child = fork();
    if (child == 0)
        work_and_exit(kill_case);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

unsigned kill_everywhere(const struct kill_case *kill_case)
{
    unsigned deaths = 0;
    size_t size;
    char *sound = scratch_read("s/catalog.db", &size);

    for (int after = 0; after < 2; after++) {
        for (unsigned target = 1;; target++) {
            restore_file(sound, size);
            if (!kill_at(kill_case, target, after == 1))
                break;
            deaths++;
            struct catalog *c = open_catalog("s");
            kill_case->judge(c, target);
            catalog_close(c);
        }
    }
    print_message("%u deaths\n", deaths);
    free(sound);
    return deaths;
}
