/* SPDX-License-Identifier: Apache-2.0 */
/* pack_set.h - a set of objects by hash with their lengths, 40 bytes each, sorted.  Not
 * thread-safe. */
#ifndef CORE_VAULT_PACK_SET_H
#define CORE_VAULT_PACK_SET_H

#include "vault/name.h"
#include "vault/seal.h"

struct pack_set {
    struct seal_pack *items; /* `bytes` has PACK_SET_SURE in it: use pack_set_bytes */
    size_t count, room;
};

/* The mark of an item: known to be durable. */
#define PACK_SET_SURE (UINT64_C(1) << 63)

static inline uint64_t pack_set_bytes(const struct seal_pack *item)
{
    return item->bytes & ~PACK_SET_SURE;
}
static inline bool pack_set_is_sure(const struct seal_pack *item)
{
    return (item->bytes & PACK_SET_SURE) != 0;
}

/* The item with this hash, valid until the next change, or NULL. */
struct seal_pack *pack_set_find(const struct pack_set *set, const uint8_t hash[32]);
/* Adds one, unmarked; one that is there keeps its mark and gets this length. */
int pack_set_add(struct pack_set *set, const uint8_t hash[32], uint64_t bytes, struct error *e);
/* Adds all objects of `kind` (PACK, ROLL or RUN) that a listing of `prefix` shows. */
int pack_set_list(struct pack_set *set, struct target *target, const char *prefix,
                  enum name_kind kind, struct error *e);
/* Whether it has everything that `other` has. */
bool pack_set_covers(const struct pack_set *set, const struct pack_set *other);
void pack_set_free(struct pack_set *set);

#endif
