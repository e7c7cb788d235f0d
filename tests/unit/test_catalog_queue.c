/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog_queue.c - items, lanes and leases. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog_fixture.h"
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

enum { HOUR = 3600 };
static const int64_t long_ns = HOUR * 1000000000LL;

static struct catalog *open_lanes(void)
{
    struct catalog *c = open_catalog("s");

    add_vault(c, 11, "one");
    add_vault(c, 12, "two");
    add_vault(c, 13, "three");
    for (uint8_t i = 1; i <= 3; i++)
        add_mirror(c, i, 10 + i);
    return c;
}

static struct catalog_item claim(struct catalog *c, int64_t now_ns, const char *subject)
{
    struct catalog_item item = {.subject = ""};
    struct error e = ERROR_INIT;
    int found = catalog_item_claim(c, now_ns, long_ns, 0, &item, &e);

    must(found < 0 ? -1 : 0, &e);
    assert_int_equal(found, 1);
    assert_string_equal(item.subject, subject);
    return item;
}

static void claim_none(struct catalog *c, int64_t now_ns, uint64_t lane_limit)
{
    struct catalog_item item;
    struct error e = ERROR_INIT;
    int found = catalog_item_claim(c, now_ns, long_ns, lane_limit, &item, &e);

    must(found < 0 ? -1 : 0, &e);
    assert_int_equal(found, 0);
}

static void put(struct catalog *c, uint8_t lane, enum catalog_class class, int64_t due_ns,
                const char *subject)
{
    struct catalog_item item = {
        .operation = CATALOG_OPERATION_COPY, .class = class, .due_ns = due_ns, .bytes = 7};
    struct error e = ERROR_INIT;
    bool added = false;

    make_id(lane, item.lane);
    snprintf(item.subject, sizeof(item.subject), "%s", subject);
    must(catalog_item_insert(c, &item, &added, &e), &e);
    assert_true(added);
    assert_true(item.id > 0 && item.created_ns > 0);
    assert_int_equal(item.state, CATALOG_ITEM_WAITING);
}

/* Classes first, then what is due first, then what came first. */
static void queue_order(void **state)
{
    struct catalog *c = open_lanes();

    (void)state;
    put(c, 1, CATALOG_CLASS_REMOVAL, 10, "f");
    put(c, 1, CATALOG_CLASS_HISTORY, 20, "e");
    put(c, 1, CATALOG_CLASS_HISTORY, 10, "d");
    put(c, 1, CATALOG_CLASS_NEW, 90, "b");
    put(c, 1, CATALOG_CLASS_NEW, 90, "c");
    put(c, 1, CATALOG_CLASS_NEW, 30, "a");
    put(c, 1, CATALOG_CLASS_POLICY, 50, "cc");
    put(c, 1, CATALOG_CLASS_MANUAL, 50, "ca");
    claim_none(c, 9, 0);
    claim(c, 10, "d");
    claim(c, 15, "f"); /* all else is due later */
    claim(c, 100, "a");
    claim(c, 100, "b");
    claim(c, 100, "c");
    claim(c, 100, "ca");
    claim(c, 100, "cc");
    claim(c, 100, "e");
    claim_none(c, 1000, 0);
    must_be_sound(c);
    catalog_close(c);
}

static void queue_inserts_once(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_item item = add_item(c, 1, "a"), again = {.bytes = 99}, foreign = item;
    struct error e = ERROR_INIT;
    bool added = true;

    (void)state;
    again.operation = CATALOG_OPERATION_COPY;
    memcpy(again.lane, item.lane, sizeof(again.lane));
    memcpy(again.subject, "a", 2);
    must(catalog_item_insert(c, &again, &added, &e), &e);
    assert_false(added);
    assert_int_equal(again.id, item.id);
    assert_int_equal(again.bytes, 0);
    claim(c, 10, "a");
    must(catalog_item_insert(c, &again, &added, &e), &e);
    assert_false(added); /* nor while it runs */
    assert_int_equal(again.state, CATALOG_ITEM_RUNNING);
    again.operation = CATALOG_OPERATION_REMOVE;
    must(catalog_item_insert(c, &again, &added, &e), &e);
    assert_true(added);
    make_id(77, foreign.lane);
    must_fail(catalog_item_insert(c, &foreign, NULL, &e), ERROR_NO_VAULT, "catalog", &e);
    must_fail(catalog_item_get(c, 1234, &item, &e), ERROR_FAILED, "1234", &e);
    catalog_close(c);
}

