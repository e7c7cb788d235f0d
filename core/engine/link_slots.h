/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_slots.h - contents with several names, while a backup runs: the first name is read, the
 * others take its content over.  The join looks slots up, the collector fills them; a slot goes
 * when all its names were seen.  At most LINK_SLOTS_LIMIT are open at a time; beyond that names
 * are read again.
 */
#ifndef CORE_ENGINE_LINK_SLOTS_H
#define CORE_ENGINE_LINK_SLOTS_H

#include "vault/content.h"

#include <lagan/source.h>

enum { LINK_SLOTS_LIMIT = 65536 };

/* The content of one inode.  Filled once by the collector; used by the collector only. */
struct link_slot {
    bool failed;  /* nothing was read under the first name: the others see for themselves */
    bool changed; /* it changed while it was read, every time */
    uint64_t bytes;
    struct content content; /* its records are `records` */
    struct chunk_record *records;
};

struct link_slots;

struct link_slots *link_slots_new(struct error *e);
/* NULL is fine. */
void link_slots_free(struct link_slots *slots);
/* The slot of the content that `entry` (as the walk found it) is a name of.  `*first` tells
 * whether this name is the first, that is the one to be read.  An entry with a known id that
 * looks different (time, length or stamp) is another content: ids are used again when files go.
 * NULL when it has one name, or when there is no room: read the entry as if it had one name.
 * Each slot handed out is given back with link_slot_release.  For one thread. */
struct link_slot *link_slots_take(struct link_slots *slots, const struct lagan_entry *entry,
                                  bool *first);
/* Keeps a copy of the content.  For the collector. */
int link_slot_fill(struct link_slot *slot, const struct content *content, uint64_t bytes,
                   struct error *e);
/* Gives back what link_slots_take handed out; from any thread.  NULL is fine. */
void link_slot_release(struct link_slot *slot);

#endif
