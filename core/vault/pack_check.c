/* SPDX-License-Identifier: Apache-2.0 */
/* pack_check.c - one pass over a whole pack that looks at every byte. */
#include "vault/name.h"
#include "vault/pack.h"

#include <string.h>

/* Chunks are identified many at a time, which takes half as long: decoded blocks are kept until
 * there is enough of either. */
enum { GATHER_BYTES = 8 << 20, GATHER_CHUNKS = 64 };

/* Where the pass stands. */
struct pass {
    const struct pack *pack;
    const struct pack_check *check;
    struct codec *codec;
    struct hash hash;
    uint64_t at;          /* bytes seen */
    uint64_t padding_end; /* where the directory starts */
    uint32_t block;       /* the next one */
    struct buffer sealed; /* what has come of it */
    uint32_t waiting;     /* the first block whose chunks are not checked */
    struct buffer raw;    /* of the blocks from there on */
};

static int corrupt(const struct pass *p, struct error *e, const char *why)
{
    error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
    return pack_error(&p->pack->id, e);
}

/* Some chunks that lie decoded. */
struct gathered {
    uint32_t first, count; /* in the table */
    const void *data[GATHER_CHUNKS];
    size_t size[GATHER_CHUNKS];
};

/* Compares them with their ids and hands them on. */
static int check_gathered(const struct pass *p, const struct gathered *g, struct error *e)
{
    const struct chunk_id *ids = p->pack->table.ids + g->first;
    struct chunk_id found[GATHER_CHUNKS];

    vault_chunk_identify_many(p->pack->vault, p->pack->kind, g->count, g->data, g->size, found);
    for (uint32_t i = 0; i < g->count; i++) {
        if (!chunk_id_equal(&found[i], &ids[i]))
            return corrupt(p, e, "a chunk's content does not fit its id");
        int result = p->check->chunk == NULL
                         ? 0
                         : p->check->chunk(p->check->context, p->pack->kind, &ids[i],
                                           g->data[i], g->size[i], e);
        if (result != 0)
            return result;
    }
    return 0;
}

static uint32_t first_chunk(const struct pass *p, uint32_t block)
{
    const struct table *t = &p->pack->table;

    return block < t->block_count ? t->blocks[block].first_chunk : t->chunk_count;
}

/* Checks the chunks of all blocks that wait. */
static int check_waiting(struct pass *p, struct error *e)
{
    const struct table *t = &p->pack->table;
    struct gathered g = {.first = first_chunk(p, p->waiting)};
    const uint8_t *raw = p->raw.data;
    int result = 0;

    for (; p->waiting < p->block && result == 0; p->waiting++) {
        uint32_t end = first_chunk(p, p->waiting + 1);
        for (uint32_t i = first_chunk(p, p->waiting); i < end && result == 0; i++) {
            g.data[g.count] = raw + t->chunks[i].offset;
            g.size[g.count++] = t->chunks[i].bytes;
            if (g.count < GATHER_CHUNKS)
                continue;
            result = check_gathered(p, &g, e);
            g.first += g.count;
            g.count = 0;
        }
        raw += t->blocks[p->waiting].raw;
    }
    if (result == 0)
        result = check_gathered(p, &g, e);
    p->waiting = p->block;
    buffer_clear(&p->raw);
    return result;
}

/* The stored bytes of the current block are complete. */
static int decode_block(struct pass *p, struct error *e)
{
    const struct table_block *b = &p->pack->table.blocks[p->block];
    uint8_t *raw = buffer_reserve(&p->raw, b->raw);

    if (raw == NULL)
        return error_no_memory(e, "checking a pack");
    if (pack_decode(p->pack, p->codec, p->block, p->sealed.data, p->sealed.size, raw, e) < 0)
        return -1;
    p->raw.size += b->raw;
    p->block++;
    buffer_clear(&p->sealed);
    return 0;
}

