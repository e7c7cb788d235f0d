/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch.h - which slots of a policy are run, skipped or missed.  Pure; the runner and the
 * simulation take the same steps.
 *
 * All slots up to the cursor were decided.  A step looks at the slots in (cursor, now]: at most
 * the last one can run, those before it were missed.  A clock that was set back takes the
 * cursor back with it: what was run stays run (its slot has a row), what was only missed or
 * skipped is decided anew.  A clock that was set forward misses slots, but runs none twice.
 */
#ifndef CORE_POLICY_DISPATCH_H
#define CORE_POLICY_DISPATCH_H

#include "policy/policy.h"

/* A slot that is due is late, and thus missed, once this much has passed and its window (or,
 * without a window, the next slot) has come. */
#define DISPATCH_GRACE_NS (INT64_C(60) * 1000000000)

struct dispatch_facts {
    const struct policy *policy;
    bool enabled;
    int64_t cursor_ns;
    int64_t now_ns;
    bool running;    /* an earlier run of it is not over */
    uint64_t jitter; /* any number, the same for the same slot: spreads starts */
    bool was_up; /* somebody has looked since the slot before: then it is late, not missed */
};

/* X(symbol, name) */
#define DISPATCH_ACTS(X)                                                                       \
    X(NOTHING, "nothing") /* none is due */                                                    \
    X(RUN, "run")                                                                              \
    X(CATCH_UP, "catch-up") /* the last of several missed ones is made up for */               \
    X(SKIP, "skip")         /* TSK-13: the previous run is not over */                         \
    X(MISS, "miss")         /* from slot_ns on, `slots` of them */                             \
    X(REWIND, "rewind")     /* the clock was set back: forget what was decided after now */
enum dispatch_act {
#define X(symbol, name) DISPATCH_##symbol,
    DISPATCH_ACTS(X)
#undef X
};
const char *dispatch_act_name(enum dispatch_act act);

struct dispatch_step {
    enum dispatch_act act;
    int64_t slot_ns;    /* the (first) slot it is about */
    uint64_t slots;     /* MISS: how many */
    int64_t due_ns;     /* RUN, CATCH_UP: slot plus jitter */
    int64_t until_ns;   /* ... end of the window; 0 = none */
    int64_t cursor_ns;  /* what the cursor is to be then */
    int64_t next_ns;    /* NOTHING: the next slot; 0 = none */
    const char *reason; /* SKIP, MISS; static */
};
/* One step; call again with the new cursor until NOTHING. */
void dispatch_decide(const struct dispatch_facts *facts, struct dispatch_step *step);

#endif
