/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_list.c - listings out of answers as stores give them, and out of answers that no
 * sound store gives: what is taken, in which order, and what is CORRUPT.
 */
#include "common/s3/listing.h"
#include "s3_fixture.h"

#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Elements as stores write them. */
#define LIST(inside)                                                                           \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>" inside "</"                 \
    "ListBucketResult>"
#define VERSIONS(inside)                                                                       \
    "<?xml version=\"1.0\"?><ListVersionsResult>" inside "</ListVersionsResult>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define MORE "<IsTruncated>true</IsTruncated>"
#define URL "<EncodingType>url</EncodingType>"
#define TIME "<LastModified>2026-01-02T03:04:05.678Z</LastModified>"
#define REST                                                                                   \
    TIME "<ETag>&quot;e1&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass>"
#define KEY(key) "<Contents><Key>" key "</Key>" REST "</Contents>"
#define VERSION(key, id, latest)                                                               \
    "<Version><Key>" key "</Key><VersionId>" id "</VersionId><IsLatest>" latest                \
    "</IsLatest>" REST "</Version>"
#define MARKER(key, id, latest)                                                                \
    "<DeleteMarker><Key>" key "</Key><VersionId>" id "</VersionId><IsLatest>" latest           \
    "</IsLatest>" TIME "</DeleteMarker>"

/* Collects "key|version|bytes|flags;". */
static uint32_t collect(void *context, const struct s3_object *o)
{
    s3_text_format(context, "%.*s|%s|%" PRIu64 "%s%s;", (int)o->key_size, o->key, o->version,
                   o->bytes, o->current ? "" : " old", o->marker ? " marker" : "");
    return LAGAN_OK;
}

static struct s3_page page_of(const char *prefix, const char *after, const char *after_version)
{
    return (struct s3_page){.prefix = prefix,
                            .prefix_size = strlen(prefix),
                            .after = after,
                            .after_size = strlen(after),
                            .after_version = after_version,
                            .limit = 5};
}

/* Reads an answer as the page; the class, and what was handed over. */
static uint32_t read_page(const char *answer, const struct s3_page *page, bool of_versions,
                          struct s3_text *told, bool *truncated)
{
    struct lagan_op op = fixture_op();
    struct s3_listing l;
    struct s3_object_collector objects = {.context = told, .add = collect};
    assert_int_equal(s3_listing_begin(&l, &op, page, of_versions), LAGAN_OK);
    struct s3_xml_reader reader = s3_listing_reader(&l);
    struct s3_xml *x = s3_xml_new(&op, &reader);
    uint32_t result = s3_xml_feed(x, answer, strlen(answer));
    if (result == LAGAN_OK)
        result = s3_xml_finish(x);
    if (result == LAGAN_OK)
        result = s3_listing_check(&l);
    if (result == LAGAN_OK)
        result = s3_listing_deliver(&l, &objects);
    if (truncated)
        *truncated = l.truncated;
    s3_xml_free(x);
    s3_listing_end(&l);
    return result;
}

static void assert_page(const char *answer, const struct s3_page *page, bool of_versions,
                        const char *wanted)
{
    struct s3_text told = {0};
    assert_int_equal(read_page(answer, page, of_versions, &told, NULL), LAGAN_OK);
    assert_string_equal(told.data ? told.data : "", wanted);
    s3_text_free(&told);
}

static void list_takes_pages(void **state)
{
    struct s3_page all = page_of("", "", NULL);
    struct s3_page below = page_of("p/", "p/b", NULL);
    (void)state;
    assert_page(LIST(LAST), &all, false, "");
    assert_page(LIST("<Name>b</Name><Prefix/><KeyCount>2</KeyCount>" LAST KEY("a") KEY("b")),
                &all, false, "a||7;b||7;");
    /* A key that is the start of another one; bytes above 127 count as such. */
    assert_page(LIST(LAST KEY("a") KEY("a ") KEY("a/") KEY("aa") KEY("\xc3\xa9")), &all, false,
                "a||7;a ||7;a/||7;aa||7;\xc3\xa9||7;");
    assert_page(LIST(LAST KEY("p/b\n") KEY("p/c")), &below, false, "p/b\n||7;p/c||7;");
    /* Where keys are encoded, as it is told in front of them or behind. */
    assert_page(LIST(URL LAST KEY("a%01+%2B") KEY("a%C3%A9%25")), &all, false,
                "a\x01 +||7;a\xc3\xa9%||7;");
    assert_page(LIST(LAST KEY("a%01+%2B") KEY("a%C3%A9%25") URL), &all, false,
                "a\x01 +||7;a\xc3\xa9%||7;");
    /* Where they are not, they are what they look like. */
    assert_page(LIST(LAST KEY("a%20+b")), &all, false, "a%20+b||7;");
    /* Encoded keys have another order than the keys. */
    assert_page(LIST(URL LAST KEY("a%21") KEY("a0")), &all, false, "a!||7;a0||7;");
}

