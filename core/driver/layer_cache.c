/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_cache.c - keeps small objects that were read, in a folder on this machine.
 *
 * Only objects whose names end with the SHA-256 of their bytes are kept (index runs, rolls,
 * short packs): such a copy can be compared with its name before it is kept, and is never
 * stale.  Once an object is removed through this stack, its copy goes with it.  That something
 * is missing is never kept.
 */
#include "driver/layer_cache.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "driver/cache_store.h"
#include "driver/layer_reply.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECT_LIMIT = 1 << 20, LONG_KEYS = 16384 };

struct cache {
    struct cache_store *store;
    const char *driver;
    atomic_ullong hits, misses;
    /* Grows with each removal: what was read while it grew is not kept, since it may be a copy
     * of what has just gone. */
    atomic_ullong removals;
    atomic_ullong is_long[LONG_KEYS]; /* by their sums: keys of objects that are not kept */
};

static atomic_uint avoided;

void layer_cache_avoid(void)
{
    atomic_fetch_add(&avoided, 1);
}

void layer_cache_allow(void)
{
    atomic_fetch_sub(&avoided, 1);
}

/* The hash at the end of a key; false when there is none. */
static bool hash_in(const char *key, uint8_t hash[HASH_SIZE])
{
    size_t length = strlen(key);
    return length >= 2 * HASH_SIZE &&
           text_unhex(key + length - 2 * HASH_SIZE, hash, HASH_SIZE) == 0;
}

static bool may_keep(const char *key)
{
    uint8_t hash[HASH_SIZE];
    return hash_in(key, hash);
}

static bool fits_name(const char *key, const struct buffer *copy)
{
    uint8_t named[HASH_SIZE], found[HASH_SIZE];
    hash_sha256(copy->data, copy->size, found);
    return hash_in(key, named) && memcmp(named, found, HASH_SIZE) == 0;
}

/* Hands the range of the copy to the sink. */
static uint32_t deliver(struct call *c, const uint8_t *data, uint64_t bytes)
{
    const struct lagan_sink *sink = c->with.get.sink;
    uint64_t offset = c->with.get.offset;
    uint64_t length = c->with.get.length;
    uint32_t result = LAGAN_OK;
    if (length == LAGAN_TO_THE_END && offset <= bytes)
        length = bytes - offset;
    if (offset > bytes || length > bytes - offset)
        return layer_fail(c->op, LAGAN_INVALID, LAGAN_OUTCOME_NOT_DONE,
                          "the range reaches beyond the end of the object (%llu bytes)",
                          (unsigned long long)bytes);
    while (result == LAGAN_OK && length > 0) {
        size_t size = 0;
        void *room = sink->room(sink->context, &size);
        if (!room)
            return layer_fail(c->op, LAGAN_INVALID, LAGAN_OUTCOME_NOT_DONE,
                              "the reader takes no more");
        if (size > length)
            size = (size_t)length;
        memcpy(room, data + offset, size);
        offset += size;
        length -= size;
        result = sink->filled(sink->context, size);
    }
    return result;
}

/* A sink that keeps what passes through it, as long as that is short. */
struct tee {
    const struct lagan_sink *sink;
    void *room;
    struct buffer copy;
    bool too_long;
};

static void *tee_room(void *context, size_t *size)
{
    struct tee *t = context;
    t->room = t->sink->room(t->sink->context, size);
    return t->room;
}

static uint32_t tee_filled(void *context, size_t size)
{
    struct tee *t = context;
    t->too_long = t->too_long || size > OBJECT_LIMIT - t->copy.size;
    if (!t->too_long)
        buffer_append(&t->copy, t->room, size);
    return t->sink->filled(t->sink->context, size);
}

/* Reads the whole object and keeps it. */
static uint32_t read_and_keep(struct layer *self, struct call *c)
{
    struct cache *cache = self->state;
    struct tee tee = {.sink = c->with.get.sink};
    struct lagan_sink sink = {.context = &tee, .room = tee_room, .filled = tee_filled};
    unsigned long long removals = atomic_load(&cache->removals);
    uint32_t result;
    c->with.get.sink = &sink;
    result = layer_next(self, c);
    c->with.get.sink = tee.sink;
    if (result == LAGAN_OK && !tee.too_long && !tee.copy.failed &&
        removals == atomic_load(&cache->removals) && fits_name(c->with.get.key, &tee.copy))
        cache_store_put(cache->store, c->with.get.key, tee.copy.data, tee.copy.size);
    buffer_free(&tee.copy);
    return result;
}

static uint64_t sum_of(const char *key)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (; *key; key++)
        sum = (sum ^ (uint8_t)*key) * UINT64_C(1099511628211);
    return sum;
}

