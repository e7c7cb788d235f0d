/* SPDX-License-Identifier: Apache-2.0 */
/* test_layer_retry.c - calls that are made again: on a target in memory whose calls fail on
 * demand, before or after they took effect. */
#include "base/text.h"
#include "crypto/hash.h"
#include "driver/layer_settings.h"
#include "driver/operation.h"
#include "driver_fixture.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
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

/* What fails, and how it is tried again. */
struct plan {
    const char *driver; /* NULL = tgt_fault */
    const char *verb;
    unsigned at;
    unsigned error_class;
    bool after;
    bool always;
    const char *retry; /* NULL = the default */
    const char *pause; /* NULL = a millisecond */
    const char *limit;
};

/* An open target, two objects already in it. */
struct trial {
    struct instance *instance;
    struct target *target;
};

static void set(struct layer_settings *s, const char *name, const char *value)
{
    struct error e = ERROR_INIT;
    if (value)
        assert_success(layer_settings_set(s, name, value, &e), e);
}

static struct instance *instance_of(const struct plan *plan, const char *store)
{
    char name[64], verb[32], at[32], error_class[32];
    const char *words[] = {name,
                           verb,
                           at,
                           error_class,
                           plan->after ? "after=yes" : "after=no",
                           plan->always ? "always=yes" : "always=no",
                           NULL};
    snprintf(name, sizeof name, "name=%s", store);
    snprintf(verb, sizeof verb, "verb=%s", plan->verb);
    snprintf(at, sizeof at, "at=%u", plan->at);
    snprintf(error_class, sizeof error_class, "class=%u", plan->error_class);
    return fixture_instance(host, plan->driver ? plan->driver : "tgt_fault", words);
}

static void fill_store(const struct plan *plan, const char *store)
{
    struct plan quiet = {.driver = plan->driver, .verb = "any"};
    struct error e = ERROR_INIT;
    struct instance *i = instance_of(&quiet, store);
    struct target *t = target_open(i, LAGAN_OPEN_INITIALISE, &e);
    assert_success(t ? 0 : -1, e);
    assert_success(target_put(t, "a/one", "first", 5, &e), e);
    assert_success(target_put(t, "a/two", "second", 6, &e), e);
    target_close(t);
    instance_free(i);
}

static struct trial trial_open(const struct plan *plan)
{
    static unsigned number;
    struct layer_settings settings;
    struct error e = ERROR_INIT;
    struct trial trial;
    char store[32];
    snprintf(store, sizeof store, "retry-%u", ++number);
    fill_store(plan, store);
    assert_success(layer_settings_init(&settings, &e), e);
    set(&settings, "retry", plan->retry);
    set(&settings, "retry-pause", plan->pause ? plan->pause : "1ms");
    set(&settings, "retry-limit", plan->limit);
    trial.instance = instance_of(plan, store);
    assert_success(instance_set_layers(trial.instance, &settings, &e), e);
    layer_settings_free(&settings);
    trial.target = target_open(trial.instance, 0, &e);
    assert_success(trial.target ? 0 : -1, e);
    return trial;
}

static void trial_close(struct trial *trial)
{
    target_close(trial->target);
    instance_free(trial->instance);
}

static void assert_object(struct target *t, const char *key, const char *text)
{
    struct buffer found CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    assert_success(target_get_all(t, key, 1 << 20, &found, &e), e);
    assert_int_equal(found.size, strlen(text));
    assert_memory_equal(found.data, text, found.size);
}

static int append_key(void *context, const char *key, uint64_t bytes, struct error *e)
{
    char *text = context;
    (void)bytes;
    (void)e;
    strcat(text, key);
    strcat(text, " ");
    return 0;
}

static void assert_keys(struct target *t, const char *keys)
{
    char found[200] = "";
    struct error e = ERROR_INIT;
    assert_success(target_list(t, "", append_key, found, &e), e);
    assert_string_equal(found, keys);
}

/* What is done with each verb; 0 or -1. */
static int do_put(struct target *t, struct error *e)
{
    return target_put(t, "b/new", "third", 5, e);
}

static int do_stage(struct target *t, struct error *e)
{
    struct stage *s = target_stage_begin(t, 0, e);
    if (!s)
        return -1;
    if (stage_write(s, "thi", 3, e) < 0) {
        stage_abort(s);
        return -1;
    }
    return stage_write(s, "rd", 2, e) == 0 ? stage_commit(s, "b/new", e) : -1;
}

static int do_get(struct target *t, struct error *e)
{
    char data[6];
    int result = target_get(t, "a/two", 0, data, sizeof data, e);
    if (result == 0)
        assert_memory_equal(data, "second", 6);
    return result;
}

