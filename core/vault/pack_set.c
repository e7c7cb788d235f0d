/* SPDX-License-Identifier: Apache-2.0 */
/* pack_set.c - a sorted array: listings fill it in order, what comes later is rare. */
#include "vault/pack_set.h"

#include <stdlib.h>
#include <string.h>

/* The first item that does not sort before `hash`. */
static size_t lower_bound(const struct pack_set *set, const uint8_t hash[32])
{
    size_t low = 0, high = set->count;

    if (high > 0 && memcmp(set->items[high - 1].hash, hash, 32) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(set->items[middle].hash, hash, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct pack_set *set, size_t at, const uint8_t hash[32])
{
    return at < set->count && memcmp(set->items[at].hash, hash, 32) == 0;
}

struct seal_pack *pack_set_find(const struct pack_set *set, const uint8_t hash[32])
{
    size_t at = lower_bound(set, hash);

    return is_at(set, at, hash) ? &set->items[at] : NULL;
}

static int make_room(struct pack_set *set, struct error *e)
{
    size_t room = set->room == 0 ? 256 : set->room + set->room / 2;
    struct seal_pack *grown;

    if (set->count < set->room)
        return 0;
    grown = reallocarray(set->items, room, sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(e, "the list of packs");
    set->items = grown;
    set->room = room;
    return 0;
}

int pack_set_add(struct pack_set *set, const uint8_t hash[32], uint64_t bytes, struct error *e)
{
    size_t at = lower_bound(set, hash);

    bytes &= ~PACK_SET_SURE;
    if (is_at(set, at, hash)) {
        set->items[at].bytes = bytes | (set->items[at].bytes & PACK_SET_SURE);
        return 0;
    }
    if (make_room(set, e) != 0)
        return -1;
    memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof(*set->items));
    memcpy(set->items[at].hash, hash, 32);
    set->items[at].bytes = bytes;
    set->count++;
    return 0;
}

struct filling {
    struct pack_set *set;
    enum name_kind kind;
};

static int collect(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct filling *f = context;
    struct name name;

    if (!name_parse(key, &name) || name.kind != f->kind)
        return 0;
    return pack_set_add(f->set, name.hash, bytes, e);
}

int pack_set_list(struct pack_set *set, struct target *target, const char *prefix,
                  enum name_kind kind, struct error *e)
{
    struct filling f = {set, kind};

    return target_list(target, prefix, collect, &f, e);
}

bool pack_set_covers(const struct pack_set *set, const struct pack_set *other)
{
    size_t at = 0;

    if (other->count > set->count)
        return false;
    for (size_t i = 0; i < other->count; i++) {
        while (at < set->count && memcmp(set->items[at].hash, other->items[i].hash, 32) < 0)
            at++;
        if (!is_at(set, at, other->items[i].hash))
            return false;
    }
    return true;
}

void pack_set_free(struct pack_set *set)
{
    free(set->items);
    *set = (struct pack_set){.items = NULL};
}
