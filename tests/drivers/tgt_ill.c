/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_ill.c - a target that stores nothing, and in one of its slots does what `how` says. */
#include "ill.h"

#include <lagan/target.h>

enum { SLOT, HOW, NUMBER, PATH };

static const struct lagan_parameter parameters[] = {
    [SLOT] = {.name = "slot",
              .type = LAGAN_PARAMETER_TEXT,
              .default_value = "none",
              .help = "in which slot"},
    [HOW] = {.name = "how",
             .type = LAGAN_PARAMETER_CHOICE,
             .default_value = "crash",
             .choices = ILL_CHOICES,
             .help = "what it does there"},
    [NUMBER] = {.name = "number",
                .type = LAGAN_PARAMETER_INTEGER,
                .default_value = "0",
                .help = "which of several"},
    [PATH] = {.name = "look",
              .type = LAGAN_PARAMETER_TEXT,
              .default_value = "/",
              .help = "what it looks at"},
    {.name = NULL},
};

struct instance {
    char slot[64];
    enum ill how;
    int64_t number;
    char path[256];
};

static uint32_t act(const struct instance *i, struct lagan_op *op, const char *slot)
{
    return strcmp(i->slot, slot) == 0 ? ill_act(op, i->how, i->number, i->path)
                                      : (uint32_t)LAGAN_OK;
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static void instance_free(void *instance)
{
    act(instance, NULL, "instance_free");
    free(instance);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    if (row == SLOT)
        snprintf(i->slot, sizeof i->slot, "%s", value->text);
    else if (row == HOW)
        i->how = (enum ill)value->number;
    else if (row == NUMBER)
        i->number = value->number;
    else
        snprintf(i->path, sizeof i->path, "%s", value->text);
    return row == PATH ? act(i, op, "configure") : (uint32_t)LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    return act(instance, op, "configured");
}

static uint32_t start(void *instance, struct lagan_op *op)
{
    return act(instance, op, "start");
}

static void stop(void *instance)
{
    act(instance, NULL, "stop");
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    (void)flags;
    *handle = instance;
    return act(instance, op, "open");
}

static void close_handle(void *handle)
{
    act(handle, NULL, "close");
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->staged_put = LAGAN_SUPPORT_NATIVE;
    return act(handle, op, "capabilities");
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    (void)key;
    (void)bytes;
    (void)content;
    (void)flags;
    (void)sha256;
    return act(handle, op, "put");
}

static uint32_t stage_begin(void *handle, struct lagan_op *op, uint64_t hint, void **stage)
{
    (void)hint;
    *stage = handle;
    return act(handle, op, "stage_begin");
}

static uint32_t stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    (void)data;
    (void)size;
    return act(stage, op, "stage_write");
}

static uint32_t stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    (void)key;
    (void)flags;
    return act(stage, op, "stage_commit");
}

static void stage_abort(void *stage)
{
    act(stage, NULL, "stage_abort");
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    (void)key;
    (void)offset;
    (void)length;
    (void)sink;
    return act(handle, op, "get");
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    (void)key;
    object->bytes = 1;
    return act(handle, op, "stat");
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    (void)prefix;
    (void)start_after;
    (void)limit;
    (void)objects;
    *more = 0;
    return act(handle, op, "list");
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    (void)key;
    return act(handle, op, "remove");
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    return act(handle, op, "flush");
}

static uint32_t capacity(void *handle, struct lagan_op *op, uint64_t *total,
                         uint64_t *available)
{
    *total = *available = UINT64_MAX;
    return act(handle, op, "capacity");
}

static uint32_t sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed)
{
    (void)older_than_ns;
    *removed = 0;
    return act(handle, op, "sweep");
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .configured = configured,
               .start = start,
               .stop = stop,
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
    .capacity = capacity,
    .sweep = sweep,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "tgt_ill",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "a target that harms the process it is in",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_ill, &descriptor)
