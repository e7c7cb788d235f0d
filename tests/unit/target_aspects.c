/* SPDX-License-Identifier: Apache-2.0 */
/* target_aspects.c - what every target must do. */
#include "target_aspects.h"

#include "driver_fixture.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

void aspects_put(struct target *t, const char *key, const char *text)
{
    struct error e = ERROR_INIT;
    assert_success(target_put(t, key, text, strlen(text), &e), e);
}

void aspects_expect(struct target *t, const char *key, const void *data, size_t size)
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

void aspects_expect_absent(struct target *t, const char *key)
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
    aspects_put(t, "packs/ab/one", "first");
    assert_int_equal(target_put(t, "packs/ab/one", "second", 6, &e), -1);
    assert_error(e, LAGAN_EXISTS, "put packs/ab/one");
    assert_int_equal(e.outcome, LAGAN_OUTCOME_NOT_DONE);
    aspects_expect(t, "packs/ab/one", "first", 5);
    aspects_put(t, "empty", "");
    aspects_expect(t, "empty", "", 0);
    assert_success(target_flush(t, &e), e);
}

static void target_says_not_found(struct target *t)
{
    aspects_put(t, "a/file", "x");
    aspects_expect_absent(t, "nothing");
    aspects_expect_absent(t, "no/such/way");
    aspects_expect_absent(t, "a/file/below");
    aspects_expect_absent(t, "a");
}

static void target_removes(struct target *t)
{
    struct error e = ERROR_INIT;
    aspects_put(t, "runs/1", "x");
    assert_success(target_remove(t, "runs/1", &e), e);
    aspects_expect_absent(t, "runs/1");
    assert_success(target_remove(t, "runs/1", &e), e);
    assert_success(target_remove(t, "never/was/there", &e), e);
    assert_success(target_remove(t, "runs", &e), e);
    aspects_put(t, "runs/1", "again");
    aspects_expect(t, "runs/1", "again", 5);
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
    aspects_put(t, "ten", "0123456789");
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
    aspects_put(t, "ten", "0123456789");
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
    /* The stores in memory read all at once, and so do not see the fault. */
    if (strcmp(driver_name(target_driver(t)), "tgt_mem") == 0 ||
        strcmp(driver_name(target_driver(t)), "tgt_fault") == 0)
        return;
    assert_int_equal(target_put_content(t, "packs/broken", 5 << 20, &content, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_IO);
    aspects_expect_absent(t, "packs/broken");
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
    aspects_expect_absent(t, "packs/cd/hello");
    assert_success(stage_commit(one, "packs/cd/hello", &e), e);
    aspects_expect(t, "packs/cd/hello", "hello", 5);
    assert_int_equal(stage_commit(two, "packs/cd/hello", &e), -1);
    assert_error(e, LAGAN_EXISTS, "put packs/cd/hello");
    aspects_expect(t, "packs/cd/hello", "hello", 5);
    one = target_stage_begin(t, 0, &e);
    assert_success(stage_commit(one, "nothing", &e), e);
    aspects_expect(t, "nothing", "", 0);
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

size_t aspects_count(struct target *t)
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
    assert_int_equal(aspects_count(t), 0);
    stage_abort(s);
    assert_int_equal(aspects_count(t), 0);
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
        aspects_put(t, keys[at], keys[at]);
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
    assert_int_equal(aspects_count(t), KEYS);
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
    assert_int_not_equal(aspects_count(t), 0);
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
    assert_int_equal(aspects_count(t), ROUNDS);
}

static void target_counts(struct target *t)
{
    /* Each zone counts what it has done. */
    size_t copies = target_zone_count(t) ? target_zone_count(t) : 1;
    struct target_statistics s;
    struct error e = ERROR_INIT;
    char data[3];
    aspects_put(t, "a", "12345");
    assert_success(target_get(t, "a", 1, data, 3, &e), e);
    assert_int_equal(target_put(t, "a", "1", 1, &e), -1);
    target_statistics(t, &s);
    assert_int_equal(s.puts, copies);
    assert_int_equal(s.put_bytes, 5 * copies);
    /* To see whether what is there is the same, zones read it. */
    assert_true(target_zone_count(t) ? s.gets >= 1 : s.gets == 1);
    assert_true(target_zone_count(t) ? s.get_bytes >= 3 : s.get_bytes == 3);
}

static void target_tells_capacity(struct target *t)
{
    struct error e = ERROR_INIT;
    uint64_t total = 0;
    uint64_t available = 0;
    assert_success(target_capacity(t, &total, &available, &e), e);
    assert_true(total > 0 && available <= total);
}

void (*const target_aspects[])(struct target *t) = {
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
    NULL,
};
