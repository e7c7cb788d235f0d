/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_restore.c - restores: whole, in part, interrupted and taken up again, as nobody.
 */
#include "engine_fixture.h"

#include "driver/operation.h"
#include "engine/key_text.h"
#include "policy/select.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whatever stands there, deeper than paths can be. */
static void remove_tree(const char *path)
{
    assert_int_equal(
        system(path_of("chmod -R u+rwx '%s' 2>/dev/null; rm -rf '%s'", path, path)), 0);
}

static struct seal *backup_tree(struct engine *g, const char *path, const struct seal *parent)
{
    struct origin o;
    origin_files(g, &o, LAGAN_OPEN_READ_ONLY, path);
    struct seal *seal = engine_backup(g, &o, parent);
    origin_close(&o);
    return seal;
}

/* Opens `name` below the scratch folder as a place, which is made. */
static struct restore_request open_place(struct engine *g, const struct seal *seal,
                                         const char *name, struct origin *place)
{
    origin_files(g, place, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, engine_path(g, name));
    return engine_restore_request(g, seal, place);
}

/* Everything that Linux files can be comes back; a second time nothing needs to be done. */
static void restore_corpus(void **state)
{
    struct engine g;
    struct origin place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    const char *from = engine_path(&g, "from"), *to = engine_path(&g, "to");
    const char *build = getenv("abs_top_builddir");
    assert_int_equal(system(path_of("'%s/tests/corpus/make_tree' '%s' >/dev/null",
                                    build ? build : ".", from)),
                     0);
    struct seal *seal = backup_tree(&g, from, NULL);
    PROBLEMS(&g, NULL);
    struct restore_result first = engine_restore_to(&g, seal, to);
    if (g.reports.count > 0)
        reports_print(&g.reports);
    assert_int_equal(first.problems, 0);
    assert_int_equal(first.warnings, 0);
    assert_int_equal(first.entries, seal->root.entries);
    assert_same_tree(tree_digest(from, ""), tree_digest(to, ""));

    struct restore_request request = open_place(&g, seal, "to", &place);
    struct restore_result second = engine_restore(&g, &request);
    assert_int_equal(second.entries_equal, seal->root.entries);
    assert_int_equal(second.entries_written, 0);
    assert_int_equal(second.bytes_written, 0);
    assert_same_tree(tree_digest(from, ""), tree_digest(to, ""));
    origin_close(&place);
    remove_tree(from);
    remove_tree(to);
    seal_free(seal);
    engine_drop(&g);
}

static void content_at(struct engine *g, const struct seal *seal, const char *path,
                       struct buffer *out)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    assert_success(key_from_path(path, &key, &e), e);
    struct tree_entry *entry = engine_entry(g, seal, key.data, key.size);
    assert_non_null(entry);
    engine_content(g, entry, out);
    assert_int_equal(out->size, entry->bytes);
    tree_entry_free(entry);
}

static void assert_same_content(struct engine *g, const struct seal *a, const struct seal *b,
                                const char *path)
{
    struct buffer left CLEANUP_BUFFER = BUFFER_INIT, right CLEANUP_BUFFER = BUFFER_INIT;
    content_at(g, a, path, &left);
    content_at(g, b, path, &right);
    assert_int_equal(left.size, right.size);
    if (left.size > 0)
        assert_memory_equal(left.data, right.data, left.size);
}

/* What src_mem makes up is the same after a way through files and another backup. */
static void restore_between_drivers(void **state)
{
    struct engine g;
    struct origin o, place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=700", "size=20K");
    MEM(&g, &place, "place=other");
    struct seal *seal = engine_backup(&g, &o, NULL);
    origin_reopen(&place, LAGAN_OPEN_RESTORE);
    struct restore_request request = engine_restore_request(&g, seal, &place);
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.entries, 701);
    assert_int_equal(result.problems, 0);
    origin_reopen(&place, LAGAN_OPEN_READ_ONLY);
    struct seal *again = engine_backup(&g, &place, NULL);
    assert_int_equal(again->root.entries, seal->root.entries);
    assert_int_equal(again->root.bytes, seal->root.bytes);
    for (unsigned entry = 4; entry < 64; entry++)
        assert_same_content(&g, seal, again, path_of("d00000003/e%02u", entry));
    seal_free(seal);
    seal_free(again);
    origin_close(&o);
    origin_close(&place);
    engine_drop(&g);
}

