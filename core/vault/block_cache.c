/* SPDX-License-Identifier: Apache-2.0 */
/* block_cache.c - decoded blocks, lately used first, and who waits for which. */
#include "vault/block_cache.h"
#include "base/object.h"
#include "vault/block_fetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_MAGIC = 0x424c4b43, SLOTS = 256, SPARE_BYTES = 4 << 20 };

enum block_state { BLOCK_LOADING, BLOCK_READY, BLOCK_FAILED };

struct block {
    uint32_t number; /* of the pack */
    uint32_t block;
    enum block_state state;
    unsigned users;     /* threads that wait for it or copy from it */
    struct error error; /* FAILED */
    uint32_t bytes;
    uint8_t *raw;
    struct block *next_in_slot;
    struct block *newer, *older;
};

struct block_cache {
    uint32_t magic;            /* CACHE_MAGIC */
    struct spare_pool *spares; /* for blocks, sealed and decoded */
    struct block_fetch *fetch;
    struct codec *codec;
    size_t memory_bytes;
    size_t used_bytes;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a block is loading no more */
    struct block *newest, *oldest;
    struct block *slots[SLOTS];
};

struct block_cache *block_cache_new(struct vault *v, size_t memory_bytes, struct error *e)
{
    struct block_cache *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_no_memory(e, "reading packs");
        return NULL;
    }
    c->magic = CACHE_MAGIC;
    c->memory_bytes = memory_bytes;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->spares = spare_pool_new(SPARE_BYTES, e);
    c->fetch = c->spares ? block_fetch_new(vault_target(v), c->spares, e) : NULL;
    c->codec = codec_new(0, e);
    if (c->fetch != NULL && c->codec != NULL)
        return c;
    block_cache_free(c);
    return NULL;
}

static struct block **slot_of(struct block_cache *c, uint32_t number, uint32_t block)
{
    return &c->slots[(number * UINT32_C(2654435761) + block) % SLOTS];
}

static void list_remove(struct block_cache *c, struct block *b)
{
    *(b->newer != NULL ? &b->newer->older : &c->newest) = b->older;
    *(b->older != NULL ? &b->older->newer : &c->oldest) = b->newer;
}

static void list_push(struct block_cache *c, struct block *b)
{
    b->newer = NULL;
    b->older = c->newest;
    *(c->newest != NULL ? &c->newest->newer : &c->oldest) = b;
    c->newest = b;
}

/* Takes a block without users out and frees it. */
static void drop(struct block_cache *c, struct block *b)
{
    struct block **at = slot_of(c, b->number, b->block);

    while (*at != b)
        at = &(*at)->next_in_slot;
    *at = b->next_in_slot;
    list_remove(c, b);
    c->used_bytes -= b->bytes;
    spare_give(c->spares, b->raw);
    free(b);
}

void block_cache_free(struct block_cache *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CACHE_MAGIC);
    while (c->newest != NULL)
        drop(c, c->newest);
    block_fetch_free(c->fetch);
    spare_pool_free(c->spares);
    codec_free(c->codec);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    c->magic = 0;
    free(c);
}

static void evict(struct block_cache *c)
{
    struct block *b = c->oldest;

    while (b != NULL && c->used_bytes > c->memory_bytes) {
        struct block *next = b->newer;
        if (b->users == 0)
            drop(c, b);
        b = next;
    }
}

/* Reads block `block` of `pack` and decodes it into `raw`. */
static int read_block(struct block_cache *c, const struct pack *pack, uint32_t number,
                      uint32_t block, uint8_t *raw, struct error *e)
{
    const struct table_block *b = &pack->table.blocks[block];
    uint8_t *sealed = spare_take(c->spares, b->stored);
    int result = -1;

    if (sealed == NULL)
        return error_no_memory(e, "reading packs");
    if (block_fetch_read(c->fetch, pack, number, block, sealed, e) == 0)
        result = pack_decode(pack, c->codec, block, sealed, b->stored, raw, e);
    spare_give(c->spares, sealed);
    return result;
}

