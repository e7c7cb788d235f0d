/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - runs of policies: how they begin, how they end, how long they are remembered. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/run_private.h"

#include <stdio.h>
#include <string.h>

/* Beginning */

static int insert_run(struct catalog *c, struct catalog_run *run, struct error *e)
{
    static const char sql[] =
        "INSERT INTO runs (policy, policy_name, trigger, slot_ns, slots, state, reason, "
        "is_full,"
        " created_ns, ended_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, run->policy, CATALOG_ID_SIZE);
    query_text(&q, run->policy_name);
    query_text(&q, catalog_trigger_name(run->trigger));
    query_number(&q, run->slot_ns);
    query_number(&q, (int64_t)run->slots);
    query_text(&q, catalog_run_state_name(run->state));
    query_text(&q, run->reason);
    query_number(&q, run->full);
    query_number(&q, run->created_ns);
    query_number(&q, run->ended_ns);
    if (query_finish(&q, e) != 0)
        return -1;
    if (query_changes(c) == 0)
        return 0;
    run->id = sqlite3_last_insert_rowid(c->db);
    return 1;
}

static int insert_job(struct catalog *c, struct catalog_job *job, int64_t now_ns,
                      struct error *e)
{
    static const char sql[] =
        "INSERT INTO jobs (run, operation, vault, source, state, due_ns, until_ns, attempts,"
        " token, pid, boot_id, process_start, task, backup, started_ns, ended_ns, done_ns,"
        " error_class, error_code, error_text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '', 0, '', '', 0, ?, 0, ?, ?, ?)";
    struct query q;

    ASSERT(job->state == CATALOG_RUN_WAITING || catalog_run_state_is_over(job->state));
    job->ended_ns = job->state == CATALOG_RUN_WAITING ? 0 : now_ns;
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, job->run);
    query_text(&q, catalog_job_operation_name(job->operation));
    job_bind_id(&q, job->vault);
    job_bind_id(&q, job->source);
    query_text(&q, catalog_run_state_name(job->state));
    query_number(&q, job->due_ns);
    query_number(&q, job->until_ns);
    query_number(&q, job->ended_ns);
    query_why(&q, &job->why);
    if (query_finish(&q, e) != 0)
        return -1;
    job->id = sqlite3_last_insert_rowid(c->db);
    return 0;
}

static int insert_all(struct catalog *c, struct catalog_run *run, struct catalog_job *jobs,
                      size_t job_count, struct error *e)
{
    int made = insert_run(c, run, e);

    for (size_t i = 0; i < job_count && made > 0; i++) {
        jobs[i].run = run->id;
        if (insert_job(c, &jobs[i], run->created_ns, e) != 0)
            made = -1;
    }
    if (made > 0 && job_count > 0 && run_end_if_over(c, run->id, e) != 0)
        made = -1;
    return made;
}

int catalog_run_insert(struct catalog *c, struct catalog_run *run, struct catalog_job *jobs,
                       size_t job_count, struct error *e)
{
    bool over = catalog_run_state_is_over(run->state);

    ASSERT(!over || job_count == 0);
    run->created_ns = clock_wall_ns();
    if (!over && job_count == 0) {
        run->state = CATALOG_RUN_FAILED;
        snprintf(run->reason, sizeof(run->reason), "nothing to do");
        over = true;
    }
    run->ended_ns = over ? run->created_ns : 0;
    if (run->slots == 0)
        run->slots = 1;
    if (catalog_begin(c, e) != 0)
        return -1;
    int made = insert_all(c, run, jobs, job_count, e);
    if (made > 0 && !over && catalog_run_get(c, run->id, run, e) != 0)
        made = -1;
    return write_end(c, made < 0 ? -1 : 0, e) != 0 ? -1 : made;
}

/* Ending */

/* The jobs of a run, and the first text that says why one did not succeed. */
struct outcome {
    uint64_t all, done;
    uint64_t count[CATALOG_RUN_CANCELLED + 1];
    char why[CATALOG_TEXT_SIZE];
};

static int count_job(struct query *q, void *context, struct error *e)
{
    struct outcome *outcome = context;
    char why[ERROR_TEXT_SIZE], name[16];

    row_text(q, name, sizeof(name));
    row_text(q, why, sizeof(why));
    if (query_row_check(q, e) != 0)
        return -1;
    int state = catalog_run_state_parse(name);
    if (state >= 0)
        outcome->count[state]++;
    outcome->all++;
    if (state == CATALOG_RUN_SUCCESS || state == CATALOG_RUN_PARTIAL)
        outcome->done++;
    if (outcome->why[0] == '\0')
        text_escape_line(outcome->why, sizeof(outcome->why), why, strlen(why));
    return 0;
}

