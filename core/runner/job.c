/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - see job.h: the claim, the outcome, and what follows from it. */
#include "runner/job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/object.h"
#include "base/text.h"
#include "driver/operation.h"
#include "engine/policy_row.h"
#include "mirror/retry.h"
#include "runner/job_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t HOUR_NS = INT64_C(3600) * 1000000000;

/* X(operation, function, words) */
#define JOB_FUNCTIONS(X)                                                                       \
    X(BACKUP, job_backup, "backup")                                                            \
    X(REPLICATE, job_replicate, "replication")                                                 \
    X(EXPIRE, job_expire, "expiry")                                                            \
    X(PRUNE, job_prune, "prune")                                                               \
    X(VERIFY, job_verify, "verify")                                                            \
    X(DRILL, job_drill, "restore drill")                                                       \
    X(TIDY, job_tidy, "tidying")
static const struct {
    job_function *work;
    const char *words;
} functions[] = {
#define X(symbol, function, words) [CATALOG_JOB_##symbol] = {function, words},
    JOB_FUNCTIONS(X)
#undef X
};

/* What makes a job one that is skipped: it could not have succeeded now. */
static const enum error_code skipping[] = {ERROR_VAULT_STATE, ERROR_TRIAL_ENDED,
                                           ERROR_NO_POLICY};

/* Upkeep that found what people were told of comes at its next time, not sooner. */
static const enum error_code told[] = {ERROR_INTEGRITY, ERROR_DRILL_DIFFERS, ERROR_BRAKE};

static bool is_one_of(uint32_t code, const enum error_code *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code == codes[i])
            return true;
    return false;
}

static bool is_id(const uint8_t id[CATALOG_ID_SIZE])
{
    static const uint8_t none[CATALOG_ID_SIZE];

    return memcmp(id, none, sizeof(none)) != 0;
}

/* ---- what the job is about ---- */

static void describe(struct job_at_work *w)
{
    struct error ignored = ERROR_INIT;
    struct catalog_source *source =
        is_id(w->job.source) ? catalog_source_get(w->catalog, w->job.source, &ignored) : NULL;

    snprintf(w->outcome->what, sizeof(w->outcome->what), "%s%s%.80s%s%.100s",
             functions[w->job.operation].words, source != NULL ? " of " : "",
             source != NULL ? source->name : "",
             w->vault == NULL ? ""
             : source != NULL ? " into "
                              : " of vault ",
             w->vault != NULL ? w->vault->name : "");
    catalog_source_free(source);
}

static int read_policy(struct job_at_work *w, struct error *e)
{
    if (w->job.run == 0)
        return 0;
    if (catalog_run_get(w->catalog, w->job.run, &w->run, e) != 0)
        return -1;
    w->row = catalog_policy_get(w->catalog, w->run.policy, e);
    if (w->row == NULL)
        return error_context(e, "the policy of this run is gone");
    return policy_row_parse(w->row, &w->policy, e);
}

static int read_all(struct job_at_work *w, struct error *e)
{
    if (is_id(w->job.vault)) {
        w->vault = catalog_vault_get(w->catalog, w->job.vault, e);
        if (w->vault == NULL)
            return -1;
    }
    describe(w);
    return read_policy(w, e);
}

static void clean(struct job_at_work *w)
{
    policy_free(w->policy);
    catalog_policy_free(w->row);
    catalog_vault_free(w->vault);
}

/* ---- the outcome ---- */

int job_note_task(struct job_at_work *w, const char *task, struct error *e)
{
    snprintf(w->job.task, sizeof(w->job.task), "%s", task);
    job_guard_task(&w->guard, w->job.task);
    return catalog_job_note(w->catalog, &w->job, e);
}

int job_end(struct job_at_work *w, enum catalog_run_state state, const struct error *why,
            struct error *e)
{
    if (catalog_begin(w->catalog, e) != 0)
        return -1;
    int result = catalog_job_end(w->catalog, &w->job, state, why, w->again_ns, e);
    if (result == 0 && w->job.run != 0)
        result = job_tell_run(w->setup, w->job.run, e);
    if (result == 0)
        return catalog_commit(w->catalog, e);
    catalog_rollback(w->catalog);
    return -1;
}

