/* SPDX-License-Identifier: Apache-2.0 */
/* target_put.c - cases: put. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK "target.h, put"

/* One object of this size goes in and comes out. */
static void round_trip(struct trial *t, uint64_t bytes)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "object-%llu", (unsigned long long)bytes);
    must_put(t, o, key.text, bytes + 7, bytes);
    expect_object(t, o, key.text, bytes + 7, bytes);
    expect_listed(t, o, &key, 1);
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    expect_object(t, o, key.text, bytes + 7, bytes);
    trial_close(t, o);
}

static void some_bytes(struct trial *t)
{
    round_trip(t, 1000);
}

static void zero_bytes(struct trial *t)
{
    round_trip(t, 0);
}

static void one_byte(struct trial *t)
{
    round_trip(t, 1);
}

static void sizes(struct trial *t)
{
    static const uint64_t sizes[] = {2,      511,     512,     513,    4095,  4096,
                                     4097,   8193,    65535,   65536,  65537, 131071,
                                     262145, 1048575, 1048576, 1048577};
    struct opened *o = trial_open(t, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct key key = key_of(t, "size-%llu", (unsigned long long)sizes[i]);
        must_put(t, o, key.text, sizes[i], sizes[i]);
        expect_object(t, o, key.text, sizes[i], sizes[i]);
    }
    trial_close(t, o);
}

static void large(struct trial *t)
{
    round_trip(t, 9 * 1048576 + 13);
}

static void if_absent(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "taken");
    must_put(t, o, key.text, 1, 3000);
    expect_class(t, case_put(t, o, key.text, 2, 4000), LAGAN_EXISTS, LOOK);
    EXPECT(t, call_error()->outcome == LAGAN_OUTCOME_NOT_DONE, "driver.h, enum lagan_outcome",
           "EXISTS with outcome %u: nothing has changed, so it is not-done",
           call_error()->outcome);
    expect_object(t, o, key.text, 1, 3000);
    expect_class(t, case_put(t, o, key.text, 2, 0), LAGAN_EXISTS, LOOK);
    expect_object(t, o, key.text, 1, 3000);
    expect_listed(t, o, &key, 1);
    trial_close(t, o);
}

static void equal_again(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "twice");
    must_put(t, o, key.text, 5, 70000);
    expect_class(t, case_put(t, o, key.text, 5, 70000), LAGAN_EXISTS, LOOK);
    expect_object(t, o, key.text, 5, 70000);
    trial_close(t, o);
}

/* A put that says EXISTS although nobody else had the name has met its own first attempt. */
static void own_retry(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    for (unsigned i = 0; i < 60; i++) {
        struct key key = key_of(t, "fresh/%u", i);
        uint64_t bytes = i % 7 * 1000 + 1;
        uint32_t result = case_put(t, o, key.text, i, bytes);
        EXPECT(t, result != LAGAN_EXISTS, "driver.h, enum lagan_outcome",
               "EXISTS for a name that was free: the put has met itself (round %u)", i);
        EXPECT_OK(t, result, LOOK);
        expect_object(t, o, key.text, i, bytes);
    }
    trial_close(t, o);
}

static void content_fails(struct trial *t)
{
    static const uint64_t from[] = {0, 1, 70000, 149999};
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "unreadable");
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        struct content c = content_of(t, 3, 150000);
        c.fail_from = from[i];
        c.fail_class = LAGAN_CHANGED;
        expect_class(t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, NULL),
                     LAGAN_CHANGED, "target.h, struct lagan_content");
        expect_absent(t, o, key.text);
        expect_listed(t, o, NULL, 0);
    }
    must_put(t, o, key.text, 4, 10);
    expect_object(t, o, key.text, 4, 10);
    trial_close(t, o);
}

static void content_classes(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "every-class");
    for (uint32_t error = LAGAN_TRANSIENT; error < LAGAN_CLASS_COUNT; error++) {
        struct content c = content_of(t, 3, 100);
        if (error == LAGAN_CANCELLED)
            continue;
        c.fail_from = 0;
        c.fail_class = error;
        expect_class(t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, NULL), error,
                     "target.h, struct lagan_content");
        expect_absent(t, o, key.text);
    }
    trial_close(t, o);
}

