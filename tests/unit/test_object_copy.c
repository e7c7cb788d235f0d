/* SPDX-License-Identifier: Apache-2.0 */
/* test_object_copy.c - single objects copied between trees of files and places with versions.
 */
#include "unit.h"

#include "catalog_fixture.h"
#include "engine/object_private.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bench {
    struct setup *setup;
    struct catalog_source *rows[3]; /* a tree, two places of one store */
};

static struct catalog_source *row_of(const char *name, const char *driver)
{
    struct error e = ERROR_INIT;
    struct catalog_source *row = catalog_source_new(&e);
    assert_non_null(row);
    snprintf(row->name, sizeof(row->name), "%s", name);
    snprintf(row->driver, sizeof(row->driver), "%s", driver);
    must(catalog_pairs_add(&row->parameters, "path", scratch_path(name), &e), &e);
    assert_true(mkdir(scratch_path(name), 0700) == 0);
    return row;
}

static int bench_setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    char drivers[4096], text[8192];
    struct error e = ERROR_INIT;
    assert_non_null(b);
    assert_int_equal(scratch_setup(state), 0);
    snprintf(drivers, sizeof(drivers), "%s/test-drivers", getenv("abs_top_builddir"));
    snprintf(text, sizeof(text), "state = %s\ndrivers = { src_files, src_versions }\n",
             scratch_path("state"));
    scratch_write("lagan.conf", text, strlen(text), 0600);
    const struct setup_request request = {.config_path = scratch_path("lagan.conf"),
                                          .driver_directory = drivers};
    must(setup_open(&request, &b->setup, &e), &e);
    b->rows[0] = row_of("tree", "src_files");
    b->rows[1] = row_of("one", "src_versions");
    b->rows[2] = row_of("two", "src_versions");
    *state = b;
    return 0;
}

static int bench_teardown(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < 3; i++)
        catalog_source_free(b->rows[i]);
    setup_close(b->setup);
    free(b);
    return scratch_teardown(state);
}

static struct object_ends *open_ends(struct bench *b, int from, int to)
{
    struct error e = ERROR_INIT;
    struct object_ends *ends = object_ends_open(b->setup, b->rows[from], b->rows[to], &e);
    if (!ends)
        fail_msg("%s", e.text);
    return ends;
}

/* Copies the object `key` as it is now. */
static int copy_with(struct object_ends *ends, const void *key, size_t key_size,
                     const struct object_copy_options *options, struct object_copied *copied,
                     struct error *e)
{
    struct object_seen seen = {0};
    struct lagan_entry_collector collector = object_seen_collector(&seen);
    *copied = (struct object_copied){0};
    *e = ERROR_INIT;
    int result = object_look(object_ends_from(ends), key, key_size, &collector, e);
    seen.copy.entry.pieces = seen.pieces.items;
    seen.copy.entry.piece_count = seen.pieces.count;
    if (result == 0)
        result = object_copy(ends, &seen.copy.entry, options, copied, e);
    object_seen_free(&seen);
    return result;
}

static void copy(struct object_ends *ends, const char *key, size_t key_size,
                 const struct object_copy_options *options, enum object_outcome outcome)
{
    struct object_copied copied;
    struct error e;
    must(copy_with(ends, key, key_size, options, &copied, &e), &e);
    assert_int_equal(copied.outcome, outcome);
    object_copied_free(&copied);
}

static void put(const char *path, const char *text)
{
    scratch_write(path, text, strlen(text), 0640);
}

static void expect_file(const char *path, const char *text)
{
    char *found = scratch_read(path, NULL);
    assert_string_equal(found, text);
    free(found);
}

/* ---- keys ---- */

