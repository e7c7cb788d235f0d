/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_object_rule.c - replication rules of objects as rows, and the versions that they
 * are for: seen, waiting, taken, done, gone. */
#include "base/clock.h"
#include "catalog/object_rule.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct catalog_object_rule *add_rule(struct catalog *c, const char *name, uint8_t from,
                                            uint8_t to)
{
    struct error e = ERROR_INIT;
    struct catalog_object_rule *rule = catalog_object_rule_new(&e);

    assert_non_null(rule);
    snprintf(rule->name, sizeof(rule->name), "%s", name);
    make_id(from, rule->from);
    make_id(to, rule->to);
    snprintf(rule->from_place, sizeof(rule->from_place), "place/%u", from);
    snprintf(rule->to_place, sizeof(rule->to_place), "place/%u", to);
    must(catalog_pairs_add(&rule->settings, "tag", "a=1", &e), &e);
    must(catalog_pairs_add(&rule->settings, "tag", "b=2", &e), &e);
    must(catalog_object_rule_insert(c, rule, &e), &e);
    return rule;
}

static struct catalog *two_sources(void)
{
    struct catalog *c = open_catalog("s");

    add_source(c, 1, "east");
    add_source(c, 2, "west");
    return c;
}

static struct catalog_object_copy version_of(const char *key, int64_t moment_ns,
                                             const char *version)
{
    struct catalog_object_copy row = {.object_size = strlen(key),
                                      .moment_ns = moment_ns,
                                      .state = CATALOG_COPY_PENDING,
                                      .bytes = 10,
                                      .turn_ns = moment_ns};

    memcpy(row.object, key, row.object_size);
    snprintf(row.version, sizeof(row.version), "%s", version);
    return row;
}

static void add_version(struct catalog *c, const struct catalog_object_rule *rule,
                        const char *key, int64_t moment_ns, const char *version)
{
    struct catalog_object_copy row = version_of(key, moment_ns, version);
    struct error e = ERROR_INIT;

    must(catalog_object_copy_insert(c, rule->id, &row, 1, CATALOG_COPY_NEW, NULL, &e), &e);
}

/* ---- rules ---- */

static void rule_rows(void **state)
{
    struct catalog *c = two_sources();
    struct error e = ERROR_INIT;
    (void)state;

    struct catalog_object_rule *made = add_rule(c, "one", 1, 2);
    assert_int_equal(made->since_ns, made->created_ns); /* OBJ-09: new is what comes now */
    catalog_close(c);
    c = open_catalog("s");
    struct catalog_object_rule *found = catalog_object_rule_find(c, "one", &e);
    assert_non_null(found);
    assert_int_equal(found->state, CATALOG_RULE_ENABLED);
    assert_int_equal(found->settings.count, 2);
    assert_string_equal(found->settings.items[1].value, "b=2");
    assert_string_equal(found->from_place, "place/1");
    assert_int_equal(found->why.error_class, LAGAN_OK);
    assert_false(found->running);
    catalog_object_rule_free(found);
    assert_null(catalog_object_rule_find(c, "two", &e));
    must_fail(-1, ERROR_NO_RULE, "`lagan rule list`", &e);
    must_fail(catalog_object_rule_insert(c, made, &e), ERROR_NAME_TAKEN, "'one' already", &e);
    make_id(9, made->to);
    snprintf(made->name, sizeof(made->name), "other");
    must_fail(catalog_object_rule_insert(c, made, &e), ERROR_NO_SOURCE, "not registered", &e);
    uint8_t id[CATALOG_ID_SIZE];
    make_id(1, id);
    must_fail(catalog_source_delete(c, id, &e), ERROR_CONFLICT, "replication rule", &e);
    must_be_sound(c);
    catalog_object_rule_free(made);
    catalog_close(c);
}

