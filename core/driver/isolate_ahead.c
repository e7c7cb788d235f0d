/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_ahead.c - reading the entries of isolated sources.
 *
 * What a small entry has - attributes, metadata, content and the verdict of its close - comes
 * with one answer, and that of many entries too when they are read ahead.  Content stays in the
 * memory that is shared with the helper until its reader is closed, so that it is copied once,
 * to where the caller wants it. */
#include "driver/isolate_private.h"

#include <stdlib.h>
#include <string.h>

enum { AHEAD_LIMIT = 256 };
#define AHEAD_NS (INT64_C(600) * 1000000000) /* that one entry may take */

/* A result with its details, which are decoded when somebody wants them. */
struct outcome {
    uint32_t result;
    struct reader error; /* encoded; empty = none */
};

/* One entry that was opened, or could not be.  All points into the batch. */
struct ahead {
    const void *key;
    size_t key_size;
    const void *id;
    size_t id_size;
    bool content; /* it was to be opened; else only its metadata is here */
    bool taken;
    bool open;     /* the helper has a reader of it, which is to be closed */
    bool complete; /* `content` is all of it, and `closed` the verdict */
    bool has_metadata;
    int64_t token;
    uint32_t verdict;
    uint64_t content_at;
    uint64_t content_size;
    struct outcome opened, closed, metadata;
    struct reader attributes, pieces; /* records */
};

/* What one answer held. */
struct isolate_batch {
    struct isolate_batch *next;
    struct isolate_handle *handle;
    pthread_t thread;                /* that has asked for it */
    size_t users;                    /* readers, and one while it is listed */
    struct isolate_channel *channel; /* whose data has the content; NULL: `copy` has it */
    uint8_t *copy;
    struct buffer body;
    struct buffer wishes; /* keys and ids */
    size_t count, at;
    struct ahead entries[];
};

/* An entry that is being read. */
struct reader_proxy {
    struct isolate_batch *batch;
    struct ahead *ahead;
};

/* Closes what nobody has taken, and frees.  Nobody else knows the batch any more. */
static void batch_free(struct isolate_batch *b)
{
    struct isolate_process *p = b->handle->process;
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].open)
            isolate_release(p, WIRE_ENTRY_CLOSE, b->entries[i].token);
    isolate_channel_give(p, b->channel, true);
    free(b->copy);
    buffer_free(&b->body);
    buffer_free(&b->wishes);
    free(b);
}

static void batch_release(struct isolate_batch *b)
{
    struct isolate_handle *h = b->handle;
    pthread_mutex_lock(&h->lock);
    bool last = --b->users == 0;
    pthread_mutex_unlock(&h->lock);
    if (last)
        batch_free(b);
}

/* Takes batches off the list: those of this thread, or all. */
static void batches_drop(struct isolate_handle *h, bool all)
{
    struct isolate_batch *dropped = NULL;
    pthread_mutex_lock(&h->lock);
    for (struct isolate_batch **at = &h->batches; *at;) {
        struct isolate_batch *b = *at;
        if (!all && !pthread_equal(b->thread, pthread_self())) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        b->next = dropped;
        dropped = b;
    }
    pthread_mutex_unlock(&h->lock);
    while (dropped) {
        struct isolate_batch *b = dropped;
        dropped = b->next;
        batch_release(b);
    }
}

void isolate_read_ahead_drop(struct isolate_handle *h)
{
    batches_drop(h, true);
}

/* From the wire */

static bool take_outcome(struct reader *r, struct outcome *o)
{
    size_t size;
    o->result = reader_u32(r);
    const uint8_t *error = reader_counted(r, &size);
    o->error = reader_of(error, error ? size : 0);
    return error != NULL;
}

static bool take_records(struct reader *r, struct reader *records)
{
    size_t size;
    const uint8_t *data = reader_counted(r, &size);
    *records = reader_of(data, data ? size : 0);
    return data != NULL;
}

static bool take_ahead(struct reader *r, struct ahead *a)
{
    if (!take_outcome(r, &a->opened) || !take_records(r, &a->attributes))
        return false;
    if (a->opened.result != LAGAN_OK)
        return true;
    a->token = (int64_t)reader_u64(r);
    a->open = reader_u8(r) != 0;
    a->complete = !a->open;
    a->content_at = reader_u64(r);
    a->content_size = reader_u64(r);
    a->verdict = reader_u32(r);
    a->has_metadata = reader_u8(r) != 0;
    return take_outcome(r, &a->closed) && take_outcome(r, &a->metadata) &&
           take_records(r, &a->pieces) && a->content_at <= WIRE_DATA_BYTES &&
           a->content_size <= WIRE_DATA_BYTES - a->content_at;
}

