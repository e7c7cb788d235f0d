/* SPDX-License-Identifier: Apache-2.0 */
/* test_conformance_parts.c - declared deviations, the oracle, and the tables of cases. */
#include "conformance/conformance.h"
#include "conformance/deviations.h"
#include "conformance/oracle.h"
#include "driver_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static bool known(const char *name)
{
    return strncmp(name, "target-", 7) == 0;
}

static struct deviations *parse(const char *text, struct error *e)
{
    *e = ERROR_INIT;
    return deviations_parse("x.deviations", text, strlen(text), known, e);
}

static void deviations_are_read(void **state)
{
    struct error e;
    struct deviations *d = parse("# what it is not\n\n  target-a \t one reason \r\n"
                                 "target-b another",
                                 &e);
    (void)state;
    assert_non_null(d);
    assert_int_equal(deviations_count(d), 2);
    assert_string_equal(deviations_find(d, "target-a"), "one reason");
    assert_string_equal(deviations_find(d, "target-b"), "another");
    assert_null(deviations_find(d, "target-c"));
    deviations_free(d);
    d = parse("", &e);
    assert_int_equal(deviations_count(d), 0);
    deviations_free(d);
    deviations_free(NULL);
}

static void deviations_must_be_right(void **state)
{
    struct error e;
    (void)state;
    assert_null(parse("\ntarget-a\n", &e));
    assert_error(e, LAGAN_INVALID, "x.deviations: line 2: a reason must follow");
    assert_null(parse("target-a x\ntarge-b y\n", &e));
    assert_error(e, LAGAN_INVALID, "line 2: there is no case of that name: targe-b");
    assert_null(parse("target-a x\ntarget-b y\ntarget-a z\n", &e));
    assert_error(e, LAGAN_INVALID, "line 3: declared twice: target-a");
}

static void deviations_may_be_absent(void **state)
{
    char *scratch = fixture_scratch();
    char path[4096];
    struct error e = ERROR_INIT;
    struct deviations *d;
    (void)state;
    snprintf(path, sizeof path, "%s/none", scratch);
    d = deviations_read(path, known, &e);
    assert_non_null(d);
    assert_int_equal(deviations_count(d), 0);
    deviations_free(d);
    fixture_write_text(path, "target-z why\n", 0600);
    d = deviations_read(path, known, &e);
    assert_non_null(d);
    assert_string_equal(deviations_find(d, "target-z"), "why");
    deviations_free(d);
    assert_null(deviations_read(scratch, known, &e));
    fixture_scratch_remove(scratch);
}

/* Keys of the oracle are numbers; even ones are wanted. */
static bool is_even(void *context, unsigned key)
{
    (void)context;
    return key % 2 == 0;
}

static void oracle_answers_as_a_store(void **state)
{
    struct oracle o = {0};
    struct oracle_object object;
    uint64_t count = 0;
    (void)state;
    assert_int_equal(oracle_look(&o, 3, &object), LAGAN_NOT_FOUND);
    assert_int_equal(oracle_put(&o, 3, 7, 100), LAGAN_OK);
    assert_int_equal(oracle_put(&o, 3, 8, 200), LAGAN_EXISTS);
    assert_int_equal(oracle_look(&o, 3, &object), LAGAN_OK);
    assert_int_equal(object.seed, 7);
    assert_int_equal(object.bytes, 100);
    assert_int_equal(oracle_get(&o, 3, 100, UINT64_MAX, &count), LAGAN_OK);
    assert_int_equal(count, 0);
    assert_int_equal(oracle_get(&o, 3, 40, UINT64_MAX, &count), LAGAN_OK);
    assert_int_equal(count, 60);
    assert_int_equal(oracle_get(&o, 3, 40, 61, &count), LAGAN_INVALID);
    assert_int_equal(oracle_get(&o, 3, 101, UINT64_MAX, &count), LAGAN_INVALID);
    assert_int_equal(oracle_get(&o, 4, 0, 1, &count), LAGAN_NOT_FOUND);
    assert_int_equal(oracle_copy(&o, 3, 5), LAGAN_OK);
    assert_int_equal(oracle_rename(&o, 5, 3), LAGAN_EXISTS);
    assert_int_equal(oracle_rename(&o, 5, 6), LAGAN_OK);
    assert_int_equal(oracle_look(&o, 5, &object), LAGAN_NOT_FOUND);
    assert_int_equal(oracle_copy(&o, 5, 7), LAGAN_NOT_FOUND);
    assert_int_equal(oracle_remove(&o, 3), LAGAN_OK);
    assert_int_equal(oracle_remove(&o, 3), LAGAN_OK);
    assert_int_equal(oracle_look(&o, 6, &object), LAGAN_OK);
    assert_int_equal(object.seed, 7);
}

static void oracle_lists(void **state)
{
    struct oracle o = {0};
    unsigned keys[ORACLE_KEYS];
    bool more = false;
    (void)state;
    for (unsigned key = 0; key < ORACLE_KEYS; key++)
        oracle_put(&o, key, 0, 0);
    assert_int_equal(oracle_list(&o, 1, is_even, NULL, 2, keys, &more), 2);
    assert_int_equal(keys[0], 2);
    assert_int_equal(keys[1], 4);
    assert_true(more);
    assert_int_equal(oracle_list(&o, 8, is_even, NULL, 2, keys, &more), 2);
    assert_false(more);
    oracle_remove(&o, 10);
    assert_int_equal(oracle_list(&o, 8, is_even, NULL, 2, keys, &more), 1);
}

/* The names of cases are what people see: all different, and of one form. */
static void cases_are_named(void **state)
{
    size_t count = conformance_count();
    (void)state;
    assert_true(count >= 120);
    for (size_t i = 0; i < count; i++) {
        struct check_description a = conformance_describe(i);
        assert_int_equal(strspn(a.name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                         strlen(a.name));
        assert_true(strlen(a.name) < 60 && a.meaning[0]);
        assert_true(a.meaning[strlen(a.meaning) - 1] != '.');
        if (strcmp(a.kind, "all") != 0)
            assert_int_equal(strncmp(a.name, a.kind, strlen(a.kind)), 0);
        for (size_t n = 0; n < i; n++)
            assert_string_not_equal(conformance_describe(n).name, a.name);
    }
}

static void cases_of_each_kind_and_group(void **state)
{
    static const struct {
        const char *kind;
        size_t least;
    } rows[] = {{"all", 15}, {"target", 70}, {"source", 60}, {"key", 20}};
    size_t groups[CHECK_GROUP_COUNT] = {0};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        size_t found = 0;
        for (size_t i = 0; i < conformance_count(); i++)
            found += strcmp(conformance_describe(i).kind, rows[r].kind) == 0;
        print_message("%zu cases of kind %s\n", found, rows[r].kind);
        assert_true(found >= rows[r].least);
    }
    for (size_t i = 0; i < conformance_count(); i++)
        groups[conformance_describe(i).group]++;
    for (int g = 0; g < CHECK_GROUP_COUNT; g++) {
        assert_true(groups[g] > 0);
        assert_int_equal(check_group_of(check_group_name(g)), g);
    }
    assert_int_equal(check_group_of("none"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviations_are_read),
        cmocka_unit_test(deviations_must_be_right),
        cmocka_unit_test(deviations_may_be_absent),
        cmocka_unit_test(oracle_answers_as_a_store),
        cmocka_unit_test(oracle_lists),
        cmocka_unit_test(cases_are_named),
        cmocka_unit_test(cases_of_each_kind_and_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
