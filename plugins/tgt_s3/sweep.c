/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep.c - what writers that died have left: uploads in parts that nobody completes, claims,
 * and bodies without a name.  Only their age tells that they are dead; claims go before bodies,
 * as they sort.
 */
#include "tgt_s3/tgt_s3.h"

#include <string.h>

/* The clocks of the store and of this host may differ by so much before requests are refused.
 */
#define SKEW_NS (INT64_C(15) * 60 * 1000000000)

/* A sweep at work; a page of names. */
struct sweep {
    int64_t before_ns;
    struct name last;
    size_t count;
    struct name names[64];
};

static uint32_t take(void *context, const struct s3_object *found)
{
    struct sweep *w = context;
    struct name *name = &w->names[w->count];
    w->last.size = found->key_size;
    memcpy(w->last.text, found->key, found->key_size);
    if (found->modified_ns >= w->before_ns)
        return LAGAN_OK;
    *name = w->last;
    w->count++;
    return LAGAN_OK;
}

static uint32_t sweep_objects(struct store *s, struct lagan_op *op, struct sweep *w,
                              uint64_t *removed)
{
    struct name prefix = name_format(s, PRIVATE);
    struct s3_object_collector collector = {.context = w, .add = take};
    struct name after = {.size = 0};
    bool more = true;
    while (more) {
        struct s3_page page = {.prefix = prefix.text,
                               .prefix_size = prefix.size,
                               .after = after.text,
                               .after_size = after.size,
                               .limit = sizeof w->names / sizeof w->names[0]};
        w->count = 0;
        uint32_t result = s3_list(s->client, op, &page, &collector, &more);
        for (size_t i = 0; result == LAGAN_OK && i < w->count; i++) {
            result = name_remove(s, op, w->names[i].text, w->names[i].size);
            *removed += result == LAGAN_OK;
        }
        if (result != LAGAN_OK)
            return result;
        after = w->last;
        after.text[after.size] = '\0';
    }
    return LAGAN_OK;
}

uint32_t bucket_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed)
{
    struct store *s = handle;
    struct sweep w = {.before_ns = INT64_MAX};
    uint64_t uploads = 0;
    uint64_t objects = 0;
    uint32_t result = call_check(s, op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    if (older_than_ns > 0)
        w.before_ns = lagan_host_table->wall_ns() - older_than_ns - SKEW_NS;
    result = s3_uploads_sweep(s->client, op, s->instance->prefix, w.before_ns, &uploads);
    if (result == LAGAN_OK)
        result = sweep_objects(s, op, &w, &objects);
    if (result == LAGAN_OK)
        *removed = uploads + objects;
    return result;
}
