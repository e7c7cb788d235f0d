/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_policy.c - policies as rows, the vaults they hold for, settings of sources. */
#include "base/text.h"
#include "catalog_fixture.h"
#include "run_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void policy_rows(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    struct catalog_policy *made = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    assert_string_equal(made->settings.items[0].name, "keep-count"); /* in order */
    assert_int_equal(made->revision, 1);
    assert_true(made->created_ns > 0 && made->created_ns == made->cursor_ns);
    catalog_close(c);
    c = open_catalog("s");
    struct catalog_policy *found = catalog_policy_find(c, "nightly", &e);
    assert_non_null(found);
    assert_memory_equal(found->id, made->id, CATALOG_ID_SIZE);
    assert_int_equal(found->kind, CATALOG_POLICY_BACKUP);
    assert_true(found->enabled);
    assert_int_equal(found->settings.count, 2);
    assert_string_equal(catalog_pairs_find(&found->settings, "schedule"), "daily 02:00");
    assert_int_equal(found->created_ns, made->created_ns);
    assert_int_equal(found->cursor_ns, made->cursor_ns);
    catalog_policy_free(found);
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(made->id, CATALOG_ID_SIZE, id);
    id[6] = '\0';
    found = catalog_policy_find(c, id, &e);
    assert_non_null(found);
    catalog_policy_free(found);
    found = catalog_policy_get(c, made->id, &e);
    assert_string_equal(found->name, "nightly");
    catalog_policy_free(found);
    assert_null(catalog_policy_find(c, "hourly", &e));
    must_fail(-1, ERROR_NO_POLICY, "'hourly'; `lagan policy list`", &e);
    must_be_sound(c);
    catalog_policy_free(made);
    catalog_close(c);
}

static void policy_names(void **state)
{
    static const struct {
        const char *name;
        enum error_code code;
        const char *part;
    } bad[] = {{"", ERROR_NAME_INVALID, "is empty"},
               {"a b", ERROR_NAME_INVALID, "of a policy contains"},
               {"-x", ERROR_NAME_INVALID, "starts with '-'"},
               {"nightly", ERROR_NAME_TAKEN, "a policy 'nightly' already"}};
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    char name[NAME_SIZE];

    (void)state;
    catalog_policy_free(add_policy(c, "nightly", CATALOG_POLICY_BACKUP));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct catalog_policy *policy = catalog_policy_new(&e);
        snprintf(policy->name, sizeof(policy->name), "%s", bad[i].name);
        must_fail(catalog_policy_insert(c, policy, &e), bad[i].code, bad[i].part, &e);
        catalog_policy_free(policy);
    }
    must(catalog_policy_name(c, name, &e), &e); /* NAM-07 */
    assert_int_equal(strncmp(name, "policy_", 7), 0);
    assert_int_equal(strlen(name), 11);
    catalog_close(c);
}

/* Of two that change one at a time, the second learns of it. */
static void policy_revisions(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    struct catalog_policy *mine = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    struct catalog_policy *theirs = catalog_policy_find(c, "nightly", &e);
    mine->enabled = false;
    snprintf(mine->name, sizeof(mine->name), "weekly");
    catalog_pairs_clear(&mine->settings);
    must(catalog_pairs_add(&mine->settings, "keep-time", "30d", &e), &e);
    must(catalog_policy_update(c, mine, &e), &e);
    assert_int_equal(mine->revision, 2);
    must_fail(catalog_policy_update(c, theirs, &e), ERROR_CONFLICT, "somebody else", &e);
    catalog_policy_free(theirs);
    theirs = catalog_policy_get(c, mine->id, &e);
    assert_string_equal(theirs->name, "weekly");
    assert_false(theirs->enabled);
    assert_int_equal(theirs->revision, 2);
    assert_int_equal(theirs->settings.count, 1);
    assert_string_equal(theirs->settings.items[0].value, "30d");
    must(catalog_policy_delete(c, mine->id, &e), &e);
    must_fail(catalog_policy_delete(c, mine->id, &e), ERROR_NO_POLICY, "any more", &e);
    must_fail(catalog_policy_update(c, mine, &e), ERROR_NO_POLICY, "any more", &e);
    assert_null(catalog_policy_get(c, mine->id, &e));
    assert_int_equal(e.code, ERROR_NO_POLICY);
    catalog_policy_free(mine);
    catalog_policy_free(theirs);
    must_be_sound(c);
    catalog_close(c);
}

