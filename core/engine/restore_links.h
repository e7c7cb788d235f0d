/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_links.h - which names of a hard-link group were seen while restoring.  A group is
 * forgotten when all its names have passed, so that memory holds the open groups only.
 */
#ifndef CORE_ENGINE_RESTORE_LINKS_H
#define CORE_ENGINE_RESTORE_LINKS_H

#include "vault/tree.h"

#include <stdatomic.h>

/* A group; `key` is the place's key of the name that the others become links to. */
struct restore_group {
    uint8_t *key;
    size_t key_size;
    atomic_bool there; /* that name is in place with the backup's content */
};

struct restore_links;
struct restore_links *restore_links_new(struct error *e);
/* NULL is fine. */
void restore_links_free(struct restore_links *links);
/*
 * The group `id` (16 bytes) that `entry` is a name of.  `*first` tells whether this is its
 * first name.  An entry that is not what the others are (type, content, target, device) starts
 * a group of its own: ids may be used again while a backup runs.  The group stays until
 * released as often as it was taken.  For one thread.
 */
int restore_links_take(struct restore_links *links, const uint8_t id[16],
                       const struct tree_entry *entry, struct restore_group **group,
                       bool *first, struct error *e);
/* A further name is in place by itself, since the one before it is not: later ones become links
 * to it.  For the thread that reads `key`. */
void restore_group_move(struct restore_group *group, const uint8_t *key, size_t key_size);
/* From any thread; NULL is fine. */
void restore_group_release(struct restore_group *group);

#endif
