/* SPDX-License-Identifier: Apache-2.0 */
/* key_life.c - cases: the provider's key itself, what is said of it, threads and cancellation.
 */
#include "conformance/key_kit.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char context[] = "vault 5a6b7c8d, slot";

static void other_key(struct trial *t)
{
    struct opened *o = key_open(t);
    struct opened *other = key_open_other(t);
    struct key_secret secret = key_secret_of(1, 32), got;
    struct key_form form = key_wrap(t, o, context, &secret);
    expect_class(t, key_try_unwrap(t, other, context, &form, 100, &got), LAGAN_AUTH,
                 "key.h, unwrap");
    key_expect_secret(t, o, context, &form, &secret);
}

/* INITIALISE never replaces what is there. */
static void never_replaced(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32);
    struct key_form form = key_wrap(t, o, context, &secret);
    trial_close(t, o);
    for (unsigned i = 0; i < 3; i++) {
        o = key_open(t);
        key_expect_secret(t, o, context, &form, &secret);
        trial_close(t, o);
    }
}

static void make_form(struct trial *t, void *result)
{
    struct key_secret secret = key_secret_of(1, 32);
    struct key_form form = key_wrap(t, key_open(t), context, &secret);
    memcpy(result, &form, sizeof form);
}

/* What another process has wrapped; it also made the key. */
static void other_process(struct trial *t)
{
    struct key_form *form = trial_share(t, sizeof *form);
    struct key_secret secret = key_secret_of(1, 32);
    trial_wait(t, trial_fork(t, make_form, form));
    struct opened *o = trial_open(t, LAGAN_OPEN_READ_ONLY);
    key_expect_secret(t, o, context, form, &secret);
}

/* Two processes make the key at a time: they get one. */
struct pair {
    struct key_form forms[2];
    atomic_uint next; /* which of the two a process is */
};

static void make_one_of_two(struct trial *t, void *result)
{
    struct pair *pair = result;
    make_form(t, &pair->forms[atomic_fetch_add(&pair->next, 1)]);
}

static void made_once(struct trial *t)
{
    struct pair *pair = trial_share(t, sizeof *pair);
    struct key_secret secret = key_secret_of(1, 32);
    pid_t children[2];
    for (unsigned i = 0; i < 2; i++)
        children[i] = trial_fork(t, make_one_of_two, pair);
    trial_wait(t, children[0]);
    trial_wait(t, children[1]);
    struct opened *o = key_open(t);
    for (unsigned i = 0; i < 2; i++)
        key_expect_secret(t, o, context, &pair->forms[i], &secret);
}

static void missing(struct trial *t)
{
    struct opened *o;
    uint32_t result;
    if (!trial_place(t))
        trial_skip(t, "no parameter says where the key is");
    result = trial_try_open(t, LAGAN_OPEN_READ_ONLY, &o);
    expect_class(t, result, LAGAN_NOT_FOUND, "key.h");
    /* Nothing was made by looking. */
    result = trial_try_open(t, LAGAN_OPEN_READ_ONLY, &o);
    expect_class(t, result, LAGAN_NOT_FOUND, "key.h");
}

/* Where the key is a file: nobody else may read it. */
static void private_file(struct trial *t)
{
    const char *place = trial_place_path(t);
    struct stat status;
    if (!place)
        trial_skip(t, "the key is no file");
    key_open(t);
    if (stat(place, &status) < 0 || !S_ISREG(status.st_mode))
        trial_skip(t, "the key is no file");
    EXPECT(t, (status.st_mode & 077) == 0, "key.h", "the key's file has the mode 0%o",
           status.st_mode & 07777);
}

static void identify(struct trial *t)
{
    struct opened *o = key_open(t);
    char text[400], other[400];
    struct call c;
    memset(text, 'x', sizeof text);
    memset(other, 'x', sizeof other);
    call_begin(t, o, &c, "identify, room for 300 bytes");
    EXPECT_OK(t, call_end(t, &c, trial_key(t)->identify(o->handle, &c.operation.op, text, 300)),
              "key.h, identify");
    size_t size = strnlen(text, 300);
    EXPECT(t, size < 300 && size > 0, "key.h, identify", "the text is not terminated");
    EXPECT(t, text_is_clean_utf8(text, size), "key.h, identify",
           "the text is no line of UTF-8");
    EXPECT(t, text[300] == 'x', "key.h, identify", "it wrote behind the room");
    call_begin(t, o, &c, "identify once more");
    EXPECT_OK(t,
              call_end(t, &c, trial_key(t)->identify(o->handle, &c.operation.op, other, 300)),
              "key.h, identify");
    EXPECT(t, strcmp(text, other) == 0, "key.h, identify", "it says \"%s\" and then \"%s\"",
           text, other);
}

static void identify_cut(struct trial *t)
{
    struct opened *o = key_open(t);
    for (size_t room = 1; room < 30; room++) {
        char text[64];
        struct call c;
        memset(text, 'x', sizeof text);
        call_begin(t, o, &c, "identify, room for %zu bytes", room);
        EXPECT_OK(
            t, call_end(t, &c, trial_key(t)->identify(o->handle, &c.operation.op, text, room)),
            "key.h, identify");
        EXPECT(t, strnlen(text, room) < room, "key.h, identify", "the text is not terminated");
        for (size_t i = room; i < sizeof text; i++)
            EXPECT(t, text[i] == 'x', "key.h, identify",
                   "it wrote behind the room for %zu bytes", room);
    }
}

