/* SPDX-License-Identifier: Apache-2.0 */
/* seal_scan.h - all seals and tombstones of a vault, listed and then loaded on several threads.
 */
#ifndef CORE_VAULT_SEAL_SCAN_H
#define CORE_VAULT_SEAL_SCAN_H

#include "vault/cache.h"
#include "vault/name.h"
#include "vault/seal_codec.h"

enum seal_state {
    SEAL_UNREAD,
    SEAL_VALID,   /* `seal` or `tombstone` holds it */
    SEAL_DAMAGED, /* `why` says how */
    SEAL_ABSENT   /* was removed after the listing */
};

struct seal_entry {
    char name[56]; /* without "seals/" */
    bool gone;     /* a tombstone */
    bool wanted;   /* for the next load */
    uint64_t id;
    uint64_t bytes;
    enum seal_state state;
    struct seal *seal;
    struct tombstone tombstone;
    struct error why;
};

/* In the order of their names; a tombstone stands right behind its seal. */
struct seal_scan {
    struct seal_entry *entries;
    size_t count;
};

/* Lists; nothing is wanted yet. */
int seal_scan_list(struct vault *v, struct seal_scan *scan, struct error *e);
/* Loads the wanted entries that are unread, from `cache` (NULL = from the target only) or the
 * target. Fails for what cannot be reached, not for what is damaged. */
int seal_scan_load(struct vault *v, struct seal_scan *scan, struct cache *cache,
                   struct error *e);
void seal_scan_free(struct seal_scan *scan);

/* The tombstone of the seal `index`, or NULL. */
struct seal_entry *seal_scan_tombstone(const struct seal_scan *scan, size_t index);

#define SEAL_CACHE_FOLDER "seals"

#endif
