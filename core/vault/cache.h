/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h - copies of small immutable objects in the vault's cache directory, so that a second
 * listing reads nothing but names.  Losing it costs time only.  All functions are thread-safe.
 */
#ifndef CORE_VAULT_CACHE_H
#define CORE_VAULT_CACHE_H

#include "base/buffer.h"

/* Copies of one kind of object: a folder of the cache directory. */
struct cache;

/* Opens (and makes) `folder` (one word) in `directory`.  NULL when `directory` is NULL or it
 * cannot be made: a warning is logged and the vault works without.  All calls accept a NULL
 * cache. */
struct cache *cache_open(const char *directory, const char *folder);
void cache_close(struct cache *c);

/* Appends the copy called `name` of exactly `bytes` bytes to `out` and its SHA-256 to `hash`,
 * when there is one whose bytes are still those that were stored; false otherwise, `out` as
 * before. */
bool cache_get(struct cache *c, const char *name, uint64_t bytes, struct buffer *out,
               uint8_t hash[32]);
/* Keeps a copy of an object that was checked.  Failures are of no interest. */
void cache_put(struct cache *c, const char *name, const void *data, size_t size,
               const uint8_t hash[32]);
/* Forgets the copy of `name`. */
void cache_drop(struct cache *c, const char *name);
/* Calls `each` with the name of every copy. */
void cache_list(struct cache *c, void (*each)(void *context, const char *name), void *context);

#endif
