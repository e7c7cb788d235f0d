/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children.h - the processes that do the work: the program itself, once for each job, for the
 * queue, and for what people are to be told.  A crash, a leak or a driver that hangs hurts one
 * of them and not the runner.
 *
 * A child has its own process group, the runner's standard streams and no other descriptor, and
 * gets SIGTERM when the runner dies.  Told to end it has CHILDREN_GRACE_NS, then it is killed.
 */
#ifndef CORE_RUNNER_CHILDREN_H
#define CORE_RUNNER_CHILDREN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CHILDREN_RULES = 4, /* at a time */
    /* 64 jobs, the queue, the notices, batch jobs, an inventory, rules */
    CHILDREN_MOST = 69 + CHILDREN_RULES
};

/* Between SIGTERM and SIGKILL; below the 10 s in which a runner ends. */
#define CHILDREN_GRACE_NS (INT64_C(8) * 1000000000)

enum child_kind {
    CHILD_JOB,
    CHILD_QUEUE,
    CHILD_NOTICES,
    CHILD_BATCH,
    CHILD_INVENTORY,
    CHILD_RULE,
    CHILD_KIND_COUNT
};

/* What is to be started. */
struct child_order {
    enum child_kind kind;
    int64_t job;                  /* its id; 0 for the other kinds */
    uint64_t needs;               /* what it works on, as a number; 0 = nothing to be shared */
    const char *const *arguments; /* of the program, argv[0] included; ends with NULL */
    int nice;                     /* 0 to 19, added to the runner's own */
    const char *io_class;         /* "idle", "best-effort", or "none" to leave it */
    int64_t limit_ns;             /* killed after so long; 0 = no limit */
};

struct child {
    pid_t pid; /* 0 = a free place */
    enum child_kind kind;
    int64_t job;
    uint64_t needs;
    int64_t started_ns; /* boot clock, as all times here */
    int64_t limit_ns;
    int64_t asked_ns; /* when SIGTERM was sent; 0 = not yet */
    bool killed;
};

/* How a child has ended. */
struct child_end {
    struct child child;
    int status; /* its exit status; -1 when a signal ended it ... */
    int signal; /* ... this one */
    bool late;  /* its limit had passed */
};

/* `{0}` is empty. */
struct children {
    struct child places[CHILDREN_MOST];
    size_t count[CHILD_KIND_COUNT];
};

int children_start(struct children *c, const struct child_order *order, struct error *e);
/* Of all kinds. */
size_t children_count(const struct children *c);
/* Whether a child works on that job, or on what it needs (0 = nothing). */
bool children_have(const struct children *c, int64_t job, uint64_t needs);
/* Takes one that has ended: true and `*end`. */
bool children_take(struct children *c, struct child_end *end);
/* Sends SIGTERM to those whose limit has passed, or to all (`all`), once; and SIGKILL to those
 * that do not end. */
void children_watch(struct children *c, bool all);
/* Kills all and waits for them: nothing of a runner that ends is left. */
void children_kill(struct children *c);

#endif
