/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - puts, heads and removes single objects. */
#include "common/s3/client.h"

#include <string.h>

uint32_t s3_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                uint64_t bytes, const struct lagan_content *content, const uint8_t *sha256,
                const struct s3_give *give, struct s3_made *made)
{
    struct s3_request request = s3_request_of(S3_PUT, key, key_size);
    struct s3_answer answer = {0};
    request.content = content;
    request.bytes = bytes;
    request.sha256 = sha256;
    s3_add_give(client, &request, give);
    uint32_t result = s3_execute(client, op, &request, &answer);
    if (result == LAGAN_OK)
        s3_answer_made(&answer, made);
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

uint32_t s3_head(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                 const char *version, struct s3_object *told,
                 const struct s3_header_collector *headers)
{
    struct s3_request request = s3_request_of(S3_HEAD, key, key_size);
    struct s3_answer answer = {.headers = headers};
    if (version)
        s3_add_query_text(&request, "versionId", version);
    uint32_t result = s3_execute(client, op, &request, &answer);
    if (told && (result == LAGAN_OK || (result == LAGAN_NOT_FOUND && answer.object.marker)))
        *told = answer.object;
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

/* Some stores refuse to remove locked versions as they refuse strangers: the version itself
 * tells which it was. */
static uint32_t look_for_lock(struct s3 *client, struct lagan_op *op, const char *key,
                              size_t key_size, const char *version)
{
    struct lagan_error refusal = op->error;
    struct s3_request request = s3_request_of(S3_HEAD, key, key_size);
    struct s3_answer answer = {0};
    bool locked = false;
    s3_add_query_text(&request, "versionId", version);
    if (s3_execute(client, op, &request, &answer) == LAGAN_OK)
        locked = answer.on_hold || answer.object.lock_until_ns > lagan_host_table->wall_ns();
    op->error = refusal;
    s3_answer_free(&answer);
    s3_request_free(&request);
    if (locked)
        return lagan_fail(op, LAGAN_IMMUTABLE, refusal.native, "the version is locked");
    return LAGAN_DENIED;
}

uint32_t s3_remove(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                   const char *version, bool bypass, struct s3_made *made)
{
    struct s3_request request = s3_request_of(S3_DELETE, key, key_size);
    struct s3_answer answer = {0};
    if (version)
        s3_add_query_text(&request, "versionId", version);
    if (bypass)
        s3_add_header(&request, "x-amz-bypass-governance-retention", "true");
    uint32_t result = s3_execute(client, op, &request, &answer);
    if (result == LAGAN_NOT_FOUND && strcmp(answer.error.code, "NoSuchBucket") != 0)
        result = LAGAN_OK;
    else if (result == LAGAN_DENIED && version)
        result = look_for_lock(client, op, key, key_size, version);
    if (result == LAGAN_OK)
        s3_answer_made(&answer, made);
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}
