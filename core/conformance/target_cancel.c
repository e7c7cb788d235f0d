/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target_cancel.c - cases: cancelled calls and deadlines.
 *
 * To see whether a driver notices, the callbacks behind a cancellation are slow: what is left
 * of the call would take SLOW_NS if nobody looked, and the contract gives two seconds.
 */
#include "conformance/tables.h"
#include "conformance/target_case.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define LOOK "driver.h, Blocking"
#define SECOND INT64_C(1000000000)

enum { BYTES = 8 << 20, SEED = 41 };
static const int64_t LIMIT_NS = 2 * SECOND;
static const int64_t SLOW_NS = 3 * SECOND;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

/* Callbacks of one call. */
struct slow {
    struct trial *trial;
    uint64_t bytes;     /* of the whole call; objects of a listing */
    uint64_t cancel_at; /* bytes after which all is cancelled; UINT64_MAX = never */
    uint64_t done;
    int64_t cancelled_ns; /* 0 = not yet */
    uint8_t room[65536];
};

/* After `size` more bytes (or objects). */
static void step(struct slow *s, uint64_t size)
{
    trial_tick(s->trial);
    s->done += size;
    if (s->cancelled_ns == 0 && s->done > s->cancel_at) {
        call_cancel_all();
        s->cancelled_ns = now_ns();
    }
    /* Behind the last byte there is nothing left that could be waited for. */
    if (s->cancelled_ns == 0 || s->done >= s->bytes)
        return;
    EXPECT(s->trial, now_ns() - s->cancelled_ns < LIMIT_NS, LOOK,
           "the call goes on two seconds after it was cancelled");
    trial_pause((int64_t)((double)SLOW_NS * (double)size / (double)s->bytes));
}

static uint32_t slow_read(void *context, uint64_t offset, void *data, size_t size)
{
    struct slow *s = context;
    trial_bytes(SEED, offset, data, size);
    step(s, size);
    return LAGAN_OK;
}

static void *slow_room(void *context, size_t *size)
{
    struct slow *s = context;
    *size = sizeof s->room;
    return s->room;
}

static uint32_t slow_filled(void *context, size_t size)
{
    step(context, size);
    return LAGAN_OK;
}

static uint32_t slow_add(void *context, const struct lagan_object *object)
{
    (void)object;
    step(context, 1);
    return LAGAN_OK;
}

static uint32_t slow_put(struct trial *t, struct opened *o, const char *key, struct slow *s)
{
    struct lagan_content content = {.context = s, .read = slow_read};
    struct call c;
    call_begin(t, o, &c, "put %s, cancelled behind byte %llu", key,
               (unsigned long long)s->cancel_at);
    return call_end(t, &c,
                    trial_target(t)->put(o->handle, &c.operation.op, key, BYTES, &content,
                                         LAGAN_PUT_IF_ABSENT, NULL));
}

static void expect_cancelled_or(struct trial *t, uint32_t result, uint32_t other)
{
    const uint32_t wanted[] = {LAGAN_CANCELLED, other, LAGAN_CLASS_COUNT};
    expect_one_of(t, result, wanted, LOOK);
}

/* What a put that ended this way may have left. */
static void expect_as_told(struct trial *t, struct opened *o, const char *key, uint32_t result,
                           uint32_t outcome)
{
    bool there = expect_whole_or_absent(t, o, key, SEED, BYTES);
    EXPECT(t, result != LAGAN_OK || there, LOOK, "OK, and the object is not there");
    EXPECT(t, result == LAGAN_OK || !there || outcome != LAGAN_OUTCOME_NOT_DONE,
           "driver.h, enum lagan_outcome",
           "the cancelled put says that nothing has changed, and the object is there");
}

static void put_before(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "never");
    struct content c = content_of(t, 1, 1000);
    uint32_t result;
    call_cancel_all();
    result = case_put_content(t, o, key.text, &c, LAGAN_PUT_IF_ABSENT, NULL);
    call_cancel_reset();
    expect_class(t, result, LAGAN_CANCELLED, LOOK);
    expect_absent(t, o, key.text);
    expect_listed(t, o, NULL, 0);
    must_put(t, o, key.text, 1, 1000);
    trial_close(t, o);
}

