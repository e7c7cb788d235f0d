/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_upload.c - uploads in parts, copies and removals of many, with a store that answers
 * what real ones answer only when something goes wrong.
 */
#include "common/s3/upload.h"
#include "s3_fixture.h"

#include "driver/operation.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ETAG_1 "c4ca4238a0b923820dcc509a6f75849b"
#define ETAG_2 "c81e728d9d4c2f636f067f89cc14862c"
/* The MD5 of the bytes of both, as md5sum tells it. */
#define ETAG_WHOLE "62be021ce84139205cdaf464abcd82ff-2"

#define BEGIN                                                                                  \
    {                                                                                          \
        .expect = "POST /bucket/key?uploads", .status = "200 OK",                              \
        .body = "<InitiateMultipartUploadResult><UploadId>u/1</UploadId>"                      \
                "</InitiateMultipartUploadResult>"                                             \
    }
#define PART(number, etag)                                                                     \
    {                                                                                          \
        .expect = "?partNumber=" #number "&uploadId=u%2F1", .status = "200 OK",                \
        .headers = "ETag: \"" etag "\"\r\n"                                                    \
    }
#define COMPLETE "POST /bucket/key?uploadId=u%2F1"
#define ABORT                                                                                  \
    {                                                                                          \
        .expect = "DELETE /bucket/key?uploadId=u%2F1", .status = "204 No Content"              \
    }
#define COMPLETED                                                                              \
    "<CompleteMultipartUploadResult><ETag>&quot;abc-2&quot;</ETag>"                            \
    "</CompleteMultipartUploadResult>"

static uint32_t read_zeroes(void *context, uint64_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    memset(data, 0, size);
    return LAGAN_OK;
}

static uint32_t put_part(struct s3_upload *upload, struct lagan_op *op, uint32_t number)
{
    struct lagan_content content = {NULL, read_zeroes};
    return s3_upload_part(upload, op, number, 10, &content, NULL);
}

/* Begins, puts two parts, completes. */
static uint32_t upload_two(struct s3 *client, struct lagan_op *op, bool if_absent,
                           struct s3_made *made)
{
    struct s3_upload *upload = NULL;
    assert_int_equal(s3_upload_begin(client, op, "key", 3, NULL, &upload), LAGAN_OK);
    assert_string_equal(s3_upload_id(upload), "u/1");
    assert_int_equal(put_part(upload, op, 2), LAGAN_OK);
    assert_int_equal(put_part(upload, op, 1), LAGAN_OK);
    return s3_upload_complete(upload, op, 2, if_absent, made);
}

static void upload_completes(void **state)
{
    static const struct canned answers[] = {BEGIN,
                                            PART(2, ETAG_2),
                                            PART(1, ETAG_1),
                                            {.expect = COMPLETE,
                                             .status = "200 OK",
                                             .headers = "x-amz-version-id: v7\r\n",
                                             .body = "  \n" COMPLETED}};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct lagan_op op = fixture_op();
    struct s3_made made = {0};
    (void)state;
    assert_int_equal(upload_two(canned_client(store, "aws"), &op, false, &made), LAGAN_OK);
    assert_string_equal(made.etag, "abc-2");
    assert_string_equal(made.version, "v7");
    assert_non_null(strstr(canned_body(store, 3),
                           "<Part><PartNumber>1</PartNumber><ETag>\"" ETAG_1 "\"</ETag></Part>"
                           "<Part><PartNumber>2</PartNumber>"));
    canned_end(store);
}

/* The answer is lost, says in its body that the server failed, or is no answer: whether the
 * object is there decides. */
