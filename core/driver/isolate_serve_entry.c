/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve_entry.c - the helper's side of reading entries; isolate_ahead.c is the other.
 */
#include "driver/isolate_serve.h"

#include <string.h>

enum {
    KEY_LIMIT = 512 << 10,
    EMPTY_BYTES = 4096,                     /* asked for of what says that it is empty */
    AHEAD_BODY_BYTES = WIRE_BODY_BYTES / 2, /* of an answer, after which it is sent */
    AHEAD_NS = 1000000000                   /* after which an answer is sent */
};

static const struct lagan_source_ops *ops_of(const struct serving *s)
{
    return &s->helper->driver.ops.source;
}

/* What is read of one entry. */
struct look {
    struct serving *s;
    void *reader;
    struct buffer attributes; /* records */
    struct buffer pieces;
    struct lagan_entry entry; /* its plain members */
    size_t content_size;
    bool complete;
    uint32_t opened, closed, metadata;
    struct lagan_error opened_error, closed_error, metadata_error;
    bool has_metadata;
    uint32_t verdict;
};

static uint32_t look_entry(void *context, const struct lagan_entry *entry)
{
    struct look *l = context;
    /* A driver of an older header knows fewer members. */
    l->entry = (struct lagan_entry){.flags = entry->flags, .bytes = entry->bytes};
    wire_put_entry_record(&l->attributes, entry);
    return l->attributes.failed ? LAGAN_INTERNAL : LAGAN_OK;
}

static uint32_t look_piece(void *context, const struct lagan_metadata *piece)
{
    struct look *l = context;
    buffer_append_u8(&l->pieces, WIRE_RECORD_PIECE);
    wire_put_piece(&l->pieces, piece);
    return l->pieces.failed || l->pieces.size > WIRE_SMALL_BYTES ? LAGAN_LIMIT : LAGAN_OK;
}

static void look_lost(void *context, const char *name, const char *reason)
{
    struct look *l = context;
    wire_put_lost(&l->pieces, name, reason);
}

/* Each call of the driver begins with no error of another. */
static struct lagan_op *fresh_op(struct serving *s)
{
    s->operation.op.error = (struct lagan_error){0};
    return &s->operation.op;
}

/* Whether its content comes along: it is small, as far as it says. */
static bool is_small(const struct look *l, size_t room)
{
    const uint64_t special = LAGAN_ENTRY_SPARSE | LAGAN_ENTRY_BLOCKS | LAGAN_ENTRY_STREAM;
    return (l->entry.flags & special) == 0 && l->entry.bytes < WIRE_SMALL_BYTES &&
           l->entry.bytes < room;
}

/* Reads until the end comes, which one byte more than expected tells. */
static void look_content(struct look *l, uint8_t *place, size_t room)
{
    /* What the kernel makes up has no length. */
    size_t wanted = l->entry.bytes > 0 ? (size_t)l->entry.bytes + 1 : EMPTY_BYTES, got = 0;
    wanted = wanted < room ? wanted : room;
    uint32_t result = ops_of(l->s)->read_at(l->reader, fresh_op(l->s), 0, place, wanted, &got);
    /* An error is for whoever reads there: nothing has come. */
    if (result != LAGAN_OK || got > wanted)
        return;
    l->content_size = got;
    l->complete = got < wanted;
}

static void look_metadata(struct look *l)
{
    const struct lagan_metadata_collector pieces = {l, look_piece, look_lost};
    struct lagan_op *op = fresh_op(l->s);
    if (!ops_of(l->s)->entry_metadata)
        return;
    l->metadata = ops_of(l->s)->entry_metadata(l->reader, op, &pieces);
    l->metadata_error = op->error;
    l->has_metadata = !l->pieces.failed && l->pieces.size <= WIRE_SMALL_BYTES;
}

/* Opens an entry and reads what is small of it into `place`. */
static void look(struct look *l, const void *key, size_t key_size, const void *id,
                 size_t id_size, uint8_t *place, size_t room)
{
    const struct lagan_entry_collector attributes = {l, look_entry};
    struct lagan_op *op = fresh_op(l->s);
    l->opened = ops_of(l->s)->entry_open(serve_object(l->s), op, key, key_size, id, id_size,
                                         &attributes, &l->reader);
    l->opened_error = op->error;
    if (l->opened != LAGAN_OK || !is_small(l, room))
        return;
    look_metadata(l);
    look_content(l, place, room);
    /* What does not fit along is asked for later, of an open reader. */
    l->complete = l->complete && (l->has_metadata || !ops_of(l->s)->entry_metadata);
    if (!l->complete)
        return;
    op = fresh_op(l->s);
    l->closed = ops_of(l->s)->entry_close(l->reader, op, &l->verdict);
    l->closed_error = op->error;
}

/* Metadata of an entry that is not opened. */
static void look_named(struct look *l, const void *key, size_t key_size, uint32_t type)
{
    const struct lagan_metadata_collector pieces = {l, look_piece, look_lost};
    struct lagan_op *op = fresh_op(l->s);
    l->complete = true;
    if (!ops_of(l->s)->metadata)
        return;
    l->metadata = ops_of(l->s)->metadata(serve_object(l->s), op, key, key_size, type, &pieces);
    l->metadata_error = op->error;
    l->has_metadata = !l->pieces.failed && l->pieces.size <= WIRE_SMALL_BYTES;
}

