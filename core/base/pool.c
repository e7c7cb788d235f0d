/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - worker threads fed by a bounded ring, and the ordered pipe on top of them. */
#include "base/pool.h"
#include "base/object.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { POOL_MAGIC = 0x504f4f4c, PIPE_MAGIC = 0x50495045 };

struct work {
    void (*run)(void *item);
    void *item;
};

struct pool {
    uint32_t magic;
    bool ending;
    pthread_mutex_t lock;
    pthread_cond_t changed_room; /* work left the ring */
    pthread_cond_t changed_work; /* work came, or the end was declared */
    pthread_t *threads;
    unsigned thread_count;
    struct work *ring;
    size_t limit;
    size_t first;
    size_t count;
};

unsigned pool_processors(void)
{
    cpu_set_t allowed;
    long online;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return (unsigned)CPU_COUNT(&allowed);
    /* More processors than the fixed set can hold. */
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

/* Waits for work; false at the end. */
static bool next_work(struct pool *p, struct work *w)
{
    pthread_mutex_lock(&p->lock);
    while (p->count == 0 && !p->ending)
        pthread_cond_wait(&p->changed_work, &p->lock);
    bool found = p->count > 0;
    if (found) {
        *w = p->ring[p->first];
        p->first = (p->first + 1) % p->limit;
        p->count--;
        pthread_cond_signal(&p->changed_room);
    }
    pthread_mutex_unlock(&p->lock);
    return found;
}

static void *worker(void *argument)
{
    struct pool *p = argument;
    struct work w;

    while (next_work(p, &w))
        w.run(w.item);
    return NULL;
}

/* Signals are for the thread that started the pool. */
static int start_threads(struct pool *p, unsigned threads)
{
    sigset_t all, before;
    int number = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->thread_count < threads && number == 0) {
        number = pthread_create(&p->threads[p->thread_count], NULL, worker, p);
        if (number == 0)
            p->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

struct pool *pool_new(unsigned threads, size_t limit, struct error *e)
{
    struct pool *p;

    ASSERT(threads >= 1 && limit >= 1);
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        error_no_memory(e, "starting a thread pool");
        return NULL;
    }
    p->magic = POOL_MAGIC;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed_room, NULL);
    pthread_cond_init(&p->changed_work, NULL);
    p->limit = limit;
    p->threads = calloc(threads, sizeof(*p->threads));
    p->ring = calloc(limit, sizeof(*p->ring));
    if (p->threads == NULL || p->ring == NULL) {
        error_no_memory(e, "starting a thread pool");
        goto fail;
    }
    int number = start_threads(p, threads);
    if (number != 0) {
        error_errno(e, number, "cannot start a worker thread");
        goto fail;
    }
    return p;

fail:
    pool_free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    OBJECT_CHECK(p, POOL_MAGIC);
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->changed_work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    p->magic = 0;
    pthread_cond_destroy(&p->changed_work);
    pthread_cond_destroy(&p->changed_room);
    pthread_mutex_destroy(&p->lock);
    free(p->ring);
    free(p->threads);
    free(p);
}

void pool_submit(struct pool *p, void (*run)(void *item), void *item)
{
    OBJECT_CHECK(p, POOL_MAGIC);
    pthread_mutex_lock(&p->lock);
    ASSERT(!p->ending);
    while (p->count == p->limit)
        pthread_cond_wait(&p->changed_room, &p->lock);
    p->ring[(p->first + p->count) % p->limit] = (struct work){run, item};
    p->count++;
    pthread_cond_signal(&p->changed_work);
    pthread_mutex_unlock(&p->lock);
}

struct slot {
    struct pipe *pipe;
    void *item;
    bool done;
};

struct pipe {
    uint32_t magic;
    bool closed;
    pthread_mutex_t lock;
    pthread_cond_t
        changed; /* a slot was filled, finished or emptied, or the end was declared */
    struct pool *pool;
    void (*run)(void *item);
    size_t limit;
    size_t first;
    size_t count;
    struct slot slots[];
};

struct pipe *pipe_new(struct pool *p, size_t limit, void (*run)(void *item), struct error *e)
{
    struct pipe *made = NULL;
    size_t bytes;

    OBJECT_CHECK(p, POOL_MAGIC);
    ASSERT(limit >= 1);
    if (!__builtin_mul_overflow(limit, sizeof(struct slot), &bytes) &&
        !__builtin_add_overflow(bytes, sizeof(*made), &bytes))
        made = calloc(1, bytes);
    if (made == NULL) {
        error_no_memory(e, "making a pipe between threads");
        return NULL;
    }
    made->magic = PIPE_MAGIC;
    made->pool = p;
    made->run = run;
    made->limit = limit;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    return made;
}

void pipe_free(struct pipe *p)
{
    if (p == NULL)
        return;
    OBJECT_CHECK(p, PIPE_MAGIC);
    /* The lock also waits for the worker of the last item to have left it. */
    pthread_mutex_lock(&p->lock);
    ASSERT(p->count == 0);
    pthread_mutex_unlock(&p->lock);
    p->magic = 0;
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static void run_slot(void *argument)
{
    struct slot *s = argument;
    struct pipe *p = s->pipe;

    p->run(s->item);
    pthread_mutex_lock(&p->lock);
    s->done = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

void pipe_put(struct pipe *p, void *item)
{
    OBJECT_CHECK(p, PIPE_MAGIC);
    ASSERT(item != NULL);
    pthread_mutex_lock(&p->lock);
    ASSERT(!p->closed);
    while (p->count == p->limit)
        pthread_cond_wait(&p->changed, &p->lock);
    struct slot *s = &p->slots[(p->first + p->count) % p->limit];
    *s = (struct slot){.pipe = p, .item = item};
    p->count++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    /* Outside of the lock: the workers that make room in the pool take it to finish. */
    pool_submit(p->pool, run_slot, s);
}

int pipe_full(struct pipe *p)
{
    OBJECT_CHECK(p, PIPE_MAGIC);
    pthread_mutex_lock(&p->lock);
    bool full = p->count == p->limit;
    pthread_mutex_unlock(&p->lock);
    return full;
}

/* Under the lock: waits for the first slot to be finished and empties it. */
static void *take_first(struct pipe *p)
{
    struct slot *s = &p->slots[p->first];

    while (!s->done)
        pthread_cond_wait(&p->changed, &p->lock);
    void *item = s->item;
    p->first = (p->first + 1) % p->limit;
    p->count--;
    pthread_cond_broadcast(&p->changed);
    return item;
}

void *pipe_take(struct pipe *p)
{
    OBJECT_CHECK(p, PIPE_MAGIC);
    pthread_mutex_lock(&p->lock);
    while (p->count == 0 && !p->closed)
        pthread_cond_wait(&p->changed, &p->lock);
    void *item = p->count > 0 ? take_first(p) : NULL;
    pthread_mutex_unlock(&p->lock);
    return item;
}

void *pipe_take_if_any(struct pipe *p)
{
    OBJECT_CHECK(p, PIPE_MAGIC);
    pthread_mutex_lock(&p->lock);
    void *item = p->count > 0 ? take_first(p) : NULL;
    pthread_mutex_unlock(&p->lock);
    return item;
}

void pipe_close(struct pipe *p)
{
    OBJECT_CHECK(p, PIPE_MAGIC);
    pthread_mutex_lock(&p->lock);
    p->closed = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}
