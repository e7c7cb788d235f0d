/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_walk.c - walks of isolated sources.
 *
 * The host's rules are asked here for all that is not a directory, when it comes; only what
 * decides whether a directory is read has to be asked for by the helper, in the middle of its
 * walk and from any of its threads.  A walk with rules has a channel of its own for that, and a
 * thread that answers. */
#include "driver/isolate_walk.h"

#include "driver/isolate_private.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What answers a walk's questions. */
struct answering {
    const struct lagan_walk_request *request;
    struct isolate_channel *channel;
    pthread_t thread;
    atomic_bool ended;
};

struct walk_proxy {
    struct isolate_handle *handle;
    int64_t token;
    struct lagan_walk_request request; /* its select function alone */
    struct answering *answering;       /* NULL without rules */
};

/* The answer to one question; false when it is none. */
static bool answer_one(struct answering *a, const struct wire_head *ask,
                       struct wire_head *reply)
{
    struct buffer *in = &a->channel->in;
    if (ask->kind != WIRE_ASK || ask->verb != WIRE_ASK_SELECT ||
        ask->body_bytes > WIRE_BODY_BYTES)
        return false;
    buffer_clear(in);
    buffer_append(in, a->channel->body, (size_t)ask->body_bytes);
    if (in->failed)
        return false;
    reply->result = (uint32_t)a->request->select(a->request->select_context, in->data, in->size,
                                                 (uint32_t)ask->numbers[0]);
    return true;
}

static void *answer(void *argument)
{
    struct answering *a = argument;
    struct wire_head ask;
    while (!atomic_load(&a->ended)) {
        struct wire_head reply = {.kind = WIRE_REPLY};
        int got = wire_receive(a->channel->socket, &ask, NULL, 0);
        if (got < 0 || (got > 0 && (!answer_one(a, &ask, &reply) ||
                                    !wire_send(a->channel->socket, &reply, NULL, 0))))
            break;
    }
    return NULL;
}

static void answering_end(struct answering *a)
{
    if (!a)
        return;
    atomic_store(&a->ended, true);
    shutdown(a->channel->socket, SHUT_RDWR);
    pthread_join(a->thread, NULL);
    isolate_channel_free(a->channel);
    free(a);
}

static struct answering *answering_new(struct isolate_handle *h,
                                       const struct lagan_walk_request *request, int64_t *id)
{
    struct answering *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->request = request;
    a->channel = isolate_channel_extra(h->process, id);
    if (a->channel && pthread_create(&a->thread, NULL, answer, a) == 0)
        return a;
    isolate_channel_free(a->channel);
    free(a);
    return NULL;
}

uint32_t isolate_walk_open(void *handle, struct lagan_op *op,
                           const struct lagan_walk_request *request, void **walk)
{
    struct isolate_handle *h = handle;
    struct isolate_call c = {0};
    int64_t questions = 0;
    struct walk_proxy *w = calloc(1, sizeof *w);
    if (!w)
        return isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    w->handle = h;
    w->request = (struct lagan_walk_request){.select = request->select,
                                             .select_context = request->select_context};
    if (request->select && !(w->answering = answering_new(h, &w->request, &questions))) {
        free(w);
        return isolate_fail(op, LAGAN_INTERNAL, "a walk's rules cannot be asked");
    }
    uint32_t result = isolate_call_begin(&c, h->process, op, WIRE_WALK_OPEN);
    if (result == LAGAN_OK) {
        c.head.numbers[0] = h->token;
        c.head.numbers[1] = (int64_t)request->flags;
        c.head.numbers[2] = questions;
        buffer_append_u8(&c.channel->out, request->after != NULL);
        wire_put_bytes(&c.channel->out, request->after,
                       request->after ? request->after_size : 0);
        buffer_append_u8(&c.channel->out, request->prefix != NULL);
        wire_put_bytes(&c.channel->out, request->prefix,
                       request->prefix ? request->prefix_size : 0);
        result = isolate_call_run(&c);
    }
    if (result != LAGAN_OK) {
        answering_end(w->answering);
        free(w);
        return result;
    }
    w->token = c.head.numbers[0];
    *walk = w;
    return LAGAN_OK;
}

/* What a walk hands over, through the rules. */
struct sieve {
    const struct walk_proxy *walk;
    const struct lagan_entry_collector *to;
    size_t passed;
};

static bool is_taken(const struct walk_proxy *w, const struct lagan_entry *entry, uint32_t type)
{
    bool flat = (w->handle->driver->descriptor.traits & LAGAN_TRAIT_FLAT) != 0;
    /* Rules are for objects: a version's key goes on behind a zero byte. */
    size_t size = flat ? strnlen(entry->key, entry->key_size) : entry->key_size;
    return w->request.select(w->request.select_context, entry->key, size, type) !=
           LAGAN_SELECT_SKIP;
}

/* Whether the rules take what the helper has not asked for.  What could not be examined may
 * have been a directory when it was asked for. */
static bool is_wanted(const struct walk_proxy *w, const struct lagan_entry *entry)
{
    if (!w->request.select || entry->key_size == 0 || entry->type == LAGAN_ENTRY_DIRECTORY)
        return true;
    if (is_taken(w, entry, entry->type))
        return true;
    return entry->type == LAGAN_ENTRY_ERROR && is_taken(w, entry, LAGAN_ENTRY_DIRECTORY);
}

static uint32_t sieve_add(void *context, const struct lagan_entry *entry)
{
    struct sieve *s = context;
    if (!is_wanted(s->walk, entry))
        return LAGAN_OK;
    s->passed++;
    return s->to->add(s->to->context, entry);
}

uint32_t isolate_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                           const struct lagan_entry_collector *entries)
{
    struct walk_proxy *w = walk;
    struct sieve sieve = {.walk = w, .to = entries};
    const struct lagan_entry_collector collector = {&sieve, sieve_add};
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && sieve.passed == 0) {
        struct isolate_call c = {.to.entries = &collector};
        result = isolate_call_begin(&c, w->handle->process, op, WIRE_WALK_NEXT);
        if (result != LAGAN_OK)
            return result;
        c.head.numbers[0] = w->token;
        c.head.numbers[1] = limit;
        result = isolate_call_run(&c);
        /* A driver that neither ends nor hands over would go on for ever. */
        if (result == LAGAN_OK && c.head.numbers[1] == 0)
            break;
    }
    return result;
}

void isolate_walk_close(void *walk)
{
    struct walk_proxy *w = walk;
    isolate_release(w->handle->process, WIRE_WALK_CLOSE, w->token);
    answering_end(w->answering);
    free(w);
}
