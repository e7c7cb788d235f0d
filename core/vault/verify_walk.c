/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_walk.c - the walk over one tree.  A node that was found whole, with everything below
 * it, is not looked at again, in whatever backup it stands; one with damage below is, so that
 * each backup that is hurt is named.
 */
#include "driver/operation.h"
#include "vault/tree_node.h"
#include "vault/verify_private.h"

#include <string.h>

/* A node on the way down. */
struct frame {
    struct chunk_id mark;
    struct tree_node *node;
    uint32_t next;
    bool hurt; /* it, or something below it */
};

struct tree_walk {
    struct verify_walk *walk;
    struct frame frames[TREE_HEIGHT_LIMIT];
    size_t depth;
    struct buffer last; /* the last key passed */
    bool started;
};

/* What the node above, or the seal, says of a node. */
struct claim {
    struct chunk_id id;
    uint32_t level;
    uint64_t entries;
    uint64_t bytes;
    const uint8_t *key; /* the last below it; NULL = nothing said */
    size_t key_size;
};

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "tree: %s", why);
}

/* One child or entry of a node, as far as sums and order go. */
static void describe(struct tree_node *node, uint32_t i, struct claim *c)
{
    if (tree_node_level(node) > 0) {
        tree_node_child(node, i, &c->key, &c->key_size, &c->id, &c->entries, &c->bytes);
        c->level = tree_node_level(node) - 1;
    } else {
        const struct tree_entry *entry = tree_node_entry(node, i);

        *c = (struct claim){.entries = 1,
                            .bytes = entry->bytes,
                            .key = entry->key,
                            .key_size = entry->key_size};
    }
}

/* Whether sums and the last key are what was claimed. */
static bool keeps(struct tree_node *node, const struct claim *claim)
{
    uint64_t entries = 0, bytes = 0;
    struct claim item = {.key = NULL};

    if (tree_node_level(node) != claim->level || tree_node_count(node) == 0)
        return false;
    for (uint32_t i = 0; i < tree_node_count(node); i++) {
        describe(node, i, &item);
        if (__builtin_add_overflow(entries, item.entries, &entries) ||
            __builtin_add_overflow(bytes, item.bytes, &bytes))
            return false;
    }
    return entries == claim->entries && bytes == claim->bytes &&
           (claim->key == NULL ||
            tree_key_compare(item.key, item.key_size, claim->key, claim->key_size) == 0);
}

/* What stands for a node in the set of those found whole: it has to be whole and to be what was
 * claimed, so that another claim on the same node is judged anew. */
static void mark_of(const struct claim *claim, struct chunk_id *mark)
{
    uint8_t numbers[4 + 8 + 8];
    struct hash h;

    store_u32(numbers, claim->level);
    store_u64(numbers + 4, claim->entries);
    store_u64(numbers + 12, claim->bytes);
    hash_begin(&h);
    hash_update(&h, claim->id.bytes, sizeof(claim->id.bytes));
    hash_update(&h, numbers, sizeof(numbers));
    if (claim->key != NULL)
        hash_update(&h, claim->key, claim->key_size);
    hash_finish(&h, mark->bytes);
}

static int pass_key(struct tree_walk *t, const uint8_t *key, size_t size, struct error *e)
{
    buffer_clear(&t->last);
    buffer_append(&t->last, key, size);
    t->started = true;
    return buffer_check(&t->last, e);
}

static int read_node(struct verify_walk *w, const struct claim *claim, struct tree_node **node,
                     struct error *e)
{
    buffer_clear(&w->scratch);
    if (w->access.get(w->access.context, &claim->id, &w->scratch, e) != 0 ||
        tree_node_decode(w->scratch.data, w->scratch.size, node, e) != 0)
        return -1;
    if (keeps(*node, claim))
        return 0;
    tree_node_free(*node);
    return corrupt(e, "a node is not what the one above says");
}

/* The key of the entry at hand, or the one before the entries that are lost. */
static void note_first(struct verify_walk *w, const uint8_t *key, size_t size)
{
    if (w->hurt == 0)
        buffer_append(&w->first, key, size);
}

static int lose_node(struct tree_walk *t, const struct claim *claim, const struct error *why,
                     struct error *e)
{
    if (verify_walk_judge(t->walk, why, e) != 0)
        return -1;
    note_first(t->walk, claim->key != NULL ? claim->key : (const uint8_t *)"", claim->key_size);
    t->walk->hurt += claim->entries;
    if (t->depth > 0)
        t->frames[t->depth - 1].hurt = true;
    return claim->key != NULL ? pass_key(t, claim->key, claim->key_size, e) : 0;
}

