/* SPDX-License-Identifier: Apache-2.0 */
/* layer_trace.c - a log line for each attempt: number, verb, key, bytes, class, milliseconds.
 */
#include "driver/layer.h"

#include "base/log.h"
#include "driver/operation.h"

#include <stdio.h>

static bool wanted(const struct layer_settings *settings, const struct layer_place *place)
{
    (void)place;
    return settings->trace;
}

/* What a call without an op did is of no interest to anybody but its number. */
static void tell(const struct layer *self, const struct call *c, uint32_t result, int64_t ns)
{
    const char *key = call_key(c);
    uint64_t bytes = call_bytes(c);
    char moved[48] = "";
    if (bytes > 0)
        snprintf(moved, sizeof moved, ", %llu bytes", (unsigned long long)bytes);
    log_write(LOG_INFO, self->place->driver, "call %llu: %s%s%s%s: %s, %lld.%03lld ms",
              (unsigned long long)(c->op ? c->op->id : 0), call_verb_name(c->verb),
              key ? " " : "", key ? key : "", moved, error_class_name(result),
              (long long)(ns / 1000000), (long long)(ns / 1000 % 1000));
}

static uint32_t call(struct layer *self, struct call *c)
{
    int64_t begin = operation_now_ns();
    uint32_t result = layer_next(self, c);
    if (log_level() >= LOG_INFO)
        tell(self, c, result, operation_now_ns() - begin);
    return result;
}

const struct layer_kind layer_trace = {.name = "trace", .wanted = wanted, .call = call};