/* Why the attempt failed, in the words of what made it fail; its state. */
static enum catalog_run_state judge(struct job_at_work *w, struct error *why)
{
    char took[TEXT_SIZE_SIZE];

    switch ((enum job_stop)atomic_load(&w->guard.stop)) {
    case JOB_TIMED_OUT:
        text_format_duration(w->guard.limit_ns, took);
        error_set(why, LAGAN_TIMEOUT, ERROR_JOB_TIMEOUT,
                  "it took longer than the %s of its policy and was ended", took);
        return CATALOG_RUN_TIMEOUT;
    case JOB_CANCELLED:
        error_set(why, LAGAN_CANCELLED, ERROR_FAILED, "the task %s was cancelled", w->job.task);
        return CATALOG_RUN_CANCELLED;
    case JOB_GOES_ON:
        break;
    }
    if (operation_all_cancelled()) {
        error_set(why, LAGAN_CANCELLED, ERROR_INTERRUPTED,
                  "it was interrupted, and goes on when a runner runs");
        return CATALOG_RUN_CANCELLED;
    }
    return is_one_of(why->code, skipping, sizeof(skipping) / sizeof(skipping[0]))
               ? CATALOG_RUN_SKIPPED
               : CATALOG_RUN_FAILED;
}

/* When the attempt is made again; 0 = never. */
static int64_t again_at(const struct job_at_work *w, enum catalog_run_state state,
                        const struct error *why)
{
    const struct config_runner *runner = &setup_config(w->setup)->runner;
    int64_t now = clock_wall_ns();
    int64_t at = why->code == ERROR_INTERRUPTED ? now : now + runner->retry_ns;

    if (why->code == ERROR_INTERRUPTED)
        return at;
    if (state != CATALOG_RUN_FAILED || w->job.attempts >= runner->attempts ||
        retry_judge(why) == RETRY_NEVER)
        return 0;
    return w->job.until_ns == 0 || at <= w->job.until_ns ? at : 0;
}

/* When upkeep comes again: soon, but at its own time where people were told of what was found,
 * or where it could not be now. */
static int64_t upkeep_again_ns(const struct job_at_work *w, enum catalog_run_state state,
                               const struct error *why, int64_t again_ns)
{
    bool settled = state == CATALOG_RUN_SKIPPED ||
                   is_one_of(why->code, told, sizeof(told) / sizeof(told[0]));

    if (why->code == ERROR_INTERRUPTED)
        return again_ns;
    return settled && w->again_ns != 0 ? w->again_ns : clock_wall_ns() + HOUR_NS;
}

static int record_failure(struct job_at_work *w, struct error *why, struct error *e)
{
    enum catalog_run_state state = judge(w, why);
    int64_t again = again_at(w, state, why);

    w->outcome->state = state;
    w->outcome->why = *why;
    if (w->recorded)
        return 0;
    if (w->job.run == 0) {
        w->again_ns = upkeep_again_ns(w, state, why, again);
        w->outcome->again_ns = w->again_ns;
        return job_end(w, state, why, e);
    }
    w->outcome->again_ns = again;
    return again != 0 ? catalog_job_again(w->catalog, &w->job, why, again, e)
                      : job_end(w, state, why, e);
}

static int work(struct job_at_work *w, struct error *e)
{
    struct error why = ERROR_INIT;
    int result = read_all(w, &why);

    if (result == 0)
        result = job_guard_start(&w->guard, w->catalog,
                                 w->policy != NULL ? w->policy->timeout_ns : 0, &why);
    if (result == 0)
        result = functions[w->job.operation].work(w, &why);
    job_guard_end(&w->guard);
    if (result != 0) {
        result = record_failure(w, &why, e);
        /* What ended this job is not meant for the next one of this process. */
        if (atomic_load(&w->guard.stop) != JOB_GOES_ON)
            operation_cancel_reset();
        return result;
    }
    return w->recorded ? 0 : job_end(w, w->outcome->state, NULL, e);
}

