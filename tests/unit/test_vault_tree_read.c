/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_tree_read.c - cursors, lookups, and trees and nodes that are not what they should
 * be. */
#include "tree_model.h"
#include "unit.h"
#include "vault/tree_writer.h"

#include <stdlib.h>
#include <string.h>

/* A tree and its map. */
struct planted {
    struct chunk_map map;
    struct chunk_access access;
    struct model model;
    struct tree_root root;
};

static void plant(struct planted *p, size_t count, uint64_t seed)
{
    *p = (struct planted){0};
    p->access = chunk_map_access(&p->map);
    model_make(&p->model, count, seed);
    model_build(&p->model, &p->map, &p->root);
}

static void uproot(struct planted *p)
{
    chunk_map_free(&p->map);
    model_free(&p->model);
}

/* The first item whose key is at least `key`. */
static size_t model_seek(const struct model *m, const void *key, size_t size)
{
    size_t i = 0;

    while (i < m->count &&
           tree_key_compare(m->items[i].key, m->items[i].key_size, key, size) < 0)
        i++;
    return i;
}

/* The cursor's next entry is item `i` (the end when there is none). */
static void assert_next(struct tree_cursor *c, const struct model *m, size_t i)
{
    const struct tree_entry *entry;
    struct error e = ERROR_INIT;
    int got = tree_cursor_next(c, &entry, &e);

    assert_int_equal(got, i < m->count);
    if (got == 1) {
        assert_int_equal(entry->key_size, m->items[i].key_size);
        assert_memory_equal(entry->key, m->items[i].key, entry->key_size);
    }
}

static void tree_cursor_seeks(void **state)
{
    struct planted p __attribute__((cleanup(uproot)));
    struct error e = ERROR_INIT;
    uint64_t seed = 9;

    (void)state;
    plant(&p, 5000, 11);
    struct tree_cursor *c = tree_cursor_new(&p.access, &p.root, &e);
    for (int i = 0; i < 2000; i++) {
        struct model_item key = p.model.items[next_random(&seed) % p.model.count];
        uint64_t random = next_random(&seed);
        if (random % 4 == 1)
            key.key_size = random / 4 % (key.key_size + 1);
        if (random % 4 == 2 && key.key_size > 0)
            key.key[random / 4 % key.key_size] ^= (char)(1 << (random >> 32) % 8);
        if (random % 4 == 3)
            key.key[key.key_size++] = (char)(random >> 32);
        size_t at = model_seek(&p.model, key.key, key.key_size);
        assert_int_equal(tree_cursor_seek(c, key.key, key.key_size, &e), 0);
        for (size_t step = 0; step < random % 3 + 1; step++)
            assert_next(c, &p.model, at + step);
    }
    tree_cursor_free(c);
}

/* The item behind all that is below the directory `key`. */
static size_t model_below(const struct model *m, const void *key, size_t size, size_t from)
{
    while (from < m->count && m->items[from].key_size > size &&
           memcmp(m->items[from].key, key, size) == 0 && m->items[from].key[size] == 0)
        from++;
    return from;
}

static void tree_cursor_skips_below(void **state)
{
    static const size_t depths[] = {3, 8}; /* "dNN", "dNN/eNNN" */
    struct planted p __attribute__((cleanup(uproot)));
    struct error e = ERROR_INIT;
    uint64_t seed = 10;

    (void)state;
    plant(&p, 5000, 12);
    struct tree_cursor *c = tree_cursor_new(&p.access, &p.root, &e);
    for (int i = 0; i < 1000; i++) {
        size_t at = 1 + next_random(&seed) % (p.model.count - 1);
        size_t size = depths[i % 2];
        char key[64];
        memcpy(key, p.model.items[at].key, size);
        size_t first = model_seek(&p.model, key, size);
        assert_int_equal(tree_cursor_seek(c, key, size, &e), 0);
        assert_int_equal(tree_cursor_skip_below(c, key, size, &e), 0);
        assert_next(c, &p.model, model_below(&p.model, key, size, first));
    }
    assert_int_equal(tree_cursor_seek(c, "", 0, &e), 0);
    assert_next(c, &p.model, 0);
    assert_int_equal(tree_cursor_skip_below(c, "", 0, &e), 0);
    assert_next(c, &p.model, p.model.count);
    tree_cursor_free(c);
}

