/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - objects in a sorted array under a lock. */
#include "tgt_mem/tgt_mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct object {
    char *key;
    uint8_t *data;
    uint64_t bytes;
};

struct memory_store {
    struct memory_store *next;
    char *name;
    pthread_rwlock_t lock;
    struct object *objects; /* sorted by key */
    size_t count;
    size_t room;
};

static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory_store *stores;

static struct memory_store *make_store(const char *name)
{
    struct memory_store *s = calloc(1, sizeof *s);
    if (s)
        s->name = strdup(name);
    if (!s || !s->name) {
        free(s);
        return NULL;
    }
    pthread_rwlock_init(&s->lock, NULL);
    s->next = stores;
    stores = s;
    return s;
}

struct memory_store *memory_store_named(const char *name, bool make, bool *fresh)
{
    struct memory_store *s;
    pthread_mutex_lock(&stores_lock);
    s = stores;
    while (s && strcmp(s->name, name) != 0)
        s = s->next;
    *fresh = !s;
    if (!s && make)
        s = make_store(name);
    pthread_mutex_unlock(&stores_lock);
    return s;
}

/* The index of the first object that does not sort before `key`. */
static size_t find(const struct memory_store *s, const char *key)
{
    size_t low = 0;
    size_t high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->objects[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct memory_store *s, size_t index, const char *key)
{
    return index < s->count && strcmp(s->objects[index].key, key) == 0;
}

static bool grow(struct memory_store *s)
{
    size_t room = s->room ? s->room * 2 : 64;
    struct object *objects;
    if (s->count < s->room)
        return true;
    objects = realloc(s->objects, room * sizeof *objects);
    if (!objects)
        return false;
    s->objects = objects;
    s->room = room;
    return true;
}

static uint32_t insert(struct memory_store *s, const char *key, uint8_t *data, uint64_t bytes,
                       bool replace)
{
    size_t index = find(s, key);
    char *copy;
    if (is_at(s, index, key) && !replace)
        return LAGAN_EXISTS;
    if (is_at(s, index, key)) {
        free(s->objects[index].data);
        s->objects[index].data = data;
        s->objects[index].bytes = bytes;
        return LAGAN_OK;
    }
    copy = strdup(key);
    if (!copy || !grow(s)) {
        free(copy);
        return LAGAN_INTERNAL;
    }
    memmove(s->objects + index + 1, s->objects + index,
            (s->count - index) * sizeof *s->objects);
    s->objects[index] = (struct object){.key = copy, .data = data, .bytes = bytes};
    s->count++;
    return LAGAN_OK;
}

uint32_t memory_store_add(struct memory_store *s, const char *key, uint8_t *data,
                          uint64_t bytes, bool replace)
{
    uint32_t result;
    pthread_rwlock_wrlock(&s->lock);
    result = insert(s, key, data, bytes, replace);
    pthread_rwlock_unlock(&s->lock);
    return result;
}

uint32_t memory_store_see(struct memory_store *s, const char *key,
                          uint32_t (*see)(void *context, const uint8_t *data, uint64_t bytes),
                          void *context)
{
    uint32_t result = LAGAN_NOT_FOUND;
    size_t index;
    pthread_rwlock_rdlock(&s->lock);
    index = find(s, key);
    if (is_at(s, index, key))
        result = see(context, s->objects[index].data, s->objects[index].bytes);
    pthread_rwlock_unlock(&s->lock);
    return result;
}

static void take_out(struct memory_store *s, const char *key)
{
    size_t index = find(s, key);
    if (!is_at(s, index, key))
        return;
    free(s->objects[index].key);
    free(s->objects[index].data);
    s->count--;
    memmove(s->objects + index, s->objects + index + 1,
            (s->count - index) * sizeof *s->objects);
}

void memory_store_remove(struct memory_store *s, const char *key)
{
    pthread_rwlock_wrlock(&s->lock);
    take_out(s, key);
    pthread_rwlock_unlock(&s->lock);
}

static uint32_t duplicate(struct memory_store *s, const char *from, const char *to,
                          bool replace)
{
    size_t index = find(s, from);
    const struct object *object = s->objects + index;
    uint8_t *data;
    uint32_t result;
    if (!is_at(s, index, from))
        return LAGAN_NOT_FOUND;
    data = malloc((size_t)object->bytes + 1);
    if (!data)
        return LAGAN_INTERNAL;
    if (object->bytes > 0)
        memcpy(data, object->data, (size_t)object->bytes);
    result = insert(s, to, data, object->bytes, replace);
    if (result != LAGAN_OK)
        free(data);
    return result;
}

uint32_t memory_store_copy(struct memory_store *s, const char *from, const char *to,
                           bool replace, bool keep)
{
    uint32_t result;
    pthread_rwlock_wrlock(&s->lock);
    result = duplicate(s, from, to, replace);
    if (result == LAGAN_OK && !keep && strcmp(from, to) != 0)
        take_out(s, from);
    pthread_rwlock_unlock(&s->lock);
    return result;
}

static bool belongs(const struct memory_store *s, size_t index, const char *prefix)
{
    return index < s->count && strncmp(s->objects[index].key, prefix, strlen(prefix)) == 0;
}

uint32_t memory_store_list(struct memory_store *s, const char *prefix, const char *after,
                           uint32_t limit, const struct lagan_object_collector *objects,
                           int *more)
{
    uint32_t result = LAGAN_OK;
    size_t index;
    pthread_rwlock_rdlock(&s->lock);
    index = find(s, strcmp(after, prefix) > 0 ? after : prefix);
    if (is_at(s, index, after))
        index++;
    for (; result == LAGAN_OK && limit > 0 && belongs(s, index, prefix); index++, limit--) {
        struct lagan_object object = {.size = sizeof object,
                                      .key = s->objects[index].key,
                                      .bytes = s->objects[index].bytes};
        result = objects->add(objects->context, &object);
    }
    *more = belongs(s, index, prefix);
    pthread_rwlock_unlock(&s->lock);
    return result;
}

uint64_t memory_store_bytes(struct memory_store *s)
{
    uint64_t bytes = 0;
    pthread_rwlock_rdlock(&s->lock);
    for (size_t i = 0; i < s->count; i++)
        bytes += s->objects[i].bytes;
    pthread_rwlock_unlock(&s->lock);
    return bytes;
}

uint32_t memory_deliver(void *context, const uint8_t *data, uint64_t bytes)
{
    struct memory_delivery *d = context;
    uint32_t result = LAGAN_OK;
    if (d->length == LAGAN_TO_THE_END && d->offset <= bytes)
        d->length = bytes - d->offset;
    if (d->offset > bytes || d->length > bytes - d->offset)
        return lagan_fail(d->op, LAGAN_INVALID, 0, "the range reaches beyond the end");
    while (result == LAGAN_OK && d->length > 0) {
        size_t size = 0;
        void *room;
        if (lagan_cancelled(d->op))
            return lagan_fail(d->op, LAGAN_CANCELLED, 0, "cancelled");
        room = d->sink->room(d->sink->context, &size);
        if (!room)
            return lagan_fail(d->op, LAGAN_INVALID, 0, "the reader takes no more");
        if (size > d->length)
            size = (size_t)d->length;
        memcpy(room, data + d->offset, size);
        d->offset += size;
        d->length -= size;
        result = d->sink->filled(d->sink->context, size);
    }
    return result;
}
