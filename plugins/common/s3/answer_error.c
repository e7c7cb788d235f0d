/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_error.c - what errors of stores mean: class, scope, outcome.
 *
 * Source: "List of error codes" of the S3 API reference, and what the other stores add to it.
 */
#include "common/s3/client.h"
#include "common/s3/xml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What the code of an error means, whatever its status is: X(code, class). */
#define CODES(X)                                                                               \
    X("AccessDenied", DENIED)                                                                  \
    X("AccountProblem", DENIED)                                                                \
    X("AllAccessDisabled", DENIED)                                                             \
    X("AuthorizationHeaderMalformed", AUTH)                                                    \
    X("BadDigest", CORRUPT)                                                                    \
    X("BandwidthLimitExceeded", BUSY)                                                          \
    X("BucketAlreadyExists", DENIED)                                                           \
    X("BucketAlreadyOwnedByYou", EXISTS)                                                       \
    X("Busy", BUSY)                                                                            \
    X("EntityTooLarge", LIMIT)                                                                 \
    X("ExpiredToken", AUTH)                                                                    \
    X("FileAlreadyExists", EXISTS)                                                             \
    X("FileImmutable", IMMUTABLE)                                                              \
    X("IncompleteBody", TRANSIENT)                                                             \
    X("InsufficientStorage", NO_SPACE)                                                         \
    X("InternalError", TRANSIENT)                                                              \
    X("InvalidAccessKeyId", AUTH)                                                              \
    X("InvalidBucketState", PRECONDITION)                                                      \
    X("InvalidObjectState", OFFLINE)                                                           \
    X("InvalidRange", INVALID)                                                                 \
    X("InvalidSecurity", AUTH)                                                                 \
    X("InvalidToken", AUTH)                                                                    \
    X("KeyTooLong", LIMIT)                                                                     \
    X("KeyTooLongError", LIMIT)                                                                \
    X("MetadataTooLarge", LIMIT)                                                               \
    X("NoSuchBucket", NOT_FOUND)                                                               \
    X("NoSuchKey", NOT_FOUND)                                                                  \
    X("NoSuchUpload", NOT_FOUND)                                                               \
    X("NoSuchVersion", NOT_FOUND)                                                              \
    X("NotImplemented", UNSUPPORTED)                                                           \
    X("NotModified", PRECONDITION)                                                             \
    X("NotSignedUp", AUTH)                                                                     \
    X("ObjectLocked", IMMUTABLE)                                                               \
    X("OperationAborted", BUSY)                                                                \
    X("PreconditionFailed", PRECONDITION)                                                      \
    X("QuotaExceeded", NO_SPACE)                                                               \
    X("RequestExpired", AUTH)                                                                  \
    X("RequestLimitExceeded", BUSY)                                                            \
    X("RequestTimeTooSkewed", AUTH)                                                            \
    X("RequestTimeout", TRANSIENT)                                                             \
    X("ServiceUnavailable", BUSY)                                                              \
    X("SignatureDoesNotMatch", AUTH)                                                           \
    X("SlowDown", BUSY)                                                                        \
    X("SlowDownRead", BUSY)                                                                    \
    X("SlowDownWrite", BUSY)                                                                   \
    X("StorageQuotaExceeded", NO_SPACE)                                                        \
    X("Throttling", BUSY)                                                                      \
    X("ThrottlingException", BUSY)                                                             \
    X("TokenRefreshRequired", AUTH)                                                            \
    X("TooManyBuckets", LIMIT)                                                                 \
    X("TooManyRequests", BUSY)                                                                 \
    X("UserDisable", DENIED)                                                                   \
    X("UserSuspended", DENIED)                                                                 \
    X("XAmzContentChecksumMismatch", CORRUPT)                                                  \
    X("XAmzContentSHA256Mismatch", CORRUPT)                                                    \
    X("XMinioObjectLocked", IMMUTABLE)                                                         \
    X("XMinioStorageFull", NO_SPACE)

/* What a status means when the code says nothing. */
#define STATUSES(X)                                                                            \
    X(304, PRECONDITION)                                                                       \
    X(400, INVALID)                                                                            \
    X(401, AUTH)                                                                               \
    X(403, DENIED)                                                                             \
    X(404, NOT_FOUND)                                                                          \
    X(405, UNSUPPORTED)                                                                        \
    X(408, TRANSIENT)                                                                          \
    X(409, PRECONDITION)                                                                       \
    X(412, PRECONDITION)                                                                       \
    X(413, LIMIT)                                                                              \
    X(414, LIMIT)                                                                              \
    X(416, INVALID)                                                                            \
    X(429, BUSY)                                                                               \
    X(431, LIMIT)                                                                              \
    X(501, UNSUPPORTED)                                                                        \
    X(503, BUSY)                                                                               \
    X(507, NO_SPACE)

