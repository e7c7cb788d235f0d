/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune_walk.c - marks all chunks that one backup needs.  A node that was walked before, for
 * whatever backup, is not walked again.
 */
#include "driver/operation.h"
#include "vault/content_node.h"
#include "vault/prune_private.h"
#include "vault/tree_node.h"

#include <stdlib.h>
#include <string.h>

/* A node of a tree, or of a content map, on the way down. */
struct frame {
    struct tree_node *node;
    struct chunk_record *records; /* of a map */
    uint32_t level, count, next;
};

struct walk {
    struct prune_mark *mark;
    const struct seal *seal;
    struct frame tree[TREE_HEIGHT_LIMIT];
    size_t depth;
    struct frame map[CONTENT_HEIGHT_LIMIT];
    size_t map_depth;
};

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
}

/* Marks a chunk of metadata: 1 when its children are to be walked, 0 when they were, -1. */
static int mark_node(struct walk *w, const struct chunk_id *id, struct error *e)
{
    struct index_place place;
    int found;

    if (prune_mark_recalls(w->mark, id))
        return 0;
    found = prune_mark_chunk(w->mark, CHUNK_META, id, &place, e);
    if (found < 0)
        return -1;
    if (found > 0)
        prune_mark_remember(w->mark, id);
    if (found > 0 && prune_mark_walk(w->mark, &place))
        return 0;
    /* The store names the pack that it misses. */
    buffer_clear(&w->mark->scratch);
    if (store_get(w->mark->store, CHUNK_META, id, &w->mark->scratch, e) != 0)
        return -1;
    return found > 0 ? 1 : corrupt(e, "a node came to light while its pack was missing");
}

/* ---- contents ---- */

static int enter_map(struct walk *w, const struct chunk_id *id, uint32_t level, struct error *e)
{
    struct frame f = {.node = NULL};
    int walks = mark_node(w, id, e);

    if (walks <= 0)
        return walks;
    if (content_node_decode(w->mark->scratch.data, w->mark->scratch.size, &f.level, &f.records,
                            &f.count, e) != 0)
        return -1;
    if (f.level != level) {
        free(f.records);
        return corrupt(e, "a node of a content map is at a wrong level");
    }
    w->map[w->map_depth++] = f;
    return 0;
}

static int mark_data(struct walk *w, const struct chunk_record *record, struct error *e)
{
    int found;

    if (chunk_is_hole(&record->id) || prune_mark_recalls(w->mark, &record->id))
        return 0;
    found = prune_mark_chunk(w->mark, CHUNK_DATA, &record->id, NULL, e);
    /* What is lost is lost: nothing else is the less needed. */
    w->mark->missing += found == 0;
    if (found > 0)
        prune_mark_remember(w->mark, &record->id);
    return found < 0 ? -1 : 0;
}

static int step_map(struct walk *w, struct error *e)
{
    struct frame *f = &w->map[w->map_depth - 1];

    if (f->next == f->count) {
        free(f->records);
        w->map_depth--;
        return operation_check(e);
    }
    const struct chunk_record *record = &f->records[f->next++];
    return f->level == 0 ? mark_data(w, record, e) : enter_map(w, &record->id, f->level - 1, e);
}

static int mark_map(struct walk *w, const struct chunk_id *id, uint32_t height, struct error *e)
{
    int result;

    if (height == 0 || height > CONTENT_HEIGHT_LIMIT)
        return corrupt(e, "a content map has an impossible height");
    result = enter_map(w, id, height - 1, e);
    while (result == 0 && w->map_depth > 0)
        result = step_map(w, e);
    while (w->map_depth > 0)
        free(w->map[--w->map_depth].records);
    return result;
}

/* ---- trees ---- */

static int mark_metadata(struct walk *w, const struct tree_entry *entry, struct error *e)
{
    struct chunk_id id;
    struct reader value;
    int found;

    if (!tree_further_find(entry, TREE_FURTHER_METADATA_CHUNK, &value))
        return 0;
    const uint8_t *bytes = reader_take(&value, CHUNK_ID_SIZE);
    if (bytes == NULL)
        return corrupt(e, "the reference to an entry's metadata is damaged");
    memcpy(id.bytes, bytes, CHUNK_ID_SIZE);
    found = prune_mark_chunk(w->mark, CHUNK_META, &id, NULL, e);
    w->mark->missing += found == 0;
    return found < 0 ? -1 : 0;
}

static int mark_entry(struct walk *w, const struct tree_entry *entry, struct error *e)
{
    const struct content *c = &entry->content;

    if (c->height > 0) {
        if (mark_map(w, &c->records[0].id, c->height, e) != 0)
            return -1;
    } else {
        for (uint32_t i = 0; i < c->count; i++)
            if (mark_data(w, &c->records[i], e) != 0)
                return -1;
    }
    return mark_metadata(w, entry, e);
}

static int enter(struct walk *w, const struct chunk_id *id, uint32_t level, struct error *e)
{
    struct frame f = {.level = level};
    int walks = mark_node(w, id, e);

    if (walks <= 0)
        return walks;
    if (tree_node_decode(w->mark->scratch.data, w->mark->scratch.size, &f.node, e) != 0)
        return -1;
    if (tree_node_level(f.node) != level) {
        tree_node_free(f.node);
        return corrupt(e, "a node of a tree is at a wrong level");
    }
    w->tree[w->depth++] = f;
    return operation_check(e);
}

static int step(struct walk *w, struct error *e)
{
    struct frame *f = &w->tree[w->depth - 1];
    const uint8_t *key;
    size_t key_size;
    struct chunk_id id;
    uint64_t entries, bytes;

    if (f->next == tree_node_count(f->node)) {
        tree_node_free(f->node);
        w->depth--;
        return 0;
    }
    if (f->level == 0)
        return mark_entry(w, tree_node_entry(f->node, f->next++), e);
    tree_node_child(f->node, f->next++, &key, &key_size, &id, &entries, &bytes);
    return enter(w, &id, f->level - 1, e);
}

int prune_walk(struct prune_mark *m, const struct seal *seal, struct error *e)
{
    struct walk w = {.mark = m, .seal = seal};
    int result;

    if (seal->root.height == 0 || seal->root.height > TREE_HEIGHT_LIMIT)
        result = corrupt(e, "its tree has an impossible height");
    else
        result = enter(&w, &seal->root.id, seal->root.height - 1, e);
    while (result == 0 && w.depth > 0)
        result = step(&w, e);
    while (w.depth > 0)
        tree_node_free(w.tree[--w.depth].node);
    if (result == 0)
        return 0;
    return error_context(e, "nothing was pruned, as it is not known what backup %s needs",
                         seal->id);
}
