/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem_source.c - src_mem keeps the contract of sources, is the same each time, and makes
 * the trouble that was ordered. */
#include "files_fixture.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mem_open(struct files *f, uint64_t flags, const char *const *words)
{
    static struct driver_host *host;
    struct error e = ERROR_INIT;
    if (!host)
        host = fixture_host("test-drivers");
    f->instance = fixture_instance(host, "src_mem", words);
    f->source = source_open(f->instance, flags, &e);
    assert_success(f->source ? 0 : -1, e);
}

static void mem_walk(struct found_list *list, const char *const *words)
{
    struct files f;
    mem_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk(&f, list);
    files_close(&f);
}

static uint32_t ignore(void *context, const struct lagan_entry *entry)
{
    (void)context;
    (void)entry;
    return LAGAN_OK;
}

/* The whole content; the caller frees. */
static char *content(struct files *f, const struct found *found)
{
    struct lagan_entry_collector none = {.add = ignore};
    struct error e = ERROR_INIT;
    size_t got = 0;
    char *data = malloc(found->entry.bytes + 100);
    struct entry_reader *r = source_entry_open(f->source, found->key, found->entry.key_size,
                                               found->id, found->entry.id_size, &none, &e);
    assert_success(r ? 0 : -1, e);
    assert_success(entry_reader_read(r, 0, data, found->entry.bytes + 100, &got, &e), e);
    assert_int_equal(got, found->entry.bytes);
    entry_reader_drop(r);
    return data;
}

static void mem_formula(void **state)
{
    const char *const words[] = {"count=1000", "seed=5", NULL};
    struct found_list one = {0}, two = {0};
    (void)state;
    mem_walk(&one, words);
    mem_walk(&two, words);
    assert_int_equal(one.count, 1001);
    for (size_t i = 0; i < one.count; i++) {
        assert_string_equal(one.entries[i].key, two.entries[i].key);
        assert_int_equal(one.entries[i].entry.bytes, two.entries[i].entry.bytes);
        assert_memory_equal(one.entries[i].stamp, two.entries[i].stamp, LAGAN_STAMP_SIZE);
    }
    const struct found *first = found_find(&one, KEY("d00000003\0e04"));
    const struct found *twin = found_find(&one, KEY("d00000003\0e05"));
    assert_memory_equal(first->id, twin->id, LAGAN_ID_SIZE);
    assert_memory_equal(first->stamp, twin->stamp, LAGAN_STAMP_SIZE);
    assert_int_equal(first->entry.bytes, twin->entry.bytes);
    assert_int_equal(first->entry.mtime_ns, twin->entry.mtime_ns);
    assert_int_equal(first->entry.links, 2);
    found_clear(&one);
    found_clear(&two);
}

/* As many as were ordered differ, in content and stamp, and nothing else does. */
static void mem_mutation(void **state)
{
    const char *const before[] = {"count=1000", "size=300", NULL};
    const char *const after[] = {"count=1000", "size=300", "mutate=37", NULL};
    struct found_list old = {0}, new = {0};
    struct files f, g;
    unsigned stamps = 0, contents = 0;
    (void)state;
    mem_walk(&old, before);
    mem_walk(&new, after);
    mem_open(&f, LAGAN_OPEN_READ_ONLY, before);
    mem_open(&g, LAGAN_OPEN_READ_ONLY, after);
    assert_int_equal(old.count, new.count);
    for (size_t i = 0; i < old.count; i++) {
        const struct found *a = &old.entries[i], *b = &new.entries[i];
        bool other_stamp = memcmp(a->stamp, b->stamp, LAGAN_STAMP_SIZE) != 0;
        stamps += other_stamp;
        assert_int_equal(a->entry.mtime_s != b->entry.mtime_s, other_stamp);
        if (a->entry.type != LAGAN_ENTRY_FILE || a->entry.bytes == 0)
            continue;
        char *was = content(&f, a), *is = content(&g, b);
        bool other = a->entry.bytes != b->entry.bytes || memcmp(was, is, a->entry.bytes) != 0;
        assert_int_equal(other, other_stamp);
        contents += other;
        free(was);
        free(is);
    }
    assert_int_equal(stamps, 37);
    assert_int_equal(contents, 37);
    files_close(&f);
    files_close(&g);
    found_clear(&old);
    found_clear(&new);
}

static struct entry_reader *open_entry(struct files *f, const char *key, size_t size,
                                       struct error *e)
{
    struct lagan_entry_collector none = {.add = ignore};
    return source_entry_open(f->source, key, size, NULL, 0, &none, e);
}

