/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch.h - which slots of a policy are run, skipped or missed.  Pure; the runner and the
 * simulation take the same steps.
 *
 * All slots up to the cursor were decided.  A step looks at the slots in (cursor, now]: at most
 * the last one can run, those before it were missed.  A clock that was set back takes the
 * cursor back with it: what was run stays run (its slot has a row), what was only missed or
 * skipped is decided anew.  A clock that was set forward misses slots, but runs none twice.
 *
 * The last slot that has come is in time for DISPATCH_GRACE_NS, or while its window is open;
 * without a window also until the next slot comes, if somebody was there (`was_up`).  In time,
 * it is run, or skipped when the previous run is not over.  Else it is missed, which catch-up
 * makes up for.
 *
 * A disabled policy decides nothing, and its cursor goes with the clock; whoever enables it
 * sets the cursor to now, too, since nobody may have looked meanwhile.
 */
#ifndef CORE_POLICY_DISPATCH_H
#define CORE_POLICY_DISPATCH_H

#include "policy/policy.h"

/* How late a slot may be seen and still be in time. */
#define DISPATCH_GRACE_NS (INT64_C(60) * 1000000000)

/* More slots than that are not counted when they are missed at once. */
enum { DISPATCH_COUNT_LIMIT = 100000 };

struct dispatch_facts {
    const struct policy *policy;
    bool enabled;
    int64_t cursor_ns;
    int64_t now_ns;
    bool running;    /* an earlier run of it, by hand too (TSK-12), is not over */
    uint64_t jitter; /* any number, the same for the same slot: spreads starts */
    /* Somebody was looking all the time: a runner that went round since before the slot, or
     * `run --once` when the one before came after the slot before.  Then it is late only. */
    bool was_up;
};

/* X(symbol, name) */
#define DISPATCH_ACTS(X)                                                                       \
    X(NOTHING, "nothing") /* none is due */                                                    \
    X(RUN, "run")                                                                              \
    X(CATCH_UP, "catch-up") /* the last of several missed ones is made up for */               \
    X(SKIP, "skip")         /* TSK-13: the previous run is not over */                         \
    X(MISS, "miss")         /* from slot_ns on, `slots` of them */                             \
    X(REWIND, "rewind") /* the clock was set back: forget what was missed or skipped behind    \
                           now; a row of missed slots that began before ends there */
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
    int64_t due_ns;     /* RUN: slot plus jitter; CATCH_UP: now plus jitter */
    int64_t until_ns;   /* ... end of the window from there; 0 = none */
    int64_t cursor_ns;  /* what the cursor is to be then; need not be stored for NOTHING */
    int64_t next_ns;    /* NOTHING: the next slot; 0 = none */
    const char *reason; /* SKIP, MISS; static */
};
/* One step; call again with the new cursor (and `running` after RUN and CATCH_UP) until
 * NOTHING.  The slot of RUN, CATCH_UP and SKIP may have a row already, when the clock was set
 * back: then the caller only moves the cursor. */
void dispatch_decide(const struct dispatch_facts *facts, struct dispatch_step *step);

#endif
