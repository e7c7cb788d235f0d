/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - see dispatch.h.  What is to become of a slot is policy/dispatch.h's decision. */
#include "runner/dispatch.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "engine/policy_row.h"
#include "engine/tell.h"
#include "policy/dispatch.h"
#include "runner/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A clock that jumps by years comes to its end in a few steps; this ends a loop that does not.
 */
enum { STEPS_MOST = 10000 };

#define LOOKED_SETTING "runner_looked_ns"
static const int64_t WRITE_EVERY_NS = INT64_C(60) * 1000000000;
static const int64_t REST_NS = INT64_C(600) * 1000000000;

/* ---- a policy at hand ---- */

struct deciding {
    struct dispatcher *dispatcher;
    struct setup *setup;
    struct catalog *catalog;
    struct catalog_policy *row;
    struct policy *policy;
    int64_t now_ns;
};

/* The same for the same slot on every runner, and spread over all that there is. */
static uint64_t jitter_of(const struct catalog_policy *row, int64_t slot_ns)
{
    uint8_t text[CATALOG_ID_SIZE + sizeof(slot_ns)], hash[HASH_SIZE];
    uint64_t jitter = 0;

    memcpy(text, row->id, CATALOG_ID_SIZE);
    memcpy(text + CATALOG_ID_SIZE, &slot_ns, sizeof(slot_ns));
    hash_sha256(text, sizeof(text), hash);
    memcpy(&jitter, hash, sizeof(jitter));
    return jitter;
}

/* Whether somebody has looked since the slot before the one that is due: at most one has come
 * since the last look. */
static bool was_up(const struct deciding *d)
{
    int64_t first_ns = 0, second_ns = 0;

    if (d->dispatcher->looked_ns == 0)
        return false;
    if (!schedule_next(d->policy->schedule, d->policy->zone, d->dispatcher->looked_ns,
                       &first_ns))
        return true;
    return !schedule_next(d->policy->schedule, d->policy->zone, first_ns, &second_ns) ||
           second_ns > d->now_ns;
}

/* Twice: the slot must be known for its jitter. */
static int decide(const struct deciding *d, struct dispatch_step *step, struct error *e)
{
    struct catalog_run open;
    struct dispatch_facts facts = {.policy = d->policy,
                                   .enabled = d->row->enabled,
                                   .cursor_ns = d->row->cursor_ns,
                                   .now_ns = d->now_ns,
                                   .was_up = was_up(d)};
    int running = catalog_run_open(d->catalog, d->row->id, &open, e);

    if (running < 0)
        return -1;
    facts.running = running > 0;
    dispatch_decide(&facts, step);
    facts.jitter = jitter_of(d->row, step->slot_ns);
    dispatch_decide(&facts, step);
    return 0;
}

/* ---- what a step leads to ---- */

