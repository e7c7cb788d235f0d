/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranges.c - a long object, read in ranges several at a time.
 *
 * A window of ranges moves with the reader; threads fetch what is in it.  Each request names
 * the object's version or ETag, so that no two states of it are mixed.
 */
#include "src_bucket/reader.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_NS = 100000000 };

enum slot_state { SLOT_FREE, SLOT_LOADING, SLOT_READY, SLOT_FAILED };

/* Range number `index` of the window. */
struct slot {
    enum slot_state state;
    uint64_t index;
    char *data; /* BUCKET_RANGE_BYTES; made when first needed */
    size_t filled;
    uint32_t result;
    struct lagan_op op; /* of the thread that loads it */
};

struct ranges {
    const struct bucket *bucket;
    struct bucket_name name;
    char etag[S3_ETAG_SIZE];
    uint64_t bytes;
    uint64_t count; /* ranges */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;            /* under the lock, as is what follows */
    uint64_t first, next; /* the window's beginning; the next to be fetched */
    unsigned width;
    struct slot slots[BUCKET_AHEAD_LIMIT];
    unsigned threads;
    pthread_t thread[BUCKET_AHEAD_LIMIT];
};

static size_t range_size(const struct ranges *r, uint64_t index)
{
    uint64_t left = r->bytes - index * BUCKET_RANGE_BYTES;
    return left < BUCKET_RANGE_BYTES ? (size_t)left : BUCKET_RANGE_BYTES;
}

struct filling {
    struct slot *slot;
    size_t size;
};

static void *room(void *context, size_t *size)
{
    struct filling *f = context;
    *size = f->size - f->slot->filled;
    return *size > 0 ? f->slot->data + f->slot->filled : NULL;
}

static uint32_t filled(void *context, size_t size)
{
    struct filling *f = context;
    f->slot->filled += size;
    return LAGAN_OK;
}

/* Without the lock: the slot is this thread's while it is loading. */
static void load(struct ranges *r, struct slot *slot)
{
    struct filling f = {slot, range_size(r, slot->index)};
    struct lagan_sink sink = {.context = &f, .room = room, .filled = filled};
    if (slot->data == NULL)
        slot->data = malloc(BUCKET_RANGE_BYTES);
    slot->filled = 0;
    slot->result = slot->data == NULL
                       ? bucket_memory(&slot->op)
                       : s3_get(r->bucket->client, &slot->op, r->name.key, r->name.key_size,
                                bucket_name_version(&r->name), r->etag[0] ? r->etag : NULL,
                                slot->index * BUCKET_RANGE_BYTES, f.size, &sink, NULL, NULL);
}

/* With the lock held: the slot for the next range of the window, or NULL. */
static struct slot *claim(struct ranges *r)
{
    if (r->next >= r->count || r->next >= r->first + r->width)
        return NULL;
    struct slot *slot = &r->slots[r->next % r->width];
    if (slot->state == SLOT_LOADING)
        return NULL;
    slot->state = SLOT_LOADING;
    slot->op = (struct lagan_op){.size = sizeof slot->op, .cancel_fd = -1};
    slot->index = r->next++;
    return slot;
}

