/* SPDX-License-Identifier: Apache-2.0 */
/* spare.c - a short list of free buffers, each with its size in front of it. */
#include "base/spare.h"

#include "base/object.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Shorter ones malloc keeps by itself, and rounding them up would cost more than they hold. */
enum { SPARES = 16, STEP_BYTES = 64 << 10, WORTH_BYTES = 128 << 10 };

/* In front of each buffer; as long as a cache line, which keeps the buffer aligned. */
struct head {
    _Alignas(64) size_t room; /* bytes behind it */
};

struct spare_pool {
    uint32_t magic; /* SPARE_MAGIC */
    size_t limit_bytes;
    pthread_mutex_t lock;
    size_t kept_bytes;
    size_t count;
    struct head *kept[SPARES]; /* the one given back last comes last */
};

enum { SPARE_MAGIC = 0x73706172 };

struct spare_pool *spare_pool_new(size_t bytes, struct error *e)
{
    struct spare_pool *p = calloc(1, sizeof *p);
    if (!p) {
        error_no_memory(e, "buffers");
        return NULL;
    }
    p->magic = SPARE_MAGIC;
    p->limit_bytes = bytes;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void spare_pool_free(struct spare_pool *p)
{
    if (!p)
        return;
    OBJECT_CHECK(p, SPARE_MAGIC);
    for (size_t i = 0; i < p->count; i++)
        free(p->kept[i]);
    pthread_mutex_destroy(&p->lock);
    p->magic = 0;
    free(p);
}

/* Takes buffer `i` off the list; under the lock. */
static struct head *unlist(struct spare_pool *p, size_t i)
{
    struct head *found = p->kept[i];
    p->kept_bytes -= found->room;
    p->count--;
    for (; i < p->count; i++)
        p->kept[i] = p->kept[i + 1];
    return found;
}

/* A kept buffer that fits and is not much too large, or NULL. */
static struct head *take_kept(struct spare_pool *p, size_t size)
{
    struct head *found = NULL;
    pthread_mutex_lock(&p->lock);
    for (size_t i = p->count; i > 0 && !found; i--)
        if (p->kept[i - 1]->room >= size && p->kept[i - 1]->room / 2 <= size)
            found = unlist(p, i - 1);
    pthread_mutex_unlock(&p->lock);
    return found;
}

void *spare_take(struct spare_pool *p, size_t size)
{
    size_t room, bytes;
    OBJECT_CHECK(p, SPARE_MAGIC);
    ASSERT(size > 0);
    size_t step = size >= WORTH_BYTES ? STEP_BYTES : _Alignof(struct head);
    struct head *head = size >= WORTH_BYTES ? take_kept(p, size) : NULL;
    if (head)
        return head + 1;
    if (__builtin_add_overflow(size, step - 1, &room))
        return NULL;
    room -= room % step;
    if (__builtin_add_overflow(room, sizeof *head, &bytes))
        return NULL;
    head = aligned_alloc(_Alignof(struct head), bytes);
    if (!head)
        return NULL;
    head->room = room;
    return head + 1;
}

void spare_give(struct spare_pool *p, void *buffer)
{
    struct head *head = buffer ? (struct head *)buffer - 1 : NULL;
    if (!head)
        return;
    OBJECT_CHECK(p, SPARE_MAGIC);
    pthread_mutex_lock(&p->lock);
    bool kept = head->room >= WORTH_BYTES && p->count < SPARES &&
                head->room <= p->limit_bytes - p->kept_bytes;
    if (kept) {
        p->kept[p->count++] = head;
        p->kept_bytes += head->room;
    }
    pthread_mutex_unlock(&p->lock);
    if (!kept)
        free(head);
}

void spare_free(void *buffer)
{
    if (buffer)
        free((struct head *)buffer - 1);
}