static void keys_are_translated(void **state)
{
    static const struct {
        int from, to;
        const char *key;
        size_t size;
        const char *strip, *add;
        const char *wanted; /* NULL = INVALID */
        size_t wanted_size;
    } rows[] = {{0, 1, "a\0b", 3, NULL, NULL, "a/b", 3},
                {1, 0, "a/b", 3, NULL, NULL, "a\0b", 3},
                {1, 2, "a//b/../", 8, NULL, NULL, "a//b/../", 8},
                {1, 0, "a//b", 4, NULL, NULL, NULL, 0},
                {1, 0, "/a", 2, NULL, NULL, NULL, 0},
                {1, 0, "a/", 2, NULL, NULL, NULL, 0},
                {1, 0, "a/./b", 5, NULL, NULL, NULL, 0},
                {1, 0, "../b", 4, NULL, NULL, NULL, 0},
                {1, 0, "..b/c.", 6, NULL, NULL, "..b\0c.", 6},
                {0, 1, "a\0b", 3, "a/", "x/", "x/b", 3},
                {0, 1, "a\0b", 3, "b", NULL, NULL, 0},
                {0, 1, "a", 1, "a", "x", NULL, 0},
                {1, 2, "k\0000000000000000001v1", 20, NULL, NULL, "k", 1}};
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct object_ends *ends = open_ends(b, rows[i].from, rows[i].to);
        const struct object_copy_options options = {.strip_prefix = rows[i].strip,
                                                    .add_prefix = rows[i].add};
        struct buffer out = BUFFER_INIT;
        struct error e = ERROR_INIT;
        int result = object_target_key(ends, rows[i].key, rows[i].size, &options, &out, &e);
        assert_int_equal(result == 0, rows[i].wanted != NULL);
        if (rows[i].wanted) {
            assert_int_equal(out.size, rows[i].wanted_size);
            assert_memory_equal(out.data, rows[i].wanted, out.size);
        } else {
            assert_int_equal(e.error_class, LAGAN_INVALID);
        }
        buffer_free(&out);
        object_ends_close(ends);
    }
}

static void versions_are_told_from_keys(void **state)
{
    struct object_name name = object_name_of("photo\0000123456789abcdefv-7", 25);
    (void)state;
    assert_int_equal(name.key_size, 5);
    assert_int_equal(name.version_size, 3);
    assert_memory_equal(name.version, "v-7", 3);
    name = object_name_of("photo", 5);
    assert_true(name.key_size == 5 && name.version_size == 0);
}

/* ---- copies ---- */

static void content_goes_both_ways(void **state)
{
    struct bench *b = *state;
    static const enum object_verify rules[] = {OBJECT_VERIFY_SIZE, OBJECT_VERIFY_CHECKSUM,
                                               OBJECT_VERIFY_CONTENT, OBJECT_VERIFY_SAMPLE};
    mkdir(scratch_path("tree/sub"), 0700);
    put("tree/sub/file", "what is in it");
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct object_copy_options options = {.verify = rules[i]};
        const struct object_copy_options back = {
            .verify = rules[i], .strip_prefix = "sub/", .add_prefix = "back/"};
        struct object_ends *ends = open_ends(b, 0, 1);
        copy(ends, "sub\0file", 8, &options, OBJECT_OUTCOME_COPIED);
        object_ends_close(ends);
        ends = open_ends(b, 1, 0);
        assert_false(object_ends_one_store(ends));
        copy(ends, "sub/file", 8, &back, OBJECT_OUTCOME_COPIED);
        object_ends_close(ends);
        expect_file("tree/back/file", "what is in it");
        unlink(scratch_path("tree/back/file"));
    }
}

static void store_copies_by_itself(void **state)
{
    struct bench *b = *state;
    const struct object_copy_options options = {.verify = OBJECT_VERIFY_CONTENT};
    struct object_copied copied;
    struct error e;
    put("tree/f", "by the store");
    struct object_ends *ends = open_ends(b, 0, 1);
    copy(ends, "f", 1, &options, OBJECT_OUTCOME_COPIED);
    object_ends_close(ends);
    ends = open_ends(b, 1, 2);
    assert_true(object_ends_one_store(ends));
    must(copy_with(ends, "f", 1, &options, &copied, &e), &e);
    assert_true(copied.by_store);
    assert_int_equal(copied.bytes, 12);
    assert_true(copied.from_version[0] && copied.to_version[0]);
    object_copied_free(&copied);
    object_ends_close(ends);
    ends = open_ends(b, 2, 0);
    const struct object_copy_options back = {.add_prefix = "again/"};
    copy(ends, "f", 1, &back, OBJECT_OUTCOME_COPIED);
    object_ends_close(ends);
    expect_file("tree/again/f", "by the store");
}

