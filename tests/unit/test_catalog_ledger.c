/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_ledger.c - replications that were tried, and what follows from them.  The rows
 * of the requirements stand in the names.
 */
#include "catalog/catalog_private.h"
#include "catalog/ledger.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct catalog *open_places(void)
{
    struct catalog *c = open_catalog("s");

    add_vault(c, 10, "main");
    add_vault(c, 30, "there");
    add_backup(c, 10, 1, 1);
    return c;
}

static struct catalog_ledger make_line(const char *region, enum catalog_way way)
{
    struct catalog_ledger line = {.way = way, .bytes = 5};
    struct catalog_backup backup = make_backup(10, 1, 1);

    make_id(10, line.source_vault);
    make_id(30, line.vault);
    memcpy(line.backup, backup.id, sizeof(line.backup));
    snprintf(line.source_region, sizeof(line.source_region), "east");
    snprintf(line.region, sizeof(line.region), "%s", region);
    snprintf(line.project, sizeof(line.project), "main");
    memset(line.name, 'n', sizeof(line.name) - 1);
    snprintf(line.description, sizeof(line.description), "d");
    snprintf(line.policy, sizeof(line.policy), "p");
    return line;
}

static struct catalog_replicated history(struct catalog *c, const char *region)
{
    struct catalog_ledger line = make_line(region, CATALOG_WAY_MANUAL);
    struct catalog_replicated replicated;
    struct error e = ERROR_INIT;

    must(catalog_ledger_history(c, line.source_vault, line.backup, region, &replicated, &e),
         &e);
    return replicated;
}

static void finish(struct catalog *c, struct catalog_ledger *line,
                   enum catalog_ledger_state state)
{
    struct error e = ERROR_INIT;

    line->state = state;
    line->ended_ns = 99;
    line->bytes_sent = 3;
    if (state == CATALOG_LEDGER_SUCCESS)
        memcpy(line->replica, "00112233445566aa", sizeof(line->replica));
    else
        error_set(&line->why, LAGAN_OFFLINE, ERROR_TEMPORARY, "no route");
    must(catalog_ledger_update(c, line, &e), &e);
}

static void ledger_lines(void **state)
{
    struct catalog *c = open_places();
    struct catalog_ledger line = make_line("west", CATALOG_WAY_MANUAL), found;
    struct catalog_ledger policy = make_line("north", CATALOG_WAY_POLICY);
    struct error e = ERROR_INIT;
    struct catalog_item item;

    (void)state;
    must(catalog_ledger_insert(c, &line, &e), &e);
    assert_memory_equal(line.id, "r-", 2);
    assert_true(line.created_ns > 0);
    must(catalog_ledger_insert(c, &policy, &e), &e);
    /* The items came with them; what was asked for by hand goes first. */
    assert_int_equal(catalog_item_claim(c, INT64_MAX, 1000000000, 0, &item, &e), 1);
    assert_string_equal(item.subject, line.id);
    assert_int_equal(item.operation, CATALOG_OPERATION_REPLICA);
    assert_int_equal(item.class, CATALOG_CLASS_MANUAL);
    assert_int_equal(item.bytes, 5);
    assert_int_equal(catalog_item_claim(c, INT64_MAX, 1000000000, 0, &item, &e), 1);
    assert_int_equal(item.class, CATALOG_CLASS_POLICY);
    finish(c, &line, CATALOG_LEDGER_FAIL);
    must(catalog_ledger_find(c, line.id + 2, &found, &e), &e);
    assert_string_equal(found.name, line.name);
    assert_string_equal(found.project, "main");
    assert_string_equal(found.policy, "p");
    assert_string_equal(found.source_region, "east");
    assert_int_equal(found.state, CATALOG_LEDGER_FAIL);
    assert_int_equal(found.ended_ns, 99);
    assert_int_equal(found.bytes_sent, 3);
    assert_int_equal(found.why.code, ERROR_TEMPORARY);
    assert_string_equal(found.why.text, "no route");
    must_fail(catalog_ledger_find(c, "r-0123", &found, &e), ERROR_NO_REPLICA, "r-0123", &e);
    must_fail(catalog_ledger_find(c, "x", &found, &e), ERROR_NO_REPLICA, "'x'", &e);
    memcpy(found.id, "r-000000000000", sizeof(found.id));
    must_fail(catalog_ledger_update(c, &found, &e), ERROR_NO_REPLICA, "", &e);
    must(query_execute(c, "UPDATE ledger SET id = 'r-aaaa0000000' || number", &e), &e);
    must_fail(catalog_ledger_find(c, "aaaa", &found, &e), ERROR_AMBIGUOUS, "", &e);
    catalog_close(c);
}

