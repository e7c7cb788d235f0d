/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_dry_run.c - lets nothing change anything, and says what would have been changed.
 *
 * What is put goes nowhere.  So that a job comes to its end all the same, an object that was
 * put here is there for whoever only asks whether it is; to whoever reads it the answer is the
 * honest one, that there is none, and listings show what the store holds.  A flush fails:
 * nobody is to note down anywhere that something was stored.
 */
#include "base/log.h"
#include "base/text.h"
#include "driver/layer_reply.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A stage, an upload, a writer or an object that goes nowhere. */
struct swallowed {
    char key[LAGAN_KEY_LIMIT + 1];
    uint64_t bytes;
};

struct dry_run {
    const char *driver;
    pthread_mutex_t lock;    /* of the list */
    struct swallowed **kept; /* objects that would be there, by key */
    size_t count, room;
    atomic_ullong written, bytes; /* objects, or entries of a source */
    atomic_ullong removed;
};

/* The index of the first kept key that does not sort before `key`. */
static size_t find(const struct dry_run *d, const char *key)
{
    size_t low = 0;
    size_t high = d->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(d->kept[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the object would be there. */
static bool is_kept(struct dry_run *d, const char *key, uint64_t *bytes)
{
    size_t index;
    bool there;
    pthread_mutex_lock(&d->lock);
    index = find(d, key);
    there = index < d->count && strcmp(d->kept[index]->key, key) == 0;
    if (there)
        *bytes = d->kept[index]->bytes;
    pthread_mutex_unlock(&d->lock);
    return there;
}

static bool grow(struct dry_run *d)
{
    size_t room = d->room ? d->room * 2 : 64;
    struct swallowed **kept;
    if (d->count < d->room)
        return true;
    kept = realloc(d->kept, room * sizeof *kept);
    if (!kept)
        return false;
    d->kept = kept;
    d->room = room;
    return true;
}

/* Without memory the object is not found later: a dry run need not be perfect. */
static void keep(struct dry_run *d, const char *key, uint64_t bytes)
{
    struct swallowed *s = calloc(1, sizeof *s);
    if (!s)
        return;
    strncpy(s->key, key, LAGAN_KEY_LIMIT);
    s->bytes = bytes;
    pthread_mutex_lock(&d->lock);
    if (grow(d)) {
        size_t index = find(d, key);
        memmove(d->kept + index + 1, d->kept + index, (d->count - index) * sizeof *d->kept);
        d->kept[index] = s;
        d->count++;
        s = NULL;
    }
    pthread_mutex_unlock(&d->lock);
    free(s);
}

static void forget(struct dry_run *d, const char *key)
{
    size_t index;
    pthread_mutex_lock(&d->lock);
    index = find(d, key);
    if (index < d->count && strcmp(d->kept[index]->key, key) == 0) {
        free(d->kept[index]);
        d->count--;
        memmove(d->kept + index, d->kept + index + 1, (d->count - index) * sizeof *d->kept);
    }
    pthread_mutex_unlock(&d->lock);
}

static uint32_t note_written(struct dry_run *d, const char *key, uint64_t bytes)
{
    atomic_fetch_add(&d->written, 1);
    atomic_fetch_add(&d->bytes, bytes);
    keep(d, key, bytes);
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
    uint32_t result;
    if (is_kept(self->state, key, bytes))
        return LAGAN_OK;
    result = layer_next(self, &stat);
    if (result == LAGAN_OK)
        *bytes = object.bytes;
    return result;
}

static uint32_t stat_object(struct layer *self, struct call *c)
{
    if (is_kept(self->state, c->with.stat.key, &c->with.stat.object->bytes))
        return LAGAN_OK;
    return layer_next(self, c);
}

static uint32_t get(struct layer *self, struct call *c)
{
    uint64_t bytes;
    if (is_kept(self->state, c->with.get.key, &bytes))
        return layer_fail(c->op, LAGAN_NOT_FOUND, LAGAN_OUTCOME_NOT_DONE,
                          "there is no such object: the dry run has stored nothing");
    return layer_next(self, c);
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
        strncpy(s->key, c->with.multipart_begin.key, LAGAN_KEY_LIMIT);
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
    forget(d, c->with.remove.key);
    log_write(LOG_INFO, d->driver, "dry run: would remove %s", c->with.remove.key);
    return LAGAN_OK;
}

static uint32_t flush(struct layer *self, struct call *c)
{
    struct dry_run *d = self->state;
    char size[TEXT_SIZE_SIZE];
    text_format_size(atomic_load(&d->bytes), size);
    return layer_fail(
        c->op, LAGAN_PRECONDITION, LAGAN_OUTCOME_NOT_DONE,
        "this was a dry run, which ends here: so far %llu objects (%s) would have "
        "been written and %llu removed",
        (unsigned long long)atomic_load(&d->written), size,
        (unsigned long long)atomic_load(&d->removed));
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
    case CALL_GET:
        return get(self, c);
    case CALL_STAT:
        return stat_object(self, c);
    case CALL_SWEEP:
        *c->with.sweep.removed = 0;
        return LAGAN_OK;
    case CALL_FLUSH:
        return flush(self, c);
    case CALL_PART_PUT:
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
    case CALL_ENTRY_COPY:
    case CALL_ENTRY_REMOVE:
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
    pthread_mutex_init(&d->lock, NULL);
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
    for (size_t i = 0; i < d->count; i++)
        free(d->kept[i]);
    free(d->kept);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

const struct layer_kind layer_dry_run = {
    .name = "dry-run",
    .wanted = dry_run_wanted,
    .make = dry_run_make,
    .free = dry_run_free,
    .call = dry_run_call,
};
