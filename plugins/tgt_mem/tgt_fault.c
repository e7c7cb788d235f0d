/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tgt_fault.c - a target in memory whose calls fail on demand: which verb, at which call, with
 * which class, before or after the call took effect, once or from then on.  Its capacity tells
 * the calls of that verb so far, and how many of them failed.  MODULE and THREADS say under
 * which name and thread model it is built.
 */
#include "tgt_mem/tgt_mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Their arguments are to be replaced first. */
#define NAME_OF(name) NAME_AS_TEXT(name)
#define NAME_AS_TEXT(name) #name
#define REGISTER(name, driver) LAGAN_DRIVER(name, driver)

enum verb { ANY, PUT, BEGIN, WRITE, COMMIT, GET, STAT, LIST, REMOVE, FLUSH };

enum { ROW_NAME, ROW_VERB, ROW_AT, ROW_CLASS, ROW_AFTER, ROW_ALWAYS, ROW_CHECKSUM };

static const struct lagan_parameter parameters[] = {
    [ROW_NAME] = {.name = "name",
                  .type = LAGAN_PARAMETER_TEXT,
                  .flags =
                      LAGAN_PARAMETER_REQUIRED | LAGAN_PARAMETER_BARE | LAGAN_PARAMETER_PLACE,
                  .minimum = 1,
                  .maximum = 64,
                  .help = "which store of this process"},
    [ROW_VERB] = {.name = "verb",
                  .type = LAGAN_PARAMETER_CHOICE,
                  .choices = "any|put|begin|write|commit|get|stat|list|remove|flush",
                  .default_value = "any",
                  .help = "which calls fail"},
    [ROW_AT] = {.name = "at",
                .type = LAGAN_PARAMETER_INTEGER,
                .minimum = 0,
                .maximum = 1000000,
                .default_value = "0",
                .help = "the first of them that fails, from 1; 0 = none"},
    [ROW_CLASS] = {.name = "class",
                   .type = LAGAN_PARAMETER_INTEGER,
                   .minimum = 0,
                   .maximum = LAGAN_CLASS_COUNT - 1,
                   .default_value = "0",
                   .help = "number of the class of the error"},
    [ROW_AFTER] = {.name = "after",
                   .type = LAGAN_PARAMETER_BOOL,
                   .default_value = "no",
                   .help = "whether the call takes effect first"},
    [ROW_ALWAYS] = {.name = "always",
                    .type = LAGAN_PARAMETER_BOOL,
                    .default_value = "no",
                    .help = "whether all later ones fail too"},
    [ROW_CHECKSUM] = {.name = "checksum",
                      .type = LAGAN_PARAMETER_BOOL,
                      .default_value = "no",
                      .help = "whether a given checksum is looked at; only that of nothing is"},
    {.name = NULL},
};

struct instance {
    char *name;
    enum verb verb;
    uint64_t at;
    uint32_t error_class;
    bool after, always, checksum;
};

struct handle {
    struct memory_store *store;
    const struct instance *plan;
    atomic_ullong calls, failed;
};

struct stage {
    struct handle *handle;
    uint8_t *data;
    size_t bytes;
    size_t room;
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

static uint32_t instance_new(struct lagan_op *op, void **instance)
{
    *instance = calloc(1, sizeof(struct instance));
    return *instance ? (uint32_t)LAGAN_OK : no_memory(op);
}

static void instance_free(void *instance)
{
    struct instance *i = instance;
    free(i->name);
    free(i);
}

static uint32_t configure(void *instance, struct lagan_op *op, uint32_t row,
                          const struct lagan_value *value)
{
    struct instance *i = instance;
    switch (row) {
    case ROW_NAME:
        i->name = strdup(value->text);
        return i->name ? (uint32_t)LAGAN_OK : no_memory(op);
    case ROW_VERB:
        i->verb = (enum verb)value->number;
        return LAGAN_OK;
    case ROW_AT:
        i->at = (uint64_t)value->number;
        return LAGAN_OK;
    case ROW_CLASS:
        i->error_class = (uint32_t)value->number;
        return LAGAN_OK;
    case ROW_AFTER:
        i->after = value->number != 0;
        return LAGAN_OK;
    case ROW_ALWAYS:
        i->always = value->number != 0;
        return LAGAN_OK;
    default:
        i->checksum = value->number != 0;
        return LAGAN_OK;
    }
}

static uint32_t open_handle(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance *i = instance;
    struct handle *h = calloc(1, sizeof *h);
    bool fresh;
    if (!h)
        return no_memory(op);
    h->plan = i;
    h->store = memory_store_named(i->name, (flags & LAGAN_OPEN_INITIALISE) != 0, &fresh);
    if (!h->store) {
        free(h);
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no store \"%s\"", i->name);
    }
    *handle = h;
    return LAGAN_OK;
}

