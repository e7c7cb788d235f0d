/* SPDX-License-Identifier: Apache-2.0 */
/* test_mirror_share.c - several processes bring one mirror up to date; one of them is stopped
 * until its lease is over, and goes on when another has done its work. */
#include "driver_fixture.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKUPS = 60, LEASE_MS = 300 };

static const char *const vaults[] = {"main", "second"};

/* Two mirrors that are owed half of the backups each, and a key slot. */
static void make_work(struct world *w)
{
    world_make(w, "tgt_dir");
    for (int i = 0; i < 2; i++) {
        world_vault(w, vaults[i]);
        world_mirror(w, vaults[i], i == 0 ? "west" : "north");
        world_backup(w, vaults[i], NULL);
        world_backups(w, vaults[i], BACKUPS / 2 - 1);
    }
    world_close(w);
}

/* A process of its own that works until nothing is due, and tells how many items it did.  It
 * waits for a byte from `gate` first, unless that is negative. */
static pid_t start_worker(struct world *w, int gate, int pipe_end)
{
    struct work_result result = {0};
    struct error e = ERROR_INIT;

    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    alarm(60); /* never for long */
    world_join(w);
    char go;
    if (gate >= 0 && read(gate, &go, 1) != 1)
        _exit(1);
    int worked = world_try(w, &result, &e);
    world_close(w);
    if (worked != 0)
        fprintf(stderr, "a worker has failed: %s\n", e.text);
    else if (write(pipe_end, &result.done, sizeof(result.done)) != sizeof(result.done))
        worked = -1;
    _exit(worked == 0 ? 0 : 1);
}

static uint64_t end_worker(pid_t child, int pipe_end)
{
    uint64_t done = 0;
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(read(pipe_end, &done, sizeof(done)), sizeof(done));
    return done;
}

static void expect_done_once(struct world *w)
{
    world_join(w);
    assert_int_equal(world_work(w).done, 0);
    for (int i = 0; i < 2; i++)
        world_expect_sync(w, vaults[i]);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_SUCCESS, "copy "), BACKUPS);
    assert_int_equal(world_tasks(w, CATALOG_TASK_STATE_RUNNING, ""), 0);
}

/* False when one of them came too late for any item. */
static bool share_a_queue(void)
{
    struct world w;
    uint64_t done[2];
    pid_t children[2];
    int ends[2], gate[2];

    make_work(&w);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < 2; i++)
        children[i] = start_worker(&w, gate[0], ends[1]);
    usleep(100000);
    assert_int_equal(write(gate[1], "12", 2), 2);
    for (int i = 0; i < 2; i++)
        done[i] = end_worker(children[i], ends[0]);
    print_message("%llu and %llu items\n", (unsigned long long)done[0],
                  (unsigned long long)done[1]);
    assert_int_equal(done[0] + done[1], BACKUPS + 2);
    expect_done_once(&w);
    world_drop(&w);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(gate[i]);
    }
    return done[0] > 0 && done[1] > 0;
}

static void workers_share_a_queue(void **state)
{
    int times = 0;

    (void)state;
    /* A busy machine may let one of them wait. */
    while (!share_a_queue())
        assert_true(++times < 5);
}

/* The worker stops with this item that it starts in hand. */
static unsigned stop_at;

static int stop(struct world *w, const struct work_news *news)
{
    static unsigned started;

    (void)w;
    if (news->kind == WORK_STARTED && ++started == stop_at)
        raise(SIGSTOP);
    return 0;
}

/* Whether somebody is writing to the catalog. */
static bool is_written(const struct world *w)
{
    char path[256];
    sqlite3 *db = NULL;

    snprintf(path, sizeof(path), "%s/state-%u/%s", w->scratch, w->number, CATALOG_FILE);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    int status = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_true(status == SQLITE_OK || status == SQLITE_BUSY);
    return status == SQLITE_BUSY;
}

/* Another thread of it may have been about to write.  Stopped then it would keep everybody from
 * the catalog, whatever the leases say: that is not what is looked at here. */
static void stop_elsewhere(const struct world *w, pid_t child)
{
    int status = 0;

    for (int times = 0; is_written(w); times++) {
        assert_true(times < 1000);
        kill(child, SIGCONT);
        usleep(200);
        kill(child, SIGSTOP);
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
        assert_true(WIFSTOPPED(status));
    }
}

/* Returns when it stands still. */
static pid_t start_stopping(struct world *w, unsigned at, int64_t lease_ns, int pipe_end)
{
    int status = 0;

    stop_at = at;
    w->lease_ns = lease_ns;
    w->each_news = stop;
    pid_t child = start_worker(w, -1, pipe_end);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
    stop_elsewhere(w, child);
    w->each_news = NULL;
    return child;
}

static uint64_t go_on(pid_t child, int pipe_end)
{
    assert_int_equal(kill(child, SIGCONT), 0);
    return end_worker(child, pipe_end);
}

static unsigned running(struct world *w)
{
    world_join(w);
    unsigned count = world_items(w, CATALOG_ITEM_RUNNING);
    world_close(w);
    return count;
}

static const int64_t lease_ns = LEASE_MS * INT64_C(1000000);

/* Another has done its items when it goes on. */
static void worker_without_its_lease(void **state)
{
    struct world w;
    int ends[2];

    (void)state;
    make_work(&w);
    assert_int_equal(pipe(ends), 0);
    pid_t stopped = start_stopping(&w, 10, lease_ns, ends[1]);
    assert_in_range(running(&w), 1, 4);
    usleep((LEASE_MS + 50) * 1000);
    uint64_t others = end_worker(start_worker(&w, -1, ends[1]), ends[0]);
    uint64_t own = go_on(stopped, ends[0]);
    print_message("%llu items by the one that was stopped, %llu by the other\n",
                  (unsigned long long)own, (unsigned long long)others);
    assert_int_equal(own + others, BACKUPS + 2);
    assert_in_range(own, 5, 10);
    expect_done_once(&w);
    world_drop(&w);
    close(ends[0]);
    close(ends[1]);
}

/* Another has its items in hand when it goes on: they are not its own any more. */
static void worker_without_power(void **state)
{
    struct world w;
    int ends[2];

    (void)state;
    make_work(&w);
    assert_int_equal(pipe(ends), 0);
    pid_t first = start_stopping(&w, 10, lease_ns, ends[1]);
    usleep((LEASE_MS + 50) * 1000);
    pid_t second = start_stopping(&w, 1, 0, ends[1]);
    unsigned held = running(&w);
    assert_in_range(held, 1, 4);
    uint64_t done = go_on(first, ends[0]);
    assert_int_equal(running(&w), held);
    done += go_on(second, ends[0]);
    assert_int_equal(done, BACKUPS + 2);
    expect_done_once(&w);
    world_drop(&w);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_share_a_queue),
        cmocka_unit_test(worker_without_its_lease),
        cmocka_unit_test(worker_without_power),
    };
    return cmocka_run_group_tests(tests, world_setup, NULL);
}
