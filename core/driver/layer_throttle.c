/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_throttle.c - limits bytes per second, to the driver and from it.
 *
 * One bucket for each direction is shared by all calls of the stack.  Long transfers pay piece
 * by piece, so that the rate is even and a cancelled call ends soon: contents and sinks are
 * wrapped, and calls that carry their bytes themselves are made of several below.
 */
#include "base/clock.h"
#include "driver/layer_reply.h"

#include <stdlib.h>

enum { PIECE_MINIMUM = 4 << 10, PIECE_MAXIMUM = 1 << 20, PIECES_PER_SECOND = 20 };
#define SECOND_NS INT64_C(1000000000)
/* What an idle bucket has saved up. */
#define BURST_NS (SECOND_NS / 10)

/* Bytes are paid for in time: each moves the moment at which the next may go. */
struct bucket {
    pthread_mutex_t lock;
    int64_t rate; /* bytes per second; 0 = no limit */
    int64_t next_ns;
};

struct throttle {
    struct bucket send;
    struct bucket receive;
};

static void bucket_init(struct bucket *b, int64_t rate)
{
    pthread_mutex_init(&b->lock, NULL);
    b->rate = rate;
}

static size_t bucket_piece(const struct bucket *b, size_t size)
{
    int64_t piece = b->rate / PIECES_PER_SECOND;
    if (b->rate == 0)
        return size;
    if (piece < PIECE_MINIMUM)
        piece = PIECE_MINIMUM;
    if (piece > PIECE_MAXIMUM)
        piece = PIECE_MAXIMUM;
    return size < (size_t)piece ? size : (size_t)piece;
}

/* How long whoever moves `bytes` now must wait first. */
static int64_t bucket_book(struct bucket *b, size_t bytes)
{
    int64_t now = clock_boot_ns();
    int64_t wait;
    pthread_mutex_lock(&b->lock);
    if (b->next_ns < now - BURST_NS)
        b->next_ns = now - BURST_NS;
    wait = b->next_ns - now;
    b->next_ns += (int64_t)((double)bytes * (double)SECOND_NS / (double)b->rate);
    pthread_mutex_unlock(&b->lock);
    return wait;
}

/* Waits for its turn; LAGAN_OK, or LAGAN_CANCELLED when the call should end. */
static uint32_t bucket_pay(struct bucket *b, struct lagan_op *op, size_t bytes)
{
    int64_t wait = b->rate > 0 ? bucket_book(b, bytes) : 0;
    if (wait > 0 && layer_sleep(op, wait))
        return LAGAN_CANCELLED;
    return LAGAN_OK;
}

/* A content whose bytes are paid for as they are read. */
struct metered_content {
    struct bucket *bucket;
    struct lagan_op *op;
    const struct lagan_content *content;
};

static uint32_t read_metered(void *context, uint64_t offset, void *data, size_t size)
{
    const struct metered_content *m = context;
    uint8_t *next = data;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        size_t piece = bucket_piece(m->bucket, size);
        result = bucket_pay(m->bucket, m->op, piece);
        if (result == LAGAN_OK)
            result = m->content->read(m->content->context, offset, next, piece);
        offset += piece;
        next += piece;
        size -= piece;
    }
    return result;
}

/* A sink whose bytes are paid for as they come. */
struct metered_sink {
    struct bucket *bucket;
    struct lagan_op *op;
    const struct lagan_sink *sink;
};

static void *metered_room(void *context, size_t *size)
{
    const struct metered_sink *m = context;
    void *room = m->sink->room(m->sink->context, size);
    if (room)
        *size = bucket_piece(m->bucket, *size);
    return room;
}

static uint32_t metered_filled(void *context, size_t size)
{
    const struct metered_sink *m = context;
    uint32_t result = bucket_pay(m->bucket, m->op, size);
    return result == LAGAN_OK ? m->sink->filled(m->sink->context, size) : result;
}

static uint32_t send_content(struct layer *self, struct call *c,
                             const struct lagan_content **content)
{
    struct throttle *t = self->state;
    struct metered_content metered = {.bucket = &t->send, .op = c->op, .content = *content};
    struct lagan_content wrapped = {.context = &metered, .read = read_metered};
    uint32_t result;
    *content = &wrapped;
    result = layer_next(self, c);
    *content = metered.content;
    return result;
}

