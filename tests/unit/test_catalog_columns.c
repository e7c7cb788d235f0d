/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_columns.c - what vaults, sources, backups and tasks have for regions apart:
 * every member comes back as it was written, and has its default when it was empty.
 */
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* X(member, value): numbers of a vault that an update changes. */
#define NUMBERS(X)                                                                             \
    X(type, CATALOG_TYPE_TABLE)                                                                \
    X(state, CATALOG_VAULT_DELETED)                                                            \
    X(encryption, CATALOG_ENCRYPTION_KMS)                                                      \
    X(role, CATALOG_ROLE_REPLICATION)                                                          \
    X(plan, CATALOG_PLAN_TRIAL)                                                                \
    X(redundancy, CATALOG_REDUNDANCY_ZONE)                                                     \
    X(trial_end_ns, 11)                                                                        \
    X(quota_bytes, UINT64_C(1) << 41)                                                          \
    X(quota_warning, 55)                                                                       \
    X(auto_expand, true)                                                                       \
    X(quota_warned, true)                                                                      \
    X(deleted_ns, 12)                                                                          \
    X(purge_ns, 13)

static struct catalog_vault *get_vault(struct catalog *c, uint8_t number)
{
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    make_id(number, id);
    struct catalog_vault *vault = catalog_vault_get(c, id, &e);
    must(vault != NULL ? 0 : -1, &e);
    return vault;
}

static void columns_of_vaults(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    struct catalog_vault *vault = get_vault(c, 10);
    assert_memory_equal(vault->lineage, vault->uuid, sizeof(vault->uuid));
    assert_string_equal(vault->project, "main");
    assert_int_equal(vault->quota_warning, 80);
#define X(member, value)                                                                       \
    assert_true(vault->member != (value));                                                     \
    vault->member = (value);
    NUMBERS(X)
#undef X
    make_id(99, vault->lineage);
    snprintf(vault->project, sizeof(vault->project), "lab");
    snprintf(vault->reason, sizeof(vault->reason), "because");
    must(catalog_pairs_add(&vault->tags, "team", "x", &e), &e);
    must(catalog_pairs_add(&vault->tags, "cost", "", &e), &e);
    must(catalog_vault_update(c, vault, &e), &e);
    catalog_vault_free(vault);
    catalog_close(c);
    c = open_catalog("s");
    vault = get_vault(c, 10);
#define X(member, value) assert_true(vault->member == (value));
    NUMBERS(X)
#undef X
    assert_int_equal(vault->lineage[0], 99);
    assert_string_equal(vault->project, "lab");
    assert_string_equal(vault->reason, "because");
    assert_int_equal(vault->tags.count, 2);
    assert_string_equal(vault->tags.items[0].name, "cost");
    assert_string_equal(catalog_pairs_find(&vault->tags, "team"), "x");
    must(catalog_pairs_add(&vault->tags, "team", "y", &e), &e);
    assert_int_equal(catalog_vault_update(c, vault, &e), -1); /* each name once */
    catalog_vault_free(vault);
    vault = get_vault(c, 10);
    assert_int_equal(vault->tags.count, 2);
    catalog_pairs_clear(&vault->tags);
    must(catalog_vault_update(c, vault, &e), &e);
    catalog_vault_free(vault);
    vault = get_vault(c, 10);
    assert_int_equal(vault->tags.count, 0);
    catalog_vault_free(vault);
    must_be_sound(c);
    catalog_close(c);
}

