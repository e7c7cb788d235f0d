/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_private.h - the parts of the worker.
 *
 *     worker.c   threads that work on items, and the end of the work
 *     claim.c    an item, its lease and its task; one task for each lane has them as parts
 *     lane.c     the two vaults of a mirror, open while there are items for it
 *     item.c     one item: its effect, and its record in the same transaction
 *     look.c     the state of a mirror from the facts, and the brake
 */
#ifndef CORE_MIRROR_WORKER_PRIVATE_H
#define CORE_MIRROR_WORKER_PRIVATE_H

#include "engine/pace.h"
#include "mirror/worker.h"
#include "vault/transfer.h"

#include <pthread.h>
#include <stdatomic.h>

struct worker;

/* A mirror at work.  Threads share it. */
struct lane {
    struct lane *next;
    struct worker *worker;
    unsigned users;
    struct catalog_mirror mirror;
    struct open_vault source, copy;
    struct transfer *transfer;
    pthread_mutex_t lock; /* guards works */
    struct work *works;   /* that use the transfer now */
    bool worked;          /* had an item; guarded by the worker's `open` */
    atomic_bool stopped;  /* somebody has cancelled one of them, and with it all */
};

struct worker {
    const struct work_request *request;
    struct setup *setup;
    struct catalog *catalog;
    unsigned parallel; /* objects at a time in each lane */
    int64_t lease_ns;  /* leases are renewed every third of this */
    struct pace *pace;
    pthread_mutex_t open; /* guards lanes, and is held while one is opened */
    struct lane *lanes;
    pthread_mutex_t lock;            /* guards all below, and what is told */
    unsigned busy;                   /* threads with an item */
    struct catalog_task *lane_tasks; /* one for each lane that had an item */
    size_t lane_task_count;
    struct work_result result;
    bool failed;
    struct error error; /* of the queue itself */
};

/* An item with its lease, while it is worked on. */
struct work {
    struct work *next; /* in the lane */
    struct worker *worker;
    struct lane *lane; /* NULL before it is open, and for replicas */
    struct catalog_item item;
    struct catalog_task task;
    char vault[CATALOG_TEXT_SIZE]; /* name of the vault that is written to, without a lane */
    int64_t renew_ns; /* boot clock: when the lease is to be renewed; under the lane's lock */
    int64_t ask_ns;   /* boot clock: when to look whether somebody cancels it; likewise */
    atomic_bool lost; /* the lease is somebody else's */
    atomic_bool cancelled;
    bool lane_held; /* its place could not be used, and the lane was held for that already */
};

/* Leases an item and starts its task, both or neither: 1, 0, -1. */
int worker_claim(struct worker *w, struct catalog_item *item, struct catalog_task *task,
                 struct error *e);
/* Ends the tasks of the lanes. */
void worker_end_tasks(struct worker *w);

void worker_tell(struct worker *w, const struct work_news *news);
/* Ends the work: the queue itself cannot be used. */
void worker_fail(struct worker *w, const struct error *why);

/* The lane of the work's item, opened unless it is, with the work in it; NULL when that fails.
 * To be left again. */
struct lane *lane_enter(struct worker *w, struct work *work, struct error *e);
void lane_leave(struct work *work);
/* Brings notes (vault/note.h) to all mirrors whose lanes are open to work; failures are logged,
 * and the next pass does it.  Nobody works on items any more. */
void lanes_bring_notes(struct worker *w);
/* Closes the lanes that nobody is in, so that the next one to come opens them anew. */
void lanes_drop(struct worker *w);

/* Does a claimed item, whatever becomes of it. */
void work_run(struct worker *w, const struct catalog_item *item,
              const struct catalog_task *task);
/* Renews the lease and looks for a cancellation when it is time for that.  -1 with class
 * CANCELLED once somebody has cancelled the task. */
int work_renew(struct work *work, struct error *e);

#endif