/* REP-05: several regions, one live replica in each. */
static void ledger_one_live_REP_05(void **state)
{
    struct catalog *c = open_places();
    struct catalog_ledger west = make_line("west", CATALOG_WAY_MANUAL);
    struct catalog_ledger again = make_line("west", CATALOG_WAY_VAULT);
    struct catalog_ledger north = make_line("north", CATALOG_WAY_VAULT);
    struct error e = ERROR_INIT;
    char text[300];

    (void)state;
    must(catalog_ledger_insert(c, &west, &e), &e);
    must_fail(catalog_ledger_insert(c, &again, &e), ERROR_REPLICA_EXISTS, "'west'", &e);
    snprintf(text, sizeof(text), "replica:%s@%lld ", west.id, (long long)west.created_ns);
    char found[300];
    items_text(c, 30, found, sizeof(found));
    assert_memory_equal(found, text, strlen("replica:r-0123456789ab@"));
    assert_null(strchr(strchr(found, ' ') + 1, ' ')); /* none for the second */
    west.state = CATALOG_LEDGER_RUNNING;
    must(catalog_ledger_update(c, &west, &e), &e);
    must_fail(catalog_ledger_insert(c, &again, &e), ERROR_REPLICA_EXISTS, "", &e);
    assert_true(history(c, "west").running && history(c, "west").live);
    assert_false(history(c, "west").ever);
    finish(c, &west, CATALOG_LEDGER_SUCCESS);
    must_fail(catalog_ledger_insert(c, &again, &e), ERROR_REPLICA_EXISTS, "", &e);
    assert_true(history(c, "west").live && history(c, "west").ever);
    assert_false(history(c, "west").running);
    must(catalog_ledger_insert(c, &north, &e), &e);
    finish(c, &north, CATALOG_LEDGER_FAIL);
    assert_false(history(c, "north").live || history(c, "north").ever);
    struct catalog_ledger retry = make_line("north", CATALOG_WAY_VAULT);
    must(catalog_ledger_insert(c, &retry, &e), &e);
    /* The failed one cannot come to life beside it. */
    north.state = CATALOG_LEDGER_WAITING;
    must_fail(catalog_ledger_update(c, &north, &e), ERROR_REPLICA_EXISTS, "", &e);
    must_be_sound(c);
    catalog_close(c);
}

/* REP-06, REP-07: the ledger outlives the replica, and tells who may try again. */
static void ledger_outlives_the_replica_REP_06_07(void **state)
{
    struct catalog *c = open_places();
    struct catalog_ledger line = make_line("west", CATALOG_WAY_MANUAL);
    struct catalog_ledger second = make_line("west", CATALOG_WAY_MANUAL);
    struct catalog_replicated replicated = history(c, "west");
    struct error e = ERROR_INIT;

    (void)state;
    assert_false(replicated.live || replicated.ever || replicated.last.id[0]);
    must(catalog_ledger_insert(c, &line, &e), &e);
    finish(c, &line, CATALOG_LEDGER_SUCCESS);
    assert_int_equal(catalog_ledger_bury(c, line.vault, "ffff", 5, &e), 0);
    assert_int_equal(catalog_ledger_bury(c, line.vault, line.replica, 500, &e), 1);
    assert_int_equal(catalog_ledger_bury(c, line.vault, line.replica, 600, &e), 0);
    replicated = history(c, "west");
    assert_false(replicated.live);
    assert_true(replicated.ever);
    assert_int_equal(replicated.last.gone_ns, 500);
    /* An update that comes late does not bring it back. */
    line.gone_ns = 0;
    must(catalog_ledger_update(c, &line, &e), &e);
    assert_false(history(c, "west").live);
    must(catalog_ledger_insert(c, &second, &e), &e);
    replicated = history(c, "west");
    assert_true(replicated.live && replicated.running && replicated.ever);
    assert_string_equal(replicated.last.id, second.id);
    catalog_close(c);
}

