/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve_target.c - the helper's side of the verbs of targets; isolate_target.c is the
 * other. */
#include "driver/isolate_serve.h"

#include <string.h>

static const struct lagan_target_ops *ops_of(const struct serving *s)
{
    return &s->helper->driver.ops.target;
}

/* A key, or a prefix. */
static bool take_key(struct serving *s, const char **key)
{
    return wire_get_some_text(&s->in, key) && strlen(*key) <= LAGAN_KEY_LIMIT;
}

/* Content that came along, or is asked for piece by piece. */
static uint32_t content_read(void *context, uint64_t offset, void *data, size_t size)
{
    struct serving *s = context;
    uint8_t *next = data;
    if (offset > s->content_bytes || size > s->content_bytes - offset)
        return LAGAN_INVALID;
    if (s->content_here) {
        memcpy(data, s->data + offset, size);
        return LAGAN_OK;
    }
    while (size > 0) {
        size_t piece = size < WIRE_DATA_BYTES ? size : WIRE_DATA_BYTES;
        uint32_t result = serve_ask(s, WIRE_ASK_CONTENT, (int64_t)offset, (int64_t)piece, 0);
        if (result != LAGAN_OK)
            return result;
        memcpy(next, s->data, piece);
        next += piece;
        offset += piece;
        size -= piece;
    }
    return LAGAN_OK;
}

/* numbers[1]: length.  The next in the body: the SHA-256, or nothing. */
static bool take_content(struct serving *s, struct lagan_content *content,
                         const uint8_t **sha256)
{
    const void *digest;
    size_t size;
    if (!wire_get_bytes(&s->in, 32, &digest, &size) || (size != 0 && size != 32))
        return false;
    *sha256 = size > 0 ? digest : NULL;
    s->content_bytes = (uint64_t)s->call.numbers[1];
    s->content_here = s->content_bytes == s->call.data_bytes;
    *content = (struct lagan_content){s, content_read};
    return true;
}

/* numbers: handle, length, flags.  Body: key, SHA-256. */
static uint32_t serve_put(struct serving *s)
{
    struct lagan_content content;
    const uint8_t *sha256;
    const char *key;
    if (!take_key(s, &key) || !take_content(s, &content, &sha256))
        return serve_broken(s);
    return ops_of(s)->put(serve_object(s), serve_op(s), key, s->content_bytes, &content,
                          (uint64_t)s->call.numbers[2], sha256);
}

static uint32_t serve_stage_begin(struct serving *s)
{
    void *stage = NULL;
    uint32_t result = ops_of(s)->stage_begin(serve_object(s), serve_op(s),
                                             (uint64_t)s->call.numbers[1], &stage);
    serve_made(s, stage);
    return result;
}

static uint32_t serve_stage_write(struct serving *s)
{
    return ops_of(s)->stage_write(serve_object(s), serve_op(s), s->data,
                                  (size_t)s->call.data_bytes);
}

static uint32_t serve_stage_commit(struct serving *s)
{
    const char *key;
    if (!take_key(s, &key))
        return serve_broken(s);
    return ops_of(s)->stage_commit(serve_object(s), serve_op(s), key,
                                   (uint64_t)s->call.numbers[1]);
}

static uint32_t serve_stage_abort(struct serving *s)
{
    ops_of(s)->stage_abort(serve_object(s));
    return LAGAN_OK;
}

static void *sink_room(void *context, size_t *size)
{
    struct serving *s = context;
    *size = WIRE_SINK_BYTES - s->sink_filled;
    return s->data + s->sink_filled;
}

static uint32_t sink_filled(void *context, size_t size)
{
    struct serving *s = context;
    if (size > WIRE_SINK_BYTES - s->sink_filled)
        return LAGAN_INTERNAL;
    s->sink_filled += size;
    if (s->sink_filled < WIRE_SINK_BYTES)
        return LAGAN_OK;
    s->sink_filled = 0;
    return serve_ask(s, WIRE_ASK_SINK, 0, 0, WIRE_SINK_BYTES);
}

/* numbers: handle, offset, length.  The last bytes come with the answer. */
static uint32_t serve_get(struct serving *s)
{
    const struct lagan_sink sink = {s, sink_room, sink_filled};
    const char *key;
    if (!take_key(s, &key))
        return serve_broken(s);
    uint32_t result =
        ops_of(s)->get(serve_object(s), serve_op(s), key, (uint64_t)s->call.numbers[1],
                       (uint64_t)s->call.numbers[2], &sink);
    s->answer.data_bytes = result == LAGAN_OK ? s->sink_filled : 0;
    return result;
}

static uint32_t serve_stat(struct serving *s)
{
    struct lagan_object object = {.size = sizeof object};
    const char *key;
    if (!take_key(s, &key))
        return serve_broken(s);
    uint32_t result = ops_of(s)->stat(serve_object(s), serve_op(s), key, &object);
    s->answer.numbers[0] = (int64_t)object.bytes;
    s->answer.numbers[1] = object.modified_ns;
    return result;
}

