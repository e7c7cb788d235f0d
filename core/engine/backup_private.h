/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_private.h - the parts of a backup job.
 *
 *     walk + parent's tree -> join (own thread) -> items -> workers read, cut and identify
 *                                              -> collector (caller's thread): session, tree
 *
 * Items leave the workers in the order in which the join made them, so that the collector sees
 * entries in key order and chunks in file order.  A fixed number of items goes round: that is
 * the bound on memory.
 */
#ifndef CORE_ENGINE_BACKUP_PRIVATE_H
#define CORE_ENGINE_BACKUP_PRIVATE_H

#include "base/pool.h"
#include "base/queue.h"
#include "base/share.h"
#include "engine/backup.h"
#include "engine/entry_copy.h"
#include "engine/flat.h"
#include "engine/link_slots.h"
#include "vault/chunker.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    ITEM_STEPS = 64,             /* entries that one item may hold */
    ITEM_BYTES = 1 << 20,        /* content that one item of small entries may hold */
    ITEM_RUN_LIMIT = 4096,       /* unchanged entries after which an item is sent */
    WALK_BATCH = 256,            /* entries asked of the walk at a time */
    READ_ATTEMPTS = 2,           /* a file that changes while it is read is read once more */
    METADATA_LIMIT = CHUNK_LIMIT /* of an entry, encoded: it goes into one chunk */
};

/* One chunk within its item's share, or its own data. */
struct piece {
    struct chunk_id id;
    size_t offset;
    uint64_t bytes; /* of data, or of the hole */
    bool hole;
    bool own; /* within the item's own data */
};

enum step_kind {
    STEP_KEEP,  /* `count` entries of the parent are taken over */
    STEP_DROP,  /* `count` entries of the parent are passed over */
    STEP_ENTRY, /* an entry of the source, to be read by a worker */
    STEP_LINK   /* a further name of content that an earlier step has read */
};

/* What happens to one entry, or to a run of the parent's entries. */
struct step {
    enum step_kind kind;
    uint64_t count;
    bool known;               /* the parent had this key */
    struct entry_copy found;  /* as the walk said */
    struct entry_copy opened; /* as opened, for entries with content */
    struct buffer metadata;   /* doc/format.md section 8, encoded */
    bool metadata_lost;
    bool changed;           /* it changed while it was read, every time */
    bool other;             /* its name was given to another file since the walk */
    bool outgrown;          /* large by now: the collector reads it */
    struct link_slot *slot; /* NULL unless the content has several names */
    size_t piece_first, piece_count;
    bool failed;
    struct error failure; /* why the entry could not be read */
};

enum item_kind {
    ITEM_ENTRIES,      /* steps */
    ITEM_LARGE_BEGIN,  /* step 0: an entry whose content follows in chunks */
    ITEM_LARGE_CHUNKS, /* pieces, in order; all in one share */
    ITEM_LARGE_AGAIN,  /* forget the chunks so far: it changed and is read again */
    ITEM_LARGE_END     /* step 0: verdict and attributes, with metadata of what is far away */
};

struct backup_job;

struct item {
    struct backup_job *job;
    enum item_kind kind;
    size_t step_count;
    struct step steps[ITEM_STEPS];
    struct share *share; /* contents of small entries, or chunks of a large one */
    size_t place; /* of small entries in the share: each has a byte more than it had when it
                     was found */
    struct buffer data; /* contents of small entries that have grown since */
    struct piece *pieces;
    size_t piece_count, piece_room;
};

/* Where content is read to, one piece after another, given out by one thread. */
struct stream_room {
    struct share_pool *shares; /* read into and cut in place */
    struct share *share;       /* the one that is being read into; NULL before the first */
    size_t filled;             /* in it: read so far, also of earlier entries */
    struct chunker *chunker;
};

