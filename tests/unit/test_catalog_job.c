/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_job.c - jobs: leases, windows, dead processes, upkeep, and what they cost. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "nightly_fixture.h"
#include "run_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The disk is not what these tests are about: nothing waits for it. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static char text[2000], more[2000];

/* ---- claiming ---- */

static void job_claims(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run first = add_run(c, nightly, 5, 2), second = add_run(c, nightly, 6, 1);
    struct catalog_job job, next;
    struct error e = ERROR_INIT;
    int64_t due_ns = 0;

    (void)state;
    assert_int_equal(catalog_job_next(c, 0, &next, &e), 0); /* due at 1 */
    assert_int_equal(catalog_job_next_due(c, &due_ns, &e), 1);
    assert_int_equal(due_ns, 1);
    assert_int_equal(catalog_job_next(c, 1, &next, &e), 1);
    assert_int_equal(next.id, job_of(&first, c, 0));
    job = claim_job(c, next.id);
    assert_int_equal(job.attempts, 1);
    assert_int_equal(catalog_job_claim(c, next.id, &next, &e), 0); /* it does not wait */
    /* Two jobs on one source never run at a time. */
    assert_int_equal(catalog_job_claim(c, job_of(&second, c, 0), &next, &e), 0);
    assert_int_equal(catalog_job_next(c, 1, &next, &e), 1);
    assert_int_equal(next.id, job_of(&first, c, 1));
    claim_job(c, next.id);
    assert_int_equal(catalog_job_next(c, 1, &next, &e), 0);
    assert_int_equal(catalog_job_next_due(c, &due_ns, &e), 0);
    must(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), &e);
    assert_int_equal(catalog_job_next(c, 1, &next, &e), 1);
    assert_int_equal(next.id, job_of(&second, c, 0));
    must_fail(catalog_job_end(c, &job, CATALOG_RUN_FAILED, NULL, 0, &e), ERROR_LEASE_LOST,
              "is lost", &e);
    must_fail(catalog_job_get(c, 4711, &job, &e), ERROR_FAILED, "4711", &e);
    close_runs(c);
}

static void job_attempts(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run run = add_run(c, nightly, 5, 1);
    struct catalog_job job = claim_job(c, job_of(&run, c, 0)), old = job, next;
    struct error e = ERROR_INIT, why = ERROR_INIT;

    (void)state;
    error_set(&why, LAGAN_TRANSIENT, ERROR_TEMPORARY, "no network");
    must(catalog_job_again(c, &job, &why, 900, &e), &e);
    assert_int_equal(catalog_job_next(c, 899, &next, &e), 0);
    assert_int_equal(catalog_job_next(c, 900, &next, &e), 1);
    assert_string_equal(next.why.text, "no network");
    assert_int_equal(next.why.code, ERROR_TEMPORARY);
    must_fail(catalog_job_note(c, &old, &e), ERROR_LEASE_LOST, "is lost", &e);
    job = claim_job(c, next.id);
    assert_int_equal(job.attempts, 2);
    must_fail(catalog_job_again(c, &old, &why, 1, &e), ERROR_LEASE_LOST, "is lost", &e);
    must(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), &e);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)), "5:success ");
    close_runs(c);
}

static int64_t fixed_ns;

static int64_t fixed_clock(void)
{
    return fixed_ns;
}

