/* SPDX-License-Identifier: Apache-2.0 */
/* zones_stage.c - staged puts: bytes into two zones at once, the name at commit. */
#include "driver/zones_private.h"

#include "base/object.h"

#include <stdlib.h>

struct zones_stage {
    struct zones *zones;
    struct stage *part[ZONES_LIMIT]; /* of each zone; NULL = none */
    struct error failure;            /* the last one */
};

static unsigned count_parts(const struct zones_stage *s)
{
    unsigned count = 0;
    for (size_t i = 0; i < s->zones->count; i++)
        count += s->part[i] != NULL;
    return count;
}

/* The name is not known yet, so they take turns. */
static int begin_parts(struct zones_stage *s, uint64_t bytes_hint, struct error *e)
{
    struct zones *z = s->zones;
    size_t first = atomic_fetch_add(&z->next, 1) % z->count;

    for (size_t i = 0; i < z->count && count_parts(s) < ZONES_PACK_COPIES; i++) {
        size_t index = (first + i) % z->count;
        struct error why = ERROR_INIT;
        if (!zone_writes(&z->zone[index]))
            continue;
        s->part[index] = target_stage_begin(z->zone[index].target, bytes_hint, &why);
        if (s->part[index])
            continue;
        if (zones_is_final(&why)) {
            *e = why;
            return -1;
        }
        zones_failed(z, index, &why, true);
    }
    return count_parts(s) > 0 ? 0 : zones_missing(z, "begin an object", "", e);
}

struct zones_stage *zones_stage_begin(struct target *t, uint64_t bytes_hint, struct error *e)
{
    struct zones_stage *s;

    if (zones_check(t->zones, true, "begin an object", "", e) != 0)
        return NULL;
    s = calloc(1, sizeof *s);
    if (!s) {
        error_no_memory(e, "an object to be stored");
        return NULL;
    }
    s->zones = t->zones;
    if (begin_parts(s, bytes_hint, e) == 0)
        return s;
    zones_stage_abort(s);
    return NULL;
}

void zones_stage_abort(struct zones_stage *s)
{
    for (size_t i = 0; i < s->zones->count; i++)
        stage_abort(s->part[i]);
    free(s);
}

int zones_stage_write(struct zones_stage *s, const void *data, size_t size, struct error *e)
{
    for (size_t i = 0; i < s->zones->count; i++) {
        struct error why = ERROR_INIT;
        if (!s->part[i] || stage_write(s->part[i], data, size, &why) == 0)
            continue;
        stage_abort(s->part[i]);
        s->part[i] = NULL;
        s->failure = why;
        if (zones_is_final(&why)) {
            *e = why;
            return -1;
        }
        zones_failed(s->zones, i, &why, true);
    }
    if (count_parts(s) > 0)
        return 0;
    *e = s->failure;
    return -1;
}

/* Another writer's object is under the name. */
static void meet_other(struct zones_attempt *a, size_t index, size_t own_index,
                       const struct error *why)
{
    struct zones *z = a->zones;
    struct error ignored = ERROR_INIT;

    if (a->exists.error_class == LAGAN_OK)
        a->exists = *why;
    a->taken = true;
    if (a->own != 0 && !target_zones_is_pack(a->key) &&
        target_compare(z->zone[index].target, z->zone[own_index].target, a->key, &ignored) != 1)
        a->conflict = true;
    else
        a->found = (zone_set)(a->found | 1u << index);
}

int zones_stage_commit(struct zones_stage *s, const char *key, struct error *e)
{
    struct zones *z = s->zones;
    struct zones_attempt a;
    uint8_t order[ZONES_LIMIT];
    size_t own_index = 0;

    zones_attempt_begin(&a, z, key);
    zones_order(z, key, order);
    for (size_t i = 0; i < z->count; i++) {
        size_t index = order[i];
        struct stage *part = s->part[index];
        struct error why = ERROR_INIT;
        /* Behind somebody else's object only the same bytes may follow. */
        if (!part || (a.taken && !target_zones_is_pack(key)))
            continue;
        s->part[index] = NULL;
        if (stage_commit(part, key, &why) == 0) {
            a.own = (zone_set)(a.own | 1u << index);
            own_index = index;
        } else if (why.error_class == LAGAN_EXISTS) {
            meet_other(&a, index, own_index, &why);
        } else {
            a.failure = why;
            if (!zones_is_final(&why))
                zones_failed(z, index, &why, true);
        }
    }
    zones_stage_abort(s);
    return zones_attempt_end(&a, e);
}
