/* SPDX-License-Identifier: Apache-2.0 */
/* layer_reply.c - see layer_reply.h. */
#include "driver/layer_reply.h"

#include "driver/operation.h"

#include <stdarg.h>

static uint32_t fail(struct lagan_op *op, uint32_t error_class, uint32_t outcome,
                     const char *format, va_list arguments)
{
    operation_host_table()->fail(op, error_class, 0, format, arguments);
    op->error.outcome = outcome;
    return error_class;
}

uint32_t layer_fail(struct lagan_op *op, uint32_t error_class, uint32_t outcome,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(op, error_class, outcome, format, arguments);
    va_end(arguments);
    return error_class;
}

/* How to let go of what a call uses up, or makes. */
static const struct {
    enum call_verb verb;
    enum call_verb release;
} releases[] = {
    {CALL_STAGE_BEGIN, CALL_STAGE_ABORT},
    {CALL_STAGE_COMMIT, CALL_STAGE_ABORT},
    {CALL_MULTIPART_BEGIN, CALL_MULTIPART_ABORT},
    {CALL_MULTIPART_COMPLETE, CALL_MULTIPART_ABORT},
    {CALL_WALK_OPEN, CALL_WALK_CLOSE},
    {CALL_ENTRY_OPEN, CALL_ENTRY_CLOSE},
    {CALL_ENTRY_CLOSE, CALL_ENTRY_CLOSE},
    {CALL_ENTRY_CREATE, CALL_ENTRY_ABORT},
    {CALL_ENTRY_COMMIT, CALL_ENTRY_ABORT},
};

static void release(struct layer *self, const struct call *c, void *object)
{
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        if (releases[i].verb == c->verb) {
            struct call letting_go = {
                .verb = releases[i].release,
                .op = releases[i].release == CALL_ENTRY_CLOSE ? c->op : NULL,
                .object = object,
            };
            layer_next(self, &letting_go);
        }
    }
}

uint32_t layer_refuse(struct layer *self, struct call *c, uint32_t error_class,
                      uint32_t outcome, const char *format, ...)
{
    va_list arguments;
    if (!(call_verb_flags(c->verb) & CALL_MAKES))
        release(self, c, c->object);
    va_start(arguments, format);
    fail(c->op, error_class, outcome, format, arguments);
    va_end(arguments);
    return error_class;
}

void layer_unmake(struct layer *self, struct call *c)
{
    release(self, c, *call_made(c));
}

bool layer_cancelled(struct lagan_op *op)
{
    return op && operation_host_table()->cancelled(op) != 0;
}

int layer_sleep(struct lagan_op *op, int64_t ns)
{
    return operation_host_table()->sleep(op, ns);
}
