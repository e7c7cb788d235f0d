/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h - index entries in a local file: sorted pages that are read one at a time, with a
 * small filter for every 65,280 entries, so that any number of entries is written in constant
 * memory.  No part of the vault's format: a segment that cannot be read is made again.
 *
 * Pages of 4,096 bytes: 170 entries, u32 count, 8 zero bytes, crc32c u32.  Behind them the
 * tail: u64 entries, u32 pages, u32 packs, the packs, a fence (u64) per page, the filters. Then
 * 32 bytes: magic, tail's offset u64, its length u32, its crc32c u32, version u32, crc32c u32
 * of these.
 */
#ifndef CORE_VAULT_SEGMENT_H
#define CORE_VAULT_SEGMENT_H

#include "vault/filter.h"
#include "vault/run.h"

enum { SEGMENT_FOUND_LIMIT = 8 };

/* Immutable; any thread may look up. */
struct segment;

/* Writes all entries of a stream into the empty file `fd`; `pack` of the entries numbers
 * `packs`. */
int segment_write(int fd, const struct run_pack *packs, size_t pack_count,
                  struct entry_stream *entries, struct error *e);
/* Opens a segment and takes `fd` over, also on failure.  CORRUPT. */
int segment_open(int fd, struct segment **segment, struct error *e);
/* NULL is fine. */
void segment_close(struct segment *s);

uint64_t segment_entries(const struct segment *s);
const struct run_pack *segment_packs(const struct segment *s, size_t *count);
/* Bytes of memory that it holds. */
size_t segment_memory(const struct segment *s);

/* Entries whose first 16 bytes are those of `id`, at most SEGMENT_FOUND_LIMIT of them. */
int segment_find(const struct segment *s, const uint8_t *id, struct entry *found, size_t *count,
                 struct error *e);
/* All entries in order.  The segment must outlive the stream. */
struct entry_stream *segment_stream(const struct segment *s, struct error *e);

#endif