/* A rebuild that knows less takes nothing away. */
static void columns_after_a_rebuild(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    struct catalog_vault *vault = get_vault(c, 10);
    make_id(99, vault->lineage);
    snprintf(vault->project, sizeof(vault->project), "lab");
    vault->trial_end_ns = 5;
    vault->quota_bytes = 6;
    vault->quota_warning = 7;
    vault->auto_expand = true;
    must(catalog_pairs_add(&vault->tags, "team", "x", &e), &e);
    must(catalog_vault_update(c, vault, &e), &e);
    memset(vault->lineage, 0, sizeof(vault->lineage));
    vault->project[0] = '\0';
    vault->trial_end_ns = 0;
    vault->quota_bytes = vault->quota_warning = vault->auto_expand = 0;
    catalog_pairs_clear(&vault->tags);
    vault->plan = CATALOG_PLAN_TRIAL;
    vault->type = CATALOG_TYPE_ARCHIVE;
    must(catalog_vault_upsert(c, vault, &e), &e);
    catalog_vault_free(vault);
    vault = get_vault(c, 10);
    assert_int_equal(vault->lineage[0], 99);
    assert_string_equal(vault->project, "lab");
    assert_int_equal(vault->trial_end_ns, 5);
    assert_int_equal(vault->quota_bytes, 6);
    assert_int_equal(vault->quota_warning, 7);
    assert_true(vault->auto_expand);
    assert_int_equal(vault->tags.count, 1);
    assert_int_equal(vault->plan, CATALOG_PLAN_TRIAL);
    assert_int_equal(vault->type, CATALOG_TYPE_ARCHIVE);
    catalog_vault_free(vault);
    char *text = dump_text(c);
    assert_non_null(strstr(text, " type=\"archive\""));
    assert_non_null(
        strstr(text, " role=\"normal\" plan=\"trial\" project=\"lab\" lineage=6363"));
    assert_non_null(strstr(text, " quota_bytes=6 quota_warning=7 auto_expand=1 tag=\"team\""));
    free(text);
    catalog_close(c);
}