static void upload_settles_what_is_unknown(void **state)
{
    static const struct canned unknown[] = {
        {.expect = COMPLETE},
        {.expect = COMPLETE,
         .status = "200 OK",
         .body = "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code></Error>"},
        {.expect = COMPLETE, .status = "200 OK", .body = "<CompleteMultipartUpl"},
        {.expect = COMPLETE, .status = "500 Internal Server Error"},
    };
    static const struct canned there = {
        .expect = "HEAD /bucket/key ",
        .status = "200 OK",
        .headers = "x-amz-request-id: 1\r\nETag: \"" ETAG_WHOLE "\"\r\n"
                   "x-amz-version-id: v9\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        .body = "12345678901234567890"};
    static const struct canned other = {.expect = "HEAD /bucket/key ",
                                        .status = "200 OK",
                                        .headers =
                                            "x-amz-request-id: 1\r\nETag: \"" ETAG_1 "\"\r\n"
                                            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                                        .body = "12345678901234567890"};
    static const struct canned absent = {.expect = "HEAD /bucket/key ",
                                         .status = "404 Not Found",
                                         .headers = "x-amz-request-id: 1\r\n"};
    (void)state;
    for (size_t i = 0; i < COUNT(unknown); i++) {
        const struct canned *heads[] = {&there, &other, &absent};
        for (size_t j = 0; j < COUNT(heads); j++) {
            const struct canned answers[] = {BEGIN, PART(2, ETAG_2), PART(1, ETAG_1),
                                             unknown[i], *heads[j]};
            struct canned_store *store = canned_begin(answers, COUNT(answers));
            struct lagan_op op = fixture_op();
            struct s3_made made = {0};
            uint32_t result = upload_two(canned_client(store, "aws"), &op, false, &made);
            if (j == 0) {
                assert_int_equal(result, LAGAN_OK);
                assert_string_equal(made.etag, ETAG_WHOLE);
                assert_string_equal(made.version, "v9");
            } else {
                assert_true(result == LAGAN_TRANSIENT || result == LAGAN_CORRUPT);
                /* Nothing is aborted then: it may still come true. */
                assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
            }
            canned_end(store);
        }
    }
}

static void upload_aborts_what_was_refused(void **state)
{
    static const struct {
        struct canned answer;
        bool if_absent;
        uint32_t result;
    } cases[] = {
        {{.expect = "If-None-Match: *", .status = "412 Precondition Failed"},
         true,
         LAGAN_EXISTS},
        {{.expect = COMPLETE,
          .status = "403 Forbidden",
          .body = "<Error><Code>AccessDenied</Code></Error>"},
         false,
         LAGAN_DENIED},
        {{.expect = COMPLETE,
          .status = "200 OK",
          .body = "<Error><Code>AccessDenied</Code></Error>"},
         false,
         LAGAN_DENIED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned answers[] = {BEGIN, PART(2, ETAG_2), PART(1, ETAG_1),
                                         cases[i].answer, ABORT};
        struct canned_store *store = canned_begin(answers, COUNT(answers));
        struct lagan_op op = fixture_op();
        assert_int_equal(upload_two(canned_client(store, "aws"), &op, cases[i].if_absent, NULL),
                         cases[i].result);
        assert_int_equal(op.error.error_class, cases[i].result);
        canned_end(store);
    }
}

/* Refused in the middle of a copy in parts: nothing stays, and the error is the first one. */
static void copy_leaves_nothing_when_refused(void **state)
{
    static const struct canned answers[] = {
        {.expect = "HEAD /bucket/from ",
         .status = "200 OK",
         .headers = "x-amz-request-id: 1\r\nETag: \"" ETAG_1 "\"\r\n"
                    "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
         .body = "12345678901234567890"},
        BEGIN,
        {.expect = "x-amz-copy-source-range: bytes=0-6\r\n",
         .status = "503 Slow Down",
         .body = "<Error><Code>SlowDown</Code></Error>"},
        ABORT};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct s3 *client = canned_client(store, "aws");
    struct s3_original from = {.key = "from", .key_size = 4, .bytes = 20};
    struct s3_give give = {.storage_class = "STANDARD"};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_copy_in_parts(client, &op, &from, "key", 3, false, &give, 7, NULL),
                     LAGAN_BUSY);
    assert_int_equal(op.error.error_class, LAGAN_BUSY);
    canned_end(store);
}

/* An abort gets through although everything is cancelled. */
static void upload_is_aborted_when_cancelled(void **state)
{
    static const struct canned answers[] = {BEGIN, ABORT};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct s3 *client = canned_client(store, "aws");
    struct s3_upload *upload = NULL;
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_upload_begin(client, &op, "key", 3, NULL, &upload), LAGAN_OK);
    operation_cancel_all();
    assert_int_equal(put_part(upload, &op, 1), LAGAN_CANCELLED);
    s3_upload_abort(upload);
    operation_cancel_reset();
    canned_end(store);
}

