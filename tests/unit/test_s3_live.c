/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_live.c - single objects in a real store: the one that the LAGAN_S3_ variables of
 * tests/servers name.  Skipped without.
 */
#include "s3_fixture.h"
#include "unit.h"

#include "driver/operation.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LARGE_BYTES = 3 << 20, KEY_ROOM = 1025 };

static char bucket[64];
static struct s3_settings *settings;
static struct s3 *client;
static uint8_t large[LARGE_BYTES];

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static struct s3_settings *settings_with(const char *bucket_name, const char *secret)
{
    static char credentials[512];
    snprintf(credentials, sizeof credentials,
             "{\"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\"}",
             variable("LAGAN_S3_ACCESS"), secret);
    const char *const words[] = {"endpoint",
                                 variable("LAGAN_S3_ENDPOINT"),
                                 "bucket",
                                 bucket_name,
                                 "credentials",
                                 credentials,
                                 *variable("LAGAN_S3_CA_FILE") ? "ca-file" : NULL,
                                 variable("LAGAN_S3_CA_FILE"),
                                 NULL};
    return fixture_settings(words);
}

/* Content in memory. */
struct memory {
    const uint8_t *data;
    size_t size;
    size_t taken;
    uint8_t room[LARGE_BYTES];
};

static uint32_t read_memory(void *context, uint64_t offset, void *data, size_t size)
{
    const struct memory *m = context;
    assert_true(offset + size <= m->size);
    memcpy(data, m->data + offset, size);
    return LAGAN_OK;
}

static void *give_room(void *context, size_t *size)
{
    struct memory *m = context;
    *size = sizeof m->room - m->taken;
    /* Pieces of an odd size. */
    if (*size > 10007)
        *size = 10007;
    return *size > 0 ? m->room + m->taken : NULL;
}

static uint32_t take_filled(void *context, size_t size)
{
    struct memory *m = context;
    m->taken += size;
    return LAGAN_OK;
}

static struct memory *reader_of(void)
{
    static struct memory m;
    m.taken = 0;
    return &m;
}

static uint32_t put(struct lagan_op *op, const char *key, const void *data, size_t size,
                    const struct s3_give *give, struct s3_made *made)
{
    struct memory from = {.data = data, .size = size};
    struct lagan_content content = {&from, read_memory};
    *op = fixture_op();
    return s3_put(client, op, key, strlen(key), size, &content, NULL, give, made);
}

/* The bytes are in reader_of()->room then. */
static uint32_t get(struct lagan_op *op, const char *key, uint64_t offset, uint64_t length,
                    struct s3_object *told)
{
    struct memory *m = reader_of();
    struct lagan_sink sink = {m, give_room, take_filled};
    *op = fixture_op();
    return s3_get(client, op, key, strlen(key), NULL, NULL, offset, length, &sink, told, NULL);
}

#define assert_class(result, op, wanted)                                                       \
    do {                                                                                       \
        uint32_t got_class = (result);                                                         \
        if (got_class != (wanted))                                                             \
            fail_msg("class %u instead of %u: %s", got_class, (unsigned)(wanted),              \
                     (op).error.text);                                                         \
    } while (0)

static void live_reads_ranges(void **state)
{
    struct lagan_op op;
    struct s3_object told;
    struct s3_made made = {0};
    (void)state;
    assert_class(put(&op, "large", large, LARGE_BYTES, NULL, &made), op, LAGAN_OK);
    assert_true(made.etag[0] != '\0');
    assert_class(get(&op, "large", 0, LAGAN_TO_THE_END, &told), op, LAGAN_OK);

    assert_memory_equal(reader_of()->room, large, LARGE_BYTES);
    assert_int_equal(told.bytes, LARGE_BYTES);
    assert_string_equal(told.etag, made.etag);
    assert_class(get(&op, "large", 1000001, 65537, &told), op, LAGAN_OK);
    assert_int_equal(told.bytes, LARGE_BYTES);
    assert_memory_equal(reader_of()->room, large + 1000001, 65537);
    assert_class(get(&op, "large", LARGE_BYTES - 10, LAGAN_TO_THE_END, NULL), op, LAGAN_OK);
    assert_memory_equal(reader_of()->room, large + LARGE_BYTES - 10, 10);
}

