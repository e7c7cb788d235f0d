/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_run.c - runs: slots, outcomes, history. */
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

/* ---- slots ---- */

static void run_has_one_row_for_each_slot(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    struct catalog_job job = make_job(10, 1);

    (void)state;
    add_run(c, nightly, 100, 1);
    struct catalog_run again = make_run(nightly, CATALOG_TRIGGER_CATCH_UP, 100);
    assert_int_equal(catalog_run_insert(c, &again, &job, 1, &e), 0);
    struct catalog_run missed = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 100);
    missed.state = CATALOG_RUN_MISSED;
    assert_int_equal(catalog_run_insert(c, &missed, NULL, 0, &e), 0);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)), "100:waiting ");
    /* By hand there may be any number. */
    for (int i = 0; i < 2; i++) {
        struct catalog_run hand = make_run(nightly, CATALOG_TRIGGER_MANUAL, 100);
        assert_int_equal(catalog_run_insert(c, &hand, &job, 1, &e), 1);
    }
    struct catalog_policy *other = add_policy(c, "other", CATALOG_POLICY_BACKUP);
    add_run(c, other, 100, 1);
    catalog_policy_free(other);
    close_runs(c);
}

static void run_of_a_slot(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    struct catalog_run found;

    (void)state;
    int64_t now_ns = nightly->cursor_ns;
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 100, &found, &e), 0);
    struct catalog_run missed = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 100);
    missed.state = CATALOG_RUN_MISSED;
    missed.slots = 3;
    snprintf(missed.reason, sizeof(missed.reason), "nobody");
    assert_int_equal(catalog_run_insert(c, &missed, NULL, 0, &e), 1);
    add_run(c, nightly, 400, 1);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 99, &found, &e), 0);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 100, &found, &e), 1);
    assert_int_equal(found.state, CATALOG_RUN_MISSED);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 300, &found, &e), 1);
    assert_int_equal(found.slot_ns, 100); /* it stands for three */
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 400, &found, &e), 1);
    assert_int_equal(found.state, CATALOG_RUN_WAITING);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 500, &found, &e), 0);
    must(catalog_run_shorten(c, missed.id, 9, &e), &e); /* never longer */
    must(catalog_run_shorten(c, missed.id, 2, &e), &e);
    must(catalog_run_get(c, missed.id, &found, &e), &e);
    assert_int_equal(found.slots, 2);
    assert_int_equal(catalog_run_from_slot(c, nightly->id, 101, &found, &e), 1);
    assert_int_equal(found.slot_ns, 400);
    assert_int_equal(catalog_run_from_slot(c, nightly->id, 400, &found, &e), 1);
    assert_int_equal(catalog_run_from_slot(c, nightly->id, 401, &found, &e), 0);
    /* What lies behind the cursor was not decided. */
    assert_int_equal(catalog_policy_cursor(c, nightly->id, now_ns, 200, &e), 1);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 300, &found, &e), 0);
    assert_int_equal(catalog_run_of_slot(c, nightly->id, 200, &found, &e), 1);
    close_runs(c);
}

/* The clock was set back: what was not run is decided anew. */
static void run_forget_after(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    uint64_t count = 0;

    (void)state;
    for (int i = 1; i <= 4; i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, i * 100);
        run.state = i % 2 == 0 ? CATALOG_RUN_SKIPPED : CATALOG_RUN_MISSED;
        assert_int_equal(catalog_run_insert(c, &run, NULL, 0, &e), 1);
    }
    struct catalog_run ran = add_run(c, nightly, 500, 1);
    end_job(c, job_of(&ran, c, 0), CATALOG_RUN_SUCCESS, NULL);
    must(catalog_run_forget_after(c, nightly->id, 200, &count, &e), &e);
    assert_int_equal(count, 2);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)),
                        "500:success 200:skipped 100:missed ");
    must(catalog_run_forget_after(c, nightly->id, 0, NULL, &e), &e);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)), "500:success ");
    close_runs(c);
}

/* Two processes decide on the same slots: each slot is run by one. */
static void decide_as_runner(int pipe_end, int slots)
{
    struct catalog *c = NULL;
    struct error e = ERROR_INIT;

    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0)
        _exit(1);
    for (int i = 1; i <= slots; i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, i);
        struct catalog_job job = make_job(10, 1);
        int made = catalog_run_insert(c, &run, &job, 1, &e);
        if (made < 0 || (made > 0 && write(pipe_end, &i, sizeof(i)) != sizeof(i))) {
            fprintf(stderr, "%s\n", e.text);
            _exit(1);
        }
    }
    catalog_close(c);
    _exit(0);
}

