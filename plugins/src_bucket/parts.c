/* SPDX-License-Identifier: Apache-2.0 */
/* parts.c - parts of an object that is written: what is there, and who sends it. */
#include "src_bucket/writer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_NS = 100000000, OPEN_PARTS_LIMIT = 16 };

static bool is_open(const struct part *part)
{
    return part != NULL && part->state == PART_OPEN;
}

uint32_t writer_note(struct writer *w, struct lagan_op *op, uint64_t start, uint64_t end)
{
    size_t at = 0, last;
    while (at < w->written_count && w->written[at].end < start)
        at++;
    for (last = at; last < w->written_count && w->written[last].start <= end; last++) {
        start = w->written[last].start < start ? w->written[last].start : start;
        end = w->written[last].end > end ? w->written[last].end : end;
    }
    if (last == at && w->written_count == w->written_room) {
        size_t room = w->written_room ? w->written_room * 2 : 8;
        struct written *grown = reallocarray(w->written, room, sizeof *grown);
        if (grown == NULL)
            return bucket_memory(op);
        w->written = grown;
        w->written_room = room;
    }
    /* Those from `at` to `last` become one. */
    memmove(w->written + at + 1, w->written + last,
            (w->written_count - last) * sizeof *w->written);
    w->written_count = w->written_count + 1 - (last - at);
    w->written[at] = (struct written){start, end};
    return LAGAN_OK;
}

uint64_t writer_whole(const struct writer *w)
{
    return w->written_count > 0 && w->written[0].start == 0 ? w->written[0].end : 0;
}

static uint32_t grow_parts(struct writer *w, struct lagan_op *op, size_t count)
{
    if (count <= w->part_count)
        return LAGAN_OK;
    if (count > S3_PART_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "it has more than %d parts", S3_PART_LIMIT);
    struct part **grown = reallocarray(w->parts, count, sizeof *grown);
    if (grown == NULL)
        return bucket_memory(op);
    for (size_t i = w->part_count; i < count; i++)
        grown[i] = NULL;
    w->parts = grown;
    w->part_count = count;
    return LAGAN_OK;
}

/* The bytes that part `index` has room for. */
static size_t part_room(const struct writer *w, size_t index)
{
    uint64_t start = (uint64_t)index * w->part_bytes;
    if (w->bounded && w->bytes < start + w->part_bytes)
        return w->bytes > start ? (size_t)(w->bytes - start) : 0;
    return w->part_bytes;
}

static uint32_t make_part(struct writer *w, struct lagan_op *op, size_t index)
{
    unsigned open = 0;
    for (size_t i = 0; i < w->part_count; i++)
        open += is_open(w->parts[i]);
    if (open >= OPEN_PARTS_LIMIT)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "so long an object has to be written about in order");
    struct part *part = calloc(1, sizeof *part);
    size_t size = part_room(w, index);
    if (part != NULL)
        part->data = calloc(1, size + 1);
    if (part == NULL || part->data == NULL) {
        free(part);
        return bucket_memory(op);
    }
    part->writer = w;
    part->number = (uint32_t)index + 1;
    part->size = size;
    w->parts[index] = part;
    return LAGAN_OK;
}

uint32_t writer_part(struct writer *w, struct lagan_op *op, uint64_t offset, struct part **part,
                     uint64_t *start)
{
    uint64_t index = offset / w->part_bytes;
    uint32_t result = grow_parts(w, op, index < S3_PART_LIMIT ? (size_t)index + 1 : SIZE_MAX);
    if (result == LAGAN_OK && w->parts[index] == NULL)
        result = make_part(w, op, (size_t)index);
    if (result != LAGAN_OK)
        return result;
    if (!is_open(w->parts[index]))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "what was uploaded of a long object cannot be changed");
    *part = w->parts[index];
    *start = index * w->part_bytes;
    return LAGAN_OK;
}

static uint32_t read_part(void *context, uint64_t offset, void *data, size_t size)
{
    const struct part *part = context;
    memcpy(data, part->data + offset, size);
    return LAGAN_OK;
}

