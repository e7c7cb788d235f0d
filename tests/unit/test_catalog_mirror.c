/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_mirror.c - mirrors as facts: what is owed to them when their source changes, in
 * the same transaction.  The rows of the requirements stand in the names.
 */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t now_ns = 1000;

static int64_t test_clock(void)
{
    return now_ns;
}

static int setup(void **state)
{
    now_ns = 1000;
    clock_override(test_clock);
    return scratch_setup(state);
}

static int teardown(void **state)
{
    clock_override(NULL);
    return scratch_teardown(state);
}

static void add_slot(struct catalog *c, uint8_t vault, const char *kind, char digit)
{
    struct catalog_slot slot = {.created_ns = 7};
    struct error e = ERROR_INIT;

    make_id(vault, slot.vault);
    snprintf(slot.kind, sizeof(slot.kind), "%s", kind);
    memset(slot.id, digit, sizeof(slot.id) - 1);
    must(catalog_slot_upsert(c, &slot, &e), &e);
}

static void remove_slot(struct catalog *c, uint8_t vault, char digit)
{
    char id[CATALOG_SLOT_ID_SIZE] = "";
    struct error e = ERROR_INIT;
    uint8_t uuid[CATALOG_ID_SIZE];

    make_id(vault, uuid);
    memset(id, digit, sizeof(id) - 1);
    must(catalog_slot_delete(c, uuid, id, &e), &e);
}

static void bury(struct catalog *c, uint8_t vault, unsigned number)
{
    struct catalog_backup backup = make_backup(vault, 1, number);
    struct error e = ERROR_INIT;

    must(catalog_backup_bury(c, backup.vault, backup.id, &e), &e);
}

/* "copy:ID@DUE " of the backup `number`. */
static const char *expected(const char *mark, unsigned number, int64_t due_ns)
{
    static char text[8][80];
    static unsigned next;
    struct catalog_backup backup = make_backup(1, 1, number);
    char *out = text[next++ % 8];

    snprintf(out, sizeof(text[0]), "%s:%s@%lld ", mark, backup.id, (long long)due_ns);
    return out;
}

static void expect_items(struct catalog *c, uint8_t lane, const char *one, const char *two,
                         const char *three)
{
    char found[1000], wanted[300];

    snprintf(wanted, sizeof(wanted), "%s%s%s", one, two, three);
    assert_string_equal(items_text(c, lane, found, sizeof(found)), wanted);
}

static struct catalog *open_mirrored(void)
{
    struct catalog *c = open_catalog("s");

    add_vault(c, 10, "main");
    add_mirror(c, 20, 10);
    return c;
}

/* Claims the next item and ends it with its effect: the mirror has the backup. */
static void copy_next(struct catalog *c, uint8_t mirror, unsigned number)
{
    struct catalog_backup backup = make_backup(mirror, 1, number);
    struct catalog_item item;
    struct error e = ERROR_INIT;

    assert_int_equal(catalog_item_claim(c, now_ns, 1000000000, 0, &item, &e), 1);
    assert_string_equal(item.subject, backup.id);
    must(catalog_begin(c, &e), &e);
    must(catalog_backup_upsert(c, &backup, &e), &e);
    must(catalog_item_done(c, &item, &e), &e);
    must(catalog_commit(c, &e), &e);
}

/* MIR-01: exactly one mirror for a source. */
static void mirror_is_the_only_one_MIR_01(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_mirror mirror = {.history_ns = 1}, found;
    struct error e = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_find(c, NULL, "[COPY]-20", &e);
    uint64_t count = 9;

    (void)state;
    assert_int_equal(vault->role, CATALOG_ROLE_MIRROR);
    assert_int_equal(vault->lineage[3], 10);
    vault->uuid[0]++;
    snprintf(vault->name, sizeof(vault->name), "second");
    snprintf(vault->prefix, sizeof(vault->prefix), "second");
    make_id(10, mirror.source);
    must_fail(catalog_mirror_insert(c, vault, &mirror, &e), ERROR_MIRROR_EXISTS,
              "'[COPY]-20' in the region west", &e);
    assert_null(catalog_vault_find(c, NULL, "second", &e)); /* all or nothing */
    e = ERROR_INIT;
    make_id(99, mirror.source);
    must_fail(catalog_mirror_insert(c, vault, &mirror, &e), ERROR_NO_VAULT, "", &e);
    make_id(10, mirror.source);
    assert_int_equal(catalog_mirror_of(c, mirror.source, &found, &e), 1);
    assert_int_equal(found.vault[5], 20);
    assert_int_equal(catalog_mirror_of(c, found.vault, &found, &e), 0);
    must(catalog_mirror_count(c, "west", &count, &e), &e);
    assert_int_equal(count, 1);
    must(catalog_mirror_count(c, "east", &count, &e), &e);
    assert_int_equal(count, 0);
    must_be_sound(c);
    catalog_vault_free(vault);
    catalog_close(c);
}

