/* SPDX-License-Identifier: Apache-2.0 */
/* more.c - uploads in parts, copies, names and the time of a target in memory. */
#include "tgt_mem/tgt_mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 64 };

struct part {
    uint8_t *data;
    uint64_t bytes; /* 0 = never put */
};

struct upload {
    struct memory_handle *handle;
    char key[LAGAN_KEY_LIMIT + 1];
    uint64_t bytes;
    pthread_mutex_t lock;
    struct part parts[NUMBERS];
};

static uint32_t refuse(const struct memory_handle *h, struct lagan_op *op)
{
    if (h->plain)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "this is not offered");
    if (h->read_only)
        return lagan_fail(op, LAGAN_IMMUTABLE, 0, "opened for reading only");
    return memory_check(op, 0, 0);
}

uint32_t memory_multipart_begin(void *handle, struct lagan_op *op, const char *key,
                                uint64_t bytes, void **upload)
{
    uint32_t result = refuse(handle, op);
    struct upload *u;
    if (result != LAGAN_OK)
        return result;
    u = calloc(1, sizeof *u);
    if (!u)
        return memory_fail(op, LAGAN_INTERNAL);
    u->handle = handle;
    u->bytes = bytes;
    strncpy(u->key, key, LAGAN_KEY_LIMIT);
    pthread_mutex_init(&u->lock, NULL);
    *upload = u;
    return LAGAN_OK;
}

uint32_t memory_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256)
{
    struct upload *u = upload;
    uint8_t *data;
    uint32_t result;
    (void)sha256;
    if (number == 0 || bytes == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "parts are numbered from 1 and not empty");
    if (number > NUMBERS)
        return lagan_fail(op, LAGAN_LIMIT, 0, "an upload has at most %d parts", NUMBERS);
    data = malloc((size_t)bytes);
    if (!data)
        return memory_fail(op, LAGAN_INTERNAL);
    result = content->read(content->context, 0, data, (size_t)bytes);
    if (result != LAGAN_OK) {
        free(data);
        return result;
    }
    pthread_mutex_lock(&u->lock);
    free(u->parts[number - 1].data);
    u->parts[number - 1] = (struct part){.data = data, .bytes = bytes};
    pthread_mutex_unlock(&u->lock);
    return LAGAN_OK;
}

void memory_multipart_abort(void *upload)
{
    struct upload *u = upload;
    for (size_t i = 0; i < NUMBERS; i++)
        free(u->parts[i].data);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

/* The parts as one piece of memory; NULL when they do not make up the object. */
static uint8_t *join(const struct upload *u, uint32_t parts)
{
    uint8_t *data = malloc((size_t)u->bytes + 1);
    uint64_t used = 0;
    for (uint32_t i = 0; data && i < parts; i++) {
        if (i >= NUMBERS || u->parts[i].bytes == 0 || u->parts[i].bytes > u->bytes - used) {
            free(data);
            return NULL;
        }
        memcpy(data + used, u->parts[i].data, (size_t)u->parts[i].bytes);
        used += u->parts[i].bytes;
    }
    if (used == u->bytes)
        return data;
    free(data);
    return NULL;
}

uint32_t memory_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                   uint64_t flags)
{
    struct upload *u = upload;
    uint8_t *data = join(u, parts);
    uint32_t result;
    if (data)
        result = memory_add(u->handle, op, u->key, data, u->bytes, flags);
    else
        result = lagan_fail(op, LAGAN_INVALID, 0, "the parts do not make up the object");
    memory_multipart_abort(u);
    return result;
}

static uint32_t duplicate(struct memory_handle *h, struct lagan_op *op, const char *from,
                          const char *to, uint64_t flags, bool keep)
{
    uint32_t result = refuse(h, op);
    if (result != LAGAN_OK)
        return result;
    return memory_fail(
        op, memory_store_copy(h->store, from, to, (flags & LAGAN_PUT_IF_ABSENT) == 0, keep));
}

uint32_t memory_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                     uint64_t flags)
{
    return duplicate(handle, op, from, to, flags, true);
}

uint32_t memory_rename(void *handle, struct lagan_op *op, const char *from, const char *to,
                       uint64_t flags)
{
    return duplicate(handle, op, from, to, flags, false);
}

uint32_t memory_clock(void *handle, struct lagan_op *op, int64_t *now_ns)
{
    uint32_t result = LAGAN_OK;
    if (((struct memory_handle *)handle)->plain)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "this is not offered");
    else
        *now_ns = lagan_host_table->wall_ns();
    return result;
}
