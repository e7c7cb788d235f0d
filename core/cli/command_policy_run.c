/* SPDX-License-Identifier: Apache-2.0 */
/* command_policy_run.c - a policy is run by hand: now, or by whoever runs. */
#include "cli/policy_record.h"

#include "base/clock.h"
#include "driver/operation.h"
#include "runner/job.h"
#include "runner/policy_work.h"

#include <string.h>
#include <time.h>

enum { POLL_MS = 200 };

/* Statuses of runs that are over, for scripts. */
static int status_of(enum catalog_run_state state)
{
    switch (state) {
    case CATALOG_RUN_SUCCESS:
        return STATUS_DONE;
    case CATALOG_RUN_PARTIAL:
        return STATUS_PARTIAL;
    case CATALOG_RUN_WAITING:
    case CATALOG_RUN_RUNNING:
        return STATUS_TEMPORARY;
    default:
        return STATUS_FAILED;
    }
}

/* The first job of the run in this state: 1, 0, -1. */
struct job_search {
    struct catalog_job job;
    bool found;
    int64_t now_ns;
};

static int take_due(void *context, const struct catalog_job *row, struct error *e)
{
    struct job_search *search = context;
    (void)e;
    if (row->due_ns > search->now_ns)
        return 0;
    search->job = *row;
    search->found = true;
    return 1;
}

static int next_job(struct session *s, int64_t run, int state, struct job_search *search,
                    struct error *e)
{
    *search = (struct job_search){.now_ns = clock_wall_ns()};
    int result = catalog_job_list(session_catalog(s), run, state, take_due, search, e);
    return result < 0 ? -1 : search->found;
}

static void tell_job(struct session *s, const struct job_outcome *outcome)
{
    char when[CLOCK_TEXT_SIZE];
    if (outcome->why.error_class == LAGAN_OK) {
        output_note(&s->output, "%s: %s", outcome->what,
                    outcome->words[0] ? outcome->words
                                      : catalog_run_state_name(outcome->state));
        return;
    }
    if (outcome->again_ns != 0) {
        clock_format_local(outcome->again_ns, when);
        report_line("lagan: %s: %s; `lagan run` tries it again from %s on", outcome->what,
                    outcome->why.text, when);
        return;
    }
    report_line("lagan: %s: %s", outcome->what, outcome->why.text);
}

static int work_on(struct session *s, int64_t id, bool *taken, struct error *e)
{
    struct job_view view;
    struct job_outcome outcome = {0};
    job_view_begin(&view, s, "policy", "cannot back up");
    struct job_reporter reporter = job_view_reporter(&view);
    const struct job_request request = {.setup = s->setup, .id = id, .reporter = &reporter};
    int result = job_work(&request, &outcome, e);
    job_view_end(&view);
    if (result == 0 && outcome.taken)
        tell_job(s, &outcome);
    *taken = outcome.taken;
    return result;
}

static void sleep_a_little(void)
{
    const struct timespec wait = {.tv_nsec = POLL_MS * 1000000L};
    nanosleep(&wait, NULL);
}

/* Works on what waits and is due; waits for what others work on.  What is tried again later is
 * left to them. */
static int work_off(struct session *s, const struct catalog_run *run, struct error *e)
{
    struct job_search search;
    int found;
    for (;;) {
        bool taken = false;
        if (operation_all_cancelled())
            return error_set(e, LAGAN_CANCELLED, ERROR_INTERRUPTED,
                             "policy run was interrupted");
        found = next_job(s, run->id, CATALOG_RUN_WAITING, &search, e);
        if (found > 0 && work_on(s, search.job.id, &taken, e) != 0)
            return -1;
        if (found == 0)
            found = next_job(s, run->id, CATALOG_RUN_RUNNING, &search, e);
        if (found <= 0)
            return found;
        if (!taken) {
            if (job_reap(s->setup, NULL, e) != 0)
                return -1;
            sleep_a_little();
        }
    }
}

static int show_job(void *context, const struct catalog_job *row, struct error *e)
{
    return record_job(context, row, e);
}

/* What it came to; with JSON its jobs too. */
static int finish(struct session *s, int64_t id, bool waited, struct error *e)
{
    struct catalog_run run;
    if (catalog_run_get(session_catalog(s), id, &run, e) != 0)
        return -1;
    if (s->output.use_json) {
        record_run(&s->output, &run);
        if (catalog_job_list(session_catalog(s), id, -1, show_job, s, e) != 0)
            return -1;
    }
    if (!waited && !catalog_run_state_is_over(run.state)) {
        output_note(&s->output,
                    "run %lld of policy %s waits for a runner; --wait does the work "
                    "here and now",
                    (long long)id, run.policy_name);
        return 0;
    }
    s->status = status_of(run.state);
    output_note(&s->output, "run %lld of policy %s: %s%s%s", (long long)id, run.policy_name,
                catalog_run_state_name(run.state), run.reason[0] ? ": " : "", run.reason);
    return 0;
}

int command_policy_cancel(struct session *s, struct error *e)
{
    struct catalog_policy *row = policy_operand(s, e);
    struct catalog_run run;
    int result = row ? policy_run_cancel(s->setup, row, &run, e) : -1;
    catalog_policy_free(row);
    if (result == 0)
        result = catalog_run_get(session_catalog(s), run.id, &run, e);
    if (result != 0)
        return -1;
    if (s->output.use_json)
        record_run(&s->output, &run);
    output_note(&s->output, "run %lld of policy %s %s", (long long)run.id, run.policy_name,
                catalog_run_state_is_over(run.state)
                    ? "is cancelled"
                    : "ends when what is at work has ended; what waited is dropped");
    return 0;
}

int policy_run_row(struct session *s, struct catalog_policy *row, struct error *e)
{
    struct catalog_run run;
    bool wait = session_given(s, OPTION_WAIT);
    int result = row ? policy_run_by_hand(s->setup, row, &run, e) : -1;
    catalog_policy_free(row);
    if (result == 0 && wait)
        result = work_off(s, &run, e);
    return result == 0 ? finish(s, run.id, wait, e) : -1;
}

int command_policy_run(struct session *s, struct error *e)
{
    return policy_run_row(s, policy_operand(s, e), e);
}
