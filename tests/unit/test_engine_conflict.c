/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_conflict.c - the rules on what is there already: each rule with each type over
 * each type, older and newer. */
#include "engine_fixture.h"

#include "policy/select.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKUP_TIME = 1500000000 };

/* What the backup holds, each under its name. */
#define TYPES(X) X(file) X(large) X(link) X(fifo) X(directory)
enum type {
#define X(name) TYPE_##name,
    TYPES(X)
#undef X
        TYPE_COUNT
};
static const char *const type_names[] = {
#define X(name) #name,
    TYPES(X)
#undef X
};

/* What is there. */
#define STATES(X)                                                                              \
    X(nothing) X(same) X(a_file) X(a_link) X(a_fifo) X(an_empty_directory) X(a_directory)
enum state {
#define X(name) STATE_##name,
    STATES(X)
#undef X
        STATE_COUNT
};
static const char *const state_names[] = {
#define X(name) #name,
    STATES(X)
#undef X
};

enum outcome { WRITTEN, EQUAL, KEPT, STOPPED, PROBLEM };
static const char *const outcome_names[] = {"written", "equal", "kept", "stopped", "problem"};

static void set_time(const char *path, time_t time)
{
    const struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void make_tree(struct engine *g)
{
    const char *top = engine_path(g, "tree");
    put_directory(top);
    put_bytes(path_of("%s/file", top), 1, 5000);
    put_bytes(path_of("%s/large", top), 3, 3 << 20);
    assert_int_equal(symlink("file", path_of("%s/link", top)), 0);
    assert_int_equal(mkfifo(path_of("%s/fifo", top), 0644), 0);
    put_directory(path_of("%s/directory", top));
    put_bytes(path_of("%s/directory/inside", top), 2, 5000);
    for (unsigned i = 0; i < TYPE_COUNT; i++)
        set_time(path_of("%s/%s", top, type_names[i]), BACKUP_TIME);
    put_directory(engine_path(g, "outside"));
    put_text(engine_path(g, "outside/canary"), "canary");
    put_directory(engine_path(g, "outside/inner"));
    let_age();
}

/* Puts something else under the name. */
static void put_state(struct engine *g, const char *path, enum state state, time_t time)
{
    switch (state) {
    case STATE_a_file:
        put_text(path, "another one");
        break;
    case STATE_a_link:
        assert_int_equal(symlink(engine_path(g, "outside"), path), 0);
        break;
    case STATE_a_fifo:
        assert_int_equal(mkfifo(path, 0600), 0);
        break;
    case STATE_an_empty_directory:
        put_directory(path);
        break;
    case STATE_a_directory:
        put_directory(path);
        put_text(path_of("%s/mine", path), "not to be lost");
        break;
    default:
        return;
    }
    set_time(path, time);
}

static enum outcome expected(enum type type, enum state state, enum restore_conflict rule,
                             bool newer_there)
{
    bool directory_there = state == STATE_an_empty_directory || state == STATE_a_directory;
    if (state == STATE_nothing)
        return WRITTEN;
    if (state == STATE_same)
        return EQUAL;
    if (type == TYPE_directory && directory_there)
        return WRITTEN; /* what it lacks */
    if (rule == RESTORE_FAIL)
        return STOPPED;
    if (rule == RESTORE_SKIP || (rule == RESTORE_NEWER && newer_there))
        return KEPT;
    return state == STATE_a_directory ? PROBLEM : WRITTEN;
}

static enum outcome outcome_of(int done, const struct restore_result *result,
                               const struct error *e)
{
    if (done != 0) {
        assert_int_equal(e->error_class, LAGAN_EXISTS);
        assert_int_equal(e->code, ERROR_CONFLICT);
        return STOPPED;
    }
    if (result->problems > 0)
        return PROBLEM;
    if (result->entries_kept > 0)
        return KEPT;
    return result->entries_written > 0 ? WRITTEN : EQUAL;
}

/* One restore of the entry `type` alone. */
static int restore_one(struct engine *g, const struct seal *seal, enum type type,
                       enum restore_conflict rule, struct restore_result *result,
                       struct error *e)
{
    struct origin place;
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_BY_RULES, e);
    assert_non_null(rules);
    assert_success(
        select_rules_add(rules, path_of("/%s", type_names[type]), SELECT_INCLUDE, "test", e),
        *e);
    origin_files(g, &place, LAGAN_OPEN_RESTORE, engine_path(g, "to"));
    struct restore_request request = engine_restore_request(g, seal, &place);
    request.rules = rules;
    request.conflict = rule;
    int done = engine_restore_try(g, &request, result, e);
    origin_close(&place);
    select_rules_free(rules);
    return done;
}

