/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_policy.c - what people do with policies: cursors, revisions, runs that are open,
 * what an edit means. */
#include "catalog/audit.h"
#include "catalog/run.h"
#include "driver_fixture.h"
#include "engine/policy_manage.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = INT64_C(1000000000);
enum { HOUR = 3600 };

/* ---- a policy of words ---- */

/* `words`: name, value, ..., NULL. */
static struct catalog_pairs pairs_of(const char *const *words)
{
    struct catalog_pairs pairs = {NULL, 0};
    struct error e = ERROR_INIT;

    for (size_t i = 0; words[i] != NULL; i += 2)
        assert_success(catalog_pairs_add(&pairs, words[i], words[i + 1], &e), e);
    return pairs;
}

static int draft_of(struct world *w, const struct catalog_policy *base,
                    const char *const *words, struct catalog_policy **draft, struct error *e)
{
    struct catalog_pairs pairs = pairs_of(words);
    int result = policy_manage_draft(w->setup, base, &pairs, draft, e);

    catalog_pairs_clear(&pairs);
    return result;
}

static struct catalog_policy *find(struct world *w, const char *name)
{
    struct error e = ERROR_INIT;
    struct catalog_policy *row = catalog_policy_find(setup_catalog(w->setup), name, &e);

    assert_success(row != NULL ? 0 : -1, e);
    return row;
}

/* A policy for the vault main. */
static struct catalog_policy *make(struct world *w, const char *const *words)
{
    struct catalog_policy base = {.name = "nightly", .enabled = true}, *draft = NULL;
    struct error e = ERROR_INIT;

    world_make(w, "tgt_dir");
    world_vault(w, "main");
    struct catalog_vault *vault =
        catalog_vault_find(setup_catalog(w->setup), "east", "main", &e);
    const struct catalog_vault *const vaults[] = {vault};
    assert_success(draft_of(w, &base, words, &draft, &e), e);
    assert_success(policy_manage_insert(w->setup, draft, vaults, 1, &e), e);
    catalog_policy_free(draft);
    catalog_vault_free(vault);
    return find(w, "nightly");
}

static int edit(struct world *w, const struct catalog_policy *row, const char *const *words,
                struct error *e)
{
    struct catalog_policy *draft = NULL;
    int result = draft_of(w, row, words, &draft, e);

