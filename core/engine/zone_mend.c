/* SPDX-License-Identifier: Apache-2.0 */
/* zone_mend.c - the copies of every object, counted, compared and completed. */
#include "engine/zone_mend.h"

#include "crypto/hash.h"
#include "vault/name.h"

#include <string.h>

/* An object at work. */
struct object {
    struct zone_mending *mending;
    const char *key;
    struct name name;
    bool hashed;
    bool has[ZONES_LIMIT];
    bool sound[ZONES_LIMIT];
    size_t copies, sounds;
};

static const char *zone_name(const struct zone_mending *m, size_t zone)
{
    return m->names[zone];
}

static void tell(const struct zone_mending *m, const char *key, const char *zone,
                 const char *text)
{
    if (m->found)
        m->found(m->context, key, zone, text);
}

/* Which copies are sound */

static int take_hash(void *context, const void *data, size_t size, struct error *e)
{
    (void)e;
    hash_update(context, data, size);
    return 0;
}

/* 1 when the bytes fit the name, 0 when they do not or cannot be read, -1 when the zone does
 * not answer. */
static int check_copy(const struct object *o, size_t zone, struct error *e)
{
    struct error why = ERROR_INIT;
    uint8_t found[HASH_SIZE];
    size_t size = o->name.kind == NAME_KEY ? 16 : HASH_SIZE;
    struct hash hash;

    hash_begin(&hash);
    if (target_get_to(o->mending->zone[zone], o->key, 0, LAGAN_TO_THE_END, take_hash, &hash,
                      &why) == 0) {
        hash_finish(&hash, found);
        return memcmp(found, o->name.hash, size) == 0;
    }
    if (why.error_class == LAGAN_CORRUPT || why.error_class == LAGAN_IO)
        return 0;
    *e = why;
    return -1;
}

static void mark(struct object *o, size_t zone)
{
    o->sounds += !o->sound[zone];
    o->sound[zone] = true;
}

static int check_hashed(struct object *o, struct error *e)
{
    for (size_t i = 0; i < o->mending->count; i++) {
        int good = o->has[i] ? check_copy(o, i, e) : 0;
        if (good < 0)
            return -1;
        if (good > 0)
            mark(o, i);
    }
    return 0;
}

/* As check_copy: whether two zones hold the same. */
static int compare(const struct object *o, size_t a, size_t b, struct error *e)
{
    struct error why = ERROR_INIT;
    int equal = target_compare(o->mending->zone[a], o->mending->zone[b], o->key, &why);

    if (equal >= 0)
        return equal;
    if (why.error_class == LAGAN_CORRUPT || why.error_class == LAGAN_IO)
        return 0;
    *e = why;
    return -1;
}

/* How many zones hold the same bytes as `zone`; marks them in `same`. */
static int count_same(const struct object *o, size_t zone, bool same[ZONES_LIMIT],
                      size_t *count, struct error *e)
{
    *count = 0;
    for (size_t i = 0; i < o->mending->count; i++) {
        int equal = i == zone;
        if (i != zone && o->has[i])
            equal = compare(o, zone, i, e);
        if (equal < 0)
            return -1;
        same[i] = equal > 0;
        *count += (size_t)equal;
    }
    return 0;
}

/* The name says nothing of the bytes: more than half of the copies must agree. */
static int check_others(struct object *o, struct error *e)
{
    for (size_t i = 0; i < o->mending->count; i++) {
        bool same[ZONES_LIMIT];
        size_t count;
        if (!o->has[i])
            continue;
        if (count_same(o, i, same, &count, e) != 0)
            return -1;
        if (2 * count <= o->copies)
            continue;
        for (size_t j = 0; j < o->mending->count; j++)
            if (same[j])
                mark(o, j);
        return 0;
    }
    return 0;
}

/* Mending */

static int copy_to(struct object *o, size_t from, size_t to, uint64_t bytes, struct error *e)
{
    struct zone_mending *m = o->mending;
    const uint8_t *hash = o->hashed && o->name.kind != NAME_KEY ? o->name.hash : NULL;

    if (target_copy(m->zone[from], m->zone[to], o->key, hash, e) != 0)
        return error_context(e, "zone %s", zone_name(m, to));
    m->result->copied++;
    m->result->copied_bytes += bytes;
    mark(o, to);
    return 0;
}

/* A bad copy hides the good ones from whoever reads it first. */
static int replace_bad(struct object *o, size_t source, uint64_t bytes, struct error *e)
{
    struct zone_mending *m = o->mending;

    for (size_t i = 0; i < m->count; i++) {
        if (!o->has[i] || o->sound[i])
            continue;
        tell(m, o->key, zone_name(m, i), "the copy is damaged and is made anew");
        if (target_remove(m->zone[i], o->key, e) != 0)
            return error_context(e, "zone %s", zone_name(m, i));
        if (copy_to(o, source, i, bytes, e) != 0)
            return -1;
        m->result->replaced++;
    }
    return 0;
}

