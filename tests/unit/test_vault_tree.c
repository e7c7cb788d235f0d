/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_tree.c - trees are built, rebuilt from older ones, compared and kept small. */
#include "tree_model.h"
#include "unit.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* Reads the whole tree and compares it with the model. */
static void assert_holds(const struct model *m, struct chunk_map *map,
                         const struct tree_root *root)
{
    struct chunk_access access = chunk_map_access(map);
    struct error e = ERROR_INIT;
    struct model_entry expected = {0};
    const struct tree_entry *entry;
    uint64_t bytes = 0;

    struct tree_cursor *c = tree_cursor_new(&access, root, &e);
    assert_non_null(c);
    for (size_t i = 0; i < m->count; i++) {
        assert_int_equal(tree_cursor_next(c, &entry, &e), 1);
        model_entry_set(&expected, m, &m->items[i]);
        assert_true(model_entry_equal(entry, &expected.entry));
        bytes += entry->bytes;
    }
    assert_int_equal(tree_cursor_next(c, &entry, &e), 0);
    assert_int_equal(tree_cursor_next(c, &entry, &e), 0);
    assert_true(root->entries == m->count && root->bytes == bytes);
    tree_cursor_free(c);
    buffer_free(&expected.further);
}

static void tree_sizes(void **state)
{
    static const size_t sizes[] = {1, 2, 31, 32, 33, 512, 513, 4000, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct chunk_map map CLEANUP_MAP = {0};
        struct model m CLEANUP_MODEL;
        struct tree_root root;

        model_make(&m, sizes[i], i);
        model_build(&m, &map, &root);
        assert_holds(&m, &map, &root);
        assert_true(sizes[i] > 32 || root.height == 1);
        assert_true(sizes[i] <= 512 || root.height > 1);
    }
}

static void tree_empty_is_refused(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct tree_root root;

    (void)state;
    struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);
    assert_int_equal(tree_builder_finish(b, &root, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    tree_builder_free(b);
}

/* What the builder must not take, each changing one member of a good entry. */
static void tree_wrong_entries(void **state)
{
    static const struct chunk_record records[] = {{{{1}}, 7}, {{{2}}, 0}};
    static const uint8_t bad_further[] = {2, 0, 1, 0, 0, 0, 9};
    static const uint8_t long_key[5 << 20];
    struct tree_entry good = {.key = (const uint8_t *)"k", .key_size = 1, .type = 2};
    struct tree_entry wrong[9];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        wrong[i] = good;
    wrong[0].type = 0;
    wrong[1].type = 256;
    wrong[2].mode = 010000;
    wrong[3].mtime_ns = 1000000000;
    wrong[4].stamp_size = 33;
    wrong[5].content = (struct content){.count = 2, .records = records};
    wrong[5].bytes = 7;
    wrong[6].content = (struct content){.count = 1, .records = records};
    wrong[6].bytes = 8;
    wrong[7].further = bad_further;
    wrong[7].further_size = sizeof(bad_further);
    wrong[8].key = long_key;
    wrong[8].key_size = sizeof(long_key);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct chunk_map map CLEANUP_MAP = {0};
        struct chunk_access access = chunk_map_access(&map);
        struct error e = ERROR_INIT;
        struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);
        assert_int_equal(tree_builder_add(b, &wrong[i], &e), -1);
        assert_int_equal(e.error_class, i == 8 ? LAGAN_LIMIT : LAGAN_INVALID);
        tree_builder_free(b);
    }
}

static void tree_order_is_checked(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct tree_entry entry = {.key = (const uint8_t *)"bb", .key_size = 2, .type = 2};

    (void)state;
    struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);
    assert_int_equal(tree_builder_add(b, &entry, &e), 0);
    assert_int_equal(tree_builder_add(b, &entry, &e), -1);
    entry.key_size = 1;
    assert_int_equal(tree_builder_add(b, &entry, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    tree_builder_free(b);
}

static void assert_same_root(const struct tree_root *a, const struct tree_root *b)
{
    assert_int_equal(a->height, b->height);
    assert_true(a->entries == b->entries && a->bytes == b->bytes);
    assert_memory_equal(a->id.bytes, b->id.bytes, CHUNK_ID_SIZE);
}

/* One case: a map, its tree, changes, and the changed tree made in both ways. */
static void check_rebuild(size_t count, uint32_t edits, uint32_t weight, uint64_t seed)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct model before CLEANUP_MODEL;
    struct model after CLEANUP_MODEL = {0};
    struct tree_root old, rebuilt, fresh;

    model_make(&before, count, seed);
    before.weight = weight;
    model_build(&before, &map, &old);
    model_edit(&before, &after, edits, seed + 1);
    model_rebuild(&before, &after, &map, &old, &rebuilt);
    assert_holds(&after, &map, &rebuilt);
    model_build(&after, &map, &fresh);
    assert_same_root(&rebuilt, &fresh);
}

