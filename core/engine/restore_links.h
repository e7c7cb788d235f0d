/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_links.h - which names of a hard-link group were seen while restoring.  A group is
 * forgotten when all its names have passed, so that memory holds the open groups only.
 */
#ifndef CORE_ENGINE_RESTORE_LINKS_H
#define CORE_ENGINE_RESTORE_LINKS_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A group; `key` is the place's key of its first name. */
struct restore_group {
    uint8_t *key;
    size_t key_size;
    atomic_bool there; /* the first name is in place with the backup's content */
};

struct restore_links;
struct restore_links *restore_links_new(struct error *e);
/* NULL is fine. */
void restore_links_free(struct restore_links *links);
/*
 * The group `id` (16 bytes) of `names` names, met under `key`.  `*first` tells whether this is
 * its first name.  The group stays until released as often as it was taken.  For one thread.
 */
int restore_links_take(struct restore_links *links, const uint8_t id[16], uint32_t names,
                       const uint8_t *key, size_t key_size, struct restore_group **group,
                       bool *first, struct error *e);
/* From any thread; NULL is fine. */
void restore_group_release(struct restore_group *group);

#endif
