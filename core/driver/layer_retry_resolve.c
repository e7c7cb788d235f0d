/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_retry_resolve.c - a change was asked for and its answer was lost: looks at the store
 * for what has become of it.
 *
 * Objects appear completely or not at all, so that one that is there is compared as a whole.
 * What cannot be read counts as not known.
 */
#include "driver/layer_retry.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 64 << 10 };

uint32_t retry_outcome(const struct call *c, uint32_t result)
{
    const struct lagan_error *told = &c->op->error;
    return told->error_class == result ? told->outcome : (uint32_t)LAGAN_OUTCOME_UNKNOWN;
}

/* The length of an object into `*bytes`. */
static uint32_t look(struct layer *self, struct lagan_op *op, const char *key, uint64_t *bytes)
{
    struct lagan_object object = {.size = sizeof object};
    struct call c = {.verb = CALL_STAT,
                     .op = op,
                     .object = self->place->handle,
                     .with.stat = {key, &object}};
    uint32_t result = layer_next(self, &c);
    if (result == LAGAN_OK)
        *bytes = object.bytes;
    return result;
}

/* Reads an object of known length, again where that helps. */
static uint32_t read_object(struct layer *self, struct lagan_op *op, const char *key,
                            uint64_t bytes, const struct lagan_sink *sink)
{
    struct call c = {.verb = CALL_GET,
                     .op = op,
                     .object = self->place->handle,
                     .with.get = {key, 0, bytes, sink}};
    return bytes > 0 ? retry_call(self, &c) : (uint32_t)LAGAN_OK;
}

/* Compares what is read with a content. */
struct comparison {
    const struct lagan_content *content;
    uint64_t at;
    bool differs;
    uint8_t *there;  /* PIECE_BYTES */
    uint8_t *wanted; /* PIECE_BYTES */
};

static void *comparison_room(void *context, size_t *size)
{
    struct comparison *c = context;
    *size = PIECE_BYTES;
    return c->there;
}

static uint32_t comparison_filled(void *context, size_t size)
{
    struct comparison *c = context;
    uint32_t result = c->content->read(c->content->context, c->at, c->wanted, size);
    c->at += size;
    if (result == LAGAN_OK && memcmp(c->there, c->wanted, size) != 0) {
        c->differs = true;
        return LAGAN_INVALID;
    }
    return result;
}

/* OK when the object `key` holds exactly what was to be put, EXISTS when not. */
static uint32_t compare_content(struct layer *self, const struct call *put, uint64_t bytes)
{
    struct comparison c = {.content = put->with.put.content};
    struct lagan_sink sink = {&c, comparison_room, comparison_filled};
    uint32_t result;
    if (bytes != put->with.put.bytes)
        return LAGAN_EXISTS;
    c.there = malloc(2 * PIECE_BYTES);
    if (!c.there)
        return LAGAN_INTERNAL;
    c.wanted = c.there + PIECE_BYTES;
    result = read_object(self, put->op, put->with.put.key, bytes, &sink);
    free(c.there);
    return c.differs ? (uint32_t)LAGAN_EXISTS : result;
}

/* The SHA-256 of an object. */
struct digest {
    struct hash hash;
    uint8_t piece[PIECE_BYTES];
};

static void *digest_room(void *context, size_t *size)
{
    struct digest *d = context;
    *size = sizeof d->piece;
    return d->piece;
}

static uint32_t digest_filled(void *context, size_t size)
{
    struct digest *d = context;
    hash_update(&d->hash, d->piece, size);
    return LAGAN_OK;
}

static uint32_t digest_object(struct layer *self, struct lagan_op *op, const char *key,
                              uint64_t bytes, uint8_t sha256[HASH_SIZE])
{
    struct digest *d = malloc(sizeof *d);
    struct lagan_sink sink = {d, digest_room, digest_filled};
    uint32_t result;
    if (!d)
        return LAGAN_INTERNAL;
    hash_begin(&d->hash);
    result = read_object(self, op, key, bytes, &sink);
    if (result == LAGAN_OK)
        hash_finish(&d->hash, sha256);
    free(d);
    return result;
}

