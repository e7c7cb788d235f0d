/* SPDX-License-Identifier: Apache-2.0 */
/* zones.c - zones made one target: order, health, and the calls that go to all of them. */
#include "driver/zones_private.h"

#include "base/log.h"
#include "base/object.h"

#include <stdlib.h>
#include <string.h>

bool target_zones_is_pack(const char *key)
{
    return strncmp(key, "packs/", 6) == 0;
}

unsigned zones_size(zone_set set)
{
    return (unsigned)__builtin_popcount(set);
}

/* FNV-1a, 64 bits, then its bits spread, as keys that differ in their last byte only would
 * otherwise all have one order. */
static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t mix(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

/* By the highest score of zone and key: a zone that is added later takes its share of the keys
 * and leaves the order of the others as it was. */
void zones_order(const struct zones *z, const char *key, uint8_t order[ZONES_LIMIT])
{
    uint64_t score[ZONES_LIMIT];

    for (size_t i = 0; i < z->count; i++) {
        size_t at = i;
        uint64_t own = mix(add_text(z->zone[i].seed, key));
        for (; at > 0 && score[at - 1] < own; at--) {
            score[at] = score[at - 1];
            order[at] = order[at - 1];
        }
        score[at] = own;
        order[at] = (uint8_t)i;
    }
}

bool zone_reads(const struct zone *zone)
{
    return zone->target && !atomic_load(&zone->away);
}

bool zone_writes(const struct zone *zone)
{
    return zone_reads(zone) && !atomic_load(&zone->full);
}

int zones_missing(struct zones *z, const char *verb, const char *key, struct error *e)
{
    struct error why = ERROR_INIT;
    const char *name = "none";
    unsigned gone = 0, full = 0;

    pthread_mutex_lock(&z->lock);
    for (size_t i = 0; i < z->count; i++) {
        if (zone_writes(&z->zone[i]))
            continue;
        full += z->zone[i].why.error_class == LAGAN_NO_SPACE;
        if (gone++ > 0)
            continue;
        why = z->zone[i].why;
        name = z->zone[i].name;
    }
    pthread_mutex_unlock(&z->lock);
    if (gone > 0 && gone == full)
        error_set(e, LAGAN_NO_SPACE, ERROR_NO_SPACE,
                  "%s%s%s: of %zu zones %u are full, among them %s: %.400s", verb,
                  *key ? " " : "", key, z->count, gone, name, why.text);
    else
        error_set(e, LAGAN_OFFLINE, ERROR_ZONE_MISSING,
                  "%s%s%s: of %zu zones %u are missing, among them %s: %.400s", verb,
                  *key ? " " : "", key, z->count, gone, name, why.text);
    e->outcome = LAGAN_OUTCOME_NOT_DONE;
    return -1;
}

int zones_check(struct zones *z, bool writes, const char *verb, const char *key,
                struct error *e)
{
    size_t there = 0;

    for (size_t i = 0; i < z->count; i++)
        there += writes ? zone_writes(&z->zone[i]) : zone_reads(&z->zone[i]);
    return there + 1 >= z->count ? 0 : zones_missing(z, verb, key, e);
}

bool zones_is_final(const struct error *why)
{
    switch (why->error_class) {
    case LAGAN_INVALID:
    case LAGAN_UNSUPPORTED:
    case LAGAN_IMMUTABLE:
    case LAGAN_CORRUPT:
    case LAGAN_LIMIT:
    case LAGAN_CANCELLED:
        return true;
    default:
        return why->code == ERROR_NO_MEMORY;
    }
}

static bool is_gone(const struct error *why)
{
    return why->error_class == LAGAN_OFFLINE || why->error_class == LAGAN_AUTH ||
           why->scope != LAGAN_SCOPE_ITEM;
}

/* What may well be otherwise at the next object. */
static bool passes(const struct error *why)
{
    return why->error_class == LAGAN_TRANSIENT || why->error_class == LAGAN_BUSY ||
           why->error_class == LAGAN_TIMEOUT;
}

static void warn_once(struct zones *z, const char *name, const char *is,
                      const struct error *why)
{
    if (!atomic_exchange(&z->warned, true))
        log_write(LOG_WARNING, "driver", "the zone %s %s, the others stand in for it: %s", name,
                  is, why->text);
}

void zones_failed(struct zones *z, size_t index, const struct error *why, bool writing)
{
    struct zone *zone = &z->zone[index];
    bool gone = is_gone(why), full = writing && !passes(why);

    warn_once(z, zone->name, gone ? "is missing" : "fails", why);
    if (!gone && !full)
        return;
    pthread_mutex_lock(&z->lock);
    if (zone_writes(zone))
        zone->why = *why;
    if (gone)
        atomic_store(&zone->away, true);
    if (full)
        atomic_store(&zone->full, true);
    pthread_mutex_unlock(&z->lock);
}

/* Opening and closing */

static void merge_support(uint8_t *all, uint8_t one)
{
    if (one < *all)
        *all = one;
}

#define MERGE_LEAST(all, one, member)                                                          \
    do {                                                                                       \
        if ((one)->member != 0 && ((all)->member == 0 || (one)->member < (all)->member))       \
            (all)->member = (one)->member;                                                     \
    } while (0)

/* All together guarantee what the weakest does. */
static void merge_capabilities(struct lagan_target_capabilities *all,
                               const struct lagan_target_capabilities *one)
{
    merge_support(&all->put_if_absent, one->put_if_absent);
    merge_support(&all->staged_put, one->staged_put);
    merge_support(&all->durable_put, one->durable_put);
    merge_support(&all->read_after_write, one->read_after_write);
    merge_support(&all->list_consistent, one->list_consistent);
    merge_support(&all->list_sorted, one->list_sorted);
    merge_support(&all->ranged_get, one->ranged_get);
    merge_support(&all->checksum, one->checksum);
    merge_support(&all->remove, one->remove);
    MERGE_LEAST(all, one, max_parallel);
    MERGE_LEAST(all, one, max_object_bytes);
    MERGE_LEAST(all, one, preferred_bytes);
}

static void adopt(struct target *t, size_t index, const struct zone_place *place)
{
    struct zone *zone = &t->zones->zone[index];

    zone->seed = add_text(UINT64_C(0xcbf29ce484222325), place->name) * UINT64_C(0x100000001b3);
    zone->why = place->why;
    zone->target = place->target;
    t->zones->count = index + 1;
    if (!place->target)
        return;
    if (!t->driver) {
        t->driver = place->target->driver;
        t->capabilities = place->target->capabilities;
    }
    merge_capabilities(&t->capabilities, &place->target->capabilities);
}

/* Whether enough of them are there. */
static int judge(struct zones *z, struct error *e)
{
    const struct error *absent = NULL;
    size_t absences = 0, there = 0;

    for (size_t i = 0; i < z->count; i++) {
        const struct zone *zone = &z->zone[i];
        there += zone->target != NULL;
        if (zone->target || zone->why.error_class != LAGAN_NOT_FOUND)
            continue;
        absent = &zone->why;
        absences++;
    }
    if (there == 0 && absences + 1 >= z->count) {
        *e = *absent;
        return -1;
    }
    if (zones_check(z, false, "open", "", e) != 0)
        return -1;
    for (size_t i = 0; i < z->count; i++)
        if (!z->zone[i].target)
            warn_once(z, z->zone[i].name, "is missing", &z->zone[i].why);
    return 0;
}

static struct target *allocate(const struct zone_place *places, size_t count)
{
    struct target *t = calloc(1, sizeof *t);
    struct zones *z = calloc(1, sizeof *z);
    bool failed = !t || !z;

    for (size_t i = 0; !failed && i < count; i++) {
        z->zone[i].name = strdup(places[i].name);
        failed = !z->zone[i].name;
        z->count = i + 1;
    }
    if (failed) {
        for (size_t i = 0; z && i < z->count; i++)
            free(z->zone[i].name);
        free(z);
        free(t);
        return NULL;
    }
    t->magic = TARGET_MAGIC;
    t->zones = z;
    pthread_mutex_init(&t->serial, NULL);
    pthread_mutex_init(&z->lock, NULL);
    return t;
}

struct target *target_zones(const struct zone_place *places, size_t count, struct error *e)
{
    struct error why = ERROR_INIT;

    ASSERT(count >= ZONES_LEAST && count <= ZONES_LIMIT);
    struct target *t = allocate(places, count);
    if (!t) {
        for (size_t i = 0; i < count; i++)
            target_close(places[i].target);
        error_no_memory(e, "a target");
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        adopt(t, i, &places[i]);
    if (judge(t->zones, &why) == 0)
        return t;
    target_close(t);
    *e = why;
    return NULL;
}

void zones_close(struct zones *z)
{
    for (size_t i = 0; i < z->count; i++) {
        target_close(z->zone[i].target);
        free(z->zone[i].name);
    }
    pthread_mutex_destroy(&z->lock);
    free(z->pending);
    free(z);
}

size_t target_zone_count(const struct target *t)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    return t->zones ? t->zones->count : 0;
}

const char *target_zone_name(const struct target *t, size_t zone)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    ASSERT(zone < t->zones->count);
    return t->zones->zone[zone].name;
}