static void close_handle(void *handle)
{
    free(handle);
}

static uint32_t capabilities(void *handle, struct lagan_op *op,
                             struct lagan_target_capabilities *told)
{
    const struct handle *h = handle;
    (void)op;
    told->checksum = h->plan->checksum ? LAGAN_SUPPORT_NATIVE : LAGAN_SUPPORT_NONE;
    told->put_if_absent = LAGAN_SUPPORT_NATIVE;
    told->staged_put = LAGAN_SUPPORT_NATIVE;
    told->read_after_write = LAGAN_SUPPORT_NATIVE;
    told->list_consistent = LAGAN_SUPPORT_NATIVE;
    told->list_sorted = LAGAN_SUPPORT_NATIVE;
    told->ranged_get = LAGAN_SUPPORT_NATIVE;
    told->remove = LAGAN_SUPPORT_NATIVE;
    return LAGAN_OK;
}

/* Counts a call: true when it fails. */
static bool fails(struct handle *h, enum verb verb)
{
    const struct instance *plan = h->plan;
    uint64_t number;
    if (plan->verb != ANY && plan->verb != verb)
        return false;
    number = atomic_fetch_add(&h->calls, 1) + 1;
    if (plan->at == 0 || number < plan->at || (number > plan->at && !plan->always))
        return false;
    atomic_fetch_add(&h->failed, 1);
    return true;
}

/* The answer of a call that is to fail, once what it does has given `result`. */
static uint32_t answer(struct handle *h, struct lagan_op *op, bool fail, uint32_t result)
{
    if (!fail || result != LAGAN_OK)
        return result;
    lagan_fail(op, h->plan->error_class, 0, "as it was told to");
    op->error.outcome = h->plan->after ? LAGAN_OUTCOME_UNKNOWN : LAGAN_OUTCOME_NOT_DONE;
    return h->plan->error_class;
}

static uint32_t add(struct handle *h, struct lagan_op *op, const char *key, uint8_t *data,
                    uint64_t bytes)
{
    uint32_t result = memory_store_add(h->store, key, data, bytes, false);
    if (result == LAGAN_OK)
        return LAGAN_OK;
    free(data);
    return lagan_fail(op, result, 0, "%s",
                      result == LAGAN_EXISTS ? "the name is taken" : "out of memory");
}

static uint32_t note_bytes(void *context, const uint8_t *data, uint64_t bytes)
{
    (void)data;
    *(uint64_t *)context = bytes;
    return LAGAN_OK;
}

/* Nothing, under a checksum that is not that of nothing. */
static bool contradicts(struct handle *h, const char *key, uint64_t bytes,
                        const uint8_t *sha256)
{
    uint64_t there;
    return h->plan->checksum && sha256 && bytes == 0 && sha256[0] != 0xe3 &&
           memory_store_see(h->store, key, note_bytes, &there) == LAGAN_NOT_FOUND;
}

static uint32_t put(void *handle, struct lagan_op *op, const char *key, uint64_t bytes,
                    const struct lagan_content *content, uint64_t flags, const uint8_t *sha256)
{
    struct handle *h = handle;
    bool fail = fails(h, PUT);
    uint8_t *data;
    uint32_t result = LAGAN_OK;
    (void)flags;
    if (fail && !h->plan->after)
        return answer(h, op, fail, LAGAN_OK);
    if (contradicts(h, key, bytes, sha256))
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the bytes do not have the given checksum");
    data = malloc((size_t)bytes + 1);
    if (!data)
        return no_memory(op);
    if (bytes > 0)
        result = content->read(content->context, 0, data, (size_t)bytes);
    if (result == LAGAN_OK)
        result = add(h, op, key, data, bytes);
    else
        free(data);
    return answer(h, op, fail, result);
}

static uint32_t stage_begin(void *handle, struct lagan_op *op, uint64_t bytes_hint,
                            void **stage)
{
    struct handle *h = handle;
    struct stage *s;
    (void)bytes_hint;
    if (fails(h, BEGIN))
        return answer(h, op, true, LAGAN_OK);
    s = calloc(1, sizeof *s);
    if (!s)
        return no_memory(op);
    s->handle = h;
    *stage = s;
    return LAGAN_OK;
}