static void live_checks_ranges(void **state)
{
    struct lagan_op op;
    (void)state;
    assert_class(put(&op, "ten", "0123456789", 10, NULL, NULL), op, LAGAN_OK);
    assert_class(get(&op, "ten", 10, LAGAN_TO_THE_END, NULL), op, LAGAN_OK);
    assert_class(get(&op, "ten", 11, LAGAN_TO_THE_END, NULL), op, LAGAN_INVALID);
    assert_class(get(&op, "ten", 5, 5, NULL), op, LAGAN_OK);
    assert_class(get(&op, "ten", 5, 6, NULL), op, LAGAN_INVALID);
    assert_class(get(&op, "ten", 10, 1, NULL), op, LAGAN_INVALID);
    assert_class(get(&op, "ten", 10, 0, NULL), op, LAGAN_OK);
    assert_class(get(&op, "ten", UINT64_MAX - 1, 10, NULL), op, LAGAN_INVALID);
    assert_class(put(&op, "nothing", "", 0, NULL, NULL), op, LAGAN_OK);
    assert_class(get(&op, "nothing", 0, LAGAN_TO_THE_END, NULL), op, LAGAN_OK);
    assert_class(get(&op, "nothing", 0, 1, NULL), op, LAGAN_INVALID);
    assert_class(get(&op, "absent", 0, 0, NULL), op, LAGAN_NOT_FOUND);
    assert_class(get(&op, "absent", 0, LAGAN_TO_THE_END, NULL), op, LAGAN_NOT_FOUND);
    assert_class(get(&op, "absent", 3, 4, NULL), op, LAGAN_NOT_FOUND);
    assert_int_equal(op.error.scope, LAGAN_SCOPE_ITEM);
}

static void live_keeps_odd_keys(void **state)
{
    static const char *const keys[] = {"a b",
                                       "a+b",
                                       "a%20b",
                                       "a%b",
                                       "a//b",
                                       "./a",
                                       "a/../b",
                                       "a/.",
                                       "a/",
                                       "/a",
                                       "\xc3\xa4\xe2\x82\xac",
                                       "a?b=c",
                                       "a#b",
                                       "a&b;c='d'",
                                       "~a",
                                       "(*!)",
                                       "a:b@c",
                                       "a\"<b>",
                                       "[a]{b}|^`\\"};
    char longest[KEY_ROOM];
    struct lagan_op op;
    struct s3_object told;
    (void)state;
    memset(longest, 'k', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= sizeof keys / sizeof keys[0]; i++) {
        const char *key = i < sizeof keys / sizeof keys[0] ? keys[i] : longest;
        assert_class(put(&op, key, key, strlen(key), NULL, NULL), op, LAGAN_OK);
        assert_class(get(&op, key, 0, LAGAN_TO_THE_END, &told), op, LAGAN_OK);
        assert_int_equal(told.bytes, strlen(key));
        assert_memory_equal(reader_of()->room, key, strlen(key));
        assert_class(s3_remove(client, &op, key, strlen(key), NULL, false, NULL), op, LAGAN_OK);
        assert_class(get(&op, key, 0, LAGAN_TO_THE_END, &told), op, LAGAN_NOT_FOUND);
    }
}

static void note_header(void *context, const char *name, const char *value)
{
    char *text = context;
    size_t size = strlen(text);
    snprintf(text + size, 2048 - size, "%s=%s\n", name, value);
}

