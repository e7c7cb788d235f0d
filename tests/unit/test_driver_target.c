/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_target.c - what every target must do, over each of the targets that are built in.
 */
#include "driver_fixture.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A way to configure a target; %s is a place of the test's own. */
static const struct variant {
    const char *driver;
    const char *place;
    const char *option; /* NULL = none */
} variants[] = {
    {"tgt_mem", "name=%s", NULL},
    {"tgt_mem", "name=%s", "stages=yes"},
    {"tgt_dir", "path=%s/objects/here", NULL},
    {"tgt_dir", "path=%s/objects/here", "temporary-files=named"},
};

struct fixture {
    struct driver_host *host;
    char *scratch;
    struct instance *instance;
    struct target *target;
};

static struct instance *configure(struct fixture *f, const struct variant *variant)
{
    char place[4200];
    const char *words[3] = {place, variant->option, NULL};
    const char *unique = f->scratch;
    /* A name of at most 64 bytes for stores in memory. */
    if (strcmp(variant->driver, "tgt_mem") == 0)
        unique = strrchr(f->scratch, '/') + 1;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(place, sizeof place, variant->place, unique);
#pragma GCC diagnostic pop
    return fixture_instance(f->host, variant->driver, words);
}

static struct target *open_again(struct instance *i, uint64_t flags)
{
    struct error e = ERROR_INIT;
    struct target *t = target_open(i, flags, &e);
    assert_success(t ? 0 : -1, e);
    return t;
}

static struct fixture fixture_open(const struct variant *variant)
{
    struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
    f.instance = configure(&f, variant);
    f.target = open_again(f.instance, LAGAN_OPEN_INITIALISE);
    return f;
}

static void fixture_close(struct fixture *f)
{
    target_close(f->target);
    instance_free(f->instance);
    driver_host_free(f->host);
    fixture_scratch_remove(f->scratch);
}

static void put_text(struct target *t, const char *key, const char *text)
{
    struct error e = ERROR_INIT;
    assert_success(target_put(t, key, text, strlen(text), &e), e);
}

static void expect_object(struct target *t, const char *key, const void *data, size_t size)
{
    struct error e = ERROR_INIT;
    struct buffer out = BUFFER_INIT;
    uint64_t bytes = 0;
    assert_success(target_stat(t, key, &bytes, &e), e);
    assert_int_equal(bytes, size);
    assert_success(target_get_all(t, key, size, &out, &e), e);
    assert_int_equal(out.size, size);
    if (size > 0)
        assert_memory_equal(out.data, data, size);
    buffer_free(&out);
}

