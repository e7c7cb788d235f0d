/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - listings of the host's keys among whatever the bucket has. */
#include "tgt_s3/tgt_s3.h"

#include <string.h>

/* A listing at work. */
struct listing {
    const struct lagan_object_collector *objects;
    struct lagan_op *op;
    size_t prefix_size; /* of the place */
    uint32_t given;
    struct name last; /* behind which the next page begins */
};

static uint32_t take(void *context, const struct s3_object *found)
{
    struct listing *l = context;
    char key[LAGAN_KEY_LIMIT + 1];
    struct lagan_object object = {.size = sizeof object, .key = key};
    size_t size = found->key_size - l->prefix_size;
    if (lagan_cancelled(l->op))
        return lagan_fail(l->op, LAGAN_CANCELLED, 0, "cancelled");
    l->last.size = found->key_size;
    memcpy(l->last.text, found->key, found->key_size);
    if (!name_is_key(found->key + l->prefix_size, size))
        return LAGAN_OK;
    memcpy(key, found->key + l->prefix_size, size);
    key[size] = '\0';
    object.bytes = found->bytes;
    object.modified_ns = found->modified_ns;
    l->given++;
    return l->objects->add(l->objects->context, &object);
}

/* Foreign names may fill whole pages: those are passed over. */
uint32_t bucket_list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    const struct store *s = handle;
    struct name under = name_of(s, prefix);
    struct name after = {.size = 0};
    struct listing l = {
        .objects = objects, .op = op, .prefix_size = strlen(s->instance->prefix)};
    struct s3_object_collector collector = {.context = &l, .add = take};
    struct s3_page page = {.prefix = under.text,
                           .prefix_size = under.size,
                           .after = after.text,
                           .limit = limit < S3_LIST_LIMIT ? limit : S3_LIST_LIMIT};
    bool others = true;
    if (start_after[0])
        l.last = name_of(s, start_after);
    while (others && l.given == 0) {
        after = l.last;
        after.text[after.size] = '\0';
        page.after_size = after.size;
        uint32_t result = s3_list(s->client, op, &page, &collector, &others);
        if (result != LAGAN_OK)
            return result;
    }
    *more = others;
    return LAGAN_OK;
}
