/* SPDX-License-Identifier: Apache-2.0 */
/* test_runner.c - the runner's decisions over injected time: slots become runs once, whoever
 * looks; jobs have one outcome; every object is read in time. */
#include "base/clock.h"
#include "catalog/keep.h"
#include "catalog/run.h"
#include "driver_fixture.h"
#include "engine/protect.h"
#include "engine/reconcile.h"
#include "engine/verify_rotation.h"
#include "mirror_fixture.h"
#include "runner/dispatch.h"
#include "runner/job.h"
#include "runner/runner.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t SECOND_NS = INT64_C(1000000000);
enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* ---- a vault with one source, and policies for it ---- */

static void bind_source(struct world *w, const char *vault, const char *name, const char *path)
{
    struct error e = ERROR_INIT;
    struct catalog *c = setup_catalog(w->setup);
    struct catalog_source *source = catalog_source_new(&e);
    struct catalog_vault *row = catalog_vault_find(c, "east", vault, &e);

    assert_non_null(source);
    assert_non_null(row);
    snprintf(source->name, sizeof(source->name), "%s", name);
    snprintf(source->driver, sizeof(source->driver), "src_files");
    assert_success(catalog_pairs_add(&source->parameters, "path", path, &e), e);
    memcpy(source->vault, row->uuid, CATALOG_ID_SIZE);
    assert_success(catalog_source_insert(c, source, &e), e);
    catalog_source_free(source);
    catalog_vault_free(row);
}

/* `settings`: name, value, ..., NULL. */
static void make_policy(struct world *w, const char *name, const char *vault,
                        const char *const *settings)
{
    struct error e = ERROR_INIT;
    struct catalog *c = setup_catalog(w->setup);
    struct catalog_policy *policy = catalog_policy_new(&e);
    struct catalog_vault *row = catalog_vault_find(c, "east", vault, &e);

    assert_non_null(policy);
    assert_non_null(row);
    snprintf(policy->name, sizeof(policy->name), "%s", name);
    policy->kind = CATALOG_POLICY_BACKUP;
    policy->enabled = true;
    for (size_t i = 0; settings[i] != NULL; i += 2)
        assert_success(catalog_pairs_add(&policy->settings, settings[i], settings[i + 1], &e),
                       e);
    assert_success(catalog_policy_insert(c, policy, &e), e);
    assert_success(catalog_policy_apply(c, policy, row->uuid, &e), e);
    catalog_policy_free(policy);
    catalog_vault_free(row);
}

static void make(struct world *w, const char *const *settings)
{
    char tree[512], file[600];

    world_make(w, "tgt_dir");
    world_vault(w, "main");
    snprintf(tree, sizeof(tree), "%s/tree", w->scratch);
    snprintf(file, sizeof(file), "%s/file", tree);
    mkdir(tree, 0700);
    fixture_write_text(file, "what is backed up", 0600);
    bind_source(w, "main", "tree", tree);
    make_policy(w, "daily", "main", settings);
}

/* ---- rows ---- */

struct rows {
    struct catalog_run runs[600];
    size_t count;
};

static int keep_run(void *context, const struct catalog_run *run, struct error *e)
{
    struct rows *rows = context;

    (void)e;
    assert_true(rows->count < sizeof(rows->runs) / sizeof(rows->runs[0]));
    rows->runs[rows->count++] = *run;
    return 0;
}

static void read_runs(struct world *w, struct rows *rows)
{
    struct error e = ERROR_INIT;

    rows->count = 0;
    assert_success(catalog_run_list(setup_catalog(w->setup), NULL, -1, 0, keep_run, rows, &e),
                   e);
}

static unsigned count_state(const struct rows *rows, enum catalog_run_state state)
{
    unsigned count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += rows->runs[i].state == state;
    return count;
}

static void look(struct world *w, struct dispatcher *d)
{
    struct error e = ERROR_INIT;

    assert_success(dispatch_look(d, w->setup, &e), e);
}

/* Ends the next job that is due, if there is one. */
static bool end_a_job(struct world *w)
{
    struct error e = ERROR_INIT;
    struct catalog *c = setup_catalog(w->setup);
    struct catalog_job job;

    int found = catalog_job_next(c, clock_wall_ns(), &job, &e);
    assert_true(found >= 0);
    if (found == 0 || catalog_job_claim(c, job.id, &job, &e) != 1)
        return false;
    assert_success(catalog_job_end(c, &job, CATALOG_RUN_SUCCESS, NULL, 0, &e), e);
    return true;
}

