/* SPDX-License-Identifier: Apache-2.0 */
/* migrate.c - a run: its task and claim, its threads, its passes, and how it ends. */
#include "engine/migrate_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "driver/operation.h"
#include "engine/key_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_LEAST = 4 };
static const int64_t WATCH_NS = INT64_C(500000000);

void migrate_fail(struct migrate_job *job, const struct error *why)
{
    pthread_mutex_lock(&job->lock);
    if (!atomic_exchange(&job->failed, true))
        job->error = *why;
    pthread_mutex_unlock(&job->lock);
}

void migrate_problem(struct migrate_job *job, const struct lagan_entry *entry,
                     const struct error *why)
{
    const struct catalog_migrate_failure failure = {.key = entry->key,
                                                    .key_size = entry->key_size,
                                                    .pass = job->pass.number,
                                                    .bytes = entry->bytes,
                                                    .why = *why};
    const struct job_problem problem = {entry->key, entry->key_size, why->error_class,
                                        why->text, false};
    struct error e = ERROR_INIT;
    if (catalog_migrate_fail(job->catalog, job->row->id, &failure, &e) != 0)
        migrate_fail(job, &e);
    pthread_mutex_lock(&job->lock);
    job->progress.problems++;
    if (job->reporter.problem)
        job->reporter.problem(job->reporter.context, &problem);
    pthread_mutex_unlock(&job->lock);
}

/* ---- what a run needs ---- */

static struct catalog_source *end_of(struct migrate_job *job, const uint8_t id[CATALOG_ID_SIZE],
                                     const char *name, struct error *e)
{
    struct catalog_source *row = catalog_source_get(job->catalog, id, e);
    if (!row)
        error_context(e, "the source %s of the migration %s", name, job->row->name);
    return row;
}

static int open_ends(struct migrate_job *job, struct error *e)
{
    const struct catalog_migration *row = job->row;
    struct catalog_source *from = end_of(job, row->source, row->source_name, e);
    struct catalog_source *to = from ? end_of(job, row->target, row->target_name, e) : NULL;
    if (to)
        job->ends = object_ends_open(job->setup, from, to, e);
    catalog_source_free(from);
    catalog_source_free(to);
    return job->ends ? 0 : -1;
}

static void set_options(struct migrate_job *job)
{
    static const enum object_exists exists[] = {[MIGRATE_EXISTS_OVERWRITE] =
                                                    OBJECT_EXISTS_OVERWRITE,
                                                [MIGRATE_EXISTS_NEWER] = OBJECT_EXISTS_NEWER,
                                                [MIGRATE_EXISTS_NEVER] = OBJECT_EXISTS_NEVER};
    static const enum object_verify verify[] = {
        [MIGRATE_VERIFY_SIZE] = OBJECT_VERIFY_SIZE,
        [MIGRATE_VERIFY_CHECKSUM] = OBJECT_VERIFY_CHECKSUM,
        [MIGRATE_VERIFY_SAMPLE] = OBJECT_VERIFY_SAMPLE,
        [MIGRATE_VERIFY_CONTENT] = OBJECT_VERIFY_CONTENT};
    const struct migrate_plan *plan = job->plan;
    job->options = (struct object_copy_options){
        .exists = exists[plan->exists],
        .verify = verify[plan->verify],
        .add_prefix = plan->texts[MIGRATE_SETTING_TO_PREFIX],
        .replace_pieces = plan->replace_headers,
        .give = plan->give,
        .give_count = plan->give_count,
        .without_acl = !plan->keep_acl && !job->ends->one_store,
        .pace = job->pace,
    };
}

/* As many at a time as the drivers find useful: what is slow of one end is waiting. */
static unsigned useful_threads(const struct migrate_job *job)
{
    uint32_t from = source_capabilities(job->ends->from.source)->max_parallel;
    uint32_t to = source_capabilities(job->ends->to.source)->max_parallel;
    uint32_t threads = from > to ? from : to;
    if (job->plan->parallel > 0)
        return job->plan->parallel;
    if (threads < THREADS_LEAST)
        threads = THREADS_LEAST;
    return threads < MIGRATE_PARALLEL_LIMIT ? threads : MIGRATE_PARALLEL_LIMIT;
}

int migrate_job_open(struct migrate_job *job, struct error *e)
{
    char pace[MIGRATE_PACE_SIZE];
    if (migrate_plan_of(job->row, &job->plan, e) != 0 || open_ends(job, e) != 0)
        return -1;
    job->pace = pace_new(migrate_rule_pace(job->plan, pace) ? pace : NULL, e);
    if (!job->pace)
        return -1;
    set_options(job);
    job->threads = useful_threads(job);
    return 0;
}

