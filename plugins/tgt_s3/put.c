/* SPDX-License-Identifier: Apache-2.0 */
/* put.c - objects get their names: by the store's own word where that holds, else by claims. */
#include "tgt_s3/tgt_s3.h"

#include <string.h>

/* A put at work. */
struct put {
    struct store *store;
    const char *key;
    struct name name;
    struct body body;
};

/* EXISTS when the name is taken, NOT_FOUND when it is free. */
static uint32_t look(const struct put *p, struct lagan_op *op)
{
    uint32_t result = name_look(p->store, op, &p->name, NULL, NULL);
    return result == LAGAN_OK ? fail_taken(op) : result;
}

static uint32_t put_as(const struct put *p, struct lagan_op *op, bool if_absent)
{
    struct s3_pair pair;
    struct s3_give give = give_of(p->store, p->key, "1", &pair);
    give.if_absent = if_absent;
    return body_put(p->store, op, &p->name, &p->body, &give);
}

/* Whoever else puts this name puts the same bytes: that two may is no harm. */
static uint32_t put_content(const struct put *p, struct lagan_op *op)
{
    uint32_t result = look(p, op);
    return result == LAGAN_NOT_FOUND ? put_as(p, op, false) : result;
}

static uint32_t make_body(void *context, struct lagan_op *op, const char *id)
{
    const struct put *p = context;
    struct name name = name_format(p->store, TEMPORARY "%s", id);
    struct s3_pair pair;
    struct s3_give give = give_private(id, &pair);
    return body_put(p->store, op, &name, &p->body, &give);
}

static uint32_t put_claimed(struct put *p, struct lagan_op *op)
{
    struct claimed c = {.key = p->key, .bytes = p->body.bytes, .make = make_body, .context = p};
    id_make(c.id);
    return claim_name(p->store, op, &c);
}

static uint32_t put_if_absent(struct put *p, struct lagan_op *op)
{
    struct store *s = p->store;
    bool is_long = p->body.bytes > s->instance->part_bytes;
    if (is_long ? s->conditional_complete : s->conditional)
        return put_as(p, op, true);
    if (name_tells_content(p->key, p->body.sha256))
        return put_content(p, op);
    return put_claimed(p, op);
}

/* The wrong bytes for a name that is taken meet EXISTS, as the right ones would. */
static uint32_t refuse_bytes(const struct put *p, struct lagan_op *op, uint64_t flags)
{
    uint32_t result = flags & LAGAN_PUT_IF_ABSENT ? look(p, op) : (uint32_t)LAGAN_NOT_FOUND;
    if (result != LAGAN_NOT_FOUND)
        return result;
    return lagan_fail(op, LAGAN_CORRUPT, 0, "the bytes do not have the given checksum");
}

uint32_t put_body(struct store *s, struct lagan_op *op, const char *key,
                  const struct body *body, uint64_t flags)
{
    struct put p = {.store = s, .key = key, .name = name_of(s, key), .body = *body};
    return flags & LAGAN_PUT_IF_ABSENT ? put_if_absent(&p, op) : put_as(&p, op, false);
}

uint32_t bucket_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    struct store *s = handle;
    struct put p = {.store = s, .key = key, .body = {.bytes = bytes, .content = content}};
    uint8_t found[SHA256_BYTES];
    uint32_t result = call_check(s, op, flags, PUT_FLAGS);
    if (result != LAGAN_OK)
        return result;
    if (bytes > OBJECT_LIMIT_BYTES)
        return lagan_fail(op, LAGAN_LIMIT, 0, "an object has at most %llu bytes",
                          (unsigned long long)OBJECT_LIMIT_BYTES);
    p.name = name_of(s, key);
    p.body.sha256 = found;
    result = body_hash(op, &p.body, found);
    if (result != LAGAN_OK)
        return result;
    if (sha256 && memcmp(found, sha256, sizeof found) != 0)
        return refuse_bytes(&p, op, flags);
    return put_body(s, op, key, &p.body, flags);
}

/* ---- copies ---- */

/* A copy at work. */
struct copying {
    const struct store *store;
    struct name from;
    uint64_t bytes;
};

static uint32_t copy_body(void *context, struct lagan_op *op, const char *id)
{
    const struct copying *c = context;
    struct name to = name_format(c->store, TEMPORARY "%s", id);
    struct s3_original from = {
        .key = c->from.text, .key_size = c->from.size, .bytes = c->bytes};
    struct s3_pair pair;
    struct s3_give give = give_private(id, &pair);
    return s3_copy(c->store->client, op, &from, to.text, to.size, false, &give, NULL);
}

/* Stores do not decide who gets the name of a copy. */
uint32_t bucket_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                     uint64_t flags)
{
    struct store *s = handle;
    struct copying copying = {.store = s};
    struct claimed c = {.key = to, .make = copy_body, .context = &copying};
    struct s3_object told = {0};
    uint32_t result = call_check(s, op, flags, PUT_FLAGS);
    if (result != LAGAN_OK)
        return result;
    if (!(flags & LAGAN_PUT_IF_ABSENT))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "copies do not replace");
    copying.from = name_of(s, from);
    result = name_look(s, op, &copying.from, &told, NULL);
    if (result != LAGAN_OK)
        return result;
    copying.bytes = c.bytes = told.bytes;
    id_make(c.id);
    return claim_name(s, op, &c);
}
