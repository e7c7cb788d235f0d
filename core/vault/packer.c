/* SPDX-License-Identifier: Apache-2.0 */
/* packer.c - blocks filled with chunks and given to packs; the threads behind them. */
#include "base/object.h"
#include "vault/packer_private.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { META_SLOT = PACKER_DATA_SLOTS };

void packer_fail(struct packer *p, const struct error *e)
{
    pthread_mutex_lock(&p->lock);
    if (!atomic_load(&p->failed))
        p->error = *e;
    atomic_store(&p->failed, true);
    pthread_mutex_unlock(&p->lock);
}

static int check(struct packer *p, struct error *e)
{
    if (!atomic_load(&p->failed))
        return 0;
    pthread_mutex_lock(&p->lock);
    *e = p->error;
    pthread_mutex_unlock(&p->lock);
    return -1;
}

static void *closer(void *packer)
{
    struct packer *p = packer;
    struct pack_writer *w;

    while ((w = queue_take(p->closing_packs)) != NULL)
        pack_writer_finish(w);
    return NULL;
}

/* Signals are for the thread that started us. */
static int start_closers(struct packer *p, struct error *e)
{
    sigset_t all, before;
    int number = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (number == 0 && p->closer_count < PACKER_CLOSERS) {
        number = pthread_create(&p->closers[p->closer_count], NULL, closer, p);
        if (number == 0)
            p->closer_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number == 0 ? 0 : error_errno(e, number, "cannot start a thread");
}

static int make_queues(struct packer *p, unsigned threads, struct error *e)
{
    /* Two that are filled, one for each worker, and as many again that wait for their turn. */
    p->block_count = 2 * (size_t)threads + 2;
    p->blocks = calloc(p->block_count, sizeof(*p->blocks));
    p->scratches = calloc(threads, sizeof(*p->scratches));
    p->free_blocks = queue_new(p->block_count);
    p->free_scratches = queue_new(threads);
    p->closing_packs = queue_new(1);
    if (p->blocks == NULL || p->scratches == NULL || p->free_blocks == NULL ||
        p->free_scratches == NULL || p->closing_packs == NULL)
        return error_no_memory(e, "writing packs");
    for (size_t i = 0; i < p->block_count; i++)
        queue_put(p->free_blocks, &p->blocks[i]);
    for (size_t i = 0; i < threads; i++)
        queue_put(p->free_scratches, &p->scratches[i]);
    return 0;
}

static int start(struct packer *p, struct error *e)
{
    const struct vault_settings *settings = vault_settings(p->request.vault);
    unsigned threads = p->request.threads;

    p->compress = settings->codec == TABLE_CODEC_ZSTD;
    p->codec = codec_new(settings->compression_level, e);
    if (p->codec == NULL || make_queues(p, threads, e) < 0)
        return -1;
    p->pool = pool_new(threads, p->block_count, e);
    return p->pool == NULL ? -1 : start_closers(p, e);
}

struct packer *packer_new(const struct packer_request *request, struct error *e)
{
    struct packer *p = calloc(1, sizeof(*p));

    ASSERT(request->threads >= 1);
    if (p == NULL) {
        error_no_memory(e, "writing packs");
        return NULL;
    }
    p->magic = PACKER_MAGIC;
    p->request = *request;
    memcpy(p->session, request->session, sizeof(p->session));
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->idle, NULL);
    if (start(p, e) == 0)
        return p;
    packer_free(p);
    return NULL;
}

