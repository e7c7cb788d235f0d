/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.h - entries of the index, and sorted streams of them, which are merged without holding
 * them in memory.
 */
#ifndef CORE_VAULT_ENTRY_H
#define CORE_VAULT_ENTRY_H

#include "vault/chunk.h"

enum { ENTRY_ID_SIZE = 16, ENTRY_SIZE = 24, ENTRY_DROPPED = -1 };

/* A chunk's place: its number in the directory of a pack, which is numbered by whoever owns the
 * entries. As stored: 16 + 4 + 4 bytes. */
struct entry {
    uint8_t id[ENTRY_ID_SIZE]; /* the first bytes of the chunk id */
    uint32_t pack;
    uint32_t chunk;
};

/* By id, then pack, then chunk: <0, 0, >0. */
int entry_compare(const struct entry *a, const struct entry *b);
void entry_store(const struct entry *entry, uint8_t *bytes);
void entry_load(struct entry *entry, const uint8_t *bytes);
/* The first 8 bytes of the id, big-endian: they order as the ids do. */
uint64_t entry_order(const uint8_t *id);
/* The first 8 bytes of the id as the filter takes them. */
uint64_t entry_key(const uint8_t *id);

/* A stream of entries in ascending order.  Made by whoever has them, with its functions first
 * in its struct. */
struct entry_stream {
    /* 1 and the next entry, 0 at the end, -1. */
    int (*next)(struct entry_stream *s, struct entry *entry, struct error *e);
    /* Back to the first entry. */
    int (*rewind)(struct entry_stream *s, struct error *e);
    void (*free)(struct entry_stream *s);
};
/* NULL is fine. */
void entry_stream_free(struct entry_stream *s);

/* One input of a merge: a stream and what its packs are called in the result (packs[n] for its
 * pack n; ENTRY_DROPPED leaves the entries of that pack out). */
struct entry_input {
    struct entry_stream *stream;
    const int64_t *packs;
    size_t pack_count;
};

/* Merges `count` streams; equal entries come once.  Takes the streams over, also on failure;
 * not the arrays `packs`, which must outlive it.  CORRUPT when an input does not ascend or
 * names a pack beyond its array. */
struct entry_stream *entry_merge(const struct entry_input *inputs, size_t count,
                                 struct error *e);

/* A stream over an array, which must outlive it. */
struct entry_stream *entry_array_stream(const struct entry *entries, size_t count,
                                        struct error *e);

#endif