/* Every value of every enumeration has its name, and the name its value. */
static void columns_of_words(void **state)
{
    (void)state;
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_plan_name(CATALOG_PLAN_##symbol), name);                       \
    assert_int_equal(catalog_plan_parse(name), CATALOG_PLAN_##symbol);
    CATALOG_PLANS(X)
#undef X
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_vault_role_name(CATALOG_ROLE_##symbol), name);                 \
    assert_int_equal(catalog_vault_role_parse(name), CATALOG_ROLE_##symbol);
    CATALOG_VAULT_ROLES(X)
#undef X
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_redundancy_name(CATALOG_REDUNDANCY_##symbol), name);
    CATALOG_REDUNDANCIES(X)
#undef X
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_item_state_name(CATALOG_ITEM_##symbol), name);                 \
    assert_int_equal(catalog_item_state_parse(name), CATALOG_ITEM_##symbol);
    CATALOG_ITEM_STATES(X)
#undef X
    assert_int_equal(catalog_plan_parse("free"), -1);
    assert_int_equal(catalog_vault_role_parse(""), -1);
    assert_int_equal(catalog_item_state_parse("late"), -1);
}

static void columns_of_sources(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    add_source(c, 1, "etc");
    struct catalog_source *source = catalog_source_find(c, "etc", &e);
    assert_int_equal(source->vault[0], 0);
    make_id(10, source->vault);
    must(catalog_source_update(c, source, &e), &e);
    source->id[0] = 77;
    snprintf(source->name, sizeof(source->name), "second");
    make_id(66, source->vault);
    must_fail(catalog_source_insert(c, source, &e), ERROR_NO_VAULT, "'second'", &e);
    make_id(10, source->vault);
    must(catalog_source_insert(c, source, &e), &e);
    make_id(66, source->vault);
    must_fail(catalog_source_update(c, source, &e), ERROR_NO_VAULT, "'second'", &e);
    catalog_source_free(source);
    source = catalog_source_find(c, "etc", &e);
    assert_int_equal(source->vault[15], 10);
    catalog_source_free(source);
    make_id(10, vault);
    must(catalog_vault_delete(c, vault, &e), &e); /* the source stays, without a vault */
    source = catalog_source_find(c, "second", &e);
    assert_int_equal(source->vault[15], 0);
    catalog_source_free(source);
    must_be_sound(c);
    catalog_close(c);
}

static void columns_of_backups(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_backup plain = make_backup(10, 1, 1), server = make_backup(10, 1, 2), found;
    struct error e = ERROR_INIT;

    (void)state;
    add_vault(c, 10, "main");
    must(catalog_backup_insert(c, &plain, &e), &e);
    must(catalog_backup_get(c, plain.vault, plain.id, &found, &e), &e);
    assert_string_equal(found.region, "east");
    assert_string_equal(found.kind, "files");
    assert_string_equal(found.origin, "");
    assert_false(found.system_disk);
    snprintf(server.region, sizeof(server.region), "west");
    snprintf(server.kind, sizeof(server.kind), "server");
    memcpy(server.origin, plain.id, sizeof(server.origin));
    server.system_disk = true;
    must(catalog_backup_upsert(c, &server, &e), &e);
    must(catalog_backup_find(c, NULL, NULL, "latest", &found, &e), &e);
    assert_string_equal(found.region, "west");
    assert_string_equal(found.kind, "server");
    assert_string_equal(found.origin, plain.id);
    assert_true(found.system_disk);
    make_id(66, plain.vault);
    must_fail(catalog_backup_insert(c, &plain, &e), ERROR_NO_VAULT, "", &e);
    catalog_close(c);
}

static struct catalog_task start_part(struct catalog *c, const char *parent)
{
    struct catalog_task task = {.type = CATALOG_TASK_REPLICATION};
    struct error e = ERROR_INIT;

    snprintf(task.parent, sizeof(task.parent), "%s", parent);
    must(catalog_task_start(c, &task, &e), &e);
    return task;
}

static void columns_of_tasks(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_task whole = start_part(c, ""), other = start_part(c, "");
    struct catalog_task first = start_part(c, whole.id), second = start_part(c, whole.id),
                        found;
    struct catalog_task_parts parts;
    struct error e = ERROR_INIT;

    (void)state;
    must(catalog_task_find(c, first.id, &found, &e), &e);
    assert_string_equal(found.parent, whole.id);
    must(catalog_task_finish(c, &second, CATALOG_TASK_STATE_SKIPPED, NULL, &e), &e);
    must(catalog_task_parts(c, whole.id, &parts, &e), &e);
    assert_int_equal(parts.count[CATALOG_TASK_STATE_RUNNING], 1);
    assert_int_equal(parts.count[CATALOG_TASK_STATE_SKIPPED], 1);
    assert_int_equal(parts.count[CATALOG_TASK_STATE_FAILED], 0);
    must(catalog_task_parts(c, "", &parts, &e), &e);
    assert_int_equal(parts.count[CATALOG_TASK_STATE_RUNNING], 0);

    assert_int_equal(catalog_task_is_cancelled(c, first.id, &e), 0);
    must(catalog_task_cancel(c, first.id, &e), &e);
    assert_int_equal(catalog_task_is_cancelled(c, first.id, &e), 1);
    assert_int_equal(catalog_task_is_cancelled(c, whole.id, &e), 0);
    struct catalog_task third = start_part(c, whole.id);
    assert_int_equal(catalog_task_is_cancelled(c, third.id, &e), 0);
    must(catalog_task_cancel(c, whole.id + 2, &e), &e);
    assert_int_equal(catalog_task_is_cancelled(c, third.id, &e), 1); /* with the whole */
    assert_int_equal(catalog_task_is_cancelled(c, other.id, &e), 0);
    must_fail(catalog_task_cancel(c, second.id, &e), ERROR_CONFLICT, "is over: skipped", &e);
    must_fail(catalog_task_cancel(c, "t-000000000000", &e), ERROR_FAILED, "no task", &e);
    assert_int_equal(e.error_class, LAGAN_OK);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(columns_of_vaults),  scratch_test(columns_after_a_rebuild),
    scratch_test(columns_of_words),   scratch_test(columns_of_sources),
    scratch_test(columns_of_backups), scratch_test(columns_of_tasks),
};

UNIT_MAIN(tests)