/* Who has much to do does not keep out who has little, nor who comes later. */
static void queue_fairness(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_item item;
    struct error e = ERROR_INIT;
    char order[64] = "";

    (void)state;
    for (int i = 0; i < 40; i++) {
        char subject[8];
        snprintf(subject, sizeof(subject), "a%d", i);
        add_item(c, 1, subject);
    }
    for (int i = 0; i < 20; i++) {
        if (i == 4)
            add_item(c, 2, "b0"), add_item(c, 2, "b1"), add_item(c, 2, "b2");
        if (i == 14)
            add_item(c, 3, "c0"), add_item(c, 2, "b3"), add_item(c, 2, "b4");
        assert_int_equal(catalog_item_claim(c, 10, long_ns, 0, &item, &e), 1);
        order[i] = item.subject[0];
    }
    assert_string_equal(order, "aaaabababaaaaacbabaa");
    catalog_close(c);
}

static void queue_lanes(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_lane lane;
    struct error e = ERROR_INIT;
    uint8_t one[CATALOG_ID_SIZE];

    (void)state;
    make_id(11, one);
    must(catalog_lane_get(c, one, &lane, &e), &e);
    assert_int_equal(lane.vault[0], 0); /* nothing is written to it */
    make_id(1, one);
    add_item(c, 1, "a");
    add_item(c, 1, "b");
    add_item(c, 1, "c");
    must(catalog_lane_away(c, one, 100, 200, "no route", &e), &e);
    must(catalog_lane_away(c, one, 150, 300, "no\nroute", &e), &e);
    claim_none(c, 299, 0);
    must(catalog_lane_get(c, one, &lane, &e), &e);
    assert_memory_equal(lane.vault, one, sizeof(one));
    assert_int_equal(lane.away_ns, 100);
    assert_int_equal(lane.hold_ns, 300);
    assert_int_equal(lane.tries, 2);
    assert_string_equal(lane.reason, "no\\x0aroute");
    assert_int_equal(lane.waiting, 3);
    claim(c, 300, "a");
    must(catalog_lane_back(c, one, &e), &e);
    claim(c, 10, "b");
    claim_none(c, 10, 2);
    must(catalog_lane_pause(c, one, true, &e), &e);
    claim_none(c, 1000, 0);
    must(catalog_lane_get(c, one, &lane, &e), &e);
    assert_true(lane.paused);
    assert_int_equal(lane.away_ns + lane.hold_ns + (int64_t)lane.tries, 0);
    assert_int_equal(lane.running, 2);
    must(catalog_lane_pause(c, one, false, &e), &e);
    claim(c, 10, "c");
    make_id(9, one);
    must_fail(catalog_lane_pause(c, one, true, &e), ERROR_NO_VAULT, "", &e);
    catalog_close(c);
}

static void queue_next_due(void **state)
{
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT;
    uint8_t one[CATALOG_ID_SIZE];
    int64_t due_ns = 0;

    (void)state;
    make_id(1, one);
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 0);
    put(c, 1, CATALOG_CLASS_NEW, 50, "a");
    put(c, 1, CATALOG_CLASS_HISTORY, 40, "b");
    put(c, 2, CATALOG_CLASS_NEW, 70, "c");
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 1);
    assert_int_equal(due_ns, 40);
    must(catalog_lane_away(c, one, 10, 60, "", &e), &e);
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 1);
    assert_int_equal(due_ns, 60);
    must(catalog_lane_pause(c, one, true, &e), &e);
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 1);
    assert_int_equal(due_ns, 70);
    claim(c, 100, "c");
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 0);
    catalog_close(c);
}

static int see_error(void *context, const struct catalog_item_error *error, struct error *e)
{
    struct catalog_item_error *last = context;

    (void)e;
    assert_true(error->at_ns > 0);
    if (last->attempt != 0)
        assert_int_equal(error->attempt, last->attempt + 1);
    *last = *error;
    return 0;
}

static struct catalog_item_error last_error(struct catalog *c, int64_t id)
{
    struct catalog_item_error last = {.attempt = 0};
    struct error e = ERROR_INIT;

    must(catalog_item_errors(c, id, see_error, &last, &e), &e);
    return last;
}

