/* SPDX-License-Identifier: Apache-2.0 */
/* upload_end.c - makes an object of the parts of an upload, and finds out what became of it
 * when the store's answer does not say. */
#include "common/s3/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_md5(uint8_t sum[S3_MD5_BYTES], const char *etag)
{
    if (strlen(etag) != 2 * S3_MD5_BYTES)
        return false;
    for (size_t i = 0; i < S3_MD5_BYTES; i++) {
        int high = digit_of(etag[2 * i]);
        int low = digit_of(etag[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        sum[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool s3_upload_etag(const struct s3_upload *upload, uint32_t parts, char etag[S3_ETAG_SIZE])
{
    uint8_t sum[S3_MD5_BYTES];
    char hex[2 * S3_MD5_BYTES + 1];
    uint8_t *sums = malloc((size_t)parts * S3_MD5_BYTES);
    bool known = sums;
    for (uint32_t i = 0; known && i < parts; i++)
        known = take_md5(sums + (size_t)i * S3_MD5_BYTES, upload->parts[i].etag);
    if (known) {
        s3_md5(sums, (size_t)parts * S3_MD5_BYTES, sum);
        s3_hex(hex, sum, sizeof sum);
        snprintf(etag, S3_ETAG_SIZE, "%s-%u", hex, parts);
    }
    free(sums);
    return known;
}

static void add_parts(struct s3_text *body, const struct s3_upload *u, uint32_t parts)
{
    s3_text_string(
        body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (uint32_t i = 0; i < parts; i++) {
        s3_text_format(body, "<Part><PartNumber>%u</PartNumber><ETag>\"", i + 1);
        s3_text_escape(body, u->parts[i].etag, strlen(u->parts[i].etag));
        s3_text_string(body, "\"</ETag></Part>");
    }
    s3_text_string(body, "</CompleteMultipartUpload>");
}

static uint32_t check_parts(const struct s3_upload *u, struct lagan_op *op, uint32_t parts)
{
    for (uint32_t i = 1; i <= parts; i++)
        if (!s3_upload_has(u, i, NULL))
            return lagan_fail(op, LAGAN_INVALID, 0, "part %u was never put", i);
    return parts > 0 ? (uint32_t)LAGAN_OK
                     : lagan_fail(op, LAGAN_INVALID, 0, "an upload without parts");
}

static uint32_t ask(struct s3_upload *u, struct lagan_op *op, uint32_t parts, bool if_absent,
                    struct s3_made *made)
{
    char etag[S3_ETAG_SIZE + 2] = "";
    struct s3_field field = {.path = "ETag", .value = etag, .room = sizeof etag};
    struct s3_fields fields = {
        .op = op, .root = "CompleteMultipartUploadResult", .list = &field, .count = 1};
    struct s3_request request = s3_upload_request(S3_POST, u->key, u->key_size, u->id);
    struct s3_text body = {0};
    add_parts(&body, u, parts);
    s3_set_document(&request, &body);
    request.with_md5 = false;
    request.patient = true;
    if (if_absent) {
        s3_add_header(&request, "If-None-Match", "*");
        request.if_absent = true;
    }
    uint32_t result = s3_ask_fields(u->client, op, &request, &fields, made);
    if (result == LAGAN_OK)
        s3_etag_copy(made->etag, etag, strlen(etag));
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}

/* Whether the object that is there now is made of these parts. */
static bool is_there(struct s3_upload *u, struct lagan_op *op, uint32_t parts,
                     struct s3_object *told)
{
    char etag[S3_ETAG_SIZE];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < parts; i++)
        bytes += u->parts[i].bytes;
    return s3_upload_etag(u, parts, etag) &&
           s3_head(u->client, op, u->key, u->key_size, NULL, told, NULL) == LAGAN_OK &&
           told->bytes == bytes && strcmp(told->etag, etag) == 0;
}

/* The answer was lost, or said nothing that can be believed. */
static uint32_t settle(struct s3_upload *u, struct lagan_op *op, uint32_t parts,
                       struct s3_made *made, uint32_t result)
{
    struct lagan_error why = op->error;
    struct s3_object told = {0};
    if (!lagan_cancelled(op) && is_there(u, op, parts, &told)) {
        memcpy(made->etag, told.etag, sizeof made->etag);
        memcpy(made->version, told.version, sizeof made->version);
        return LAGAN_OK;
    }
    op->error = why;
    return result;
}

/* Some stores do not tell the version, or even the ETag, of what they joined. */
static void find_made(struct s3_upload *u, struct lagan_op *op, uint32_t parts,
                      struct s3_made *made)
{
    struct s3_object told = {0};
    bool has_version = made->version[0] != '\0' || !s3_features(u->client)->versions;
    if ((has_version && made->etag[0] != '\0') || lagan_cancelled(op) ||
        !is_there(u, op, parts, &told))
        return;
    memcpy(made->etag, told.etag, sizeof made->etag);
    memcpy(made->version, told.version, sizeof made->version);
}

/* Where the store does not compare by itself. */
static uint32_t check_absent(struct s3_upload *u, struct lagan_op *op, bool *by_store)
{
    struct s3_give give = {.if_absent = true};
    *by_store = s3_features(u->client)->conditional_complete;
    return *by_store ? (uint32_t)LAGAN_OK
                     : s3_check_target(u->client, op, u->key, u->key_size, &give);
}

/* Tags that the store did not take with the upload. */
static uint32_t put_tags(struct s3_upload *u, struct lagan_op *op, const struct s3_made *made)
{
    const char *next = u->tags.data;
    struct s3_pair *tags = calloc(u->tag_count + 1, sizeof *tags);
    if (!tags)
        return s3_fail_memory(op);
    for (size_t i = 0; i < u->tag_count; i++) {
        tags[i].name = next;
        tags[i].value = next + strlen(next) + 1;
        next = tags[i].value + strlen(tags[i].value) + 1;
    }
    uint32_t result =
        s3_put_tags_apart(u->client, op, u->key, u->key_size, made, tags, u->tag_count);
    free(tags);
    return result;
}

/* What came of it, for whoever wants to know. */
static uint32_t tell(struct s3_upload *u, struct lagan_op *op, uint32_t parts,
                     struct s3_made *done, struct s3_made *made)
{
    if (made || u->tag_count > 0)
        find_made(u, op, parts, done);
    if (made)
        *made = *done;
    return u->tag_count > 0 ? put_tags(u, op, done) : (uint32_t)LAGAN_OK;
}

uint32_t s3_upload_complete(struct s3_upload *upload, struct lagan_op *op, uint32_t parts,
                            bool if_absent, struct s3_made *made)
{
    struct s3_made done = {0};
    bool by_store = false;
    bool whole = false;
    bool unknown = false;
    uint32_t result = check_parts(upload, op, parts);
    if (result == LAGAN_OK && if_absent)
        result = check_absent(upload, op, &by_store);
    if (result == LAGAN_OK) {
        result = ask(upload, op, parts, by_store, &done);
        unknown = result != LAGAN_OK && op->error.outcome == LAGAN_OUTCOME_UNKNOWN;
    }
    if (unknown)
        result = settle(upload, op, parts, &done, result);
    whole = result == LAGAN_OK;
    if (whole)
        result = tell(upload, op, parts, &done, made);
    if (whole || unknown)
        s3_upload_leave(upload);
    else
        s3_upload_abort(upload);
    return result;
}
