/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_call.c - calls into drivers: errors, cancellation, deadlines, thread models, and
 * drivers that break their contract. */
#include "driver/operation.h"
#include "driver_fixture.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* An open target and its instance. */
struct pair {
    struct instance *instance;
    struct target *target;
};

static struct pair pair_open(const char *driver, const char *word)
{
    const char *const words[] = {word, NULL};
    struct error e = ERROR_INIT;
    struct pair p = {.instance = fixture_instance(host, driver, words)};
    p.target = target_open(p.instance, 0, &e);
    assert_success(p.target ? 0 : -1, e);
    return p;
}

static void pair_close(struct pair *p)
{
    target_close(p->target);
    instance_free(p->instance);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void driver_call_carries_errors(void **state)
{
    struct pair p = pair_open("tgt_probe", "needed=n");
    struct error e = ERROR_INIT;
    uint64_t bytes;
    (void)state;
    assert_int_equal(target_put(p.target, "packs/ab", "x", 1, &e), -1);
    assert_error(e, LAGAN_NO_SPACE, "tgt_probe: put packs/ab: the cupboard is full");
    assert_int_equal(e.code, ERROR_NO_SPACE);
    assert_int_equal(e.scope, LAGAN_SCOPE_INSTANCE);
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_int_equal(e.retry_after_ms, 1500);
    assert_int_equal(e.native, 28);
    /* Without words of the driver, the class's own. */
    assert_int_equal(target_stat(p.target, "absent", &bytes, &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "tgt_probe: stat absent: the named thing does not exist");
    /* A class of tomorrow counts as IO. */
    assert_int_equal(target_stat(p.target, "strange", &bytes, &e), -1);
    assert_error(e, LAGAN_IO, "of an unknown class");
    pair_close(&p);
}

static void driver_call_refuses_keys(void **state)
{
    static const char *const keys[] = {"",       "/a",  "a/", "a//b", ".",      "..",
                                       "a/../b", "a/.", "A",  "a b",  "@tmp/x", "\xc3\xa4"};
    struct pair p = pair_open("tgt_liar", "order");
    struct error e = ERROR_INIT;
    char key[LAGAN_KEY_LIMIT + 2] = "";
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(target_put(p.target, keys[i], "", 0, &e), -1);
        assert_error(e, LAGAN_INVALID, "not the name of an object");
    }
    memset(key, 'k', LAGAN_KEY_LIMIT);
    assert_true(target_key_is_valid(key));
    key[LAGAN_KEY_LIMIT] = 'k';
    assert_false(target_key_is_valid(key));
    assert_true(target_key_is_valid("...a/..b/c.."));
    pair_close(&p);
}

static void *cancel_soon(void *unused)
{
    usleep(100000);
    operation_cancel_all();
    return unused;
}

static void driver_call_is_cancelled(void **state)
{
    struct pair p = pair_open("tgt_probe", "needed=n");
    struct error e = ERROR_INIT;
    pthread_t thread;
    double before = seconds();
    (void)state;
    pthread_create(&thread, NULL, cancel_soon, NULL);
    assert_int_equal(target_flush(p.target, &e), -1);
    pthread_join(thread, NULL);
    assert_true(seconds() - before < 0.9); /* the driver slept a second at a time */
    assert_error(e, LAGAN_CANCELLED, "tgt_probe: flush");
    assert_int_equal(e.code, ERROR_INTERRUPTED);
    /* From now on nothing reaches the driver. */
    assert_int_equal(target_remove(p.target, "a", &e), -1);
    assert_error(e, LAGAN_CANCELLED, "tgt_probe: remove a");
    assert_int_equal(operation_check(&e), -1);
    operation_cancel_reset();
    assert_success(target_remove(p.target, "a", &e), e);
    pair_close(&p);
}

static void driver_call_has_a_deadline(void **state)
{
    struct pair p = pair_open("tgt_probe", "needed=n");
    struct error e = ERROR_INIT;
    double before = seconds();
    (void)state;
    operation_set_limit(100000000);
    assert_int_equal(target_flush(p.target, &e), -1);
    operation_set_limit(0);
    assert_true(seconds() - before < 0.9);
    assert_error(e, LAGAN_TIMEOUT, "tgt_probe: flush: woken");
    pair_close(&p);
}

/* Calls capacity, which tells how many were inside at a time. */
static void *call_capacity(void *target)
{
    struct error e = ERROR_INIT;
    uint64_t most = 0;
    uint64_t available;
    if (target_capacity(target, &most, &available, &e) < 0)
        return NULL;
    return (void *)(uintptr_t)most;
}

/* The most calls that were inside at a time, of two per handle on two handles. */
static uintptr_t most_inside(const char *driver)
{
    struct pair p[2] = {pair_open(driver, "needed=n"), pair_open(driver, "needed=n")};
    pthread_t threads[4];
    uintptr_t most = 0;
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, call_capacity, p[i / 2].target);
    for (size_t i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        most = (uintptr_t)result > most ? (uintptr_t)result : most;
    }
    pair_close(&p[0]);
    pair_close(&p[1]);
    return most;
}