static uint32_t add_object(void *context, const struct lagan_object *object)
{
    struct serving *s = context;
    wire_put_object(&s->out, object);
    return serve_part(s);
}

/* numbers: handle, limit.  Body: prefix, start-after. */
static uint32_t serve_list(struct serving *s)
{
    const struct lagan_object_collector objects = {s, add_object};
    const char *prefix, *start_after;
    int more = 0;
    if (!take_key(s, &prefix) || !take_key(s, &start_after))
        return serve_broken(s);
    uint32_t result = ops_of(s)->list(serve_object(s), serve_op(s), prefix, start_after,
                                      (uint32_t)s->call.numbers[1], &objects, &more);
    s->answer.numbers[0] = more != 0;
    return result;
}

static uint32_t serve_remove(struct serving *s)
{
    const char *key;
    if (!take_key(s, &key))
        return serve_broken(s);
    return ops_of(s)->remove(serve_object(s), serve_op(s), key);
}

static uint32_t serve_flush(struct serving *s)
{
    return ops_of(s)->flush(serve_object(s), serve_op(s));
}

static uint32_t serve_capacity(struct serving *s)
{
    uint64_t total = UINT64_MAX, available = UINT64_MAX;
    uint32_t result = ops_of(s)->capacity(serve_object(s), serve_op(s), &total, &available);
    s->answer.numbers[0] = (int64_t)total;
    s->answer.numbers[1] = (int64_t)available;
    return result;
}

static uint32_t serve_sweep(struct serving *s)
{
    uint64_t removed = 0;
    uint32_t result =
        ops_of(s)->sweep(serve_object(s), serve_op(s), s->call.numbers[1], &removed);
    s->answer.numbers[0] = (int64_t)removed;
    return result;
}

static uint32_t serve_multipart_begin(struct serving *s)
{
    const char *key;
    void *upload = NULL;
    if (!take_key(s, &key))
        return serve_broken(s);
    uint32_t result = ops_of(s)->multipart_begin(serve_object(s), serve_op(s), key,
                                                 (uint64_t)s->call.numbers[1], &upload);
    serve_made(s, upload);
    return result;
}

/* numbers: upload, length, number of the part.  Body: SHA-256. */
static uint32_t serve_part_put(struct serving *s)
{
    struct lagan_content content;
    const uint8_t *sha256;
    if (!take_content(s, &content, &sha256))
        return serve_broken(s);
    return ops_of(s)->part_put(serve_object(s), serve_op(s), (uint32_t)s->call.numbers[2],
                               s->content_bytes, &content, sha256);
}

static uint32_t serve_multipart_complete(struct serving *s)
{
    return ops_of(s)->multipart_complete(serve_object(s), serve_op(s),
                                         (uint32_t)s->call.numbers[2],
                                         (uint64_t)s->call.numbers[1]);
}

static uint32_t serve_multipart_abort(struct serving *s)
{
    ops_of(s)->multipart_abort(serve_object(s));
    return LAGAN_OK;
}

/* copy and rename.  numbers: handle, flags.  Body: from, to. */
static uint32_t serve_names(struct serving *s)
{
    const char *from, *to;
    if (!take_key(s, &from) || !take_key(s, &to))
        return serve_broken(s);
    if (s->call.verb == WIRE_COPY)
        return ops_of(s)->copy(serve_object(s), serve_op(s), from, to,
                               (uint64_t)s->call.numbers[1]);
    return ops_of(s)->rename(serve_object(s), serve_op(s), from, to,
                             (uint64_t)s->call.numbers[1]);
}

static uint32_t serve_clock(struct serving *s)
{
    return ops_of(s)->clock(serve_object(s), serve_op(s), &s->answer.numbers[0]);
}

static serve_function *const verbs[WIRE_VERB_COUNT] = {
    [WIRE_PUT] = serve_put,
    [WIRE_STAGE_BEGIN] = serve_stage_begin,
    [WIRE_STAGE_WRITE] = serve_stage_write,
    [WIRE_STAGE_COMMIT] = serve_stage_commit,
    [WIRE_STAGE_ABORT] = serve_stage_abort,
    [WIRE_GET] = serve_get,
    [WIRE_STAT] = serve_stat,
    [WIRE_LIST] = serve_list,
    [WIRE_REMOVE] = serve_remove,
    [WIRE_FLUSH] = serve_flush,
    [WIRE_CAPACITY] = serve_capacity,
    [WIRE_SWEEP] = serve_sweep,
    [WIRE_MULTIPART_BEGIN] = serve_multipart_begin,
    [WIRE_PART_PUT] = serve_part_put,
    [WIRE_MULTIPART_COMPLETE] = serve_multipart_complete,
    [WIRE_MULTIPART_ABORT] = serve_multipart_abort,
    [WIRE_COPY] = serve_names,
    [WIRE_RENAME] = serve_names,
    [WIRE_CLOCK] = serve_clock,
};

serve_function *serve_target_find(uint32_t verb)
{
    return verbs[verb];
}
