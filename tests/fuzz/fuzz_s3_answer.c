/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_s3_answer.c - any bytes as what an object store answers: status line, headers, body, and
 * what the refusal in it means.  The first byte says who asked, and in what pieces the body
 * comes.  An input that begins with { is read as credentials too, one with [ as a profile.
 */
#include "base/object.h"
#include "common/s3/client.h"
#include "driver/operation.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

const struct lagan_host *lagan_host_table;

const char fuzz_name[] = "s3_answer";
const char *const fuzz_words[] = {"HTTP/1.1 ",
                                  "200 OK\r\n",
                                  "206 Partial\r\n",
                                  "100 Continue\r\n\r\n",
                                  "404 Not Found\r\n",
                                  "503 Slow Down\r\n",
                                  "\r\n",
                                  "\r\n\r\n",
                                  "Content-Length: ",
                                  "Content-Range: bytes 0-9/10\r\n",
                                  "Retry-After: ",
                                  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                                  "ETag: \"",
                                  "W/\"",
                                  "x-amz-",
                                  "x-oss-",
                                  "x-goog-",
                                  "x-amz-meta-",
                                  "x-amz-version-id: ",
                                  "x-amz-restore: ongoing-request=\"true\"\r\n",
                                  "x-amz-delete-marker: true\r\n",
                                  "Location: http://",
                                  "<Error><Code>",
                                  "</Code></Error>",
                                  "<?xml version=\"1.0\"?>",
                                  "<!DOCTYPE x [<!ENTITY a \"b\">]>",
                                  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}",
                                  "\\u00",
                                  "[default]\n",
                                  "aws_access_key_id = a\n",
                                  "18446744073709551615",
                                  NULL};

#define SEED(text) add(context, text, sizeof(text) - 1)

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    SEED("\0HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"ab\"\r\n\r\nok");
    SEED("\1HTTP/1.1 206 Partial\r\nContent-Range: bytes 5-9/100\r\nContent-Length: 5\r\n\r\n"
         "hello");
    SEED("\2HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Slow\r\nRetry-After: 7\r\n\r\n"
         "<Error><Code>SlowDown</Code><Message>wait</Message></Error>");
    SEED("{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\\u0063\",\"Expiration\":"
         "\"2026-01-01T00:00:00Z\",\"x\":[1,{\"y\":\"}\"}]}");
    SEED("[default]\naws_access_key_id = a\naws_secret_access_key = b\n[profile x]\n a = b\n");
}

static size_t header_names;

static void take_header(void *context, const char *name, const char *value)
{
    (void)context;
    ASSERT(strlen(name) > 0 && strlen(value) <= S3_HEADER_BYTES);
    header_names++;
}

static uint32_t take_body(void *context, const char *data, size_t size)
{
    uint64_t *taken = context;
    (void)data;
    *taken += size;
    return LAGAN_OK;
}

/* Whole lines of the head, as the library below hands them over.  What is left, or NULL. */
static const uint8_t *feed_head(struct s3_answer *answer, struct lagan_op *op,
                                const uint8_t *data, const uint8_t *end)
{
    while (data < end && !answer->headers_done) {
        const uint8_t *line = memchr(data, '\n', (size_t)(end - data));
        size_t size = line ? (size_t)(line + 1 - data) : (size_t)(end - data);
        if (!s3_answer_line(answer, op, (const char *)data, size))
            return NULL;
        data += size;
    }
    return data;
}

static bool feed(struct s3_answer *answer, struct lagan_op *op, const uint8_t *data,
                 size_t size, size_t piece)
{
    const uint8_t *end = data + size;
    data = feed_head(answer, op, data, end);
    while (data && data < end) {
        size_t part = (size_t)(end - data) < piece ? (size_t)(end - data) : piece;
        if (!s3_answer_bytes(answer, op, (const char *)data, part))
            return false;
        data += part;
    }
    return data != NULL;
}

static void check(const struct s3_answer *answer)
{
    ASSERT(answer->header_count <= S3_HEADER_LIMIT + 1);
    ASSERT(answer->body.size <= S3_BODY_LIMIT);
    ASSERT(memchr(answer->object.etag, 0, sizeof answer->object.etag));
    ASSERT(memchr(answer->object.version, 0, sizeof answer->object.version));
    ASSERT(memchr(answer->object.storage_class, 0, sizeof answer->object.storage_class));
    ASSERT(memchr(answer->location, 0, sizeof answer->location));
    ASSERT(memchr(answer->region, 0, sizeof answer->region));
    ASSERT(!answer->has_range || answer->range_first <= answer->range_last);
}

static void read_answer(struct lagan_op *op, const uint8_t *data, size_t size, unsigned kind)
{
    uint64_t taken = 0;
    struct s3_header_collector collector = {NULL, take_header};
    struct s3_answer answer = {.headers = kind & 1 ? &collector : NULL,
                               .take = kind & 2 ? take_body : NULL,
                               .context = &taken};
    struct s3_request request = s3_request_of(kind & 4   ? S3_PUT
                                              : kind & 8 ? S3_HEAD
                                                         : S3_GET,
                                              "k", 1);
    struct s3_sending sending = {.begun = true, .whole = kind & 16};
    request.if_absent = kind & 32;
    if (!feed(&answer, op, data, size, 1 + (kind >> 6) * 7))
        lagan_fail(op, LAGAN_CORRUPT, answer.status, "refused %s",
                   answer.headers_done ? "body" : "head");
    else {
        s3_answer_end(&answer, op);
        if (answer.headers_done && !s3_answer_is_good(&answer))
            ASSERT(s3_fail_status(NULL, op, &request, &answer, &sending) != LAGAN_OK);
        else if (s3_body_is_error(&answer.body))
            ASSERT(s3_fail_in_body(NULL, op, &request, &answer) != LAGAN_OK);
    }
    check(&answer);
    s3_answer_free(&answer);
    s3_request_free(&request);
}

static void read_credentials(struct lagan_op *op, const uint8_t *data, size_t size)
{
    struct s3_keys *keys = NULL;
    char *text = malloc(size + 1);
    size_t found;
    ASSERT(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (*text == '{' && s3_keys_parse(op, text, size, "this", &keys) == LAGAN_OK)
        s3_keys_release(keys);
    const char *value = s3_profile_find(text, "default", "aws_secret_access_key", &found);
    ASSERT(!value || (value >= text && value + found <= text + size));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lagan_op op = {.size = sizeof op, .cancel_fd = -1};
    struct error e = ERROR_INIT;
    if (size == 0)
        return 0;
    lagan_host_table = operation_host_table();
    if (*data == '{' || *data == '[')
        read_credentials(&op, data, size);
    else
        read_answer(&op, data + 1, size - 1, *data);
    if (op.error.error_class != LAGAN_OK)
        /* Texts tell what the store said: its class is what counts here. */
        error_set(&e, op.error.error_class, ERROR_TEMPORARY, "%s, %c, %c",
                  error_class_name(op.error.error_class), 'a' + (int)op.error.outcome,
                  'a' + (int)op.error.scope);
    fuzz_outcome(op.error.error_class != LAGAN_OK ? &e : NULL);
    return 0;
}
