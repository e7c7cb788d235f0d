/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_private.h - the parts of a restore job.
 *
 *     tree -> walker (own thread; makes directories) -> items
 *          -> workers write small files and nodes, decode chunks of large ones
 *          -> finisher (caller's thread) writes large files in order, makes hard links
 *
 * Then a second pass gives directories their attributes, deepest first.
 */
#ifndef CORE_ENGINE_RESTORE_PRIVATE_H
#define CORE_ENGINE_RESTORE_PRIVATE_H

#include "base/pool.h"
#include "base/queue.h"
#include "engine/entry_copy.h"
#include "engine/flat.h"
#include "engine/restore.h"
#include "engine/restore_convert.h"
#include "engine/restore_keys.h"
#include "engine/restore_links.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    RESTORE_STEPS = 1024,         /* entries that one item may hold */
    RESTORE_FOLDER_STEPS = 64,    /* from so many on, an item ends with its folder */
    RESTORE_BYTES = 1 << 20,      /* of a file; larger ones go in chunks */
    RESTORE_ITEM_BYTES = 4 << 20, /* content of the small files of one item */
    RESTORE_LINK_TARGET = 65536   /* longest target of a symlink */
};

/* An entry of the tree, kept, on its way to the place. */
struct restore_step {
    struct tree_entry *entry;    /* under its key in the place */
    bool fresh;                  /* its directory is new: nothing can be there */
    bool ordered;                /* behind what an earlier item writes: done by the finisher */
    struct restore_group *group; /* NULL unless it has several names */
    bool link;                   /* a further name of `group` */
};

enum restore_item_kind {
    RESTORE_ITEM_ENTRIES,
    RESTORE_ITEM_LARGE_BEGIN, /* step 0 */
    RESTORE_ITEM_LARGE_CHUNK, /* record; data or failure after the worker */
    RESTORE_ITEM_LARGE_END
};

struct restore_job;

struct restore_item {
    struct restore_job *job;
    enum restore_item_kind kind;
    size_t step_count;
    struct restore_step steps[RESTORE_STEPS];
    struct chunk_record record;
    struct buffer data;   /* of a large chunk; for files among the entries, room for theirs */
    struct error failure; /* of a chunk, or at the end of the list of them; class OK = none */
};

/* What the conflict rules say of one entry. */
enum restore_verdict {
    VERDICT_CREATE,
    VERDICT_REPLACE,
    VERDICT_EQUAL,
    VERDICT_KEEP,
    VERDICT_STOP
};

/* Losses that all entries of a kind share, said once each: X(symbol, text). */
#define RESTORE_LOSSES(X)                                                                      \
    X(VERSIONS, "older versions are left out: a tree of files holds the current ones alone")   \
    X(PROPERTIES, "some properties of objects could not be kept as extended attributes")       \
    X(FOLDERS, "a bucket has no directories: owners, modes and empty directories are lost")    \
    X(ATTRIBUTES, "extended attributes of files are lost: objects have none")                  \
    X(HISTORY, "the place keeps no versions: of each object the newest one remains")
enum restore_loss {
#define X(symbol, text) RESTORE_LOSS_##symbol,
    RESTORE_LOSSES(X)
#undef X
        RESTORE_LOSS_COUNT
};

struct restore_job {
    const struct restore_request *request;
    struct chunk_access access;
    enum restore_way way;
    bool flat;                 /* the backup's keys are */
    bool place_empty;          /* nothing was there when it began */
    struct buffer folder_bits; /* of folders that a pass over flat keys has met: new or not */
    atomic_bool said[RESTORE_LOSS_COUNT];
    struct pool *pool;
    struct pipe *pipe;
    struct queue *free_items;
    struct restore_links *links;
    /* What the first pass found out and the second one needs: */
    struct restore_keys blocked; /* directories that are not there: nothing below them is */
    struct restore_keys made;    /* the topmost directories that were new */

    atomic_bool failed;
    atomic_uint given_up; /* entries in a row that failed for a while, however often tried */
    pthread_mutex_t lock; /* guards what follows and the reporter */
    struct error error;
    struct job_progress progress;
    struct restore_result result;
};

/* restore.c */
void restore_fail(struct restore_job *job, const struct error *why);
void restore_problem(struct restore_job *job, const struct tree_entry *entry,
                     const struct error *why);
/* Reports a problem of `entry` and returns 0; or, when `why` is more than that, copies it to
 * `e` and returns -1. */
int restore_judge(struct restore_job *job, const struct tree_entry *entry,
                  const struct error *why, struct error *e);
void restore_warn(struct restore_job *job, const struct tree_entry *entry, const char *text);
/* Counts an entry that is done as `verdict` says, with `bytes` written. */
void restore_count(struct restore_job *job, const struct tree_entry *entry,
                   enum restore_verdict verdict, uint64_t bytes);
void restore_count_bytes(struct restore_job *job, uint64_t bytes);
void restore_item_reset(struct restore_item *item);
void restore_item_free(struct restore_item *item);

/* Says once that what all entries of a kind have is lost. */
void restore_lose(struct restore_job *job, const struct tree_entry *entry,
                  enum restore_loss loss);
/* Whether the place's keys are flat. */
bool restore_place_is_flat(const struct restore_job *job);

