/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_pool.c - worker threads and the ordered pipe. */
#include "base/pool.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { ITEMS = 2000, LIMIT = 5 };

struct job {
    int number;
    int square;
};

static struct job jobs[ITEMS];
static _Atomic int runs;
static _Atomic int inside;
static _Atomic int most_inside;

static void square(void *item)
{
    struct job *j = item;
    int now = atomic_fetch_add(&inside, 1) + 1, most = atomic_load(&most_inside);

    while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
        ;
    /* Uneven, so that items overtake each other. */
    if (j->number % 7 == 0)
        usleep(50);
    j->square = j->number * j->number;
    atomic_fetch_add(&runs, 1);
    atomic_fetch_sub(&inside, 1);
}

static int reset(void **state)
{
    (void)state;
    for (int i = 0; i < ITEMS; i++)
        jobs[i] = (struct job){.number = i, .square = -1};
    atomic_store(&runs, 0);
    atomic_store(&most_inside, 0);
    return 0;
}

static void pool_finishes_all(void **state)
{
    struct error e = ERROR_INIT;
    struct pool *p = pool_new(3, 4, &e);

    (void)state;
    assert_non_null(p);
    for (int i = 0; i < ITEMS; i++)
        pool_submit(p, square, &jobs[i]);
    pool_free(p);
    assert_int_equal(atomic_load(&runs), ITEMS);
    assert_int_equal(jobs[ITEMS - 1].square, (ITEMS - 1) * (ITEMS - 1));
    assert_in_range(atomic_load(&most_inside), 1, 3);
    pool_free(NULL);
}

static void pool_counts_processors(void **state)
{
    (void)state;
    assert_in_range(pool_processors(), 1, 100000);
}

static void see_mask(void *item)
{
    sigset_t *mask = item;

    pthread_sigmask(SIG_SETMASK, NULL, mask);
}

static void pool_leaves_signals_alone(void **state)
{
    struct error e = ERROR_INIT;
    struct pool *p = pool_new(1, 1, &e);
    sigset_t mask, own;

    (void)state;
    sigemptyset(&mask);
    pool_submit(p, see_mask, &mask);
    pool_free(p);
    assert_int_equal(sigismember(&mask, SIGINT), 1);
    assert_int_equal(sigismember(&mask, SIGTERM), 1);
    pthread_sigmask(SIG_SETMASK, NULL, &own);
    assert_int_equal(sigismember(&own, SIGINT), 0);
}

static void *put_all(void *argument)
{
    for (int i = 0; i < ITEMS; i++)
        pipe_put(argument, &jobs[i]);
    pipe_close(argument);
    return NULL;
}

static void pipe_keeps_order(void **state)
{
    struct error e = ERROR_INIT;
    struct pool *p = pool_new(4, 2, &e);
    struct pipe *line = pipe_new(p, LIMIT, square, &e);
    pthread_t thread;
    int next = 0;

    (void)state;
    assert_non_null(line);
    assert_int_equal(pthread_create(&thread, NULL, put_all, line), 0);
    for (struct job *j; (j = pipe_take(line)) != NULL; next++) {
        assert_int_equal(j->number, next);
        assert_int_equal(j->square, next * next);
    }
    assert_int_equal(next, ITEMS);
    pthread_join(thread, NULL);
    pipe_free(line);
    pool_free(p);
}

static void pipe_on_one_thread(void **state)
{
    struct error e = ERROR_INIT;
    struct pool *p = pool_new(2, 1, &e);
    struct pipe *line = pipe_new(p, LIMIT, square, &e);
    struct job *j;
    int next = 0;

    (void)state;
    assert_null(pipe_take_if_any(line));
    for (int i = 0; i < 100; i++) {
        if (pipe_full(line)) {
            assert_in_range(i, LIMIT, 100);
            j = pipe_take_if_any(line);
            assert_int_equal(j->square, next * next);
            next++;
        }
        pipe_put(line, &jobs[i]);
    }
    assert_int_equal(next, 100 - LIMIT);
    while ((j = pipe_take_if_any(line)) != NULL) {
        assert_int_equal(j->number, next);
        next++;
    }
    assert_int_equal(next, 100);
    pipe_close(line);
    assert_null(pipe_take(line));
    pipe_free(line);
    pipe_free(NULL);
    pool_free(p);
}

static void pipe_two_share_a_pool(void **state)
{
    struct error e = ERROR_INIT;
    struct pool *p = pool_new(2, 3, &e);
    struct pipe *lines[2] = {pipe_new(p, 4, square, &e), pipe_new(p, 4, square, &e)};

    (void)state;
    for (int i = 0; i < 200; i++) {
        pipe_put(lines[0], &jobs[2 * i]);
        pipe_put(lines[1], &jobs[2 * i + 1]);
        assert_ptr_equal(pipe_take(lines[1]), &jobs[2 * i + 1]);
        assert_ptr_equal(pipe_take(lines[0]), &jobs[2 * i]);
    }
    assert_int_equal(atomic_load(&runs), 400);
    pipe_free(lines[0]);
    pipe_free(lines[1]);
    pool_free(p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(pool_finishes_all, reset),
    cmocka_unit_test(pool_counts_processors),
    cmocka_unit_test(pool_leaves_signals_alone),
    cmocka_unit_test_setup(pipe_keeps_order, reset),
    cmocka_unit_test_setup(pipe_on_one_thread, reset),
    cmocka_unit_test_setup(pipe_two_share_a_pool, reset),
};
UNIT_MAIN(tests)