/* A lease that was not renewed in time is lost, whether or not somebody else took it. */
static void queue_lease_expires(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_item first, second;
    struct error e = ERROR_INIT, why = ERROR_INIT;

    (void)state;
    error_set(&why, LAGAN_IO, ERROR_FAILED, "x");
    add_item(c, 1, "a");
    assert_int_equal(catalog_item_claim(c, 10, 1, 0, &first, &e), 1);
    assert_int_equal(first.token, 1);
    must_fail(catalog_item_renew(c, &first, long_ns, &e), ERROR_LEASE_LOST, "copy a", &e);
    second = claim(c, 10, "a");
    assert_int_equal(second.token, 2);
    assert_int_equal(second.attempts, 2);
    assert_string_equal(last_error(c, first.id).why.text,
                        "its process did not renew the lease in time");
    must_fail(catalog_item_renew(c, &first, long_ns, &e), ERROR_LEASE_LOST, "", &e);
    must_fail(catalog_item_done(c, &first, &e), ERROR_LEASE_LOST, "", &e);
    must_fail(catalog_item_release(c, &first, &e), ERROR_LEASE_LOST, "", &e);
    must_fail(catalog_item_fail(c, &first, &why, 0, &e), ERROR_LEASE_LOST, "", &e);
    must(catalog_item_get(c, second.id, &first, &e), &e);
    assert_int_equal(first.state, CATALOG_ITEM_RUNNING);
    must(catalog_item_done(c, &second, &e), &e);
    must_fail(catalog_item_done(c, &second, &e), ERROR_LEASE_LOST, "", &e);
    catalog_close(c);
}

/* Who has lost the lease undoes with it what it was to be recorded with. */
static void queue_lost_effect(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_item item;
    struct error e = ERROR_INIT;

    (void)state;
    add_item(c, 1, "a");
    item = claim(c, 10, "a");
    item.token--;
    must(catalog_begin(c, &e), &e);
    must(catalog_setting_set(c, "effect", "x", &e), &e);
    must_fail(catalog_item_done(c, &item, &e), ERROR_LEASE_LOST, "", &e);
    assert_int_equal(catalog_commit(c, &e), -1);
    e = ERROR_INIT;
    assert_null(catalog_setting_get(c, "effect", &e));
    item.token++;
    memcpy(item.task, "t-0123456789ab", sizeof(item.task));
    must(catalog_item_renew(c, &item, long_ns, &e), &e);
    must(catalog_item_get(c, item.id, &item, &e), &e);
    assert_string_equal(item.task, "t-0123456789ab");
    must(catalog_item_release(c, &item, &e), &e);
    item = claim(c, 10, "a");
    assert_int_equal(item.attempts, 1); /* the first one did not count */
    assert_int_equal(item.token, 2);
    catalog_close(c);
}

/* The lease of a process that is gone ends with it, whatever its time. */
static void queue_dead_process(void **state)
{
    struct catalog *c = open_lanes();
    struct catalog_item item;
    struct error e = ERROR_INIT;
    int64_t due_ns;
    int status;

    (void)state;
    add_item(c, 1, "a");
    catalog_close(c);
    pid_t child = fork();
    if (child == 0) {
        if (catalog_open(scratch_path("s"), 0, &c, &e) != 0 ||
            catalog_item_claim(c, 10, long_ns, 0, &item, &e) != 1)
            _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    c = open_catalog("s");
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 1);
    assert_int_equal(due_ns, 1);
    item = claim(c, 10, "a");
    assert_int_equal(item.token, 2);
    assert_non_null(strstr(last_error(c, item.id).why.text, "interrupted"));
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 0); /* ours is alive */
    claim_none(c, 10, 0);
    catalog_close(c);
}

static int count_errors(void *context, const struct catalog_item_error *error, struct error *e)
{
    (void)error, (void)e;
    ++*(unsigned *)context;
    return 0;
}

static void queue_dead_letter(void **state)
{
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT, why = ERROR_INIT;
    struct catalog_item item = add_item(c, 1, "a");
    unsigned errors = 0;
    uint64_t count = 9;

    (void)state;
    error_set(&why, LAGAN_NO_SPACE, ERROR_NO_SPACE, "full");
    for (int i = 1; i <= 25; i++) {
        item = claim(c, i, "a");
        must(catalog_item_fail(c, &item, &why, i < 25 ? i + 1 : 0, &e), &e);
        claim_none(c, i, 0);
    }
    must(catalog_item_get(c, item.id, &item, &e), &e);
    assert_int_equal(item.state, CATALOG_ITEM_DEAD);
    assert_int_equal(item.attempts, 25);
    assert_true(item.first_failure_ns > 0);
    claim_none(c, INT64_MAX, 0);
    must(catalog_item_errors(c, item.id, count_errors, &errors, &e), &e);
    assert_int_equal(errors, CATALOG_ITEM_ERRORS);
    struct catalog_item_error last = last_error(c, item.id);
    assert_int_equal(last.attempt, 25);
    assert_int_equal(last.why.code, ERROR_NO_SPACE);
    assert_int_equal(last.why.error_class, LAGAN_NO_SPACE);
    assert_string_equal(last.why.text, "full");
    must(catalog_item_replay(c, item.id + 1, NULL, &count, &e), &e);
    assert_int_equal(count, 0);
    must(catalog_item_replay(c, 0, item.lane, &count, &e), &e);
    assert_int_equal(count, 1);
    item = claim(c, clock_wall_ns(), "a");
    assert_int_equal(item.attempts, 1);
    assert_int_equal(item.first_failure_ns, 0);
    must(catalog_item_fail(c, &item, &why, 0, &e), &e);
    errors = 0;
    must(catalog_item_errors(c, item.id, count_errors, &errors, &e), &e);
    assert_int_equal(errors, CATALOG_ITEM_ERRORS); /* the old ones stay with it */
    must_be_sound(c);
    catalog_close(c);
}

