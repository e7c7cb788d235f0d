/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - objects, read.  One GET without a HEAD brings a short object whole, with all that is
 * known of it; of a longer one it brings the head, and ranges the rest.
 */
#include "src_bucket/reader.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 64 << 10 };

struct reader {
    const struct bucket *bucket;
    struct bucket_name name;
    struct s3_object told;
    struct bucket_pieces pieces;
    bool complete; /* tags and access control list were asked for */
    bool changed;
    char *data; /* of a short object */
    size_t size, room;
    bool too_long;
    struct ranges *ranges; /* of a long one */
};

static void reader_free(struct reader *r)
{
    ranges_free(r->ranges);
    bucket_pieces_clear(&r->pieces);
    free(r->data);
    free(r);
}

static void *take_room(void *context, size_t *size)
{
    struct reader *r = context;
    r->too_long = r->told.bytes > BUCKET_WHOLE_BYTES;
    if (r->too_long)
        return NULL;
    if (r->size == r->room) {
        size_t room = r->room ? r->room * 2 : FIRST_BYTES;
        char *grown = realloc(r->data, room);
        if (grown == NULL)
            return NULL;
        r->data = grown;
        r->room = room;
    }
    *size = r->room - r->size;
    return r->data + r->size;
}

static uint32_t take_bytes(void *context, size_t size)
{
    struct reader *r = context;
    r->size += size;
    return LAGAN_OK;
}

/* Archived objects are asked for where that was ordered; they come within hours. */
static uint32_t judge(struct reader *r, struct lagan_op *op, uint32_t result)
{
    const struct bucket *b = r->bucket;
    if (result != LAGAN_OFFLINE)
        return result;
    if (b->instance->warm == 0)
        return lagan_fail(op, LAGAN_OFFLINE, 0,
                          "it is archived; `warm` of the source asks the store for it");
    result = s3_warm(b->client, op, r->name.key, r->name.key_size,
                     bucket_name_version(&r->name), b->instance->warm);
    if (result != LAGAN_OK)
        return result;
    return lagan_fail(op, LAGAN_OFFLINE, 0,
                      "it is archived; the store was asked for it, a later backup reads it");
}

static uint32_t open_object(struct reader *r, struct lagan_op *op)
{
    struct lagan_sink sink = {.context = r, .room = take_room, .filled = take_bytes};
    struct s3_header_collector headers = bucket_pieces_headers(&r->pieces);
    uint32_t result = s3_get(r->bucket->client, op, r->name.key, r->name.key_size,
                             bucket_name_version(&r->name), NULL, 0, LAGAN_TO_THE_END, &sink,
                             &r->told, &headers);
    if (r->too_long) {
        r->ranges = ranges_new(r->bucket, &r->name, &r->told);
        result = r->ranges ? LAGAN_OK : bucket_memory(op);
    }
    return judge(r, op, result);
}

static uint32_t hand_attributes(struct reader *r, const void *key, size_t key_size,
                                const struct lagan_entry_collector *attributes)
{
    struct bucket_entry made;
    bucket_pieces_facts(&r->pieces, &r->told);
    bucket_pieces_sort(&r->pieces);
    bucket_entry_make(&made, key, key_size, &r->told, r->name.version[0] != 0, false);
    made.entry.pieces = r->pieces.list;
    made.entry.piece_count = r->pieces.count;
    return attributes->add(attributes->context, &made.entry);
}

uint32_t bucket_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes, void **reader)
{
    struct bucket *b = handle;
    uint32_t result = bucket_check_call(op, 0, 0);
    struct reader *r = result == LAGAN_OK ? calloc(1, sizeof *r) : NULL;
    if (result != LAGAN_OK)
        return result;
    if (r == NULL)
        return bucket_memory(op);
    r->bucket = b;
    result = bucket_name_parse(b, op, key, key_size, &r->name);
    if (result == LAGAN_OK && r->name.root)
        result = lagan_fail(op, LAGAN_CHANGED, 0, "the root is no object");
    if (result == LAGAN_OK)
        result = open_object(r, op);
    if (result == LAGAN_OK && r->told.marker)
        result = lagan_fail(op, LAGAN_CHANGED, 0, "it is a delete marker");
    if (result == LAGAN_OK &&
        !bucket_entry_is(key, key_size, &r->told, r->name.version[0] != 0, id, id_size))
        result = lagan_fail(op, LAGAN_CHANGED, 0, "the object was replaced");
    if (result == LAGAN_OK)
        result = hand_attributes(r, key, key_size, attributes);
    if (result == LAGAN_OK)
        *reader = r;
    else
        reader_free(r);
    return result;
}

