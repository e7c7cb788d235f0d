/* SPDX-License-Identifier: Apache-2.0 */
/* get.c - reads objects and ranges of them, and trusts no length. */
#include "common/s3/client.h"
#include "common/s3/operation.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What is read, and how much of it has come. */
struct reading {
    struct lagan_op *op;
    uint64_t offset;
    uint64_t length; /* LAGAN_TO_THE_END until the answer tells the rest */
    uint64_t taken;
    bool ranged;
    bool has_sum;    /* the store says it, and all of the content is read: */
    EVP_MD_CTX *sum; /* of what has come */
    const struct s3 *client;
    const struct lagan_sink *sink;
    struct s3_object *told; /* or NULL */
};

/* Whether the ETag is the MD5 of the content. */
static bool tells_sum(const struct s3 *client, const struct s3_answer *a)
{
    const char *etag = a->object.etag;
    size_t size = strlen(etag);
    return (s3_dialect(client)->marks & S3_IS_ETAG_SUM) && !a->is_sealed &&
           size == (size_t)2 * S3_MD5_BYTES && strspn(etag, "0123456789abcdefABCDEF") == size;
}

/* Lengths protect from what is missing, not from what is changed. */
static uint32_t begin_sum(struct reading *r, struct lagan_op *op, const struct s3_answer *a)
{
    r->has_sum = tells_sum(r->client, a);
    if (!r->has_sum)
        return LAGAN_OK;
    if (!r->sum)
        r->sum = EVP_MD_CTX_new();
    if (!r->sum || EVP_DigestInit_ex(r->sum, EVP_md5(), NULL) != 1)
        return s3_fail_memory(op);
    return LAGAN_OK;
}

static uint32_t compare_sum(struct reading *r, struct lagan_op *op, const struct s3_answer *a)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    char text[2 * S3_MD5_BYTES + 1];
    unsigned size;
    if (!r->has_sum)
        return LAGAN_OK;
    if (EVP_DigestFinal_ex(r->sum, sum, &size) != 1)
        return s3_fail_memory(op);
    for (size_t i = 0; i < S3_MD5_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
    if (strcasecmp(text, a->object.etag) == 0)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_CORRUPT, a->status,
                      "what came does not have the checksum that the store tells");
}

static uint32_t accept_range(struct reading *r, struct lagan_op *op, const struct s3_answer *a)
{
    uint64_t end;
    if (!r->ranged || !a->has_range || a->range_first != r->offset ||
        a->range_total == UINT64_MAX ||
        (a->has_length && a->length != a->range_last - a->range_first + 1))
        return lagan_fail(op, LAGAN_CORRUPT, a->status,
                          "the store gives another range than was asked for");
    if (r->length == LAGAN_TO_THE_END)
        r->length = a->range_total - r->offset;
    if (__builtin_add_overflow(r->offset, r->length, &end) || end > a->range_total)
        return lagan_fail(op, LAGAN_INVALID, a->status,
                          "the range reaches beyond the end: the object has %" PRIu64 " bytes",
                          a->range_total);
    if (a->range_last != end - 1)
        return lagan_fail(op, LAGAN_CORRUPT, a->status,
                          "the store gives another range than was asked for");
    return LAGAN_OK;
}

/* Stores may give the whole object instead of a range that covers it. */
static uint32_t accept_whole(struct reading *r, struct lagan_op *op, const struct s3_answer *a)
{
    if (!a->has_length)
        return lagan_fail(op, LAGAN_CORRUPT, a->status, "the store does not tell a length");
    if (r->length == LAGAN_TO_THE_END && r->offset == 0)
        r->length = a->length;
    if (r->offset != 0 || r->length != a->length)
        return lagan_fail(op, LAGAN_CORRUPT, a->status,
                          "the store gives the whole object instead of a range");
    return LAGAN_OK;
}

static uint32_t accept_head(void *context, struct lagan_op *op, const struct s3_answer *answer)
{
    struct reading *r = context;
    /* Now, so that the sink may look at it. */
    if (r->told)
        *r->told = answer->object;
    if (answer->status == 206)
        return accept_range(r, op, answer);
    if (answer->status == 200) {
        uint32_t result = accept_whole(r, op, answer);
        return result == LAGAN_OK ? begin_sum(r, op, answer) : result;
    }
    return lagan_fail(op, LAGAN_CORRUPT, answer->status, "the store answers %d to a read",
                      answer->status);
}