/* A new block that this thread has to load; under the lock. */
static struct block *add(struct block_cache *c, const struct pack *pack, uint32_t number,
                         uint32_t block)
{
    struct block **slot = slot_of(c, number, block);
    struct block *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    b->bytes = pack->table.blocks[block].raw;
    b->raw = spare_take(c->spares, b->bytes);
    if (b->raw == NULL) {
        free(b);
        return NULL;
    }
    b->number = number;
    b->block = block;
    b->next_in_slot = *slot;
    *slot = b;
    list_push(c, b);
    c->used_bytes += b->bytes;
    return b;
}

static void load(struct block_cache *c, const struct pack *pack, struct block *b)
{
    struct error e = ERROR_INIT;

    pthread_mutex_unlock(&c->lock);
    int result = read_block(c, pack, b->number, b->block, b->raw, &e);
    pthread_mutex_lock(&c->lock);
    b->error = e;
    b->state = result == 0 ? BLOCK_READY : BLOCK_FAILED;
    pthread_cond_broadcast(&c->changed);
}

/* The block, in use by this thread, decoded or failed; NULL when memory runs out. */
static struct block *acquire(struct block_cache *c, const struct pack *pack, uint32_t number,
                             uint32_t block)
{
    struct block *b;

    pthread_mutex_lock(&c->lock);
    for (b = *slot_of(c, number, block); b != NULL; b = b->next_in_slot)
        if (b->number == number && b->block == block)
            break;
    bool fresh = b == NULL;
    if (fresh)
        b = add(c, pack, number, block);
    if (b != NULL) {
        b->users++;
        list_remove(c, b);
        list_push(c, b);
        if (fresh)
            load(c, pack, b);
        while (b->state == BLOCK_LOADING)
            pthread_cond_wait(&c->changed, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return b;
}

/* What could not be read is forgotten, so that it is tried again next time. */
static void release(struct block_cache *c, struct block *b)
{
    pthread_mutex_lock(&c->lock);
    b->users--;
    if (b->users == 0 && b->state == BLOCK_FAILED)
        drop(c, b);
    evict(c);
    pthread_mutex_unlock(&c->lock);
}

/* The chunk is all of its block: nobody else will want that. */
static int read_alone(struct block_cache *c, const struct pack *pack, uint32_t number,
                      const struct table_chunk *k, uint8_t *to, struct error *e)
{
    return read_block(c, pack, number, k->block, to, e);
}

static int read_shared(struct block_cache *c, const struct pack *pack, uint32_t number,
                       const struct table_chunk *k, uint8_t *to, struct error *e)
{
    struct block *b = acquire(c, pack, number, k->block);
    int result = 0;

    if (b == NULL)
        return error_no_memory(e, "reading packs");
    if (b->state == BLOCK_READY) {
        memcpy(to, b->raw + k->offset, k->bytes);
    } else {
        *e = b->error;
        result = -1;
    }
    release(c, b);
    return result;
}

int block_cache_chunk(struct block_cache *c, const struct pack *pack, uint32_t number,
                      uint32_t chunk, struct buffer *out, struct error *e)
{
    const struct table_chunk *k = &pack->table.chunks[chunk];
    bool alone = k->bytes == pack->table.blocks[k->block].raw;
    uint8_t *to;

    OBJECT_CHECK(c, CACHE_MAGIC);
    to = buffer_reserve(out, k->bytes);
    if (to == NULL)
        return error_no_memory(e, "reading packs");
    int result =
        alone ? read_alone(c, pack, number, k, to, e) : read_shared(c, pack, number, k, to, e);
    if (result < 0 || pack_check_chunk(pack, &pack->table.ids[chunk], to, k->bytes, e) < 0)
        return -1;
    out->size += k->bytes;
    return 0;
}
