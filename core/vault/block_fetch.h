/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_fetch.h - stored bytes of blocks from the target.  Whoever reads a pack block after
 * block gets the following ones with the same call.
 */
#ifndef CORE_VAULT_BLOCK_FETCH_H
#define CORE_VAULT_BLOCK_FETCH_H

#include "base/spare.h"
#include "vault/pack.h"

struct block_fetch;

/* `spares` outlives the result. */
struct block_fetch *block_fetch_new(struct target *target, struct spare_pool *spares,
                                    struct error *e);
/* NULL is fine. */
void block_fetch_free(struct block_fetch *f);

/* Puts the stored bytes of block `block` into `sealed`, which has room for them.  `number`: the
 * pack's name among those of `f`.  Errors name the pack.  Thread-safe. */
int block_fetch_read(struct block_fetch *f, const struct pack *pack, uint32_t number,
                     uint32_t block, uint8_t *sealed, struct error *e);

#endif
