/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_parts.c - puts in parts.  Each part is a call of its own, so that a layer which makes
 * calls again moves a part again and not the object.
 */
#include "driver/target_parts.h"

#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PART_BYTES = 8 << 20, ROUND_BYTES = 1 << 20, PIECE_BYTES = 1 << 20 };
enum { WORKERS = 8 }; /* at most; each may hold a part in memory, in the driver */

struct parts {
    struct target *target;
    void *upload;
    const struct lagan_content *content;
    uint64_t bytes;
    uint64_t part_bytes;
    uint32_t count;
    uint8_t (*hashes)[HASH_SIZE]; /* of the parts; NULL = not wanted */
    atomic_uint next;             /* part to be put, from 0 */
    atomic_bool failed;
    pthread_mutex_t reading; /* of `content` */
    pthread_mutex_t lock;    /* of `why` */
    struct error why;        /* the first failure */
};

uint64_t target_part_bytes(const struct lagan_target_capabilities *told, uint64_t bytes)
{
    uint64_t part = PART_BYTES;
    uint64_t least = told->part_limit > 0 ? bytes / told->part_limit + 1 : 0;
    if (told->multipart != LAGAN_SUPPORT_NATIVE)
        return 0;
    if (part < told->part_minimum_bytes)
        part = told->part_minimum_bytes;
    if (part < least)
        part = (least + ROUND_BYTES - 1) / ROUND_BYTES * ROUND_BYTES;
    if (told->part_maximum_bytes > 0 && part > told->part_maximum_bytes)
        part = told->part_maximum_bytes;
    return part < least || part >= bytes ? 0 : part;
}

/* A part as a content. */
struct slice {
    struct parts *parts;
    uint64_t start;
    uint64_t bytes;
};

static uint32_t read_slice(void *context, uint64_t offset, void *data, size_t size)
{
    const struct slice *s = context;
    const struct lagan_content *content = s->parts->content;
    uint32_t result = LAGAN_INVALID;
    if (offset > s->bytes || size > s->bytes - offset)
        return result;
    pthread_mutex_lock(&s->parts->reading);
    result = content->read(content->context, s->start + offset, data, size);
    pthread_mutex_unlock(&s->parts->reading);
    return result;
}

static void note_failure(struct parts *p, const struct error *why)
{
    pthread_mutex_lock(&p->lock);
    if (!atomic_exchange(&p->failed, true))
        p->why = *why;
    pthread_mutex_unlock(&p->lock);
}

static void put_part(struct parts *p, uint32_t index)
{
    struct slice slice = {.parts = p, .start = index * p->part_bytes};
    struct lagan_content content = {.context = &slice, .read = read_slice};
    struct error why = ERROR_INIT;
    struct operation o;
    slice.bytes =
        p->bytes - slice.start < p->part_bytes ? p->bytes - slice.start : p->part_bytes;
    struct call c = {.verb = CALL_PART_PUT,
                     .object = p->upload,
                     .with.part_put = {.number = index + 1,
                                       .bytes = slice.bytes,
                                       .content = &content,
                                       .sha256 = p->hashes ? p->hashes[index] : NULL}};
    uint32_t result = target_call(p->target, &o, &c);
    if (operation_end(&o, result, &why, "part %u of %u", index + 1, p->count) < 0)
        note_failure(p, &why);
}

static void *work(void *context)
{
    struct parts *p = context;
    unsigned index = atomic_fetch_add(&p->next, 1);
    while (index < p->count && !atomic_load(&p->failed)) {
        put_part(p, index);
        index = atomic_fetch_add(&p->next, 1);
    }
    return NULL;
}

/* How many parts are put at a time. */
static unsigned workers_of(const struct parts *p)
{
    const struct target *t = p->target;
    unsigned workers = t->capabilities.max_parallel;
    if (workers == 0)
        workers = driver_max_parallel(t->driver);
    if (workers == 0 || t->lock)
        workers = 1;
    if (workers > WORKERS)
        workers = WORKERS;
    return workers < p->count ? workers : p->count;
}

static int put_all(struct parts *p, struct error *e)
{
    pthread_t threads[WORKERS];
    unsigned wanted = workers_of(p);
    unsigned started = 0;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, p) == 0)
        started++;
    work(p);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (!atomic_load(&p->failed))
        return 0;
    *e = p->why;
    return -1;
}

