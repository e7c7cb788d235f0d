/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the states of a mirror and what moves it from one to another.  Pure: facts in,
 * state out; the table below is all there is.
 */
#ifndef CORE_MIRROR_STATE_H
#define CORE_MIRROR_STATE_H

#include "catalog/mirror.h"

/* X(symbol, name) */
#define MIRROR_EVENTS(X)                                                                       \
    X(MADE, "its place stands, new backups may flow")                                          \
    X(DUE, "the history delay has passed and there is history")                                \
    X(HISTORY_DONE, "all history has arrived")                                                 \
    X(BEHIND, "a new backup or deletion waits")                                                \
    X(CAUGHT_UP, "nothing waits")                                                              \
    X(FAILED, "something was given up, or its storage answers wrongly")                        \
    X(CURED, "what had failed is in order again")                                              \
    X(STOP, "it becomes a vault of its own")                                                   \
    X(DELETE, "it goes")
enum mirror_event {
#define X(symbol, name) MIRROR_EVENT_##symbol,
    MIRROR_EVENTS(X)
#undef X
        MIRROR_EVENT_COUNT
};
const char *mirror_event_name(enum mirror_event event);

/* X(state, event, next); every other pair is refused. */
#define MIRROR_TRANSITIONS(X)                                                                  \
    X(INITIALIZING, MADE, WAITING_HISTORY)                                                     \
    X(INITIALIZING, FAILED, ERROR)                                                             \
    X(INITIALIZING, DELETE, DELETING)                                                          \
    X(WAITING_HISTORY, DUE, SYNCING_HISTORY)                                                   \
    X(WAITING_HISTORY, HISTORY_DONE, IN_SYNC)                                                  \
    X(WAITING_HISTORY, FAILED, ERROR)                                                          \
    X(WAITING_HISTORY, STOP, STOPPED)                                                          \
    X(WAITING_HISTORY, DELETE, DELETING)                                                       \
    X(SYNCING_HISTORY, HISTORY_DONE, IN_SYNC)                                                  \
    X(SYNCING_HISTORY, FAILED, ERROR)                                                          \
    X(SYNCING_HISTORY, STOP, STOPPED)                                                          \
    X(SYNCING_HISTORY, DELETE, DELETING)                                                       \
    X(IN_SYNC, DUE, SYNCING_HISTORY)                                                           \
    X(IN_SYNC, BEHIND, LAGGING)                                                                \
    X(IN_SYNC, FAILED, ERROR)                                                                  \
    X(IN_SYNC, STOP, STOPPED)                                                                  \
    X(IN_SYNC, DELETE, DELETING)                                                               \
    X(LAGGING, DUE, SYNCING_HISTORY)                                                           \
    X(LAGGING, CAUGHT_UP, IN_SYNC)                                                             \
    X(LAGGING, FAILED, ERROR)                                                                  \
    X(LAGGING, STOP, STOPPED)                                                                  \
    X(LAGGING, DELETE, DELETING)                                                               \
    X(ERROR, CURED, WAITING_HISTORY)                                                           \
    X(ERROR, STOP, STOPPED)                                                                    \
    X(ERROR, DELETE, DELETING)                                                                 \
    X(DELETING, DELETE, DELETING)

/* The state after `event`: true and `*next`, or false when the event cannot happen there. */
bool mirror_state_next(enum catalog_mirror_state state, enum mirror_event event,
                       enum catalog_mirror_state *next);
/* As mirror_state_next, with MIRROR_STATE, the mirror's name, and why not. */
int mirror_state_step(enum catalog_mirror_state state, enum mirror_event event,
                      const char *name, enum catalog_mirror_state *next, struct error *e);

/* What is true of a mirror now. */
struct mirror_facts {
    int64_t now_ns;
    int64_t history_ns;
    struct catalog_lag lag;
    bool failed; /* an item was given up, or its storage answers wrongly */
};
/* Where these facts lead from `state`, through as many events as it takes. */
enum catalog_mirror_state mirror_state_settle(enum catalog_mirror_state state,
                                              const struct mirror_facts *facts);

/* What people are told of a mirror's progress. */
struct mirror_progress {
    unsigned history_percent; /* 0 to 100; 100 only when all of it is there */
    int64_t lag_ns;           /* age of the oldest new backup that is not there; 0 = none */
    bool rpo_holds;
};
void mirror_progress(const struct catalog_mirror *mirror, const struct catalog_lag *lag,
                     int64_t now_ns, struct mirror_progress *progress);

#endif