static void run_slots_of_two_processes(void **state)
{
    enum { SLOTS = 100, RUNNERS = 2 };
    bool seen[SLOTS + 1] = {false};
    struct catalog *c = open_runs();
    pid_t children[RUNNERS];
    int ends[2], status, slot, count = 0;

    (void)state;
    catalog_close(c);
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < RUNNERS; i++)
        if ((children[i] = fork()) == 0)
            decide_as_runner(ends[1], SLOTS);
    close(ends[1]);
    while (read(ends[0], &slot, sizeof(slot)) == sizeof(slot)) {
        assert_true(slot >= 1 && slot <= SLOTS && !seen[slot]);
        seen[slot] = true;
        count++;
    }
    close(ends[0]);
    for (int i = 0; i < RUNNERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count, SLOTS);
    c = open_catalog("s");
    close_runs(c);
}

/* ---- outcomes ---- */

static void run_without_jobs(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_MANUAL, 5);

    (void)state;
    assert_int_equal(catalog_run_insert(c, &run, NULL, 0, &e), 1);
    assert_int_equal(run.state, CATALOG_RUN_FAILED);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)), "5:failed(nothing to do) ");
    assert_int_equal(catalog_run_open(c, nightly->id, &run, &e), 0);
    assert_int_equal(catalog_run_latest(c, nightly->id, &run, &e), 0);
    must_fail(catalog_run_get(c, 77, &run, &e), ERROR_FAILED, "no run 77", &e);
    close_runs(c);
}

/* A run ends with its last job, as its jobs did. */
static void run_outcomes_tsk_15(void **state)
{
    static const struct {
        enum catalog_run_state jobs[3];
        const char *outcome;
    } cases[] = {
        {{CATALOG_RUN_SUCCESS, CATALOG_RUN_SUCCESS, CATALOG_RUN_SUCCESS}, "success"},
        {{CATALOG_RUN_SUCCESS, CATALOG_RUN_PARTIAL, CATALOG_RUN_SUCCESS}, "partial"},
        {{CATALOG_RUN_SUCCESS, CATALOG_RUN_FAILED, CATALOG_RUN_SKIPPED},
         "partial(1 of 3 jobs done: because)"},
        {{CATALOG_RUN_SKIPPED, CATALOG_RUN_SUCCESS, CATALOG_RUN_SKIPPED},
         "partial(1 of 3 jobs done: because)"},
        {{CATALOG_RUN_SKIPPED, CATALOG_RUN_SKIPPED, CATALOG_RUN_SKIPPED},
         "skipped(0 of 3 jobs done: because)"},
        {{CATALOG_RUN_SKIPPED, CATALOG_RUN_TIMEOUT, CATALOG_RUN_CANCELLED},
         "timeout(0 of 3 jobs done: because)"},
        {{CATALOG_RUN_FAILED, CATALOG_RUN_TIMEOUT, CATALOG_RUN_SKIPPED},
         "failed(0 of 3 jobs done: because)"},
        {{CATALOG_RUN_CANCELLED, CATALOG_RUN_SKIPPED, CATALOG_RUN_CANCELLED},
         "cancelled(0 of 3 jobs done: because)"},
    };
    struct catalog *c = open_runs();
    struct catalog_run found;
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct catalog_run run = add_run(c, nightly, (int64_t)i, 3);
        for (int k = 0; k < 3; k++) {
            bool good = cases[i].jobs[k] == CATALOG_RUN_SUCCESS ||
                        cases[i].jobs[k] == CATALOG_RUN_PARTIAL;
            assert_int_equal(catalog_run_open(c, nightly->id, &found, &e), 1);
            assert_int_equal(found.state, k == 0 ? CATALOG_RUN_WAITING : CATALOG_RUN_RUNNING);
            end_job(c, job_of(&run, c, k), cases[i].jobs[k], good ? NULL : "because");
        }
        assert_int_equal(catalog_run_open(c, nightly->id, &found, &e), 0);
        must(catalog_run_get(c, run.id, &found, &e), &e);
        assert_true(found.ended_ns > 0);
        snprintf(more, sizeof(more), "%zu:%s ", i, cases[i].outcome);
        runs_text(c, nightly, text, sizeof(text));
        if (strncmp(text, more, strlen(more)) != 0)
            fail_msg("%s instead of %s", text, more);
    }
    close_runs(c);
}

