/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk.h - the words that all parts of the vault share: chunk ids, kinds of chunks, records of
 * a file's content, and the two calls through which trees and content maps reach chunks.
 * Format: doc/format.md sections 6 and 7.
 */
#ifndef CORE_VAULT_CHUNK_H
#define CORE_VAULT_CHUNK_H

#include "base/buffer.h"

enum { CHUNK_ID_SIZE = 32, CHUNK_LIMIT = 16 << 20 };

/* The keyed hash of a chunk.  All zeroes stands for a hole. */
struct chunk_id {
    uint8_t bytes[CHUNK_ID_SIZE];
};

/* Data of files, or metadata: nodes of trees and content maps, large attributes. */
enum chunk_kind { CHUNK_DATA = 1, CHUNK_META = 2 };

/* `bytes` of content that the chunk `id` holds; a hole when the id is all zeroes. */
struct chunk_record {
    struct chunk_id id;
    uint64_t bytes;
};

bool chunk_id_equal(const struct chunk_id *a, const struct chunk_id *b);
bool chunk_is_hole(const struct chunk_id *id);

/* How trees and content maps write and read metadata chunks.  `get` appends the chunk's
 * plaintext to `out`, its id checked; not-found or corrupt otherwise. Either may be NULL where
 * not used. */
struct chunk_access {
    void *context;
    int (*put)(void *context, const void *data, size_t size, struct chunk_id *id,
               struct error *e);
    int (*get)(void *context, const struct chunk_id *id, struct buffer *out, struct error *e);
};

/* The boundary rule of doc/format.md 7.2: whether a node with `count` items ends behind an item
 * whose hash is `h`. */
bool chunk_boundary(uint32_t count, uint32_t h);

#endif
