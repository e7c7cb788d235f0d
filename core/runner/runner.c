/* SPDX-License-Identifier: Apache-2.0 */
/* runner.c - see runner.h: the loop, and one round of it for `once`. */
#include "runner/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "driver/operation.h"
#include "engine/tell.h"
#include "runner/notify_systemd.h"
#include "runner/runner_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = INT64_C(1000000000);

enum {
    REAP_S = 5,    /* between two looks for what dead processes have left */
    DECIDE_S = 10, /* how soon a policy that was just made is seen */
    UPKEEP_S = 60,
    FAILED_S = 60,    /* between two lines on the same failure of a round */
    ENDING_MS = 9500, /* that children have when the runner ends, by the real clock */
    ENDING_STEP_MS = 50,
    ROUNDS_MOST = 100 /* of `once`: each does something, or is the last */
};

/* ---- statuses ---- */

/* From bad to worse; what is not here counts as 1. */
static const int ranks[] = {0, 3, 5, 8, 14, 12, 1, 7, 4};

static size_t rank_of(int status)
{
    size_t of_failed = 0;

    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        if (ranks[i] == status)
            return i;
        of_failed = ranks[i] == 1 ? i : of_failed;
    }
    return of_failed;
}

int runner_worse(int a, int b)
{
    return rank_of(b) > rank_of(a) ? b : a;
}

/* ---- a look ---- */

static bool has_passed(int64_t *since_ns, int64_t seconds)
{
    int64_t now = clock_boot_ns();

    if (*since_ns != 0 && now - *since_ns < seconds * SECOND_NS)
        return false;
    *since_ns = now;
    return true;
}

static int reap(struct runner *r, struct error *e)
{
    if (r->child_ended)
        r->reaped_ns = 0;
    r->child_ended = false;
    return has_passed(&r->reaped_ns, REAP_S) ? job_reap(r->setup, NULL, e) : 0;
}

static int decide(struct runner *r, struct error *e)
{
    int64_t now_ns = clock_wall_ns();
    bool due = r->dispatcher.next_ns != 0 && now_ns >= r->dispatcher.next_ns;
    bool set_back = now_ns < r->wall_ns;

    r->wall_ns = now_ns;
    if (due || set_back || r->child_ended)
        r->decided_ns = 0;
    return has_passed(&r->decided_ns, DECIDE_S) ? dispatch_look(&r->dispatcher, r->setup, e)
                                                : 0;
}

static int look(struct runner *r, struct error *e)
{
    if (decide(r, e) != 0 || reap(r, e) != 0)
        return -1;
    if (has_passed(&r->upkeep_ns, UPKEEP_S) && dispatch_upkeep(r->setup, e) != 0)
        return -1;
    if (runner_start_jobs(r, NULL, e) != 0 || runner_start_objects(r, e) != 0)
        return -1;
    return runner_start_rules(r, e);
}

/* ---- signals ---- */

static void use_log_format(const struct setup *s)
{
    bool json = strcmp(setup_config(s)->runner.log_format, "json") == 0;

    log_set_format(json ? LOG_JSON : LOG_TEXT);
}

/* Metrics that cannot be fetched are no reason to run no backups. */
static void serve_metrics(struct runner *r)
{
    struct error why = ERROR_INIT;

    if (metrics_endpoint_start(r->setup, &r->endpoint, &why) != 0)
        runner_say(r, "%s", why.text);
}

static void stop_metrics(struct runner *r)
{
    metrics_endpoint_stop(r->endpoint);
    r->endpoint = NULL;
}

static void reload(struct runner *r)
{
    struct error why = ERROR_INIT;
    struct setup *fresh = NULL;

    notify_systemd_reloading();
    if (setup_open(&r->request->open, &fresh, &why) == 0) {
        stop_metrics(r);
        setup_close(r->setup);
        r->setup = fresh;
        *r->request->setup = fresh;
        use_log_format(fresh);
        serve_metrics(r);
        r->decided_ns = r->upkeep_ns = 0;
        runner_say(r, "the configuration was read anew");
    } else {
        runner_say(r, "the configuration cannot be used: %s; the one before stays", why.text);
    }
    notify_systemd("READY=1");
}

static int heed(struct runner *r, struct error *e)
{
    if (r->signals.reload) {
        r->signals.reload = false;
        reload(r);
    }
    if (!r->signals.progress)
        return 0;
    r->signals.progress = false;
    return runner_say_progress(r, e);
}

/* ---- until it is told to end ---- */

static int round_of_loop(struct runner *r, struct error *e)
{
    if (heed(r, e) != 0 || runner_take(r, e) != 0)
        return -1;
    children_watch(&r->children, false);
    if (look(r, e) != 0 || runner_start_queue(r, e) != 0)
        return -1;
    return runner_start_notices(r, e);
}

/* A runner that ends because of a full disk makes nothing better.  It says so once a minute,
 * and when it is something else. */
static void report(struct runner *r, const struct error *why)
{
    bool same = strncmp(r->failing, why->text, sizeof(r->failing) - 1) == 0;

    if (same && !has_passed(&r->failed_ns, FAILED_S))
        return;
    r->failed_ns = clock_boot_ns();
    snprintf(r->failing, sizeof(r->failing), "%.*s", SAY_SIZE - 1, why->text);
    if (r->request->failed != NULL)
        r->request->failed(r->request->context, why);
}

