/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_mem.c - the driver of targets in memory; only tests load it. */
#include "tgt_mem/tgt_mem.h"

#include <stdlib.h>
#include <string.h>

enum { ROW_NAME, ROW_STAGES, ROW_LIMIT, ROW_PLAIN };

/* Small, so that tests meet the limits of parts. */
enum { PART_LIMIT = 64, PART_MINIMUM = 64 << 10, PART_MAXIMUM = 8 << 20, PARALLEL = 4 };

static const struct lagan_parameter parameters[] = {
    [ROW_NAME] = {.name = "name",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags =
                      LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                  .minimum = 1,
                  .maximum = 64,
                  .help = "which store of this process"},
    [ROW_STAGES] = {.name = "stages",
                    .type = LAGAN_PARAMETER_BOOL,
                    .default_value = "no",
                    .help = "whether staged puts are offered"},
    [ROW_LIMIT] = {.name = "limit",
                   .type = LAGAN_PARAMETER_SIZE,
                   .default_value = "0",
                   .help = "bytes of objects after which the store is full, 0 = none"},
    [ROW_PLAIN] = {.name = "plain",
                   .type = LAGAN_PARAMETER_BOOL,
                   .default_value = "no",
                   .help = "whether only what no target can do without is offered"},
    {.name = NULL},
};

struct instance {
    char *name;
    bool stages;
    bool plain;
    uint64_t limit;
};

struct stage {
    struct memory_handle *handle;
    uint8_t *data;
    size_t bytes;
    size_t room;
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->name);
    free(i);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    switch (row) {
    case ROW_NAME:
        i->name = strdup(value->text);
        return i->name ? (uint32_t)LAGAN_OK : no_memory(op);
    case ROW_STAGES:
        i->stages = value->number != 0;
        return LAGAN_OK;
    case ROW_PLAIN:
        i->plain = value->number != 0;
        return LAGAN_OK;
    default:
        i->limit = (uint64_t)value->number;
        return LAGAN_OK;
    }
}

uint32_t memory_check(struct lagan_op *op, uint64_t flags, uint64_t known)
{
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (flags & ~known & UINT32_MAX)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "an unknown flag");
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance *i = instance;
    struct memory_handle *h;
    bool fresh;
    uint32_t result = memory_check(op, flags, LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE);
    if (result != LAGAN_OK)
        return result;
    h = calloc(1, sizeof *h);
    if (!h)
        return no_memory(op);
    *h = (struct memory_handle){
        .stages = i->stages,
        .plain = i->plain,
        .limit = i->limit,
        .read_only = (flags & LAGAN_OPEN_READ_ONLY) != 0,
        .store = memory_store_named(i->name, (flags & LAGAN_OPEN_INITIALISE) != 0, &fresh)};
    if (!h->store) {
        free(h);
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no store \"%s\"", i->name);
    }
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    free(handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct memory_handle *h = handle;
    (void)op;
    told->put_if_absent = h->plain ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    told->staged_put = h->stages ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_NONE;
    told->durable_put = h->plain ? LAGAN_SUPPORT_NONE : LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->remove = LAGAN_SUPPORT_NATIVE;
    if (!h->plain)
        told->max_parallel = PARALLEL;
    /* An older host does not know the rest. */
    if (!h->plain && told->size >= sizeof *told) {
        told->multipart = LAGAN_SUPPORT_NATIVE;
        told->copy = LAGAN_SUPPORT_NATIVE;
        told->rename = LAGAN_SUPPORT_NATIVE;
        told->part_limit = PART_LIMIT;
        told->part_minimum_bytes = PART_MINIMUM;
        told->part_maximum_bytes = PART_MAXIMUM;
    }
    return LAGAN_OK;
}

uint32_t memory_fail(struct lagan_op *op, uint32_t result)
{
    switch (result) {
    case LAGAN_EXISTS:
        return lagan_fail(op, LAGAN_EXISTS, 0, "the name is taken");
    case LAGAN_NOT_FOUND:
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such object");
    case LAGAN_INTERNAL:
        return no_memory(op);
    default:
        return result;
    }
}

