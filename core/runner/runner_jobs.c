/* SPDX-License-Identifier: Apache-2.0 */
/* runner_jobs.c - children for what is due, and what becomes of them. */
#include "base/clock.h"
#include "base/log.h"
#include "catalog/keep.h"
#include "catalog/mirror.h"
#include "crypto/hash.h"
#include "runner/runner_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND_NS = INT64_C(1000000000);
static const int64_t HOUR_NS = INT64_C(3600) * 1000000000;

enum {
    ARGUMENTS_MOST = 64,
    REFUSED_S = 5,   /* before a job that was somebody else's is tried again */
    LOOK_S = 60,     /* states of mirrors change with time alone, metrics too */
    NOTICES_S = 10,  /* between two tries to tell people */
    BATCH_WAITS = 5, /* the exit status for what goes on another time */
    KILL_AFTER_S = 5 /* a job ends itself when its time is over; then its process is ended */
};

/* ---- starting ---- */

static int start(struct runner *r, struct child_order *order, const char *part,
                 const char *value, struct error *e)
{
    const char *arguments[ARGUMENTS_MOST];
    const char *const *given = r->request->arguments;
    size_t count = 0;

    while (given[count] != NULL && count < ARGUMENTS_MOST - 4) {
        arguments[count] = given[count];
        count++;
    }
    arguments[count++] = "run";
    arguments[count++] = part;
    if (value != NULL)
        arguments[count++] = value;
    arguments[count] = NULL;
    order->arguments = arguments;
    order->io_class = setup_config(r->setup)->runner.io_class;
    return children_start(&r->children, order, e);
}

/* Sources and vaults under upkeep are worked on by one job at a time. */
static uint64_t needs_of(const struct catalog_job *job)
{
    uint8_t text[2 * CATALOG_ID_SIZE + 1], hash[HASH_SIZE];
    uint64_t needs = 0;

    if (job->operation == CATALOG_JOB_BACKUP) {
        hash_sha256(job->source, CATALOG_ID_SIZE, hash);
    } else {
        memcpy(text, job->vault, CATALOG_ID_SIZE);
        memcpy(text + CATALOG_ID_SIZE, job->source, CATALOG_ID_SIZE);
        text[2 * CATALOG_ID_SIZE] = (uint8_t)job->operation;
        hash_sha256(text, sizeof(text), hash);
    }
    memcpy(&needs, hash, sizeof(needs));
    return needs;
}

static int start_job(struct runner *r, const struct catalog_job *job, struct error *e)
{
    int nice = job_nice(r->setup, job);
    int64_t limit_ns = job_limit_ns(r->setup, job);
    struct child_order order = {.kind = CHILD_JOB,
                                .job = job->id,
                                .needs = needs_of(job),
                                .nice = nice >= 0 ? nice : setup_config(r->setup)->runner.nice,
                                .limit_ns =
                                    limit_ns > 0 ? limit_ns + KILL_AFTER_S * SECOND_NS : 0};
    char id[24];

    snprintf(id, sizeof(id), "%" PRId64, job->id);
    return start(r, &order, "--job", id, e);
}

/* ---- choosing ---- */

struct choice {
    const struct runner *runner;
    int64_t wall_ns, boot_ns;
    struct catalog_job best;
    bool found;
};

static bool is_refused(const struct choice *choice, int64_t job)
{
    for (size_t i = 0; i < REFUSED_MOST; i++)
        if (choice->runner->refused[i].job == job &&
            choice->runner->refused[i].until_ns > choice->boot_ns)
            return true;
    return false;
}

/* Due, or waiting for a time that was set when the clock was wrong: what it did last lies in
 * the future. */
static bool is_due(const struct catalog_job *job, int64_t now_ns)
{
    int64_t last_ns = job->ended_ns > job->started_ns ? job->ended_ns : job->started_ns;

    if (job->until_ns != 0 && now_ns > job->until_ns)
        return false;
    return job->due_ns <= now_ns || last_ns > now_ns + HOUR_NS;
}

static int choose(void *context, const struct catalog_job *job, struct error *e)
{
    struct choice *choice = context;

    (void)e;
    if (!is_due(job, choice->wall_ns) || is_refused(choice, job->id) ||
        children_have(&choice->runner->children, job->id, needs_of(job)))
        return 0;
    if (!choice->found || job->due_ns < choice->best.due_ns)
        choice->best = *job;
    choice->found = true;
    return 0;
}

static int find_due(struct runner *r, struct choice *choice, struct error *e)
{
    *choice =
        (struct choice){.runner = r, .wall_ns = clock_wall_ns(), .boot_ns = clock_boot_ns()};
    return catalog_job_list(setup_catalog(r->setup), -1, CATALOG_RUN_WAITING, choose, choice,
                            e);
}

int runner_start_jobs(struct runner *r, bool *due, struct error *e)
{
    struct choice choice;

    for (;;) {
        if (find_due(r, &choice, e) != 0)
            return -1;
        if (due != NULL)
            *due = choice.found;
        if (!choice.found ||
            r->children.count[CHILD_JOB] >= setup_config(r->setup)->runner.jobs)
            return 0;
        if (start_job(r, &choice.best, e) != 0)
            return -1;
    }
}

