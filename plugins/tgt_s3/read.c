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

/* Says what to do about an object that lies in a cold tier, and does it where that was asked
 * for. */
static uint32_t fail_cold(const struct store *s, struct lagan_op *op, const struct name *name)
{
    uint32_t days = s->instance->warm_days;
    char why[LAGAN_TEXT_SIZE];
    if (days == 0)
        return lagan_fail(op, LAGAN_OFFLINE, 0,
                          "the object is archived: set warm-days to have such objects warmed, "
                          "or have the store restore it, and try again");
    if (s3_warm(s->client, op, name->text, name->size, NULL, days) != LAGAN_OK) {
        memcpy(why, op->error.text, sizeof why);
        return lagan_fail(op, LAGAN_OFFLINE, op->error.native,
                          "the object is archived, and warming it failed: %.400s", why);
    }
    return lagan_fail(op, LAGAN_OFFLINE, 0,
                      "the object is archived and is being warmed for %u days: try again in "
                      "some hours",
                      days);
}

/* A sink that is looked after: a slow one is left when the call is cancelled. */
struct watched {
    const struct lagan_sink *sink;
    struct lagan_op *op;
};

static void *watched_room(void *context, size_t *size)
{
    const struct watched *w = context;
    return w->sink->room(w->sink->context, size);
}

static uint32_t watched_filled(void *context, size_t size)
{
    const struct watched *w = context;
    uint32_t result = w->sink->filled(w->sink->context, size);
    if (result == LAGAN_OK && lagan_cancelled(w->op))
        return lagan_fail(w->op, LAGAN_CANCELLED, 0, "cancelled");
    return result;
}

uint32_t bucket_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct store *s = handle;
    struct name name = name_of(s, key);
    struct watched watched = {.sink = sink, .op = op};
    const struct lagan_sink through = {
        .context = &watched, .room = watched_room, .filled = watched_filled};
    uint32_t result = s3_get(s->client, op, name.text, name.size, NULL, NULL, offset, length,
                             &through, NULL, NULL);
    return result == LAGAN_OFFLINE ? fail_cold(s, op, &name) : result;
}
