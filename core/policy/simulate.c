/* SPDX-License-Identifier: Apache-2.0 */
/* simulate.c - years of policies in seconds: a clock that jumps from event to event. */
#include "policy/simulate.h"

#include <stdlib.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (86400 * SECOND_NS)
#define NEVER INT64_MAX

enum run_state { IDLE, WAITING, RUNNING };

/* What of a backup the retention does not look at. */
struct held {
    int64_t slot_ns;
    uint64_t bytes;
};

/* A policy at work. */
struct plan {
    const struct simulate_policy *in;
    int64_t cursor_ns;
    /* When something happens next; NEVER. */
    int64_t look_ns, expire_ns, month_ns;
    /* Its run: begins at start_ns when nothing is in the way, ends at end_ns. */
    enum run_state state;
    bool full;
    int64_t slot_ns, start_ns, until_ns, end_ns;
    int64_t ended_ns; /* when the last one ended; 0 = there was none */
    uint64_t since_full;
    int64_t last_full_ns;
    /* Its backups, in two arrays with the same order. */
    struct retention_backup *backups;
    struct held *held;
    size_t count, room;
    uint64_t bytes;
    int64_t first_expiry_ns; /* none of them goes by time before it */
};

struct simulation {
    const struct simulate_request *request;
    struct plan *plans;
    int64_t now_ns;
    struct retention_decision *decisions;
    size_t decision_room;
};