/* ---- slots ---- */

/* Every slot between the making of the policy and its cursor has one row that stands for it. */
static void expect_one_outcome(struct world *w, int64_t step_ns, int64_t from_ns)
{
    static struct rows rows;
    struct error e = ERROR_INIT;
    struct catalog_policy *policy = catalog_policy_find(setup_catalog(w->setup), "daily", &e);

    assert_non_null(policy);
    read_runs(w, &rows);
    for (int64_t slot = (from_ns / step_ns + 1) * step_ns; slot <= policy->cursor_ns;
         slot += step_ns) {
        unsigned found = 0;
        for (size_t i = 0; i < rows.count; i++) {
            int64_t last = rows.runs[i].slot_ns + (int64_t)(rows.runs[i].slots - 1) * step_ns;
            found += rows.runs[i].slot_ns <= slot && slot <= last;
        }
        if (found != 1)
            fail_msg("slot %lld has %u outcomes", (long long)(slot / SECOND_NS), found);
    }
    catalog_policy_free(policy);
}

static void slots_have_one_outcome(void **state)
{
    struct world w;
    struct dispatcher runners[2] = {{0}, {0}};
    unsigned seed = 7;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron */30 * * * *", "zone", "UTC", NULL});
    int64_t begun = world_now_ns();
    for (int i = 0; i < 300; i++) {
        world_wait(1 + (int64_t)(rand_r(&seed) % (20 * MINUTE)));
        if (i % 97 == 96)
            world_wait(5 * HOUR); /* nobody is there */
        look(&w, &runners[rand_r(&seed) % 2]);
        look(&w, &runners[rand_r(&seed) % 2]);
        if (rand_r(&seed) % 3 != 0)
            end_a_job(&w);
    }
    expect_one_outcome(&w, 30 * MINUTE * SECOND_NS, begun);
    static struct rows rows;
    read_runs(&w, &rows);
    assert_true(count_state(&rows, CATALOG_RUN_SUCCESS) > 30);
    assert_true(count_state(&rows, CATALOG_RUN_SKIPPED) > 3);
    assert_true(count_state(&rows, CATALOG_RUN_MISSED) >= 3);
    world_drop(&w);
}

/* A clock that is set back and forth: what was run is not run again, nothing is counted twice.
 */
static void slots_have_one_outcome_by_any_clock(void **state)
{
    struct world w;
    struct dispatcher runner = {0};
    unsigned seed = 11;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron */30 * * * *", "zone", "UTC", NULL});
    int64_t begun = world_now_ns();
    for (int i = 0; i < 200; i++) {
        world_wait(1 + (int64_t)(rand_r(&seed) % (20 * MINUTE)));
        if (i % 11 == 10)
            world_wait(-(int64_t)(rand_r(&seed) % (6 * HOUR)));
        if (i % 7 == 6)
            world_wait((int64_t)(rand_r(&seed) % (8 * HOUR)));
        look(&w, &runner);
        if (rand_r(&seed) % 3 != 0)
            end_a_job(&w);
        if (i % 10 == 9)
            expect_one_outcome(&w, 30 * MINUTE * SECOND_NS, begun);
    }
    static struct rows rows;
    read_runs(&w, &rows);
    assert_true(count_state(&rows, CATALOG_RUN_SUCCESS) > 10);
    assert_true(count_state(&rows, CATALOG_RUN_MISSED) > 10);
    world_drop(&w);
}

/* TSK-13: a run is still at work when the next slot comes. */
static void slots_are_skipped_while_running(void **state)
{
    struct world w;
    struct dispatcher d = {0};
    static struct rows rows;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", NULL});
    look(&w, &d);
    world_wait(HOUR);
    look(&w, &d); /* begins, and takes 90 minutes */
    world_wait(HOUR);
    look(&w, &d);
    world_wait(30 * MINUTE);
    assert_true(end_a_job(&w));
    world_wait(30 * MINUTE);
    look(&w, &d);
    assert_true(end_a_job(&w));
    read_runs(&w, &rows);
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.runs[0].state, CATALOG_RUN_SUCCESS);
    assert_int_equal(rows.runs[1].state, CATALOG_RUN_SKIPPED);
    assert_string_equal(rows.runs[1].reason, "previous_running");
    assert_int_equal(rows.runs[2].state, CATALOG_RUN_SUCCESS);
    world_drop(&w);
}

