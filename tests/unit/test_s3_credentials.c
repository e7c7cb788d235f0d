/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_s3_credentials.c - credentials of object stores: how they are written, where they come
 * from, and that they are renewed before they expire and when a store says that they have.
 */
#include "s3_fixture.h"
#include "unit.h"

#include "common/s3/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

static char folder[] = "/tmp/lagan-s3-credentials.XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, unsigned mode, const char *text)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static uint32_t parse(const char *text, struct s3_keys **keys)
{
    struct lagan_op op = fixture_op();
    return s3_keys_parse(&op, text, strlen(text), "a test", keys);
}

static void credentials_are_words(void **state)
{
    struct s3_keys *keys;
    (void)state;
    assert_int_equal(parse("access:secret/+=", &keys), LAGAN_OK);
    assert_string_equal(keys->access, "access");
    assert_string_equal(keys->secret, "secret/+=");
    assert_null(keys->token);
    s3_keys_release(keys);
    assert_int_equal(parse(" a:b:to:ken\n", &keys), LAGAN_OK);
    assert_string_equal(keys->secret, "b");
    assert_string_equal(keys->token, "to:ken");
    s3_keys_release(keys);
    assert_int_equal(parse("", &keys), LAGAN_AUTH);
    assert_int_equal(parse("access", &keys), LAGAN_AUTH);
    assert_int_equal(parse("access:", &keys), LAGAN_AUTH);
    assert_int_equal(parse(":secret", &keys), LAGAN_AUTH);
    assert_int_equal(parse("a b:secret", &keys), LAGAN_AUTH);
    assert_int_equal(parse("a:b\r\nx-evil: 1", &keys), LAGAN_AUTH);
}

static void credentials_are_json(void **state)
{
    struct s3_keys *keys;
    (void)state;
    assert_int_equal(parse("{\"Version\": 1, \"Extra\": {\"AccessKeyId\": [\"x}\", 1]},\n"
                           " \"AccessKeyId\" : \"test:tester\",\"SecretAccessKey\":\"a\\u0062"
                           "\\/\\\"\", \"SessionToken\": null,"
                           "\"Expiration\": \"2101-11-06T08:49:37Z\" }\n",
                           &keys),
                     LAGAN_OK);
    assert_string_equal(keys->access, "test:tester");
    assert_string_equal(keys->secret, "ab/\"");
    assert_null(keys->token);
    assert_true(keys->expires_ns > INT64_C(4000000000) * SECOND_NS);
    s3_keys_release(keys);
}

static void credentials_are_no_nonsense(void **state)
{
    static const char *const texts[] = {
        "{",
        "{}",
        "{\"AccessKeyId\": \"a\"}",
        "{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\"",
        "{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\"} x",
        "{\"AccessKeyId\": \"a\" \"SecretAccessKey\": \"b\"}",
        "{\"AccessKeyId\": \"a\\u0000\", \"SecretAccessKey\": \"b\"}",
        "{\"AccessKeyId\": \"a\\ud800\", \"SecretAccessKey\": \"b\"}",
        "{\"AccessKeyId\": \"a\\x\", \"SecretAccessKey\": \"b\"}",
        "{\"AccessKeyId\": \"a\nb\", \"SecretAccessKey\": \"b\"}",
        "{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"Expiration\": \"soon\"}",
        "{\"x\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{\"AccessKeyId\": \"a\", \"SecretAccessKey\": \"b\", \"x\": "
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
        "{\"AccessKeyId\": \"a\", \"x\": ]], \"SecretAccessKey\": \"b\"}"};
    struct s3_keys *keys;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (parse(texts[i], &keys) != LAGAN_AUTH)
            fail_msg("taken: %s", texts[i]);
}