static void make_mixture(const char *top)
{
    put_directory(top);
    for (unsigned d = 0; d < 6; d++) {
        put_directory(path_of("%s/d%u", top, d));
        put_directory(path_of("%s/d%u/empty", top, d));
        for (unsigned f = 0; f < 30; f++)
            put_bytes(path_of("%s/d%u/f%02u.%c", top, d, f, f % 2 ? 'c' : 'o'), d * 50 + f,
                      10 + f * 3000);
    }
    put_bytes(path_of("%s/d3/large", top), 99, 6 << 20);
    put_bytes(path_of("%s/d5/large", top), 98, 4 << 20);
    assert_int_equal(link(path_of("%s/d3/large", top), path_of("%s/d4/again", top)), 0);
    assert_int_equal(link(path_of("%s/d0/f01.c", top), path_of("%s/d2/twin.c", top)), 0);
    let_age();
}

/* Cancelled on the way: no seal of success, nothing half; the next run does the rest. */
static void restore_resumed(void **state)
{
    static const uint64_t stops[] = {1, 40, 100, 140, 180, 196};
    struct engine g;
    struct origin place;
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
        struct restore_request request = open_place(&g, seal, "to", &place);
        g.reports.cancel_after_entries = stops[i];
        assert_int_equal(engine_restore_try(&g, &request, &result, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CANCELLED);
        assert_int_equal(e.code, ERROR_INTERRUPTED);
        PROBLEMS(&g, NULL);
        operation_cancel_reset();
        origin_close(&place);
    }
    struct restore_request request = open_place(&g, seal, "to", &place);
    result = engine_restore(&g, &request);
    assert_int_equal(result.entries, seal->root.entries);
    assert_true(result.entries_equal > 150);
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to"), true));
    origin_close(&place);
    seal_free(seal);
    engine_drop(&g);
}

/* Large files that are there already are not even fetched. */
static void restore_equal_is_not_read(void **state)
{
    struct engine g;
    struct origin place;
    struct stat before, after;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    engine_restore_to(&g, seal, engine_path(&g, "to"));
    assert_int_equal(stat(engine_path(&g, "to/d3/large"), &before), 0);
    assert_int_equal(unlink(engine_path(&g, "to/d5/large")), 0);
    struct restore_request request = open_place(&g, seal, "to", &place);
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.entries_written, 1);
    assert_int_equal(result.bytes_written, 4 << 20);
    assert_int_equal(result.entries_equal, seal->root.entries - 1);
    assert_int_equal(stat(engine_path(&g, "to/d3/large"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(after.st_nlink, 2);
    origin_close(&place);
    seal_free(seal);
    engine_drop(&g);
}

static void restore_top(void **state)
{
    struct engine g;
    struct origin place;
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);

    /* A directory becomes the place. */
    struct restore_request request = open_place(&g, seal, "directory", &place);
    request.top_key = (const uint8_t *)"d5";
    request.top_key_size = 2;
    result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.entries, 33);
    assert_same_tree(tree_lines(engine_path(&g, "tree/d5"), true),
                     tree_lines(engine_path(&g, "directory"), true));
    origin_close(&place);

    /* A file keeps its name. */
    request = open_place(&g, seal, "file", &place);
    request.top_key = (const uint8_t *)"d3\0large";
    request.top_key_size = 8;
    result = engine_restore(&g, &request);
    assert_int_equal(result.entries, 1);
    assert_int_equal(system(path_of("cmp '%s' '%s'", engine_path(&g, "tree/d3/large"),
                                    engine_path(&g, "file/large"))),
                     0);
    origin_close(&place);

    /* Neither a part of a name, nor what is not there. */
    request = open_place(&g, seal, "none", &place);
    request.top_key = (const uint8_t *)"d";
    request.top_key_size = 1;
    assert_int_equal(engine_restore_try(&g, &request, &result, &e), -1);
    assert_int_equal(e.code, ERROR_NO_ENTRY);
    assert_non_null(strstr(e.text, "has no entry d"));
    origin_close(&place);
    seal_free(seal);
    engine_drop(&g);
}