/* SCH-09: not before the run of the other policy has ended. */
static void slots_wait_for_another_policy(void **state)
{
    struct world w;
    struct dispatcher d = {0};
    static struct rows rows;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", NULL});
    world_vault(&w, "second");
    bind_source(&w, "second", "other", "/nonexistent");
    make_policy(
        &w, "follower", "second",
        (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", "after", "daily", NULL});
    look(&w, &d);
    world_wait(HOUR);
    look(&w, &d);
    look(&w, &d);
    read_runs(&w, &rows);
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.runs[0].policy_name, "daily");
    world_wait(5 * MINUTE);
    assert_true(end_a_job(&w));
    look(&w, &d);
    look(&w, &d);
    read_runs(&w, &rows);
    assert_int_equal(rows.count, 2);
    assert_string_equal(rows.runs[0].policy_name, "follower");
    assert_int_equal(rows.runs[0].slot_ns, rows.runs[1].slot_ns);
    world_drop(&w);
}

/* TSK-12, TSK-15 */
static void slots_by_hand(void **state)
{
    struct world w;
    struct error e = ERROR_INIT;
    struct catalog_run run;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", NULL});
    struct catalog_policy *policy = catalog_policy_find(setup_catalog(w.setup), "daily", &e);
    assert_non_null(policy);
    assert_success(dispatch_by_hand(w.setup, policy, &run, &e), e);
    assert_int_equal(dispatch_by_hand(w.setup, policy, &run, &e), -1);
    assert_int_equal(e.code, ERROR_POLICY_RUNNING);
    assert_true(end_a_job(&w));
    e = ERROR_INIT;
    struct catalog_vault *vault =
        catalog_vault_find(setup_catalog(w.setup), "east", "main", &e);
    vault->state = CATALOG_VAULT_FROZEN;
    assert_success(catalog_vault_update(setup_catalog(w.setup), vault, &e), e);
    assert_success(dispatch_by_hand(w.setup, policy, &run, &e), e);
    assert_success(catalog_run_get(setup_catalog(w.setup), run.id, &run, &e), e);
    assert_true(catalog_run_state_is_over(run.state));
    assert_int_not_equal(run.state, CATALOG_RUN_SUCCESS);
    catalog_vault_free(vault);
    catalog_policy_free(policy);
    world_drop(&w);
}

/* ---- jobs ---- */

static struct job_outcome work(struct world *w)
{
    struct error e = ERROR_INIT;
    struct job_outcome outcome;
    struct catalog_job job;

    assert_int_equal(catalog_job_next(setup_catalog(w->setup), clock_wall_ns(), &job, &e), 1);
    const struct job_request request = {.setup = w->setup, .id = job.id};
    assert_success(job_work(&request, &outcome, &e), e);
    assert_true(outcome.taken);
    return outcome;
}

static struct catalog_run last_run(struct world *w)
{
    static struct rows rows;

    read_runs(w, &rows);
    assert_true(rows.count > 0);
    return rows.runs[0];
}

static void begin_run(struct world *w)
{
    struct dispatcher d = {0};

    look(w, &d);
    world_wait(HOUR);
    look(w, &d);
}

static void job_ends_with_its_backup(void **state)
{
    struct world w;
    struct error e = ERROR_INIT;
    struct catalog_backup backup;

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", "full-every", "1",
                              NULL});
    begin_run(&w);
    struct job_outcome outcome = work(&w);
    assert_int_equal(outcome.why.error_class, LAGAN_OK);
    assert_int_equal(outcome.state, CATALOG_RUN_SUCCESS);
    struct catalog_run run = last_run(&w);
    assert_int_equal(run.state, CATALOG_RUN_SUCCESS);
    assert_true(run.full);
    assert_success(
        catalog_backup_find(setup_catalog(w.setup), NULL, NULL, "latest", &backup, &e), e);
    assert_string_equal(backup.id, outcome.job.backup);
    assert_string_equal(backup.policy, "daily");
    assert_string_equal(backup.trigger, "schedule");
    assert_int_equal(backup.slot_ns, run.slot_ns);
    world_drop(&w);
}