uint32_t bucket_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                        size_t size, size_t *got)
{
    struct reader *r = reader;
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    if (r->ranges != NULL)
        return ranges_read(r->ranges, op, offset, data, size, got, &r->changed);
    size_t left = offset < r->size ? r->size - (size_t)offset : 0;
    *got = left < size ? left : size;
    if (*got > 0)
        memcpy(data, r->data + offset, *got);
    return LAGAN_OK;
}

uint32_t bucket_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader *r = reader;
    (void)op;
    if (verdict != NULL)
        *verdict = r->changed ? LAGAN_READ_CHANGED : LAGAN_READ_CONSISTENT;
    reader_free(r);
    return LAGAN_OK;
}

uint32_t bucket_entry_metadata(void *reader, struct lagan_op *op,
                               const struct lagan_metadata_collector *pieces)
{
    struct reader *r = reader;
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result == LAGAN_OK && !r->complete)
        result = bucket_pieces_further(r->bucket, op, &r->name, &r->pieces, pieces);
    if (result != LAGAN_OK)
        return result;
    r->complete = true;
    return bucket_pieces_hand(&r->pieces, pieces);
}

uint32_t bucket_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct bucket *b = handle;
    struct bucket_pieces known = {0};
    struct s3_header_collector headers = bucket_pieces_headers(&known);
    struct bucket_name name;
    struct s3_object told = {0};
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result == LAGAN_OK)
        result = bucket_name_parse(b, op, key, key_size, &name);
    if (result != LAGAN_OK || type != LAGAN_ENTRY_OBJECT || name.root)
        return result;
    result = s3_head(b->client, op, name.key, name.key_size, bucket_name_version(&name), &told,
                     &headers);
    if (result == LAGAN_OK)
        bucket_pieces_facts(&known, &told);
    if (result == LAGAN_OK)
        result = bucket_pieces_further(b, op, &name, &known, pieces);
    if (result == LAGAN_OK)
        result = bucket_pieces_hand(&known, pieces);
    bucket_pieces_clear(&known);
    return result;
}

/* A foreign version id is refused by some stores, and not found by others. */
static uint32_t judge_stat(struct lagan_op *op, const struct bucket_name *name, uint32_t result)
{
    if (result == LAGAN_INVALID && name->version[0])
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such version");
    return result;
}

uint32_t bucket_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                           const struct lagan_entry_collector *attributes)
{
    struct bucket *b = handle;
    struct reader looked = {.bucket = b};
    struct s3_header_collector headers = bucket_pieces_headers(&looked.pieces);
    uint32_t result = bucket_check_call(op, 0, 0);
    if (result == LAGAN_OK)
        result = bucket_name_parse(b, op, key, key_size, &looked.name);
    if (result == LAGAN_OK && looked.name.root) {
        struct lagan_entry root;
        bucket_entry_root(&root);
        return attributes->add(attributes->context, &root);
    }
    if (result == LAGAN_OK)
        result = s3_head(b->client, op, looked.name.key, looked.name.key_size,
                         bucket_name_version(&looked.name), &looked.told, &headers);
    result = judge_stat(op, &looked.name, result);
    /* A marker is no object, but as a version it is there. */
    if (result == LAGAN_NOT_FOUND && looked.told.marker && looked.name.version[0])
        result = LAGAN_OK;
    if (result == LAGAN_OK)
        result = hand_attributes(&looked, key, key_size, attributes);
    bucket_pieces_clear(&looked.pieces);
    return result;
}
