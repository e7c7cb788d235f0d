/* SPDX-License-Identifier: Apache-2.0 */
/* compare_mend.c - sound objects over missing and damaged ones. */
#include "base/pool.h"
#include "driver/operation.h"
#include "engine/compare_private.h"
#include "vault/distrust.h"
#include "vault/seal_codec.h"
#include "vault/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One object to be mended. */
struct mending {
    struct compare *compare;
    struct compare_object *object;
    int from;
};

/* Whatever the source lacks and no backup needs may stay absent, and so may what the mirror has
 * left over. */
static bool is_due(const struct compare_object *o, const struct compare_verdict *v)
{
    if (!v->bad || v->from < 0)
        return false;
    if (o->needed || o->at[1 - v->from].state == COMPARE_DAMAGED)
        return true;
    return o->name.kind == NAME_RUN && v->kind == COMPARE_ONLY_SOURCE;
}

static int mend(const struct mending *m, struct error *e)
{
    struct compare *c = m->compare;
    struct compare_object *o = m->object;
    struct compare_place *to = &o->at[1 - m->from];
    const struct carry carry = {.from = vault_target(c->vault[m->from]),
                                .to = vault_target(c->vault[1 - m->from]),
                                .context = c->request->context,
                                .pass = c->request->pass};
    struct carry_object what = {
        .hash_bytes = 32, .bytes = o->bytes, .replace = to->state == COMPARE_DAMAGED};
    char text[NAME_SIZE];

    compare_object_name(&o->name, text);
    what.name = text;
    memcpy(what.hash, o->name.hash, sizeof(what.hash));
    if (carry_object(&carry, &what, NULL, NULL, e) == CARRY_FAILED)
        return -1;
    if (o->name.kind == NAME_PACK)
        distrust_forget(c->vault[1 - m->from], o->name.hash);
    return 0;
}

static void run(void *item)
{
    struct mending *m = item;
    struct error why = ERROR_INIT;

    if (!compare_failed(m->compare)) {
        if (operation_check(&why) != 0)
            compare_fail(m->compare, &why);
        else if (mend(m, &why) == 0)
            m->object->mended = true;
        else
            m->object->failure = compare_keep_error(&why);
    }
    free(m);
}

static int submit(struct compare *c, struct pool *pool, struct compare_object *o, int from,
                  struct error *e)
{
    struct mending *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return error_no_memory(e, "mending objects");
    *m = (struct mending){.compare = c, .object = o, .from = from};
    pool_submit(pool, run, m);
    return 0;
}

static int flush(struct compare *c, struct error *e)
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (target_flush(vault_target(c->vault[side]), e) != 0)
            return error_context(e, "%s", compare_side_name(side));
    return 0;
}

static unsigned parallel(const struct compare *c)
{
    unsigned most = c->parallel;

    for (int side = 0; side < COMPARE_SIDES; side++)
        most = carry_parallel(vault_target(c->vault[side]), most);
    return most;
}

int compare_mend_objects(struct compare *c, struct error *e)
{
    unsigned threads = parallel(c);
    struct pool *pool = pool_new(threads, threads, e);
    int result = 0;

    if (pool == NULL)
        return -1;
    for (size_t i = 0; i < c->object_count && result == 0 && !compare_failed(c); i++) {
        struct compare_object *o = &c->objects[i];
        const struct compare_verdict verdict = compare_judge(o->at);

        if (is_due(o, &verdict))
            result = submit(c, pool, o, verdict.from, e);
    }
    pool_free(pool);
    if (result == 0 && c->failed) {
        *e = c->failure;
        return -1;
    }
    return result == 0 ? flush(c, e) : -1;
}

/* Reads what stands at the side `from` and proves it once more. */
static int read_proved(struct compare *c, const char *object, bool gone, enum compare_side from,
                       struct buffer *data, struct error *e)
{
    const struct trust trust = vault_trust(c->vault[from]);
    const char *name = object + strlen("seals/");
    struct tombstone tombstone;
    struct seal *seal;

    if (stored_read(vault_target(c->vault[from]), object, SEAL_OBJECT_LIMIT, data, e) != 0)
        return -1;
    if (gone) {
        if (tombstone_decode(data->data, data->size, name, &trust, 0, &tombstone, e) != 0)
            return -1;
        tombstone_clear(&tombstone);
        return 0;
    }
    if (seal_decode(data->data, data->size, name, &trust, NULL, 0, &seal, e) != 0)
        return -1;
    seal_free(seal);
    return 0;
}

int compare_mend_seal(struct compare *c, const struct compare_seal *s, bool gone,
                      enum compare_side from, struct error *e)
{
    CLEANUP_BUFFER struct buffer data = BUFFER_INIT;
    const struct compare_place *there = gone ? &s->gone[1 - from] : &s->at[1 - from];
    struct target *to = vault_target(c->vault[1 - from]);
    char object[NAME_SIZE];

    snprintf(object, sizeof(object), "seals/%s%s", s->name, gone ? ".gone" : "");
    if (read_proved(c, object, gone, from, &data, e) != 0 ||
        (c->request->pass != NULL && c->request->pass(c->request->context, data.size, e) != 0))
        return -1;
    if (there->state == COMPARE_DAMAGED && target_remove(to, object, e) != 0)
        return -1;
    switch (stored_put(to, object, data.data, data.size, e)) {
    case STORED_DONE:
        return target_flush(to, e);
    case STORED_TAKEN:
        return error_set(e, LAGAN_CHANGED, ERROR_TEMPORARY,
                         "%s: something else came there meanwhile", object);
    default:
        return -1;
    }
}