/* MIR-08: what is backed up is owed from the same transaction on. */
static void mirror_gets_what_is_new_MIR_08(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_backup second = make_backup(10, 1, 2);
    struct error e = ERROR_INIT;

    (void)state;
    add_backup(c, 10, 1, 1);
    expect_items(c, 20, expected("copy", 1, 1000), "", "");
    must(catalog_begin(c, &e), &e);
    must(catalog_backup_insert(c, &second, &e), &e);
    expect_items(c, 20, expected("copy", 1, 1000), expected("copy", 2, 1000), "");
    catalog_rollback(c);
    expect_items(c, 20, expected("copy", 1, 1000), "", "");
    copy_next(c, 20, 1);
    expect_items(c, 20, "", "", "");
    /* Known there already: a rebuild of the source's rows owes nothing. */
    struct catalog_backup first = make_backup(10, 1, 1);
    must(catalog_backup_upsert(c, &first, &e), &e);
    expect_items(c, 20, "", "", "");
    /* Not before it is whole. */
    second.state = CATALOG_BACKUP_ERROR;
    must(catalog_backup_insert(c, &second, &e), &e);
    expect_items(c, 20, "", "", "");
    must(catalog_backup_set_state(c, second.vault, second.id, CATALOG_BACKUP_PARTIAL, &e), &e);
    expect_items(c, 20, expected("copy", 2, 1000), "", "");
    add_vault(c, 11, "other");
    add_backup(c, 11, 1, 3);
    expect_items(c, 20, expected("copy", 2, 1000), "", "");
    must_be_sound(c);
    catalog_close(c);
}

/* MIR-09: history is held back, what is new is not. */
static void mirror_holds_history_MIR_09(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_mirror mirror;
    struct catalog_item item;
    struct catalog_lag lag;
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    add_backup(c, 10, 1, 2);
    add_backup(c, 10, 1, 1);
    add_mirror(c, 20, 10);
    make_id(20, id);
    must(catalog_mirror_get(c, id, &mirror, &e), &e);
    assert_int_equal(mirror.history_total, 2);
    assert_int_equal(mirror.history_bytes, 300);
    assert_int_equal(mirror.history_ns, 5000);
    add_backup(c, 10, 1, 3);
    expect_items(c, 20, expected("copy", 1, 5000), expected("copy", 2, 5000),
                 expected("copy", 3, 1000));
    must(catalog_mirror_lag(c, id, now_ns, &lag, &e), &e);
    assert_int_equal(lag.backups, 3);
    assert_int_equal(lag.bytes, 600);
    assert_int_equal(lag.oldest_ns, 1000);
    assert_int_equal(lag.history_left, 2);
    assert_int_equal(lag.history_bytes, 300);
    copy_next(c, 20, 3);
    assert_int_equal(catalog_item_claim(c, 4999, 1, 0, &item, &e), 0);
    must(catalog_mirror_lag(c, id, now_ns, &lag, &e), &e);
    assert_int_equal(lag.oldest_ns, 0);
    now_ns = 5000;
    add_backup(c, 10, 1, 4);
    copy_next(c, 20, 4); /* outruns history */
    copy_next(c, 20, 1);
    copy_next(c, 20, 2);
    must(catalog_mirror_lag(c, id, now_ns, &lag, &e), &e);
    assert_int_equal(lag.backups + lag.history_left + lag.bytes, 0);
    must_be_sound(c);
    catalog_close(c);
}

