/* SPDX-License-Identifier: Apache-2.0 */
/* emulate_put.c - flags and checksums for drivers that cannot honour them. */
#include "crypto/hash.h"
#include "driver/layer_emulate.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20 };

/* OK: the object is there; NOT_FOUND; or why nobody can tell. */
static uint32_t look(struct layer *self, struct lagan_op *op, const char *key)
{
    struct lagan_object object = {.size = sizeof object};
    struct call stat = {.verb = CALL_STAT,
                        .op = op,
                        .object = self->place->handle,
                        .with.stat = {.key = key, .object = &object}};
    return layer_next(self, &stat);
}

/* The look has failed: the call ends as it did. */
static uint32_t refuse_as_told(struct layer *self, struct call *c, uint32_t result)
{
    struct lagan_error told = c->op->error;
    layer_refuse(self, c, result, LAGAN_OUTCOME_NOT_DONE, "%s", "looking for the name failed");
    if (told.error_class == result) {
        c->op->error = told;
        c->op->error.outcome = LAGAN_OUTCOME_NOT_DONE;
    }
    return result;
}

static pthread_mutex_t *lock_of(struct emulate *m, const char *key)
{
    uint32_t sum = 5381;
    for (; *key; key++)
        sum = sum * 33 + (uint8_t)*key;
    return &m->locks[sum % EMULATE_LOCKS];
}

static uint32_t flush(struct layer *self, struct lagan_op *op)
{
    struct call flush = {.verb = CALL_FLUSH, .op = op, .object = self->place->handle};
    uint32_t result = layer_next(self, &flush);
    /* The object has its name; only how long it lasts is not known. */
    if (result != LAGAN_OK && op->error.error_class == result)
        op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    else if (result != LAGAN_OK)
        layer_fail(op, result, LAGAN_OUTCOME_UNKNOWN, "flush failed");
    return result;
}

/* Looks for the name first.  Others, in this process only, wait meanwhile. */
static uint32_t name_if_absent(struct layer *self, struct call *c, const char *key)
{
    pthread_mutex_t *lock = lock_of(self->state, key);
    uint32_t result;
    pthread_mutex_lock(lock);
    result = look(self, c->op, key);
    if (result == LAGAN_NOT_FOUND)
        result = layer_next(self, c);
    else if (result == LAGAN_OK)
        result =
            layer_refuse(self, c, LAGAN_EXISTS, LAGAN_OUTCOME_NOT_DONE, "the name is taken");
    else
        result = refuse_as_told(self, c, result);
    pthread_mutex_unlock(lock);
    return result;
}

uint32_t emulate_naming(struct layer *self, struct call *c, const char *key, uint64_t *flags)
{
    struct emulate *m = self->state;
    uint64_t own = *flags;
    bool looks = m->if_absent && (own & LAGAN_PUT_IF_ABSENT) &&
                 m->below.put_if_absent == LAGAN_SUPPORT_NONE;
    bool flushes = (own & LAGAN_PUT_DURABLE) && m->below.durable_put == LAGAN_SUPPORT_NONE;
    uint32_t result;
    if (flushes)
        *flags &= ~LAGAN_PUT_DURABLE;
    if (looks)
        *flags &= ~LAGAN_PUT_IF_ABSENT;
    result = looks ? name_if_absent(self, c, key) : layer_next(self, c);
    *flags = own;
    return result == LAGAN_OK && flushes ? flush(self, c->op) : result;
}

/* The content's SHA-256. */
static uint32_t hash_content(struct lagan_op *op, uint64_t bytes,
                             const struct lagan_content *content, uint8_t out[HASH_SIZE])
{
    uint8_t *piece = malloc(PIECE_BYTES);
    uint32_t result = LAGAN_OK;
    struct hash h;
    if (!piece)
        return layer_fail(op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    hash_begin(&h);
    for (uint64_t at = 0; result == LAGAN_OK && at < bytes; at += PIECE_BYTES) {
        size_t size = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
        result = layer_cancelled(op) ? (uint32_t)LAGAN_CANCELLED
                                     : content->read(content->context, at, piece, size);
        hash_update(&h, piece, result == LAGAN_OK ? size : 0);
    }
    hash_finish(&h, out);
    free(piece);
    return result;
}

uint32_t emulate_check(struct lagan_op *op, uint64_t bytes, const struct lagan_content *content,
                       const uint8_t *sha256)
{
    uint8_t found[HASH_SIZE];
    uint32_t result = hash_content(op, bytes, content, found);
    if (result != LAGAN_OK || memcmp(found, sha256, HASH_SIZE) == 0)
        return result;
    return layer_fail(op, LAGAN_CORRUPT, LAGAN_OUTCOME_NOT_DONE,
                      "the bytes do not have the given checksum");
}

/* The wrong bytes for a name that is taken meet EXISTS, as the right ones would. */
static uint32_t wrong_bytes(struct layer *self, struct call *c)
{
    struct lagan_error told = c->op->error;
    uint32_t result = LAGAN_NOT_FOUND;
    if (c->with.put.flags & LAGAN_PUT_IF_ABSENT)
        result = look(self, c->op, c->with.put.key);
    if (result == LAGAN_OK)
        return layer_fail(c->op, LAGAN_EXISTS, LAGAN_OUTCOME_NOT_DONE, "the name is taken");
    if (result == LAGAN_NOT_FOUND) {
        c->op->error = told;
        return LAGAN_CORRUPT;
    }
    return result;
}

uint32_t emulate_put(struct layer *self, struct call *c)
{
    struct emulate *m = self->state;
    if (c->with.put.sha256 && m->below.checksum == LAGAN_SUPPORT_NONE) {
        uint32_t result =
            emulate_check(c->op, c->with.put.bytes, c->with.put.content, c->with.put.sha256);
        if (result == LAGAN_CORRUPT)
            return wrong_bytes(self, c);
        if (result != LAGAN_OK)
            return result;
    }
    return emulate_naming(self, c, c->with.put.key, &c->with.put.flags);
}
