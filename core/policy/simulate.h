/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate.h - what policies would do over years, without touching data.  Takes the steps of
 * dispatch.h and the decisions of retention.h, on a clock of its own that jumps from event to
 * event.  Pure.
 *
 * Each policy counts as one source in one vault whose size stays the same: runs succeed, take
 * as long as the last ones did, and store as much.  A backup that is dropped gives back as much
 * as the next one has stored, which is what that one has replaced; the rest of it belongs to
 * the next one then.
 */
#ifndef CORE_POLICY_SIMULATE_H
#define CORE_POLICY_SIMULATE_H

#include "policy/dispatch.h"

/* X(symbol, name) */
#define SIMULATE_EVENTS(X)                                                                     \
    X(RUN, "run")     /* `full`, `bytes` */                                                    \
    X(SKIP, "skip")   /* `text` */                                                             \
    X(MISS, "miss")   /* `count` from at_ns on */                                              \
    X(DROP, "drop")   /* the backup of `slot_ns`: `verdict`, `bytes` */                        \
    X(MONTH, "month") /* of each policy, at the end of each month of its zone: `count`         \
                         backups are there, `bytes` are stored */                              \
    X(END, "end")     /* the same at the end; what stays follows as KEEP */                    \
    X(KEEP, "keep")   /* a backup that is there at the end: `verdict`, `bytes` */
enum simulate_event_kind {
#define X(symbol, name) SIMULATE_##symbol,
    SIMULATE_EVENTS(X)
#undef X
};
const char *simulate_event_name(enum simulate_event_kind kind);

struct simulate_event {
    enum simulate_event_kind kind;
    size_t policy;   /* its number in the request */
    int64_t at_ns;   /* when; RUN: the beginning; KEEP: when the backup was made */
    int64_t slot_ns; /* of a run, a skip, the first of those missed, a backup (that was there at
                        the beginning: when it was made) */
    bool full;
    uint64_t count, bytes;
    enum retention_verdict verdict;
    const char *text; /* static */
};

/* A backup that is there at the beginning. */
struct simulate_backup {
    int64_t created_ns, expire_ns;
    uint64_t bytes_stored;
    bool by_policy;
    int64_t keep_ns; /* somebody has extended its time; 0 = nobody has */
};

struct simulate_policy {
    const struct policy *policy;
    bool enabled;
    int64_t cursor_ns; /* 0 = from_ns */
    size_t after;      /* number of the policy it waits for, or, without a schedule, whose runs
                          lead to its own, + 1; 0 = none; in no circle */
    int64_t duration_ns; /* of a run, as far as known; a full one takes full_ns */
    int64_t full_ns;
    uint64_t bytes_each, bytes_full; /* stored by an incremental and a full backup */
    uint64_t since_full;             /* runs since the last full one, ... */
    int64_t last_full_ns;            /* ... which was then; 0 = there was none */
    const struct simulate_backup *backups;
    size_t backup_count;
};

struct simulate_request {
    const struct simulate_policy *policies;
    size_t policy_count;
    int64_t from_ns, to_ns;
    int64_t look_ns;   /* how often the runner looks; 0 = at each slot */
    int64_t expire_ns; /* how often it expires; 0 = once a day */
    void *context;
    int (*event)(void *context, const struct simulate_event *event, struct error *e);
};
/* Calls `event` in the order of time.  -1 with what `event` says, or
 * without memory. */
int simulate_run(const struct simulate_request *request, struct error *e);

#endif