static int tell_of(const struct deciding *d, enum tell_event event, const char *words,
                   int64_t slot_ns, const char *reason, struct error *e)
{
    char subject[CATALOG_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
    struct tell_notice notice = {
        .event = event, .subject = subject, .ways = d->policy->texts[POLICY_SETTING_NOTIFY]};

    clock_format_local(slot_ns, when);
    snprintf(subject, sizeof(subject), "policy %s: %s %s: %s", d->row->name, words, when,
             reason);
    log_write(LOG_WARNING, "runner", "%s", subject);
    return tell(d->setup, &notice, e);
}

static void begin_run(const struct deciding *d, enum catalog_trigger trigger, int64_t slot_ns,
                      struct plan *plan)
{
    plan->run = (struct catalog_run){
        .trigger = trigger, .slot_ns = slot_ns, .slots = 1, .state = CATALOG_RUN_WAITING};
    memcpy(plan->run.policy, d->row->id, CATALOG_ID_SIZE);
    memcpy(plan->run.policy_name, d->row->name, sizeof(plan->run.policy_name));
}

/* A run with its jobs; that its slot has a row already is fine. */
static int record_run(const struct deciding *d, enum catalog_trigger trigger, int64_t slot_ns,
                      int64_t due_ns, int64_t until_ns, struct error *e)
{
    struct plan plan = {0};

    begin_run(d, trigger, slot_ns, &plan);
    int result = plan_full(d->catalog, d->row, d->policy, d->now_ns, &plan.run.full, e);
    if (result == 0)
        result = plan_jobs(d->setup, d->row, due_ns, until_ns, &plan, e);
    if (result == 0)
        result = catalog_run_insert(d->catalog, &plan.run, plan.jobs, plan.count, e);
    d->dispatcher->runs += result > 0;
    plan_clear(&plan);
    return result < 0 ? -1 : 0;
}

/* A slot that is not run. */
static int record_not(const struct deciding *d, enum catalog_run_state state, int64_t slot_ns,
                      uint64_t slots, const char *reason, struct error *e)
{
    struct plan plan = {0};
    bool missed = state == CATALOG_RUN_MISSED;
    char words[64];

    begin_run(d, CATALOG_TRIGGER_SCHEDULE, slot_ns, &plan);
    plan.run.state = state;
    plan.run.slots = slots;
    snprintf(plan.run.reason, sizeof(plan.run.reason), "%s", reason);
    int inserted = catalog_run_insert(d->catalog, &plan.run, NULL, 0, e);
    if (inserted <= 0)
        return inserted;
    if (missed)
        snprintf(words, sizeof(words), "missed %" PRIu64 " run%s from", slots,
                 slots == 1 ? "" : "s");
    else
        snprintf(words, sizeof(words), "skipped the run of");
    d->dispatcher->skipped += !missed;
    d->dispatcher->missed += missed ? slots : 0;
    return tell_of(d, missed ? TELL_RUN_MISSED : TELL_RUN_SKIPPED, words, slot_ns,
                   missed ? reason : "the run before it is not over", e);
}

/* Several slots that were missed have one row, but for those that have one of their own: they
 * were run before the clock was set back. */
static int record_missed(const struct deciding *d, int64_t slot_ns, uint64_t slots,
                         const char *reason, struct error *e)
{
    const struct schedule *schedule = d->policy->schedule;
    struct catalog_run next;

    while (slots > 0) {
        uint64_t before = slots, upto = slots;
        int found = catalog_run_from_slot(d->catalog, d->row->id, slot_ns, &next, e);
        if (found < 0)
            return -1;
        if (found > 0) {
            before =
                schedule_count(schedule, d->policy->zone, slot_ns - 1, next.slot_ns - 1, slots);
            upto = schedule_count(schedule, d->policy->zone, slot_ns - 1, next.slot_ns, slots);
        }
        if (before > 0 && record_not(d, CATALOG_RUN_MISSED, slot_ns, before, reason, e) != 0)
            return -1;
        slots -= upto;
        if (slots > 0 && !schedule_next(schedule, d->policy->zone, next.slot_ns, &slot_ns))
            return 0;
    }
    return 0;
}

/* What was not run behind the present time is decided anew; a row of missed slots that began
 * before it stands for those up to it. */
static int forget_later(const struct deciding *d, struct error *e)
{
    struct catalog_run run;

    if (catalog_run_forget_after(d->catalog, d->row->id, d->now_ns, NULL, e) != 0)
        return -1;
    int found = catalog_run_of_slot(d->catalog, d->row->id, d->now_ns, &run, e);
    if (found <= 0 || run.state != CATALOG_RUN_MISSED || d->policy->schedule == NULL)
        return found < 0 ? -1 : 0;
    uint64_t before = schedule_count(d->policy->schedule, d->policy->zone, run.slot_ns - 1,
                                     d->now_ns, run.slots);
    return before > 0 ? catalog_run_shorten(d->catalog, run.id, before, e) : 0;
}

static int record_step(const struct deciding *d, const struct dispatch_step *step,
                       struct error *e)
{
    const char *reason = step->reason != NULL ? step->reason : "";

    switch (step->act) {
    case DISPATCH_NOTHING:
        return 0;
    case DISPATCH_RUN:
    case DISPATCH_CATCH_UP:
        return record_run(
            d, step->act == DISPATCH_RUN ? CATALOG_TRIGGER_SCHEDULE : CATALOG_TRIGGER_CATCH_UP,
            step->slot_ns, step->due_ns, step->until_ns, e);
    case DISPATCH_SKIP:
        return record_not(d, CATALOG_RUN_SKIPPED, step->slot_ns, 1, reason, e);
    case DISPATCH_MISS:
        return record_missed(d, step->slot_ns, step->slots, reason, e);
    case DISPATCH_REWIND:
        log_write(LOG_WARNING, "runner",
                  "policy %s: the clock was set back; what was not run is decided anew",
                  d->row->name);
        return forget_later(d, e);
    }
    return 0;
}

/* The cursor and what belongs to it, or neither: 1, 0 when another runner was first, -1. */
static int apply(struct deciding *d, const struct dispatch_step *step, struct error *e)
{
    if (catalog_begin(d->catalog, e) != 0)
        return -1;
    int moved =
        catalog_policy_cursor(d->catalog, d->row->id, d->row->cursor_ns, step->cursor_ns, e);
    if (moved > 0 && record_step(d, step, e) != 0)
        moved = -1;
    if (moved <= 0) {
        catalog_rollback(d->catalog);
        return moved;
    }
    d->row->cursor_ns = step->cursor_ns;
    return catalog_commit(d->catalog, e) == 0 ? 1 : -1;
}

/* ---- one policy after another (SCH-09) ---- */

/* Whether a slot of the policy is due that nobody has decided on yet. */
static bool is_undecided(const struct catalog_policy *row, int64_t until_ns)
{
    struct policy *policy = NULL;
    struct error ignored = ERROR_INIT;
    int64_t next_ns = 0;

    if (!row->enabled || policy_row_parse(row, &policy, &ignored) != 0)
        return false;
    bool due = policy->schedule != NULL &&
               schedule_next(policy->schedule, policy->zone, row->cursor_ns, &next_ns) &&
               next_ns <= until_ns;
    policy_free(policy);
    return due;
}

/* The policy that this one waits for: 1, 0 it waits for none, -1. */
static int find_first(const struct deciding *d, struct catalog_policy **first, struct error *e)
{
    const char *name = d->policy->texts[POLICY_SETTING_AFTER];
    struct error why = ERROR_INIT;

    *first = NULL;
    if (name == NULL)
        return 0;
    *first = catalog_policy_find(d->catalog, name, &why);
    if (*first != NULL)
        return 1;
    if (why.code == ERROR_NO_POLICY)
        return 0;
    *e = why;
    return -1;
}

/* 1 when the slot has to wait for the run of another policy, 0, -1. */
static int has_to_wait(const struct deciding *d, int64_t slot_ns, struct error *e)
{
    struct catalog_policy *first = NULL;
    struct catalog_run open;
    int found = find_first(d, &first, e);

    if (found <= 0)
        return found;
    int result = catalog_run_open(d->catalog, first->id, &open, e);
    if (result == 0)
        result = is_undecided(first, slot_ns);
    catalog_policy_free(first);
    return result;
}

/* Without a schedule of its own, each run of the other one leads to one of this. */
static int follow(struct deciding *d, struct error *e)
{
    struct catalog_policy *first = NULL;
    struct catalog_run last, open;
    int found = d->row->enabled ? find_first(d, &first, e) : 0;

    if (found <= 0)
        return found;
    found = catalog_run_latest(d->catalog, first->id, &last, e);
    catalog_policy_free(first);
    if (found <= 0 || !catalog_run_state_is_over(last.state) ||
        last.state == CATALOG_RUN_CANCELLED || last.ended_ns <= d->row->cursor_ns)
        return found < 0 ? -1 : 0;
    found = catalog_run_open(d->catalog, d->row->id, &open, e);
    if (found != 0) /* what has come meanwhile is in the next one */
        return found < 0 ? -1 : 0;
    if (catalog_begin(d->catalog, e) != 0)
        return -1;
    found = catalog_policy_cursor(d->catalog, d->row->id, d->row->cursor_ns, last.ended_ns, e);
    if (found > 0 && record_run(d, CATALOG_TRIGGER_AFTER, last.slot_ns, d->now_ns, 0, e) == 0)
        return catalog_commit(d->catalog, e);
    catalog_rollback(d->catalog);
    return found == 0 ? 0 : -1;
}

/* ---- all policies ---- */

static void note_next(struct dispatcher *d, int64_t next_ns)
{
    if (next_ns != 0 && (d->next_ns == 0 || next_ns < d->next_ns))
        d->next_ns = next_ns;
}

/* The cursor of a disabled policy goes with the clock, but need not be written each time. */
static int rest(const struct deciding *d, const struct dispatch_step *step, struct error *e)
{
    note_next(d->dispatcher, step->next_ns);
    if (d->row->enabled || step->cursor_ns - d->row->cursor_ns < REST_NS)
        return 0;
    return catalog_policy_cursor(d->catalog, d->row->id, d->row->cursor_ns, step->cursor_ns,
                                 e) < 0
               ? -1
               : 0;
}

static bool is_run(enum dispatch_act act)
{
    return act == DISPATCH_RUN || act == DISPATCH_CATCH_UP;
}

static int decide_slots(struct deciding *d, struct error *e)
{
    struct dispatch_step step;

    for (int i = 0; i < STEPS_MOST; i++) {
        if (decide(d, &step, e) != 0)
            return -1;
        if (step.act == DISPATCH_NOTHING)
            return rest(d, &step, e);
        int waits = is_run(step.act) ? has_to_wait(d, step.slot_ns, e) : 0;
        if (waits != 0)
            return waits < 0 ? -1 : 0;
        int applied = apply(d, &step, e);
        if (applied <= 0)
            return applied;
    }
    return 0;
}

static int decide_policy(struct deciding *d, uint64_t *broken, struct error *e)
{
    struct error why = ERROR_INIT;

    if (policy_row_parse(d->row, &d->policy, &why) != 0) {
        *broken ^= jitter_of(d->row, (int64_t)d->row->revision);
        if ((d->dispatcher->broken & *broken) != *broken)
            log_write(LOG_WARNING, "runner", "%s; it does not run", why.text);
        return 0;
    }
    int result = d->policy->schedule != NULL ? decide_slots(d, e) : follow(d, e);
    policy_free(d->policy);
    d->policy = NULL;
    return result;
}

/* When somebody last looked, by what this runner knows and what is written down. */
static int read_looked(struct dispatcher *d, struct catalog *c, struct error *e)
{
    struct error why = ERROR_INIT;
    char *text = catalog_setting_get(c, LOOKED_SETTING, &why);
    int64_t written_ns = text != NULL ? strtoll(text, NULL, 10) : 0;

    free(text);
    if (why.error_class != LAGAN_OK) {
        *e = why;
        return -1;
    }
    if (written_ns > d->looked_ns)
        d->looked_ns = written_ns;
    return 0;
}

static int write_looked(struct dispatcher *d, struct catalog *c, int64_t now_ns,
                        struct error *e)
{
    char text[32];

    d->looked_ns = now_ns;
    if (d->written_ns != 0 && now_ns >= d->written_ns &&
        now_ns - d->written_ns < WRITE_EVERY_NS)
        return 0;
    d->written_ns = now_ns;
    snprintf(text, sizeof(text), "%" PRId64, now_ns);
    return catalog_setting_set(c, LOOKED_SETTING, text, e);
}

int dispatch_look(struct dispatcher *d, struct setup *s, struct error *e)
{
    struct deciding deciding = {
        .dispatcher = d, .setup = s, .catalog = setup_catalog(s), .now_ns = clock_wall_ns()};
    struct catalog_policy **rows = NULL;
    size_t count = 0;
    uint64_t broken = 0;

    d->runs = d->skipped = d->missed = 0;
    d->next_ns = 0;
    if (read_looked(d, deciding.catalog, e) != 0)
        return -1;
    int result = catalog_policy_all(deciding.catalog, &rows, &count, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        deciding.row = rows[i];
        result = decide_policy(&deciding, &broken, e);
    }
    catalog_policy_all_free(rows, count);
    d->broken = broken;
    return result == 0 ? write_looked(d, deciding.catalog, deciding.now_ns, e) : -1;
}

/* ---- by hand ---- */

static int record_by_hand(const struct deciding *d, struct catalog_run *run, struct error *e)
{
    struct plan plan = {0};

    begin_run(d, CATALOG_TRIGGER_MANUAL, d->now_ns, &plan);
    int result = plan_full(d->catalog, d->row, d->policy, d->now_ns, &plan.run.full, e);
    if (result == 0)
        result = plan_jobs(d->setup, d->row, d->now_ns, 0, &plan, e);
    if (result == 0 && plan.count == 0)
        result = error_set(e, LAGAN_PRECONDITION, ERROR_POLICY_EMPTY,
                           "the policy %s has nothing to work on: it holds for no vault with "
                           "sources; `lagan policy show` tells",
                           d->row->name);
    if (result == 0 && catalog_run_insert(d->catalog, &plan.run, plan.jobs, plan.count, e) < 0)
        result = -1;
    if (result == 0)
        *run = plan.run;
    plan_clear(&plan);
    return result;
}

static int run_unless_running(struct deciding *d, struct catalog_run *run, struct error *e)
{
    struct catalog_run open;
    int running = catalog_run_open(d->catalog, d->row->id, &open, e);

    if (running == 0)
        return record_by_hand(d, run, e);
    if (running < 0)
        return -1;
    return error_set(e, LAGAN_BUSY, ERROR_POLICY_RUNNING,
                     "the policy %s is running already, as run %lld; `lagan task list` shows "
                     "how far it is",
                     d->row->name, (long long)open.id);
}

int dispatch_by_hand(struct setup *s, const struct catalog_policy *row, struct catalog_run *run,
                     struct error *e)
{
    struct dispatcher none = {0};
    struct deciding d = {.dispatcher = &none,
                         .setup = s,
                         .catalog = setup_catalog(s),
                         .row = (struct catalog_policy *)(uintptr_t)row,
                         .now_ns = clock_wall_ns()};

    if (policy_row_parse(row, &d.policy, e) != 0)
        return -1;
    int result = catalog_begin(d.catalog, e);
    if (result == 0 && run_unless_running(&d, run, e) == 0) {
        result = catalog_commit(d.catalog, e);
    } else if (result == 0) {
        catalog_rollback(d.catalog);
        result = -1;
    }
    policy_free(d.policy);
    return result;
}