/* SCH-11: what is not begun in its window is not begun. */
static void job_windows_sch_11(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 5), found;
    struct catalog_job jobs[3] = {make_job(10, 1), make_job(10, 2), make_job(10, 3)}, job;
    struct error e = ERROR_INIT, why = ERROR_INIT;
    uint64_t count = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        jobs[i].until_ns = 1000;
    assert_int_equal(catalog_run_insert(c, &run, jobs, 3, &e), 1);
    fixed_ns = 1000;
    clock_override(fixed_clock);
    must(catalog_job_reap(c, 1000, 3, &count, &e), &e);
    assert_int_equal(count, 0);
    job = claim_job(c, jobs[0].id); /* at its end is in it */
    error_set(&why, LAGAN_IO, ERROR_FAILED, "bad disk");
    must(catalog_job_again(c, &job, &why, 2000, &e), &e);
    job = claim_job(c, jobs[1].id);
    fixed_ns = 1001;
    assert_int_equal(catalog_job_claim(c, jobs[2].id, &jobs[2], &e), 0);
    assert_int_equal(catalog_job_next(c, 2000, &jobs[2], &e), 0);
    must(catalog_job_reap(c, 1001, 3, &count, &e), &e);
    assert_int_equal(count, 2);
    /* One was begun and failed, one is at work, one was not begun. */
    assert_string_equal(jobs_text(c, run.id, text, sizeof(text)),
                        "failed/1 running/1 skipped/0 ");
    must(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), &e);
    clock_override(NULL);
    must(catalog_run_get(c, run.id, &found, &e), &e);
    assert_string_equal(found.reason, "1 of 3 jobs done: bad disk");
    must(catalog_job_get(c, jobs[2].id, &job, &e), &e);
    assert_non_null(strstr(job.why.text, "window over"));
    close_runs(c);
}

/* ---- dead processes ---- */

/* In a child: claims the job, does what `made` says, and ends without a word. */
static void die_at_work(int64_t id, const char *made)
{
    struct catalog *c = NULL;
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct catalog_backup backup = make_backup(10, 1, 1);
    struct catalog_job job;
    struct error e = ERROR_INIT;

    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0 ||
        catalog_job_claim(c, id, &job, &e) != 1 || catalog_task_start(c, &task, &e) != 0)
        _exit(1);
    memcpy(job.task, task.id, sizeof(job.task));
    if (catalog_job_note(c, &job, &e) != 0)
        _exit(2);
    if (strcmp(made, "cancel") == 0 && catalog_task_cancel(c, task.id, &e) != 0)
        _exit(3);
    if (strcmp(made, "partial") == 0)
        backup.state = CATALOG_BACKUP_PARTIAL;
    if ((strcmp(made, "backup") == 0 || strcmp(made, "partial") == 0) &&
        catalog_backup_commit(c, &backup, &task, &e) != 0)
        _exit(4);
    _exit(0);
}

static void let_die(int64_t id, const char *made)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        die_at_work(id, made);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void job_of_a_dead_process(void **state)
{
    static const struct {
        const char *made;
        int64_t until_ns;
        const char *first, *second, *outcome;
    } cases[] = {
        {"nothing", 0, "waiting/1 ", "failed/2 ", "failed(interrupted: its process"},
        {"nothing", 1, "failed/1 ", NULL, "failed(interrupted: its process"},
        {"cancel", 0, "cancelled/1 ", NULL, "cancelled(interrupted: its process"},
        {"backup", 0, "success/1 ", NULL, "success"},
        {"partial", 0, "partial/1 ", NULL, "partial"},
    };
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, (int64_t)i);
        struct catalog_job job = make_job(10, 1);
        int64_t now_ns = clock_wall_ns();
        uint64_t count = 0;
        job.until_ns = cases[i].until_ns != 0 ? now_ns + 3600000000000 : 0;
        assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
        catalog_close(c);
        let_die(job.id, cases[i].made);
        c = open_catalog("s");
        assert_string_equal(jobs_text(c, run.id, text, sizeof(text)), "running/1 ");
        must(catalog_job_reap(c, job.until_ns != 0 ? job.until_ns + 1 : now_ns, 2, &count, &e),
             &e);
        assert_int_equal(count, 1);
        assert_string_equal(jobs_text(c, run.id, text, sizeof(text)), cases[i].first);
        if (cases[i].second != NULL) {
            let_die(job.id, cases[i].made);
            must(catalog_job_reap(c, now_ns, 2, &count, &e), &e);
            assert_string_equal(jobs_text(c, run.id, text, sizeof(text)), cases[i].second);
        }
        snprintf(more, sizeof(more), "%zu:%s", i, cases[i].outcome);
        runs_text(c, nightly, text, sizeof(text));
        if (strncmp(text, more, strlen(more)) != 0)
            fail_msg("%s instead of %s", text, more);
        must(catalog_job_reap(c, now_ns, 2, &count, &e), &e);
        assert_int_equal(count, 0);
    }
    close_runs(c);
}

