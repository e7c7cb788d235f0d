/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_cache.h - raw blocks of packs in memory: each is read and decoded once, however many
 * threads want it, and stays while there is room.  Blocks that follow each other are read
 * together.
 */
#ifndef CORE_VAULT_BLOCK_CACHE_H
#define CORE_VAULT_BLOCK_CACHE_H

#include "vault/pack.h"

struct block_cache;

/* Keeps at most `memory_bytes` beside the blocks in use. */
struct block_cache *block_cache_new(struct vault *v, size_t memory_bytes, struct error *e);
/* NULL is fine. */
void block_cache_free(struct block_cache *c);

/* Appends the chunk `chunk` of `pack` to `out`, its id checked.  `number`: the pack's name
 * among those of this cache.  Errors name the pack.  Thread-safe. */
int block_cache_chunk(struct block_cache *c, const struct pack *pack, uint32_t number,
                      uint32_t chunk, struct buffer *out, struct error *e);

#endif
