/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalog_run_kill.c - a runner is killed before or after each single write and sync of
 * the catalog: each slot has one outcome, each run the outcome of its jobs, and no backup is
 * made twice.  ROUNDS says how many slots there are; 1.
 */
#include "base/clock.h"
#include "catalog/audit.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
#include "kill_fixture.h"
#include "run_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VAULT = 10, SLOTS_MOST = 20, JOBS = 2, ATTEMPTS = 3 };

static int slot_count = 1;

static struct catalog_policy *nightly;

/* A slot is decided: its run and the cursor, in one transaction. */
static int decide(struct catalog *c, struct catalog_policy *policy, int slot, struct error *e)
{
    struct catalog_run run = make_run(policy, CATALOG_TRIGGER_SCHEDULE, slot);
    struct catalog_job jobs[JOBS] = {make_job(VAULT, 1), make_job(VAULT, 2)};

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_run_insert(c, &run, jobs, JOBS, e) < 0 ? -1 : 0;
    if (result == 0)
        result = catalog_policy_cursor(c, policy->id, slot - 1, slot, e) == 1 ? 0 : -1;
    return write_end(c, result, e);
}

/* What the job makes is known by its number: a second of the same would be an error. */
static int make(struct catalog *c, struct catalog_job *job, struct error *e)
{
    struct catalog_task task = {.type = CATALOG_TASK_BACKUP};
    struct catalog_backup backup = make_backup(VAULT, job->source[0], (unsigned)job->id);

    if (catalog_task_start(c, &task, e) != 0)
        return -1;
    memcpy(job->task, task.id, sizeof(job->task));
    if (catalog_job_note(c, job, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = catalog_backup_insert(c, &backup, e);
    if (result == 0)
        result = catalog_backup_commit(c, &backup, &task, e);
    memcpy(job->backup, backup.id, sizeof(job->backup));
    return write_end(c, result, e);
}

/* Odd ones end with their effect; before the others' ends there is room to die. */
static int work_on(struct catalog *c, struct catalog_job *job, struct error *e)
{
    if (job->id % 2 == 0)
        return make(c, job, e) != 0 ? -1
                                    : catalog_job_end(c, job, CATALOG_RUN_SUCCESS, NULL, 0, e);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = make(c, job, e);
    if (result == 0)
        result = catalog_job_end(c, job, CATALOG_RUN_SUCCESS, NULL, 0, e);
    return write_end(c, result, e);
}

static int drain(struct catalog *c, struct error *e)
{
    struct catalog_job job;
    int found;

    while ((found = catalog_job_next(c, INT64_MAX - 1, &job, e)) > 0) {
        int claimed = catalog_job_claim(c, job.id, &job, e);
        if (claimed < 0 || (claimed > 0 && work_on(c, &job, e) != 0))
            return -1;
    }
    return found;
}

static int work(struct catalog *c, struct error *e)
{
    struct catalog_policy *policy = catalog_policy_find(c, "nightly", e);
    int result = policy == NULL ? -1 : 0;

    while (result == 0 && policy->cursor_ns < slot_count) {
        result = decide(c, policy, (int)policy->cursor_ns + 1, e);
        policy->cursor_ns++;
        if (result == 0)
            result = drain(c, e);
    }
    catalog_policy_free(policy);
    return result;
}

/* ---- what must be true ---- */

struct census {
    uint64_t slots[SLOTS_MOST + 1];
    uint64_t open, backups;
};

static int see_run(void *context, const struct catalog_run *run, struct error *e)
{
    struct census *census = context;

    (void)e;
    census->slots[run->slot_ns]++;
    census->open += !catalog_run_state_is_over(run->state);
    assert_true(!catalog_run_state_is_over(run->state) || run->state == CATALOG_RUN_SUCCESS);
    return 0;
}

static int see_backup(void *context, const struct catalog_backup *backup, struct error *e)
{
    (void)backup, (void)e;
    ((struct census *)context)->backups++;
    return 0;
}

static struct census count(struct catalog *c)
{
    struct census census = {{0}, 0, 0};
    struct error e = ERROR_INIT;

    must(catalog_run_list(c, NULL, -1, 0, see_run, &census, &e), &e);
    must(catalog_backup_list(c, NULL, NULL, see_backup, &census, &e), &e);
    return census;
}

/* As it was left, and after whoever comes next has ended what was begun. */
static void judge(struct catalog *c, unsigned target)
{
    struct error e = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_find(c, "nightly", &e);
    struct census census = count(c);

    for (int slot = 1; slot <= slot_count; slot++)
        if (census.slots[slot] != (slot <= policy->cursor_ns))
            fail_msg("killed at %u: slot %d has %llu rows", target, slot,
                     (unsigned long long)census.slots[slot]);
    catalog_policy_free(policy);
    must_be_sound(c);
    must(catalog_job_reap(c, clock_wall_ns(), ATTEMPTS, NULL, &e), &e);
    must(drain(c, &e), &e);
    must(work(c, &e), &e);
    census = count(c);
    assert_int_equal(census.open, 0);
    assert_int_equal(census.backups, slot_count * JOBS);
    must_be_sound(c);
}

static void kill_runner(void **state)
{
    static const struct kill_case running = {work, judge};
    struct catalog *c = open_catalog("s");
    struct error e = ERROR_INIT;

    const char *rounds = getenv("ROUNDS");

    (void)state;
    if (rounds != NULL && atoi(rounds) > 0)
        slot_count = atoi(rounds) < SLOTS_MOST ? atoi(rounds) : SLOTS_MOST;
    add_vault(c, VAULT, "main");
    nightly = add_policy(c, "nightly", CATALOG_POLICY_BACKUP);
    assert_int_equal(catalog_policy_cursor(c, nightly->id, nightly->cursor_ns, 0, &e), 1);
    catalog_policy_free(nightly);
    catalog_close(c);
    assert_true(kill_everywhere(&running) > 60);
}

static const struct CMUnitTest tests[] = {
    kill_test(kill_runner),
};

UNIT_MAIN(tests)