/* What lives keeps its job, whatever anybody else thinks of it. */
static void job_of_a_live_process(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run run = add_run(c, nightly, 1, 1);
    struct error e = ERROR_INIT;
    uint64_t count = 7;

    (void)state;
    struct catalog_job job = claim_job(c, job_of(&run, c, 0));
    must(catalog_job_reap(c, INT64_MAX, 1, &count, &e), &e);
    assert_int_equal(count, 0);
    must(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), &e);
    close_runs(c);
}

/* ---- upkeep ---- */

static void job_upkeep_comes_again(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_job job, next;
    struct error e = ERROR_INIT, why = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];

    (void)state;
    make_id(10, vault);
    must(catalog_job_upkeep(c, CATALOG_JOB_PRUNE, vault, 50, &e), &e);
    must(catalog_job_upkeep(c, CATALOG_JOB_PRUNE, vault, 10, &e), &e); /* it is there */
    must(catalog_job_upkeep(c, CATALOG_JOB_TIDY, NULL, 40, &e), &e);
    assert_int_equal(catalog_job_next(c, 49, &next, &e), 1);
    assert_int_equal(next.operation, CATALOG_JOB_TIDY);
    job = claim_job(c, next.id);
    assert_int_equal(job.run, 0);
    assert_int_equal(job.vault[0], 0);
    must(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 500, &e), &e);
    assert_int_equal(catalog_job_next(c, 49, &next, &e), 0);
    must(catalog_job_get(c, job.id, &job, &e), &e);
    assert_int_equal(job.state, CATALOG_RUN_WAITING);
    assert_int_equal(job.due_ns, 500);
    assert_int_equal(job.attempts, 0);
    assert_true(job.done_ns > 0 && job.done_ns == job.ended_ns);
    int64_t done_ns = job.done_ns;
    job = claim_job(c, job.id);
    error_set(&why, LAGAN_IO, ERROR_FAILED, "bad disk");
    must(catalog_job_end(c, &job, CATALOG_RUN_FAILED, &why, 900, &e), &e);
    must(catalog_job_get(c, job.id, &job, &e), &e);
    assert_int_equal(job.done_ns, done_ns); /* the last success */
    assert_string_equal(job.why.text, "bad disk");
    assert_int_equal(job.attempts, 1);
    assert_int_equal(job.due_ns, 900);
    assert_string_equal(jobs_text(c, 0, text, sizeof(text)), "waiting/0 waiting/1 ");
    must(catalog_vault_delete(c, vault, &e), &e);
    assert_string_equal(jobs_text(c, 0, text, sizeof(text)), "waiting/1 ");
    close_runs(c);
}

static void job_upkeep_of_a_dead_process(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_job job;
    struct error e = ERROR_INIT;
    int64_t now_ns = clock_wall_ns();

    (void)state;
    must(catalog_job_upkeep(c, CATALOG_JOB_TIDY, NULL, 40, &e), &e);
    assert_int_equal(catalog_job_next(c, 49, &job, &e), 1);
    for (int i = 1; i <= 3; i++) {
        let_die(job.id, "nothing");
        must(catalog_job_reap(c, now_ns, 3, NULL, &e), &e);
        must(catalog_job_get(c, job.id, &job, &e), &e);
        assert_int_equal(job.state, CATALOG_RUN_WAITING);
        assert_int_equal(job.attempts, i);
        assert_int_equal(job.due_ns, i < 3 ? now_ns : now_ns + 3600000000000);
    }
    close_runs(c);
}

