/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_pace.c - layers that hold calls up: throttle, parallel, latency.  Times are only
 * bounded from below, where a slow machine cannot spoil them, and loosely from above. */
#include "driver/operation.h"
#include "layer_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MILLISECOND INT64_C(1000000)

/* Bytes that a driver asks for in one piece. */
enum { TRANSFER = 512 << 10 };
static uint8_t transfer[TRANSFER];

static uint32_t read_zeroes(void *context, uint64_t offset, void *data, size_t size)
{
    size_t *longest = context;
    (void)offset;
    if (size > *longest)
        *longest = size;
    memset(data, 0, size);
    return LAGAN_OK;
}

static uint32_t take_content(struct call *c)
{
    return c->with.put.content->read(c->with.put.content->context, 0, transfer, TRANSFER);
}

/* 512 KiB at 1 MiB/s, a tenth of a second of it saved up. */
static void throttle_meters_contents(void **state)
{
    static const char *const layers[] = {"send-rate=1M", NULL};
    struct probe p;
    size_t longest = 0;
    struct lagan_content content = {.context = &longest, .read = read_zeroes};
    struct call put = {.verb = CALL_PUT, .with.put = {"a", TRANSFER, &content, 0, NULL}};
    int64_t before = now_ns();
    (void)state;
    probe_open(&p, &layer_throttle, LAGAN_KIND_TARGET, layers);
    p.answer = take_content;
    assert_int_equal(probe_call(&p, &put), LAGAN_OK);
    assert_in_range(now_ns() - before, 300 * MILLISECOND, 5000 * MILLISECOND);
    /* In pieces: the rate is even. */
    assert_in_range(longest, 1, 64 << 10);
    probe_close(&p);
}

static size_t taken;

static void *sink_room(void *context, size_t *size)
{
    (void)context;
    *size = TRANSFER;
    return transfer;
}

static uint32_t sink_filled(void *context, size_t size)
{
    (void)context;
    taken += size;
    return LAGAN_OK;
}

static uint32_t fill_sink(struct call *c)
{
    const struct lagan_sink *sink = c->with.get.sink;
    uint32_t result = LAGAN_OK;
    for (size_t sent = 0; sent < TRANSFER && result == LAGAN_OK;) {
        size_t size = 0;
        assert_non_null(sink->room(sink->context, &size));
        assert_in_range(size, 1, 64 << 10);
        size = size < TRANSFER - sent ? size : TRANSFER - sent;
        result = sink->filled(sink->context, size);
        sent += size;
    }
    return result;
}

static void throttle_meters_sinks(void **state)
{
    static const char *const layers[] = {"receive-rate=1M", NULL};
    struct lagan_sink sink = {.room = sink_room, .filled = sink_filled};
    struct call get = {.verb = CALL_GET, .with.get = {"a", 0, TRANSFER, &sink}};
    struct probe p;
    int64_t before = now_ns();
    (void)state;
    taken = 0;
    probe_open(&p, &layer_throttle, LAGAN_KIND_TARGET, layers);
    p.answer = fill_sink;
    assert_int_equal(probe_call(&p, &get), LAGAN_OK);
    assert_int_equal(taken, TRANSFER);
    assert_in_range(now_ns() - before, 300 * MILLISECOND, 5000 * MILLISECOND);
    probe_close(&p);
}

/* What arrives in pieces is what was sent. */
static uint8_t arrived[TRANSFER];
static size_t arrived_bytes;

static uint32_t take_write(struct call *c)
{
    memcpy(arrived + arrived_bytes, c->with.stage_write.data, c->with.stage_write.size);
    arrived_bytes += c->with.stage_write.size;
    return LAGAN_OK;
}

static uint32_t give_read(struct call *c)
{
    size_t size = c->with.read_at.size;
    size_t left = c->with.read_at.offset < TRANSFER / 2
                      ? TRANSFER / 2 - (size_t)c->with.read_at.offset
                      : 0;
    *c->with.read_at.got = size < left ? size : left;
    memset(c->with.read_at.data, 7, *c->with.read_at.got);
    return LAGAN_OK;
}