static void list_takes_versions(void **state)
{
    struct s3_page all = page_of("", "", NULL);
    struct s3_page behind = page_of("", "k", "v2");
    struct s3_page behind_key = page_of("", "k", NULL);
    (void)state;
    assert_page(VERSIONS(LAST MARKER("a", "m1", "true") VERSION("a", "v2", "false")
                             VERSION("a", "null", "false") VERSION("b", "v1", "true")),
                &all, true, "a|m1|0 marker;a|v2|7 old;a|null|7 old;b|v1|7;");
    assert_page(VERSIONS(LAST VERSION("k", "v1", "false") VERSION("l", "v1", "true")), &behind,
                true, "k|v1|7 old;l|v1|7;");
    assert_page(VERSIONS(LAST VERSION("l", "v1", "true")), &behind_key, true, "l|v1|7;");
}

static void list_tells_details(void **state)
{
    static const char answer[] = LIST(LAST KEY("a"));
    struct lagan_op op = fixture_op();
    struct s3_page all = page_of("", "", NULL);
    struct s3_listing l;
    (void)state;
    assert_int_equal(s3_listing_begin(&l, &op, &all, false), LAGAN_OK);
    struct s3_xml_reader reader = s3_listing_reader(&l);
    struct s3_xml *x = s3_xml_new(&op, &reader);
    assert_int_equal(s3_xml_feed(x, answer, sizeof answer - 1), LAGAN_OK);
    assert_int_equal(s3_xml_finish(x), LAGAN_OK);
    assert_int_equal(s3_listing_check(&l), LAGAN_OK);
    const struct s3_object *o = &l.listed[0].object;
    assert_int_equal(o->modified_ns, INT64_C(1767323045678000000));
    assert_string_equal(o->etag, "e1");
    assert_string_equal(o->storage_class, "STANDARD");
    assert_true(o->current && !o->marker);
    s3_xml_free(x);
    s3_listing_end(&l);
}

struct refused {
    const char *what;
    const char *prefix, *after, *after_version;
    bool of_versions;
    const char *answer;
};

