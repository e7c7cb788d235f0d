/* SPDX-License-Identifier: Apache-2.0 */
/* zones_copy.c - objects from one target to another, and whether two are the same. */
#include "driver/zones_private.h"

#include "crypto/hash.h"

#include <string.h>

enum { COMPARE_LIMIT = 64 << 20 };

struct copying {
    struct stage *stage;
    struct hash hash;
};

static int write_piece(void *context, const void *data, size_t size, struct error *e)
{
    struct copying *c = context;
    hash_update(&c->hash, data, size);
    return stage_write(c->stage, data, size, e);
}

static int commit(struct copying *c, const char *key, const uint8_t *sha256, struct error *e)
{
    struct error why = ERROR_INIT;
    uint8_t found[HASH_SIZE];

    hash_finish(&c->hash, found);
    if (sha256 && memcmp(found, sha256, sizeof found) != 0) {
        stage_abort(c->stage);
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "copy %s: the bytes do not fit the name", key);
    }
    if (stage_commit(c->stage, key, &why) == 0 || why.error_class == LAGAN_EXISTS)
        return 0;
    *e = why;
    return -1;
}

int target_copy(struct target *from, struct target *to, const char *key, const uint8_t *sha256,
                struct error *e)
{
    struct copying c = {0};
    uint64_t bytes;

    if (target_stat(from, key, &bytes, e) != 0)
        return -1;
    c.stage = target_stage_begin(to, bytes, e);
    if (!c.stage)
        return -1;
    hash_begin(&c.hash);
    if (target_get_to(from, key, 0, bytes, write_piece, &c, e) != 0) {
        stage_abort(c.stage);
        return -1;
    }
    return commit(&c, key, sha256, e);
}

int target_compare(struct target *a, struct target *b, const char *key, struct error *e)
{
    struct buffer first CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer second CLEANUP_BUFFER = BUFFER_INIT;
    uint64_t a_bytes, b_bytes;

    if (target_stat(a, key, &a_bytes, e) != 0 || target_stat(b, key, &b_bytes, e) != 0)
        return -1;
    if (a_bytes != b_bytes || a_bytes > COMPARE_LIMIT)
        return a_bytes == b_bytes;
    if (target_get_all(a, key, (size_t)a_bytes, &first, e) != 0 ||
        target_get_all(b, key, (size_t)b_bytes, &second, e) != 0)
        return -1;
    return first.size == second.size &&
           (first.size == 0 || memcmp(first.data, second.data, first.size) == 0);
}

/* What is there already is not read to find that out. */
static int copy_if_absent(struct target *from, struct target *to, const char *key,
                          struct error *e)
{
    struct error ignored = ERROR_INIT;
    uint64_t bytes;

    if (target_stat(to, key, &bytes, &ignored) == 0)
        return 0;
    return target_copy(from, to, key, NULL, e);
}

int zones_spread(struct zones *z, const char *key, unsigned wanted, zone_set *where,
                 struct error *e)
{
    struct error failure = ERROR_INIT;
    uint8_t order[ZONES_LIMIT];
    int source = -1;

    zones_order(z, key, order);
    for (size_t i = 0; i < z->count && source < 0; i++)
        if ((*where & 1u << order[i]) && zone_reads(&z->zone[order[i]]))
            source = order[i];
    for (size_t i = 0; source >= 0 && i < z->count && zones_size(*where) < wanted; i++) {
        struct zone *zone = &z->zone[order[i]];
        struct error why = ERROR_INIT;
        if ((*where & 1u << order[i]) || !zone_writes(zone))
            continue;
        if (copy_if_absent(z->zone[source].target, zone->target, key, &why) == 0) {
            *where = (zone_set)(*where | 1u << order[i]);
            continue;
        }
        failure = why;
        if (why.error_class == LAGAN_CANCELLED)
            break;
        if (!zones_is_final(&why))
            zones_failed(z, order[i], &why, true);
    }
    if (failure.error_class == LAGAN_OK || zones_size(*where) >= wanted)
        return 0;
    *e = failure;
    return -1;
}
