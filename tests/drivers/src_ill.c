/* SPDX-License-Identifier: Apache-2.0 */
/* src_ill.c - a source of one file, that in one of its slots does what `how` says. */
#include "ill.h"

#include <lagan/source.h>

enum { SLOT, HOW, NUMBER };

static const struct lagan_parameter parameters[] = {
    [SLOT] = {.name = "slot",
              .type = LAGAN_PARAMETER_TEXT,
              .flags = LAGAN_PARAMETER_BARE,
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
    {.name = NULL},
};

struct instance {
    char slot[64];
    enum ill how;
    int64_t number;
};

struct walk {
    struct instance *instance;
    int next;
};

static const char content[] = "content";

static uint32_t act(const struct instance *i, struct lagan_op *op, const char *slot)
{
    return strcmp(i->slot, slot) == 0 ? ill_act(op, i->how, i->number, "/")
                                      : (uint32_t)LAGAN_OK;
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    (void)op;
    if (row == SLOT)
        snprintf(i->slot, sizeof i->slot, "%s", value->text);
    else if (row == HOW)
        i->how = (enum ill)value->number;
    else
        i->number = value->number;
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    (void)flags;
    *handle = instance;
    return act(instance, op, "open");
}

static void close_handle(void *handle)
{
    (void)handle;
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    told->sorted = 1;
    told->random_read = 1;
    return act(handle, op, "capabilities");
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    struct walk *w = calloc(1, sizeof *w);
    (void)request;
    if (!w)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    w->instance = handle;
    *walk = w;
    return act(handle, op, "walk_open");
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    struct lagan_entry root = {.size = sizeof root, .type = LAGAN_ENTRY_DIRECTORY};
    struct lagan_entry file = {.size = sizeof file,
                               .type = LAGAN_ENTRY_FILE,
                               .key = "file",
                               .key_size = 4,
                               .present = LAGAN_HAS_BYTES,
                               .bytes = sizeof content - 1};
    uint32_t result = act(w->instance, op, "walk_next");
    (void)limit;
    if (result != LAGAN_OK || w->next == 2)
        return result != LAGAN_OK ? result : (uint32_t)LAGAN_END;
    return entries->add(entries->context, w->next++ == 0 ? &root : &file);
}

static void walk_close(void *walk)
{
    struct walk *w = walk;
    act(w->instance, NULL, "walk_close");
    free(w);
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    struct lagan_entry file = {.size = sizeof file,
                               .type = LAGAN_ENTRY_FILE,
                               .key = key,
                               .key_size = key_size,
                               .present = LAGAN_HAS_BYTES,
                               .bytes = sizeof content - 1};
    uint32_t result = act(handle, op, "entry_open");
    (void)id;
    (void)id_size;
    *reader = handle;
    return result != LAGAN_OK ? result : attributes->add(attributes->context, &file);
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    size_t left = offset < sizeof content - 1 ? sizeof content - 1 - (size_t)offset : 0;
    *got = left < size ? left : size;
    memcpy(data, content + (left ? offset : 0), *got);
    return act(reader, op, "read_at");
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    if (verdict)
        *verdict = LAGAN_READ_CONSISTENT;
    return act(reader, op, "entry_close");
}

static uint32_t entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces)
{
    (void)pieces;
    return act(reader, op, "entry_metadata");
}

static const struct lagan_source_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = walk_close,
    .entry_open = entry_open,
    .read_at = read_at,
    .entry_close = entry_close,
    .entry_metadata = entry_metadata,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "src_ill",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "a source that harms the process it is in",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(src_ill, &descriptor)