    if (result == 0)
        result = policy_manage_update(w->setup, row, draft, e);
    catalog_policy_free(draft);
    return result;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- cursors ---- */

static int64_t cursor_of(struct world *w)
{
    struct catalog_policy *row = find(w, "nightly");
    int64_t cursor_ns = row->cursor_ns;

    catalog_policy_free(row);
    return cursor_ns;
}

/* Each look at the clock takes a little. */
static void check_cursor(struct world *w, int64_t wanted_ns)
{
    int64_t late_ns = cursor_of(w) - wanted_ns;

    if (late_ns < 0 || late_ns > SECOND_NS)
        fail_msg("%lld ns late", (long long)late_ns);
}

/* Slots that a new schedule would have had are none; other settings leave the cursor alone; one
 * that is ahead of the clock stays for the runner. */
static void policy_cursors_sch_08(void **state)
{
    struct world w;
    struct catalog_policy *row = make(&w, WORDS("schedule", "daily 02:00"));
    struct error e = ERROR_INIT;
    int64_t made_ns = cursor_of(&w);

    (void)state;
    world_wait(5 * HOUR);
    assert_success(edit(&w, row, WORDS("keep-count", "7"), &e), e);
    check_cursor(&w, made_ns);
    catalog_policy_free(row);
    row = find(&w, "nightly");
    assert_success(edit(&w, row, WORDS("schedule", "daily 03:00"), &e), e);
    check_cursor(&w, made_ns + 5 * HOUR * SECOND_NS);
    catalog_policy_free(row);
    row = find(&w, "nightly");
    assert_success(policy_manage_enable(w.setup, row, false, &e), e);
    world_wait(HOUR);
    check_cursor(&w, made_ns + 5 * HOUR * SECOND_NS);
    assert_success(policy_manage_enable(w.setup, row, true, &e), e);
    check_cursor(&w, made_ns + 6 * HOUR * SECOND_NS);
    world_wait(-3 * HOUR);
    assert_success(edit(&w, row, WORDS("zone", "UTC"), &e), e);
    check_cursor(&w, made_ns + 6 * HOUR * SECOND_NS);
    catalog_policy_free(row);
    world_drop(&w);
}

/* ---- edits ---- */

static void policy_edits_by_two(void **state)
{
    struct world w;
    struct catalog_policy *row = make(&w, WORDS("keep-count", "7"));
    struct error e = ERROR_INIT;

    (void)state;
    assert_success(edit(&w, row, WORDS("keep-count", "8"), &e), e);
    assert_int_equal(edit(&w, row, WORDS("keep-count", "9"), &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    catalog_policy_free(row);
    row = find(&w, "nightly");
    assert_string_equal(catalog_pairs_find(&row->settings, "keep-count"), "8");
    catalog_policy_free(row);
    world_drop(&w);
}

/* RET-09: what is said of an edit. */
static void policy_edits_ret_09(void **state)
{
    static const struct {
        const char *name, *value, *other;
        bool retention, schedule;
        enum retention_effect effect;
        const char *changes;
    } cases[] = {
        {"keep-count", "9", NULL, true, false, RETENTION_ALL, "keep-count=9 (was 7)"},
        {"keep-time", "30d", "keep-count", true, false, RETENTION_NEW_ONLY,
         "keep-count= (was 7), keep-time=30d"},
        {"keep-count", "", NULL, true, false, RETENTION_NEW_ONLY, "keep-count= (was 7)"},
        {"keep-daily", "5", "keep-count", true, false, RETENTION_ALL,
         "keep-count= (was 7), keep-daily=5"},
        {"window", "6h", NULL, false, false, RETENTION_ALL, "window=6h"},
        {"schedule", "daily 04:00", NULL, false, true, RETENTION_ALL, "schedule=daily 04:00"},
        {"keep-count", "7", NULL, false, false, RETENTION_ALL, ""},
    };
    struct world w;
    struct catalog_policy *row = make(&w, WORDS("keep-count", "7"));

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct catalog_policy *draft = NULL;
        struct policy_edit found;
        struct error e = ERROR_INIT;
        assert_success(draft_of(&w, row,
                                (const char *const[]){cases[i].name, cases[i].value,
                                                      cases[i].other, "", NULL},
                                &draft, &e),
                       e);
        assert_success(policy_manage_compare(row, draft, &found, &e), e);
        assert_string_equal(found.changes, cases[i].changes);
        assert_int_equal(found.retention, cases[i].retention);
        assert_int_equal(found.schedule, cases[i].schedule);
        assert_int_equal(found.effect, cases[i].effect);
        catalog_policy_free(draft);
    }
    catalog_policy_free(row);
    world_drop(&w);
}

/* ---- the end of a policy ---- */

/* RET-11: its backups stay; what waits of it does not run any more. */
static void policy_deleted_ret_11(void **state)
{
    struct world w;
    struct catalog_policy *row = make(&w, WORDS("keep-count", "7"));
    struct catalog *c = setup_catalog(w.setup);
    struct catalog_run run = {.trigger = CATALOG_TRIGGER_MANUAL, .slots = 1};
    struct catalog_job job = {.operation = CATALOG_JOB_BACKUP};
    struct catalog_backup backup;
    struct catalog_audit line;
    struct error e = ERROR_INIT;
    char id[CATALOG_SEAL_ID_SIZE];

    (void)state;
    world_backup(&w, "main", id);
    memcpy(run.policy, row->id, sizeof(run.policy));
    memcpy(run.policy_name, row->name, sizeof(run.policy_name));
    assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
    assert_success(policy_manage_delete(w.setup, row, &e), e);
    assert_success(catalog_run_get(c, run.id, &run, &e), e);
    assert_int_equal(run.state, CATALOG_RUN_CANCELLED);
    assert_string_equal(run.reason, "its policy was deleted");
    assert_success(catalog_backup_find(c, NULL, NULL, id, &backup, &e), e);
    assert_int_equal(catalog_audit_head(c, &line, &e), 1);
    assert_int_equal(line.event, CATALOG_EVENT_POLICY_DELETE);
    assert_int_equal(policy_manage_delete(w.setup, row, &e), -1);
    assert_int_equal(e.code, ERROR_NO_POLICY);
    catalog_policy_free(row);
    world_drop(&w);
}

/* A change that fails leaves neither rows nor a line in the audit log. */
static void policy_all_or_nothing(void **state)
{
    struct world w;
    struct catalog_policy *row = make(&w, WORDS("keep-count", "7")), *draft = NULL;
    struct catalog_policy base = {.name = "second", .enabled = true};
    struct catalog *c = setup_catalog(w.setup);
    struct catalog_audit before, after;
    struct error e = ERROR_INIT;

    (void)state;
    struct catalog_vault *vault = catalog_vault_find(c, "east", "main", &e);
    const struct catalog_vault *const vaults[] = {vault};
    assert_int_equal(catalog_audit_head(c, &before, &e), 1);
    assert_success(draft_of(&w, &base, WORDS("keep-count", "3"), &draft, &e), e);
    assert_int_equal(policy_manage_insert(w.setup, draft, vaults, 1, &e), -1);
    assert_int_equal(e.code, ERROR_POLICY_TAKEN);
    assert_null(catalog_policy_find(c, "second", &e));
    assert_int_equal(catalog_audit_head(c, &after, &e), 1);
    assert_int_equal(before.sequence, after.sequence);
    catalog_policy_free(draft);
    catalog_policy_free(row);
    catalog_vault_free(vault);
    world_drop(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(policy_cursors_sch_08), cmocka_unit_test(policy_edits_by_two),
    cmocka_unit_test(policy_edits_ret_09),   cmocka_unit_test(policy_deleted_ret_11),
    cmocka_unit_test(policy_all_or_nothing),
};

int main(void)
{
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