/* ---- what it costs ---- */

/* Fails when the statement reads all jobs or runs. */
static void judge_plan(struct catalog *c, const char *sql)
{
    sqlite3_stmt *plan = NULL;
    char explain[4096];

    snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(c->db, explain, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(plan, 3);
        bool open = strstr(line, "jobs_running") != NULL ||
                    strstr(line, "jobs_waiting") != NULL || strstr(line, "runs_open") != NULL;
        bool all = strstr(line, "SCAN jobs") != NULL || strstr(line, "SCAN runs") != NULL ||
                   strstr(line, "SCAN b") != NULL;
        if (all && !open)
            fail_msg("%s: %s", sql, line);
    }
    sqlite3_finalize(plan);
}

/* No statement of a runner's round looks at all that ever was. */
static void job_plans(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    struct catalog_run found;
    struct catalog_job job;
    unsigned judged = 0;
    uint64_t count;
    int64_t due_ns;

    (void)state;
    struct catalog_run run = add_run(c, nightly, 5, 3);
    assert_int_equal(catalog_job_next(c, 10, &job, &e), 1);
    catalog_close(c);
    let_die(job.id, "nothing");
    c = open_catalog("s");
    must(catalog_job_reap(c, 10, 5, NULL, &e), &e);
    assert_int_equal(catalog_job_next(c, INT64_MAX, &job, &e), 1);
    assert_int_equal(catalog_job_next_due(c, &due_ns, &e), 1);
    end_job(c, job.id, CATALOG_RUN_SUCCESS, NULL);
    assert_int_equal(catalog_run_open(c, nightly->id, &found, &e), 1);
    assert_int_equal(catalog_run_latest(c, nightly->id, &found, &e), 1);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 5, &found, &e), 1);
    must(catalog_run_since_full(c, nightly->id, &count, NULL, &e), &e);
    must(catalog_job_upkeep(c, CATALOG_JOB_TIDY, NULL, 40, &e), &e);
    must(catalog_run_cancel(c, run.id, "x", &e), &e);
    for (size_t i = 0; i < c->statement_count; i++) {
        const char *sql = c->statements[i].sql;
        if (strstr(sql, "jobs") == NULL && strstr(sql, "runs") == NULL)
            continue;
        judge_plan(c, sql);
        judged++;
    }
    assert_true(judged >= 14);
    close_runs(c);
}

static int64_t processor_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The last run costs as much as the first one. */
static void job_costs_stay(void **state)
{
    enum { RUNS = 2000, TENTHS = 10 };
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    int64_t tenths[TENTHS];

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, i), found;
        struct catalog_job job = make_job(10, 1), next;
        int64_t start_ns = processor_ns();
        assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
        assert_int_equal(catalog_run_open(c, nightly->id, &found, &e), 1);
        assert_int_equal(catalog_job_next(c, 10, &next, &e), 1);
        must(catalog_job_reap(c, 10, 3, NULL, &e), &e);
        end_job(c, next.id, CATALOG_RUN_SUCCESS, NULL);
        if (i % (RUNS / TENTHS) == 0)
            tenths[i / (RUNS / TENTHS)] = 0;
        tenths[i / (RUNS / TENTHS)] += processor_ns() - start_ns;
    }
    print_message("first tenth %lld us, last tenth %lld us of %d runs\n",
                  (long long)tenths[0] / 1000, (long long)tenths[TENTHS - 1] / 1000, RUNS);
    assert_true(tenths[TENTHS - 1] <= 3 * tenths[0]);
    close_runs(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(job_claims),
    scratch_test(job_attempts),
    scratch_test(job_windows_sch_11),
    scratch_test(job_of_a_dead_process),
    scratch_test(job_of_a_live_process),
    scratch_test(job_upkeep_comes_again),
    scratch_test(job_upkeep_of_a_dead_process),
    scratch_test(job_plans),
    scratch_test(job_costs_stay),
};

UNIT_MAIN(tests)
