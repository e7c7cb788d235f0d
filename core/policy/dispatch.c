/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - which slots are run, skipped or missed. */
#include "policy/dispatch.h"

const char *dispatch_act_name(enum dispatch_act act)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        DISPATCH_ACTS(X)
#undef X
    };
    return (unsigned)act < sizeof(names) / sizeof(names[0]) ? names[act] : "unknown";
}

/* Whether the last slot that has come can still be begun. */
static bool in_time(const struct dispatch_facts *facts, int64_t slot_ns)
{
    int64_t late_ns = facts->now_ns - slot_ns;

    if (late_ns <= DISPATCH_GRACE_NS)
        return true;
    if (facts->policy->window_ns > 0)
        return late_ns <= facts->policy->window_ns;
    return facts->was_up;
}

/* How much later than its slot a run begins; never behind its window. */
static int64_t jitter_of(const struct dispatch_facts *facts)
{
    int64_t most_ns = facts->policy->jitter_ns, window_ns = facts->policy->window_ns;

    if (window_ns > 0 && most_ns > window_ns)
        most_ns = window_ns;
    return most_ns > 0 ? (int64_t)(facts->jitter % ((uint64_t)most_ns + 1)) : 0;
}

static void miss(const struct dispatch_facts *facts, int64_t first_ns, int64_t until_ns,
                 const char *reason, struct dispatch_step *step)
{
    const struct policy *policy = facts->policy;

    step->act = DISPATCH_MISS;
    step->slot_ns = first_ns;
    step->slots = schedule_count(policy->schedule, policy->zone, facts->cursor_ns, until_ns,
                                 DISPATCH_COUNT_LIMIT);
    step->cursor_ns = until_ns;
    step->reason = reason;
}

/* The last slot is run or made up for, from now on or when its jitter is over. */
static void run(const struct dispatch_facts *facts, bool catch_up, struct dispatch_step *step)
{
    int64_t window_ns = facts->policy->window_ns;
    int64_t from_ns = catch_up ? facts->now_ns : step->slot_ns;

    step->act = catch_up ? DISPATCH_CATCH_UP : DISPATCH_RUN;
    step->due_ns = from_ns + jitter_of(facts);
    step->until_ns = window_ns > 0 ? from_ns + window_ns : 0;
}

/* The slots from `first_ns` to `last_ns` have come. */
static void decide(const struct dispatch_facts *facts, int64_t first_ns, int64_t last_ns,
                   struct dispatch_step *step)
{
    const struct policy *policy = facts->policy;
    bool late = !in_time(facts, last_ns), catch_up = late && policy->catch_up;
    int64_t before_ns;

    if (late && !catch_up) {
        miss(facts, first_ns, last_ns, "nobody was there in time", step);
        return;
    }
    if (first_ns < last_ns) {
        if (!schedule_last(policy->schedule, policy->zone, facts->cursor_ns, last_ns - 1,
                           &before_ns))
            before_ns = first_ns;
        miss(facts, first_ns, before_ns, "a later one has come", step);
        return;
    }
    step->slot_ns = last_ns;
    step->cursor_ns = last_ns;
    if (facts->running) {
        step->act = DISPATCH_SKIP;
        step->reason = "previous_running";
        return;
    }
    run(facts, catch_up, step);
}

void dispatch_decide(const struct dispatch_facts *facts, struct dispatch_step *step)
{
    const struct policy *policy = facts->policy;
    int64_t first_ns, last_ns;

    *step = (struct dispatch_step){.act = DISPATCH_NOTHING, .slots = 1};
    step->cursor_ns = facts->cursor_ns;
    if (facts->now_ns < facts->cursor_ns) {
        step->act = DISPATCH_REWIND;
        step->cursor_ns = facts->now_ns;
    } else if (!facts->enabled) {
        step->cursor_ns = facts->now_ns;
    } else if (policy->schedule == NULL ||
               !schedule_next(policy->schedule, policy->zone, facts->cursor_ns, &first_ns)) {
        step->next_ns = 0;
    } else if (first_ns > facts->now_ns ||
               !schedule_last(policy->schedule, policy->zone, facts->cursor_ns, facts->now_ns,
                              &last_ns)) {
        step->next_ns = first_ns;
    } else {
        decide(facts, first_ns, last_ns, step);
    }
}
