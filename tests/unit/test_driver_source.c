/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_source.c - the host's side of sources: walks, readers and writers, also when all
 * is cancelled in between. */
#include "driver/operation.h"
#include "driver/source.h"
#include "driver_fixture.h"
#include "unit.h"

#include <string.h>

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

/* An open source and its instance. */
struct pair {
    struct instance *instance;
    struct source *source;
};

static struct pair pair_open(const char *word, uint64_t flags)
{
    const char *const words[] = {"count=70", "size=1000", word, NULL};
    struct error e = ERROR_INIT;
    struct pair p = {.instance = fixture_instance(host, "src_mem", words)};
    p.source = source_open(p.instance, flags, &e);
    assert_success(p.source ? 0 : -1, e);
    return p;
}

static void pair_close(struct pair *p)
{
    source_close(p->source);
    instance_free(p->instance);
}

/* What a collector has seen. */
struct seen {
    size_t count;
    size_t refuse_at; /* 0 = never */
    char file[32];    /* key of the first file */
    size_t file_size; /* of that key */
    uint64_t bytes;   /* of that file */
};

static uint32_t see(void *context, const struct lagan_entry *entry)
{
    struct seen *seen = context;
    if (++seen->count == seen->refuse_at)
        return LAGAN_LIMIT;
    if (entry->type == LAGAN_ENTRY_FILE && seen->file_size == 0) {
        memcpy(seen->file, entry->key, entry->key_size);
        seen->file_size = entry->key_size;
        seen->bytes = entry->bytes;
    }
    return LAGAN_OK;
}

static struct lagan_entry_collector collector(struct seen *seen)
{
    return (struct lagan_entry_collector){.context = seen, .add = see};
}

