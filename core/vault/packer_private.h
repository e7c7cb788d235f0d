/* SPDX-License-Identifier: Apache-2.0 */
/* packer_private.h - the packer, its packs and its blocks, as packer.c and pack_writer.c see
 * them. */
#ifndef CORE_VAULT_PACKER_PRIVATE_H
#define CORE_VAULT_PACKER_PRIVATE_H

#include "base/pool.h"
#include "base/queue.h"
#include "vault/packer.h"

#include <pthread.h>
#include <stdatomic.h>

/* A block on its way into a pack.  Goes round: free, filled, sealed, appended, free. */
struct packer_block {
    struct table table;  /* its chunks; one block */
    uint8_t *data;       /* raw, then sealed */
    struct share *share; /* holds the raw bytes instead of `data`; NULL = none */
    const uint8_t *raw;  /* in the share */
    size_t size;
    size_t room;
    struct pack_writer *pack;
    uint32_t number;
    struct packer_block *next; /* of those that wait to be appended */
};

/* Memory of a worker to compress into. */
struct packer_scratch {
    uint8_t *data;
    size_t room;
};

/* A pack that is being written. */
struct pack_writer {
    struct packer *packer;
    enum chunk_kind kind;
    struct envelope_writer writer; /* used by whoever has set `appending` */
    struct pack_writer *next;      /* of those that are closing */

    pthread_mutex_t lock;
    struct table table; /* appended to by the thread that hands chunks in */
    struct packer_block *waiting;
    uint32_t appended; /* blocks */
    uint64_t bytes;    /* of them */
    bool appending;
    bool closed; /* no more blocks will come */
    bool last;   /* of its kind in this session */
};

/* One chunk per thing that the packs of a session come in. */
enum { PACKER_SLOTS = 3, PACKER_DATA_SLOTS = 2 };

struct packer {
    uint32_t magic; /* PACKER_MAGIC */
    struct packer_request request;
    uint8_t session[16];
    struct codec *codec;
    bool compress;
    struct pool *pool;
    struct packer_block *blocks;
    size_t block_count;
    struct queue *free_blocks;
    struct packer_scratch *scratches;
    struct queue *free_scratches;
    struct queue *closing_packs; /* complete ones, for the closers */
    pthread_t closers[PACKER_CLOSERS];
    size_t closer_count;

    /* Only the thread that hands chunks in: */
    struct packer_block *filling[CHUNK_META + 1]; /* by kind */
    struct pack_writer *open[PACKER_SLOTS];
    uint64_t random_bits;
    unsigned random_left;

    atomic_bool dense; /* the last block that was compressed did not become smaller */
    atomic_bool failed;
    pthread_mutex_t lock;
    pthread_cond_t idle;         /* `alive` became 0 */
    struct error error;          /* the first, when failed */
    struct pack_writer *closing; /* closed and not yet committed */
    size_t alive;                /* packs */
};
enum { PACKER_MAGIC = 0x5041434b };

/* The first error counts. */
void packer_fail(struct packer *p, const struct error *e);

/* The raw bytes are not needed any more. */
void packer_block_unshare(struct packer_block *b);

/* pack_writer.c */
struct pack_writer *pack_writer_open(struct packer *p, enum chunk_kind kind, struct error *e);
/* Gives the block the next number in the pack.  Takes its chunks into the table. */
int pack_writer_number(struct pack_writer *w, struct packer_block *b, struct error *e);
/* Compresses and encrypts the block (on a worker), then appends all blocks whose turn it is. */
void pack_writer_work(void *block);
/* Bytes appended so far. */
uint64_t pack_writer_bytes(struct pack_writer *w);
/* No more blocks; it goes to the closers as soon as all are appended. */
void pack_writer_close(struct pack_writer *w, bool last);
/* Writes the end, commits, and hands the pack out (on a closer).  Frees the writer. */
void pack_writer_finish(struct pack_writer *w);

#endif
