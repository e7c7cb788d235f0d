/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the sorted map from keys to entries that a backup is.  Format: doc/format.md
 * section 8.
 *
 * A tree is built from entries in ascending key order and read by cursors.  A builder that is
 * fed from a cursor over an older tree takes over unchanged nodes whole, without encoding or
 * storing them.  Memory is that of a few nodes per level, whatever the number of entries.
 */
#ifndef CORE_VAULT_TREE_H
#define CORE_VAULT_TREE_H

#include "vault/content.h"

/* One entry.  Members as in struct lagan_entry.  All pointers belong to whoever made the entry:
 * for one from a cursor they are valid until the cursor's next step. */
struct tree_entry {
    const uint8_t *key;
    size_t key_size;
    uint32_t type;    /* enum lagan_entry_type */
    uint64_t present; /* LAGAN_HAS_... */
    uint32_t mode;
    uint32_t user;
    uint32_t group;
    uint32_t links;
    const char *user_name; /* NULL = none */
    const char *group_name;
    uint64_t bytes; /* length of the content as stored */
    int64_t mtime_s;
    uint32_t mtime_ns;
    const uint8_t *stamp;
    size_t stamp_size;
    struct content content;
    /* Further TLVs of doc/format.md section 8 in ascending order of type, encoded; see
     * tree_further_... */
    const uint8_t *further;
    size_t further_size;
};

/* Types of further TLVs. */
enum tree_further {
    TREE_FURTHER_LINK = 1,
    TREE_FURTHER_DEVICE = 2,
    TREE_FURTHER_LINK_GROUP = 3,
    TREE_FURTHER_METADATA = 4,
    TREE_FURTHER_METADATA_CHUNK = 5,
    TREE_FURTHER_ERROR = 6,
    TREE_FURTHER_WARNINGS = 7
};
enum { TREE_WARNING_CHANGED = 1, TREE_WARNING_METADATA_LOST = 2 };

/* Finds a further TLV; false when the entry has none of that type. */
bool tree_further_find(const struct tree_entry *entry, uint16_t type, struct reader *value);

/* Where a tree starts; what a seal records. */
struct tree_root {
    uint32_t height; /* level of the root node + 1 */
    struct chunk_id id;
    uint64_t entries;
    uint64_t bytes;
};

/* Compares keys as unsigned bytes, a prefix first: <0, 0, >0. */
int tree_key_compare(const void *a, size_t a_size, const void *b, size_t b_size);

/* Reads entries in ascending key order.  `access` (copied): get.  What nodes say of each other
 * is checked as they are read: corrupt when it does not agree. */
struct tree_cursor;
struct tree_cursor *tree_cursor_new(const struct chunk_access *access,
                                    const struct tree_root *root, struct error *e);
void tree_cursor_free(struct tree_cursor *c);
/* Steps to the next entry: 1 and `*entry`, 0 at the end, -1 on failure. The first call gives
 * the first entry. */
int tree_cursor_next(struct tree_cursor *c, const struct tree_entry **entry, struct error *e);
/* Makes the next tree_cursor_next give the first entry whose key is >= `key`. */
int tree_cursor_seek(struct tree_cursor *c, const void *key, size_t key_size, struct error *e);
/* Makes the next step pass over all entries below the directory `key` (those that start with
 * key and a zero byte; with an empty key, everything). */
int tree_cursor_skip_below(struct tree_cursor *c, const void *key, size_t key_size,
                           struct error *e);

/* Looks one key up: 1 found (a copy that tree_entry_free frees), 0 not, -1 failure. */
int tree_find(const struct chunk_access *access, const struct tree_root *root, const void *key,
              size_t key_size, struct tree_entry **entry, struct error *e);
/* A deep copy; NULL when memory runs out. */
struct tree_entry *tree_entry_copy(const struct tree_entry *entry, struct error *e);
void tree_entry_free(struct tree_entry *entry);

/* Builds a tree. */
struct tree_builder;
/* `node_key`: K(node).  `access` (copied): put. */
struct tree_builder *tree_builder_new(const struct chunk_access *access,
                                      const uint8_t node_key[32], struct error *e);
void tree_builder_free(struct tree_builder *b);
/* Adds an entry.  Everything is copied.  INVALID when its key is not greater than the last one,
 * or a member is beyond what doc/format.md section 8 allows: type 0, mode over 12 bits, stamp
 * over LAGAN_STAMP_SIZE, records whose lengths do not add up to `bytes`, further TLVs out of
 * order. LIMIT when it is too large for a node.  After a failure the builder can only be freed.
 */
int tree_builder_add(struct tree_builder *b, const struct tree_entry *entry, struct error *e);
/* Adds the entry that `c` gave last, unchanged.  When all entries of a leaf of the older tree
 * are added this way and the new leaf starts where the old one did, the old leaf is reused as
 * it is. */
int tree_builder_add_unchanged(struct tree_builder *b, struct tree_cursor *c, struct error *e);
/* Ends the tree (at least one entry). */
int tree_builder_finish(struct tree_builder *b, struct tree_root *root, struct error *e);

/* What differs between two trees; equal nodes are passed over unread.  CONTENT: the records
 * differ. ATTRIBUTES: anything else does, but for the stamp, which alone is no change. */
enum tree_change {
    TREE_ADDED = '+',
    TREE_REMOVED = '-',
    TREE_CONTENT = 'M',
    TREE_ATTRIBUTES = 'U'
};
/* `before` or `after` is NULL for added and removed.  A result other than 0 ends the walk with
 * it. */
typedef int tree_diff_function(void *context, enum tree_change change,
                               const struct tree_entry *before, const struct tree_entry *after,
                               struct error *e);
int tree_diff(const struct chunk_access *access, const struct tree_root *before,
              const struct tree_root *after, tree_diff_function *each, void *context,
              struct error *e);

/* A decoded node, for verify, fuzzing and the cursors.  Corrupt on anything that section 8 does
 * not allow: order, counts, sizes, trailing bytes. */
struct tree_node;
int tree_node_decode(const void *data, size_t size, struct tree_node **node, struct error *e);
void tree_node_free(struct tree_node *n);
uint32_t tree_node_level(const struct tree_node *n);
uint32_t tree_node_count(const struct tree_node *n);
/* Of a leaf; valid until the next call with this node. */
const struct tree_entry *tree_node_entry(struct tree_node *n, uint32_t index);
/* Of an inner node. */
void tree_node_child(const struct tree_node *n, uint32_t index, const uint8_t **last_key,
                     size_t *last_key_size, struct chunk_id *id, uint64_t *entries,
                     uint64_t *bytes);

#endif