/* OK when both objects hold the same, EXISTS when not. */
static uint32_t compare_objects(struct layer *self, struct lagan_op *op, const char *from,
                                const char *to)
{
    uint8_t digests[2][HASH_SIZE];
    uint64_t bytes[2];
    uint32_t result = look(self, op, from, &bytes[0]);
    if (result == LAGAN_OK)
        result = look(self, op, to, &bytes[1]);
    if (result == LAGAN_OK && bytes[0] != bytes[1])
        return LAGAN_EXISTS;
    if (result == LAGAN_OK)
        result = digest_object(self, op, from, bytes[0], digests[0]);
    if (result == LAGAN_OK)
        result = digest_object(self, op, to, bytes[1], digests[1]);
    if (result == LAGAN_OK && memcmp(digests[0], digests[1], HASH_SIZE) != 0)
        return LAGAN_EXISTS;
    return result;
}

/* A rename is done once the first name is gone.  With both there it may have come half the way:
 * the rest of it is done here. */
static uint32_t finish_rename(struct layer *self, struct call *c)
{
    struct call rest = {.verb = CALL_REMOVE,
                        .op = c->op,
                        .object = self->place->handle,
                        .with.remove = {c->with.copy.from}};
    uint64_t ignored;
    uint32_t result = look(self, c->op, c->with.copy.from, &ignored);
    if (result == LAGAN_NOT_FOUND)
        return LAGAN_OK;
    if (result == LAGAN_OK)
        result = compare_objects(self, c->op, c->with.copy.from, c->with.copy.to);
    return result == LAGAN_OK ? layer_next(self, &rest) : result;
}

/* The name it was to get is taken: by what it was to be? */
static uint32_t taken(struct layer *self, struct call *c, uint64_t bytes)
{
    switch (c->verb) {
    case CALL_PUT:
        return compare_content(self, c, bytes);
    case CALL_COPY:
        return compare_objects(self, c->op, c->with.copy.from, c->with.copy.to);
    default:
        return finish_rename(self, c);
    }
}

static bool is_answer(uint32_t result)
{
    return result == LAGAN_OK || result == LAGAN_EXISTS;
}

uint32_t retry_resolve(struct layer *self, struct call *c, uint32_t result)
{
    struct lagan_error before = c->op->error;
    uint64_t bytes;
    uint32_t found = look(self, c->op, call_key(c), &bytes);
    if (found == LAGAN_OK)
        found = taken(self, c, bytes);
    if (!is_answer(found))
        c->op->error = before;
    return is_answer(found) ? found : result;
}

uint32_t retry_resolve_taken(struct layer *self, struct call *c)
{
    struct lagan_error before = c->op->error;
    uint64_t bytes;
    uint32_t found = look(self, c->op, call_key(c), &bytes);
    if (found == LAGAN_OK)
        found = taken(self, c, bytes);
    if (found == LAGAN_EXISTS)
        c->op->error = before;
    else if (found != LAGAN_OK && c->op->error.error_class == found)
        c->op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return found;
}

/* The SHA-256 that the key's last component says. */
static bool named_digest(const char *key, uint8_t sha256[HASH_SIZE])
{
    const char *last = strrchr(key, '/');
    const char *name = last ? last + 1 : key;
    size_t size = strlen(name);
    /* Of "0-0000000000000007-HASH", too. */
    return size >= 2 * HASH_SIZE &&
           (size == 2 * HASH_SIZE || name[size - 2 * HASH_SIZE - 1] == '-') &&
           text_unhex(name + size - 2 * HASH_SIZE, sha256, HASH_SIZE) == 0;
}

uint32_t retry_resolve_named(struct layer *self, struct lagan_op *op, const char *key,
                             uint64_t bytes, uint32_t result)
{
    struct lagan_error before = op->error;
    uint8_t named[HASH_SIZE], there[HASH_SIZE];
    uint64_t length = 0;
    bool same = look(self, op, key, &length) == LAGAN_OK && length == bytes &&
                named_digest(key, named) &&
                digest_object(self, op, key, bytes, there) == LAGAN_OK &&
                memcmp(named, there, HASH_SIZE) == 0;
    if (same)
        return LAGAN_OK;
    op->error = before;
    return result;
}