/* TSK-15: what cannot be backed up now is part of the run, with its reason. */
static void run_jobs_that_are_over(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 5), found;
    struct catalog_job jobs[2] = {make_job(10, 1), make_job(11, 2)};
    struct error e = ERROR_INIT;

    (void)state;
    jobs[1].state = CATALOG_RUN_SKIPPED;
    error_set(&jobs[1].why, LAGAN_PRECONDITION, ERROR_VAULT_STATE, "the vault is frozen");
    assert_int_equal(catalog_run_insert(c, &run, jobs, 2, &e), 1);
    assert_int_equal(run.state, CATALOG_RUN_WAITING);
    assert_string_equal(jobs_text(c, run.id, text, sizeof(text)), "waiting/0 skipped/0 ");
    end_job(c, jobs[0].id, CATALOG_RUN_SUCCESS, NULL);
    must(catalog_run_get(c, run.id, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_RUN_PARTIAL);
    assert_string_equal(found.reason, "1 of 2 jobs done: the vault is frozen");
    run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 6);
    assert_int_equal(catalog_run_insert(c, &run, &jobs[1], 1, &e), 1);
    assert_int_equal(run.state, CATALOG_RUN_SKIPPED);
    assert_string_equal(run.reason, "the vault is frozen");
    assert_true(run.ended_ns > 0);
    struct catalog_job job;
    must(catalog_job_get(c, jobs[1].id, &job, &e), &e);
    assert_int_equal(job.why.code, ERROR_VAULT_STATE);
    close_runs(c);
}

static void run_cancel(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct catalog_run run = add_run(c, nightly, 5, 3), found;
    struct catalog_job job = claim_job(c, job_of(&run, c, 0));
    struct error e = ERROR_INIT;

    (void)state;
    must(catalog_task_start(c, &task, &e), &e);
    memcpy(job.task, task.id, sizeof(job.task));
    must(catalog_job_note(c, &job, &e), &e);
    must(catalog_run_cancel(c, run.id, "not now", &e), &e);
    assert_string_equal(jobs_text(c, run.id, text, sizeof(text)),
                        "running/1 cancelled/0 cancelled/0 ");
    assert_int_equal(catalog_task_is_cancelled(c, task.id, &e), 1);
    must(catalog_job_end(c, &job, CATALOG_RUN_CANCELLED, NULL, 0, &e), &e);
    must(catalog_run_get(c, run.id, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_RUN_CANCELLED);
    must_fail(catalog_run_cancel(c, run.id, "again", &e), ERROR_CONFLICT, "is over: cancelled",
              &e);
    run = add_run(c, nightly, 6, 1);
    must(catalog_run_cancel(c, run.id, "not now", &e), &e);
    must(catalog_run_get(c, run.id, &found, &e), &e);
    assert_string_equal(found.reason, "not now");
    close_runs(c);
}

/* ---- vaults that go, and history ---- */

/* DEL-09: jobs of a vault go with it, and runs end that had nothing else to do. */
static void run_vault_goes_del_09(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_run only = add_run(c, nightly, 1, 2), both, found;
    struct catalog_job jobs[2] = {make_job(10, 3), make_job(11, 4)};
    struct error e = ERROR_INIT;

    (void)state;
    both = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, 2);
    assert_int_equal(catalog_run_insert(c, &both, jobs, 2, &e), 1);
    struct catalog_job job = claim_job(c, job_of(&only, c, 0));
    must(catalog_vault_delete(c, job.vault, &e), &e);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)),
                        "2:waiting 1:cancelled(0 of 2 jobs done: its vault was deleted) ");
    must_fail(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), ERROR_LEASE_LOST,
              "is lost", &e);
    assert_string_equal(jobs_text(c, only.id, text, sizeof(text)), "");
    must_be_sound(c);
    end_job(c, job_of(&both, c, 0), CATALOG_RUN_SUCCESS, NULL);
    must(catalog_run_get(c, both.id, &found, &e), &e);
    assert_int_equal(found.state, CATALOG_RUN_SUCCESS);
    close_runs(c);
}

