/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_target.c - the slots of targets whose driver runs in a process of its own.
 *
 * numbers[0] is the token of the handle, stage or upload that a verb is about. */
#include "driver/isolate_private.h"

#include <stdlib.h>
#include <string.h>

/* Begins a call about a handle. */
static uint32_t begin(struct isolate_call *c, void *handle, struct lagan_op *op, uint32_t verb)
{
    struct isolate_handle *h = handle;
    uint32_t result = isolate_call_begin(c, h->process, op, verb);
    c->head.numbers[0] = h->token;
    return result;
}

/* The same about what was made from one. */
static uint32_t begin_object(struct isolate_call *c, void *object, struct lagan_op *op,
                             uint32_t verb)
{
    struct isolate_object *o = object;
    uint32_t result = isolate_call_begin(c, o->handle->process, op, verb);
    c->head.numbers[0] = o->token;
    return result;
}

/* Makes a call that makes an object; its token comes in numbers[0]. */
static uint32_t run_making(struct isolate_call *c, struct isolate_handle *h, void **made)
{
    struct isolate_object *o = calloc(1, sizeof *o);
    uint32_t result;
    if (!o) {
        isolate_call_end(c);
        return isolate_fail(c->op, LAGAN_INTERNAL, "out of memory");
    }
    result = isolate_call_run(c);
    if (result != LAGAN_OK) {
        free(o);
        return result;
    }
    *o = (struct isolate_object){h, c->head.numbers[0]};
    *made = o;
    return LAGAN_OK;
}

static uint32_t proxy_capabilities(void *handle, struct lagan_op *op,
                                   struct lagan_target_capabilities *capabilities)
{
    struct lagan_target_capabilities told;
    return isolate_capabilities(handle, op, &told, sizeof told, capabilities,
                                capabilities->size);
}

/* Content that fits goes along with the call; the rest is asked for. */
static uint32_t run_content(struct isolate_call *c, uint64_t bytes,
                            const struct lagan_content *content, const uint8_t *sha256)
{
    c->content = content;
    c->head.numbers[1] = (int64_t)bytes;
    wire_put_bytes(&c->channel->out, sha256, sha256 ? 32 : 0);
    if (bytes <= WIRE_DATA_BYTES) {
        uint32_t result =
            bytes > 0 ? content->read(content->context, 0, c->channel->data, (size_t)bytes)
                      : (uint32_t)LAGAN_OK;
        if (result != LAGAN_OK) {
            isolate_call_end(c);
            return result;
        }
        c->head.data_bytes = bytes;
    }
    return isolate_call_run(c);
}

static uint32_t proxy_put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                          const struct lagan_content *content, uint64_t flags,
                          const uint8_t *sha256)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_PUT);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[2] = (int64_t)flags;
    wire_put_text(&c.channel->out, key);
    return run_content(&c, bytes, content, sha256);
}

static uint32_t proxy_stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                                  void **stage)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_STAGE_BEGIN);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)bytes_hint;
    return run_making(&c, handle, stage);
}

static uint32_t proxy_stage_write(void *stage, struct lagan_op *op, const void *data,
                                  size_t size)
{
    const uint8_t *next = data;
    uint32_t result = LAGAN_OK;
    while (size > 0 && result == LAGAN_OK) {
        struct isolate_call c = {0};
        size_t piece = size < WIRE_DATA_BYTES ? size : WIRE_DATA_BYTES;
        result = begin_object(&c, stage, op, WIRE_STAGE_WRITE);
        if (result != LAGAN_OK)
            return result;
        memcpy(c.channel->data, next, piece);
        c.head.data_bytes = piece;
        result = isolate_call_run(&c);
        next += piece;
        size -= piece;
    }
    return result;
}

static uint32_t proxy_stage_commit(void *stage, struct lagan_op *op, const char *key,
                                   uint64_t flags)
{
    struct isolate_call c = {0};
    uint32_t result = begin_object(&c, stage, op, WIRE_STAGE_COMMIT);
    if (result == LAGAN_OK) {
        c.head.numbers[1] = (int64_t)flags;
        wire_put_text(&c.channel->out, key);
        result = isolate_call_run(&c);
    }
    free(stage);
    return result;
}

static void release_object(void *object, uint32_t verb)
{
    struct isolate_object *o = object;
    isolate_release(o->handle->process, verb, o->token);
    free(o);
}

static void proxy_stage_abort(void *stage)
{
    release_object(stage, WIRE_STAGE_ABORT);
}

static uint32_t proxy_get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                          uint64_t length, const struct lagan_sink *sink)
{
    struct isolate_call c = {.sink = sink};
    uint32_t result = begin(&c, handle, op, WIRE_GET);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)offset;
    c.head.numbers[2] = (int64_t)length;
    wire_put_text(&c.channel->out, key);
    return isolate_call_run(&c);
}

