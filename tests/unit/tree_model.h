/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_model.h - maps that tests make trees of: keys from numbers, and for each key a version
 * from which its entry follows.
 */
#ifndef TESTS_UNIT_TREE_MODEL_H
#define TESTS_UNIT_TREE_MODEL_H

#include "chunk_map.h"
#include "vault/tree.h"

extern const uint8_t model_node_key[32];

/* Parts of an entry that change independently, as bits of a version. */
enum {
    VERSION_CONTENT = 1, /* ... and up: the number of the content */
    VERSION_ATTRIBUTES = 1 << 8,
    VERSION_STAMP = 1 << 16
};

struct model_item {
    char key[64];
    size_t key_size;
    uint32_t version;
};

/* Sorted by key. */
struct model {
    struct model_item *items;
    size_t count;
    uint32_t weight; /* bytes of a further TLV that every 16th entry has besides; 0 = none */
};

/* `count` entries whose keys and versions follow from `seed`. */
void model_make(struct model *m, size_t count, uint64_t seed);
void model_free(struct model *m);
#define CLEANUP_MODEL __attribute__((cleanup(model_free)))

/* Changes, adds and removes some; `before` is left alone. */
void model_edit(const struct model *before, struct model *after, uint32_t edits, uint64_t seed);

/* The entry of an item, with room for what it points to. */
struct model_entry {
    struct tree_entry entry;
    struct chunk_record records[CONTENT_INLINE_LIMIT];
    uint8_t stamp[32];
    char user[16], group[16];
    struct buffer further;
};
void model_entry_set(struct model_entry *to, const struct model *m,
                     const struct model_item *item);

/* All members equal. */
bool model_entry_equal(const struct tree_entry *a, const struct tree_entry *b);

/* Builds from nothing. */
void model_build(const struct model *m, struct chunk_map *map, struct tree_root *root);
/* Builds from the tree of `before`: what did not change is taken over. */
void model_rebuild(const struct model *before, const struct model *after, struct chunk_map *map,
                   const struct tree_root *old, struct tree_root *root);

#endif
