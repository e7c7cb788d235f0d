/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_cursor.c - walks the entries of a tree, one decoded node per level in memory.
 *
 * Nodes are loaded when an entry of them is asked for, not before: between two steps the lowest
 * loaded level says which of its nodes comes next.  That lets a diff pass over nodes unread.
 */
#include "vault/tree_cursor.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { CURSOR_MAGIC = 0x52434554 };

/* A loaded node, and which entry or child of it comes next. */
struct level {
    struct tree_node *node;
    uint32_t index;
};

struct tree_cursor {
    uint32_t magic;
    struct chunk_access access;
    struct tree_root root;
    struct level levels[TREE_HEIGHT_LIMIT];
    uint32_t bottom; /* lowest loaded level; root.height when none is */
    bool given;      /* the leaf's index is the entry given last, not the next one */
    bool ended;
    struct buffer bytes;
};

struct tree_cursor *tree_cursor_new(const struct chunk_access *access,
                                    const struct tree_root *root, struct error *e)
{
    ASSERT(access->get != NULL);
    if (root->height == 0 || root->height > TREE_HEIGHT_LIMIT) {
        error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "tree: height %u out of range",
                  root->height);
        return NULL;
    }
    struct tree_cursor *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        error_no_memory(e, "a tree");
        return NULL;
    }
    c->magic = CURSOR_MAGIC;
    c->access = *access;
    c->root = *root;
    c->bottom = root->height;
    return c;
}

/* Gives up the nodes below `level`. */
static void release_below(struct tree_cursor *c, uint32_t level)
{
    while (c->bottom < level) {
        tree_node_free(c->levels[c->bottom].node);
        c->levels[c->bottom].node = NULL;
        c->bottom++;
    }
}

void tree_cursor_free(struct tree_cursor *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CURSOR_MAGIC);
    release_below(c, c->root.height);
    buffer_free(&c->bytes);
    c->magic = 0;
    free(c);
}

/* The child that level `level` stands before. */
static const struct tree_child *next_child(const struct tree_cursor *c, uint32_t level)
{
    return &c->levels[level].node->children[c->levels[level].index];
}

/* The id of the node at `level` that comes next, or in which the cursor is. */
static const struct chunk_id *id_at(const struct tree_cursor *c, uint32_t level)
{
    return level + 1 == c->root.height ? &c->root.id : &next_child(c, level + 1)->id;
}

/* The greatest key before the node at `level` that comes next; NULL when it is the first. */
static const uint8_t *key_before(const struct tree_cursor *c, uint32_t level, size_t *size)
{
    for (uint32_t above = level + 1; above < c->root.height; above++) {
        const struct level *l = &c->levels[above];
        if (l->index > 0)
            return tree_node_key(l->node, l->index - 1, size);
    }
    return NULL;
}

/* Checks a node against what the node above, or the root's record, says of it. */
static int check_node(const struct tree_cursor *c, const struct tree_node *n, uint32_t level,
                      struct error *e)
{
    bool is_root = level + 1 == c->root.height;
    const struct tree_child *child = is_root ? NULL : next_child(c, level + 1);
    size_t size, before_size;

    if (n->level != level)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "tree: a node of level %u stands where one of level %u belongs",
                         n->level, level);
    if (n->entry_total != (is_root ? c->root.entries : child->entries) ||
        n->byte_total != (is_root ? c->root.bytes : child->bytes))
        return tree_node_corrupt(e, "its sums contradict those above");
    const uint8_t *last = tree_node_key(n, n->count - 1, &size);
    if (!is_root && tree_key_compare(last, size, child->key, child->key_size) != 0)
        return tree_node_corrupt(e, "its last key contradicts the one above");
    const uint8_t *before = key_before(c, level, &before_size);
    const uint8_t *first = tree_node_key(n, 0, &size);
    if (before != NULL && tree_key_compare(before, before_size, first, size) >= 0)
        return tree_node_corrupt(e, "keys do not ascend from node to node");
    return 0;
}

/* Loads the node below the lowest loaded one that comes next. */
static int descend(struct tree_cursor *c, struct error *e)
{
    uint32_t level = c->bottom - 1;
    const struct chunk_id *id = id_at(c, level);
    struct tree_node *n;

    buffer_clear(&c->bytes);
    if (c->access.get(c->access.context, id, &c->bytes, e) != 0 ||
        tree_node_decode(c->bytes.data, c->bytes.size, &n, e) != 0)
        return -1;
    if (check_node(c, n, level, e) != 0) {
        tree_node_free(n);
        return -1;
    }
    c->levels[level] = (struct level){.node = n};
    c->bottom = level;
    return 0;
}