static int read_outcome(struct catalog *c, int64_t run, struct outcome *outcome,
                        struct error *e)
{
    static const char sql[] = "SELECT state, error_text FROM jobs WHERE run = ? ORDER BY id";
    struct query q;

    *outcome = (struct outcome){0};
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, run);
    return query_list(&q, count_job, outcome, e);
}

/* What a run is when its jobs are that: with some success never worse than PARTIAL, else what
 * is worst among them. */
static enum catalog_run_state judge(const struct outcome *outcome)
{
    static const enum catalog_run_state worst[] = {CATALOG_RUN_FAILED, CATALOG_RUN_TIMEOUT,
                                                   CATALOG_RUN_CANCELLED};

    if (outcome->count[CATALOG_RUN_SUCCESS] == outcome->all)
        return CATALOG_RUN_SUCCESS;
    if (outcome->done > 0)
        return CATALOG_RUN_PARTIAL;
    for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++)
        if (outcome->count[worst[i]] > 0)
            return worst[i];
    return CATALOG_RUN_SKIPPED;
}

static void explain(const struct outcome *outcome, char reason[CATALOG_TEXT_SIZE])
{
    char text[CATALOG_TEXT_SIZE + 64];
    size_t size;

    if (outcome->all > 1 && outcome->why[0] != '\0')
        size = (size_t)snprintf(text, sizeof(text), "%llu of %llu jobs done: %s",
                                (unsigned long long)outcome->done,
                                (unsigned long long)outcome->all, outcome->why);
    else
        size = (size_t)snprintf(text, sizeof(text), "%s", outcome->why);
    text_escape_line(reason, CATALOG_TEXT_SIZE, text, size);
}

int run_end_if_over(struct catalog *c, int64_t run, struct error *e)
{
    static const char sql[] = "UPDATE runs SET state = ?, reason = ?, ended_ns = ?"
                              " WHERE id = ? AND state IN ('waiting', 'running')";
    struct outcome outcome;
    char reason[CATALOG_TEXT_SIZE];
    struct query q;

    if (read_outcome(c, run, &outcome, e) != 0)
        return -1;
    if (outcome.count[CATALOG_RUN_WAITING] + outcome.count[CATALOG_RUN_RUNNING] > 0)
        return 0;
    explain(&outcome, reason);
    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, catalog_run_state_name(judge(&outcome)));
    query_text(&q, reason);
    query_number(&q, clock_wall_ns());
    query_number(&q, run);
    return query_finish(&q, e);
}

static int end_waiting(struct catalog *c, int64_t run, const char *reason, struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = 'cancelled', ended_ns = ?, error_class = ?, error_code = ?,"
        " error_text = ? WHERE run = ? AND state = 'waiting'";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, clock_wall_ns());
    query_number(&q, LAGAN_CANCELLED);
    query_text(&q, error_code_name(ERROR_INTERRUPTED));
    query_text(&q, reason);
    query_number(&q, run);
    return query_finish(&q, e);
}

static int ask_running(struct catalog *c, int64_t run, struct error *e)
{
    static const char sql[] =
        "UPDATE tasks SET cancel = 1 WHERE ended_ns = 0 AND id IN"
        " (SELECT task FROM jobs WHERE run = ? AND state = 'running' AND task <> '')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_number(&q, run);
    return query_finish(&q, e);
}

int catalog_run_cancel(struct catalog *c, int64_t id, const char *reason, struct error *e)
{
    struct catalog_run run;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_run_get(c, id, &run, e);
    if (result == 0 && catalog_run_state_is_over(run.state))
        result = error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT, "the run %lld is over: %s",
                           (long long)id, catalog_run_state_name(run.state));
    if (result == 0)
        result = end_waiting(c, id, reason, e);
    if (result == 0)
        result = ask_running(c, id, e);
    if (result == 0)
        result = run_end_if_over(c, id, e);
    return write_end(c, result, e);
}

/* Jobs that were at work learn from their next call that their lease is lost. */
static int end_jobs_of_vault(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                             struct error *e)
{
    static const char sql[] =
        "UPDATE jobs SET state = 'cancelled', ended_ns = ?2, error_class = ?3,"
        " error_code = ?4, error_text = 'its vault was deleted'"
        " WHERE vault = ?1 AND run <> 0 AND state IN ('waiting', 'running')";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_number(&q, clock_wall_ns());
    query_number(&q, LAGAN_NOT_FOUND);
    query_text(&q, error_code_name(ERROR_NO_VAULT));
    return query_finish(&q, e);
}