static void copy_finds_errors_in_bodies(void **state)
{
    static const struct canned answers[] = {
        {.expect = "x-amz-copy-source: /bucket/from\r\n",
         .status = "200 OK",
         .body = "<Error><Code>SlowDown</Code></Error>"},
        {.status = "200 OK", .body = "<CopyObjectResult><ETag>\"e\"</ETag>"},
        {.status = "200 OK",
         .body = "<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>"}};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct s3 *client = canned_client(store, "aws");
    struct s3_original from = {.key = "from", .key_size = 4, .bytes = 20};
    struct s3_made made = {0};
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_copy(client, &op, &from, "key", 3, false, NULL, &made), LAGAN_BUSY);
    assert_int_equal(s3_copy(client, &op, &from, "key", 3, false, NULL, &made), LAGAN_CORRUPT);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_int_equal(s3_copy(client, &op, &from, "key", 3, false, NULL, &made), LAGAN_OK);
    assert_string_equal(made.etag, "e");
    canned_end(store);
}

#define PARTS(inside) "<ListPartsResult>" inside "</ListPartsResult>"
#define LISTED(number, size)                                                                   \
    "<Part><PartNumber>" number "</PartNumber><ETag>&quot;" ETAG_1 "&quot;</ETag><Size>" size  \
    "</Size></Part>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define MORE "<IsTruncated>true</IsTruncated>"

static void upload_resumes_by_pages(void **state)
{
    static const struct canned answers[] = {
        {.expect = "max-parts=1000&uploadId=u%2F1",
         .status = "200 OK",
         .body = PARTS(MORE LISTED("1", "10") LISTED("3", "12"))},
        {.expect = "part-number-marker=3",
         .status = "200 OK",
         .body = PARTS(LAST LISTED("10000", "7"))}};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct s3 *client = canned_client(store, "aws");
    struct s3_upload *upload = NULL;
    struct lagan_op op = fixture_op();
    uint64_t bytes = 0;
    (void)state;
    assert_int_equal(s3_upload_resume(client, &op, "key", 3, "u/1", &upload), LAGAN_OK);
    assert_true(s3_upload_has(upload, 3, &bytes));
    assert_int_equal(bytes, 12);
    assert_true(s3_upload_has(upload, 10000, &bytes));
    assert_false(s3_upload_has(upload, 2, &bytes));
    assert_false(s3_upload_has(upload, 0, &bytes));
    assert_false(s3_upload_has(upload, UINT32_MAX, &bytes));
    s3_upload_leave(upload);
    canned_end(store);
}

static void upload_refuses_lists_of_parts(void **state)
{
    static const char *const bodies[] = {
        PARTS(LISTED("1", "1")),
        PARTS(MORE),
        PARTS(LAST LISTED("0", "1")),
        PARTS(LAST LISTED("10001", "1")),
        PARTS(LAST LISTED("4294967297", "1")),
        PARTS(LAST LISTED("2", "1") LISTED("2", "1")),
        PARTS(LAST LISTED("2", "1") LISTED("1", "1")),
        PARTS(LAST LISTED("1", "x")),
        PARTS(LAST "<Part><PartNumber>1</PartNumber><Size>1</Size></Part>"),
        PARTS(LAST "<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>"),
        PARTS(LAST "<Part/>"),
        "<Other>" LAST "</Other>",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct canned answer = {.status = "200 OK", .body = bodies[i]};
        struct canned_store *store = canned_begin(&answer, 1);
        struct s3 *client = canned_client(store, "aws");
        struct s3_upload *upload = NULL;
        struct lagan_op op = fixture_op();
        if (s3_upload_resume(client, &op, "key", 3, "u/1", &upload) != LAGAN_CORRUPT)
            fail_msg("taken: %s", bodies[i]);
        canned_end(store);
    }
}

