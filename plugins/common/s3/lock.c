/* SPDX-License-Identifier: Apache-2.0 */
/* lock.c - how long an object is locked; and archived objects that are to be read. */
#include "common/s3/operation.h"

#include <string.h>

uint32_t s3_lock_put(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                     const char *version, const char *mode, int64_t until_ns)
{
    struct s3_request request = s3_request_of(S3_PUT, key, key_size);
    struct s3_text body = {0};
    char date[21];
    uint32_t result = LAGAN_OK;
    if (!s3_features(client)->object_lock)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the store has no object lock");
    s3_iso_write(date, until_ns);
    s3_text_format(
        &body,
        "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>%s</Mode>"
        "<RetainUntilDate>%s</RetainUntilDate></Retention>",
        mode, date);
    s3_add_query(&request, "retention", NULL, 0);
    s3_add_version(&request, version);
    s3_set_document(&request, &body);
    result = s3_tell(client, op, &request, NULL);
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}

uint32_t s3_warm(struct s3 *client, struct lagan_op *op, const char *key, size_t key_size,
                 const char *version, uint32_t days)
{
    struct s3_request request = s3_request_of(S3_POST, key, key_size);
    struct s3_answer answer = {0};
    struct s3_text body = {0};
    s3_text_format(&body,
                   "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                   "<Days>%u</Days></RestoreRequest>",
                   days);
    s3_add_query(&request, "restore", NULL, 0);
    s3_add_version(&request, version);
    s3_set_document(&request, &body);
    uint32_t result = s3_execute(client, op, &request, &answer);
    if (result != LAGAN_OK && strcmp(answer.error.code, "RestoreAlreadyInProgress") == 0)
        result = LAGAN_OK;
    s3_answer_free(&answer);
    s3_request_free(&request);
    s3_text_free(&body);
    return result;
}
