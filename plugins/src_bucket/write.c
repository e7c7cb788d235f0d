/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - objects, written back. */
#include "src_bucket/writer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MIB = 1 << 20 };

static const uint64_t create_flags = LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                                     LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS |
                                     LAGAN_CREATE_SYNC;

/* An object that was uploaded in parts gets parts of the same length where that can be told, so
 * that its ETag is the same again.  0 = it cannot. */
static size_t original_part(uint64_t bytes, const struct lagan_metadata *etag)
{
    static const unsigned usual[] = {8, 16, 5, 64, 10, 15, 20, 25, 32, 50, 12, 24, 40, 48};
    const char *text = etag ? etag->value : NULL;
    const char *dash = text ? memchr(text, '-', etag->value_size) : NULL;
    char number[24] = "";
    size_t size = dash ? etag->value_size - (size_t)(dash + 1 - text) : 0;
    if (size == 0 || size >= sizeof number)
        return 0;
    memcpy(number, dash + 1, size);
    unsigned long long parts = strtoull(number, NULL, 10);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        uint64_t part = (uint64_t)usual[i] * MIB;
        if (bytes > 0 && (bytes + part - 1) / part == parts)
            return (size_t)part;
    }
    return 0;
}

static void choose_parts(struct writer *w, const struct lagan_metadata *etag)
{
    w->part_bytes = BUCKET_PART_BYTES;
    if (!w->bounded)
        return;
    size_t original = original_part(w->bytes, etag);
    bool whole = etag != NULL && memchr(etag->value, '-', etag->value_size) == NULL;
    if (whole && w->bytes <= BUCKET_PUT_BYTES) {
        w->part_bytes = BUCKET_PUT_BYTES;
    } else if (original > 0) {
        w->part_bytes = original;
        w->in_parts = true;
    } else if (w->bytes / BUCKET_PART_BYTES >= S3_PART_LIMIT) {
        w->part_bytes = (size_t)(w->bytes / S3_PART_LIMIT / MIB + 1) * MIB;
    }
}

static const struct lagan_metadata *find_etag(const struct lagan_entry *entry)
{
    for (size_t i = 0; i < entry->piece_count; i++)
        if (strcmp(entry->pieces[i].name, LAGAN_FACT_ETAG) == 0)
            return &entry->pieces[i];
    return NULL;
}

static uint32_t prepare(struct writer *w, struct lagan_op *op, const struct lagan_entry *entry)
{
    bool told = entry->size >= sizeof *entry && entry->pieces != NULL;
    w->bounded = (entry->present & LAGAN_HAS_BYTES) != 0;
    w->bytes = w->bounded ? entry->bytes : 0;
    choose_parts(w, told ? find_etag(entry) : NULL);
    w->has_pieces = told;
    return bucket_give_make(w->bucket, op, told ? entry->pieces : NULL,
                            told ? entry->piece_count : 0, NULL, &w->give);
}

static struct writer *writer_new(struct bucket *b, uint64_t flags)
{
    struct writer *w = calloc(1, sizeof *w);
    pthread_condattr_t how;
    if (w == NULL)
        return NULL;
    w->bucket = b;
    w->flags = flags;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &how);
    pthread_condattr_destroy(&how);
    return w;
}

static uint32_t check_writable(const struct bucket *b, struct lagan_op *op, uint64_t flags)
{
    uint32_t result = bucket_check_call(op, flags, create_flags);
    if (result == LAGAN_OK && !b->writable)
        return lagan_fail(op, LAGAN_INVALID, 0, "the source is open for reading alone");
    return result;
}

uint32_t bucket_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                             uint64_t flags, void **writer)
{
    struct bucket *b = handle;
    uint32_t result = check_writable(b, op, flags);
    if (result != LAGAN_OK)
        return result;
    if (entry->type != LAGAN_ENTRY_OBJECT)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a bucket holds objects alone");
    struct writer *w = writer_new(b, flags);
    if (w == NULL)
        return bucket_memory(op);
    result = bucket_name_parse(b, op, entry->key, entry->key_size, &w->name);
    if (result == LAGAN_OK && w->name.root)
        result = lagan_fail(op, LAGAN_INVALID, 0, "an object needs a name");
    if (result == LAGAN_OK)
        result = bucket_name_check(op, &w->name);
    if (result == LAGAN_OK)
        result = prepare(w, op, entry);
    if (result == LAGAN_OK)
        *writer = w;
    else
        writer_free(w);
    return result;
}

/* Puts bytes, or zeroes (`data` NULL), into the part that `offset` lies in; `*done` is how many
 * fitted. */
static uint32_t fill_part(struct writer *w, struct lagan_op *op, uint64_t offset,
                          const char *data, uint64_t size, uint64_t *done)
{
    struct part *part;
    uint64_t start;
    uint32_t result = writer_part(w, op, offset, &part, &start);
    if (result != LAGAN_OK)
        return result;
    uint64_t left = start + part->size - offset;
    *done = left < size ? left : size;
    if (data != NULL)
        memcpy(part->data + (offset - start), data, (size_t)*done);
    else
        memset(part->data + (offset - start), 0, (size_t)*done);
    return writer_note(w, op, offset, offset + *done);
}