static void queue_cancel(void **state)
{
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT, why = ERROR_INIT;
    struct catalog_item a = add_item(c, 1, "a"), b = add_item(c, 1, "b");
    char text[200];

    (void)state;
    error_set(&why, LAGAN_IO, ERROR_FAILED, "x");
    must(catalog_item_cancel(c, b.id, &e), &e);
    assert_int_equal(catalog_item_cancel(c, b.id, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    a = claim(c, 10, "a");
    must_fail(catalog_item_cancel(c, a.id, &e), ERROR_CONFLICT, "worked on", &e);
    assert_string_equal(items_text(c, 1, text, sizeof(text)), "!copy:a@1 ");
    must(catalog_item_fail(c, &a, &why, 0, &e), &e);
    assert_string_equal(items_text(c, 1, text, sizeof(text)), "+copy:a@1 ");
    must(catalog_item_cancel(c, a.id, &e), &e);
    assert_string_equal(items_text(c, 1, text, sizeof(text)), "");
    assert_int_equal(last_error(c, a.id).attempt, 0);
    catalog_close(c);
}

/* ---- what it costs ---- */

enum { MANY = 10000 };

static void add_many(struct catalog *c)
{
    struct error e = ERROR_INIT;

    must(catalog_begin(c, &e), &e);
    for (int i = 0; i < MANY; i++) {
        char subject[16];
        snprintf(subject, sizeof(subject), "b%05d", i);
        add_item(c, 1, subject);
    }
    must(catalog_commit(c, &e), &e);
}

/* Fails when the statement reads items without looking them up. */
static void judge_plan(struct catalog *c, const char *sql)
{
    sqlite3_stmt *plan = NULL;
    char text[4096];

    snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
    assert_int_equal(sqlite3_prepare_v2(c->db, text, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(plan, 3);
        bool by_running = strstr(line, "INDEX items_running") != NULL;
        if ((strstr(line, "SCAN items") != NULL || strstr(line, "SCAN i ") != NULL) &&
            !by_running)
            fail_msg("%s: %s", sql, line);
        if (strstr(line, "TEMP B-TREE") != NULL && strstr(sql, "lanes") == NULL)
            fail_msg("%s: %s", sql, line);
    }
    sqlite3_finalize(plan);
}

/* No statement of a worker's round looks at all items. */
static void queue_plans(void **state)
{
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT, why = ERROR_INIT;
    struct catalog_item item;
    unsigned judged = 0;
    int64_t due_ns;

    (void)state;
    error_set(&why, LAGAN_IO, ERROR_FAILED, "x");
    catalog_close(c);
    c = open_catalog("s");
    add_item(c, 1, "a");
    add_item(c, 1, "b");
    item = claim(c, 10, "a");
    must(catalog_item_renew(c, &item, long_ns, &e), &e);
    must(catalog_item_fail(c, &item, &why, 5, &e), &e);
    item = claim(c, 10, "b");
    must(catalog_item_release(c, &item, &e), &e);
    item = claim(c, 10, "b");
    must(catalog_item_done(c, &item, &e), &e);
    assert_int_equal(catalog_item_next_due(c, &due_ns, &e), 1);
    for (size_t i = 0; i < c->statement_count; i++) {
        if (strstr(c->statements[i].sql, "items") == NULL)
            continue;
        judge_plan(c, c->statements[i].sql);
        judged++;
    }
    assert_true(judged >= 10);
    catalog_close(c);
}

/* Of this process: others on the machine do not count. */
static int64_t processor_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* The last ones cost as much as the first ones. */
static void queue_drains_evenly(void **state)
{
    enum { TENTHS = 10 };
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT;
    struct catalog_item item;
    int64_t tenths[TENTHS];

    (void)state;
    add_many(c);
    for (int tenth = 0; tenth < TENTHS; tenth++) {
        int64_t start_ns = processor_ns();
        for (int i = 0; i < MANY / TENTHS; i++) {
            assert_int_equal(catalog_item_claim(c, 10, long_ns, 8, &item, &e), 1);
            must(catalog_begin(c, &e), &e);
            must(catalog_item_done(c, &item, &e), &e);
            must(catalog_commit(c, &e), &e);
        }
        tenths[tenth] = processor_ns() - start_ns;
    }
    claim_none(c, 10, 0);
    print_message("first tenth %lld us, last tenth %lld us of %d items\n",
                  (long long)tenths[0] / 1000, (long long)tenths[TENTHS - 1] / 1000, MANY);
    assert_true(tenths[TENTHS - 1] <= 3 * tenths[0]);
    catalog_close(c);
}

static int count_item(void *context, const struct catalog_item *item, struct error *e)
{
    (void)item, (void)e;
    ++*(unsigned *)context;
    return 0;
}

/* 100 restarts, each with some work done and some left behind. */
static void queue_survives_restarts(void **state)
{
    enum { RESTARTS = 100, EACH = 3 };
    struct catalog *c = open_lanes();
    struct error e = ERROR_INIT;
    struct catalog_item item;
    unsigned left = 0;

    (void)state;
    add_many(c);
    for (int i = 0; i < RESTARTS; i++) {
        catalog_close(c);
        c = open_catalog("s");
        for (int k = 0; k < EACH; k++) {
            assert_int_equal(catalog_item_claim(c, 10, long_ns, 0, &item, &e), 1);
            must(k == 0 ? catalog_item_done(c, &item, &e) : catalog_item_release(c, &item, &e),
                 &e);
        }
    }
    must(catalog_item_list(c, NULL, CATALOG_ITEM_WAITING, count_item, &left, &e), &e);
    assert_int_equal(left, MANY - RESTARTS);
    must_be_sound(c);
    catalog_close(c);
}

/* In a child: works until nothing is left, and tells what it has done. */
static void drain_as_worker(int pipe_end)
{
    struct catalog *c = NULL;
    struct error e = ERROR_INIT;
    struct catalog_item item;
    int found;

    if (catalog_open(scratch_path("s"), 0, &c, &e) != 0)
        _exit(1);
    while ((found = catalog_item_claim(c, 10, long_ns, 0, &item, &e)) > 0) {
        if (catalog_item_done(c, &item, &e) != 0 ||
            write(pipe_end, &item.id, sizeof(item.id)) != sizeof(item.id))
            found = -1;
        if (found < 0)
            break;
    }
    if (found < 0)
        fprintf(stderr, "%s\n", e.text);
    catalog_close(c);
    _exit(found < 0);
}

/* Several processes on one queue: each item is done by one of them. */
static void queue_several_workers(void **state)
{
    enum { WORKERS = 3, ITEMS = 300 };
    struct catalog *c = open_lanes();
    bool seen[ITEMS + 1] = {false};
    pid_t children[WORKERS];
    int ends[2], status, count = 0;
    int64_t id;

    (void)state;
    for (int i = 0; i < ITEMS; i++) {
        char subject[16];
        snprintf(subject, sizeof(subject), "i%d", i);
        add_item(c, (uint8_t)(1 + i % 3), subject);
    }
    catalog_close(c);
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < WORKERS; i++)
        if ((children[i] = fork()) == 0)
            drain_as_worker(ends[1]);
    close(ends[1]);
    while (read(ends[0], &id, sizeof(id)) == sizeof(id)) {
        assert_true(id >= 1 && id <= ITEMS && !seen[id]);
        seen[id] = true;
        count++;
    }
    close(ends[0]);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count, ITEMS);
    c = open_catalog("s");
    must_be_sound(c);
    catalog_close(c);
}

static const struct CMUnitTest tests[] = {
    scratch_test(queue_order),           scratch_test(queue_inserts_once),
    scratch_test(queue_fairness),        scratch_test(queue_lanes),
    scratch_test(queue_next_due),        scratch_test(queue_lease_expires),
    scratch_test(queue_lost_effect),     scratch_test(queue_dead_process),
    scratch_test(queue_dead_letter),     scratch_test(queue_cancel),
    scratch_test(queue_several_workers), scratch_test(queue_plans),
    scratch_test(queue_drains_evenly),   scratch_test(queue_survives_restarts),
};

UNIT_MAIN(tests)