/* CON-08: what full every n counts. */
static void run_since_full_con_08(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    uint64_t since = 99;
    int64_t full_ns = 99;

    (void)state;
    must(catalog_run_since_full(c, nightly->id, &since, &full_ns, &e), &e);
    assert_int_equal(since, 0);
    assert_int_equal(full_ns, 0);
    for (int i = 1; i <= 5; i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, i);
        struct catalog_job job = make_job(10, 1);
        run.full = i == 3;
        assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
        bool fails = i == 4; /* it made none */
        end_job(c, job.id, fails ? CATALOG_RUN_FAILED : CATALOG_RUN_SUCCESS,
                fails ? "x" : NULL);
        must(catalog_run_since_full(c, nightly->id, &since, &full_ns, &e), &e);
        assert_int_equal(since, i < 3 ? i : i == 5);
        assert_int_equal(full_ns, i < 3 ? 0 : 3);
    }
    close_runs(c);
}

/* What is still counted stays. */
static void run_clear(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_policy *other = add_policy(c, "other", CATALOG_POLICY_BACKUP);
    struct error e = ERROR_INIT;
    uint64_t count = 0;

    (void)state;
    for (int i = 1; i <= 6; i++) {
        struct catalog_run run = make_run(nightly, CATALOG_TRIGGER_SCHEDULE, i);
        struct catalog_job job = make_job(10, 1);
        run.full = i == 2 || i == 4;
        assert_int_equal(catalog_run_insert(c, &run, &job, 1, &e), 1);
        end_job(c, job.id, CATALOG_RUN_SUCCESS, NULL);
        run = add_run(c, other, i, 1);
        end_job(c, job_of(&run, c, 0), CATALOG_RUN_SUCCESS, NULL);
    }
    struct catalog_run open = add_run(c, other, 7, 1);
    must(catalog_run_clear(c, 1, &count, &e), &e); /* none ended before 1 ns */
    assert_int_equal(count, 0);
    must(catalog_run_clear(c, INT64_MAX, &count, &e), &e);
    assert_int_equal(count, 3 + 6);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)),
                        "6:success 5:success 4:success ");
    assert_string_equal(runs_text(c, other, text, sizeof(text)), "7:waiting ");
    assert_string_equal(jobs_text(c, -1, text, sizeof(text)),
                        "success/1 success/1 success/1 waiting/0 ");
    must(catalog_run_since_full(c, nightly->id, &count, NULL, &e), &e);
    assert_int_equal(count, 2);
    (void)open;
    catalog_policy_free(other);
    close_runs(c);
}

/* RET-07: the last failures are remembered; what made backups is none of them. */
static void run_clear_failed_ret_07(void **state)
{
    struct catalog *c = open_runs();
    struct catalog_policy *other = add_policy(c, "other", CATALOG_POLICY_BACKUP);
    struct error e = ERROR_INIT;
    uint64_t count = 0;

    (void)state;
    for (int i = 1; i <= 14; i++) {
        struct catalog_run run = add_run(c, nightly, i, 1);
        bool fails = i != 3;
        end_job(c, job_of(&run, c, 0), fails ? CATALOG_RUN_FAILED : CATALOG_RUN_SUCCESS,
                fails ? "x" : NULL);
    }
    struct catalog_run foreign = add_run(c, other, 1, 1);
    end_job(c, job_of(&foreign, c, 0), CATALOG_RUN_FAILED, "x");
    must(catalog_run_clear_failed(c, nightly->id, 10, &count, &e), &e);
    assert_int_equal(count, 3); /* 1, 2 and 4 of 13 */
    must(catalog_run_clear_failed(c, nightly->id, 2, &count, &e), &e);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)),
                        "14:failed(x) 13:failed(x) 3:success ");
    must(catalog_run_clear_failed(c, nightly->id, 0, &count, &e), &e);
    assert_string_equal(runs_text(c, nightly, text, sizeof(text)), "14:failed(x) 3:success ");
    assert_string_equal(runs_text(c, other, text, sizeof(text)), "1:failed(x) ");
    assert_string_equal(jobs_text(c, -1, text, sizeof(text)), "success/1 failed/1 failed/1 ");
    catalog_policy_free(other);
    close_runs(c);
}

