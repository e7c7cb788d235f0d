/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_batch.c - batch jobs and inventories as rows: who works on which, and when. */
#include "catalog/batch.h"
#include "catalog/inventory.h"
#include "catalog_fixture.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct catalog_batch *add_job(struct catalog *c, const char *token, int32_t priority)
{
    struct error e = ERROR_INIT;
    struct catalog_batch *job = catalog_batch_new(&e);

    assert_non_null(job);
    make_id(1, job->source);
    make_id(2, job->target);
    snprintf(job->source_name, sizeof(job->source_name), "a");
    snprintf(job->target_name, sizeof(job->target_name), "b");
    snprintf(job->token, sizeof(job->token), "%s", token);
    job->priority = priority;
    must(catalog_pairs_add(&job->settings, "manifest", "/m", &e), &e);
    must(catalog_batch_insert(c, job, 1000, &e), &e);
    return job;
}

static void move(struct catalog *c, struct catalog_batch *job, enum catalog_batch_state to)
{
    struct error e = ERROR_INIT;

    must(catalog_batch_move(c, job, to, NULL, &e), &e);
}

static void make_ready(struct catalog *c, struct catalog_batch *job)
{
    move(c, job, CATALOG_BATCH_PREPARING);
    move(c, job, CATALOG_BATCH_READY);
}

