/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_kill.c - a process that backs up, mirrors and deletes is killed before or after
 * each single write and sync of the catalog: nothing acknowledged is lost, nothing is owed
 * twice or not at all.
 */
#include "catalog/audit.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "kill_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static void judge_and_recover(struct catalog *c, unsigned target)
{
    struct error e = ERROR_INIT;

    judge(c, target);
    must(drain(c, &e), &e);
    struct census census = count(c);
    assert_int_equal(census.source, census.mirror);
    assert_int_equal(census.copies | census.removals, 0);
}

static void kill_mirroring(void **state)
{
    static const struct kill_case mirroring = {work, judge_and_recover};
    struct catalog *c = open_catalog("s");

    (void)state;
    add_vault(c, SOURCE, "main");
    add_mirror(c, MIRROR, SOURCE);
    catalog_close(c);
    assert_true(kill_everywhere(&mirroring) > 60);
}

static const struct CMUnitTest tests[] = {
    kill_test(kill_mirroring),
};

UNIT_MAIN(tests)
