/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_source.c - the slots of sources whose driver runs in a process of its own, but for
 * walks (isolate_walk.c) and reading (isolate_ahead.c).
 *
 * numbers[0] is the token of the handle or writer that a verb is about. */
#include "driver/isolate_private.h"
#include "driver/isolate_walk.h"

#include <stdlib.h>
#include <string.h>

static uint32_t begin(struct isolate_call *c, void *handle, struct lagan_op *op, uint32_t verb)
{
    struct isolate_handle *h = handle;
    uint32_t result = isolate_call_begin(c, h->process, op, verb);
    c->head.numbers[0] = h->token;
    return result;
}

static uint32_t begin_object(struct isolate_call *c, void *object, struct lagan_op *op,
                             uint32_t verb)
{
    struct isolate_object *o = object;
    uint32_t result = isolate_call_begin(c, o->handle->process, op, verb);
    c->head.numbers[0] = o->token;
    return result;
}

static uint32_t proxy_capabilities(void *handle, struct lagan_op *op,
                                   struct lagan_source_capabilities *capabilities)
{
    struct lagan_source_capabilities told;
    return isolate_capabilities(handle, op, &told, sizeof told, capabilities,
                                capabilities->size);
}

static uint32_t proxy_check(void *handle, struct lagan_op *op,
                            const struct lagan_finding_collector *findings)
{
    struct isolate_call c = {.to.findings = findings};
    uint32_t result = begin(&c, handle, op, WIRE_CHECK);
    return result == LAGAN_OK ? isolate_call_run(&c) : result;
}

static uint32_t proxy_estimate(void *handle, struct lagan_op *op, uint64_t *bytes,
                               uint64_t *entries)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_ESTIMATE);
    if (result == LAGAN_OK)
        result = isolate_call_run(&c);
    if (result == LAGAN_OK) {
        *bytes = (uint64_t)c.head.numbers[0];
        *entries = (uint64_t)c.head.numbers[1];
    }
    return result;
}

static uint32_t proxy_metadata(void *handle, struct lagan_op *op, const void *key,
                               size_t key_size, uint32_t type,
                               const struct lagan_metadata_collector *pieces)
{
    struct isolate_call c = {.to.pieces = pieces};
    uint32_t result;
    if (isolate_metadata_ahead(handle, op, key, key_size, pieces, &result))
        return result;
    result = begin(&c, handle, op, WIRE_METADATA);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = type;
    wire_put_bytes(&c.channel->out, key, key_size);
    return isolate_call_run(&c);
}

static uint32_t proxy_entry_stat(void *handle, struct lagan_op *op, const void *key,
                                 size_t key_size,
                                 const struct lagan_entry_collector *attributes)
{
    struct isolate_call c = {.to.entries = attributes};
    uint32_t result = begin(&c, handle, op, WIRE_ENTRY_STAT);
    if (result != LAGAN_OK)
        return result;
    wire_put_bytes(&c.channel->out, key, key_size);
    return isolate_call_run(&c);
}

/* Writing back */

static uint32_t proxy_entry_create(void *handle, struct lagan_op *op,
                                   const struct lagan_entry *entry, uint64_t flags,
                                   void **writer)
{
    struct isolate_call c = {0};
    struct isolate_object *o = calloc(1, sizeof *o);
    if (!o)
        return isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    uint32_t result = begin(&c, handle, op, WIRE_ENTRY_CREATE);
    if (result == LAGAN_OK) {
        c.head.numbers[1] = (int64_t)flags;
        wire_put_entry(&c.channel->out, entry);
        result = isolate_call_run(&c);
    }
    if (result != LAGAN_OK) {
        free(o);
        return result;
    }
    *o = (struct isolate_object){handle, c.head.numbers[0]};
    *writer = o;
    return LAGAN_OK;
}

static uint32_t proxy_write_at(void *writer, struct lagan_op *op, uint64_t offset,
                               const void *data, size_t size)
{
    const uint8_t *next = data;
    uint32_t result = LAGAN_OK;
    while (size > 0 && result == LAGAN_OK) {
        struct isolate_call c = {0};
        size_t piece = size < WIRE_DATA_BYTES ? size : WIRE_DATA_BYTES;
        result = begin_object(&c, writer, op, WIRE_WRITE_AT);
        if (result != LAGAN_OK)
            return result;
        memcpy(c.channel->data, next, piece);
        c.head.data_bytes = piece;
        c.head.numbers[1] = (int64_t)offset;
        result = isolate_call_run(&c);
        next += piece;
        offset += piece;
        size -= piece;
    }
    return result;
}

static uint32_t proxy_write_zero(void *writer, struct lagan_op *op, uint64_t offset,
                                 uint64_t length)
{
    struct isolate_call c = {0};
    uint32_t result = begin_object(&c, writer, op, WIRE_WRITE_ZERO);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)offset;
    c.head.numbers[2] = (int64_t)length;
    return isolate_call_run(&c);
}

