/* SPDX-License-Identifier: Apache-2.0 */
/* carry.c - one object from one target to another. */
#include "vault/carry.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20, KEPT_PARALLEL = 2 };

/* One object on its way. */
struct carrying {
    const struct carry *c;
    const struct carry_object *o;
    struct stage *stage;
    struct hash hash;
    uint64_t bytes; /* so far */
    bool at_source; /* where the failure is */
};

static int damaged(const struct carry_object *o, const char *how, struct error *e)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", o->name, how);
}

static int take(void *context, const void *data, size_t size, struct error *e)
{
    struct carrying *k = context;

    if (size > k->o->bytes - k->bytes)
        return damaged(k->o, "longer than it must be", e);
    k->at_source = false;
    if (k->c->pass != NULL && k->c->pass(k->c->context, size, e) != 0)
        return -1;
    hash_update(&k->hash, data, size);
    k->bytes += size;
    if (stage_write(k->stage, data, size, e) != 0)
        return -1;
    k->at_source = true;
    return 0;
}

/* Range by range: where one lock guards the calls on both targets, nothing may be written while
 * a read is under way. */
static int read_ranges(struct carrying *k, struct error *e)
{
    uint64_t bytes = k->o->bytes;
    uint8_t *piece;
    int result = 0;

    if (bytes == CARRY_ANY_LENGTH && target_stat(k->c->from, k->o->name, &bytes, e) != 0)
        return -1;
    piece = malloc(PIECE_BYTES);
    if (piece == NULL)
        return error_no_memory(e, "a piece of an object");
    while (result == 0 && k->bytes < bytes) {
        uint64_t left = bytes - k->bytes;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        result = target_get(k->c->from, k->o->name, k->bytes, piece, size, e);
        if (result == 0)
            result = take(k, piece, size, e);
    }
    free(piece);
    return result;
}

static bool share_a_lock(const struct carry *c)
{
    const struct driver *from = target_driver(c->from);

    return from == target_driver(c->to) && driver_threads(from) == LAGAN_THREADS_SERIAL_DRIVER;
}

/* A missing or shortened object is as bad as an altered one. */
static int judge(const struct carrying *k, struct error *e)
{
    if (!k->at_source)
        return -1;
    if (e->error_class == LAGAN_NOT_FOUND || e->error_class == LAGAN_CORRUPT ||
        e->error_class == LAGAN_INVALID)
        e->code = ERROR_INTEGRITY;
    return -1;
}

static int read_all(struct carrying *k, struct error *e)
{
    uint8_t found[HASH_SIZE];
    int result;

    hash_begin(&k->hash);
    k->at_source = true;
    if (share_a_lock(k->c))
        result = read_ranges(k, e);
    else
        result = target_get_to(k->c->from, k->o->name, 0, LAGAN_TO_THE_END, take, k, e);
    if (result != 0)
        return judge(k, e);
    hash_finish(&k->hash, found);
    if (k->o->bytes != CARRY_ANY_LENGTH && k->bytes != k->o->bytes)
        return damaged(k->o, "shorter than it must be", e);
    if (memcmp(found, k->o->hash, k->o->hash_bytes) != 0)
        return damaged(k->o, "its bytes do not fit its name", e);
    k->at_source = false;
    return 0;
}

static enum carry_result name_it(struct carrying *k, struct error *e)
{
    struct error why = ERROR_INIT;

    if (k->o->replace && target_remove(k->c->to, k->o->name, e) != 0) {
        stage_abort(k->stage);
        return CARRY_FAILED;
    }
    if (stage_commit(k->stage, k->o->name, &why) == 0)
        return CARRY_SENT;
    if (why.error_class == LAGAN_EXISTS)
        return CARRY_PRESENT;
    *e = why;
    return CARRY_FAILED;
}

enum carry_result carry_object(const struct carry *c, const struct carry_object *o,
                               uint64_t *bytes, bool *at_source, struct error *e)
{
    struct carrying k = {.c = c, .o = o};
    enum carry_result result = CARRY_FAILED;
    uint64_t hint = o->bytes == CARRY_ANY_LENGTH ? 0 : o->bytes;

    k.stage = target_stage_begin(c->to, hint, e);
    if (k.stage != NULL && read_all(&k, e) == 0)
        result = name_it(&k, e);
    else
        stage_abort(k.stage);
    if (at_source != NULL)
        *at_source = k.at_source;
    if (result != CARRY_FAILED && bytes != NULL)
        *bytes = k.bytes;
    return result;
}

unsigned carry_parallel(const struct target *to, unsigned wanted)
{
    if (target_capabilities(to)->staged_put == LAGAN_SUPPORT_NONE && wanted > KEPT_PARALLEL)
        return KEPT_PARALLEL;
    return wanted;
}
