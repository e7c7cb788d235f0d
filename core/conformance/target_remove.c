/* SPDX-License-Identifier: Apache-2.0 */
/* target_remove.c - cases: remove, flush, sweep, capacity, clock, capabilities. */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <string.h>

static void idempotent(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "gone");
    EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
    must_put(t, o, key.text, 1, 10);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
        expect_absent(t, o, key.text);
        expect_listed(t, o, NULL, 0);
    }
    EXPECT_OK(t, case_remove(t, o, key_of(t, "no/such/folder").text), "target.h, remove");
    trial_close(t, o);
}

static void spares_others(struct trial *t)
{
    static const char *const names[] = {"a-b", "a/b", "a/bc", "a/c/d", "ab"};
    struct opened *o = trial_open(t, 0);
    struct key keys[5];
    for (size_t i = 0; i < 5; i++) {
        keys[i] = key_of(t, "%s", names[i]);
        must_put(t, o, keys[i].text, i, 50);
    }
    EXPECT_OK(t, case_remove(t, o, keys[1].text), "target.h, remove");
    EXPECT_OK(t, case_remove(t, o, key_of(t, "a").text), "target.h, remove");
    EXPECT_OK(t, case_remove(t, o, key_of(t, "a/c").text), "target.h, remove");
    expect_absent(t, o, keys[1].text);
    for (size_t i = 0; i < 5; i++)
        if (i != 1)
            expect_object(t, o, keys[i].text, i, 50);
    trial_close(t, o);
}

static void told(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "object");
    must_put(t, o, key.text, 1, 10);
    uint32_t result = case_remove(t, o, key.text);
    if (o->capabilities.remove != LAGAN_SUPPORT_NONE)
        EXPECT_OK(t, result, "target.h, remove");
    else
        expect_class(t, result, LAGAN_UNSUPPORTED, "target.h, remove");
    trial_close(t, o);
}

static void flush_any_time(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "object");
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    must_put(t, o, key.text, 1, 10);
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    EXPECT_OK(t, case_remove(t, o, key.text), "target.h, remove");
    EXPECT_OK(t, case_flush(t, o), "target.h, flush");
    expect_absent(t, o, key.text);
    trial_close(t, o);
}

/* Whoever reads needs no flush of whoever wrote. */
static void close_without_flush(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "object");
    must_put(t, o, key.text, 1, 100000);
    trial_close(t, o);
    o = trial_open(t, 0);
    expect_object(t, o, key.text, 1, 100000);
    trial_close(t, o);
}

static void capacity(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    uint64_t total = 0;
    uint64_t available = 0;
    struct call c;
    call_begin(t, o, &c, "capacity");
    EXPECT_OK(
        t,
        call_end(t, &c,
                 trial_target(t)->capacity(o->handle, &c.operation.op, &total, &available)),
        "target.h, capacity");
    EXPECT(t, total == UINT64_MAX || available == UINT64_MAX || available <= total,
           "target.h, capacity", "%llu bytes in all and %llu free", (unsigned long long)total,
           (unsigned long long)available);
    trial_close(t, o);
}

static void sweep_nothing(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "object");
    uint64_t removed = 0;
    must_put(t, o, key.text, 1, 1000);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT_OK(t, case_sweep(t, o, 0, &removed), "target.h, sweep");
        expect_object(t, o, key.text, 1, 1000);
        expect_listed(t, o, &key, 1);
    }
    EXPECT(t, removed == 0, "target.h, sweep", "a second sweep still found %llu things",
           (unsigned long long)removed);
    trial_close(t, o);
}

static void ask_clock(struct trial *t, struct opened *o, int64_t *now_ns)
{
    struct call c;
    uint32_t result;
    call_begin(t, o, &c, "clock");
    result = call_end(t, &c, trial_target(t)->clock(o->handle, &c.operation.op, now_ns));
    if (result == LAGAN_UNSUPPORTED)
        trial_skip(t, "the store has no clock that can be asked");
    EXPECT_OK(t, result, "target.h, clock");
}

static void store_clock(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    int64_t first = 0;
    int64_t second = 0;
    ask_clock(t, o, &first);
    trial_pause(20000000);
    ask_clock(t, o, &second);
    EXPECT(t, first > INT64_C(946684800) * 1000000000, "target.h, clock",
           "%lld ns is before the year 2000", (long long)first);
    EXPECT(t, second >= first && second - first < INT64_C(60) * 1000000000, "target.h, clock",
           "the clock went from %lld to %lld ns in 20 ms", (long long)first, (long long)second);
    trial_close(t, o);
}