static uint32_t proxy_stat(void *handle, struct lagan_op *op, const char *key,
                           struct lagan_object *object)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_STAT);
    if (result != LAGAN_OK)
        return result;
    wire_put_text(&c.channel->out, key);
    result = isolate_call_run(&c);
    if (result == LAGAN_OK) {
        object->bytes = (uint64_t)c.head.numbers[0];
        object->modified_ns = c.head.numbers[1];
    }
    return result;
}

static uint32_t proxy_list(void *handle, struct lagan_op *op, const char *prefix,
                           const char *start_after, uint32_t limit,
                           const struct lagan_object_collector *objects, int *more)
{
    struct isolate_call c = {.to.objects = objects};
    uint32_t result = begin(&c, handle, op, WIRE_LIST);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = limit;
    wire_put_text(&c.channel->out, prefix);
    wire_put_text(&c.channel->out, start_after);
    result = isolate_call_run(&c);
    if (result == LAGAN_OK)
        *more = c.head.numbers[0] != 0;
    return result;
}

static uint32_t proxy_remove(void *handle, struct lagan_op *op, const char *key)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_REMOVE);
    if (result != LAGAN_OK)
        return result;
    wire_put_text(&c.channel->out, key);
    return isolate_call_run(&c);
}

static uint32_t proxy_flush(void *handle, struct lagan_op *op)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_FLUSH);
    return result == LAGAN_OK ? isolate_call_run(&c) : result;
}

static uint32_t proxy_capacity(void *handle, struct lagan_op *op, uint64_t *total,
                               uint64_t *available)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_CAPACITY);
    if (result == LAGAN_OK)
        result = isolate_call_run(&c);
    if (result == LAGAN_OK) {
        *total = (uint64_t)c.head.numbers[0];
        *available = (uint64_t)c.head.numbers[1];
    }
    return result;
}

static uint32_t proxy_sweep(void *handle, struct lagan_op *op, int64_t older_than_ns,
                            uint64_t *removed)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_SWEEP);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = older_than_ns;
    result = isolate_call_run(&c);
    if (result == LAGAN_OK)
        *removed = (uint64_t)c.head.numbers[0];
    return result;
}

static uint32_t proxy_multipart_begin(void *handle, struct lagan_op *op, const char *key,
                                      uint64_t bytes, void **upload)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_MULTIPART_BEGIN);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)bytes;
    wire_put_text(&c.channel->out, key);
    return run_making(&c, handle, upload);
}

static uint32_t proxy_part_put(void *upload, struct lagan_op *op, uint32_t number,
                               uint64_t bytes, const struct lagan_content *content,
                               const uint8_t *sha256)
{
    struct isolate_call c = {0};
    uint32_t result = begin_object(&c, upload, op, WIRE_PART_PUT);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[2] = number;
    return run_content(&c, bytes, content, sha256);
}

static uint32_t proxy_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                         uint64_t flags)
{
    struct isolate_call c = {0};
    uint32_t result = begin_object(&c, upload, op, WIRE_MULTIPART_COMPLETE);
    if (result == LAGAN_OK) {
        c.head.numbers[1] = (int64_t)flags;
        c.head.numbers[2] = parts;
        result = isolate_call_run(&c);
    }
    free(upload);
    return result;
}

static void proxy_multipart_abort(void *upload)
{
    release_object(upload, WIRE_MULTIPART_ABORT);
}

/* copy and rename. */
static uint32_t give_name(void *handle, struct lagan_op *op, uint32_t verb, const char *from,
                          const char *to, uint64_t flags)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, verb);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)flags;
    wire_put_text(&c.channel->out, from);
    wire_put_text(&c.channel->out, to);
    return isolate_call_run(&c);
}

static uint32_t proxy_copy(void *handle, struct lagan_op *op, const char *from, const char *to,
                           uint64_t flags)
{
    return give_name(handle, op, WIRE_COPY, from, to, flags);
}

static uint32_t proxy_rename(void *handle, struct lagan_op *op, const char *from,
                             const char *to, uint64_t flags)
{
    return give_name(handle, op, WIRE_RENAME, from, to, flags);
}

static uint32_t proxy_clock(void *handle, struct lagan_op *op, int64_t *now_ns)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_CLOCK);
    if (result == LAGAN_OK)
        result = isolate_call_run(&c);
    if (result == LAGAN_OK)
        *now_ns = c.head.numbers[0];
    return result;
}

const struct lagan_target_ops isolate_target_ops = {
    .capabilities = proxy_capabilities,
    .put = proxy_put,
    .stage_begin = proxy_stage_begin,
    .stage_write = proxy_stage_write,
    .stage_commit = proxy_stage_commit,
    .stage_abort = proxy_stage_abort,
    .get = proxy_get,
    .stat = proxy_stat,
    .list = proxy_list,
    .remove = proxy_remove,
    .flush = proxy_flush,
    .capacity = proxy_capacity,
    .sweep = proxy_sweep,
    .multipart_begin = proxy_multipart_begin,
    .part_put = proxy_part_put,
    .multipart_complete = proxy_multipart_complete,
    .multipart_abort = proxy_multipart_abort,
    .copy = proxy_copy,
    .rename = proxy_rename,
    .clock = proxy_clock,
};