const char *simulate_event_name(enum simulate_event_kind kind)
{
    static const char *const names[] = {
#define X(symbol, name) name,
        SIMULATE_EVENTS(X)
#undef X
    };
    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static int emit(struct simulation *s, const struct plan *plan, struct simulate_event event,
                struct error *e)
{
    event.policy = (size_t)(plan - s->plans);
    return s->request->event(s->request->context, &event, e);
}

/* ---- backups ---- */

static int grow(struct plan *plan, struct error *e)
{
    size_t room = plan->room > 0 ? 2 * plan->room : 64;
    void *backups = reallocarray(plan->backups, room, sizeof(*plan->backups));

    if (backups == NULL)
        return error_no_memory(e, "a simulation");
    plan->backups = backups;
    void *held = reallocarray(plan->held, room, sizeof(*plan->held));
    if (held == NULL)
        return error_no_memory(e, "a simulation");
    plan->held = held;
    plan->room = room;
    return 0;
}

static int add_backup(struct plan *plan, const struct simulate_backup *backup, int64_t slot_ns,
                      struct error *e)
{
    if (plan->count == plan->room && grow(plan, e) != 0)
        return -1;
    plan->backups[plan->count] = (struct retention_backup){.id = "",
                                                           .created_ns = backup->created_ns,
                                                           .expire_ns = backup->expire_ns,
                                                           .keep_ns = backup->keep_ns,
                                                           .by_policy = backup->by_policy};
    plan->held[plan->count++] = (struct held){slot_ns, backup->bytes_stored};
    plan->bytes += backup->bytes_stored;
    if (backup->expire_ns > 0 && backup->expire_ns < plan->first_expiry_ns)
        plan->first_expiry_ns = backup->expire_ns;
    if (backup->keep_ns > 0 && backup->keep_ns < plan->first_expiry_ns)
        plan->first_expiry_ns = backup->keep_ns;
    return 0;
}

static int decide_all(struct simulation *s, const struct plan *plan, struct error *e)
{
    const struct policy *policy = plan->in->policy;
    struct retention_question question = {.rules = &policy->retention,
                                          .zone = policy->zone,
                                          .now_ns = s->now_ns,
                                          .backups = plan->backups,
                                          .count = plan->count};

    if (plan->count > s->decision_room) {
        size_t room = 2 * plan->count;
        void *grown = reallocarray(s->decisions, room, sizeof(*s->decisions));
        if (grown == NULL)
            return error_no_memory(e, "a simulation");
        s->decisions = grown;
        s->decision_room = room;
    }
    return plan->count > 0 ? retention_decide(&question, s->decisions, e) : 0;
}

static bool has_counts(const struct retention_rules *rules)
{
#define X(member, name, period) rules->member > 0 ||
    return RETENTION_PERIODS(X) rules->count > 0;
#undef X
}

/* Most days of a history without an end nothing can go. */
static bool may_drop(const struct simulation *s, const struct plan *plan)
{
    const struct retention_rules *rules = &plan->in->policy->retention;
    return plan->first_expiry_ns <= s->now_ns ||
           (has_counts(rules) && plan->count > rules->count);
}

/* Others share most of what a backup has stored.  What the next one has replaced is taken to be
 * the same amount as it has stored: that goes, the rest stays for it. */
static int drop(struct simulation *s, struct plan *plan, size_t i, struct error *e)
{
    struct held *next = i + 1 < plan->count ? &plan->held[i + 1] : NULL;

    if (next != NULL && next->bytes < plan->held[i].bytes) {
        uint64_t rest = plan->held[i].bytes - next->bytes;
        plan->held[i].bytes -= rest;
        next->bytes += rest;
    }
    plan->bytes -= plan->held[i].bytes;
    return emit(s, plan,
                (struct simulate_event){.kind = SIMULATE_DROP,
                                        .at_ns = s->now_ns,
                                        .slot_ns = plan->held[i].slot_ns,
                                        .bytes = plan->held[i].bytes,
                                        .verdict = s->decisions[i].verdict},
                e);
}

static int expire(struct simulation *s, struct plan *plan, struct error *e)
{
    size_t kept = 0;

    plan->expire_ns = s->now_ns + (s->request->expire_ns > 0 ? s->request->expire_ns : DAY_NS);
    if (!may_drop(s, plan))
        return 0;
    if (decide_all(s, plan, e) != 0)
        return -1;
    plan->first_expiry_ns = NEVER;
    for (size_t i = 0; i < plan->count; i++) {
        int64_t expiry_ns = plan->backups[i].expire_ns;
        if (plan->backups[i].keep_ns > s->now_ns)
            expiry_ns = plan->backups[i].keep_ns;
        if (!retention_verdict_keeps(s->decisions[i].verdict)) {
            if (drop(s, plan, i, e) != 0)
                return -1;
            continue;
        }
        if (expiry_ns > 0 && expiry_ns < plan->first_expiry_ns)
            plan->first_expiry_ns = expiry_ns;
        plan->backups[kept] = plan->backups[i];
        plan->held[kept++] = plan->held[i];
    }
    plan->count = kept;
    return 0;
}

/* ---- months ---- */

/* The end of the month that `ns` is in, on the policy's wall. */
static int64_t month_end(const struct timezone *zone, int64_t ns)
{
    struct timezone_local local = timezone_local_of(zone, ns / SECOND_NS);
    struct timezone_local end = {
        .year = local.year + local.month / 12, .month = local.month % 12 + 1, .day = 1};
    int64_t first, second;

    timezone_utc_of(zone, &end, &first, &second);
    return first * SECOND_NS;
}

static int tell_sum(struct simulation *s, const struct plan *plan,
                    enum simulate_event_kind kind, struct error *e)
{
    return emit(
        s, plan,
        (struct simulate_event){
            .kind = kind, .at_ns = s->now_ns, .count = plan->count, .bytes = plan->bytes},
        e);
}

static int end_month(struct simulation *s, struct plan *plan, struct error *e)
{
    plan->month_ns = month_end(plan->in->policy->zone, s->now_ns);
    return tell_sum(s, plan, SIMULATE_MONTH, e);
}

/* ---- runs ---- */

/* Any number, the same for the same slot. */
static uint64_t scatter(uint64_t value)
{
    value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 29) * UINT64_C(0xd6e8feb86659fd93);
    return value ^ value >> 32;
}

/* When the runner sees what comes due at `ns`. */
static int64_t seen_ns(const struct simulation *s, int64_t ns)
{
    int64_t look_ns = s->request->look_ns, passed_ns = ns - s->request->from_ns;

    if (look_ns <= 0 || passed_ns <= 0)
        return ns;
    return ns + (look_ns - passed_ns % look_ns) % look_ns;
}

static int take_step(struct simulation *s, struct plan *plan, const struct dispatch_step *step,
                     struct error *e)
{
    struct simulate_event event = {.at_ns = s->now_ns,
                                   .slot_ns = step->slot_ns,
                                   .count = step->slots,
                                   .text = step->reason};

    plan->cursor_ns = step->cursor_ns;
    switch (step->act) {
    case DISPATCH_RUN:
    case DISPATCH_CATCH_UP:
        plan->state = WAITING;
        plan->slot_ns = step->slot_ns;
        plan->start_ns = step->due_ns;
        plan->until_ns = step->until_ns;
        return 0;
    case DISPATCH_SKIP:
        event.kind = SIMULATE_SKIP;
        return emit(s, plan, event, e);
    case DISPATCH_MISS:
        event.kind = SIMULATE_MISS;
        return emit(s, plan, event, e);
    case DISPATCH_NOTHING:
        plan->look_ns = step->next_ns > 0 ? seen_ns(s, step->next_ns) : NEVER;
        return 0;
    case DISPATCH_REWIND:
        break;
    }
    return 0;
}

