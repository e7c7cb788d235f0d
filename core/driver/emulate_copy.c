/* SPDX-License-Identifier: Apache-2.0 */
/* emulate_copy.c - copies by reading and putting, renames by copying and removing. */
#include "driver/layer_emulate.h"
#include "driver/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

/* An object on its way through a private file: a driver is not called from its callbacks. */
struct passage {
    int file;
    uint8_t *piece;
    uint64_t bytes; /* that have come */
    struct error why;
};

static void *passage_room(void *context, size_t *size)
{
    const struct passage *p = context;
    *size = PIECE_BYTES;
    return p->piece;
}

static uint32_t passage_filled(void *context, size_t size)
{
    struct passage *p = context;
    if (spool_write(p->file, p->bytes, p->piece, size, &p->why) != 0)
        return p->why.error_class;
    p->bytes += size;
    return LAGAN_OK;
}

static uint32_t passage_read(void *context, uint64_t offset, void *data, size_t size)
{
    struct passage *p = context;
    return spool_read(p->file, offset, data, size, &p->why) == 0 ? LAGAN_OK : LAGAN_IO;
}

static uint32_t fetch(struct layer *self, struct call *c, struct passage *p)
{
    struct lagan_sink sink = {.context = p, .room = passage_room, .filled = passage_filled};
    struct call get = {
        .verb = CALL_GET,
        .op = c->op,
        .object = self->place->handle,
        .with.get = {.key = c->with.copy.from, .length = LAGAN_TO_THE_END, .sink = &sink}};
    uint32_t result = layer_next(self, &get);
    return p->why.error_class != LAGAN_OK ? emulate_fail(c->op, &p->why) : result;
}

static uint32_t store(struct layer *self, struct call *c, struct passage *p)
{
    struct lagan_content content = {.context = p, .read = passage_read};
    struct call put = {.verb = CALL_PUT,
                       .op = c->op,
                       .object = self->place->handle,
                       .with.put = {.key = c->with.copy.to,
                                    .bytes = p->bytes,
                                    .content = &content,
                                    .flags = c->with.copy.flags}};
    return emulate_put(self, &put);
}

static uint32_t pass_through(struct layer *self, struct call *c)
{
    struct passage p = {.why = ERROR_INIT, .piece = malloc(PIECE_BYTES), .file = -1};
    uint32_t result;
    if (!p.piece)
        return layer_fail(c->op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    p.file = spool_open(&p.why);
    result = p.file >= 0 ? fetch(self, c, &p) : emulate_fail(c->op, &p.why);
    if (result == LAGAN_OK)
        result = store(self, c, &p);
    if (p.file >= 0)
        close(p.file);
    free(p.piece);
    return result;
}

uint32_t emulate_copy(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    if (m->below.copy == LAGAN_SUPPORT_NONE)
        return pass_through(self, c);
    return emulate_naming(self, c, c->with.copy.to, &c->with.copy.flags);
}

/* An object under its own name: nothing to do, and nothing to remove. */
static uint32_t rename_to_itself(struct layer *self, struct call *c)
{
    struct lagan_object object = {.size = sizeof object};
    struct call stat = {.verb = CALL_STAT,
                        .op = c->op,
                        .object = self->place->handle,
                        .with.stat = {.key = c->with.copy.from, .object = &object}};
    uint32_t result = layer_next(self, &stat);
    if (result != LAGAN_OK || !(c->with.copy.flags & LAGAN_PUT_IF_ABSENT))
        return result;
    return layer_fail(c->op, LAGAN_EXISTS, LAGAN_OUTCOME_NOT_DONE, "the name is taken");
}

static uint32_t remove_first(struct layer *self, struct call *c)
{
    struct call gone = {.verb = CALL_REMOVE,
                        .op = c->op,
                        .object = self->place->handle,
                        .with.remove = {.key = c->with.copy.from}};
    uint32_t result = layer_next(self, &gone);
    /* It has both names now. */
    if (result != LAGAN_OK && c->op->error.error_class == result)
        c->op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    else if (result != LAGAN_OK)
        layer_fail(c->op, result, LAGAN_OUTCOME_UNKNOWN, "removing the old name failed");
    return result;
}

uint32_t emulate_rename(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    struct call copy = *c;
    uint32_t result;
    if (m->below.rename != LAGAN_SUPPORT_NONE)
        return emulate_naming(self, c, c->with.copy.to, &c->with.copy.flags);
    if (m->below.remove == LAGAN_SUPPORT_NONE)
        return layer_fail(c->op, LAGAN_UNSUPPORTED, LAGAN_OUTCOME_NOT_DONE,
                          "a store that removes nothing cannot rename");
    if (strcmp(c->with.copy.from, c->with.copy.to) == 0)
        return rename_to_itself(self, c);
    copy.verb = CALL_COPY;
    result = emulate_copy(self, &copy);
    return result == LAGAN_OK ? remove_first(self, c) : result;
}
