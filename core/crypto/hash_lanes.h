/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_lanes.h - SHA-256 of many independent streams side by side, one to a lane of a vector
 * register; what comes out is what hash_update and mac_compute give one after another.  See
 * doc/decisions/0004-sha256-in-lanes.md.
 */
#ifndef CORE_CRYPTO_HASH_LANES_H
#define CORE_CRYPTO_HASH_LANES_H

#include "crypto/hash.h"

#include <stdbool.h>

/* `size` bytes that come next in the stream of `hash`. */
struct hash_lane {
    struct hash *hash;
    const void *data;
    size_t size;
};

/* hash_update for each of `count` lanes, which are used up; no hash may stand in two of them.
 * Quickest with lanes of like lengths, or far more of them than 16.  Thread-safe. */
void hash_update_lanes(struct hash_lane lanes[], size_t count);

/* mac_compute for each of `count` messages.  Thread-safe. */
void mac_compute_many(const struct mac_key *key, size_t count, const void *const data[],
                      const size_t size[], uint8_t out[][HASH_SIZE]);

/* Tests and measurements: names of the implementations that run here, ending with NULL, and the
 * choice of one by name, which then takes all there is, however few lanes; NULL = by number of
 * lanes, as from the start.  False when there is none of that name. */
const char *const *hash_lanes_implementations(void);
bool hash_lanes_use(const char *name);

#endif