static void *run(void *argument)
{
    struct ranges *r = argument;
    pthread_mutex_lock(&r->lock);
    while (!r->stop) {
        struct slot *slot = claim(r);
        if (slot == NULL) {
            pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        pthread_mutex_unlock(&r->lock);
        load(r, slot);
        pthread_mutex_lock(&r->lock);
        slot->state = slot->result == LAGAN_OK ? SLOT_READY : SLOT_FAILED;
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct ranges *ranges_new(const struct bucket *b, const struct bucket_name *name,
                          const struct s3_object *told)
{
    struct ranges *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->bucket = b;
    r->name = *name;
    memcpy(r->etag, told->etag, sizeof r->etag);
    r->bytes = told->bytes;
    r->count = (told->bytes + BUCKET_RANGE_BYTES - 1) / BUCKET_RANGE_BYTES;
    r->width = b->instance->ahead < 1 ? 1 : b->instance->ahead;
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_t how;
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &how);
    pthread_condattr_destroy(&how);
    return r;
}

static uint32_t start(struct ranges *r, struct lagan_op *op)
{
    while (r->threads < r->width && r->threads < r->count) {
        if (pthread_create(&r->thread[r->threads], NULL, run, r) != 0)
            break;
        r->threads++;
    }
    return r->threads > 0 ? LAGAN_OK
                          : lagan_fail(op, LAGAN_INTERNAL, 0, "cannot start a thread");
}

/* With the lock held: moves the window so that it begins with range `index`. */
static void move(struct ranges *r, uint64_t index)
{
    bool failed = r->slots[index % r->width].index == index &&
                  r->slots[index % r->width].state == SLOT_FAILED;
    if (index < r->first || index > r->next || failed) {
        /* What is on its way is of another place: it ends, and is fetched again when asked. */
        for (unsigned i = 0; i < r->width; i++)
            if (r->slots[i].state != SLOT_LOADING)
                r->slots[i].state = SLOT_FREE;
        r->next = index;
    }
    if (r->first != index) {
        r->first = index;
        pthread_cond_broadcast(&r->changed);
    }
}

static bool is_here(const struct ranges *r, uint64_t index)
{
    const struct slot *slot = &r->slots[index % r->width];
    return slot->index == index && (slot->state == SLOT_READY || slot->state == SLOT_FAILED);
}

/* With the lock held. */
static uint32_t wait_here(struct ranges *r, struct lagan_op *op, uint64_t index)
{
    while (!is_here(r, index)) {
        struct timespec until;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        /* A slot that was loading another range is claimed once that has come. */
        if (r->next > index && r->slots[index % r->width].index != index)
            r->next = index;
        pthread_cond_broadcast(&r->changed);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&r->changed, &r->lock, &until);
    }
    return LAGAN_OK;
}

/* With the lock held: what is in the range that `offset` lies in. */
static uint32_t read_one(struct ranges *r, struct lagan_op *op, uint64_t offset, void *data,
                         size_t size, size_t *got, bool *changed)
{
    uint64_t index = offset / BUCKET_RANGE_BYTES;
    size_t within = (size_t)(offset % BUCKET_RANGE_BYTES);
    move(r, index);
    uint32_t result = wait_here(r, op, index);
    if (result != LAGAN_OK)
        return result;
    struct slot *slot = &r->slots[index % r->width];
    if (slot->state == SLOT_READY) {
        size_t left = slot->filled - within;
        *got = left < size ? left : size;
        memcpy(data, slot->data + within, *got);
        return LAGAN_OK;
    }
    *got = 0;
    *changed = slot->result == LAGAN_PRECONDITION || slot->result == LAGAN_NOT_FOUND;
    op->error = slot->op.error;
    return *changed ? LAGAN_OK : slot->result;
}

uint32_t ranges_read(struct ranges *r, struct lagan_op *op, uint64_t offset, void *data,
                     size_t size, size_t *got, bool *changed)
{
    size_t done = 0;
    if (r->threads == 0)
        r->first = r->next = offset / BUCKET_RANGE_BYTES;
    uint32_t result = r->threads > 0 ? LAGAN_OK : start(r, op);
    pthread_mutex_lock(&r->lock);
    while (result == LAGAN_OK && done < size && offset + done < r->bytes && !*changed) {
        size_t part = 0;
        result =
            read_one(r, op, offset + done, (char *)data + done, size - done, &part, changed);
        done += part;
    }
    pthread_mutex_unlock(&r->lock);
    if (result == LAGAN_OK)
        *got = *changed ? 0 : done;
    return result;
}

void ranges_free(struct ranges *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    for (unsigned i = 0; i < BUCKET_AHEAD_LIMIT; i++)
        __atomic_store_n(&r->slots[i].op.deadline_ns, 1, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    for (unsigned i = 0; i < r->threads; i++)
        pthread_join(r->thread[i], NULL);
    for (unsigned i = 0; i < BUCKET_AHEAD_LIMIT; i++)
        free(r->slots[i].data);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
