/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_answer.c - answers of stores: what is taken from their heads, what their refusals
 * mean, and what is no answer.
 */
#include "s3_fixture.h"
#include "unit.h"

#include "common/s3/client.h"
#include "driver/operation.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Feeds a head, line by line; false when it is refused. */
static bool feed(struct s3_answer *answer, struct lagan_op *op, const char *head)
{
    s3_answer_reset(answer);
    while (*head) {
        size_t size = strcspn(head, "\n") + 1;
        if (!s3_answer_line(answer, op, head, size))
            return false;
        head += size;
    }
    return true;
}

static void note_header(void *context, const char *name, const char *value)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 1024 - size, "%s=%s\n", name, value);
}

static void answer_tells_objects(void **state)
{
    char text[1024] = "";
    struct s3_header_collector collector = {text, note_header};
    struct s3_answer a = {.headers = &collector};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_true(feed(&a, &op,
                     "HTTP/1.1 100 Continue\r\n\r\n"
                     "HTTP/1.1 206 Partial Content\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                     "Content-Range: bytes 10-19/1000\r\n"
                     "CONTENT-LENGTH:10\r\n"
                     "ETag: \"abc-2\"\r\n"
                     "Content-Type:  text/plain \r\n"
                     "x-amz-version-id: v1\r\n"
                     "x-oss-storage-class: Archive\r\n"
                     "x-amz-meta-Name: va:lue\r\n"
                     "x-amz-meta-empty:\r\n"
                     "x-amz-object-lock-retain-until-date: 1994-11-06T08:49:37Z\r\n"
                     "x-amz-replication-status: REPLICA\r\n"
                     "Connection: keep-alive\r\n"
                     "\r\n"));
    assert_int_equal(a.status, 206);
    assert_true(a.headers_done && a.has_length && a.has_range && a.from_store);
    assert_int_equal(a.length, 10);
    assert_int_equal(a.range_first, 10);
    assert_int_equal(a.range_last, 19);
    assert_int_equal(a.object.bytes, 1000);
    assert_true(a.date_ns == INT64_C(784111777000000000));
    assert_true(a.object.lock_until_ns == INT64_C(784111777000000000));
    assert_string_equal(a.object.etag, "abc-2");
    assert_string_equal(a.object.version, "v1");
    assert_string_equal(a.object.storage_class, "Archive");
    assert_string_equal(a.object.replication, "REPLICA");
    assert_true(a.object.archived);
    assert_string_equal(text, "content-type=text/plain\nx-amz-meta-name=va:lue\n"
                              "x-amz-meta-empty=\n");
    s3_answer_free(&a);
}

static void answer_tells_warm_copies(void **state)
{
    struct s3_answer a = {0};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_true(feed(&a, &op,
                     "HTTP/1.1 200 OK\r\nx-amz-storage-class: GLACIER\r\n"
                     "x-amz-restore: ongoing-request=\"true\"\r\n\r\n"));
    assert_true(a.object.archived && a.object.warming);
    assert_true(feed(&a, &op,
                     "HTTP/1.1 200 OK\r\nx-amz-storage-class: GLACIER\r\n"
                     "x-amz-restore: ongoing-request=\"false\", expiry-date=\"x\"\r\n\r\n"));
    assert_false(a.object.archived || a.object.warming);
    s3_answer_free(&a);
}

static void answer_refuses_nonsense(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 abc\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1\r\n",
        "ICY 200 OK\r\n",
        "X: y\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-4/10\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-10/10\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-10\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: rows 5-10/11\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-6/9\r\nContent-Range: bytes 7-6/9\r\n",
        "HTTP/1.1 206 OK\r\nContent-Range: bytes 5-6/9\r\nContent-Range: bytes 5-7/9\r\n"};
    struct s3_answer a = {0};
    struct lagan_op op = fixture_op();
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        assert_false(feed(&a, &op, heads[i]));
        assert_true(a.bad);
    }
    s3_answer_free(&a);
}