static int look(struct simulation *s, struct plan *plan, struct error *e)
{
    struct dispatch_step step;

    do {
        struct dispatch_facts facts = {
            .policy = plan->in->policy,
            .enabled = plan->in->enabled,
            .cursor_ns = plan->cursor_ns,
            .now_ns = s->now_ns,
            .running = plan->state != IDLE,
            .jitter = scatter((uint64_t)plan->look_ns + (uint64_t)(plan - s->plans)),
            .was_up = true,
        };
        dispatch_decide(&facts, &step);
        if (take_step(s, plan, &step, e) != 0)
            return -1;
    } while (step.act != DISPATCH_NOTHING);
    return 0;
}

/* It waits for another policy's run of the same time, or of an earlier one. */
static bool is_held_up(const struct simulation *s, const struct plan *plan)
{
    if (plan->in->after == 0)
        return false;
    const struct plan *other = &s->plans[plan->in->after - 1];
    return other->state != IDLE && other->slot_ns <= plan->slot_ns;
}

static int64_t duration_of(const struct plan *plan)
{
    int64_t ns =
        plan->full && plan->in->full_ns > 0 ? plan->in->full_ns : plan->in->duration_ns;
    return ns > SECOND_NS ? ns : SECOND_NS;
}

static uint64_t size_of(const struct plan *plan)
{
    return plan->full ? plan->in->bytes_full : plan->in->bytes_each;
}

static int start_run(struct simulation *s, struct plan *plan, struct error *e)
{
    const struct policy *policy = plan->in->policy;
    struct simulate_event event = {
        .kind = SIMULATE_RUN, .at_ns = s->now_ns, .slot_ns = plan->slot_ns, .count = 1};

    if (plan->until_ns > 0 && s->now_ns > plan->until_ns) {
        plan->state = IDLE;
        event.kind = SIMULATE_SKIP;
        event.text = "window over";
        return emit(s, plan, event, e);
    }
    plan->full = policy->kind == POLICY_FOR_BACKUP &&
                 (plan->count == 0 ||
                  policy_full_due(policy, plan->since_full, plan->last_full_ns, s->now_ns));
    plan->state = RUNNING;
    plan->end_ns = s->now_ns + duration_of(plan);
    event.full = plan->full;
    event.bytes = size_of(plan);
    return emit(s, plan, event, e);
}

static int end_run(struct simulation *s, struct plan *plan, struct error *e)
{
    const struct policy *policy = plan->in->policy;
    struct simulate_backup made = {
        .created_ns = s->now_ns,
        .expire_ns = retention_expiry(&policy->retention, policy->zone, s->now_ns),
        .bytes_stored = size_of(plan),
        .by_policy = true,
    };

    plan->state = IDLE;
    plan->ended_ns = s->now_ns;
    plan->since_full = plan->full ? 0 : plan->since_full + 1;
    if (plan->full)
        plan->last_full_ns = plan->slot_ns;
    return add_backup(plan, &made, plan->slot_ns, e);
}

/* ---- the clock ---- */

static int64_t next_of(const struct simulation *s, const struct plan *plan)
{
    int64_t times[] = {plan->look_ns, plan->expire_ns, plan->month_ns,
                       plan->state == RUNNING ? plan->end_ns : NEVER,
                       plan->state == WAITING && plan->start_ns > s->now_ns ? plan->start_ns
                                                                            : NEVER};
    int64_t least = NEVER;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (times[i] < least)
            least = times[i];
    }
    return least;
}

static int64_t next_event(const struct simulation *s)
{
    int64_t least = NEVER;

    for (size_t i = 0; i < s->request->policy_count; i++) {
        int64_t next = next_of(s, &s->plans[i]);
        if (next < least)
            least = next;
    }
    return least;
}

static bool ends(const struct simulation *s, const struct plan *plan)
{
    return plan->state == RUNNING && plan->end_ns <= s->now_ns;
}

/* Without a schedule of its own, each run of the other policy leads to one of this; those that
 * end while it runs lead to one together. */
static bool follows(const struct simulation *s, const struct plan *plan)
{
    if (plan->in->after == 0 || plan->in->policy->schedule != NULL || !plan->in->enabled ||
        plan->state != IDLE)
        return false;
    const struct plan *other = &s->plans[plan->in->after - 1];
    return other->state == IDLE && other->ended_ns > plan->cursor_ns;
}

