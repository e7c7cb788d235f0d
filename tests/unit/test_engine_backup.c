/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_backup.c - backups: first, without change, after changes, in full; what the seal
 * says. */
#include "engine_fixture.h"

#include "policy/select.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void backup_first(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=1000", "size=4K");
    struct seal *seal = engine_backup(&g, &o, NULL);
    assert_int_equal(seal->root.entries, 1001);
    assert_int_equal(seal->counters.entries, 1001);
    assert_int_equal(seal->counters.entries_new, 1001);
    assert_int_equal(seal->counters.entries_changed, 0);
    assert_int_equal(seal->counters.entries_unchanged, 0);
    assert_int_equal(seal->problem_total, 0);
    assert_int_equal(seal->flags, 0);
    assert_false(seal->has_parent);
    assert_true(seal->counters.bytes_read > 1000000);
    /* Twins are read once, and count twice in the tree. */
    assert_true(seal->root.bytes > seal->counters.bytes_read);
    assert_int_equal(g.reports.progress.entries_done, 1001);
    seal_free(seal);
    origin_close(&o);
    engine_drop(&g);
}

static void backup_without_change(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=3000", "size=1K");
    struct seal *first = engine_backup(&g, &o, NULL);
    struct seal *second = engine_backup(&g, &o, first);
    assert_same_root(first, second);
    assert_int_equal(second->counters.bytes_read, 0);
    /* Only the root of src_mem has no stamp. */
    assert_int_equal(second->counters.entries_unchanged, 3000);
    assert_int_equal(second->counters.entries_changed, 1);
    assert_int_equal(second->counters.chunks_new, 0);
    assert_int_equal(second->counters.bytes_stored, 0);
    assert_memory_equal(second->parent, first->hash, sizeof(first->hash));
    seal_free(first);
    seal_free(second);
    origin_close(&o);
    engine_drop(&g);
}

static void backup_in_full(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=2000", "size=24K");
    struct seal *first = engine_backup(&g, &o, NULL);
    struct backup_request request = engine_backup_request(&g, &o, first);
    request.full = true;
    struct seal *second = engine_backup_as(&g, &request);
    assert_same_root(first, second);
    assert_int_equal(second->flags, SEAL_FULL);
    assert_int_equal(second->counters.bytes_read, first->counters.bytes_read);
    assert_int_equal(second->counters.entries_unchanged, 0);
    assert_int_equal(second->counters.entries_changed, 2001);
    assert_int_equal(second->counters.chunks_new, 0);
    seal_free(first);
    seal_free(second);
    origin_close(&o);
    engine_drop(&g);
}

/* The tree after a change is the one that a first backup would make. */
static void backup_one_of_a_thousand(void **state)
{
    struct engine g;
    struct origin before, after;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &before, "count=1000", "size=8K");
    MEM(&g, &after, "count=1000", "size=8K", "mutate=1");
    struct seal *first = engine_backup(&g, &before, NULL);
    struct seal *second = engine_backup(&g, &after, first);
    struct seal *fresh = engine_backup(&g, &after, NULL);
    assert_same_root(second, fresh);
    assert_memory_not_equal(first->root.id.bytes, second->root.id.bytes, CHUNK_ID_SIZE);
    assert_int_equal(second->counters.entries_changed, 2); /* and the root */
    assert_int_equal(second->counters.entries_unchanged, 999);
    assert_true(second->counters.bytes_read <= 16484);
    assert_true(second->counters.bytes_read > 0);
    assert_int_equal(fresh->counters.chunks_new, 0);
    seal_free(first);
    seal_free(second);
    seal_free(fresh);
    origin_close(&before);
    origin_close(&after);
    engine_drop(&g);
}

/* A tree of real files to change by hand. */
static void make_files(const char *top)
{
    put_directory(top);
    for (unsigned d = 0; d < 5; d++) {
        put_directory(path_of("%s/d%u", top, d));
        for (unsigned f = 0; f < 40; f++)
            put_bytes(path_of("%s/d%u/f%02u", top, d, f), d * 100 + f, 100 + f * 1000);
    }
    let_age();
}

static void backup_of_files(struct engine *g, const struct seal *parent, struct seal **seal)
{
    struct origin o;
    origin_files(g, &o, LAGAN_OPEN_READ_ONLY, engine_path(g, "tree"));
    *seal = engine_backup(g, &o, parent);
    origin_close(&o);
}

/* After each change: incremental and full agree, and what is restored is what is there. */
static void check_change(struct engine *g, struct seal **last, uint64_t added, uint64_t changed,
                         uint64_t bytes_read_limit)
{
    struct seal *next = NULL;
    let_age();
    backup_of_files(g, *last, &next);
    assert_int_equal(next->counters.entries_new, added);
    assert_int_equal(next->counters.entries_changed, changed);
    assert_true(next->counters.bytes_read <= bytes_read_limit);
    struct seal *full = NULL;
    backup_of_files(g, NULL, &full);
    assert_same_root(next, full);
    seal_free(full);
    engine_restore_to(g, next, engine_path(g, "back"));
    assert_same_tree(tree_lines(engine_path(g, "tree"), true),
                     tree_lines(engine_path(g, "back"), true));
    assert_int_equal(system(path_of("rm -rf '%s'", engine_path(g, "back"))), 0);
    seal_free(*last);
    *last = next;
}