/* Whether parts are sent before the commit. */
static bool is_long(const struct writer *w)
{
    uint64_t whole = writer_whole(w);
    return w->bounded ? w->bytes > w->part_bytes || w->in_parts : whole > w->part_bytes;
}

static uint32_t fill(struct writer *w, struct lagan_op *op, uint64_t offset, const char *data,
                     uint64_t size)
{
    uint32_t result = bucket_check_call(op, 0, 0);
    uint64_t end;
    if (result != LAGAN_OK)
        return result;
    if (__builtin_add_overflow(offset, size, &end))
        return lagan_fail(op, LAGAN_LIMIT, 0, "no object is so long");
    /* What lies behind its length never comes to be. */
    if (w->bounded && end > w->bytes)
        end = w->bytes;
    for (uint64_t at = offset; result == LAGAN_OK && at < end;) {
        uint64_t done = 0;
        result = fill_part(w, op, at, data ? data + (at - offset) : NULL, end - at, &done);
        at += done;
        if (result == LAGAN_OK && is_long(w))
            result = writer_send(w, op, writer_whole(w));
    }
    return result;
}

uint32_t bucket_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                         size_t size)
{
    return fill(writer, op, offset, data, size);
}

uint32_t bucket_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    return fill(writer, op, offset, NULL, length);
}

static uint32_t read_only_part(void *context, uint64_t offset, void *data, size_t size)
{
    const struct part *part = context;
    if (part != NULL && size > 0)
        memcpy(data, part->data + offset, size);
    return LAGAN_OK;
}

/* All of it in one request. */
static uint32_t put_whole(struct writer *w, struct lagan_op *op, uint64_t bytes,
                          const struct bucket_give *give, struct s3_made *made)
{
    struct part *part = w->part_count > 0 ? w->parts[0] : NULL;
    struct lagan_content content = {.context = part, .read = read_only_part};
    struct s3_give how = give->give;
    uint32_t result = LAGAN_OK;
    uint64_t start;
    if (part == NULL && bytes > 0)
        result = writer_part(w, op, 0, &part, &start);
    content.context = part;
    if (result == LAGAN_OK)
        result =
            bucket_look_absent(w->bucket, op, &w->name, w->flags, BUCKET_PUT, &how.if_absent);
    if (result != LAGAN_OK)
        return result;
    return s3_put(w->bucket->client, op, w->name.key, w->name.key_size, bytes, &content, NULL,
                  &how, made);
}

/* Properties are told to the store when an upload begins. */
static void tell_late(const struct writer *w, const struct lagan_metadata *pieces, size_t count,
                      const struct lagan_metadata_collector *lost)
{
    if (w->has_pieces || lost == NULL || lost->lost == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        if (pieces[i].kind == LAGAN_METADATA_PROPERTY &&
            strncmp(pieces[i].name, LAGAN_FACT, strlen(LAGAN_FACT)) != 0)
            lost->lost(lost->context, pieces[i].name,
                       "it came after the upload of a long object had begun");
}

static uint32_t put_parts(struct writer *w, struct lagan_op *op, uint64_t bytes,
                          struct s3_made *made)
{
    bool if_absent = false;
    uint32_t parts = (uint32_t)((bytes + w->part_bytes - 1) / w->part_bytes);
    uint32_t result = writer_send_all(w, op, bytes);
    if (result == LAGAN_OK)
        result =
            bucket_look_absent(w->bucket, op, &w->name, w->flags, BUCKET_COMPLETE, &if_absent);
    if (result != LAGAN_OK)
        return result;
    struct s3_upload *upload = w->upload;
    w->upload = NULL;
    return s3_upload_complete(upload, op, parts, if_absent, made);
}

uint32_t bucket_entry_commit(void *writer, struct lagan_op *op,
                             const struct lagan_metadata *pieces, size_t count,
                             const struct lagan_metadata_collector *lost)
{
    struct writer *w = writer;
    struct bucket_give give = {.acl = NULL};
    struct s3_made made = {.etag = ""};
    uint64_t bytes = w->bounded ? w->bytes : writer_whole(w);
    bool in_parts = w->upload != NULL || bytes > w->part_bytes || (w->in_parts && bytes > 0);
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result == LAGAN_OK)
        result = bucket_give_make(w->bucket, op, pieces, count, lost, &give);
    if (result == LAGAN_OK && in_parts)
        tell_late(w, pieces, count, lost);
    if (result == LAGAN_OK)
        result =
            in_parts ? put_parts(w, op, bytes, &made) : put_whole(w, op, bytes, &give, &made);
    if (result == LAGAN_OK)
        result = bucket_give_finish(w->bucket, op, &w->name, &give, &made, lost);
    bucket_give_free(&give);
    bucket_entry_abort(w);
    return result;
}

void bucket_entry_abort(void *writer)
{
    struct writer *w = writer;
    struct s3_upload *upload = w->upload;
    writer_free(w); /* its threads use the upload */
    if (upload != NULL)
        s3_upload_abort(upload);
}