#define UPLOADS(inside) "<ListMultipartUploadsResult>" inside "</ListMultipartUploadsResult>"
#define BEGUN(key, id, time)                                                                   \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>" time                    \
    "</Initiated></Upload>"

static void sweep_goes_by_pages(void **state)
{
    static const struct canned answers[] = {
        {.expect = "max-uploads=1000&prefix=p%2F&uploads",
         .status = "200 OK",
         .body = UPLOADS(MORE BEGUN("p/a&amp;+", "i1", "2026-01-01T00:00:00.000Z")
                             BEGUN("p/a&amp;+", "i2", "2026-03-01T00:00:00.000Z")
                                 BEGUN("q/not-ours", "i3", "2026-01-01T00:00:00.000Z")
                                     BEGUN("q/z", "i4", "2026-03-01T00:00:00.000Z"))},
        {.expect = "DELETE /bucket/p/a%26%2B?uploadId=i1", .status = "204 No Content"},
        {.expect = "key-marker=q%2Fz&max-uploads=1000&prefix=p%2F&upload-id-marker=i4",
         .status = "200 OK",
         .body = UPLOADS(LAST)}};
    static const struct canned stuck[] = {
        {.status = "200 OK",
         .body = UPLOADS(MORE BEGUN("p/a", "i", "2026-03-01T00:00:00.000Z"))},
        {.expect = "upload-id-marker=i&",
         .status = "200 OK",
         .body = UPLOADS(MORE BEGUN("p/a", "i", "2026-03-01T00:00:00.000Z"))}};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct lagan_op op = fixture_op();
    int64_t february_ns = INT64_C(1769904000) * 1000000000;
    uint64_t removed = 0;
    (void)state;
    assert_int_equal(
        s3_uploads_sweep(canned_client(store, "aws"), &op, "p/", february_ns, &removed),
        LAGAN_OK);
    assert_int_equal(removed, 1);
    canned_end(store);
    store = canned_begin(stuck, COUNT(stuck));
    assert_int_equal(
        s3_uploads_sweep(canned_client(store, "aws"), &op, "p/", february_ns, &removed),
        LAGAN_CORRUPT);
    canned_end(store);
}

static void removal_tells_each(void **state)
{
    static const struct canned answers[] = {
        {.expect = "POST /bucket?delete",
         .status = "200 OK",
         .body = "<DeleteResult><Deleted><Key>a&amp;b</Key></Deleted>"
                 "<Error><Key>b</Key><VersionId>v2</VersionId><Code>AccessDenied</Code></Error>"
                 "<Deleted><Key>b</Key><VersionId>v1</VersionId></Deleted>"
                 "<Error><Key>c</Key><Code>NoSuchKey</Code></Error>"
                 "<Error><Key>d</Key><Code>SlowDown</Code></Error>"
                 "<Deleted><Key>never asked for</Key></Deleted>"
                 "<Deleted/><Error/></DeleteResult>"},
        {.expect = "DELETE /bucket/f%0Ag?versionId=v1 ", .status = "204 No Content"}};
    struct s3_removal removals[] = {{.key = "d", .key_size = 1},
                                    {.key = "b", .key_size = 1, .version = "v2"},
                                    {.key = "f\ng", .key_size = 3, .version = "v1"},
                                    {.key = "a&b", .key_size = 3},
                                    {.key = "b", .key_size = 1, .version = "v1"},
                                    {.key = "e", .key_size = 1},
                                    {.key = "c", .key_size = 1}};
    static const uint32_t wanted[] = {LAGAN_BUSY, LAGAN_DENIED,    LAGAN_OK, LAGAN_OK,
                                      LAGAN_OK,   LAGAN_TRANSIENT, LAGAN_OK};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(
        s3_remove_many(canned_client(store, "aws"), &op, removals, COUNT(removals)), LAGAN_OK);
    for (size_t i = 0; i < COUNT(removals); i++)
        if (removals[i].result != wanted[i])
            fail_msg("%s: %u", removals[i].key, removals[i].result);
    assert_non_null(strstr(canned_body(store, 0), "<Key>a&#38;b</Key>"));
    assert_null(strstr(canned_body(store, 0), "<Key>f"));
    canned_end(store);
}

