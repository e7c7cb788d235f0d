/* SPDX-License-Identifier: Apache-2.0 */
/* test_s3_settings.c - parameters of object stores, and what follows from them. */
#include "s3_fixture.h"
#include "unit.h"

#include "common/s3/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What s3_configured says of endpoint, bucket and region. */
static uint32_t configured(const char *endpoint, const char *bucket, const char *region)
{
    struct s3_settings *settings = s3_settings_new();
    struct lagan_op op = fixture_op();
    const char *const words[] = {"endpoint", endpoint, "bucket", bucket, "region", region};
    bool taken;
    for (size_t i = 0; i < 6; i += 2) {
        struct lagan_value value = {.type = LAGAN_PARAMETER_TEXT,
                                    .size = words[i + 1] ? (uint32_t)strlen(words[i + 1]) : 0,
                                    .text = words[i + 1]};
        if (words[i + 1])
            assert_int_equal(s3_configure(settings, &op, words[i], &value, &taken), LAGAN_OK);
    }
    uint32_t result = s3_configured(settings, &op);
    s3_settings_free(settings);
    return result;
}

static void settings_check_endpoints(void **state)
{
    static const char *const good[] = {"https://s3.example.net", "http://127.0.0.1:9000",
                                       "https://[::1]:443/", "https://s3_x.example.net/",
                                       "http://localhost:65535"};
    static const char *const wrong[] = {
        "s3.example.net", "ftp://s3.example.net", "https://",        "https:///x",
        "https://a/b",    "https://a:0",          "https://a:65536", "https://a:1x",
        "https://a:",     "https://user@a",       "https://a?b",     "https://[::1",
        "https://a b",    "https://a\nb"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(configured(good[i], "bucket", NULL), LAGAN_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(configured(wrong[i], "bucket", NULL), LAGAN_INVALID);
    assert_int_equal(configured(NULL, "bucket", NULL), LAGAN_INVALID);
}

static void settings_check_buckets(void **state)
{
    (void)state;
    assert_int_equal(configured("https://a", "My_bucket.1-x", NULL), LAGAN_OK);
    assert_int_equal(configured("https://a", "", NULL), LAGAN_INVALID);
    assert_int_equal(configured("https://a", NULL, NULL), LAGAN_INVALID);
    assert_int_equal(configured("https://a", ".a", NULL), LAGAN_INVALID);
    assert_int_equal(configured("https://a", "a/b", NULL), LAGAN_INVALID);
    assert_int_equal(configured("https://a", "a b", NULL), LAGAN_INVALID);
    assert_int_equal(configured("https://a", "a", "eu-west-1"), LAGAN_OK);
    assert_int_equal(configured("https://a", "a", "eu west"), LAGAN_INVALID);
}

static void settings_leave_others_alone(void **state)
{
    struct s3_settings *settings = s3_settings_new();
    struct lagan_value value = {.type = LAGAN_PARAMETER_TEXT, .size = 1, .text = "x"};
    struct lagan_op op = fixture_op();
    bool taken = true;
    (void)state;
    assert_int_equal(s3_configure(settings, &op, "prefix", &value, &taken), LAGAN_OK);
    assert_false(taken);
    s3_settings_free(settings);
    s3_settings_free(NULL);
}

/* A row: settings, and what a client makes of them. */
static const struct follows {
    const char *endpoint;
    const char *bucket;
    const char *dialect;
    const char *style;
    const char *region; /* wanted from here on */
    const char *features;
    const char *place;
    bool is_virtual;
} rows[] = {
    {"http://127.0.0.1:9000", "b", "auto", "auto", "us-east-1", "generic",
     "http://127.0.0.1:9000/b", false},
    {"https://s3.amazonaws.com", "bucket", "auto", "auto", "us-east-1", "aws",
     "https://s3.amazonaws.com:443/bucket", true},
    {"https://S3.eu-west-1.amazonaws.com", "bucket", "auto", "auto", "eu-west-1", "aws",
     "https://s3.eu-west-1.amazonaws.com:443/bucket", true},
    {"https://s3.dualstack.eu-west-1.amazonaws.com", "bucket", "auto", "auto", "eu-west-1",
     "aws", "https://s3.dualstack.eu-west-1.amazonaws.com:443/bucket", true},
    {"https://s3.eu-west-1.amazonaws.com", "with.dots", "auto", "auto", "eu-west-1", "aws",
     "https://s3.eu-west-1.amazonaws.com:443/with.dots", false},
    {"https://s3.eu-west-1.amazonaws.com", "bucket", "auto", "path", "eu-west-1", "aws",
     "https://s3.eu-west-1.amazonaws.com:443/bucket", false},
    {"https://oss-cn-beijing.aliyuncs.com", "bucket", "auto", "auto", "cn-beijing", "oss",
     "https://oss-cn-beijing.aliyuncs.com:443/bucket", true},
    {"https://oss-cn-beijing-internal.aliyuncs.com", "bucket", "auto", "auto", "cn-beijing",
     "oss", "https://oss-cn-beijing-internal.aliyuncs.com:443/bucket", true},
    {"https://cos.ap-shanghai.myqcloud.com", "bucket-125", "auto", "auto", "ap-shanghai", "cos",
     "https://cos.ap-shanghai.myqcloud.com:443/bucket-125", true},
    {"https://obs.cn-north-4.myhuaweicloud.com", "bucket", "auto", "auto", "cn-north-4", "obs",
     "https://obs.cn-north-4.myhuaweicloud.com:443/bucket", true},
    {"https://storage.googleapis.com", "bucket", "auto", "auto", "auto", "gcs",
     "https://storage.googleapis.com:443/bucket", false},
    {"https://minio.example.net:9000", "bucket", "minio", "virtual", "us-east-1", "minio",
     "https://minio.example.net:9000/bucket", true},
    {"http://[::1]:8000", "bucket", "aws", "auto", "us-east-1", "aws",
     "http://[::1]:8000/bucket", false},
};

static void settings_lead_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const words[] = {
            "endpoint",         rows[i].endpoint, "bucket", rows[i].bucket,
            "dialect",          rows[i].dialect,  "style",  rows[i].style,
            "credentials-from", "none",           NULL};
        struct s3_settings *settings = fixture_settings(words);
        struct s3 *client = fixture_client(settings);
        char region[S3_REGION_SIZE];
        s3_region_copy(client, region);
        assert_string_equal(region, rows[i].region);
        assert_string_equal(s3_features(client)->dialect, rows[i].features);
        assert_string_equal(s3_place(client), rows[i].place);
        assert_string_equal(s3_bucket(client), rows[i].bucket);
        assert_int_equal(s3_is_virtual(client, rows[i].bucket), rows[i].is_virtual);
        s3_close(client);
        s3_settings_free(settings);
    }
}