uint32_t memory_add(struct memory_handle *h, struct lagan_op *op, const char *key,
                    uint8_t *data, uint64_t bytes, uint64_t flags)
{
    bool absent = (flags & LAGAN_PUT_IF_ABSENT) != 0;
    uint32_t result = memory_check(op, flags, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    if (result != LAGAN_OK)
        ;
    else if (h->read_only)
        result = lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    else if (h->plain && flags != 0)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "puts have no flags here");
    else if (h->limit > 0 && memory_store_bytes(h->store) + bytes > h->limit)
        result = lagan_fail(op, LAGAN_NO_SPACE, 0, "the store is full");
    else
        result = memory_fail(op, memory_store_add(h->store, key, data, bytes, !absent));
    if (result != LAGAN_OK)
        free(data);
    return result;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    uint8_t *data;
    uint32_t result = memory_check(op, flags, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE);
    (void)sha256;
    if (result != LAGAN_OK)
        return result;
    data = malloc((size_t)bytes + 1);
    if (!data)
        return no_memory(op);
    result = bytes > 0 ? content->read(content->context, 0, data, (size_t)bytes)
                       : (uint32_t)LAGAN_OK;
    if (result == LAGAN_OK)
        return memory_add(handle, op, key, data, bytes, flags);
    free(data);
    return result;
}

static uint32_t stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage)
{
    uint32_t result = memory_check(op, 0, 0);
    struct stage *s;
    (void)bytes_hint;
    if (result != LAGAN_OK)
        return result;
    s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(op);
    s->handle = handle;
    *stage = s;
    return LAGAN_OK;
}

static uint32_t stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct stage *s = stage;
    if (s->room - s->bytes < size) {
        size_t room = (s->bytes + size) * 2;
        uint8_t *grown = realloc(s->data, room);
        if (!grown)
            return no_memory(op);
        s->data = grown;
        s->room = room;
    }
    memcpy(s->data + s->bytes, data, size);
    s->bytes += size;
    return LAGAN_OK;
}

static uint32_t stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct stage *s = stage;
    uint32_t result = memory_add(s->handle, op, key, s->data, s->bytes, flags);
    free(s);
    return result;
}

static void stage_abort(void *stage)
{
    struct stage *s = stage;
    free(s->data);
    free(s);
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct memory_handle *h = handle;
    struct memory_delivery d = {.op = op, .sink = sink, .offset = offset, .length = length};
    uint32_t result = memory_check(op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    return memory_fail(op, memory_store_see(h->store, key, memory_deliver, &d));
}

static uint32_t note_bytes(void *context, const uint8_t *data, uint64_t bytes)
{
    (void)data;
    *(uint64_t *)context = bytes;
    return LAGAN_OK;
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    const struct memory_handle *h = handle;
    return memory_fail(op, memory_store_see(h->store, key, note_bytes, &object->bytes));
}

/* A listing that ends when its op is cancelled. */
struct page {
    struct lagan_op *op;
    const struct lagan_object_collector *objects;
};

static uint32_t add_to_page(void *context, const struct lagan_object *object)
{
    struct page *p = context;
    uint32_t result = memory_check(p->op, 0, 0);
    return result == LAGAN_OK ? p->objects->add(p->objects->context, object) : result;
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    const struct memory_handle *h = handle;
    struct page page = {op, objects};
    struct lagan_object_collector watched = {.context = &page, .add = add_to_page};
    return memory_store_list(h->store, prefix, start_after, limit, &watched, more);
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    const struct memory_handle *h = handle;
    uint32_t result = memory_check(op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    if (h->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    memory_store_remove(h->store, key);
    return LAGAN_OK;
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    (void)handle;
    (void)op;
    return LAGAN_OK;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = put,
    .stage_begin = stage_begin,
    .stage_write = stage_write,
    .stage_commit = stage_commit,
    .stage_abort = stage_abort,
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
    .multipart_begin = memory_multipart_begin,
    .part_put = memory_part_put,
    .multipart_complete = memory_multipart_complete,
    .multipart_abort = memory_multipart_abort,
    .copy = memory_copy,
    .rename = memory_rename,
    .clock = memory_clock,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "tgt_mem",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "objects in the memory of this process, for tests",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_mem, &descriptor)
