/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine_parts.c - the small parts of backup and restore: slots and groups of hard links,
 * lists of keys, copies of entries, keys as text. */
#include "engine/entry_copy.h"
#include "engine/job.h"
#include "engine/key_text.h"
#include "engine/link_slots.h"
#include "engine/restore_keys.h"
#include "engine/restore_links.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lagan_entry linked(const char *id, uint32_t links)
{
    return (struct lagan_entry){.type = LAGAN_ENTRY_FILE,
                                .id = id,
                                .id_size = strlen(id),
                                .links = links,
                                .bytes = 100,
                                .mtime_s = 1000,
                                .stamp = "stamp",
                                .stamp_size = 5};
}

/* Takes a name and gives the slot back; what `*first` says. */
static bool is_first(struct link_slots *slots, const struct lagan_entry *entry)
{
    bool first = false;
    struct link_slot *slot = link_slots_take(slots, entry, &first);
    assert_non_null(slot);
    link_slot_release(slot);
    return first;
}

static void slots_of_groups(void **state)
{
    struct error e = ERROR_INIT;
    struct link_slots *slots = link_slots_new(&e);
    struct lagan_entry a = linked("a", 3), b = linked("b", 2), one = linked("c", 1);
    bool first = false;
    (void)state;
    assert_non_null(slots);
    assert_true(is_first(slots, &a));
    assert_true(is_first(slots, &b));
    assert_false(is_first(slots, &a));
    assert_false(is_first(slots, &a));
    /* All of a's names were seen: it begins anew. */
    assert_true(is_first(slots, &a));
    assert_false(is_first(slots, &b));
    assert_null(link_slots_take(slots, &one, &first));
    assert_true(first);
    link_slots_free(slots);
}

/* The id is used again, by another file. */
static void slots_of_used_ids(void **state)
{
    struct error e = ERROR_INIT;
    struct link_slots *slots = link_slots_new(&e);
    struct lagan_entry old = linked("a", 10), other = old;
    (void)state;
    assert_non_null(slots);
    assert_true(is_first(slots, &old));
    assert_false(is_first(slots, &old));
    other.bytes++;
    assert_true(is_first(slots, &other));
    assert_false(is_first(slots, &other));
    other.mtime_s++;
    assert_true(is_first(slots, &other));
    other.mtime_ns++;
    assert_true(is_first(slots, &other));
    other.stamp = "STAMP";
    assert_true(is_first(slots, &other));
    other.stamp_size = 0; /* says nothing */
    assert_false(is_first(slots, &other));
    link_slots_free(slots);
}

/* A slot lives as long as somebody has it. */
static void slots_live_on(void **state)
{
    struct error e = ERROR_INIT;
    struct link_slots *slots = link_slots_new(&e);
    struct lagan_entry a = linked("a", 2);
    struct chunk_record record = {.bytes = 100};
    struct content content = {.count = 1, .records = &record};
    bool first = false;
    (void)state;
    struct link_slot *one = link_slots_take(slots, &a, &first);
    struct link_slot *two = link_slots_take(slots, &a, &first);
    assert_ptr_equal(one, two);
    assert_false(first);
    link_slots_free(slots);
    assert_int_equal(link_slot_fill(one, &content, 100, &e), 0);
    record.bytes = 7; /* it has a copy */
    link_slot_release(one);
    assert_int_equal(two->bytes, 100);
    assert_int_equal(two->content.records[0].bytes, 100);
    link_slot_release(two);
    link_slot_release(NULL);
    link_slots_free(NULL);
}

/* Beyond the limit names are read one by one. */
static void slots_are_limited(void **state)
{
    struct error e = ERROR_INIT;
    struct link_slots *slots = link_slots_new(&e);
    char id[16];
    bool first = false;
    (void)state;
    for (unsigned i = 0; i < LINK_SLOTS_LIMIT; i++) {
        snprintf(id, sizeof(id), "%u", i);
        struct lagan_entry entry = linked(id, 2);
        assert_true(is_first(slots, &entry));
    }
    struct lagan_entry more = linked("more", 2), known = linked("17", 2);
    assert_null(link_slots_take(slots, &more, &first));
    assert_true(first);
    assert_false(is_first(slots, &known));
    assert_true(is_first(slots, &more)); /* there is room again */
    link_slots_free(slots);
}

