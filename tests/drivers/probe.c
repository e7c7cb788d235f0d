/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - a target that tells what the host does with it: every object holds the values it
 * was configured with, and capacity tells how many calls were inside at a time.  MODULE and
 * THREADS say under which name and thread model it is built.
 */
#include <lagan/target.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)
#define REGISTER(module, descriptor) LAGAN_DRIVER(module, descriptor)

static const struct lagan_parameter parameters[] = {
    {.name = "label",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_BARE,
     .minimum = 2,
     .maximum = 8,
     .help = "a short text"},
    {.name = "folder", .type = LAGAN_PARAMETER_PATH, .help = "a path"},
    {.name = "fast", .type = LAGAN_PARAMETER_BOOL, .default_value = "no", .help = "a switch"},
    {.name = "count",
     .type = LAGAN_PARAMETER_INTEGER,
     .minimum = -5,
     .maximum = 100,
     .help = "a number"},
    {.name = "size",
     .type = LAGAN_PARAMETER_SIZE,
     .default_value = "64K",
     .minimum = 4096,
     .maximum = 1 << 30,
     .help = "a size"},
    {.name = "wait", .type = LAGAN_PARAMETER_DURATION, .help = "a duration"},
    {.name = "colour",
     .type = LAGAN_PARAMETER_CHOICE,
     .choices = "red|green|blue",
     .help = "one of three"},
    {.name = "password", .type = LAGAN_PARAMETER_SECRET, .help = "a secret"},
    {.name = "also",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_REPEATABLE,
     .help = "may come more than once"},
    {.name = "needed",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_REQUIRED,
     .help = "there is no default"},
    {.name = NULL},
};

struct instance {
    char report[2048];
    int configured;
    int started;
};

static atomic_int inside_now;
static atomic_int inside_most;

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
    size_t used = strlen(i->report);
    if (value->text && strcmp(value->text, "refuse") == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "not this one");
    if (value->text)
        snprintf(i->report + used, sizeof i->report - used, "%s=%s;", parameters[row].name,
                 value->text);
    else
        snprintf(i->report + used, sizeof i->report - used, "%s=%lld;", parameters[row].name,
                 (long long)value->number);
    return LAGAN_OK;
}

static uint32_t configured(void *instance, struct lagan_op *op)
{
    struct instance *i = instance;
    (void)op;
    i->configured++;
    return LAGAN_OK;
}

static uint32_t start(void *instance, struct lagan_op *op)
{
    struct instance *i = instance;
    if (i->configured != 1)
        return lagan_fail(op, LAGAN_INVALID, 0, "started before it was configured");
    i->started++;
    return LAGAN_OK;
}

static void stop(void *instance)
{
    struct instance *i = instance;
    i->started--;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance *i = instance;
    (void)flags;
    if (i->started != 1)
        return lagan_fail(op, LAGAN_INVALID, 0, "opened before it was started");
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
    (void)handle;
    (void)op;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    return LAGAN_OK;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    (void)handle;
    (void)key;
    (void)bytes;
    (void)content;
    (void)flags;
    (void)sha256;
    op->error.native = 28;
    lagan_fail(op, LAGAN_NO_SPACE, 28, "the %s is full", "cupboard");
    op->error.scope = LAGAN_SCOPE_INSTANCE;
    op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    op->error.retry_after_ms = 1500;
    return LAGAN_NO_SPACE;
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    const struct instance *i = handle;
    size_t size;
    char *room = sink->room(sink->context, &size);
    (void)op;
    (void)key;
    (void)offset;
    (void)length;
    if (!room || size < strlen(i->report))
        return LAGAN_INVALID;
    memcpy(room, i->report, strlen(i->report));
    return sink->filled(sink->context, strlen(i->report));
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    (void)handle;
    (void)op;
    (void)object;
    return strcmp(key, "strange") == 0 ? 4711u : (uint32_t)LAGAN_NOT_FOUND;
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    (void)handle;
    (void)op;
    (void)prefix;
    (void)start_after;
    (void)limit;
    (void)objects;
    *more = 0;
    return LAGAN_OK;
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    (void)handle;
    (void)op;
    (void)key;
    return LAGAN_OK;
}

/* Waits until it is cancelled or its deadline has passed. */
static uint32_t flush(void *handle, struct lagan_op *op)
{
    (void)handle;
    while (!lagan_sleep(op, 1000000000))
        ;
    return lagan_fail(op, LAGAN_CANCELLED, 0, "woken");
}

static uint32_t capacity(void *handle, struct lagan_op *op, uint64_t *total,
                         uint64_t *available)
{
    int now = atomic_fetch_add(&inside_now, 1) + 1;
    int most = atomic_load(&inside_most);
    (void)handle;
    while (now > most && !atomic_compare_exchange_weak(&inside_most, &most, now))
        ;
    lagan_sleep(op, 50000000);
    atomic_fetch_sub(&inside_now, 1);
    *total = (uint64_t)atomic_load(&inside_most);
    *available = 0;
    return LAGAN_OK;
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
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
    .capacity = capacity,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = THREADS,
    .name = NAME_OF(MODULE),
    .version = "0.9",
    .licence = "Apache-2.0",
    .summary = "tells what the host does with it",
    .home = "https://example.org/probe",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

REGISTER(MODULE, &descriptor)