static void put_outcome(struct buffer *b, uint32_t result, const struct lagan_error *error)
{
    struct buffer details CLEANUP_BUFFER = BUFFER_INIT;
    buffer_append_u32(b, result);
    if (result != LAGAN_OK && error->error_class == result)
        wire_put_error(&details, error);
    wire_put_bytes(b, details.data, details.size);
}

static void put_look(struct buffer *b, const struct look *l, size_t place)
{
    put_outcome(b, l->opened, &l->opened_error);
    wire_put_bytes(b, l->attributes.data, l->attributes.size);
    if (l->opened != LAGAN_OK)
        return;
    buffer_append_u64(b, (uint64_t)(uintptr_t)l->reader);
    buffer_append_u8(b, !l->complete);
    buffer_append_u64(b, place);
    buffer_append_u64(b, l->content_size);
    buffer_append_u32(b, l->verdict);
    buffer_append_u8(b, l->has_metadata);
    put_outcome(b, l->closed, &l->closed_error);
    put_outcome(b, l->metadata, &l->metadata_error);
    wire_put_bytes(b, l->pieces.data, l->has_metadata ? l->pieces.size : 0);
}

/* numbers: handle, count.  Body: types, keys and ids.  The answer has as many entries, from the
 * first on, as fit and come soon; at least one. */
static uint32_t serve_entry_open(struct serving *s)
{
    int64_t count = s->call.numbers[1], start = count > 1 ? operation_now_ns() : 0;
    size_t used = 0;
    struct look l = {.s = s};
    for (int64_t i = 0; i < count; i++) {
        const void *key, *id;
        size_t key_size, id_size;
        uint32_t type = reader_u32(&s->in);
        if (!wire_get_bytes(&s->in, KEY_LIMIT, &key, &key_size) ||
            !wire_get_bytes(&s->in, LAGAN_ID_SIZE, &id, &id_size)) {
            buffer_free(&l.attributes);
            buffer_free(&l.pieces);
            return serve_broken(s);
        }
        if (i > 0 && (s->out.size > AHEAD_BODY_BYTES || operation_all_cancelled() ||
                      WIRE_DATA_BYTES - used < WIRE_SMALL_BYTES ||
                      operation_now_ns() - start > AHEAD_NS))
            break;
        buffer_clear(&l.attributes);
        buffer_clear(&l.pieces);
        l = (struct look){.s = s, .attributes = l.attributes, .pieces = l.pieces};
        if (wire_has_content(type))
            look(&l, key, key_size, id, id_size, s->data + used, WIRE_DATA_BYTES - used);
        else
            look_named(&l, key, key_size, type);
        put_look(&s->out, &l, used);
        used += l.content_size;
    }
    buffer_free(&l.attributes);
    buffer_free(&l.pieces);
    return LAGAN_OK;
}

/* numbers: reader, offset, size.  The answer is data. */
static uint32_t serve_read_at(struct serving *s)
{
    size_t got = 0, size = (size_t)s->call.numbers[2];
    if (size > WIRE_DATA_BYTES)
        return serve_broken(s);
    uint32_t result = ops_of(s)->read_at(serve_object(s), serve_op(s),
                                         (uint64_t)s->call.numbers[1], s->data, size, &got);
    s->answer.data_bytes = result == LAGAN_OK ? got : 0;
    return result;
}

static uint32_t add_extent(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    struct serving *s = context;
    wire_put_extent(&s->out, offset, length, type);
    return serve_part(s);
}

static uint32_t serve_extents(struct serving *s)
{
    const struct lagan_extent_collector extents = {s, add_extent};
    return ops_of(s)->extents(serve_object(s), serve_op(s), (uint64_t)s->call.numbers[1],
                              (uint64_t)s->call.numbers[2], &extents);
}

static uint32_t serve_entry_close(struct serving *s)
{
    uint32_t verdict = LAGAN_READ_CONSISTENT;
    uint32_t result = ops_of(s)->entry_close(serve_object(s), serve_op(s), &verdict);
    s->answer.numbers[0] = verdict;
    return result;
}

static uint32_t serve_entry_metadata(struct serving *s)
{
    const struct lagan_metadata_collector pieces = serve_pieces(s);
    return ops_of(s)->entry_metadata(serve_object(s), serve_op(s), &pieces);
}

static serve_function *const verbs[WIRE_VERB_COUNT] = {
    [WIRE_ENTRY_OPEN] = serve_entry_open,
    [WIRE_READ_AT] = serve_read_at,
    [WIRE_EXTENTS] = serve_extents,
    [WIRE_ENTRY_CLOSE] = serve_entry_close,
    [WIRE_ENTRY_METADATA] = serve_entry_metadata,
};

serve_function *serve_entry_find(uint32_t verb)
{
    return verbs[verb];
}
