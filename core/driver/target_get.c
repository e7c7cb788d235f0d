/* SPDX-License-Identifier: Apache-2.0 */
/* target_get.c - reading objects: into memory, into a buffer, through a function. */
#include "base/object.h"
#include "driver/target_private.h"
#include "driver/zones_private.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20 }; /* handed to target_get_to's function at a time */

/* One get: hands a sink to the driver and judges what came. */
static int get(struct target *t, const char *key, uint64_t offset, uint64_t length,
               const struct lagan_sink *sink, struct error *e)
{
    struct call c = {.verb = CALL_GET, .with.get = {key, offset, length, sink}};
    struct operation o;
    uint32_t result = target_call(t, &o, &c);
    atomic_fetch_add(&t->counters.gets, 1);
    return operation_end(&o, result, e, "get %s", key);
}

/* The driver said OK and did not deliver what it was asked for. */
static int wrong_length(const struct target *t, const char *key, uint64_t got, uint64_t wanted,
                        struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "%s: get %s: %llu bytes came instead of %llu", t->driver->descriptor.name,
                     key, (unsigned long long)got, (unsigned long long)wanted);
}

/* A sink into memory of a known size. */
struct memory_sink {
    uint8_t *data;
    size_t size;
    size_t filled;
};

static void *memory_room(void *context, size_t *size)
{
    struct memory_sink *memory = context;
    *size = memory->size - memory->filled;
    return *size > 0 ? memory->data + memory->filled : NULL;
}

static uint32_t memory_filled(void *context, size_t size)
{
    struct memory_sink *memory = context;
    if (size > memory->size - memory->filled)
        return LAGAN_INTERNAL;
    memory->filled += size;
    return LAGAN_OK;
}

int target_get(struct target *t, const char *key, uint64_t offset, void *data, size_t size,
               struct error *e)
{
    struct memory_sink memory = {.data = data, .size = size};
    struct lagan_sink sink = {.context = &memory, .room = memory_room, .filled = memory_filled};
    if (target_check_key(t, "get", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_get(t, key, offset, data, size, e);
    if (get(t, key, offset, size, &sink, e) < 0)
        return -1;
    if (memory.filled != size)
        return wrong_length(t, key, memory.filled, size, e);
    atomic_fetch_add(&t->counters.get_bytes, size);
    return 0;
}

/* A sink into a growing buffer with a limit. */
struct buffer_sink {
    struct buffer *out;
    size_t limit; /* of out->size */
    size_t room;  /* last given out */
    bool overflow;
};

static void *buffer_room(void *context, size_t *size)
{
    enum { STEP = 64 << 10 };
    struct buffer_sink *s = context;
    size_t left = s->limit - s->out->size;
    size_t wanted = s->out->size > STEP ? s->out->size : STEP;
    if (left == 0) {
        s->overflow = true;
        return NULL;
    }
    s->room = wanted < left ? wanted : left;
    *size = s->room;
    return buffer_reserve(s->out, s->room);
}

static uint32_t buffer_filled(void *context, size_t size)
{
    struct buffer_sink *s = context;
    if (size > s->room)
        return LAGAN_INTERNAL;
    s->out->size += size;
    s->room -= size;
    return LAGAN_OK;
}

int target_get_all(struct target *t, const char *key, size_t limit, struct buffer *out,
                   struct error *e)
{
    size_t before = out->size;
    struct buffer_sink to = {.out = out};
    struct lagan_sink sink = {.context = &to, .room = buffer_room, .filled = buffer_filled};
    if (__builtin_add_overflow(before, limit, &to.limit))
        to.limit = SIZE_MAX;
    if (target_check_key(t, "get", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_get_all(t, key, limit, out, e);
    if (get(t, key, 0, LAGAN_TO_THE_END, &sink, e) < 0) {
        out->size = before;
        if (to.overflow)
            error_set(e, LAGAN_LIMIT, ERROR_FAILED,
                      "%s: get %s: the object is longer than %zu bytes",
                      t->driver->descriptor.name, key, limit);
        return out->failed ? buffer_check(out, e) : -1;
    }
    atomic_fetch_add(&t->counters.get_bytes, out->size - before);
    return 0;
}

/* A sink that hands pieces on. */
struct piece_sink {
    int (*take)(void *context, const void *data, size_t size, struct error *e);
    void *context;
    struct error *e;
    uint8_t *piece;
    uint64_t left; /* bytes still to come */
    uint64_t taken;
    bool refused;
};

static void *piece_room(void *context, size_t *size)
{
    struct piece_sink *s = context;
    *size = s->left < PIECE_BYTES ? (size_t)s->left : PIECE_BYTES;
    return *size > 0 ? s->piece : NULL;
}

static uint32_t piece_filled(void *context, size_t size)
{
    struct piece_sink *s = context;
    if (size > PIECE_BYTES || size > s->left)
        return LAGAN_INTERNAL;
    if (s->take(s->context, s->piece, size, s->e) < 0) {
        s->refused = true;
        return LAGAN_INVALID;
    }
    s->left -= size;
    s->taken += size;
    return LAGAN_OK;
}

int target_get_to(struct target *t, const char *key, uint64_t offset, uint64_t length,
                  int (*take)(void *context, const void *data, size_t size, struct error *e),
                  void *context, struct error *e)
{
    struct error refusal;
    struct piece_sink to = {.take = take, .context = context, .e = &refusal, .left = length};
    struct lagan_sink sink = {.context = &to, .room = piece_room, .filled = piece_filled};
    int result;
    if (target_check_key(t, "get", key, e) < 0)
        return -1;
    if (t->zones)
        return zones_get_to(t, key, offset, length, take, context, e);
    to.piece = malloc(PIECE_BYTES);
    if (!to.piece)
        return error_no_memory(e, "a piece of an object");
    result = get(t, key, offset, length, &sink, e);
    free(to.piece);
    if (to.refused) {
        *e = refusal;
        return -1;
    }
    if (result == 0 && length != LAGAN_TO_THE_END && to.taken != length)
        return wrong_length(t, key, to.taken, length, e);
    if (result == 0)
        atomic_fetch_add(&t->counters.get_bytes, to.taken);
    return result;
}
