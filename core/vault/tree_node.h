/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_node.h - what the files of trees share: limits, the columns of nodes, decoded nodes, and
 * where nodes end.  Format: doc/format.md section 8.
 */
#ifndef CORE_VAULT_TREE_NODE_H
#define CORE_VAULT_TREE_NODE_H

#include "crypto/hash.h"
#include "vault/tree.h"

#include <lagan/source.h>

enum {
    TREE_NODE_MAGIC_BYTE = 0x54,
    TREE_NODE_VERSION = 1,
    TREE_COUNT_LIMIT = 512, /* entries of a node; chunk_boundary ends it there */
    TREE_HEIGHT_LIMIT = 16,
    TREE_NODE_WEIGHT = 256 << 10, /* a node of two entries or more ends at this weight */
    TREE_ENTRY_WEIGHT = 16,       /* of an entry beside its key, records and further TLVs */
    TREE_RECORD_WEIGHT = 40,
    TREE_ENTRY_WEIGHT_LIMIT = 4 << 20,
    TREE_STAMP_LIMIT = 32,
    TREE_NAME_LIMIT = 1024, /* bytes of an owner's name */
    TREE_MODE_LIMIT = 07777,
    TREE_NANOSECOND_LIMIT = 999999999
};

/* Types of columns. */
enum tree_column {
    COLUMN_KEY = 1,
    COLUMN_TYPE = 2,
    COLUMN_PRESENT = 3,
    COLUMN_MODE = 4,
    COLUMN_USER = 5,
    COLUMN_GROUP = 6,
    COLUMN_BYTES = 7,
    COLUMN_MTIME = 8,
    COLUMN_MTIME_NS = 9,
    COLUMN_LINKS = 10,
    COLUMN_STAMP_SIZE = 11,
    COLUMN_STAMP = 12,
    COLUMN_FURTHER = 13,
    COLUMN_NAMES = 14,
    COLUMN_CONTENT = 15,
    COLUMN_RECORD_BYTES = 16,
    COLUMN_RECORD_ID = 17,
    COLUMN_CHILD_ID = 18,
    COLUMN_CHILD_ENTRIES = 19,
    COLUMN_CHILD_BYTES = 20,
    COLUMN_COUNT
};

/* The columns of a leaf that hold one plain number of an entry: X(column, member of struct
 * tree_entry, type of the member, largest value). */
#define TREE_NUMBER_COLUMNS(X)                                                                 \
    X(COLUMN_PRESENT, present, uint64_t, UINT64_MAX)                                           \
    X(COLUMN_MODE, mode, uint32_t, TREE_MODE_LIMIT)                                            \
    X(COLUMN_USER, user, uint32_t, UINT32_MAX)                                                 \
    X(COLUMN_GROUP, group, uint32_t, UINT32_MAX)                                               \
    X(COLUMN_BYTES, bytes, uint64_t, UINT64_MAX)                                               \
    X(COLUMN_MTIME_NS, mtime_ns, uint32_t, TREE_NANOSECOND_LIMIT)                              \
    X(COLUMN_LINKS, links, uint32_t, UINT32_MAX)

/* Owners' names in a node: kinds of COLUMN_NAMES. */
enum tree_owner { TREE_OWNER_USER = 0, TREE_OWNER_GROUP = 1 };

/* One node below an inner node.  The key is the last one below it and belongs to whoever made
 * this. */
struct tree_child {
    const uint8_t *key;
    size_t key_size;
    struct chunk_id id;
    uint64_t entries;
    uint64_t bytes;
};

/* A decoded node.  One block of memory; counted references, since a builder may keep what a
 * cursor has left.  Used by one thread. */
struct tree_node {
    uint32_t magic;
    uint32_t references;
    uint32_t level;
    uint32_t count;
    uint64_t entry_total; /* below this node */
    uint64_t byte_total;
    size_t weight;
    struct tree_entry *entries;  /* of a leaf */
    struct tree_child *children; /* of an inner node */
};

enum { TREE_NODE_MAGIC = 0x444f4e54 };

/* A further reference; tree_node_free gives one back. */
struct tree_node *tree_node_keep(struct tree_node *n);
/* The key of entry or child `index`. */
const uint8_t *tree_node_key(const struct tree_node *n, uint32_t index, size_t *size);

/* What of a node's bytes is before and in its columns.  A column that is left out is an empty
 * reader. */
struct tree_columns {
    uint32_t level;
    uint32_t count;
    struct reader column[COLUMN_COUNT];
};
/* Checks the head of a node and finds its columns.  Corrupt, or newer-format. */
int tree_columns_find(struct tree_columns *columns, const void *data, size_t size,
                      struct error *e);
/* CORRUPT with "tree node: " and `what`. */
int tree_node_corrupt(struct error *e, const char *what);
/* Total size of all keys once expanded.  Corrupt when sizes do not fit, or the node goes on
 * behind its greatest weight. */
int tree_keys_measure(const struct tree_columns *columns, size_t *size, struct error *e);
/* Expands keys one behind the other into `to`, which has the room that was measured. */
struct tree_key_walk {
    struct reader column;    /* measured */
    const uint8_t *previous; /* NULL at first */
    size_t previous_size;
    uint8_t *to;
};
/* False when the key is not greater than the one before, or not written the shortest way. */
bool tree_key_next(struct tree_key_walk *walk, const uint8_t **key, size_t *size);
/* Decodes a leaf whose columns were found. */
struct tree_node *tree_leaf_decode(const struct tree_columns *columns, struct error *e);

/* The sum that doc/format.md section 8 bounds nodes by: of an entry, and of a child of an inner
 * node. SIZE_MAX when it is beyond TREE_ENTRY_WEIGHT_LIMIT. */
size_t tree_entry_weight(const struct tree_entry *entry);
size_t tree_child_weight(size_t key_size);
/* Whether a node of `count` entries must end by its weight. */
bool tree_weight_ends(uint32_t count, size_t weight);

/* Where nodes end: a hash that has taken in the vault's secret key K(node). */
struct tree_boundary {
    struct hash keyed;
};
void tree_boundary_set(struct tree_boundary *boundary, const uint8_t node_key[32]);
/* Whether a node at `level` with `count` entries of `weight` in all ends behind its entry
 * `key`. */
bool tree_boundary_ends(const struct tree_boundary *boundary, uint32_t level, uint32_t count,
                        size_t weight, const void *key, size_t key_size);

/* Checks further TLVs: order, and the sizes of those that are known.  False when they are
 * wrong. */
bool tree_further_valid(const void *data, size_t size);

/* A varint from a column; those of one byte, nearly all, in place. */
static inline uint64_t tree_column_varint(struct reader *r)
{
    if (r->left > 0 && *r->next < 0x80) {
        r->left--;
        return *r->next++;
    }
    return reader_varint(r);
}

#endif
