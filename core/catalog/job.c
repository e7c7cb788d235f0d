/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - jobs: upkeep, claiming under a lease, ending, and what dead processes have left. */
#include "base/clock.h"
#include "catalog/run_private.h"

#include <stdlib.h>
#include <string.h>

enum { GIVE_UP_S = 3600 /* that upkeep waits when it fails again and again */ };

/* Binds id and token. */
#define JOB_LEASED " WHERE id = ? AND token = ? AND state = 'running'"

/* Upkeep */

int catalog_job_upkeep(struct catalog *c, enum catalog_job_operation operation,
                       const uint8_t *vault, int64_t due_ns, struct error *e)
{
    static const char sql[] =
        "INSERT INTO jobs (run, operation, vault, source, state, due_ns, until_ns, attempts,"
        " token, pid, boot_id, process_start, task, backup, started_ns, ended_ns, done_ns,"
        " error_class, error_code, error_text) VALUES (0, ?, ?, x'', 'waiting', ?, 0, 0, 0, 0,"
        " '', 0, '', '', 0, 0, 0, 0, ?, '') ON CONFLICT DO NOTHING";
    static const uint8_t none[CATALOG_ID_SIZE];
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, catalog_job_operation_name(operation));
        job_bind_id(&q, vault != NULL ? vault : none);
        query_number(&q, due_ns);
        query_text(&q, error_code_name(ERROR_FAILED));
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

/* Claiming */

static int lease(struct catalog *c, int64_t id, struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = 'running', token = token + 1, attempts = attempts + 1,"
        " started_ns = ?1, ended_ns = 0, task = '', pid = ?2, boot_id = ?3, process_start = ?4"
        " WHERE id = ?5 AND state = 'waiting' AND (until_ns = 0 OR until_ns >= ?1)" SOURCE_FREE;
    struct process_mark self;
    struct query q;

    process_mark_self(&self);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, clock_wall_ns());
    query_number(&q, self.pid);
    query_text(&q, self.boot_id);
    query_number(&q, self.start_ticks);
    query_number(&q, id);
    return query_finish(&q, e) != 0 ? -1 : query_changes(c) == 1;
}

static int start_run(struct catalog *c, int64_t run, struct error *e)
{
    static const char sql[] =
        "UPDATE runs SET state = 'running' WHERE id = ? AND state = 'waiting'";
    struct query q;

    if (run == 0)
        return 0;
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, run);
    return query_finish(&q, e);
}

static int claim(struct catalog *c, int64_t id, struct catalog_job *job, struct error *e)
{
    int claimed = lease(c, id, e);

    if (claimed <= 0)
        return claimed;
    if (catalog_job_get(c, id, job, e) != 0 || start_run(c, job->run, e) != 0)
        return -1;
    return 1;
}

/* A claim need not outlive a loss of power: the process that it is for does not. */
int catalog_job_claim(struct catalog *c, int64_t id, struct catalog_job *job, struct error *e)
{
    struct catalog_job row;

    if (write_begin_light(c, e) != 0)
        return -1;
    int claimed = claim(c, id, &row, e);
    if (write_end_light(c, claimed < 0 ? -1 : 0, e) != 0)
        return -1;
    if (claimed > 0)
        *job = row;
    return claimed;
}

/* Ending */

/* Runs a statement that ends with JOB_LEASED and is bound up to there. */
static int finish_leased(struct query *q, const struct catalog_job *job, struct error *e)
{
    query_number(q, job->id);
    query_number(q, job->token);
    if (query_finish(q, e) != 0)
        return -1;
    if (query_changes(q->catalog) == 1)
        return 0;
    return error_set(e, LAGAN_CHANGED, ERROR_LEASE_LOST,
                     "the lease on the job %lld (%s) is lost: somebody else may work on it",
                     (long long)job->id, catalog_job_operation_name(job->operation));
}

int catalog_job_note(struct catalog *c, const struct catalog_job *job, struct error *e)
{
    static const char sql[] = "UPDATE jobs SET task = ?, backup = ?" JOB_LEASED;
    struct query q;

    if (write_begin_light(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, job->task);
        query_text(&q, job->backup);
        result = finish_leased(&q, job, e);
    }
    return write_end_light(c, result, e);
}

static int end_run_job(struct catalog *c, const struct catalog_job *job, struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = ?, ended_ns = ?, task = ?, backup = ?, error_class = ?,"
        " error_code = ?, error_text = ?" JOB_LEASED;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_run_state_name(job->state));
    query_number(&q, job->ended_ns);
    query_text(&q, job->task);
    query_text(&q, job->backup);
    query_why(&q, &job->why);
    if (finish_leased(&q, job, e) != 0)
        return -1;
    return run_end_if_over(c, job->run, e);
}