static void throttle_cuts_long_calls(void **state)
{
    static const char *const layers[] = {"send-rate=4M", "receive-rate=4M", NULL};
    struct call write = {.verb = CALL_STAGE_WRITE, .with.stage_write = {transfer, TRANSFER}};
    size_t got = 0;
    struct call read = {.verb = CALL_READ_AT, .with.read_at = {0, arrived, TRANSFER, &got}};
    struct probe p;
    (void)state;
    for (size_t i = 0; i < TRANSFER; i++)
        transfer[i] = (uint8_t)(i * 31 >> 3);
    arrived_bytes = 0;
    probe_open(&p, &layer_throttle, LAGAN_KIND_TARGET, layers);
    p.answer = take_write;
    assert_int_equal(probe_call(&p, &write), LAGAN_OK);
    assert_int_equal(arrived_bytes, TRANSFER);
    assert_memory_equal(arrived, transfer, TRANSFER);
    assert_true(p.calls > 1);
    p.answer = give_read;
    assert_int_equal(probe_call(&p, &read), LAGAN_OK);
    assert_int_equal(got, TRANSFER / 2);
    probe_close(&p);
}

static void *cancel_soon(void *context)
{
    (void)context;
    usleep(100000);
    operation_cancel_all();
    return NULL;
}

/* A byte per second: the call would take days. */
static void throttle_notices_cancellation(void **state)
{
    static const char *const layers[] = {"send-rate=1", NULL};
    size_t longest = 0;
    struct lagan_content content = {.context = &longest, .read = read_zeroes};
    struct call put = {.verb = CALL_PUT, .with.put = {"a", TRANSFER, &content, 0, NULL}};
    int64_t before = now_ns();
    struct probe p;
    pthread_t thread;
    (void)state;
    probe_open(&p, &layer_throttle, LAGAN_KIND_TARGET, layers);
    p.answer = take_content;
    pthread_create(&thread, NULL, cancel_soon, NULL);
    assert_int_equal(probe_call(&p, &put), LAGAN_CANCELLED);
    pthread_join(thread, NULL);
    operation_cancel_reset();
    assert_in_range(now_ns() - before, 0, 2000 * MILLISECOND);
    probe_close(&p);
}

enum { CALLERS = 8 };

static void *call_stat(void *context)
{
    struct call stat = {.verb = CALL_STAT};
    probe_call(context, &stat);
    return NULL;
}

static void call_at_once(struct probe *p, size_t callers)
{
    pthread_t threads[CALLERS];
    atomic_store(&p->most, 0);
    for (size_t i = 0; i < callers; i++)
        pthread_create(&threads[i], NULL, call_stat, p);
    for (size_t i = 0; i < callers; i++)
        pthread_join(threads[i], NULL);
}

static void parallel_limits_calls(void **state)
{
    static const char *const layers[] = {"parallel=3", NULL};
    struct probe p;
    (void)state;
    probe_open(&p, &layer_parallel, LAGAN_KIND_TARGET, layers);
    p.duration_ns = 30 * MILLISECOND;
    call_at_once(&p, CALLERS);
    assert_int_equal(p.calls, CALLERS);
    assert_in_range(p.most, 2, 3);
    probe_close(&p);
}

static uint32_t say_busy(struct call *c)
{
    (void)c;
    return LAGAN_BUSY;
}