/* Whether the object is short enough to be fetched for a range of it. */
static bool is_short(struct layer *self, struct call *c)
{
    struct cache *cache = self->state;
    uint64_t sum = sum_of(c->with.get.key);
    struct lagan_object object = {.size = sizeof object};
    struct call stat = {.verb = CALL_STAT,
                        .op = c->op,
                        .object = self->place->handle,
                        .with.stat = {.key = c->with.get.key, .object = &object}};
    if (atomic_load(&cache->is_long[sum % LONG_KEYS]) == sum ||
        layer_next(self, &stat) != LAGAN_OK)
        return false;
    if (object.bytes <= OBJECT_LIMIT)
        return true;
    atomic_store(&cache->is_long[sum % LONG_KEYS], sum);
    return false;
}

static void *fetch_room(void *context, size_t *size)
{
    enum { STEP = 64 << 10 };
    struct buffer *out = context;
    *size = STEP;
    return out->size <= OBJECT_LIMIT ? buffer_reserve(out, STEP) : NULL;
}

static uint32_t fetch_filled(void *context, size_t size)
{
    struct buffer *out = context;
    out->size += size;
    return LAGAN_OK;
}

/* Reads all of a short object, keeps it, and serves the range from it. */
static uint32_t fetch(struct layer *self, struct call *c)
{
    struct cache *cache = self->state;
    struct buffer whole CLEANUP_BUFFER = BUFFER_INIT;
    struct lagan_sink sink = {.context = &whole, .room = fetch_room, .filled = fetch_filled};
    unsigned long long removals = atomic_load(&cache->removals);
    struct call get = *c;
    uint32_t result;
    get.with.get.offset = 0;
    get.with.get.length = LAGAN_TO_THE_END;
    get.with.get.sink = &sink;
    result = layer_next(self, &get);
    if (result != LAGAN_OK)
        return result;
    if (removals == atomic_load(&cache->removals) && fits_name(c->with.get.key, &whole))
        cache_store_put(cache->store, c->with.get.key, whole.data, whole.size);
    return deliver(c, whole.data, whole.size);
}

static uint32_t get(struct layer *self, struct call *c)
{
    struct cache *cache = self->state;
    struct buffer copy CLEANUP_BUFFER = BUFFER_INIT;
    bool believed = atomic_load(&avoided) == 0;
    if (!may_keep(c->with.get.key))
        return layer_next(self, c);
    if (believed && !layer_cancelled(c->op) &&
        cache_store_get(cache->store, c->with.get.key, OBJECT_LIMIT, &copy)) {
        atomic_fetch_add(&cache->hits, 1);
        return deliver(c, copy.data, copy.size);
    }
    atomic_fetch_add(&cache->misses, 1);
    if (c->with.get.offset == 0 && c->with.get.length == LAGAN_TO_THE_END)
        return read_and_keep(self, c);
    return believed && is_short(self, c) ? fetch(self, c) : layer_next(self, c);
}

/* Before and after: nobody is to find it once it is gone, and nobody to keep it meanwhile. */
static uint32_t forget(struct layer *self, struct call *c, const char *key)
{
    struct cache *cache = self->state;
    uint32_t result;
    if (!may_keep(key))
        return layer_next(self, c);
    atomic_fetch_add(&cache->removals, 1);
    cache_store_drop(cache->store, key);
    result = layer_next(self, c);
    atomic_fetch_add(&cache->removals, 1);
    cache_store_drop(cache->store, key);
    return result;
}

static uint32_t cache_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_GET:
        return get(self, c);
    case CALL_REMOVE:
        return forget(self, c, c->with.remove.key);
    case CALL_RENAME:
        return forget(self, c, c->with.copy.from);
    default:
        return layer_next(self, c);
    }
}

static bool cache_wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    return settings->cache[0] != '\0' && place->kind == LAGAN_KIND_TARGET && place->identity;
}

static int cache_make(const struct layer_settings *settings, const struct layer_place *place,
                      void **state, struct error *e)
{
    struct cache *cache = calloc(1, sizeof *cache);
    struct buffer identity CLEANUP_BUFFER = BUFFER_INIT;
    if (!cache)
        return error_no_memory(e, "a cache");
    /* What is below a prefix is a store of its own. */
    buffer_append_format(&identity, "%s\n%s", place->identity, settings->prefix);
    buffer_append_u8(&identity, 0);
    if (buffer_check(&identity, e) != 0) {
        free(cache);
        return -1;
    }
    cache->driver = place->driver;
    cache->store = cache_store_new(settings->cache, (const char *)identity.data,
                                   (uint64_t)settings->cache_bytes, e);
    if (!cache->store) {
        free(cache);
        return -1;
    }
    *state = cache;
    return 0;
}

static void cache_free(void *state)
{
    struct cache *cache = state;
    if (atomic_load(&cache->hits) + atomic_load(&cache->misses) > 0)
        log_write(LOG_INFO, cache->driver, "cache: %llu reads from copies, %llu from the store",
                  (unsigned long long)atomic_load(&cache->hits),
                  (unsigned long long)atomic_load(&cache->misses));
    cache_store_free(cache->store);
    free(cache);
}

const struct layer_kind layer_cache = {
    .name = "cache",
    .wanted = cache_wanted,
    .make = cache_make,
    .free = cache_free,
    .call = cache_call,
};
