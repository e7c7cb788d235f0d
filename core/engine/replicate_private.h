/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replicate_private.h - the parts of a copy.
 *
 *     source tree + its older tree + parent's tree -> walk -> items -> workers read, identify
 *                                                          -> collector: session, tree
 *
 * Walk and collector share one thread: when no item is free, the walk collects the oldest.
 * Items come back in the order in which they were made, so that the collector sees entries in
 * key order and chunks in file order.  The fixed number of items is the bound on memory.
 */
#ifndef CORE_ENGINE_REPLICATE_PRIVATE_H
#define CORE_ENGINE_REPLICATE_PRIVATE_H

#include "base/pool.h"
#include "engine/replicate.h"

#include <stdatomic.h>

enum {
    COPY_STEPS = 512,       /* of one item */
    COPY_PIECES = 512,      /* of one item */
    COPY_BYTES = 4 << 20,   /* content of an item, but for its last chunk */
    COPY_RUN_LIMIT = 16384, /* entries taken over after which an item is sent */
    COPY_ITEMS_BESIDE_WORKERS = 2
};

/* One chunk, or a hole. */
struct copy_piece {
    struct chunk_id from; /* under the source's keys; all zero = a hole */
    struct chunk_id to;   /* under the destination's */
    size_t offset;        /* in the item's data */
    uint64_t bytes;
};

enum copy_step_kind {
    COPY_KEEP, /* `count` entries of the parent are taken over */
    COPY_DROP, /* `count` entries of the parent are passed over */
    COPY_ENTRY /* an entry, or a further part of the last one: pieces */
};

struct copy_step {
    enum copy_step_kind kind;
    uint64_t count;
    struct tree_entry *entry; /* a copy; NULL for further parts */
    bool known;               /* the parent has this key */
    bool last;                /* no part follows */
    size_t piece_first, piece_count;
};

struct copy_job;

struct copy_item {
    struct copy_job *job;
    size_t step_count, piece_count;
    struct copy_step steps[COPY_STEPS];
    struct copy_piece pieces[COPY_PIECES];
    uint64_t bytes; /* that its pieces will have */
    struct buffer data;
    struct error failure; /* class OK unless a piece could not be read */
};

/* An older backup of the source, in both vaults. */
struct copy_parent {
    const struct seal *there;  /* the replica; NULL = none */
    const struct seal *origin; /* what it is a replica of */
};

struct copy_job {
    const struct replication_request *request;
    const struct seal *source;
    struct copy_parent parent;
    struct session *session;
    struct store *from, *to; /* `to` only with a parent */
    struct chunk_access read, older, write;
    struct pool *pool;
    struct pipe *pipe;
    struct copy_item **items; /* that are free */
    size_t item_count, items_made, items_inside;
    atomic_bool failed;

    /* The collector's. */
    struct tree_cursor *cursor; /* over the parent in `to`; NULL without one */
    struct tree_builder *tree;
    struct content_builder *content;
    struct buffer further, metadata;
    struct tree_entry *entry; /* whose content is being collected */
    bool entry_known;
    uint64_t passed; /* bytes new to the destination that `pass` was told */
    struct seal *seal;
    uint64_t bytes_read;
    struct job_progress progress;
};

/* replicate_walk.c: the whole tree, into the job's builder. */
int copy_walk(struct copy_job *job, struct error *e);

/* replicate_collect.c */
/* On a worker: reads and identifies the pieces of an item. */
void copy_item_read(void *item);
/* Stores what an item holds and adds it to the tree; empties the item. */
int copy_collect(struct copy_job *job, struct copy_item *item, struct error *e);
void copy_item_reset(struct copy_item *item);

#endif