static void live_keeps_headers(void **state)
{
    static const struct s3_pair headers[] = {{"Content-Type", "text/x-odd; a=\"b\""},
                                             {"Cache-Control", "no-store"},
                                             {"X-Amz-Meta-Two", "two  blanks"},
                                             {"x-amz-meta-plain", "a+b%20c"}};
    struct s3_give give = {.headers = headers, .header_count = 4};
    struct s3_header_collector collector = {NULL, note_header};
    char text[2048] = "";
    struct s3_object told;
    struct lagan_op op;
    (void)state;
    collector.context = text;
    assert_class(put(&op, "headers", "x", 1, &give, NULL), op, LAGAN_OK);
    assert_class(s3_head(client, &op, "headers", 7, NULL, &told, &collector), op, LAGAN_OK);
    assert_int_equal(told.bytes, 1);
    assert_true(told.modified_ns > 0);
    assert_non_null(strstr(text, "content-type=text/x-odd; a=\"b\"\n"));
    assert_non_null(strstr(text, "cache-control=no-store\n"));
    assert_non_null(strstr(text, "x-amz-meta-two=two  blanks\n"));
    assert_non_null(strstr(text, "x-amz-meta-plain=a+b%20c\n"));
}

static void live_puts_only_once(void **state)
{
    struct s3_give give = {.if_absent = true};
    struct lagan_op op;
    (void)state;
    op = fixture_op();
    assert_class(s3_probe(client, &op, "probes/"), op, LAGAN_OK);
    const struct s3_features *features = s3_features(client);
    assert_string_equal(features->dialect, variable("LAGAN_S3_DIALECT"));
    assert_int_equal(features->conditional_put, strcmp(features->dialect, "rgw") == 0);
    if (!features->conditional_put) {
        assert_class(put(&op, "once", "a", 1, &give, NULL), op, LAGAN_UNSUPPORTED);
        return;
    }
    assert_class(put(&op, "once", "first", 5, &give, NULL), op, LAGAN_OK);
    assert_class(put(&op, "once", "again", 5, &give, NULL), op, LAGAN_EXISTS);
    assert_int_equal(op.error.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_class(put(&op, "once", large, LARGE_BYTES, &give, NULL), op, LAGAN_EXISTS);
    assert_class(get(&op, "once", 0, LAGAN_TO_THE_END, NULL), op, LAGAN_OK);
    assert_memory_equal(reader_of()->room, "first", 5);
}

static void live_compares_versions(void **state)
{
    struct memory *m = reader_of();
    struct lagan_sink sink = {m, give_room, take_filled};
    struct lagan_op op;
    struct s3_made made;
    (void)state;
    assert_class(put(&op, "match", "x", 1, NULL, &made), op, LAGAN_OK);
    assert_class(s3_get(client, &op, "match", 5, NULL, made.etag, 0, LAGAN_TO_THE_END, &sink,
                        NULL, NULL),
                 op, LAGAN_OK);
    assert_class(s3_get(client, &op, "match", 5, NULL, "0123456789abcdef", 0, LAGAN_TO_THE_END,
                        &sink, NULL, NULL),
                 op, LAGAN_PRECONDITION);
}

static void live_compares_sums(void **state)
{
    struct memory from = {.data = large, .size = LARGE_BYTES};
    struct lagan_content content = {&from, read_memory};
    uint8_t sum[S3_SHA256_BYTES];
    struct lagan_op op = fixture_op();
    (void)state;
    s3_sha256(large, LARGE_BYTES, sum);
    assert_class(s3_put(client, &op, "sum", 3, LARGE_BYTES, &content, sum, NULL, NULL), op,
                 LAGAN_OK);
    assert_class(s3_remove(client, &op, "sum", 3, NULL, false, NULL), op, LAGAN_OK);
    sum[7] ^= 1;
    assert_class(s3_put(client, &op, "sum", 3, LARGE_BYTES, &content, sum, NULL, NULL), op,
                 LAGAN_CORRUPT);
    assert_class(get(&op, "sum", 0, LAGAN_TO_THE_END, NULL), op, LAGAN_NOT_FOUND);
}

static void live_tells_refusals(void **state)
{
    struct s3_settings *wrong = settings_with(bucket, "notthesecretatall");
    struct lagan_op op = fixture_op();
    struct s3_object told;
    (void)state;
    struct s3 *other = fixture_client(wrong);
    struct memory *m = reader_of();
    struct lagan_sink sink = {m, give_room, take_filled};
    assert_class(s3_get(other, &op, "x", 1, NULL, NULL, 0, LAGAN_TO_THE_END, &sink, NULL, NULL),
                 op, LAGAN_AUTH);
    s3_close(other);
    s3_settings_free(wrong);
    wrong = settings_with("no-such-bucket-here-"
                          "1",
                          variable("LAGAN_S3_SECRET"));
    other = fixture_client(wrong);
    assert_class(s3_get(other, &op, "x", 1, NULL, NULL, 0, LAGAN_TO_THE_END, &sink, NULL, NULL),
                 op, LAGAN_NOT_FOUND);
    assert_int_equal(op.error.scope, LAGAN_SCOPE_HANDLE);
    assert_class(s3_head(other, &op, "x", 1, NULL, &told, NULL), op, LAGAN_NOT_FOUND);
    s3_close(other);
    s3_settings_free(wrong);
}

static void live_trusts_no_stranger(void **state)
{
    const char *const words[] = {"endpoint",    variable("LAGAN_S3_TLS_ENDPOINT"),
                                 "bucket",      bucket,
                                 "credentials", "access:secret",
                                 NULL};
    struct lagan_op op = fixture_op();
    struct s3_object told;
    (void)state;
    if (!*variable("LAGAN_S3_TLS_ENDPOINT"))
        skip();
    struct s3_settings *strange = fixture_settings(words);
    struct s3 *stranger = fixture_client(strange);
    assert_class(s3_head(stranger, &op, "x", 1, NULL, &told, NULL), op, LAGAN_DENIED);
    s3_close(stranger);
    s3_settings_free(strange);
}

static void live_tells_the_time(void **state)
{
    struct lagan_op op = fixture_op();
    int64_t now = 0;
    (void)state;
    assert_class(s3_clock(client, &op, &now), op, LAGAN_OK);
    int64_t apart = now / 1000000000 - time(NULL);
    assert_true(apart > -5 && apart < 5);
}

static void *put_many(void *context)
{
    int *wrong = context;
    char key[64];
    for (int i = 0; i < 20 && *wrong == 0; i++) {
        struct lagan_op op = fixture_op();
        struct memory from = {.data = large, .size = 4096};
        struct lagan_content content = {&from, read_memory};
        snprintf(key, sizeof key, "many/%p/%d", context, i);
        if (s3_put(client, &op, key, strlen(key), 4096, &content, NULL, NULL, NULL) != LAGAN_OK)
            *wrong = 1;
    }
    return NULL;
}

static void live_serves_threads(void **state)
{
    enum { THREADS = 24 }; /* more than there are connections */
    pthread_t threads[THREADS];
    int wrong[THREADS] = {0};
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, &wrong[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

static int make_bucket(void **state)
{
    struct lagan_op op = fixture_op();
    (void)state;
    snprintf(bucket, sizeof bucket, "live-%ld-%d", (long)time(NULL), (int)getpid());
    settings = settings_with(bucket, variable("LAGAN_S3_SECRET"));
    client = fixture_client(settings);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large[i] = (uint8_t)(i * 2654435761u >> 13);
    assert_class(s3_bucket_create(client, &op, false), op, LAGAN_OK);
    return 0;
}

static int leave_bucket(void **state)
{
    (void)state;
    s3_close(client);
    s3_settings_free(settings);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_puts_only_once),     cmocka_unit_test(live_reads_ranges),
        cmocka_unit_test(live_checks_ranges),      cmocka_unit_test(live_keeps_odd_keys),
        cmocka_unit_test(live_keeps_headers),      cmocka_unit_test(live_compares_versions),
        cmocka_unit_test(live_compares_sums),      cmocka_unit_test(live_tells_refusals),
        cmocka_unit_test(live_trusts_no_stranger), cmocka_unit_test(live_tells_the_time),
        cmocka_unit_test(live_serves_threads)};
    if (!getenv("LAGAN_S3_ENDPOINT")) {
        puts("SKIPPED: no store is named by LAGAN_S3_ENDPOINT; make check-servers starts some");
        return 77;
    }
    fixture_host_begin();
    return cmocka_run_group_tests(tests, make_bucket, leave_bucket);
}
