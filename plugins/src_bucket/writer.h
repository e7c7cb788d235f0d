/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - an object that is written: kept in memory up to one part, uploaded in parts when
 * it is longer.
 *
 * Bytes may come in any order.  A part is sent, by a thread of its own, once all bytes up to
 * its end are there; what is sent cannot be changed any more (UNSUPPORTED).
 */
#ifndef SRC_BUCKET_WRITER_H
#define SRC_BUCKET_WRITER_H

#include "src_bucket/src_bucket.h"

/* [start, end) of what was written. */
struct written {
    uint64_t start, end;
};

enum part_state { PART_OPEN, PART_QUEUED, PART_LOADING, PART_SENT, PART_FAILED };

struct writer;

struct part {
    struct writer *writer;
    enum part_state state;
    uint32_t number; /* from 1 */
    char *data;
    size_t size;
    uint32_t result;
    struct lagan_op op; /* of the thread that sends it */
};

struct writer {
    struct bucket *bucket;
    struct bucket_name name;
    uint64_t flags;
    bool bounded;   /* `bytes` is known */
    uint64_t bytes; /* its length */
    size_t part_bytes;
    bool in_parts; /* from the start, whatever its length */
    bool has_pieces;
    struct bucket_give give; /* what was known when it was begun */
    struct written *written; /* ascending, apart from each other */
    size_t written_count, written_room;
    struct s3_upload *upload; /* NULL before the first part is sent */
    struct part **parts;      /* by number; NULL = nothing was written there */
    size_t part_count;
    pthread_mutex_t lock; /* guards the states of parts and what follows */
    pthread_cond_t changed;
    unsigned loading;
};

/* parts.c: the parts of a writer.  Notes that [start, end) was written. */
uint32_t writer_note(struct writer *w, struct lagan_op *op, uint64_t start, uint64_t end);
/* How many bytes are there from the beginning on. */
uint64_t writer_whole(const struct writer *w);
/* The part that `offset` lies in, made when it is absent; its first byte is `*start`. */
uint32_t writer_part(struct writer *w, struct lagan_op *op, uint64_t offset, struct part **part,
                     uint64_t *start);
/* Sends all parts that end at or before `whole` (what is missing in them are zeroes), and those
 * that failed before. */
uint32_t writer_send(struct writer *w, struct lagan_op *op, uint64_t whole);
/* Sends everything up to `bytes` and waits until all of it is there. */
uint32_t writer_send_all(struct writer *w, struct lagan_op *op, uint64_t bytes);
/* Waits for threads and frees all but the upload. */
void writer_free(struct writer *w);

#endif
