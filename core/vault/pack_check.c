/* SPDX-License-Identifier: Apache-2.0 */
/* pack_check.c - one pass over a whole pack that looks at every byte. */
#include "vault/name.h"
#include "vault/pack.h"

#include <string.h>

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
    struct buffer raw;
};

static int corrupt(const struct pass *p, struct error *e, const char *why)
{
    error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
    return pack_error(&p->pack->id, e);
}

static int check_chunks(struct pass *p, const uint8_t *raw, struct error *e)
{
    const struct table *t = &p->pack->table;
    uint32_t first = t->blocks[p->block].first_chunk;
    uint32_t end = first + table_block_chunks(t, p->block);

    for (uint32_t i = first; i < end; i++) {
        const uint8_t *data = raw + t->chunks[i].offset;
        uint32_t size = t->chunks[i].bytes;
        if (pack_check_chunk(p->pack, &t->ids[i], data, size, e) < 0)
            return -1;
        int result = p->check->chunk == NULL ? 0
                                             : p->check->chunk(p->check->context, p->pack->kind,
                                                               &t->ids[i], data, size, e);
        if (result != 0)
            return result;
    }
    return 0;
}

/* The stored bytes of the current block are complete. */
static int check_block(struct pass *p, struct error *e)
{
    const struct table_block *b = &p->pack->table.blocks[p->block];

    buffer_clear(&p->raw);
    uint8_t *raw = buffer_reserve(&p->raw, b->raw);
    if (raw == NULL)
        return error_no_memory(e, "checking a pack");
    if (pack_decode(p->pack, p->codec, p->block, p->sealed.data, p->sealed.size, raw, e) < 0)
        return -1;
    int result = check_chunks(p, raw, e);
    buffer_clear(&p->sealed);
    p->block++;
    return result;
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
    if (result == 0)
        result = check_end(&p, e);
    codec_free(p.codec);
    buffer_free(&p.sealed);
    buffer_free(&p.raw);
    pack_close(pack);
    return result;
}