static int do_stat(struct target *t, struct error *e)
{
    uint64_t bytes = 0;
    int result = target_stat(t, "a/two", &bytes, e);
    if (result == 0)
        assert_int_equal(bytes, 6);
    return result;
}

static int do_list(struct target *t, struct error *e)
{
    char found[200] = "";
    int result = target_list(t, "a/", append_key, found, e);
    if (result == 0)
        assert_string_equal(found, "a/one a/two ");
    return result;
}

static int do_remove(struct target *t, struct error *e)
{
    return target_remove(t, "a/one", e);
}

static const struct {
    const char *verb;
    int (*act)(struct target *t, struct error *e);
    const char *keys; /* afterwards */
} acts[] = {
    {"put", do_put, "a/one a/two b/new "}, {"begin", do_stage, "a/one a/two b/new "},
    {"get", do_get, "a/one a/two "},       {"stat", do_stat, "a/one a/two "},
    {"list", do_list, "a/one a/two "},     {"remove", do_remove, "a/two "},
};

/* Each verb fails once, before and after it took effect: nobody notices, nothing is there
 * twice. */
static void retry_works(void **state)
{
    static const unsigned classes[] = {LAGAN_TRANSIENT, LAGAN_BUSY};
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        for (unsigned way = 0; way < 8; way++) {
            struct plan plan = {.driver = way & 4 ? "tgt_fault_serial" : NULL,
                                .verb = acts[i].verb,
                                .at = 1,
                                .error_class = classes[way & 1],
                                .after = (way & 2) != 0};
            struct trial trial = trial_open(&plan);
            struct error e = ERROR_INIT;
            uint64_t calls = 0, failed = 0;
            if (acts[i].act(trial.target, &e) < 0)
                fail_msg("%s, way %u: %s", acts[i].verb, way, e.text);
            assert_success(target_capacity(trial.target, &calls, &failed, &e), e);
            assert_int_equal(failed, 1);
            assert_keys(trial.target, acts[i].keys);
            if (strstr(acts[i].keys, "b/new"))
                assert_object(trial.target, "b/new", "third");
            trial_close(&trial);
        }
}

/* With all attempts used up the error says how many there were. */
static void retry_gives_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct plan plan = {.verb = acts[i].verb,
                            .at = 1,
                            .error_class = LAGAN_TRANSIENT,
                            .always = true,
                            .retry = "2"};
        struct trial trial = trial_open(&plan);
        struct error e = ERROR_INIT;
        uint64_t calls = 0, failed = 0;
        assert_int_equal(acts[i].act(trial.target, &e), -1);
        assert_error(e, LAGAN_TRANSIENT, "as it was told to, after 3 attempts in ");
        assert_int_equal(e.code, ERROR_TEMPORARY);
        assert_success(target_capacity(trial.target, &calls, &failed, &e), e);
        assert_int_equal(failed, 3);
        trial_close(&trial);
    }
}

/* Only what may pass is tried again; flush and the bytes of a stage never are. */
static void retry_knows_when_not_to(void **state)
{
    static const struct {
        const char *verb, *retry;
        unsigned error_class;
    } rows[] = {{"put", NULL, LAGAN_IO},
                {"put", NULL, LAGAN_TIMEOUT},
                {"put", "0", LAGAN_TRANSIENT},
                {"write", NULL, LAGAN_TRANSIENT},
                {"flush", NULL, LAGAN_TRANSIENT}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct plan plan = {.verb = rows[i].verb,
                            .at = 1,
                            .error_class = rows[i].error_class,
                            .always = true,
                            .retry = rows[i].retry};
        struct trial trial = trial_open(&plan);
        struct error e = ERROR_INIT;
        uint64_t calls = 0, failed = 0;
        int result = i == 4   ? target_flush(trial.target, &e)
                     : i == 3 ? do_stage(trial.target, &e)
                              : do_put(trial.target, &e);
        assert_int_equal(result, -1);
        assert_error(e, rows[i].error_class, "as it was told to");
        assert_null(strstr(e.text, "attempts"));
        assert_success(target_capacity(trial.target, &calls, &failed, &e), e);
        assert_int_equal(failed, 1);
        trial_close(&trial);
    }
}

/* A put that took effect, whose answer was lost, and whose name is looked up in vain too: the
 * second attempt meets its own first one. */
