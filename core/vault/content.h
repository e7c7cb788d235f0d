/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content.h - the content of one file as a list of records; long lists become content maps.
 * Format: doc/format.md 7.2.
 */
#ifndef CORE_VAULT_CONTENT_H
#define CORE_VAULT_CONTENT_H

#include "vault/chunk.h"

enum { CONTENT_INLINE_LIMIT = 32 };

/* What a tree's entry stores.  With `height` 0: `count` records (0 = no content).  With
 * `height` >= 1: one record, the root of a content map with the whole length.  Does not own
 * `records`. */
struct content {
    uint32_t height;
    uint32_t count;
    const struct chunk_record *records;
};

/* Collects records in order and writes map nodes as they fill: memory does not grow with the
 * file. */
struct content_builder;

/* Only `put` of `access` is used; what it points to must outlive the builder. */
struct content_builder *content_builder_new(const struct chunk_access *access, struct error *e);
void content_builder_free(struct content_builder *b);
/* Adds a record of `bytes` >= 1; neighbouring holes are merged. */
int content_builder_add(struct content_builder *b, const struct chunk_id *id, uint64_t bytes,
                        struct error *e);
/* The finished content, valid until the next reset or free, and its total length. */
int content_builder_finish(struct content_builder *b, struct content *content, uint64_t *bytes,
                           struct error *e);
/* Ready for the next file; keeps memory. */
void content_builder_reset(struct content_builder *b);

/* Walks the records of a content in order, reading map nodes as needed (memory: one node a
 * level). Only `get` of `access` is used. */
struct content_cursor;
struct content_cursor *content_cursor_new(const struct chunk_access *access,
                                          const struct content *content, struct error *e);
void content_cursor_free(struct content_cursor *c);
/* 1 and the record, 0 at the end, -1 on failure. */
int content_cursor_next(struct content_cursor *c, struct chunk_record *record, struct error *e);

/* Decodes one map node (bytes nobody has checked but for their id) into `*level` and an array
 * of
 * `*count` records that the caller frees; corrupt otherwise.  For verify and for fuzzing. */
int content_node_decode(const void *data, size_t size, uint32_t *level,
                        struct chunk_record **records, uint32_t *count, struct error *e);

#endif
