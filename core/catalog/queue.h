/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h - work that is owed to other regions, one row each.
 *
 * An item says: bring `subject` into the vault whose lane this is.  It is there from the
 * transaction that made it necessary until the one that records its effect; doing it twice
 * changes nothing, so that a process may die at any instruction.
 *
 * A process works on an item under a lease.  A lease ends with its process (found by pid, boot
 * and start time) or when it was not renewed in time by the boot clock; then somebody else may
 * claim the item, with a higher token.  Whoever has lost a lease learns it from the next call
 * (code LEASE_LOST, class CHANGED) and has no further effect.
 *
 * Order: lanes take turns, the one whose turn was longest ago first; in a lane lower classes go
 * first, then what is due first, then what came first.  Costs do not depend on the number of
 * items.
 */
#ifndef CORE_CATALOG_QUEUE_H
#define CORE_CATALOG_QUEUE_H

#include "catalog/catalog.h"

/* X(symbol, name, what `subject` is) */
#define CATALOG_OPERATIONS(X)                                                                  \
    X(COPY, "copy", "a backup of the source vault, copied object by object")                   \
    X(REMOVE, "remove", "a backup that the source vault has deleted")                          \
    X(SLOT, "slot", "a key slot that was added to the source vault")                           \
    X(SLOT_REMOVE, "slot-remove", "a key slot that was removed from the source vault")         \
    X(REPLICA, "replica", "a line of the ledger")                                              \
    X(LOCK, "lock", "a record of the source vault's lock")
enum catalog_operation {
#define X(symbol, name, text) CATALOG_OPERATION_##symbol,
    CATALOG_OPERATIONS(X)
#undef X
};
/* X(symbol, name): lower goes first. */
#define CATALOG_CLASSES(X)                                                                     \
    X(NEW, "new")                                                                              \
    X(MANUAL, "manual")                                                                        \
    X(POLICY, "policy")                                                                        \
    X(HISTORY, "history")                                                                      \
    X(REMOVAL, "removal")
enum catalog_class {
#define X(symbol, name) CATALOG_CLASS_##symbol,
    CATALOG_CLASSES(X)
#undef X
        CATALOG_CLASS_COUNT
};
#define CATALOG_ITEM_STATES(X)                                                                 \
    X(WAITING, "waiting")                                                                      \
    X(RUNNING, "running")                                                                      \
    X(DEAD, "dead") /* given up, kept with its errors, to be replayed */
enum catalog_item_state {
#define X(symbol, name) CATALOG_ITEM_##symbol,
    CATALOG_ITEM_STATES(X)
#undef X
};
const char *catalog_operation_name(enum catalog_operation operation);
const char *catalog_class_name(enum catalog_class class);
const char *catalog_item_state_name(enum catalog_item_state state);
int catalog_item_state_parse(const char *name);

enum { CATALOG_SUBJECT_SIZE = 40, CATALOG_ITEM_ERRORS = 20 /* the last ones are kept */ };

struct catalog_item {
    int64_t id;
    uint8_t lane[CATALOG_ID_SIZE]; /* the vault that is written to */
    enum catalog_operation operation;
    char subject[CATALOG_SUBJECT_SIZE];
    enum catalog_class class;
    enum catalog_item_state state;
    uint64_t bytes; /* estimate, 0 = unknown */
    int64_t created_ns;
    int64_t due_ns; /* not before, by the wall clock */
    uint64_t attempts;
    int64_t first_failure_ns; /* of the present series; 0 = none */
    int64_t token;
    char task[CATALOG_TASK_ID_SIZE]; /* of the present or last attempt; may be empty */
};

/* Adds a waiting item unless the lane has one for the same operation and subject, in any state;
 * `*added` (may be NULL) tells.  Fills in the whole item, the one that is there if so; `due_ns`
 * 0 = at once.  The lane is made when there is none.  NO_VAULT. */
int catalog_item_insert(struct catalog *c, struct catalog_item *item, bool *added,
                        struct error *e);
