/* SPDX-License-Identifier: Apache-2.0 */
/* pack_writer.c - one pack: blocks sealed in any order, appended in theirs, and its end. */
#include "base/object.h"
#include "vault/name.h"
#include "vault/packer_private.h"

#include <stdlib.h>
#include <string.h>

enum { DENSE_WORTH_BYTES = 128 << 10, DENSE_SAMPLE_BYTES = 16 << 10 };

struct pack_writer *pack_writer_open(struct packer *p, enum chunk_kind kind, struct error *e)
{
    struct vault *v = p->request.vault;
    const struct vault_settings *settings = vault_settings(v);
    bool data = kind == CHUNK_DATA;
    struct pack_writer *w = calloc(1, sizeof(*w));
    struct envelope env;

    if (w == NULL) {
        error_no_memory(e, "writing a pack");
        return NULL;
    }
    if (envelope_make_fresh(&env, v, data ? ENVELOPE_DATA : ENVELOPE_META, p->session, e) < 0 ||
        envelope_writer_begin(&w->writer, vault_target(v), &env,
                              data ? settings->data_pack_bytes : settings->meta_pack_bytes,
                              e) < 0) {
        envelope_wipe(&env);
        envelope_writer_end(&w->writer);
        free(w);
        return NULL;
    }
    envelope_wipe(&env);
    w->packer = p;
    w->kind = kind;
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_lock(&p->lock);
    p->alive++;
    pthread_mutex_unlock(&p->lock);
    return w;
}

static void writer_free(struct pack_writer *w)
{
    envelope_writer_end(&w->writer);
    table_free(&w->table);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int pack_writer_number(struct pack_writer *w, struct packer_block *b, struct error *e)
{
    const struct table *from = &b->table;
    int result;

    pthread_mutex_lock(&w->lock);
    b->pack = w;
    b->number = w->table.block_count;
    result = table_add_block(&w->table, (uint32_t)b->size, e);
    for (uint32_t i = 0; result == 0 && i < from->chunk_count; i++)
        result = table_add_chunk(&w->table, &from->ids[i], from->chunks[i].offset,
                                 from->chunks[i].bytes, e);
    pthread_mutex_unlock(&w->lock);
    return result;
}

uint64_t pack_writer_bytes(struct pack_writer *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t bytes = w->bytes;
    pthread_mutex_unlock(&w->lock);
    return bytes;
}

static int scratch_reserve(struct packer_scratch *s, size_t room, struct error *e)
{
    if (room <= s->room)
        return 0;
    free(s->data);
    s->room = 0;
    s->data = malloc(room);
    if (s->data == NULL)
        return error_no_memory(e, "compression");
    s->room = room;
    return 0;
}

static const uint8_t *raw_bytes(const struct packer_block *b)
{
    return b->share != NULL ? b->raw : b->data;
}

/* After a block that did not become smaller, a look at the next one's middle tells whether it
 * is likely to: media, archives and random bytes come in long runs. */
static int looks_dense(struct packer *p, const struct packer_block *b, struct packer_scratch *s,
                       bool *dense, struct error *e)
{
    size_t size = 0;

    *dense = false;
    if (b->size < DENSE_WORTH_BYTES || !atomic_load(&p->dense))
        return 0;
    if (codec_pack(p->codec, raw_bytes(b) + b->size / 2, DENSE_SAMPLE_BYTES, s->data, s->room,
                   &size, e) < 0)
        return -1;
    *dense = size > DENSE_SAMPLE_BYTES - DENSE_SAMPLE_BYTES / 32;
    return 0;
}

/* Compresses the block into `s`; `*packed` is 0 when that does not make it smaller. */
static int compress(struct packer *p, const struct packer_block *b, struct packer_scratch *s,
                    size_t *packed, struct error *e)
{
    size_t size = 0;
    bool dense;

    *packed = 0;
    if (!p->compress)
        return 0;
    if (scratch_reserve(s, codec_bound(b->size), e) < 0 || looks_dense(p, b, s, &dense, e) < 0)
        return -1;
    if (dense)
        return 0;
    if (codec_pack(p->codec, raw_bytes(b), b->size, s->data, s->room, &size, e) < 0)
        return -1;
    if (size < b->size)
        *packed = size;
    atomic_store(&p->dense, size >= b->size);
    return 0;
}

/* Makes the raw block a sealed one, in its place. */
static int seal_with(struct packer_block *b, struct packer_scratch *s, uint8_t *codec,
                     struct error *e)
{
    const struct envelope *env = &b->pack->writer.env;
    size_t packed;

    if (compress(b->pack->packer, b, s, &packed, e) < 0)
        return -1;
    const uint8_t *plain = packed > 0 ? s->data : raw_bytes(b);
    size_t size = packed > 0 ? packed : b->size;
    if (envelope_seal(env, b->number, plain, size, b->data, e) < 0)
        return -1;
    b->size = size + ENVELOPE_TAG_SIZE;
    *codec = packed > 0 ? TABLE_CODEC_ZSTD : TABLE_CODEC_NONE;
    return 0;
}

static void seal_block(struct packer_block *b)
{
    struct packer *p = b->pack->packer;
    struct packer_scratch *s = queue_take(p->free_scratches);
    struct error e = ERROR_INIT;
    uint8_t codec = TABLE_CODEC_NONE;

    if (!atomic_load(&p->failed) && seal_with(b, s, &codec, &e) < 0)
        packer_fail(p, &e);
    queue_put(p->free_scratches, s);
    packer_block_unshare(b);
    pthread_mutex_lock(&b->pack->lock);
    b->pack->table.blocks[b->number].stored = (uint32_t)b->size;
    b->pack->table.blocks[b->number].codec = codec;
    pthread_mutex_unlock(&b->pack->lock);
}

/* The block whose turn it is, taken out of those that wait, or NULL; under the lock. */
static struct packer_block *next_block(struct pack_writer *w)
{
    for (struct packer_block **at = &w->waiting; *at != NULL; at = &(*at)->next) {
        struct packer_block *b = *at;
        if (b->number != w->appended)
            continue;
        *at = b->next;
        return b;
    }
    return NULL;
}

static void append(struct pack_writer *w, const struct packer_block *b)
{
    const struct packer_request *request = &w->packer->request;
    struct error e = ERROR_INIT;

    if (atomic_load(&w->packer->failed))
        return;
    if ((request->pass != NULL && request->pass(request->pass_context, b->size, &e) < 0) ||
        envelope_writer_append(&w->writer, b->data, b->size, &e) < 0)
        packer_fail(w->packer, &e);
}

/* True when the pack is complete; under the lock. */
static bool complete(const struct pack_writer *w)
{
    return w->closed && !w->appending && w->appended == w->table.block_count;
}

void pack_writer_work(void *block)
{
    struct packer_block *b = block;
    struct pack_writer *w = b->pack;
    struct packer *p = w->packer;

    seal_block(b);
    pthread_mutex_lock(&w->lock);
    b->next = w->waiting;
    w->waiting = b;
    bool mine = !w->appending;
    w->appending = true;
    /* One worker appends at a time; the others leave their blocks to it. */
    while (mine && (b = next_block(w)) != NULL) {
        pthread_mutex_unlock(&w->lock);
        append(w, b);
        pthread_mutex_lock(&w->lock);
        w->appended++;
        w->bytes += b->size;
        queue_put(p->free_blocks, b);
    }
    if (mine)
        w->appending = false;
    bool done = mine && complete(w);
    pthread_mutex_unlock(&w->lock);
    if (done)
        queue_put(p->closing_packs, w);
}

void pack_writer_close(struct pack_writer *w, bool last)
{
    struct packer *p = w->packer;

    pthread_mutex_lock(&p->lock);
    w->next = p->closing;
    p->closing = w;
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    w->last = last;
    bool done = complete(w);
    pthread_mutex_unlock(&w->lock);
    if (done)
        queue_put(p->closing_packs, w);
}

/* Writes what follows the blocks and gives the pack its name. */
static int write_end(struct pack_writer *w, struct seal_pack *id, struct error *e)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    char name[NAME_SIZE];

    table_encode(&w->table, &content);
    if (buffer_check(&content, e) < 0 ||
        envelope_writer_finish(&w->writer, &content, w->table.block_count, w->last, id->hash,
                               e) < 0)
        return -1;
    id->bytes = w->writer.bytes;
    name_of_pack(id->hash, name);
    return envelope_writer_commit(&w->writer, name, e);
}