static void parallel_gives_way_to_busy_stores(void **state)
{
    static const char *const layers[] = {"parallel=8", NULL};
    struct probe p;
    struct call stat = {.verb = CALL_STAT};
    (void)state;
    probe_open(&p, &layer_parallel, LAGAN_KIND_TARGET, layers);
    p.answer = say_busy;
    for (int i = 0; i < 5; i++)
        assert_int_equal(probe_call(&p, &stat), LAGAN_BUSY);
    p.answer = NULL;
    p.duration_ns = 20 * MILLISECOND;
    call_at_once(&p, 2);
    assert_int_equal(p.most, 1);
    /* Good calls win the places back, and not one more than were set. */
    p.duration_ns = 0;
    for (int i = 0; i < 60; i++)
        probe_call(&p, &stat);
    p.duration_ns = 50 * MILLISECOND;
    call_at_once(&p, CALLERS);
    assert_in_range(p.most, 4, 8);
    probe_close(&p);
}

static void *call_get(void *context)
{
    struct call get = {.verb = CALL_STAGE_COMMIT};
    return (void *)(uintptr_t)probe_call(context, &get);
}

/* Who waits for a place is not held up, and what it would have used up is let go of. */
static void parallel_notices_cancellation(void **state)
{
    static const char *const layers[] = {"parallel=1", NULL};
    struct probe p;
    pthread_t first, second, canceller;
    void *result = NULL;
    int64_t before = now_ns();
    (void)state;
    probe_open(&p, &layer_parallel, LAGAN_KIND_TARGET, layers);
    p.duration_ns = 900 * MILLISECOND;
    pthread_create(&first, NULL, call_stat, &p);
    usleep(50000);
    pthread_create(&second, NULL, call_get, &p);
    pthread_create(&canceller, NULL, cancel_soon, NULL);
    p.duration_ns = 0;
    pthread_join(second, &result);
    assert_int_equal((uintptr_t)result, LAGAN_CANCELLED);
    assert_in_range(now_ns() - before, 0, 2000 * MILLISECOND);
    pthread_join(first, NULL);
    pthread_join(canceller, NULL);
    operation_cancel_reset();
    /* The first call, and the stage that was aborted. */
    assert_int_equal(p.calls, 2);
    probe_close(&p);
}

static void latency_makes_calls_slow(void **state)
{
    static const char *const layers[] = {"latency=50ms", NULL};
    struct call stat = {.verb = CALL_STAT};
    struct call abort = {.verb = CALL_STAGE_ABORT};
    struct probe p;
    int64_t before = now_ns();
    (void)state;
    probe_open(&p, &layer_latency, LAGAN_KIND_TARGET, layers);
    assert_int_equal(probe_call(&p, &stat), LAGAN_OK);
    assert_int_equal(probe_call(&p, &stat), LAGAN_OK);
    assert_true(now_ns() - before >= 100 * MILLISECOND);
    /* What lets go of something never waits: it has no op. */
    assert_int_equal(p.layer.kind->call(&p.layer, &abort), LAGAN_OK);
    assert_int_equal(p.calls, 3);
    probe_close(&p);
}

static void pace_is_absent_unless_asked_for(void **state)
{
    static const char *const none[] = {NULL};
    const struct layer_kind *const kinds[] = {&layer_throttle, &layer_parallel, &layer_latency,
                                              &layer_fault,    &layer_prefix,   &layer_cache,
                                              &layer_dry_run,  &layer_read_only};
    struct layer_place place = {.driver = "tgt_x", .kind = LAGAN_KIND_TARGET, .identity = "x"};
    struct layer_settings settings;
    (void)state;
    layered_settings(none, &settings);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_false(kinds[i]->wanted(&settings, &place));
    layer_settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(throttle_meters_contents),
        cmocka_unit_test(throttle_meters_sinks),
        cmocka_unit_test(throttle_cuts_long_calls),
        cmocka_unit_test(throttle_notices_cancellation),
        cmocka_unit_test(parallel_limits_calls),
        cmocka_unit_test(parallel_gives_way_to_busy_stores),
        cmocka_unit_test(parallel_notices_cancellation),
        cmocka_unit_test(latency_makes_calls_slow),
        cmocka_unit_test(pace_is_absent_unless_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
