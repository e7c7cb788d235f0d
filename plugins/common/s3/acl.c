/* SPDX-License-Identifier: Apache-2.0 */
/* acl.c - access control lists of objects, as the documents that the store writes. */
#include "common/s3/operation.h"

#include <stdlib.h>
#include <string.h>

enum { ACL_LIMIT = 64 << 10 };

static uint32_t check_feature(struct s3 *client, struct lagan_op *op)
{
    return s3_features(client)->acl
               ? (uint32_t)LAGAN_OK
               : lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the store has no ACLs of objects");
}

static struct s3_request acl_request(enum s3_method method, const char *key, size_t key_size,
                                     const char *version)
{
    struct s3_request request = s3_request_of(method, key, key_size);
    s3_add_query(&request, "acl", NULL, 0);
    s3_add_version(&request, version);
    return request;
}

/* It is whole, and one. */
static uint32_t check_document(struct lagan_op *op, const char *text, size_t size)
{
    struct s3_xml_reader reader = {.root = "AccessControlPolicy"};
    struct s3_xml *x = s3_xml_new(op, &reader);
    if (!x)
        return s3_fail_memory(op);
    uint32_t result = s3_xml_feed(x, text, size);
    if (result == LAGAN_OK)
        result = s3_xml_finish(x);
    s3_xml_free(x);
    return result;
}

static uint32_t keep(struct lagan_op *op, const struct s3_text *body, char **text, size_t *size)
{
    char *copy = malloc(body->size + 1);
    if (!copy)
        return s3_fail_memory(op);
    memcpy(copy, body->data, body->size);
    copy[body->size] = '\0';
    *text = copy;
    *size = body->size;
    return LAGAN_OK;
}

uint32_t s3_acl_get(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                    const char *version, char **text, size_t *size)
{
    struct s3_request request = acl_request(S3_GET, key, key_size, version);
    struct s3_answer answer = {.body_limit = ACL_LIMIT};
    uint32_t result = check_feature(client, op);
    if (result == LAGAN_OK)
        result = s3_execute(client, op, &request, &answer);
    if (result == LAGAN_OK && s3_body_is_error(&answer.body))
        result = s3_fail_in_body(client, op, &request, &answer);
    else if (result == LAGAN_OK)
        result = check_document(op, answer.body.data, answer.body.size);
    if (result == LAGAN_OK)
        result = keep(op, &answer.body, text, size);
    s3_answer_free(&answer);
    s3_request_free(&request);
    return result;
}

uint32_t s3_acl_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                    const char *version, const char *text, size_t size)
{
    struct s3_request request = acl_request(S3_PUT, key, key_size, version);
    uint32_t result = check_feature(client, op);
    if (result == LAGAN_OK && size > ACL_LIMIT)
        result = lagan_fail(op, LAGAN_LIMIT, 0, "an ACL of %zu bytes is too long", size);
    request.body = text;
    request.bytes = size;
    request.with_md5 = true;
    s3_add_header(&request, "Content-Type", "application/xml");
    if (result == LAGAN_OK)
        result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    return result;
}
