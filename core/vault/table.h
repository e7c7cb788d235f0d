/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - the table of contents of a pack: which chunks stand where in which blocks.  The
 * same struct serves the writer, which appends, and readers, which look up. Format:
 * doc/format.md section 6.
 */
#ifndef CORE_VAULT_TABLE_H
#define CORE_VAULT_TABLE_H

#include "vault/chunk.h"

enum {
    TABLE_BLOCK_LIMIT = 65535,
    TABLE_RAW_LIMIT = 16 << 20, /* bytes of a raw block */
    TABLE_NONE = -1             /* of table_find */
};
enum table_codec { TABLE_CODEC_NONE = 0, TABLE_CODEC_ZSTD = 1 };

struct table_block {
    uint64_t offset; /* in the pack */
    uint32_t stored; /* with tag */
    uint32_t raw;
    uint8_t codec;        /* enum table_codec */
    uint32_t first_chunk; /* of its chunks */
};

struct table_chunk {
    uint32_t block;
    uint32_t offset; /* in the raw block */
    uint32_t bytes;
};

/* `{0}` is empty.  Owns its arrays. */
struct table {
    struct table_block *blocks;
    uint32_t block_count;
    uint32_t block_room;
    struct table_chunk *chunks;
    struct chunk_id *ids; /* beside `chunks` */
    uint32_t chunk_count;
    uint32_t chunk_room;
    uint32_t *slots; /* hash of the ids: number of a chunk + 1, 0 = free */
    uint32_t slot_mask;
};

void table_free(struct table *t);
/* Empties it and keeps the memory. */
void table_clear(struct table *t);
/* Bytes of memory that it holds. */
size_t table_memory(const struct table *t);

/* Appends a block of `raw` bytes whose stored length and codec are not known yet. */
int table_add_block(struct table *t, uint32_t raw, struct error *e);
/* Appends a chunk of the last block. */
int table_add_chunk(struct table *t, const struct chunk_id *id, uint32_t offset, uint32_t bytes,
                    struct error *e);
/* Number of a chunk with this id, or TABLE_NONE. */
int64_t table_find(const struct table *t, const struct chunk_id *id);
/* Number of chunks in block `block`. */
uint32_t table_block_chunks(const struct table *t, uint32_t block);

/* Sets the offsets of the blocks, which start at `start`; returns where they end. */
uint64_t table_place_blocks(struct table *t, uint64_t start);
/* The content of a pack's directory. */
void table_encode(const struct table *t, struct buffer *out);
/* Where the id of chunk `chunk` stands in such a content. */
uint64_t table_id_offset(uint32_t block_count, uint32_t chunk_count, uint32_t chunk);
/* Reads one, with the offsets of the blocks set as from `start`.  Checks all that section 6
 * says; CORRUPT otherwise. */
int table_decode(struct table *t, const void *content, size_t size, uint64_t start,
                 struct error *e);

#endif
