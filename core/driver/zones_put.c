/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zones_put.c - objects into zones.
 *
 * All writers of one name ask the zones in one order, and the first zone that gives a definite
 * answer decides who was first.  Who loses completes what the winner may have left undone, so
 * that EXISTS always means: there, and safe.
 */
#include "driver/zones_private.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { COMPARE_LIMIT = 64 << 20 };

void zones_attempt_begin(struct zones_attempt *a, struct zones *z, const char *key)
{
    bool pack = target_zones_is_pack(key);

    *a = (struct zones_attempt){
        .zones = z,
        .key = key,
        .wanted = pack ? ZONES_PACK_COPIES : (unsigned)z->count,
        .needed = pack ? ZONES_PACK_COPIES : (unsigned)z->count - 1,
    };
}

/* Takes back what others must not find half done. */
static void undo(struct zones_attempt *a)
{
    for (size_t i = 0; i < a->zones->count; i++) {
        struct error ignored = ERROR_INIT;
        if ((a->own & 1u << i) && zone_reads(&a->zones->zone[i]))
            target_remove(a->zones->zone[i].target, a->key, &ignored);
    }
}

static int too_few(struct zones_attempt *a, zone_set where, struct error *e)
{
    if (a->found == 0)
        undo(a);
    if (a->failure.error_class == LAGAN_CANCELLED)
        *e = a->failure;
    else if (a->failure.error_class == LAGAN_OK ||
             zones_check(a->zones, true, "put", a->key, e) != 0)
        zones_missing(a->zones, "put", a->key, e);
    else
        error_set(e, a->failure.error_class, ERROR_ZONE_MISSING,
                  "put %s: it is in %u zones of %u: %.400s", a->key, zones_size(where),
                  a->needed, a->failure.text);
    e->outcome = a->own ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE;
    return -1;
}

int zones_attempt_end(struct zones_attempt *a, struct error *e)
{
    zone_set where = a->own | a->found;

    if (where == 0) {
        if (a->failure.error_class == LAGAN_OK)
            return zones_missing(a->zones, "put", a->key, e);
        *e = a->failure;
        return -1;
    }
    if (a->conflict) {
        undo(a);
        *e = a->exists;
        return -1;
    }
    struct error ignored = ERROR_INIT;
    if (zones_spread(a->zones, a->key, a->wanted, &where, &ignored) != 0)
        a->failure = ignored;
    if (zones_size(where) < a->needed)
        return too_few(a, where, e);
    if (target_zones_is_pack(a->key) && zones_note(a->zones, a->key, where, e) != 0)
        return -1;
    if (!a->taken)
        return 0;
    *e = a->exists;
    return -1;
}

/* A put as it goes on. */
struct putting {
    struct zones_attempt attempt;
    uint64_t bytes;
    const struct lagan_content *content;
    const uint8_t *sha256;
    bool content_failed; /* the caller's bytes cannot be read */
    bool hand_over;      /* what the caller has may be given to further zones */
};

static uint32_t watch_read(void *context, uint64_t offset, void *data, size_t size)
{
    struct putting *p = context;
    uint32_t result = p->content->read(p->content->context, offset, data, size);
    p->content_failed = p->content_failed || result != LAGAN_OK;
    return result;
}

/* Whether the object in this zone is what the caller has: 1, 0; 0 also when nobody can tell. */
static bool holds_same(struct putting *p, struct target *zone)
{
    struct buffer found CLEANUP_BUFFER = BUFFER_INIT;
    struct error ignored = ERROR_INIT;
    bool same = false;

    if (p->bytes > COMPARE_LIMIT ||
        target_get_all(zone, p->attempt.key, (size_t)p->bytes, &found, &ignored) != 0 ||
        found.size != p->bytes)
        return false;
    uint8_t *data = malloc(found.size + 1);
    if (data && watch_read(p, 0, data, found.size) == LAGAN_OK)
        same = found.size == 0 || memcmp(found.data, data, found.size) == 0;
    free(data);
    return same;
}

static void meet_other(struct putting *p, size_t index, const struct error *why)
{
    struct zones_attempt *a = &p->attempt;
    bool pack = target_zones_is_pack(a->key);
    bool same = pack || holds_same(p, a->zones->zone[index].target);

    if (a->exists.error_class == LAGAN_OK)
        a->exists = *why;
    if (a->own == 0) {
        a->taken = true;
        p->hand_over = same;
        a->found = (zone_set)(a->found | 1u << index);
    } else if (same) {
        a->found = (zone_set)(a->found | 1u << index);
    } else {
        a->conflict = true;
    }
}

/* One zone.  False when it is of no use to ask others. */
static bool put_one(struct putting *p, size_t index)
{
    struct zones_attempt *a = &p->attempt;
    struct lagan_content watched = {.context = p, .read = watch_read};
    struct error why = ERROR_INIT;

    if (target_put_content(a->zones->zone[index].target, a->key, p->bytes, &watched, p->sha256,
                           &why) == 0) {
        a->own = (zone_set)(a->own | 1u << index);
        return true;
    }
    if (why.error_class == LAGAN_EXISTS) {
        meet_other(p, index, &why);
        return !a->conflict;
    }
    a->failure = why;
    if (p->content_failed)
        return false;
    if (!zones_is_final(&why))
        zones_failed(a->zones, index, &why, true);
    /* A checksum that fits nothing asks whether the object is there, here or elsewhere. */
    return !zones_is_final(&why) || why.error_class == LAGAN_CORRUPT;
}

int zones_put(struct target *t, const char *key, uint64_t bytes,
              const struct lagan_content *content, const uint8_t *sha256, struct error *e)
{
    struct putting p = {
        .bytes = bytes, .content = content, .sha256 = sha256, .hand_over = true};
    struct zones *z = t->zones;
    uint8_t order[ZONES_LIMIT];

    if (zones_check(z, true, "put", key, e) != 0)
        return -1;
    zones_attempt_begin(&p.attempt, z, key);
    zones_order(z, key, order);
    for (size_t i = 0; i < z->count && p.hand_over &&
                       zones_size(p.attempt.own | p.attempt.found) < p.attempt.wanted;
         i++)
        if (zone_writes(&z->zone[order[i]]) && !put_one(&p, order[i]))
            break;
    return zones_attempt_end(&p.attempt, e);
}
