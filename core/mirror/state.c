/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - see state.h. */
#include "mirror/state.h"

#include "base/object.h"

static const char *const event_names[] = {
#define X(symbol, name) name,
    MIRROR_EVENTS(X)
#undef X
};

static const struct {
    enum catalog_mirror_state state;
    enum mirror_event event;
    enum catalog_mirror_state next;
} transitions[] = {
#define X(state, event, next)                                                                  \
    {CATALOG_MIRROR_##state, MIRROR_EVENT_##event, CATALOG_MIRROR_##next},
    MIRROR_TRANSITIONS(X)
#undef X
};

const char *mirror_event_name(enum mirror_event event)
{
    ASSERT((unsigned)event < MIRROR_EVENT_COUNT);
    return event_names[event];
}

bool mirror_state_next(enum catalog_mirror_state state, enum mirror_event event,
                       enum catalog_mirror_state *next)
{
    for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
        if (transitions[i].state != state || transitions[i].event != event)
            continue;
        *next = transitions[i].next;
        return true;
    }
    return false;
}

int mirror_state_step(enum catalog_mirror_state state, enum mirror_event event,
                      const char *name, enum catalog_mirror_state *next, struct error *e)
{
    if (mirror_state_next(state, event, next))
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_MIRROR_STATE,
                     "the mirror %s is %s: that cannot be done now (%s)", name,
                     catalog_mirror_state_name(state), mirror_event_name(event));
}

/* The event that the facts speak of, at most one for each state; COUNT = none. */
static enum mirror_event event_of(enum catalog_mirror_state state,
                                  const struct mirror_facts *facts)
{
    bool history = facts->lag.history_left > 0;
    bool due = facts->now_ns >= facts->history_ns;
    bool waiting = facts->lag.backups > facts->lag.history_left || facts->lag.deletions_due > 0;

    if (state == CATALOG_MIRROR_ERROR)
        return facts->failed ? MIRROR_EVENT_COUNT : MIRROR_EVENT_CURED;
    if (facts->failed)
        return MIRROR_EVENT_FAILED;
    switch (state) {
    case CATALOG_MIRROR_WAITING_HISTORY:
        return !due      ? MIRROR_EVENT_COUNT
               : history ? MIRROR_EVENT_DUE
                         : MIRROR_EVENT_HISTORY_DONE;
    case CATALOG_MIRROR_SYNCING_HISTORY:
        return history ? MIRROR_EVENT_COUNT : MIRROR_EVENT_HISTORY_DONE;
    case CATALOG_MIRROR_IN_SYNC:
        return history ? MIRROR_EVENT_DUE : waiting ? MIRROR_EVENT_BEHIND : MIRROR_EVENT_COUNT;
    case CATALOG_MIRROR_LAGGING:
        return history   ? MIRROR_EVENT_DUE
               : waiting ? MIRROR_EVENT_COUNT
                         : MIRROR_EVENT_CAUGHT_UP;
    default:
        return MIRROR_EVENT_COUNT;
    }
}

enum catalog_mirror_state mirror_state_settle(enum catalog_mirror_state state,
                                              const struct mirror_facts *facts)
{
    /* The events of given facts never lead in a circle; the count says so to a reader. */
    for (int steps = 0; steps < CATALOG_MIRROR_STATE_COUNT; steps++) {
        enum mirror_event event = event_of(state, facts);
        if (event == MIRROR_EVENT_COUNT || !mirror_state_next(state, event, &state))
            return state;
    }
    return state;
}

static unsigned percent(uint64_t total, uint64_t left)
{
    if (total == 0 || left >= total)
        return 0;
    return (unsigned)((double)(total - left) * 100 / (double)total);
}

void mirror_progress(const struct catalog_mirror *mirror, const struct catalog_lag *lag,
                     int64_t now_ns, struct mirror_progress *progress)
{
    *progress = (struct mirror_progress){.history_percent = 100, .rpo_holds = true};
    if (lag->history_left > 0) {
        bool sized = mirror->history_bytes > 0;
        progress->history_percent = sized ? percent(mirror->history_bytes, lag->history_bytes)
                                          : percent(mirror->history_total, lag->history_left);
        if (progress->history_percent > 99)
            progress->history_percent = 99;
    }
    if (lag->oldest_ns > 0 && now_ns > lag->oldest_ns)
        progress->lag_ns = now_ns - lag->oldest_ns;
    progress->rpo_holds = mirror->rpo_ns == 0 || progress->lag_ns <= mirror->rpo_ns;
}
