/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_sign.c - signatures, and the texts that they are made of.
 *
 * Source of the examples: "Signature Calculations for the Authorization Header: Transferring
 * Payload in a Single Chunk" of the S3 API reference.
 */
#include "s3_fixture.h"
#include "unit.h"

#include "common/s3/client.h"

#include <stdio.h>
#include <string.h>

static const char empty_hash[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Signs `request` as the examples do, and compares the signature at the end. */
static void assert_signature(struct s3_request *request, const char *path, const char *hash,
                             const char *wanted)
{
    struct s3_keys *keys = s3_keys_new("AKIAIOSFODNN7EXAMPLE",
                                       "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, 0);
    struct s3_text query = {0};
    struct s3_text authorization = {0};
    s3_add_header(request, "Host", "examplebucket.s3.amazonaws.com");
    s3_add_header(request, "x-amz-date", "20130524T000000Z");
    s3_add_header(request, "x-amz-content-sha256", hash);
    s3_request_query(request, true, &query);
    struct s3_signing signing = {.method = s3_method_name(request->method),
                                 .path = path,
                                 .query = query.data ? query.data : "",
                                 .keys = keys,
                                 .region = "us-east-1",
                                 .date = "20130524T000000Z",
                                 .payload_hash = hash};
    s3_sign(&signing, request, &authorization);
    assert_false(authorization.failed);
    assert_non_null(strstr(authorization.data,
                           "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                           "us-east-1/s3/aws4_request,SignedHeaders="));
    const char *signature = strstr(authorization.data, ",Signature=");
    assert_non_null(signature);
    assert_string_equal(signature + strlen(",Signature="), wanted);
    s3_text_free(&query);
    s3_text_free(&authorization);
    s3_keys_release(keys);
    s3_request_free(request);
}

static void sign_reads(void **state)
{
    struct s3_request request = s3_request_of(S3_GET, "test.txt", 8);
    (void)state;
    s3_add_header(&request, "Range", "bytes=0-9");
    assert_signature(&request, "/test.txt", empty_hash,
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void sign_puts(void **state)
{
    static const char body[] = "Welcome to Amazon S3.";
    struct s3_request request = s3_request_of(S3_PUT, "test$file.text", 14);
    struct s3_text path = {0};
    uint8_t sum[S3_SHA256_BYTES];
    char hash[2 * S3_SHA256_BYTES + 1];
    (void)state;
    s3_sha256(body, strlen(body), sum);
    s3_hex(hash, sum, sizeof sum);
    assert_string_equal(hash,
                        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    s3_text_string(&path, "/");
    s3_text_encode(&path, "test$file.text", 14, true);
    s3_add_header(&request, "Date", "Fri, 24 May 2013 00:00:00 GMT");
    s3_add_header(&request, "x-amz-storage-class", "  REDUCED_REDUNDANCY ");
    assert_signature(&request, path.data, hash,
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    s3_text_free(&path);
}

static void sign_bare_queries(void **state)
{
    struct s3_request request = s3_request_of(S3_GET, NULL, 0);
    (void)state;
    s3_add_query(&request, "lifecycle", NULL, 0);
    assert_signature(&request, "/", empty_hash,
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void sign_sorted_queries(void **state)
{
    struct s3_request request = s3_request_of(S3_GET, NULL, 0);
    (void)state;
    s3_add_query_text(&request, "prefix", "J");
    s3_add_query_number(&request, "max-keys", 2);
    assert_signature(&request, "/", empty_hash,
                     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void sign_encodes(void **state)
{
    struct s3_text text = {0};
    (void)state;
    s3_text_encode(&text, "a/b c+%~_-.\xc3\xa4", 13, true);
    assert_string_equal(text.data, "a/b%20c%2B%25~_-.%C3%A4");
    s3_text_free(&text);
    s3_text_encode(&text, "a/b", 3, false);
    assert_string_equal(text.data, "a%2Fb");
    assert_int_equal(s3_decode(text.data, text.size), 3);
    assert_memory_equal(text.data, "a/b", 3);
    s3_text_free(&text);
    char cut[] = "a%2";
    assert_true(s3_decode(cut, 3) == SIZE_MAX);
    char wrong[] = "a%2g";
    assert_true(s3_decode(wrong, 4) == SIZE_MAX);
}

static void sign_refuses_headers(void **state)
{
    static const char *const wrong[][2] = {{"x-amz-meta-a", "b\r\nx-evil: 1"},
                                           {"x-amz-meta-a", "b\nc"},
                                           {"x a", "b"},
                                           {"x:a", "b"},
                                           {"", "b"},
                                           {"x\r\ny", "b"}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct s3_request request = s3_request_of(S3_PUT, "k", 1);
        struct lagan_op op = fixture_op();
        s3_add_header(&request, wrong[i][0], wrong[i][1]);
        assert_int_equal(s3_request_check(&op, &request), LAGAN_INVALID);
        s3_request_free(&request);
    }
    struct s3_request request = s3_request_of(S3_PUT, "k", 1);
    struct lagan_op op = fixture_op();
    char names[S3_HEADER_LIMIT + 1][16];
    for (int i = 0; i <= S3_HEADER_LIMIT; i++) {
        snprintf(names[i], sizeof names[i], "x-%d", i);
        s3_add_header(&request, names[i], "");
    }
    assert_int_equal(s3_request_check(&op, &request), LAGAN_LIMIT);
    s3_request_free(&request);
}

static void sign_replaces_headers(void **state)
{
    struct s3_request request = s3_request_of(S3_PUT, "k", 1);
    (void)state;
    s3_add_header(&request, "Content-Type", "a");
    s3_add_header(&request, "content-type", "b");
    assert_int_equal(request.header_count, 1);
    assert_string_equal(s3_item_value(&request, &request.headers[0]), "b");
    s3_request_free(&request);
}

static void sign_checks_keys(void **state)
{
    char longest[S3_KEY_LIMIT + 1];
    struct lagan_op op = fixture_op();
    (void)state;
    memset(longest, 'a', sizeof longest);
    assert_int_equal(s3_key_check(&op, longest, S3_KEY_LIMIT), LAGAN_OK);
    assert_int_equal(s3_key_check(&op, longest, S3_KEY_LIMIT + 1), LAGAN_LIMIT);
    assert_int_equal(s3_key_check(&op, "", 0), LAGAN_INVALID);
    assert_int_equal(s3_key_check(&op, "a\0b", 3), LAGAN_INVALID);
}

static void sign_knows_dates(void **state)
{
    const int64_t moment = INT64_C(784111777000000000);
    static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    static const char *const wrong[] = {"",
                                        "now",
                                        "Sun, 06 Foo 1994 08:49:37 GMT",
                                        "Sun, 46 Nov 1994 08:49:37 GMT",
                                        "Sun, 06 Nov 9999 08:49:37 GMT",
                                        "Sun, 06 Nov 1994 28:49:37 GMT"};
    int64_t ns = 0;
    char text[21];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(s3_http_date(good[i], &ns));
        assert_true(ns == moment);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(s3_http_date(wrong[i], &ns));
    assert_true(s3_iso_date("1994-11-06T08:49:37.123Z", &ns));
    assert_true(ns == moment + 123000000);
    assert_true(s3_iso_date("1994-11-06T08:49:37Z", &ns));
    assert_true(ns == moment);
    assert_false(s3_iso_date("1994-11-06T08:49:37", &ns));
    assert_false(s3_iso_date("1994-13-06T08:49:37Z", &ns));
    assert_false(s3_iso_date("1994-11-06 08:49:37Z", &ns));
    s3_iso_write(text, moment);
    assert_string_equal(text, "1994-11-06T08:49:37Z");
    s3_basic_write(text, moment);
    assert_string_equal(text, "19941106T084937Z");
}

static void sign_writes_base64(void **state)
{
    static const struct {
        const char *plain;
        const char *coded;
    } cases[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"}};
    char text[16];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s3_base64(text, (const uint8_t *)cases[i].plain, strlen(cases[i].plain));
        assert_string_equal(text, cases[i].coded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sign_reads),
                                       cmocka_unit_test(sign_puts),
                                       cmocka_unit_test(sign_bare_queries),
                                       cmocka_unit_test(sign_sorted_queries),
                                       cmocka_unit_test(sign_encodes),
                                       cmocka_unit_test(sign_refuses_headers),
                                       cmocka_unit_test(sign_replaces_headers),
                                       cmocka_unit_test(sign_checks_keys),
                                       cmocka_unit_test(sign_knows_dates),
                                       cmocka_unit_test(sign_writes_base64)};
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