struct backup_job {
    const struct backup_request *request;
    struct session *session;
    struct store *store; /* reads the parent's tree; NULL without a parent */
    struct pool *pool;
    struct pipe *pipe;
    struct queue *free_items;
    bool flat;             /* the source's keys are */
    size_t chunk_smallest; /* bytes up to which content is one chunk */
    size_t chunk_average;  /* of content that is changed in place: the length of each chunk */
    size_t chunk_largest;
    struct link_slots *links;
    struct stream_room join_room;    /* the join's */
    struct stream_room collect_room; /* the collector's */

    atomic_bool failed;
    pthread_mutex_t lock; /* guards error, seal's problems, progress and the reporter */
    struct error error;
    struct job_progress progress;
    struct seal *seal;
    atomic_uint_fast64_t bytes_read;
    uint64_t bytes_asked; /* what backup_ask_room last asked room for */
};

/* Asks for room for what was stored since it last asked.  On the caller's thread. */
int backup_ask_room(struct backup_job *job, struct error *e);
/* Ends the job with `why` unless it has failed already. */
void backup_fail(struct backup_job *job, const struct error *why);
/* Reports and records an entry that is missing from, or doubtful in, this backup. */
void backup_problem(struct backup_job *job, const struct lagan_entry *entry,
                    const struct error *why);
void backup_warn(struct backup_job *job, const struct lagan_entry *entry, const char *text);
/* Adds to the progress and reports it. */
void backup_progress(struct backup_job *job, uint64_t entries, uint64_t bytes,
                     const struct lagan_entry *entry);

/* backup_join.c: the thread that walks; sends items until the end or a failure, then closes the
 * pipe. */
void *backup_join(void *job);

/* backup_read.c: on a worker, everything of an item that needs no order. */
void backup_item_run(void *item);
/* Reads metadata of `step` into it, through `reader` when it is open (else NULL).  Failures
 * count as lost metadata. */
void backup_read_metadata(struct backup_job *job, struct step *step,
                          struct entry_reader *reader);
/* Whether an entry's content goes through backup_stream rather than being read at once. */
bool backup_is_large(const struct backup_job *job, const struct lagan_entry *entry);
/* Opens what the name of an entry stands for now and sets `opened`.  A name of content that has
 * several must still be one: if not, `*other` tells so. */
struct entry_reader *backup_open(struct backup_job *job, const struct lagan_entry *found,
                                 struct entry_copy *opened, bool *other, struct error *e);
/* Notes why an entry could not be read; ends the job when more is wrong than the entry. */
void backup_read_failed(struct backup_job *job, struct step *step, const struct error *why);
/* Adds a piece to an item; its data was appended already. */
int item_add_piece(struct item *item, const struct piece *piece, struct error *e);
/* The bytes of a piece that is no hole. */
const uint8_t *item_piece_data(const struct item *item, const struct piece *piece);
void item_reset(struct item *item);
void item_drop_share(struct item *item);
void item_free(struct item *item);

/* Where the items of a large entry go. */
struct item_sink {
    void *context;
    /* An empty item of a kind; NULL once the job has failed. */
    struct item *(*fresh)(void *context, enum item_kind kind);
    void (*send)(void *context, struct item *item); /* takes it over */
};

/*
 * backup_stream.c: reads a large entry chunk by chunk and sends ITEM_LARGE_CHUNKS, _AGAIN and
 * at last _END.  An entry that cannot be read is no failure: its END says so.  -1 when the job
 * has failed.
 */
int backup_stream(struct backup_job *job, struct stream_room *room,
                  const struct entry_copy *found, const struct item_sink *sink);
/* Gives an item of small entries `bytes` of a share to read into; waits until there is one.  -1
 * when the job has failed. */
int stream_room_give(struct backup_job *job, struct stream_room *room, struct item *item,
                     size_t bytes);
/* Once all that was read has been stored or dropped. */
void stream_room_free(struct stream_room *room);

/* backup_collect.c: on the caller's thread, in order; ends with the tree's root. */
int backup_collect(struct backup_job *job, struct tree_root *root);

#endif
