/* SPDX-License-Identifier: Apache-2.0 */
/* sums.c - checksums of what is sent. */
#include "common/s3/s3_private.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { PIECE_BYTES = 256 << 10 };

static void sum(const EVP_MD *kind, const void *data, size_t size, uint8_t *out)
{
    unsigned written;
    if (!kind || EVP_Digest(data, size, out, &written, kind, NULL) != 1)
        abort(); /* no sum must never pass for one */
}

void s3_sha256(const void *data, size_t size, uint8_t out[S3_SHA256_BYTES])
{
    sum(EVP_sha256(), data, size, out);
}

void s3_md5(const void *data, size_t size, uint8_t out[S3_MD5_BYTES])
{
    sum(EVP_md5(), data, size, out);
}

/* NULL when `out` is, or without memory: `*failed` then. */
static EVP_MD_CTX *begin(const EVP_MD *kind, const uint8_t *out, bool *failed)
{
    EVP_MD_CTX *context;
    if (!out)
        return NULL;
    context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, kind, NULL) != 1)
        *failed = true;
    return context;
}

static uint32_t add_all(const struct lagan_content *content, uint64_t bytes, EVP_MD_CTX *a,
                        EVP_MD_CTX *b, bool *failed)
{
    uint8_t *piece = malloc(PIECE_BYTES);
    uint32_t result = LAGAN_OK;
    *failed = *failed || !piece;
    for (uint64_t at = 0; at < bytes && result == LAGAN_OK && !*failed;) {
        size_t size = bytes - at < PIECE_BYTES ? (size_t)(bytes - at) : PIECE_BYTES;
        result = content->read(content->context, at, piece, size);
        if (result != LAGAN_OK)
            break;
        *failed = (a && EVP_DigestUpdate(a, piece, size) != 1) ||
                  (b && EVP_DigestUpdate(b, piece, size) != 1);
        at += size;
    }
    free(piece);
    return result;
}

uint32_t s3_content_sums(struct lagan_op *op, const struct lagan_content *content,
                         uint64_t bytes, uint8_t *sha256, uint8_t *md5)
{
    bool failed = false;
    EVP_MD_CTX *a = begin(EVP_sha256(), sha256, &failed);
    EVP_MD_CTX *b = begin(EVP_md5(), md5, &failed);
    uint32_t result = add_all(content, bytes, a, b, &failed);
    if (result == LAGAN_OK && !failed)
        failed = (a && EVP_DigestFinal_ex(a, sha256, NULL) != 1) ||
                 (b && EVP_DigestFinal_ex(b, md5, NULL) != 1);
    EVP_MD_CTX_free(a);
    EVP_MD_CTX_free(b);
    if (result == LAGAN_OK && failed)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "a checksum could not be computed");
    return result;
}
