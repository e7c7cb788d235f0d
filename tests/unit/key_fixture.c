/* SPDX-License-Identifier: Apache-2.0 */
/* key_fixture.c - see key_fixture.h. */
#include "key_fixture.h"

#include "unit.h"

#include <string.h>

const uint8_t key_secret[32] = "thirty-two bytes of vault secret";

struct key_opened key_open(struct driver_host *host, const char *driver,
                           const char *const *words, uint64_t flags)
{
    struct key_opened k = {.instance = fixture_instance(host, driver, words)};
    struct error e = ERROR_INIT;
    k.provider = key_provider_open(k.instance, flags, &e);
    assert_success(k.provider ? 0 : -1, e);
    return k;
}

uint32_t key_open_fails(struct driver_host *host, const char *driver, const char *const *words,
                        uint64_t flags, uint32_t error_class, const char *part)
{
    struct key_opened k = {.instance = fixture_instance(host, driver, words)};
    struct error e = ERROR_INIT;
    k.provider = key_provider_open(k.instance, flags, &e);
    assert_null(k.provider);
    assert_error(e, error_class, part);
    key_close(&k);
    return e.code;
}

void key_close(struct key_opened *k)
{
    key_provider_close(k->provider);
    instance_free(k->instance);
    *k = (struct key_opened){0};
}

struct buffer key_wrap_secret(struct key_opened *k)
{
    struct buffer wrapped = BUFFER_INIT;
    struct error e = ERROR_INIT;
    assert_success(key_provider_wrap(k->provider, KEY_CONTEXT, strlen(KEY_CONTEXT), key_secret,
                                     sizeof key_secret, &wrapped, &e),
                   e);
    return wrapped;
}

void key_wrap_fails(struct key_opened *k, uint32_t error_class, const char *part)
{
    struct buffer wrapped = BUFFER_INIT;
    struct error e = ERROR_INIT;
    assert_int_equal(key_provider_wrap(k->provider, KEY_CONTEXT, strlen(KEY_CONTEXT),
                                       key_secret, sizeof key_secret, &wrapped, &e),
                     -1);
    assert_error(e, error_class, part);
    assert_int_equal(wrapped.size, 0);
    buffer_free(&wrapped);
}

void key_unwrap_secret(struct key_opened *k, const struct buffer *wrapped)
{
    struct error e = ERROR_INIT;
    uint8_t out[sizeof key_secret];
    size_t size = 0;
    assert_success(key_provider_unwrap(k->provider, KEY_CONTEXT, strlen(KEY_CONTEXT),
                                       wrapped->data, wrapped->size, out, sizeof out, &size,
                                       &e),
                   e);
    assert_int_equal(size, sizeof key_secret);
    assert_memory_equal(out, key_secret, sizeof key_secret);
}

/* A failed unwrap with `size` bytes of the form under `context`, into `room` bytes. */
static struct error unwrap_error(struct key_opened *k, const struct buffer *wrapped,
                                 size_t size, const char *context, size_t room)
{
    struct error e = ERROR_INIT;
    uint8_t out[sizeof key_secret];
    size_t got;
    memset(out, 0xee, sizeof out);
    assert_int_equal(key_provider_unwrap(k->provider, context, strlen(context), wrapped->data,
                                         size, out, room, &got, &e),
                     -1);
    for (size_t i = 0; i < room; i++)
        assert_int_equal(out[i], 0);
    return e;
}

uint32_t key_unwrap_fails(struct key_opened *k, const struct buffer *wrapped,
                          uint32_t error_class, const char *part)
{
    struct error e = unwrap_error(k, wrapped, wrapped->size, KEY_CONTEXT, sizeof key_secret);
    assert_error(e, error_class, part);
    return e.code;
}

static void tells_damage(struct key_opened *k, struct buffer *wrapped)
{
    for (size_t i = 0; i < wrapped->size; i++) {
        wrapped->data[i] ^= 0x40;
        struct error e =
            unwrap_error(k, wrapped, wrapped->size, KEY_CONTEXT, sizeof key_secret);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
        wrapped->data[i] ^= 0x40;
        e = unwrap_error(k, wrapped, i, KEY_CONTEXT, sizeof key_secret);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
    }
}

void key_keeps_the_contract(struct key_opened *k)
{
    struct buffer wrapped = key_wrap_secret(k);
    struct buffer again = key_wrap_secret(k);
    struct error e;
    key_unwrap_secret(k, &wrapped);
    key_unwrap_secret(k, &again);
    assert_true(again.size != wrapped.size ||
                memcmp(again.data, wrapped.data, wrapped.size) != 0);
    assert_null(memmem(wrapped.data, wrapped.size, key_secret, 8));
    tells_damage(k, &wrapped);
    e = unwrap_error(k, &wrapped, wrapped.size, "vaulT", sizeof key_secret);
    assert_error(e, LAGAN_CORRUPT, "belongs to another vault");
    e = unwrap_error(k, &wrapped, wrapped.size, KEY_CONTEXT, sizeof key_secret - 1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    buffer_free(&wrapped);
    buffer_free(&again);
}