static struct restore_group *group_of(struct restore_links *links, const char *id,
                                      const struct tree_entry *entry, bool *first)
{
    struct error e = ERROR_INIT;
    struct restore_group *group = NULL;
    uint8_t bytes[16] = {0};
    memcpy(bytes, id, strlen(id));
    assert_int_equal(restore_links_take(links, bytes, entry, &group, first, &e), 0);
    assert_non_null(group);
    return group;
}

static void groups_of_names(void **state)
{
    struct error e = ERROR_INIT;
    struct restore_links *links = restore_links_new(&e);
    struct chunk_record record = {.bytes = 5}, another = {.id = {{1}}, .bytes = 5};
    struct tree_entry entry = {.key = (const uint8_t *)"first",
                               .key_size = 5,
                               .type = LAGAN_ENTRY_FILE,
                               .links = 3,
                               .bytes = 5,
                               .content = {.count = 1, .records = &record}};
    bool first = false;
    (void)state;
    struct restore_group *a = group_of(links, "a", &entry, &first);
    assert_true(first);
    assert_int_equal(a->key_size, 5);
    assert_memory_equal(a->key, "first", 5);
    assert_false(atomic_load(&a->there));
    entry.key = (const uint8_t *)"again";
    struct restore_group *b = group_of(links, "a", &entry, &first);
    assert_false(first);
    assert_ptr_equal(a, b);
    restore_group_move(a, entry.key, entry.key_size);
    assert_true(atomic_load(&b->there));
    assert_memory_equal(b->key, "again", 5);
    /* Another content under the same id. */
    entry.content.records = &another;
    struct restore_group *c = group_of(links, "a", &entry, &first);
    assert_true(first);
    assert_ptr_not_equal(a, c);
    restore_links_free(links);
    restore_group_release(a);
    restore_group_release(b);
    restore_group_release(c);
    restore_group_release(NULL);
}

/* Many groups at a time; those that are complete are forgotten. */
static void groups_by_the_thousand(void **state)
{
    enum { GROUPS = 5000 };
    struct error e = ERROR_INIT;
    struct restore_links *links = restore_links_new(&e);
    struct tree_entry entry = {
        .key = (const uint8_t *)"k", .key_size = 1, .type = LAGAN_ENTRY_FIFO, .links = 2};
    char id[16];
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < GROUPS; i++) {
            bool first = false;
            snprintf(id, sizeof(id), "%u", i * 7919);
            restore_group_release(group_of(links, id, &entry, &first));
            assert_int_equal(first, round % 2 == 0);
        }
    }
    restore_links_free(links);
}

static bool holds(struct restore_keys *keys, const char *key, size_t size)
{
    return restore_keys_hold(keys, key, size);
}
#define HOLDS(keys, text) holds(keys, text, sizeof(text) - 1)

static void keys_in_order(void **state)
{
    struct restore_keys keys = {0};
    struct error e = ERROR_INIT;
    (void)state;
    assert_false(HOLDS(&keys, "a"));
    assert_int_equal(restore_keys_add(&keys, "b", 1, &e), 0);
    assert_int_equal(restore_keys_add(&keys, "d\0x", 3, &e), 0);
    assert_int_equal(restore_keys_add(&keys, "f", 1, &e), 0);
    assert_false(HOLDS(&keys, ""));
    assert_false(HOLDS(&keys, "a"));
    assert_true(HOLDS(&keys, "b"));
    assert_true(HOLDS(&keys, "b\0c"));
    assert_false(HOLDS(&keys, "b!"));
    assert_false(HOLDS(&keys, "bb"));
    assert_false(HOLDS(&keys, "d"));
    assert_true(HOLDS(&keys, "d\0x"));
    assert_true(HOLDS(&keys, "d\0x\0y"));
    assert_false(HOLDS(&keys, "d\0xx"));
    assert_false(HOLDS(&keys, "e"));
    assert_true(HOLDS(&keys, "f\0g"));
    assert_false(HOLDS(&keys, "g"));
    restore_keys_free(&keys);
    assert_int_equal(restore_keys_add(&keys, "", 0, &e), 0);
    assert_true(HOLDS(&keys, ""));
    assert_true(HOLDS(&keys, "anything"));
    restore_keys_free(&keys);
}