static uint32_t take(void *context, const char *data, size_t size)
{
    struct reading *r = context;
    if (size > r->length - r->taken)
        return lagan_fail(r->op, LAGAN_CORRUPT, 0, "the store gives more than it announced");
    if (r->has_sum && EVP_DigestUpdate(r->sum, data, size) != 1)
        return s3_fail_memory(r->op);
    while (size > 0) {
        size_t room = 0;
        void *place = r->sink->room(r->sink->context, &room);
        if (!place || room == 0)
            return lagan_fail(r->op, LAGAN_INVALID, 0, "the sink has no room");
        size_t part = size < room ? size : room;
        memcpy(place, data, part);
        uint32_t result = r->sink->filled(r->sink->context, part);
        if (result != LAGAN_OK)
            return result;
        data += part;
        size -= part;
        r->taken += part;
    }
    return LAGAN_OK;
}

static void add_range(struct s3_request *request, const struct reading *r)
{
    if (r->length == LAGAN_TO_THE_END)
        s3_add_header_format(request, "range", "bytes=%" PRIu64 "-", r->offset);
    else
        s3_add_header_format(request, "range", "bytes=%" PRIu64 "-%" PRIu64, r->offset,
                             r->offset + r->length - 1);
}

static uint32_t read_some(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                          struct reading *r, struct s3_object *told,
                          const struct s3_header_collector *headers)
{
    struct s3_answer answer = {.accept = accept_head,
                               .take = take,
                               .context = r,
                               .headers = headers,
                               .expected_bytes = r->length == LAGAN_TO_THE_END ? 0 : r->length};
    uint32_t result = s3_execute(client, op, request, &answer);
    if (result == LAGAN_OK && r->taken != r->length)
        result = lagan_fail(op, LAGAN_TRANSIENT, answer.status,
                            "%" PRIu64 " bytes came instead of %" PRIu64, r->taken, r->length);
    if (result == LAGAN_OK)
        result = compare_sum(r, op, &answer);
    if (told && (result == LAGAN_OK || answer.object.marker))
        *told = answer.object;
    s3_answer_free(&answer);
    return result;
}

/* Nothing of it is read: a head tells whether it is there and long enough. */
static uint32_t read_nothing(struct s3 *client, struct lagan_op *op, struct s3_request *request,
                             const struct reading *r, struct s3_object *told,
                             const struct s3_header_collector *headers)
{
    struct s3_answer answer = {.headers = headers};
    request->method = S3_HEAD;
    uint32_t result = s3_execute(client, op, request, &answer);
    if (result == LAGAN_OK && r->offset > answer.object.bytes)
        result =
            lagan_fail(op, LAGAN_INVALID, answer.status,
                       "the range reaches beyond the end: the object has %" PRIu64 " bytes",
                       answer.object.bytes);
    if (told && (result == LAGAN_OK || answer.object.marker))
        *told = answer.object;
    s3_answer_free(&answer);
    return result;
}

static struct s3_request request_for(const char *key, size_t key_size, const char *version,
                                     const char *if_match)
{
    struct s3_request request = s3_request_of(S3_GET, key, key_size);
    if (version)
        s3_add_query_text(&request, "versionId", version);
    if (if_match)
        s3_add_header_format(&request, "if-match", "\"%s\"", if_match);
    return request;
}

uint32_t s3_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                const char *version, const char *if_match, uint64_t offset, uint64_t length,
                const struct lagan_sink *sink, struct s3_object *told,
                const struct s3_header_collector *headers)
{
    struct reading r = {.op = op,
                        .offset = offset,
                        .length = length,
                        .client = client,
                        .sink = sink,
                        .told = told};
    struct s3_request request = request_for(key, key_size, version, if_match);
    uint32_t result;
    uint64_t end;
    r.ranged = offset > 0 || length != LAGAN_TO_THE_END;
    if (length != LAGAN_TO_THE_END && __builtin_add_overflow(offset, length, &end))
        result = lagan_fail(op, LAGAN_INVALID, 0, "the range reaches beyond the end");
    else if (length == 0)
        result = read_nothing(client, op, &request, &r, told, headers);
    else {
        if (r.ranged)
            add_range(&request, &r);
        result = read_some(client, op, &request, &r, told, headers);
        /* Behind the last byte there is nothing to be read, and no range. */
        if (result == LAGAN_INVALID && op->error.native == 416 && length == LAGAN_TO_THE_END) {
            s3_request_free(&request);
            request = request_for(key, key_size, version, if_match);
            result = read_nothing(client, op, &request, &r, told, headers);
        }
    }
    EVP_MD_CTX_free(r.sum);
    s3_request_free(&request);
    return result;
}