static void job_is_tried_again(void **state)
{
    struct world w;
    char path[600], away[600];

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", NULL});
    begin_run(&w);
    snprintf(path, sizeof(path), "%s/east", w.scratch);
    snprintf(away, sizeof(away), "%s/away", w.scratch);
    assert_int_equal(rename(path, away), 0);
    struct job_outcome outcome = work(&w);
    assert_int_not_equal(outcome.why.error_class, LAGAN_OK);
    assert_true(outcome.again_ns > clock_wall_ns());
    assert_int_equal(last_run(&w).state, CATALOG_RUN_RUNNING);
    rmdir(path);
    assert_int_equal(rename(away, path), 0);
    world_wait(10 * MINUTE);
    outcome = work(&w);
    assert_int_equal(outcome.why.error_class, LAGAN_OK);
    assert_int_equal(outcome.job.attempts, 2);
    assert_int_equal(last_run(&w).state, CATALOG_RUN_SUCCESS);
    world_drop(&w);
}

static int refuse(void *context, const char *task, const struct catalog_backup *row,
                  struct error *e)
{
    (void)context;
    (void)task;
    (void)row;
    return error_set(e, LAGAN_IO, ERROR_FAILED, "the process ends here");
}

/* A backup that was sealed, and not recorded: its process has ended in between. */
static void seal_unrecorded(struct world *w, const struct catalog_run *run,
                            char id[CATALOG_SEAL_ID_SIZE])
{
    struct open_vault vault = {0};
    struct protect_result result;
    struct error e = ERROR_INIT;
    const struct stamp stamp = {
        .trigger = "schedule", .policy = run->policy_name, .slot_ns = run->slot_ns};
    const struct protect_request request = {
        .vault = &vault, .source = "tree", .stamp = &stamp, .recorded = refuse};

    assert_success(setup_vault_open(w->setup, "east", "main", NULL, false, &vault, &e), e);
    assert_success(protect_run(w->setup, &request, &result, &e), e);
    assert_int_not_equal(result.unrecorded.error_class, LAGAN_OK);
    memcpy(id, result.row.id, CATALOG_SEAL_ID_SIZE);
    seal_free(result.seal);
    open_vault_close(&vault);
}

/* TSK-23: a slot has one backup, also when its process ended between the seal and the row. */
static void job_takes_over_what_was_made(void **state)
{
    struct world w;
    struct error e = ERROR_INIT;
    struct catalog_job job;
    char id[CATALOG_SEAL_ID_SIZE];

    (void)state;
    make(&w, (const char *[]){"schedule", "cron 0 * * * *", "zone", "UTC", NULL});
    begin_run(&w);
    struct catalog_run run = last_run(&w);
    struct catalog *c = setup_catalog(w.setup);
    assert_int_equal(catalog_job_next(c, clock_wall_ns(), &job, &e), 1);
    assert_int_equal(catalog_job_claim(c, job.id, &job, &e), 1);
    seal_unrecorded(&w, &run, id);
    assert_success(catalog_job_again(c, &job, &e, clock_wall_ns(), &e), e);
    struct job_outcome outcome = work(&w);
    assert_int_equal(outcome.why.error_class, LAGAN_OK);
    assert_string_equal(outcome.job.backup, id);
    assert_int_equal(last_run(&w).state, CATALOG_RUN_SUCCESS);
    world_drop(&w);
}

/* A job lists the seals; another process lets one go before the first compares them with the
 * catalog: what is gone stays gone. */
static void job_learns_nothing_that_went(void **state)
{
    struct world w;
    struct error e = ERROR_INIT;
    struct open_vault vault = {0};
    struct seal_list seals = {0};
    struct catalog_backup row;
    char id[CATALOG_SEAL_ID_SIZE];

    (void)state;
    world_make(&w, "tgt_dir");
    world_vault(&w, "main");
    world_backup(&w, "main", id);
    world_backup(&w, "main", NULL);
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, false, &vault, &e), e);
    assert_success(vault_backups(vault.vault, &seals, NULL, NULL, &e), e);
    assert_int_equal(seals.count, 2);
    world_delete(&w, "main", id);
    assert_success(
        reconcile_backups(setup_catalog(w.setup), vault.row->uuid, vault.vault, &seals, &e), e);
    assert_int_equal(catalog_backup_get(setup_catalog(w.setup), vault.row->uuid, id, &row, &e),
                     -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    seal_list_free(&seals);
    open_vault_close(&vault);
    world_drop(&w);
}

