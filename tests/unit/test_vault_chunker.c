/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_vault_chunker.c - all implementations cut alike, whole or fed bit by bit; and where the
 * golden list says, which the independent decoder checks too.
 */
#include "unit.h"
#include "vault/chunker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG2 = 16, AVERAGE = 1 << LOG2, CUTS_LIMIT = 4096 };

static const uint8_t key[CHUNKER_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                              8, 9, 10, 11, 12, 13, 14, 15};

/* The generator of the golden list: xorshift64 from 88172645463325252, eight bytes a step,
 * little-endian. */
static void fill_random(uint8_t *data, size_t size)
{
    uint64_t s = UINT64_C(88172645463325252);
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0) {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
        }
        data[i] = (uint8_t)(s >> (8 * (i % 8)));
    }
}

/* All cuts of `data`, handed over in steps of `step` more bytes at a time (0 = all at once). */
static size_t cut_all(const uint8_t *data, size_t size, size_t step, size_t *cuts)
{
    struct error e = ERROR_INIT;
    struct chunker *c = chunker_new(key, LOG2, &e);
    size_t start = 0, seen = step ? 0 : size, count = 0;
    assert_non_null(c);
    while (start < size) {
        size_t cut = chunker_next(c, data + start, seen - start, seen == size);
        if (cut == 0) {
            assert_true(seen < size);
            seen = size - seen > step ? seen + step : size;
            continue;
        }
        assert_true(count < CUTS_LIMIT);
        cuts[count++] = cut;
        start += cut;
    }
    chunker_free(c);
    return count;
}

static void expect_alike(const uint8_t *data, size_t size)
{
    static size_t wanted[CUTS_LIMIT], got[CUTS_LIMIT];
    assert_true(chunker_use("portable"));
    size_t count = cut_all(data, size, 0, wanted);
    for (const char *const *name = chunker_implementations(); *name; name++) {
        static const size_t steps[] = {0, 1 << 18, 77777, 4099};
        assert_true(chunker_use(*name));
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            assert_int_equal(cut_all(data, size, steps[i], got), count);
            assert_memory_equal(got, wanted, count * sizeof(*got));
        }
    }
    chunker_use(NULL);
}

static void chunker_implementations_agree(void **state)
{
    static const size_t sizes[] = {1,
                                   31,
                                   32,
                                   33,
                                   AVERAGE / 4 - 1,
                                   AVERAGE / 4,
                                   AVERAGE / 4 + 1,
                                   AVERAGE / 4 + 63,
                                   AVERAGE / 4 + 64,
                                   AVERAGE - 1,
                                   AVERAGE,
                                   AVERAGE + 1,
                                   4 * AVERAGE - 1,
                                   4 * AVERAGE,
                                   4 * AVERAGE + 1,
                                   1234567};
    uint8_t *data = malloc(1234567 + 64);
    (void)state;
    assert_non_null(data);
    fill_random(data, 1234567 + 64);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        expect_alike(data + i * 3 % 64, sizes[i]);
    for (size_t i = 0; i < 1234567; i++)
        data[i] = (uint8_t)(i % 251);
    expect_alike(data, 1234567);
    free(data);
}

/* A constant content has one window only: it must not cut everywhere. */
static void chunker_constant_content(void **state)
{
    static size_t cuts[CUTS_LIMIT];
    size_t size = 16 * AVERAGE;
    uint8_t *data = malloc(size);
    (void)state;
    assert_non_null(data);
    for (int value = 0; value < 256; value += 255) {
        memset(data, value, size);
        size_t count = cut_all(data, size, 0, cuts);
        assert_int_equal(count, 4);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(cuts[i], 4 * AVERAGE);
    }
    free(data);
}

static void chunker_mean_and_bounds(void **state)
{
    static size_t cuts[CUTS_LIMIT];
    size_t size = 24 << 20;
    uint8_t *data = malloc(size);
    (void)state;
    assert_non_null(data);
    fill_random(data, size);
    size_t count = cut_all(data, size, 0, cuts);
    for (size_t i = 0; i + 1 < count; i++)
        assert_true(cuts[i] >= AVERAGE / 4 && cuts[i] <= 4 * AVERAGE);
    assert_true(size / count > AVERAGE * 3 / 4 && size / count < AVERAGE * 5 / 4);
    free(data);
}

/* A byte inserted in front moves the cuts along; soon they fall on the same content again. */
static void chunker_finds_its_way_back(void **state)
{
    static size_t cuts[2][CUTS_LIMIT];
    size_t size = 8 << 20;
    uint8_t *data = malloc(size + 1);
    (void)state;
    assert_non_null(data);
    fill_random(data + 1, size);
    data[0] = 42;
    size_t plain = cut_all(data + 1, size, 0, cuts[0]);
    size_t moved = cut_all(data, size + 1, 0, cuts[1]);
    size_t equal = 0;
    while (equal < plain && equal < moved &&
           cuts[0][plain - 1 - equal] == cuts[1][moved - 1 - equal])
        equal++;
    assert_true(equal > plain / 2);
    free(data);
}

static void chunker_golden_list(void **state)
{
    static size_t cuts[CUTS_LIMIT];
    size_t size = 2 << 20, count = 0, wanted = 0;
    char path[4096], line[128];
    uint8_t *data = malloc(size);
    (void)state;
    assert_non_null(data);
    fill_random(data, size);
    count = cut_all(data, size, 0, cuts);
    snprintf(path, sizeof(path), "%s/tests/format/golden_chunker.txt",
             getenv("abs_top_srcdir"));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t at = 0;
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%zu", &wanted), 1);
        assert_true(at < count);
        assert_int_equal(cuts[at++], wanted);
    }
    assert_int_equal(at, count);
    fclose(file);
    free(data);
}

static void chunker_fixed_size(void **state)
{
    struct error e = ERROR_INIT;
    uint8_t *data = calloc(1, 3 * AVERAGE);
    struct chunker *c = chunker_new_fixed(LOG2, &e);
    (void)state;
    assert_int_equal(chunker_next(c, data, AVERAGE - 1, false), 0);
    assert_int_equal(chunker_next(c, data, 3 * AVERAGE, false), AVERAGE);
    assert_int_equal(chunker_next(c, data, 7, true), 7);
    assert_int_equal(chunker_next(c, data, 0, true), 0);
    chunker_free(c);
    chunker_free(NULL);
    assert_null(chunker_new(key, CHUNKER_LOG2_MIN - 1, &e));
    assert_null(chunker_new(key, CHUNKER_LOG2_MAX + 1, &e));
    free(data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(chunker_implementations_agree),
    cmocka_unit_test(chunker_constant_content),
    cmocka_unit_test(chunker_mean_and_bounds),
    cmocka_unit_test(chunker_finds_its_way_back),
    cmocka_unit_test(chunker_golden_list),
    cmocka_unit_test(chunker_fixed_size),
};
UNIT_MAIN(tests)