static void credentials_are_in_profiles(void **state)
{
    static const char text[] = "# comment\r\n"
                               "[default]\n"
                               "aws_access_key_id = one\n"
                               "[ profile two ]\n"
                               " indented = no\n"
                               "aws_access_key_id=two  \n"
                               "AWS_SECRET_ACCESS_KEY = a=b\r\n"
                               "; aws_session_token = c\n"
                               "empty =\n"
                               "[three]\n"
                               "last = end";
    static const struct {
        const char *profile;
        const char *name;
        const char *wanted;
    } cases[] = {{"default", "aws_access_key_id", "one"},
                 {"two", "aws_access_key_id", "two"},
                 {"two", "aws_secret_access_key", "a=b"},
                 {"two", "aws_session_token", NULL},
                 {"two", "indented", NULL},
                 {"two", "empty", ""},
                 {"two", "last", NULL},
                 {"three", "last", "end"},
                 {"four", "last", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = 99;
        const char *value = s3_profile_find(text, cases[i].profile, cases[i].name, &size);
        assert_int_equal(value != NULL, cases[i].wanted != NULL);
        if (value) {
            assert_int_equal(size, strlen(cases[i].wanted));
            assert_memory_equal(value, cases[i].wanted, size);
        }
    }
}

static struct s3_settings *settings_from(const char *from, const char *profile,
                                         const char *file)
{
    const char *const words[] = {
        "endpoint", "http://127.0.0.1:9",       "bucket", "bucket",       "credentials-from",
        from,       profile ? "profile" : NULL, profile,  "profile-file", file,
        NULL};
    return fixture_settings(words);
}

/* The access key of now, or the class in words. */
static const char *access_of(const struct s3_settings *settings)
{
    static char text[LAGAN_TEXT_SIZE];
    struct s3_wallet wallet;
    struct s3_keys *keys = NULL;
    struct lagan_op op = fixture_op();
    s3_wallet_init(&wallet, settings);
    uint32_t result = s3_wallet_keys(&wallet, &op, NULL, &keys);
    snprintf(text, sizeof text, "%s",
             result == LAGAN_OK ? keys ? keys->access : "nobody" : op.error.text);
    s3_keys_release(keys);
    s3_wallet_clear(&wallet);
    return text;
}

static void credentials_have_origins(void **state)
{
    const char *file = write_file("profiles", 0600,
                                  "[default]\naws_access_key_id = file\n"
                                  "aws_secret_access_key = s\n"
                                  "[half]\naws_access_key_id = file\n");
    struct s3_settings *settings = settings_from("profile", "default", file);
    (void)state;
    assert_string_equal(access_of(settings), "file");
    s3_settings_free(settings);
    settings = settings_from("profile", "half", file);
    assert_non_null(strstr(access_of(settings), "no credentials for the profile half"));
    s3_settings_free(settings);
    settings = settings_from("profile", "default", path_of("absent"));
    assert_non_null(strstr(access_of(settings), "cannot read the credentials file"));
    s3_settings_free(settings);
    settings = settings_from("none", NULL, NULL);
    assert_string_equal(access_of(settings), "nobody");
    s3_settings_free(settings);
    settings = settings_from("environment", NULL, NULL);
    unsetenv("AWS_ACCESS_KEY_ID");
    assert_non_null(strstr(access_of(settings), "AWS_ACCESS_KEY_ID"));
    setenv("AWS_ACCESS_KEY_ID", "surroundings", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    assert_string_equal(access_of(settings), "surroundings");
    unsetenv("AWS_ACCESS_KEY_ID");
    s3_settings_free(settings);
}

/* A profile whose credentials come from the script `text`. */
static struct s3_settings *settings_of_script(const char *text)
{
    char profile[256];
    const char *script = write_file("script", 0700, text);
    snprintf(profile, sizeof profile,
             "[default]\ncredential_process = %s first 'second word'\n", script);
    return settings_from("profile", "default", write_file("profiles", 0600, profile));
}

static void credentials_come_from_commands(void **state)
{
    static const struct {
        const char *script;
        const char *wanted;
    } cases[] = {
        {"#!/bin/sh\necho \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"$1-${2#* }\\\","
         "\\\"SecretAccessKey\\\":\\\"s\\\"}\"\n",
         "first-word"},
        {"#!/bin/sh\necho no key here >&2\nexit 3\n",
         "the command that gives credentials ended with status 3: no key here"},
        {"#!/bin/sh\nkill -9 $$\n", "the command that gives credentials was ended by signal 9"},
        {"#!/bin/sh\necho hello\n", "what the command gives holds no access key"},
        {"#!/bin/sh\nhead -c 200000 /dev/zero\nsleep 60\n",
         "the command that gives credentials says too much"},
        {"#!/bin/sh\necho '{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\","
         "\"Expiration\":\"2001-01-01T00:00:00Z\"}'\n",
         "the credentials have expired"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct s3_settings *settings = settings_of_script(cases[i].script);
        const char *found = access_of(settings);
        if (!strstr(found, cases[i].wanted))
            fail_msg("case %zu: %s", i, found);
        s3_settings_free(settings);
    }
}

/* Counts its calls in a file; its credentials hold for $LEFT seconds. */
static const char counting_script[] =
    "#!/bin/sh\ncd \"${0%/*}\" || exit 1\nn=$(cat count); n=$((n + 1)); echo $n >count\n"
    "left=$(cat left)\n"
    "until=$(date -u -d \"@$(($(date +%s) + left))\" +%Y-%m-%dT%H:%M:%SZ)\n"
    "echo \"{\\\"AccessKeyId\\\":\\\"key$n\\\",\\\"SecretAccessKey\\\":\\\"s\\\","
    "\\\"SessionToken\\\":\\\"t\\\",\\\"Expiration\\\":\\\"$until\\\"}\"\n";

static void credentials_are_renewed_early(void **state)
{
    static const struct {
        const char *left;
        const char *second; /* what the second call gets */
    } cases[] = {{"3600", "key1"}, {"100", "key2"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct s3_wallet wallet;
        struct s3_keys *keys[2];
        struct lagan_op op = fixture_op();
        write_file("count", 0600, "0");
        write_file("left", 0600, cases[i].left);
        struct s3_settings *settings = settings_of_script(counting_script);
        s3_wallet_init(&wallet, settings);
        assert_int_equal(s3_wallet_keys(&wallet, &op, NULL, &keys[0]), LAGAN_OK);
        assert_int_equal(s3_wallet_keys(&wallet, &op, NULL, &keys[1]), LAGAN_OK);
        assert_string_equal(keys[0]->access, "key1");
        assert_string_equal(keys[1]->access, cases[i].second);
        s3_keys_release(keys[0]);
        s3_keys_release(keys[1]);
        s3_wallet_clear(&wallet);
        s3_settings_free(settings);
    }
}

/* When they cannot be renewed, those that still hold go on. */
static void credentials_outlast_failures(void **state)
{
    struct s3_wallet wallet;
    struct s3_keys *keys;
    struct lagan_op op = fixture_op();
    (void)state;
    write_file("count", 0600, "0");
    write_file("left", 0600, "100");
    struct s3_settings *settings = settings_of_script(counting_script);
    s3_wallet_init(&wallet, settings);
    assert_int_equal(s3_wallet_keys(&wallet, &op, NULL, &keys), LAGAN_OK);
    s3_keys_release(keys);
    write_file("script", 0700, "#!/bin/sh\nexit 1\n");
    assert_int_equal(s3_wallet_keys(&wallet, &op, NULL, &keys), LAGAN_OK);
    assert_string_equal(keys->access, "key1");
    /* Not when the store has said that they do not. */
    struct s3_keys *again = NULL;
    assert_int_equal(s3_wallet_keys(&wallet, &op, keys, &again), LAGAN_AUTH);
    s3_keys_release(keys);
    s3_wallet_clear(&wallet);
    s3_settings_free(settings);
}

/* The store says that they have expired, in mid-run: the request is sent again with new ones,
 * once. */
static void credentials_are_renewed_on_demand(void **state)
{
    static const char expired[] = "<Error><Code>ExpiredToken</Code></Error>";
    static const struct canned answers[] = {
        {.expect = "Credential=key1/", .status = "204 No"},
        {.expect = "Credential=key1/", .status = "400 Bad Request", .body = expired},
        {.expect = "Credential=key2/", .status = "204 No"},
        {.expect = "Credential=key2/", .status = "400 Bad Request", .body = expired},
        {.expect = "Credential=key3/", .status = "400 Bad Request", .body = expired}};
    struct canned_store *store = canned_begin(answers, 5);
    struct lagan_op op = fixture_op();
    (void)state;
    write_file("count", 0600, "0");
    write_file("left", 0600, "3600");
    s3_settings_free(settings_of_script(counting_script));
    const char *const words[] = {"dialect", "aws",     "credentials-from", "profile",
                                 "profile", "default", "profile-file",     path_of("profiles"),
                                 NULL};
    struct s3 *client = canned_client_with(store, words);
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_OK);
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_OK);
    assert_int_equal(s3_remove(client, &op, "k", 1, NULL, false, NULL), LAGAN_AUTH);
    assert_int_equal(op.error.scope, LAGAN_SCOPE_HANDLE);
    canned_end(store);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"profiles", "script", "count", "left"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(credentials_are_words),
                                       cmocka_unit_test(credentials_are_json),
                                       cmocka_unit_test(credentials_are_no_nonsense),
                                       cmocka_unit_test(credentials_are_in_profiles),
                                       cmocka_unit_test(credentials_have_origins),
                                       cmocka_unit_test(credentials_come_from_commands),
                                       cmocka_unit_test(credentials_are_renewed_early),
                                       cmocka_unit_test(credentials_outlast_failures),
                                       cmocka_unit_test(credentials_are_renewed_on_demand)};
    fixture_host_begin();
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
