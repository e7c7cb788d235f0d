/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_common.c - isolated drivers: what they are, their instances and handles, and keys. */
#include "driver/isolate_private.h"
#include "driver/slots.h"

#include "base/log.h"
#include "base/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIBE_NS (INT64_C(20) * 1000000000)
#define SETUP_NS (INT64_C(60) * 1000000000)
#define FINISH_NS (INT64_C(10) * 1000000000)

/* An instance. */
struct instance_proxy {
    uint32_t magic; /* PROXY_MAGIC */
    const struct driver *driver;
    struct isolate_process *process;
};
enum { PROXY_MAGIC = 0x69737078 };

void isolate_facts_free(struct isolate_facts *facts)
{
    if (!facts)
        return;
    buffer_free(&facts->texts);
    free(facts->parameters);
    free(facts->directory);
    free(facts);
}

/* The table of a kind with the slots that the driver has: bit by bit in the order of the table
 * of slots, the common ones first. */
static void keep_slots(union driver_ops *ops, uint32_t kind, uint64_t present)
{
    static void (*const nothing)(void) = NULL;
    size_t counts[2], bit = 0;
    const struct slot *tables[2] = {slots_common(&counts[0]), slots_of_kind(kind, &counts[1])};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < counts[t]; i++, bit++)
            if (bit >= 64 || !(present >> bit & 1))
                memcpy((uint8_t *)ops + tables[t][i].offset, &nothing, sizeof nothing);
}

static void proxy_table(union driver_ops *ops, uint32_t kind, uint64_t present)
{
    *ops = (union driver_ops){0};
    if (kind == LAGAN_KIND_TARGET)
        ops->target = isolate_target_ops;
    else if (kind == LAGAN_KIND_SOURCE)
        ops->source = isolate_source_ops;
    else
        ops->key = isolate_key_ops;
    ops->common = isolate_common_ops;
    keep_slots(ops, kind, present);
    /* Done by the helper: load before instance_new, start before open, stop before
     * instance_free. */
    ops->common.load = NULL;
    ops->common.start = NULL;
    ops->common.stop = NULL;
}

static bool take_parameter(struct reader *r, struct lagan_parameter *row)
{
    if (!wire_get_some_text(r, &row->name) || !wire_get_text(r, &row->default_value) ||
        !wire_get_text(r, &row->choices) || !wire_get_some_text(r, &row->help))
        return false;
    row->type = reader_u32(r);
    row->flags = reader_u32(r);
    row->minimum = (int64_t)reader_u64(r);
    row->maximum = (int64_t)reader_u64(r);
    return !r->failed;
}

/* From the answer to DESCRIBE to a descriptor as a module would hand it out. */
static bool take_description(struct reader *r, struct isolate_facts *facts,
                             struct lagan_driver *told, uint64_t *present)
{
    *told = (struct lagan_driver){LAGAN_DRIVER_HEAD};
    if (!wire_get_some_text(r, &told->name) || !wire_get_some_text(r, &told->version) ||
        !wire_get_some_text(r, &told->licence) || !wire_get_some_text(r, &told->summary) ||
        !wire_get_text(r, &told->home))
        return false;
    told->abi_minor = reader_u16(r);
    told->kind = reader_u32(r);
    told->threads = reader_u32(r);
    told->max_parallel = reader_u32(r);
    told->required_features = reader_u64(r);
    told->traits = reader_u64(r);
    *present = reader_u64(r);
    size_t count = reader_u32(r);
    if (r->failed || count > DRIVER_PARAMETER_LIMIT)
        return false;
    facts->parameters = calloc(count + 1, sizeof *facts->parameters);
    for (size_t i = 0; facts->parameters && i < count; i++)
        if (!take_parameter(r, &facts->parameters[i]))
            return false;
    told->parameters = facts->parameters;
    return facts->parameters && reader_done(r);
}

/* A refusal comes as the helper's struct error. */
static int take_refusal(const struct isolate_call *c, const char *path, struct error *e)
{
    struct error told;
    if (c->answer.left != sizeof told)
        return error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                         "driver %s is refused: its description is broken", path);
    memcpy(&told, c->answer.next, sizeof told);
    told.text[sizeof told.text - 1] = '\0';
    if (told.code >= ERROR_CODE_COUNT || told.error_class >= LAGAN_CLASS_COUNT ||
        told.error_class == LAGAN_OK)
        return error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                         "driver %s is refused: its description is broken", path);
    return error_set(e, told.error_class, (enum error_code)told.code, "%s", told.text);
}

