/* SPDX-License-Identifier: Apache-2.0 */
/* tree_cursor.h - what builders and diffs see of a cursor: the nodes it stands in. */
#ifndef CORE_VAULT_TREE_CURSOR_H
#define CORE_VAULT_TREE_CURSOR_H

#include "vault/tree_node.h"

/* Where the entry stands that tree_cursor_next gave last. */
struct tree_place {
    struct tree_node *leaf; /* the cursor's reference */
    struct chunk_id id;     /* of the leaf */
    uint32_t index;         /* in the leaf */
    bool last_leaf;         /* no leaf follows in the tree */
};
/* False when tree_cursor_next has not given an entry, or a seek came after it. */
bool tree_cursor_place(const struct tree_cursor *c, struct tree_place *place);

/* The entry that the next step will give, without stepping: 1, 0 at the end, -1. */
int tree_cursor_peek(struct tree_cursor *c, const struct tree_entry **entry, struct error *e);

/* The highest level at which the next entry is the first one of a node, -1 when of none (or at
 * the end). */
int tree_cursor_start_level(struct tree_cursor *c);
/* The id of the node at `level` (<= tree_cursor_start_level) that starts with the next entry;
 * may read nodes above it, but not the node itself.  NULL on failure. */
const struct chunk_id *tree_cursor_start_id(struct tree_cursor *c, uint32_t level,
                                            struct error *e);
/* Passes over that node unread. */
void tree_cursor_skip_node(struct tree_cursor *c, uint32_t level);

#endif