static void driver_call_keeps_thread_models(void **state)
{
    (void)state;
    assert_int_equal(most_inside("tgt_probe"), 1);
    assert_int_equal(most_inside("tgt_probe_handle"), 2);
    assert_int_equal(most_inside("tgt_probe_parallel"), 4);
}

static int ignore(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)context;
    (void)key;
    (void)bytes;
    (void)e;
    return 0;
}

static void driver_call_sees_through_listings(void **state)
{
    static const struct {
        const char *lie;
        const char *message;
    } lies[] = {
        {"order", "out of order"},         {"repeat", "out of order"},
        {"stuck", "does not advance"},     {"foreign", "not the name of an object"},
        {"other-prefix", "not asked for"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct pair p = pair_open("tgt_liar", lies[i].lie);
        struct error e = ERROR_INIT;
        assert_int_equal(target_list(p.target, "a/", ignore, NULL, &e), -1);
        assert_error(e, LAGAN_CORRUPT, lies[i].message);
        pair_close(&p);
    }
    struct pair p = pair_open("tgt_liar", "long-page");
    struct error e = ERROR_INIT;
    bool more;
    assert_int_equal(target_list_page(p.target, "a/", "", 2, ignore, NULL, &more, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "longer than was asked for");
    pair_close(&p);
}

static void driver_call_sees_through_wrong_lengths(void **state)
{
    struct error e = ERROR_INIT;
    char data[10];
    (void)state;
    struct pair p = pair_open("tgt_liar", "short-get");
    assert_int_equal(target_get(p.target, "a", 0, data, sizeof data, &e), -1);
    assert_error(e, LAGAN_CORRUPT, "5 bytes came instead of 10");
    pair_close(&p);
    p = pair_open("tgt_liar", "long-get");
    assert_int_equal(target_get(p.target, "a", 0, data, sizeof data, &e), -1);
    assert_error(e, LAGAN_INTERNAL, "tgt_liar: get a");
    pair_close(&p);
}

static void driver_call_checks_capabilities(void **state)
{
    const char *const words[] = {"no-stages", NULL};
    struct instance *i = fixture_instance(host, "tgt_liar", words);
    struct error e = ERROR_INIT;
    (void)state;
    assert_null(target_open(i, 0, &e));
    assert_error(e, LAGAN_UNSUPPORTED, "claims staged puts and lacks the functions");
    instance_free(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_call_carries_errors),
        cmocka_unit_test(driver_call_refuses_keys),
        cmocka_unit_test(driver_call_is_cancelled),
        cmocka_unit_test(driver_call_has_a_deadline),
        cmocka_unit_test(driver_call_keeps_thread_models),
        cmocka_unit_test(driver_call_sees_through_listings),
        cmocka_unit_test(driver_call_sees_through_wrong_lengths),
        cmocka_unit_test(driver_call_checks_capabilities),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
