/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_share.c - shares come back when the last holder lets go, and not before. */
#include "base/share.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { BYTES = 4096, PASSES = 2000 };

static struct share_pool *pool_of(size_t count)
{
    struct error e = ERROR_INIT;
    struct share_pool *p = share_pool_new(count, BYTES, &e);
    assert_non_null(p);
    return p;
}

static struct share *take(struct share_pool *p)
{
    struct error e = ERROR_INIT;
    struct share *s = share_take(p, &e);
    assert_non_null(s);
    return s;
}

static void share_comes_back(void **state)
{
    (void)state;
    struct share_pool *p = pool_of(2);
    struct share *a = take(p);
    struct share *b = take(p);
    assert_ptr_not_equal(share_data(a), share_data(b));
    memset(share_data(a), 'a', BYTES);
    memset(share_data(b), 'b', BYTES);
    assert_ptr_equal(share_hold(a), a);
    share_release(a);
    assert_int_equal(share_data(a)[BYTES - 1], 'a');
    share_release(a);
    assert_ptr_equal(take(p), a);
    share_release(a);
    share_release(b);
    share_release(NULL);
    share_pool_free(p);
    share_pool_free(NULL);
}

struct passing {
    struct share *share;
    atomic_bool released;
};

static void *release_later(void *argument)
{
    struct passing *passing = argument;
    usleep(20000);
    atomic_store(&passing->released, true);
    share_release(passing->share);
    return NULL;
}

static void share_is_waited_for(void **state)
{
    (void)state;
    struct share_pool *p = pool_of(1);
    struct passing passing = {.share = take(p)};
    pthread_t thread;
    share_hold(passing.share);
    share_release(passing.share);
    assert_int_equal(pthread_create(&thread, NULL, release_later, &passing), 0);
    struct share *again = take(p);
    assert_true(atomic_load(&passing.released));
    pthread_join(thread, NULL);
    share_release(again);
    share_pool_free(p);
}

/* Each pass writes its number, hands a hold to the other thread, and nobody may write over it.
 */
static void *check_and_release(void *argument)
{
    struct share *s = argument;
    uint8_t first = share_data(s)[0];
    for (size_t i = 0; i < BYTES; i++)
        if (share_data(s)[i] != first)
            return s;
    share_release(s);
    return NULL;
}

static void share_is_not_lent_twice(void **state)
{
    (void)state;
    struct share_pool *p = pool_of(3);
    for (int i = 0; i < PASSES; i++) {
        struct share *s = take(p);
        pthread_t thread;
        void *wrong = NULL;
        memset(share_data(s), i, BYTES);
        assert_int_equal(pthread_create(&thread, NULL, check_and_release, share_hold(s)), 0);
        share_release(s);
        struct share *other = take(p);
        memset(share_data(other), i + 1, BYTES);
        share_release(other);
        pthread_join(thread, &wrong);
        assert_null(wrong);
    }
    share_pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share_comes_back),
        cmocka_unit_test(share_is_waited_for),
        cmocka_unit_test(share_is_not_lent_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
