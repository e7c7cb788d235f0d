/* SPDX-License-Identifier: Apache-2.0 */
/* key_wrap.c - cases: secrets are wrapped and unwrapped, and nothing else is ever unwrapped. */
#include "conformance/key_kit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char context[] = "vault 1f2e3d4c, slot";

/* What an altered form may give. */
static const uint32_t refusals[] = {LAGAN_CORRUPT, LAGAN_AUTH, LAGAN_CLASS_COUNT};
/* What a form may give that is short, long or made up. */
static const uint32_t all_refusals[] = {LAGAN_CORRUPT, LAGAN_AUTH, LAGAN_LIMIT,
                                        LAGAN_CLASS_COUNT};

static void round_trip(struct trial *t)
{
    static const size_t sizes[] = {1,  2,  15,  16,  17,   31,   32,
                                   33, 64, 255, 256, 1000, 1023, 1024};
    struct opened *o = key_open(t);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct key_secret secret = key_secret_of(i, sizes[i]);
        struct key_form form = key_wrap(t, o, context, &secret);
        key_expect_secret(t, o, context, &form, &secret);
    }
}

static void odd_contexts(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    static const uint8_t odd[] = {0, 1, 0xff, 0, '\n', 0};
    struct key_form form = {.size = 0};
    struct call c;
    size_t size = 0;
    call_begin(t, o, &c, "wrap for a context of zero bytes and others");
    EXPECT_OK(
        t,
        call_end(t, &c,
                 trial_key(t)->wrap(o->handle, &c.operation.op, odd, sizeof odd, secret.data,
                                    secret.size, form.data, sizeof form.data, &form.size)),
        "key.h, wrap");
    call_begin(t, o, &c, "unwrap for the same context");
    EXPECT_OK(
        t,
        call_end(t, &c,
                 trial_key(t)->unwrap(o->handle, &c.operation.op, odd, sizeof odd, form.data,
                                      form.size, got.data, sizeof got.data, &size)),
        "key.h, unwrap");
    EXPECT(t, size == secret.size && memcmp(got.data, secret.data, size) == 0, "key.h, unwrap",
           "another secret comes back");
    /* The bytes behind the first zero count. */
    call_begin(t, o, &c, "unwrap for a context that differs in its last byte");
    expect_one_of(
        t,
        call_end(t, &c,
                 trial_key(t)->unwrap(o->handle, &c.operation.op, odd, sizeof odd - 1,
                                      form.data, form.size, got.data, sizeof got.data, &size)),
        refusals, "key.h, struct lagan_key_ops");
}

static void other_context(struct trial *t)
{
    static const char *const others[] = {"", "vault 1f2e3d4c, slot2", "vault 1f2e3d4c, slo",
                                         "Vault 1f2e3d4c, slot"};
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_class(t, key_try_unwrap(t, o, others[i], &form, 100, &got), LAGAN_CORRUPT,
                     "key.h, struct lagan_key_ops");
    key_expect_secret(t, o, context, &form, &secret);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Of slow providers not every byte is tried, unless rounds are asked for. */
static size_t step_of(const struct trial *t, int64_t began_ns, size_t size)
{
    bool slow = !t->request->rounds && now_ns() - began_ns > 1000000000;
    return slow ? size / 16 + 1 : 1;
}

static void each_byte(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    int64_t began = now_ns();
    for (size_t i = 0; i < form.size; i += step_of(t, began, form.size)) {
        uint8_t was = form.data[i];
        form.data[i] ^= (uint8_t)(1 + trial_below(t, 255));
        expect_one_of(t, key_try_unwrap(t, o, context, &form, 100, &got), refusals,
                      "key.h, unwrap");
        form.data[i] = was;
    }
    key_expect_secret(t, o, context, &form, &secret);
}

static void each_length(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    struct key_form cut = form;
    int64_t began = now_ns();
    for (cut.size = 0; cut.size < form.size; cut.size += step_of(t, began, form.size))
        expect_one_of(t, key_try_unwrap(t, o, context, &cut, 100, &got), all_refusals,
                      "key.h, unwrap");
    cut.size = form.size + 1;
    expect_one_of(t, key_try_unwrap(t, o, context, &cut, 100, &got), all_refusals,
                  "key.h, unwrap");
    cut.size = sizeof cut.data;
    expect_one_of(t, key_try_unwrap(t, o, context, &cut, 100, &got), all_refusals,
                  "key.h, unwrap");
}

static void made_up(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    for (unsigned i = 0; i < 40; i++) {
        struct key_form made = form;
        if (i % 2 == 0)
            made.size = 1 + (size_t)trial_below(t, 400);
        /* Half of them begin as a real one does. */
        size_t from = i % 4 < 2 ? 0 : made.size / 4;
        trial_bytes(trial_random(t), 0, made.data + from, made.size - from);
        expect_one_of(t, key_try_unwrap(t, o, context, &made, 100, &got), all_refusals,
                      "key.h, unwrap");
    }
    key_expect_secret(t, o, context, &form, &secret);
}

static void differ(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 64);
    struct key_form one = key_wrap(t, o, context, &secret);
    struct key_form other = key_wrap(t, o, context, &secret);
    EXPECT(t, one.size != other.size || memcmp(one.data, other.data, one.size) != 0,
           "key.h, wrap", "one secret has the same form twice");
    key_expect_secret(t, o, context, &one, &secret);
    key_expect_secret(t, o, context, &other, &secret);
}

