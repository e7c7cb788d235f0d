/* SPDX-License-Identifier: Apache-2.0 */
/* src_first.c - a first driver: a source of one file that says hello. */
#include <lagan/source.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "hello, sea\n";
static const struct lagan_entry root = {
    .size = sizeof root, .type = LAGAN_ENTRY_DIRECTORY, .key = ""};
static const struct lagan_entry file = {.size = sizeof file,
                                        .type = LAGAN_ENTRY_FILE,
                                        .key = "hello",
                                        .key_size = 5,
                                        .present = LAGAN_HAS_BYTES,
                                        .bytes = sizeof text - 1};

struct walk {
    struct lagan_walk_request request;
    int next; /* 0: the root, 1: the file, 2: the end */
};

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = malloc(1); /* there is nothing to keep */
    return *instance ? LAGAN_OK : lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    if (flags & UINT32_MAX &
        ~(LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "an unknown flag");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    return instance_new(op, handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    told->sorted = told->random_read = 1;
    return LAGAN_OK;
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    struct walk *w;
    if (request->flags & UINT32_MAX || request->after)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "walks start at the beginning");
    w = calloc(1, sizeof *w);
    if (!w)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    w->request = *request;
    *walk = w;
    return LAGAN_OK;
}

static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    int which = w->next++;
    if (which == 0)
        return entries->add(entries->context, &root);
    if (which == 1 &&
        (!w->request.select ||
         w->request.select(w->request.select_context, file.key, file.key_size, file.type)))
        return entries->add(entries->context, &file);
    return LAGAN_END;
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    if (key_size == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "a folder has no content");
    if (key_size != file.key_size || memcmp(key, file.key, key_size) != 0)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is only one file, hello");
    *reader = handle;
    return attributes->add(attributes->context, &file);
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    size_t left = offset < file.bytes ? (size_t)(file.bytes - offset) : 0;
    *got = size < left ? size : left;
    memcpy(data, text + file.bytes - left, *got);
    return LAGAN_OK;
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    if (verdict)
        *verdict = LAGAN_READ_CONSISTENT;
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common = {NULL, instance_new, free, NULL, NULL, NULL, NULL, open_handle, free},
    .capabilities = capabilities,
    .walk_open = walk_open,
    .walk_next = walk_next,
    .walk_close = free,
    .entry_open = entry_open,
    .read_at = read_at,
    .entry_close = entry_close,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_SOURCE,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "src_first",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "one file that says hello",
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(src_first, &descriptor)