/* MIR-33, MIR-27: a deletion arrives after its delay, as an event. */
static void mirror_deletes_late_MIR_33(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_backup first = make_backup(10, 1, 1);
    struct catalog_item item;
    struct catalog_lag lag;
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    (void)state;
    make_id(20, id);
    add_backup(c, 10, 1, 1);
    copy_next(c, 20, 1);
    must(catalog_begin(c, &e), &e);
    bury(c, 10, 1);
    expect_items(c, 20, expected("remove", 1, 1700), "", "");
    catalog_rollback(c);
    expect_items(c, 20, "", "", "");
    bury(c, 10, 1);
    expect_items(c, 20, expected("remove", 1, 1700), "", "");
    assert_int_equal(catalog_item_claim(c, 1699, 1, 0, &item, &e), 0);
    must(catalog_mirror_lag(c, id, 1699, &lag, &e), &e);
    assert_int_equal(lag.deletions, 1);
    assert_int_equal(lag.deletions_due, 0);
    assert_int_equal(lag.backups, 0);
    must(catalog_mirror_lag(c, id, 1700, &lag, &e), &e);
    assert_int_equal(lag.deletions_due, 1);
    /* It came back: nothing is removed, and nothing copied that is there. */
    must(catalog_backup_upsert(c, &first, &e), &e);
    expect_items(c, 20, "", "", "");
    bury(c, 10, 1);
    assert_int_equal(catalog_item_claim(c, 1700, 1000000000, 0, &item, &e), 1);
    assert_int_equal(item.operation, CATALOG_OPERATION_REMOVE);
    assert_int_equal(item.class, CATALOG_CLASS_REMOVAL);
    /* Back again while it is being removed: it is owed once more. */
    must(catalog_backup_upsert(c, &first, &e), &e);
    char text[200];
    snprintf(text, sizeof(text), "!%s%s", expected("remove", 1, 1700),
             expected("copy", 1, 1000));
    expect_items(c, 20, text, "", "");
    must_be_sound(c);
    catalog_close(c);
}

/* What was never copied is not copied after its deletion; the deletion goes out all the same,
 * since a copy that was broken off may have arrived. */
static void mirror_forgets_copies_of_the_deleted(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_item item;
    struct error e = ERROR_INIT, why = ERROR_INIT;

    (void)state;
    add_backup(c, 10, 1, 1);
    bury(c, 10, 1);
    expect_items(c, 20, expected("remove", 1, 1700), "", "");
    add_backup(c, 10, 1, 2);
    assert_int_equal(catalog_item_claim(c, 1000, 1000000000, 0, &item, &e), 1);
    error_set(&why, LAGAN_IO, ERROR_FAILED, "x");
    must(catalog_item_fail(c, &item, &why, 0, &e), &e); /* given up */
    bury(c, 10, 2);
    expect_items(c, 20, expected("remove", 1, 1700), expected("remove", 2, 1700), "");
    catalog_close(c);
}

/* MIR-27: what is merely missing was not deleted; with a tombstone it was, here or elsewhere.
 */
static void mirror_keeps_what_was_lost_MIR_27(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_backup first = make_backup(10, 1, 1), second = make_backup(10, 1, 2);
    struct error e = ERROR_INIT;

    (void)state;
    add_backup(c, 10, 1, 1);
    add_backup(c, 10, 1, 2);
    copy_next(c, 20, 1);
    must(catalog_backup_delete(c, first.vault, first.id, &e), &e);
    expect_items(c, 20, expected("copy", 2, 1000), "", "");
    must(catalog_tombstone_insert(c, second.vault, second.seal_name, &e), &e);
    must(catalog_backup_delete(c, second.vault, second.id, &e), &e);
    expect_items(c, 20, expected("remove", 2, 1700), "", "");
    catalog_close(c);
}

static void mirror_gets_slots(void **state)
{
    static const char r[] = "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",
                      p[] = "pppppppppppppppppppppppppppppppp";
    struct catalog *c = open_catalog("s");
    char text[200];
    struct error e = ERROR_INIT;
    uint8_t uuid[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    add_slot(c, 10, "recovery", 'r');
    add_slot(c, 10, "managed", 'm');
    add_mirror(c, 20, 10);
    snprintf(text, sizeof(text), "slot:%s@1000 ", r);
    expect_items(c, 20, text, "", "");
    add_slot(c, 10, "managed", 'n');
    remove_slot(c, 10, 'm');
    expect_items(c, 20, text, "", "");
    add_slot(c, 20, "recovery", 'r'); /* a mirror's own slots are nobody else's */
    add_slot(c, 10, "passphrase", 'p');
    snprintf(text, sizeof(text), "slot:%s@1000 slot:%s@1000 ", r, p);
    expect_items(c, 20, text, "", "");
    remove_slot(c, 10, 'p');
    remove_slot(c, 10, 'r');
    snprintf(text, sizeof(text), "slot-remove:%s@1700 slot-remove:%s@1700 ", p, r);
    expect_items(c, 20, text, "", "");
    add_slot(c, 10, "recovery", 'r'); /* there: taken back, not copied */
    add_slot(c, 10, "passphrase", 'p');
    snprintf(text, sizeof(text), "slot:%s@1000 ", p);
    expect_items(c, 20, text, "", "");
    make_id(10, uuid);
    must(catalog_slot_delete(c, uuid, NULL, &e), &e); /* forgetting is no removal */
    expect_items(c, 20, text, "", "");
    must_be_sound(c);
    catalog_close(c);
}

static void mirror_fills(void **state)
{
    struct catalog *c = open_mirrored();
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];
    uint64_t count = 9;

    (void)state;
    make_id(10, id);
    add_backup(c, 10, 1, 1);
    add_backup(c, 10, 1, 2);
    add_backup(c, 10, 1, 3);
    copy_next(c, 20, 1);
    must(query_execute(c, "DELETE FROM items WHERE subject LIKE '%00000002'", &e), &e);
    must(catalog_mirror_fill(c, id, &count, &e), &e);
    assert_int_equal(count, 1);
    expect_items(c, 20, expected("copy", 3, 1000), expected("copy", 2, 1000), "");
    must(catalog_mirror_fill(c, id, &count, &e), &e);
    assert_int_equal(count, 0);
    catalog_close(c);
}

