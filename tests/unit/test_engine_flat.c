/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_flat.c - keys without folders: matched, cut into folders, and put at the top. */
#include "unit.h"

#include "engine/flat.h"
#include "engine/restore_convert.h"

#include <stdlib.h>
#include <string.h>

static void objects_of_versions(void **state)
{
    (void)state;
    assert_int_equal(flat_object_size("a/b", 3), 3);
    assert_int_equal(flat_object_size("a/b\0"
                                      "0123456789abcdefid",
                                      22),
                     3);
    assert_int_equal(flat_object_size("", 0), 0);
}

/* Rules see folders where slashes are, and versions as their object. */
static void rules_see_folders(void **state)
{
    static const struct {
        const char *rule, *key;
        size_t size;
        bool taken;
    } cases[] = {
        {"logs", "logs/a", 6, false},
        {"logs", "logs", 4, false},
        {"logs", "x/logs/y/z", 10, false},
        {"logs", "logs2/a", 7, true},
        {"/logs", "x/logs/a", 8, true},
        {"*.tmp", "a/b.tmp", 7, false},
        {"*.tmp",
         "a/b.tmp\0"
         "0123456789abcdefv",
         25, false},
        {"logs/", "logs", 4, true},
        {"logs/", "logs/", 5, false},
        {"a//b", "a//b", 4, true},
        {"b", "a//b", 4, false},
        {"logs", "", 0, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error e = ERROR_INIT;
        struct select_rules *rules = select_rules_new(SELECT_DEFAULT_TAKE, &e);
        assert_int_equal(select_rules_add(rules, cases[i].rule, SELECT_EXCLUDE, "test", &e), 0);
        bool taken = flat_match(rules, cases[i].key, cases[i].size) == SELECT_TAKE;
        if (taken != cases[i].taken)
            fail_msg("rule %s, key %s", cases[i].rule, cases[i].key);
        select_rules_free(rules);
    }
}

static void tops(void **state)
{
    static const struct {
        const char *top, *key, *rest; /* NULL = it lies elsewhere */
        size_t size;
    } cases[] = {
        {"", "a/b", "a/b", 3},  {"a", "a/b", "b", 3},  {"a/", "a/b", "b", 3},
        {"a", "a-b", NULL, 3},  {"a", "a", "a", 1},    {"x/a", "x/a", "a", 3},
        {"a", "ab/c", NULL, 4}, {"a/b", "a", NULL, 1}, {"x/", "x/", "x/", 2},
        {"a", "a//b", "/b", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const uint8_t *key = (const uint8_t *)cases[i].key;
        size_t size = cases[i].size;
        bool below =
            flat_below((const uint8_t *)cases[i].top, strlen(cases[i].top), &key, &size);
        if (below != (cases[i].rest != NULL))
            fail_msg("top %s, key %s", cases[i].top, cases[i].key);
        if (!below)
            continue;
        assert_int_equal(size, strlen(cases[i].rest));
        assert_memory_equal(key, cases[i].rest, size);
    }
}

/* Each line is a key of one bucket, in its order: what becomes of it as a file. */
static void keys_become_files(void **state)
{
    static const struct {
        const char *key;
        uint64_t bytes;
        const char *path; /* with slashes; NULL = refused */
        bool directory;
    } cases[] = {
        {"", 0, NULL, false},         {"/a", 1, NULL, false},
        {"a", 1, "a", false},         {"a-b", 1, "a-b", false},
        {"a/", 0, NULL, true}, /* a is a file */
        {"a/b", 1, NULL, false},      {"b/.", 1, NULL, false},
        {"b/..", 1, NULL, false},     {"b/../c", 1, NULL, false},
        {"b/...", 1, "b/...", false}, {"b//c", 1, NULL, false},
        {"c/", 0, "c", true},         {"c/d", 1, "c/d", false},
        {"d/", 5, NULL, false}, /* it has content */
        {"e", 1, "e", false},         {"e!", 1, "e!", false},
        {"e!/x", 1, NULL, false},     {"e/x/y", 1, NULL, false},
        {"f/g", 1, "f/g", false},     {"f/g!/h", 1, "f/g!/h", false},
        {"f/g/h", 1, NULL, false},
    };
    struct restore_names names = {0};
    struct buffer out = BUFFER_INIT;
    (void)state;
    for (size_t i = 1; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error e = ERROR_INIT;
        const char *refused = NULL;
        bool directory = false;
        assert_int_equal(restore_key_to_files(&names, (const uint8_t *)cases[i].key,
                                              strlen(cases[i].key), cases[i].bytes, &out,
                                              &directory, &refused, &e),
                         0);
        if ((refused == NULL) != (cases[i].path != NULL))
            fail_msg("%s: %s", cases[i].key, refused ? refused : "not refused");
        assert_int_equal(directory, cases[i].directory);
        if (refused)
            continue;
        for (size_t k = 0; k < out.size; k++)
            out.data[k] = out.data[k] ? out.data[k] : '/';
        assert_int_equal(out.size, strlen(cases[i].path));
        assert_memory_equal(out.data, cases[i].path, out.size);
    }
    buffer_free(&out);
    restore_names_free(&names);
}

static struct lagan_metadata piece(uint32_t kind, const char *name, const char *value)
{
    return (struct lagan_metadata){.kind = kind,
                                   .name = name,
                                   .name_size = (uint32_t)strlen(name),
                                   .value = value,
                                   .value_size = strlen(value)};
}

/* Properties survive the way into a folder and back. */
static void properties_go_both_ways(void **state)
{
    struct lagan_metadata pieces[6] = {
        piece(LAGAN_METADATA_PROPERTY, LAGAN_PROPERTY_TYPE, "text/plain"),
        piece(LAGAN_METADATA_PROPERTY, LAGAN_FACT_ETAG, "etag"),
        piece(LAGAN_METADATA_PROPERTY, "meta:who", "me"),
        piece(LAGAN_METADATA_PROPERTY, "tag:a b", "c"),
    };
    struct tree_entry entry = {
        .present = LAGAN_HAS_MTIME, .mtime_s = 12, .mtime_ns = 34, .type = LAGAN_ENTRY_FILE};
    struct buffer names = BUFFER_INIT, more = BUFFER_INIT;
    struct error e = ERROR_INIT;
    size_t count = 4;
    bool lost = false;
    (void)state;
    assert_int_equal(
        restore_pieces_convert(RESTORE_TO_FILES, &entry, pieces, &count, &names, &lost, &e), 0);
    assert_int_equal(count, 3);
    assert_string_equal(pieces[0].name, "user.lagan.content-type");
    assert_int_equal(pieces[0].kind, LAGAN_METADATA_XATTR);
    assert_string_equal(pieces[2].name, "user.lagan.tag:a b");
    pieces[count++] = piece(LAGAN_METADATA_XATTR, "user.other", "x");
    assert_int_equal(
        restore_pieces_convert(RESTORE_TO_OBJECTS, &entry, pieces, &count, &more, &lost, &e),
        0);
    assert_true(lost);
    assert_int_equal(count, 4);
    assert_string_equal(pieces[0].name, LAGAN_PROPERTY_TYPE);
    assert_string_equal(pieces[1].name, RESTORE_MTIME_PROPERTY);
    assert_memory_equal(pieces[1].value, "12.000000034", 12);
    assert_string_equal(pieces[2].name, "meta:who");
    assert_string_equal(pieces[3].name, "tag:a b");
    buffer_free(&names);
    buffer_free(&more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_versions),
        cmocka_unit_test(rules_see_folders),
        cmocka_unit_test(tops),
        cmocka_unit_test(keys_become_files),
        cmocka_unit_test(properties_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