static void list_refuses(void **state)
{
    static const struct refused cases[] = {
        {"nothing said of more", "", "", NULL, false, LIST(KEY("a"))},
        {"nonsense said of more", "", "", NULL, false,
         LIST("<IsTruncated>maybe</IsTruncated>" KEY("a"))},
        {"another page of the internet", "", "", NULL, false, "<html><body/></html>"},
        {"repeated key", "", "", NULL, false, LIST(LAST KEY("a") KEY("a"))},
        {"backwards", "", "", NULL, false, LIST(LAST KEY("b") KEY("a"))},
        {"backwards by length", "", "", NULL, false, LIST(LAST KEY("ab") KEY("a"))},
        {"signed bytes", "", "", NULL, false, LIST(LAST KEY("\xc3\xa9") KEY("a"))},
        {"the marker again", "", "b", NULL, false, LIST(LAST KEY("b"))},
        {"before the marker", "", "b", NULL, false, LIST(LAST KEY("a"))},
        {"another prefix", "p/", "", NULL, false, LIST(LAST KEY("q/a"))},
        {"half a prefix", "p/", "", NULL, false, LIST(LAST KEY("p"))},
        {"more than asked for", "", "", NULL, false,
         LIST(LAST KEY("a") KEY("b") KEY("c") KEY("d") KEY("e") KEY("f"))},
        {"no key", "", "", NULL, false, LIST(LAST "<Contents>" REST "</Contents>")},
        {"two keys", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key><Key>b</Key>" REST "</Contents>")},
        {"empty key", "", "", NULL, false, LIST(LAST KEY(""))},
        {"key with a zero", "", "", NULL, false, LIST(LAST URL KEY("a%00b"))},
        {"key cut in its encoding", "", "", NULL, false, LIST(LAST URL KEY("a%2"))},
        {"no size", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key>" TIME "</Contents>")},
        {"negative size", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key>" TIME "<Size>-1</Size></Contents>")},
        {"huge size", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key>" TIME
                   "<Size>18446744073709551616</Size></Contents>")},
        {"no time", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key><Size>1</Size></Contents>")},
        {"a time that is none", "", "", NULL, false,
         LIST(LAST "<Contents><Key>a</Key><Size>1</Size><LastModified>now</LastModified>"
                   "</Contents>")},
        {"version without id", "", "", NULL, true,
         VERSIONS(LAST "<Version><Key>a</Key>" REST "</Version>")},
        {"repeated version", "", "", NULL, true,
         VERSIONS(LAST VERSION("a", "v", "true") VERSION("a", "v", "false"))},
        {"two current ones", "", "", NULL, true,
         VERSIONS(LAST VERSION("a", "v", "true") VERSION("a", "w", "true"))},
        {"the version of the marker again", "", "k", "v2", true,
         VERSIONS(LAST VERSION("k", "v2", "false"))},
        {"the key begun again", "", "k", "v2", true, VERSIONS(LAST VERSION("k", "v9", "true"))},
        {"the key of the marker", "", "k", NULL, true,
         VERSIONS(LAST VERSION("k", "v1", "false"))},
        {"fewer keys than told", "", "", NULL, false,
         LIST("<KeyCount>2</KeyCount>" LAST KEY("a"))},
        {"more keys than told", "", "", NULL, false,
         LIST(LAST KEY("a") KEY("b") "<KeyCount>1</KeyCount>")},
        {"the end, and a token", "", "", NULL, false,
         LIST(LAST KEY("a") "<NextContinuationToken>t</NextContinuationToken>")},
        {"two markers of pages", "", "", NULL, false,
         LIST(MORE "<NextMarker>a</NextMarker><NextMarker>b</NextMarker>" KEY("a"))},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct refused *c = &cases[i];
        struct s3_page page = page_of(c->prefix, c->after, c->after_version);
        struct s3_text told = {0};
        uint32_t result = read_page(c->answer, &page, c->of_versions, &told, NULL);
        if (result != LAGAN_CORRUPT || told.size > 0)
            fail_msg("%s: %u, %s", c->what, result, told.data ? told.data : "");
        s3_text_free(&told);
    }
}

/* A page that is cut anywhere hands over nothing. */
static void list_notices_cuts(void **state)
{
    static const char whole[] = LIST(MORE KEY("a") KEY("b"));
    struct s3_page all = page_of("", "", NULL);
    char cut[sizeof whole];
    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        struct s3_text told = {0};
        memcpy(cut, whole, size);
        cut[size] = '\0';
        assert_int_equal(read_page(cut, &all, false, &told, NULL), LAGAN_CORRUPT);
        assert_null(told.data);
    }
}

static void list_refuses_keys_too_long(void **state)
{
    struct s3_page all = page_of("", "", NULL);
    char key[S3_KEY_LIMIT + 2];
    (void)state;
    for (size_t size = S3_KEY_LIMIT; size <= S3_KEY_LIMIT + 1; size++) {
        struct s3_text answer = {0};
        struct s3_text told = {0};
        memset(key, 'k', size);
        key[size] = '\0';
        s3_text_format(&answer, "<L>" LAST "<Contents><Key>%s</Key>" REST "</Contents></L>",
                       key);
        assert_int_equal(read_page(answer.data, &all, false, &told, NULL),
                         size <= S3_KEY_LIMIT ? LAGAN_OK : LAGAN_CORRUPT);
        s3_text_free(&answer);
        s3_text_free(&told);
    }
}

/* From here on with a store that gives answers over a connection. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t list(struct canned_store *store, const char *dialect, struct s3_page *page,
                     bool of_versions, struct s3_text *told, bool *more)
{
    struct s3 *client = canned_client(store, dialect);
    struct lagan_op op = fixture_op();
    struct s3_object_collector objects = {.context = told, .add = collect};
    return of_versions ? s3_list_versions(client, &op, page, &objects, more)
                       : s3_list(client, &op, page, &objects, more);
}

static void list_asks_by_dialect(void **state)
{
    static const struct {
        const char *dialect, *expect;
    } cases[] = {{"aws", "start-after=a%2Fb"}, {"rgw", "list-type=2"},
                 {"swift", "list-type=2"},     {"cos", "&marker=a%2Fb"},
                 {"obs", "&marker=a%2Fb"},     {"oss", "start-after=a%2Fb"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned answers[] = {
            {.expect = cases[i].expect, .status = "200 OK", .body = LIST(MORE KEY("a/c"))}};
        struct canned_store *store = canned_begin(answers, 1);
        struct s3_page page = page_of("a/", "a/b", NULL);
        struct s3_text told = {0};
        bool more = false;
        assert_int_equal(list(store, cases[i].dialect, &page, false, &told, &more), LAGAN_OK);
        assert_true(more);
        assert_string_equal(told.data, "a/c||7;");
        s3_text_free(&told);
        canned_end(store);
    }
}

/* A page may be empty although more follows: then its token leads on. */
static void list_follows_empty_pages(void **state)
{
    static const struct canned answers[] = {
        {.status = "200 OK",
         .body = LIST(MORE "<NextContinuationToken>t1</NextContinuationToken>")},
        {.expect = "continuation-token=t1",
         .status = "200 OK",
         .body = LIST(MORE "<NextContinuationToken>t2</NextContinuationToken>")},
        {.expect = "continuation-token=t2", .status = "200 OK", .body = LIST(LAST KEY("a"))}};
    static const struct canned stuck[] = {
        {.status = "200 OK",
         .body = LIST(MORE "<NextContinuationToken>t1</NextContinuationToken>")},
        {.expect = "continuation-token=t1",
         .status = "200 OK",
         .body = LIST(MORE "<NextContinuationToken>t1</NextContinuationToken>")}};
    static const struct canned nowhere[] = {{.status = "200 OK", .body = LIST(MORE)}};
    struct s3_page all = page_of("", "", NULL);
    struct s3_text told = {0};
    bool more = true;
    (void)state;
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    assert_int_equal(list(store, "rgw", &all, false, &told, &more), LAGAN_OK);
    assert_false(more);
    assert_string_equal(told.data, "a||7;");
    s3_text_free(&told);
    canned_end(store);
    store = canned_begin(stuck, COUNT(stuck));
    assert_int_equal(list(store, "rgw", &all, false, &told, &more), LAGAN_CORRUPT);
    canned_end(store);
    store = canned_begin(nowhere, COUNT(nowhere));
    assert_int_equal(list(store, "rgw", &all, false, &told, &more), LAGAN_CORRUPT);
    canned_end(store);
    assert_null(told.data);
}

static void list_follows_empty_pages_of_versions(void **state)
{
    static const struct canned answers[] = {
        {.expect = "key-marker=k&max-keys=5&version-id-marker=v2&versions",
         .status = "200 OK",
         .body = VERSIONS(MORE "<NextKeyMarker>k</NextKeyMarker>"
                               "<NextVersionIdMarker>v1</NextVersionIdMarker>")},
        {.expect = "key-marker=k&max-keys=5&version-id-marker=v1",
         .status = "200 OK",
         .body = VERSIONS(URL MORE "<NextKeyMarker>l%20m</NextKeyMarker>"
                                   "<NextVersionIdMarker>v7</NextVersionIdMarker>")},
        {.expect = "key-marker=l%20m&max-keys=5&version-id-marker=v7",
         .status = "200 OK",
         .body = VERSIONS(LAST VERSION("n", "v1", "true"))}};
    static const struct canned stuck[] = {
        {.status = "200 OK",
         .body = VERSIONS(MORE "<NextKeyMarker>k</NextKeyMarker>"
                               "<NextVersionIdMarker>v2</NextVersionIdMarker>")}};
    static const struct canned untrusted[] = {
        {.status = "200 OK",
         .body = VERSIONS(MORE "<NextKeyMarker>k</NextKeyMarker>"
                               "<NextVersionIdMarker>null</NextVersionIdMarker>")}};
    struct s3_page page = page_of("", "k", "v2");
    struct s3_text told = {0};
    bool more = true;
    (void)state;
    struct canned_store *store = canned_begin(answers, COUNT(answers));
    assert_int_equal(list(store, "rgw", &page, true, &told, &more), LAGAN_OK);
    assert_string_equal(told.data, "n|v1|7;");
    assert_false(more);
    s3_text_free(&told);
    canned_end(store);
    store = canned_begin(stuck, COUNT(stuck));
    assert_int_equal(list(store, "rgw", &page, true, &told, &more), LAGAN_CORRUPT);
    canned_end(store);
    store = canned_begin(untrusted, COUNT(untrusted));
    assert_int_equal(list(store, "swift", &page, true, &told, &more), LAGAN_CORRUPT);
    canned_end(store);
}

/* Errors, as a status and in the body of a good answer; and an answer that is cut on its way.
 */
static void list_tells_errors(void **state)
{
    static const struct {
        struct canned answer;
        uint32_t result;
    } cases[] = {
        {{.status = "404 Not Found",
          .headers = "x-amz-request-id: 1\r\n",
          .body = "<Error><Code>NoSuchBucket</Code></Error>"},
         LAGAN_NOT_FOUND},
        {{.status = "503 Slow Down", .headers = "Retry-After: 2\r\n"}, LAGAN_BUSY},
        {{.status = "200 OK",
          .body = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>"},
         LAGAN_BUSY},
        {{.status = "200 OK", .body = LIST(LAST KEY("a")), .cut = true}, LAGAN_TRANSIENT},
        {{.status = "200 OK", .body = ""}, LAGAN_CORRUPT},
        {{.status = "200 OK",
          .body =
              "<!DOCTYPE a [<!ENTITY b 'c'>]><ListBucketResult>&b;" LAST "</ListBucketResult>"},
         LAGAN_CORRUPT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct canned_store *store = canned_begin(&cases[i].answer, 1);
        struct s3_page all = page_of("", "", NULL);
        struct s3_text told = {0};
        bool more = false;
        uint32_t result = list(store, "rgw", &all, false, &told, &more);
        if (result != cases[i].result || told.data)
            fail_msg("case %zu: %u", i, result);
        canned_end(store);
    }
}

static uint32_t stop_at_second(void *context, const struct s3_object *o)
{
    (void)o;
    return ++*(int *)context == 2 ? LAGAN_DENIED : LAGAN_OK;
}

static void list_ends_with_collector(void **state)
{
    static const struct canned answers[] = {
        {.status = "200 OK", .body = LIST(LAST KEY("a") KEY("b") KEY("c"))}};
    struct canned_store *store = canned_begin(answers, 1);
    struct s3 *client = canned_client(store, "rgw");
    struct lagan_op op = fixture_op();
    int count = 0;
    struct s3_object_collector objects = {.context = &count, .add = stop_at_second};
    struct s3_page all = page_of("", "", NULL);
    bool more = false;
    (void)state;
    assert_int_equal(s3_list(client, &op, &all, &objects, &more), LAGAN_DENIED);
    assert_int_equal(count, 2);
    all.limit = 0;
    assert_int_equal(s3_list(client, &op, &all, &objects, &more), LAGAN_INVALID);
    all.limit = S3_LIST_LIMIT + 1;
    assert_int_equal(s3_list(client, &op, &all, &objects, &more), LAGAN_INVALID);
    canned_end(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_takes_pages),
        cmocka_unit_test(list_takes_versions),
        cmocka_unit_test(list_tells_details),
        cmocka_unit_test(list_refuses),
        cmocka_unit_test(list_notices_cuts),
        cmocka_unit_test(list_refuses_keys_too_long),
        cmocka_unit_test(list_asks_by_dialect),
        cmocka_unit_test(list_follows_empty_pages),
        cmocka_unit_test(list_follows_empty_pages_of_versions),
        cmocka_unit_test(list_tells_errors),
        cmocka_unit_test(list_ends_with_collector),
    };
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
