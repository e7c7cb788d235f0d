/* SPDX-License-Identifier: Apache-2.0 */
/* layer_read_only.c - refuses what would change something. */
#include "driver/layer_reply.h"

/* What begins a change is refused as well as what makes it. */
static bool begins_change(enum call_verb verb)
{
    return verb == CALL_STAGE_BEGIN || verb == CALL_MULTIPART_BEGIN ||
           verb == CALL_ENTRY_CREATE;
}

static uint32_t read_only_call(struct layer *self, struct call *c)
{
    uint32_t result;
    if (c->verb == CALL_SWEEP) {
        /* What dead writers have left harms no reader. */
        *c->with.sweep.removed = 0;
        return LAGAN_OK;
    }
    if ((call_verb_flags(c->verb) & CALL_CHANGES) || begins_change(c->verb))
        return layer_refuse(self, c, LAGAN_IMMUTABLE, LAGAN_OUTCOME_NOT_DONE,
                            "%s is refused: the layer read-only is switched on for %s",
                            call_verb_name(c->verb), self->place->driver);
    result = layer_next(self, c);
    if (result == LAGAN_OK && c->verb == CALL_TARGET_CAPABILITIES)
        c->with.target_capabilities->remove = LAGAN_SUPPORT_NONE;
    return result;
}

static bool read_only_wanted(const struct layer_settings *settings,
                             const struct layer_place *place)
{
    (void)place;
    return settings->read_only;
}

const struct layer_kind layer_read_only = {
    .name = "read-only",
    .wanted = read_only_wanted,
    .call = read_only_call,
};