static struct select_rules *rules_of(const char *const *words)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_BY_RULES, &e);
    assert_non_null(rules);
    for (; *words; words++)
        assert_success(select_rules_add(rules, *words + 1,
                                        **words == '-' ? SELECT_EXCLUDE : SELECT_INCLUDE,
                                        "test", &e),
                       e);
    return rules;
}
#define RULES(...) rules_of((const char *const[]){__VA_ARGS__, NULL})

/* Only what is included, and the directories on the way to it. */
static void restore_included(void **state)
{
    struct engine g;
    struct origin place;
    struct stat found;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    assert_int_equal(chmod(engine_path(&g, "tree/d1"), 0711), 0);
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    struct select_rules *rules = RULES("+/d1/f01.c", "+f0?.o", "+/d4", "-/d4/f*", "-/d5");
    put_directory(engine_path(&g, "to"));
    put_directory(engine_path(&g, "to/d2"));
    assert_int_equal(chmod(engine_path(&g, "to"), 0750), 0);
    assert_int_equal(chmod(engine_path(&g, "to/d2"), 0700), 0);
    struct restore_request request = open_place(&g, seal, "to", &place);
    request.rules = rules;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    /* d0..d3 with five files each and one more; d4 with `empty` and `again`. */
    assert_true(is_there(engine_path(&g, "to/d1/f01.c")));
    assert_false(is_there(engine_path(&g, "to/d2/f01.c")));
    assert_true(is_there(engine_path(&g, "to/d2/f08.o")));
    assert_false(is_there(engine_path(&g, "to/d2/empty")));
    assert_true(is_there(engine_path(&g, "to/d4/empty")));
    assert_true(is_there(engine_path(&g, "to/d4/again")));
    assert_false(is_there(engine_path(&g, "to/d4/f00.o")));
    assert_false(is_there(engine_path(&g, "to/d5")));
    /* The root, d0..d3 and d4; what is in them. */
    assert_int_equal(fixture_count_entries(engine_path(&g, "to")), 5 + 4 * 5 + 1 + 2);
    /* What is on the way and was there stays as it was; what was made is as in the backup. */
    assert_int_equal(stat(engine_path(&g, "to"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0750);
    assert_int_equal(stat(engine_path(&g, "to/d2"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0700);
    assert_int_equal(stat(engine_path(&g, "to/d1"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0711);
    origin_close(&place);
    select_rules_free(rules);
    seal_free(seal);
    engine_drop(&g);
}

/* Directories that only might lead to something are not made. */
static void restore_of_nothing(void **state)
{
    struct engine g;
    struct origin place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    struct select_rules *rules = RULES("+*.nothing");
    struct restore_request request = open_place(&g, seal, "to", &place);
    request.rules = rules;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.entries, 0);
    assert_int_equal(result.problems, 0);
    assert_int_equal(fixture_count_entries(engine_path(&g, "to")), 0);
    origin_close(&place);
    select_rules_free(rules);
    seal_free(seal);
    engine_drop(&g);
}

/* Patterns that look like ways out are patterns. */
static void restore_rules_without_escape(void **state)
{
    struct engine g;
    struct origin place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    struct select_rules *rules = RULES("+../*", "+/**", "-/../d0", "-d1/../d2");
    struct restore_request request = open_place(&g, seal, "to", &place);
    request.rules = rules;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_true(is_there(engine_path(&g, "to/d0/f00.o")));
    assert_true(is_there(engine_path(&g, "to/d2/f00.o")));
    origin_close(&place);
    select_rules_free(rules);
    seal_free(seal);
    engine_drop(&g);
}

static void restore_dry(void **state)
{
    struct engine g;
    struct origin place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    put_directory(engine_path(&g, "to"));
    put_directory(engine_path(&g, "to/d1"));
    put_text(engine_path(&g, "to/d1/f00.o"), "another one");
    char *before = tree_lines(engine_path(&g, "to"), true);
    struct restore_request request = open_place(&g, seal, "to", &place);
    request.dry_run = true;
    request.conflict = RESTORE_OVERWRITE;
    struct restore_result dry = engine_restore(&g, &request);
    assert_same_tree(before, tree_lines(engine_path(&g, "to"), true));
    /* It tells what the real one does. */
    request.dry_run = false;
    struct restore_result real = engine_restore(&g, &request);
    assert_int_equal(dry.entries, real.entries);
    assert_int_equal(dry.entries_written, real.entries_written);
    assert_int_equal(dry.entries_equal, real.entries_equal);
    assert_int_equal(dry.bytes_written, real.bytes_written);
    assert_int_equal(real.entries_equal, 2); /* the place and d1 */
    assert_int_equal(real.entries, seal->root.entries);
    origin_close(&place);
    seal_free(seal);
    engine_drop(&g);
}

static uint64_t links_of(const char *path)
{
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    return found.st_nlink;
}

/* A thousand names; a selection that has only some; names outside of the backup. */
static void restore_links(void **state)
{
    struct engine g;
    struct origin place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    put_directory(engine_path(&g, "tree"));
    put_directory(engine_path(&g, "tree/b"));
    put_bytes(engine_path(&g, "tree/a"), 1, 3 << 20);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(
            link(engine_path(&g, "tree/a"), path_of("%s/n%03u", engine_path(&g, "tree/b"), i)),
            0);
    assert_int_equal(link(engine_path(&g, "tree/a"), engine_path(&g, "outside")), 0);
    put_bytes(engine_path(&g, "tree/c"), 2, 1000);
    assert_int_equal(link(engine_path(&g, "tree/c"), engine_path(&g, "tree/d")), 0);
    assert_int_equal(link(engine_path(&g, "tree/c"), engine_path(&g, "tree/e")), 0);
    let_age();
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    /* Read once, whatever the number of names. */
    assert_int_equal(seal->counters.bytes_read, (3 << 20) + 1000);
    engine_restore_to(&g, seal, engine_path(&g, "to"));
    assert_int_equal(links_of(engine_path(&g, "to/a")), 1001);
    assert_int_equal(links_of(engine_path(&g, "to/d")), 3);

    struct select_rules *rules = RULES("+/b/n00?", "+/d", "+/e");
    struct restore_request request = open_place(&g, seal, "some", &place);
    request.rules = rules;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(links_of(engine_path(&g, "some/b/n009")), 10);
    assert_int_equal(links_of(engine_path(&g, "some/e")), 2);
    origin_close(&place);
    select_rules_free(rules);
    seal_free(seal);
    engine_drop(&g);
}

/* The number of names changes between two backups. */
static void restore_links_changed(void **state)
{
    struct engine g;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    put_directory(engine_path(&g, "tree"));
    put_bytes(engine_path(&g, "tree/a"), 1, 5000);
    put_bytes(engine_path(&g, "tree/m"), 2, 5000);
    assert_int_equal(link(engine_path(&g, "tree/m"), engine_path(&g, "tree/n")), 0);
    let_age();
    struct seal *first = backup_tree(&g, engine_path(&g, "tree"), NULL);
    assert_int_equal(link(engine_path(&g, "tree/a"), engine_path(&g, "tree/b")), 0);
    assert_int_equal(link(engine_path(&g, "tree/a"), engine_path(&g, "tree/c")), 0);
    assert_int_equal(unlink(engine_path(&g, "tree/m")), 0);
    let_age();
    struct seal *second = backup_tree(&g, engine_path(&g, "tree"), first);
    engine_restore_to(&g, second, engine_path(&g, "to"));
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to"), true));
    assert_int_equal(unlink(engine_path(&g, "tree/a")), 0);
    let_age();
    struct seal *third = backup_tree(&g, engine_path(&g, "tree"), second);
    engine_restore_to(&g, third, engine_path(&g, "to3"));
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to3"), true));
    seal_free(first);
    seal_free(second);
    seal_free(third);
    engine_drop(&g);
}

static void restore_place_missing(void **state)
{
    struct engine g;
    struct error e = ERROR_INIT;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    const char *words[] = {engine_path(&g, "a/b/c"), NULL};
    struct instance *i = fixture_instance(g.vault.host, "src_files", words);
    assert_null(source_open(i, LAGAN_OPEN_RESTORE | LAGAN_OPEN_INITIALISE, &e));
    assert_error(e, LAGAN_NOT_FOUND, "a/b/c");
    instance_free(i);
    engine_drop(&g);
}

/* Problems of the backup itself are problems of its restore. */
static void restore_of_a_partial_backup(void **state)
{
    struct engine g;
    struct origin o, place;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=300", "unreadable=d00000000/e08", "unreadable=d00000001/e10",
        "denied=d00000002", "changing=d00000003/e11");
    struct seal *seal = engine_backup(&g, &o, NULL);
    struct restore_request request = open_place(&g, seal, "to", &place);
    request.create_flags = LAGAN_CREATE_NO_OWNERS | LAGAN_CREATE_UNPRIVILEGED;
    struct restore_result result = engine_restore(&g, &request);
    assert_int_equal(result.problems, reports_problems(&g.reports));
    const struct report *report = reports_find(&g.reports, "d00000000/e08");
    assert_non_null(report);
    assert_int_equal(report->error_class, LAGAN_IO);
    assert_non_null(strstr(report->text, "not in the backup: "));
    assert_non_null(reports_find(&g.reports, "d00000001/e10"));
    assert_non_null(reports_find(&g.reports, "d00000002"));
    assert_false(is_there(engine_path(&g, "to/d00000000/e08")));
    assert_true(is_there(engine_path(&g, "to/d00000000/e09")));
    origin_close(&place);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

/* Directories that not even their owner may write to: made, filled, closed; and once more over
 * an interrupted attempt. */
static void read_only_directories(void)
{
    struct engine g;
    struct origin place;
    struct restore_result result = {0};
    struct error e = ERROR_INIT;
    struct stat found;
    engine_make(&g, "tgt_mem", NULL);
    make_mixture(engine_path(&g, "tree"));
    put_directory(engine_path(&g, "tree/d1/empty/deep"));
    put_bytes(engine_path(&g, "tree/d1/empty/deep/file"), 1, 5000);
    assert_int_equal(chmod(engine_path(&g, "tree/d1/empty/deep"), 0555), 0);
    assert_int_equal(chmod(engine_path(&g, "tree/d1/empty"), 0500), 0);
    assert_int_equal(chmod(engine_path(&g, "tree/d1"), 0555), 0);
    assert_int_equal(chmod(engine_path(&g, "tree/d2"), 0555), 0);
    let_age();
    struct seal *seal = backup_tree(&g, engine_path(&g, "tree"), NULL);
    PROBLEMS(&g, NULL);
    struct restore_request request = open_place(&g, seal, "to", &place);
    result = engine_restore(&g, &request);
    PROBLEMS(&g, NULL);
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to"), true));
    assert_int_equal(chmod(engine_path(&g, "to/d2"), 0755), 0);
    assert_int_equal(unlink(engine_path(&g, "to/d2/f03.c")), 0);
    assert_int_equal(chmod(engine_path(&g, "to/d2"), 0555), 0);
    reports_clear(&g.reports);
    request = engine_restore_request(&g, seal, &place);
    result = engine_restore(&g, &request);
    assert_int_equal(result.problems, 0);
    assert_int_equal(result.entries_written, 1);
    assert_int_equal(stat(engine_path(&g, "to/d2"), &found), 0);
    assert_int_equal(found.st_mode & 07777, 0555);
    assert_same_tree(tree_lines(engine_path(&g, "tree"), true),
                     tree_lines(engine_path(&g, "to"), true));
    (void)e;
    origin_close(&place);
    remove_tree(engine_path(&g, "tree"));
    remove_tree(engine_path(&g, "to"));
    seal_free(seal);
    engine_drop(&g);
}

static void restore_as_nobody(void **state)
{
    (void)state;
    as_nobody(read_only_directories);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restore_corpus),
        cmocka_unit_test(restore_between_drivers),
        cmocka_unit_test(restore_resumed),
        cmocka_unit_test(restore_equal_is_not_read),
        cmocka_unit_test(restore_top),
        cmocka_unit_test(restore_included),
        cmocka_unit_test(restore_of_nothing),
        cmocka_unit_test(restore_rules_without_escape),
        cmocka_unit_test(restore_dry),
        cmocka_unit_test(restore_links),
        cmocka_unit_test(restore_links_changed),
        cmocka_unit_test(restore_place_missing),
        cmocka_unit_test(restore_of_a_partial_backup),
        cmocka_unit_test(restore_as_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