static void answer_is_bounded(void **state)
{
    static char line[8192];
    struct s3_answer a = {0};
    struct lagan_op op = fixture_op();
    unsigned count = 0;
    (void)state;
    assert_true(feed(&a, &op, "HTTP/1.1 200 OK\r\n"));
    while (count < 1000 && s3_answer_line(&a, &op, "a: b\r\n", 6))
        count++;
    assert_int_equal(count, S3_HEADER_LIMIT);
    memset(line, 'a', sizeof line);
    line[1] = ':';
    s3_answer_reset(&a);
    assert_true(feed(&a, &op, "HTTP/1.1 200 OK\r\n"));
    for (count = 0; count < 1000 && s3_answer_line(&a, &op, line, sizeof line); count++)
        ;
    assert_true(count < 9 && a.bad);
    s3_answer_reset(&a);
    for (count = 0; count < 1000; count++)
        if (!s3_answer_line(&a, &op, "HTTP/1.1 100 Continue\r\n", 23) ||
            !s3_answer_line(&a, &op, "\r\n", 2))
            break;
    assert_true(count < 20);
    s3_answer_free(&a);
}

static void answer_bounds_bodies(void **state)
{
    static char piece[64 << 10];
    struct s3_answer a = {0};
    struct lagan_op op = fixture_op();
    uint64_t bytes = 0;
    (void)state;
    assert_true(feed(&a, &op, "HTTP/1.1 200 OK\r\n\r\n"));
    while (bytes < 64 << 20 && s3_answer_bytes(&a, &op, piece, sizeof piece))
        bytes += sizeof piece;
    assert_int_equal(bytes, S3_BODY_LIMIT);
    assert_true(a.bad);
    /* What is behind the beginning of an error is dropped. */
    assert_true(feed(&a, &op, "HTTP/1.1 500 Oops\r\n\r\n"));
    for (bytes = 0; bytes < 8 << 20; bytes += sizeof piece)
        assert_true(s3_answer_bytes(&a, &op, piece, sizeof piece));
    assert_true(a.body.size <= S3_BODY_LIMIT);
    s3_answer_free(&a);
}

