/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_emulate.c - makes up for what a driver of a target lacks, so that all above it can
 * count on uploads in parts, copy, rename, durable puts and checksums, and, where a setting
 * asks for it, on puts only where the name is free.
 *
 * What a driver can do itself is left to it.
 */
#include "driver/layer_emulate.h"

#include <stdlib.h>
#include <string.h>

enum { PART_LIMIT = 10000 };

uint32_t emulate_fail(struct lagan_op *op, const struct error *why)
{
    layer_fail(op, why->error_class, LAGAN_OUTCOME_NOT_DONE, "%s", why->text);
    op->error.native = why->native;
    return why->error_class;
}

static void raise_to_emulated(uint8_t *support)
{
    if (*support == LAGAN_SUPPORT_NONE)
        *support = LAGAN_SUPPORT_EMULATED;
}

static uint32_t capabilities(struct layer *self, struct call *c)
{
    struct emulate *m = self->state;
    struct lagan_target_capabilities *told = c->with.target_capabilities;
    uint32_t result = layer_next(self, c);
    if (result != LAGAN_OK)
        return result;
    m->below = *told;
    if (m->if_absent)
        raise_to_emulated(&told->put_if_absent);
    raise_to_emulated(&told->durable_put);
    raise_to_emulated(&told->checksum);
    raise_to_emulated(&told->copy);
    if (told->remove != LAGAN_SUPPORT_NONE)
        raise_to_emulated(&told->rename);
    if (told->multipart == LAGAN_SUPPORT_NONE) {
        told->multipart = LAGAN_SUPPORT_EMULATED;
        told->part_limit = PART_LIMIT;
        told->part_minimum_bytes = 0;
        told->part_maximum_bytes = 0;
    }
    return LAGAN_OK;
}

static uint32_t emulate_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_TARGET_CAPABILITIES:
        return capabilities(self, c);
    case CALL_PUT:
        return emulate_put(self, c);
    case CALL_STAGE_COMMIT:
        return emulate_naming(self, c, c->with.stage_commit.key, &c->with.stage_commit.flags);
    case CALL_MULTIPART_BEGIN:
        return emulate_multipart_begin(self, c);
    case CALL_PART_PUT:
        return emulate_part_put(self, c);
    case CALL_MULTIPART_COMPLETE:
        return emulate_multipart_complete(self, c);
    case CALL_MULTIPART_ABORT:
        return emulate_multipart_abort(self, c);
    case CALL_COPY:
        return emulate_copy(self, c);
    case CALL_RENAME:
        return emulate_rename(self, c);
    default:
        return layer_next(self, c);
    }
}

/* What a driver can do is known only once it was asked, so that every target has the layer. */
static bool emulate_wanted(const struct layer_settings *settings,
                           const struct layer_place *place)
{
    (void)settings;
    return place->kind == LAGAN_KIND_TARGET;
}

static int emulate_make(const struct layer_settings *settings, const struct layer_place *place,
                        void **state, struct error *e)
{
    struct emulate *m = calloc(1, sizeof *m);
    (void)place;
    if (!m)
        return error_no_memory(e, "a layer");
    m->if_absent = settings->emulate_if_absent;
    for (size_t i = 0; i < EMULATE_LOCKS; i++)
        pthread_mutex_init(&m->locks[i], NULL);
    *state = m;
    return 0;
}

static void emulate_free(void *state)
{
    struct emulate *m = state;
    for (size_t i = 0; i < EMULATE_LOCKS; i++)
        pthread_mutex_destroy(&m->locks[i]);
    free(m);
}

const struct layer_kind layer_emulate = {
    .name = "emulate",
    .wanted = emulate_wanted,
    .make = emulate_make,
    .free = emulate_free,
    .call = emulate_call,
};
