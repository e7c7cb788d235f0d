/* SPDX-License-Identifier: Apache-2.0 */
/*
 * src_mem.c - a source for tests: descriptor, parameters, open and close.
 *
 * Opened for reading it has `count` entries by formula.  Opened with LAGAN_OPEN_RESTORE it
 * takes what is written; when the same instance is opened for reading afterwards, that is what
 * it has.
 */
/* Variants of this module differ in their traits alone. */
#ifndef MODULE
#define MODULE src_mem
#define TRAITS 0
#endif
#define TEXT_OF(module) #module
#define MODULE_NAME(module) TEXT_OF(module)

#include "src_mem/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum row {
    ROW_COUNT,
    ROW_SIZE,
    ROW_SEED,
    ROW_MUTATE,
    ROW_DENIED,
    ROW_UNREADABLE,
    ROW_VANISHING,
    ROW_CHANGING,
    ROW_CHANGES,
    ROW_CUT,
    ROW_PLACE,
};

#define NUMBER(key, standard, words)                                                           \
    {                                                                                          \
        .name = key, .type = LAGAN_PARAMETER_INTEGER, .default_value = standard, .help = words \
    }
#define TROUBLE(key, words)                                                                    \
    {                                                                                          \
        .name = key, .type = LAGAN_PARAMETER_TEXT, .flags = LAGAN_PARAMETER_REPEATABLE,        \
        .minimum = 1, .help = words                                                            \
    }

static const struct lagan_parameter parameters[] = {
    [ROW_COUNT] = NUMBER("count", "100", "number of entries beside the root"),
    [ROW_SIZE] = {.name = "size",
                  .type = LAGAN_PARAMETER_SIZE,
                  .default_value = "4096",
                  .help = "average length of files"},
    [ROW_SEED] = NUMBER("seed", "1", "another seed, other content"),
    [ROW_MUTATE] = NUMBER("mutate", "0", "number of files that differ from those of the seed"),
    [ROW_DENIED] = TROUBLE("denied", "entry (d00000000/e10) that cannot be examined"),
    [ROW_UNREADABLE] = TROUBLE("unreadable", "file whose second half cannot be read"),
    [ROW_VANISHING] = TROUBLE("vanishing", "file that is gone when it is opened"),
    [ROW_CHANGING] = TROUBLE("changing", "file that changes while it is read"),
    [ROW_CHANGES] = NUMBER("changes", "0", "how often it changes; 0 = each time"),
    [ROW_CUT] = NUMBER("cut", "0", "entries after which a walk breaks off; 0 = never"),
    [ROW_PLACE] = {.name = "place",
                   .type = LAGAN_PARAMETER_TEXT,
                   .flags = LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                   .default_value = "memory",
                   .help = "a word without meaning"},
    {.name = NULL},
};

static uint32_t mem_instance_new(struct lagan_op *op, void **instance)
{
    struct mem_instance *i = calloc(1, sizeof *i);
    if (i == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    pthread_mutex_init(&i->store.lock, NULL);
    *instance = i;
    return LAGAN_OK;
}

static void mem_instance_free(void *instance)
{
    struct mem_instance *i = instance;
    if (i == NULL)
        return;
    for (size_t kind = 0; kind < MEM_TROUBLES; kind++) {
        for (size_t n = 0; n < i->troubles[kind].count; n++)
            free(i->troubles[kind].names[n]);
        free(i->troubles[kind].names);
    }
    mem_store_clear(&i->store);
    pthread_mutex_destroy(&i->store.lock);
    free(i->formula.mutated);
    free(i);
}

static uint32_t add_trouble(struct mem_names *trouble, struct lagan_op *op,
                            const struct lagan_value *value)
{
    char **names = reallocarray(trouble->names, trouble->count + 1, sizeof *names);
    if (names != NULL)
        trouble->names = names;
    char *name = names ? strndup(value->text, value->size) : NULL;
    if (name == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    trouble->names[trouble->count++] = name;
    return LAGAN_OK;
}

static uint32_t mem_configure(void *instance, struct lagan_op *op, uint32_t row,
                              const struct lagan_value *value)
{
    struct mem_instance *i = instance;
    uint64_t *const numbers[] = {
        [ROW_COUNT] = &i->formula.count,
        [ROW_SIZE] = &i->formula.size,
        [ROW_SEED] = &i->formula.seed,
        [ROW_MUTATE] = &i->formula.mutate,
        [ROW_CHANGES] = &i->changes,
        [ROW_CUT] = &i->cut,
        [ROW_PLACE] = NULL,
    };
    if (row >= ROW_DENIED && row <= ROW_CHANGING)
        return add_trouble(&i->troubles[MEM_DENIED + (row - ROW_DENIED)], op, value);
    if (row < ROW_PLACE)
        *numbers[row] = (uint64_t)value->number;
    return LAGAN_OK;
}

static uint32_t mem_configured(void *instance, struct lagan_op *op)
{
    struct mem_instance *i = instance;
    if (i->formula.mutate > i->formula.count)
        return lagan_fail(op, LAGAN_INVALID, 0, "mutate is larger than count");
    if (mem_generate_prepare(&i->formula) != 0)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    return LAGAN_OK;
}

static uint32_t mem_open(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct mem_instance *i = instance;
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE;
    uint32_t result = LAGAN_OK;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if ((flags & LAGAN_OPEN_RESTORE) != 0 && !i->restored) {
        mem_store_clear(&i->store);
        i->restored = true;
        result = mem_make_root(i, op);
    }
    *handle = i;
    return result;
}

static void mem_close(void *handle)
{
    (void)handle; /* the instance itself */
}

static uint32_t mem_capabilities(void *handle, struct lagan_op *op,
                                 struct lagan_source_capabilities *capabilities)
{
    (void)handle;
    (void)op;
    capabilities->sorted = 1;
    capabilities->resume = 1;
    capabilities->extents = 1;
    capabilities->random_read = 1;
    capabilities->hard_links = 1;
    capabilities->restore = 1;
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common = {.instance_new = mem_instance_new,
               .instance_free = mem_instance_free,
               .configure = mem_configure,
               .configured = mem_configured,
               .open = mem_open,
               .close = mem_close},
    .capabilities = mem_capabilities,
    .walk_open = mem_walk_open,
    .walk_next = mem_walk_next,
    .walk_close = mem_walk_close,
    .entry_open = mem_entry_open,
    .read_at = mem_read_at,
    .extents = mem_extents,
    .entry_close = mem_entry_close,
    .metadata = mem_metadata,
    .entry_stat = mem_entry_stat,
    .entry_create = mem_entry_create,
    .write_at = mem_write_at,
    .write_zero = mem_write_zero,
    .entry_commit = mem_entry_commit,
    .entry_abort = mem_entry_abort,
    .node_create = mem_node_create,
    .directory_finish = mem_directory_finish,
    .link_create = mem_link_create,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = MODULE_NAME(MODULE),
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "entries made up in memory, for tests",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
    .traits = TRAITS,
};

/* The macro pastes the name of the module, not its value. */
#define DRIVER(module) LAGAN_DRIVER(module, &descriptor)
DRIVER(MODULE)