static char *digest_at(struct engine *g, const char *top, enum type type)
{
    /* Of a file or link, through a directory that holds nothing else. */
    const char *alone = engine_path(g, "alone");
    put_directory(alone);
    assert_int_equal(
        system(path_of("cp -a '%s/%s' '%s/'", engine_path(g, top), type_names[type], alone)),
        0);
    char *digest = tree_lines(alone, true);
    assert_int_equal(system(path_of("rm -rf '%s'", alone)), 0);
    return digest;
}

static void check(struct engine *g, const struct seal *seal, enum type type, enum state state,
                  enum restore_conflict rule, bool newer_there)
{
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    const char *path = path_of("%s/%s", engine_path(g, "to"), type_names[type]);
    put_directory(engine_path(g, "to"));
    if (state == STATE_same)
        assert_success(restore_one(g, seal, type, RESTORE_FAIL, &result, &e), e);
    put_state(g, path, state, BACKUP_TIME + (newer_there ? 1000 : -1000));
    char *before = tree_lines(engine_path(g, "to"), false);
    result = (struct restore_result){0};
    enum outcome got = outcome_of(restore_one(g, seal, type, rule, &result, &e), &result, &e);
    enum outcome wanted = expected(type, state, rule, newer_there);
    if (got != wanted) {
        print_error("%s over %s (%s), rule %u: %s instead of %s\n", type_names[type],
                    state_names[state], newer_there ? "newer" : "older", rule,
                    outcome_names[got], outcome_names[wanted]);
        reports_print(&g->reports);
    }
    assert_int_equal(got, wanted);
    bool merged = type == TYPE_directory && state == STATE_a_directory;
    if (wanted == WRITTEN && !merged)
        assert_same_tree(digest_at(g, "tree", type), digest_at(g, "to", type));
    if (wanted == WRITTEN)
        free(before);
    else
        assert_same_tree(before, tree_lines(engine_path(g, "to"), false));
    if (merged)
        assert_true(is_there(path_of("%s/mine", path)));
    assert_int_equal(system(path_of("rm -rf '%s'", engine_path(g, "to"))), 0);
}

static void check_all(enum restore_conflict rule)
{
    struct engine g;
    struct origin o;
    engine_make(&g, "tgt_mem", NULL);
    make_tree(&g);
    origin_files(&g, &o, LAGAN_OPEN_READ_ONLY, engine_path(&g, "tree"));
    struct seal *seal = engine_backup(&g, &o, NULL);
    char *outside = tree_lines(engine_path(&g, "outside"), true);
    for (unsigned type = 0; type < TYPE_COUNT; type++) {
        for (unsigned state = 0; state < STATE_COUNT; state++) {
            check(&g, seal, type, state, rule, false);
            if (state != STATE_nothing && state != STATE_same)
                check(&g, seal, type, state, rule, true);
        }
    }
    assert_same_tree(outside, tree_lines(engine_path(&g, "outside"), true));
    origin_close(&o);
    seal_free(seal);
    engine_drop(&g);
}

static void conflict_fail(void **state)
{
    (void)state;
    check_all(RESTORE_FAIL);
}

static void conflict_skip(void **state)
{
    (void)state;
    check_all(RESTORE_SKIP);
}

static void conflict_overwrite(void **state)
{
    (void)state;
    check_all(RESTORE_OVERWRITE);
}

static void conflict_newer(void **state)
{
    (void)state;
    check_all(RESTORE_NEWER);
}

