/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_spare.c - buffers that are kept for the next one. */
#include "base/spare.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

static struct spare_pool *pool(size_t bytes)
{
    struct error e = ERROR_INIT;
    struct spare_pool *p = spare_pool_new(bytes, &e);
    assert_non_null(p);
    return p;
}

/* What was given back comes again, to one at a time. */
static void spare_comes_again(void **state)
{
    struct spare_pool *p = pool(4 << 20);
    uint8_t *first = spare_take(p, 300000);
    (void)state;
    memset(first, 7, 300000);
    assert_int_equal((uintptr_t)first % 64, 0);
    spare_give(p, first);
    uint8_t *again = spare_take(p, 299000);
    uint8_t *other = spare_take(p, 299000);
    assert_ptr_equal(again, first);
    assert_ptr_not_equal(other, first);
    assert_int_equal(again[299999], 7);
    spare_give(p, again);
    spare_free(other);
    spare_free(NULL);
    spare_give(p, NULL);
    spare_pool_free(p);
    spare_pool_free(NULL);
}

/* A buffer goes to nobody whom it does not fit, too small or far too large. */
static void spare_fits(void **state)
{
    struct spare_pool *p = pool(16 << 20);
    uint8_t *middle = spare_take(p, 1 << 20);
    (void)state;
    spare_give(p, middle);
    uint8_t *large = spare_take(p, 2 << 20);
    uint8_t *small = spare_take(p, 1000);
    assert_ptr_not_equal(large, middle);
    assert_ptr_not_equal(small, middle);
    memset(large, 1, 2 << 20);
    memset(small, 1, 1000);
    spare_give(p, large);
    spare_give(p, small);
    spare_pool_free(p);
}

/* Short buffers are no business of the pool: they take no place in it from long ones. */
static void spare_leaves_short_ones(void **state)
{
    struct spare_pool *p = pool(1 << 20);
    uint8_t *large = spare_take(p, 200000);
    void *small[40];
    (void)state;
    for (int i = 0; i < 40; i++) {
        small[i] = spare_take(p, 5000);
        memset(small[i], 1, 5000);
    }
    for (int i = 0; i < 40; i++)
        spare_give(p, small[i]);
    spare_give(p, large);
    assert_ptr_equal(spare_take(p, 200000), large);
    spare_free(large);
    spare_pool_free(p);
}

/* No more is kept than was allowed: the second buffer is gone, the first one is still there. */
static void spare_is_bounded(void **state)
{
    struct spare_pool *p = pool(1 << 20);
    uint8_t *one = spare_take(p, 600000);
    uint8_t *two = spare_take(p, 600000);
    (void)state;
    spare_give(p, one);
    spare_give(p, two);
    assert_ptr_equal(spare_take(p, 600000), one);
    uint8_t *next = spare_take(p, 600000);
    assert_non_null(next);
    spare_free(next);
    spare_give(p, one);
    assert_null(spare_take(p, SIZE_MAX - 10));
    spare_pool_free(p);
}

static void *take_and_give(void *context)
{
    struct spare_pool *p = context;
    for (int i = 0; i < 2000; i++) {
        size_t size = (size_t)(1 + i % 5) * 100000;
        uint8_t *mine = spare_take(p, size);
        if (!mine)
            return p;
        memset(mine, i, 64);
        mine[size - 1] = (uint8_t)i;
        for (int k = 0; k < 64; k++)
            if (mine[k] != (uint8_t)i)
                return p;
        spare_give(p, mine);
    }
    return NULL;
}

/* Several threads never hold the same buffer. */
static void spare_threads(void **state)
{
    struct spare_pool *p = pool(2 << 20);
    pthread_t threads[4];
    void *wrong;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, p), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    spare_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spare_comes_again),       cmocka_unit_test(spare_fits),
        cmocka_unit_test(spare_leaves_short_ones), cmocka_unit_test(spare_is_bounded),
        cmocka_unit_test(spare_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