static struct seen first_file(struct source *s)
{
    struct seen seen = {0};
    struct lagan_entry_collector entries = collector(&seen);
    struct error e = ERROR_INIT;
    bool ended = false;
    struct walk *w = source_walk_open(s, NULL, NULL, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(walk_next(w, 70, &entries, &ended, &e), e);
    assert_true(seen.file_size > 0);
    walk_close(w);
    return seen;
}

static void driver_source_walks_in_portions(void **state)
{
    struct pair p = pair_open("seed=1", LAGAN_OPEN_READ_ONLY);
    struct seen seen = {0};
    struct lagan_entry_collector entries = collector(&seen);
    struct error e = ERROR_INIT;
    bool ended = false;
    struct walk *w = source_walk_open(p.source, NULL, NULL, NULL, 0, &e);
    (void)state;
    assert_non_null(w);
    while (!ended) {
        size_t before = seen.count;
        assert_success(walk_next(w, 7, &entries, &ended, &e), e);
        assert_true(seen.count - before <= 7);
        assert_true(ended == (seen.count == before));
    }
    assert_int_equal(seen.count, 71);
    walk_close(w);
    pair_close(&p);
}

static enum lagan_selection skip_all(void *context, const void *key, size_t key_size,
                                     uint32_t type)
{
    (void)key;
    (void)key_size;
    (void)type;
    ++*(size_t *)context;
    return LAGAN_SELECT_SKIP;
}

static void driver_source_selects(void **state)
{
    struct pair p = pair_open("seed=1", LAGAN_OPEN_READ_ONLY);
    struct seen seen = {0};
    struct lagan_entry_collector entries = collector(&seen);
    struct error e = ERROR_INIT;
    bool ended = false;
    size_t asked = 0;
    struct walk *w = source_walk_open(p.source, skip_all, &asked, NULL, 0, &e);
    (void)state;
    while (!ended)
        assert_success(walk_next(w, 7, &entries, &ended, &e), e);
    assert_int_equal(seen.count, 1);
    assert_true(asked > 0);
    walk_close(w);
    pair_close(&p);
}

static void driver_source_tells_a_walk_that_was_cut(void **state)
{
    struct pair p = pair_open("cut=10", LAGAN_OPEN_READ_ONLY);
    struct seen seen = {0};
    struct lagan_entry_collector entries = collector(&seen);
    struct error e = ERROR_INIT;
    bool ended = false;
    struct walk *w = source_walk_open(p.source, NULL, NULL, NULL, 0, &e);
    int result = 0;
    (void)state;
    while (result == 0 && !ended)
        result = walk_next(w, 7, &entries, &ended, &e);
    assert_int_equal(result, -1);
    assert_false(ended);
    assert_int_equal(e.scope, LAGAN_SCOPE_HANDLE);
    assert_error(e, e.error_class, "src_mem: walk: ");
    walk_close(w);
    pair_close(&p);
}

static void driver_source_passes_on_refusals(void **state)
{
    struct pair p = pair_open("seed=1", LAGAN_OPEN_READ_ONLY);
    struct seen seen = {.refuse_at = 5};
    struct lagan_entry_collector entries = collector(&seen);
    struct error e = ERROR_INIT;
    bool ended = false;
    struct walk *w = source_walk_open(p.source, NULL, NULL, NULL, 0, &e);
    (void)state;
    assert_int_equal(walk_next(w, 100, &entries, &ended, &e), -1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    assert_int_equal(seen.count, 5);
    walk_close(w);
    pair_close(&p);
}

static void driver_source_reads(void **state)
{
    struct pair p = pair_open("seed=1", LAGAN_OPEN_READ_ONLY);
    struct seen file = first_file(p.source);
    struct seen seen = {0};
    struct lagan_entry_collector attributes = collector(&seen);
    struct error e = ERROR_INIT;
    char data[8192];
    size_t got = 0;
    bool changed = true;
    (void)state;
    struct entry_reader *r =
        source_entry_open(p.source, file.file, file.file_size, NULL, 0, &attributes, &e);
    assert_success(r ? 0 : -1, e);
    assert_int_equal(seen.count, 1);
    assert_success(entry_reader_read(r, 0, data, sizeof data, &got, &e), e);
    assert_int_equal(got, file.bytes);
    assert_success(entry_reader_read(r, file.bytes, data, sizeof data, &got, &e), e);
    assert_int_equal(got, 0);
    assert_success(entry_reader_close(r, &changed, &e), e);
    assert_false(changed);
    assert_null(source_entry_open(p.source, "none", 4, NULL, 0, &attributes, &e));
    assert_error(e, LAGAN_NOT_FOUND, "src_mem: open: ");
    pair_close(&p);
}

static void driver_source_frees_when_cancelled(void **state)
{
    struct pair p = pair_open("seed=1", LAGAN_OPEN_READ_ONLY);
    struct pair q = pair_open("seed=1", LAGAN_OPEN_RESTORE);
    struct seen file = first_file(p.source);
    struct lagan_entry_collector attributes = collector(&file);
    struct lagan_entry entry = {
        .size = sizeof entry, .type = LAGAN_ENTRY_FILE, .key = "f", .key_size = 1, .bytes = 3};
    struct lagan_metadata_collector lost = {0};
    struct error e = ERROR_INIT;
    bool ended = false;
    (void)state;
    struct entry_reader *r =
        source_entry_open(p.source, file.file, file.file_size, NULL, 0, &attributes, &e);
    struct walk *w = source_walk_open(p.source, NULL, NULL, NULL, 0, &e);
    struct entry_writer *writer = source_entry_create(q.source, &entry, 0, &e);
    assert_true(r && w);
    assert_success(writer ? 0 : -1, e);
    operation_cancel_all();
    assert_int_equal(walk_next(w, 10, &attributes, &ended, &e), -1);
    assert_error(e, LAGAN_CANCELLED, "walk");
    entry_reader_drop(r);
    assert_int_equal(entry_writer_commit(writer, NULL, 0, &lost, &e), -1);
    assert_error(e, LAGAN_CANCELLED, "finish");
    walk_close(w);
    operation_cancel_reset();
    /* The writer was aborted: nothing has that name. */
    assert_int_equal(source_entry_stat(q.source, "f", 1, &attributes, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    pair_close(&p);
    pair_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_source_walks_in_portions),
        cmocka_unit_test(driver_source_selects),
        cmocka_unit_test(driver_source_tells_a_walk_that_was_cut),
        cmocka_unit_test(driver_source_passes_on_refusals),
        cmocka_unit_test(driver_source_reads),
        cmocka_unit_test(driver_source_frees_when_cancelled),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
