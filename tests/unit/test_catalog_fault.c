/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_fault.c - each write, truncation and sync below SQLite fails, one after the
 * other, once or from then on: what was acknowledged is there afterwards, what failed is not
 * there in part, and the file is never damaged.
 */
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The seam: calls are counted while `armed`; the one called `target` fails. */
static struct {
    bool armed;
    bool sticky;
    int number; /* errno */
    unsigned target;
    unsigned count;
} fault;

static bool fails(void)
{
    if (!fault.armed)
        return false;
    fault.count++;
    if (fault.count != fault.target && !(fault.sticky && fault.count > fault.target))
        return false;
    errno = fault.number;
    return true;
}

static sqlite3_syscall_ptr real_pwrite, real_ftruncate;

static ssize_t faulty_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    typedef ssize_t function(int fd, const void *data, size_t size, off_t offset);

    return fails() ? -1 : ((function *)real_pwrite)(fd, data, size, offset);
}

static int faulty_ftruncate(int fd, off_t size)
{
    typedef int function(int fd, off_t size);

    return fails() ? -1 : ((function *)real_ftruncate)(fd, size);
}

/* SQLite has no hook for these two: the program's own come before those of the C library. */
static int real_sync(const char *name, int fd)
{
    int (*function)(int fd);
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(&function, &symbol, sizeof(function));
    return function(fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return fails() ? -1 : real_sync("fdatasync", fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
    return fails() ? -1 : real_sync("fsync", fd);
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
        if (vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)faulty_pwrite) != SQLITE_OK)
            return -1;
    }
    real_ftruncate = vfs->xGetSystemCall(vfs, "ftruncate");
    if (vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)faulty_ftruncate) !=
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

/* The work: each step that was acknowledged is counted. */
struct outcome {
    bool opened;
    bool setting;
    bool pair;
    bool backup;
    bool copied;
    struct error e; /* of the first failure */
};

static int insert_source(struct catalog *c, const char *name, struct error *e)
{
    struct catalog_source *source = catalog_source_new(e);

    snprintf(source->name, sizeof(source->name), "%s", name);
    int result = catalog_source_insert(c, source, e);
    catalog_source_free(source);
    return result;
}

static int insert_pair(struct catalog *c, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = insert_source(c, "left", e);
    if (result == 0)
        result = insert_source(c, "right", e);
    return write_end(c, result, e);
}

static int insert_backup(struct catalog *c, struct error *e)
{
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct catalog_backup backup = make_backup(10, 1, 99);

    if (catalog_task_start(c, &task, e) != 0)
        return -1;
    task.bytes_done = 5;
    if (catalog_task_progress(c, &task, e) != 0)
        return -1;
    return catalog_backup_commit(c, &backup, &task, e);
}

