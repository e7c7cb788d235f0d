/* SPDX-License-Identifier: Apache-2.0 */
/* test_target_parts.c - long objects in parts, copies, new names and clocks of targets. */
#include "base/clock.h"
#include "crypto/hash.h"
#include "driver/target_parts.h"
#include "layer_fixture.h"
#include "target_aspects.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEBIBYTE = 1 << 20, PART = 8 << 20 };

static struct driver_host *host;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("test-drivers");
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    return 0;
}

static void parts_fit_the_limits(void **state)
{
    static const struct {
        uint64_t bytes;
        uint32_t limit;
        uint64_t minimum, maximum;
        uint64_t part; /* 0 = in one piece */
    } rows[] = {
        {PART, 0, 0, 0, 0},
        {PART + 1, 0, 0, 0, PART},
        {UINT64_C(100) << 20, 10000, 5 << 20, UINT64_C(5) << 30, PART},
        {UINT64_C(100) << 20, 0, 32 << 20, 0, 32 << 20},
        {UINT64_C(100) << 20, 0, 0, 1 << 20, 1 << 20},
        {UINT64_C(100) << 20, 5, 0, 0, 21 << 20},
        {UINT64_C(100) << 20, 5, 0, 8 << 20, 0},
        {UINT64_C(20) << 20, 0, 64 << 20, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lagan_target_capabilities told = {.multipart = LAGAN_SUPPORT_NATIVE,
                                                 .part_limit = rows[i].limit,
                                                 .part_minimum_bytes = rows[i].minimum,
                                                 .part_maximum_bytes = rows[i].maximum};
        uint64_t part = target_part_bytes(&told, rows[i].bytes);
        assert_int_equal(part, rows[i].part);
        if (part > 0 && told.part_limit > 0)
            assert_true((rows[i].bytes + part - 1) / part <= told.part_limit);
        told.multipart = LAGAN_SUPPORT_EMULATED;
        assert_int_equal(target_part_bytes(&told, rows[i].bytes), 0);
    }
}

/* A content that counts, and that must not be read by two at a time. */
struct counted {
    atomic_int inside;
    atomic_int overlaps;
    atomic_ullong bytes;
    uint64_t bad_from; /* reads from here fail; 0 = none */
};

static uint32_t read_counted(void *context, uint64_t offset, void *data, size_t size)
{
    struct counted *c = context;
    uint8_t *out = data;
    if (atomic_fetch_add(&c->inside, 1) > 0)
        atomic_fetch_add(&c->overlaps, 1);
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)((offset + i) * 2654435761u >> 15);
    atomic_fetch_add(&c->bytes, size);
    atomic_fetch_sub(&c->inside, 1);
    return c->bad_from > 0 && offset + size > c->bad_from ? LAGAN_IO : LAGAN_OK;
}

static struct layered open_store(const char *first, const char *second)
{
    static unsigned number;
    char name[32];
    const char *words[] = {name, NULL};
    const char *layers[] = {"retry-pause=1ms", first, first ? second : NULL, NULL};
    snprintf(name, sizeof name, "name=parts-%u", ++number);
    return layered_open(host, "tgt_mem", words, layers, LAGAN_OPEN_INITIALISE);
}

static int put(struct target *t, const char *key, uint64_t bytes, struct counted *counted,
               const uint8_t *sha256, struct error *e)
{
    struct lagan_content content = {.context = counted, .read = read_counted};
    return target_put_content(t, key, bytes, &content, sha256, e);
}

static uint8_t *bytes_of(size_t bytes)
{
    struct counted counted = {0};
    uint8_t *data = malloc(bytes);
    assert_non_null(data);
    read_counted(&counted, 0, data, bytes);
    return data;
}

enum { LONG = 3 * PART + 12345 };

