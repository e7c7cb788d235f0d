/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_words.c - what people write on a command line, turned into what jobs take: words
 * of drivers, backups with paths, rules. */
#include "unit.h"

#include "engine/key_text.h"
#include "engine/locate.h"
#include "engine/parameters.h"
#include "engine/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void words_of_drivers(void **state)
{
    static const struct {
        const char *text, *driver, *words[3];
    } cases[] = {
        {"key_file", "key_file", {NULL}},
        {"key_file:", "key_file", {NULL}},
        {"tgt_dir:path=/a", "tgt_dir", {"path=/a"}},
        {"tgt_dir:path=/a:b,threads=2", "tgt_dir", {"path=/a:b", "threads=2"}},
        {"tgt_dir:path=/a\\,b\\c,", "tgt_dir", {"path=/a,b\\c"}},
        {"t:,x", "t", {"", "x"}},
    };
    struct error e = ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct driver_words words = {0};
        assert_int_equal(driver_words_parse(cases[i].text, &words, &e), 0);
        assert_string_equal(words.driver, cases[i].driver);
        for (size_t j = 0; j < words.count; j++)
            assert_string_equal(words.words[j], cases[i].words[j]);
        assert_true(words.count == 3 || !cases[i].words[words.count]);
        driver_words_clear(&words);
    }
    struct driver_words none = {0};
    assert_int_equal(driver_words_parse("", &none, &e), -1);
    assert_int_equal(e.code, ERROR_USAGE);
    assert_int_equal(driver_words_parse(":path=x", &none, &e), -1);
}

static void words_of_backups(void **state)
{
    static const struct {
        const char *text, *backup, *path, *key;
        size_t key_size;
    } cases[] = {
        {"latest", "latest", NULL, "", 0},
        {"latest~2:etc/hosts", "latest~2", "etc/hosts", "etc\0hosts", 9},
        {":etc/", "latest", "etc/", "etc", 3},
        {"", "latest", NULL, "", 0},
        {"0123abcd:a:b", "0123abcd", "a:b", "a:b", 3},
        {"x:/", "x", "/", "", 0},
    };
    struct error e = ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer key = BUFFER_INIT;
        const char *path = NULL;
        char *backup = NULL;
        assert_int_equal(locate_split(cases[i].text, &backup, &path, &e), 0);
        assert_string_equal(backup, cases[i].backup);
        assert_string_equal(path ? path : "none", cases[i].path ? cases[i].path : "none");
        assert_int_equal(path ? key_from_path(path, &key, &e) : 0, 0);
        assert_int_equal(key.size, cases[i].key_size);
        if (key.size > 0)
            assert_memory_equal(key.data, cases[i].key, key.size);
        buffer_free(&key);
        free(backup);
    }
    struct buffer key = BUFFER_INIT;
    assert_int_equal(key_from_path("a/../b", &key, &e), -1);
    assert_int_equal(e.code, ERROR_USAGE);
    buffer_free(&key);
}

static bool left_out(const char *root, const char *folder, const char *key, size_t key_size)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_TAKE, &e);
    bool added = false;
    assert_non_null(rules);
    assert_int_equal(rules_add_folder(rules, root, folder, "test", &added, &e), 0);
    bool result = select_match(rules, key, key_size, true) == SELECT_SKIP;
    assert_true(added || !result);
    select_rules_free(rules);
    return result;
}

static void words_folder_rules(void **state)
{
    (void)state;
    assert_true(left_out("/a", "/a/b/c", "b\0c", 3));
    assert_true(left_out("/a/", "/a/b/c", "b\0c", 3));
    assert_true(left_out("/", "/a/b", "a\0b", 3));
    assert_false(left_out("/a", "/a/b/c", "b", 1));
    assert_false(left_out("/a", "/a/b/c", "x\0b\0c", 5));
    assert_false(left_out("/a", "/ab/c", "c", 1));
    assert_false(left_out("/a", "/a", "", 0));
    assert_false(left_out("/a/b", "/a", "", 0));
    /* Signs of patterns stand for themselves. */
    assert_true(left_out("/a", "/a/[x]*?!", "[x]*?!", 6));
    assert_false(left_out("/a", "/a/*", "b", 1));
    assert_true(left_out("/a", "/a/!b", "!b", 2));
    assert_true(left_out("/a", "/a/b ", "b ", 2));
    assert_true(left_out("/a", "/a/b\\", "b\\", 2));
}

static void words_rule_pairs(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog_pairs pairs = {0};
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_TAKE, &e);
    (void)state;
    assert_int_equal(catalog_pairs_add(&pairs, "exclude", "*.o", &e), 0);
    assert_int_equal(catalog_pairs_add(&pairs, "include", "keep.o", &e), 0);
    assert_int_equal(rules_add_pairs(rules, &pairs, "--", &e), 0);
    assert_int_equal(select_match(rules, "x.o", 3, false), SELECT_SKIP);
    assert_int_equal(select_match(rules, "keep.o", 6, false), SELECT_TAKE);
    assert_int_equal(catalog_pairs_add(&pairs, "exclude-from", "/nonexistent/rules", &e), 0);
    assert_int_equal(rules_add_pairs(rules, &pairs, "--", &e), -1);
    assert_non_null(strstr(e.text, "/nonexistent/rules"));
    catalog_pairs_clear(&pairs);
    assert_int_equal(catalog_pairs_add(&pairs, "frob", "x", &e), 0);
    assert_int_equal(rules_add_pairs(rules, &pairs, "source x: ", &e), -1);
    assert_int_equal(e.code, ERROR_USAGE);
    catalog_pairs_clear(&pairs);
    select_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_drivers),
        cmocka_unit_test(words_of_backups),
        cmocka_unit_test(words_folder_rules),
        cmocka_unit_test(words_rule_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