static uint32_t class_of_code(const char *code)
{
    static const struct {
        const char *code;
        uint32_t error_class;
    } rows[] = {
#define X(code, symbol) {code, LAGAN_##symbol},
        CODES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(code, rows[i].code) == 0)
            return rows[i].error_class;
    return LAGAN_OK;
}

static uint32_t class_of_status(int status)
{
    switch (status) {
#define X(status, symbol)                                                                      \
    case status:                                                                               \
        return LAGAN_##symbol;
        STATUSES(X)
#undef X
    default:
        break;
    }
    if (status >= 500)
        return LAGAN_TRANSIENT;
    if (status >= 400)
        return LAGAN_INVALID;
    return status >= 300 ? LAGAN_DENIED : LAGAN_CORRUPT;
}

uint32_t s3_class_of(int status, const char *code, bool if_absent)
{
    if (if_absent && (status == 412 || status == 409) && strcmp(code, "OperationAborted") != 0)
        return LAGAN_EXISTS;
    uint32_t by_code = class_of_code(code);
    return by_code != LAGAN_OK ? by_code : class_of_status(status);
}

/* Stores that say AccessDenied of locked objects tell the reason in words at most. */
static bool speaks_of_lock(const char *message)
{
    static const char *const words[] = {"object lock", "WORM", "retention", "legal hold"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(message, words[i]))
            return true;
    return false;
}

static uint32_t take_word(void *context, const char *path, const char *text, size_t size)
{
    struct s3_answer *a = context;
    const struct {
        const char *path;
        char *place;
        size_t room;
    } words[] = {{"Code", a->error.code, sizeof a->error.code},
                 {"Message", a->error.message, sizeof a->error.message},
                 {"Region", a->error.region, sizeof a->error.region},
                 {"Endpoint", a->error.endpoint, sizeof a->error.endpoint}};
    (void)size;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(path, words[i].path) == 0)
            snprintf(words[i].place, words[i].room, "%s", text);
    return LAGAN_OK;
}

/* Lines of errors end without one. */
static void drop_stop(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && strchr(". \n", text[size - 1]))
        text[--size] = '\0';
}

/* The Error document of the body; false when it is none. */
static bool read_error(struct s3_answer *a, struct lagan_op *op)
{
    struct s3_xml_reader reader = {.context = a, .root = "Error", .end = take_word};
    struct s3_xml *xml = a->body.size > 0 ? s3_xml_new(op, &reader) : NULL;
    bool good = xml && s3_xml_feed(xml, a->body.data, a->body.size) == LAGAN_OK &&
                s3_xml_finish(xml) == LAGAN_OK;
    s3_xml_free(xml);
    if (!good)
        a->error = (struct s3_error){0};
    drop_stop(a->error.message);
    if (!a->region[0])
        snprintf(a->region, sizeof a->region, "%s", a->error.region);
    return good;
}

void s3_answer_end(struct s3_answer *answer, struct lagan_op *op)
{
    if (answer->status >= 300)
        read_error(answer, op);
}

static bool changes(const struct s3_request *request)
{
    return request->method != S3_GET && request->method != S3_HEAD;
}

uint32_t s3_fail_outcome(struct lagan_op *op, const struct s3_request *request,
                         const struct s3_sending *sending, uint32_t result)
{
    if (changes(request) && sending->begun && sending->whole)
        op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
    return result;
}

/* What refuses a request may stand in front of what has done it: only words that such a thing
 * cannot say are certain. */
static bool may_be_done(const struct s3_answer *a)
{
    return a->status >= 500 && a->status != 501 && a->status != 507;
}

static uint32_t fail_redirect(struct lagan_op *op, const struct s3_answer *a)
{
    const char *place = a->error.endpoint[0] ? a->error.endpoint : a->location;
    lagan_fail(op, LAGAN_DENIED, a->status,
               "the bucket lies elsewhere (%s%s%s): redirects are not followed, set endpoint "
               "and region",
               place[0] ? place : "not told where", a->region[0] ? ", region " : "", a->region);
    op->error.scope = LAGAN_SCOPE_HANDLE;
    return LAGAN_DENIED;
}

