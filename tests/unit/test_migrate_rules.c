/* SPDX-License-Identifier: Apache-2.0 */
/* test_migrate_rules.c - the rules of migrations, row by row, and the sorting of listings. */
#include "unit.h"

#include "engine/migrate_listing.h"
#include "policy/bandwidth.h"
#include "policy/migrate_rules.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct migrate_plan *parse(const char *const *words)
{
    struct policy_pair pairs[16];
    char texts[16][128];
    size_t count = 0;
    struct migrate_plan *plan = NULL;
    struct error e = ERROR_INIT;

    for (; words[count] != NULL; count++) {
        snprintf(texts[count], sizeof(texts[count]), "%s", words[count]);
        char *equals = strchr(texts[count], '=');
        assert_non_null(equals);
        *equals = '\0';
        pairs[count] = (struct policy_pair){texts[count], equals + 1};
    }
    if (migrate_plan_parse(pairs, count, &plan, &e) != 0)
        assert_int_equal(e.code, ERROR_MIGRATE_SETTING);
    return plan;
}

#define PLAN(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void mig_03_names(void **state)
{
    static const struct {
        const char *name;
        int valid;
    } rows[] = {{"a", 1},
                {"", 0},
                {"films_2026-11", 1},
                {"A0_-", 1},
                {"123456789012345678901234567890123456789012345678901234567890", 1},
                {"1234567890123456789012345678901234567890123456789012345678901", 0},
                {"a b", 0},
                {"a.b", 0},
                {"\303\274", 0},
                {"a/b", 0},
                {"-a", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error e = ERROR_INIT;
        assert_int_equal(migrate_rule_name(rows[i].name, &e) == 0, rows[i].valid);
        assert_int_equal(e.code, rows[i].valid ? 0 : ERROR_NAME_INVALID);
    }
}

static void mig_04_time_range(void **state)
{
    static const int64_t day = INT64_C(86400) * 1000000000;
    static const struct {
        const char *since, *before;
        int64_t changed;
        int taken;
    } rows[] = {{NULL, NULL, INT64_MIN, 1},
                {NULL, NULL, 5, 1},
                {"1970-01-11", NULL, 10 * INT64_C(86400000000000), 1},
                {"1970-01-11", NULL, 10 * INT64_C(86400000000000) - 1, 0},
                {"1970-01-11", NULL, INT64_MIN, 0},
                {NULL, "1970-01-11", 10 * INT64_C(86400000000000), 0},
                {NULL, "1970-01-11T00:00:01Z", 10 * INT64_C(86400000000000), 1},
                {"1970-01-02", "1970-01-03", 86400000000000, 1},
                {"1970-01-02", "1970-01-03", 2 * INT64_C(86400000000000), 0}};
    (void)state;
    (void)day;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char since[64], before[64];
        const char *words[3] = {NULL};
        size_t count = 0;
        snprintf(since, sizeof(since), "modified-since=%s", rows[i].since ? rows[i].since : "");
        snprintf(before, sizeof(before), "modified-before=%s",
                 rows[i].before ? rows[i].before : "");
        if (rows[i].since)
            words[count++] = since;
        if (rows[i].before)
            words[count++] = before;
        struct migrate_plan *plan = parse(words);
        assert_non_null(plan);
        assert_int_equal(migrate_rule_takes(plan, rows[i].changed), rows[i].taken);
        migrate_plan_free(plan);
    }
    assert_null(PLAN("modified-since=1970-01-03", "modified-before=1970-01-03"));
}

static void mig_05_headers(void **state)
{
    struct migrate_plan *plan = PLAN("headers=replace", "class=COLD", "meta:owner=ann",
                                     "content-type=text/plain", "tag:team=red");
    (void)state;
    assert_non_null(plan);
    assert_true(plan->replace_headers);
    assert_int_equal(plan->give_count, 4);
    /* Sorted, as drivers want them. */
    assert_string_equal(plan->give[0].name, "content-type");
    assert_string_equal(plan->give[1].name, "meta:owner");
    assert_string_equal(plan->give[2].name, LAGAN_PROPERTY_CLASS);
    assert_string_equal(plan->give[3].name, "tag:team");
    assert_memory_equal(plan->give[3].value, "red", 3);
    migrate_plan_free(plan);
    assert_null(PLAN("meta:a=1", "meta:a=2"));
}