/* Closes all open packs; those of a packer that failed are dropped by the closers. */
static void close_all(struct packer *p)
{
    for (size_t i = 0; i < PACKER_SLOTS; i++) {
        if (p->open[i] != NULL)
            pack_writer_close(p->open[i], true);
        p->open[i] = NULL;
    }
    pthread_mutex_lock(&p->lock);
    while (p->alive > 0)
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void free_memory(struct packer *p)
{
    for (size_t i = 0; p->blocks != NULL && i < p->block_count; i++) {
        table_free(&p->blocks[i].table);
        free(p->blocks[i].data);
    }
    for (size_t i = 0; p->scratches != NULL && i < p->request.threads; i++)
        free(p->scratches[i].data);
    free(p->blocks);
    free(p->scratches);
}

void packer_free(struct packer *p)
{
    if (p == NULL)
        return;
    OBJECT_CHECK(p, PACKER_MAGIC);
    struct error dropped = ERROR_INIT;
    error_set(&dropped, LAGAN_CANCELLED, ERROR_INTERRUPTED, "the session was given up");
    packer_fail(p, &dropped);
    close_all(p);
    if (p->closing_packs != NULL)
        queue_close(p->closing_packs);
    for (size_t i = 0; i < p->closer_count; i++)
        pthread_join(p->closers[i], NULL);
    pool_free(p->pool);
    if (p->free_blocks != NULL)
        queue_cancel(p->free_blocks);
    if (p->free_scratches != NULL)
        queue_cancel(p->free_scratches);
    queue_free(p->closing_packs);
    queue_free(p->free_blocks);
    queue_free(p->free_scratches);
    free_memory(p);
    codec_free(p->codec);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    p->magic = 0;
    free(p);
}

static bool in_table(const struct table *t, const struct chunk_id *id)
{
    return table_find(t, id) != TABLE_NONE;
}

bool packer_knows(struct packer *p, enum chunk_kind kind, const struct chunk_id *id)
{
    bool found = p->filling[kind] != NULL && in_table(&p->filling[kind]->table, id);

    for (size_t i = 0; i < PACKER_SLOTS && !found; i++)
        found =
            p->open[i] != NULL && p->open[i]->kind == kind && in_table(&p->open[i]->table, id);
    if (found)
        return true;
    pthread_mutex_lock(&p->lock);
    for (const struct pack_writer *w = p->closing; w != NULL && !found; w = w->next)
        found = w->kind == kind && in_table(&w->table, id);
    pthread_mutex_unlock(&p->lock);
    return found;
}

/* Neighbours in a source shall not be neighbours in a pack for sure. */
static size_t choose_slot(struct packer *p, enum chunk_kind kind)
{
    if (kind == CHUNK_META)
        return META_SLOT;
    if (p->random_left == 0) {
        crypto_random(&p->random_bits, sizeof(p->random_bits));
        p->random_left = 64;
    }
    p->random_left--;
    size_t slot = p->random_bits & 1;
    p->random_bits >>= 1;
    return slot;
}

static bool has_room(const struct packer *p, struct pack_writer *w,
                     const struct packer_block *b)
{
    const struct vault_settings *settings = vault_settings(p->request.vault);
    uint64_t target =
        w->kind == CHUNK_DATA ? settings->data_pack_bytes : settings->meta_pack_bytes;

    return w->table.block_count < TABLE_BLOCK_LIMIT &&
           w->table.chunk_count + b->table.chunk_count <= PACKER_PACK_CHUNKS &&
           pack_writer_bytes(w) < target;
}

/* The open pack that takes block `b`. */
static struct pack_writer *choose_pack(struct packer *p, enum chunk_kind kind,
                                       const struct packer_block *b, struct error *e)
{
    struct pack_writer **open = &p->open[choose_slot(p, kind)];

    if (*open != NULL && !has_room(p, *open, b)) {
        pack_writer_close(*open, false);
        *open = NULL;
    }
    if (*open == NULL)
        *open = pack_writer_open(p, kind, e);
    return *open;
}

void packer_block_unshare(struct packer_block *b)
{
    share_release(b->share);
    b->share = NULL;
}

/* Sends the block off; it comes back through the queue of free ones. */
static int submit(struct packer *p, enum chunk_kind kind, struct packer_block *b,
                  struct error *e)
{
    struct pack_writer *w = choose_pack(p, kind, b, e);

    if (w == NULL || pack_writer_number(w, b, e) < 0) {
        packer_fail(p, e);
        packer_block_unshare(b);
        queue_put(p->free_blocks, b);
        return -1;
    }
    pool_submit(p->pool, pack_writer_work, b);
    return 0;
}

static int submit_filling(struct packer *p, enum chunk_kind kind, struct error *e)
{
    struct packer_block *b = p->filling[kind];

    p->filling[kind] = NULL;
    return b == NULL ? 0 : submit(p, kind, b, e);
}

/* Memory for `room` raw bytes and a tag; what is in the block stays. */
static int block_reserve(struct packer_block *b, size_t room, struct error *e)
{
    if (room + ENVELOPE_TAG_SIZE <= b->room)
        return 0;
    if (b->size == 0) {
        free(b->data);
        b->data = NULL;
    }
    uint8_t *data = realloc(b->data, room + ENVELOPE_TAG_SIZE);
    if (data == NULL) {
        b->room = b->size == 0 ? 0 : b->room;
        return error_no_memory(e, "a block");
    }
    b->data = data;
    b->room = room + ENVELOPE_TAG_SIZE;
    return 0;
}

static struct packer_block *take_block(struct packer *p, size_t room, struct error *e)
{
    struct packer_block *b = queue_take(p->free_blocks);

    b->size = 0;
    table_clear(&b->table);
    if (block_reserve(b, room, e) == 0 && table_add_block(&b->table, 0, e) == 0)
        return b;
    queue_put(p->free_blocks, b);
    return NULL;
}

static int add_chunk(struct packer_block *b, const struct chunk_id *id, const void *data,
                     size_t size, struct error *e)
{
    if (block_reserve(b, b->size + size, e) < 0 ||
        table_add_chunk(&b->table, id, (uint32_t)b->size, (uint32_t)size, e) < 0)
        return -1;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

/* Fills the empty block with one chunk: by a reference to the share when there is one. */
static int fill_own(struct packer_block *b, const struct chunk_id *id, struct share *share,
                    const void *data, size_t size, struct error *e)
{
    if (share == NULL)
        return add_chunk(b, id, data, size, e);
    if (table_add_chunk(&b->table, id, 0, (uint32_t)size, e) < 0)
        return -1;
    b->share = share_hold(share);
    b->raw = data;
    b->size = size;
    return 0;
}

static int put_own(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
                   struct share *share, const void *data, size_t size, struct error *e)
{
    struct packer_block *b = take_block(p, size, e);

    if (b == NULL)
        return -1;
    if (fill_own(b, id, share, data, size, e) < 0) {
        queue_put(p->free_blocks, b);
        return -1;
    }
    return submit(p, kind, b, e);
}

/* Raw bytes that end a shared block; the last chunk may pass them. */
static size_t block_target(const struct packer *p, enum chunk_kind kind)
{
    const struct vault_settings *settings = vault_settings(p->request.vault);
    size_t target =
        kind == CHUNK_DATA ? settings->data_block_bytes : settings->meta_block_bytes;
    size_t most = TABLE_RAW_LIMIT - PACKER_OWN_BLOCK_BYTES;

    return target < most ? target : most;
}

static int put_shared(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
                      const void *data, size_t size, struct error *e)
{
    size_t target = block_target(p, kind);
    struct packer_block **filling = &p->filling[kind];

    if (*filling == NULL)
        *filling = take_block(p, target + PACKER_OWN_BLOCK_BYTES, e);
    if (*filling == NULL || add_chunk(*filling, id, data, size, e) < 0)
        return -1;
    if ((*filling)->size < target && (*filling)->table.chunk_count < PACKER_BLOCK_CHUNKS)
        return 0;
    return submit_filling(p, kind, e);
}

int packer_put(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
               const void *data, size_t size, struct error *e)
{
    return packer_put_shared(p, kind, id, NULL, data, size, e);
}

int packer_put_shared(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
                      struct share *share, const void *data, size_t size, struct error *e)
{
    OBJECT_CHECK(p, PACKER_MAGIC);
    ASSERT(size >= 1 && size <= CHUNK_LIMIT);
    if (check(p, e) < 0)
        return -1;
    int result = size >= PACKER_OWN_BLOCK_BYTES ? put_own(p, kind, id, share, data, size, e)
                                                : put_shared(p, kind, id, data, size, e);
    if (result < 0)
        packer_fail(p, e);
    return result;
}

int packer_flush(struct packer *p, struct error *e)
{
    OBJECT_CHECK(p, PACKER_MAGIC);
    if (check(p, e) < 0 || submit_filling(p, CHUNK_DATA, e) < 0 ||
        submit_filling(p, CHUNK_META, e) < 0)
        return -1;
    close_all(p);
    return check(p, e);
}
