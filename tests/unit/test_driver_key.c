/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_key.c - key files: made once, private, and what they wrap. */
#include "driver_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct driver_host *host;
    char *scratch;
    char path[200];
    struct instance *instance;
    struct key_provider *provider;
};

static struct fixture fixture_open(void)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    struct error e = ERROR_INIT;
    snprintf(f.path, sizeof f.path, "%s/east.key", f.scratch);
    const char *const words[] = {f.path, NULL};
    f.instance = fixture_instance(f.host, "key_file", words);
    f.provider = key_provider_open(f.instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f.provider ? 0 : -1, e);
    return f;
}

static void fixture_close(struct fixture *f)
{
    key_provider_close(f->provider);
    instance_free(f->instance);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static const uint8_t secret[32] = "thirty-two bytes of vault secret";

static struct buffer wrap(struct fixture *f)
{
    struct error e = ERROR_INIT;
    struct buffer wrapped = BUFFER_INIT;
    assert_success(
        key_provider_wrap(f->provider, "vault", 5, secret, sizeof secret, &wrapped, &e), e);
    return wrapped;
}

static void key_file_wraps_and_unwraps(void **state)
{
    struct fixture f = fixture_open();
    struct buffer wrapped = wrap(&f);
    struct buffer again = wrap(&f);
    struct error e = ERROR_INIT;
    uint8_t out[32];
    size_t size = 0;
    (void)state;
    assert_success(key_provider_unwrap(f.provider, "vault", 5, wrapped.data, wrapped.size, out,
                                       sizeof out, &size, &e),
                   e);
    assert_int_equal(size, sizeof secret);
    assert_memory_equal(out, secret, sizeof secret);
    /* Never the same twice, and never the secret itself. */
    assert_int_equal(again.size, wrapped.size);
    assert_memory_not_equal(again.data, wrapped.data, wrapped.size);
    assert_null(memmem(wrapped.data, wrapped.size, secret, 8));
    buffer_free(&wrapped);
    buffer_free(&again);
    fixture_close(&f);
}

static void expect_corrupt(struct fixture *f, const struct buffer *wrapped, size_t size)
{
    struct error e = ERROR_INIT;
    uint8_t out[32];
    size_t got;
    memset(out, 0xee, sizeof out);
    int result = key_provider_unwrap(f->provider, "vault", 5, wrapped->data, size, out,
                                     sizeof out, &got, &e);
    assert_int_equal(result, -1);
    assert_int_equal(e.error_class, LAGAN_CORRUPT);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], 0);
}

static void key_file_tells_damage(void **state)
{
    struct fixture f = fixture_open();
    struct buffer wrapped = wrap(&f);
    (void)state;
    for (size_t i = 0; i < wrapped.size; i++) {
        wrapped.data[i] ^= 0x40;
        expect_corrupt(&f, &wrapped, wrapped.size);
        wrapped.data[i] ^= 0x40;
        expect_corrupt(&f, &wrapped, i);
    }
    buffer_free(&wrapped);
    fixture_close(&f);
}