/* The helper loads the module and tells what it is; `*c` has the answer. */
static uint32_t ask_description(struct isolate_call *c, struct isolate_process *p,
                                struct lagan_op *op, const char *directory, const char *name)
{
    c->limit_ns = DESCRIBE_NS;
    c->own_records = true;
    c->keep = true;
    uint32_t result = isolate_call_begin(c, p, op, WIRE_DESCRIBE);
    if (result != LAGAN_OK)
        return result;
    c->head.numbers[0] = (int64_t)log_level();
    wire_put_text(&c->channel->out, directory);
    wire_put_text(&c->channel->out, name);
    return isolate_call_make(c);
}

/* Takes over what a helper told; `texts` keep the memory that the descriptor points into. */
static int adopt(struct driver *d, const char *name, struct isolate_call *c, struct error *e)
{
    struct isolate_facts *facts = d->isolated;
    struct lagan_driver told;
    union driver_ops ops;
    uint64_t present;
    facts->texts = c->channel->in;
    c->channel->in = BUFFER_INIT;
    if (!take_description(&c->answer, facts, &told, &present))
        return error_set(e, LAGAN_INTERNAL, ERROR_DRIVER_REFUSED,
                         "driver %s is refused: its description is broken", d->path);
    proxy_table(&ops, told.kind, present);
    told.ops = &ops;
    told.ops_bytes = (uint32_t)slots_table_bytes(told.kind);
    if (told.ops_bytes == 0)
        told.ops_bytes = sizeof ops.common;
    return descriptor_adopt(d, name, &told, e);
}

int isolate_describe(struct driver *d, const char *directory, const char *name, struct error *e)
{
    struct lagan_op op = {.size = sizeof op, .cancel_fd = -1};
    struct isolate_call c = {0};
    int result = -1;
    d->isolated = calloc(1, sizeof *d->isolated);
    if (!d->isolated || !(d->isolated->directory = strdup(directory)))
        return error_no_memory(e, "an isolated driver");
    struct isolate_process *p = isolate_process_start(name, e);
    if (!p)
        return -1;
    uint32_t said = ask_description(&c, p, &op, directory, name);
    if (said == LAGAN_OK)
        result = adopt(d, name, &c, e);
    else if (op.error.error_class == said)
        error_set(e, said, ERROR_DRIVER_REFUSED, "driver %s is refused: %s", d->path,
                  op.error.text);
    else
        take_refusal(&c, d->path, e);
    isolate_channel_give(p, c.channel, false);
    isolate_process_end(p);
    return result;
}

/* Instances */

uint32_t isolate_instance_new(const struct driver *d, struct lagan_op *op, void **instance)
{
    struct error e = ERROR_INIT;
    struct isolate_call c = {.limit_ns = SETUP_NS};
    struct instance_proxy *proxy = calloc(1, sizeof *proxy);
    if (!proxy)
        return isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    proxy->magic = PROXY_MAGIC;
    proxy->driver = d;
    proxy->process = isolate_process_start(d->descriptor.name, &e);
    uint32_t result = proxy->process
                          ? ask_description(&c, proxy->process, op, d->isolated->directory,
                                            d->descriptor.name)
                          : isolate_fail(op, e.error_class, e.text);
    if (proxy->process)
        isolate_channel_give(proxy->process, c.channel, false);
    c = (struct isolate_call){.limit_ns = SETUP_NS};
    if (result == LAGAN_OK)
        result = isolate_call_begin(&c, proxy->process, op, WIRE_INSTANCE_NEW);
    if (result == LAGAN_OK)
        result = isolate_call_run(&c);
    if (result != LAGAN_OK) {
        isolate_process_end(proxy->process);
        free(proxy);
        return result;
    }
    *instance = proxy;
    return LAGAN_OK;
}

/* Never called: see isolate_instance_new. */
static uint32_t proxy_instance_new(struct lagan_op *op, void **instance)
{
    (void)instance;
    return isolate_fail(op, LAGAN_INTERNAL, "an isolated driver without its name");
}

