/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - opening a source, and walking it. */
#include "driver/source.h"

#include "base/object.h"
#include "driver/source_private.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    uint32_t magic; /* WALK_MAGIC */
    struct source *source;
    void *walk; /* the driver's */
};

enum { WALK_MAGIC = 0x77616c6b };

/* A driver that claims to write back must have all it takes. */
static int check_capabilities(const struct source *s, struct error *e)
{
    const struct lagan_source_ops *ops = s->ops;
    bool complete = ops->entry_stat && ops->entry_create && ops->write_at && ops->write_zero &&
                    ops->entry_commit && ops->entry_abort && ops->node_create &&
                    ops->directory_finish;
    if (!s->capabilities.sorted)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s does not walk its entries in the order of their keys",
                         driver_name(s->driver));
    if (s->capabilities.restore && !complete)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_DRIVER_REFUSED,
                         "driver %s claims that it can restore and lacks functions for it",
                         driver_name(s->driver));
    return 0;
}

static int ask_capabilities(struct source *s, uint64_t flags, struct error *e)
{
    struct call c = {.verb = CALL_SOURCE_CAPABILITIES,
                     .with.source_capabilities = &s->capabilities};
    struct operation o;
    s->capabilities.size = sizeof s->capabilities;
    uint32_t result = source_call(s, &o, &c);
    if (operation_end(&o, result, e, "capabilities") < 0 || check_capabilities(s, e) < 0)
        return -1;
    if ((flags & LAGAN_OPEN_RESTORE) && !s->capabilities.restore)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED, "driver %s cannot restore",
                         driver_name(s->driver));
    return 0;
}

static int open_stack(struct source *s, const struct instance *i, uint64_t flags,
                      struct error *e)
{
    const struct layer_place place = {.driver = driver_name(s->driver),
                                      .kind = LAGAN_KIND_SOURCE,
                                      .ops = &s->driver->ops,
                                      .lock = s->lock,
                                      .open_flags = flags,
                                      .handle = s->handle};
    return layer_stack_open(i, &place, &s->stack, e);
}

struct source *source_open(struct instance *i, uint64_t flags, struct error *e)
{
    const struct driver *d = instance_driver(i);
    struct source *s;
    ASSERT(driver_kind(d) == LAGAN_KIND_SOURCE);
    s = calloc(1, sizeof *s);
    if (!s) {
        error_no_memory(e, "a source");
        return NULL;
    }
    if (instance_open(i, flags, &s->handle, e) < 0) {
        free(s);
        return NULL;
    }
    s->magic = SOURCE_MAGIC;
    s->driver = d;
    s->ops = &d->ops.source;
    pthread_mutex_init(&s->serial, NULL);
    s->lock = driver_lock(d, &s->serial);
    if (open_stack(s, i, flags, e) < 0 || ask_capabilities(s, flags, e) < 0) {
        source_close(s);
        return NULL;
    }
    return s;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    layer_stack_free(s->stack);
    driver_lock_take(s->lock);
    s->ops->common.close(s->handle);
    driver_lock_release(s->lock);
    pthread_mutex_destroy(&s->serial);
    s->magic = 0;
    free(s);
}

const struct lagan_source_capabilities *source_capabilities(const struct source *s)
{
    OBJECT_CHECK(s, SOURCE_MAGIC);
    return &s->capabilities;
}

const struct driver *source_driver(const struct source *s)
{
    OBJECT_CHECK(s, SOURCE_MAGIC);
    return s->driver;
}

uint32_t source_enter(struct source *s, struct operation *o)
{
    return operation_enter(o, s->driver->descriptor.name, s->stack ? NULL : s->lock);
}

uint32_t source_call_entered(struct source *s, struct operation *o, struct call *c)
{
    c->op = &o->op;
    if (!c->object)
        c->object = s->handle;
    return s->stack ? layer_stack_call(s->stack, c) : call_execute(&s->driver->ops, c);
}

uint32_t source_call(struct source *s, struct operation *o, struct call *c)
{
    uint32_t result = source_enter(s, o);
    return result == LAGAN_OK ? operation_leave(o, source_call_entered(s, o, c)) : result;
}

uint32_t source_release(struct source *s, struct call *c)
{
    uint32_t result;
    if (s->stack)
        return layer_stack_call(s->stack, c);
    driver_lock_take(s->lock);
    result = call_execute(&s->driver->ops, c);
    driver_lock_release(s->lock);
    return result;
}