void migrate_job_close(struct migrate_job *job)
{
    object_ends_close(job->ends);
    pace_free(job->pace);
    migrate_plan_free(job->plan);
    catalog_migrate_pass_clear(&job->pass);
}

/* ---- threads ---- */

void migrate_thread_ended(struct migrate_job *job, unsigned *count)
{
    pthread_mutex_lock(&job->lock);
    --*count;
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->lock);
}

struct production {
    struct migrate_job *job;
    void (*produce)(struct migrate_job *job);
};

static void *run_producer(void *context)
{
    struct production *p = context;
    p->produce(p->job);
    queue_close(p->job->items);
    migrate_thread_ended(p->job, &p->job->planning);
    return NULL;
}

/* Somebody may ask the task to end. */
static void look_for_cancel(struct migrate_job *job)
{
    struct error why = ERROR_INIT, ignored = ERROR_INIT;
    if (job->task.catalog && !operation_all_cancelled() &&
        catalog_task_is_cancelled(job->catalog, job->task.row.id, &ignored) > 0)
        operation_cancel_all();
    if (operation_check(&why) != 0)
        migrate_fail(job, &why);
}

/* Under the lock: what is known of the pass so far. */
static void tell_totals(struct migrate_job *job)
{
    const struct catalog_migrate_counts *counts = &job->pass.counts;
    job->progress.entries_total =
        job->pass.is_listed ? counts->of[CATALOG_MIGRATE_DIFFERING] : 0;
    job->progress.bytes_total =
        job->pass.is_listed ? counts->of[CATALOG_MIGRATE_DIFFERING_BYTES] : 0;
    if (job->reporter.progress)
        job->reporter.progress(job->reporter.context, &job->progress);
}

static void watch(struct migrate_job *job)
{
    pthread_mutex_lock(&job->lock);
    while (job->planning + job->working > 0) {
        clock_wait(&job->ended, &job->lock, WATCH_NS);
        tell_totals(job);
        pthread_mutex_unlock(&job->lock);
        look_for_cancel(job);
        pthread_mutex_lock(&job->lock);
    }
    pthread_mutex_unlock(&job->lock);
}

static int start_threads(struct migrate_job *job, struct production *p, pthread_t *threads,
                         unsigned *started, struct error *e)
{
    int number = 0;
    for (unsigned i = 0; i < job->threads && number == 0; i++) {
        number = pthread_create(&threads[*started], NULL, migrate_worker, job);
        *started += number == 0;
    }
    if (*started > 0)
        number = 0;
    pthread_mutex_lock(&job->lock);
    job->working = *started;
    pthread_mutex_unlock(&job->lock);
    if (number == 0)
        number = pthread_create(&threads[*started], NULL, run_producer, p);
    *started += number == 0;
    return number == 0 ? 0 : error_errno(e, number, "cannot start a thread");
}

