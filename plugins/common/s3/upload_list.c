/* SPDX-License-Identifier: Apache-2.0 */
/* upload_list.c - parts of an upload that are there, and uploads that nobody ended. */
#include "common/s3/upload.h"

#include <stdlib.h>
#include <string.h>

/* Parts of an upload. */

static uint32_t refuse(struct lagan_op *op, const char *what)
{
    return lagan_fail(op, LAGAN_CORRUPT, 0, "the store's list of %s makes no sense", what);
}

static uint32_t begin_part(void *context, const char *path)
{
    struct s3_parts *p = context;
    if (strcmp(path, "Part") == 0) {
        p->number = 0;
        p->has_bytes = false;
        p->etag[0] = '\0';
    }
    return LAGAN_OK;
}

static uint32_t close_part(struct s3_parts *p)
{
    if (p->number <= p->last || p->number > S3_PART_LIMIT || !p->has_bytes ||
        p->etag[0] == '\0')
        return refuse(p->op, "parts");
    p->last = p->number;
    return s3_upload_note(p->upload, (uint32_t)p->number, p->etag, p->bytes)
               ? (uint32_t)LAGAN_OK
               : s3_fail_memory(p->op);
}

static uint32_t end_part(void *context, const char *path, const char *text, size_t size)
{
    struct s3_parts *p = context;
    bool good = true;
    if (strcmp(path, "Part") == 0)
        return close_part(p);
    if (strcmp(path, "Part/PartNumber") == 0)
        good = s3_number(text, &p->number);
    else if (strcmp(path, "Part/Size") == 0)
        good = p->has_bytes = s3_number(text, &p->bytes);
    else if (strcmp(path, "Part/ETag") == 0)
        s3_etag_copy(p->etag, text, size);
    else if (strcmp(path, "IsTruncated") == 0) {
        p->has_truncated = true;
        p->truncated = strcmp(text, "true") == 0;
    }
    return good ? (uint32_t)LAGAN_OK : refuse(p->op, "parts");
}

struct s3_xml_reader s3_parts_reader(struct s3_parts *parts)
{
    return (struct s3_xml_reader){
        .context = parts, .root = "ListPartsResult", .begin = begin_part, .end = end_part};
}