static void *send(void *argument)
{
    struct part *part = argument;
    struct writer *w = part->writer;
    struct lagan_content content = {.context = part, .read = read_part};
    part->result =
        s3_upload_part(w->upload, &part->op, part->number, part->size, &content, NULL);
    pthread_mutex_lock(&w->lock);
    part->state = part->result == LAGAN_OK ? PART_SENT : PART_FAILED;
    if (part->state == PART_SENT) {
        free(part->data);
        part->data = NULL;
    }
    w->loading--;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* With the lock held, until fewer than `limit` parts are being sent. */
static uint32_t wait_below(struct writer *w, struct lagan_op *op, unsigned limit)
{
    while (w->loading >= limit) {
        struct timespec until;
        if (op != NULL && lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&w->changed, &w->lock, &until);
    }
    return LAGAN_OK;
}

/* How many parts are sent at a time: of large ones fewer, since each is held in memory. */
static unsigned most_at_a_time(const struct writer *w)
{
    size_t most = BUCKET_HELD_BYTES / w->part_bytes;
    return most < 1                        ? 1
           : most > BUCKET_PARTS_AT_A_TIME ? BUCKET_PARTS_AT_A_TIME
                                           : (unsigned)most;
}

/* With the lock held.  Threads see to themselves: `loading` counts them. */
static uint32_t launch(struct writer *w, struct lagan_op *op, struct part *part)
{
    pthread_t thread;
    uint32_t result = wait_below(w, op, most_at_a_time(w));
    if (result != LAGAN_OK)
        return result;
    part->op = (struct lagan_op){.size = sizeof part->op, .cancel_fd = -1};
    part->state = PART_LOADING;
    w->loading++;
    if (pthread_create(&thread, NULL, send, part) == 0) {
        pthread_detach(thread);
        return LAGAN_OK;
    }
    w->loading--;
    part->state = PART_QUEUED;
    return lagan_fail(op, LAGAN_INTERNAL, 0, "cannot start a thread");
}

/* With the lock held: the first failure, whose part is sent again by the next call. */
static uint32_t first_failure(struct writer *w, struct lagan_op *op)
{
    for (size_t i = 0; i < w->part_count; i++)
        if (w->parts[i] != NULL && w->parts[i]->state == PART_FAILED) {
            w->parts[i]->state = PART_QUEUED;
            op->error = w->parts[i]->op.error;
            op->error.outcome = LAGAN_OUTCOME_NOT_DONE;
            return w->parts[i]->result;
        }
    return LAGAN_OK;
}

static uint32_t begin(struct writer *w, struct lagan_op *op)
{
    if (w->upload != NULL)
        return LAGAN_OK;
    return s3_upload_begin(w->bucket->client, op, w->name.key, w->name.key_size, &w->give.give,
                           &w->upload);
}

uint32_t writer_send(struct writer *w, struct lagan_op *op, uint64_t whole)
{
    uint32_t result = LAGAN_OK;
    size_t count = (size_t)(whole / w->part_bytes);
    if (w->bounded && whole >= w->bytes)
        count = (size_t)((w->bytes + w->part_bytes - 1) / w->part_bytes);
    if (count == 0)
        return LAGAN_OK;
    result = begin(w, op);
    for (size_t i = 0; result == LAGAN_OK && i < count; i++) {
        result = grow_parts(w, op, i + 1);
        if (result == LAGAN_OK && w->parts[i] == NULL)
            result = make_part(w, op, i);
        if (result != LAGAN_OK)
            break;
        pthread_mutex_lock(&w->lock);
        if (w->parts[i]->state == PART_OPEN || w->parts[i]->state == PART_QUEUED)
            result = launch(w, op, w->parts[i]);
        if (result == LAGAN_OK)
            result = first_failure(w, op);
        pthread_mutex_unlock(&w->lock);
    }
    return result;
}

uint32_t writer_send_all(struct writer *w, struct lagan_op *op, uint64_t bytes)
{
    w->bounded = true;
    w->bytes = bytes;
    /* The last one may have been made with more room. */
    for (size_t i = 0; i < w->part_count; i++)
        if (is_open(w->parts[i]) && part_room(w, i) < w->parts[i]->size)
            w->parts[i]->size = part_room(w, i);
    uint32_t result = writer_send(w, op, bytes);
    pthread_mutex_lock(&w->lock);
    if (result == LAGAN_OK)
        result = wait_below(w, op, 1);
    if (result == LAGAN_OK)
        result = first_failure(w, op);
    pthread_mutex_unlock(&w->lock);
    return result;
}

void writer_free(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->part_count; i++)
        if (w->parts[i] != NULL)
            __atomic_store_n(&w->parts[i]->op.deadline_ns, 1, __ATOMIC_RELAXED);
    wait_below(w, NULL, 1);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->part_count; i++) {
        if (w->parts[i] != NULL)
            free(w->parts[i]->data);
        free(w->parts[i]);
    }
    free(w->parts);
    free(w->written);
    bucket_give_free(&w->give);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