/* Goes down into a node, unless it was found whole before. */
static int enter(struct tree_walk *t, const struct claim *claim, struct error *e)
{
    struct error why = ERROR_INIT;
    struct tree_node *node;
    struct chunk_id mark;

    if (operation_check(e) != 0)
        return -1;
    mark_of(claim, &mark);
    if (id_set_has(t->walk->visited, &mark))
        return claim->key != NULL ? pass_key(t, claim->key, claim->key_size, e) : 0;
    if (read_node(t->walk, claim, &node, &why) != 0)
        return lose_node(t, claim, &why, e);
    t->frames[t->depth++] = (struct frame){.mark = mark, .node = node};
    return verify_walk_chunk(t->walk, CHUNK_META, &claim->id, t->walk->scratch.size, e);
}

static int leave(struct tree_walk *t, struct error *e)
{
    struct frame *f = &t->frames[--t->depth];

    tree_node_free(f->node);
    if (!f->hurt)
        return id_set_add(t->walk->visited, &f->mark, e);
    if (t->depth > 0)
        t->frames[t->depth - 1].hurt = true;
    return 0;
}

/* Metadata that is too large to stand in the entry. */
static int check_metadata(struct verify_walk *w, const struct tree_entry *entry,
                          struct error *e)
{
    struct error why = ERROR_INIT;
    struct chunk_id id;
    struct reader value;
    const uint8_t *bytes;
    uint32_t size;

    if (!tree_further_find(entry, TREE_FURTHER_METADATA_CHUNK, &value))
        return 0;
    bytes = reader_take(&value, CHUNK_ID_SIZE);
    size = reader_u32(&value);
    if (!reader_done(&value)) {
        corrupt(&why, "the reference to an entry's metadata is damaged");
        return verify_walk_judge(w, &why, e);
    }
    memcpy(id.bytes, bytes, CHUNK_ID_SIZE);
    return verify_walk_chunk(w, CHUNK_META, &id, size, e);
}

static int check_order(struct tree_walk *t, const struct tree_entry *entry, struct error *e)
{
    struct error why = ERROR_INIT;

    if (t->started &&
        tree_key_compare(t->last.data, t->last.size, entry->key, entry->key_size) >= 0) {
        corrupt(&why, "its entries are not in order");
        if (verify_walk_judge(t->walk, &why, e) != 0)
            return -1;
    }
    return pass_key(t, entry->key, entry->key_size, e);
}

static int check_entry(struct tree_walk *t, struct frame *f, const struct tree_entry *entry,
                       struct error *e)
{
    struct verify_walk *w = t->walk;

    w->entry_hurt = false;
    if (check_order(t, entry, e) != 0 || verify_walk_content(w, entry, e) != 0 ||
        check_metadata(w, entry, e) != 0)
        return -1;
    if (w->entry_hurt) {
        note_first(w, entry->key, entry->key_size);
        w->hurt++;
        f->hurt = true;
    }
    w->check->result.entries++;
    return 0;
}

static int step(struct tree_walk *t, struct error *e)
{
    struct frame *f = &t->frames[t->depth - 1];
    struct claim claim = {.key = NULL};

    if (f->next == tree_node_count(f->node))
        return leave(t, e);
    if (tree_node_level(f->node) == 0)
        return check_entry(t, f, tree_node_entry(f->node, f->next++), e);
    describe(f->node, f->next++, &claim);
    return enter(t, &claim, e);
}

int verify_walk_tree(struct verify_walk *w, struct error *e)
{
    const struct tree_root *root = &w->seal->root;
    struct claim claim = {root->id, root->height - 1, root->entries, root->bytes, NULL, 0};
    struct tree_walk t = {.walk = w};
    struct error why = ERROR_INIT;
    int result;

    if (root->height == 0 || root->height > TREE_HEIGHT_LIMIT) {
        corrupt(&why, "its height is impossible");
        return lose_node(&t, &claim, &why, e);
    }
    result = enter(&t, &claim, e);
    while (result == 0 && t.depth > 0)
        result = step(&t, e);
    while (t.depth > 0)
        tree_node_free(t.frames[--t.depth].node);
    buffer_free(&t.last);
    return result;
}
