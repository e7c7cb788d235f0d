/* SPDX-License-Identifier: Apache-2.0 */
/* parts.c - uploads in parts that the host does itself, where the store decides at their end
 * who gets the name. */
#include "tgt_s3/tgt_s3.h"

#include <stdlib.h>

struct upload {
    const struct store *store;
    struct s3_upload *upload;
    uint64_t bytes; /* that the object shall have */
};

uint32_t bucket_multipart_begin(void *handle, struct lagan_op *op, const char *key,
                                uint64_t bytes, void **upload)
{
    const struct store *s = handle;
    struct name name = name_of(s, key);
    struct s3_pair pair;
    struct s3_give give = give_of(s, key, "1", &pair);
    struct upload *u;
    uint32_t result = call_check(s, op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    if (!s->conditional_complete)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0,
                          "the store does not decide who gets the name of an upload in parts");
    u = calloc(1, sizeof *u);
    if (!u)
        return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    u->store = s;
    u->bytes = bytes;
    result = s3_upload_begin(s->client, op, name.text, name.size, &give, &u->upload);
    if (result != LAGAN_OK) {
        free(u);
        return result;
    }
    *upload = u;
    return LAGAN_OK;
}

uint32_t bucket_part_put(void *upload, struct lagan_op *op, uint32_t number, uint64_t bytes,
                         const struct lagan_content *content, const uint8_t *sha256)
{
    struct upload *u = upload;
    uint32_t result = call_check(u->store, op, 0, 0);
    if (result != LAGAN_OK)
        return result;
    if (number == 0 || number > S3_PART_LIMIT)
        return lagan_fail(op, LAGAN_LIMIT, 0, "parts have the numbers 1 to %d", S3_PART_LIMIT);
    return s3_upload_part(u->upload, op, number, bytes, content, sha256);
}

static uint32_t check_parts(const struct upload *u, struct lagan_op *op, uint32_t parts)
{
    uint64_t sum = 0;
    for (uint32_t i = 1; i <= parts; i++) {
        uint64_t bytes = 0;
        if (!s3_upload_has(u->upload, i, &bytes))
            return lagan_fail(op, LAGAN_INVALID, 0, "part %u was never put", i);
        sum += bytes;
    }
    if (sum == u->bytes)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_INVALID, 0, "the parts have %llu bytes in all, not %llu",
                      (unsigned long long)sum, (unsigned long long)u->bytes);
}

uint32_t bucket_multipart_complete(void *upload, struct lagan_op *op, uint32_t parts,
                                   uint64_t flags)
{
    struct upload *u = upload;
    uint32_t result = call_check(u->store, op, flags, PUT_FLAGS);
    if (result == LAGAN_OK)
        result = check_parts(u, op, parts);
    if (result == LAGAN_OK)
        result = s3_upload_complete(u->upload, op, parts, flags & LAGAN_PUT_IF_ABSENT, NULL);
    else
        s3_upload_abort(u->upload);
    free(u);
    return result;
}

void bucket_multipart_abort(void *upload)
{
    struct upload *u = upload;
    s3_upload_abort(u->upload);
    free(u);
}