static void parts_make_up_the_object(void **state)
{
    struct layered l = open_store(NULL, NULL);
    struct counted counted = {0};
    struct error e = ERROR_INIT;
    struct target_statistics s;
    uint8_t *data = bytes_of(LONG);
    uint8_t hash[HASH_SIZE], wrong[HASH_SIZE] = {1};
    (void)state;
    hash_sha256(data, LONG, hash);
    assert_int_equal(put(l.target, "packs/1", LONG, &counted, wrong, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "put packs/1");
    aspects_expect_absent(l.target, "packs/1");
    assert_success(put(l.target, "packs/1", LONG, &counted, hash, &e), e);
    assert_int_equal(counted.overlaps, 0);
    aspects_expect(l.target, "packs/1", data, LONG);
    target_statistics(l.target, &s);
    assert_int_equal(s.puts, 1);
    assert_int_equal(s.put_bytes, LONG);
    /* A name that is taken costs no transfer. */
    atomic_store(&counted.bytes, 0);
    assert_int_equal(put(l.target, "packs/1", LONG, &counted, NULL, &e), -1);
    assert_error(e, LAGAN_EXISTS, "put packs/1");
    assert_int_equal(counted.bytes, 0);
    free(data);
    layered_close(&l);
}

/* A part that fails is put again by itself; the object is not. */
static void parts_are_tried_again_one_by_one(void **state)
{
    struct layered l = open_store("fault=part_put:transient:at:2", "retry=3");
    struct counted counted = {0};
    struct error e = ERROR_INIT;
    uint8_t *data = bytes_of(LONG);
    (void)state;
    assert_success(put(l.target, "packs/1", LONG, &counted, NULL, &e), e);
    aspects_expect(l.target, "packs/1", data, LONG);
    assert_int_equal(counted.bytes, LONG);
    free(data);
    layered_close(&l);
}

static void parts_that_fail_leave_nothing(void **state)
{
    static const char *const rules[] = {"fault=part_put:io:at:3",
                                        "fault=multipart_begin:denied",
                                        "fault=multipart_complete:io", NULL};
    (void)state;
    for (size_t i = 0; i <= 3; i++) {
        struct layered l = open_store(rules[i], NULL);
        struct counted counted = {.bad_from = i == 3 ? LONG - 5 : 0};
        struct error e = ERROR_INIT;
        assert_int_equal(put(l.target, "packs/1", LONG, &counted, NULL, &e), -1);
        assert_int_equal(e.error_class, i == 1 ? LAGAN_DENIED : LAGAN_IO);
        assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
        aspects_expect_absent(l.target, "packs/1");
        assert_int_equal(aspects_count(l.target), 0);
        layered_close(&l);
    }
}

/* Without layers, too: where a driver cannot, the bytes pass through the host. */
static void copies_and_names_need_no_layers(void **state)
{
    static const char *const plain[] = {"name=names-plain", NULL};
    static const char *const native[] = {"name=names-native", NULL};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct error e = ERROR_INIT;
        struct instance *instance =
            fixture_instance(host, i == 0 ? "tgt_fault" : "tgt_mem", i == 0 ? plain : native);
        struct target *t = target_open(instance, LAGAN_OPEN_INITIALISE, &e);
        assert_success(t ? 0 : -1, e);
        aspects_put(t, "a", "text");
        aspects_put(t, "taken", "x");
        assert_success(target_copy_object(t, "a", "b", &e), e);
        assert_success(target_rename(t, "b", "c/d", &e), e);
        aspects_expect_absent(t, "b");
        aspects_expect(t, "c/d", "text", 4);
        assert_int_equal(target_rename(t, "a", "taken", &e), -1);
        assert_int_equal(e.error_class, LAGAN_EXISTS);
        assert_int_equal(target_copy_object(t, "nothing", "e", &e), -1);
        assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
        assert_int_equal(target_rename(t, "a", "Not A Key", &e), -1);
        assert_int_equal(e.error_class, LAGAN_INVALID);
        aspects_expect(t, "a", "text", 4);
        target_close(t);
        instance_free(instance);
    }
}

static void clocks_are_told(void **state)
{
    char *scratch = fixture_scratch();
    char path[512];
    const char *words[] = {path, NULL};
    static const char *const none[] = {NULL};
    static const char *const plain[] = {"name=clock", NULL};
    struct error e = ERROR_INIT;
    int64_t told = 0;
    (void)state;
    snprintf(path, sizeof path, "path=%s/store", scratch);
    struct layered l = layered_open(host, "tgt_dir", words, none, LAGAN_OPEN_INITIALISE);
    assert_success(target_clock(l.target, &told, &e), e);
    assert_true(llabs(told - clock_wall_ns()) < INT64_C(60) * 1000000000);
    assert_int_equal(aspects_count(l.target), 0);
    layered_close(&l);
    l = layered_open(host, "tgt_fault", plain, none, LAGAN_OPEN_INITIALISE);
    assert_int_equal(target_clock(l.target, &told, &e), -1);
    assert_int_equal(e.error_class, LAGAN_UNSUPPORTED);
    layered_close(&l);
    fixture_scratch_remove(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_fit_the_limits),
        cmocka_unit_test(parts_make_up_the_object),
        cmocka_unit_test(parts_are_tried_again_one_by_one),
        cmocka_unit_test(parts_that_fail_leave_nothing),
        cmocka_unit_test(copies_and_names_need_no_layers),
        cmocka_unit_test(clocks_are_told),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