static void proxy_instance_free(void *instance)
{
    struct instance_proxy *proxy = instance;
    struct isolate_call c = {.limit_ns = FINISH_NS};
    OBJECT_CHECK(proxy, PROXY_MAGIC);
    if (isolate_call_begin(&c, proxy->process, NULL, WIRE_FINISH) == LAGAN_OK)
        isolate_call_run(&c);
    isolate_process_end(proxy->process);
    proxy->magic = 0;
    free(proxy);
}

static uint32_t proxy_configure(void *instance, struct lagan_op *op, uint32_t row,
                                const struct lagan_value *value)
{
    struct instance_proxy *proxy = instance;
    struct isolate_call c = {.limit_ns = SETUP_NS,
                             .secret = value->type == LAGAN_PARAMETER_SECRET};
    OBJECT_CHECK(proxy, PROXY_MAGIC);
    uint32_t result = isolate_call_begin(&c, proxy->process, op, WIRE_CONFIGURE);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[0] = row;
    c.head.numbers[1] = value->number;
    c.head.numbers[2] = value->type;
    buffer_reserve(&c.channel->out, value->size + 32); /* a secret is in one place alone */
    buffer_append_u8(&c.channel->out, value->text != NULL);
    if (value->text)
        wire_put_bytes(&c.channel->out, value->text, value->size);
    return isolate_call_run(&c);
}

static uint32_t proxy_configured(void *instance, struct lagan_op *op)
{
    struct instance_proxy *proxy = instance;
    struct isolate_call c = {.limit_ns = SETUP_NS};
    OBJECT_CHECK(proxy, PROXY_MAGIC);
    uint32_t result = isolate_call_begin(&c, proxy->process, op, WIRE_CONFIGURED);
    return result == LAGAN_OK ? isolate_call_run(&c) : result;
}

/* Locks the helper up, before the driver's `start` and its first `open`. */
static uint32_t seal(struct instance_proxy *proxy, struct lagan_op *op, uint64_t flags)
{
    bool writable = (flags & LAGAN_OPEN_READ_ONLY) == 0;
    int done = isolate_process_seal(proxy->process);
    struct isolate_call c = {.limit_ns = SETUP_NS};
    if (done != 0 && (done == 2 || !writable))
        return LAGAN_OK;
    if (done != 0)
        return isolate_fail(op, LAGAN_UNSUPPORTED,
                            "an isolated instance that was opened for reading cannot be "
                            "opened for writing");
    uint32_t result = isolate_call_begin(&c, proxy->process, op, WIRE_SEAL);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[0] = (int64_t)flags;
    result = isolate_call_run(&c);
    if (result == LAGAN_OK)
        isolate_process_sealed(proxy->process, writable);
    c = (struct isolate_call){0};
    if (result == LAGAN_OK)
        result = isolate_call_begin(&c, proxy->process, op, WIRE_START);
    return result == LAGAN_OK ? isolate_call_run(&c) : result;
}

static uint32_t proxy_open(void *instance, struct lagan_op *op, uint64_t flags, void **handle)
{
    struct instance_proxy *proxy = instance;
    struct isolate_call c = {0};
    OBJECT_CHECK(proxy, PROXY_MAGIC);
    struct isolate_handle *h = calloc(1, sizeof *h);
    if (!h)
        return isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    uint32_t result = seal(proxy, op, flags);
    if (result == LAGAN_OK)
        result = isolate_call_begin(&c, proxy->process, op, WIRE_OPEN);
    if (result == LAGAN_OK) {
        c.head.numbers[0] = (int64_t)flags;
        result = isolate_call_run(&c);
    }
    if (result != LAGAN_OK) {
        free(h);
        return result;
    }
    h->process = proxy->process;
    h->driver = proxy->driver;
    h->token = c.head.numbers[0];
    pthread_mutex_init(&h->lock, NULL);
    *handle = h;
    return LAGAN_OK;
}

void isolate_release(struct isolate_process *p, uint32_t verb, int64_t token)
{
    struct isolate_call c = {0};
    if (isolate_call_begin(&c, p, NULL, verb) != LAGAN_OK)
        return;
    c.head.numbers[0] = token;
    isolate_call_run(&c);
}

