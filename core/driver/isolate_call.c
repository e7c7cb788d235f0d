/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_call.c - one call of a helper: the request, what it asks meanwhile, the answer. */
#include "driver/isolate_private.h"

#include "base/clock.h"
#include "base/object.h"

#include <stdatomic.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define RELEASE_NS (60 * SECOND_NS) /* for a call that has no op */
#define SILENT_NS (900 * SECOND_NS) /* for one without a deadline, between signs of life */

/* What a helper gets behind a cancellation or a deadline. */
static _Atomic int64_t grace_ns = 10 * SECOND_NS;

void isolate_set_grace(int64_t ns)
{
    atomic_store(&grace_ns, ns);
}

uint32_t isolate_fail(struct lagan_op *op, uint32_t error_class, const char *text)
{
    if (op) {
        op->error = (struct lagan_error){.error_class = error_class};
        memcpy(op->error.text, text, strnlen(text, LAGAN_TEXT_SIZE - 1));
    }
    return error_class;
}

uint32_t isolate_call_begin(struct isolate_call *c, struct isolate_process *p,
                            struct lagan_op *op, uint32_t verb)
{
    isolate_process_resume(p);
    if (!c->channel)
        c->channel = isolate_channel_take(p, false);
    c->process = p;
    c->op = op;
    c->head = (struct wire_head){.kind = WIRE_CALL, .verb = verb};
    if (!c->channel)
        return isolate_dead(p, op, false);
    buffer_clear(&c->channel->out);
    return LAGAN_OK;
}

void isolate_call_end(struct isolate_call *c)
{
    if (c->secret && c->channel) {
        if (c->channel->out.data)
            explicit_bzero(c->channel->out.data, c->channel->out.size);
        explicit_bzero(c->channel->body, c->channel->out.size);
    }
    if (!c->keep)
        isolate_channel_give(c->process, c->channel, false);
}

uint32_t isolate_call_broken(struct isolate_call *c, const char *what)
{
    char text[LAGAN_TEXT_SIZE];
    size_t size = strlen(what);
    static const char head[] = "its process answers what it should not (";
    size = size < 200 ? size : 200;
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, what, size);
    memcpy(text + sizeof head - 1 + size, ")", 2);
    isolate_process_fail(c->process, LAGAN_INTERNAL, text);
    return isolate_dead(c->process, c->op, true);
}

/* Whether the helper has had its time, `waited_ns` since it was last heard. */
static bool is_late(const struct isolate_call *c, int64_t now, int64_t waited_ns)
{
    if (c->limit_ns > 0)
        return waited_ns > c->limit_ns;
    if (!c->op)
        return waited_ns > RELEASE_NS;
    if (c->op->deadline_ns != 0)
        return now > c->op->deadline_ns + atomic_load(&grace_ns);
    return waited_ns > SILENT_NS;
}

/* Looks at cancellation and time while no answer comes; true once the helper was killed. */
static bool is_overdue(struct isolate_call *c, int64_t start, int64_t *cancelled)
{
    int64_t now = operation_now_ns();
    if (operation_all_cancelled()) {
        isolate_process_cancel(c->process);
        if (*cancelled == 0)
            *cancelled = now;
    }
    if (*cancelled != 0 && now > *cancelled + atomic_load(&grace_ns))
        isolate_process_fail(c->process, LAGAN_CANCELLED,
                             "the driver did not take notice of the cancellation; its "
                             "process was ended");
    else if (is_late(c, now, now - start))
        isolate_process_fail(c->process, LAGAN_TIMEOUT,
                             "the driver did not answer in time; its process was ended");
    else
        return false;
    return true;
}

/* The next head from the helper; false once it is dead. */
static bool call_hear(struct isolate_call *c, struct wire_head *head)
{
    int64_t start = operation_now_ns(), cancelled = 0;
    for (;;) {
        int got = wire_receive(c->channel->socket, head, NULL, 0);
        if (got > 0)
            return true;
        if (got < 0) {
            isolate_process_fail(c->process, LAGAN_INTERNAL, NULL);
            return false;
        }
        if (is_overdue(c, start, &cancelled))
            return false;
    }
}

/* Our own copy of the body that a head announces: what is checked must not change any more. */
static bool call_copy_body(struct isolate_call *c, const struct wire_head *head)
{
    struct buffer *in = &c->channel->in;
    if (head->body_bytes > WIRE_BODY_BYTES || head->data_bytes > WIRE_DATA_BYTES)
        return false;
    buffer_clear(in);
    buffer_append(in, c->channel->body, (size_t)head->body_bytes);
    c->answer = reader_of(in->data, in->size);
    return !in->failed;
}