static void rule_changes_meet(void **state)
{
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    (void)state;

    struct catalog_object_rule *other = catalog_object_rule_get(c, rule->id, &e);
    rule->state = CATALOG_RULE_DISABLED;
    must(catalog_object_rule_update(c, rule, &e), &e);
    must_fail(catalog_object_rule_update(c, other, &e), ERROR_CONFLICT, "somebody else", &e);
    catalog_object_rule_free(other);
    must(catalog_object_rule_delete(c, rule->id, &e), &e);
    must_fail(catalog_object_rule_delete(c, rule->id, &e), ERROR_NO_RULE, "any more", &e);
    catalog_object_rule_free(rule);
    catalog_close(c);
}

/* A pass holds its rule while its process lives. */
static void passes_exclude_each_other(void **state)
{
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT, why = ERROR_INIT;
    uint8_t id[CATALOG_ID_SIZE];
    (void)state;

    assert_int_equal(catalog_object_rule_due(c, clock_wall_ns(), NULL, id, &e), 1);
    assert_memory_equal(id, rule->id, CATALOG_ID_SIZE);
    must(catalog_object_rule_begin(c, rule, "t-1", &e), &e);
    assert_int_equal(rule->run, 1);
    assert_int_equal(catalog_object_rule_goes_on(c, rule, &e), 1);
    assert_int_equal(catalog_object_rule_due(c, clock_wall_ns(), NULL, id, &e), 0);
    must_fail(catalog_object_rule_begin(c, rule, "t-2", &e), ERROR_RULE_RUNNING, "task t-1",
              &e);
    error_set(&why, LAGAN_OFFLINE, ERROR_TEMPORARY, "away");
    must(catalog_object_rule_end(c, rule, clock_wall_ns() + 1000000000, &why, &e), &e);
    assert_int_equal(catalog_object_rule_due(c, clock_wall_ns(), NULL, id, &e), 0);
    must(catalog_object_rule_begin(c, rule, "t-3", &e), &e);
    assert_int_equal(rule->why.error_class, LAGAN_OFFLINE);
    assert_int_equal(rule->run, 2);
    must(catalog_object_rule_invalidate(c, rule, "no versions", &e), &e); /* OBJ-03 */
    assert_int_equal(catalog_object_rule_goes_on(c, rule, &e), 0);
    struct catalog_object_rule *now = catalog_object_rule_get(c, rule->id, &e);
    assert_int_equal(now->state, CATALOG_RULE_INVALID);
    assert_string_equal(now->reason, "no versions");
    catalog_object_rule_free(now);
    catalog_object_rule_free(rule);
    catalog_close(c);
}

/* ---- versions ---- */

static int claim(struct catalog *c, const struct catalog_object_rule *rule,
                 struct catalog_object_copy *row)
{
    struct error e = ERROR_INIT;
    int found = catalog_object_copy_claim(c, rule, clock_wall_ns(), row, &e);

    if (found < 0)
        fail_msg("%s", e.text);
    return found;
}

static void end_as(struct catalog *c, const struct catalog_object_rule *rule,
                   struct catalog_object_copy *row, enum catalog_copy_state state)
{
    struct error e = ERROR_INIT;

    row->state = state;
    must(catalog_object_copy_end(c, rule, row, &e), &e);
}

