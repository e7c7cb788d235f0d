/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_builder.c - builds a tree from below: one node being filled per level.
 *
 * Unchanged entries of an older leaf, taken from its first one on while the new leaf is empty,
 * are only counted (a *run*).  When all of them came, the older leaf is the new leaf: nodes end
 * by their own entries alone.  When anything else comes in between, the entries counted so far
 * are added one by one.
 */
#include "vault/tree_cursor.h"
#include "vault/tree_writer.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { BUILDER_MAGIC = 0x444c4254 };

/* An inner node being filled. */
struct inner {
    uint32_t count;
    uint64_t nodes; /* that were ended at this level */
    size_t weight;
    uint64_t entries, bytes;
    struct buffer keys; /* of all children; their `key` is set when the node is encoded */
    struct tree_child children[TREE_COUNT_LIMIT];
};

/* Entries counted of an older leaf. */
struct run {
    struct tree_node *leaf; /* NULL = no run */
    struct chunk_id id;
    uint32_t count; /* 0..count - 1 of the leaf have come */
};

struct tree_builder {
    uint32_t magic;
    struct chunk_access access;
    struct tree_boundary boundary;
    struct leaf_writer *leaf;
    uint64_t leaves; /* ended or taken over */
    struct run run;
    bool started;           /* an entry has come */
    struct buffer last_key; /* of all entries but those of the run */
    struct buffer node;
    struct inner *inner[TREE_HEIGHT_LIMIT]; /* from 1 on, made when needed */
};

struct tree_builder *tree_builder_new(const struct chunk_access *access,
                                      const uint8_t node_key[32], struct error *e)
{
    struct tree_builder *b = calloc(1, sizeof(*b));

    ASSERT(access->put != NULL);
    if (b == NULL) {
        error_no_memory(e, "a tree");
        return NULL;
    }
    b->magic = BUILDER_MAGIC;
    b->access = *access;
    tree_boundary_set(&b->boundary, node_key);
    b->leaf = leaf_writer_new(e);
    if (b->leaf == NULL) {
        tree_builder_free(b);
        return NULL;
    }
    return b;
}

void tree_builder_free(struct tree_builder *b)
{
    if (b == NULL)
        return;
    OBJECT_CHECK(b, BUILDER_MAGIC);
    for (size_t i = 0; i < TREE_HEIGHT_LIMIT; i++) {
        if (b->inner[i] != NULL)
            buffer_free(&b->inner[i]->keys);
        free(b->inner[i]);
    }
    tree_node_free(b->run.leaf);
    leaf_writer_free(b->leaf);
    buffer_free(&b->last_key);
    buffer_free(&b->node);
    b->magic = 0;
    free(b);
}

static struct inner *inner_at(struct tree_builder *b, uint32_t level, struct error *e)
{
    if (level >= TREE_HEIGHT_LIMIT) {
        error_set(e, LAGAN_LIMIT, ERROR_FAILED, "tree: too many levels");
        return NULL;
    }
    if (b->inner[level] == NULL)
        b->inner[level] = calloc(1, sizeof(*b->inner[level]));
    if (b->inner[level] == NULL)
        error_no_memory(e, "a tree");
    return b->inner[level];
}

/* Stores the bytes in b->node. */
static int put_node(struct tree_builder *b, struct chunk_id *id, struct error *e)
{
    return b->access.put(b->access.context, b->node.data, b->node.size, id, e);
}

/* Copies a child into the node being filled. */
static int add_child(struct inner *inner, const struct tree_child *child, struct error *e)
{
    struct tree_child *to = &inner->children[inner->count];

    if (__builtin_add_overflow(inner->bytes, child->bytes, &inner->bytes))
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "tree: more than 2^64 bytes");
    *to = *child;
    buffer_append(&inner->keys, child->key, child->key_size);
    inner->entries += child->entries;
    inner->weight += tree_child_weight(child->key_size);
    inner->count++;
    return buffer_check(&inner->keys, e);
}