static void mig_06_bandwidth(void **state)
{
    static const struct {
        const char *word;
        uint64_t least, most; /* bytes a second */
    } rows[] = {{"bandwidth=1", 124000, 125000},
                {"bandwidth=100", 12490000, 12500000},
                {"bandwidth=2000", 249990000, 250000000}};
    char text[MIGRATE_PACE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct migrate_plan *plan = PLAN(rows[i].word);
        struct bandwidth parsed;
        struct error e = ERROR_INIT;
        assert_true(migrate_rule_pace(plan, text));
        assert_int_equal(bandwidth_parse(text, &parsed, &e), 0);
        for (unsigned hour = 0; hour < 24; hour++)
            assert_in_range(bandwidth_rate(&parsed, hour * 3600), rows[i].least, rows[i].most);
        migrate_plan_free(plan);
    }
    struct migrate_plan *plan = PLAN("passes=1");
    assert_false(migrate_rule_pace(plan, text));
    migrate_plan_free(plan);
}

static void mig_08_words(void **state)
{
    static const struct {
        const char *word;
        enum migrate_exists rule;
    } rows[] = {{"exists=overwrite", MIGRATE_EXISTS_OVERWRITE},
                {"exists=newer", MIGRATE_EXISTS_NEWER},
                {"exists=skip", MIGRATE_EXISTS_NEWER}, /* C14 */
                {"exists=never", MIGRATE_EXISTS_NEVER}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct migrate_plan *plan = PLAN(rows[i].word);
        assert_non_null(plan);
        assert_int_equal(plan->exists, rows[i].rule);
        migrate_plan_free(plan);
    }
    assert_null(PLAN("exists=rename"));
}

