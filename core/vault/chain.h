/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h - seals name the seals before them, so that one cannot vanish unseen.
 * Format: doc/format.md sections 9 and 9.1.
 */
#ifndef CORE_VAULT_CHAIN_H
#define CORE_VAULT_CHAIN_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* A seal, or a tombstone in place of one.  Owns nothing. */
struct chain_link {
    const uint8_t *hash;           /* of the seal: 32 bytes */
    const uint8_t (*previous)[32]; /* the seals before it */
    size_t previous_count;
};

/* The links that no link names as previous: their hashes in an array that the caller frees,
 * ascending. NULL when there is none. */
int chain_heads(const struct chain_link *links, size_t count, uint8_t (**heads)[32],
                size_t *head_count, struct error *e);

/* Calls `each` for every hash that is named as previous and belongs to no link, ascending, each
 * once. A result of `each` other than 0 ends the walk with it. */
int chain_gaps(const struct chain_link *links, size_t count,
               int (*each)(void *context, const uint8_t hash[32], struct error *e),
               void *context, struct error *e);

#endif