/* Encodes and stores the node being filled; `*up` is what the level above gets, its key valid
 * until the next child is added. */
static int end_inner(struct tree_builder *b, uint32_t level, struct tree_child *up,
                     struct error *e)
{
    struct inner *inner = b->inner[level];
    const uint8_t *key = inner->keys.data;

    for (uint32_t i = 0; i < inner->count; i++) {
        inner->children[i].key = key;
        key += inner->children[i].key_size;
    }
    buffer_clear(&b->node);
    if (inner_node_encode(&b->node, level, inner->children, inner->count, e) != 0)
        return -1;
    *up = inner->children[inner->count - 1];
    up->entries = inner->entries;
    up->bytes = inner->bytes;
    if (put_node(b, &up->id, e) != 0)
        return -1;
    buffer_clear(&inner->keys); /* keeps the memory that up->key points into */
    inner->count = 0;
    inner->weight = 0;
    inner->entries = inner->bytes = 0;
    inner->nodes++;
    return 0;
}

/* Adds a node to the level above it; nodes that end with that go up in turn. */
static int add_up(struct tree_builder *b, uint32_t level, struct tree_child child,
                  struct error *e)
{
    for (;; level++) {
        struct inner *inner = inner_at(b, level, e);
        if (inner == NULL || add_child(inner, &child, e) != 0)
            return -1;
        if (!tree_boundary_ends(&b->boundary, level, inner->count, inner->weight, child.key,
                                child.key_size))
            return 0;
        if (end_inner(b, level, &child, e) != 0)
            return -1;
    }
}

/* Encodes and stores the leaf being filled. */
static int end_leaf(struct tree_builder *b, struct error *e)
{
    struct leaf_sums sums = leaf_writer_sums(b->leaf);
    struct tree_child child = {
        .key = sums.key, .key_size = sums.key_size, .entries = sums.count, .bytes = sums.bytes};

    buffer_clear(&b->node);
    if (leaf_writer_end(b->leaf, &b->node, e) != 0 || put_node(b, &child.id, e) != 0)
        return -1;
    b->leaves++;
    return add_up(b, 1, child, e);
}

/* Adds an entry to the leaf being filled. */
static int add_plain(struct tree_builder *b, const struct tree_entry *entry, struct error *e)
{
    if (leaf_writer_add(b->leaf, entry, e) != 0)
        return -1;
    struct leaf_sums sums = leaf_writer_sums(b->leaf);
    bool ends = tree_boundary_ends(&b->boundary, 0, sums.count, sums.weight, entry->key,
                                   entry->key_size);
    return ends ? end_leaf(b, e) : 0;
}

static int set_last_key(struct tree_builder *b, const uint8_t *key, size_t size,
                        struct error *e)
{
    buffer_clear(&b->last_key);
    buffer_append(&b->last_key, key, size);
    return buffer_check(&b->last_key, e);
}

/* Forgets the run, whose entries are in the tree now. */
static int drop_run(struct tree_builder *b, struct error *e)
{
    size_t size;
    const uint8_t *key = tree_node_key(b->run.leaf, b->run.count - 1, &size);
    int result = set_last_key(b, key, size, e);

    tree_node_free(b->run.leaf);
    b->run = (struct run){0};
    return result;
}

/* A run that is not to become a whole leaf: its entries are added one by one. */
static int break_run(struct tree_builder *b, struct error *e)
{
    struct run *run = &b->run;

    if (run->leaf == NULL)
        return 0;
    for (uint32_t i = 0; i < run->count; i++) {
        if (add_plain(b, &run->leaf->entries[i], e) != 0)
            return -1;
    }
    return drop_run(b, e);
}

/* The older leaf, whose entries have all come, becomes a leaf of this tree. */
static int take_leaf(struct tree_builder *b, struct error *e)
{
    const struct tree_node *leaf = b->run.leaf;
    struct tree_child child = {
        .id = b->run.id, .entries = leaf->entry_total, .bytes = leaf->byte_total};

    child.key = tree_node_key(leaf, leaf->count - 1, &child.key_size);
    b->leaves++;
    if (add_up(b, 1, child, e) != 0)
        return -1;
    return drop_run(b, e);
}

