/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packer.h - chunks into packs.  One thread hands chunks in; blocks are compressed and
 * encrypted on worker threads, appended to their packs in order, and full packs are closed on
 * threads of their own, so that waiting for a disk does not stop the rest.  Memory is bounded
 * by a fixed number of blocks and of packs that are open or closing.
 */
#ifndef CORE_VAULT_PACKER_H
#define CORE_VAULT_PACKER_H

#include "base/share.h"
#include "vault/pack.h"

struct packer;

enum {
    PACKER_OWN_BLOCK_BYTES = 128 << 10, /* a chunk of at least this is a block of its own */
    PACKER_BLOCK_CHUNKS = 4096,         /* most chunks in a block */
    PACKER_PACK_CHUNKS = 64 << 10,      /* most chunks in a pack */
    PACKER_CLOSERS = 2                  /* threads that close packs */
};

struct packer_request {
    struct vault *vault;
    const uint8_t *session; /* 16 bytes */
    unsigned threads;       /* for compression and encryption, at least 1 */
    void *context;
    /* A pack has got its name, and a copy of its table is kept: takes it over, also on failure,
     * which ends the packer.  One call at a time, on one of the packer's threads; must not call
     * the packer. */
    int (*committed)(void *context, struct pack *pack, struct error *e);
    /* Before `bytes` are written: waits, counts; a failure ends the packer.  On several of its
     * threads at a time; may be NULL. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
    void *pass_context;
};

struct packer *packer_new(const struct packer_request *request, struct error *e);
/* Drops what is not in a committed pack, ends the threads and frees.  NULL is fine. */
void packer_free(struct packer *p);

/* Whether the chunk is in a block or pack at work; a pack leaves after `committed` returned. */
bool packer_knows(struct packer *p, enum chunk_kind kind, const struct chunk_id *id);
/* Takes a chunk of 1..CHUNK_LIMIT bytes (copied); may wait for room.  An earlier failure is
 * reported here: from then on every call fails with it. */
int packer_put(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
               const void *data, size_t size, struct error *e);
/* The same of `data` within `share`: the packer may hold the share until the chunk is sealed
 * instead of copying. */
int packer_put_shared(struct packer *p, enum chunk_kind kind, const struct chunk_id *id,
                      struct share *share, const void *data, size_t size, struct error *e);
/* Closes all packs and waits until they are committed. */
int packer_flush(struct packer *p, struct error *e);

#endif
