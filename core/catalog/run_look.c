/* SPDX-License-Identifier: Apache-2.0 */
/* run_look.c - runs and jobs as rows, and what there is of them. */
#include "catalog/run_private.h"

#include <string.h>

NAMES(trigger, CATALOG_TRIGGERS)
NAMES(state, CATALOG_RUN_STATES)
NAMES(operation, CATALOG_JOB_OPERATIONS)

const char *catalog_trigger_name(enum catalog_trigger trigger)
{
    return trigger_name((int)trigger);
}

int catalog_trigger_parse(const char *name)
{
    return name_lookup(name, trigger_count, trigger_name);
}

const char *catalog_run_state_name(enum catalog_run_state state)
{
    return state_name((int)state);
}

int catalog_run_state_parse(const char *name)
{
    return name_lookup(name, state_count, state_name);
}

bool catalog_run_state_is_over(enum catalog_run_state state)
{
    static const bool over[] = {
#define X(symbol, name, is_over) is_over,
        CATALOG_RUN_STATES(X)
#undef X
    };

    ASSERT((unsigned)state < state_count);
    return over[state];
}

const char *catalog_job_operation_name(enum catalog_job_operation operation)
{
    return operation_name((int)operation);
}

/* Rows */

int run_read(struct query *q, struct catalog_run *run, struct error *e)
{
    run->id = row_number(q);
    row_blob(q, run->policy, CATALOG_ID_SIZE);
    row_text(q, run->policy_name, sizeof(run->policy_name));
    run->trigger = (enum catalog_trigger)row_enum(q, trigger_count, trigger_name);
    run->slot_ns = row_number(q);
    run->slots = (uint64_t)row_number(q);
    run->state = (enum catalog_run_state)row_enum(q, state_count, state_name);
    row_text(q, run->reason, sizeof(run->reason));
    run->full = row_number(q) != 0;
    run->created_ns = row_number(q);
    run->ended_ns = row_number(q);
    return query_row_check(q, e);
}

int run_read_only(struct query *q, struct catalog_run *run, struct error *e)
{
    struct catalog_run row;
    int found = query_step(q, e);

    if (found > 0 && run_read(q, &row, e) != 0)
        found = -1;
    query_end(q);
    if (found > 0)
        *run = row;
    return found;
}

/* An id, or no bytes. */
static void read_id(struct query *q, uint8_t id[CATALOG_ID_SIZE])
{
    if (sqlite3_column_bytes(q->handle, q->next_column) > 0) {
        row_blob(q, id, CATALOG_ID_SIZE);
        return;
    }
    q->next_column++;
    memset(id, 0, CATALOG_ID_SIZE);
}

int job_read(struct query *q, struct catalog_job *job, struct error *e)
{
    job->id = row_number(q);
    job->run = row_number(q);
    job->operation = (enum catalog_job_operation)row_enum(q, operation_count, operation_name);
    read_id(q, job->vault);
    read_id(q, job->source);
    job->state = (enum catalog_run_state)row_enum(q, state_count, state_name);
    job->due_ns = row_number(q);
    job->until_ns = row_number(q);
    job->attempts = (uint64_t)row_number(q);
    job->token = row_number(q);
    row_text(q, job->task, sizeof(job->task));
    row_text(q, job->backup, sizeof(job->backup));
    job->started_ns = row_number(q);
    job->ended_ns = row_number(q);
    job->done_ns = row_number(q);
    row_why(q, &job->why);
    return query_row_check(q, e);
}

int job_read_only(struct query *q, struct catalog_job *job, struct error *e)
{
    struct catalog_job row;
    int found = query_step(q, e);

    if (found > 0 && job_read(q, &row, e) != 0)
        found = -1;
    query_end(q);
    if (found > 0)
        *job = row;
    return found;
}

void job_bind_id(struct query *q, const uint8_t id[CATALOG_ID_SIZE])
{
    static const uint8_t none[CATALOG_ID_SIZE];

    query_blob(q, id, memcmp(id, none, sizeof(none)) == 0 ? 0 : CATALOG_ID_SIZE);
}