static void remove_before(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "kept");
    uint32_t result;
    must_put(t, o, key.text, 1, 1000);
    call_cancel_all();
    result = case_remove(t, o, key.text);
    call_cancel_reset();
    expect_class(t, result, LAGAN_CANCELLED, LOOK);
    expect_object(t, o, key.text, 1, 1000);
    trial_close(t, o);
}

static void reads_before(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "read");
    struct taken taken = taken_for(t, 1000);
    struct listing l = listing_new();
    uint64_t bytes = 0;
    bool more = false;
    uint32_t got;
    uint32_t told;
    uint32_t listed;
    must_put(t, o, key.text, 1, 1000);
    call_cancel_all();
    got = case_get(t, o, key.text, 0, LAGAN_TO_THE_END, &taken);
    told = case_stat(t, o, key.text, &bytes);
    listed = case_list(t, o, t->prefix, "", 10, &l, &more);
    call_cancel_reset();
    trial_asked("get, stat and list, all cancelled before");
    expect_class(t, got, LAGAN_CANCELLED, LOOK);
    expect_cancelled_or(t, told, LAGAN_OK);
    expect_class(t, listed, LAGAN_CANCELLED, LOOK);
    expect_object(t, o, key.text, 1, 1000);
    expect_listed(t, o, &key, 1);
    taken_free(&taken);
    listing_free(&l);
    trial_close(t, o);
}

static void put_during(struct trial *t)
{
    static const uint64_t at[] = {0, BYTES / 2, BYTES - 1};
    struct opened *o = trial_open(t, 0);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct key key = key_of(t, "cut-%zu", i);
        struct slow s = {.trial = t, .bytes = BYTES, .cancel_at = at[i]};
        uint32_t result = slow_put(t, o, key.text, &s);
        uint32_t outcome = call_error()->outcome;
        call_cancel_reset();
        expect_cancelled_or(t, result, LAGAN_OK);
        expect_as_told(t, o, key.text, result, outcome);
        must_put(t, o, key_of(t, "after-%zu", i).text, i, 100);
    }
    trial_close(t, o);
}

static void get_during(struct trial *t)
{
    static const uint64_t at[] = {0, BYTES / 2, BYTES - 1};
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "long");
    must_put(t, o, key.text, SEED, BYTES);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct slow s = {.trial = t, .bytes = BYTES, .cancel_at = at[i]};
        struct lagan_sink sink = {.context = &s, .room = slow_room, .filled = slow_filled};
        struct call c;
        uint32_t result;
        call_begin(t, o, &c, "get %s, cancelled behind byte %llu", key.text,
                   (unsigned long long)at[i]);
        result = call_end(t, &c,
                          trial_target(t)->get(o->handle, &c.operation.op, key.text, 0,
                                               LAGAN_TO_THE_END, &sink));
        call_cancel_reset();
        expect_cancelled_or(t, result, LAGAN_OK);
        EXPECT(t, result != LAGAN_OK || s.done == BYTES, "target.h, get",
               "OK, and %llu bytes came of %d", (unsigned long long)s.done, BYTES);
    }
    expect_object(t, o, key.text, SEED, BYTES);
    trial_close(t, o);
}

static void list_during(struct trial *t)
{
    static const uint64_t at[] = {0, 100, 199};
    struct opened *o = trial_open(t, 0);
    for (unsigned i = 0; i < 200; i++)
        must_put(t, o, key_of(t, "%u/%u", i % 20, i).text, 0, 1);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        struct slow s = {.trial = t, .bytes = 200, .cancel_at = at[i]};
        struct lagan_object_collector collector = {.context = &s, .add = slow_add};
        struct listing l = listing_new();
        int more = 0;
        struct call c;
        uint32_t result;
        call_begin(t, o, &c, "list, cancelled behind object %llu", (unsigned long long)at[i]);
        result = call_end(t, &c,
                          trial_target(t)->list(o->handle, &c.operation.op, t->prefix, "", 1000,
                                                &collector, &more));
        call_cancel_reset();
        expect_cancelled_or(t, result, LAGAN_OK);
        EXPECT(t, result != LAGAN_OK || s.done == 200, "target.h, list",
               "OK, and %llu objects came of 200", (unsigned long long)s.done);
        list_all(t, o, t->prefix, 1000, &l);
        EXPECT(t, l.count == 200, "target.h, list", "%zu objects afterwards instead of 200",
               l.count);
        listing_free(&l);
    }
    trial_close(t, o);
}

