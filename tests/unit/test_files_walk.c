/* SPDX-License-Identifier: Apache-2.0 */
/* test_files_walk.c - src_files hands over a tree: in order, whole, and whatever it looks like.
 */
#include "driver/operation.h"
#include "files_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void walk_here(struct found_list *list)
{
    struct files f;
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk(&f, list);
    files_close(&f);
}

static void files_walk_order(void **state)
{
    static const char *const names[] = {
        "a.b", "a-",  "a\001", "ab",  "A", "\377\376", "\300",     "new\nl",
        "*",   "..a", "...",   "-rf", " ", "\x7f",     "\303\251", "e\314\201"};
    struct found_list list = {0};
    (void)state;
    make_directory("a");
    make_file("a/z", "");
    make_directory("a/deep");
    make_file("a/deep/file", "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        make_file(names[i], "");
    walk_here(&list);
    assert_int_equal(list.count, 5 + sizeof names / sizeof names[0]);
    assert_int_equal(list.entries[0].entry.key_size, 0);
    assert_int_equal(list.entries[0].entry.type, LAGAN_ENTRY_DIRECTORY);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_non_null(found_find(&list, names[i], strlen(names[i])));
    assert_non_null(found_find(&list, KEY("a\0deep\0file")));
    assert_non_null(found_find(&list, KEY("a\0z")));
    found_clear(&list);
}

/* Each of the 253 names of one byte, and the longest names. */
static void files_walk_names_of_all_bytes(void **state)
{
    char name[256] = "";
    struct found_list list = {0};
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        name[0] = (char)byte;
        if (byte != '/' && byte != '.')
            make_file(name, "");
    }
    memset(name, 'n', 255);
    make_file(name, "");
    walk_here(&list);
    assert_int_equal(list.count, 1 + 253 + 1);
    assert_non_null(found_find(&list, name, 255));
    found_clear(&list);
}

static void files_walk_attributes(void **state)
{
    struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = -77, .tv_nsec = 999999999}};
    struct found_list list = {0};
    (void)state;
    make_file("file", "seven b");
    assert_int_equal(chmod("file", 04751), 0);
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
    assert_int_equal(link("file", "twin"), 0);
    assert_int_equal(symlink("to/\377where", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    make_file("sparse", "");
    assert_int_equal(truncate("sparse", 1 << 20), 0);
    walk_here(&list);
    const struct found *file = found_find(&list, KEY("file"));
    const struct found *twin = found_find(&list, KEY("twin"));
    const struct found *other = found_find(&list, KEY("link"));
    assert_int_equal(file->entry.type, LAGAN_ENTRY_FILE);
    assert_int_equal(file->entry.bytes, 7);
    assert_int_equal(file->entry.mode, 04751);
    assert_int_equal(file->entry.mtime_s, -77);
    assert_int_equal(file->entry.mtime_ns, 999999999);
    assert_int_equal(file->entry.user, geteuid());
    assert_int_equal(file->entry.links, 2);
    assert_true(file->entry.id_size > 0);
    assert_int_equal(file->entry.id_size, twin->entry.id_size);
    assert_memory_equal(file->id, twin->id, file->entry.id_size);
    assert_int_equal(file->entry.flags & LAGAN_ENTRY_SPARSE, 0);
    if (geteuid() == 0)
        assert_string_equal(file->user_name, "root");
    assert_int_equal(other->entry.type, LAGAN_ENTRY_SYMLINK);
    assert_int_equal(other->entry.link_size, 9);
    assert_string_equal(other->link, "to/\377where");
    assert_int_equal(other->entry.id_size, 0);
    assert_int_equal(found_find(&list, KEY("fifo"))->entry.type, LAGAN_ENTRY_FIFO);
    other = found_find(&list, KEY("sparse"));
    assert_int_equal(other->entry.flags & LAGAN_ENTRY_SPARSE, LAGAN_ENTRY_SPARSE);
    found_clear(&list);
}

static void files_walk_devices(void **state)
{
    struct found_list list = {0};
    (void)state;
    needs_root();
    assert_int_equal(mknod("c", S_IFCHR | 0600, makedev(300, 70000)), 0);
    assert_int_equal(mknod("b", S_IFBLK | 0600, makedev(8, 1)), 0);
    walk_here(&list);
    const struct found *device = found_find(&list, KEY("c"));
    assert_int_equal(device->entry.type, LAGAN_ENTRY_CHARACTER);
    assert_int_equal(device->entry.device_major, 300);
    assert_int_equal(device->entry.device_minor, 70000);
    assert_int_equal(found_find(&list, KEY("b"))->entry.type, LAGAN_ENTRY_BLOCK);
    found_clear(&list);
}

/* Equal stamps while nothing changes; another one after each kind of change. */
static void files_walk_stamps(void **state)
{
    struct found_list before = {0}, same = {0}, after = {0};
    struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 1000}};
    (void)state;
    make_file("a", "text");
    make_file("b", "text");
    make_file("c", "text");
    utimensat(AT_FDCWD, "a", times, 0);
    walk_here(&before);
    /* Changed just now, so nobody could tell a change in the same tick. */
    assert_int_equal(found_find(&before, KEY("a"))->entry.stamp_size, 0);
    found_clear(&before);
    usleep(60000);
    walk_here(&before);
    walk_here(&same);
    fixture_write_text("a", "TEXT", 0644);
    utimensat(AT_FDCWD, "a", times, 0);
    assert_int_equal(chmod("b", 0600), 0);
    usleep(60000);
    walk_here(&after);
    for (size_t i = 0; i < 4; i++) {
        assert_true(before.entries[i].entry.stamp_size > 0);
        assert_int_equal(before.entries[i].entry.stamp_size, same.entries[i].entry.stamp_size);
        assert_memory_equal(before.entries[i].stamp, same.entries[i].stamp, LAGAN_STAMP_SIZE);
    }
    assert_memory_not_equal(before.entries[1].stamp, after.entries[1].stamp, LAGAN_STAMP_SIZE);
    assert_memory_not_equal(before.entries[2].stamp, after.entries[2].stamp, LAGAN_STAMP_SIZE);
    assert_memory_equal(before.entries[3].stamp, after.entries[3].stamp, LAGAN_STAMP_SIZE);
    found_clear(&before);
    found_clear(&same);
    found_clear(&after);
}