static int end_upkeep(struct catalog *c, const struct catalog_job *job, int64_t again_ns,
                      struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = 'waiting', due_ns = ?, ended_ns = ?, done_ns = ?,"
        " attempts = ?, task = ?, error_class = ?, error_code = ?, error_text = ?" JOB_LEASED;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, again_ns);
    query_number(&q, job->ended_ns);
    query_number(&q, job->done_ns);
    query_number(&q, (int64_t)job->attempts);
    query_text(&q, job->task);
    query_why(&q, &job->why);
    return finish_leased(&q, job, e);
}

/* The row as it is after its end with `state`. */
static struct catalog_job ended(const struct catalog_job *job, enum catalog_run_state state,
                                const struct error *why)
{
    struct catalog_job row = *job;

    row.state = state;
    row.ended_ns = clock_wall_ns();
    row.why = why != NULL ? *why : ERROR_INIT;
    if (row.run == 0 && state == CATALOG_RUN_SUCCESS) {
        row.done_ns = row.ended_ns;
        row.attempts = 0;
    }
    return row;
}

int catalog_job_end(struct catalog *c, struct catalog_job *job, enum catalog_run_state state,
                    const struct error *why, int64_t again_ns, struct error *e)
{
    struct catalog_job row = ended(job, state, why);

    ASSERT(catalog_run_state_is_over(state) && state != CATALOG_RUN_MISSED);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = row.run == 0 ? end_upkeep(c, &row, again_ns, e) : end_run_job(c, &row, e);
    if (write_end(c, result, e) != 0)
        return -1;
    *job = row;
    return 0;
}

int catalog_job_again(struct catalog *c, const struct catalog_job *job, const struct error *why,
                      int64_t due_ns, struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = 'waiting', due_ns = ?, task = ?, error_class = ?,"
        " error_code = ?, error_text = ?" JOB_LEASED;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, due_ns);
        query_text(&q, job->task);
        query_why(&q, why);
        result = finish_leased(&q, job, e);
    }
    return write_end(c, result, e);
}

/* Reaping */

enum { FOUND_LIMIT = 64 /* more of them wait for the next call */ };

/* A job that nobody works on any more, or that waits beyond its window. */
struct found {
    struct catalog_job job;
    struct process_mark owner;
};
struct search {
    bool waiting; /* else the running ones of dead processes */
    struct found *jobs;
    size_t count;
};

static int collect(struct query *q, void *context, struct error *e)
{
    struct search *search = context;
    struct found found;

    if (job_read(q, &found.job, e) != 0)
        return -1;
    found.owner.pid = row_number(q);
    row_text(q, found.owner.boot_id, sizeof(found.owner.boot_id));
    found.owner.start_ticks = row_number(q);
    if (query_row_check(q, e) != 0)
        return -1;
    if (search->count == FOUND_LIMIT || (!search->waiting && process_is_alive(&found.owner)))
        return 0;
    search->jobs[search->count++] = found;
    return 0;
}

#define FOUND_COLUMNS JOB_COLUMNS ", pid, boot_id, process_start"

static int find_dead(struct catalog *c, struct search *search, struct error *e)
{
    static const char sql[] = "SELECT " FOUND_COLUMNS " FROM jobs INDEXED BY jobs_running"
                              " WHERE state = 'running'";

    search->waiting = false;
    return query_list_all(c, sql, collect, search, e);
}

static int find_late(struct catalog *c, int64_t now_ns, struct search *search, struct error *e)
{
    static const char sql[] = "SELECT " FOUND_COLUMNS " FROM jobs INDEXED BY jobs_waiting"
                              " WHERE state = 'waiting' AND until_ns <> 0 AND until_ns < ?";
    struct query q;

    search->waiting = true;
    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, now_ns);
        result = query_list(&q, collect, search, e);
    }
    catalog_unlock(c);
    return result;
}

/* What the task of a job came to. */
struct trace {
    char state[16];
    char backup[CATALOG_SEAL_ID_SIZE];
    bool cancelled;
};

static int read_trace(struct catalog *c, const char *task, struct trace *trace, struct error *e)
{
    static const char sql[] = "SELECT state, backup, cancel FROM tasks WHERE id = ?";
    struct query q;

    *trace = (struct trace){.state = ""};
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, task);
    int found = query_step(&q, e);
    if (found > 0) {
        row_text(&q, trace->state, sizeof(trace->state));
        row_text(&q, trace->backup, sizeof(trace->backup));
        trace->cancelled = row_number(&q) != 0;
        if (query_row_check(&q, e) != 0)
            found = -1;
    }
    query_end(&q);
    return found < 0 ? -1 : 0;
}

