/* SPDX-License-Identifier: Apache-2.0 */
/* upload.c - uploads in parts: their begin, their parts, and their end without an object. */
#include "common/s3/upload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PARTS = 16 };

struct s3_upload *s3_upload_new(struct s3 *client, const char *key, size_t key_size,
                                const char *id)
{
    struct s3_upload *u = calloc(1, sizeof *u);
    if (!u)
        return NULL;
    u->magic = S3_UPLOAD_MAGIC;
    u->client = client;
    u->key_size = key_size;
    memcpy(u->key, key, key_size);
    memcpy(u->id, id, strlen(id) + 1);
    pthread_mutex_init(&u->mutex, NULL);
    u->lock = &u->mutex;
    return u;
}

void s3_upload_free(struct s3_upload *upload)
{
    if (!upload)
        return;
    pthread_mutex_destroy(&upload->mutex);
    upload->magic = 0;
    free(upload->parts);
    s3_text_free(&upload->tags);
    free(upload);
}

struct s3_request s3_upload_request(enum s3_method method, const char *key, size_t key_size,
                                    const char *id)
{
    struct s3_request request = s3_request_of(method, key, key_size);
    s3_add_query_text(&request, "uploadId", id);
    return request;
}

static uint32_t ask_id(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                       const struct s3_give *give, char id[S3_UPLOAD_ID_SIZE])
{
    struct s3_field field = {.path = "UploadId", .value = id, .room = S3_UPLOAD_ID_SIZE};
    struct s3_fields fields = {
        .op = op, .root = "InitiateMultipartUploadResult", .list = &field, .count = 1};
    struct s3_request request = s3_request_of(S3_POST, key, key_size);
    s3_add_query(&request, "uploads", NULL, 0);
    s3_add_give(client, &request, give);
    uint32_t result = s3_ask_fields(client, op, &request, &fields, NULL);
    s3_request_free(&request);
    if (result == LAGAN_OK && id[0] == '\0')
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the store began an upload without an id");
    return result;
}

/* False without memory. */
static bool keep_tags(struct s3_upload *u, const struct s3_give *give)
{
    u->tag_count = give->tag_count;
    for (size_t i = 0; i < give->tag_count; i++) {
        s3_text_add(&u->tags, give->tags[i].name, strlen(give->tags[i].name) + 1);
        s3_text_add(&u->tags, give->tags[i].value, strlen(give->tags[i].value) + 1);
    }
    return !u->tags.failed;
}

uint32_t s3_upload_begin(struct s3 *client, struct lagan_op *op, const char *key,
                         size_t key_size, const struct s3_give *give, struct s3_upload **upload)
{
    char id[S3_UPLOAD_ID_SIZE] = "";
    struct s3_give plain = s3_give_plain(give);
    struct s3_give sent = plain;
    bool apart = s3_dialect(client)->marks & S3_IS_TAGS_APART;
    if (apart)
        sent.tag_count = 0;
    uint32_t result = ask_id(client, op, key, key_size, &sent, id);
    if (result != LAGAN_OK)
        return result;
    struct s3_upload *u = s3_upload_new(client, key, key_size, id);
    if (!u || (apart && !keep_tags(u, &plain))) {
        struct lagan_op clean_up = s3_clean_up_op();
        s3_upload_remove(client, &clean_up, key, key_size, id);
        s3_upload_free(u);
        return s3_fail_memory(op);
    }
    *upload = u;
    return LAGAN_OK;
}

const char *s3_upload_id(const struct s3_upload *upload)
{
    return upload->id;
}

bool s3_upload_note(struct s3_upload *upload, uint32_t number, const char *etag, uint64_t bytes)
{
    bool done = true;
    pthread_mutex_lock(upload->lock);
    if (number > upload->room) {
        uint32_t room = upload->room > 0 ? upload->room : FIRST_PARTS;
        while (room < number)
            room *= 2;
        struct s3_part *parts = realloc(upload->parts, room * sizeof *parts);
        done = parts;
        if (done) {
            memset(parts + upload->room, 0, (room - upload->room) * sizeof *parts);
            upload->parts = parts;
            upload->room = room;
        }
    }
    if (done) {
        struct s3_part *part = &upload->parts[number - 1];
        *part = (struct s3_part){.there = true, .bytes = bytes};
        s3_etag_copy(part->etag, etag, strlen(etag));
    }
    pthread_mutex_unlock(upload->lock);
    return done;
}