/* Steps the lowest loaded level on; gives up nodes that are done. */
static void advance(struct tree_cursor *c)
{
    while (c->bottom < c->root.height) {
        struct level *l = &c->levels[c->bottom];
        if (++l->index < l->node->count)
            return;
        release_below(c, c->bottom + 1);
    }
    c->ended = true;
}

/* Moves behind the entry that was given last. */
static void settle(struct tree_cursor *c)
{
    if (!c->given)
        return;
    c->given = false;
    advance(c);
}

int tree_cursor_peek(struct tree_cursor *c, const struct tree_entry **entry, struct error *e)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    settle(c);
    if (c->ended)
        return 0;
    while (c->bottom > 0) {
        if (descend(c, e) != 0)
            return -1;
    }
    *entry = &c->levels[0].node->entries[c->levels[0].index];
    return 1;
}

int tree_cursor_next(struct tree_cursor *c, const struct tree_entry **entry, struct error *e)
{
    int got = tree_cursor_peek(c, entry, e);

    if (got == 1)
        c->given = true;
    return got;
}

/* The first entry or child of `n` whose (last) key is at least `key`; `count` when none is. */
static uint32_t lower_bound(const struct tree_node *n, const void *key, size_t key_size)
{
    uint32_t low = 0, high = n->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        size_t size;
        const uint8_t *found = tree_node_key(n, middle, &size);
        if (tree_key_compare(found, size, key, key_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void end(struct tree_cursor *c)
{
    release_below(c, c->root.height);
    c->given = false;
    c->ended = true;
}

int tree_cursor_seek(struct tree_cursor *c, const void *key, size_t key_size, struct error *e)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    c->given = false;
    c->ended = false;
    for (uint32_t level = c->root.height; level-- > 0;) {
        if (c->bottom > level && descend(c, e) != 0)
            return -1;
        struct level *l = &c->levels[level];
        uint32_t index = lower_bound(l->node, key, key_size);
        if (index == l->node->count) { /* only in the root: other last keys are checked */
            end(c);
            return 0;
        }
        if (index != l->index)
            release_below(c, level);
        l->index = index;
    }
    return 0;
}

int tree_cursor_skip_below(struct tree_cursor *c, const void *key, size_t key_size,
                           struct error *e)
{
    struct buffer behind CLEANUP_BUFFER = BUFFER_INIT;

    OBJECT_CHECK(c, CURSOR_MAGIC);
    if (key_size == 0) {
        end(c);
        return 0;
    }
    buffer_append(&behind, key, key_size);
    buffer_append_u8(&behind, 1);
    if (buffer_check(&behind, e) != 0)
        return -1;
    return tree_cursor_seek(c, behind.data, behind.size, e);
}

bool tree_cursor_place(const struct tree_cursor *c, struct tree_place *place)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    if (!c->given)
        return false;
    place->leaf = c->levels[0].node;
    place->index = c->levels[0].index;
    place->id = *id_at(c, 0);
    place->last_leaf = true;
    for (uint32_t level = 1; level < c->root.height; level++) {
        if (c->levels[level].index + 1 < c->levels[level].node->count)
            place->last_leaf = false;
    }
    return true;
}

int tree_cursor_start_level(struct tree_cursor *c)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    settle(c);
    if (c->ended)
        return -1;
    uint32_t level = c->bottom;
    while (level < c->root.height && c->levels[level].index == 0)
        level++;
    return (int)level - 1;
}

const struct chunk_id *tree_cursor_start_id(struct tree_cursor *c, uint32_t level,
                                            struct error *e)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    ASSERT(level < c->root.height);
    while (c->bottom > level + 1) {
        if (descend(c, e) != 0)
            return NULL;
    }
    return id_at(c, level);
}

void tree_cursor_skip_node(struct tree_cursor *c, uint32_t level)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    release_below(c, level + 1);
    c->given = false;
    advance(c);
}

int tree_find(const struct chunk_access *access, const struct tree_root *root, const void *key,
              size_t key_size, struct tree_entry **entry, struct error *e)
{
    const struct tree_entry *found;
    struct tree_entry *copy = NULL;

    struct tree_cursor *c = tree_cursor_new(access, root, e);
    if (c == NULL)
        return -1;
    int got = tree_cursor_seek(c, key, key_size, e);
    if (got == 0)
        got = tree_cursor_next(c, &found, e);
    if (got == 1 && tree_key_compare(found->key, found->key_size, key, key_size) != 0)
        got = 0;
    if (got == 1) {
        copy = tree_entry_copy(found, e);
        got = copy != NULL ? 1 : -1;
    }
    tree_cursor_free(c);
    if (got == 1)
        *entry = copy;
    return got;
}