/* The committed pack as readers know it.  The table stays the writer's, too, until hand_out:
 * chunks are still looked up in it. */
static struct pack *make_pack(struct pack_writer *w, const struct seal_pack *id,
                              struct error *e)
{
    struct pack *pack = calloc(1, sizeof(*pack));

    if (pack == NULL) {
        error_no_memory(e, "writing a pack");
        return NULL;
    }
    pack->vault = w->packer->request.vault;
    pack->id = *id;
    pack->kind = w->kind;
    pack->envelope = w->writer.env;
    pack->table = w->table;
    table_place_blocks(&pack->table, ENVELOPE_BODY);
    return pack;
}

/* Under the packer's lock, so that a chunk is always either in a pack at work or handed out. */
static int hand_out(struct pack_writer *w, struct pack *pack, struct error *e)
{
    const struct packer_request *request = &w->packer->request;

    w->table = (struct table){0};
    return request->committed(request->context, pack, e);
}

static void leave(struct pack_writer *w)
{
    struct packer *p = w->packer;
    struct pack_writer **at = &p->closing;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (--p->alive == 0)
        pthread_cond_broadcast(&p->idle);
}

/* Ends the pack in storage; NULL when there is nothing to hand out. */
static struct pack *commit(struct pack_writer *w, struct error *e)
{
    struct pack *pack = NULL;
    struct seal_pack id;

    if (atomic_load(&w->packer->failed))
        return NULL;
    if (write_end(w, &id, e) == 0)
        pack = make_pack(w, &id, e);
    if (pack == NULL)
        packer_fail(w->packer, e);
    else
        pack_keep(pack);
    return pack;
}

void pack_writer_finish(struct pack_writer *w)
{
    struct packer *p = w->packer;
    struct error e = ERROR_INIT;
    struct pack *pack = commit(w, &e);
    int result = 0;

    pthread_mutex_lock(&p->lock);
    if (pack != NULL)
        result = hand_out(w, pack, &e);
    leave(w);
    pthread_mutex_unlock(&p->lock);
    if (result < 0)
        packer_fail(p, &e);
    writer_free(w);
}
