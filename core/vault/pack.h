/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - packs, read: opened by their tail (or from a local copy of it), block by block, or
 * checked as a whole.  Format: doc/format.md sections 5 and 6.
 */
#ifndef CORE_VAULT_PACK_H
#define CORE_VAULT_PACK_H

#include "vault/codec.h"
#include "vault/envelope.h"
#include "vault/table.h"

/* An open pack.  Does not change once opened: any thread may read. */
struct pack {
    struct vault *vault;
    struct seal_pack id;
    enum chunk_kind kind;
    struct envelope envelope;
    struct table table;
    uint64_t directory_offset; /* 0 when opened from a copy */
};

/* Opens the pack: from the vault's cache directory when there is a copy of its table of
 * contents, else from its tail, which is then kept there.  NOT_FOUND, or CORRUPT with the
 * pack's name. */
int pack_open(struct vault *v, const struct seal_pack *id, struct pack **pack, struct error *e);
/* The same, always from the target: so it is sure that the pack is there. */
int pack_open_tail(struct vault *v, const struct seal_pack *id, struct pack **pack,
                   struct error *e);
/* The id of chunk `chunk` out of the local copy, without opening the pack: false when there is
 * none or the copy has no such chunk.  What it gives is not checked: only that it equals a
 * wanted id says something. */
bool pack_peek(struct vault *v, const struct seal_pack *id, uint32_t chunk,
               struct chunk_id *found);
/* NULL is fine. */
void pack_close(struct pack *p);
/* Removes local copies of packs that `wanted` does not want and that are some days old. */
void pack_sweep_copies(struct vault *v, bool (*wanted)(void *context, const uint8_t hash[32]),
                       void *context);
/* Keeps a copy of head and table of contents in the vault's cache directory, if it has one. */
void pack_keep(const struct pack *p);
/* Bytes of memory that it holds. */
size_t pack_memory(const struct pack *p);

/* Makes raw block `number` out of its stored bytes (`size` of them): `raw` has room for the raw
 * length.  CORRUPT with the pack's name.  `sealed` is used up. */
int pack_decode(const struct pack *p, struct codec *codec, uint32_t number, void *sealed,
                size_t size, void *raw, struct error *e);
/* Compares a chunk's content with its id.  CORRUPT with the pack's name. */
int pack_check_chunk(const struct pack *p, const struct chunk_id *id, const void *data,
                     size_t size, struct error *e);

/* Makes every error from reading `p` name the pack.  Returns -1. */
int pack_error(const struct seal_pack *id, struct error *e);

/* What pack_check_all reports; a function may be NULL. */
struct pack_check {
    void *context;
    /* Each chunk, its id checked.  Other than 0 ends the check with this result. */
    int (*chunk)(void *context, enum chunk_kind kind, const struct chunk_id *id,
                 const void *data, size_t size, struct error *e);
    /* Bytes of the object read since the last call. */
    void (*progress)(void *context, uint64_t bytes);
};

/*
 * Reads the pack once from start to end: its name is compared with the hash of its bytes, each
 * block is decrypted and unpacked, each chunk compared with its id, padding with zeroes.
 * Memory: 8 MiB, or one block when that is more.  CORRUPT with the pack's name at the first
 * thing found wrong; NOT_FOUND when it is absent.  Thread-safe.
 */
int pack_check_all(struct vault *v, const struct seal_pack *id, const struct pack_check *check,
                   struct error *e);

#endif