/*
 * Leases the next item that is due at `now_ns` for `lease_ns`: 1 and `*item`, or 0 when there
 * is none.  Passes over lanes that are held or paused, or that have `lane_limit` (0 = no limit)
 * items running; the last of several places in a lane is kept free of classes HISTORY and
 * REMOVAL, so that what is new finds one.  Passes over class REMOVAL where a brake holds the
 * deletions of the mirror (catalog/mirror.h).  Items of dead leases wait again, with an error
 * that says why.  Counts as an attempt.
 */
int catalog_item_claim(struct catalog *c, int64_t now_ns, int64_t lease_ns, uint64_t lane_limit,
                       struct catalog_item *item, struct error *e);
/* Prolongs the lease by `lease_ns` from now, and stores item->task.  LEASE_LOST. */
int catalog_item_renew(struct catalog *c, const struct catalog_item *item, int64_t lease_ns,
                       struct error *e);
/* The item is done and goes; put it into one transaction with its effect.  LEASE_LOST. */
int catalog_item_done(struct catalog *c, const struct catalog_item *item, struct error *e);
/* The attempt failed: notes `why`, and lets the item wait until `due_ns`; 0 = gives it up
 * (state DEAD).  LEASE_LOST. */
int catalog_item_fail(struct catalog *c, const struct catalog_item *item,
                      const struct error *why, int64_t due_ns, struct error *e);
/* The attempt did not take place: the item waits as before, and nothing is counted. */
int catalog_item_release(struct catalog *c, const struct catalog_item *item, struct error *e);
/* Takes away an item that waits or was given up.  Class NOT_FOUND; CONFLICT when it runs. */
int catalog_item_cancel(struct catalog *c, int64_t id, struct error *e);
/* Items that were given up wait again, due at once, with a fresh series of attempts: `id`, or
 * all of `lane` (`id` 0; `lane` NULL = all).  `*count` (may be NULL). */
int catalog_item_replay(struct catalog *c, int64_t id, const uint8_t *lane, uint64_t *count,
                        struct error *e);
/* When the next item is due: 1 and `*due_ns` (not earlier than the end of its lane's hold), 0
 * when nothing waits; deletions that a brake holds have no time. */
int catalog_item_next_due(struct catalog *c, int64_t *due_ns, struct error *e);
/* Class NOT_FOUND. */
int catalog_item_get(struct catalog *c, int64_t id, struct catalog_item *item, struct error *e);
/* In the order of ids; `lane` NULL = all, `state` -1 = any. */
int catalog_item_list(struct catalog *c, const uint8_t *lane, int state,
                      int (*each)(void *context, const struct catalog_item *item,
                                  struct error *e),
                      void *context, struct error *e);

/* A failed attempt. */
struct catalog_item_error {
    uint64_t attempt;
    int64_t at_ns;
    struct error why;
};
/* Oldest first. */
int catalog_item_errors(struct catalog *c, int64_t id,
                        int (*each)(void *context, const struct catalog_item_error *error,
                                    struct error *e),
                        void *context, struct error *e);

/* A line of items. */
struct catalog_lane {
    uint8_t vault[CATALOG_ID_SIZE];
    int64_t hold_ns; /* nothing is claimed before; 0 = no hold */
    int64_t away_ns; /* since when its place cannot be reached; 0 = it can */
    uint64_t tries;  /* to reach it since then */
    bool paused;     /* by hand */
    char reason[CATALOG_TEXT_SIZE];
    uint64_t waiting, running, dead;
};
/* The lane of a vault; all zero when it has none. */
int catalog_lane_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                     struct catalog_lane *lane, struct error *e);
/* Its place cannot be reached: nothing is claimed before `until_ns`; counts a try. */
int catalog_lane_away(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], int64_t now_ns,
                      int64_t until_ns, const char *reason, struct error *e);
/* Its place is reached again. */
int catalog_lane_back(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e);
int catalog_lane_pause(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], bool paused,
                       struct error *e);

#endif