int job_work(const struct job_request *request, struct job_outcome *outcome, struct error *e)
{
    struct job_at_work w = {.request = request,
                            .setup = request->setup,
                            .catalog = setup_catalog(request->setup),
                            .outcome = outcome,
                            .guard = {.wake = -1}};
    int64_t started = clock_boot_ns();

    *outcome = (struct job_outcome){.state = CATALOG_RUN_SUCCESS};
    int claimed = catalog_job_claim(w.catalog, request->id, &w.job, e);
    if (claimed <= 0)
        return claimed;
    outcome->taken = true;
    int result = work(&w, e);
    outcome->job = w.job;
    outcome->took_ns = clock_boot_ns() - started;
    clean(&w);
    return result;
}

/* ---- those whose process is gone ---- */

int job_record_timeout(struct setup *s, int64_t id, uint64_t attempt_limit, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct job_at_work w = {.setup = s, .catalog = c};
    struct error why = ERROR_INIT;

    error_set(&why, LAGAN_TIMEOUT, ERROR_JOB_TIMEOUT,
              "it took longer than its policy allows, did not end, and was killed");
    if (catalog_begin(c, e) != 0)
        return -1;
    /* It waits again once its dead process is seen; nobody else can take it in between. */
    int result = catalog_job_reap(c, clock_wall_ns(), attempt_limit, NULL, e);
    if (result == 0)
        result = catalog_job_claim(c, id, &w.job, e);
    if (result > 0)
        result = job_end(&w, CATALOG_RUN_TIMEOUT, &why, e);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* Runs that are not over. */
struct open_runs {
    int64_t *ids;
    size_t count;
};

static int add_run(void *context, const struct catalog_run *run, struct error *e)
{
    struct open_runs *open = context;
    int64_t *grown = reallocarray(open->ids, open->count + 1, sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "the runs");
    open->ids = grown;
    grown[open->count++] = run->id;
    return 0;
}

static int reap_and_tell(struct setup *s, struct open_runs *open, uint64_t *count,
                         struct error *e)
{
    struct catalog *c = setup_catalog(s);
    uint64_t limit = setup_config(s)->runner.attempts;

    if (catalog_run_list(c, NULL, CATALOG_RUN_RUNNING, 0, add_run, open, e) != 0 ||
        catalog_run_list(c, NULL, CATALOG_RUN_WAITING, 0, add_run, open, e) != 0 ||
        catalog_job_reap(c, clock_wall_ns(), limit, count, e) != 0)
        return -1;
    for (size_t i = 0; *count > 0 && i < open->count; i++)
        if (job_tell_run(s, open->ids[i], e) != 0)
            return -1;
    return 0;
}

int job_reap(struct setup *s, uint64_t *count, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct open_runs open = {0};
    uint64_t changed = 0;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = reap_and_tell(s, &open, &changed, e);
    free(open.ids);
    if (result != 0) {
        catalog_rollback(c);
        return -1;
    }
    if (catalog_commit(c, e) != 0)
        return -1;
    if (count != NULL)
        *count = changed;
    return 0;
}

/* ---- what a runner asks before it starts one ---- */

/* The policy of a job; NULL when it has none, or one that is not understood. */
static struct policy *policy_of(struct setup *s, const struct catalog_job *job)
{
    struct error ignored = ERROR_INIT;
    struct job_at_work w = {.catalog = setup_catalog(s), .job = *job};

    read_policy(&w, &ignored);
    catalog_policy_free(w.row);
    return w.policy;
}

int64_t job_limit_ns(struct setup *s, const struct catalog_job *job)
{
    struct policy *policy = policy_of(s, job);
    int64_t limit = policy != NULL ? policy->timeout_ns : 0;

    policy_free(policy);
    return limit;
}

int job_nice(struct setup *s, const struct catalog_job *job)
{
    struct policy *policy = policy_of(s, job);
    int nice = policy != NULL ? policy->nice : -1;

    policy_free(policy);
    return nice;
}