static uint32_t stage_write(void *stage, struct lagan_op *op, const void *data, size_t size)
{
    struct stage *s = stage;
    if (fails(s->handle, WRITE))
        return answer(s->handle, op, true, LAGAN_OK);
    if (s->room - s->bytes < size) {
        size_t room = (s->bytes + size) * 2;
        uint8_t *grown = realloc(s->data, room);
        if (!grown)
            return no_memory(op);
        s->data = grown;
        s->room = room;
    }
    memcpy(s->data + s->bytes, data, size);
    s->bytes += size;
    return LAGAN_OK;
}

static uint32_t stage_commit(void *stage, struct lagan_op *op, const char *key, uint64_t flags)
{
    struct stage *s = stage;
    struct handle *h = s->handle;
    bool fail = fails(h, COMMIT);
    uint32_t result = LAGAN_OK;
    (void)flags;
    if (fail && !h->plan->after)
        free(s->data);
    else
        result = add(h, op, key, s->data, s->bytes);
    free(s);
    return answer(h, op, fail, result);
}

static void stage_abort(void *stage)
{
    struct stage *s = stage;
    free(s->data);
    free(s);
}

static uint32_t missing(struct lagan_op *op, uint32_t result)
{
    return result == LAGAN_NOT_FOUND
               ? lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such object")
               : result;
}

static uint32_t get(void *handle, struct lagan_op *op, const char *key, uint64_t offset,
                    uint64_t length, const struct lagan_sink *sink)
{
    struct handle *h = handle;
    struct memory_delivery d = {.op = op, .sink = sink, .offset = offset, .length = length};
    bool fail = fails(h, GET);
    uint32_t result = LAGAN_OK;
    if (!fail || h->plan->after)
        result = missing(op, memory_store_see(h->store, key, memory_deliver, &d));
    return answer(h, op, fail, result);
}

static uint32_t stat_object(void *handle, struct lagan_op *op, const char *key,
                            struct lagan_object *object)
{
    struct handle *h = handle;
    if (fails(h, STAT))
        return answer(h, op, true, LAGAN_OK);
    return missing(op, memory_store_see(h->store, key, note_bytes, &object->bytes));
}

static uint32_t list(void *handle, struct lagan_op *op, const char *prefix,
                     const char *start_after, uint32_t limit,
                     const struct lagan_object_collector *objects, int *more)
{
    struct handle *h = handle;
    bool fail = fails(h, LIST);
    uint32_t result = LAGAN_OK;
    if (!fail || h->plan->after)
        result = memory_store_list(h->store, prefix, start_after, limit, objects, more);
    return answer(h, op, fail, result);
}

static uint32_t remove_object(void *handle, struct lagan_op *op, const char *key)
{
    struct handle *h = handle;
    bool fail = fails(h, REMOVE);
    if (!fail || h->plan->after)
        memory_store_remove(h->store, key);
    return answer(h, op, fail, LAGAN_OK);
}

static uint32_t flush(void *handle, struct lagan_op *op)
{
    struct handle *h = handle;
    return answer(h, op, fails(h, FLUSH), LAGAN_OK);
}

static uint32_t capacity(void *handle, struct lagan_op *op, uint64_t *total,
                         uint64_t *available)
{
    struct handle *h = handle;
    (void)op;
    *total = atomic_load(&h->calls);
    *available = atomic_load(&h->failed);
    return LAGAN_OK;
}

static const struct lagan_target_ops ops = {
    .common = {.instance_new = instance_new,
               .instance_free = instance_free,
               .configure = configure,
               .open = open_handle,
               .close = close_handle},
    .capabilities = capabilities,
    .put = put,
    .stage_begin = stage_begin,
    .stage_write = stage_write,
    .stage_commit = stage_commit,
    .stage_abort = stage_abort,
    .get = get,
    .stat = stat_object,
    .list = list,
    .remove = remove_object,
    .flush = flush,
    .capacity = capacity,
};

static const struct lagan_driver descriptor = {
    LAGAN_DRIVER_HEAD,
    .kind = LAGAN_KIND_TARGET,
    .threads = THREADS,
    .name = NAME_OF(MODULE),
    .version = "1.0",
    .licence = "Apache-2.0",
    .summary = "fails on demand",
    .parameters = parameters,
    .ops_bytes = sizeof ops,
    .ops = &ops,
};

REGISTER(MODULE, &descriptor)