static void backup_after_changes(void **state)
{
    struct engine g;
    struct seal *last = NULL;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    const char *top = engine_path(&g, "tree");
    make_files(top);
    backup_of_files(&g, NULL, &last);
    assert_int_equal(last->root.entries, 206);
    check_change(&g, &last, 0, 0, 0);
    /* Added, with its directory; removed; renamed. */
    put_bytes(path_of("%s/d0/f05x", top), 9, 5000);
    check_change(&g, &last, 1, 1, 5000);
    assert_int_equal(unlink(path_of("%s/d4/f39", top)), 0);
    check_change(&g, &last, 0, 1, 0);
    assert_int_equal(rename(path_of("%s/d1/f00", top), path_of("%s/d2/zz", top)), 0);
    check_change(&g, &last, 1, 2, 100);
    /* A renamed directory is read anew under its new name, and nothing of it is stored. */
    assert_int_equal(rename(path_of("%s/d3", top), path_of("%s/c3", top)), 0);
    check_change(&g, &last, 41, 1, 5000000);
    /* Attributes alone; a type. */
    assert_int_equal(chmod(path_of("%s/d0/f00", top), 0600), 0);
    check_change(&g, &last, 0, 1, 100);
    assert_int_equal(unlink(path_of("%s/d0/f01", top)), 0);
    put_directory(path_of("%s/d0/f01", top));
    check_change(&g, &last, 0, 2, 0);
    seal_free(last);
    engine_drop(&g);
}

static void backup_tells_all_in_its_seal(void **state)
{
    char words[][5] = {"path", "/srv", "mode", "fast"};
    const struct seal_pair parameters[] = {{words[0], words[1]}, {words[2], words[3]}};
    struct engine g;
    struct origin o;
    struct seal_list list;
    struct error e = ERROR_INIT;
    (void)state;
    engine_make(&g, "tgt_dir", NULL);
    MEM(&g, &o, "count=100", "denied=d00000000/e11", "unreadable=d00000000/e12",
        "vanishing=d00000000/e13", "changing=d00000000/e14");
    struct backup_request request = engine_backup_request(&g, &o, NULL);
    request.name = "monday";
    request.description = "before the move";
    request.parameters = parameters;
    request.parameter_count = 2;
    struct seal *made = engine_backup_as(&g, &request);
    PROBLEMS(&g, "d00000000/e11", "d00000000/e12", "d00000000/e13", "d00000000/e14");
    vault_fixture_reopen(&g.vault);
    assert_success(vault_backups(g.vault.vault, &list, NULL, NULL, &e), e);
    assert_int_equal(list.count, 1);
    const struct seal *seal = list.seals[0];
    assert_string_equal(seal->id, made->id);
    assert_string_equal(seal->backup_name, "monday");
    assert_string_equal(seal->description, "before the move");
    assert_string_equal(seal->source_name, "test");
    assert_string_equal(seal->source_driver, "src_mem");
    assert_string_equal(seal->host, "host");
    assert_int_equal(seal->parameter_count, 2);
    assert_string_equal(seal->parameters[1].name, "mode");
    assert_string_equal(seal->parameters[1].value, "fast");
    assert_int_equal(seal->flags, SEAL_PARTIAL);
    assert_int_equal(seal->problem_total, 4);
    assert_int_equal(seal->problem_count, 4);
    assert_memory_equal(seal->problems[1].key, "d00000000\0e12", 13);
    assert_int_equal(seal->problems[1].error_class, LAGAN_IO);
    assert_non_null(strstr(seal->problems[1].text, "as was ordered"));
    assert_true(seal->start_ns <= seal->end_ns);
    assert_memory_equal(seal->source_id, g.vault.source, 16);
    assert_memory_equal(seal->writer, g.vault.writer, 16);
    seal_list_free(&list);
    seal_free(made);
    origin_close(&o);
    engine_drop(&g);
}

static struct seal *backup_with_rule(struct engine *g, struct origin *o, const char *rule,
                                     const struct seal *parent)
{
    struct error e = ERROR_INIT;
    struct select_rules *rules = select_rules_new(SELECT_DEFAULT_TAKE, &e);
    assert_non_null(rules);
    if (rule)
        assert_success(select_rules_add(rules, rule, SELECT_EXCLUDE, "test", &e), e);
    struct backup_request request = engine_backup_request(g, o, parent);
    request.rules = rules;
    struct seal *seal = engine_backup_as(g, &request);
    select_rules_free(rules);
    return seal;
}

static void backup_by_rules(void **state)
{
    struct engine g;
    struct origin o;
    (void)state;
    engine_make(&g, "tgt_mem", NULL);
    MEM(&g, &o, "count=640", "size=1K");
    struct seal *all = backup_with_rule(&g, &o, NULL, NULL);
    struct seal *some = backup_with_rule(&g, &o, "/d00000003", all);
    assert_int_equal(all->root.entries, 641);
    assert_int_equal(some->root.entries, 641 - 64);
    assert_int_equal(some->counters.bytes_read, 0);
    assert_null(engine_entry(&g, some, KEY("d00000003")));
    assert_null(engine_entry(&g, some, KEY("d00000003\0e10")));
    struct seal *fewer = backup_with_rule(&g, &o, "e1?", some);
    assert_int_equal(fewer->root.entries, 641 - 100);
    /* What comes back is read and found in the vault. */
    struct seal *again = backup_with_rule(&g, &o, NULL, fewer);
    assert_same_root(all, again);
    assert_int_equal(again->counters.bytes_new, 0);
    seal_free(all);
    seal_free(some);
    seal_free(fewer);
    seal_free(again);
    origin_close(&o);
    engine_drop(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backup_first),         cmocka_unit_test(backup_without_change),
        cmocka_unit_test(backup_in_full),       cmocka_unit_test(backup_one_of_a_thousand),
        cmocka_unit_test(backup_after_changes), cmocka_unit_test(backup_tells_all_in_its_seal),
        cmocka_unit_test(backup_by_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