/* Names that sort right behind what is below a directory are not below it. */
static void tree_cursor_keeps_neighbours(void **state)
{
    static const struct model_item items[] = {{"a", 1, 2},       {"a\0b", 3, 2},
                                              {"a\0b\0c", 5, 2}, {"a\0\377", 3, 2},
                                              {"a\001", 2, 2},   {"a!", 2, 2}};
    struct planted p __attribute__((cleanup(uproot))) = {0};
    struct error e = ERROR_INIT;

    (void)state;
    p.access = chunk_map_access(&p.map);
    p.model.count = sizeof(items) / sizeof(items[0]);
    p.model.items = malloc(sizeof(items));
    memcpy(p.model.items, items, sizeof(items));
    model_build(&p.model, &p.map, &p.root);
    struct tree_cursor *c = tree_cursor_new(&p.access, &p.root, &e);
    assert_next(c, &p.model, 0);
    assert_int_equal(tree_cursor_skip_below(c, "a", 1, &e), 0);
    assert_next(c, &p.model, 4);
    assert_next(c, &p.model, 5);
    tree_cursor_free(c);
}

static void tree_finds(void **state)
{
    struct planted p __attribute__((cleanup(uproot)));
    struct error e = ERROR_INIT;
    struct model_entry expected = {0};

    (void)state;
    plant(&p, 3000, 13);
    for (size_t i = 0; i < p.model.count; i += 7) {
        struct model_item *item = &p.model.items[i];
        struct tree_entry *found = NULL;
        assert_int_equal(tree_find(&p.access, &p.root, item->key, item->key_size, &found, &e),
                         1);
        model_entry_set(&expected, &p.model, item);
        assert_true(model_entry_equal(found, &expected.entry));
        tree_entry_free(found);
        item->key[item->key_size] = '!';
        assert_int_equal(
            tree_find(&p.access, &p.root, item->key, item->key_size + 1, &found, &e), 0);
    }
    buffer_free(&expected.further);
}

