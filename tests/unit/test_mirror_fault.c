/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mirror_fault.c - a mirror is brought up to date - two backups, a deletion, a key slot -
 * while calls of its place, or of its source's, fail: which call, with which class, before or
 * after the call took effect, once or from then on.  When the fault is gone everything arrives,
 * once.
 *
 * Of the classes that the worker treats alike a few stand for all; with LAGAN_TEST_ALL=1 it is
 * all of them.
 */
#include "driver_fixture.h"
#include "mirror/retry.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const verbs[] = {"put",  "begin", "write",  "commit", "get",
                                    "stat", "list",  "remove", "flush"};
/* A source is only read. */
static const char *const read_verbs[] = {"get", "stat", "list"};
/* Those with a meaning of their own, and some for each of the four verdicts. */
static const uint32_t sample[] = {LAGAN_TRANSIENT, LAGAN_NOT_FOUND, LAGAN_EXISTS,
                                  LAGAN_CORRUPT,   LAGAN_NO_SPACE,  LAGAN_OFFLINE,
                                  LAGAN_CANCELLED};

static struct world template;
static uint64_t usage_bytes; /* when nothing fails */
static struct {
    unsigned cases, hit, given_up;
} figures;

static int make_template(void **state)
{
    char first[CATALOG_SEAL_ID_SIZE], slot[CATALOG_SLOT_ID_SIZE];

    world_setup(state);
    world_make(&template, "tgt_fault");
    world_vault(&template, "main");
    world_backup(&template, "main", first);
    world_backup(&template, "main", NULL);
    world_mirror(&template, "main", "west");
    world_work(&template);
    world_expect_sync(&template, "main");
    world_delete(&template, "main", first);
    world_backup(&template, "main", NULL);
    world_backup(&template, "main", NULL);
    world_slot(&template, "main", slot);
    world_close(&template);
    return 0;
}

static int drop_template(void **state)
{
    (void)state;
    world_drop(&template);
    return 0;
}

static void open_copy(struct world *w)
{
    static unsigned number;

    world_copy(w, &template, ++number);
}

static void close_copy(struct world *w)
{
    world_close(w);
    free(w->mirror);
    free(w->limits);
}

/* What was given up was so for a reason that no time mends. */
static int check_given_up(void *context, const struct catalog_item_error *error,
                          struct error *e)
{
    bool *never = context;

    (void)e;
    *never = retry_judge(&error->why) == RETRY_NEVER;
    return 0;
}

static int check_dead(void *context, const struct catalog_item *item, struct error *e)
{
    struct world *w = context;
    bool never = false;

    if (catalog_item_errors(setup_catalog(w->setup), item->id, check_given_up, &never, e) != 0)
        return -1;
    assert_true(never);
    figures.given_up++;
    return 0;
}

/* Everything is there, once. */
static void expect_all(struct world *w, bool exactly)
{
    struct catalog_mirror m = world_mirror_of(w, "main");
    unsigned gone[2], slots[2];

    world_expect_sync(w, "main");
    world_stored(w, &m, true, &gone[0], &slots[0]);
    world_stored(w, &m, false, &gone[1], &slots[1]);
    assert_int_equal(gone[0], 1);
    assert_int_equal(gone[1], 1);
    /* Provider and recovery slot each, and the one that came later. */
    assert_int_equal(slots[0], 3);
    assert_int_equal(slots[1], 3);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_SUCCESS, "copy "), 4);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_SUCCESS, "remove "), 1);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_SUCCESS, "slot "), 2);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_RUNNING, ""), 0);
    if (exactly)
        assert_int_equal(world_usage(w), usage_bytes);
    else
        assert_true(world_usage(w) <= usage_bytes);
}

static void nothing_fails(void **state)
{
    struct world w;

    (void)state;
    open_copy(&w);
    world_open(&w);
    assert_int_equal(world_work(&w).done, 4);
    usage_bytes = world_usage(&w);
    assert_true(usage_bytes > 0);
    expect_all(&w, true);
    close_copy(&w);
}

static void recover(struct world *w)
{
    struct error e = ERROR_INIT;

    memset(w->faults, 0, sizeof(w->faults));
    world_open(w);
    world_wait(3600);
    world_work(w);
    assert_success(
        catalog_item_list(setup_catalog(w->setup), NULL, CATALOG_ITEM_DEAD, check_dead, w, &e),
        e);
    assert_int_equal(world_items(w, CATALOG_ITEM_WAITING), 0);
    assert_success(catalog_item_replay(setup_catalog(w->setup), 0, NULL, NULL, &e), e);
    world_work(w);
}