/* The versions of an object go one after another, oldest first; other objects beside it. */
static void versions_in_their_order(void **state)
{
    static struct catalog_object_copy a, b, none;
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    (void)state;

    add_version(c, rule, "x", 200, "v2");
    add_version(c, rule, "x", 100, "v1");
    add_version(c, rule, "y", 300, "w");
    must(catalog_object_rule_begin(c, rule, "", &e), &e);
    assert_int_equal(claim(c, rule, &a), 1);
    assert_string_equal(a.version, "v1");
    assert_int_equal(a.attempts, 1);
    assert_false(a.superseded);
    assert_int_equal(claim(c, rule, &b), 1);
    assert_string_equal(b.version, "w"); /* v2 waits for v1 */
    assert_int_equal(claim(c, rule, &none), 0);
    snprintf(a.copy_version, sizeof(a.copy_version), "c1");
    end_as(c, rule, &a, CATALOG_COPY_COMPLETED);
    assert_int_equal(claim(c, rule, &a), 1);
    assert_string_equal(a.version, "v2");
    /* An attempt that failed waits, and is known to be one more. */
    a.due_ns = clock_wall_ns() + INT64_C(3600) * 1000000000;
    error_set(&a.why, LAGAN_IO, ERROR_FAILED, "no");
    end_as(c, rule, &a, CATALOG_COPY_PENDING);
    assert_int_equal(claim(c, rule, &none), 0);
    end_as(c, rule, &b, CATALOG_COPY_FAILED);
    struct catalog_rule_figures figures;
    must(catalog_object_rule_figures(c, rule->id, &figures, &e), &e);
    assert_int_equal(figures.pending, 1);
    assert_int_equal(figures.pending_bytes, 10);
    assert_int_equal(figures.oldest_ns, 200);
    assert_int_equal(figures.failed, 1);
    struct catalog_object_rule *now = catalog_object_rule_get(c, rule->id, &e);
    assert_int_equal(now->copied, 1);
    assert_int_equal(now->copied_bytes, 10);
    catalog_object_rule_free(now);
    catalog_object_rule_free(rule);
    must_be_sound(c);
    catalog_close(c);
}

/* An old version must not come to lie over a newer one. */
static void versions_that_are_superseded(void **state)
{
    static struct catalog_object_copy row;
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    uint64_t count = 0;
    (void)state;

    add_version(c, rule, "x", 100, "v1");
    must(catalog_object_rule_begin(c, rule, "", &e), &e);
    assert_int_equal(claim(c, rule, &row), 1);
    end_as(c, rule, &row, CATALOG_COPY_FAILED);
    add_version(c, rule, "x", 200, "v2");
    assert_int_equal(claim(c, rule, &row), 1);
    assert_string_equal(row.version, "v2");
    end_as(c, rule, &row, CATALOG_COPY_COMPLETED);
    must(catalog_object_copy_retry(c, rule->id, NULL, 0, &count, &e), &e);
    assert_int_equal(count, 1);
    assert_int_equal(claim(c, rule, &row), 1);
    assert_string_equal(row.version, "v1");
    assert_true(row.superseded);
    assert_int_equal(row.attempts, 2); /* what the first may have made is looked for */
    catalog_object_rule_free(rule);
    catalog_close(c);
}

/* A process that dies leaves its rows to the next pass. */
static void versions_of_dead_passes(void **state)
{
    static struct catalog_object_copy row;
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    (void)state;

    add_version(c, rule, "x", 100, "v1");
    must(catalog_object_rule_begin(c, rule, "", &e), &e);
    assert_int_equal(claim(c, rule, &row), 1);
    assert_int_equal(claim(c, rule, &row), 0);
    must(catalog_object_rule_end(c, rule, 0, NULL, &e), &e);
    struct catalog_object_rule *next = catalog_object_rule_get(c, rule->id, &e);
    must(catalog_object_rule_begin(c, next, "", &e), &e);
    add_version(c, rule, "y", 500, "w");
    assert_int_equal(claim(c, rule, &row), 0); /* the one before may not go on */
    assert_int_equal(claim(c, next, &row), 1);
    assert_int_equal(row.attempts, 2);
    /* OBJ-12: switched off meanwhile; what was done says nothing any more. */
    must(catalog_object_copy_cancel(c, rule->id, NULL, NULL, &e), &e);
    end_as(c, next, &row, CATALOG_COPY_COMPLETED);
    struct catalog_object_rule *now = catalog_object_rule_get(c, rule->id, &e);
    assert_int_equal(now->copied, 0);
    catalog_object_rule_free(now);
    catalog_object_rule_free(next);
    catalog_object_rule_free(rule);
    catalog_close(c);
}