uint32_t isolate_capabilities(struct isolate_handle *h, struct lagan_op *op, void *told,
                              size_t size, void *capabilities, uint32_t room)
{
    struct isolate_call c = {.own_records = true};
    uint32_t result = isolate_call_begin(&c, h->process, op, WIRE_CAPABILITIES);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[0] = h->token;
    result = isolate_call_make(&c);
    if (result == LAGAN_OK && c.answer.left != size)
        result = isolate_call_broken(&c, "capabilities of no form");
    if (result == LAGAN_OK) {
        memcpy(told, c.answer.next, size);
        memcpy(told, &room, sizeof room); /* their first member is the size */
        memcpy(capabilities, told, room < size ? room : size);
    }
    isolate_call_end(&c);
    return result;
}

static void proxy_close(void *handle)
{
    struct isolate_handle *h = handle;
    isolate_read_ahead_drop(h);
    isolate_release(h->process, WIRE_CLOSE, h->token);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

const struct lagan_common_ops isolate_common_ops = {
    .instance_new = proxy_instance_new,
    .instance_free = proxy_instance_free,
    .configure = proxy_configure,
    .configured = proxy_configured,
    .open = proxy_open,
    .close = proxy_close,
};

pid_t isolate_instance_process(void *instance)
{
    struct instance_proxy *proxy = instance;
    OBJECT_CHECK(proxy, PROXY_MAGIC);
    return isolate_process_pid(proxy->process);
}

/* Key providers */

/* wrap and unwrap: from `in` to `out`, with room for `room` bytes. */
static uint32_t convert(void *handle, struct lagan_op *op, uint32_t verb, const void *context,
                        size_t context_size, const void *in, size_t in_size, void *out,
                        size_t room, size_t *out_size)
{
    struct isolate_handle *h = handle;
    struct isolate_call c = {.secret = true};
    uint32_t result = isolate_call_begin(&c, h->process, op, verb);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[0] = h->token;
    c.head.numbers[1] = (int64_t)(room < WIRE_DATA_BYTES ? room : WIRE_DATA_BYTES);
    buffer_reserve(&c.channel->out, context_size + in_size + 64);
    wire_put_bytes(&c.channel->out, context, context_size);
    wire_put_bytes(&c.channel->out, in, in_size);
    result = isolate_call_make(&c);
    uint64_t size = c.head.data_bytes;
    if (result == LAGAN_OK && size > room)
        result = isolate_call_broken(&c, "more bytes than there is room for");
    if (result == LAGAN_OK) {
        memcpy(out, c.channel->data, (size_t)size);
        *out_size = (size_t)size;
    }
    explicit_bzero(c.channel->data, room < WIRE_DATA_BYTES ? room : WIRE_DATA_BYTES);
    isolate_call_end(&c);
    return result;
}

static uint32_t proxy_wrap(void *handle, struct lagan_op *op, const void *context,
                           size_t context_size, const void *secret, size_t secret_size,
                           void *wrapped, size_t room, size_t *wrapped_size)
{
    return convert(handle, op, WIRE_WRAP, context, context_size, secret, secret_size, wrapped,
                   room, wrapped_size);
}

static uint32_t proxy_unwrap(void *handle, struct lagan_op *op, const void *context,
                             size_t context_size, const void *wrapped, size_t wrapped_size,
                             void *secret, size_t room, size_t *secret_size)
{
    return convert(handle, op, WIRE_UNWRAP, context, context_size, wrapped, wrapped_size,
                   secret, room, secret_size);
}

static uint32_t proxy_identify(void *handle, struct lagan_op *op, char *text, size_t room)
{
    struct isolate_handle *h = handle;
    struct isolate_call c = {.own_records = true};
    const char *told;
    uint32_t result = isolate_call_begin(&c, h->process, op, WIRE_IDENTIFY);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[0] = h->token;
    c.head.numbers[1] = (int64_t)(room < LAGAN_WRAPPED_LIMIT ? room : LAGAN_WRAPPED_LIMIT);
    result = isolate_call_make(&c);
    if (result == LAGAN_OK && !wire_get_some_text(&c.answer, &told))
        result = isolate_call_broken(&c, "a name of no form");
    if (result == LAGAN_OK)
        snprintf(text, room, "%s", told);
    isolate_call_end(&c);
    return result;
}

const struct lagan_key_ops isolate_key_ops = {
    .wrap = proxy_wrap, .unwrap = proxy_unwrap, .identify = proxy_identify};