static void policy_cursor(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    (void)state;
    struct catalog_policy *policy = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    int64_t now_ns = policy->cursor_ns;
    assert_int_equal(catalog_policy_cursor(c, policy->id, now_ns, now_ns + 5, &e), 1);
    assert_int_equal(catalog_policy_cursor(c, policy->id, now_ns, now_ns + 9, &e), 0);
    assert_int_equal(catalog_policy_cursor(c, policy->id, now_ns + 5, 3, &e), 1); /* back */
    catalog_policy_free(policy);
    policy = catalog_policy_find(c, "nightly", &e);
    assert_int_equal(policy->cursor_ns, 3);
    assert_int_equal(policy->revision, 1); /* no change that people make */
    catalog_policy_free(policy);
    catalog_close(c);
}

static size_t count_vaults(struct catalog *c, const struct catalog_policy *policy,
                           uint8_t first[CATALOG_ID_SIZE])
{
    uint8_t(*vaults)[CATALOG_ID_SIZE] = NULL;
    struct error e = ERROR_INIT;
    size_t count = 0;

    must(catalog_policy_vaults(c, policy->id, &vaults, &count, &e), &e);
    if (count > 0)
        memcpy(first, vaults[0], CATALOG_ID_SIZE);
    free(vaults);
    return count;
}

/* SCH-03: at most one of each kind for a vault, one policy for many vaults. */
static void policy_vaults_sch_03(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    uint8_t main[CATALOG_ID_SIZE], archive[CATALOG_ID_SIZE], none[CATALOG_ID_SIZE],
        first[CATALOG_ID_SIZE];

    (void)state;
    add_vault(c, 10, "main");
    add_vault(c, 11, "archive");
    make_id(10, main);
    make_id(11, archive);
    make_id(99, none);
    struct catalog_policy *nightly = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    struct catalog_policy *hourly = add_policy(c, "hourly", CATALOG_POLICY_BACKUP);
    struct catalog_policy *away = add_policy(c, "away", CATALOG_POLICY_REPLICATION);
    assert_int_equal(count_vaults(c, nightly, first), 0);
    must(catalog_policy_apply(c, nightly, main, &e), &e);
    must(catalog_policy_apply(c, nightly, main, &e), &e); /* again is fine */
    must(catalog_policy_apply(c, nightly, archive, &e), &e);
    must(catalog_policy_apply(c, away, main, &e), &e);
    must_fail(catalog_policy_apply(c, hourly, main, &e), ERROR_POLICY_TAKEN,
              "backup policy nightly holds", &e);
    must_fail(catalog_policy_apply(c, hourly, none, &e), ERROR_NO_VAULT, "not in the catalog",
              &e);
    assert_int_equal(count_vaults(c, nightly, first), 2);
    assert_memory_equal(first, archive, CATALOG_ID_SIZE); /* by name */
    struct catalog_policy *found = catalog_policy_of(c, main, CATALOG_POLICY_REPLICATION, &e);
    assert_string_equal(found->name, "away");
    catalog_policy_free(found);
    assert_null(catalog_policy_of(c, archive, CATALOG_POLICY_REPLICATION, &e));
    assert_int_equal(e.error_class, LAGAN_OK);
    must(catalog_policy_withdraw(c, nightly, main, &e), &e);
    must_fail(catalog_policy_withdraw(c, nightly, main, &e), ERROR_NO_POLICY, "does not hold",
              &e);
    must(catalog_policy_apply(c, hourly, main, &e), &e);
    must_be_sound(c);
    must(catalog_policy_delete(c, hourly->id, &e), &e);
    assert_null(catalog_policy_of(c, main, CATALOG_POLICY_BACKUP, &e));
    must(catalog_vault_delete(c, archive, &e), &e); /* DEL-09 */
    assert_int_equal(count_vaults(c, nightly, first), 0);
    must_be_sound(c);
    catalog_policy_free(nightly);
    catalog_policy_free(hourly);
    catalog_policy_free(away);
    catalog_close(c);
}

