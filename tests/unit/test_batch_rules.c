/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch_rules.c - rules of batch jobs and inventories, row by row; their states. */
#include "catalog/batch.h"
#include "catalog_fixture.h"
#include "policy/batch_rules.h"
#include "policy/inventory_rules.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 14 };

/* ---- states (BAT-15) ---- */

/* Written down from the requirement, apart from the program's table. */
static void batch_states(void **state)
{
    static const struct {
        const char *from, *to;
    } allowed[] = {
        {"New", "Preparing"},       {"New", "Cancelling"},     {"New", "Failing"},
        {"Preparing", "Suspended"}, {"Preparing", "Ready"},    {"Preparing", "Cancelling"},
        {"Preparing", "Failing"},   {"Suspended", "Ready"},    {"Suspended", "Cancelling"},
        {"Ready", "Active"},        {"Ready", "Pausing"},      {"Ready", "Cancelling"},
        {"Ready", "Failing"},       {"Active", "Pausing"},     {"Active", "Complete"},
        {"Active", "Cancelling"},   {"Active", "Failing"},     {"Pausing", "Paused"},
        {"Pausing", "Complete"},    {"Pausing", "Cancelling"}, {"Pausing", "Failing"},
        {"Paused", "Active"},       {"Paused", "Cancelling"},  {"Cancelling", "Cancelled"},
        {"Cancelling", "Failing"},  {"Failing", "Failed"},
    };
    static const char *const final[] = {"Complete", "Cancelled", "Failed"};
    unsigned counted = 0;

    (void)state;
    assert_int_equal(CATALOG_BATCH_STATE_COUNT, 12);
    for (int from = 0; from < CATALOG_BATCH_STATE_COUNT; from++) {
        const char *name = catalog_batch_state_name((enum catalog_batch_state)from);
        bool is_final = false;
        assert_int_equal(catalog_batch_state_parse(name), from);
        for (size_t i = 0; i < 3; i++)
            is_final = is_final || strcmp(final[i], name) == 0;
        assert_int_equal(catalog_batch_state_is_final((enum catalog_batch_state)from),
                         is_final);
        for (int to = 0; to < CATALOG_BATCH_STATE_COUNT; to++) {
            bool expected = false;
            for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
                expected =
                    expected || (strcmp(allowed[i].from, name) == 0 &&
                                 strcmp(allowed[i].to, catalog_batch_state_name(
                                                           (enum catalog_batch_state)to)) == 0);
            counted += expected;
            assert_int_equal(catalog_batch_may_follow((enum catalog_batch_state)from,
                                                      (enum catalog_batch_state)to),
                             expected);
        }
    }
    assert_int_equal(counted, sizeof(allowed) / sizeof(allowed[0]));
    assert_int_equal(catalog_batch_state_parse("running"), -1);
}

/* ---- settings ---- */

/* "a=b c=d" with the manifest that each job needs; blanks within values are written as ~. */
static int parse(const char *text, struct batch_plan **plan, struct error *e)
{
    char copy[6000];
    struct policy_pair pairs[MANY] = {{"manifest", "/m.csv"}};
    size_t count = 1;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        assert_true(count < MANY);
        *equals = '\0';
        for (char *at = equals + 1; *at != '\0'; at++)
            *at = *at == '~' ? ' ' : *at;
        pairs[count++] = (struct policy_pair){word, equals + 1};
    }
    return batch_plan_parse(pairs, count, plan, e);
}