static void run_case(enum world_region region, const struct world_fault *fault)
{
    struct world w;
    uint64_t failures = 0;

    open_copy(&w);
    print_message("%s %s %u %s %s %s\n", region == EAST ? "source" : "mirror", fault->verb,
                  fault->at, error_class_name(fault->error_class),
                  fault->after ? "after" : "before", fault->always ? "always" : "once");
    w.faults[region] = *fault;
    world_open(&w);
    for (int pass = 0; pass < 2; pass++) {
        struct work_result r = world_work(&w);
        failures += r.failed + r.given_up + r.away;
        world_wait(700);
    }
    recover(&w);
    expect_all(&w, !fault->after);
    figures.cases++;
    figures.hit += failures > 0;
    close_copy(&w);
}

static void run_classes(enum world_region region, const char *verb)
{
    bool all = getenv("LAGAN_TEST_ALL") != NULL;
    unsigned count = all ? LAGAN_CLASS_COUNT - LAGAN_TRANSIENT
                         : (unsigned)(sizeof(sample) / sizeof(sample[0]));
    static unsigned turn;

    for (unsigned i = 0; i < 4 * count; i++) {
        const struct world_fault fault = {.verb = verb,
                                          .at = 1 + turn++ % 3,
                                          .error_class =
                                              all ? LAGAN_TRANSIENT + i / 4 : sample[i / 4],
                                          .after = (i & 1) != 0,
                                          .always = (i & 2) != 0};
        run_case(region, &fault);
    }
}

static void tell_figures(void)
{
    print_message("%u cases, %u of them were felt; %u items given up and replayed\n",
                  figures.cases, figures.hit, figures.given_up);
    assert_true(figures.hit * 2 > figures.cases);
    memset(&figures, 0, sizeof(figures));
}

static void faults_of_the_mirror(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        run_classes(WEST, verbs[i]);
    tell_figures();
}

static void faults_of_the_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(read_verbs) / sizeof(read_verbs[0]); i++)
        run_classes(EAST, read_verbs[i]);
    tell_figures();
}

/* The catalog's disk */

static sqlite3_syscall_ptr real_pwrite;
static _Atomic int room = -1; /* writes that still fit; negative = all */
static _Atomic bool met_end;

static ssize_t full_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    typedef ssize_t function(int fd, const void *data, size_t size, off_t offset);

    if (room >= 0 && room-- <= 0) {
        room = 0;
        met_end = true;
        errno = ENOSPC;
        return -1;
    }
    return ((function *)real_pwrite)(fd, data, size, offset);
}

/* Under both names that SQLite may use. */
static void fill_disk(void)
{
    static const char *const names[] = {"pwrite64", "pwrite"};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    for (size_t i = 0; i < 2; i++) {
        sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, names[i]);
        if (found == NULL)
            continue;
        real_pwrite = found;
        assert_int_equal(vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)full_pwrite),
                         SQLITE_OK);
    }
    assert_non_null(real_pwrite);
}

static void expect_full(const struct world *w, const struct error *e)
{
    if (e->code != ERROR_NO_SPACE || strstr(e->text, w->scratch) == NULL)
        fail_msg("%s: %s", error_code_name(e->code), e->text);
}

/* False when there was room for all of it. */
static bool run_full(int writes)
{
    struct world w;
    struct work_result result;
    struct error e = ERROR_INIT;

    open_copy(&w);
    w.lease_ns = 150000000;
    world_open(&w);
    met_end = false;
    room = writes;
    int worked = world_try(&w, &result, &e);
    room = -1;
    if (worked != 0)
        expect_full(&w, &e);
    assert_int_equal(worked != 0, met_end);
    /* This process lives on, and so do its leases for a while. */
    if (worked != 0)
        usleep(160000);
    world_wait(10);
    world_work(&w);
    assert_int_equal(world_tasks(&w, CATALOG_TASK_STATE_SUCCESS, "copy "), 4);
    world_expect_sync(&w, "main");
    close_copy(&w);
    return worked != 0;
}

static void catalog_without_room(void **state)
{
    int writes = 0, cases = 0;

    (void)state;
    fill_disk();
    for (; run_full(writes); cases++)
        writes += 1 + writes / 8;
    print_message("the disk was full %d times, up to write %d\n", cases, writes);
    assert_true(cases >= 10);
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    vfs->xSetSystemCall(vfs, NULL, NULL);
}

/* An argument: the tests with such names only. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails),
        cmocka_unit_test(faults_of_the_mirror),
        cmocka_unit_test(faults_of_the_source),
        cmocka_unit_test(catalog_without_room),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, make_template, drop_template);
}
