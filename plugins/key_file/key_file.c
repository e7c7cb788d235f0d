/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.c - the driver of keys that lie in a file: its descriptor and its instances. */
#include "key_file/key_file.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lagan_parameter parameters[] = {
    {.name = "path",
     .type = LAGAN_PARAMETER_PATH,
     .flags = LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
     .help = "the file that holds the key, with mode 0600"},
    {.name = NULL},
};

struct instance {
    char *path;
};

struct handle {
    char *path;
    uint8_t key[KEY_BYTES];
    uint8_t id[KEY_ID_BYTES];
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
    free(i->path);
    free(i);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    (void)row; /* there is one */
    i->path = strdup(value->text);
    return i->path ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void close_handle(void *handle)
{
    struct handle *h = handle;
    OPENSSL_cleanse(h->key, sizeof h->key);
    free(h->path);
    free(h);
}

/* Reads the key; makes one first when there is none and `make` says so. */
static uint32_t load_key(struct handle *h, struct lagan_op *op, int make)
{
    uint32_t result = key_read(op, h->path, h->key);
    if (result == LAGAN_NOT_FOUND && make) {
        result = key_create(op, h->path);
        /* Somebody may just have made it: theirs is as good. */
        if (result == LAGAN_OK || result == LAGAN_EXISTS)
            result = key_read(op, h->path, h->key);
    }
    return result == LAGAN_OK ? key_identify(op, h->key, h->id) : result;
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    const struct instance *i = instance;
    uint64_t known = LAGAN_OPEN_READ_ONLY | LAGAN_OPEN_INITIALISE;
    struct handle *h;
    uint32_t result;
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    h = calloc(1, sizeof *h);
    if (!h)
        return no_memory(op);
    h->path = strdup(i->path);
    result = h->path ? load_key(h, op, (flags & LAGAN_OPEN_INITIALISE) != 0) : no_memory(op);
    if (result != LAGAN_OK) {
        close_handle(h);
        return result;
    }
    *handle = h;
    return LAGAN_OK;
}

static uint32_t wrap(void *handle, struct lagan_op *op, const void *context,
                     size_t context_size, const void *secret, size_t secret_size, void *wrapped,
                     size_t room, size_t *wrapped_size)
{
    const struct handle *h = handle;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    return key_wrap(op, h->key, context, context_size, secret, secret_size, wrapped, room,
                    wrapped_size);
}

static uint32_t unwrap(void *handle, struct lagan_op *op, const void *context,
                       size_t context_size, const void *wrapped, size_t wrapped_size,
                       void *secret, size_t room, size_t *secret_size)
{
    const struct handle *h = handle;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    return key_unwrap(op, h->key, context, context_size, wrapped, wrapped_size, secret, room,
                      secret_size);
}

static uint32_t identify(void *handle, struct lagan_op *op, char *text, size_t room)
{
    const struct handle *h = handle;
    char id[2 * KEY_ID_BYTES + 1];
    (void)op;
    for (size_t i = 0; i < KEY_ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", h->id[i]);
    snprintf(text, room, "file %s, id %s", h->path, id);
    return LAGAN_OK;
}

static const struct lagan_key_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .wrap = wrap,
    .unwrap = unwrap,
    .identify = identify,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_KEY,
    .threads = LAGAN_THREADS_PARALLEL,
    .name = "key_file",
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "a key in a file that only its owner can read",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

LAGAN_DRIVER(key_file, &descriptor)
