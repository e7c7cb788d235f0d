/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_example.c - the example of the driver guide keeps the contract that it teaches.
 */
#include "files_fixture.h"
#include "unit.h"

#include <string.h>

static struct driver_host *host;

static int open_host(void **state)
{
    (void)state;
    host = fixture_host("example-drivers");
    return 0;
}

static int close_host(void **state)
{
    (void)state;
    driver_host_free(host);
    return 0;
}

static void example_open(struct files *f, const char *word)
{
    const char *const words[] = {word, NULL};
    struct error e = ERROR_INIT;
    f->instance = fixture_instance(host, "src_example", words);
    f->source = source_open(f->instance, LAGAN_OPEN_READ_ONLY, &e);
    assert_success(f->source ? 0 : -1, e);
}

static void example_is_described(void **state)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load_kind(host, "src_example", LAGAN_KIND_SOURCE, &e);
    (void)state;
    assert_success(d ? 0 : -1, e);
    assert_int_equal(driver_parameter_count(d), 1);
    assert_int_equal(driver_threads(d), LAGAN_THREADS_PARALLEL);
}

static void example_parameter(void **state)
{
    struct error e = ERROR_INIT;
    const struct driver *d = driver_load(host, "src_example", &e);
    struct instance *i = instance_new(d, &e);
    (void)state;
    assert_int_equal(instance_set(i, "text", "this text is longer than a stamp can be", &e),
                     -1);
    assert_error(e, LAGAN_INVALID, "too long");
    assert_int_equal(instance_ready(i, &e), -1);
    assert_error(e, LAGAN_INVALID, "parameter text is missing");
    instance_free(i);
}

static void example_walk(void **state)
{
    struct files f;
    struct found_list list = {0};
    (void)state;
    example_open(&f, "hello, sea");
    files_walk(&f, &list);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.entries[0].entry.type, LAGAN_ENTRY_DIRECTORY);
    assert_int_equal(list.entries[0].entry.key_size, 0);
    assert_int_equal(list.entries[1].entry.type, LAGAN_ENTRY_FILE);
    assert_memory_equal(list.entries[1].key, "hello", 5);
    assert_int_equal(list.entries[1].entry.bytes, 10);
    assert_int_equal(list.entries[1].entry.stamp_size, 10);
    found_clear(&list);
    files_close(&f);
}

static uint32_t count_entry(void *context, const struct lagan_entry *entry)
{
    (void)entry;
    ++*(size_t *)context;
    return LAGAN_OK;
}

static enum lagan_selection skip_all(void *context, const void *key, size_t key_size,
                                     uint32_t type)
{
    (void)context;
    (void)key;
    (void)key_size;
    (void)type;
    return LAGAN_SELECT_SKIP;
}

static void example_select(void **state)
{
    struct files f;
    size_t count = 0;
    struct lagan_entry_collector entries = {.context = &count, .add = count_entry};
    struct error e = ERROR_INIT;
    bool ended = false;
    (void)state;
    example_open(&f, "x");
    struct walk *w = source_walk_open(f.source, skip_all, NULL, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    while (!ended)
        assert_success(walk_next(w, 1, &entries, &ended, &e), e);
    assert_int_equal(count, 1);
    walk_close(w);
    files_close(&f);
}

static void example_read(void **state)
{
    struct files f;
    size_t count = 0, got = 0;
    struct lagan_entry_collector entries = {.context = &count, .add = count_entry};
    struct error e = ERROR_INIT;
    bool changed = true;
    char data[64];
    (void)state;
    example_open(&f, "hello, sea");
    struct entry_reader *r = source_entry_open(f.source, "hello", 5, NULL, 0, &entries, &e);
    assert_success(r ? 0 : -1, e);
    assert_int_equal(count, 1);
    assert_success(entry_reader_read(r, 0, data, 4, &got, &e), e);
    assert_int_equal(got, 4);
    assert_memory_equal(data, "hell", 4);
    assert_success(entry_reader_read(r, 4, data, sizeof data, &got, &e), e);
    assert_int_equal(got, 6);
    assert_memory_equal(data, "o, sea", 6);
    assert_success(entry_reader_read(r, UINT64_MAX, data, sizeof data, &got, &e), e);
    assert_int_equal(got, 0);
    assert_success(entry_reader_close(r, &changed, &e), e);
    assert_false(changed);
    assert_null(source_entry_open(f.source, "hell", 4, NULL, 0, &entries, &e));
    assert_error(e, LAGAN_NOT_FOUND, "there is only one file");
    files_close(&f);
}

/* What it does not claim, the host refuses. */
static void example_restores_nothing(void **state)
{
    const char *const words[] = {"x", NULL};
    struct error e = ERROR_INIT;
    struct instance *i = fixture_instance(host, "src_example", words);
    (void)state;
    assert_null(source_open(i, LAGAN_OPEN_RESTORE, &e));
    assert_error(e, LAGAN_UNSUPPORTED, "cannot restore");
    instance_free(i);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(example_is_described), cmocka_unit_test(example_parameter),
    cmocka_unit_test(example_walk),         cmocka_unit_test(example_select),
    cmocka_unit_test(example_read),         cmocka_unit_test(example_restores_nothing),
};

int main(void)
{
    return cmocka_run_group_tests(tests, open_host, close_host);
}