/* The details of an outcome, into the op; its class. */
static uint32_t report(const struct outcome *o, struct lagan_op *op)
{
    struct reader r = o->error;
    struct lagan_error told;
    if (op && r.left > 0 && wire_get_error(&r, &told))
        op->error = told;
    return o->result;
}

/* Asking */

static struct isolate_batch *batch_new(struct isolate_handle *h,
                                       const struct source_wish *wishes, size_t count)
{
    struct isolate_batch *b = calloc(1, sizeof *b + count * sizeof b->entries[0]);
    size_t at = 0;
    if (!b)
        return NULL;
    b->handle = h;
    b->thread = pthread_self();
    b->users = 1;
    for (size_t i = 0; i < count; i++) {
        buffer_append(&b->wishes, wishes[i].key, wishes[i].key_size);
        buffer_append(&b->wishes, wishes[i].id, wishes[i].id_size);
    }
    for (size_t i = 0; i < count && !b->wishes.failed; i++) {
        struct ahead *a = &b->entries[i];
        a->key = b->wishes.data + at;
        a->key_size = wishes[i].key_size;
        a->id = b->wishes.data + at + a->key_size;
        a->id_size = wishes[i].id_size;
        a->content = wire_has_content(wishes[i].type);
        at += a->key_size + a->id_size;
    }
    if (!b->wishes.failed)
        return b;
    batch_free(b);
    return NULL;
}

static uint32_t batch_take(struct isolate_batch *b, struct isolate_call *c, size_t count)
{
    b->body = c->channel->in;
    c->channel->in = BUFFER_INIT;
    while (c->answer.left > 0 && b->count < count) {
        if (!take_ahead(&c->answer, &b->entries[b->count])) {
            b->entries[b->count].open = false;
            return isolate_call_broken(c, "entries of no form");
        }
        b->count++;
    }
    return reader_done(&c->answer) ? (uint32_t)LAGAN_OK
                                   : isolate_call_broken(c, "entries of no form");
}

/* Keeps the content: in the channel, when that may be ours for longer, else in a copy. */
static uint32_t batch_keep(struct isolate_batch *b, struct isolate_call *c, bool pinned)
{
    size_t size = 0;
    if (pinned) {
        b->channel = c->channel;
        return LAGAN_OK;
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct ahead *a = &b->entries[i];
        if (a->content_size > 0 && a->content_at + a->content_size > size)
            size = (size_t)(a->content_at + a->content_size);
    }
    b->copy = size > 0 ? malloc(size) : NULL;
    if (b->copy)
        memcpy(b->copy, c->channel->data, size);
    return size == 0 || b->copy ? (uint32_t)LAGAN_OK
                                : isolate_fail(c->op, LAGAN_INTERNAL, "out of memory");
}

/* Asks for `count` entries; the batch has those that came, from the first on. */
static uint32_t fetch(struct isolate_handle *h, struct lagan_op *op,
                      const struct source_wish *wishes, size_t count,
                      struct isolate_batch **batch)
{
    struct isolate_call c = {.own_records = true};
    struct isolate_batch *b = batch_new(h, wishes, count);
    if (!b)
        return isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    c.channel = isolate_channel_take(h->process, true);
    bool pinned = c.channel != NULL;
    uint32_t result = isolate_call_begin(&c, h->process, op, WIRE_ENTRY_OPEN);
    if (result != LAGAN_OK) {
        batch_free(b);
        return result;
    }
    c.head.numbers[0] = h->token;
    c.head.numbers[1] = (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        buffer_append_u32(&c.channel->out, wishes[i].type);
        wire_put_bytes(&c.channel->out, wishes[i].key, wishes[i].key_size);
        wire_put_bytes(&c.channel->out, wishes[i].id, wishes[i].id_size);
    }
    result = isolate_call_make(&c);
    if (result == LAGAN_OK)
        result = batch_take(b, &c, count);
    if (result == LAGAN_OK)
        result = batch_keep(b, &c, pinned);
    if (!b->channel)
        isolate_channel_give(h->process, c.channel, pinned);
    if (result == LAGAN_OK)
        *batch = b;
    else
        batch_free(b);
    return result;
}

