/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c - a ring of pointers under one lock. */
#include "base/queue.h"
#include "base/object.h"

#include <pthread.h>
#include <stdlib.h>

enum { QUEUE_MAGIC = 0x51554555 };

struct queue {
    uint32_t magic;
    bool closed;
    bool cancelled;
    pthread_mutex_t lock;
    pthread_cond_t changed_room;  /* an item left, or the end was declared */
    pthread_cond_t changed_items; /* an item came, or the end was declared */
    size_t limit;
    size_t first;
    size_t count;
    void *items[];
};

struct queue *queue_new(size_t limit)
{
    struct queue *q;
    size_t bytes;

    ASSERT(limit >= 1);
    if (__builtin_mul_overflow(limit, sizeof(void *), &bytes) ||
        __builtin_add_overflow(bytes, sizeof(*q), &bytes))
        return NULL;
    q = calloc(1, bytes);
    if (q == NULL)
        return NULL;
    q->magic = QUEUE_MAGIC;
    q->limit = limit;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed_room, NULL);
    pthread_cond_init(&q->changed_items, NULL);
    return q;
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    OBJECT_CHECK(q, QUEUE_MAGIC);
    ASSERT(q->count == 0 || q->cancelled);
    q->magic = 0;
    pthread_cond_destroy(&q->changed_items);
    pthread_cond_destroy(&q->changed_room);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

/* Both under the lock. */
static void push(struct queue *q, void *item)
{
    q->items[(q->first + q->count) % q->limit] = item;
    q->count++;
    pthread_cond_signal(&q->changed_items);
}

static void *pop(struct queue *q)
{
    void *item = q->items[q->first];

    q->first = (q->first + 1) % q->limit;
    q->count--;
    pthread_cond_signal(&q->changed_room);
    return item;
}

bool queue_put(struct queue *q, void *item)
{
    OBJECT_CHECK(q, QUEUE_MAGIC);
    ASSERT(item != NULL);
    pthread_mutex_lock(&q->lock);
    while (q->count == q->limit && !q->closed)
        pthread_cond_wait(&q->changed_room, &q->lock);
    bool taken = !q->closed;
    if (taken)
        push(q, item);
    pthread_mutex_unlock(&q->lock);
    return taken;
}

void *queue_take(struct queue *q)
{
    OBJECT_CHECK(q, QUEUE_MAGIC);
    pthread_mutex_lock(&q->lock);
    while (q->count == 0 && !q->closed)
        pthread_cond_wait(&q->changed_items, &q->lock);
    void *item = q->count > 0 && !q->cancelled ? pop(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return item;
}

void *queue_try_take(struct queue *q)
{
    OBJECT_CHECK(q, QUEUE_MAGIC);
    pthread_mutex_lock(&q->lock);
    void *item = q->count > 0 ? pop(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return item;
}

static void end(struct queue *q, bool cancelled)
{
    OBJECT_CHECK(q, QUEUE_MAGIC);
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    q->cancelled = q->cancelled || cancelled;
    pthread_cond_broadcast(&q->changed_room);
    pthread_cond_broadcast(&q->changed_items);
    pthread_mutex_unlock(&q->lock);
}

void queue_close(struct queue *q)
{
    end(q, false);
}

void queue_cancel(struct queue *q)
{
    end(q, true);
}
