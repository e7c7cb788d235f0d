/* SPDX-License-Identifier: Apache-2.0 */
/* id_set.h - a set of chunk ids, or of other hashes, by their first 16 bytes.  One thread at a
 * time. */
#ifndef CORE_VAULT_ID_SET_H
#define CORE_VAULT_ID_SET_H

#include "vault/chunk.h"

/* `{0}` is an empty set. */
struct id_set {
    uint8_t (*slots)[16]; /* all zeroes = free */
    size_t room;          /* 0 or a power of two */
    size_t count;
};

bool id_set_has(const struct id_set *set, const struct chunk_id *id);
int id_set_add(struct id_set *set, const struct chunk_id *id, struct error *e);
void id_set_free(struct id_set *set);

#endif