/* The backup came into the catalog before its process ended. */
static bool has_made_it(const struct trace *trace)
{
    return trace->backup[0] != '\0' &&
           (strcmp(trace->state, "success") == 0 || strcmp(trace->state, "partial") == 0);
}

static int end_made(struct catalog *c, struct catalog_job *job, const struct trace *trace,
                    struct error *e)
{
    bool whole = strcmp(trace->state, "success") == 0;

    memcpy(job->backup, trace->backup, sizeof(job->backup));
    return catalog_job_end(c, job, whole ? CATALOG_RUN_SUCCESS : CATALOG_RUN_PARTIAL, NULL, 0,
                           e);
}

static int judge_dead(struct catalog *c, struct catalog_job *job, int64_t now_ns,
                      uint64_t attempt_limit, struct error *e)
{
    bool last = attempt_limit > 0 && job->attempts >= attempt_limit;
    bool late = job->until_ns != 0 && job->until_ns < now_ns;
    struct error why = ERROR_INIT;
    struct trace trace;

    if (read_trace(c, job->task, &trace, e) != 0)
        return -1;
    error_set(&why, LAGAN_CANCELLED, ERROR_INTERRUPTED,
              "interrupted: its process ended without finishing it");
    if (job->run == 0)
        return catalog_job_again(c, job, &why,
                                 last ? now_ns + GIVE_UP_S * 1000000000LL : now_ns, e);
    if (has_made_it(&trace))
        return end_made(c, job, &trace, e);
    if (trace.cancelled)
        return catalog_job_end(c, job, CATALOG_RUN_CANCELLED, &why, 0, e);
    if (last || late)
        return catalog_job_end(c, job, CATALOG_RUN_FAILED, &why, 0, e);
    return catalog_job_again(c, job, &why, now_ns, e);
}

/* One that was begun within its window has failed in it. */
static int judge_late(struct catalog *c, const struct catalog_job *job, struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = ?, ended_ns = ?, error_class = ?, error_code = ?,"
        " error_text = ? WHERE id = ? AND token = ? AND state = 'waiting'";
    bool begun = job->attempts > 0 && job->why.error_class != LAGAN_OK;
    struct error why = job->why;
    struct query q;

    if (!begun)
        error_set(&why, LAGAN_TIMEOUT, ERROR_FAILED,
                  "window over: it could not be begun in time");
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_run_state_name(begun ? CATALOG_RUN_FAILED : CATALOG_RUN_SKIPPED));
    query_number(&q, clock_wall_ns());
    query_why(&q, &why);
    query_number(&q, job->id);
    query_number(&q, job->token);
    if (query_finish(&q, e) != 0)
        return -1;
    return query_changes(c) == 1 ? run_end_if_over(c, job->run, e) : 0;
}

/* In the transaction, the searches are made again: somebody else may have been faster. */
static int reap(struct catalog *c, struct search *search, int64_t now_ns,
                uint64_t attempt_limit, uint64_t *changes, struct error *e)
{
    search->count = 0;
    if (find_dead(c, search, e) != 0)
        return -1;
    for (size_t i = 0; i < search->count; i++, ++*changes)
        if (judge_dead(c, &search->jobs[i].job, now_ns, attempt_limit, e) != 0)
            return -1;
    search->count = 0;
    if (find_late(c, now_ns, search, e) != 0)
        return -1;
    for (size_t i = 0; i < search->count; i++, ++*changes)
        if (judge_late(c, &search->jobs[i].job, e) != 0)
            return -1;
    return 0;
}

/* Most calls find nothing, and write nothing. */
int catalog_job_reap(struct catalog *c, int64_t now_ns, uint64_t attempt_limit, uint64_t *count,
                     struct error *e)
{
    struct search search = {.jobs = calloc(FOUND_LIMIT, sizeof(*search.jobs))};
    uint64_t changes = 0;
    int result = -1;

    if (search.jobs == NULL)
        return error_no_memory(e, "jobs");
    if (find_dead(c, &search, e) == 0 && find_late(c, now_ns, &search, e) == 0)
        result = 0;
    if (result == 0 && search.count > 0) {
        result = catalog_begin(c, e);
        if (result == 0)
            result = write_end(c, reap(c, &search, now_ns, attempt_limit, &changes, e), e);
    }
    if (result == 0 && count != NULL)
        *count = changes;
    free(search.jobs);
    return result;
}