static void expect_absent(struct target *t, const char *key)
{
    struct error e = ERROR_INIT;
    uint64_t bytes;
    char byte;
    assert_int_equal(target_stat(t, key, &bytes, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(target_get(t, key, 0, &byte, 1, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
}

static void target_puts_if_absent(struct target *t)
{
    struct error e = ERROR_INIT;
    put_text(t, "packs/ab/one", "first");
    assert_int_equal(target_put(t, "packs/ab/one", "second", 6, &e), -1);
    assert_error(e, LAGAN_EXISTS, "put packs/ab/one");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    expect_object(t, "packs/ab/one", "first", 5);
    put_text(t, "empty", "");
    expect_object(t, "empty", "", 0);
    assert_success(target_flush(t, &e), e);
}

static void target_says_not_found(struct target *t)
{
    put_text(t, "a/file", "x");
    expect_absent(t, "nothing");
    expect_absent(t, "no/such/way");
    expect_absent(t, "a/file/below");
    expect_absent(t, "a");
}

static void target_removes(struct target *t)
{
    struct error e = ERROR_INIT;
    put_text(t, "runs/1", "x");
    assert_success(target_remove(t, "runs/1", &e), e);
    expect_absent(t, "runs/1");
    assert_success(target_remove(t, "runs/1", &e), e);
    assert_success(target_remove(t, "never/was/there", &e), e);
    assert_success(target_remove(t, "runs", &e), e);
    put_text(t, "runs/1", "again");
    expect_object(t, "runs/1", "again", 5);
}

static void target_gets_ranges(struct target *t)
{
    static const struct {
        uint64_t offset;
        size_t size;
        bool good;
    } ranges[] = {{0, 10, true},  {0, 1, true},           {9, 1, true},
                  {3, 4, true},   {10, 0, true},          {0, 0, true},
                  {10, 1, false}, {0, 11, false},         {9, 2, false},
                  {11, 0, false}, {UINT64_MAX, 1, false}, {UINT64_MAX - 1, 8, false}};
    char data[16];
    put_text(t, "ten", "0123456789");
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct error e = ERROR_INIT;
        int result = target_get(t, "ten", ranges[i].offset, data, ranges[i].size, &e);
        if (ranges[i].good) {
            assert_success(result, e);
            assert_memory_equal(data, "0123456789" + ranges[i].offset, ranges[i].size);
        } else {
            assert_int_equal(result, -1);
            assert_int_equal(e.error_class, LAGAN_INVALID);
        }
    }
}

static void target_limits_whole_objects(struct target *t)
{
    struct error e = ERROR_INIT;
    struct buffer out = BUFFER_INIT;
    put_text(t, "ten", "0123456789");
    buffer_append(&out, "kept", 4);
    assert_int_equal(target_get_all(t, "ten", 9, &out, &e), -1);
    assert_error(e, LAGAN_LIMIT, "longer than 9 bytes");
    assert_int_equal(out.size, 4);
    assert_success(target_get_all(t, "ten", 10, &out, &e), e);
    assert_memory_equal(out.data, "kept0123456789", 14);
    buffer_free(&out);
}

enum { BIG_BYTES = 9 * 1024 * 1024 + 4321 };

static uint8_t big_byte(uint64_t offset)
{
    return (uint8_t)(offset * 2654435761u >> 13);
}

static uint32_t read_big(void *context, uint64_t offset, void *data, size_t size)
{
    uint8_t *bytes = data;
    (void)context;
    for (size_t i = 0; i < size; i++)
        bytes[i] = big_byte(offset + i);
    return LAGAN_OK;
}

/* What target_get_to has handed over. */
struct taken {
    uint64_t next; /* expected offset */
    uint64_t stop; /* refuse here; 0 = never */
};

static int take_big(void *context, const void *data, size_t size, struct error *e)
{
    const uint8_t *bytes = data;
    struct taken *taken = context;
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], big_byte(taken->next + i));
    taken->next += size;
    if (taken->stop && taken->next >= taken->stop)
        return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT, "enough");
    return 0;
}

static void target_moves_big_objects(struct target *t)
{
    struct lagan_content content = {.read = read_big};
    struct error e = ERROR_INIT;
    struct taken taken = {0};
    assert_success(target_put_content(t, "packs/big", BIG_BYTES, &content, NULL, &e), e);
    assert_success(target_get_to(t, "packs/big", 0, LAGAN_TO_THE_END, take_big, &taken, &e), e);
    assert_int_equal(taken.next, BIG_BYTES);
    taken = (struct taken){.next = 12345};
    assert_success(target_get_to(t, "packs/big", 12345, 3000000, take_big, &taken, &e), e);
    assert_int_equal(taken.next, 12345 + 3000000);
    taken = (struct taken){.stop = 1};
    assert_int_equal(target_get_to(t, "packs/big", 0, BIG_BYTES, take_big, &taken, &e), -1);
    assert_error(e, LAGAN_PRECONDITION, "enough");
    assert_true(taken.next < BIG_BYTES);
}

static uint32_t read_broken(void *context, uint64_t offset, void *data, size_t size)
{
    memset(data, 'x', size);
    (void)context;
    return offset >= 1 << 20 ? LAGAN_IO : LAGAN_OK;
}

