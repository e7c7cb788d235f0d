/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_writer.h - nodes of trees being filled, column by column.  Format: doc/format.md
 * section 8. Encodings are canonical: the same entries always give the same bytes.
 */
#ifndef CORE_VAULT_TREE_WRITER_H
#define CORE_VAULT_TREE_WRITER_H

#include "vault/tree_node.h"

/* A leaf being filled. */
struct leaf_writer;
struct leaf_writer *leaf_writer_new(struct error *e);
void leaf_writer_free(struct leaf_writer *w);
/* Copies an entry into the columns; fewer than TREE_COUNT_LIMIT are in there.  INVALID when a
 * member is out of range, LIMIT when the entry is too large for any node. */
int leaf_writer_add(struct leaf_writer *w, const struct tree_entry *entry, struct error *e);
/* What the leaf holds so far; the key is its last one. */
struct leaf_sums {
    uint32_t count;
    size_t weight;
    uint64_t bytes;
    const uint8_t *key;
    size_t key_size;
};
struct leaf_sums leaf_writer_sums(const struct leaf_writer *w);
/* Appends the node's bytes to `out` and empties the leaf. */
int leaf_writer_end(struct leaf_writer *w, struct buffer *out, struct error *e);

/* Appends an inner node of `count` children, whose keys ascend, to `out`. */
int inner_node_encode(struct buffer *out, uint32_t level, const struct tree_child *children,
                      uint32_t count, struct error *e);

#endif