/* The metadata of what is written, and who wants to know what of it was lost. */
static void put_pieces(struct isolate_call *c, const struct lagan_metadata *pieces,
                       size_t count, const struct lagan_metadata_collector *lost)
{
    c->to.lost = lost;
    c->to.nobody = lost == NULL;
    buffer_append_u32(&c->channel->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        wire_put_piece(&c->channel->out, &pieces[i]);
}

static uint32_t proxy_entry_commit(void *writer, struct lagan_op *op,
                                   const struct lagan_metadata *pieces, size_t count,
                                   const struct lagan_metadata_collector *lost)
{
    struct isolate_object *o = writer;
    struct isolate_call c = {0};
    uint32_t result = begin_object(&c, writer, op, WIRE_ENTRY_COMMIT);
    if (result == LAGAN_OK) {
        put_pieces(&c, pieces, count, lost);
        result = isolate_call_run(&c);
        if (result == LAGAN_LIMIT && c.head.kind == WIRE_CALL)
            isolate_release(o->handle->process, WIRE_ENTRY_ABORT, o->token);
    }
    free(writer);
    return result;
}

static void proxy_entry_abort(void *writer)
{
    struct isolate_object *o = writer;
    isolate_release(o->handle->process, WIRE_ENTRY_ABORT, o->token);
    free(o);
}

/* node_create and directory_finish. */
static uint32_t make_node(void *handle, struct lagan_op *op, uint32_t verb,
                          const struct lagan_entry *entry, uint64_t flags,
                          const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, verb);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)flags;
    wire_put_entry(&c.channel->out, entry);
    put_pieces(&c, pieces, count, lost);
    return isolate_call_run(&c);
}

static uint32_t proxy_node_create(void *handle, struct lagan_op *op,
                                  const struct lagan_entry *entry, uint64_t flags,
                                  const struct lagan_metadata *pieces, size_t count,
                                  const struct lagan_metadata_collector *lost)
{
    return make_node(handle, op, WIRE_NODE_CREATE, entry, flags, pieces, count, lost);
}

static uint32_t proxy_directory_finish(void *handle, struct lagan_op *op,
                                       const struct lagan_entry *entry, uint64_t flags,
                                       const struct lagan_metadata *pieces, size_t count,
                                       const struct lagan_metadata_collector *lost)
{
    return make_node(handle, op, WIRE_DIRECTORY_FINISH, entry, flags, pieces, count, lost);
}

static uint32_t proxy_link_create(void *handle, struct lagan_op *op, const void *key,
                                  size_t key_size, const void *existing, size_t existing_size,
                                  uint64_t flags)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_LINK_CREATE);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)flags;
    wire_put_bytes(&c.channel->out, key, key_size);
    wire_put_bytes(&c.channel->out, existing, existing_size);
    return isolate_call_run(&c);
}

static uint32_t proxy_place_name(void *handle, struct lagan_op *op, char *name, size_t size)
{
    struct isolate_call c = {.own_records = true};
    const char *told;
    uint32_t result = begin(&c, handle, op, WIRE_PLACE_NAME);
    if (result != LAGAN_OK)
        return result;
    result = isolate_call_make(&c);
    if (result == LAGAN_OK && (!wire_get_some_text(&c.answer, &told) || strlen(told) >= size))
        result = isolate_call_broken(&c, "a name of no form");
    if (result == LAGAN_OK)
        memcpy(name, told, strlen(told) + 1);
    isolate_call_end(&c);
    return result;
}

static uint32_t proxy_entry_copy(void *handle, struct lagan_op *op, const char *place,
                                 const void *from, size_t from_size, const void *id,
                                 size_t id_size, const struct lagan_entry *entry,
                                 uint64_t flags, const struct lagan_metadata *pieces,
                                 size_t count, const struct lagan_metadata_collector *lost)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_ENTRY_COPY);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)flags;
    wire_put_text(&c.channel->out, place);
    wire_put_bytes(&c.channel->out, from, from_size);
    wire_put_bytes(&c.channel->out, id, id_size);
    wire_put_entry(&c.channel->out, entry);
    put_pieces(&c, pieces, count, lost);
    return isolate_call_run(&c);
}

static uint32_t proxy_entry_remove(void *handle, struct lagan_op *op, const void *key,
                                   size_t key_size, uint64_t flags)
{
    struct isolate_call c = {0};
    uint32_t result = begin(&c, handle, op, WIRE_ENTRY_REMOVE);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)flags;
    wire_put_bytes(&c.channel->out, key, key_size);
    return isolate_call_run(&c);
}

const struct lagan_source_ops isolate_source_ops = {
    .capabilities = proxy_capabilities,
    .check = proxy_check,
    .estimate = proxy_estimate,
    .walk_open = isolate_walk_open,
    .walk_next = isolate_walk_next,
    .walk_close = isolate_walk_close,
    .entry_open = isolate_entry_open,
    .read_at = isolate_read_at,
    .extents = isolate_extents,
    .entry_close = isolate_entry_close,
    .metadata = proxy_metadata,
    .entry_stat = proxy_entry_stat,
    .entry_create = proxy_entry_create,
    .write_at = proxy_write_at,
    .write_zero = proxy_write_zero,
    .entry_commit = proxy_entry_commit,
    .entry_abort = proxy_entry_abort,
    .node_create = proxy_node_create,
    .directory_finish = proxy_directory_finish,
    .link_create = proxy_link_create,
    .entry_metadata = isolate_entry_metadata,
    .place_name = proxy_place_name,
    .entry_copy = proxy_entry_copy,
    .entry_remove = proxy_entry_remove,
};