/* After a rebuild the vault is there, and what it holds. */
static void mirror_is_found_again(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_mirror mirror = {.history_ns = 2000};
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    add_vault(c, 20, "copy");
    add_backup(c, 10, 1, 1);
    add_backup(c, 10, 1, 2);
    add_backup(c, 20, 1, 1);
    make_id(10, mirror.source);
    make_id(20, mirror.vault);
    must(catalog_mirror_insert(c, NULL, &mirror, &e), &e);
    assert_int_equal(mirror.created_ns, 1000);
    assert_int_equal(mirror.history_total, 2);
    expect_items(c, 20, expected("copy", 2, 2000), "", "");
    struct catalog_vault *vault = catalog_vault_get(c, mirror.vault, &e);
    assert_int_equal(vault->role, CATALOG_ROLE_MIRROR);
    vault->role = CATALOG_ROLE_NORMAL; /* as storage has it */
    must(catalog_vault_upsert(c, vault, &e), &e);
    must_be_sound(c);
    make_id(77, mirror.vault);
    make_id(20, mirror.source);
    must_fail(catalog_mirror_insert(c, NULL, &mirror, &e), ERROR_NO_VAULT, "", &e);
    catalog_vault_free(vault);
    catalog_close(c);
}

static int count_mirror(void *context, const struct catalog_mirror *mirror, struct error *e)
{
    (void)e;
    *(unsigned *)context = *(unsigned *)context * 100 + mirror->vault[0];
    return 0;
}

static void mirror_updates(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_mirror mirror, found;
    struct error e = ERROR_INIT;
    unsigned listed = 0;
    uint8_t id[CATALOG_ID_SIZE];

    (void)state;
    make_id(20, id);
    must(catalog_mirror_get(c, id, &mirror, &e), &e);
    assert_int_equal(mirror.state, CATALOG_MIRROR_INITIALIZING);
    mirror.state = CATALOG_MIRROR_ERROR;
    mirror.delete_delay_ns = 1;
    mirror.rpo_ns = 2;
    mirror.latest_ns = 3;
    mirror.synced_ns = 4;
    mirror.braked_ns = 5;
    mirror.released_ns = 6;
    mirror.created_ns = mirror.history_total = 12345; /* these stay */
    error_set(&mirror.why, LAGAN_OFFLINE, ERROR_TEMPORARY, "gone fishing");
    must(catalog_mirror_update(c, &mirror, &e), &e);
    must(catalog_mirror_get(c, id, &found, &e), &e);
    assert_int_equal(found.created_ns, 100);
    assert_int_equal(found.history_total, 0);
    assert_int_equal(found.state, CATALOG_MIRROR_ERROR);
    assert_int_equal(found.delete_delay_ns, 1);
    assert_int_equal(found.rpo_ns, 2);
    assert_int_equal(found.latest_ns, 3);
    assert_int_equal(found.synced_ns, 4);
    assert_int_equal(found.braked_ns, 5);
    assert_int_equal(found.released_ns, 6);
    assert_int_equal(found.why.error_class, LAGAN_OFFLINE);
    assert_int_equal(found.why.code, ERROR_TEMPORARY);
    assert_string_equal(found.why.text, "gone fishing");
    add_vault(c, 11, "other");
    add_mirror(c, 21, 11);
    must(catalog_mirror_list(c, count_mirror, &listed, &e), &e);
    assert_int_equal(listed, 2021);
    make_id(10, mirror.vault);
    must_fail(catalog_mirror_update(c, &mirror, &e), ERROR_NO_MIRROR, "", &e);
    must_fail(catalog_mirror_get(c, mirror.vault, &mirror, &e), ERROR_NO_MIRROR, "", &e);
    catalog_close(c);
}

