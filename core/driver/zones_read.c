/* SPDX-License-Identifier: Apache-2.0 */
/* zones_read.c - reading from whichever zone has it. */
#include "driver/zones_private.h"

#include "base/object.h"

/* One read, tried in zone after zone. */
struct reading {
    int (*try)(struct target *zone, struct reading *r, struct error *e);
    const char *key;
    uint64_t offset, length;
    void *data;         /* get: where to */
    size_t limit;       /* get_all */
    struct buffer *out; /* get_all */
    uint64_t *bytes;    /* stat */
    int (*take)(void *context, const void *data, size_t size, struct error *e);
    void *context;
    bool refused; /* by `take`: no other zone can help */
};

/* Hints: the zone that had a key last, with some bits of the key's hash.  Wrong ones cost a
 * question. */

static uint32_t hash_of(const char *key)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * UINT32_C(16777619);
    return hash ^ hash >> 15;
}

static void remember(struct zones *z, const char *key, uint8_t zone)
{
    uint32_t hash = hash_of(key);
    atomic_store_explicit(&z->hint[hash % ZONES_HINTS], (hash & ~UINT32_C(0xff)) | (zone + 1u),
                          memory_order_relaxed);
}

/* Puts the zone of the hint first. */
static void prefer(struct zones *z, const char *key, uint8_t order[ZONES_LIMIT])
{
    uint32_t hash = hash_of(key);
    uint32_t hint = atomic_load_explicit(&z->hint[hash % ZONES_HINTS], memory_order_relaxed);

    if (hint == 0 || ((hint ^ hash) & ~UINT32_C(0xff)) != 0)
        return;
    uint8_t zone = (uint8_t)((hint & 0xff) - 1);
    for (size_t i = 1; i < z->count; i++) {
        if (order[i] != zone)
            continue;
        for (; i > 0; i--)
            order[i] = order[i - 1];
        order[0] = zone;
        return;
    }
}

/* What the zones have said so far. */
struct answers {
    size_t absent;
    struct error not_found;
    struct error failure; /* the first of all others */
    bool there;           /* a zone has something under the name */
};

static void note_failure(struct answers *a, const struct error *why)
{
    if (why->error_class == LAGAN_NOT_FOUND) {
        a->not_found = *why;
        a->absent++;
        return;
    }
    a->there = a->there || why->error_class == LAGAN_INVALID ||
               why->error_class == LAGAN_LIMIT || why->error_class == LAGAN_CORRUPT;
    if (a->failure.error_class == LAGAN_OK)
        a->failure = *why;
}

static int judge(struct zones *z, const struct answers *a, const char *verb, const char *key,
                 struct error *e)
{
    if (!a->there && a->absent + 1 >= z->count)
        *e = a->not_found;
    else if (a->failure.error_class != LAGAN_OK)
        *e = a->failure;
    else
        zones_missing(z, verb, key, e);
    return -1;
}

static int read_any(struct zones *z, const char *verb, struct reading *r, struct error *e)
{
    struct answers answers = {0};
    uint8_t order[ZONES_LIMIT];

    zones_order(z, r->key, order);
    prefer(z, r->key, order);
    for (size_t i = 0; i < z->count; i++) {
        struct zone *zone = &z->zone[order[i]];
        struct error why = ERROR_INIT;
        if (!zone_reads(zone))
            continue;
        if (r->try(zone->target, r, &why) == 0) {
            remember(z, r->key, order[i]);
            return 0;
        }
        if (r->refused || why.error_class == LAGAN_CANCELLED) {
            *e = why;
            return -1;
        }
        note_failure(&answers, &why);
        if (why.error_class != LAGAN_NOT_FOUND && !zones_is_final(&why))
            zones_failed(z, order[i], &why, false);
    }
    return judge(z, &answers, verb, r->key, e);
}

static int try_stat(struct target *zone, struct reading *r, struct error *e)
{
    return target_stat(zone, r->key, r->bytes, e);
}

int zones_stat(struct target *t, const char *key, uint64_t *bytes, struct error *e)
{
    struct reading r = {.try = try_stat, .key = key, .bytes = bytes};
    return read_any(t->zones, "stat", &r, e);
}

static int try_get(struct target *zone, struct reading *r, struct error *e)
{
    return target_get(zone, r->key, r->offset, r->data, (size_t)r->length, e);
}

int zones_get(struct target *t, const char *key, uint64_t offset, void *data, size_t size,
              struct error *e)
{
    struct reading r = {
        .try = try_get, .key = key, .offset = offset, .length = size, .data = data};
    return read_any(t->zones, "get", &r, e);
}

static int try_get_all(struct target *zone, struct reading *r, struct error *e)
{
    return target_get_all(zone, r->key, r->limit, r->out, e);
}

int zones_get_all(struct target *t, const char *key, size_t limit, struct buffer *out,
                  struct error *e)
{
    struct reading r = {.try = try_get_all, .key = key, .limit = limit, .out = out};
    return read_any(t->zones, "get", &r, e);
}

/* Where a zone stops in the middle the next one goes on: objects never change. */
static int take_piece(void *context, const void *data, size_t size, struct error *e)
{
    struct reading *r = context;

    if (r->take(r->context, data, size, e) != 0) {
        r->refused = true;
        return -1;
    }
    r->offset += size;
    if (r->length != LAGAN_TO_THE_END)
        r->length -= size;
    return 0;
}

static int try_get_to(struct target *zone, struct reading *r, struct error *e)
{
    return target_get_to(zone, r->key, r->offset, r->length, take_piece, r, e);
}

int zones_get_to(struct target *t, const char *key, uint64_t offset, uint64_t length,
                 int (*take)(void *context, const void *data, size_t size, struct error *e),
                 void *context, struct error *e)
{
    struct reading r = {.try = try_get_to,
                        .key = key,
                        .offset = offset,
                        .length = length,
                        .take = take,
                        .context = context};
    return read_any(t->zones, "get", &r, e);
}