struct target *target_zone(const struct target *t, size_t zone, struct error *e)
{
    OBJECT_CHECK(t, TARGET_MAGIC);
    ASSERT(zone < t->zones->count);
    if (!t->zones->zone[zone].target)
        *e = t->zones->zone[zone].why;
    return t->zones->zone[zone].target;
}

/* To all zones */

int zones_remove(struct target *t, const char *key, struct error *e)
{
    struct zones *z = t->zones;
    struct error failure = ERROR_INIT;
    bool missing = false;

    for (size_t i = 0; i < z->count; i++) {
        struct error why = ERROR_INIT;
        if (!zone_reads(&z->zone[i])) {
            missing = true;
        } else if (target_remove(z->zone[i].target, key, &why) != 0) {
            failure = why;
            if (!zones_is_final(&why))
                zones_failed(z, i, &why, false);
        }
    }
    if (failure.error_class != LAGAN_OK) {
        *e = failure;
        return -1;
    }
    if (!missing)
        return 0;
    zones_missing(z, "remove", key, e);
    e->outcome = LAGAN_OUTCOME_UNKNOWN;
    return -1;
}

int zones_capacity(struct target *t, uint64_t *total, uint64_t *available, struct error *e)
{
    uint64_t least_total = UINT64_MAX, least_available = UINT64_MAX;

    for (size_t i = 0; i < t->zones->count; i++) {
        uint64_t one_total, one_available;
        if (!zone_reads(&t->zones->zone[i]))
            continue;
        if (target_capacity(t->zones->zone[i].target, &one_total, &one_available, e) != 0)
            return -1;
        least_total = one_total < least_total ? one_total : least_total;
        least_available = one_available < least_available ? one_available : least_available;
    }
    *total = least_total;
    *available = least_available;
    return 0;
}

int zones_sweep(struct target *t, int64_t older_than_ns, uint64_t *removed, struct error *e)
{
    uint64_t sum = 0;
    int result = 0;

    for (size_t i = 0; i < t->zones->count; i++) {
        uint64_t one = 0;
        if (!zone_reads(&t->zones->zone[i]))
            continue;
        if (target_sweep(t->zones->zone[i].target, older_than_ns, &one, e) != 0)
            result = -1;
        sum += one;
    }
    if (result == 0 && removed)
        *removed = sum;
    return result;
}

void zones_statistics(const struct zones *z, struct target_statistics *statistics)
{
    *statistics = (struct target_statistics){0};
    for (size_t i = 0; i < z->count; i++) {
        struct target_statistics one = {0};
        if (z->zone[i].target)
            target_statistics(z->zone[i].target, &one);
        statistics->puts += one.puts;
        statistics->put_bytes += one.put_bytes;
        statistics->gets += one.gets;
        statistics->get_bytes += one.get_bytes;
        statistics->stats += one.stats;
        statistics->lists += one.lists;
        statistics->removes += one.removes;
        statistics->flushes += one.flushes;
    }
}