/* Each step of a stage, cancelled before it starts. */
static void stage_before(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "staged");
    void *stage = NULL;
    uint32_t result;
    NEED_CAPABILITY(t, o, staged_put);
    call_cancel_all();
    result = case_stage_begin(t, o, 100, &stage);
    call_cancel_reset();
    expect_class(t, result, LAGAN_CANCELLED, LOOK);
    EXPECT_OK(t, case_stage_begin(t, o, 100, &stage), "target.h, stage_begin");
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, 100, 100), "target.h, stage_write");
    call_cancel_all();
    result = case_stage_commit(t, o, stage, key.text, LAGAN_PUT_IF_ABSENT);
    call_cancel_reset();
    expect_class(t, result, LAGAN_CANCELLED, LOOK);
    expect_absent(t, o, key.text);
    expect_listed(t, o, NULL, 0);
    EXPECT_OK(t, case_stage(t, o, key.text, 1, 100, 10), "target.h, stage_commit");
    expect_object(t, o, key.text, 1, 100);
    trial_close(t, o);
}

static void stage_write_before(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    void *stage = NULL;
    uint32_t result;
    NEED_CAPABILITY(t, o, staged_put);
    EXPECT_OK(t, case_stage_begin(t, o, 0, &stage), "target.h, stage_begin");
    EXPECT_OK(t, case_stage_write(t, o, stage, 1, 0, 5000, 5000), "target.h, stage_write");
    call_cancel_all();
    result = case_stage_write(t, o, stage, 1, 5000, 10000, 5000);
    case_stage_abort(t, o, stage);
    call_cancel_reset();
    expect_cancelled_or(t, result, LAGAN_OK);
    expect_listed(t, o, NULL, 0);
    trial_close(t, o);
}

static void deadline_passed(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "late");
    call_set_deadline(-SECOND);
    uint32_t result = case_put(t, o, key.text, 1, 100);
    expect_cancelled_or(t, result, LAGAN_TIMEOUT);
    expect_absent(t, o, key.text);
    call_set_deadline(60 * SECOND);
    EXPECT_OK(t, case_put(t, o, key.text, 1, 100), "target.h, put");
    expect_object(t, o, key.text, 1, 100);
    trial_close(t, o);
}

static void deadline_during(struct trial *t)
{
    struct opened *o = trial_open(t, 0);
    struct key key = key_of(t, "slow");
    struct slow s = {.trial = t, .bytes = BYTES, .cancel_at = UINT64_MAX};
    struct lagan_content content = {.context = &s, .read = slow_read};
    uint32_t outcome;
    uint32_t result;
    struct call c;
    call_set_deadline(SECOND / 20);
    /* As if cancelled from the deadline on, but by nobody. */
    s.cancelled_ns = now_ns() + SECOND / 20;
    call_begin(t, o, &c, "put %s, with a deadline in 50 ms", key.text);
    result = call_end(t, &c,
                      trial_target(t)->put(o->handle, &c.operation.op, key.text, BYTES,
                                           &content, LAGAN_PUT_IF_ABSENT, NULL));
    outcome = call_error()->outcome;
    if (result == LAGAN_TIMEOUT)
        result = LAGAN_CANCELLED;
    expect_cancelled_or(t, result, LAGAN_OK);
    expect_as_told(t, o, key.text, result, outcome);
    must_put(t, o, key_of(t, "after").text, 1, 100);
    trial_close(t, o);
}

/* Many calls, cancelled at once. */
struct crowd {
    struct trial *trial;
    struct opened *opened;
    atomic_uint begun;
    _Atomic int64_t cancelled_ns;
};
enum { CROWD = 16 };