/* Runs */

int catalog_run_get(struct catalog *c, int64_t id, struct catalog_run *run, struct error *e)
{
    static const char sql[] = "SELECT " RUN_COLUMNS " FROM runs WHERE id = ?";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, id);
        found = run_read_only(&q, run, e);
        if (found == 0)
            error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED,
                      "there is no run %lld; `lagan policy runs` shows those there are",
                      (long long)id);
    }
    catalog_unlock(c);
    return found > 0 ? 0 : -1;
}

/* The first run that a statement gives which binds the policy only: 1, 0, -1. */
static int first_of_policy(struct catalog *c, const char *sql,
                           const uint8_t policy[CATALOG_ID_SIZE], struct catalog_run *run,
                           struct error *e)
{
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        found = run_read_only(&q, run, e);
    }
    catalog_unlock(c);
    return found;
}

int catalog_run_open(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                     struct catalog_run *run, struct error *e)
{
    static const char sql[] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_open WHERE policy = ?"
        " AND state IN ('waiting', 'running') ORDER BY id DESC LIMIT 1";

    return first_of_policy(c, sql, policy, run, e);
}

int catalog_run_latest(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                       struct catalog_run *run, struct error *e)
{
    static const char sql[] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_by_policy WHERE policy = ?"
        " AND EXISTS (SELECT 1 FROM jobs WHERE jobs.run = runs.id) ORDER BY id DESC LIMIT 1";

    return first_of_policy(c, sql, policy, run, e);
}

/* The last row that begins with the slot or before it.  All slots up to the cursor were
 * decided: one that has no row of its own is in that of those missed before it. */
int catalog_run_of_slot(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                        int64_t slot_ns, struct catalog_run *run, struct error *e)
{
    static const char sql[] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_by_slot WHERE policy = ?1"
        " AND slot_ns <= ?2 AND trigger <> 'manual' AND (slot_ns = ?2 OR NOT EXISTS"
        " (SELECT 1 FROM policies p WHERE p.id = ?1 AND p.cursor_ns < ?2))"
        " ORDER BY slot_ns DESC LIMIT 1";
    struct catalog_run row;
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        query_number(&q, slot_ns);
        found = run_read_only(&q, &row, e);
    }
    catalog_unlock(c);
    if (found <= 0)
        return found;
    if (row.slot_ns != slot_ns && (row.state != CATALOG_RUN_MISSED || row.slots < 2))
        return 0;
    *run = row;
    return 1;
}

int catalog_run_from_slot(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                          int64_t from_ns, struct catalog_run *run, struct error *e)
{
    static const char sql[] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_by_slot WHERE policy = ?"
        " AND slot_ns >= ? AND trigger <> 'manual' ORDER BY slot_ns LIMIT 1";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        query_number(&q, from_ns);
        found = run_read_only(&q, run, e);
    }
    catalog_unlock(c);
    return found;
}

static int read_since_full(struct query *q, uint64_t *count, int64_t *full_ns, struct error *e)
{
    int found = query_step(q, e);
    uint64_t runs = found > 0 ? (uint64_t)row_number(q) : 0;
    int64_t slot_ns = found > 0 ? row_number(q) : 0;

    query_end(q);
    if (found < 0)
        return -1;
    *count = runs;
    if (full_ns != NULL)
        *full_ns = slot_ns;
    return 0;
}

int catalog_run_since_full(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                           uint64_t *count, int64_t *full_ns, struct error *e)
{
    static const char sql[] =
        "WITH made AS (SELECT id, is_full, slot_ns FROM runs INDEXED BY runs_by_policy"
        " WHERE policy = ? AND state IN ('success', 'partial') AND EXISTS (SELECT 1 FROM jobs"
        " WHERE jobs.run = runs.id AND jobs.backup <> '')),"
        " whole AS (SELECT id, slot_ns FROM made WHERE is_full = 1 ORDER BY id DESC LIMIT 1)"
        " SELECT (SELECT count(*) FROM made WHERE id > coalesce((SELECT id FROM whole), 0)),"
        " coalesce((SELECT slot_ns FROM whole), 0)";
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        result = read_since_full(&q, count, full_ns, e);
    }
    catalog_unlock(c);
    return result;
}

