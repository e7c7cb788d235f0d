/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve_source.c - the helper's side of the verbs of sources, but for reading entries
 * (isolate_serve_entry.c); isolate_source.c and isolate_walk.c are the other. */
#include "driver/isolate_serve.h"
#include "driver/source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEY_LIMIT = 512 << 10 };

static const struct lagan_source_ops *ops_of(const struct serving *s)
{
    return &s->helper->driver.ops.source;
}

/* A walk: the driver's, and where its questions go. */
struct served_walk {
    void *walk;
    struct helper_questions *questions; /* NULL without rules */
};

/* Only what decides whether a directory is read is asked; the host sees to the rest. */
static enum lagan_selection ask_select(void *context, const void *key, size_t key_size,
                                       uint32_t type)
{
    struct helper_questions *q = context;
    struct wire_head head = {
        .kind = WIRE_ASK, .verb = WIRE_ASK_SELECT, .body_bytes = key_size, .numbers = {type}};
    if (type != LAGAN_ENTRY_DIRECTORY || key_size > WIRE_BODY_BYTES)
        return LAGAN_SELECT_TAKE;
    pthread_mutex_lock(&q->lock);
    memcpy(q->region, key, key_size);
    bool answered = wire_send(q->socket, &head, NULL, 0) &&
                    wire_receive(q->socket, &head, NULL, 0) == 1 && head.kind == WIRE_REPLY;
    pthread_mutex_unlock(&q->lock);
    /* Without a host there is nobody to go on for. */
    if (!answered)
        _exit(0);
    return head.result == LAGAN_SELECT_SKIP ? LAGAN_SELECT_SKIP : LAGAN_SELECT_TAKE;
}

static void questions_free(struct helper_questions *q)
{
    if (!q)
        return;
    close(q->socket);
    wire_region_unmap(q->region);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

/* numbers: handle, flags, id of the channel for questions (0 = no rules).  Body: whether there
 * is a key to start behind, and it; the same of a prefix. */
static uint32_t serve_walk_open(struct serving *s)
{
    struct lagan_walk_request request = {.size = sizeof request,
                                         .flags = (uint64_t)s->call.numbers[1]};
    bool resumes = reader_u8(&s->in) != 0;
    const void *after, *prefix;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &after, &request.after_size))
        return serve_broken(s);
    bool prefixed = reader_u8(&s->in) != 0;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &prefix, &request.prefix_size))
        return serve_broken(s);
    request.prefix = prefixed ? prefix : NULL;
    struct served_walk *w = calloc(1, sizeof *w);
    if (!w)
        return serve_broken(s);
    request.after = resumes ? after : NULL;
    if (s->call.numbers[2] != 0) {
        w->questions = serve_questions(s->helper, s->call.numbers[2]);
        request.select = ask_select;
        request.select_context = w->questions;
    }
    uint32_t result =
        s->call.numbers[2] != 0 && !w->questions
            ? serve_broken(s)
            : ops_of(s)->walk_open(serve_object(s), serve_op(s), &request, &w->walk);
    if (result != LAGAN_OK) {
        questions_free(w->questions);
        free(w);
    } else {
        serve_made(s, w);
    }
    return result;
}

/* numbers: walk, limit.  The answer's numbers[1]: how many were handed over. */
static uint32_t serve_walk_next(struct serving *s)
{
    const struct served_walk *w = serve_object(s);
    const struct lagan_entry_collector entries = serve_entries(s);
    uint32_t result =
        ops_of(s)->walk_next(w->walk, serve_op(s), (uint32_t)s->call.numbers[1], &entries);
    s->answer.numbers[1] = (int64_t)s->handed;
    return result;
}

static uint32_t serve_walk_close(struct serving *s)
{
    struct served_walk *w = serve_object(s);
    ops_of(s)->walk_close(w->walk);
    questions_free(w->questions);
    free(w);
    return LAGAN_OK;
}

static void add_finding(void *context, uint32_t severity, const char *text, const char *remedy)
{
    struct serving *s = context;
    wire_put_finding(&s->out, severity, text, remedy);
    (void)serve_part(s);
}

static uint32_t serve_check(struct serving *s)
{
    const struct lagan_finding_collector findings = {s, add_finding};
    return ops_of(s)->check(serve_object(s), serve_op(s), &findings);
}

static uint32_t serve_estimate(struct serving *s)
{
    uint64_t bytes = 0, entries = 0;
    uint32_t result = ops_of(s)->estimate(serve_object(s), serve_op(s), &bytes, &entries);
    s->answer.numbers[0] = (int64_t)bytes;
    s->answer.numbers[1] = (int64_t)entries;
    return result;
}

static uint32_t serve_metadata(struct serving *s)
{
    const struct lagan_metadata_collector pieces = serve_pieces(s);
    const void *key;
    size_t size;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &key, &size))
        return serve_broken(s);
    return ops_of(s)->metadata(serve_object(s), serve_op(s), key, size,
                               (uint32_t)s->call.numbers[1], &pieces);
}

static uint32_t serve_entry_stat(struct serving *s)
{
    const struct lagan_entry_collector attributes = serve_entries(s);
    const void *key;
    size_t size;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &key, &size))
        return serve_broken(s);
    return ops_of(s)->entry_stat(serve_object(s), serve_op(s), key, size, &attributes);
}

/* Writing back */

static uint32_t serve_entry_create(struct serving *s)
{
    struct lagan_entry entry;
    void *writer = NULL;
    if (!wire_get_entry(&s->in, &entry))
        return serve_broken(s);
    uint32_t result = ops_of(s)->entry_create(serve_object(s), serve_op(s), &entry,
                                              (uint64_t)s->call.numbers[1], &writer);
    serve_made(s, writer);
    return result;
}

