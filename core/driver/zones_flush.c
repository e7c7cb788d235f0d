/* SPDX-License-Identifier: Apache-2.0 */
/* zones_flush.c - durable in two zones: what a zone could not make durable goes to another. */
#include "driver/zones_private.h"

#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>

/* Packs that were put and not yet flushed, taken over from the target. */
struct unflushed {
    struct zones_pending *items;
    size_t count;
};

static int add_pending(struct zones *z, const char *key, zone_set where)
{
    if (z->pending_count == z->pending_room) {
        size_t room = z->pending_room ? 2 * z->pending_room : 64;
        struct zones_pending *grown = realloc(z->pending, room * sizeof *grown);
        if (!grown)
            return -1;
        z->pending = grown;
        z->pending_room = room;
    }
    struct zones_pending *item = &z->pending[z->pending_count++];
    snprintf(item->key, sizeof item->key, "%s", key);
    item->zones = where;
    return 0;
}

int zones_note(struct zones *z, const char *key, zone_set where, struct error *e)
{
    pthread_mutex_lock(&z->lock);
    int result = add_pending(z, key, where);
    pthread_mutex_unlock(&z->lock);
    return result == 0 ? 0 : error_no_memory(e, key);
}

static struct unflushed take_pending(struct zones *z)
{
    pthread_mutex_lock(&z->lock);
    struct unflushed taken = {z->pending, z->pending_count};
    z->pending = NULL;
    z->pending_count = z->pending_room = 0;
    pthread_mutex_unlock(&z->lock);
    return taken;
}

/* Flushes the zones of `which`; takes out of it those that could not. */
static int flush_zones(struct zones *z, zone_set *which, struct error *e)
{
    for (size_t i = 0; i < z->count; i++) {
        struct error why = ERROR_INIT;
        if (!(*which & 1u << i))
            continue;
        if (zone_reads(&z->zone[i])) {
            if (target_flush(z->zone[i].target, &why) == 0)
                continue;
            if (zones_is_final(&why)) {
                *e = why;
                return -1;
            }
            zones_failed(z, i, &why, true);
        }
        *which = (zone_set)(*which & ~(1u << i));
    }
    return 0;
}

/* Gives each pack its second copy again that was in a zone which is not in `good`. */
static int replace_lost(struct zones *z, const struct unflushed *packs, zone_set good,
                        zone_set *again, struct error *e)
{
    for (size_t i = 0; i < packs->count; i++) {
        const struct zones_pending *pack = &packs->items[i];
        zone_set safe = pack->zones & good, where = safe;
        if (zones_size(safe) >= ZONES_PACK_COPIES)
            continue;
        if (safe == 0 || zones_spread(z, pack->key, ZONES_PACK_COPIES, &where, e) != 0 ||
            zones_size(where) < ZONES_PACK_COPIES)
            return zones_missing(z, "flush", pack->key, e);
        *again = (zone_set)(*again | (where & ~safe));
    }
    return 0;
}

int zones_flush(struct target *t, struct error *e)
{
    struct zones *z = t->zones;
    struct unflushed packs = take_pending(z);
    zone_set good = (zone_set)((1u << z->count) - 1), again = 0;

    int result = flush_zones(z, &good, e);
    if (result == 0 && zones_size(good) + 1 < z->count)
        result = zones_missing(z, "flush", "", e);
    if (result == 0)
        result = replace_lost(z, &packs, good, &again, e);
    if (result == 0) {
        zone_set flushed = again;
        result = flush_zones(z, &flushed, e);
        if (result == 0 && flushed != again)
            result = zones_missing(z, "flush", "", e);
    }
    free(packs.items);
    return result;
}