/* Eight bytes in a row of the secret would be no chance. */
static void hidden(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 64);
    struct key_form form = key_wrap(t, o, context, &secret);
    for (size_t i = 0; i + 8 <= secret.size; i++)
        EXPECT(t, !memmem(form.data, form.size, secret.data + i, 8), "key.h, wrap",
               "the form shows the secret from byte %zu on", i);
}

static void no_room_to_unwrap(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 200), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    static const size_t rooms[] = {0, 1, 16, 100, 199};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        expect_class(t, key_try_unwrap(t, o, context, &form, rooms[i], &got), LAGAN_LIMIT,
                     "key.h, unwrap");
    EXPECT_OK(t, key_try_unwrap(t, o, context, &form, 200, &got), "key.h, unwrap");
}

static void no_room_to_wrap(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 100);
    struct key_form form = key_wrap(t, o, context, &secret);
    /* Forms of one secret may differ a little in length. */
    const size_t rooms[] = {0, 1, 16, form.size / 2};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        uint8_t *space = malloc(rooms[i] + 64);
        size_t size = 0;
        struct call c;
        EXPECT(t, space, "case.h", "no memory");
        memset(space, 0xa5, rooms[i] + 64);
        call_begin(t, o, &c, "wrap 100 bytes into %zu", rooms[i]);
        expect_class(
            t,
            call_end(t, &c,
                     trial_key(t)->wrap(o->handle, &c.operation.op, context, sizeof context - 1,
                                        secret.data, secret.size, space, rooms[i], &size)),
            LAGAN_LIMIT, "key.h, wrap");
        for (size_t n = rooms[i]; n < rooms[i] + 64; n++)
            EXPECT(t, space[n] == 0xa5, "key.h, wrap", "it wrote behind the room for %zu bytes",
                   rooms[i]);
        free(space);
    }
}

const struct check_case check_cases_key_wrap[] = {
    {"key-round-trip", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, round_trip,
     "secrets of 1 to 1024 bytes come back"},
    {"key-odd-contexts", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, odd_contexts,
     "a context may hold any bytes, and all of them count"},
    {"key-other-context", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, other_context,
     "a form is bound to its context"},
    {"key-each-byte", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE | CASE_LONG, NULL, each_byte,
     "each byte of a form counts"},
    {"key-each-length", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE | CASE_LONG, NULL, each_length,
     "a form that was cut or grew is refused"},
    {"key-made-up", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, made_up,
     "forms of random bytes are refused, and harm nothing"},
    {"key-differ", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, differ,
     "each wrap gives another form"},
    {"key-hidden", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, hidden,
     "a form does not show the secret"},
    {"key-no-room-to-unwrap", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, no_room_to_unwrap,
     "a secret that does not fit is refused, and nothing is written behind the room"},
    {"key-no-room-to-wrap", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, no_room_to_wrap,
     "so is a form that does not fit"},
    {.name = NULL}};
