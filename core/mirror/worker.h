/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - works off what is due in the queue: copies to mirrors, deletions there, key slots,
 * replicas.  Any number of processes may do so at a time, and any of them may die at any
 * instruction: see catalog/queue.h.
 *
 * Copying to mirrors needs no key: both vaults stay locked.
 */
#ifndef CORE_MIRROR_WORKER_H
#define CORE_MIRROR_WORKER_H

#include "catalog/mirror.h"
#include "catalog/queue.h"
#include "engine/setup.h"

/* X(symbol, name) */
#define WORK_NEWS(X)                                                                           \
    X(STARTED, "started")                                                                      \
    X(DONE, "done")                                                                            \
    X(SKIPPED, "skipped") /* there was nothing to do any more: `text` says why */              \
    X(FAILED, "failed")   /* it is tried again */                                              \
    X(GIVEN_UP, "given-up")                                                                    \
    X(AWAY, "away")     /* the place of a lane cannot be used: it waits */                     \
    X(BRAKED, "braked") /* too many deletions at once: they wait for somebody */               \
    X(STATE, "state")   /* a mirror has got another state: `text` */
enum work_news_kind {
#define X(symbol, name) WORK_##symbol,
    WORK_NEWS(X)
#undef X
};
const char *work_news_name(enum work_news_kind kind);

struct work_news {
    enum work_news_kind kind;
    const char *vault;               /* name of the vault that is written to */
    const struct catalog_item *item; /* NULL for AWAY, BRAKED and STATE */
    uint64_t objects, bytes;         /* DONE: sent */
    const char *text;                /* one line; may be empty */
};

struct work_request {
    struct setup *setup;
    unsigned transfers; /* objects at a time; 0 = limits.transfers */
    int64_t lease_ns;   /* that an item is held for without a sign of life; 0 = 60 s */
    void *context;
    /* One at a time; must not call the catalog; may be NULL. */
    void (*told)(void *context, const struct work_news *news);
};

struct work_result {
    uint64_t done, skipped, failed, given_up;
    uint64_t bytes;   /* sent */
    uint64_t away;    /* lanes whose place could not be used */
    uint64_t braked;  /* mirrors whose deletions a brake holds */
    uint64_t lagging; /* mirrors that lag by more than their limit */
    uint64_t errors;  /* mirrors in state error */
    int64_t next_ns;  /* when something is due next, by the wall clock; 0 = nothing waits */
};

/* Works until nothing is due.  0 when the queue could be worked, whatever became of the items;
 * ends early when operation_cancel_all (driver/operation.h) is called. */
int mirror_work(const struct work_request *request, struct work_result *result,
                struct error *e);

/* Looks at one mirror now: fills the lag, applies the brake, moves its state, stores what
 * changed.  `*moved` (may be NULL): its state is another one. */
int mirror_look(struct setup *s, struct catalog_mirror *mirror, struct catalog_lag *lag,
                bool *moved, struct error *e);

#endif
