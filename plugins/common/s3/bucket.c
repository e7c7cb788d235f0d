/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.c - the bucket itself: whether it keeps versions and locks, and how it is made. */
#include "common/s3/client.h"
#include "common/s3/operation.h"

#include <lagan/source.h>

#include <string.h>

/* The text of one element of a sub-resource of the bucket; "" when it is not told. */
static uint32_t ask_bucket(struct s3 *client, struct lagan_op *op, const char *resource,
                           const char *root, const char *path, char *value, size_t room)
{
    struct s3_field field = {.path = path, .value = value, .room = room};
    struct s3_fields fields = {.op = op, .root = root, .list = &field, .count = 1};
    struct s3_request request = s3_request_of(S3_GET, NULL, 0);
    s3_add_query(&request, resource, NULL, 0);
    request.sub_resource = true;
    uint32_t result = s3_ask_fields(client, op, &request, &fields, NULL);
    s3_request_free(&request);
    return result;
}

uint32_t s3_versioning(struct s3 *client, struct lagan_op *op, uint32_t *versions)
{
    char status[16] = "";
    uint32_t result = LAGAN_OK;
    if (s3_features(client)->versions)
        result = ask_bucket(client, op, "versioning", "VersioningConfiguration", "Status",
                            status, sizeof status);
    if (result != LAGAN_OK)
        return result;
    if (strcmp(status, "Enabled") == 0)
        *versions = LAGAN_VERSIONS_KEPT;
    else if (strcmp(status, "Suspended") == 0)
        *versions = LAGAN_VERSIONS_SUSPENDED;
    else if (status[0] == '\0')
        *versions = LAGAN_VERSIONS_NONE;
    else
        return lagan_fail(op, LAGAN_CORRUPT, 0,
                          "the store does not say in clear whether it keeps versions");
    return LAGAN_OK;
}

uint32_t s3_bucket_lock(struct s3 *client, struct lagan_op *op, bool *on)
{
    char enabled[16] = "";
    uint32_t result = LAGAN_OK;
    if (s3_features(client)->object_lock)
        result = ask_bucket(client, op, "object-lock", "ObjectLockConfiguration",
                            "ObjectLockEnabled", enabled, sizeof enabled);
    /* Not set.  That the bucket itself is missing shows elsewhere. */
    if (result == LAGAN_NOT_FOUND && op->error.scope == LAGAN_SCOPE_ITEM)
        result = LAGAN_OK;
    if (result == LAGAN_OK)
        *on = strcmp(enabled, "Enabled") == 0;
    return result;
}

/* EXISTS, or OK when it can be made. */
static uint32_t look_for_bucket(struct s3 *client, struct lagan_op *op)
{
    struct s3_request request = s3_request_of(S3_HEAD, NULL, 0);
    uint32_t result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    if (result == LAGAN_OK)
        return lagan_fail(op, LAGAN_EXISTS, 0, "the bucket is there already");
    return result == LAGAN_NOT_FOUND ? (uint32_t)LAGAN_OK : result;
}

/* Where the bucket is to lie; stores of one region need no word of it. */
static void add_region(struct s3 *client, struct s3_text *body)
{
    char region[S3_REGION_SIZE];
    s3_region_copy(client, region);
    if (strcmp(s3_dialect(client)->name, "aws") != 0 || strcmp(region, "us-east-1") == 0)
        return;
    s3_text_string(body, "<CreateBucketConfiguration "
                         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                         "<LocationConstraint>");
    s3_text_escape(body, region, strlen(region));
    s3_text_string(body, "</LocationConstraint></CreateBucketConfiguration>");
}

uint32_t s3_bucket_create(struct s3 *client, struct lagan_op *op, bool with_lock)
{
    struct s3_request request = s3_request_of(S3_PUT, NULL, 0);
    struct s3_text body = {0};
    uint32_t result = look_for_bucket(client, op);
    if (result == LAGAN_OK && with_lock && !s3_features(client)->object_lock)
        result = lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the store has no object lock");
    add_region(client, &body);
    if (body.size > 0 || body.failed)
        s3_set_document(&request, &body);
    if (with_lock)
        s3_add_header(&request, "x-amz-bucket-object-lock-enabled", "true");
    request.if_absent = true;
    if (result == LAGAN_OK)
        result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}
