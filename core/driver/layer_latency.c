/* SPDX-License-Identifier: Apache-2.0 */
/* layer_latency.c - makes calls slow on purpose. */
#include "driver/layer_reply.h"

#include <stdlib.h>

static uint32_t latency_call(struct layer *self, struct call *c)
{
    const int64_t *ns = self->state;
    if (c->op && layer_sleep(c->op, *ns))
        return layer_refuse(self, c, LAGAN_CANCELLED, LAGAN_OUTCOME_NOT_DONE,
                            "interrupted while being made slow");
    return layer_next(self, c);
}

static bool latency_wanted(const struct layer_settings *settings,
                           const struct layer_place *place)
{
    (void)place;
    return settings->latency_ns > 0;
}

static int latency_make(const struct layer_settings *settings, const struct layer_place *place,
                        void **state, struct error *e)
{
    int64_t *ns = malloc(sizeof *ns);
    (void)place;
    if (!ns)
        return error_no_memory(e, "a latency");
    *ns = settings->latency_ns;
    *state = ns;
    return 0;
}

const struct layer_kind layer_latency = {
    .name = "latency",
    .wanted = latency_wanted,
    .make = latency_make,
    .free = free,
    .call = latency_call,
};