static uint32_t get(struct layer *self, struct call *c)
{
    struct throttle *t = self->state;
    struct metered_sink metered = {
        .bucket = &t->receive, .op = c->op, .sink = c->with.get.sink};
    struct lagan_sink wrapped = {
        .context = &metered, .room = metered_room, .filled = metered_filled};
    uint32_t result;
    c->with.get.sink = &wrapped;
    result = layer_next(self, c);
    c->with.get.sink = metered.sink;
    return result;
}

/* A stage takes its bytes in any portions. */
static uint32_t stage_write(struct layer *self, struct call *c)
{
    struct throttle *t = self->state;
    struct call part = *c;
    const uint8_t *data = c->with.stage_write.data;
    size_t left = c->with.stage_write.size;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && left > 0) {
        size_t piece = bucket_piece(&t->send, left);
        if (bucket_pay(&t->send, c->op, piece) != LAGAN_OK)
            return layer_refuse(self, c, LAGAN_CANCELLED, LAGAN_OUTCOME_NOT_DONE,
                                "interrupted while waiting for its share of the rate");
        part.with.stage_write.data = data;
        part.with.stage_write.size = piece;
        result = layer_next(self, &part);
        data += piece;
        left -= piece;
    }
    return result;
}

static uint32_t write_at(struct layer *self, struct call *c)
{
    struct throttle *t = self->state;
    struct call part = *c;
    const uint8_t *data = c->with.write_at.data;
    size_t left = c->with.write_at.size;
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && left > 0) {
        size_t piece = bucket_piece(&t->send, left);
        if (bucket_pay(&t->send, c->op, piece) != LAGAN_OK)
            return layer_refuse(self, c, LAGAN_CANCELLED, LAGAN_OUTCOME_UNKNOWN,
                                "interrupted while waiting for its share of the rate");
        part.with.write_at.data = data;
        part.with.write_at.size = piece;
        result = layer_next(self, &part);
        part.with.write_at.offset += piece;
        data += piece;
        left -= piece;
    }
    return result;
}

/* Pays afterwards: only then it is known how much there was. */
static uint32_t read_at(struct layer *self, struct call *c)
{
    struct throttle *t = self->state;
    struct call part = *c;
    uint8_t *data = c->with.read_at.data;
    size_t total = 0;
    size_t got = 0;
    size_t piece;
    uint32_t result;
    part.with.read_at.got = &got;
    do {
        piece = bucket_piece(&t->receive, c->with.read_at.size - total);
        part.with.read_at.offset = c->with.read_at.offset + total;
        part.with.read_at.data = data + total;
        part.with.read_at.size = piece;
        got = 0;
        result = layer_next(self, &part);
        if (result != LAGAN_OK)
            return result;
        /* Too much is for the host to find. */
        total += got;
        if (bucket_pay(&t->receive, c->op, got) != LAGAN_OK)
            return layer_refuse(self, c, LAGAN_CANCELLED, LAGAN_OUTCOME_NOT_DONE,
                                "interrupted while waiting for its share of the rate");
    } while (got == piece && total < c->with.read_at.size);
    *c->with.read_at.got = total;
    return LAGAN_OK;
}

static uint32_t throttle_call(struct layer *self, struct call *c)
{
    switch (c->verb) {
    case CALL_PUT:
        return send_content(self, c, &c->with.put.content);
    case CALL_PART_PUT:
        return send_content(self, c, &c->with.part_put.content);
    case CALL_STAGE_WRITE:
        return stage_write(self, c);
    case CALL_WRITE_AT:
        return write_at(self, c);
    case CALL_GET:
        return get(self, c);
    case CALL_READ_AT:
        return read_at(self, c);
    default:
        return layer_next(self, c);
    }
}

static bool throttle_wanted(const struct layer_settings *settings,
                            const struct layer_place *place)
{
    return (settings->send_rate > 0 || settings->receive_rate > 0) &&
           place->kind != LAGAN_KIND_KEY;
}

static int throttle_make(const struct layer_settings *settings, const struct layer_place *place,
                         void **state, struct error *e)
{
    struct throttle *t = calloc(1, sizeof *t);
    (void)place;
    if (!t)
        return error_no_memory(e, "a limit of bytes per second");
    bucket_init(&t->send, settings->send_rate);
    bucket_init(&t->receive, settings->receive_rate);
    *state = t;
    return 0;
}

static void throttle_free(void *state)
{
    struct throttle *t = state;
    pthread_mutex_destroy(&t->send.lock);
    pthread_mutex_destroy(&t->receive.lock);
    free(t);
}

const struct layer_kind layer_throttle = {
    .name = "throttle",
    .wanted = throttle_wanted,
    .make = throttle_make,
    .free = throttle_free,
    .call = throttle_call,
};