static void hash_of(uint64_t seed, size_t bytes, uint8_t hash[32])
{
    uint8_t *data = malloc(bytes + 1);
    if (!data)
        return;
    trial_bytes(seed, 0, data, bytes);
    hash_sha256(data, bytes, hash);
    free(data);
}

static void sha256_right(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "hashed");
    struct content c = content_of(t, 11, 100000);
    uint8_t hash[32];
    hash_of(11, 100000, hash);
    EXPECT_OK(t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, hash), LOOK);
    expect_object(t, o, key.text, 11, 100000);
    trial_close(t, o);
}

static void sha256_wrong(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "wrong-hash");
    struct content c = content_of(t, 11, 100000);
    uint8_t hash[32];
    NEED_CAPABILITY(t, o, checksum);
    hash_of(12, 100000, hash);
    expect_class(t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, hash),
                 LAGAN_CORRUPT, LOOK);
    expect_absent(t, o, key.text);
    expect_listed(t, o, NULL, 0);
    must_put(t, o, key.text, 12, 5);
    trial_close(t, o);
}

static void unknown_flag(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "flagged");
    struct content c = content_of(t, 1, 10);
    expect_class(
        t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT | UINT64_C(1) << 31, NULL),
        LAGAN_UNSUPPORTED, "driver.h, Flags");
    expect_absent(t, o, key.text);
    trial_close(t, o);
}

static void ignored_flag(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "flagged");
    struct content c = content_of(t, 1, 10);
    EXPECT_OK(
        t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT | UINT64_C(1) << 63, NULL),
        "driver.h, Flags");
    expect_object(t, o, key.text, 1, 10);
    trial_close(t, o);
}

static void durable_flag(struct trial *t)
{
    static const uint32_t either[] = {LAGAN_OK, LAGAN_UNSUPPORTED, LAGAN_CLASS_COUNT};
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "durable");
    struct content c = content_of(t, 1, 5000);
    bool told = o->capabilities.durable_put != LAGAN_SUPPORT_NONE;
    uint32_t result =
        case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT | LAGAN_PUT_DURABLE, NULL);
    if (told)
        EXPECT_OK(t, result, "target.h, durable_put");
    expect_one_of(t, result, either, "target.h, durable_put");
    if (result == LAGAN_OK)
        expect_object(t, o, key.text, 1, 5000);
    else
        expect_absent(t, o, key.text);
    trial_close(t, o);
}

/* A key of `size` bytes in all, whose last component takes what the prefix leaves. */
static struct key long_key(const struct trial *t, size_t size, const char *begin)
{
    struct key key = key_of(t, "%s", begin);
    size_t used = strlen(key.text);
    memset(key.text + used, 'k', size - used);
    key.text[size] = '\0';
    return key;
}

static void key_longest(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key keys[3] = {long_key(t, LAGAN_KEY_LIMIT - 1, "a/b/"),
                          long_key(t, LAGAN_KEY_LIMIT, "a/b/"),
                          long_key(t, LAGAN_KEY_LIMIT, "a/c")};
    for (unsigned i = 0; i < 3; i++) {
        must_put(t, o, keys[i].text, i, 100);
        expect_object(t, o, keys[i].text, i, 100);
    }
    expect_listed(t, o, keys, 3);
    trial_close(t, o);
}

static void key_deep(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "d");
    size_t used = strlen(key.text);
    while (used + 2 <= LAGAN_KEY_LIMIT) {
        memcpy(key.text + used, "/d", 3);
        used += 2;
    }
    must_put(t, o, key.text, 1, 100);
    expect_object(t, o, key.text, 1, 100);
    expect_listed(t, o, &key, 1);
    EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
    expect_listed(t, o, NULL, 0);
    trial_close(t, o);
}

/* Every byte that keys are made of, in front, in the middle and at the end of a component. */
static void key_bytes(struct trial *t)
{
    static const char bytes[] = "-.0123456789_abcdefghijklmnopqrstuvwxyz";
    struct opened *o = trial_open(t, 0);
    size_t count = 0;
    for (const char *byte = bytes; *byte; byte++) {
        struct key keys[] = {key_of(t, "%cx%cx%c", *byte, *byte, *byte),
                             key_of(t, "f%c/%cg", *byte, *byte)};
        for (size_t i = 0; i < 2; i++) {
            must_put(t, o, keys[i].text, count, 10);
            expect_object(t, o, keys[i].text, count++, 10);
        }
    }
    struct listing l = listing_new();
    list_all(t, o, t->prefix, 1000, &l);
    EXPECT(t, l.count == count, "target.h, list", "%zu objects are listed instead of %zu",
           l.count, count);
    listing_free(&l);
    trial_close(t, o);
}

