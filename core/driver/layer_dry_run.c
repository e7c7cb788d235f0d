/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_dry_run.c - lets nothing change anything, and says what would have been changed.
 *
 * What is put goes nowhere: objects that are there are met as EXISTS, but one that was only put
 * here is not found afterwards, in a listing neither.
 */
#include "base/log.h"
#include "base/text.h"
#include "driver/layer_reply.h"

#include <stdatomic.h>
#include <stdlib.h>

struct dry_run {
    const char *driver;
    atomic_ullong written, bytes; /* objects, or entries of a source */
    atomic_ullong removed;
};

/* A stage, an upload or a writer that goes nowhere. */
struct swallowed {
    char key[LAGAN_KEY_LIMIT + 1];
    uint64_t bytes;
};

static uint32_t note_written(struct dry_run *d, const char *key, uint64_t bytes)
{
    atomic_fetch_add(&d->written, 1);
    atomic_fetch_add(&d->bytes, bytes);
    log_write(LOG_INFO, d->driver, "dry run: would write %s (%llu bytes)", key,
              (unsigned long long)bytes);
    return LAGAN_OK;
}

/* Looks for the object: OK, NOT_FOUND, or why that cannot be told. */
static uint32_t look(struct layer *self, struct call *c, const char *key, uint64_t *bytes)
{
    struct lagan_object object = {.size = sizeof object};
    struct call stat = {.verb = CALL_STAT,
                        .op = c->op,
                        .object = self->place->handle,
                        .with.stat = {.key = key, .object = &object}};
    uint32_t result = layer_next(self, &stat);
    if (result == LAGAN_OK)
        *bytes = object.bytes;
    return result;
}

/* As a put of this name would end. */
static uint32_t put(struct layer *self, struct call *c, const char *key, uint64_t bytes,
                    uint64_t flags)
{
    uint64_t there;
    uint32_t result = look(self, c, key, &there);
    if (result == LAGAN_OK && (flags & LAGAN_PUT_IF_ABSENT))
        return layer_fail(c->op, LAGAN_EXISTS, LAGAN_OUTCOME_NOT_DONE, "the name is taken");
    if (result != LAGAN_OK && result != LAGAN_NOT_FOUND)
        return result;
    return note_written(self->state, key, bytes);
}

static uint32_t swallow_begin(struct call *c)
{
    struct swallowed *s = calloc(1, sizeof *s);
    if (!s)
        return layer_fail(c->op, LAGAN_INTERNAL, LAGAN_OUTCOME_NOT_DONE, "out of memory");
    if (c->verb == CALL_MULTIPART_BEGIN) {
        for (size_t i = 0; i < LAGAN_KEY_LIMIT && c->with.multipart_begin.key[i]; i++)
            s->key[i] = c->with.multipart_begin.key[i];
        s->bytes = c->with.multipart_begin.bytes;
    }
    *call_made(c) = s;
    return LAGAN_OK;
}

static uint32_t swallow_end(struct layer *self, struct call *c, const char *key, uint64_t flags)
{
    struct swallowed *s = c->object;
    uint32_t result = put(self, c, key, s->bytes, flags);
    free(s);
    return result;
}

static uint32_t copy(struct layer *self, struct call *c)
{
    uint64_t bytes = 0;
    uint32_t result = look(self, c, c->with.copy.from, &bytes);
    if (result != LAGAN_OK)
        return result;
    return put(self, c, c->with.copy.to, bytes, c->with.copy.flags);
}

static uint32_t remove_object(struct layer *self, struct call *c)
{
    struct dry_run *d = self->state;
    atomic_fetch_add(&d->removed, 1);
    log_write(LOG_INFO, d->driver, "dry run: would remove %s", c->with.remove.key);
    return LAGAN_OK;
}

static uint32_t target_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_PUT:
        return put(self, c, c->with.put.key, c->with.put.bytes, c->with.put.flags);
    case CALL_STAGE_BEGIN:
    case CALL_MULTIPART_BEGIN:
        return swallow_begin(c);
    case CALL_STAGE_WRITE:
        ((struct swallowed *)c->object)->bytes += c->with.stage_write.size;
        return LAGAN_OK;
    case CALL_STAGE_COMMIT:
        return swallow_end(self, c, c->with.stage_commit.key, c->with.stage_commit.flags);
    case CALL_MULTIPART_COMPLETE:
        return swallow_end(self, c, ((struct swallowed *)c->object)->key,
                           c->with.multipart_complete.flags);
    case CALL_STAGE_ABORT:
    case CALL_MULTIPART_ABORT:
        free(c->object);
        return LAGAN_OK;
    case CALL_COPY:
    case CALL_RENAME:
        return copy(self, c);
    case CALL_REMOVE:
        return remove_object(self, c);
    case CALL_SWEEP:
        *c->with.sweep.removed = 0;
        return LAGAN_OK;
    case CALL_PART_PUT:
    case CALL_FLUSH:
        return LAGAN_OK;
    default:
        return layer_next(self, c);
    }
}

/* Keys of sources are any bytes: they are counted, not shown. */
static uint32_t source_call(struct layer *self, struct call *c)
{
    struct dry_run *d = self->state;
    switch (c->verb) {
    case CALL_ENTRY_CREATE:
        return swallow_begin(c);
    case CALL_WRITE_AT:
        ((struct swallowed *)c->object)->bytes += c->with.write_at.size;
        return LAGAN_OK;
    case CALL_WRITE_ZERO:
    case CALL_DIRECTORY_FINISH:
        return LAGAN_OK;
    case CALL_ENTRY_COMMIT:
        atomic_fetch_add(&d->written, 1);
        atomic_fetch_add(&d->bytes, ((struct swallowed *)c->object)->bytes);
        free(c->object);
        return LAGAN_OK;
    case CALL_ENTRY_ABORT:
        free(c->object);
        return LAGAN_OK;
    case CALL_NODE_CREATE:
    case CALL_LINK_CREATE:
        atomic_fetch_add(&d->written, 1);
        return LAGAN_OK;
    default:
        return layer_next(self, c);
    }
}

static uint32_t dry_run_call(struct layer *self, struct call *c)
{
    return self->place->kind == LAGAN_KIND_TARGET ? target_call(self, c) : source_call(self, c);
}

static bool dry_run_wanted(const struct layer_settings *settings,
                           const struct layer_place *place)
{
    return settings->dry_run && place->kind != LAGAN_KIND_KEY;
}

static int dry_run_make(const struct layer_settings *settings, const struct layer_place *place,
                        void **state, struct error *e)
{
    struct dry_run *d = calloc(1, sizeof *d);
    (void)settings;
    if (!d)
        return error_no_memory(e, "a dry run");
    d->driver = place->driver;
    *state = d;
    return 0;
}

static void dry_run_free(void *state)
{
    struct dry_run *d = state;
    char size[TEXT_SIZE_SIZE];
    text_format_size(atomic_load(&d->bytes), size);
    if (atomic_load(&d->written) + atomic_load(&d->removed) > 0)
        log_write(LOG_WARNING, d->driver,
                  "dry run: nothing was changed; %llu would have been written (%s) and %llu "
                  "removed",
                  (unsigned long long)atomic_load(&d->written), size,
                  (unsigned long long)atomic_load(&d->removed));
    free(d);
}

const struct layer_kind layer_dry_run = {
    .name = "dry-run",
    .wanted = dry_run_wanted,
    .make = dry_run_make,
    .free = dry_run_free,
    .call = dry_run_call,
};
