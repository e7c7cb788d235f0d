/* SPDX-License-Identifier: Apache-2.0 */
/* src_example.c - the least that a source driver needs: one file in memory that says `text`. */
#include <lagan/source.h>
#include <stdlib.h>
#include <string.h>

/* An instance; also its own handle and reader, which are structs of their own elsewhere. */
struct example {
    char text[LAGAN_STAMP_SIZE];
    size_t size;
};

struct walk {
    struct example *example;
    struct lagan_walk_request request;
    int next; /* 0: the root, 1: the file, 2: the end */
};

static const struct lagan_parameter parameters[] = {
    {.name = "text",
     .type = LAGAN_PARAMETER_TEXT,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE,
     .maximum = LAGAN_STAMP_SIZE, /* so that the text can be its own stamp */
     .help = "what the file says"},
    {.name = NULL},
};

static uint32_t example_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct example));
    return *instance ? LAGAN_OK : LAGAN_INTERNAL; /* without lagan_fail() it has no words */
}

/* There is one row, and the host has checked the length. */
static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct example *x = instance;
    x->size = value->size;
    memcpy(x->text, value->text, value->size);
    return LAGAN_OK;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    if (flags & UINT32_MAX &
        ~(LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE | LAGAN_OPEN_RESTORE))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "an unknown flag");
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    *handle = instance;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_source_capabilities *told)
{
    told->sorted = told->random_read = 1;
    return LAGAN_OK;
}

static struct lagan_entry entry_of(const struct example *x, int which)
{
    struct lagan_entry root = {.size = sizeof root, .type = LAGAN_ENTRY_DIRECTORY, .key = ""};
    struct lagan_entry file = {.size = sizeof file, .type = LAGAN_ENTRY_FILE, .key = "hello"};
    file.key_size = strlen(file.key);
    file.present = LAGAN_HAS_BYTES;
    file.bytes = file.stamp_size = x->size;
    file.stamp = x->text; /* as long as it is the same, no backup reads the file again */
    return which == 0 ? root : file;
}

static uint32_t walk_open(void *handle, struct lagan_op *op,
                          const struct lagan_walk_request *request, void **walk)
{
    struct walk *w;
    if (request->flags & UINT32_MAX || request->after)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "walks start at the beginning");
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    *w = (struct walk){.example = handle, .request = *request};
    *walk = w;
    return LAGAN_OK;
}

/* One entry a call is allowed; a longer loop would ask lagan_cancelled in each round. */
static uint32_t walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                          const struct lagan_entry_collector *entries)
{
    struct walk *w = walk;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    while (w->next < 2) {
        struct lagan_entry e = entry_of(w->example, w->next++);
        if (e.key_size == 0 || !w->request.select ||
            w->request.select(w->request.select_context, e.key, e.key_size, e.type))
            return entries->add(entries->context, &e);
    }
    return LAGAN_END;
}

static uint32_t entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    struct lagan_entry file = entry_of(handle, 1);
    if (key_size == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "a folder has no content");
    if (file.key_size != key_size || memcmp(file.key, key, key_size) != 0)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is only one file, hello");
    *reader = handle;
    return attributes->add(attributes->context, &file);
}

static uint32_t read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    const struct example *x = reader;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    size_t left = offset < x->size ? x->size - (size_t)offset : 0;
    *got = size < left ? size : left;
    memcpy(data, x->text + x->size - left, *got);
    return LAGAN_OK;
}

static uint32_t entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    if (verdict != NULL)
        *verdict = LAGAN_READ_CONSISTENT;
    return LAGAN_OK;
}

static const struct lagan_source_ops ops = {
    .common = {NULL, example_new, free, configure, NULL, NULL, NULL, open_handle, close_handle},
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
    .name = "src_example",
    .version = "1",
    .licence = "Apache-2.0",
    .summary = "one file in memory",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(src_example, &descriptor)