void isolate_read_ahead(void *handle, const struct source_wish *wishes, size_t count)
{
    struct isolate_handle *h = handle;
    struct isolate_batch *b = NULL;
    struct lagan_op op = {.size = sizeof op,
                          .deadline_ns = operation_now_ns() + AHEAD_NS,
                          .cancel_fd = operation_cancel_fd()};
    batches_drop(h, false);
    count = count < AHEAD_LIMIT ? count : AHEAD_LIMIT;
    if (count < 2 || operation_all_cancelled() || fetch(h, &op, wishes, count, &b) != LAGAN_OK)
        return;
    pthread_mutex_lock(&h->lock);
    b->next = h->batches;
    h->batches = b;
    pthread_mutex_unlock(&h->lock);
}

/* Readers */

static bool is_wish(const struct ahead *a, bool content, const void *key, size_t key_size,
                    const void *id, size_t id_size)
{
    return !a->taken && a->content == content && a->key_size == key_size &&
           a->id_size == id_size && memcmp(a->key, key, key_size) == 0 &&
           (id_size == 0 || memcmp(a->id, id, id_size) == 0);
}

/* With the lock: the entry in a batch, from where it was last taken on. */
static struct ahead *batch_find(struct isolate_batch *b, bool content, const void *key,
                                size_t key_size, const void *id, size_t id_size)
{
    for (size_t i = b->at; i < b->count; i++) {
        if (is_wish(&b->entries[i], content, key, key_size, id, id_size)) {
            b->at = i + 1;
            return &b->entries[i];
        }
    }
    return NULL;
}

/* The entry among those that were read ahead, with its batch held. */
static struct ahead *find_ahead(struct isolate_handle *h, bool content, const void *key,
                                size_t key_size, const void *id, size_t id_size,
                                struct isolate_batch **batch)
{
    struct ahead *found = NULL;
    pthread_mutex_lock(&h->lock);
    for (struct isolate_batch *b = h->batches; b && !found; b = b->next) {
        found = batch_find(b, content, key, key_size, id, id_size);
        if (found) {
            b->users++;
            *batch = b;
        }
    }
    pthread_mutex_unlock(&h->lock);
    return found;
}

/* Hands over the attributes of an open entry: exactly one entry. */
static uint32_t hand_over(struct isolate_batch *b, struct ahead *a, struct lagan_op *op,
                          const struct lagan_entry_collector *attributes)
{
    const struct wire_collectors to = {.entries = attributes};
    struct reader records = a->attributes;
    uint32_t result = wire_deliver(&records, &to);
    if (result < LAGAN_CLASS_COUNT)
        return result == LAGAN_OK ? report(&a->opened, op) : result;
    struct isolate_call c = {.process = b->handle->process, .op = op};
    return isolate_call_broken(&c, "attributes of no form");
}

uint32_t isolate_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                            const void *id, size_t id_size,
                            const struct lagan_entry_collector *attributes, void **reader)
{
    struct isolate_handle *h = handle;
    struct isolate_batch *b = NULL;
    struct reader_proxy *proxy = malloc(sizeof *proxy);
    const struct source_wish wish = {key, key_size, id, id_size, LAGAN_ENTRY_FILE};
    struct ahead *a = find_ahead(h, true, key, key_size, id, id_size, &b);
    uint32_t result =
        proxy ? (uint32_t)LAGAN_OK : isolate_fail(op, LAGAN_INTERNAL, "out of memory");
    if (!a && result == LAGAN_OK) {
        result = fetch(h, op, &wish, 1, &b);
        if (result == LAGAN_OK && b->count == 1)
            a = &b->entries[0];
        else if (result == LAGAN_OK)
            result = isolate_fail(op, LAGAN_CANCELLED, "cancelled");
    }
    if (a && result == LAGAN_OK) {
        a->taken = true;
        result = hand_over(b, a, op, attributes);
    }
    if (result == LAGAN_OK) {
        *proxy = (struct reader_proxy){b, a};
        *reader = proxy;
        return LAGAN_OK;
    }
    if (b)
        batch_release(b);
    free(proxy);
    return result;
}

static uint32_t begin(struct isolate_call *c, struct reader_proxy *r, struct lagan_op *op,
                      uint32_t verb)
{
    uint32_t result = isolate_call_begin(c, r->batch->handle->process, op, verb);
    c->head.numbers[0] = r->ahead->token;
    return result;
}

static const uint8_t *content_of(const struct reader_proxy *r)
{
    const struct isolate_batch *b = r->batch;
    return (b->channel ? b->channel->data : b->copy) + r->ahead->content_at;
}