/* The core property: a tree follows from its map alone, however it was made. */
static void tree_rebuild_equals_build(void **state)
{
    uint64_t seed = 20261101;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint64_t random = next_random(&seed);
        size_t count = 1 + random % (i % 100 == 0 ? 20000 : i % 4 == 0 ? 2000 : 300);
        uint32_t edits = (uint32_t)(random >> 32) % (i % 3 == 0 ? 40 : 3);
        uint32_t weight = i % 10 == 0 ? 30000 : 0;
        check_rebuild(weight > 0 ? 1 + count % 300 : count, edits, weight, seed);
    }
}

/* Nothing changed: no leaf is written again. */
static void tree_unchanged_writes_no_leaf(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct model m CLEANUP_MODEL;
    struct tree_root root, again;

    (void)state;
    model_make(&m, 20000, 5);
    model_build(&m, &map, &root);
    memset(map.puts, 0, sizeof(map.puts));
    model_rebuild(&m, &m, &map, &root, &again);
    assert_same_root(&root, &again);
    assert_int_equal(map.puts[0], 0);
    assert_true(map.puts[1] > 0);
}

/* One entry changed: one leaf is written again, and a few where it ends elsewhere. */
static void tree_small_change_writes_little(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct model before CLEANUP_MODEL;
    struct model after CLEANUP_MODEL = {0};
    struct tree_root root, changed;

    (void)state;
    model_make(&before, 20000, 6);
    model_build(&before, &map, &root);
    model_edit(&before, &after, 0, 1);
    after.items[10000].version += VERSION_ATTRIBUTES;
    memset(map.puts, 0, sizeof(map.puts));
    model_rebuild(&before, &after, &map, &root, &changed);
    assert_int_equal(map.puts[0], 1);
}

/* Entries that are larger than a node should be: nodes end by weight, with two entries at
 * least. */
static void tree_heavy_entries(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct model m CLEANUP_MODEL;
    struct tree_root root;

    (void)state;
    model_make(&m, 400, 7);
    m.weight = 300000;
    model_build(&m, &map, &root);
    assert_holds(&m, &map, &root);
    assert_true(map.puts[0] >= 10);
}

static size_t bytes_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* A million entries need no more memory than some thousands. */
static void tree_memory_is_flat(void **state)
{
    struct chunk_map map CLEANUP_MAP = {.forgetful = true};
    struct chunk_access access = chunk_map_access(&map);
    struct error e = ERROR_INIT;
    struct tree_entry entry = {.key_size = 8, .type = 2, .mode = 0644, .stamp_size = 24};
    uint8_t key[8], stamp[24] = {0};
    struct tree_root root;
    size_t early = 0, most = 0;

    (void)state;
    if (bytes_in_use() == 0)
        skip(); /* a sanitizer's malloc does not tell */
    struct tree_builder *b = tree_builder_new(&access, model_node_key, &e);
    for (uint32_t i = 0; i < 1000000; i++) {
        store_u64(key, __builtin_bswap64(i));
        store_u64(stamp, next_random(&(uint64_t){i}));
        entry.key = key;
        entry.stamp = stamp;
        assert_int_equal(tree_builder_add(b, &entry, &e), 0);
        if (i == 50000)
            early = bytes_in_use();
        if (i % 1000 == 0 && bytes_in_use() > most)
            most = bytes_in_use();
    }
    assert_int_equal(tree_builder_finish(b, &root, &e), 0);
    tree_builder_free(b);
    assert_true(root.entries == 1000000);
    assert_true(most < early + 200000);
    assert_true(most < 4 << 20);
}

/* What tree_diff said, to be compared with a merge of the two maps. */
struct told {
    const struct model *before, *after;
    size_t b, a; /* next item of each */
    size_t count;
    struct model_entry left, right;
};

/* The change between the next items, stepping over them; 0 at the end, 1 when there is none. */
static int next_change(struct told *t)
{
    if (t->b == t->before->count && t->a == t->after->count)
        return 0;
    int order = t->b == t->before->count ? 1 : t->a == t->after->count ? -1 : 0;
    if (order == 0) {
        const struct model_item *x = &t->before->items[t->b], *y = &t->after->items[t->a];
        order = tree_key_compare(x->key, x->key_size, y->key, y->key_size);
    }
    if (order <= 0)
        model_entry_set(&t->left, t->before, &t->before->items[t->b++]);
    if (order >= 0)
        model_entry_set(&t->right, t->after, &t->after->items[t->a++]);
    if (order != 0)
        return order < 0 ? TREE_REMOVED : TREE_ADDED;
    struct tree_entry same = t->left.entry;
    same.stamp = t->right.entry.stamp;
    same.stamp_size = t->right.entry.stamp_size;
    if (model_entry_equal(&same, &t->right.entry))
        return 1;
    bool same_content = same.content.height == t->right.entry.content.height &&
                        same.content.count == t->right.entry.content.count &&
                        memcmp(t->left.records, t->right.records,
                               same.content.count * sizeof(t->left.records[0])) == 0;
    return same_content ? TREE_ATTRIBUTES : TREE_CONTENT;
}

