/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign.c - signatures of requests.
 *
 * Source: "Authenticating Requests (AWS Signature Version 4)", headers, one chunk.
 */
#include "common/s3/client.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DAY_SIZE = 8 };

static int by_name(const void *left, const void *right)
{
    const struct s3_item *const *a = left;
    const struct s3_item *const *b = right;
    return strcasecmp((*a)->name, (*b)->name);
}

static void add_lower(struct s3_text *out, const char *name)
{
    size_t at = out->size;
    s3_text_string(out, name);
    for (; at < out->size; at++)
        out->data[at] = (char)tolower((unsigned char)out->data[at]);
}

/* Several blanks count as one. */
static void add_value(struct s3_text *out, const char *value)
{
    while (*value) {
        size_t size = strcspn(value, " ");
        s3_text_add(out, value, size);
        value += size;
        if (*value)
            s3_text_string(out, " ");
        value += strspn(value, " ");
    }
}

/* Both lists: "name:value\n"..., and "name;name". */
static void add_headers(const struct s3_request *request, struct s3_text *lines,
                        struct s3_text *names)
{
    const struct s3_item *items[S3_HEADER_LIMIT];
    for (size_t i = 0; i < request->header_count; i++)
        items[i] = &request->headers[i];
    qsort(items, request->header_count, sizeof items[0], by_name);
    for (size_t i = 0; i < request->header_count; i++) {
        add_lower(lines, items[i]->name);
        s3_text_string(lines, ":");
        add_value(lines, s3_item_value(request, items[i]));
        s3_text_string(lines, "\n");
        if (i > 0)
            s3_text_string(names, ";");
        add_lower(names, items[i]->name);
    }
}

static void hmac(const void *key, size_t key_size, const char *data, size_t size,
                 uint8_t out[S3_SHA256_BYTES])
{
    unsigned written;
    if (!HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)data, size, out,
              &written))
        abort(); /* nothing unsigned may pass for signed */
}

static void derive(const struct s3_signing *s, uint8_t key[S3_SHA256_BYTES])
{
    struct s3_text first = {0};
    s3_text_string(&first, "AWS4");
    s3_text_string(&first, s->keys->secret);
    if (!first.failed)
        hmac(first.data, first.size, s->date, DAY_SIZE, key);
    hmac(key, S3_SHA256_BYTES, s->region, strlen(s->region), key);
    hmac(key, S3_SHA256_BYTES, "s3", 2, key);
    hmac(key, S3_SHA256_BYTES, "aws4_request", 12, key);
    s3_text_wipe(&first);
}

static void add_string_to_sign(const struct s3_signing *s, const struct s3_text *canonical,
                               struct s3_text *out)
{
    uint8_t sum[S3_SHA256_BYTES];
    char hex[2 * S3_SHA256_BYTES + 1];
    s3_sha256(canonical->data, canonical->size, sum);
    s3_hex(hex, sum, sizeof sum);
    s3_text_format(out, "AWS4-HMAC-SHA256\n%s\n%.*s/%s/s3/aws4_request\n%s", s->date, DAY_SIZE,
                   s->date, s->region, hex);
}

void s3_sign(const struct s3_signing *s, const struct s3_request *request,
             struct s3_text *authorization)
{
    struct s3_text canonical = {0};
    struct s3_text names = {0};
    struct s3_text to_sign = {0};
    uint8_t key[S3_SHA256_BYTES] = {0};
    uint8_t signature[S3_SHA256_BYTES];
    char hex[2 * S3_SHA256_BYTES + 1];
    s3_text_format(&canonical, "%s\n%s\n%s\n", s->method, s->path, s->query);
    add_headers(request, &canonical, &names);
    s3_text_format(&canonical, "\n%s\n%s", names.data ? names.data : "", s->payload_hash);
    add_string_to_sign(s, &canonical, &to_sign);
    derive(s, key);
    authorization->failed |= canonical.failed || names.failed || to_sign.failed;
    if (!authorization->failed) {
        hmac(key, sizeof key, to_sign.data, to_sign.size, signature);
        s3_hex(hex, signature, sizeof signature);
        s3_text_format(authorization,
                       "AWS4-HMAC-SHA256 Credential=%s/%.*s/%s/s3/aws4_request,"
                       "SignedHeaders=%s,Signature=%s",
                       s->keys->access, DAY_SIZE, s->date, s->region, names.data, hex);
    }
    OPENSSL_cleanse(key, sizeof key);
    s3_text_free(&canonical);
    s3_text_free(&names);
    s3_text_free(&to_sign);
}