static int count_run(void *context, const struct catalog_run *run, struct error *e)
{
    (void)run, (void)e;
    ++*(int *)context;
    return 0;
}

static void run_lists(void **state)
{
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    int count = 0;

    (void)state;
    for (int i = 1; i <= 4; i++) {
        struct catalog_run run = add_run(c, nightly, i, 1);
        if (i < 4)
            end_job(c, job_of(&run, c, 0), CATALOG_RUN_FAILED, "x");
    }
    must(catalog_run_list(c, NULL, -1, 0, count_run, &count, &e), &e);
    assert_int_equal(count, 4);
    must(catalog_run_list(c, nightly->id, CATALOG_RUN_FAILED, 2, count_run, &count, &e), &e);
    assert_int_equal(count, 6);
    must(catalog_run_list(c, NULL, CATALOG_RUN_SUCCESS, 0, count_run, &count, &e), &e);
    assert_int_equal(count, 6);
    close_runs(c);
}

/* ---- what no constraint can state ---- */

static void note_problem(void *context, const char *found)
{
    strcat(strcat(context, found), "; ");
}

/* Each of these is said by catalog_check. */
static void run_check_finds(void **state)
{
    static const struct {
        const char *sql, *found;
    } cases[] = {
        {"UPDATE policy_vaults SET kind = 'replication'", "as one of another kind"},
        {"UPDATE vaults SET role = 'mirror' WHERE name = 'main'", "holds for a mirror"},
        {"UPDATE jobs SET run = 99 WHERE run = 1 AND state = 'success'", "that is not there"},
        {"UPDATE jobs SET state = 'failed' WHERE run = 2", "has nothing to do"},
        {"UPDATE jobs SET state = 'waiting' WHERE run = 1", "is over, but has"},
        {"UPDATE runs SET ended_ns = 5 WHERE id = 2", "has an end and goes on"},
        {"UPDATE jobs SET state = 'success' WHERE run = 0", "has ended for good"},
        {"UPDATE jobs SET token = 0 WHERE state = 'running'", "nobody has claimed it"},
        {"UPDATE jobs SET state = 'running', token = 1, attempts = 1 WHERE run = 3",
         "work on one source"},
        {"UPDATE jobs SET state = 'asleep' WHERE run = 1", "a row holds what no lagan writes"},
        {"UPDATE runs SET trigger = 'whim' WHERE id = 1", "a row holds what no lagan writes"},
        {"UPDATE policies SET kind = 'image'", "a row holds what no lagan writes"},
    };
    struct catalog *c = open_runs();
    struct error e = ERROR_INIT;
    uint8_t vault[CATALOG_ID_SIZE];
    uint64_t problems;

    (void)state;
    make_id(10, vault);
    must(catalog_policy_apply(c, nightly, vault, &e), &e);
    must(catalog_job_upkeep(c, CATALOG_JOB_TIDY, NULL, 1, &e), &e);
    struct catalog_run run = add_run(c, nightly, 1, 1);
    end_job(c, job_of(&run, c, 0), CATALOG_RUN_SUCCESS, NULL);
    run = add_run(c, nightly, 2, 1);
    claim_job(c, job_of(&run, c, 0));
    add_run(c, nightly, 3, 1);
    must_be_sound(c);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        must(query_execute(c, "SAVEPOINT trial", &e), &e);
        must(query_execute(c, cases[i].sql, &e), &e);
        text[0] = '\0';
        must(catalog_check(c, note_problem, text, &problems, &e), &e);
        if (strstr(text, cases[i].found) == NULL)
            fail_msg("%s: found '%s'", cases[i].sql, text);
        must(query_execute(c, "ROLLBACK TO trial; RELEASE trial", &e), &e);
    }
    close_runs(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(run_has_one_row_for_each_slot),
    scratch_test(run_of_a_slot),
    scratch_test(run_forget_after),
    scratch_test(run_slots_of_two_processes),
    scratch_test(run_without_jobs),
    scratch_test(run_outcomes_tsk_15),
    scratch_test(run_jobs_that_are_over),
    scratch_test(run_cancel),
    scratch_test(run_vault_goes_del_09),
    scratch_test(run_since_full_con_08),
    scratch_test(run_clear),
    scratch_test(run_clear_failed_ret_07),
    scratch_test(run_lists),
    scratch_test(run_check_finds),
};

UNIT_MAIN(tests)