/* Each row names the requirement that it is about; part NULL: it is taken. */
static void batch_settings(void **state)
{
    static const struct {
        const char *row, *text, *part;
    } rows[] = {
        {"BAT-04", "max-total=10G", NULL},
        {"C8", "max-total=unlimited", NULL},
        {"BAT-04", "max-total=lots", "max-total=lots: it is SIZE|unlimited"},
        {"BAT-05", "profile=compat", NULL},
        {"BAT-05", "profile=other", "profile=other: it is native|compat"},
        {"BAT-06", "exists=skip", NULL},
        {"BAT-06", "exists=fail", NULL},
        {"BAT-06", "exists=rename", NULL},
        {"BAT-06", "exists=never", "exists=never: it is overwrite|newer|skip|fail|rename"},
        {"BAT-07", "metadata=replace class=COLD meta:a=b tag:c=d acl=private", NULL},
        {"BAT-07", "metadata=some", "metadata=some: it is copy|replace"},
        {"BAT-13", "manifest-hash=00", "manifest-hash=00: it is SHA256"},
        {"BAT-16", "confirm-required=yes", NULL},
        {"BAT-16", "confirm-required=1", "confirm-required=1: it is yes|no"},
        {"BAT-17", "priority=2147483647", NULL},
        {"BAT-17", "priority=2147483648", "0 to 2147483647"},
        {"BAT-17", "priority=-1", "0 to 2147483647"},
        {"BAT-18", "token=0123456789012345678901234567890123456789012345678901234567890123",
         NULL},
        {"BAT-18", "token=01234567890123456789012345678901234567890123456789012345678901234",
         "1 to 64 bytes"},
        {"BAT-18", "token=", "1 to 64 bytes"},
        {"BAT-20", "failure-rate=0", "failure-rate=0: it is PERCENT"},
        {"BAT-20", "failure-rate=101", "failure-rate=101: it is PERCENT"},
        {"BAT-21", "report-scope=failed", NULL},
        {"BAT-21", "report-scope=none", "report-scope=none: it is all|failed"},
        {"BAT-23", "modified-since=2026-11-21 unmodified-since=2026-11-22T01:02:03Z", NULL},
        {"BAT-23", "modified-since=2026-02-30", "it is DATE"},
        {"BAT-23", "modified-since=2026-11-21T24:00:00Z", "it is DATE"},
        {"BAT-24",
         "tag:a=1 tag:b=1 tag:c=1 tag:d=1 tag:e=1 tag:f=1 tag:g=1 tag:h=1 tag:i=1 "
         "tag:j=1",
         NULL},
        {"BAT-24",
         "tag:a=1 tag:b=1 tag:c=1 tag:d=1 tag:e=1 tag:f=1 tag:g=1 tag:h=1 tag:i=1 "
         "tag:j=1 tag:k=1",
         "tag: was given 11 times"},
        {"BAT-26", "strip-prefix=a/ add-prefix=b/", NULL},
        {"", "tag:a=1 tag:a=2", "tag:a was given twice"},
        {"", "exists=skip exists=skip", "exists was given twice"},
        {"", "prioritie=1", "did you mean priority"},
        {"", "parallel=65", "parallel=65: it is N"},
        {"", "bandwidth=fast", "bandwidth=fast: it is RATE"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct batch_plan *plan = NULL;
        struct error e = ERROR_INIT;
        int result = parse(rows[i].text, &plan, &e);
        print_message("%s: %s\n", rows[i].row, rows[i].text);
        if (rows[i].part == NULL)
            must(result, &e);
        else
            must_fail(result, ERROR_BATCH_SETTING, rows[i].part, &e);
        batch_plan_free(plan);
    }
}

static void batch_limits_of_text(void **state)
{
    char text[3000];
    struct batch_plan *plan = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    snprintf(text, sizeof(text), "description=%0256d", 0);
    must(parse(text, &plan, &e), &e); /* BAT-19 */
    batch_plan_free(plan);
    snprintf(text, sizeof(text), "description=%0257d", 0);
    must_fail(parse(text, &plan, &e), ERROR_BATCH_SETTING, "up to 256 bytes", &e);
    snprintf(text, sizeof(text), "meta:a=%02047d", 0);
    must(parse(text, &plan, &e), &e); /* BAT-24 */
    batch_plan_free(plan);
    snprintf(text, sizeof(text), "meta:a=%02048d", 0);
    must_fail(parse(text, &plan, &e), ERROR_BATCH_SETTING, "2049 bytes", &e);
    must_fail(batch_plan_parse(NULL, 0, &plan, &e), ERROR_BATCH_SETTING, "manifest is missing",
              &e);
}

static void batch_defaults(void **state)
{
    struct batch_plan *plan = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    must(parse("", &plan, &e), &e);
    assert_int_equal(plan->total_limit, UINT64_C(5) << 30); /* BAT-04 */
    assert_int_equal(plan->exists, BATCH_EXISTS_OVERWRITE); /* BAT-06 */
    assert_false(plan->confirm);                            /* BAT-16 */
    assert_int_equal(plan->priority, 0);                    /* BAT-17 */
    assert_int_equal(plan->failure_percent, 50);            /* BAT-20 */
    assert_int_equal(plan->failure_after, 1000);            /* BAT-20 */
    assert_false(plan->failed_only);                        /* BAT-21 */
    assert_int_equal(plan->verify, BATCH_VERIFY_CHECKSUM);  /* BAT-05 */
    batch_plan_free(plan);
    must(parse("profile=compat", &plan, &e), &e);
    assert_int_equal(plan->verify, BATCH_VERIFY_SIZE);
    batch_plan_free(plan);
    must(parse("tag:b=2 class=COLD content-type=a/b meta:x=1 tag:a=1", &plan, &e), &e);
    assert_int_equal(plan->give_count, 5);
    for (size_t i = 1; i < plan->give_count; i++)
        assert_true(strcmp(plan->give[i - 1].name, plan->give[i].name) < 0);
    batch_plan_free(plan);
}

/* ---- rules ---- */

static void batch_rules(void **state)
{
    struct batch_plan *plan = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    must(parse("", &plan, &e), &e);
    must(batch_rule_total(plan, UINT64_C(5) << 30, &e), &e); /* BAT-04 */
    must_fail(batch_rule_total(plan, (UINT64_C(5) << 30) + 1, &e), ERROR_BATCH_TOTAL,
              "max-total=unlimited", &e);
    assert_false(batch_rule_too_many_failures(plan, 1000, 1000)); /* BAT-20 */
    assert_false(batch_rule_too_many_failures(plan, 1001, 500));
    assert_true(batch_rule_too_many_failures(plan, 1001, 501));
    assert_false(batch_rule_too_many_failures(plan, 2000, 1000));
    assert_true(batch_rule_too_many_failures(plan, UINT64_MAX, UINT64_MAX));
    must(batch_rule_profile(plan, true, &e), &e); /* BAT-05 */
    batch_plan_free(plan);
    must(parse("max-total=unlimited failure-rate=10 failure-after=0", &plan, &e), &e);
    must(batch_rule_total(plan, UINT64_MAX, &e), &e); /* C8 */
    assert_true(batch_rule_too_many_failures(plan, 1, 1));
    assert_false(batch_rule_too_many_failures(plan, 10, 1));
    batch_plan_free(plan);
    assert_true(batch_rule_preempts(1, 0)); /* BAT-17 */
    assert_false(batch_rule_preempts(1, 1));
    must(parse("profile=compat", &plan, &e), &e);
    must_fail(batch_rule_profile(plan, true, &e), ERROR_BATCH_PROFILE, "customers' own keys",
              &e);
    must(batch_rule_profile(plan, false, &e), &e);
    batch_plan_free(plan);
    must(parse("profile=compat verify=checksum", &plan, &e), &e);
    must_fail(batch_rule_profile(plan, false, &e), ERROR_BATCH_PROFILE, "by ETag", &e);
    batch_plan_free(plan);
}

/* ---- inventories ---- */

static void inventory_names(void **state)
{
    static const char *const good[] = {"a", "daily.1", "A-b_c.9", ".hidden"};
    static const char *const bad[] = {"", ".", "..", "a/b", "a b", "-x", "\xc3\xa4"};
    char longest[66];
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        must(inventory_name_check(good[i], &e), &e); /* BAT-09 */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        must_fail(inventory_name_check(bad[i], &e), ERROR_NAME_INVALID, "names have", &e);
    snprintf(longest, sizeof(longest), "%064d", 0);
    must(inventory_name_check(longest, &e), &e);
    snprintf(longest, sizeof(longest), "%065d", 0);
    must_fail(inventory_name_check(longest, &e), ERROR_NAME_INVALID, "1 to 64", &e);
}

static void inventory_settings(void **state)
{
    static const struct {
        const char *row;
        struct policy_pair pair;
        enum error_code code;
        const char *part;
    } rows[] = {
        {"BAT-09", {"schedule", "daily"}, 0, NULL},
        {"BAT-09", {"schedule", "weekly"}, 0, NULL},
        {"BAT-09", {"schedule", "daily 02:00"}, 0, NULL},
        {"BAT-09", {"schedule", "weekly mon 03:00"}, 0, NULL},
        {"BAT-09", {"schedule", "interval 1h"}, ERROR_INVENTORY_SETTING, "daily or weekly"},
        {"BAT-09", {"schedule", "daily 25:00"}, ERROR_SCHEDULE, "25:00"},
        {"BAT-09", {"versions", "all"}, 0, NULL},
        {"BAT-09", {"versions", "some"}, ERROR_INVENTORY_SETTING, "current|all"},
        {"BAT-09", {"prefix", "logs/"}, 0, NULL},
        {"BAT-10", {"fields", "size,etag,tag"}, 0, NULL},
        {"BAT-10", {"fields", "size,colour"}, ERROR_INVENTORY_SETTING, "optional columns"},
        {"BAT-10", {"fields", "version"}, ERROR_INVENTORY_SETTING, "optional columns"},
        {"BAT-11", {"to-prefix", "a/b"}, 0, NULL},
        {"BAT-11", {"to-prefix", "a/../b"}, ERROR_INVENTORY_SETTING, "to-prefix"},
        {"BAT-11", {"to-prefix", "/a"}, ERROR_INVENTORY_SETTING, "to-prefix"},
        {"BAT-11", {"appid", "1250000000"}, 0, NULL},
        {"BAT-11", {"appid", "a/b"}, ERROR_INVENTORY_SETTING, "appid"},
        {"", {"rows", "0"}, ERROR_INVENTORY_SETTING, "rows"},
        {"", {"zone", "Nowhere/Else"}, ERROR_TIME_ZONE, "Nowhere"},
        {"", {"color", "red"}, ERROR_INVENTORY_SETTING, "no setting 'color'"},
        {"", {"to", "again"}, ERROR_INVENTORY_SETTING, "given twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct policy_pair pairs[] = {{"to", "/x"}, rows[i].pair};
        struct inventory_plan *plan = NULL;
        struct error e = ERROR_INIT;
        int result = inventory_plan_parse(pairs, 2, 0, &plan, &e);
        print_message("%s: %s=%s\n", rows[i].row, pairs[1].name, pairs[1].value);
        if (rows[i].part == NULL)
            must(result, &e);
        else
            must_fail(result, rows[i].code, rows[i].part, &e);
        inventory_plan_free(plan);
    }
}

static void inventory_columns(void **state)
{
    const struct policy_pair pairs[] = {{"to", "/x"}, {"versions", "all"}, {"fields", "tag"}};
    struct inventory_plan *plan = NULL;
    struct error e = ERROR_INIT;

    (void)state;
    must(inventory_plan_parse(pairs, 1, 0, &plan, &e), &e); /* BAT-10 */
    assert_false(plan->fields[INVENTORY_FIELD_VERSION] ||
                 plan->fields[INVENTORY_FIELD_LATEST] || plan->fields[INVENTORY_FIELD_MARKER] ||
                 plan->fields[INVENTORY_FIELD_TAG]);
    assert_true(plan->fields[INVENTORY_FIELD_SIZE] &&
                plan->fields[INVENTORY_FIELD_REPLICATION]);
    inventory_plan_free(plan);
    must(inventory_plan_parse(pairs, 3, 0, &plan, &e), &e);
    assert_true(plan->fields[INVENTORY_FIELD_VERSION] && plan->fields[INVENTORY_FIELD_LATEST] &&
                plan->fields[INVENTORY_FIELD_MARKER] && plan->fields[INVENTORY_FIELD_TAG] &&
                plan->fields[INVENTORY_FIELD_KEY]);
    assert_false(plan->fields[INVENTORY_FIELD_SIZE]);
    inventory_plan_free(plan);
    must_fail(inventory_plan_parse(NULL, 0, 0, &plan, &e), ERROR_INVENTORY_SETTING,
              "to is missing", &e);
    assert_int_equal(inventory_field_find("etag"), INVENTORY_FIELD_ETAG);
    assert_int_equal(inventory_field_find("nothing"), -1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(batch_states),         cmocka_unit_test(batch_settings),
    cmocka_unit_test(batch_limits_of_text), cmocka_unit_test(batch_defaults),
    cmocka_unit_test(batch_rules),          cmocka_unit_test(inventory_names),
    cmocka_unit_test(inventory_settings),   cmocka_unit_test(inventory_columns),
};

UNIT_MAIN(tests)