static void mig_10_passes(void **state)
{
    static const struct {
        const char *passes, *until;
        unsigned pass;
        uint64_t differing;
        int last;
    } rows[] = {{"passes=3", "until=0", 1, 5, 0},    {"passes=3", "until=0", 1, 0, 1},
                {"passes=3", "until=0", 3, 5, 1},    {"passes=1", "until=0", 1, 5, 1},
                {"passes=100", "until=5", 2, 6, 0},  {"passes=100", "until=5", 2, 5, 1},
                {"passes=100", "until=0", 99, 1, 0}, {"passes=100", "until=0", 100, 1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct migrate_plan *plan = PLAN(rows[i].passes, rows[i].until);
        assert_int_equal(migrate_rule_last_pass(plan, rows[i].pass, rows[i].differing),
                         rows[i].last);
        migrate_plan_free(plan);
    }
}

static void mig_11_verification(void **state)
{
    struct migrate_plan *plan = PLAN("passes=1");
    (void)state;
    assert_int_equal(plan->verify, MIGRATE_VERIFY_CONTENT); /* unless somebody says less */
    migrate_plan_free(plan);
    plan = PLAN("verify=sample");
    assert_int_equal(plan->verify, MIGRATE_VERIFY_SAMPLE);
    migrate_plan_free(plan);
    assert_null(PLAN("verify=none"));
}

static void mig_12_units(void **state)
{
    static const struct {
        const char *word;
        uint64_t files, bytes, next;
        int full;
    } rows[] = {{"passes=1", 0, 0, UINT64_MAX, 0}, /* one object is a unit, however large */
                {"passes=1", 999, 0, 0, 0},
                {"passes=1", 1000, 0, 0, 1},
                {"passes=1", 1, UINT64_C(10737418240), 0, 0},
                {"passes=1", 1, UINT64_C(10737418240), 1, 1},
                {"passes=1", 1, 1, UINT64_MAX, 1},
                {"unit-files=2", 2, 0, 0, 1},
                {"unit-bytes=1K", 1, 1000, 24, 0},
                {"unit-bytes=1K", 1, 1000, 25, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct migrate_plan *plan = PLAN(rows[i].word);
        assert_int_equal(
            migrate_rule_unit_full(plan, rows[i].files, rows[i].bytes, rows[i].next),
            rows[i].full);
        migrate_plan_free(plan);
    }
    assert_null(PLAN("unit-files=1001"));
    assert_null(PLAN("unit-files=0"));
    assert_null(PLAN("unit-bytes=10737418241"));
}

static void mig_13_estimate(void **state)
{
    (void)state;
    assert_int_equal(migrate_rule_left_ns(0, 100, 5), -1);
    assert_int_equal(migrate_rule_left_ns(10, 0, 5), -1);
    assert_int_equal(migrate_rule_left_ns(25, 100, 1000), 3000);
    assert_int_equal(migrate_rule_left_ns(100, 100, 1000), 0);
    assert_int_equal(migrate_rule_left_ns(1, UINT64_MAX, INT64_MAX), -1);
}

static void settings_are_refused(void **state)
{
    static const char *const wrong[] = {"frob=1",
                                        "passes=0",
                                        "passes=101",
                                        "bandwidth=0",
                                        "parallel=65",
                                        "attempts=0",
                                        "modified-since=now",
                                        "modified-since=2026-02-30",
                                        "acl=some",
                                        "headers=some",
                                        "prefix=",
                                        "until=-1",
                                        "unit-files=x",
                                        "meta:=1"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_null(PLAN(wrong[i]));
    assert_null(PLAN("passes=2", "passes=2"));
}

/* ---- sorting ---- */

static void make_entry(struct migrate_entry *entry, const char *order, uint64_t bytes)
{
    struct lagan_entry found = {.size = sizeof(found),
                                .type = LAGAN_ENTRY_FILE,
                                .key = order,
                                .key_size = strlen(order),
                                .present = LAGAN_HAS_BYTES | LAGAN_HAS_MTIME,
                                .bytes = bytes,
                                .mtime_s = -5,
                                .mtime_ns = 7};
    struct lagan_entry_collector collector = object_seen_collector(&entry->seen);
    buffer_clear(&entry->order);
    buffer_append(&entry->order, order, strlen(order));
    assert_int_equal(collector.add(collector.context, &found), LAGAN_OK);
}

/* `count` names in no order come out in order, whatever fits into memory. */
static void sort_names(size_t count, size_t memory_bytes)
{
    struct error e = ERROR_INIT;
    struct migrate_sort *sort = migrate_sort_new(memory_bytes, &e);
    struct migrate_entry entry = {0};
    char name[64], before[64] = "";
    uint64_t random = 17, sum = 0;
    size_t given = 0;
    assert_non_null(sort);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%016llx-%06zu",
                 (unsigned long long)scratch_random(&random), i);
        make_entry(&entry, name, i);
        assert_int_equal(migrate_sort_add(sort, &entry, &e), 0);
        sum += i;
    }
    while (migrate_sort_next(sort, &entry, &e) > 0) {
        const struct lagan_entry *found = &entry.seen.copy.entry;
        assert_int_equal(entry.order.size, 23);
        memcpy(name, entry.order.data, 23);
        name[23] = '\0';
        assert_true(strcmp(before, name) < 0);
        assert_memory_equal(found->key, name, 23);
        assert_int_equal(found->bytes, strtoul(name + 17, NULL, 10));
        assert_true(found->mtime_s == -5 && found->mtime_ns == 7);
        strcpy(before, name);
        sum -= found->bytes;
        given++;
    }
    assert_int_equal(given, count);
    assert_int_equal(sum, 0);
    migrate_entry_free(&entry);
    migrate_sort_free(sort);
}

static void sorts_in_memory_and_in_a_file(void **state)
{
    (void)state;
    sort_names(0, 1000);
    sort_names(1, 1000);
    sort_names(1000, 1 << 20);
    sort_names(1000, 1);
    sort_names(20000, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mig_03_names),
        cmocka_unit_test(mig_04_time_range),
        cmocka_unit_test(mig_05_headers),
        cmocka_unit_test(mig_06_bandwidth),
        cmocka_unit_test(mig_08_words),
        cmocka_unit_test(mig_10_passes),
        cmocka_unit_test(mig_11_verification),
        cmocka_unit_test(mig_12_units),
        cmocka_unit_test(mig_13_estimate),
        cmocka_unit_test(settings_are_refused),
        scratch_test(sorts_in_memory_and_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