static void target_leaves_nothing_of_broken_puts(struct target *t)
{
    struct lagan_content content = {.read = read_broken};
    struct error e = ERROR_INIT;
    /* The store in memory reads all at once, and so does not see the fault. */
    if (strcmp(driver_name(target_driver(t)), "tgt_mem") == 0)
        return;
    assert_int_equal(target_put_content(t, "packs/broken", 5 << 20, &content, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_IO);
    expect_absent(t, "packs/broken");
}

static void target_stages(struct target *t)
{
    struct error e = ERROR_INIT;
    struct stage *one = target_stage_begin(t, 0, &e);
    struct stage *two = target_stage_begin(t, 1 << 20, &e);
    assert_non_null(one);
    assert_non_null(two);
    assert_success(stage_write(one, "hel", 3, &e), e);
    assert_success(stage_write(two, "other", 5, &e), e);
    assert_success(stage_write(one, "", 0, &e), e);
    assert_success(stage_write(one, "lo", 2, &e), e);
    expect_absent(t, "packs/cd/hello");
    assert_success(stage_commit(one, "packs/cd/hello", &e), e);
    expect_object(t, "packs/cd/hello", "hello", 5);
    assert_int_equal(stage_commit(two, "packs/cd/hello", &e), -1);
    assert_error(e, LAGAN_EXISTS, "put packs/cd/hello");
    expect_object(t, "packs/cd/hello", "hello", 5);
    one = target_stage_begin(t, 0, &e);
    assert_success(stage_commit(one, "nothing", &e), e);
    expect_object(t, "nothing", "", 0);
    one = target_stage_begin(t, 0, &e);
    assert_int_equal(stage_commit(one, "Wrong Key", &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
}

static int count_key(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)bytes;
    (void)e;
    ++*(size_t *)context;
    return 0;
}

static size_t count_objects(struct target *t)
{
    struct error e = ERROR_INIT;
    size_t count = 0;
    assert_success(target_list(t, "", count_key, &count, &e), e);
    return count;
}

static void target_aborts_stages(struct target *t)
{
    struct error e = ERROR_INIT;
    struct stage *s = target_stage_begin(t, 0, &e);
    uint64_t removed = 7;
    assert_non_null(s);
    assert_success(stage_write(s, "gone", 4, &e), e);
    assert_int_equal(count_objects(t), 0);
    stage_abort(s);
    assert_int_equal(count_objects(t), 0);
    assert_success(target_sweep(t, 0, &removed, &e), e);
    assert_int_equal(removed, 0);
    stage_abort(NULL);
}

/* Keys in byte order; '.' and '-' sort before '/', letters and digits behind it. */
static const char *const keys[] = {
    "-",         "0",      "a-b/c",   "a.b",      "a/-",  "a/0",   "a/b.c", "a/b/c",
    "a/b/c.d",   "a/b/cd", "a/b/d/e", "a/b0",     "a/c",  "a0",    "a_",    "b/a/a/a/a/a/a",
    "b/a/a/a/b", "ba",     "packs/0", "packs0/1", "z..z", "z/...", "z/_",
};
enum { KEYS = sizeof keys / sizeof keys[0] };

/* A listing that is compared with the table. */
struct expected {
    const char *prefix;
    const char *after;
    size_t next; /* index in keys of the next that may be shown */
    size_t shown;
};

static bool is_expected(const struct expected *x, const char *key)
{
    return strncmp(key, x->prefix, strlen(x->prefix)) == 0 && strcmp(key, x->after) > 0;
}

static int check_key(void *context, const char *key, uint64_t bytes, struct error *e)
{
    struct expected *x = context;
    (void)e;
    while (x->next < KEYS && !is_expected(x, keys[x->next]))
        x->next++;
    assert_true(x->next < KEYS);
    assert_string_equal(key, keys[x->next]);
    assert_int_equal(bytes, strlen(key));
    x->next++;
    x->shown++;
    return 0;
}

static void finish(struct expected *x)
{
    while (x->next < KEYS && !is_expected(x, keys[x->next]))
        x->next++;
    assert_int_equal(x->next, KEYS);
}

/* Walks in pages of `limit` from `after`; each page starts where the last one ended. */
static void check_pages(struct target *t, const char *prefix, const char *after, uint32_t limit)
{
    struct error e = ERROR_INIT;
    struct expected x = {.prefix = prefix, .after = after};
    char from[LAGAN_KEY_LIMIT + 1];
    bool more = true;
    snprintf(from, sizeof from, "%s", after);
    while (more) {
        size_t before = x.shown;
        assert_success(target_list_page(t, prefix, from, limit, check_key, &x, &more, &e), e);
        assert_true(x.shown - before <= limit);
        assert_true(!more || x.shown - before == limit);
        if (x.shown > before)
            snprintf(from, sizeof from, "%s", keys[x.next - 1]);
    }
    finish(&x);
}

static void put_keys(struct target *t)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t at = i * 7 % KEYS; /* in no order */
        put_text(t, keys[at], keys[at]);
    }
}