static void answer_tells_when_to_retry(void **state)
{
    static const struct {
        const char *text;
        uint32_t wanted;
    } cases[] = {{"7", 7000},
                 {"0", 0},
                 {"100000000000", 86400000},
                 {"-1", 0},
                 {"soon", 0},
                 {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
                 {"Sun, 06 Nov 1994 08:49:27 GMT", 0}};
    struct s3_answer a = {0};
    struct lagan_op op = fixture_op();
    char head[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(head, sizeof head,
                 "HTTP/1.1 503 Slow\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                 "Retry-After: %s\r\n\r\n",
                 cases[i].text);
        assert_true(feed(&a, &op, head));
        assert_int_equal(a.retry_after_ms, cases[i].wanted);
    }
    s3_answer_free(&a);
}

/* A refusal, and what it means.  `method` matters for what may have been done. */
static const struct refusal {
    const char *status;
    const char *headers;
    const char *code; /* NULL = no body */
    const char *message;
    uint32_t error_class;
    uint32_t scope;
    uint32_t outcome; /* of a put */
    bool if_absent;
} refusals[] = {
#define ITEM LAGAN_SCOPE_ITEM
#define HANDLE LAGAN_SCOPE_HANDLE
#define NOT_DONE LAGAN_OUTCOME_NOT_DONE
#define UNKNOWN LAGAN_OUTCOME_UNKNOWN
    {"404 No", "", "NoSuchKey", "", LAGAN_NOT_FOUND, ITEM, NOT_DONE, false},
    {"404 No", "", "NoSuchBucket", "", LAGAN_NOT_FOUND, HANDLE, NOT_DONE, false},
    {"404 No", "", NULL, NULL, LAGAN_CORRUPT, ITEM, NOT_DONE, false},
    {"404 No", "x-amz-request-id: 1\r\n", NULL, NULL, LAGAN_NOT_FOUND, ITEM, NOT_DONE, false},
    {"405 No", "x-amz-delete-marker: true\r\n", "MethodNotAllowed", "", LAGAN_NOT_FOUND, ITEM,
     NOT_DONE, false},
    {"412 No", "", "PreconditionFailed", "", LAGAN_EXISTS, ITEM, NOT_DONE, true},
    {"409 No", "", "ConditionalRequestConflict", "", LAGAN_EXISTS, ITEM, NOT_DONE, true},
    {"412 No", "", "PreconditionFailed", "", LAGAN_PRECONDITION, ITEM, NOT_DONE, false},
    {"304 No", "", NULL, NULL, LAGAN_PRECONDITION, ITEM, NOT_DONE, false},
    {"401 No", "", NULL, NULL, LAGAN_AUTH, HANDLE, NOT_DONE, false},
    {"403 No", "", "SignatureDoesNotMatch", "", LAGAN_AUTH, HANDLE, NOT_DONE, false},
    {"400 No", "", "ExpiredToken", "", LAGAN_AUTH, HANDLE, NOT_DONE, false},
    {"403 No", "", "RequestTimeTooSkewed", "", LAGAN_AUTH, HANDLE, NOT_DONE, false},
    {"403 No", "", "AccessDenied", "", LAGAN_DENIED, ITEM, NOT_DONE, false},
    {"403 No", "", "AccessDenied", "it is under object lock", LAGAN_IMMUTABLE, ITEM, NOT_DONE,
     false},
    {"403 No", "", "QuotaExceeded", "", LAGAN_NO_SPACE, ITEM, NOT_DONE, false},
    {"507 No", "", NULL, NULL, LAGAN_NO_SPACE, ITEM, NOT_DONE, false},
    {"429 No", "Retry-After: 3\r\n", NULL, NULL, LAGAN_BUSY, ITEM, NOT_DONE, false},
    {"503 No", "Retry-After: 3\r\n", "SlowDown", "", LAGAN_BUSY, ITEM, UNKNOWN, false},
    {"503 No", "", NULL, NULL, LAGAN_BUSY, ITEM, UNKNOWN, false},
    {"500 No", "", "InternalError", "", LAGAN_TRANSIENT, ITEM, UNKNOWN, false},
    {"502 No", "", NULL, NULL, LAGAN_TRANSIENT, ITEM, UNKNOWN, false},
    {"504 No", "", NULL, NULL, LAGAN_TRANSIENT, ITEM, UNKNOWN, false},
    {"403 No", "", "InvalidObjectState", "", LAGAN_OFFLINE, ITEM, NOT_DONE, false},
    {"501 No", "", "NotImplemented", "", LAGAN_UNSUPPORTED, ITEM, NOT_DONE, false},
    {"400 No", "", "BadDigest", "", LAGAN_CORRUPT, ITEM, NOT_DONE, false},
    {"400 No", "", "EntityTooLarge", "", LAGAN_LIMIT, ITEM, NOT_DONE, false},
    {"400 No", "", "KeyTooLongError", "", LAGAN_LIMIT, ITEM, NOT_DONE, false},
    {"400 No", "", "RequestTimeout", "", LAGAN_TRANSIENT, ITEM, NOT_DONE, false},
    {"400 No", "", "SomethingNew", "", LAGAN_INVALID, ITEM, NOT_DONE, false},
    {"301 No", "Location: http://evil.example/\r\n", NULL, NULL, LAGAN_DENIED, HANDLE, NOT_DONE,
     false},
    {"307 No", "", "TemporaryRedirect", "", LAGAN_DENIED, HANDLE, NOT_DONE, false},
#undef ITEM
#undef HANDLE
#undef NOT_DONE
#undef UNKNOWN
};

static uint32_t read_word(void *context, uint64_t offset, void *data, size_t size)
{
    memcpy(data, (const char *)context + offset, size);
    return LAGAN_OK;
}

/* All of them over the wire, as answers to a put. */
static void answer_refusals_mean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        char body[512];
        snprintf(body, sizeof body,
                 "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>",
                 r->code ? r->code : "", r->message ? r->message : "");
        struct canned canned = {.expect = "PUT /bucket/k HTTP/1.1",
                                .status = r->status,
                                .headers = r->headers,
                                .body = r->code ? body : ""};
        struct canned_store *store = canned_begin(&canned, 1);
        struct s3 *client = canned_client(store, "aws");
        struct s3_give give = {.if_absent = r->if_absent};
        struct lagan_op op = fixture_op();
        char word[] = "word";
        struct lagan_content content = {word, read_word};
        uint32_t result = s3_put(client, &op, "k", 1, 4, &content, NULL, &give, NULL);
        if (result != r->error_class || op.error.error_class != result)
            fail_msg("%s %s: %u, %s", r->status, r->code ? r->code : "", result, op.error.text);
        assert_int_equal(op.error.scope, r->scope);
        if (op.error.outcome != r->outcome)
            fail_msg("%s %s: outcome %u", r->status, r->code ? r->code : "", op.error.outcome);
        if (strstr(r->headers, "Retry-After"))
            assert_int_equal(op.error.retry_after_ms, 3000);
        canned_end(store);
    }
}