enum { WIDE = 100000 };

static void files_walk_wide(void **state)
{
    struct found_list list = {0};
    char name[32];
    (void)state;
    make_directory("wide");
    int at = open("wide", O_PATH);
    for (unsigned i = 0; i < WIDE; i++) {
        snprintf(name, sizeof name, "%x", i * 2654435761u);
        assert_int_equal(mknodat(at, name, S_IFREG | 0600, 0), 0);
    }
    close(at);
    walk_here(&list);
    assert_int_equal(list.count, 2 + WIDE);
    found_clear(&list);
}

enum { LEVELS = 2000, NAME_BYTES = 49 };

static void make_chain(void)
{
    char name[NAME_BYTES + 1];
    int here = open(".", O_PATH);
    for (unsigned i = 0; i < LEVELS; i++) {
        memset(name, 'a' + (char)(i % 26), NAME_BYTES);
        name[NAME_BYTES] = 0;
        assert_int_equal(mkdirat(here, name, 0755), 0);
        int below = openat(here, name, O_PATH | O_DIRECTORY);
        close(here);
        here = below;
    }
    int fd = openat(here, "bottom", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "found", 5), 5);
    close(fd);
    close(here);
}

/* 100,000 bytes of path, with fewer descriptors than levels and a small stack. */
static void walk_deep(void)
{
    struct rlimit few = {.rlim_cur = 120, .rlim_max = 120};
    struct found_list list = {0}, attributes = {0};
    struct lagan_entry_collector collector = found_collector(&attributes);
    struct error e = ERROR_INIT;
    struct files f;
    char data[10];
    size_t got = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk(&f, &list);
    assert_int_equal(list.count, 1 + LEVELS + 1);
    const struct found *bottom = &list.entries[list.count - 1];
    assert_int_equal(bottom->entry.key_size, LEVELS * (NAME_BYTES + 1) + 6);
    assert_int_equal(bottom->entry.type, LAGAN_ENTRY_FILE);
    struct entry_reader *r = source_entry_open(f.source, bottom->key, bottom->entry.key_size,
                                               NULL, 0, &collector, &e);
    assert_success(r ? 0 : -1, e);
    assert_success(entry_reader_read(r, 0, data, sizeof data, &got, &e), e);
    assert_int_equal(got, 5);
    entry_reader_drop(r);
    files_close(&f);
    found_clear(&attributes);
    found_clear(&list);
}