/* Hands bytes in the data to the sink. */
static uint32_t feed_sink(struct isolate_call *c, uint64_t bytes)
{
    const uint8_t *next = c->channel->data;
    if (!c->sink)
        return LAGAN_CLASS_COUNT;
    while (bytes > 0) {
        size_t room = 0;
        void *place = c->sink->room(c->sink->context, &room);
        if (!place || room == 0)
            return LAGAN_INVALID;
        size_t size = bytes < room ? (size_t)bytes : room;
        memcpy(place, next, size);
        uint32_t result = c->sink->filled(c->sink->context, size);
        if (result != LAGAN_OK)
            return result;
        next += size;
        bytes -= size;
    }
    return LAGAN_OK;
}

static uint32_t give_content(struct isolate_call *c, const struct wire_head *ask)
{
    uint64_t offset = (uint64_t)ask->numbers[0], size = (uint64_t)ask->numbers[1];
    if (!c->content || size > WIRE_DATA_BYTES)
        return LAGAN_CLASS_COUNT;
    return c->content->read(c->content->context, offset, c->channel->data, (size_t)size);
}

/* What the helper asks for; LAGAN_CLASS_COUNT when it has no business to. */
static uint32_t serve_ask(struct isolate_call *c, const struct wire_head *ask)
{
    uint32_t result = LAGAN_CLASS_COUNT;
    if (!call_copy_body(c, ask))
        return LAGAN_CLASS_COUNT;
    if (c->refused != LAGAN_OK)
        return c->refused;
    if (ask->verb == WIRE_ASK_CONTENT)
        result = give_content(c, ask);
    else if (ask->verb == WIRE_ASK_SINK)
        result = feed_sink(c, ask->data_bytes);
    else if (ask->verb == WIRE_ASK_PART && !c->own_records)
        result = wire_deliver(&c->answer, &c->to);
    if (result < LAGAN_CLASS_COUNT)
        c->refused = result;
    return result;
}

static bool send_request(struct isolate_call *c)
{
    struct buffer *out = &c->channel->out;
    struct wire_head *head = &c->head;
    if (out->size > 0)
        memcpy(c->channel->body, out->data, out->size);
    head->body_bytes = out->size;
    if (c->op) {
        head->op_id = c->op->id;
        head->deadline_ns = c->op->deadline_ns;
        head->bandwidth_class = c->op->bandwidth_class;
    }
    head->sequence = ++c->channel->sequence;
    head->wall_ns = clock_wall_ns();
    return wire_send(c->channel->socket, head, NULL, 0);
}

/* The answer's error and records. */
static uint32_t judge_answer(struct isolate_call *c)
{
    const struct wire_head *head = &c->head;
    struct lagan_error told = {0};
    if (head->sequence != c->channel->sequence || !call_copy_body(c, head))
        return isolate_call_broken(c, "an answer of no form");
    if (head->flags & WIRE_HAS_LOG)
        isolate_process_drain_log(c->process);
    if (head->progress_bytes || head->progress_items)
        operation_host_table()->progress(c->op, head->progress_bytes, head->progress_items);
    if ((head->flags & WIRE_HAS_ERROR) && !wire_get_error(&c->answer, &told))
        return isolate_call_broken(c, "an error of no form");
    if ((head->flags & WIRE_HAS_ERROR) && c->op)
        c->op->error = told;
    uint32_t result = LAGAN_OK;
    if (c->refused == LAGAN_OK && c->sink)
        result = feed_sink(c, head->data_bytes);
    else if (c->refused == LAGAN_OK && !c->own_records)
        result = wire_deliver(&c->answer, &c->to);
    if (result >= LAGAN_CLASS_COUNT)
        return isolate_call_broken(c, "records that were not asked for");
    if (result != LAGAN_OK)
        c->refused = result;
    /* A driver returns what a collector refused with; so do we when it saw no refusal. */
    return c->refused != LAGAN_OK ? c->refused : head->result;
}

uint32_t isolate_call_make(struct isolate_call *c)
{
    if (c->channel->out.failed || c->channel->out.size > WIRE_BODY_BYTES)
        return isolate_fail(c->op, LAGAN_LIMIT,
                            "more than a driver in its own process can be told");
    if (!send_request(c)) {
        isolate_process_fail(c->process, LAGAN_INTERNAL, NULL);
        return isolate_dead(c->process, c->op, true);
    }
    for (;;) {
        struct wire_head head;
        if (!call_hear(c, &head))
            return isolate_dead(c->process, c->op, true);
        if (head.kind == WIRE_ANSWER) {
            c->head = head;
            return judge_answer(c);
        }
        struct wire_head reply = {.kind = WIRE_REPLY};
        if (head.kind == WIRE_ASK)
            reply.result = serve_ask(c, &head);
        if (head.kind != WIRE_ASK || reply.result >= LAGAN_CLASS_COUNT)
            return isolate_call_broken(c, "a question out of place");
        if (!wire_send(c->channel->socket, &reply, NULL, 0)) {
            isolate_process_fail(c->process, LAGAN_INTERNAL, NULL);
            return isolate_dead(c->process, c->op, true);
        }
    }
}

uint32_t isolate_call_run(struct isolate_call *c)
{
    uint32_t result = isolate_call_make(c);
    isolate_call_end(c);
    return result;
}