struct sink_context {
    char room[64];
    size_t size;
};

static void *give_room(void *context, size_t *size)
{
    struct sink_context *s = context;
    *size = sizeof s->room - s->size;
    return *size ? s->room + s->size : NULL;
}

static uint32_t take_filled(void *context, size_t size)
{
    struct sink_context *s = context;
    s->size += size;
    return LAGAN_OK;
}

/* An answer to a read of bytes 10 to 19, or of all (`length` LAGAN_TO_THE_END). */
static const struct reading_case {
    const char *status;
    const char *headers;
    const char *body;
    bool cut;
    uint64_t offset;
    uint64_t length;
    uint32_t wanted;
    size_t delivered; /* at most, when it is refused */
} readings[] = {
    {"206 OK", "Content-Range: bytes 10-19/100\r\n", "0123456789", false, 10, 10, LAGAN_OK, 10},
    {"206 OK", "Content-Range: bytes 10-19/100\r\n", "0123", true, 10, 10, LAGAN_CORRUPT, 0},
    {"206 OK", "Content-Range: bytes 10-18/19\r\n", "012345678", false, 10, 10, LAGAN_INVALID,
     0},
    {"206 OK", "Content-Range: bytes 0-9/100\r\n", "0123456789", false, 10, 10, LAGAN_CORRUPT,
     0},
    {"206 OK", "Content-Range: bytes 10-18/100\r\n", "012345678", false, 10, 10, LAGAN_CORRUPT,
     0},
    {"206 OK", "Content-Range: bytes 10-20/100\r\n", "01234567890", false, 10, 10,
     LAGAN_CORRUPT, 0},
    {"206 OK", "Content-Range: bytes 10-19/100\r\n", "012345678", false, 10, 10, LAGAN_CORRUPT,
     0},
    {"206 OK", "Content-Range: bytes 12-19/100\r\n", "23456789", false, 10, 10, LAGAN_CORRUPT,
     0},
    {"206 OK", "", "0123456789", false, 10, 10, LAGAN_CORRUPT, 0},
    {"200 OK", "", "01234567", false, 0, 10, LAGAN_CORRUPT, 0},
    {"200 OK", "", "0123456789", false, 10, 10, LAGAN_CORRUPT, 0},
    {"200 OK", "", "0123456789", false, 0, 10, LAGAN_OK, 10},
    {"200 OK", "", "0123456789", false, 0, LAGAN_TO_THE_END, LAGAN_OK, 10},
    {"200 OK", "", "0123456789", true, 0, LAGAN_TO_THE_END, LAGAN_TRANSIENT, 10},
    {"206 OK", "Content-Range: bytes 0-9/100\r\n", "0123456789", false, 0, LAGAN_TO_THE_END,
     LAGAN_CORRUPT, 0},
    {"206 OK", "Content-Range: bytes 90-99/100\r\n", "0123456789", false, 90, LAGAN_TO_THE_END,
     LAGAN_OK, 10},
    {"206 OK", "Content-Range: bytes 90-98/100\r\n", "012345678", false, 90, LAGAN_TO_THE_END,
     LAGAN_CORRUPT, 0},
    {"204 No", "", "", false, 0, LAGAN_TO_THE_END, LAGAN_CORRUPT, 0},
};