static size_t wanted_copies(const struct zone_mending *m, const char *key)
{
    size_t wanted = target_zones_is_pack(key) ? ZONES_PACK_COPIES : m->count;
    return wanted < m->there ? wanted : m->there;
}

/* From a zone that the name chooses, so that no zone gets more than others. */
static int add_missing(struct object *o, size_t source, uint64_t bytes, struct error *e)
{
    struct zone_mending *m = o->mending;
    size_t wanted = wanted_copies(m, o->key);
    size_t first = o->hashed ? o->name.hash[0] : 0;

    for (size_t i = 0; i < m->count && o->sounds < wanted; i++) {
        size_t zone = (first + i) % m->count;
        if (m->zone[zone] && !o->has[zone] && copy_to(o, source, zone, bytes, e) != 0)
            return -1;
    }
    return 0;
}

static int mend(struct object *o, const uint64_t *bytes, struct error *e)
{
    struct zone_mending *m = o->mending;
    size_t source = 0;

    if ((o->hashed ? check_hashed(o, e) : check_others(o, e)) != 0)
        return -1;
    if (o->sounds == 0) {
        m->result->lost++;
        tell(m, o->key, NULL,
             o->hashed ? "no zone has a sound copy" : "the zones have different copies of it");
        return 0;
    }
    while (!o->sound[source])
        source++;
    if (o->sounds == o->copies && o->sounds >= wanted_copies(m, o->key)) {
        m->result->complete++;
        return 0;
    }
    if (replace_bad(o, source, bytes[source], e) != 0)
        return -1;
    return add_missing(o, source, bytes[source], e);
}

static int take_object(void *context, const char *key, const uint64_t *bytes, struct error *e)
{
    struct zone_mending *m = context;
    struct object o = {.mending = m, .key = key};
    struct error why = ERROR_INIT;
    bool differ = false;
    uint64_t first = ZONES_ABSENT;

    o.hashed = name_parse(key, &o.name) && o.name.has_hash;
    for (size_t i = 0; i < m->count; i++) {
        o.has[i] = bytes[i] != ZONES_ABSENT;
        o.copies += o.has[i];
        if (!o.has[i])
            continue;
        differ = differ || (first != ZONES_ABSENT && first != bytes[i]);
        first = bytes[i];
    }
    m->result->objects++;
    if (!differ && !m->read_all && o.copies >= wanted_copies(m, key)) {
        m->result->complete++;
        return 0;
    }
    if (mend(&o, bytes, &why) == 0)
        return 0;
    /* Somebody has removed it meanwhile. */
    if (why.error_class == LAGAN_NOT_FOUND)
        return 0;
    *e = why;
    return -1;
}

static int flush_zones(struct zone_mending *m, struct error *e)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->zone[i] && target_flush(m->zone[i], e) != 0)
            return error_context(e, "zone %s", zone_name(m, i));
    return 0;
}

int zone_mend(struct zone_mending *m, struct error *e)
{
    if (target_walk(m->zone, m->count, "", take_object, m, e) != 0)
        return -1;
    return flush_zones(m, e);
}

static int survey_object(void *context, const char *key, const uint64_t *bytes, struct error *e)
{
    struct zone_mending *m = context;
    size_t wanted = target_zones_is_pack(key) ? ZONES_PACK_COPIES : m->count, copies = 0;
    uint64_t first = ZONES_ABSENT;
    bool differ = false;

    (void)e;
    for (size_t i = 0; i < m->count; i++) {
        if (bytes[i] == ZONES_ABSENT)
            continue;
        copies++;
        differ = differ || (first != ZONES_ABSENT && first != bytes[i]);
        first = bytes[i];
    }
    m->result->objects++;
    m->result->complete += copies >= wanted && !differ;
    m->result->incomplete += copies < wanted || differ;
    return 0;
}

int zone_survey(struct target *t, struct zone_repair_result *result, struct error *e)
{
    struct zone_mending m = {.count = target_zone_count(t), .result = result};

    *result = (struct zone_repair_result){.zones = m.count};
    for (size_t i = 0; i < m.count; i++) {
        m.zone[i] = target_zone(t, i, &result->why);
        m.there += m.zone[i] != NULL;
        result->missing += m.zone[i] == NULL;
    }
    return target_walk(m.zone, m.count, "", survey_object, &m, e);
}