static uint32_t serve_write_at(struct serving *s)
{
    return ops_of(s)->write_at(serve_object(s), serve_op(s), (uint64_t)s->call.numbers[1],
                               s->data, (size_t)s->call.data_bytes);
}

static uint32_t serve_write_zero(struct serving *s)
{
    return ops_of(s)->write_zero(serve_object(s), serve_op(s), (uint64_t)s->call.numbers[1],
                                 (uint64_t)s->call.numbers[2]);
}

static uint32_t serve_entry_commit(struct serving *s)
{
    const struct lagan_metadata_collector lost = serve_pieces(s);
    struct lagan_metadata *pieces;
    size_t count;
    if (!wire_get_pieces(&s->in, &pieces, &count))
        return serve_broken(s);
    uint32_t result =
        ops_of(s)->entry_commit(serve_object(s), serve_op(s), pieces, count, &lost);
    free(pieces);
    return result;
}

static uint32_t serve_entry_abort(struct serving *s)
{
    ops_of(s)->entry_abort(serve_object(s));
    return LAGAN_OK;
}

/* node_create and directory_finish. */
static uint32_t serve_node(struct serving *s)
{
    const struct lagan_metadata_collector lost = serve_pieces(s);
    uint64_t flags = (uint64_t)s->call.numbers[1];
    struct lagan_entry entry;
    struct lagan_metadata *pieces;
    size_t count;
    if (!wire_get_entry(&s->in, &entry) || !wire_get_pieces(&s->in, &pieces, &count))
        return serve_broken(s);
    uint32_t result = s->call.verb == WIRE_NODE_CREATE
                          ? ops_of(s)->node_create(serve_object(s), serve_op(s), &entry, flags,
                                                   pieces, count, &lost)
                          : ops_of(s)->directory_finish(serve_object(s), serve_op(s), &entry,
                                                        flags, pieces, count, &lost);
    free(pieces);
    return result;
}

static uint32_t serve_link_create(struct serving *s)
{
    const void *key, *existing;
    size_t key_size, existing_size;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &key, &key_size) ||
        !wire_get_bytes(&s->in, KEY_LIMIT, &existing, &existing_size))
        return serve_broken(s);
    return ops_of(s)->link_create(serve_object(s), serve_op(s), key, key_size, existing,
                                  existing_size, (uint64_t)s->call.numbers[1]);
}

/* numbers: handle. */
static uint32_t serve_place_name(struct serving *s)
{
    char name[SOURCE_PLACE_SIZE] = "";
    uint32_t result = ops_of(s)->place_name(serve_object(s), serve_op(s), name, sizeof name);
    name[sizeof name - 1] = '\0';
    if (result == LAGAN_OK)
        wire_put_text(&s->out, name);
    return result;
}

/* numbers: handle, flags.  Body: place, original, its id, the entry, pieces. */
static uint32_t serve_entry_copy(struct serving *s)
{
    const struct lagan_metadata_collector lost = serve_pieces(s);
    const char *place;
    const void *from, *id;
    size_t from_size, id_size, count;
    struct lagan_entry entry;
    struct lagan_metadata *pieces;
    if (!wire_get_some_text(&s->in, &place) ||
        !wire_get_bytes(&s->in, KEY_LIMIT, &from, &from_size) ||
        !wire_get_bytes(&s->in, LAGAN_ID_SIZE, &id, &id_size) ||
        !wire_get_entry(&s->in, &entry) || !wire_get_pieces(&s->in, &pieces, &count))
        return serve_broken(s);
    uint32_t result =
        ops_of(s)->entry_copy(serve_object(s), serve_op(s), place, from, from_size, id, id_size,
                              &entry, (uint64_t)s->call.numbers[1], pieces, count, &lost);
    free(pieces);
    return result;
}

/* numbers: handle, flags. */
static uint32_t serve_entry_remove(struct serving *s)
{
    const void *key;
    size_t size;
    if (!wire_get_bytes(&s->in, KEY_LIMIT, &key, &size))
        return serve_broken(s);
    return ops_of(s)->entry_remove(serve_object(s), serve_op(s), key, size,
                                   (uint64_t)s->call.numbers[1]);
}

static serve_function *const verbs[WIRE_VERB_COUNT] = {
    [WIRE_CHECK] = serve_check,
    [WIRE_ESTIMATE] = serve_estimate,
    [WIRE_WALK_OPEN] = serve_walk_open,
    [WIRE_WALK_NEXT] = serve_walk_next,
    [WIRE_WALK_CLOSE] = serve_walk_close,
    [WIRE_METADATA] = serve_metadata,
    [WIRE_ENTRY_STAT] = serve_entry_stat,
    [WIRE_ENTRY_CREATE] = serve_entry_create,
    [WIRE_WRITE_AT] = serve_write_at,
    [WIRE_WRITE_ZERO] = serve_write_zero,
    [WIRE_ENTRY_COMMIT] = serve_entry_commit,
    [WIRE_ENTRY_ABORT] = serve_entry_abort,
    [WIRE_NODE_CREATE] = serve_node,
    [WIRE_DIRECTORY_FINISH] = serve_node,
    [WIRE_LINK_CREATE] = serve_link_create,
    [WIRE_PLACE_NAME] = serve_place_name,
    [WIRE_ENTRY_COPY] = serve_entry_copy,
    [WIRE_ENTRY_REMOVE] = serve_entry_remove,
};

serve_function *serve_source_find(uint32_t verb)
{
    return verbs[verb];
}