static void answer_lengths_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        const struct reading_case *r = &readings[i];
        struct canned canned = {
            .status = r->status, .headers = r->headers, .body = r->body, .cut = r->cut};
        struct canned_store *store = canned_begin(&canned, 1);
        struct s3 *client = canned_client(store, "aws");
        struct sink_context context = {.size = 0};
        struct lagan_sink sink = {&context, give_room, take_filled};
        struct lagan_op op = fixture_op();
        uint32_t result =
            s3_get(client, &op, "k", 1, NULL, NULL, r->offset, r->length, &sink, NULL, NULL);
        if (result != r->wanted || (result != LAGAN_OK && op.error.error_class != result))
            fail_msg("reading %zu: %u, %s", i, result, op.error.text);
        assert_true(context.size <= r->delivered);
        canned_end(store);
    }
}

/* What goes along with content, by what the store compares. */
static void answer_content_has_sums(void **state)
{
    static const struct {
        const char *dialect;
        const char *expect;
    } cases[] = {{"aws", "x-amz-checksum-sha256: mMHrTuk0dnQ3Y4ePy5aiX7yaF1B01kAEd57LUkL2ReY="},
                 {"oss", "content-md5: xH0YcGfGz5UyRfEotf3mKg=="},
                 {"rgw", "x-amz-content-sha256: "
                         "98c1eb4ee93476743763878fcb96a25fbc9a175074d64004779ecb5242f645e6"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct canned canned = {.expect = cases[i].expect, .status = "200 OK"};
        struct canned_store *store = canned_begin(&canned, 1);
        struct s3 *client = canned_client(store, cases[i].dialect);
        char word[] = "word";
        struct lagan_content content = {word, read_word};
        struct lagan_op op = fixture_op();
        assert_int_equal(s3_put(client, &op, "k", 1, 4, &content, NULL, NULL, NULL), LAGAN_OK);
        assert_string_equal(canned_body(store, 0), "word");
        canned_end(store);
    }
}

/* Connections that break once the request was sent. */
static void answer_missing_is_unknown(void **state)
{
    static const struct canned nothing[] = {
        {.expect = "PUT "}, {.expect = "GET "}, {.expect = "DELETE "}};
    struct canned_store *store = canned_begin(nothing, 3);
    struct s3 *client = canned_client(store, "aws");
    struct sink_context context = {.size = 0};
    struct lagan_sink sink = {&context, give_room, take_filled};
    char word[] = "word";
    struct lagan_content content = {word, read_word};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_put(client, &op, "k", 1, 4, &content, NULL, NULL, NULL),
                     LAGAN_TRANSIENT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_int_equal(
        s3_get(client, &op, "k", 1, NULL, NULL, 0, LAGAN_TO_THE_END, &sink, NULL, NULL),
        LAGAN_TRANSIENT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_TRANSIENT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
    canned_end(store);
}

/* A connection that was kept open and is closed when the next request arrives: a change is not
 * sent again, since it may have been made. */
static void answer_changes_are_sent_once(void **state)
{
    static const struct canned answers[] = {{.expect = "PUT ", .status = "200 OK"},
                                            {.expect = "PUT "}};
    struct canned_store *store = canned_begin(answers, 2);
    struct s3 *client = canned_client(store, "aws");
    char word[] = "word";
    struct lagan_content content = {word, read_word};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_put(client, &op, "k", 1, 4, &content, NULL, NULL, NULL), LAGAN_OK);
    assert_int_equal(s3_put(client, &op, "k", 1, 4, &content, NULL, NULL, NULL),
                     LAGAN_TRANSIENT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
    canned_end(store);
}

static void answer_names_the_region(void **state)
{
    static const struct canned answers[] = {
        {.expect = "/us-east-1/s3/aws4_request",
         .status = "400 Bad Request",
         .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-x-9</Region>"
                 "</Error>"},
        {.expect = "/eu-x-9/s3/aws4_request", .status = "204 No"},
        {.expect = "/eu-x-9/s3/aws4_request",
         .status = "301 Moved",
         .headers = "x-amz-bucket-region: ap-y-1\r\n"},
        {.expect = "/ap-y-1/s3/aws4_request",
         .status = "301 Moved",
         .headers = "x-amz-bucket-region: us-z-1\r\n"}};
    struct canned_store *store = canned_begin(answers, 4);
    struct s3 *client = canned_client(store, "aws");
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_OK);
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_DENIED);
    canned_end(store);
}

