/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - tables of contents: growing, looking up, and the directory's content as stored. */
#include "vault/table.h"
#include "base/object.h"
#include "vault/envelope.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64, BLOCK_BYTES = 4 + 4 + 1, CHUNK_BYTES = 4 + 4 + 4 + CHUNK_ID_SIZE };

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    free(t->blocks);
    free(t->chunks);
    free(t->ids);
    free(t->slots);
    *t = (struct table){0};
}

void table_clear(struct table *t)
{
    t->block_count = 0;
    t->chunk_count = 0;
    if (t->slots != NULL)
        memset(t->slots, 0, ((size_t)t->slot_mask + 1) * sizeof(*t->slots));
}

size_t table_memory(const struct table *t)
{
    return sizeof(*t) + t->block_room * sizeof(*t->blocks) +
           t->chunk_room * (sizeof(*t->chunks) + sizeof(*t->ids)) +
           (t->slots != NULL ? ((size_t)t->slot_mask + 1) * sizeof(*t->slots) : 0);
}

/* The ids are results of a keyed hash: any of their bytes will do. */
static uint32_t slot_of(const struct chunk_id *id)
{
    return load_u32(id->bytes + 8);
}

static void slot_put(struct table *t, uint32_t chunk)
{
    uint32_t slot = slot_of(&t->ids[chunk]) & t->slot_mask;

    while (t->slots[slot] != 0)
        slot = (slot + 1) & t->slot_mask;
    t->slots[slot] = chunk + 1;
}

/* Makes the hash at least twice as large as `room` chunks and fills it again. */
static int grow_slots(struct table *t, uint32_t room, struct error *e)
{
    uint32_t size = 2 * FIRST_ROOM;

    while (size < 2 * (uint64_t)room)
        size *= 2;
    uint32_t *slots = calloc(size, sizeof(*slots));
    if (slots == NULL)
        return error_no_memory(e, "a table of contents");
    free(t->slots);
    t->slots = slots;
    t->slot_mask = size - 1;
    for (uint32_t i = 0; i < t->chunk_count; i++)
        slot_put(t, i);
    return 0;
}

static int grow_blocks(struct table *t, uint32_t room, struct error *e)
{
    struct table_block *blocks = reallocarray(t->blocks, room, sizeof(*blocks));

    if (blocks == NULL)
        return error_no_memory(e, "a table of contents");
    t->blocks = blocks;
    t->block_room = room;
    return 0;
}

static int grow_chunks(struct table *t, uint32_t room, struct error *e)
{
    struct table_chunk *chunks = reallocarray(t->chunks, room, sizeof(*chunks));

    if (chunks != NULL)
        t->chunks = chunks;
    struct chunk_id *ids = reallocarray(t->ids, room, sizeof(*ids));
    if (ids != NULL)
        t->ids = ids;
    if (chunks == NULL || ids == NULL)
        return error_no_memory(e, "a table of contents");
    if (grow_slots(t, room, e) < 0)
        return -1;
    t->chunk_room = room;
    return 0;
}

int table_add_block(struct table *t, uint32_t raw, struct error *e)
{
    ASSERT(t->block_count < TABLE_BLOCK_LIMIT);
    if (t->block_count == t->block_room &&
        grow_blocks(t, t->block_room == 0 ? FIRST_ROOM : 2 * t->block_room, e) < 0)
        return -1;
    t->blocks[t->block_count++] =
        (struct table_block){.raw = raw, .first_chunk = t->chunk_count};
    return 0;
}

int table_add_chunk(struct table *t, const struct chunk_id *id, uint32_t offset, uint32_t bytes,
                    struct error *e)
{
    ASSERT(t->block_count > 0);
    if (t->chunk_count == t->chunk_room &&
        grow_chunks(t, t->chunk_room == 0 ? FIRST_ROOM : 2 * t->chunk_room, e) < 0)
        return -1;
    t->ids[t->chunk_count] = *id;
    t->chunks[t->chunk_count] = (struct table_chunk){t->block_count - 1, offset, bytes};
    slot_put(t, t->chunk_count++);
    return 0;
}

int64_t table_find(const struct table *t, const struct chunk_id *id)
{
    if (t->slots == NULL)
        return TABLE_NONE;
    uint32_t slot = slot_of(id) & t->slot_mask;
    while (t->slots[slot] != 0) {
        uint32_t chunk = t->slots[slot] - 1;
        if (chunk_id_equal(&t->ids[chunk], id))
            return chunk;
        slot = (slot + 1) & t->slot_mask;
    }
    return TABLE_NONE;
}

uint32_t table_block_chunks(const struct table *t, uint32_t block)
{
    uint32_t end =
        block + 1 < t->block_count ? t->blocks[block + 1].first_chunk : t->chunk_count;

    return end - t->blocks[block].first_chunk;
}

uint64_t table_place_blocks(struct table *t, uint64_t start)
{
    for (uint32_t i = 0; i < t->block_count; i++) {
        t->blocks[i].offset = start;
        start += t->blocks[i].stored;
    }
    return start;
}