static void copies_of_entries(void **state)
{
    struct entry_copy copy = {0};
    struct error e = ERROR_INIT;
    char key[] = "a\0b", link[] = "target", user[] = "alice";
    struct lagan_entry entry = {.size = sizeof(entry),
                                .type = LAGAN_ENTRY_SYMLINK,
                                .key = key,
                                .key_size = 3,
                                .link = link,
                                .link_size = 6,
                                .user_name = user,
                                .mode = 0777};
    (void)state;
    assert_int_equal(entry_copy_set(&copy, &entry, &e), 0);
    memset(key, 'x', sizeof(key));
    memset(link, 'x', sizeof(link));
    memset(user, 'x', 5);
    assert_memory_equal(copy.entry.key, "a\0b", 3);
    assert_memory_equal(copy.entry.link, "target", 6);
    assert_string_equal(copy.entry.user_name, "alice");
    assert_null(copy.entry.group_name);
    assert_null(copy.entry.id);
    assert_int_equal(copy.entry.mode, 0777);
    /* Again, with less. */
    entry = (struct lagan_entry){.type = LAGAN_ENTRY_FILE, .key = "", .group_name = ""};
    assert_int_equal(entry_copy_set(&copy, &entry, &e), 0);
    assert_non_null(copy.entry.key);
    assert_int_equal(copy.entry.key_size, 0);
    assert_string_equal(copy.entry.group_name, "");
    assert_null(copy.entry.link);
    entry_copy_free(&copy);
    entry_copy_free(NULL);
}

static void assert_text(const char *key, size_t size, const char *text)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    key_text(&out, key, size);
    buffer_append_u8(&out, 0);
    assert_string_equal((const char *)out.data, text);
}

static void keys_as_text(void **state)
{
    char line[KEY_LINE_SIZE];
    char *longest = malloc(5000);
    (void)state;
    assert_text("", 0, ".");
    assert_text("a\0b", 3, "a/b");
    assert_text("a\0\033[2J", 6, "a/\\x1b[2J");
    key_line(line, "", 0);
    assert_string_equal(line, ".");
    key_line(line, "a\0b", 3);
    assert_string_equal(line, "a/b");
    assert_non_null(longest);
    memset(longest, '\n', 5000);
    key_line(line, longest, 5000);
    assert_true(strlen(line) < KEY_LINE_SIZE);
    assert_null(strchr(line, '\n'));
    free(longest);
}

static void assert_key(const char *path, const char *key, size_t size)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    assert_int_equal(key_from_path(path, &out, &e), 0);
    assert_int_equal(out.size, size);
    if (size > 0)
        assert_memory_equal(out.data, key, size);
}

static void paths_as_keys(void **state)
{
    static const char *const refused[] = {"..", "../a", "a/..", "a/../b", "/..", "a/.."};
    (void)state;
    assert_key("", "", 0);
    assert_key(".", "", 0);
    assert_key("/", "", 0);
    assert_key("//././/", "", 0);
    assert_key("a", "a", 1);
    assert_key("/a/", "a", 1);
    assert_key("a/b", "a\0b", 3);
    assert_key("./a//./b/.", "a\0b", 3);
    assert_key("...", "...", 3);
    assert_key(".a/..b", ".a\0..b", 6);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
        struct error e = ERROR_INIT;
        assert_int_equal(key_from_path(refused[i], &out, &e), -1);
        assert_int_equal(e.code, ERROR_USAGE);
    }
}

static void errors_that_end_jobs(void **state)
{
    struct error e = ERROR_INIT;
    (void)state;
    error_set(&e, LAGAN_IO, ERROR_FAILED, "a sector");
    assert_false(job_error_ends(&e));
    e.scope = LAGAN_SCOPE_HANDLE;
    assert_true(job_error_ends(&e));
    error_set(&e, LAGAN_CANCELLED, ERROR_INTERRUPTED, "cancelled");
    assert_true(job_error_ends(&e));
    error_set(&e, LAGAN_NO_SPACE, ERROR_NO_SPACE, "full");
    assert_true(job_error_ends(&e));
    error_no_memory(&e, "something");
    assert_true(job_error_ends(&e));
    error_set(&e, LAGAN_CORRUPT, ERROR_INTEGRITY, "a chunk");
    assert_false(job_error_ends(&e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_of_groups),      cmocka_unit_test(slots_of_used_ids),
        cmocka_unit_test(slots_live_on),        cmocka_unit_test(slots_are_limited),
        cmocka_unit_test(groups_of_names),      cmocka_unit_test(groups_by_the_thousand),
        cmocka_unit_test(keys_in_order),        cmocka_unit_test(copies_of_entries),
        cmocka_unit_test(keys_as_text),         cmocka_unit_test(paths_as_keys),
        cmocka_unit_test(errors_that_end_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