/* What people are shown never helps anybody to the key. */
static void identify_secret(struct trial *t)
{
    const char *place = trial_place_path(t);
    uint8_t key[256];
    char text[400] = "", hex[17];
    struct call c;
    if (!place)
        trial_skip(t, "the key is no file");
    struct opened *o = key_open(t);
    int fd = open(place, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, key, sizeof key) : -1;
    if (size < 16)
        trial_skip(t, "the key is no file that the suite can read");
    close(fd);
    call_begin(t, o, &c, "identify");
    EXPECT_OK(
        t,
        call_end(t, &c, trial_key(t)->identify(o->handle, &c.operation.op, text, sizeof text)),
        "key.h, identify");
    for (ssize_t i = 0; i + 8 <= size; i++) {
        text_hex(key + i, 8, hex);
        EXPECT(t, !strstr(text, hex) && !memmem(text, strlen(text), key + i, 8),
               "key.h, identify", "the text shows the key's file from byte %zd on", i);
    }
}

struct crowd {
    struct trial *t;
    struct opened *o;
    struct key_form form;
    struct key_secret secret;
};

static void use(void *data, unsigned index)
{
    struct crowd *c = data;
    for (unsigned i = 0; i < 6; i++) {
        struct key_secret secret = key_secret_of(100 * index + i, 40);
        struct key_form form = key_wrap(c->t, c->o, context, &secret);
        key_expect_secret(c->t, c->o, context, &form, &secret);
        key_expect_secret(c->t, c->o, context, &c->form, &c->secret);
    }
}

static void threads(struct trial *t)
{
    struct crowd c = {.t = t, .o = key_open(t), .secret = key_secret_of(9, 32)};
    c.form = key_wrap(t, c.o, context, &c.secret);
    trial_threads(t, 4, use, &c);
}

static void cancelled(struct trial *t)
{
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got = {.size = 0};
    struct key_form form = key_wrap(t, o, context, &secret), none = {.size = 0};
    call_cancel_all();
    expect_class(t, key_try_wrap(t, o, context, &secret, &none), LAGAN_CANCELLED,
                 "driver.h, Blocking");
    expect_class(t, key_try_unwrap(t, o, context, &form, 100, &got), LAGAN_CANCELLED,
                 "driver.h, Blocking");
    call_cancel_reset();
    key_expect_secret(t, o, context, &form, &secret);
}

static void deadline(struct trial *t)
{
    static const uint32_t fine[] = {LAGAN_CANCELLED, LAGAN_TIMEOUT, LAGAN_CLASS_COUNT};
    struct opened *o = key_open(t);
    struct key_secret secret = key_secret_of(1, 32), got = {.size = 0};
    struct key_form form = key_wrap(t, o, context, &secret);
    call_set_deadline(-1000000000);
    expect_one_of(t, key_try_unwrap(t, o, context, &form, 100, &got), fine,
                  "driver.h, Blocking");
    key_expect_secret(t, o, context, &form, &secret);
}

static void soak(struct trial *t)
{
    struct opened *o = key_open(t);
    struct trial_holdings before = {0}, after;
    unsigned rounds = 30 * trial_rounds(t, 1);
    for (unsigned i = 0; i < rounds; i++) {
        struct key_secret secret = key_secret_of(i, 32);
        struct key_form form = key_wrap(t, o, context, &secret);
        key_expect_secret(t, o, context, &form, &secret);
        if (i == 9)
            trial_count_holdings(&before);
    }
    trial_count_holdings(&after);
    EXPECT(t, after.descriptors <= before.descriptors && after.threads <= before.threads,
           "driver.h", "%u rounds leave %u descriptors and %u threads", rounds,
           after.descriptors - before.descriptors, after.threads - before.threads);
}

const struct check_case check_cases_key_life[] = {
    {"key-other-key", LAGAN_KIND_KEY, CHECK_CORE, 0, NULL, other_key,
     "another key does not unwrap, and says that it is another one"},
    {"key-never-replaced", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, never_replaced,
     "INITIALISE leaves a key that is there"},
    {"key-other-process", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, other_process,
     "what one process wraps another one unwraps"},
    {"key-made-once", LAGAN_KIND_KEY, CHECK_CONCURRENCY, 0, NULL, made_once,
     "two processes that make the key have the same one"},
    {"key-missing", LAGAN_KIND_KEY, CHECK_CORE, 0, NULL, missing,
     "a key that is not there is not found, and not made by looking"},
    {"key-private", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, private_file,
     "a key in a file is for its owner alone"},
    {"key-identify", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, "identify", identify,
     "identify gives the same line each time"},
    {"key-identify-cut", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, "identify", identify_cut,
     "it is cut and terminated where there is little room"},
    {"key-identify-secret", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, "identify", identify_secret,
     "it does not show the key"},
    {"key-threads", LAGAN_KIND_KEY, CHECK_CONCURRENCY, CASE_SAFE, NULL, threads,
     "several threads wrap and unwrap"},
    {"key-cancelled", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, cancelled,
     "calls that start cancelled do nothing, and the handle stays good"},
    {"key-deadline", LAGAN_KIND_KEY, CHECK_CORE, CASE_SAFE, NULL, deadline,
     "a call whose deadline has passed ends at once"},
    {"key-soak", LAGAN_KIND_KEY, CHECK_SOAK, CASE_SAFE | CASE_LONG, NULL, soak,
     "many rounds leave nothing open"},
    {.name = NULL}};