/* Reads at most WIRE_DATA_BYTES. */
static uint32_t read_piece(struct reader_proxy *r, struct lagan_op *op, uint64_t offset,
                           uint8_t *data, size_t size, size_t *got)
{
    struct isolate_call c = {.own_records = true};
    uint32_t result = begin(&c, r, op, WIRE_READ_AT);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)offset;
    c.head.numbers[2] = (int64_t)size;
    result = isolate_call_make(&c);
    if (result == LAGAN_OK && c.head.data_bytes > size)
        result = isolate_call_broken(&c, "more bytes than were asked for");
    if (result == LAGAN_OK) {
        *got = (size_t)c.head.data_bytes;
        memcpy(data, c.channel->data, *got);
    }
    isolate_call_end(&c);
    return result;
}

uint32_t isolate_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                         size_t size, size_t *got)
{
    struct reader_proxy *r = reader;
    const struct ahead *a = r->ahead;
    size_t done = 0;
    if (offset < a->content_size) {
        done = (size_t)(a->content_size - offset);
        done = done < size ? done : size;
        memcpy(data, content_of(r) + offset, done);
    }
    while (done < size && !a->complete) {
        size_t piece = size - done < WIRE_DATA_BYTES ? size - done : WIRE_DATA_BYTES;
        size_t came = 0;
        uint32_t result =
            read_piece(r, op, offset + done, (uint8_t *)data + done, piece, &came);
        if (result != LAGAN_OK)
            return result;
        done += came;
        if (came < piece)
            break;
    }
    *got = done;
    return LAGAN_OK;
}

uint32_t isolate_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                         const struct lagan_extent_collector *extents)
{
    struct reader_proxy *r = reader;
    struct isolate_call c = {.to.extents = extents};
    if (r->ahead->complete) /* it is no larger than what was read at once */
        return extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA);
    uint32_t result = begin(&c, r, op, WIRE_EXTENTS);
    if (result != LAGAN_OK)
        return result;
    c.head.numbers[1] = (int64_t)offset;
    c.head.numbers[2] = (int64_t)length;
    return isolate_call_run(&c);
}

uint32_t isolate_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader_proxy *r = reader;
    struct ahead *a = r->ahead;
    struct isolate_call c = {0};
    uint32_t result, told = a->verdict;
    if (a->complete) {
        result = report(&a->closed, op);
    } else {
        result = begin(&c, r, op, WIRE_ENTRY_CLOSE);
        if (result == LAGAN_OK)
            result = isolate_call_run(&c);
        told = (uint32_t)c.head.numbers[0];
        a->open = false;
    }
    if (result == LAGAN_OK && verdict)
        *verdict = told;
    batch_release(r->batch);
    free(r);
    return result;
}

/* What came of the metadata, to whoever asks now. */
static uint32_t hand_metadata(struct isolate_process *p, const struct ahead *a,
                              struct lagan_op *op,
                              const struct lagan_metadata_collector *pieces)
{
    struct isolate_call c = {.process = p, .op = op, .to.pieces = pieces};
    struct reader records = a->pieces;
    uint32_t result = wire_deliver(&records, &c.to);
    if (result >= LAGAN_CLASS_COUNT)
        return isolate_call_broken(&c, "metadata of no form");
    return result == LAGAN_OK ? report(&a->metadata, op) : result;
}

bool isolate_metadata_ahead(struct isolate_handle *h, struct lagan_op *op, const void *key,
                            size_t key_size, const struct lagan_metadata_collector *pieces,
                            uint32_t *result)
{
    struct isolate_batch *b = NULL;
    struct ahead *a = find_ahead(h, false, key, key_size, NULL, 0, &b);
    if (!a)
        return false;
    bool here = a->has_metadata;
    a->taken = true;
    if (here)
        *result = hand_metadata(h->process, a, op, pieces);
    batch_release(b);
    return here;
}

uint32_t isolate_entry_metadata(void *reader, struct lagan_op *op,
                                const struct lagan_metadata_collector *pieces)
{
    struct reader_proxy *r = reader;
    struct isolate_call c = {.to.pieces = pieces};
    if (r->ahead->has_metadata)
        return hand_metadata(r->batch->handle->process, r->ahead, op, pieces);
    uint32_t result = begin(&c, r, op, WIRE_ENTRY_METADATA);
    return result == LAGAN_OK ? isolate_call_run(&c) : result;
}
