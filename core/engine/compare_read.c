/* SPDX-License-Identifier: Apache-2.0 */
/* compare_read.c - objects read on both sides and compared with their names, several at a time.
 */
#include "base/pool.h"
#include "crypto/hash.h"
#include "driver/operation.h"
#include "engine/compare_private.h"
#include "vault/distrust.h"

#include <stdlib.h>
#include <string.h>

/* One object at one side. */
struct reading {
    struct compare *compare;
    struct compare_object *object;
    enum compare_side side;
    struct hash hash;
    uint64_t bytes;
};

static int take(void *context, const void *data, size_t size, struct error *e)
{
    struct reading *r = context;

    hash_update(&r->hash, data, size);
    r->bytes += size;
    compare_progress(r->compare, 0, size);
    return operation_check(e);
}

static int read_object(struct reading *r, struct error *e)
{
    uint8_t found[HASH_SIZE];
    char text[NAME_SIZE];

    compare_object_name(&r->object->name, text);
    hash_begin(&r->hash);
    if (target_get_to(vault_target(r->compare->vault[r->side]), text, 0, LAGAN_TO_THE_END, take,
                      r, e) != 0)
        return -1;
    hash_finish(&r->hash, found);
    if (memcmp(found, r->object->name.hash, sizeof(found)) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: its bytes do not fit its name",
                     text);
}

static void settle(struct reading *r, int result, const struct error *why)
{
    struct compare_place *at = &r->object->at[r->side];
    struct vault *v = r->compare->vault[r->side];
    bool is_pack = r->object->name.kind == NAME_PACK;

    if (result == 0) {
        at->state = COMPARE_SOUND;
        if (is_pack)
            distrust_forget(v, r->object->name.hash);
    } else if (why->error_class == LAGAN_NOT_FOUND) {
        at->state = COMPARE_ABSENT; /* it went after the listing */
    } else if (compare_is_damage(why)) {
        compare_damage(at, why);
        if (is_pack)
            distrust_note(v, r->object->name.hash);
    } else {
        compare_fail(r->compare, why);
    }
}

static void run(void *item)
{
    struct reading *r = item;
    struct error why = ERROR_INIT;
    int result;

    if (!compare_failed(r->compare)) {
        result = operation_check(&why);
        if (result == 0)
            result = read_object(r, &why);
        settle(r, result, &why);
        compare_progress(r->compare, 1, 0);
    }
    free(r);
}

/* Rolls are small, and what they say decides what is needed. */
static bool is_due(const struct compare *c, const struct compare_object *o,
                   enum compare_side side)
{
    return o->at[side].state == COMPARE_PRESENT &&
           (o->name.kind == NAME_ROLL || c->request->depth >= VERIFY_OBJECTS);
}

static void count_due(struct compare *c)
{
    for (size_t i = 0; i < c->object_count; i++)
        for (int side = 0; side < COMPARE_SIDES; side++)
            if (is_due(c, &c->objects[i], side)) {
                c->progress.objects_total++;
                c->progress.bytes_total += c->objects[i].at[side].bytes;
            }
}

static int submit(struct compare *c, struct pool *pool, struct compare_object *o,
                  enum compare_side side, struct error *e)
{
    struct reading *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return error_no_memory(e, "reading objects");
    *r = (struct reading){.compare = c, .object = o, .side = side};
    pool_submit(pool, run, r);
    return 0;
}

int compare_read(struct compare *c, struct error *e)
{
    struct pool *pool = pool_new(c->parallel, c->parallel, e);
    int result = 0;

    if (pool == NULL)
        return -1;
    count_due(c);
    for (size_t i = 0; i < c->object_count && result == 0 && !compare_failed(c); i++)
        for (int side = 0; side < COMPARE_SIDES && result == 0; side++)
            if (is_due(c, &c->objects[i], side))
                result = submit(c, pool, &c->objects[i], side, e);
    pool_free(pool);
    if (result == 0 && c->failed) {
        *e = c->failure;
        return -1;
    }
    return result;
}