/* Once over the content: compares all of it, and hashes each part. */
static int hash_parts(struct parts *p, const uint8_t *sha256, struct error *e)
{
    uint8_t whole[HASH_SIZE];
    uint8_t *piece = malloc(PIECE_BYTES);
    struct hash all, one;
    uint32_t result = LAGAN_OK;
    p->hashes = calloc(p->count, sizeof *p->hashes);
    if (!piece || !p->hashes) {
        free(piece);
        return error_no_memory(e, "the checksums of an object");
    }
    hash_begin(&all);
    hash_begin(&one);
    for (uint64_t at = 0; result == LAGAN_OK && at < p->bytes;) {
        uint64_t end = (at / p->part_bytes + 1) * p->part_bytes;
        uint64_t left = (end < p->bytes ? end : p->bytes) - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        result = p->content->read(p->content->context, at, piece, size);
        hash_update(&all, piece, result == LAGAN_OK ? size : 0);
        hash_update(&one, piece, result == LAGAN_OK ? size : 0);
        if (size == left) {
            hash_finish(&one, p->hashes[at / p->part_bytes]);
            hash_begin(&one);
        }
        at += size;
    }
    hash_finish(&all, whole);
    free(piece);
    if (result != LAGAN_OK)
        return error_set(e, result, error_code_of_class(result),
                         "the object's bytes cannot be read");
    if (memcmp(whole, sha256, HASH_SIZE) == 0)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                     "the bytes do not have the given checksum");
}

/* Spares the way of all the bytes when the name is taken already. */
static int check_free(struct parts *p, const char *key, struct error *e)
{
    struct lagan_object object = {.size = sizeof object};
    struct call c = {.verb = CALL_STAT, .with.stat = {.key = key, .object = &object}};
    struct operation o;
    uint32_t result = target_call(p->target, &o, &c);
    if (result == LAGAN_NOT_FOUND)
        return 0;
    if (result == LAGAN_OK)
        return error_set(e, LAGAN_EXISTS, error_code_of_class(LAGAN_EXISTS),
                         "%s: put %s: the name is taken", driver_name(p->target->driver), key);
    return operation_end(&o, result, e, "put %s", key);
}

static int begin(struct parts *p, const char *key, struct error *e)
{
    struct call c = {
        .verb = CALL_MULTIPART_BEGIN,
        .with.multipart_begin = {.key = key, .bytes = p->bytes, .made = &p->upload}};
    struct operation o;
    uint32_t result = target_call(p->target, &o, &c);
    return operation_end(&o, result, e, "put %s", key);
}

/* Uses the upload up. */
static int complete(struct parts *p, const char *key, struct error *e)
{
    struct call c = {
        .verb = CALL_MULTIPART_COMPLETE,
        .object = p->upload,
        .with.multipart_complete = {.parts = p->count, .flags = LAGAN_PUT_IF_ABSENT}};
    struct operation o;
    uint32_t result = target_enter(p->target, &o);
    if (result == LAGAN_OK)
        result = operation_leave(&o, target_call_entered(p->target, &o, &c));
    else
        target_release(p->target, CALL_MULTIPART_ABORT, p->upload);
    return operation_end(&o, result, e, "put %s", key);
}

static int run(struct parts *p, const char *key, const uint8_t *sha256, struct error *e)
{
    bool compares = sha256 && p->target->capabilities.checksum != LAGAN_SUPPORT_NONE;
    if (check_free(p, key, e) != 0)
        return -1;
    if (compares && hash_parts(p, sha256, e) != 0)
        return error_context(e, "%s: put %s", driver_name(p->target->driver), key);
    if (begin(p, key, e) != 0)
        return -1;
    if (put_all(p, e) != 0) {
        target_release(p->target, CALL_MULTIPART_ABORT, p->upload);
        return -1;
    }
    return complete(p, key, e);
}

int target_put_parts(struct target *t, const char *key, uint64_t bytes, uint64_t part_bytes,
                     const struct lagan_content *content, const uint8_t *sha256,
                     struct error *e)
{
    struct parts p = {.target = t,
                      .content = content,
                      .bytes = bytes,
                      .part_bytes = part_bytes,
                      .count = (uint32_t)((bytes + part_bytes - 1) / part_bytes)};
    int result;
    pthread_mutex_init(&p.reading, NULL);
    pthread_mutex_init(&p.lock, NULL);
    result = run(&p, key, sha256, e);
    pthread_mutex_destroy(&p.reading);
    pthread_mutex_destroy(&p.lock);
    free(p.hashes);
    if (result < 0)
        return -1;
    atomic_fetch_add(&t->counters.puts, 1);
    atomic_fetch_add(&t->counters.put_bytes, bytes);
    return 0;
}
