/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_kill.c - a process that backs up, mirrors and deletes is killed before or after
 * each single write and sync of the catalog: nothing acknowledged is lost, nothing is owed
 * twice or not at all.
 */
#include "catalog/audit.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int put_seam(void **state)
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

static int take_seam(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    vfs->xSetSystemCall(vfs, NULL, NULL);
    return scratch_teardown(state);
}

/* ---- the work ---- */

enum { SOURCE = 10, MIRROR = 20 };

static int back_up(struct catalog *c, unsigned number, struct error *e)
{
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct catalog_backup backup = make_backup(SOURCE, 1, number);

    if (catalog_task_start(c, &task, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_commit(c, &backup, &task, e);
    if (result == 0)
        result = catalog_audit_add(c, CATALOG_EVENT_BACKUP_CREATE, backup.id, e, "x");
    return write_end(c, result, e);
}

static int number_of(const char *id)
{
    return (int)strtoul(id + 8, NULL, 16);
}

/* The effect of an item, and the item's end, in one transaction. */
static int apply(struct catalog *c, const struct catalog_item *item, struct error *e)
{
    struct catalog_backup backup = make_backup(MIRROR, 1, (unsigned)number_of(item->subject));
    int result;

    if (catalog_begin(c, e) != 0)
        return -1;
    if (item->operation == CATALOG_OPERATION_COPY)
        result = catalog_backup_insert(c, &backup, e); /* twice would be an error */
    else
        result = catalog_backup_bury(c, backup.vault, backup.id, e);
    if (result == 0)
        result = catalog_item_done(c, item, e);
    return write_end(c, result, e);
}

/* Works off what there is; an item that fails waits a little. */
static int drain(struct catalog *c, struct error *e)
{
    struct catalog_item item;
    struct error why = ERROR_INIT;
    int found;

    error_set(&why, LAGAN_TRANSIENT, ERROR_TEMPORARY, "not now");
    while ((found = catalog_item_claim(c, INT64_MAX, 1000000000000, 0, &item, e)) > 0) {
        int result;
        if (item.attempts == 1 && catalog_item_renew(c, &item, 1000000000000, e) != 0)
            return -1;
        if (item.attempts == 1 && number_of(item.subject) % 2 == 1)
            result = catalog_item_fail(c, &item, &why, 10, e);
        else
            result = apply(c, &item, e);
        if (result != 0)
            return -1;
    }
    return found;
}

static int work(struct catalog *c, struct error *e)
{
    struct catalog_backup first = make_backup(SOURCE, 1, 1);

    if (back_up(c, 1, e) != 0 || back_up(c, 2, e) != 0 || drain(c, e) != 0)
        return -1;
    return catalog_backup_bury(c, first.vault, first.id, e);
}

/* In a child: everything that fails ends it with 1. */
static void work_and_exit(void)
{
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;

    death.armed = true;
    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0 || work(c, &e) != 0) {
        fprintf(stderr, "%s\n", e.text);
        _exit(1);
    }
    catalog_close(c);
    _exit(0);
}

/* ---- what must be true ---- */

struct census {
    unsigned source, mirror; /* bits of numbers */
    unsigned copies, removals;
};

static int see_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    struct census *census = context;
    unsigned bit = 1U << number_of(backup->id);

    (void)e;
    *(backup->vault[0] == SOURCE ? &census->source : &census->mirror) |= bit;
    return 0;
}

static int see_item(void *context, const struct catalog_item *item, struct error *e)
{
    struct census *census = context;
    unsigned bit = 1U << number_of(item->subject);

    (void)e;
    *(item->operation == CATALOG_OPERATION_COPY ? &census->copies : &census->removals) |= bit;
    return 0;
}

static struct census count(struct catalog *c)
{
    struct census census = {0};
    struct error e = ERROR_INIT;

    must(catalog_backup_list(c, NULL, NULL, see_backup, &census, &e), &e);
    must(catalog_item_list(c, NULL, -1, see_item, &census, &e), &e);
    return census;
}

static void judge(struct catalog *c, unsigned target)
{
    struct census census = count(c);

    /* Each backup of the source is there or owed, never both; what went is owed as removal. */
    if ((census.source & ~(census.mirror | census.copies)) != 0 ||
        (census.mirror & census.copies) != 0 || (census.removals & census.source) != 0 ||
        (census.mirror & ~(census.source | census.removals)) != 0)
        fail_msg("killed at %u: source %x mirror %x copies %x removals %x", target,
                 census.source, census.mirror, census.copies, census.removals);
    must_be_sound(c);
}

/* Whoever comes next ends what was begun. */
static void recover(struct catalog *c)
{
    struct error e = ERROR_INIT;

    must(drain(c, &e), &e);
    struct census census = count(c);
    assert_int_equal(census.source, census.mirror);
    assert_int_equal(census.copies | census.removals, 0);
}

static void restore_file(const char *sound, size_t size)
{
    static const char *const files[] = {"s/catalog.db", "s/catalog.db-wal", "s/catalog.db-shm"};

    for (size_t i = 0; i < 3; i++)
        unlink(scratch_path(files[i]));
    scratch_write("s/catalog.db", sound, size, 0600);
}

/* Kills at the call `target`; false when the work was over before. */
static bool kill_at(unsigned target, bool after)
{
    int status;

    death.target = target;
    death.after = after;
    death.count = 0;
    pid_t child = fork();
    if (child == 0)
        work_and_exit();
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void kill_everywhere(void **state)
{
    struct catalog *c = open_catalog("s");
    unsigned deaths = 0;
    size_t size;

    (void)state;
    add_vault(c, SOURCE, "main");
    add_mirror(c, MIRROR, SOURCE);
    catalog_close(c);
    char *sound = scratch_read("s/catalog.db", &size);
    for (int after = 0; after < 2; after++) {
        for (unsigned target = 1;; target++) {
            restore_file(sound, size);
            if (!kill_at(target, after == 1))
                break;
            deaths++;
            c = open_catalog("s");
            judge(c, target);
            recover(c);
            catalog_close(c);
        }
    }
    print_message("%u deaths\n", deaths);
    assert_true(deaths > 60);
    free(sound);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(kill_everywhere, put_seam, take_seam),
};

UNIT_MAIN(tests)