static void files_walk_deep(void **state)
{
    (void)state;
    make_chain();
    run_apart(NULL, walk_deep);
}

static void files_walk_deep_without_openat2(void **state)
{
    (void)state;
    make_chain();
    run_apart(lose_openat2, walk_deep);
}

static void walk_unreadable(void)
{
    struct found_list list = {0};
    walk_here(&list);
    const struct found *closed = found_find(&list, KEY("closed"));
    assert_int_equal(list.count, 6);
    assert_int_equal(closed->entry.type, LAGAN_ENTRY_DIRECTORY);
    assert_int_equal(closed->entry.mode, 0);
    assert_int_equal(closed->entry.error_class, LAGAN_DENIED);
    assert_string_equal(closed->error_text, "cannot list it: Permission denied");
    /* May be listed but not entered: the names are known, and nothing of them. */
    const struct found *inside = found_find(&list, KEY("half\0inside"));
    assert_int_equal(inside->entry.type, LAGAN_ENTRY_ERROR);
    assert_int_equal(inside->entry.error_class, LAGAN_DENIED);
    assert_int_equal(found_find(&list, KEY("half"))->entry.error_class, LAGAN_OK);
    assert_non_null(found_find(&list, KEY("open\0file")));
    found_clear(&list);
}

static void files_walk_unreadable(void **state)
{
    (void)state;
    make_directory("closed");
    make_file("closed/hidden", "");
    make_directory("half");
    make_file("half/inside", "");
    make_directory("open");
    make_file("open/file", "");
    assert_int_equal(chmod("closed", 0), 0);
    assert_int_equal(chmod("half", 0444), 0);
    run_apart(become_nobody, walk_unreadable);
    assert_int_equal(chmod("closed", 0755), 0);
    assert_int_equal(chmod("half", 0755), 0);
}

static void walk_closed_root(void)
{
    struct error e = ERROR_INIT;
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    struct files f;
    bool ended = false;
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_path("closed"));
    struct walk *w = source_walk_open(f.source, NULL, NULL, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_int_equal(walk_next(w, 10, &collector, &ended, &e), -1);
    assert_error(e, LAGAN_DENIED, "cannot list the root: Permission denied");
    assert_int_equal(e.scope, LAGAN_SCOPE_HANDLE);
    assert_false(ended);
    walk_close(w);
    files_close(&f);
}

static void files_walk_closed_root(void **state)
{
    (void)state;
    make_directory("closed");
    assert_int_equal(chmod("closed", 0), 0);
    run_apart(become_nobody, walk_closed_root);
}

static void files_walk_marked(void **state)
{
    struct found_list list = {0};
    struct files f;
    const char *const words[] = {files_scratch, "exclude-caches=yes",
                                 "exclude-if-present=.nobackup", "exclude-if-present=.skip",
                                 NULL};
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# cache\n";
    (void)state;
    make_file("CACHEDIR.TAG", tag); /* the root is always wanted */
    make_directory("cache");
    make_file("cache/CACHEDIR.TAG", tag);
    make_file("cache/big", "");
    make_directory("forged");
    make_file("forged/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc56");
    make_directory("linked");
    assert_int_equal(symlink("../cache/CACHEDIR.TAG", "linked/CACHEDIR.TAG"), 0);
    make_directory("skipped");
    make_file("skipped/.skip", "");
    make_directory("skipped/below");
    make_directory("marked");
    make_directory("marked/.nobackup");
    make_file("marked/file", "");
    files_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk(&f, &list);
    files_close(&f);
    assert_int_equal(list.count, 1 + 1 + 1 + 2 + 2 + 1 + 1);
    assert_non_null(found_find(&list, KEY("forged\0CACHEDIR.TAG")));
    assert_non_null(found_find(&list, KEY("linked\0CACHEDIR.TAG")));
    found_clear(&list);
    walk_here(&list);
    assert_int_equal(list.count, 1 + 1 + 3 + 2 + 2 + 3 + 3);
    found_clear(&list);
}