/* MIG-08: rules for names that are taken; BAT: fail, rename. */
static void mig_08_taken_names(void **state)
{
    static const struct {
        enum object_exists rule;
        int older; /* the original is older than the copy */
        int replaced;
        enum object_outcome outcome;
    } rows[] = {{OBJECT_EXISTS_OVERWRITE, 1, 1, OBJECT_OUTCOME_COPIED},
                {OBJECT_EXISTS_OVERWRITE, 0, 1, OBJECT_OUTCOME_COPIED},
                {OBJECT_EXISTS_NEWER, 1, 0, OBJECT_OUTCOME_KEPT},
                {OBJECT_EXISTS_NEWER, 0, 1, OBJECT_OUTCOME_COPIED},
                {OBJECT_EXISTS_NEVER, 1, 0, OBJECT_OUTCOME_KEPT},
                {OBJECT_EXISTS_NEVER, 0, 0, OBJECT_OUTCOME_KEPT}};
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct object_copy_options first = {.add_prefix = "x/"};
        const struct object_copy_options options = {
            .exists = rows[i].rule, .strip_prefix = "", .add_prefix = "out/"};
        put("tree/n", "new");
        struct object_ends *ends = open_ends(b, 0, 1);
        const struct object_copy_options plain = {.exists = OBJECT_EXISTS_OVERWRITE};
        copy(ends, "n", 1, &plain, OBJECT_OUTCOME_COPIED);
        object_ends_close(ends);
        (void)first;
        mkdir(scratch_path("tree/out"), 0700);
        put("tree/out/n", "older content");
        const struct timespec when = {.tv_sec = rows[i].older ? 4000000000 : 1000};
        const struct timespec times[2] = {when, when};
        assert_int_equal(utimensat(-1, scratch_path("tree/out/n"), times, 0), 0);
        ends = open_ends(b, 1, 0);
        copy(ends, "n", 1, &options, rows[i].outcome);
        expect_file("tree/out/n", rows[i].replaced ? "new" : "older content");
        object_ends_close(ends);
    }
}