void table_encode(const struct table *t, struct buffer *out)
{
    buffer_append_u32(out, t->block_count);
    buffer_append_u32(out, t->chunk_count);
    for (uint32_t i = 0; i < t->block_count; i++)
        buffer_append_u32(out, t->blocks[i].stored);
    for (uint32_t i = 0; i < t->block_count; i++)
        buffer_append_u32(out, t->blocks[i].raw);
    for (uint32_t i = 0; i < t->block_count; i++)
        buffer_append_u8(out, t->blocks[i].codec);
    for (uint32_t i = 0; i < t->chunk_count; i++)
        buffer_append_u32(out, t->chunks[i].block);
    for (uint32_t i = 0; i < t->chunk_count; i++)
        buffer_append_u32(out, t->chunks[i].offset);
    for (uint32_t i = 0; i < t->chunk_count; i++)
        buffer_append_u32(out, t->chunks[i].bytes);
    buffer_append(out, t->ids, (size_t)t->chunk_count * sizeof(*t->ids));
}

uint64_t table_id_offset(uint32_t block_count, uint32_t chunk_count, uint32_t chunk)
{
    return 8 + (uint64_t)block_count * BLOCK_BYTES +
           (uint64_t)chunk_count * (CHUNK_BYTES - CHUNK_ID_SIZE) +
           (uint64_t)chunk * CHUNK_ID_SIZE;
}

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "table of contents: %s", why);
}

/* The columns of a directory's content. */
struct columns {
    uint32_t blocks, chunks;
    const uint8_t *stored, *raw, *codec;
    const uint8_t *block, *offset, *bytes, *ids;
};

static int find_columns(struct columns *c, const void *content, size_t size, struct error *e)
{
    struct reader r = reader_of(content, size);

    *c = (struct columns){.blocks = reader_u32(&r), .chunks = reader_u32(&r)};
    if (r.failed || c->blocks > TABLE_BLOCK_LIMIT ||
        (uint64_t)c->blocks * BLOCK_BYTES + (uint64_t)c->chunks * CHUNK_BYTES != r.left)
        return corrupt(e, "its length does not fit its counts");
    c->stored = reader_take(&r, 4 * (size_t)c->blocks);
    c->raw = reader_take(&r, 4 * (size_t)c->blocks);
    c->codec = reader_take(&r, c->blocks);
    c->block = reader_take(&r, 4 * (size_t)c->chunks);
    c->offset = reader_take(&r, 4 * (size_t)c->chunks);
    c->bytes = reader_take(&r, 4 * (size_t)c->chunks);
    c->ids = reader_take(&r, CHUNK_ID_SIZE * (size_t)c->chunks);
    return 0;
}

static int take_blocks(struct table *t, const struct columns *c, struct error *e)
{
    if (grow_blocks(t, c->blocks == 0 ? 1 : c->blocks, e) < 0)
        return -1;
    for (uint32_t i = 0; i < c->blocks; i++) {
        struct table_block b = {.stored = load_u32(c->stored + 4 * (size_t)i),
                                .raw = load_u32(c->raw + 4 * (size_t)i),
                                .codec = c->codec[i]};
        if (b.codec > TABLE_CODEC_ZSTD)
            return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                             "codec %u: made by a newer program", b.codec);
        if (b.raw == 0 || b.raw > TABLE_RAW_LIMIT || b.stored <= ENVELOPE_TAG_SIZE ||
            b.stored - ENVELOPE_TAG_SIZE > b.raw ||
            (b.codec == TABLE_CODEC_NONE && b.stored - ENVELOPE_TAG_SIZE != b.raw))
            return corrupt(e, "lengths of a block do not fit");
        t->blocks[i] = b;
    }
    t->block_count = c->blocks;
    return 0;
}

static int take_chunks(struct table *t, const struct columns *c, struct error *e)
{
    uint32_t block = 0, end = 0; /* behind the previous chunk */

    for (uint32_t i = 0; i < c->chunks; i++) {
        struct table_chunk k = {load_u32(c->block + 4 * (size_t)i),
                                load_u32(c->offset + 4 * (size_t)i),
                                load_u32(c->bytes + 4 * (size_t)i)};
        if (k.block != block)
            end = 0;
        if (k.block < block || k.block >= t->block_count || k.offset < end || k.bytes == 0 ||
            k.bytes > t->blocks[k.block].raw || k.offset > t->blocks[k.block].raw - k.bytes)
            return corrupt(e, "chunks are out of order or out of bounds");
        while (block < k.block)
            t->blocks[++block].first_chunk = i;
        end = k.offset + k.bytes;
        t->chunks[i] = k;
    }
    while (block + 1 < t->block_count)
        t->blocks[++block].first_chunk = c->chunks;
    return 0;
}

int table_decode(struct table *t, const void *content, size_t size, uint64_t start,
                 struct error *e)
{
    struct table made = {0};
    struct columns c;

    if (find_columns(&c, content, size, e) < 0)
        return -1;
    if (take_blocks(&made, &c, e) < 0 ||
        grow_chunks(&made, c.chunks == 0 ? 1 : c.chunks, e) < 0 ||
        take_chunks(&made, &c, e) < 0) {
        table_free(&made);
        return -1;
    }
    memcpy(made.ids, c.ids, (size_t)c.chunks * sizeof(*made.ids));
    for (made.chunk_count = 0; made.chunk_count < c.chunks; made.chunk_count++)
        slot_put(&made, made.chunk_count);
    table_place_blocks(&made, start);
    *t = made;
    return 0;
}