/* The first open run that has a job for the vault, and no open job: its number, 0 none, -1. */
static int64_t next_ended(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                          struct error *e)
{
    static const char sql[] =
        "SELECT r.id FROM runs r INDEXED BY runs_open WHERE r.state IN ('waiting', 'running')"
        " AND EXISTS (SELECT 1 FROM jobs j WHERE j.run = r.id AND j.vault = ?)"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.run = r.id"
        " AND j.state IN ('waiting', 'running')) LIMIT 1";
    int64_t id = 0;
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    int found = query_step(&q, e);
    if (found > 0)
        id = row_number(&q);
    query_end(&q);
    return found < 0 ? -1 : id;
}

int run_forget_vault(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    int64_t run;

    if (end_jobs_of_vault(c, vault, e) != 0)
        return -1;
    while ((run = next_ended(c, vault, e)) > 0)
        if (run_end_if_over(c, run, e) != 0)
            return -1;
    return run < 0 ? -1 : query_run_for(c, "DELETE FROM jobs WHERE vault = ?", vault, e);
}

/* Forgetting */

static const char orphans_sql[] =
    "DELETE FROM jobs WHERE run <> 0 AND run NOT IN (SELECT id FROM runs)";

/* A bound statement that deletes runs; their jobs go with them. */
static int forget(struct query *q, uint64_t *count, struct error *e)
{
    struct catalog *c = q->catalog;

    if (query_finish(q, e) != 0)
        return -1;
    uint64_t gone = query_changes(c);
    if (gone > 0 && query_execute(c, orphans_sql, e) != 0)
        return -1;
    if (count != NULL)
        *count = gone;
    return 0;
}

int catalog_run_forget_after(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                             int64_t ns, uint64_t *count, struct error *e)
{
    static const char sql[] = "DELETE FROM runs WHERE policy = ? AND slot_ns > ?"
                              " AND trigger <> 'manual' AND state IN ('missed', 'skipped')";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        query_number(&q, ns);
        result = forget(&q, count, e);
    }
    return write_end(c, result, e);
}

int catalog_run_shorten(struct catalog *c, int64_t id, uint64_t slots, struct error *e)
{
    static const char sql[] =
        "UPDATE runs SET slots = ?1 WHERE id = ?2 AND state = 'missed' AND slots > ?1";
    struct query q;

    ASSERT(slots > 0);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, (int64_t)slots);
        query_number(&q, id);
        result = query_finish(&q, e);
    }
    return write_end(c, result, e);
}

/* `kept`: of each policy the first run that stays.  Full every n counts up to 100 runs behind
 * the last full one. */
int catalog_run_clear(struct catalog *c, int64_t before_ns, uint64_t *count, struct error *e)
{
    static const char sql[] =
        "WITH newest AS (SELECT policy, max(id) AS id, max(iif(is_full = 1"
        " AND state IN ('success', 'partial'), id, 0)) AS whole FROM runs GROUP BY policy),"
        " kept AS (SELECT policy, iif(whole = 0, id, max(whole, coalesce((SELECT r.id"
        " FROM runs r WHERE r.policy = newest.policy ORDER BY r.id DESC LIMIT 1 OFFSET 100),"
        " 0))) AS start FROM newest)"
        " DELETE FROM runs WHERE ended_ns <> 0 AND ended_ns < ?"
        " AND id < (SELECT start FROM kept WHERE kept.policy = runs.policy)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, before_ns);
        result = forget(&q, count, e);
    }
    return write_end(c, result, e);
}

int catalog_run_clear_failed(struct catalog *c, const uint8_t policy[CATALOG_ID_SIZE],
                             uint64_t keep, uint64_t *count, struct error *e)
{
    static const char sql[] =
        "DELETE FROM runs WHERE policy = ?1 AND state IN ('failed', 'timeout')"
        " AND id < (SELECT max(id) FROM runs WHERE policy = ?1)"
        " AND id NOT IN (SELECT id FROM runs WHERE policy = ?1"
        " AND state IN ('failed', 'timeout') ORDER BY id DESC LIMIT ?2)";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, policy, CATALOG_ID_SIZE);
        query_number(&q, keep < INT64_MAX ? (int64_t)keep : INT64_MAX);
        result = forget(&q, count, e);
    }
    return write_end(c, result, e);
}