/* The leaf is complete.  The last one of the older tree may have ended only because no entry
 * followed: then it waits for whether one follows now. */
static int complete_run(struct tree_builder *b, bool last_leaf, struct error *e)
{
    const struct tree_node *leaf = b->run.leaf;
    size_t size;

    const uint8_t *key = tree_node_key(leaf, leaf->count - 1, &size);
    if (last_leaf && !tree_boundary_ends(&b->boundary, 0, leaf->count, leaf->weight, key, size))
        return 0;
    return take_leaf(b, e);
}

/* Keys must ascend over the whole tree. */
static int check_order(struct tree_builder *b, const struct tree_entry *entry, struct error *e)
{
    const uint8_t *last = b->last_key.data;
    size_t size = b->last_key.size;

    if (b->run.leaf != NULL)
        last = tree_node_key(b->run.leaf, b->run.count - 1, &size);
    if (b->started && tree_key_compare(last, size, entry->key, entry->key_size) >= 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "tree: keys do not ascend");
    b->started = true;
    return 0;
}

int tree_builder_add(struct tree_builder *b, const struct tree_entry *entry, struct error *e)
{
    OBJECT_CHECK(b, BUILDER_MAGIC);
    if (check_order(b, entry, e) != 0 || break_run(b, e) != 0 ||
        set_last_key(b, entry->key, entry->key_size, e) != 0)
        return -1;
    return add_plain(b, entry, e);
}

int tree_builder_add_unchanged(struct tree_builder *b, struct tree_cursor *c, struct error *e)
{
    struct tree_place place;
    struct run *run = &b->run;

    OBJECT_CHECK(b, BUILDER_MAGIC);
    if (!tree_cursor_place(c, &place))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "tree: the cursor gave no entry");
    const struct tree_entry *entry = &place.leaf->entries[place.index];
    if (run->leaf == place.leaf && run->count == place.index) {
        run->count++;
    } else {
        if (check_order(b, entry, e) != 0 || break_run(b, e) != 0)
            return -1;
        if (place.index > 0 || leaf_writer_sums(b->leaf).count > 0)
            return set_last_key(b, entry->key, entry->key_size, e) != 0
                       ? -1
                       : add_plain(b, entry, e);
        *run = (struct run){.leaf = tree_node_keep(place.leaf), .id = place.id, .count = 1};
    }
    return run->count == place.leaf->count ? complete_run(b, place.last_leaf, e) : 0;
}

/* The root, once the node at `level` - 1 stands alone. */
static void set_root(const struct tree_builder *b, uint32_t level, struct tree_root *root)
{
    const struct tree_child *only = &b->inner[level]->children[0];

    *root = (struct tree_root){
        .height = level, .id = only->id, .entries = only->entries, .bytes = only->bytes};
}

int tree_builder_finish(struct tree_builder *b, struct tree_root *root, struct error *e)
{
    OBJECT_CHECK(b, BUILDER_MAGIC);
    bool whole = b->run.leaf != NULL && b->run.count == b->run.leaf->count;
    if ((whole ? take_leaf(b, e) : break_run(b, e)) != 0)
        return -1;
    if (leaf_writer_sums(b->leaf).count > 0 && end_leaf(b, e) != 0)
        return -1;
    if (b->leaves == 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "tree: no entries");
    uint64_t below = b->leaves;
    for (uint32_t level = 1;; level++) {
        struct tree_child up;
        if (below == 1) {
            set_root(b, level, root);
            return 0;
        }
        if (b->inner[level]->count > 0 &&
            (end_inner(b, level, &up, e) != 0 || add_up(b, level + 1, up, e) != 0))
            return -1;
        below = b->inner[level]->nodes;
    }
}
