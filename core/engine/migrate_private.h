/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate_private.h - the parts of a run.
 *
 *     listings -> planner (own thread) -> units in the catalog, items in a queue
 *              -> workers copy -> units done
 *
 * The calling thread watches: it reports, and sees when the run is to end.
 */
#ifndef CORE_ENGINE_MIGRATE_PRIVATE_H
#define CORE_ENGINE_MIGRATE_PRIVATE_H

#include "base/queue.h"
#include "catalog/audit.h"
#include "engine/migrate.h"
#include "engine/migrate_listing.h"
#include "engine/pace.h"
#include "engine/task.h"

#include <pthread.h>
#include <stdatomic.h>

enum { MIGRATE_QUEUE = 256 };

struct migrate_job;

/* What became of an item; not done yet = ITEM_OPEN. */
enum item_state { ITEM_OPEN, ITEM_COPIED, ITEM_SAME, ITEM_KEPT, ITEM_FAILED, ITEM_VANISHED };

/* An object to be copied. */
struct migrate_item {
    struct migrate_unit *unit;
    struct migrate_entry entry;
    bool is_there; /* the destination had something of that name when it was listed */
    bool unlooked; /* no listing has told of it: its key is all that is known */
    enum item_state state;
    uint64_t bytes; /* copied */
    bool lost;      /* some of its properties */
};

/* A unit of work with its items, from the plan on until all are done. */
struct migrate_unit {
    struct migrate_job *job;
    struct catalog_migrate_unit row;
    bool loose; /* the catalog knows nothing of it */
    struct migrate_item *items;
    size_t count, room;
    pthread_mutex_t lock; /* guards what follows, and `row` once items are at work */
    size_t done;          /* items from the first on that are done, and counted in the row */
    size_t finished;      /* all that are done */
    int64_t noted_ns;     /* boot clock */
};

struct migrate_job {
    struct setup *setup;
    struct catalog *catalog;
    const struct catalog_migration *row;
    struct migrate_plan *plan;
    struct object_ends *ends;
    struct pace *pace;
    struct object_copy_options options; /* of all copies */
    struct task task;
    struct job_reporter reporter; /* the task's */
    unsigned threads;
    struct catalog_migrate_pass pass;
    struct queue *items;
    atomic_bool failed;   /* and `error` says why: everything ends */
    int64_t before_ns;    /* when the pass before this one began; 0 = unknown */
    bool has_failures;    /* the catalog knew of some when the pass began */
    pthread_mutex_t lock; /* guards what follows and the reporter */
    pthread_cond_t ended; /* of a thread */
    unsigned planning;    /* 1 while the planner is at work */
    unsigned working;     /* workers that are */
    struct error error;
    struct job_progress progress;
};

/* migrate.c */
/* All ends with `why`, unless something else has ended it. */
void migrate_fail(struct migrate_job *job, const struct error *why);
/* Names what could not be copied, in the report and in the catalog. */
void migrate_problem(struct migrate_job *job, const struct lagan_entry *entry,
                     const struct error *why);
/* A thread that `*count` counts has ended. */
void migrate_thread_ended(struct migrate_job *job, unsigned *count);
/* Opens all that a run needs (the caller has claimed the row); closes it. */
int migrate_job_open(struct migrate_job *job, struct error *e);
void migrate_job_close(struct migrate_job *job);
/* Runs `produce`, which puts items into the queue, on a thread of its own, and the workers,
 * until all items are done. */
int migrate_job_work(struct migrate_job *job, void (*produce)(struct migrate_job *job),
                     struct error *e);
/* A task and the claim, with the audit line `event`, then `work` on the open job; ends both as
 * it went.  `*state` is set with success. */
int migrate_job_run(struct setup *s, const struct catalog_migration *row,
                    enum catalog_event event, const struct job_reporter *reporter,
                    int (*work)(struct migrate_job *job, struct error *e),
                    enum catalog_migration_state *state, struct error *e);

/* migrate_plan.c: one pass over the listings, on its own thread. */
void migrate_plan_pass(struct migrate_job *job);

/* migrate_unit.c */
struct migrate_unit *migrate_unit_new(struct migrate_job *job, struct error *e);
void migrate_unit_free(struct migrate_unit *unit);
/* An empty item at its end; NULL without memory. */
struct migrate_item *migrate_unit_add(struct migrate_unit *unit, struct error *e);
/* An item is done (its state says how): counts it, and ends the unit, which is freed with its
 * last item. */
void migrate_unit_finish(struct migrate_item *item);

/* migrate_work.c: copies items until the queue ends. */
void *migrate_worker(void *job);

#endif