static void taken_names_fail_or_are_numbered(void **state)
{
    struct bench *b = *state;
    const struct object_copy_options fails = {.exists = OBJECT_EXISTS_FAIL};
    const struct object_copy_options renames = {.exists = OBJECT_EXISTS_RENAME};
    struct object_copied copied;
    struct error e;
    put("tree/a.tar.gz", "first");
    struct object_ends *ends = open_ends(b, 0, 1);
    copy(ends, "a.tar.gz", 8, &fails, OBJECT_OUTCOME_COPIED);
    assert_int_equal(copy_with(ends, "a.tar.gz", 8, &fails, &copied, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    object_copied_free(&copied);
    for (int i = 2; i < 4; i++) {
        char wanted[32];
        snprintf(wanted, sizeof(wanted), "a.tar (%d).gz", i);
        must(copy_with(ends, "a.tar.gz", 8, &renames, &copied, &e), &e);
        assert_int_equal(copied.to_key.size, strlen(wanted));
        assert_memory_equal(copied.to_key.data, wanted, strlen(wanted));
        object_copied_free(&copied);
    }
    object_ends_close(ends);
}

static void conditions_are_met_or_nothing_is_made(void **state)
{
    static const struct {
        struct object_conditions conditions;
        int met;
    } rows[] = {{{.if_match = "no-such-tag"}, 0},
                {{.if_none_match = "no-such-tag"}, 1},
                {{.modified_since_ns = INT64_C(4000000000) * 1000000000}, 0},
                {{.modified_since_ns = 1}, 1},
                {{.unmodified_since_ns = 1}, 0},
                {{.unmodified_since_ns = INT64_C(4000000000) * 1000000000}, 1}};
    struct bench *b = *state;
    put("tree/f", "conditional");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct object_ends *ends = open_ends(b, 0, 1);
        const struct object_copy_options options = {.conditions = rows[i].conditions};
        struct object_copied copied;
        struct error e;
        int result = copy_with(ends, "f", 1, &options, &copied, &e);
        assert_int_equal(result == 0, rows[i].met);
        if (!rows[i].met)
            assert_int_equal(e.error_class, LAGAN_PRECONDITION);
        object_copied_free(&copied);
        object_ends_close(ends);
    }
}

static int find_marker(struct object_ends *ends, const char *name, char value[64])
{
    struct object_seen seen = {0};
    struct lagan_entry_collector collector = object_seen_collector(&seen);
    struct error e = ERROR_INIT;
    struct source *look = object_ends_look(ends, &e);
    assert_non_null(look);
    must(object_look(look, "f", 1, &collector, &e), &e);
    object_pieces_text(&seen.pieces, name, value, 64);
    object_seen_free(&seen);
    return value[0] != '\0';
}

/* MIG-05: properties are kept, given instead, or replaced. */
static void mig_05_properties(void **state)
{
    struct bench *b = *state;
    const struct lagan_metadata one[] = {
        {LAGAN_METADATA_PROPERTY, 12, "content-type", "text/plain", 10},
        {LAGAN_METADATA_PROPERTY, 10, "meta:owner", "ann", 3}};
    const struct lagan_metadata other[] = {
        {LAGAN_METADATA_PROPERTY, 10, "meta:owner", "bob", 3}};
    const struct object_copy_options first = {.give = one, .give_count = 2};
    const struct object_copy_options kept = {.give = other, .give_count = 1};
    const struct object_copy_options replaced = {
        .give = other, .give_count = 1, .replace_pieces = true};
    char value[64];
    put("tree/f", "with properties");
    struct object_ends *ends = open_ends(b, 0, 1);
    copy(ends, "f", 1, &first, OBJECT_OUTCOME_COPIED);
    assert_true(find_marker(ends, "meta:mtime", value));
    object_ends_close(ends);
    ends = open_ends(b, 1, 2);
    copy(ends, "f", 1, &kept, OBJECT_OUTCOME_COPIED);
    assert_true(find_marker(ends, "content-type", value));
    assert_string_equal(value, "text/plain");
    assert_true(find_marker(ends, "meta:owner", value));
    assert_string_equal(value, "bob");
    copy(ends, "f", 1, &replaced, OBJECT_OUTCOME_COPIED);
    assert_false(find_marker(ends, "content-type", value));
    assert_true(find_marker(ends, "meta:owner", value));
    object_ends_close(ends);
}

static void folders_of_consoles_become_directories(void **state)
{
    struct bench *b = *state;
    const struct object_copy_options options = {.exists = OBJECT_EXISTS_OVERWRITE};
    struct lagan_entry mark = {.size = sizeof(mark),
                               .type = LAGAN_ENTRY_OBJECT,
                               .key = "photos/2025/",
                               .key_size = 12,
                               .present = LAGAN_HAS_BYTES};
    struct object_copied copied = {0};
    struct error e = ERROR_INIT;
    struct stat found;
    struct object_ends *ends = open_ends(b, 1, 0);
    must(object_copy(ends, &mark, &options, &copied, &e), &e);
    object_copied_free(&copied);
    assert_int_equal(stat(scratch_path("tree/photos/2025"), &found), 0);
    assert_true(S_ISDIR(found.st_mode));
    object_ends_close(ends);
}

static void places_are_probed(void **state)
{
    struct bench *b = *state;
    struct error e = ERROR_INIT;
    put("tree/f", "read me");
    struct object_ends *ends = open_ends(b, 0, 1);
    must(object_ends_probe(ends, "below/", &e), &e);
    object_ends_close(ends);
    ends = open_ends(b, 1, 0);
    must(object_ends_probe(ends, "below/", &e), &e);
    object_ends_close(ends);
    assert_int_equal(scratch_count(scratch_path("tree/below"), ".lagan"), 0);
}

#define bench_test(function)                                                                   \
    cmocka_unit_test_setup_teardown(function, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(keys_are_translated),
        cmocka_unit_test(versions_are_told_from_keys),
        bench_test(content_goes_both_ways),
        bench_test(store_copies_by_itself),
        bench_test(mig_08_taken_names),
        bench_test(taken_names_fail_or_are_numbered),
        bench_test(conditions_are_met_or_nothing_is_made),
        bench_test(mig_05_properties),
        bench_test(folders_of_consoles_become_directories),
        bench_test(places_are_probed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