/* A backup that its writer has taken back, after somebody else had written it down, is none;
 * one whose seal is merely missing is a loss, and stays. */
static void withdrawn_backup_goes(void **state)
{
    static const uint8_t writer[16] = "another computer";
    struct seal_list seals = {0}, left = {0};
    struct open_vault vault = {0};
    struct catalog_backup row;
    struct error e = ERROR_INIT;
    struct world w;
    char id[CATALOG_SEAL_ID_SIZE];

    (void)state;
    world_make(&w, "tgt_dir");
    world_vault(&w, "main");
    world_backup(&w, "main", id);
    world_backup(&w, "main", NULL);
    assert_success(setup_vault_open(w.setup, "east", "main", NULL, false, &vault, &e), e);
    assert_success(vault_backups(vault.vault, &seals, NULL, NULL, &e), e);
    assert_success(vault_backup_delete(vault.vault, seals.seals[0], writer, "withdrawn", &e),
                   e);
    assert_success(
        reconcile_backups(setup_catalog(w.setup), vault.row->uuid, vault.vault, &left, &e), e);
    const char *gone = seals.seals[0]->id, *lost = seals.seals[1]->id;
    assert_int_equal(
        catalog_backup_get(setup_catalog(w.setup), vault.row->uuid, gone, &row, &e), -1);
    assert_int_equal(e.code, ERROR_NO_BACKUP);
    assert_success(catalog_backup_get(setup_catalog(w.setup), vault.row->uuid, lost, &row, &e),
                   e);
    seal_list_free(&seals);
    open_vault_close(&vault);
    world_drop(&w);
}

/* ---- upkeep ---- */

static void upkeep_comes_again(void **state)
{
    struct world w;
    struct error e = ERROR_INIT;
    struct catalog_job job;

    (void)state;
    make(&w, (const char *[]){"drill", "1d", NULL});
    assert_success(dispatch_upkeep(w.setup, &e), e);
    assert_success(dispatch_upkeep(w.setup, &e), e);
    for (int i = 0; i < 3; i++) { /* tidy, verify, expire */
        struct job_outcome outcome = work(&w);
        assert_int_equal(outcome.why.error_class, LAGAN_OK);
        assert_int_equal(outcome.job.run, 0);
    }
    assert_int_equal(catalog_job_next(setup_catalog(w.setup), clock_wall_ns(), &job, &e), 0);
    world_wait(DAY + HOUR);
    assert_int_equal(catalog_job_next(setup_catalog(w.setup), clock_wall_ns(), &job, &e), 1);
    world_drop(&w);
}

static void upkeep_statuses(void **state)
{
    (void)state;
    assert_int_equal(runner_worse(0, 3), 3);
    assert_int_equal(runner_worse(5, 3), 5);
    assert_int_equal(runner_worse(5, 8), 8);
    assert_int_equal(runner_worse(12, 1), 1);
    assert_int_equal(runner_worse(1, 7), 7);
    assert_int_equal(runner_worse(4, 7), 4);
    assert_int_equal(runner_worse(11, 5), 11);
    assert_int_equal(runner_worse(5, 11), 11);
}

/* ---- rotation (INT-02) ---- */

/* Thirty days of daily turns over a vault that grows: nothing is older than the limit, and no
 * turn reads much more than its part. */