static void target_lists_in_order(struct target *t)
{
    static const char *const prefixes[] = {"",      "a",      "a/",      "a/b",     "a/b/",
                                           "a/b/c", "packs/", "packs",   "b/a/a/a", "z",
                                           "none",  "none/",  "a-b/c/d", "~"};
    static const uint32_t limits[] = {1, 2, 999};
    put_keys(t);
    for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++)
        for (size_t l = 0; l < 3; l++)
            check_pages(t, prefixes[p], "", limits[l]);
    assert_int_equal(count_objects(t), KEYS);
}

static void target_lists_from_anywhere(struct target *t)
{
    static const char *const between[] = {"a",         "a/", "a/b/c.", "a/b/d",
                                          "b/a/a/a/a", "m",  "~",      "0/1"};
    put_keys(t);
    for (size_t i = 0; i < KEYS; i++) {
        check_pages(t, "", keys[i], 1);
        check_pages(t, "a/", keys[i], 2);
        check_pages(t, "", keys[i], 999);
    }
    for (size_t i = 0; i < sizeof between / sizeof between[0]; i++)
        check_pages(t, "", between[i], 2);
}

static int refuse_second(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)key;
    (void)bytes;
    if (++*(size_t *)context < 2)
        return 0;
    return error_set(e, LAGAN_PRECONDITION, ERROR_CONFLICT, "seen enough");
}

/* Removes what it is shown: the callback may use the target. */
static int remove_shown(void *context, const char *key, uint64_t bytes, struct error *e)
{
    (void)bytes;
    return target_remove(context, key, e);
}

static void target_lists_for_busy_callers(struct target *t)
{
    struct error e = ERROR_INIT;
    size_t seen = 0;
    put_keys(t);
    assert_int_equal(target_list(t, "", refuse_second, &seen, &e), -1);
    assert_error(e, LAGAN_PRECONDITION, "seen enough");
    assert_success(target_list(t, "a/", remove_shown, t, &e), e);
    seen = 0;
    assert_success(target_list(t, "a/", count_key, &seen, &e), e);
    assert_int_equal(seen, 0);
    assert_int_not_equal(count_objects(t), 0);
}

enum { RACERS = 6, ROUNDS = 20 };

/* Threads that put the same keys. */
struct race {
    struct target *target;
    pthread_barrier_t start;
    atomic_int winners[ROUNDS];
    atomic_int faults;
};

static void *run_race(void *context)
{
    struct race *race = context;
    char key[32];
    for (int round = 0; round < ROUNDS; round++) {
        struct error e = ERROR_INIT;
        snprintf(key, sizeof key, "race/%d/x", round);
        pthread_barrier_wait(&race->start);
        if (target_put(race->target, key, "me", 2, &e) == 0)
            atomic_fetch_add(&race->winners[round], 1);
        else if (e.error_class != LAGAN_EXISTS)
            atomic_fetch_add(&race->faults, 1);
    }
    return NULL;
}