static uint32_t fail_skew(struct lagan_op *op, const struct s3_answer *a)
{
    int64_t ahead = (lagan_host_table->wall_ns() - a->date_ns) / 1000000000;
    if (a->date_ns == 0)
        return lagan_fail(op, LAGAN_AUTH, a->status,
                          "the clocks of this machine and of the store differ too much");
    return lagan_fail(op, LAGAN_AUTH, a->status,
                      "this machine's clock is %lld seconds %s the store's: it is to be set "
                      "right",
                      (long long)(ahead < 0 ? -ahead : ahead),
                      ahead < 0 ? "behind" : "ahead of");
}

static uint32_t scope_of(const struct s3_answer *a, uint32_t error_class)
{
    if (error_class == LAGAN_AUTH || strcmp(a->error.code, "NoSuchBucket") == 0)
        return LAGAN_SCOPE_HANDLE;
    return LAGAN_SCOPE_ITEM;
}

/* NOT_FOUND only when it is certain: not from a gateway that knows nothing of the store. */
static bool is_doubtful(const struct s3_answer *a, uint32_t error_class)
{
    return error_class == LAGAN_NOT_FOUND && !a->error.code[0] && !a->from_store;
}

static uint32_t fail_plain(struct lagan_op *op, const struct s3_answer *a, uint32_t error_class)
{
    const char *code = a->error.code;
    const char *message = a->error.message;
    if (is_doubtful(a, error_class))
        return lagan_fail(op, LAGAN_CORRUPT, a->status,
                          "status %d does not come from an object store", a->status);
    return lagan_fail(op, error_class, a->status, "the store answers %d%s%s%s%s", a->status,
                      code[0] ? " " : "", code, message[0] ? ": " : "", message);
}

uint32_t s3_fail_status(struct s3 *client, struct lagan_op *op,
                        const struct s3_request *request, const struct s3_answer *a,
                        const struct s3_sending *sending)
{
    uint32_t error_class = s3_class_of(a->status, a->error.code, request->if_absent);
    (void)client;
    /* Who asks for the version that is a marker gets 405. */
    if (a->object.marker && (a->status == 404 || a->status == 405))
        error_class = LAGAN_NOT_FOUND;
    if (error_class == LAGAN_DENIED && changes(request) && speaks_of_lock(a->error.message))
        error_class = LAGAN_IMMUTABLE;
    if (a->status >= 300 && a->status < 400 && a->status != 304)
        return fail_redirect(op, a);
    if (strcmp(a->error.code, "RequestTimeTooSkewed") == 0)
        error_class = fail_skew(op, a);
    else
        error_class = fail_plain(op, a, error_class);
    op->error.scope = scope_of(a, error_class);
    op->error.retry_after_ms = a->retry_after_ms;
    return may_be_done(a) ? s3_fail_outcome(op, request, sending, error_class) : error_class;
}

bool s3_body_is_error(const struct s3_text *body)
{
    const char *at = body->data ? body->data : "";
    at += strspn(at, " \t\r\n");
    if (strncmp(at, "<?xml", 5) == 0) {
        const char *end = strstr(at, "?>");
        at = end ? end + 2 : "";
        at += strspn(at, " \t\r\n");
    }
    return strncmp(at, "<Error", 6) == 0 && (at[6] == '>' || at[6] == ' ');
}

uint32_t s3_fail_in_body(struct s3 *client, struct lagan_op *op,
                         const struct s3_request *request, struct s3_answer *answer)
{
    static const struct s3_sending sent = {.begun = true, .whole = true};
    (void)client;
    if (!read_error(answer, op) || !answer->error.code[0])
        return s3_fail_answer(op, request, answer, "an answer is no document of the store");
    uint32_t error_class = class_of_code(answer->error.code);
    if (error_class == LAGAN_OK)
        error_class = LAGAN_TRANSIENT;
    if (request->if_absent && error_class == LAGAN_PRECONDITION)
        error_class = LAGAN_EXISTS;
    lagan_fail(op, error_class, answer->status, "the store answers %d, then %s: %s",
               answer->status, answer->error.code, answer->error.message);
    if (error_class == LAGAN_TRANSIENT)
        return s3_fail_outcome(op, request, &sent, error_class);
    return error_class;
}

uint32_t s3_fail_answer(struct lagan_op *op, const struct s3_request *request,
                        const struct s3_answer *answer, const char *what)
{
    static const struct s3_sending sent = {.begun = true, .whole = true};
    lagan_fail(op, LAGAN_CORRUPT, answer->status, "%s", what);
    return s3_fail_outcome(op, request, &sent, LAGAN_CORRUPT);
}