static void rotation_reads_all_in_time(void **state)
{
    enum { FIRST = 300, MOST = 600, TURNS = 90, WITHIN = 30 };
    static struct rotation_object objects[MOST];
    size_t count = FIRST;
    uint64_t most = 0;

    (void)state;
    for (size_t i = 0; i < MOST; i++) {
        objects[i] = (struct rotation_object){.bytes = 1000 + i % 7};
        memcpy(objects[i].hash, &(size_t){i * 2654435761U}, sizeof(i));
    }
    for (int64_t day = 1; day <= TURNS; day++) {
        const struct rotation_request request = {.within_ns = WITHIN * DAY * SECOND_NS,
                                                 .period_ns = DAY * SECOND_NS,
                                                 .now_ns = (1000 + day) * DAY * SECOND_NS};
        uint64_t bytes = rotation_choose(objects, count, &request);
        most = bytes > most ? bytes : most;
        for (size_t i = 0; i < count; i++) {
            if (objects[i].due)
                objects[i].read_ns = request.now_ns;
            int64_t age = request.now_ns - objects[i].read_ns;
            if (day > WITHIN + 1 && objects[i].read_ns != 0)
                assert_true(age < WITHIN * DAY * SECOND_NS);
            if (day == WITHIN + 1)
                assert_true(objects[i].read_ns != 0);
        }
        if (day > WITHIN + 1 && count + 3 < MOST)
            count += 3; /* 1 % a day */
    }
    assert_true(most <= 2 * (uint64_t)MOST * 1007 / WITHIN);
}

static void damage_a_pack(const char *folder)
{
    char command[1200];

    snprintf(command, sizeof(command),
             "f=$(find '%s' -path '*packs*' -type f | head -n 1); chmod u+w \"$f\"; "
             "printf xxxxxxxx | dd of=\"$f\" bs=1 seek=50 conv=notrunc status=none",
             folder);
    assert_int_equal(system(command), 0); // NOLINT: words of our own
}

static struct rotation_result rotate(struct world *w, const char *region, const char *vault)
{
    struct error e = ERROR_INIT;
    struct rotation_result result;
    struct catalog_vault *row = catalog_vault_find(setup_catalog(w->setup), region, vault, &e);
    const struct rotation_request request = {
        .within_ns = DAY * SECOND_NS, .period_ns = DAY * SECOND_NS, .now_ns = clock_wall_ns()};

    assert_non_null(row);
    assert_success(verify_rotation(w->setup, row, &request, &result, &e), e);
    catalog_vault_free(row);
    return result;
}

static void rotation_heals_from_the_mirror(void **state)
{
    struct world w;
    char east[600];

    (void)state;
    world_make(&w, "tgt_dir");
    world_vault(&w, "main");
    world_backup(&w, "main", NULL);
    world_mirror(&w, "main", "west");
    world_work(&w);
    snprintf(east, sizeof(east), "%s/east", w.scratch);
    damage_a_pack(east);
    struct rotation_result r = rotate(&w, "east", "main");
    assert_int_equal(r.damaged, 1);
    assert_int_equal(r.healed, 1);
    buffer_free(&r.found);
    r = rotate(&w, "east", "main");
    assert_int_equal(r.damaged, 0);
    assert_int_equal(r.objects_read, r.objects);
    buffer_free(&r.found);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

static void rotation_tells_damage(void **state)
{
    struct world w;
    char east[600];

    (void)state;
    world_make(&w, "tgt_dir");
    world_vault(&w, "main");
    world_backup(&w, "main", NULL);
    snprintf(east, sizeof(east), "%s/east", w.scratch);
    damage_a_pack(east);
    struct rotation_result r = rotate(&w, "east", "main");
    assert_int_equal(r.damaged, 1);
    assert_int_equal(r.healed, 0);
    assert_non_null(r.found.data);
    buffer_free(&r.found);
    world_drop(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slots_have_one_outcome),
    cmocka_unit_test(slots_have_one_outcome_by_any_clock),
    cmocka_unit_test(slots_are_skipped_while_running),
    cmocka_unit_test(slots_wait_for_another_policy),
    cmocka_unit_test(slots_by_hand),
    cmocka_unit_test(job_ends_with_its_backup),
    cmocka_unit_test(job_is_tried_again),
    cmocka_unit_test(job_takes_over_what_was_made),
    cmocka_unit_test(job_learns_nothing_that_went),
    cmocka_unit_test(withdrawn_backup_goes),
    cmocka_unit_test(upkeep_comes_again),
    cmocka_unit_test(upkeep_statuses),
    cmocka_unit_test(rotation_reads_all_in_time),
    cmocka_unit_test(rotation_heals_from_the_mirror),
    cmocka_unit_test(rotation_tells_damage),
};

int main(void)
{
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