static int follow(struct simulation *s, struct plan *plan, struct error *e)
{
    const struct plan *other = &s->plans[plan->in->after - 1];
    (void)e;
    plan->cursor_ns = other->ended_ns;
    plan->state = WAITING;
    plan->slot_ns = other->slot_ns;
    plan->start_ns = s->now_ns;
    plan->until_ns = 0;
    return 0;
}

static bool month_ends(const struct simulation *s, const struct plan *plan)
{
    return plan->month_ns <= s->now_ns;
}

static bool expires(const struct simulation *s, const struct plan *plan)
{
    return plan->expire_ns <= s->now_ns;
}

static bool looks(const struct simulation *s, const struct plan *plan)
{
    return plan->look_ns <= s->now_ns;
}

static bool starts(const struct simulation *s, const struct plan *plan)
{
    return plan->state == WAITING && plan->start_ns <= s->now_ns && !is_held_up(s, plan);
}

/* All that happens now, each kind for all policies before the next kind: who waits for another
 * sees it end, and sees it wait. */
static int happen(struct simulation *s, struct error *e)
{
    static const struct {
        bool (*is_due)(const struct simulation *s, const struct plan *plan);
        int (*happen)(struct simulation *s, struct plan *plan, struct error *e);
    } kinds[] = {{ends, end_run},   {follows, follow}, {month_ends, end_month},
                 {expires, expire}, {looks, look},     {starts, start_run}};

    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (size_t i = 0; i < s->request->policy_count; i++) {
            struct plan *plan = &s->plans[i];
            if (kinds[kind].is_due(s, plan) && kinds[kind].happen(s, plan, e) != 0)
                return -1;
        }
    }
    return 0;
}

static int begin(struct simulation *s, struct error *e)
{
    const struct simulate_request *request = s->request;

    s->plans = calloc(request->policy_count + 1, sizeof(*s->plans));
    if (s->plans == NULL)
        return error_no_memory(e, "a simulation");
    for (size_t i = 0; i < request->policy_count; i++) {
        struct plan *plan = &s->plans[i];
        const struct simulate_policy *in = &request->policies[i];
        *plan = (struct plan){.in = in,
                              .cursor_ns = in->cursor_ns > 0 ? in->cursor_ns : request->from_ns,
                              .look_ns = request->from_ns,
                              .expire_ns = request->from_ns,
                              .month_ns = month_end(in->policy->zone, request->from_ns),
                              .since_full = in->since_full,
                              .last_full_ns = in->last_full_ns,
                              .first_expiry_ns = NEVER};
        for (size_t j = 0; j < in->backup_count; j++) {
            if (add_backup(plan, &in->backups[j], in->backups[j].created_ns, e) != 0)
                return -1;
        }
    }
    return 0;
}

/* What is there at the end, and why. */
static int tell_end(struct simulation *s, const struct plan *plan, struct error *e)
{
    if (tell_sum(s, plan, SIMULATE_END, e) != 0 || decide_all(s, plan, e) != 0)
        return -1;
    for (size_t i = 0; i < plan->count; i++) {
        struct simulate_event event = {.kind = SIMULATE_KEEP,
                                       .at_ns = plan->backups[i].created_ns,
                                       .slot_ns = plan->held[i].slot_ns,
                                       .bytes = plan->held[i].bytes,
                                       .verdict = s->decisions[i].verdict};
        if (emit(s, plan, event, e) != 0)
            return -1;
    }
    return 0;
}

static int run_all(struct simulation *s, struct error *e)
{
    if (begin(s, e) != 0)
        return -1;
    for (int64_t next = next_event(s); next <= s->request->to_ns; next = next_event(s)) {
        s->now_ns = next;
        if (happen(s, e) != 0)
            return -1;
    }
    s->now_ns = s->request->to_ns;
    for (size_t i = 0; i < s->request->policy_count; i++) {
        if (tell_end(s, &s->plans[i], e) != 0)
            return -1;
    }
    return 0;
}

int simulate_run(const struct simulate_request *request, struct error *e)
{
    struct simulation s = {.request = request, .now_ns = request->from_ns - 1};
    int result = run_all(&s, e);

    for (size_t i = 0; s.plans != NULL && i < request->policy_count; i++) {
        free(s.plans[i].backups);
        free(s.plans[i].held);
    }
    free(s.plans);
    free(s.decisions);
    return result;
}