bool s3_upload_has(const struct s3_upload *upload, uint32_t number, uint64_t *bytes)
{
    pthread_mutex_lock(upload->lock);
    bool has = number > 0 && number <= upload->room && upload->parts[number - 1].there;
    if (has && bytes)
        *bytes = upload->parts[number - 1].bytes;
    pthread_mutex_unlock(upload->lock);
    return has;
}

static uint32_t check_part(const struct s3_upload *u, struct lagan_op *op, uint32_t number,
                           uint64_t bytes)
{
    uint64_t most = s3_features(u->client)->part_maximum_bytes;
    if (number == 0 || bytes == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "a part without number or content");
    if (number > S3_PART_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "an upload has at most %d parts", S3_PART_LIMIT);
    if (most > 0 && bytes > most)
        return lagan_fail(op, LAGAN_LIMIT, 0, "a part of %" PRIu64 " bytes is too large",
                          bytes);
    return LAGAN_OK;
}

static struct s3_request part_request(const struct s3_upload *u, uint32_t number)
{
    struct s3_request request = s3_upload_request(S3_PUT, u->key, u->key_size, u->id);
    s3_add_query_number(&request, "partNumber", number);
    return request;
}

static uint32_t note_part(struct s3_upload *u, struct lagan_op *op, uint32_t number,
                          const char *etag, uint64_t bytes)
{
    if (etag[0] == '\0')
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the store took a part without an ETag");
    return s3_upload_note(u, number, etag, bytes) ? (uint32_t)LAGAN_OK : s3_fail_memory(op);
}

uint32_t s3_upload_part(struct s3_upload *upload, struct lagan_op *op, uint32_t number,
                        uint64_t bytes, const struct lagan_content *content,
                        const uint8_t *sha256)
{
    uint32_t result = check_part(upload, op, number, bytes);
    struct s3_made made = {0};
    if (result != LAGAN_OK)
        return result;
    struct s3_request request = part_request(upload, number);
    request.content = content;
    request.bytes = bytes;
    request.sha256 = sha256;
    result = s3_tell(upload->client, op, &request, &made);
    s3_request_free(&request);
    return result == LAGAN_OK ? note_part(upload, op, number, made.etag, bytes) : result;
}

uint32_t s3_upload_part_copy(struct s3_upload *upload, struct lagan_op *op, uint32_t number,
                             const struct s3_original *from, uint64_t offset, uint64_t length)
{
    char etag[S3_ETAG_SIZE + 2] = ""; /* with its quotes */
    char bare[S3_ETAG_SIZE];
    struct s3_field field = {.path = "ETag", .value = etag, .room = sizeof etag};
    struct s3_fields fields = {.op = op, .root = "CopyPartResult", .list = &field, .count = 1};
    uint32_t result = check_part(upload, op, number, length);
    uint64_t end;
    if (result != LAGAN_OK)
        return result;
    if (__builtin_add_overflow(offset, length, &end) || end > from->bytes)
        return lagan_fail(op, LAGAN_INVALID, 0, "a range beyond the end of the original");
    struct s3_request request = part_request(upload, number);
    s3_add_original(upload->client, &request, from);
    s3_add_header_format(&request, "x-amz-copy-source-range", "bytes=%" PRIu64 "-%" PRIu64,
                         offset, end - 1);
    request.patient = true;
    result = s3_ask_fields(upload->client, op, &request, &fields, NULL);
    s3_request_free(&request);
    if (result != LAGAN_OK)
        return result;
    s3_etag_copy(bare, etag, strlen(etag));
    return note_part(upload, op, number, bare, length);
}

uint32_t s3_upload_remove(struct s3 *client, struct lagan_op *op, const char *key,
                          size_t key_size, const char *id)
{
    struct s3_request request = s3_upload_request(S3_DELETE, key, key_size, id);
    request.clean_up = true;
    uint32_t result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    return result == LAGAN_NOT_FOUND ? (uint32_t)LAGAN_OK : result;
}

void s3_upload_abort(struct s3_upload *upload)
{
    if (!upload)
        return;
    struct lagan_op op = s3_clean_up_op();
    uint32_t result =
        s3_upload_remove(upload->client, &op, upload->key, upload->key_size, upload->id);
    if (result != LAGAN_OK)
        lagan_log(NULL, LAGAN_LEVEL_WARNING,
                  "an upload that was given up stays in %s until it is swept: %s",
                  s3_place(upload->client), op.error.text);
    s3_upload_free(upload);
}

void s3_upload_leave(struct s3_upload *upload)
{
    s3_upload_free(upload);
}
