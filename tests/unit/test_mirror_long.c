/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mirror_long.c - a long queue: a mirror is owed a thousand backups, or ten thousand with
 * LAGAN_TEST_ALL=1.  The worker is killed again and again in the midst of it, and each item
 * costs at the end what it cost at the start.
 *
 * The backups are real - each has a seal of its own, signed, and is read, proved and stored
 * like any other - but they share their packs.
 */
#include "driver_fixture.h"
#include "mirror_fixture.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TENTHS = 10, EACH = 7 /* items between two deaths */ };

/* Of all threads of this process; others on the machine do not count. */
static int64_t processor_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int die_on_the_way(struct world *w, const struct work_news *news)
{
    static unsigned done;

    (void)w;
    if (news->kind == WORK_DONE && ++done == EACH)
        raise(SIGKILL);
    return 0;
}

static void kill_worker(struct world *w)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct work_result result;
        struct error e = ERROR_INIT;
        alarm(100);
        w->each_news = die_on_the_way;
        world_join(w);
        world_try(w, &result, &e);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static struct {
    unsigned items, done;
    int64_t start_ns, tenths[TENTHS];
} drain;

static int measure(struct world *w, const struct work_news *news)
{
    unsigned tenth = drain.done * TENTHS / drain.items;

    (void)w;
    if (news->kind != WORK_DONE)
        return 0;
    drain.done++;
    if (drain.done * TENTHS / drain.items == tenth)
        return 0;
    drain.tenths[tenth] = processor_ns() - drain.start_ns;
    drain.start_ns += drain.tenths[tenth];
    return 0;
}

/* What is left is drained in one go. */
static void drain_rest(struct world *w)
{
    int64_t first, last;

    drain.items = world_items(w, CATALOG_ITEM_WAITING) + world_items(w, CATALOG_ITEM_RUNNING);
    drain.done = 0;
    drain.start_ns = processor_ns();
    w->each_news = measure;
    assert_int_equal(world_work(w).done, drain.items);
    w->each_news = NULL;
    /* The very first opens the two vaults. */
    first = drain.tenths[1];
    last = drain.tenths[TENTHS - 1];
    print_message("%u items, in microseconds each:", drain.items);
    for (int i = 0; i < TENTHS; i++)
        print_message(" %lld",
                      (long long)drain.tenths[i] * TENTHS / 1000 / (long long)drain.items);
    print_message("; the last cost %.2f times the first\n", (double)last / (double)first);
    assert_true(last <= 3 * first);
}

static void long_queue(void **state)
{
    bool all = getenv("LAGAN_TEST_ALL") != NULL;
    unsigned backups = all ? 10000 : 1000, restarts = all ? 100 : 10;
    struct world w;

    (void)state;
    world_make(&w, "tgt_dir");
    world_vault(&w, "main");
    world_backup(&w, "main", NULL);
    world_backups(&w, "main", backups - 1);
    world_mirror(&w, "main", "west");
    world_close(&w);
    for (unsigned i = 1; i <= restarts; i++) {
        kill_worker(&w);
        world_join(&w);
        unsigned done = world_tasks(&w, CATALOG_TASK_STATE_SUCCESS, "");
        unsigned left =
            world_items(&w, CATALOG_ITEM_WAITING) + world_items(&w, CATALOG_ITEM_RUNNING);
        assert_int_equal(done + left, backups + 1); /* and a key slot */
        assert_true(done >= i * EACH);
        world_close(&w);
    }
    world_join(&w);
    drain_rest(&w);
    world_expect_sync(&w, "main");
    world_drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_queue)};

    return cmocka_run_group_tests(tests, world_setup, NULL);
}
