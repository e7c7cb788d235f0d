/* SPDX-License-Identifier: Apache-2.0 */
/* entry_copy.h - a struct lagan_entry that owns all it points to, and its way into a tree. */
#ifndef CORE_ENGINE_ENTRY_COPY_H
#define CORE_ENGINE_ENTRY_COPY_H

#include "base/buffer.h"
#include "vault/tree.h"

#include <lagan/source.h>

/* `{0}` is empty and can be set again and again; the memory is kept. */
struct entry_copy {
    struct lagan_entry entry;
    struct buffer bytes; /* everything that `entry` points to */
};

/* Copies `from` (nothing of it is kept) but its pieces. */
int entry_copy_set(struct entry_copy *copy, const struct lagan_entry *from, struct error *e);
/* Frees the memory; the copy is empty again.  NULL is fine. */
void entry_copy_free(struct entry_copy *copy);

/* A collector that sets `copy` to the last entry it is given. */
struct lagan_entry_collector entry_copy_collector(struct entry_copy *copy);

/* Whether entries of this type have content to be read. */
bool entry_has_content(uint32_t type);

/*
 * The attributes of `entry` as those of a tree's entry without content and further TLVs.
 * Pointers are shared with `entry`.
 */
void entry_to_tree(const struct lagan_entry *entry, struct tree_entry *tree);
/* The reverse, for restore: symlink target and device numbers come from the further TLVs. */
void entry_from_tree(const struct tree_entry *tree, struct lagan_entry *entry, char *link_room,
                     size_t link_room_size);
/* Appends the metadata of a tree's entry to `out`, encoded as in doc/format.md section 8;
 * nothing when it has none.  Only `get` of `access` is used.  INTEGRITY. */
int entry_metadata_fetch(const struct chunk_access *access, const struct tree_entry *entry,
                         struct buffer *out, struct error *e);

#endif