int source_lacks(const struct source *s, const char *verb, struct error *e)
{
    return error_set(e, LAGAN_UNSUPPORTED, ERROR_FAILED, "%s: %s: the driver cannot do this",
                     s->driver->descriptor.name, verb);
}

int source_check(struct source *s, const struct lagan_finding_collector *findings,
                 struct error *e)
{
    struct call c = {.verb = CALL_CHECK, .with.check = findings};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (!s->ops->check)
        return 0;
    return operation_end(&o, source_call(s, &o, &c), e, "check");
}

int source_estimate(struct source *s, uint64_t *bytes, uint64_t *entries, struct error *e)
{
    uint64_t told_bytes = 0;
    uint64_t told_entries = 0;
    struct call c = {.verb = CALL_ESTIMATE, .with.estimate = {&told_bytes, &told_entries}};
    struct operation o;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    if (s->ops->estimate) {
        uint32_t result = source_call(s, &o, &c);
        if (operation_end(&o, result, e, "estimate") < 0)
            return -1;
    }
    *bytes = told_bytes;
    *entries = told_entries;
    return 0;
}

const struct lagan_metadata *source_entry_pieces(const struct lagan_entry *entry, size_t *count)
{
    bool told = entry->size >= sizeof(*entry) && entry->pieces;
    *count = told ? entry->piece_count : 0;
    return told ? entry->pieces : NULL;
}

const struct lagan_metadata *source_find_piece(const struct lagan_metadata *pieces,
                                               size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (pieces[i].kind == LAGAN_METADATA_PROPERTY && strcmp(pieces[i].name, name) == 0)
            return &pieces[i];
    return NULL;
}

struct walk *source_walk_open(struct source *s, source_select_function *select,
                              void *select_context, const void *after, size_t after_size,
                              struct error *e)
{
    struct lagan_walk_request request = {.after = after,
                                         .after_size = after_size,
                                         .select = select,
                                         .select_context = select_context};
    return source_walk_begin(s, &request, e);
}

/* The first thing that the request asks for and the source cannot do, or NULL. */
static const char *walk_lacks(const struct lagan_source_capabilities *can,
                              const struct lagan_walk_request *request)
{
    if ((request->flags & LAGAN_WALK_VERSIONS) && can->versions == LAGAN_VERSIONS_NONE)
        return "versions";
    if ((request->flags & LAGAN_WALK_PIECES) && !can->pieces)
        return "pieces";
    return request->prefix && !can->prefix ? "prefix" : NULL;
}

struct walk *source_walk_begin(struct source *s, const struct lagan_walk_request *asked,
                               struct error *e)
{
    struct lagan_walk_request request = *asked;
    const char *lacking = walk_lacks(&s->capabilities, asked);
    struct operation o;
    struct walk *w;
    OBJECT_CHECK(s, SOURCE_MAGIC);
    request.size = sizeof request;
    if (lacking) {
        source_lacks(s, lacking, e);
        return NULL;
    }
    w = calloc(1, sizeof *w);
    if (!w) {
        error_no_memory(e, "a walk");
        return NULL;
    }
    w->magic = WALK_MAGIC;
    w->source = s;
    struct call c = {.verb = CALL_WALK_OPEN, .with.walk_open = {&request, &w->walk}};
    uint32_t result = source_call(s, &o, &c);
    if (operation_end(&o, result, e, "walk") < 0) {
        free(w);
        return NULL;
    }
    return w;
}

int walk_next(struct walk *w, uint32_t limit, const struct lagan_entry_collector *entries,
              bool *ended, struct error *e)
{
    struct call c = {
        .verb = CALL_WALK_NEXT, .object = w->walk, .with.walk_next = {limit, entries}};
    struct operation o;
    OBJECT_CHECK(w, WALK_MAGIC);
    ASSERT(limit > 0);
    uint32_t result = source_call(w->source, &o, &c);
    if (result == LAGAN_OK || result == LAGAN_END) {
        *ended = result == LAGAN_END;
        return 0;
    }
    return operation_end(&o, result, e, "walk");
}

void walk_close(struct walk *w)
{
    if (!w)
        return;
    OBJECT_CHECK(w, WALK_MAGIC);
    struct call c = {.verb = CALL_WALK_CLOSE, .object = w->walk};
    source_release(w->source, &c);
    w->magic = 0;
    free(w);
}