static void versions_page_by_page(void **state)
{
    static struct catalog_object_copy rows[3], last;
    static const struct {
        const char *key;
        int64_t moment_ns;
        const char *version;
    } order[] = {{"a", 5, "1"},   {"a", 5, "2"}, {"a", 7, "0"},   {"a\x01", 1, "x"},
                 {"a-b", 2, "x"}, {"b", 1, "x"}, {"\xff", 1, "x"}};
    enum { ROWS = sizeof(order) / sizeof(order[0]) };
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    size_t count = 0, seen = 0;
    (void)state;

    for (size_t i = ROWS; i-- > 0;)
        add_version(c, rule, order[i].key, order[i].moment_ns, order[i].version);
    do {
        must(
            catalog_object_copy_page(c, rule->id, seen > 0 ? &last : NULL, rows, 3, &count, &e),
            &e);
        for (size_t i = 0; i < count; i++, seen++) {
            struct catalog_object_copy wanted =
                version_of(order[seen].key, order[seen].moment_ns, order[seen].version);
            assert_int_equal(catalog_object_copy_compare(&rows[i], &wanted), 0);
            if (seen > 0)
                assert_true(catalog_object_copy_compare(&last, &rows[i]) < 0);
            last = rows[i];
        }
    } while (count == 3);
    assert_int_equal(seen, ROWS);
    assert_int_equal(catalog_object_copy_forget(c, rule->id, &last, &e), 1);
    assert_int_equal(catalog_object_copy_forget(c, rule->id, &last, &e), 0);
    catalog_object_rule_free(rule);
    catalog_close(c);
}

/* What is there stays, is renewed, or is forced: OBJ-16. */
static void versions_again(void **state)
{
    static struct catalog_object_copy row;
    static const uint64_t expected[3][3] = {/* NEW */ {0, 0, 0}, {0, 1, 1}, {1, 1, 1}};
    static const enum catalog_copy_state states[3] = {
        CATALOG_COPY_COMPLETED, CATALOG_COPY_FAILED, CATALOG_COPY_SKIPPED};
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct error e = ERROR_INIT;
    char key[8];
    (void)state;

    must(catalog_object_rule_begin(c, rule, "", &e), &e);
    for (int again = 0; again < 3; again++) {
        for (int i = 0; i < 3; i++) {
            uint64_t added = 0;
            snprintf(key, sizeof(key), "%d-%d", again, i);
            add_version(c, rule, key, 100, "v");
            assert_int_equal(claim(c, rule, &row), 1);
            end_as(c, rule, &row, states[i]);
            row = version_of(key, 100, "v");
            must(catalog_object_copy_insert(c, rule->id, &row, 1,
                                            (enum catalog_copy_again)again, &added, &e),
                 &e);
            assert_int_equal(added, expected[again][i]);
            must(catalog_object_copy_cancel(c, rule->id, NULL, NULL, &e), &e);
        }
    }
    catalog_object_rule_free(rule);
    catalog_close(c);
}