static int append_name(void *context, const struct catalog_policy *policy, struct error *e)
{
    (void)e;
    strcat(strcat(context, policy->name), " ");
    return 0;
}

static void policy_lists(void **state)
{
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;
    struct catalog_policy **all = NULL;
    char names[64] = "";
    size_t count = 0;

    (void)state;
    must(catalog_policy_all(c, &all, &count, &e), &e);
    assert_int_equal(count, 0);
    catalog_policy_all_free(all, count);
    catalog_policy_free(add_policy(c, "b", CATALOG_POLICY_BACKUP));
    catalog_policy_free(add_policy(c, "c", CATALOG_POLICY_BACKUP));
    catalog_policy_free(add_policy(c, "a", CATALOG_POLICY_REPLICATION));
    must(catalog_policy_list(c, append_name, names, &e), &e);
    assert_string_equal(names, "a b c ");
    must(catalog_policy_all(c, &all, &count, &e), &e);
    assert_int_equal(count, 3);
    assert_string_equal(all[2]->name, "c");
    assert_int_equal(all[2]->settings.count, 2);
    catalog_policy_all_free(all, count);
    catalog_close(c);
}

static void policy_words(void **state)
{
    (void)state;
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_policy_kind_name(CATALOG_POLICY_##symbol), name);              \
    assert_int_equal(catalog_policy_kind_parse(name), CATALOG_POLICY_##symbol);
    CATALOG_POLICY_KINDS(X)
#undef X
#define X(symbol, name)                                                                        \
    assert_string_equal(catalog_trigger_name(CATALOG_TRIGGER_##symbol), name);                 \
    assert_int_equal(catalog_trigger_parse(name), CATALOG_TRIGGER_##symbol);
    CATALOG_TRIGGERS(X)
#undef X
#define X(symbol, name, over)                                                                  \
    assert_string_equal(catalog_run_state_name(CATALOG_RUN_##symbol), name);                   \
    assert_int_equal(catalog_run_state_parse(name), CATALOG_RUN_##symbol);                     \
    assert_int_equal(catalog_run_state_is_over(CATALOG_RUN_##symbol), over);
    CATALOG_RUN_STATES(X)
#undef X
    assert_int_equal(catalog_policy_kind_parse("image"), -1);
    assert_int_equal(catalog_trigger_parse("chance"), -1);
    assert_int_equal(catalog_run_state_parse("late"), -1);
    assert_string_equal(catalog_job_operation_name(CATALOG_JOB_TIDY), "tidy");
}

static void policy_settings_of_sources(void **state)
{
    struct catalog *c = open_catalog("s");
    struct catalog_pairs settings = {NULL, 0}, found = {NULL, 0};
    struct error e = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];

    (void)state;
    add_source(c, 1, "etc");
    make_id(1, id);
    must(catalog_source_settings_get(c, id, &found, &e), &e);
    assert_int_equal(found.count, 0);
    must(catalog_pairs_add(&settings, "thaw", "go", &e), &e);
    must(catalog_pairs_add(&settings, "before", "stop", &e), &e);
    must(catalog_source_settings_set(c, id, &settings, &e), &e);
    must(catalog_source_settings_get(c, id, &found, &e), &e);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].name, "before");
    assert_string_equal(found.items[1].value, "go");
    catalog_pairs_clear(&found);
    must(catalog_pairs_add(&settings, "thaw", "twice", &e), &e);
    assert_int_equal(catalog_source_settings_set(c, id, &settings, &e), -1);
    must(catalog_source_settings_get(c, id, &found, &e), &e);
    assert_int_equal(found.count, 2); /* as before */
    catalog_pairs_clear(&found);
    must(catalog_source_delete(c, id, &e), &e);
    must(catalog_source_settings_get(c, id, &found, &e), &e);
    assert_int_equal(found.count, 0);
    must_fail(catalog_source_settings_set(c, id, &settings, &e), ERROR_NO_SOURCE, "any more",
              &e);
    catalog_pairs_clear(&settings);
    must_be_sound(c);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(policy_rows),          scratch_test(policy_names),
    scratch_test(policy_revisions),     scratch_test(policy_cursor),
    scratch_test(policy_vaults_sch_03), scratch_test(policy_lists),
    scratch_test(policy_words),         scratch_test(policy_settings_of_sources),
};

UNIT_MAIN(tests)
