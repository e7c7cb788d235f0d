/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - bytes on their way into the bucket, in one request or, when they are many, in parts.
 */
#include "tgt_s3/tgt_s3.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { PIECE_BYTES = 1 << 20 };

static uint32_t hash_pieces(struct lagan_op *op, const struct body *body, EVP_MD_CTX *hash,
                            uint8_t *piece)
{
    uint32_t result = LAGAN_OK;
    for (uint64_t at = 0; result == LAGAN_OK && at < body->bytes; at += PIECE_BYTES) {
        uint64_t left = body->bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        if (lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        result = body->content->read(body->content->context, at, piece, size);
        if (result == LAGAN_OK && !EVP_DigestUpdate(hash, piece, size))
            result = lagan_fail(op, LAGAN_INTERNAL, 0, "no SHA-256");
    }
    return result;
}

uint32_t body_hash(struct lagan_op *op, const struct body *body, uint8_t sha256[SHA256_BYTES])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    size_t room = body->bytes < PIECE_BYTES ? (size_t)body->bytes : PIECE_BYTES;
    uint8_t *piece = malloc(room ? room : 1);
    uint32_t result = LAGAN_OK;
    if (!hash || !piece || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    else
        result = hash_pieces(op, body, hash, piece);
    if (result == LAGAN_OK && !EVP_DigestFinal_ex(hash, sha256, NULL))
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "no SHA-256");
    free(piece);
    EVP_MD_CTX_free(hash);
    return result;
}

/* A part of a content. */
struct slice {
    const struct lagan_content *content;
    uint64_t start;
};

static uint32_t read_slice(void *context, uint64_t offset, void *data, size_t size)
{
    const struct slice *s = context;
    return s->content->read(s->content->context, s->start + offset, data, size);
}

/* As many as fit into the number of parts that an upload may have. */
static uint64_t part_bytes(const struct store *s, uint64_t bytes)
{
    uint64_t part = s->instance->part_bytes;
    uint64_t least = bytes / S3_PART_LIMIT + 1;
    return part < least ? least : part;
}

static uint32_t put_parts(struct lagan_op *op, struct s3_upload *upload,
                          const struct body *body, uint64_t part, uint32_t *count)
{
    for (uint64_t at = 0; at < body->bytes; at += part) {
        struct slice slice = {.content = body->content, .start = at};
        struct lagan_content content = {.context = &slice, .read = read_slice};
        uint64_t left = body->bytes - at;
        uint32_t result =
            s3_upload_part(upload, op, ++*count, left < part ? left : part, &content, NULL);
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}

static uint32_t put_long(const struct store *s, struct lagan_op *op, const struct name *name,
                         const struct body *body, const struct s3_give *give)
{
    struct s3_upload *upload = NULL;
    uint32_t count = 0;
    uint32_t result = s3_upload_begin(s->client, op, name->text, name->size, give, &upload);
    if (result != LAGAN_OK)
        return result;
    result = put_parts(op, upload, body, part_bytes(s, body->bytes), &count);
    if (result == LAGAN_OK)
        return s3_upload_complete(upload, op, count, give->if_absent, NULL);
    s3_upload_abort(upload);
    fail_outcome(op, LAGAN_OUTCOME_NOT_DONE);
    return result;
}

uint32_t body_put(const struct store *s, struct lagan_op *op, const struct name *name,
                  const struct body *body, const struct s3_give *give)
{
    if (body->bytes > s->instance->part_bytes)
        return put_long(s, op, name, body, give);
    return s3_put(s->client, op, name->text, name->size, body->bytes, body->content,
                  body->sha256, give, NULL);
}