/* Names that stores and file systems use for themselves. */
static void key_names(struct trial *t)
{
    static const char *const names[] = {
        ".tmp",     "tmp",   "lock",   ".lock",       ".lagan",  "lagan", "con",
        "nul",      "aux.h", "com1",   "x.part",      "x.tmp",   "...",   "..a",
        ".a",       "a.",    "a..",    "x.lock",      "trash",   "index", "-rf",
        "--help",   "_",     "-",      "0",           "x.d/x.d", "tmp.0", "lost-found",
        ".nfs0001", "core",  "x.meta", "x.json/meta", ".x.swp"};
    struct opened *o = trial_open(t, 0);
    size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count; i++)
        must_put(t, o, key_of(t, "%s", names[i]).text, i, i + 1);
    for (size_t i = 0; i < count; i++) {
        struct listing l = listing_new();
        struct key key = key_of(t, "%s", names[i]);
        expect_object(t, o, key.text, i, i + 1);
        list_all(t, o, key.text, 100, &l);
        EXPECT(t, listing_find(&l, key.text) != SIZE_MAX, "target.h, Keys",
               "%s was put and is not listed", names[i]);
        listing_free(&l);
    }
    trial_close(t, o);
}

static void neighbours(struct trial *t)
{
    static const char *const names[] = {"a-", "a-b", "a.", "a.b", "a/b", "a0", "a_", "ab"};
    struct opened *o = trial_open(t, 0);
    struct key keys[8];
    for (size_t i = 8; i-- > 0;) {
        keys[i] = key_of(t, "%s", names[i]);
        must_put(t, o, keys[i].text, i, 10 + i);
    }
    for (size_t i = 0; i < 8; i++)
        expect_object(t, o, keys[i].text, i, 10 + i);
    expect_listed(t, o, keys, 8);
    trial_close(t, o);
}

static void many(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    for (unsigned i = 0; i < 300; i++)
        must_put(t, o, key_of(t, "%02x/%u", i % 17, i).text, i, i);
    for (unsigned i = 0; i < 300; i += 7)
        expect_object(t, o, key_of(t, "%02x/%u", i % 17, i).text, i, i);
    trial_close(t, o);
}

static void over_limit(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "too-long");
    struct content c;
    if (o->capabilities.max_object_bytes == 0)
        trial_skip(t, "the driver tells no longest object");
    c = content_of(t, 1, o->capabilities.max_object_bytes + 1);
    expect_class(t, case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, NULL),
                 LAGAN_LIMIT, "target.h, max_object_bytes");
    expect_absent(t, o, key.text);
    trial_close(t, o);
}

static void again_after_remove(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "again");
    for (unsigned i = 0; i < 5; i++) {
        must_put(t, o, key.text, i, 100 + i);
        expect_object(t, o, key.text, i, 100 + i);
        EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
        expect_absent(t, o, key.text);
    }
    trial_close(t, o);
}

/* What another process put is there for this one at once. */
static void put_elsewhere(struct trial *t, void *context)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "elsewhere");
    (void)context;
    must_put(t, o, key.text, 9, 9000);
    trial_close(t, o);
}

static void other_process(struct trial *t)
{
    struct opened *o;
    struct key key = key_of(t, "elsewhere");
    trial_wait(t, trial_fork(t, put_elsewhere, NULL));
    o = trial_open(t, 0);
    expect_object(t, o, key.text, 9, 9000);
    expect_class(t, case_put(t, o, key.text, 8, 80), LAGAN_EXISTS, LOOK);
    expect_listed(t, o, &key, 1);
    trial_close(t, o);
}