static void walk_mounted(void)
{
    struct found_list list = {0};
    struct files f;
    const char *const words[] = {files_scratch, "one-file-system=yes", NULL};
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "mounted", "tmpfs", 0, NULL) != 0)
        _exit(77);
    make_file("mounted/file", "");
    files_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk(&f, &list);
    files_close(&f);
    assert_int_equal(list.count, 3);
    assert_non_null(found_find(&list, KEY("mounted")));
    assert_null(found_find(&list, KEY("mounted\0file")));
    found_clear(&list);
    walk_here(&list);
    assert_int_equal(list.count, 4);
    found_clear(&list);
}

static void files_walk_one_file_system(void **state)
{
    (void)state;
    needs_root();
    make_directory("mounted");
    make_file("other", "");
    run_apart(NULL, walk_mounted);
}

/* Leaves out what is called "no", and counts how often it was asked. */
static enum lagan_selection leave_out(void *context, const void *key, size_t key_size,
                                      uint32_t type)
{
    atomic_int *asked = context;
    assert_true(type >= LAGAN_ENTRY_DIRECTORY && type <= LAGAN_ENTRY_FIFO);
    atomic_fetch_add(asked, 1);
    return key_size >= 2 && memcmp((const char *)key + key_size - 2, "no", 2) == 0
               ? LAGAN_SELECT_SKIP
               : LAGAN_SELECT_TAKE;
}

static void files_walk_selection(void **state)
{
    struct found_list list = {0};
    struct files f;
    atomic_int asked = 0;
    (void)state;
    make_directory("no");
    make_file("no/below", "");
    make_directory("yes");
    make_file("yes/no", "");
    make_file("yes/yes", "");
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk_selected(&f, leave_out, &asked, NULL, 0, &list);
    files_close(&f);
    assert_int_equal(list.count, 3);
    assert_non_null(found_find(&list, KEY("yes\0yes")));
    assert_int_equal(asked, 4); /* nothing below what was left out */
    found_clear(&list);
}

/* A walk behind any key, there or not, is the rest of the whole walk. */
static void files_walk_resumed(void **state)
{
    static const struct {
        const char *key;
        size_t size;
    } absent[] = {{KEY("a\0")},
                  {KEY("a\0b\0zz")},
                  {KEY("aa")},
                  {KEY("a.a")},
                  {KEY("\xff")},
                  {KEY("file\0below a file")},
                  {KEY("a\0b\0c\0d\0e\0f")}};
    struct found_list whole = {0}, rest = {0};
    struct files f;
    (void)state;
    make_directory("a");
    make_directory("a/b");
    make_directory("a/b/c");
    make_file("a/b/c/d", "");
    make_file("a/b/x", "");
    make_file("a/z", "");
    make_file("a.b", "");
    make_directory("b");
    make_file("file", "");
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk(&f, &whole);
    assert_int_equal(whole.count, 10);
    for (size_t i = 0; i < whole.count + sizeof absent / sizeof absent[0]; i++) {
        const char *key = i < whole.count ? whole.entries[i].key : absent[i - whole.count].key;
        size_t size =
            i < whole.count ? whole.entries[i].entry.key_size : absent[i - whole.count].size;
        size_t first = 0;
        while (first < whole.count &&
               compare_keys(whole.entries[first].key, whole.entries[first].entry.key_size, key,
                            size) <= 0)
            first++;
        files_walk_selected(&f, NULL, NULL, key, size, &rest);
        assert_int_equal(rest.count, whole.count - first);
        for (size_t n = 0; n < rest.count; n++)
            assert_string_equal(rest.entries[n].key, whole.entries[first + n].key);
        found_clear(&rest);
    }
    found_clear(&whole);
    files_close(&f);
}

static void files_walk_single(void **state)
{
    struct found_list list = {0};
    struct error e = ERROR_INIT;
    struct files f;
    (void)state;
    make_directory("place");
    make_file("place/one", "1");
    make_file("place/two", "22");
    assert_int_equal(symlink("place", "to directory"), 0);
    assert_int_equal(symlink("place/one", "to file"), 0);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_path("place/two"));
    files_walk(&f, &list);
    assert_int_equal(list.count, 2);
    assert_int_equal(found_find(&list, KEY("two"))->entry.bytes, 2);
    found_clear(&list);
    files_close(&f);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_path("to directory/"));
    files_walk(&f, &list);
    assert_int_equal(list.count, 3);
    found_clear(&list);
    files_close(&f);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_path("to file"));
    files_walk(&f, &list);
    assert_int_equal(list.count, 2);
    assert_int_equal(found_find(&list, KEY("to file"))->entry.type, LAGAN_ENTRY_SYMLINK);
    found_clear(&list);
    files_close(&f);
    assert_int_equal(files_try_open(&f, 0, files_path("nowhere"), &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "nowhere: No such file or directory");
}