int migrate_job_work(struct migrate_job *job, void (*produce)(struct migrate_job *job),
                     struct error *e)
{
    pthread_t threads[MIGRATE_PARALLEL_LIMIT + 1];
    struct production production = {job, produce};
    unsigned started = 0;
    job->items = queue_new(MIGRATE_QUEUE);
    if (!job->items)
        return error_no_memory(e, "a migration");
    job->planning = 1;
    job->working = job->threads;
    if (start_threads(job, &production, threads, &started, e) != 0) {
        migrate_fail(job, e);
        queue_close(job->items);
        job->planning = 0;
    }
    watch(job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    queue_free(job->items);
    job->items = NULL;
    if (!atomic_load(&job->failed))
        return 0;
    *e = job->error;
    return -1;
}

/* ---- the claim, and how it ends ---- */

static int claim(struct migrate_job *job, enum catalog_event event, struct error *e)
{
    struct catalog *c = job->catalog;
    const struct catalog_migration *row = job->row;
    if (catalog_begin(c, e) != 0)
        return -1;
    if (catalog_migration_claim(c, row->id, job->task.row.id, e) == 0 &&
        catalog_audit_add(c, event, row->name, e, "from %s to %s", row->source_name,
                          row->target_name) == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* An interrupted run can be run on; one that somebody cancelled says so. */
static enum catalog_migration_state state_of(struct migrate_job *job, const struct error *why)
{
    struct error ignored = ERROR_INIT;
    if (why->error_class != LAGAN_CANCELLED)
        return CATALOG_MIGRATION_FAILED;
    return catalog_task_is_cancelled(job->catalog, job->task.row.id, &ignored) > 0
               ? CATALOG_MIGRATION_CANCELLED
               : CATALOG_MIGRATION_WAITING;
}

static int finish(struct migrate_job *job, int result, enum catalog_migration_state *state,
                  struct error *e)
{
    struct error why = result == 0 ? ERROR_INIT : *e;
    enum catalog_migration_state reached = CATALOG_MIGRATION_SUCCESS;
    uint64_t failures = 0;
    if (result == 0)
        result = catalog_migrate_failures(job->catalog, job->row->id, &failures, e);
    if (result != 0)
        reached = state_of(job, e);
    else if (failures > 0)
        reached = CATALOG_MIGRATION_PARTIAL;
    if (catalog_migration_end(job->catalog, job->row->id, reached, &why,
                              result == 0 ? e : &why) != 0)
        result = -1;
    task_end(&job->task, result == 0 ? NULL : e);
    if (result == 0)
        *state = reached;
    return result;
}

int migrate_job_run(struct setup *s, const struct catalog_migration *row,
                    enum catalog_event event, const struct job_reporter *reporter,
                    int (*work)(struct migrate_job *job, struct error *e),
                    enum catalog_migration_state *state, struct error *e)
{
    struct migrate_job job = {.setup = s, .catalog = setup_catalog(s), .row = row};
    char subject[CATALOG_TEXT_SIZE];
    snprintf(subject, sizeof(subject), "%s: %s -> %s", row->name, row->source_name,
             row->target_name);
    pthread_mutex_init(&job.lock, NULL);
    pthread_cond_init(&job.ended, NULL);
    atomic_init(&job.failed, false);
    task_begin(&job.task, job.catalog, CATALOG_TASK_MIGRATE, NULL, row->source, subject,
               reporter);
    job.reporter = task_reporter(&job.task);
    int result = claim(&job, event, e);
    if (result == 0) {
        result = migrate_job_open(&job, e);
        if (result == 0)
            result = work(&job, e);
        result = finish(&job, result, state, e);
    } else {
        task_end(&job.task, e);
    }
    migrate_job_close(&job);
    pthread_cond_destroy(&job.ended);
    pthread_mutex_destroy(&job.lock);
    return result;
}

/* ---- passes ---- */

/* The pass that was not finished, or a new one. */
static int load_pass(struct migrate_job *job, struct error *e)
{
    struct catalog *c = job->catalog;
    const uint8_t *id = job->row->id;
    uint64_t failures = 0;
    job->before_ns = 0;
    int found = catalog_migrate_pass_last(c, id, &job->pass, e);
    if (found > 0 && job->pass.ended_ns != 0) {
        uint32_t number = job->pass.number;
        job->before_ns = job->pass.started_ns;
        found = catalog_migrate_pass_begin(c, id, number + 1, e) == 0 ? 1 : -1;
    } else if (found == 0) {
        found = catalog_migrate_pass_begin(c, id, 1, e) == 0 ? 1 : -1;
    }
    if (found > 0)
        found = catalog_migrate_pass_last(c, id, &job->pass, e);
    if (found < 0 || catalog_migrate_failures(c, id, &failures, e) != 0)
        return -1;
    job->has_failures = failures > 0;
    return 0;
}

/* A pass that copied nothing of what differs would find the same again. */
static bool is_last(const struct migrate_job *job, unsigned passes)
{
    const uint64_t *counts = job->pass.counts.of;
    return migrate_rule_last_pass(job->plan, passes, counts[CATALOG_MIGRATE_DIFFERING]) ||
           counts[CATALOG_MIGRATE_COPIED] == 0;
}

static int run_passes(struct migrate_job *job, struct error *e)
{
    for (unsigned passes = 1;; passes++) {
        if (load_pass(job, e) != 0 || migrate_job_work(job, migrate_plan_pass, e) != 0 ||
            catalog_migrate_pass_end(job->catalog, job->row->id, job->pass.number, e) != 0 ||
            catalog_migrate_pass_last(job->catalog, job->row->id, &job->pass, e) < 0)
            return -1;
        log_write(LOG_INFO, "migrate", "pass %u of %s has copied %llu objects",
                  job->pass.number, job->row->name,
                  (unsigned long long)job->pass.counts.of[CATALOG_MIGRATE_COPIED]);
        if (is_last(job, passes))
            return 0;
    }
}

int migrate_run(struct setup *s, const struct catalog_migration *row,
                const struct job_reporter *reporter, enum catalog_migration_state *state,
                struct error *e)
{
    return migrate_job_run(s, row, CATALOG_EVENT_MIGRATE_RUN, reporter, run_passes, state, e);
}
