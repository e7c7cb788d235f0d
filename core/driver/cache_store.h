/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_store.h - a folder of copies of small objects, shared by any number of processes.
 *
 * Each copy is a file of its own, made under another name and moved into place.  It is believed
 * only when its length and its checksum fit; else it is removed, and the object is read anew.
 * When the folder grows over its bound, the copies that were used longest ago go.  Nothing that
 * goes wrong here is an error: the object is read from the store then.
 */
#ifndef CORE_DRIVER_CACHE_STORE_H
#define CORE_DRIVER_CACHE_STORE_H

#include "base/buffer.h"

struct cache_store;

/* Opens the folder `path` (absolute; made, for us alone, when it is not there) for the objects
 * of the store that `identity` tells from others.  `bytes`: its bound.  Errors: CONFIG when the
 * path is not absolute, belongs to somebody else or is open to others. */
struct cache_store *cache_store_new(const char *path, const char *identity, uint64_t bytes,
                                    struct error *e);
/* NULL is fine. */
void cache_store_free(struct cache_store *s);

/* Appends the copy of `key`, of at most `limit` bytes, to `out`; false when there is none. */
bool cache_store_get(struct cache_store *s, const char *key, size_t limit, struct buffer *out);
/* Keeps a copy. */
void cache_store_put(struct cache_store *s, const char *key, const void *data, size_t size);
/* Forgets it. */
void cache_store_drop(struct cache_store *s, const char *key);

#endif
