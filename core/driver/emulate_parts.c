/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emulate_parts.c - uploads in parts on drivers that have none: the parts wait in a private
 * file, and become an ordinary put when they are complete.
 *
 * Uploads of a driver that has them are wrapped, too, where flags of their end are emulated:
 * the name is told at their beginning only.
 */
#include "driver/layer_emulate.h"
#include "driver/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NUMBER_LIMIT = 10000, PIECE_BYTES = 1 << 20 };

/* Where a part lies in the file. */
struct part {
    uint64_t offset;
    uint64_t bytes; /* 0 = never put */
};

struct upload {
    char key[LAGAN_KEY_LIMIT + 1];
    uint64_t bytes; /* of the object */
    void *below;    /* the driver's; NULL = its parts are kept here */
    int file;
    pthread_mutex_t lock; /* of what follows */
    struct part *parts;   /* by number - 1 */
    size_t room;
    uint64_t used; /* bytes of the file that are taken */
};

bool emulate_wraps_uploads(const struct emulate *m)
{
    return m->below.multipart == LAGAN_SUPPORT_NONE ||
           m->below.durable_put == LAGAN_SUPPORT_NONE ||
           (m->if_absent && m->below.put_if_absent == LAGAN_SUPPORT_NONE);
}

static void upload_free(struct upload *u)
{
    if (u->file >= 0)
        close(u->file);
    free(u->parts);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static struct upload *upload_new(const char *key, uint64_t bytes)
{
    struct upload *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    strncpy(u->key, key, LAGAN_KEY_LIMIT);
    u->bytes = bytes;
    u->file = -1;
    pthread_mutex_init(&u->lock, NULL);
    return u;
}

static uint32_t begin_below(struct layer *self, struct call *c, struct upload *u)
{
    struct call below = *c;
    below.with.multipart_begin.made = &u->below;
    return layer_next(self, &below);
}

static uint32_t begin_here(struct call *c, struct upload *u)
{
    struct error e = ERROR_INIT;
    if (layer_cancelled(c->op))
        return layer_fail(c->op, LAGAN_CANCELLED, LAGAN_OUTCOME_NOT_DONE, "interrupted");
    u->file = spool_open(&e);
    return u->file >= 0 ? (uint32_t)LAGAN_OK : emulate_fail(c->op, &e);
}

uint32_t emulate_multipart_begin(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    struct upload *u;
    uint32_t result;
    if (!emulate_wraps_uploads(m))
        return layer_next(self, c);
    u = upload_new(c->with.multipart_begin.key, c->with.multipart_begin.bytes);
    if (!u)
        return layer_fail(c->op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    result =
        m->below.multipart == LAGAN_SUPPORT_NONE ? begin_here(c, u) : begin_below(self, c, u);
    if (result != LAGAN_OK) {
        upload_free(u);
        return result;
    }
    *c->with.multipart_begin.made = u;
    return LAGAN_OK;
}

/* Takes a range of the file for a part. */
static uint64_t take_range(struct upload *u, uint64_t bytes)
{
    uint64_t offset;
    pthread_mutex_lock(&u->lock);
    offset = u->used;
    u->used += bytes;
    pthread_mutex_unlock(&u->lock);
    return offset;
}

static uint32_t spool_part(struct upload *u, struct call *c, uint64_t start)
{
    const struct lagan_content *content = c->with.part_put.content;
    uint64_t bytes = c->with.part_put.bytes;
    struct error e = ERROR_INIT;
    uint32_t result = LAGAN_OK;
    uint8_t *piece = malloc(PIECE_BYTES);
    if (!piece)
        return layer_fail(c->op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    for (uint64_t at = 0; result == LAGAN_OK && at < bytes; at += PIECE_BYTES) {
        size_t size = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
        result = layer_cancelled(c->op) ? (uint32_t)LAGAN_CANCELLED
                                        : content->read(content->context, at, piece, size);
        if (result == LAGAN_OK && spool_write(u->file, start + at, piece, size, &e) != 0)
            result = emulate_fail(c->op, &e);
    }
    free(piece);
    return result;
}

/* Makes the part one of the upload, in place of an earlier one of its number. */
static uint32_t note_part(struct upload *u, struct call *c, uint64_t start)
{
    size_t index = c->with.part_put.number - 1;
    uint32_t result = LAGAN_OK;
    pthread_mutex_lock(&u->lock);
    if (index >= u->room) {
        size_t room = index + index / 2 + 16;
        struct part *grown = realloc(u->parts, room * sizeof *grown);
        if (grown) {
            memset(grown + u->room, 0, (room - u->room) * sizeof *grown);
            u->parts = grown;
            u->room = room;
        } else {
            result = LAGAN_INTERNAL;
        }
    }
    if (result == LAGAN_OK)
        u->parts[index] = (struct part){.offset = start, .bytes = c->with.part_put.bytes};
    pthread_mutex_unlock(&u->lock);
    if (result != LAGAN_OK)
        layer_fail(c->op, result, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    return result;
}

static uint32_t put_here(struct upload *u, struct call *c)
{
    uint32_t number = c->with.part_put.number;
    uint64_t start;
    uint32_t result;
    if (number == 0 || c->with.part_put.bytes == 0)
        return layer_fail(c->op, LAGAN_INVALID, LAGAN_OUTCOME_NOT_DONE,
                          "parts are numbered from 1 and not empty");
    if (number > NUMBER_LIMIT)
        return layer_fail(c->op, LAGAN_LIMIT, LAGAN_OUTCOME_NOT_DONE,
                          "an upload has at most %d parts", NUMBER_LIMIT);
    start = take_range(u, c->with.part_put.bytes);
    result = spool_part(u, c, start);
    return result == LAGAN_OK ? note_part(u, c, start) : result;
}

uint32_t emulate_part_put(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    bool here = m->below.multipart == LAGAN_SUPPORT_NONE;
    struct call below = *c;
    struct upload *u = c->object;
    uint32_t result = LAGAN_OK;
    if (c->with.part_put.sha256 && (here || m->below.checksum == LAGAN_SUPPORT_NONE))
        result = emulate_check(c->op, c->with.part_put.bytes, c->with.part_put.content,
                               c->with.part_put.sha256);
    if (result != LAGAN_OK)
        return result;
    if (here)
        return put_here(u, c);
    if (emulate_wraps_uploads(m))
        below.object = u->below;
    return layer_next(self, &below);
}

/* The parts as one content. */
struct joined {
    const struct upload *upload;
    size_t parts;
};

static uint32_t read_joined(void *context, uint64_t offset, void *data, size_t size)
{
    const struct joined *j = context;
    struct error ignored = ERROR_INIT;
    uint8_t *next = data;
    for (size_t i = 0; i < j->parts && size > 0; i++) {
        const struct part *part = &j->upload->parts[i];
        if (offset < part->bytes) {
            uint64_t left = part->bytes - offset;
            size_t piece = size < left ? size : (size_t)left;
            if (spool_read(j->upload->file, part->offset + offset, next, piece, &ignored) != 0)
                return LAGAN_IO;
            next += piece;
            size -= piece;
            offset += piece;
        }
        offset -= part->bytes;
    }
    return size == 0 ? LAGAN_OK : LAGAN_INVALID;
}

/* Whether parts 1 to `parts` are all there and make up the object. */
static bool is_complete(const struct upload *u, uint32_t parts)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < parts; i++) {
        if (i >= u->room || u->parts[i].bytes == 0)
            return false;
        bytes += u->parts[i].bytes;
    }
    return bytes == u->bytes;
}

static uint32_t complete_here(struct layer *self, struct call *c, struct upload *u)
{
    struct joined joined = {.upload = u, .parts = c->with.multipart_complete.parts};
    struct lagan_content content = {.context = &joined, .read = read_joined};
    struct call put = {.verb = CALL_PUT,
                       .op = c->op,
                       .object = self->place->handle,
                       .with.put = {.key = u->key,
                                    .bytes = u->bytes,
                                    .content = &content,
                                    .flags = c->with.multipart_complete.flags}};
    if (!is_complete(u, c->with.multipart_complete.parts))
        return layer_fail(c->op, LAGAN_INVALID, LAGAN_OUTCOME_NOT_DONE,
                          "the parts do not make up the object");
    return emulate_put(self, &put);
}

uint32_t emulate_multipart_complete(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    struct upload *u = c->object;
    uint32_t result;
    if (!emulate_wraps_uploads(m))
        return layer_next(self, c);
    if (m->below.multipart == LAGAN_SUPPORT_NONE) {
        result = complete_here(self, c, u);
    } else {
        struct call below = *c;
        below.object = u->below;
        result = emulate_naming(self, &below, u->key, &below.with.multipart_complete.flags);
    }
    upload_free(u);
    return result;
}

uint32_t emulate_multipart_abort(struct layer *self, struct call *c)
{
    const struct emulate *m = self->state;
    struct upload *u = c->object;
    struct call below = *c;
    if (!emulate_wraps_uploads(m))
        return layer_next(self, c);
    below.object = u->below;
    if (m->below.multipart != LAGAN_SUPPORT_NONE)
        layer_next(self, &below);
    upload_free(u);
    return LAGAN_OK;
}