/* OBJ-14: the worst of what several rules say; REPLICA of what one has made. */
static void status_of_objects(void **state)
{
    static struct catalog_object_copy row;
    struct catalog *c = two_sources();
    struct error e = ERROR_INIT;
    enum catalog_copy_state status;
    uint8_t east[CATALOG_ID_SIZE], west[CATALOG_ID_SIZE];
    (void)state;

    make_id(1, east);
    make_id(2, west);
    add_source(c, 3, "south");
    struct catalog_object_rule *one = add_rule(c, "one", 1, 2);
    struct catalog_object_rule *two = add_rule(c, "two", 1, 3);
    add_version(c, one, "x", 100, "v1");
    assert_int_equal(catalog_object_status(c, east, "x", 1, "v1", &status, &e), 1);
    assert_int_equal(status, CATALOG_COPY_PENDING);
    assert_int_equal(catalog_object_status(c, east, "x", 1, "v2", &status, &e), 0);
    assert_int_equal(catalog_object_status(c, east, "y", 1, "", &status, &e), 0);
    must(catalog_object_rule_begin(c, one, "", &e), &e);
    assert_int_equal(claim(c, one, &row), 1);
    snprintf(row.copy_version, sizeof(row.copy_version), "c1");
    end_as(c, one, &row, CATALOG_COPY_COMPLETED);
    assert_int_equal(catalog_object_status(c, east, "x", 1, "", &status, &e), 1);
    assert_int_equal(status, CATALOG_COPY_COMPLETED);
    assert_int_equal(catalog_object_status(c, west, "x", 1, "c1", &status, &e), 1);
    assert_int_equal(status, CATALOG_COPY_REPLICA);
    assert_int_equal(catalog_object_is_copy(c, west, "x", 1, "c1", &e), 1);
    assert_int_equal(catalog_object_is_copy(c, west, "x", 1, "c2", &e), 0);
    assert_int_equal(catalog_object_is_copy(c, east, "x", 1, "c1", &e), 0);
    add_version(c, two, "x", 100, "v1");
    must(catalog_object_rule_begin(c, two, "", &e), &e);
    assert_int_equal(claim(c, two, &row), 1);
    end_as(c, two, &row, CATALOG_COPY_FAILED);
    assert_int_equal(catalog_object_status(c, east, "x", 1, "v1", &status, &e), 1);
    assert_int_equal(status, CATALOG_COPY_FAILED);
    catalog_object_rule_free(one);
    catalog_object_rule_free(two);
    catalog_close(c);
}

static int add_up(void *context, const char *reason, uint64_t count, struct error *e)
{
    char *text = context;
    (void)e;
    snprintf(text + strlen(text), 128 - strlen(text), "%s=%d ", reason, (int)count);
    return 0;
}

/* OBJ-09, OBJ-12: reasons from rows and from listings; gaps. */
static void skips_and_gaps(void **state)
{
    static struct catalog_object_copy row;
    const struct catalog_object_gap late = {500, 600}, early = {100, 200};
    struct catalog *c = two_sources();
    struct catalog_object_rule *rule = add_rule(c, "one", 1, 2);
    struct catalog_object_gap *gaps = NULL;
    struct error e = ERROR_INIT;
    char text[128] = "";
    size_t count = 0;
    (void)state;

    row = version_of("x", 100, "v");
    row.state = CATALOG_COPY_SKIPPED;
    snprintf(row.reason, sizeof(row.reason), "is-a-copy");
    must(catalog_object_copy_insert(c, rule->id, &row, 1, CATALOG_COPY_NEW, NULL, &e), &e);
    must(catalog_object_skip_set(c, rule->id, "pre-existing", 7, &e), &e);
    must(catalog_object_skip_set(c, rule->id, "switched-off", 2, &e), &e);
    must(catalog_object_skip_set(c, rule->id, "switched-off", 0, &e), &e);
    must(catalog_object_skip_list(c, rule->id, add_up, text, &e), &e);
    assert_string_equal(text, "is-a-copy=1 pre-existing=7 ");
    must(catalog_object_gap_add(c, rule->id, &late, &e), &e);
    must(catalog_object_gap_add(c, rule->id, &early, &e), &e);
    must(catalog_object_gap_all(c, rule->id, &gaps, &count, &e), &e);
    assert_int_equal(count, 2);
    assert_int_equal(gaps[0].from_ns, 100);
    assert_int_equal(gaps[1].to_ns, 600);
    free(gaps);
    must(catalog_object_gap_clear(c, rule->id, 300, &e), &e);
    must(catalog_object_gap_all(c, rule->id, &gaps, &count, &e), &e);
    assert_int_equal(count, 1);
    free(gaps);
    catalog_object_rule_free(rule);
    must_be_sound(c);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(rule_rows),
    scratch_test(rule_changes_meet),
    scratch_test(passes_exclude_each_other),
    scratch_test(versions_in_their_order),
    scratch_test(versions_that_are_superseded),
    scratch_test(versions_of_dead_passes),
    scratch_test(versions_page_by_page),
    scratch_test(versions_again),
    scratch_test(status_of_objects),
    scratch_test(skips_and_gaps),
};

UNIT_MAIN(tests)