/* MIR-17, DEL-02: the mirror goes first, and is named. */
static void mirror_goes_first_MIR_17_DEL_02(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_item item;
    struct catalog_mirror mirror;
    struct error e = ERROR_INIT;
    uint8_t source[CATALOG_ID_SIZE], id[CATALOG_ID_SIZE];

    (void)state;
    make_id(10, source);
    make_id(20, id);
    add_backup(c, 10, 1, 1);
    must_fail(catalog_vault_delete(c, source, &e), ERROR_VAULT_HAS_MIRROR,
              "'[COPY]-20' in the region west", &e);
    expect_items(c, 20, expected("copy", 1, 1000), "", "");
    must(catalog_vault_delete(c, id, &e), &e);
    assert_int_equal(catalog_mirror_of(c, source, &mirror, &e), 0);
    assert_int_equal(catalog_item_claim(c, 9999, 1, 0, &item, &e), 0);
    must_be_sound(c);
    must(catalog_vault_delete(c, source, &e), &e);
    must_be_sound(c);
    catalog_close(c);
}

/* MIR-23: a mirror that is released is a vault like others. */
static void mirror_released_MIR_23(void **state)
{
    struct catalog *c = open_mirrored();
    struct catalog_lane lane;
    struct catalog_item item;
    struct error e = ERROR_INIT;
    uint8_t source[CATALOG_ID_SIZE], id[CATALOG_ID_SIZE];

    (void)state;
    make_id(10, source);
    make_id(20, id);
    add_backup(c, 10, 1, 1);
    assert_int_equal(catalog_item_claim(c, 1000, 1000000000, 0, &item, &e), 1);
    must(catalog_mirror_release(c, id, &e), &e);
    must_fail(catalog_mirror_release(c, id, &e), ERROR_NO_MIRROR, "", &e);
    must_fail(catalog_item_done(c, &item, &e), ERROR_LEASE_LOST, "", &e);
    must(catalog_lane_get(c, id, &lane, &e), &e);
    assert_int_equal(lane.vault[0], 0);
    struct catalog_vault *vault = catalog_vault_get(c, id, &e);
    assert_int_equal(vault->role, CATALOG_ROLE_NORMAL);
    catalog_vault_free(vault);
    add_backup(c, 10, 1, 2);
    expect_items(c, 20, "", "", "");
    must(catalog_vault_delete(c, source, &e), &e);
    must_be_sound(c);
    catalog_close(c);
}

static void count_problem(void *context, const char *text)
{
    (void)text;
    ++*(unsigned *)context;
}

static void mirror_checked(void **state)
{
    static const char *const wrongs[] = {
        "UPDATE vaults SET role = 'normal' WHERE region = 'west'",
        "UPDATE items SET operation = 'replica'",
        "UPDATE items SET state = 'running'",
        "DELETE FROM lanes",
        "DELETE FROM mirrors",
        "UPDATE mirrors SET state = 'lost'",
        "UPDATE items SET class = 17",
        "UPDATE mirrors SET source = vault",
    };
    struct error e = ERROR_INIT;
    uint64_t problems = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        unsigned seen = 0;
        char name[8];
        snprintf(name, sizeof(name), "s%zu", i);
        struct catalog *c = open_catalog(name);
        add_vault(c, 10, "main");
        add_mirror(c, 20, 10);
        add_backup(c, 10, 1, 1);
        must_be_sound(c);
        must(query_execute(c, wrongs[i], &e), &e);
        must(catalog_check(c, count_problem, &seen, &problems, &e), &e);
        if (problems == 0)
            fail_msg("%s: not seen", wrongs[i]);
        assert_int_equal(seen, problems);
        catalog_close(c);
    }
}

#define mirror_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static const struct CMUnitTest tests[] = {
    mirror_test(mirror_is_the_only_one_MIR_01),
    mirror_test(mirror_gets_what_is_new_MIR_08),
    mirror_test(mirror_holds_history_MIR_09),
    mirror_test(mirror_deletes_late_MIR_33),
    mirror_test(mirror_forgets_copies_of_the_deleted),
    mirror_test(mirror_keeps_what_was_lost_MIR_27),
    mirror_test(mirror_gets_slots),
    mirror_test(mirror_fills),
    mirror_test(mirror_is_found_again),
    mirror_test(mirror_updates),
    mirror_test(mirror_goes_first_MIR_17_DEL_02),
    mirror_test(mirror_released_MIR_23),
    mirror_test(mirror_checked),
};

UNIT_MAIN(tests)
