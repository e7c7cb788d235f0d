/* SPDX-License-Identifier: Apache-2.0 */
/* share.c - counted pieces and the queue of free ones. */
#include "base/share.h"
#include "base/object.h"
#include "base/queue.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { SHARE_POOL_MAGIC = 0x53504f4f };

struct share {
    struct share_pool *pool;
    uint8_t *data; /* NULL until first taken */
    atomic_uint holders;
};

struct share_pool {
    uint32_t magic; /* SHARE_POOL_MAGIC */
    size_t bytes;
    size_t count;
    struct queue *free;
    struct share shares[];
};

struct share_pool *share_pool_new(size_t count, size_t bytes, struct error *e)
{
    ASSERT(count >= 1 && bytes >= 1);
    struct share_pool *p = calloc(1, sizeof(*p) + count * sizeof(p->shares[0]));
    if (p == NULL || (p->free = queue_new(count)) == NULL) {
        free(p);
        error_no_memory(e, "shared memory");
        return NULL;
    }
    p->magic = SHARE_POOL_MAGIC;
    p->bytes = bytes;
    p->count = count;
    for (size_t i = 0; i < count; i++) {
        p->shares[i].pool = p;
        queue_put(p->free, &p->shares[i]);
    }
    return p;
}

void share_pool_free(struct share_pool *p)
{
    if (p == NULL)
        return;
    OBJECT_CHECK(p, SHARE_POOL_MAGIC);
    for (size_t i = 0; i < p->count; i++) {
        struct share *back = queue_try_take(p->free);
        ASSERT(back != NULL);
        free(back->data);
    }
    queue_free(p->free);
    p->magic = 0;
    free(p);
}

struct share *share_take(struct share_pool *p, struct error *e)
{
    OBJECT_CHECK(p, SHARE_POOL_MAGIC);
    struct share *s = queue_take(p->free);
    if (s->data == NULL)
        s->data = malloc(p->bytes);
    if (s->data == NULL) {
        queue_put(p->free, s);
        error_no_memory(e, "shared memory");
        return NULL;
    }
    atomic_store(&s->holders, 1);
    return s;
}

uint8_t *share_data(struct share *s)
{
    return s->data;
}

struct share *share_hold(struct share *s)
{
    unsigned before = atomic_fetch_add(&s->holders, 1);
    ASSERT(before > 0);
    return s;
}

void share_release(struct share *s)
{
    if (s == NULL)
        return;
    unsigned before = atomic_fetch_sub(&s->holders, 1);
    ASSERT(before > 0);
    if (before == 1)
        queue_put(s->pool->free, s);
}
