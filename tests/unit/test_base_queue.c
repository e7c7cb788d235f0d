/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_queue.c - the bounded queue: order, waiting, end, cancellation. */
#include "base/queue.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static int numbers[1000];

static void queue_keeps_order(void **state)
{
    struct queue *q = queue_new(3);

    (void)state;
    assert_null(queue_try_take(q));
    for (int round = 0; round < 5; round++) {
        assert_true(queue_put(q, &numbers[round]));
        assert_true(queue_put(q, &numbers[round + 1]));
        assert_ptr_equal(queue_take(q), &numbers[round]);
        assert_ptr_equal(queue_try_take(q), &numbers[round + 1]);
    }
    queue_free(q);
    queue_free(NULL);
}

static void queue_close_drains(void **state)
{
    struct queue *q = queue_new(4);

    (void)state;
    queue_put(q, &numbers[1]);
    queue_put(q, &numbers[2]);
    queue_close(q);
    assert_false(queue_put(q, &numbers[3]));
    assert_ptr_equal(queue_take(q), &numbers[1]);
    assert_ptr_equal(queue_take(q), &numbers[2]);
    assert_null(queue_take(q));
    assert_null(queue_take(q));
    queue_free(q);
}

static void queue_cancel_stops(void **state)
{
    struct queue *q = queue_new(4);

    (void)state;
    queue_put(q, &numbers[1]);
    queue_put(q, &numbers[2]);
    queue_cancel(q);
    assert_false(queue_put(q, &numbers[3]));
    assert_null(queue_take(q));
    assert_ptr_equal(queue_try_take(q), &numbers[1]);
    queue_close(q);
    assert_null(queue_take(q));
    queue_free(q);
}

static void queue_too_big(void **state)
{
    (void)state;
    assert_null(queue_new(SIZE_MAX));
    assert_null(queue_new(SIZE_MAX / sizeof(void *)));
}

struct waiter {
    struct queue *queue;
    _Atomic int entered;
    bool put;
    bool ended; /* the call failed as it should */
};

static void *wait_in_queue(void *argument)
{
    struct waiter *w = argument;

    atomic_store(&w->entered, 1);
    w->ended = w->put ? !queue_put(w->queue, &numbers[9]) : queue_take(w->queue) == NULL;
    return NULL;
}

/* A thread that waits in the queue is woken by `finish`, and its call fails. */
static void wakes(bool put, void (*finish)(struct queue *q))
{
    struct waiter w = {.queue = queue_new(1), .put = put};
    pthread_t thread;

    if (put)
        queue_put(w.queue, &numbers[0]);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_queue, &w), 0);
    while (atomic_load(&w.entered) == 0)
        usleep(100);
    usleep(2000);
    finish(w.queue);
    pthread_join(thread, NULL);
    assert_true(w.ended);
    queue_cancel(w.queue);
    queue_free(w.queue);
}

static void queue_wakes_waiters(void **state)
{
    (void)state;
    wakes(true, queue_close);
    wakes(true, queue_cancel);
    wakes(false, queue_close);
    wakes(false, queue_cancel);
}

static _Atomic int taken[1000];

static void *produce(void *argument)
{
    static _Atomic int next;

    for (int i; (i = atomic_fetch_add(&next, 1)) < 1000;)
        queue_put(argument, &numbers[i]);
    return NULL;
}

static void *consume(void *argument)
{
    for (int *item; (item = queue_take(argument)) != NULL;)
        atomic_fetch_add(&taken[item - numbers], 1);
    return NULL;
}

static void queue_many_threads(void **state)
{
    struct queue *q = queue_new(2);
    pthread_t producers[3], consumers[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&producers[i], NULL, produce, q), 0);
        assert_int_equal(pthread_create(&consumers[i], NULL, consume, q), 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(producers[i], NULL);
    queue_close(q);
    for (int i = 0; i < 3; i++)
        pthread_join(consumers[i], NULL);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(atomic_load(&taken[i]), 1);
    queue_free(q);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(queue_keeps_order),   cmocka_unit_test(queue_close_drains),
    cmocka_unit_test(queue_cancel_stops),  cmocka_unit_test(queue_too_big),
    cmocka_unit_test(queue_wakes_waiters), cmocka_unit_test(queue_many_threads),
};
UNIT_MAIN(tests)