static void target_lets_one_racer_win(struct target *t)
{
    struct race race = {.target = t};
    pthread_t threads[RACERS];
    pthread_barrier_init(&race.start, NULL, RACERS);
    for (size_t i = 0; i < RACERS; i++)
        pthread_create(&threads[i], NULL, run_race, &race);
    for (size_t i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&race.start);
    assert_int_equal(race.faults, 0);
    for (size_t round = 0; round < ROUNDS; round++)
        assert_int_equal(race.winners[round], 1);
    assert_int_equal(count_objects(t), ROUNDS);
}

static void target_counts(struct target *t)
{
    struct target_statistics s;
    struct error e = ERROR_INIT;
    char data[3];
    put_text(t, "a", "12345");
    assert_success(target_get(t, "a", 1, data, 3, &e), e);
    assert_int_equal(target_put(t, "a", "1", 1, &e), -1);
    target_statistics(t, &s);
    assert_int_equal(s.puts, 1);
    assert_int_equal(s.put_bytes, 5);
    assert_int_equal(s.gets, 1);
    assert_int_equal(s.get_bytes, 3);
}

static void target_tells_capacity(struct target *t)
{
    struct error e = ERROR_INIT;
    uint64_t total = 0;
    uint64_t available = 0;
    assert_success(target_capacity(t, &total, &available, &e), e);
    assert_true(total > 0 && available <= total);
}

static void (*const aspects[])(struct target *t) = {
    target_puts_if_absent,
    target_says_not_found,
    target_removes,
    target_gets_ranges,
    target_limits_whole_objects,
    target_moves_big_objects,
    target_leaves_nothing_of_broken_puts,
    target_stages,
    target_aborts_stages,
    target_lists_in_order,
    target_lists_from_anywhere,
    target_lists_for_busy_callers,
    target_lets_one_racer_win,
    target_counts,
    target_tells_capacity,
};

static void run_aspects(const struct variant *variant)
{
    for (size_t i = 0; i < sizeof aspects / sizeof aspects[0]; i++) {
        struct fixture f = fixture_open(variant);
        aspects[i](f.target);
        fixture_close(&f);
    }
}

static void target_mem_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[0]);
}

static void target_mem_with_stages_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[1]);
}

static void target_dir_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[2]);
}

static void target_dir_with_named_files_behaves(void **state)
{
    (void)state;
    run_aspects(&variants[3]);
}

static void target_must_be_initialised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture f = {.host = fixture_host("test-drivers"), .scratch = fixture_scratch()};
        struct error e = ERROR_INIT;
        f.instance = configure(&f, &variants[i]);
        assert_null(target_open(f.instance, 0, &e));
        assert_error(e, LAGAN_NOT_FOUND, "open");
        f.target = open_again(f.instance, LAGAN_OPEN_INITIALISE);
        put_text(f.target, "kept", "x");
        target_close(f.target);
        f.target = open_again(f.instance, 0);
        expect_object(f.target, "kept", "x", 1);
        fixture_close(&f);
    }
}

static void target_read_only_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        struct fixture f = fixture_open(&variants[i]);
        struct error e = ERROR_INIT;
        put_text(f.target, "kept", "x");
        target_close(f.target);
        f.target = open_again(f.instance, LAGAN_OPEN_READ_ONLY);
        assert_int_equal(target_put(f.target, "new", "x", 1, &e), -1);
        assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
        assert_int_equal(target_remove(f.target, "kept", &e), -1);
        assert_int_equal(e.error_class, LAGAN_IMMUTABLE);
        expect_object(f.target, "kept", "x", 1);
        assert_int_equal(count_objects(f.target), 1);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target_mem_behaves),
        cmocka_unit_test(target_mem_with_stages_behaves),
        cmocka_unit_test(target_dir_behaves),
        cmocka_unit_test(target_dir_with_named_files_behaves),
        cmocka_unit_test(target_must_be_initialised),
        cmocka_unit_test(target_read_only_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
