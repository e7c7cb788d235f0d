/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_timeout.c - each attempt gets a deadline of its own.
 *
 * The driver sees it as any deadline and answers CANCELLED.  That becomes TIMEOUT, marked with
 * LAYER_TIMED_OUT, so that the retry layer tries again what may be repeated.  A driver that
 * never returns cannot be helped from within its own process: `isolate` is for those.
 */
#include "driver/layer_reply.h"

#include "base/text.h"
#include "driver/operation.h"

#include <stdlib.h>

static bool wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)place;
    return settings->timeout_ns > 0;
}

struct timeout {
    int64_t limit_ns;
};

static int make(const struct layer_settings *settings, const struct layer_place *place,
                void **state, struct error *e)
{
    struct timeout *t = malloc(sizeof *t);
    (void)place;
    if (!t)
        return error_no_memory(e, "a layer");
    t->limit_ns = settings->timeout_ns;
    *state = t;
    return 0;
}

/* The attempt was cut off.  Whatever the driver says of the outcome, a store may have carried
 * out what it was sent. */
static uint32_t expired(const struct timeout *t, struct call *c)
{
    bool changes = (call_verb_flags(c->verb) & CALL_CHANGES) != 0;
    char limit[TEXT_SIZE_SIZE];
    text_format_duration(t->limit_ns, limit);
    layer_fail(c->op, LAGAN_TIMEOUT, changes ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE,
               "it took longer than %s", limit);
    c->op->error.flags = LAYER_TIMED_OUT;
    return LAGAN_TIMEOUT;
}

static uint32_t call(struct layer *self, struct call *c)
{
    const struct timeout *t = self->state;
    struct lagan_op *op = c->op;
    int64_t before = op ? op->deadline_ns : 0;
    int64_t own;
    uint32_t result;
    if (!op)
        return layer_next(self, c);
    own = operation_now_ns() + t->limit_ns;
    if (before != 0 && before <= own)
        return layer_next(self, c);
    op->deadline_ns = own;
    result = layer_next(self, c);
    op->deadline_ns = before;
    if (result == LAGAN_CANCELLED && !layer_cancelled(op) && operation_now_ns() >= own)
        return expired(t, c);
    return result;
}

const struct layer_kind layer_timeout = {
    .name = "timeout", .wanted = wanted, .make = make, .free = free, .call = call};