/* A worker's round: an item, its effect in the mirror, and its end with it. */
static int copy_backup(struct catalog *c, struct error *e)
{
    struct catalog_backup backup;
    struct catalog_item item;

    if (catalog_item_claim(c, INT64_MAX, INT64_MAX, 0, &item, e) != 1)
        return -1;
    backup = make_backup(20, 1, (unsigned)strtoul(item.subject + 8, NULL, 16));
    if (catalog_item_renew(c, &item, INT64_MAX, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_insert(c, &backup, e);
    if (result == 0)
        result = catalog_item_done(c, &item, e);
    return write_end(c, result, e);
}

static struct outcome do_work(void)
{
    struct outcome o = {.e = ERROR_INIT};
    struct error e = ERROR_INIT;
    struct catalog *c = NULL;

    o.opened = catalog_open(scratch_path("s"), 0, &c, &o.e) == 0;
    if (!o.opened)
        return o;
    o.setting = catalog_setting_set(c, "k", "v", &e) == 0;
    if (o.e.error_class == LAGAN_OK)
        o.e = e;
    o.pair = insert_pair(c, &e) == 0;
    if (o.e.error_class == LAGAN_OK)
        o.e = e;
    o.backup = insert_backup(c, &e) == 0;
    if (o.e.error_class == LAGAN_OK)
        o.e = e;
    o.copied = copy_backup(c, &e) == 0;
    if (o.e.error_class == LAGAN_OK)
        o.e = e;
    catalog_close(c);
    return o;
}

static bool has_source(struct catalog *c, const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog_source *source = catalog_source_find(c, name, &e);

    catalog_source_free(source);
    return source != NULL;
}

static int see_task(void *context, const struct catalog_task *task, struct error *e)
{
    (void)e;
    if (task->state == CATALOG_TASK_STATE_SUCCESS && task->backup[0] != '\0')
        *(bool *)context = true;
    return 0;
}

/* Each backup that has a mirror is there or owed, and never both. */
static void judge_mirror(struct catalog *c, const struct outcome *o)
{
    static const char wrong[] =
        "SELECT count(*) FROM backups b JOIN mirrors m ON m.source = b.vault WHERE"
        " EXISTS (SELECT 1 FROM backups o WHERE o.vault = m.vault AND o.id = b.id) ="
        " EXISTS (SELECT 1 FROM items i WHERE i.lane = m.vault AND i.subject = b.id)";
    static const char there[] =
        "SELECT count(*) FROM backups b JOIN mirrors m ON m.vault = b.vault";
    struct error e = ERROR_INIT;
    int64_t count = 9;

    must(query_single_number(c, wrong, &count, &e), &e);
    assert_int_equal(count, 0);
    must(query_single_number(c, there, &count, &e), &e);
    assert_true(count == 1 || !o->copied);
}

/* What an unlucky sync leaves unacknowledged may be there or not; what was acknowledged must.
 */
static void judge(const struct outcome *o, unsigned target)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup wanted = make_backup(10, 1, 99), found;
    struct error e = ERROR_INIT;
    uint64_t problems;
    bool finished = false;
    char *value = catalog_setting_get(c, "k", &e);

    if ((o->setting && value == NULL) || (o->pair && !has_source(c, "left")))
        fail_msg("fault %u lost what was acknowledged", target);
    assert_int_equal(has_source(c, "left"), has_source(c, "right"));
    bool there = catalog_backup_get(c, wanted.vault, wanted.id, &found, &e) == 0;
    must(catalog_task_list(c, 0, -1, 0, see_task, &finished, &e), &e);
    assert_true(there || !o->backup);
    assert_int_equal(there, finished);
    judge_mirror(c, o);
    must(catalog_check(c, NULL, NULL, &problems, &e), &e);
    assert_int_equal(problems, 0);
    free(value);
    catalog_close(c);
}

static void restore_file(const char *sound, size_t size)
{
    static const char *const files[] = {"s/catalog.db", "s/catalog.db-wal", "s/catalog.db-shm"};

    for (size_t i = 0; i < 3; i++)
        unlink(scratch_path(files[i]));
    scratch_write("s/catalog.db", sound, size, 0600);
}

/* Returns how many faults there were. */
static unsigned sweep(const char *sound, size_t size, int number, bool sticky)
{
    unsigned failed = 0, space = 0;

    for (unsigned target = 1;; target++) {
        restore_file(sound, size);
        fault.sticky = sticky;
        fault.number = number;
        fault.target = target;
        fault.count = 0;
        fault.armed = true;
        struct outcome o = do_work();
        fault.armed = false;
        if (o.e.error_class == LAGAN_CORRUPT)
            fail_msg("fault %u was taken for damage: %s", target, o.e.text);
        space += o.e.code == ERROR_NO_SPACE;
        failed += o.e.error_class != LAGAN_OK;
        judge(&o, target);
        if (fault.count < target)
            break; /* the work is shorter than this */
    }
    assert_int_equal(scratch_count(scratch_path("s"), "catalog.damaged-"), 0);
    assert_true(number == ENOSPC ? space > 0 : space == 0);
    return failed;
}

static void fault_everywhere(void **state)
{
    static const int numbers[] = {ENOSPC, EIO};
    struct catalog *c = open_catalog("s");
    size_t size;

    (void)state;
    fill_catalog(c);
    add_mirror(c, 20, 10);
    catalog_close(c);
    char *sound = scratch_read("s/catalog.db", &size);
    for (size_t i = 0; i < 4; i++) {
        unsigned failed = sweep(sound, size, numbers[i % 2], i >= 2);
        print_message("%s, %s: %u runs failed\n", strerror(numbers[i % 2]),
                      i >= 2 ? "from then on" : "once", failed);
        assert_true(failed > 10);
    }
    free(sound);
}

/* The same while the file is made. */
static void fault_while_making(void **state)
{
    char command[600];
    struct error e;

    (void)state;
    for (unsigned target = 1;; target++) {
        struct catalog *c = NULL;
        snprintf(command, sizeof(command), "rm -rf '%s'", scratch_path("s"));
        assert_int_equal(system(command), 0);
        fault.sticky = target % 2 == 0;
        fault.number = ENOSPC;
        fault.target = target;
        fault.count = 0;
        fault.armed = true;
        e = ERROR_INIT;
        if (catalog_open(scratch_path("s"), 0, &c, &e) == 0)
            catalog_close(c);
        fault.armed = false;
        if (e.error_class == LAGAN_CORRUPT)
            fail_msg("fault %u: %s", target, e.text);
        c = open_catalog("s");
        add_source(c, 1, "x");
        catalog_close(c);
        if (fault.count < target)
            break;
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(fault_everywhere, put_seam, take_seam),
    cmocka_unit_test_setup_teardown(fault_while_making, put_seam, take_seam),
};

UNIT_MAIN(tests)