/* A directory that cannot be made, with directories in it: one report, and the rest goes on. */
static void conflict_of_a_branch(void **state)
{
    struct engine g;
    struct origin o, place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    const char *top = engine_path(&g, "tree");
    put_directory(top);
    put_directory(path_of("%s/b", top));
    for (unsigned i = 0; i < 5; i++) {
        put_directory(path_of("%s/b/d%u", top, i));
        put_text(path_of("%s/b/d%u/file", top, i), "text");
    }
    put_text(path_of("%s/b!", top), "sorts between b and what is in it, if it were a path");
    put_directory(path_of("%s/c", top));
    put_text(path_of("%s/c/file", top), "text");
    let_age();
    origin_files(&g, &o, LAGAN_OPEN_READ_ONLY, top);
    struct seal *seal = engine_backup(&g, &o, NULL);
    put_directory(engine_path(&g, "to"));
    put_text(engine_path(&g, "to/b"), "in the way");

    origin_files(&g, &place, LAGAN_OPEN_RESTORE, engine_path(&g, "to"));
    struct restore_request request = engine_restore_request(&g, seal, &place);
    request.conflict = RESTORE_SKIP;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.warnings, 1);
    assert_int_equal(result.entries_kept, 1);
    assert_string_equal(g.reports.items[0].path, "b");
    assert_int_equal(result.entries_written, 3); /* b!, c and what is in it */
    assert_int_equal(result.entries, 5);
    request = engine_restore_request(&g, seal, &place);
    request.conflict = RESTORE_OVERWRITE;
    result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_same_tree(tree_lines(top, true), tree_lines(engine_path(&g, "to"), true));
    origin_close(&place);
    origin_close(&o);
    seal_free(seal);
    engine_drop(&g);
}

/* Other names of what is replaced keep their content. */
static void conflict_with_a_hard_link(void **state)
{
    struct engine g;
    struct origin o, place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_tree(&g);
    origin_files(&g, &o, LAGAN_OPEN_READ_ONLY, engine_path(&g, "tree"));
    struct seal *seal = engine_backup(&g, &o, NULL);
    put_directory(engine_path(&g, "to"));
    assert_int_equal(link(engine_path(&g, "outside/canary"), engine_path(&g, "to/file")), 0);
    assert_int_equal(link(engine_path(&g, "outside/canary"), engine_path(&g, "to/large")), 0);
    assert_int_equal(link(engine_path(&g, "outside/canary"), engine_path(&g, "to/link")), 0);
    char *outside = tree_lines(engine_path(&g, "outside/inner"), true);
    origin_files(&g, &place, LAGAN_OPEN_RESTORE, engine_path(&g, "to"));
    struct restore_request request = engine_restore_request(&g, seal, &place);
    request.conflict = RESTORE_OVERWRITE;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_same_tree(outside, tree_lines(engine_path(&g, "outside/inner"), true));
    char *canary = fixture_read_text(engine_path(&g, "outside/canary"));
    assert_string_equal(canary, "canary");
    free(canary);
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to"), true));
    origin_close(&place);
    origin_close(&o);
    seal_free(seal);
    engine_drop(&g);
}

/* Of several names the first is kept: the others are files of their own. */
static void conflict_within_links(void **state)
{
    struct engine g;
    struct origin o, place;
    struct stat a, b, c;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    put_directory(engine_path(&g, "tree"));
    put_bytes(engine_path(&g, "tree/a"), 1, 3 << 20);
    assert_int_equal(link(engine_path(&g, "tree/a"), engine_path(&g, "tree/b")), 0);
    assert_int_equal(link(engine_path(&g, "tree/a"), engine_path(&g, "tree/c")), 0);
    let_age();
    origin_files(&g, &o, LAGAN_OPEN_READ_ONLY, engine_path(&g, "tree"));
    struct seal *seal = engine_backup(&g, &o, NULL);
    put_directory(engine_path(&g, "to"));
    put_text(engine_path(&g, "to/a"), "mine");
    origin_files(&g, &place, LAGAN_OPEN_RESTORE, engine_path(&g, "to"));
    struct restore_request request = engine_restore_request(&g, seal, &place);
    request.conflict = RESTORE_SKIP;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.entries_kept, 1);
    assert_int_equal(stat(engine_path(&g, "to/a"), &a), 0);
    assert_int_equal(stat(engine_path(&g, "to/b"), &b), 0);
    assert_int_equal(stat(engine_path(&g, "to/c"), &c), 0);
    assert_int_equal(a.st_size, 4);
    assert_int_equal(a.st_nlink, 1);
    assert_int_equal(b.st_size, 3 << 20);
    assert_int_equal(b.st_ino, c.st_ino);
    origin_close(&place);
    origin_close(&o);
    seal_free(seal);
    engine_drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conflict_fail),         cmocka_unit_test(conflict_skip),
        cmocka_unit_test(conflict_overwrite),    cmocka_unit_test(conflict_newer),
        cmocka_unit_test(conflict_of_a_branch),  cmocka_unit_test(conflict_with_a_hard_link),
        cmocka_unit_test(conflict_within_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
