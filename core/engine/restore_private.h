/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_private.h - the parts of a restore job.
 *
 *     tree -> walker (own thread; makes directories) -> items -> workers write small files and
 * nodes, decode chunks of large ones -> finisher (caller's thread): writes large files in
 * order, makes hard links then a second pass gives directories their attributes, deepest first.
 */
#ifndef CORE_ENGINE_RESTORE_PRIVATE_H
#define CORE_ENGINE_RESTORE_PRIVATE_H

#include "base/pool.h"
#include "base/queue.h"
#include "engine/entry_copy.h"
#include "engine/restore.h"
#include "engine/restore_links.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    RESTORE_STEPS = 64, /* entries that one item may hold */
    RESTORE_BYTES =
        1 << 20, /* content of the small files of one item; larger files go in chunks */
    RESTORE_LINK_TARGET = 65536 /* longest target of a symlink */
};

/* An entry of the tree, kept, on its way to the place. */
struct restore_step {
    struct tree_entry *entry;    /* under its key in the place */
    bool fresh;                  /* its directory is new: nothing can be there */
    struct restore_group *group; /* NULL unless it has several names */
    bool link;                   /* a further name of `group` */
};

enum restore_item_kind {
    RESTORE_ITEM_ENTRIES,
    RESTORE_ITEM_LARGE_BEGIN, /* step 0 */
    RESTORE_ITEM_LARGE_CHUNK, /* record; data after the worker */
    RESTORE_ITEM_LARGE_END
};

struct restore_job;

struct restore_item {
    struct restore_job *job;
    enum restore_item_kind kind;
    size_t step_count;
    struct restore_step steps[RESTORE_STEPS];
    struct chunk_record record;
    struct buffer data;
    struct error failure; /* of a chunk; class OK = none */
};

/* What the conflict rules say of one entry. */
enum restore_verdict {
    VERDICT_CREATE,
    VERDICT_REPLACE,
    VERDICT_EQUAL,
    VERDICT_KEEP,
    VERDICT_STOP
};

struct restore_job {
    const struct restore_request *request;
    struct chunk_access access;
    struct pool *pool;
    struct pipe *pipe;
    struct queue *free_items;
    struct restore_links *links;
    bool top_is_file;

    atomic_bool failed;
    pthread_mutex_t lock; /* guards what follows and the reporter */
    struct error error;
    struct job_progress progress;
    struct restore_result result;
};

/* restore.c */
void restore_fail(struct restore_job *job, const struct error *why);
void restore_problem(struct restore_job *job, const struct tree_entry *entry,
                     const struct error *why);
void restore_warn(struct restore_job *job, const struct tree_entry *entry, const char *text);
/* Counts an entry that is done as `verdict` says, with `bytes` written. */
void restore_count(struct restore_job *job, const struct tree_entry *entry,
                   enum restore_verdict verdict, uint64_t bytes);
void restore_count_bytes(struct restore_job *job, uint64_t bytes);
void restore_item_reset(struct restore_item *item);
void restore_item_free(struct restore_item *item);

/* restore_select.c: steps `cursor` to the next entry that the request takes, and gives a copy
 * of it under its key in the place: 1, 0 at the end, -1. */
int restore_next(struct restore_job *job, struct tree_cursor *cursor, struct tree_entry **entry,
                 struct error *e);

/* restore_walk.c: the walking thread; closes the pipe at its end. */
void *restore_walk(void *job);

/* restore_write.c */
void restore_item_run(void *item); /* on a worker */
/* What to do with `entry`, looking at what is there unless `fresh`. */
int restore_decide(struct restore_job *job, const struct tree_entry *entry, bool fresh,
                   enum restore_verdict *verdict, struct error *e);
/* Writes a file or node in full; problems are reported, -1 only when the job must end. */
int restore_write_entry(struct restore_job *job, const struct restore_step *step,
                        struct error *e);

/* restore_metadata.c: the metadata of a tree's entry as the driver wants it. */
struct restore_metadata {
    struct lagan_metadata *pieces;
    size_t count;
    struct buffer bytes; /* the encoded form */
    struct buffer names; /* terminated names */
};
int restore_metadata_load(struct restore_job *job, const struct tree_entry *entry,
                          struct restore_metadata *metadata, struct error *e);
void restore_metadata_free(struct restore_metadata *metadata);
/* A collector whose `lost` warns of `*entry`; `context` is the storage it needs. */
struct restore_lost {
    struct restore_job *job;
    const struct tree_entry *entry;
};
struct lagan_metadata_collector restore_lost_collector(struct restore_lost *context);

/* restore_finish.c: in order on the caller's thread, until the pipe ends. */
int restore_collect(struct restore_job *job);
/* restore_directories.c: the second pass. */
int restore_directories(struct restore_job *job, struct error *e);

#endif
