/* SPDX-License-Identifier: Apache-2.0 */
/* tgt_liar.c - a target that breaks its contract in the way that `lie` names. */
#include <lagan/target.h>

#include <stdlib.h>
#include <string.h>

enum lie {
    ORDER,
    REPEAT,
    STUCK,
    FOREIGN,
    OTHER_PREFIX,
    LONG_PAGE,
    SHORT_GET,
    LONG_GET,
    NO_STAGES
};

static const struct lagan_parameter parameters[] = {
    {.name = "lie",
     .type = LAGAN_PARAMETER_CHOICE,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
     .choices =
         "order|repeat|stuck|foreign|other-prefix|long-page|short-get|long-get|no-stages",
     .help = "what it lies about"},
    {.name = NULL},
};

struct instance {
    enum lie lie;
};

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static void instance_free(void *instance)
{
    free(instance);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    (void)op;
    (void)row;
    i->lie = (enum lie)value->number;
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    (void)op;
    (void)flags;
    *handle = instance;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    (void)handle;
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct instance *i = handle;
    (void)op;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->staged_put = i->lie == NO_STAGES ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_NONE;
    return LAGAN_OK;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    (void)handle;
    (void)op;
    (void)key;
    (void)bytes;
    (void)content;
    (void)flags;
    (void)sha256;
    return LAGAN_OK;
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct instance *i = handle;
    uint64_t left = i->lie == SHORT_GET ? length / 2 : length + 1;
    (void)op;
    (void)key;
    (void)offset;
    while (left > 0) {
        size_t size = 0;
        void *room = sink->room(sink->context, &size);
        if (!room)
            return LAGAN_OK;
        if (size > left)
            size = (size_t)left;
        memset(room, 'x', size);
        left -= size;
        uint32_t result = sink->filled(sink->context, size + (i->lie == LONG_GET));
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    (void)handle;
    (void)op;
    (void)key;
    object->bytes = 10;
    return LAGAN_OK;
}

/* What each lie shows in a page. */
static const char *const shown[][4] = {
    [ORDER] = {"a/1", "a/3", "a/2"},     [REPEAT] = {"a/1", "a/1"},
    [FOREIGN] = {"a/1", "a/Zoo"},        [OTHER_PREFIX] = {"a/1", "b/1"},
    [LONG_PAGE] = {"a/1", "a/2", "a/3"},
};

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    const struct instance *i = handle;
    (void)op;
    (void)prefix;
    (void)start_after;
    (void)limit;
    *more = i->lie == STUCK;
    if (i->lie >= sizeof shown / sizeof shown[0])
        return LAGAN_OK;
    for (const char *const *key = shown[i->lie]; *key; key++) {
        struct lagan_object object = {.size = sizeof object, .key = *key, .bytes = 1};
        uint32_t result = objects->add(objects->context, &object);
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    (void)handle;
    (void)op;
    (void)key;
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
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "tgt_liar",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "breaks its contract",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(tgt_liar, &descriptor)