/* Decodes the current block, and checks what waits when the next one is too much. */
static int check_block(struct pass *p, struct error *e)
{
    const struct table *t = &p->pack->table;

    if (decode_block(p, e) != 0)
        return -1;
    if (p->block < t->block_count && p->raw.size + t->blocks[p->block].raw <= GATHER_BYTES &&
        first_chunk(p, p->block) - first_chunk(p, p->waiting) < GATHER_CHUNKS)
        return 0;
    return check_waiting(p, e);
}

/* Takes what belongs to the current block; `*size` becomes how much that was. */
static int take_block(struct pass *p, const uint8_t *data, size_t *size, struct error *e)
{
    size_t missing = p->pack->table.blocks[p->block].stored - p->sealed.size;

    if (*size > missing)
        *size = missing;
    buffer_append(&p->sealed, data, *size);
    if (buffer_check(&p->sealed, e) < 0)
        return -1;
    return *size == missing ? check_block(p, e) : 0;
}

/* The head is passed over: opening the pack has checked it, and the hash covers it. */
static int take_some(struct pass *p, const uint8_t *data, size_t *size, struct error *e)
{
    uint64_t end = UINT64_MAX;

    if (p->at >= ENVELOPE_BODY && p->block < p->pack->table.block_count)
        return take_block(p, data, size, e);
    if (p->at < ENVELOPE_BODY)
        end = ENVELOPE_BODY;
    else if (p->at < p->padding_end)
        end = p->padding_end;
    if (*size > end - p->at)
        *size = (size_t)(end - p->at);
    for (size_t i = 0; end == p->padding_end && i < *size; i++)
        if (data[i] != 0)
            return corrupt(p, e, "padding is not zero");
    return 0;
}

static int take(void *context, const void *data, size_t size, struct error *e)
{
    struct pass *p = context;
    const uint8_t *next = data;

    hash_update(&p->hash, data, size);
    if (p->check->progress != NULL)
        p->check->progress(p->check->context, size);
    for (size_t left = size; left > 0;) {
        size_t some = left;
        int result = take_some(p, next, &some, e);
        if (result != 0)
            return result;
        next += some;
        left -= some;
        p->at += some;
    }
    return 0;
}

/* Every block is seen; is that all, and is it what the name says? */
static int check_end(struct pass *p, struct error *e)
{
    uint8_t hash[HASH_SIZE];

    if (p->at != p->pack->id.bytes)
        return corrupt(p, e, "its length is not what the backups say");
    hash_finish(&p->hash, hash);
    if (memcmp(hash, p->pack->id.hash, sizeof(hash)) != 0)
        return corrupt(p, e, "its bytes do not fit its name");
    return 0;
}

/* The pass has ended with `result` and `e` while blocks were waiting: what came before damage
 * is told of, and is damage itself when it is. */
static int check_rest(struct pass *p, int result, struct error *e)
{
    struct error earlier = ERROR_INIT;
    int rest = check_waiting(p, &earlier);

    if (rest == 0)
        return result;
    *e = earlier;
    return rest;
}

int pack_check_all(struct vault *v, const struct seal_pack *id, const struct pack_check *check,
                   struct error *e)
{
    struct pass p = {.check = check};
    struct pack *pack;
    char name[NAME_SIZE];
    int result = -1;

    if (pack_open_tail(v, id, &pack, e) < 0)
        return -1;
    name_of_pack(id->hash, name);
    p.pack = pack;
    p.padding_end = pack->directory_offset;
    hash_begin(&p.hash);
    p.codec = codec_new(0, e);
    if (p.codec != NULL)
        result = target_get_to(vault_target(v), name, 0, LAGAN_TO_THE_END, take, &p, e);
    if (p.waiting < p.block)
        result = check_rest(&p, result, e);
    if (result == 0)
        result = check_end(&p, e);
    codec_free(p.codec);
    buffer_free(&p.sealed);
    buffer_free(&p.raw);
    pack_close(pack);
    return result;
}