struct visit {
    int (*each)(void *context, const struct catalog_run *run, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_run row;

    if (run_read(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_run_list(struct catalog *c, const uint8_t *policy, int state, uint64_t limit,
                     int (*each)(void *context, const struct catalog_run *run, struct error *e),
                     void *context, struct error *e)
{
    /* Two texts, so that the runs of one policy have their index. */
    static const char of_any[] =
        "SELECT " RUN_COLUMNS " FROM runs WHERE ?1 IS NULL AND (?2 IS NULL OR state = ?2)"
        " ORDER BY id DESC LIMIT ?3";
    static const char of_policy[] =
        "SELECT " RUN_COLUMNS " FROM runs INDEXED BY runs_by_policy WHERE policy = ?1"
        " AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3";
    struct visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, policy != NULL ? of_policy : of_any, &q, e);
    if (result == 0) {
        query_id_or_null(&q, policy);
        query_text(&q, state >= 0 ? state_name(state) : NULL);
        query_number(&q, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
        result = query_list(&q, visit_row, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

/* Jobs */

int catalog_job_get(struct catalog *c, int64_t id, struct catalog_job *job, struct error *e)
{
    static const char sql[] = "SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, id);
        found = job_read_only(&q, job, e);
        if (found == 0)
            error_set(e, LAGAN_NOT_FOUND, ERROR_FAILED, "there is no job %lld", (long long)id);
    }
    catalog_unlock(c);
    return found > 0 ? 0 : -1;
}

struct job_visit {
    int (*each)(void *context, const struct catalog_job *job, struct error *e);
    void *context;
};

static int visit_job(struct query *q, void *context, struct error *e)
{
    const struct job_visit *visit = context;
    struct catalog_job row;

    if (job_read(q, &row, e) != 0)
        return -1;
    return visit->each(visit->context, &row, e);
}

int catalog_job_list(struct catalog *c, int64_t run, int state,
                     int (*each)(void *context, const struct catalog_job *job, struct error *e),
                     void *context, struct error *e)
{
    static const char of_any[] = "SELECT " JOB_COLUMNS " FROM jobs"
                                 " WHERE ?1 < 0 AND (?2 IS NULL OR state = ?2) ORDER BY id";
    static const char of_run[] = "SELECT " JOB_COLUMNS " FROM jobs"
                                 " WHERE run = ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id";
    struct job_visit visit = {each, context};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, run < 0 ? of_any : of_run, &q, e);
    if (result == 0) {
        query_number(&q, run);
        query_text(&q, state >= 0 ? state_name(state) : NULL);
        result = query_list(&q, visit_job, &visit, e);
    }
    catalog_unlock(c);
    return result;
}

int catalog_job_next(struct catalog *c, int64_t now_ns, struct catalog_job *job,
                     struct error *e)
{
    static const char sql[] =
        "SELECT " JOB_COLUMNS " FROM jobs INDEXED BY jobs_waiting WHERE state = 'waiting'"
        " AND due_ns <= ?1 AND (until_ns = 0 OR until_ns >= ?1)" SOURCE_FREE
        " ORDER BY due_ns, id LIMIT 1";
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        query_number(&q, now_ns);
        found = job_read_only(&q, job, e);
    }
    catalog_unlock(c);
    return found;
}

int catalog_job_next_due(struct catalog *c, int64_t *due_ns, struct error *e)
{
    static const char sql[] =
        "SELECT due_ns FROM jobs INDEXED BY jobs_waiting WHERE state = 'waiting'" SOURCE_FREE
        " ORDER BY due_ns LIMIT 1";
    int64_t first_ns = 0;
    struct query q;

    catalog_lock(c);
    int found = query_start(c, sql, &q, e);
    if (found == 0) {
        found = query_step(&q, e);
        if (found > 0)
            first_ns = row_number(&q);
        query_end(&q);
    }
    catalog_unlock(c);
    if (found > 0)
        *due_ns = first_ns;
    return found;
}