static void tree_missing_node_fails(void **state)
{
    struct planted p __attribute__((cleanup(uproot)));
    struct chunk_map empty = {0};
    struct chunk_access access = chunk_map_access(&empty);
    struct error e = ERROR_INIT;
    const struct tree_entry *entry;

    (void)state;
    plant(&p, 100, 14);
    struct tree_cursor *c = tree_cursor_new(&access, &p.root, &e);
    assert_int_equal(tree_cursor_next(c, &entry, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    tree_cursor_free(c);
}

/* Walks a tree to the end or to its failure. */
static int walk(const struct planted *p, const struct tree_root *root, struct error *e)
{
    const struct tree_entry *entry;
    struct tree_cursor *c = tree_cursor_new(&p->access, root, e);
    int got;

    if (c == NULL)
        return -1;
    do
        got = tree_cursor_next(c, &entry, e);
    while (got == 1);
    tree_cursor_free(c);
    return got;
}

/* Puts an inner node over children and walks what it makes. */
static int walk_children(struct planted *p, const struct tree_child *children, uint32_t count,
                         uint32_t level, struct error *e)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
    struct tree_root root = {.height = level + 1};

    assert_int_equal(inner_node_encode(&node, level, children, count, e), 0);
    assert_int_equal(p->access.put(p->access.context, node.data, node.size, &root.id, e), 0);
    for (uint32_t i = 0; i < count; i++) {
        root.entries += children[i].entries;
        root.bytes += children[i].bytes;
    }
    return walk(p, &root, e);
}

/* A malicious key holder can store any nodes; what they say of each other must agree. */
static void tree_contradictions_are_found(void **state)
{
    struct planted p __attribute__((cleanup(uproot)));
    struct error e = ERROR_INIT;
    struct tree_child good[2] = {0}, bad[2];
    struct tree_node *top;
    struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT;

    (void)state;
    plant(&p, 5000, 15);
    assert_int_equal(p.root.height, 2);
    assert_int_equal(p.access.get(p.access.context, &p.root.id, &bytes, &e), 0);
    assert_int_equal(tree_node_decode(bytes.data, bytes.size, &top, &e), 0);
    for (uint32_t i = 0; i < 2; i++)
        tree_node_child(top, i, &good[i].key, &good[i].key_size, &good[i].id, &good[i].entries,
                        &good[i].bytes);
    assert_int_equal(walk_children(&p, good, 2, 1, &e), 0);
    for (int wrong = 0; wrong < 5; wrong++) {
        memcpy(bad, good, sizeof(bad));
        if (wrong == 0)
            bad[1].entries++;
        if (wrong == 1)
            bad[0].bytes++;
        if (wrong == 2)
            bad[0].key_size--; /* not the child's last key */
        if (wrong == 3)
            bad[1] = bad[0]; /* keys do not ascend: the decoder sees it */
        if (wrong == 4) {    /* keys ascend above, not below */
            bad[0].id = good[1].id;
            bad[0].entries = good[1].entries;
            bad[0].bytes = good[1].bytes;
        }
        assert_int_equal(walk_children(&p, bad, 2, 1, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
    }
    assert_int_equal(walk_children(&p, good, 2, 2, &e), -1); /* a level is left out */
    struct tree_root root = p.root;
    root.entries++;
    assert_int_equal(walk(&p, &root, &e), -1);
    root = p.root;
    root.height = 17;
    assert_int_equal(walk(&p, &root, &e), -1);
    tree_node_free(top);
}

/* Two leaves of which the second starts before the first ends, under keys that look right. */
static void tree_overlap_is_found(void **state)
{
    struct planted p __attribute__((cleanup(uproot)));
    struct error e = ERROR_INIT;
    static const char *const keys[2][2] = {{"a", "m"}, {"c", "z"}};
    struct tree_child children[2] = {0};
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;

    (void)state;
    plant(&p, 1, 16);
    struct leaf_writer *w = leaf_writer_new(&e);
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct tree_entry entry = {
                .key = (const uint8_t *)keys[i][k], .key_size = 1, .type = 2};
            assert_int_equal(leaf_writer_add(w, &entry, &e), 0);
        }
        buffer_clear(&node);
        assert_int_equal(leaf_writer_end(w, &node, &e), 0);
        p.access.put(p.access.context, node.data, node.size, &children[i].id, &e);
        children[i].key = (const uint8_t *)keys[i][1];
        children[i].key_size = 1;
        children[i].entries = 2;
    }
    leaf_writer_free(w);
    assert_int_equal(walk_children(&p, children, 2, 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
}

/* Encodes what was decoded. */
static void encode_again(struct tree_node *n, struct buffer *out)
{
    struct tree_child children[512];
    struct error e = ERROR_INIT;

    if (tree_node_level(n) == 0) {
        struct leaf_writer *w = leaf_writer_new(&e);
        for (uint32_t i = 0; i < tree_node_count(n); i++)
            assert_int_equal(leaf_writer_add(w, tree_node_entry(n, i), &e), 0);
        assert_int_equal(leaf_writer_end(w, out, &e), 0);
        leaf_writer_free(w);
        return;
    }
    for (uint32_t i = 0; i < tree_node_count(n); i++)
        tree_node_child(n, i, &children[i].key, &children[i].key_size, &children[i].id,
                        &children[i].entries, &children[i].bytes);
    assert_int_equal(
        inner_node_encode(out, tree_node_level(n), children, tree_node_count(n), &e), 0);
}

/* A node with a column of a later program cannot be encoded again. */
static bool has_unknown_column(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data + 8, size - 8), value;
    uint16_t type = 0;

    while (reader_tlv(&r, &type, &value)) {
    }
    return type > COLUMN_CHILD_BYTES;
}

static void mutate(uint8_t *data, size_t *size, uint64_t *seed)
{
    uint64_t random = next_random(seed);
    size_t at = (random >> 8) % *size;

    /* Near the start are the counts and the first columns: half of the changes go there. */
    if (random & 128)
        at %= 64;
    if (at >= *size)
        return;
    switch (random & 7) {
    case 0:
        *size = at > 0 ? at : 1;
        break;
    case 1:
        data[at] = (uint8_t)(random >> 56);
        break;
    case 2:
        memmove(data + at, data + at + 1, *size - at - 1);
        *size -= *size > 1;
        break;
    case 3:
        data[at] += (random >> 56) % 3;
        break;
    default:
        data[at] ^= (uint8_t)(1 << (random >> 56) % 8);
    }
}

/* Decodes what a node has become: refused, or the one encoding of its content. */
static bool check_mutant(const uint8_t *data, size_t size)
{
    struct error e = ERROR_INIT;
    struct tree_node *n;
    uint8_t *copy = malloc(size); /* of just this size: a sanitizer sees reads behind it */

    assert_non_null(copy);
    memcpy(copy, data, size);
    bool taken = tree_node_decode(copy, size, &n, &e) == 0;
    free(copy);
    if (!taken) {
        assert_true(e.error_class == LAGAN_CORRUPT || e.error_class == LAGAN_UNSUPPORTED);
        return false;
    }
    if (!has_unknown_column(data, size)) {
        struct buffer again CLEANUP_BUFFER = BUFFER_INIT;
        encode_again(n, &again);
        assert_int_equal(again.size, size);
        assert_memory_equal(again.data, data, size);
    }
    tree_node_free(n);
    return true;
}

/* Nodes of several shapes, each mutated many times. */
static void tree_mutated_nodes(void **state)
{
    struct planted p;
    struct error e = ERROR_INIT;
    uint64_t seed = 1;
    int taken = 0;

    (void)state;
    for (uint32_t shape = 0; shape < 20; shape++) {
        struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
        plant(&p, shape % 4 == 3 ? 2000 : 1 + shape * 2, shape + 1);
        assert_int_equal(p.access.get(p.access.context, &p.root.id, &node, &e), 0);
        assert_true(check_mutant(node.data, node.size));
        uint8_t *data = malloc(node.size);
        for (int i = 0; i < 5000; i++) {
            size_t size = node.size;
            memcpy(data, node.data, size);
            for (uint64_t times = 1 + next_random(&seed) % 3; times > 0 && size > 1; times--)
                mutate(data, &size, &seed);
            taken += check_mutant(data, size);
        }
        free(data);
        uproot(&p);
    }
    assert_true(taken > 1000); /* the check above was made often */
}

/* Nodes of one or two entries, column by column: what must be refused, and what not. */
struct made_node {
    const char *what;
    uint32_t count;
    size_t size;
    const char *columns;
};
#define NODE(what, count, columns)                                                             \
    {                                                                                          \
        what, count, sizeof(columns) - 1, columns                                              \
    }
#define KEYS_AB "\1\0\6\0\0\0\0\1a\0\1b"
#define TYPES_2 "\2\0\2\0\0\0\2\2"
#define KEY_A "\1\0\3\0\0\0\0\1a"
#define TYPE_2 "\2\0\1\0\0\0\2"
static const struct made_node bad_leaves[] = {
    NODE("no columns", 1, ""),
    NODE("no type", 1, KEY_A),
    NODE("zero type", 2, KEYS_AB "\2\0\2\0\0\0\2\0"),
    NODE("one type of two", 2, KEYS_AB "\2\0\1\0\0\0\2"),
    NODE("one key of two", 2, KEY_A TYPES_2),
    NODE("two keys of one", 1, KEYS_AB TYPE_2),
    NODE("no keys for two", 2, TYPES_2),
    NODE("equal keys", 2, "\1\0\5\0\0\0\0\1a\1\0" TYPES_2),
    NODE("keys descend", 2, "\1\0\6\0\0\0\0\1b\0\1a" TYPES_2),
    NODE("prefix too short", 2, "\1\0\7\0\0\0\0\1a\0\2ab" TYPES_2),
    NODE("prefix too long", 2, "\1\0\6\0\0\0\0\1a\2\1b" TYPES_2),
    NODE("key longer than its column", 1, "\1\0\3\0\0\0\0\2a" TYPE_2),
    NODE("key of 2^63 bytes", 1,
         "\1\0\14\0\0\0\0\200\200\200\200\200\200\200\200\200\1a" TYPE_2),
    NODE("overlong varint", 1, KEY_A TYPE_2 "\4\0\2\0\0\0\201\0"),
    NODE("columns descend", 1, TYPE_2 KEY_A),
    NODE("a column twice", 1, KEY_A TYPE_2 TYPE_2),
    NODE("a column of zeroes", 1, KEY_A TYPE_2 "\4\0\1\0\0\0\0"),
    NODE("an empty column", 1, KEY_A TYPE_2 "\4\0\0\0\0\0"),
    NODE("mode of 13 bits", 1, KEY_A TYPE_2 "\4\0\2\0\0\0\200\40"),
    NODE("user of 33 bits", 1, KEY_A TYPE_2 "\5\0\5\0\0\0\200\200\200\200\20"),
    NODE("a billion nanoseconds", 1, KEY_A TYPE_2 "\11\0\5\0\0\0\200\224\353\334\3"),
    NODE("a child's column", 1, KEY_A TYPE_2 "\23\0\1\0\0\0\1"),
    NODE("stamp of 33 bytes", 1, KEY_A TYPE_2 "\13\0\1\0\0\0\41"),
    NODE("stamp without length", 1, KEY_A TYPE_2 "\14\0\1\0\0\0x"),
    NODE("stamps do not fit", 1, KEY_A TYPE_2 "\13\0\1\0\0\0\2\14\0\1\0\0\0x"),
    NODE("bytes behind a stamp", 2, KEYS_AB TYPES_2 "\13\0\2\0\0\0\1\0\14\0\2\0\0\0xx"),
    NODE("further cut short", 1, KEY_A TYPE_2 "\15\0\2\0\0\0\5x"),
    NODE("further without form", 1, KEY_A TYPE_2 "\15\0\4\0\0\0\3\1\0\1"),
    NODE("further of wrong size", 1, KEY_A TYPE_2 "\15\0\10\0\0\0\7\2\0\1\0\0\0x"),
    NODE("name nobody needs", 1, KEY_A TYPE_2 "\16\0\4\0\0\0\0\1\1u"),
    NODE("name of no owner", 1, KEY_A TYPE_2 "\5\0\1\0\0\0\1\16\0\4\0\0\0\0\1\1u"),
    NODE("empty name", 1, KEY_A TYPE_2 "\3\0\1\0\0\0\4\5\0\1\0\0\0\1\16\0\3\0\0\0\0\1\0"),
    NODE("name with a zero", 1,
         KEY_A TYPE_2 "\3\0\1\0\0\0\4\5\0\1\0\0\0\1\16\0\4\0\0\0\0\1\1\0"),
    NODE("name of kind 2", 1, KEY_A TYPE_2 "\3\0\1\0\0\0\4\5\0\1\0\0\0\1\16\0\4\0\0\0\2\1\1u"),
    NODE("name twice", 1,
         KEY_A TYPE_2 "\3\0\1\0\0\0\4\5\0\1\0\0\0\1\16\0\10\0\0\0\0\1\1u\0\1\1u"),
    NODE("content without lengths", 1, KEY_A TYPE_2 "\17\0\1\0\0\0\1"),
    NODE("content too high", 1, KEY_A TYPE_2 "\17\0\1\0\0\0\61"),
    NODE("length of zero", 2,
         KEYS_AB TYPES_2 "\7\0\2\0\0\0\0\1\17\0\2\0\0\0\1\1\20\0\2\0\0\0\0\1"),
    NODE("records contradict length", 1,
         KEY_A TYPE_2 "\7\0\1\0\0\0\2\17\0\1\0\0\0\1\20\0\1\0\0\0\1"),
    NODE("map of zeroes", 1, KEY_A TYPE_2 "\7\0\1\0\0\0\1\17\0\1\0\0\0\41\20\0\1\0\0\0\1"),
    NODE("ids too short", 1,
         KEY_A TYPE_2 "\7\0\1\0\0\0\1\17\0\1\0\0\0\1\20\0\1\0\0\0\1\21\0\1\0\0\0x"),
    NODE("bytes behind the columns", 1, KEY_A TYPE_2 "\0"),
};

static const struct made_node good_leaves[] = {
    NODE("least", 1, KEY_A TYPE_2),
    NODE("empty key", 1, TYPE_2),
    NODE("empty key, then another", 2, "\1\0\5\0\0\0\0\0\0\1b" TYPES_2),
    NODE("two", 2, KEYS_AB TYPES_2),
    NODE("hole", 1, KEY_A TYPE_2 "\7\0\1\0\0\0\1\17\0\1\0\0\0\1\20\0\1\0\0\0\1"),
    NODE("column of a later program", 1, KEY_A TYPE_2 "\310\0\1\0\0\0x"),
    NODE("stamp of zeroes", 1, KEY_A TYPE_2 "\13\0\1\0\0\0\40"),
    NODE("name", 1, KEY_A TYPE_2 "\3\0\1\0\0\0\4\5\0\1\0\0\0\1\16\0\4\0\0\0\0\1\1u"),
};

#define IDS_1 "\22\0\40\0\0\0iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"
#define IDS_2                                                                                  \
    "\22\0\100\0\0\0"                                                                          \
    "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiijjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj"
#define MOST "\377\377\377\377\377\377\377\377\377\1"
static const struct made_node bad_inner[] = {
    NODE("no ids", 1, KEY_A "\23\0\1\0\0\0\1"),
    NODE("one id of two", 2, KEYS_AB IDS_1 "\23\0\2\0\0\0\1\1"),
    NODE("two ids of one", 1, KEY_A IDS_2 "\23\0\1\0\0\0\1"),
    NODE("no entries below", 1, KEY_A IDS_1),
    NODE("no entries below one", 2, KEYS_AB IDS_2 "\23\0\2\0\0\0\1\0"),
    NODE("number of entries too large", 2, KEYS_AB IDS_2 "\23\0\13\0\0\0\1" MOST),
    NODE("sum of bytes too large", 2, KEYS_AB IDS_2 "\23\0\2\0\0\0\1\1\24\0\13\0\0\0\1" MOST),
    NODE("one sum of two", 2, KEYS_AB IDS_2 "\23\0\2\0\0\0\1\1\24\0\1\0\0\0\1"),
    NODE("a leaf's column", 1, KEY_A TYPE_2 IDS_1 "\23\0\1\0\0\0\1"),
    NODE("keys descend", 2, "\1\0\6\0\0\0\0\1b\0\1a" IDS_2 "\23\0\2\0\0\0\1\1"),
};
static const struct made_node good_inner[] = {
    NODE("least", 1, KEY_A IDS_1 "\23\0\1\0\0\0\1"),
    NODE("two", 2, KEYS_AB IDS_2 "\23\0\2\0\0\0\1\1\24\0\2\0\0\0\0\7"),
};

static bool decodes(const struct made_node *made, uint8_t level, struct error *e)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
    struct tree_node *n;

    buffer_append(&node, "T\1", 2);
    buffer_append_u16(&node, level);
    buffer_append_u32(&node, made->count);
    buffer_append(&node, made->columns, made->size);
    if (tree_node_decode(node.data, node.size, &n, e) != 0)
        return false;
    tree_node_free(n);
    return true;
}

static void assert_decode(const struct made_node *nodes, size_t count, uint8_t level, bool good)
{
    for (size_t i = 0; i < count; i++) {
        struct error e = ERROR_INIT;
        if (decodes(&nodes[i], level, &e) != good)
            fail_msg("%s: %s", nodes[i].what, good ? e.text : "was not refused");
        assert_int_equal(e.error_class, good ? LAGAN_OK : LAGAN_CORRUPT);
    }
}
#define ASSERT_DECODE(nodes, level, good)                                                      \
    assert_decode(nodes, sizeof(nodes) / sizeof((nodes)[0]), level, good)

static void tree_node_rules(void **state)
{
    (void)state;
    ASSERT_DECODE(good_leaves, 0, true);
    ASSERT_DECODE(bad_leaves, 0, false);
    ASSERT_DECODE(good_inner, 1, true);
    ASSERT_DECODE(bad_inner, 1, false);
    ASSERT_DECODE(good_inner, 15, true);
    ASSERT_DECODE(good_inner, 16, false);
}

/* A few bytes must not become much memory: keys that share a long prefix. */
static void tree_expansion_is_bounded(void **state)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT, keys CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct tree_node *n;
    uint8_t types[512];

    (void)state;
    memset(types, 2, sizeof(types));
    buffer_append_varint(&keys, 0);
    buffer_append_varint(&keys, 3 << 20);
    buffer_append_zeroes(&keys, 3 << 20);
    for (int i = 1; i < 512; i++) {
        buffer_append_varint(&keys, (3 << 20) + (uint64_t)i - 1);
        buffer_append_counted(&keys, "x", 1);
    }
    buffer_append(&node, "T\1\0\0", 4);
    buffer_append_u32(&node, 512);
    buffer_append_tlv(&node, COLUMN_KEY, keys.data, (uint32_t)keys.size);
    buffer_append_tlv(&node, COLUMN_TYPE, types, sizeof(types));
    assert_int_equal(tree_node_decode(node.data, node.size, &n, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    assert_non_null(strstr(e.text, "greatest size"));
}

/* No entry is larger than a writer would make it. */
static void tree_key_is_bounded(void **state)
{
    struct buffer node CLEANUP_BUFFER = BUFFER_INIT, keys CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct tree_node *n;

    (void)state;
    buffer_append_varint(&keys, 0);
    buffer_append_varint(&keys, TREE_ENTRY_WEIGHT_LIMIT);
    buffer_append_zeroes(&keys, TREE_ENTRY_WEIGHT_LIMIT);
    buffer_append(&node, "T\1\0\0", 4);
    buffer_append_u32(&node, 1);
    buffer_append_tlv(&node, COLUMN_KEY, keys.data, (uint32_t)keys.size);
    buffer_append(&node, TYPE_2, sizeof(TYPE_2) - 1);
    assert_int_equal(tree_node_decode(node.data, node.size, &n, &e), -1);
    assert_non_null(strstr(e.text, "too long"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tree_cursor_seeks),
    cmocka_unit_test(tree_cursor_skips_below),
    cmocka_unit_test(tree_cursor_keeps_neighbours),
    cmocka_unit_test(tree_finds),
    cmocka_unit_test(tree_missing_node_fails),
    cmocka_unit_test(tree_contradictions_are_found),
    cmocka_unit_test(tree_overlap_is_found),
    cmocka_unit_test(tree_mutated_nodes),
    cmocka_unit_test(tree_node_rules),
    cmocka_unit_test(tree_expansion_is_bounded),
    cmocka_unit_test(tree_key_is_bounded),
};
UNIT_MAIN(tests)