/* As Swift answers: without versions. */
static void removal_counts_where_versions_are_missing(void **state)
{
    static const char *const bodies[] = {
        "<DeleteResult><Deleted><Key>k</Key></Deleted><Deleted><Key>k</Key></Deleted>"
        "</DeleteResult>",
        "<DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>",
        "<DeleteResult><Deleted><Key>k</Key></Deleted>"
        "<Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>",
        "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error>"
        "<Deleted><Key>k</Key></Deleted></DeleteResult>"};
    static const uint32_t wanted[][2] = {{LAGAN_OK, LAGAN_OK},
                                         {LAGAN_OK, LAGAN_TRANSIENT},
                                         {LAGAN_DENIED, LAGAN_DENIED},
                                         {LAGAN_DENIED, LAGAN_DENIED}};
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct canned answer = {.status = "200 OK", .body = bodies[i]};
        struct canned_store *store = canned_begin(&answer, 1);
        struct s3_removal removals[] = {{.key = "k", .key_size = 1, .version = "1"},
                                        {.key = "k", .key_size = 1, .version = "2"}};
        struct lagan_op op = fixture_op();
        assert_int_equal(s3_remove_many(canned_client(store, "swift"), &op, removals, 2),
                         LAGAN_OK);
        uint32_t better = removals[0].result < removals[1].result ? 0 : 1;
        assert_int_equal(removals[better].result, wanted[i][0]);
        assert_int_equal(removals[1 - better].result, wanted[i][1]);
        canned_end(store);
    }
}

static void removal_tells_failure_of_all(void **state)
{
    static const struct canned answers[] = {
        {.status = "200 OK", .body = "<Error><Code>SlowDown</Code></Error>"},
        {.status = "200 OK", .body = "<DeleteResult><Deleted><Key>a</Key></Deleted>"}};
    struct s3_removal removals[] = {{.key = "a", .key_size = 1}, {.key = "b", .key_size = 1}};
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    struct s3 *client = canned_client(store, "aws");
    struct lagan_op op = fixture_op();
    (void)state;
    assert_int_equal(s3_remove_many(client, &op, removals, 2), LAGAN_BUSY);
    assert_int_equal(removals[0].result, LAGAN_BUSY);
    assert_int_equal(s3_remove_many(client, &op, removals, 2), LAGAN_CORRUPT);
    assert_int_equal(removals[0].result, LAGAN_CORRUPT);
    assert_int_equal(s3_remove_many(client, &op, removals, 0), LAGAN_OK);
    assert_int_equal(s3_remove_many(client, &op, removals, S3_LIST_LIMIT + 1), LAGAN_INVALID);
    canned_end(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload_completes),
        cmocka_unit_test(upload_settles_what_is_unknown),
        cmocka_unit_test(upload_aborts_what_was_refused),
        cmocka_unit_test(copy_leaves_nothing_when_refused),
        cmocka_unit_test(upload_is_aborted_when_cancelled),
        cmocka_unit_test(copy_finds_errors_in_bodies),
        cmocka_unit_test(upload_resumes_by_pages),
        cmocka_unit_test(upload_refuses_lists_of_parts),
        cmocka_unit_test(sweep_goes_by_pages),
        cmocka_unit_test(removal_tells_each),
        cmocka_unit_test(removal_counts_where_versions_are_missing),
        cmocka_unit_test(removal_tells_failure_of_all),
    };
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
