/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_migrate.c - catalogs of every version before this one, with rows in them, are
 * brought up to date without a loss.
 */
#include "base/buffer.h"
#include "catalog/approval.h"
#include "catalog/catalog_private.h"
#include "catalog/mirror.h"
#include "catalog_fixture.h"
#include "run_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* Copies what the tables of old can hold of the catalog that is attached as `new`. */
static void copy_rows(sqlite3 *db)
{
    static const char sql[] =
        "SELECT 'INSERT INTO main.' || t.name || ' (' || group_concat(c.name) || ') SELECT '"
        " || group_concat(c.name) || ' FROM new.' || t.name"
        " FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        " GROUP BY t.name";
    struct buffer all CLEANUP_BUFFER = BUFFER_INIT;
    sqlite3_stmt *statement = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        buffer_append_format(&all, "%s;", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    buffer_append_u8(&all, 0);
    run(db, (const char *)all.data);
}

/* The catalog in the folder `from` as the program of that version would have it, in `to`. */
static void make_old(const char *from, const char *to, int version)
{
    char sql[600], path[300];
    sqlite3 *db = NULL;

    assert_int_equal(mkdir(scratch_path(to), 0700), 0);
    snprintf(path, sizeof(path), "%s/catalog.db", scratch_path(to));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(schema_make(db, version), SQLITE_OK);
    snprintf(sql, sizeof(sql), "ATTACH '%s/catalog.db' AS new", scratch_path(from));
    run(db, sql);
    copy_rows(db);
    snprintf(sql, sizeof(sql),
             "DETACH new; PRAGMA application_id = 0x4c61676e; PRAGMA user_version = %d;"
             "UPDATE settings SET value = '%d' WHERE name = 'schema_version'",
             version, version);
    run(db, sql);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void check_defaults(struct catalog *c)
{
    struct error e = ERROR_INIT;
    struct catalog_vault *vault = catalog_vault_find(c, NULL, "main", &e);
    struct catalog_source *source = catalog_source_find(c, "etc", &e);
    struct catalog_backup backup;

    assert_memory_equal(vault->lineage, vault->uuid, sizeof(vault->uuid));
    assert_string_equal(vault->project, "main");
    assert_int_equal(vault->plan, CATALOG_PLAN_FULL);
    assert_int_equal(vault->redundancy, CATALOG_REDUNDANCY_LOCAL);
    assert_int_equal(vault->quota_warning, 80);
    assert_int_equal(vault->quota_bytes, 0);
    assert_int_equal(vault->tags.count, 0);
    assert_int_equal(vault->key_parameters.count, 1);
    must(catalog_backup_find(c, vault->uuid, NULL, "latest", &backup, &e), &e);
    assert_string_equal(backup.region, "east");
    assert_string_equal(backup.kind, "files");
    assert_string_equal(backup.origin, "");
    assert_int_equal(source->vault[0], 0);
    assert_int_equal(source->rules.count, 2);
    catalog_vault_free(vault);
    catalog_source_free(source);
}

static void migrate_from(int version)
{
    struct catalog *c = open_catalog("new");
    struct catalog_slot slot = {.kind = "recovery", .label = "l", .created_ns = 7};
    struct error e = ERROR_INIT;

    fill_catalog(c);
    if (version >= 2) {
        make_id(10, slot.vault);
        memset(slot.id, 'a', sizeof(slot.id) - 1);
        must(catalog_slot_upsert(c, &slot, &e), &e);
        must(catalog_tombstone_insert(c, slot.vault, "seal-x", &e), &e);
    }
    char *before = dump_text(c);
    catalog_close(c);
    make_old("new", "old", version);
    c = open_catalog("old");
    char *after = dump_text(c);
    assert_string_equal(before, after);
    check_defaults(c);
    must_be_sound(c);
    /* It works, and is opened again as what it is now. */
    add_mirror(c, 20, 10);
    catalog_close(c);
    c = open_catalog("old");
    must_be_sound(c);
    catalog_close(c);
    free(before);
    free(after);
}

static void migrate_from_1(void **state)
{
    (void)state;
    migrate_from(1);
}

static void migrate_from_2(void **state)
{
    (void)state;
    migrate_from(2);
}

static void check_policies(struct catalog *c)
{
    struct catalog_policy *policy = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    struct error e = ERROR_INIT;
    struct catalog_backup backup;
    uint8_t main[CATALOG_ID_SIZE];

    make_id(10, main);
    must(catalog_policy_apply(c, policy, main, &e), &e);
    add_run(c, policy, 5, 2);
    must(catalog_backup_find(c, main, NULL, "latest", &backup, &e), &e);
    assert_string_equal(backup.trigger, "manual");
    assert_string_equal(backup.policy, "");
    assert_int_equal(backup.expire_ns, 0);
    assert_false(backup.full);
    catalog_policy_free(policy);
}

/* A mirror, its queue and the ledger come along. */
static void migrate_from_3(void **state)
{
    struct catalog *c = open_catalog("new");
    char before[500], after[500];

    (void)state;
    fill_catalog(c);
    add_mirror(c, 20, 10);
    add_item(c, 20, "x");
    items_text(c, 20, before, sizeof(before));
    catalog_close(c);
    make_old("new", "old", 3);
    c = open_catalog("old");
    assert_string_equal(items_text(c, 20, after, sizeof(after)), before);
    check_defaults(c);
    check_policies(c);
    must_be_sound(c);
    catalog_close(c);
    c = open_catalog("old");
    must_be_sound(c);
    catalog_close(c);
}

/* What came with version 5: backups that can be brought back, approvers, breaches counted. */
static void check_version_5(struct catalog *c)
{
    struct catalog_approvers approvers = {.needed = 1, .count = 1, .items = {{.name = "ann"}}};
    struct catalog_backup backup;
    struct error e = ERROR_INIT;
    uint8_t main[CATALOG_ID_SIZE], mirror[CATALOG_ID_SIZE];

    make_id(10, main);
    make_id(20, mirror);
    must(catalog_backup_find(c, main, NULL, "latest", &backup, &e), &e);
    assert_int_equal(backup.keep_ns, 0);
    assert_int_equal(backup.deleted_ns, 0);
    must(catalog_backup_discard(c, main, backup.id, 5, 9, "why", &e), &e);
    must(catalog_backup_get(c, main, backup.id, &backup, &e), &e);
    assert_int_equal(backup.state, CATALOG_BACKUP_DELETED);
    must(catalog_backup_bring_back(c, main, backup.id, &e), &e);
    must(catalog_approvers_set(c, main, &approvers, &e), &e);
    must(catalog_approvers_get(c, main, &approvers, &e), &e);
    assert_int_equal(approvers.needed, 1);
    assert_string_equal(approvers.items[0].name, "ann");
    must(catalog_mirror_breach(c, mirror, &e), &e);
}

static void migrate_from_4(void **state)
{
    struct catalog *c = open_catalog("new");

    (void)state;
    fill_catalog(c);
    add_mirror(c, 20, 10);
    check_policies(c);
    catalog_close(c);
    make_old("new", "old", 4);
    c = open_catalog("old");
    check_defaults(c);
    check_version_5(c);
    must_be_sound(c);
    catalog_close(c);
    c = open_catalog("old");
    must_be_sound(c);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(migrate_from_4),
    scratch_test(migrate_from_1),
    scratch_test(migrate_from_2),
    scratch_test(migrate_from_3),
};

UNIT_MAIN(tests)