/* Changes what it is asked about: between the listing and the look at the entry. */
static enum lagan_selection meddle(void *context, const void *key, size_t key_size,
                                   uint32_t type)
{
    (void)context;
    (void)type;
    if (compare_keys(key, key_size, KEY("gone")) == 0)
        assert_int_equal(unlink("gone"), 0);
    if (compare_keys(key, key_size, KEY("removed")) == 0)
        assert_int_equal(rmdir("removed"), 0);
    /* By then the root's entries were looked at, and only "a" was opened. */
    if (compare_keys(key, key_size, KEY("a\0x")) == 0) {
        assert_int_equal(rmdir("later"), 0);
        assert_int_equal(rmdir("link"), 0);
        assert_int_equal(symlink("/etc", "link"), 0);
    }
    if (compare_keys(key, key_size, KEY("turned")) == 0) {
        assert_int_equal(unlink("turned"), 0);
        assert_int_equal(symlink("/etc", "turned"), 0);
    }
    return LAGAN_SELECT_TAKE;
}

static void files_walk_vanishing(void **state)
{
    struct found_list list = {0};
    struct files f;
    (void)state;
    const char *const words[] = {files_scratch, "threads=1", NULL};
    make_directory("a");
    make_file("a/x", "");
    make_directory("later");
    make_directory("link");
    make_file("gone", "");
    make_directory("removed");
    make_file("stays", "");
    make_file("turned", "");
    files_open(&f, LAGAN_OPEN_READ_ONLY, words);
    files_walk_selected(&f, meddle, NULL, NULL, 0, &list);
    files_close(&f);
    assert_int_equal(list.count, 6);
    assert_non_null(found_find(&list, KEY("a\0x")));
    assert_non_null(found_find(&list, KEY("stays")));
    assert_int_equal(found_find(&list, KEY("turned"))->entry.type, LAGAN_ENTRY_SYMLINK);
    assert_int_equal(found_find(&list, KEY("link"))->entry.type, LAGAN_ENTRY_DIRECTORY);
    assert_int_equal(found_find(&list, KEY("link"))->entry.error_class, LAGAN_CHANGED);
    found_clear(&list);
}

static void files_walk_cancelled(void **state)
{
    struct error e = ERROR_INIT;
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    struct files f;
    bool ended = false;
    (void)state;
    make_file("file", "");
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    struct walk *w = source_walk_open(f.source, NULL, NULL, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    operation_cancel_all();
    assert_int_equal(walk_next(w, 10, &collector, &ended, &e), -1);
    assert_int_equal(e.error_class, LAGAN_CANCELLED);
    assert_false(ended);
    operation_cancel_reset();
    walk_close(w);
    /* Closed in the middle of its work. */
    w = source_walk_open(f.source, NULL, NULL, NULL, 0, &e);
    assert_success(w ? 0 : -1, e);
    walk_close(w);
    files_close(&f);
    found_clear(&list);
}

int main(void)
{
#define WALK_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
#define WALK_TEST_IN_MEMORY(name)                                                              \
    cmocka_unit_test_setup_teardown(name, files_setup_in_memory, files_teardown)
    const struct CMUnitTest tests[] = {
        WALK_TEST(files_walk_order),
        WALK_TEST(files_walk_names_of_all_bytes),
        WALK_TEST(files_walk_attributes),
        WALK_TEST(files_walk_devices),
        WALK_TEST(files_walk_stamps),
        WALK_TEST_IN_MEMORY(files_walk_wide),
        WALK_TEST_IN_MEMORY(files_walk_deep),
        WALK_TEST_IN_MEMORY(files_walk_deep_without_openat2),
        WALK_TEST(files_walk_unreadable),
        WALK_TEST(files_walk_closed_root),
        WALK_TEST(files_walk_marked),
        WALK_TEST(files_walk_one_file_system),
        WALK_TEST(files_walk_selection),
        WALK_TEST(files_walk_resumed),
        WALK_TEST(files_walk_single),
        WALK_TEST(files_walk_vanishing),
        WALK_TEST(files_walk_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
