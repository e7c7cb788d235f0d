/* SPDX-License-Identifier: Apache-2.0 */
/* payload.c - makes the body of a request ready: small ones in memory, sums where they are
 * sent. */
#include "common/s3/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t load(struct lagan_op *op, const struct s3_request *request,
                     struct s3_payload *payload)
{
    payload->owned = malloc(request->bytes);
    if (!payload->owned)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    payload->data = payload->owned;
    return request->content->read(request->content->context, 0, payload->owned,
                                  (size_t)request->bytes);
}

static bool has_body(const struct s3_request *request)
{
    return request->method == S3_PUT || request->method == S3_POST;
}

/* Where TLS keeps content whole and the store compares nothing anyway, nothing is computed. */
static bool needs_md5(const struct s3 *client, const struct s3_request *request)
{
    uint32_t marks = s3_dialect(client)->marks;
    return has_body(request) && request->bytes > 0 &&
           (request->with_md5 || (!(marks & S3_CAN_PAYLOAD_HASH) && !s3_is_tls(client)));
}

static bool needs_sha256(const struct s3 *client, const struct s3_request *request)
{
    /* In memory it costs nearly nothing, and the store compares. */
    return !request->sha256 &&
           (!s3_is_tls(client) || !request->content || request->bytes <= S3_SMALL_BODY_BYTES);
}

static uint32_t compute(struct lagan_op *op, const struct s3_request *request,
                        const struct s3_payload *payload, uint8_t *sha256, uint8_t *md5)
{
    const void *data = payload->data ? (const void *)payload->data : "";
    if (!payload->data && request->content && request->bytes > 0)
        return sha256 || md5
                   ? s3_content_sums(op, request->content, request->bytes, sha256, md5)
                   : LAGAN_OK;
    if (sha256)
        s3_sha256(data, (size_t)request->bytes, sha256);
    if (md5)
        s3_md5(data, (size_t)request->bytes, md5);
    return LAGAN_OK;
}

uint32_t s3_payload_make(struct s3 *client, struct lagan_op *op,
                         const struct s3_request *request, struct s3_payload *payload)
{
    uint8_t sha256[S3_SHA256_BYTES];
    uint8_t md5[S3_MD5_BYTES];
    bool want_sha256 = needs_sha256(client, request);
    bool want_md5 = needs_md5(client, request);
    uint32_t result = LAGAN_OK;
    *payload = (struct s3_payload){.data = request->body};
    if (request->content && request->bytes > 0 && request->bytes <= S3_SMALL_BODY_BYTES)
        result = load(op, request, payload);
    if (result == LAGAN_OK)
        result =
            compute(op, request, payload, want_sha256 ? sha256 : NULL, want_md5 ? md5 : NULL);
    if (result != LAGAN_OK)
        return result;
    if (request->sha256)
        memcpy(sha256, request->sha256, sizeof sha256);
    if (request->sha256 || want_sha256)
        s3_hex(payload->hash, sha256, sizeof sha256);
    else
        snprintf(payload->hash, sizeof payload->hash, "UNSIGNED-PAYLOAD");
    if (want_md5)
        s3_base64(payload->md5, md5, sizeof md5);
    if ((request->sha256 || want_sha256) && has_body(request) &&
        s3_dialect(client)->marks & S3_CAN_CHECKSUM)
        s3_base64(payload->checksum, sha256, sizeof sha256);
    return LAGAN_OK;
}

void s3_payload_free(struct s3_payload *payload)
{
    free(payload->owned);
}