static void retry_meets_itself(void **state)
{
    struct plan plan = {.verb = "any", .at = 1, .error_class = LAGAN_TRANSIENT, .after = true};
    struct trial trial = trial_open(&plan);
    struct error e = ERROR_INIT;
    (void)state;
    assert_success(target_put(trial.target, "b/new", "third", 5, &e), e);
    assert_object(trial.target, "b/new", "third");
    trial_close(&trial);
    /* A name that somebody else has taken is taken, whatever was tried. */
    plan.verb = "put";
    plan.after = false;
    trial = trial_open(&plan);
    assert_int_equal(target_put(trial.target, "a/one", "mine", 4, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    assert_object(trial.target, "a/one", "first");
    trial_close(&trial);
}

static int stage_as(struct target *t, const char *key, struct error *e)
{
    struct stage *s = target_stage_begin(t, 0, e);
    if (!s || stage_write(s, "third", 5, e) < 0)
        return -1;
    return stage_commit(s, key, e);
}

/* The commit of a stage is never made again.  Whether it took effect is known where the key
 * says the SHA-256. */
static void retry_commit(void **state)
{
    struct plan plan = {
        .verb = "commit", .at = 1, .error_class = LAGAN_TRANSIENT, .after = true};
    struct trial trial = trial_open(&plan);
    struct error e = ERROR_INIT;
    uint8_t sha256[HASH_SIZE];
    char key[100] = "packs/";
    (void)state;
    hash_sha256("third", 5, sha256);
    text_hex(sha256, sizeof sha256, key + 6);
    assert_success(stage_as(trial.target, key, &e), e);
    trial_close(&trial);
    trial = trial_open(&plan);
    assert_int_equal(stage_as(trial.target, "b/new", &e), -1);
    assert_error(e, LAGAN_TRANSIENT, "as it was told to");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    assert_object(trial.target, "b/new", "third");
    trial_close(&trial);
    /* A hash that is not that of the bytes. */
    key[6] ^= 1;
    trial = trial_open(&plan);
    assert_int_equal(stage_as(trial.target, key, &e), -1);
    assert_int_equal(e.outcome, LAGAN_OUTCOME_UNKNOWN);
    trial_close(&trial);
    key[6] ^= 1;
    plan.after = false;
    trial = trial_open(&plan);
    assert_int_equal(stage_as(trial.target, key, &e), -1);
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    assert_keys(trial.target, "a/one a/two ");
    trial_close(&trial);
}

static double seconds(void)
{
    return (double)operation_now_ns() / 1e9;
}

static void *cancel_soon(void *unused)
{
    usleep(100000);
    operation_cancel_all();
    return unused;
}

static void retry_is_cancelled(void **state)
{
    struct plan plan = {.verb = "put",
                        .at = 1,
                        .error_class = LAGAN_TRANSIENT,
                        .always = true,
                        .pause = "1h",
                        .limit = "24h"};
    struct trial trial = trial_open(&plan);
    struct error e = ERROR_INIT;
    pthread_t thread;
    double before = seconds();
    (void)state;
    pthread_create(&thread, NULL, cancel_soon, NULL);
    assert_int_equal(do_put(trial.target, &e), -1);
    pthread_join(thread, NULL);
    operation_cancel_reset();
    assert_true(seconds() - before < 2);
    assert_error(e, LAGAN_CANCELLED, "interrupted between two attempts: as it was told to");
    assert_int_equal(e.code, ERROR_INTERRUPTED);
    trial_close(&trial);
}

/* Neither the limit nor the deadline of the call is slept through. */
static void retry_is_limited(void **state)
{
    struct plan plan = {.verb = "put",
                        .at = 1,
                        .error_class = LAGAN_BUSY,
                        .always = true,
                        .retry = "100",
                        .pause = "20ms",
                        .limit = "100ms"};
    struct trial trial = trial_open(&plan);
    struct error e = ERROR_INIT;
    double before = seconds();
    (void)state;
    assert_int_equal(do_put(trial.target, &e), -1);
    assert_true(seconds() - before < 1);
    assert_error(e, LAGAN_BUSY, "as it was told to");
    trial_close(&trial);
    plan.limit = "24h";
    plan.pause = "1h";
    trial = trial_open(&plan);
    before = seconds();
    operation_set_limit(INT64_C(3000000000));
    assert_int_equal(do_put(trial.target, &e), -1);
    operation_set_limit(0);
    assert_true(seconds() - before < 1);
    assert_error(e, LAGAN_BUSY, "as it was told to");
    trial_close(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_works),
        cmocka_unit_test(retry_gives_up),
        cmocka_unit_test(retry_knows_when_not_to),
        cmocka_unit_test(retry_meets_itself),
        cmocka_unit_test(retry_commit),
        cmocka_unit_test(retry_is_cancelled),
        cmocka_unit_test(retry_is_limited),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
