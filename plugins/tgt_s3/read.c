/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - gets, and what is asked of single objects. */
#include "tgt_s3/tgt_s3.h"

#include <string.h>

/* Receives the header that says who has put an object. */
struct mark_reader {
    char *mark;
};

static void take_header(void *context, const char *name, const char *value)
{
    struct mark_reader *r = context;
    size_t size = strlen(value);
    if (strcmp(name, MARK_HEADER) != 0 || size >= ID_SIZE)
        return;
    memcpy(r->mark, value, size + 1);
}

uint32_t name_look(const struct store *s, struct lagan_op *op, const struct name *name,
                   struct s3_object *told, char *mark)
{
    struct mark_reader reader = {.mark = mark};
    struct s3_header_collector headers = {.context = &reader, .add = take_header};
    struct s3_object ignored;
    if (mark)
        mark[0] = '\0';
    return s3_head(s->client, op, name->text, name->size, NULL, told ? told : &ignored,
                   mark ? &headers : NULL);
}

uint32_t bucket_stat(void *handle, struct lagan_op *op, const char *key,
                     struct lagan_object *object)
{
    const struct store *s = handle;
    struct name name = name_of(s, key);
    struct s3_object told = {0};
    uint32_t result = name_look(s, op, &name, &told, NULL);
    if (result != LAGAN_OK)
        return result;
    object->bytes = told.bytes;
    object->modified_ns = told.modified_ns;
    return LAGAN_OK;
}

/* Stores answer a range that begins at the end as one that they cannot fulfil. */
static uint32_t get_nothing(const struct store *s, struct lagan_op *op, const struct name *name,
                            uint64_t offset, bool to_the_end)
{
    struct s3_object told = {0};
    uint32_t result = name_look(s, op, name, &told, NULL);
    if (result != LAGAN_OK)
        return result;
    if (offset == told.bytes || (offset < told.bytes && !to_the_end))
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_INVALID, 0, "the object has %llu bytes",
                      (unsigned long long)told.bytes);
}

/* Says what to do about an object that lies in a cold tier, and does it where that was asked
 * for. */
static uint32_t fail_cold(const struct store *s, struct lagan_op *op, const struct name *name,
                          const char *class)
{
    char tier[S3_CLASS_SIZE];
    uint32_t days = s->instance->warm_days;
    strcpy(tier, class[0] ? class : "cold");
    if (days == 0)
        return lagan_fail(op, LAGAN_OFFLINE, 0,
                          "the object is archived (%s): set warm-days to have it warmed, or "
                          "have the store restore it, and try again",
                          tier);
    if (s3_warm(s->client, op, name->text, name->size, NULL, days) != LAGAN_OK)
        return lagan_fail(op, LAGAN_OFFLINE, op->error.native,
                          "the object is archived (%s), and warming it failed: %.300s", tier,
                          op->error.text);
    return lagan_fail(op, LAGAN_OFFLINE, 0,
                      "the object is archived (%s) and is being warmed for %u days: try again "
                      "in some hours",
                      tier, days);
}

uint32_t bucket_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct store *s = handle;
    struct name name = name_of(s, key);
    struct s3_object told = {0};
    bool to_the_end = length == LAGAN_TO_THE_END;
    uint32_t result;
    if (length == 0)
        return get_nothing(s, op, &name, offset, false);
    result = s3_get(s->client, op, name.text, name.size, NULL, NULL, offset, length, sink,
                    &told, NULL);
    if (result == LAGAN_OFFLINE)
        return fail_cold(s, op, &name, told.storage_class);
    if (result == LAGAN_INVALID && to_the_end)
        return get_nothing(s, op, &name, offset, true);
    return result;
}