/* Another process claims the job, makes it ACTIVE, and lives until `*end` is closed. */
static pid_t claim_elsewhere(const struct catalog_batch *job, int *end)
{
    int ready[2], stop[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct error e = ERROR_INIT;
        struct catalog_batch *mine = NULL;
        close(stop[1]);
        struct catalog *c = open_catalog("s");
        byte = catalog_batch_claim(c, job->id, &mine, &e) == 1 &&
               catalog_batch_move(c, mine, CATALOG_BATCH_ACTIVE, NULL, &e) == 0;
        if (write(ready[1], &byte, 1) != 1 || read(stop[0], &byte, 1) != 0)
            _exit(1);
        _exit(0);
    }
    close(ready[1]);
    close(stop[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ready[0]);
    *end = stop[1];
    return pid;
}

static void rows_of_jobs(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = open_catalog("s");
    struct catalog_batch *job = add_job(c, "t1", 7);

    (void)state;
    struct catalog_batch *found = catalog_batch_find(c, "t1", &e);
    assert_non_null(found);
    assert_memory_equal(found->id, job->id, CATALOG_ID_SIZE);
    assert_int_equal(found->priority, 7);
    assert_string_equal(catalog_pairs_find(&found->settings, "manifest"), "/m");
    struct catalog_batch again = *job;
    must_fail(catalog_batch_insert(c, &again, 1000, &e), ERROR_BATCH_TOKEN, "'t1'", &e);
    snprintf(again.token, sizeof(again.token), "t2");
    must_fail(catalog_batch_insert(c, &again, 1, &e), ERROR_BATCH_LIMIT, "1 batch jobs", &e);
    must_fail(catalog_batch_move(c, job, CATALOG_BATCH_ACTIVE, NULL, &e), ERROR_BATCH_STATE,
              "New does not become Active", &e);
    make_ready(c, job);
    must_fail(catalog_batch_move(c, found, CATALOG_BATCH_PREPARING, NULL, &e),
              ERROR_BATCH_STATE, "is not New any more", &e);
    assert_null(catalog_batch_find(c, "nothing", &e));
    must_fail(-1, ERROR_NO_BATCH, "`lagan batch list`", &e);
    must_be_sound(c);
    catalog_batch_free(found);
    catalog_batch_free(job);
    catalog_close(c);
}

/* BAT-17. */
static void higher_ones_first(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = open_catalog("s");
    struct catalog_batch *low = add_job(c, "low", 1), *high = add_job(c, "high", 2);
    struct catalog_batch *same = add_job(c, "same", 1), *row = NULL;
    enum catalog_batch_wish wish;
    uint8_t next[CATALOG_ID_SIZE];
    int end;

    (void)state;
    make_ready(c, low);
    make_ready(c, same);
    pid_t pid = claim_elsewhere(low, &end);
    assert_int_equal(catalog_batch_claim(c, low->id, &row, &e), 0);
    catalog_batch_free(row);
    /* One of the same priority waits and asks for nothing. */
    assert_int_equal(catalog_batch_claim(c, same->id, &row, &e), 0);
    catalog_batch_free(row);
    must(catalog_batch_wish(c, low->id, &wish, &e), &e);
    assert_int_equal(wish, CATALOG_BATCH_WISH_NONE);
    /* A new job is prepared beside it. */
    assert_int_equal(catalog_batch_next(c, next, &e), 1);
    assert_memory_equal(next, high->id, CATALOG_ID_SIZE);
    make_ready(c, high);
    assert_int_equal(catalog_batch_next(c, next, &e), 1);
    assert_memory_equal(next, high->id, CATALOG_ID_SIZE);
    assert_int_equal(catalog_batch_claim(c, high->id, &row, &e), 0);
    catalog_batch_free(row);
    must(catalog_batch_wish(c, low->id, &wish, &e), &e);
    assert_int_equal(wish, CATALOG_BATCH_WISH_YIELD);
    close(end);
    waitpid(pid, NULL, 0);
    /* Its process is gone: the higher one copies, then the lower ones by age. */
    assert_int_equal(catalog_batch_claim(c, high->id, &row, &e), 1);
    catalog_batch_free(row);
    assert_int_equal(catalog_batch_next(c, next, &e),
                     1); /* not ACTIVE yet: nothing is in the way */
    assert_memory_equal(next, low->id, CATALOG_ID_SIZE);
    catalog_batch_free(low);
    catalog_batch_free(high);
    catalog_batch_free(same);
    catalog_close(c);
}

static void what_waits_is_left(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = open_catalog("s");
    struct catalog_batch *job = add_job(c, "", 0), *row = NULL;
    uint8_t next[CATALOG_ID_SIZE];

    (void)state;
    move(c, job, CATALOG_BATCH_PREPARING);
    move(c, job, CATALOG_BATCH_SUSPENDED); /* BAT-16 */
    assert_int_equal(catalog_batch_next(c, next, &e), 0);
    assert_int_equal(catalog_batch_claim(c, job->id, &row, &e), 0);
    catalog_batch_free(row);
    move(c, job, CATALOG_BATCH_READY);
    move(c, job, CATALOG_BATCH_PAUSING);
    job->held = true;
    must(catalog_batch_ask(c, job, &e), &e);
    /* A process that died while pausing: PAUSED, and held. */
    assert_int_equal(catalog_batch_claim(c, job->id, &row, &e), 0);
    assert_int_equal(row->state, CATALOG_BATCH_PAUSED);
    assert_int_equal(catalog_batch_next(c, next, &e), 0);
    row->held = false;
    must(catalog_batch_ask(c, row, &e), &e);
    assert_int_equal(catalog_batch_next(c, next, &e), 1);
    catalog_batch_free(row);
    assert_int_equal(catalog_batch_claim(c, job->id, &row, &e), 1);
    assert_true(catalog_batch_is_owned(row));
    assert_int_equal(catalog_batch_next(c, next, &e), 0);
    must(catalog_batch_release(c, row, &e), &e);
    catalog_batch_free(row);
    catalog_batch_free(job);
    catalog_close(c);
}

static void inventories(void **state)
{
    struct error e = ERROR_INIT;
    struct catalog *c = open_catalog("s");
    struct catalog_inventory row = {.name = "daily.1"}, other = {.name = "x"};
    struct error why = ERROR_INIT;

    (void)state;
    add_source(c, 1, "photos");
    make_id(1, row.source);
    make_id(1, other.source);
    must(catalog_inventory_insert(c, &row, 1000, &e), &e);
    must_fail(catalog_inventory_insert(c, &row, 1000, &e), ERROR_NAME_TAKEN, "daily.1", &e);
    must_fail(catalog_inventory_insert(c, &other, 1, &e), ERROR_INVENTORY_LIMIT,
              "1 inventories already", &e); /* BAT-09 */
    assert_int_equal(catalog_inventory_begin(c, &row, row.cursor_ns + 5, &e), 1);
    assert_int_equal(catalog_inventory_begin(c, &other, 0, &e),
                     1);                                          /* no row: nothing happens */
    assert_int_equal(catalog_inventory_begin(c, &row, 0, &e), 0); /* it is being made */
    error_set(&why, LAGAN_IO, ERROR_FAILED, "broken");
    must(catalog_inventory_end(c, &row, &why, &e), &e);
    struct catalog_inventory *found = catalog_inventory_find(c, "daily.1", &e);
    assert_non_null(found);
    assert_int_equal(found->state, CATALOG_INVENTORY_FAILED);
    assert_string_equal(found->why.text, "broken");
    assert_int_equal(found->cursor_ns, row.cursor_ns);
    assert_int_equal(catalog_inventory_begin(c, found, 0, &e), 1);
    catalog_inventory_free(found);
    must_be_sound(c);
    must(catalog_inventory_delete(c, row.id, &e), &e);
    must_fail(catalog_inventory_delete(c, row.id, &e), ERROR_NO_INVENTORY, "any more", &e);
    assert_null(catalog_inventory_find(c, "daily.1", &e));
    must_fail(-1, ERROR_NO_INVENTORY, "`lagan inventory list`", &e);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(rows_of_jobs),
    scratch_test(higher_ones_first),
    scratch_test(what_waits_is_left),
    scratch_test(inventories),
};

UNIT_MAIN(tests)