static void key_file_binds_the_context(void **state)
{
    struct fixture f = fixture_open();
    struct buffer wrapped = wrap(&f);
    struct error e = ERROR_INIT;
    uint8_t out[32];
    size_t size;
    (void)state;
    assert_int_equal(key_provider_unwrap(f.provider, "vaulT", 5, wrapped.data, wrapped.size,
                                         out, sizeof out, &size, &e),
                     -1);
    assert_error(e, LAGAN_CORRUPT, "belongs to another vault");
    assert_int_equal(key_provider_unwrap(f.provider, "vault", 5, wrapped.data, wrapped.size,
                                         out, sizeof out - 1, &size, &e),
                     -1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    buffer_free(&wrapped);
    fixture_close(&f);
}

static void key_file_tells_another_key(void **state)
{
    struct fixture f = fixture_open();
    struct fixture other = fixture_open();
    struct buffer wrapped = wrap(&f);
    struct error e = ERROR_INIT;
    uint8_t out[32];
    size_t size;
    (void)state;
    assert_int_equal(key_provider_unwrap(other.provider, "vault", 5, wrapped.data, wrapped.size,
                                         out, sizeof out, &size, &e),
                     -1);
    assert_error(e, LAGAN_AUTH, "another key file wrapped this");
    assert_int_equal(e.code, ERROR_WRONG_KEY);
    buffer_free(&wrapped);
    fixture_close(&f);
    fixture_close(&other);
}

static void key_file_is_made_once(void **state)
{
    struct fixture f = fixture_open();
    struct buffer wrapped = wrap(&f);
    struct error e = ERROR_INIT;
    struct stat status;
    char first[300];
    char second[300];
    uint8_t out[32];
    size_t size;
    (void)state;
    assert_int_equal(stat(f.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(fixture_count_entries(f.scratch), 1);
    assert_success(key_provider_identify(f.provider, first, sizeof first, &e), e);
    assert_non_null(strstr(first, f.path));
    key_provider_close(f.provider);
    f.provider = key_provider_open(f.instance, LAGAN_OPEN_INITIALISE, &e);
    assert_success(f.provider ? 0 : -1, e);
    assert_success(key_provider_identify(f.provider, second, sizeof second, &e), e);
    assert_string_equal(first, second);
    assert_success(key_provider_unwrap(f.provider, "vault", 5, wrapped.data, wrapped.size, out,
                                       sizeof out, &size, &e),
                   e);
    buffer_free(&wrapped);
    fixture_close(&f);
}

static void key_file_does_not_show_the_key(void **state)
{
    struct fixture f = fixture_open();
    struct error e = ERROR_INIT;
    char *text = fixture_read_text(f.path);
    char shown[300];
    (void)state;
    assert_int_equal(strlen(text), 12 + 64 + 1 + 8 + 1);
    assert_success(key_provider_identify(f.provider, shown, sizeof shown, &e), e);
    text[12 + 8] = '\0';
    assert_null(strstr(shown, text + 12));
    free(text);
    fixture_close(&f);
}

static void expect_refusal(struct fixture *f, uint32_t error_class, const char *part)
{
    struct error e = ERROR_INIT;
    key_provider_close(f->provider);
    f->provider = key_provider_open(f->instance, LAGAN_OPEN_INITIALISE, &e);
    assert_null(f->provider);
    assert_error(e, error_class, part);
}

static void key_file_is_refused_when_not_private(void **state)
{
    static const unsigned modes[] = {0640, 0604, 0620, 0602, 0610, 0666};
    struct fixture f = fixture_open();
    char other[220];
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        chmod(f.path, modes[i]);
        expect_refusal(&f, LAGAN_DENIED, "others could read the key; chmod 600 it");
    }
    chmod(f.path, 0600);
    snprintf(other, sizeof other, "%s/real.key", f.scratch);
    assert_int_equal(rename(f.path, other) | symlink(other, f.path), 0);
    expect_refusal(&f, LAGAN_DENIED, "east.key");
    assert_int_equal(unlink(f.path) | mkdir(f.path, 0700), 0);
    expect_refusal(&f, LAGAN_DENIED, "not a regular file");
    fixture_close(&f);
}

static void key_file_is_refused_when_damaged(void **state)
{
    struct fixture f = fixture_open();
    char *text = fixture_read_text(f.path);
    char *good = strdup(text);
    (void)state;
    for (size_t i = 0; i < strlen(good); i++) {
        text[i] = text[i] == '0' ? '1' : '0';
        fixture_write_text(f.path, text, 0600);
        expect_refusal(&f, LAGAN_CORRUPT, "does not hold a key, or a damaged one");
        text[i] = good[i];
    }
    text[strlen(text) - 1] = '\0';
    fixture_write_text(f.path, text, 0600);
    expect_refusal(&f, LAGAN_CORRUPT, "damaged");
    fixture_write_text(f.path, "", 0600);
    expect_refusal(&f, LAGAN_CORRUPT, "damaged");
    free(text);
    free(good);
    fixture_close(&f);
}

static void key_file_must_be_initialised(void **state)
{
    struct fixture f = fixture_open();
    struct error e = ERROR_INIT;
    (void)state;
    key_provider_close(f.provider);
    assert_int_equal(unlink(f.path), 0);
    f.provider = key_provider_open(f.instance, 0, &e);
    assert_null(f.provider);
    assert_error(e, LAGAN_NOT_FOUND, "east.key");
    assert_int_equal(fixture_count_entries(f.scratch), 0);
    fixture_close(&f);
}

static void key_file_limits_secrets(void **state)
{
    struct fixture f = fixture_open();
    struct error e = ERROR_INIT;
    struct buffer wrapped = BUFFER_INIT;
    static uint8_t big[LAGAN_WRAPPED_LIMIT];
    (void)state;
    assert_int_equal(key_provider_wrap(f.provider, "", 0, big, sizeof big, &wrapped, &e), -1);
    assert_error(e, LAGAN_LIMIT, "too long");
    assert_int_equal(wrapped.size, 0);
    assert_success(key_provider_wrap(f.provider, "", 0, big, 0, &wrapped, &e), e);
    buffer_free(&wrapped);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_file_wraps_and_unwraps),
        cmocka_unit_test(key_file_tells_damage),
        cmocka_unit_test(key_file_binds_the_context),
        cmocka_unit_test(key_file_tells_another_key),
        cmocka_unit_test(key_file_is_made_once),
        cmocka_unit_test(key_file_does_not_show_the_key),
        cmocka_unit_test(key_file_is_refused_when_not_private),
        cmocka_unit_test(key_file_is_refused_when_damaged),
        cmocka_unit_test(key_file_must_be_initialised),
        cmocka_unit_test(key_file_limits_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
