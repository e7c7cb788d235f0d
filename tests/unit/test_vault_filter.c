/* SPDX-License-Identifier: Apache-2.0 */
/* test_vault_filter.c - never a wrong no, few wrong yeses, and nothing but its own shape
 * decoded. */
#include "unit.h"
#include "vault/filter.h"

#include <stdlib.h>
#include <string.h>

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t *random_keys(size_t count, uint64_t seed)
{
    uint64_t *keys = calloc(count + 1, sizeof(*keys));

    assert_non_null(keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = next_random(&seed);
    return keys;
}

static void filter_finds_all(void **state)
{
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 7, 10, 33, 100, 1000, 20000};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        uint64_t *keys = random_keys(counts[i], i);
        struct filter f;
        assert_int_equal(filter_build(&f, keys, counts[i], 5, &e), 0);
        for (size_t j = 0; j < counts[i]; j++)
            assert_true(filter_may_contain(&f, keys[j]));
        filter_free(&f);
        free(keys);
    }
}

static void filter_false_positives(void **state)
{
    enum { KEYS = 200000, ASKED = 1000000 };
    struct error e = ERROR_INIT;
    uint64_t *keys = random_keys(KEYS, 1), other = 99;
    size_t wrong = 0;
    struct filter f;

    (void)state;
    assert_int_equal(filter_build(&f, keys, KEYS, 0, &e), 0);
    for (size_t i = 0; i < ASKED; i++)
        wrong += filter_may_contain(&f, next_random(&other));
    /* One in 256 is 0.39 %. */
    assert_true(wrong < ASKED * 6 / 1000);
    assert_true(wrong > ASKED * 2 / 1000);
    size_t bytes = ((size_t)f.segments + 2) * f.segment_length;
    assert_true(bytes * 8 < (size_t)KEYS * 10);
    filter_free(&f);
    free(keys);
}

static void filter_doubles(void **state)
{
    uint64_t keys[90];
    struct error e = ERROR_INIT;
    struct filter f;

    (void)state;
    for (uint64_t i = 0; i < 90; i++)
        keys[i] = i / 3;
    assert_int_equal(filter_build(&f, keys, 90, 0, &e), 0);
    for (uint64_t i = 0; i < 30; i++)
        assert_true(filter_may_contain(&f, i));
    filter_free(&f);
}

/* Doubles that are no neighbours break the contract: refused, not built wrongly. */
static void filter_scattered_doubles(void **state)
{
    uint64_t keys[] = {1, 2, 1};
    struct error e = ERROR_INIT;
    struct filter f;

    (void)state;
    assert_int_equal(filter_build(&f, keys, 3, 0, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INTERNAL);
}

static void filter_empty_struct(void **state)
{
    struct filter f = {0};

    (void)state;
    assert_false(filter_may_contain(&f, 1));
    filter_free(&f);
}

static void filter_codec(void **state)
{
    struct error e = ERROR_INIT;
    uint64_t *keys = random_keys(500, 3);
    struct buffer b = BUFFER_INIT;
    struct filter f, g;

    (void)state;
    assert_int_equal(filter_build(&f, keys, 500, 0, &e), 0);
    filter_encode(&f, &b);
    struct reader r = reader_of(b.data, b.size);
    assert_int_equal(filter_decode(&g, &r, &e), 0);
    assert_int_equal(g.seed, f.seed);
    for (size_t i = 0; i < 500; i++)
        assert_true(filter_may_contain(&g, keys[i]));
    filter_free(&g);
    for (size_t cut = 0; cut < b.size; cut++) {
        r = reader_of(b.data, cut);
        assert_int_equal(filter_decode(&g, &r, &e), -1);
        assert_int_equal(e.error_class, LAGAN_CORRUPT);
    }
    buffer_free(&b);
    filter_free(&f);
    free(keys);
}

static int decode_shape(uint32_t length, uint32_t segments, size_t bytes)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct filter f = {0};

    buffer_append_u64(&b, 1);
    buffer_append_u32(&b, length);
    buffer_append_u32(&b, segments);
    buffer_append_zeroes(&b, bytes);
    assert_false(b.failed);
    struct reader r = reader_of(b.data, b.size);
    int result = filter_decode(&f, &r, &e);
    filter_free(&f);
    return result;
}

/* Shapes that would make the places overflow or miss the array. */
static void filter_bad_shapes(void **state)
{
    (void)state;
    assert_int_equal(decode_shape(4, 1, 12), 0);
    assert_int_equal(decode_shape(0, 1, 12), -1);
    assert_int_equal(decode_shape(3, 1, 9), -1);
    assert_int_equal(decode_shape(4, 0, 8), -1);
    assert_int_equal(decode_shape(4, 2, 12), -1);
    assert_int_equal(decode_shape(4, UINT32_MAX, 4), -1);
    assert_int_equal(decode_shape(1 << 19, 1, 3 << 19), -1);
    assert_int_equal(decode_shape(1 << 18, 1 << 14, 0), -1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(filter_finds_all),    cmocka_unit_test(filter_false_positives),
    cmocka_unit_test(filter_doubles),      cmocka_unit_test(filter_scattered_doubles),
    cmocka_unit_test(filter_empty_struct), cmocka_unit_test(filter_codec),
    cmocka_unit_test(filter_bad_shapes),
};

UNIT_MAIN(tests)
