/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broken.c - a minimal target driver, built once per fault: MODULE is the module's name,
 * FAULT_... says what is wrong with it (or unusual, and must be accepted).
 */
#include <lagan/target.h>

#include <stdlib.h>
#include <unistd.h>

#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)
#define REGISTER(module, descriptor) LAGAN_DRIVER(module, descriptor)

static uint32_t unsupported(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "not in this driver");
}

#ifdef FAULT_SYMBOL
uint32_t symbol_that_nobody_defines(struct lagan_op *op);
#endif

static uint32_t load(struct lagan_op *op)
{
#if defined FAULT_SYMBOL
    return symbol_that_nobody_defines(op);
#elif defined FAULT_LOAD
    return lagan_fail(op, LAGAN_INTERNAL, 0, "the library below is too old");
#else
    (void)op;
    return LAGAN_OK;
#endif
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    static int nothing;
    (void)op;
    *instance = &nothing;
    return LAGAN_OK;
}

static void instance_free(void *instance)
{
    (void)instance;
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
    (void)handle;
    (void)told;
    return unsupported(op);
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
    return unsupported(op);
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    (void)handle;
    (void)key;
    (void)offset;
    (void)length;
    (void)sink;
    return unsupported(op);
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    (void)handle;
    (void)key;
    (void)object;
    return unsupported(op);
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    (void)handle;
    (void)prefix;
    (void)start_after;
    (void)limit;
    (void)objects;
    (void)more;
    return unsupported(op);
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    (void)handle;
    (void)key;
    return unsupported(op);
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    (void)handle;
    return unsupported(op);
}

#ifdef FAULT_OLD
/* Lies behind the end of the table that this driver declares. */
static uint32_t sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                      uint64_t *removed)
{
    (void)handle;
    (void)older_than_ns;
    (void)removed;
    return unsupported(op);
}
#endif

#ifdef FAULT_STAGES
static uint32_t stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage)
{
    (void)handle;
    (void)bytes_hint;
    (void)stage;
    return unsupported(op);
}
#endif

/* The table, with slots behind it that no program knows yet. */
static const struct {
    struct lagan_target_ops known;
    void (*of_tomorrow[4])(void);
} ops = {
    .known =
        {
            .common = {.load = load,
                       .instance_new = instance_new,
                       .instance_free = instance_free,
                       .open = open_handle,
                       .close = close_handle},
            .capabilities = capabilities,
#ifndef FAULT_SLOT
            .put = put,
#endif
#ifdef FAULT_STAGES
            .stage_begin = stage_begin,
#endif
            .get = get,
            .stat = stat_object,
            .list = list,
            .remove = remove_object,
            .flush = flush,
#ifdef FAULT_OLD
            .sweep = sweep,
#endif
        },
    .of_tomorrow = {(void (*)(void))abort, (void (*)(void))abort},
};

#ifdef FAULT_SLOT
/* Named in the table of the sound driver. */
extern const void *const unused_put;
const void *const unused_put = (const void *)put;
#endif

#if defined FAULT_DEFAULT || defined FAULT_TYPE || defined FAULT_BARE || defined FAULT_CONFIGURE
static const struct lagan_parameter parameters[] = {
#if defined FAULT_DEFAULT
    {.name = "size", .type = LAGAN_PARAMETER_SIZE, .default_value = "much", .help = "a size"},
#elif defined FAULT_TYPE
    {.name = "odd", .type = 99, .help = "of a type of tomorrow"},
#elif defined FAULT_BARE
    {.name = "one", .type = LAGAN_PARAMETER_TEXT, .flags = LAGAN_PARAMETER_BARE, .help = "a"},
    {.name = "two", .type = LAGAN_PARAMETER_TEXT, .flags = LAGAN_PARAMETER_BARE, .help = "b"},
#else
    {.name = "one", .type = LAGAN_PARAMETER_TEXT, .help = "nobody takes it"},
#endif
    {.name = NULL},
};
#define PARAMETERS parameters
#else
#define PARAMETERS NULL
#endif

static const struct lagan_driver descriptor = {
#ifdef FAULT_MAGIC
    .magic = 42,
#else
    .magic = LAGAN_DRIVER_MAGIC,
#endif
#if defined FAULT_SHORT
    .size = 64,
#elif defined FAULT_STUB
    .size = 4,
#elif defined FAULT_FIRST /* no fault: of ABI 1.0 */
    .size = offsetof(struct lagan_driver, traits),
#else
    .size = sizeof(struct lagan_driver),
#endif
#ifdef FAULT_MAJOR
    .abi_major = LAGAN_ABI_MAJOR + 1,
#else
    .abi_major = LAGAN_ABI_MAJOR,
#endif
#ifdef FAULT_MINOR
    .abi_minor = LAGAN_ABI_MINOR + 7,
#else
    .abi_minor = LAGAN_ABI_MINOR,
#endif
#ifdef FAULT_KIND
    .kind = LAGAN_KIND_KEY,
#else
    .kind = LAGAN_KIND_TARGET,
#endif
#ifdef FAULT_THREADS
    .threads = 9,
#else
    .threads = LAGAN_THREADS_PARALLEL,
#endif
#ifdef FAULT_POINTER
    .pointer_bytes = 2,
#else
    .pointer_bytes = sizeof(void *),
#endif
#ifdef FAULT_OFFSET
    .offset_bytes = 4,
#else
    .offset_bytes = sizeof(off_t),
#endif
#ifdef FAULT_NAME
    .name = "tgt_somebody_else",
#else
    .name = NAME_OF(MODULE),
#endif
#ifndef FAULT_VERSION
    .version = "1.0",
#endif
    .licence = "Apache-2.0",
    .summary = "a driver that was built to be refused",
#ifdef FAULT_FEATURE
    .required_features = UINT64_C(1) << 40 | LAGAN_FEATURE_LOG,
#endif
    .parameters = PARAMETERS,
    .parameter_bytes = sizeof(struct lagan_parameter),
#ifdef FAULT_TABLE
    .ops_bytes = 8,
#elif defined FAULT_OLD
    .ops_bytes = offsetof(struct lagan_target_ops, capacity),
#else
    .ops_bytes = sizeof ops,
#endif
    .ops = &ops,
};

#if defined FAULT_CRASH
static const struct lagan_driver *describe(void)
{
    abort();
}
#elif defined FAULT_EXIT
static const struct lagan_driver *describe(void)
{
    (void)descriptor;
    _exit(3);
}
#elif defined FAULT_NULL
static const struct lagan_driver *describe(void)
{
    return (const struct lagan_driver *)NULL;
}
#endif

#if defined FAULT_EXPORT
LAGAN_EXPORT const struct lagan_driver *lagan_driver_by_another_name(void);
const struct lagan_driver *lagan_driver_by_another_name(void)
{
    return &descriptor;
}
const struct lagan_host *lagan_host_table;
#elif defined FAULT_CRASH || defined FAULT_EXIT || defined FAULT_NULL
extern const void *const unused_descriptor;
const void *const unused_descriptor = &descriptor;
REGISTER(MODULE, describe())
#else
REGISTER(MODULE, &descriptor)
#endif