static uint32_t list_parts(struct s3_upload *u, struct lagan_op *op, struct s3_parts *p)
{
    struct s3_request request = s3_upload_request(S3_GET, u->key, u->key_size, u->id);
    struct s3_answer answer = {0};
    struct s3_xml_reader reader = s3_parts_reader(p);
    uint64_t before = p->last;
    s3_add_query_number(&request, "max-parts", S3_LIST_LIMIT);
    if (before > 0)
        s3_add_query_number(&request, "part-number-marker", before);
    p->has_truncated = p->truncated = false;
    uint32_t result = s3_ask(u->client, op, &request, &answer, &reader);
    if (result == LAGAN_OK && (!p->has_truncated || (p->truncated && p->last == before)))
        result = refuse(op, "parts");
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

uint32_t s3_upload_resume(struct s3 *client, struct lagan_op *op, const char *key,
                          size_t key_size, const char *id, struct s3_upload **upload)
{
    uint32_t result = s3_key_check(op, key, key_size);
    if (result != LAGAN_OK)
        return result;
    if (id[0] == '\0' || strlen(id) >= S3_UPLOAD_ID_SIZE)
        return lagan_fail(op, LAGAN_INVALID, 0, "no such id of an upload");
    struct s3_upload *u = s3_upload_new(client, key, key_size, id);
    struct s3_parts p = {.op = op, .upload = u};
    if (!u)
        return s3_fail_memory(op);
    do {
        result = list_parts(u, op, &p);
    } while (result == LAGAN_OK && p.truncated);
    if (result != LAGAN_OK) {
        s3_upload_free(u);
        return result;
    }
    *upload = u;
    return LAGAN_OK;
}

/* Uploads that are under way. */

struct begun {
    size_t key_at;
    size_t key_size;
    size_t id_at;
    int64_t since_ns;
    bool has_since;
    bool has_id;
};

struct uploads {
    struct lagan_op *op;
    struct begun *list; /* S3_LIST_LIMIT of them */
    size_t count;
    struct s3_text text; /* keys and ids; each with a zero behind */
    bool encoded;
    bool has_truncated;
    bool truncated;
    struct s3_text key_marker;
    struct s3_text id_marker;
};

static uint32_t begin_upload(void *context, const char *path)
{
    struct uploads *u = context;
    if (strcmp(path, "Upload") != 0)
        return LAGAN_OK;
    if (u->count == S3_LIST_LIMIT)
        return refuse(u->op, "uploads");
    u->list[u->count] = (struct begun){0};
    return LAGAN_OK;
}

static size_t keep(struct uploads *u, const char *text, size_t size)
{
    size_t at = u->text.size;
    s3_text_add(&u->text, text, size);
    s3_text_add(&u->text, "", 1);
    return at;
}

static uint32_t close_upload(struct uploads *u)
{
    const struct begun *b = &u->list[u->count];
    if (u->text.failed)
        return s3_fail_memory(u->op);
    if (!b->has_since || !b->has_id)
        return refuse(u->op, "uploads");
    /* A key that no document can hold: it can be neither told nor swept. */
    if (b->key_size > 0)
        u->count++;
    return LAGAN_OK;
}

static bool take_upload(struct uploads *u, const char *name, const char *text, size_t size)
{
    struct begun *b = &u->list[u->count];
    if (strcmp(name, "Key") == 0) {
        b->key_at = keep(u, text, size);
        b->key_size = size;
    } else if (strcmp(name, "UploadId") == 0) {
        b->id_at = keep(u, text, size);
        b->has_id = size > 0 && size < S3_UPLOAD_ID_SIZE;
        return b->has_id;
    } else if (strcmp(name, "Initiated") == 0) {
        b->has_since = s3_iso_date(text, &b->since_ns);
        return b->has_since;
    }
    return true;
}

static uint32_t end_upload(void *context, const char *path, const char *text, size_t size)
{
    struct uploads *u = context;
    if (strcmp(path, "Upload") == 0)
        return close_upload(u);
    if (strncmp(path, "Upload/", 7) == 0)
        return take_upload(u, path + 7, text, size) ? (uint32_t)LAGAN_OK
                                                    : refuse(u->op, "uploads");
    if (strcmp(path, "EncodingType") == 0)
        u->encoded = strcmp(text, "url") == 0;
    if (strcmp(path, "IsTruncated") == 0) {
        u->has_truncated = true;
        u->truncated = strcmp(text, "true") == 0;
    }
    return LAGAN_OK;
}

static bool decode_keys(struct uploads *u)
{
    for (size_t i = 0; u->encoded && i < u->count; i++) {
        struct begun *b = &u->list[i];
        b->key_size = s3_decode_form(u->text.data + b->key_at, b->key_size);
        if (b->key_size == SIZE_MAX)
            return false;
    }
    for (size_t i = 0; i < u->count; i++)
        if (u->list[i].key_size == 0 || u->list[i].key_size > S3_KEY_LIMIT)
            return false;
    return true;
}

/* The next page begins behind the last upload of this one; false when that does not move on. */
static bool move_on(struct uploads *u)
{
    const struct begun *last = u->count > 0 ? &u->list[u->count - 1] : NULL;
    if (!last)
        return false;
    const char *key = u->text.data + last->key_at;
    const char *id = u->text.data + last->id_at;
    size_t least = u->key_marker.size < last->key_size ? u->key_marker.size : last->key_size;
    int order = least > 0 ? memcmp(u->key_marker.data, key, least) : 0;
    if (order > 0 || (order == 0 && u->key_marker.size > last->key_size) ||
        (order == 0 && u->key_marker.size == last->key_size &&
         strcmp(u->id_marker.data, id) == 0))
        return false;
    u->key_marker.size = u->id_marker.size = 0;
    s3_text_add(&u->key_marker, key, last->key_size);
    s3_text_string(&u->id_marker, id);
    return !u->key_marker.failed && !u->id_marker.failed;
}

static void clear_uploads(struct uploads *u)
{
    u->count = 0;
    u->text.size = 0;
    u->encoded = u->has_truncated = u->truncated = false;
}

/* Keys are asked for as they are: RGW encodes them without a word of it. */
static uint32_t list_uploads(struct s3 *client, struct lagan_op *op, const char *prefix,
                             struct uploads *u)
{
    struct s3_request request = s3_request_of(S3_GET, NULL, 0);
    struct s3_answer answer = {0};
    struct s3_xml_reader reader = {.context = u,
                                   .root = "ListMultipartUploadsResult",
                                   .begin = begin_upload,
                                   .end = end_upload};
    clear_uploads(u);
    s3_add_query(&request, "uploads", NULL, 0);
    s3_add_query_number(&request, "max-uploads", S3_LIST_LIMIT);
    if (prefix[0] != '\0')
        s3_add_query_text(&request, "prefix", prefix);
    if (u->key_marker.size > 0) {
        s3_add_query(&request, "key-marker", u->key_marker.data, u->key_marker.size);
        s3_add_query(&request, "upload-id-marker", u->id_marker.data, u->id_marker.size);
    }
    uint32_t result = s3_ask(client, op, &request, &answer, &reader);
    if (result == LAGAN_OK && (!u->has_truncated || !decode_keys(u)))
        result = refuse(op, "uploads");
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

static bool has_prefix(const struct uploads *u, const struct begun *b, const char *prefix)
{
    size_t size = strlen(prefix);
    return b->key_size >= size && memcmp(u->text.data + b->key_at, prefix, size) == 0;
}

static uint32_t remove_uploads(struct s3 *client, struct lagan_op *op, const char *prefix,
                               int64_t before_ns, const struct uploads *u, uint64_t *removed)
{
    uint32_t result = LAGAN_OK;
    for (size_t i = 0; i < u->count && result == LAGAN_OK; i++) {
        const struct begun *b = &u->list[i];
        if (b->since_ns >= before_ns || !has_prefix(u, b, prefix))
            continue;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "interrupted");
        result = s3_upload_remove(client, op, u->text.data + b->key_at, b->key_size,
                                  u->text.data + b->id_at);
        *removed += result == LAGAN_OK;
    }
    return result;
}

uint32_t s3_uploads_sweep(struct s3 *client, struct lagan_op *op, const char *prefix,
                          int64_t before_ns, uint64_t *removed)
{
    struct uploads u = {.op = op};
    uint32_t result = LAGAN_OK;
    uint64_t count = 0;
    u.list = malloc(S3_LIST_LIMIT * sizeof *u.list);
    if (!u.list)
        return s3_fail_memory(op);
    do {
        result = list_uploads(client, op, prefix, &u);
        if (result == LAGAN_OK && u.truncated && !move_on(&u))
            result = refuse(op, "uploads");
        if (result == LAGAN_OK)
            result = remove_uploads(client, op, prefix, before_ns, &u, &count);
    } while (result == LAGAN_OK && u.truncated);
    if (result == LAGAN_OK)
        *removed = count;
    free(u.list);
    s3_text_free(&u.text);
    s3_text_free(&u.key_marker);
    s3_text_free(&u.id_marker);
    return result;
}