static void mem_trouble(void **state)
{
    const char *const words[] = {"count=200",
                                 "denied=d00000000/e11",
                                 "unreadable=d00000000/e12",
                                 "vanishing=d00000000/e13",
                                 "changing=d00000000/e14",
                                 "changes=2",
                                 NULL};
    struct found_list list = {0};
    struct error e = ERROR_INIT;
    struct files f;
    char data[100000];
    size_t got;
    (void)state;
    mem_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk(&f, &list);
    assert_int_equal(found_find(&list, KEY("d00000000\0e11"))->entry.type, LAGAN_ENTRY_ERROR);
    assert_null(open_entry(&f, KEY("d00000000\0e11"), &e));
    assert_error(e, LAGAN_DENIED, "as was ordered");
    assert_null(open_entry(&f, KEY("d00000000\0e13"), &e));
    assert_error(e, LAGAN_NOT_FOUND, "");
    struct entry_reader *r = open_entry(&f, KEY("d00000000\0e12"), &e);
    assert_success(entry_reader_read(r, 0, data, 10, &got, &e), e);
    assert_int_equal(entry_reader_read(r, 0, data, sizeof data, &got, &e), -1);
    assert_error(e, LAGAN_IO, "cannot read at");
    entry_reader_drop(r);
    for (int i = 0; i < 3; i++) {
        bool changed;
        r = open_entry(&f, KEY("d00000000\0e14"), &e);
        assert_success(entry_reader_close(r, &changed, &e), e);
        assert_int_equal(changed, i < 2);
    }
    files_close(&f);
    found_clear(&list);
}

static void mem_cut(void **state)
{
    const char *const words[] = {"count=100", "cut=20", NULL};
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    struct error e = ERROR_INIT;
    struct files f;
    bool ended = false;
    int result = 0;
    (void)state;
    mem_open(&f, LAGAN_OPEN_READ_ONLY, words);
    struct walk *w = source_walk_open(f.source, NULL, NULL, NULL, 0, &e);
    while (result == 0 && !ended)
        result = walk_next(w, 7, &collector, &ended, &e);
    walk_close(w);
    assert_false(ended);
    assert_error(e, LAGAN_TRANSIENT, "broken off");
    assert_int_equal(e.scope, LAGAN_SCOPE_HANDLE);
    assert_int_equal(list.count, 20);
    files_close(&f);
    found_clear(&list);
}

static enum lagan_selection no_second(void *context, const void *key, size_t key_size,
                                      uint32_t type)
{
    (void)context;
    (void)type;
    return key_size == 9 && memcmp(key, "d00000001", 9) == 0 ? LAGAN_SELECT_SKIP
                                                             : LAGAN_SELECT_TAKE;
}

static void mem_selection(void **state)
{
    const char *const words[] = {"count=192", NULL};
    struct found_list list = {0};
    struct files f;
    (void)state;
    mem_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk_selected(&f, no_second, NULL, NULL, 0, &list);
    assert_int_equal(list.count, 129);
    found_clear(&list);
    files_walk_selected(&f, NULL, NULL, KEY("d00000001\0e62"), &list);
    assert_int_equal(list.count, 65);
    found_clear(&list);
    files_close(&f);
}

/* What a restore writes is what the same instance has afterwards. */
static void mem_restored(void **state)
{
    const char *const words[] = {"count=0", NULL};
    struct found_list list = {0};
    struct error e = ERROR_INIT;
    struct files f;
    char text[METADATA_TEXT_SIZE];
    struct lagan_metadata_collector pieces = metadata_collector(text);
    struct lagan_metadata piece = {.kind = LAGAN_METADATA_XATTR,
                                   .name = "user.a",
                                   .name_size = 6,
                                   .value = "1",
                                   .value_size = 1};
    struct lagan_entry entry = {.size = sizeof entry,
                                .type = LAGAN_ENTRY_FILE,
                                .key = "file",
                                .key_size = 4,
                                .present = LAGAN_HAS_BYTES,
                                .bytes = 12};
    (void)state;
    mem_open(&f, LAGAN_OPEN_RESTORE, words);
    struct entry_writer *w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(entry_writer_write(w, 4, "data", 4, &e), e);
    assert_success(entry_writer_zero(w, 5, 2, &e), e);
    assert_success(entry_writer_commit(w, &piece, 1, NULL, &e), e);
    assert_success(source_link_create(f.source, KEY("twin"), KEY("file"), 0, &e), e);
    assert_int_equal(source_link_create(f.source, KEY("twin"), KEY("file"), 0, &e), -1);
    assert_error(e, LAGAN_EXISTS, "");
    source_close(f.source);
    f.source = source_open(f.instance, LAGAN_OPEN_READ_ONLY, &e);
    assert_success(f.source ? 0 : -1, e);
    files_walk(&f, &list);
    /* The root was made by the open. */
    assert_int_equal(list.count, 3);
    for (size_t i = 1; i < 3; i++) {
        char *data = content(&f, &list.entries[i]);
        assert_memory_equal(data, "\0\0\0\0d\0\0a\0\0\0\0", 12);
        free(data);
    }
    assert_success(source_metadata(f.source, KEY("twin"), LAGAN_ENTRY_FILE, &pieces, &e), e);
    assert_string_equal(text, "user.a=31;");
    files_close(&f);
    found_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem_formula),   cmocka_unit_test(mem_mutation),
        cmocka_unit_test(mem_trouble),   cmocka_unit_test(mem_cut),
        cmocka_unit_test(mem_selection), cmocka_unit_test(mem_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