/* ---- the queue and the notices ---- */

static bool has_passed(int64_t since_ns, int64_t seconds)
{
    return since_ns == 0 || clock_boot_ns() - since_ns >= seconds * SECOND_NS;
}

/* 1 when something is due, or the states of mirrors are to be looked at again; 0, -1. */
static int queue_is_due(struct runner *r, struct error *e)
{
    struct catalog *c = setup_catalog(r->setup);
    struct catalog_mirror *mirrors = NULL;
    size_t count = 0;
    int64_t due_ns = 0;
    int found = catalog_item_next_due(c, &due_ns, e);

    if (found != 0)
        return found < 0 ? -1 : due_ns <= clock_wall_ns() || has_passed(r->queue_ns, LOOK_S);
    if (!has_passed(r->queue_ns, LOOK_S))
        return 0;
    if (catalog_mirror_all(c, &mirrors, &count, e) != 0)
        return -1;
    free(mirrors);
    r->queue_ns = clock_boot_ns();
    return count > 0;
}

int runner_start_queue(struct runner *r, struct error *e)
{
    struct child_order order = {.kind = CHILD_QUEUE,
                                .nice = setup_config(r->setup)->runner.nice};

    if (r->children.count[CHILD_QUEUE] > 0)
        return 0;
    /* A place that is away is not asked without a pause. */
    int due = has_passed(r->queue_ns, 1) ? queue_is_due(r, e) : 0;
    if (due <= 0)
        return due;
    r->queue_ns = clock_boot_ns();
    return start(r, &order, "--queue", NULL, e);
}

int runner_start_notices(struct runner *r, struct error *e)
{
    const struct config *config = setup_config(r->setup);
    struct child_order order = {.kind = CHILD_NOTICES, .limit_ns = 15 * 60 * SECOND_NS};
    char reason[SAY_SIZE + 16];
    uint64_t waiting = 0;

    if (r->children.count[CHILD_NOTICES] > 0 || !has_passed(r->notices_ns, NOTICES_S))
        return 0;
    if (catalog_notice_count(setup_catalog(r->setup), &waiting, e) != 0)
        return -1;
    bool regular = (config->runner.ping != NULL || config->metrics.file != NULL) &&
                   has_passed(r->notices_ns, LOOK_S);
    if (waiting == 0 && !regular)
        return 0;
    r->notices_ns = clock_boot_ns();
    snprintf(reason, sizeof(reason), "--reason=%s", r->failing);
    int result = start(r, &order, "--notices", r->failing[0] != '\0' ? reason : NULL, e);
    r->failing[0] = '\0';
    return result;
}

/* ---- the end of a child ---- */

static void refuse(struct runner *r, int64_t job)
{
    struct refused *place = &r->refused[r->refused_next++ % REFUSED_MOST];

    *place = (struct refused){job, clock_boot_ns() + REFUSED_S * SECOND_NS};
}

static void note_failure(struct runner *r, const struct child_end *end)
{
    static const char *const kinds[] = {[CHILD_JOB] = "job",
                                        [CHILD_QUEUE] = "queue",
                                        [CHILD_NOTICES] = "notices",
                                        [CHILD_BATCH] = "batch",
                                        [CHILD_INVENTORY] = "inventory",
                                        [CHILD_RULE] = "rule"};

    if (end->signal != 0)
        runner_say(r, "the process of %s %" PRId64 " was ended by signal %d%s",
                   kinds[end->child.kind], end->child.job, end->signal,
                   end->child.killed ? ", since it did not end by itself" : "");
    if (end->child.kind == CHILD_NOTICES)
        return;
    snprintf(r->failing, sizeof(r->failing), "%s %" PRId64 " ended with status %d",
             kinds[end->child.kind], end->child.job, end->status);
}

static int take_job(struct runner *r, const struct child_end *end, struct error *e)
{
    uint64_t attempts = setup_config(r->setup)->runner.attempts;

    if (end->status == RUNNER_NOT_TAKEN) {
        refuse(r, end->child.job);
        return 0;
    }
    r->result.jobs++;
    r->result.jobs_failed += end->status != 0;
    if (end->late && end->signal != 0)
        return job_record_timeout(r->setup, end->child.job, attempts, e);
    return 0;
}

int runner_take(struct runner *r, struct error *e)
{
    struct child_end end;

    while (children_take(&r->children, &end)) {
        int status = end.status >= 0 ? end.status : 1;
        /* A batch job that was paused, or yields to another one, has not failed. */
        if (end.child.kind == CHILD_BATCH && status == BATCH_WAITS)
            status = 0;
        if (status != 0 && status != RUNNER_NOT_TAKEN)
            note_failure(r, &end);
        if (status != RUNNER_NOT_TAKEN)
            r->result.status = runner_worse(r->result.status, status);
        r->child_ended = true;
        if (end.child.kind == CHILD_JOB && take_job(r, &end, e) != 0)
            return -1;
    }
    return 0;
}