/* restore_select.c: the entries that the request takes, as the place takes them. */
struct restore_view {
    struct restore_job *job;
    struct tree_cursor *cursor;
    struct tree_entry *newest; /* of the object whose versions are passed over; NULL = none */
    bool ended;
    struct restore_names names;
};
int restore_view_open(struct restore_view *view, struct restore_job *job, struct error *e);
void restore_view_close(struct restore_view *view);
/* An entry of the view. */
struct restore_found {
    struct tree_entry *entry; /* the caller's; under its key in the place, or when it is refused
                                 under that in the backup */
    bool passed; /* a directory that only lies on the way to what is taken, if to anything */
    const char *refused; /* why the place cannot hold it; NULL = it can */
};
/* Steps to the next one: 1, 0 at the end, -1. */
int restore_next(struct restore_view *view, struct restore_found *found, struct error *e);

/* restore_make.c: directories, made on the way down. */
struct restore_maker {
    struct restore_job *job;
    /* The topmost directory that was new: nothing can be there below it. */
    uint8_t *fresh;
    size_t fresh_size;
    bool has_fresh;
    /* Directories on the way to `entry` of the last call that are made when something below
     * them is taken; outermost first. */
    struct tree_entry **waiting;
    size_t waiting_count, waiting_room;
    size_t waiting_made; /* so many of them, from the first one on, are made */
};
void restore_maker_free(struct restore_maker *m);
/* Whether nothing can be there under the key of `entry`. */
bool restore_maker_is_fresh(const struct restore_maker *m, const struct tree_entry *entry);
/* Has a directory wait (taken over, also on failure). */
int restore_maker_wait(struct restore_maker *m, struct tree_entry *directory, struct error *e);
/* Makes the directories that wait above `entry`, and `entry` itself when it is one.  When there
 * is something else in the place of one, which is reported, `*blocked` is that one (valid until
 * the next call) and nothing below it can be restored. */
int restore_maker_enter(struct restore_maker *m, const struct tree_entry *entry,
                        const struct tree_entry **blocked, struct error *e);

/*
 * restore_folders.c: folders of flat keys, which no entry of the backup stands for.  Keys with
 * a folder in common follow each other, so that the folders of one key are all that is kept.
 */
struct restore_level {
    size_t size; /* of its key, the beginning of `path` */
    bool made;   /* new */
    bool blocked;
};
struct restore_folders {
    struct restore_job *job;
    struct buffer path; /* of the innermost folder */
    struct restore_level *levels;
    size_t count, room;
    bool finishing; /* the second pass: folders get their attributes */
    size_t bit;     /* the next of the job's */
};
void restore_folders_free(struct restore_folders *f);
/* Makes the folders that `entry` lies in (and itself, a directory).  `*blocked`: something that
 * is no folder is in the way, and was reported.  `*fresh`: nothing can be there. */
int restore_folders_enter(struct restore_folders *f, const struct tree_entry *entry,
                          bool *blocked, bool *fresh, struct error *e);
/* The second pass. */
int restore_folders_finish(struct restore_job *job, struct error *e);

/* restore_walk.c: the walking thread; closes the pipe at its end. */
void *restore_walk(void *job);

/* restore_compare.c: what is there already, and whether it is what the backup has. */
enum { RESTORE_PIECE_LIMIT = 256 };
/* With the one piece of it that is compared. */
struct restore_present {
    struct restore_job *job;
    struct entry_copy copy;
    char piece[RESTORE_PIECE_LIMIT]; /* "" = it has none */
};
struct lagan_entry_collector restore_present_collector(struct restore_present *present);
/* Objects are told by what the store, or a restore, noted of them, and where that says nothing
 * by their content: their times are those at which they were put there. */
bool restore_object_equal(struct restore_job *job, const struct restore_present *there,
                          const struct tree_entry *entry);

/* restore_write.c */
void restore_item_run(void *item); /* on a worker */
/* What to do with `entry`, looking at what is there unless `fresh`. */
int restore_decide(struct restore_job *job, const struct tree_entry *entry, bool fresh,
                   enum restore_verdict *verdict, struct error *e);
/* An entry whose place is taken under RESTORE_FAIL ends the job.  Returns -1. */
int restore_stop(const struct tree_entry *entry, struct error *e);
/* Whether `a` is a directory that `b` is or lies in. */
bool restore_holds(const struct tree_entry *a, const struct tree_entry *b);
/* Writes a file or node in full; problems are reported, -1 only when the job must end.  `data`:
 * room for a chunk, so that it is not made anew for each file. */
int restore_write_entry(struct restore_job *job, const struct restore_step *step,
                        struct buffer *data, struct error *e);

/* Calls that end a writer cannot be made again by themselves: what may work when it is tried
 * again is written again from the start, after a pause.  Whether `why` is such a failure. */
bool restore_is_worth_trying(const struct restore_job *job, const struct error *why);
/* Creates the file or node, several times if need be.  Some entries in a row that cannot be
 * written are the place's failure (scope handle), which ends the job as temporary: every
 * further one would take as long. */
int restore_write_patiently(struct restore_job *job, const struct tree_entry *entry,
                            bool replace, struct buffer *data, struct error *e);

/* restore_metadata.c: the metadata of a tree's entry as the driver wants it. */
struct restore_metadata {
    struct lagan_metadata *pieces;
    size_t count;
    struct buffer bytes;     /* the encoded form */
    struct buffer names;     /* terminated names */
    struct buffer converted; /* names as the place knows them */
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