static int compare_told(void *context, enum tree_change change, const struct tree_entry *before,
                        const struct tree_entry *after, struct error *e)
{
    struct told *t = context;
    int expected;

    (void)e;
    do
        expected = next_change(t);
    while (expected == 1);
    assert_int_equal(change, expected);
    assert_int_equal(before != NULL, change != TREE_ADDED);
    assert_int_equal(after != NULL, change != TREE_REMOVED);
    assert_true(before == NULL || model_entry_equal(before, &t->left.entry));
    assert_true(after == NULL || model_entry_equal(after, &t->right.entry));
    t->count++;
    return 0;
}

static void check_diff(size_t count, uint32_t edits, uint64_t seed)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct model before CLEANUP_MODEL;
    struct model after CLEANUP_MODEL = {0};
    struct tree_root old, new;
    struct error e = ERROR_INIT;

    model_make(&before, count, seed);
    model_build(&before, &map, &old);
    model_edit(&before, &after, edits, seed + 1);
    model_build(&after, &map, &new);
    struct told told = {.before = &before, .after = &after};
    assert_int_equal(tree_diff(&access, &old, &new, compare_told, &told, &e), 0);
    int left;
    do
        left = next_change(&told);
    while (left == 1);
    assert_int_equal(left, 0);
    buffer_free(&told.left.further);
    buffer_free(&told.right.further);
}

static void tree_diff_tells_all(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (int i = 0; i < 100; i++)
        check_diff(1 + next_random(&seed) % 3000, (uint32_t)(i % 30), seed);
    check_diff(3000, 3000, 1);
    check_diff(1, 0, 1);
}

static int count_told(void *context, enum tree_change change, const struct tree_entry *before,
                      const struct tree_entry *after, struct error *e)
{
    (void)change, (void)before, (void)after, (void)e;
    ++*(int *)context;
    return 0;
}

/* Equal nodes are not read. */
static void tree_diff_reads_little(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct model m CLEANUP_MODEL;
    struct tree_root old, new;
    struct error e = ERROR_INIT;
    int told = 0;

    (void)state;
    model_make(&m, 50000, 8);
    model_build(&m, &map, &old);
    m.items[25000].version += VERSION_ATTRIBUTES;
    model_build(&m, &map, &new);
    map.gets = 0;
    assert_int_equal(tree_diff(&access, &old, &old, count_told, &told, &e), 0);
    assert_int_equal(told, 0);
    assert_int_equal(map.gets, 0);
    assert_int_equal(tree_diff(&access, &old, &new, count_told, &told, &e), 0);
    assert_int_equal(told, 1);
    assert_true(map.gets <= 2 * (old.height + 1));
}

static int stop_at_once(void *context, enum tree_change change, const struct tree_entry *before,
                        const struct tree_entry *after, struct error *e)
{
    (void)change, (void)before, (void)after, (void)e;
    ++*(int *)context;
    return 42;
}

static void tree_diff_can_be_stopped(void **state)
{
    struct chunk_map map CLEANUP_MAP = {0};
    struct chunk_access access = chunk_map_access(&map);
    struct model one CLEANUP_MODEL;
    struct model two CLEANUP_MODEL;
    struct tree_root old, new;
    struct error e = ERROR_INIT;
    int told = 0;

    (void)state;
    model_make(&one, 100, 1);
    model_make(&two, 100, 2);
    model_build(&one, &map, &old);
    model_build(&two, &map, &new);
    assert_int_equal(tree_diff(&access, &old, &new, stop_at_once, &told, &e), 42);
    assert_int_equal(told, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tree_sizes),
    cmocka_unit_test(tree_empty_is_refused),
    cmocka_unit_test(tree_wrong_entries),
    cmocka_unit_test(tree_order_is_checked),
    cmocka_unit_test(tree_rebuild_equals_build),
    cmocka_unit_test(tree_unchanged_writes_no_leaf),
    cmocka_unit_test(tree_small_change_writes_little),
    cmocka_unit_test(tree_heavy_entries),
    cmocka_unit_test(tree_memory_is_flat),
    cmocka_unit_test(tree_diff_tells_all),
    cmocka_unit_test(tree_diff_reads_little),
    cmocka_unit_test(tree_diff_can_be_stopped),
};
UNIT_MAIN(tests)