/* Every member of one byte is in enum lagan_support, and agrees with the slots. */
static void capabilities(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    const struct lagan_target_capabilities *c = &o->capabilities;
    const struct lagan_target_ops *ops = trial_target(t);
    const struct {
        const char *name;
        uint8_t value;
        bool slot;
    } rows[] = {{"put_if_absent", c->put_if_absent, true},
                {"staged_put", c->staged_put, ops->stage_begin != NULL},
                {"durable_put", c->durable_put, true},
                {"read_after_write", c->read_after_write, true},
                {"list_consistent", c->list_consistent, true},
                {"list_sorted", c->list_sorted, true},
                {"ranged_get", c->ranged_get, true},
                {"checksum", c->checksum, true},
                {"remove", c->remove, true},
                {"multipart", c->multipart, ops->multipart_begin != NULL},
                {"copy", c->copy, ops->copy != NULL},
                {"rename", c->rename, ops->rename != NULL}};
    trial_asked("capabilities");
    EXPECT(t, c->size == sizeof *c, "target.h, struct lagan_target_capabilities",
           "the driver has changed the size");
    EXPECT(t, !c->reserved[0] && !c->reserved[1] && !c->reserved[2],
           "target.h, struct lagan_target_capabilities", "a reserved member is not 0");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EXPECT(t, rows[i].value <= LAGAN_SUPPORT_NATIVE, "target.h, enum lagan_support",
               "%s is %u", rows[i].name, rows[i].value);
        EXPECT(t, rows[i].value == LAGAN_SUPPORT_NONE || rows[i].slot,
               "target.h, struct lagan_target_capabilities",
               "%s is told, and its slots are absent", rows[i].name);
    }
    EXPECT(t, c->put_if_absent != LAGAN_SUPPORT_NONE, "target.h, put_if_absent",
           "put_if_absent is not told: no vault can lie here");
    EXPECT(t, c->list_sorted != LAGAN_SUPPORT_NONE, "target.h, list_sorted",
           "list_sorted is not told: no vault can lie here");
    trial_close(t, o);
}

/* A host of release 1.0 knows less: nothing is written behind what it knows. */
static void short_capabilities(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    union {
        struct lagan_target_capabilities told;
        uint8_t bytes[sizeof(struct lagan_target_capabilities)];
    } small;
    size_t known = offsetof(struct lagan_target_capabilities, multipart);
    struct call c;
    memset(&small, 0, known);
    memset(small.bytes + known, 0xa5, sizeof small - known);
    small.told.size = (uint32_t)known;
    call_begin(t, o, &c, "capabilities of %zu bytes, as a host of ABI 1.0 asks", known);
    EXPECT_OK(
        t,
        call_end(t, &c, trial_target(t)->capabilities(o->handle, &c.operation.op, &small.told)),
        "target.h, capabilities");
    for (size_t i = known; i < sizeof small; i++)
        EXPECT(t, small.bytes[i] == 0xa5, "driver.h, Growth",
               "byte %zu was written, behind the %zu that the host knows", i, known);
    EXPECT(t, memcmp(&small.told.put_if_absent, &o->capabilities.put_if_absent, 9) == 0,
           "target.h, capabilities", "another answer than before");
    trial_close(t, o);
}

static void same_capabilities(struct trial *t)
{
    struct opened *first = trial_open(t, 0);
    struct opened *second = trial_open_beside(t, first, 0);
    trial_asked("capabilities, of two handles");
    EXPECT(t,
           memcmp(&first->capabilities, &second->capabilities, sizeof first->capabilities) == 0,
           "target.h, capabilities", "two handles of one instance tell different things");
    trial_close(t, second);
    trial_close(t, first);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_remove[] = {
    {"target-remove-idempotent", TARGET, CHECK_CORE, CASE_SAFE, NULL, idempotent,
     "removing what is not there is OK"},
    {"target-remove-spares-others", TARGET, CHECK_CORE, CASE_SAFE, NULL, spares_others,
     "only the object of that very name goes"},
    {"target-remove-as-told", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, told,
     "removal works or is UNSUPPORTED, as the capability says"},
    {"target-flush-any-time", TARGET, CHECK_CORE, CASE_SAFE, NULL, flush_any_time,
     "flush with nothing to do, twice, after removals"},
    {"target-close-without-flush", TARGET, CHECK_CORE, CASE_SAFE, NULL, close_without_flush,
     "what was put is there without a flush"},
    {"target-capacity", TARGET, CHECK_CAPABILITY, CASE_SAFE, "capacity", capacity,
     "not more is free than there is"},
    {"target-sweep-nothing", TARGET, CHECK_CORE, 0, "sweep", sweep_nothing,
     "a sweep takes no object, and a second one finds nothing"},
    {"target-clock", TARGET, CHECK_CAPABILITY, CASE_SAFE, "clock", store_clock,
     "the store's clock goes forward"},
    {"target-capabilities-fit-slots", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL, capabilities,
     "what is told is in the table, and its slots are there"},
    {"target-capabilities-of-older-host", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL,
     short_capabilities, "nothing is written behind the size that the host gave"},
    {"target-capabilities-same-again", TARGET, CHECK_CAPABILITY, CASE_SAFE, NULL,
     same_capabilities, "two handles tell the same"},
    {.name = NULL}};
