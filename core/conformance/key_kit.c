/* SPDX-License-Identifier: Apache-2.0 */
/* key_kit.c - calls of key providers, with what must hold whenever they are made. */
#include "conformance/key_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_BYTES = 64, GUARD = 0xa5 };

struct key_secret key_secret_of(uint64_t seed, size_t size)
{
    struct key_secret secret = {.size = size};
    trial_bytes(seed * 31 + 7, 0, secret.data, size);
    return secret;
}

struct opened *key_open(struct trial *t)
{
    return trial_open(t, 0);
}

struct opened *key_open_other(struct trial *t)
{
    char suffix[sizeof t->suffix];
    struct opened *o;
    if (!trial_place(t) || t->request->safe)
        trial_skip(t, "the provider does not say where a second key could be");
    memcpy(suffix, t->suffix, sizeof suffix);
    snprintf(t->suffix, sizeof t->suffix, "%.8sb", suffix);
    o = trial_open(t, 0);
    memcpy(t->suffix, suffix, sizeof suffix);
    return o;
}

uint32_t key_try_wrap(struct trial *t, struct opened *o, const char *context,
                      const struct key_secret *secret, struct key_form *form)
{
    struct call c;
    size_t size = 0;
    uint32_t result;
    call_begin(t, o, &c, "wrap %zu bytes for \"%s\"", secret->size, context);
    result = call_end(t, &c,
                      trial_key(t)->wrap(o->handle, &c.operation.op, context, strlen(context),
                                         secret->data, secret->size, form->data,
                                         sizeof form->data, &size));
    if (result != LAGAN_OK)
        return result;
    EXPECT(t, size > 0 && size <= sizeof form->data, "key.h, wrap", "it says %zu bytes", size);
    form->size = size;
    return LAGAN_OK;
}

struct key_form key_wrap(struct trial *t, struct opened *o, const char *context,
                         const struct key_secret *secret)
{
    struct key_form form = {.size = 0};
    EXPECT_OK(t, key_try_wrap(t, o, context, secret, &form), "key.h, wrap");
    return form;
}

uint32_t key_try_unwrap(struct trial *t, struct opened *o, const char *context,
                        const struct key_form *form, size_t room, struct key_secret *secret)
{
    uint8_t *space = malloc(room + GUARD_BYTES);
    size_t size = 0;
    struct call c;
    uint32_t result;
    EXPECT(t, space, "case.h", "no memory");
    memset(space, GUARD, room + GUARD_BYTES);
    call_begin(t, o, &c, "unwrap %zu bytes for \"%s\" into %zu", form->size, context, room);
    result = call_end(t, &c,
                      trial_key(t)->unwrap(o->handle, &c.operation.op, context, strlen(context),
                                           form->data, form->size, space, room, &size));
    for (size_t i = room; i < room + GUARD_BYTES; i++)
        EXPECT(t, space[i] == GUARD, "key.h, unwrap", "it wrote behind the room for %zu bytes",
               room);
    if (result == LAGAN_OK) {
        EXPECT(t, size <= room && size <= sizeof secret->data, "key.h, unwrap",
               "it says that it used %zu bytes", size);
        memcpy(secret->data, space, size);
        secret->size = size;
    }
    free(space);
    return result;
}

void key_expect_secret(struct trial *t, struct opened *o, const char *context,
                       const struct key_form *form, const struct key_secret *secret)
{
    struct key_secret got = {.size = 0};
    EXPECT_OK(t, key_try_unwrap(t, o, context, form, sizeof got.data, &got), "key.h, unwrap");
    EXPECT(t, got.size == secret->size && memcmp(got.data, secret->data, got.size) == 0,
           "key.h, unwrap", "%zu other bytes come back of a secret of %zu", got.size,
           secret->size);
}