static int join_ids(void *context, const struct catalog_ledger *line, struct error *e)
{
    (void)e;
    strcat(strcat(context, line->region), " ");
    return 0;
}

static void ledger_lists(void **state)
{
    static const char *const regions[] = {"west", "north", "south"};
    struct catalog *c = open_places();
    struct error e = ERROR_INIT;
    struct catalog_ledger line = make_line("west", CATALOG_WAY_MANUAL);
    char text[200] = "";

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct catalog_ledger row = make_line(regions[i], CATALOG_WAY_MANUAL);
        must(catalog_ledger_insert(c, &row, &e), &e);
    }
    line.backup[0] ^= 1;
    must(catalog_ledger_insert(c, &line, &e), &e);
    line.backup[0] ^= 1;
    must(catalog_ledger_list(c, NULL, NULL, NULL, join_ids, text, &e), &e);
    assert_string_equal(text, "west south north west ");
    text[0] = '\0';
    must(catalog_ledger_list(c, line.source_vault, line.backup, NULL, join_ids, text, &e), &e);
    assert_string_equal(text, "south north west ");
    text[0] = '\0';
    must(catalog_ledger_list(c, NULL, NULL, "west", join_ids, text, &e), &e);
    assert_string_equal(text, "west west ");
    text[0] = '\0';
    must(catalog_ledger_list(c, line.vault, NULL, NULL, join_ids, text, &e), &e);
    assert_string_equal(text, "");
    catalog_close(c);
}

/* The row of a replica goes: it lives no more.  The vault goes: nothing is on its way to it. */
static void ledger_follows_rows(void **state)
{
    struct catalog *c = open_places();
    struct catalog_ledger west = make_line("west", CATALOG_WAY_MANUAL);
    struct catalog_ledger north = make_line("north", CATALOG_WAY_MANUAL), third = west, found;
    struct catalog_backup replica = make_backup(30, 1, 7);
    struct error e = ERROR_INIT;

    (void)state;
    must(catalog_ledger_insert(c, &west, &e), &e);
    finish(c, &west, CATALOG_LEDGER_SUCCESS);
    memcpy(west.replica, replica.id, sizeof(west.replica));
    must(catalog_ledger_update(c, &west, &e), &e);
    must(catalog_backup_insert(c, &replica, &e), &e);
    must(catalog_backup_bury(c, replica.vault, replica.id, &e), &e);
    assert_false(history(c, "west").live);
    must(catalog_ledger_insert(c, &third, &e), &e);
    finish(c, &third, CATALOG_LEDGER_SUCCESS);
    must(catalog_ledger_insert(c, &north, &e), &e);
    must(catalog_vault_delete(c, replica.vault, &e), &e);
    assert_false(history(c, "west").live);
    assert_false(history(c, "north").live);
    must(catalog_ledger_find(c, north.id, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_LEDGER_FAIL);
    assert_int_equal(found.why.code, ERROR_NO_VAULT);
    assert_int_equal(found.gone_ns, 0);
    must_be_sound(c);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(ledger_lines),
    scratch_test(ledger_one_live_REP_05),
    scratch_test(ledger_outlives_the_replica_REP_06_07),
    scratch_test(ledger_lists),
    scratch_test(ledger_follows_rows),
};

UNIT_MAIN(tests)