static void settings_know_stores_by_answers(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        enum s3_dialect_id wanted;
    } headers[] = {{"server", "AmazonS3", S3_DIALECT_AWS},
                   {"server", "MinIO Enterprise", S3_DIALECT_MINIO},
                   {"server", "nginx", S3_DIALECT_GENERIC},
                   {"x-amz-request-id", "tx00000a-0061", S3_DIALECT_RGW},
                   {"x-trans-id", "tx1f", S3_DIALECT_SWIFT},
                   {"x-amz-id-2", "x", S3_DIALECT_GENERIC}};
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(s3_dialect_of_header(headers[i].name, headers[i].value),
                         headers[i].wanted);
    assert_int_equal(s3_dialect_named("auto"), S3_DIALECT_COUNT);
}

/* The row of the manual's table for a dialect, as the code has it. */
static void write_row(char *row, size_t room, enum s3_dialect_id id)
{
    const struct s3_dialect *d = s3_dialect_row(id);
    snprintf(row, room, "\n.It %s Ta %s Ta %s Ta %s Ta %s Ta %s Ta %s Ta %u GiB\n", d->name,
             d->host_suffix ? d->host_suffix : "-", d->region,
             d->marks & S3_IS_VIRTUAL ? "virtual" : "path",
             d->marks & S3_CAN_PUT_IF_ABSENT ? "yes" : "-",
             d->marks & S3_CAN_REMOVE_MANY ? "yes" : "-", d->marks & S3_CAN_LOCK ? "yes" : "-",
             (unsigned)(d->copy_maximum_bytes >> 30));
}

static void settings_are_in_the_manual(void **state)
{
    static char text[64 << 10];
    static const struct lagan_parameter parameters[] = {S3_PARAMETERS};
    char path[512];
    char line[256];
    const char *top = getenv("abs_top_srcdir");
    (void)state;
    snprintf(path, sizeof path, "%s/doc/man/lagan-s3.7", top ? top : ".");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    for (int id = 0; id < S3_DIALECT_COUNT; id++) {
        write_row(line, sizeof line, (enum s3_dialect_id)id);
        if (!strstr(text, line))
            fail_msg("the manual has no line:%s", line);
    }
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        snprintf(line, sizeof line, "\n.It Cm %s\n", parameters[i].name);
        if (!strstr(text, line))
            fail_msg("the manual has no line:%s", line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(settings_check_endpoints),
                                       cmocka_unit_test(settings_check_buckets),
                                       cmocka_unit_test(settings_leave_others_alone),
                                       cmocka_unit_test(settings_lead_to),
                                       cmocka_unit_test(settings_know_stores_by_answers),
                                       cmocka_unit_test(settings_are_in_the_manual)};
    fixture_host_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