/* All that was started ends at a point from which it can go on, or is killed. */
static void end_children(struct runner *r)
{
    struct error why = ERROR_INIT;

    notify_systemd("STOPPING=1\nSTATUS=ending %zu jobs", r->children.count[CHILD_JOB]);
    for (int waited_ms = 0; children_count(&r->children) > 0 && waited_ms < ENDING_MS;
         waited_ms += ENDING_STEP_MS) {
        children_watch(&r->children, true);
        signals_wait(&r->signals, ENDING_STEP_MS * (SECOND_NS / 1000), true);
        if (runner_take(r, &why) != 0)
            log_write(LOG_WARNING, "runner", "%s", why.text);
    }
    children_kill(&r->children);
}

static void run_loop(struct runner *r)
{
    serve_metrics(r);
    notify_systemd("READY=1");
    while (!operation_all_cancelled()) {
        struct error why = ERROR_INIT;
        if (round_of_loop(r, &why) != 0)
            report(r, &why);
        runner_say_alive(r);
        signals_wait(&r->signals, SECOND_NS, false);
    }
    stop_metrics(r);
    end_children(r);
}

/* ---- once ---- */

static int find_tidy(void *context, const struct catalog_job *job, struct error *e)
{
    int64_t *id = context;

    (void)e;
    if (job->operation == CATALOG_JOB_TIDY && job->due_ns <= clock_wall_ns())
        *id = job->id;
    return 0;
}

/* This process does it itself: what it finds is what the caller is told. */
static int tidy_here(struct runner *r, struct error *e)
{
    struct job_request job = {.setup = r->setup,
                              .context = r->request->context,
                              .key_gone = r->request->key_gone,
                              .keys_gone = r->request->keys_gone};
    struct job_outcome outcome = {.taken = false};

    if (catalog_job_list(setup_catalog(r->setup), 0, CATALOG_RUN_WAITING, find_tidy, &job.id,
                         e) != 0 ||
        (job.id != 0 && job_work(&job, &outcome, e) != 0))
        return -1;
    if (!outcome.taken)
        return job_check_keys(&job, e);
    r->result.jobs++;
    if (outcome.why.error_class != LAGAN_OK) {
        r->result.jobs_failed++;
        r->result.status = runner_worse(r->result.status, error_exit_status(&outcome.why));
    }
    if (r->request->ended != NULL)
        r->request->ended(r->request->context, &outcome);
    return 0;
}

/* Until no job is due and no child runs; `*worked`: there was one. */
static int work_off_jobs(struct runner *r, bool *worked, struct error *e)
{
    bool due = false;

    *worked = false;
    do {
        if (runner_take(r, e) != 0 || heed(r, e) != 0 || reap(r, e) != 0 ||
            runner_start_jobs(r, &due, e) != 0 || runner_start_objects(r, e) != 0 ||
            runner_start_rules(r, e) != 0)
            return -1;
        children_watch(&r->children, false);
        if (children_count(&r->children) == 0)
            break;
        *worked = true;
        signals_wait(&r->signals, SECOND_NS, false);
    } while (!operation_all_cancelled());
    return 0;
}

static void add(struct work_result *sum, const struct work_result *round)
{
    struct work_result last = *round;

    last.done += sum->done;
    last.skipped += sum->skipped;
    last.failed += sum->failed;
    last.given_up += sum->given_up;
    last.bytes += sum->bytes;
    *sum = last;
}

static int work_off_queue(struct runner *r, struct error *e)
{
    const struct work_request work = {
        .setup = r->setup, .context = r->request->context, .told = r->request->told};
    struct work_result result = {0};

    if (mirror_work(&work, &result, e) != 0)
        return -1;
    add(&r->result.work, &result);
    return 0;
}

/* People are told, or are told by the next run. */
static void tell_all(struct runner *r)
{
    struct error why = ERROR_INIT;

    if (tell_send(r->setup, NULL, NULL, &why) != 0 || tell_metrics_file(r->setup, &why) != 0 ||
        tell_ping(r->setup, r->failing[0] != '\0' ? r->failing : NULL, &why) != 0)
        log_write(LOG_WARNING, "runner", "%s", why.text);
}

static int run_once(struct runner *r, struct error *e)
{
    bool worked = true;

    if (job_reap(r->setup, NULL, e) != 0 || dispatch_look(&r->dispatcher, r->setup, e) != 0 ||
        dispatch_upkeep(r->setup, e) != 0 || tidy_here(r, e) != 0)
        return -1;
    for (int i = 0; worked && i < ROUNDS_MOST && !operation_all_cancelled(); i++) {
        /* The end of a run may be the begin of another one, and give work for the queue. */
        if (work_off_jobs(r, &worked, e) != 0 || work_off_queue(r, e) != 0 ||
            dispatch_look(&r->dispatcher, r->setup, e) != 0)
            return -1;
        worked = worked || r->dispatcher.runs > 0;
    }
    if (!operation_all_cancelled())
        tell_all(r);
    return 0;
}

/* ---- either ---- */

int runner_run(const struct runner_request *request, struct runner_result *result,
               struct error *e)
{
    struct runner r = {.request = request, .setup = *request->setup};
    int done = 0;

    if (signals_open(&r.signals, !request->once, e) != 0)
        return -1;
    use_log_format(r.setup);
    if (request->once)
        done = run_once(&r, e);
    else
        run_loop(&r);
    if (request->once && children_count(&r.children) > 0)
        end_children(&r);
    signals_close(&r.signals);
    if (done == 0 && request->once)
        done = operation_check(e);
    if (done == 0)
        *result = r.result;
    return done;
}