static void modified(struct trial *t)
{
    const int64_t day_ns = INT64_C(86400) * 1000000000;
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "dated");
    struct lagan_object object = {.size = sizeof object};
    int64_t now = operation_host_table()->wall_ns();
    struct call c;
    must_put(t, o, key.text, 1, 1);
    call_begin(t, o, &c, "stat %s", key.text);
    EXPECT_OK(
        t,
        call_end(t, &c, trial_target(t)->stat(o->handle, &c.operation.op, key.text, &object)),
        "target.h, stat");
    if (object.modified_ns == 0)
        trial_skip(t, "the driver does not tell when objects were put");
    EXPECT(t, object.modified_ns > now - day_ns && object.modified_ns < now + day_ns,
           "target.h, modified_ns", "put at %lld ns; now is %lld ns",
           (long long)object.modified_ns, (long long)now);
    trial_close(t, o);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_put[] = {
    {"target-put-some-bytes", TARGET, CHECK_CORE, CASE_SAFE, NULL, some_bytes,
     "what was put is read, told of and listed as it was"},
    {"target-put-zero-bytes", TARGET, CHECK_CORE, CASE_SAFE, NULL, zero_bytes,
     "an object may be empty"},
    {"target-put-one-byte", TARGET, CHECK_CORE, CASE_SAFE, NULL, one_byte,
     "an object may have one byte"},
    {"target-put-sizes-around-buffers", TARGET, CHECK_CORE, CASE_SAFE, NULL, sizes,
     "objects one byte shorter and longer than usual buffers"},
    {"target-put-large", TARGET, CHECK_CORE, CASE_SAFE, NULL, large,
     "an object of nine megabytes and a bit"},
    {"target-put-if-absent-loses-cleanly", TARGET, CHECK_CORE, CASE_SAFE, NULL, if_absent,
     "a taken name is EXISTS, and the object stays as it was"},
    {"target-put-equal-again-exists", TARGET, CHECK_CORE, CASE_SAFE, NULL, equal_again,
     "the same bytes under the same name are EXISTS, too"},
    {"target-put-no-exists-for-itself", TARGET, CHECK_CORE, CASE_SAFE, NULL, own_retry,
     "a put never takes its own first attempt for somebody else's object"},
    {"target-put-content-error-unchanged", TARGET, CHECK_CORE, CASE_SAFE, NULL, content_fails,
     "an error of the content is returned as it is, and nothing is stored"},
    {"target-put-content-any-class", TARGET, CHECK_CORE, CASE_SAFE, NULL, content_classes,
     "whatever class the content gives, put returns it"},
    {"target-put-sha256-right", TARGET, CHECK_CORE, CASE_SAFE, NULL, sha256_right,
     "a put with the right SHA-256"},
    {"target-put-sha256-wrong", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, sha256_wrong,
     "a wrong SHA-256 is CORRUPT, and nothing becomes visible"},
    {"target-put-unknown-flag-refused", TARGET, CHECK_CORE, CASE_SAFE, NULL, unknown_flag,
     "an unknown flag of the low half is UNSUPPORTED, and nothing is stored"},
    {"target-put-high-flag-ignored", TARGET, CHECK_CORE, CASE_SAFE, NULL, ignored_flag,
     "an unknown flag of the high half changes nothing"},
    {"target-put-durable-as-told", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, durable_flag,
     "LAGAN_PUT_DURABLE works where it is told, and is refused or works elsewhere"},
    {"target-put-longest-key", TARGET, CHECK_CORE, CASE_SAFE, NULL, key_longest,
     "keys of 199 and 200 bytes"},
    {"target-put-deep-key", TARGET, CHECK_CORE, CASE_SAFE, NULL, key_deep,
     "a key of as many components as there can be"},
    {"target-put-every-key-byte", TARGET, CHECK_CORE, CASE_SAFE, NULL, key_bytes,
     "every byte of keys at the start, in the middle and at the end"},
    {"target-put-awkward-names", TARGET, CHECK_CORE, CASE_SAFE, NULL, key_names,
     "names that stores and file systems use for themselves"},
    {"target-put-neighbours", TARGET, CHECK_CORE, CASE_SAFE, NULL, neighbours,
     "names that differ around a slash are kept apart and in order"},
    {"target-put-many", TARGET, CHECK_CORE, CASE_SAFE, NULL, many, "300 objects in 17 folders"},
    {"target-put-over-limit", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, over_limit,
     "an object longer than the limit that is told is LIMIT"},
    {"target-put-again-after-remove", TARGET, CHECK_CORE, CASE_SAFE, NULL, again_after_remove,
     "a removed name is free again, with nothing of the old object"},
    {"target-put-seen-by-other-process", TARGET, CHECK_CORE, CASE_SAFE, NULL, other_process,
     "what one process put is there for another"},
    {"target-put-time", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, modified,
     "the time that is told of an object is about now"},
    {.name = NULL}};