static void answer_probe_finds_out(void **state)
{
    static const struct canned honoured[] = {{.expect = "if-none-match: *",
                                              .status = "200 OK",
                                              .headers = "x-amz-version-id: 1\r\n"},
                                             {.expect = "if-none-match: *", .status = "412 No"},
                                             {.expect = "?versionId=1", .status = "204 No"}};
    static const struct canned ignored[] = {{.expect = "PUT ", .status = "200 OK"},
                                            {.expect = "PUT ", .status = "200 OK"},
                                            {.expect = "DELETE ", .status = "204 No"}};
    static const struct canned refused[] = {{.expect = "if-none-match", .status = "501 No"},
                                            {.expect = "PUT ", .status = "200 OK"},
                                            {.expect = "DELETE ", .status = "204 No"}};
    static const struct {
        const struct canned *answers;
        bool wanted;
    } cases[] = {{honoured, true}, {ignored, false}, {refused, false}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct canned_store *store = canned_begin(cases[i].answers, 3);
        struct s3 *client = canned_client(store, "aws");
        struct lagan_op op = fixture_op();
        assert_false(s3_features(client)->conditional_put);
        assert_int_equal(s3_probe(client, &op, "p/"), LAGAN_OK);
        assert_int_equal(s3_probe(client, &op, "p/"), LAGAN_OK);
        assert_int_equal(s3_features(client)->conditional_put, cases[i].wanted);
        canned_end(store);
    }
}

/* A store that takes connections and says nothing: a socket of which nobody takes any. */
static int listen_only(char endpoint[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(endpoint, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

/* Puts a word there; how long that takes, in nanoseconds. */
static int64_t put_into_silence(struct lagan_op *op, uint32_t *result)
{
    char endpoint[64];
    int fd = listen_only(endpoint);
    const char *const words[] = {"endpoint", endpoint,      "bucket",
                                 "bucket",   "credentials", "access:secret",
                                 "stall",    "1000000000",  NULL};
    struct s3_settings *settings = fixture_settings(words);
    struct s3 *client = fixture_client(settings);
    char word[] = "word";
    struct lagan_content content = {word, read_word};
    int64_t begin = operation_now_ns();
    if (op->deadline_ns)
        op->deadline_ns += begin;
    *result = s3_put(client, op, "k", 1, 4, &content, NULL, NULL, NULL);
    int64_t passed = operation_now_ns() - begin;
    s3_close(client);
    s3_settings_free(settings);
    close(fd);
    return passed;
}

static void answer_silence_is_ended(void **state)
{
    struct lagan_op op = fixture_op();
    uint32_t result;
    (void)state;
    assert_true(put_into_silence(&op, &result) < INT64_C(4000000000));
    assert_int_equal(result, LAGAN_TRANSIENT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
}

static void answer_waits_are_cancelled(void **state)
{
    struct lagan_op op = fixture_op();
    uint32_t result;
    (void)state;
    op.deadline_ns = INT64_C(100000000);
    assert_true(put_into_silence(&op, &result) < INT64_C(2000000000));
    assert_int_equal(result, LAGAN_CANCELLED);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
    /* Before anything was sent there is nothing unknown. */
    op = fixture_op();
    op.deadline_ns = -1;
    put_into_silence(&op, &result);
    assert_int_equal(result, LAGAN_CANCELLED);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_NOT_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answer_tells_objects),
                                       cmocka_unit_test(answer_tells_warm_copies),
                                       cmocka_unit_test(answer_refuses_nonsense),
                                       cmocka_unit_test(answer_is_bounded),
                                       cmocka_unit_test(answer_bounds_bodies),
                                       cmocka_unit_test(answer_tells_when_to_retry),
                                       cmocka_unit_test(answer_refusals_mean),
                                       cmocka_unit_test(answer_lengths_are_checked),
                                       cmocka_unit_test(answer_content_has_sums),
                                       cmocka_unit_test(answer_missing_is_unknown),
                                       cmocka_unit_test(answer_changes_are_sent_once),
                                       cmocka_unit_test(answer_silence_is_ended),
                                       cmocka_unit_test(answer_waits_are_cancelled),
                                       cmocka_unit_test(answer_names_the_region),
                                       cmocka_unit_test(answer_probe_finds_out)};
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