static uint32_t crowd_read(void *context, uint64_t offset, void *data, size_t size)
{
    struct crowd *w = context;
    int64_t cancelled_ns = atomic_load(&w->cancelled_ns);
    trial_bytes(SEED, offset, data, size);
    trial_tick(w->trial);
    EXPECT(w->trial, cancelled_ns == 0 || now_ns() - cancelled_ns < LIMIT_NS, LOOK,
           "the call goes on two seconds after it was cancelled");
    trial_pause(SECOND / 50);
    return LAGAN_OK;
}

static void crowd_put(struct crowd *w, unsigned index)
{
    struct key key = key_of(w->trial, "crowd-%u", index);
    struct lagan_content content = {.context = w, .read = crowd_read};
    struct call c;
    uint32_t result;
    call_begin(w->trial, w->opened, &c, "put %s, one of %d that are cancelled", key.text,
               CROWD);
    atomic_fetch_add(&w->begun, 1);
    result = call_end(w->trial, &c,
                      trial_target(w->trial)->put(w->opened->handle, &c.operation.op, key.text,
                                                  BYTES, &content, LAGAN_PUT_IF_ABSENT, NULL));
    expect_cancelled_or(w->trial, result, LAGAN_OK);
}

static void crowd_thread(void *context, unsigned index)
{
    struct crowd *w = context;
    if (index < CROWD) {
        crowd_put(w, index);
        return;
    }
    while (atomic_load(&w->begun) == 0)
        trial_pause(SECOND / 1000);
    trial_pause(SECOND / 20);
    call_cancel_all();
    atomic_store(&w->cancelled_ns, now_ns());
}

static void many_at_once(struct trial *t)
{
    struct crowd w = {.trial = t, .opened = trial_open(t, 0)};
    trial_threads(t, CROWD + 1, crowd_thread, &w);
    call_cancel_reset();
    for (unsigned i = 0; i < CROWD; i++)
        expect_whole_or_absent(t, w.opened, key_of(t, "crowd-%u", i).text, SEED, BYTES);
    must_put(t, w.opened, key_of(t, "after").text, 1, 100);
    expect_object(t, w.opened, key_of(t, "after").text, 1, 100);
    trial_close(t, w.opened);
}

#define TARGET LAGAN_KIND_TARGET

const struct check_case check_cases_target_cancel[] = {
    {"target-cancel-before-put", TARGET, CHECK_CORE, CASE_SAFE, NULL, put_before,
     "a put that is cancelled when it starts has no effect"},
    {"target-cancel-before-remove", TARGET, CHECK_CORE, CASE_SAFE, NULL, remove_before,
     "a removal that is cancelled when it starts has no effect"},
    {"target-cancel-before-reading", TARGET, CHECK_CORE, CASE_SAFE, NULL, reads_before,
     "get and list that are cancelled when they start return CANCELLED"},
    {"target-cancel-during-put", TARGET, CHECK_CORE, CASE_SAFE, NULL, put_during,
     "at the first, middle and last byte; within two seconds; the handle works on"},
    {"target-cancel-during-get", TARGET, CHECK_CORE, CASE_SAFE, NULL, get_during,
     "at the first, middle and last byte; within two seconds; the handle works on"},
    {"target-cancel-during-list", TARGET, CHECK_CORE, CASE_SAFE, NULL, list_during,
     "at the first, middle and last object; within two seconds"},
    {"target-cancel-before-stage-commit", TARGET, CHECK_CAPABILITY, CASE_SAFE, "stage_begin",
     stage_before, "stage_begin and stage_commit that are cancelled have no effect"},
    {"target-cancel-before-stage-write", TARGET, CHECK_CAPABILITY, CASE_SAFE, "stage_begin",
     stage_write_before, "a stage whose write was cancelled can be aborted"},
    {"target-deadline-passed", TARGET, CHECK_CORE, CASE_SAFE, NULL, deadline_passed,
     "a put whose deadline has passed has no effect"},
    {"target-deadline-during-put", TARGET, CHECK_CORE, CASE_SAFE, NULL, deadline_during,
     "a put ends within two seconds of its deadline"},
    {"target-cancel-many-at-once", TARGET, CHECK_CONCURRENCY, CASE_SAFE, NULL, many_at_once,
     "sixteen puts are cancelled together, and the handle works on"},
    {.name = NULL}};
