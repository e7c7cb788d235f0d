/* SPDX-License-Identifier: Apache-2.0 */
/* test_files_escape.c - nothing outside the root is created, changed or removed, whatever a
 * backup says and whoever meddles with the place meanwhile. */
#include "restore_fixture.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The outside: what must stay as it is. */
static void make_outside(void)
{
    make_directory("outside");
    make_directory("outside/sub");
    make_file("outside/file", "untouched");
    assert_int_equal(chmod("outside/file", 0600), 0);
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
    assert_int_equal(utimensat(AT_FDCWD, "outside/file", times, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, "outside/sub", times, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, "outside", times, 0), 0);
}

static void assert_outside_untouched(void)
{
    struct stat found;
    assert_int_equal(fixture_count_entries("outside"), 2);
    assert_text("outside/file", "untouched");
    assert_int_equal(stat("outside/file", &found), 0);
    assert_int_equal(found.st_mode, S_IFREG | 0600);
    assert_int_equal(found.st_uid, geteuid());
    assert_int_equal(found.st_nlink, 1);
    assert_int_equal(found.st_mtim.tv_sec, 2000);
    assert_int_equal(stat("outside/sub", &found), 0);
    assert_int_equal(found.st_mtim.tv_sec, 2000);
    assert_int_equal(stat("outside", &found), 0);
    assert_int_equal(found.st_mode, S_IFDIR | 0755);
    assert_int_equal(found.st_mtim.tv_sec, 2000);
}

/* Every way to write, on a key that must be refused. */
static void expect_all_refused(struct files *f, const char *key, size_t key_size,
                               uint64_t flags)
{
    static const uint32_t types[] = {LAGAN_ENTRY_DIRECTORY, LAGAN_ENTRY_SYMLINK,
                                     LAGAN_ENTRY_FIFO, LAGAN_ENTRY_SOCKET,
                                     LAGAN_ENTRY_CHARACTER};
    struct error e = ERROR_INIT;
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, key, key_size);
    assert_int_equal(restore_file(f, &entry, flags, "bad", &e), -1);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        entry = restore_entry(types[i], key, key_size);
        entry.link = "/etc/passwd";
        entry.link_size = 11;
        entry.mode = 0777;
        assert_int_equal(restore_node(f, &entry, flags, &e), -1);
    }
    entry = restore_entry(LAGAN_ENTRY_DIRECTORY, key, key_size);
    entry.mode = 0777;
    assert_int_equal(source_directory_finish(f->source, &entry, flags, NULL, 0, NULL, &e), -1);
    assert_int_equal(source_link_create(f->source, key, key_size, KEY("inside"), flags, &e),
                     -1);
    assert_int_equal(source_link_create(f->source, KEY("new"), key, key_size, flags, &e), -1);
    assert_int_equal(source_entry_stat(f->source, key, key_size, &collector, &e), -1);
    found_clear(&list);
}

static void escape_by_key(void **state)
{
    static const struct {
        const char *key;
        size_t size;
    } keys[] = {
        {KEY("..")},
        {KEY(".")},
        {KEY("..\0outside\0file")},
        {KEY("..\0outside\0new")},
        {KEY("sub\0..\0..\0outside\0file")},
        {KEY("../outside/file")},
        {KEY("sub/../../outside/new")},
        {KEY("/outside/file")},
        {KEY("/etc/passwd")},
        {KEY("/")},
        {KEY("sub/")},
        {KEY("sub\0.")},
        {KEY("sub\0..")},
        {KEY("sub\0.\0new")},
        {KEY("\0")},
        {KEY("\0new")},
        {KEY("new\0")},
        {KEY("sub\0\0new")},
        {KEY("sub\0")},
    };
    struct files f;
    (void)state;
    make_outside();
    restore_open(&f, "to");
    restore_directory(&f, KEY("sub"));
    restore_text(&f, KEY("inside"), 0, "inside");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        expect_all_refused(&f, keys[i].key, keys[i].size, 0);
        expect_all_refused(&f, keys[i].key, keys[i].size, LAGAN_CREATE_REPLACE);
    }
    char longest[300];
    memset(longest, 'n', sizeof longest);
    expect_all_refused(&f, longest, 256, LAGAN_CREATE_REPLACE);
    restore_text(&f, longest, 255, 0, "fits");
    files_close(&f);
    assert_outside_untouched();
    assert_int_equal(fixture_count_entries("to"), 3);
}

/* Links on the way, whatever they lead to. */
static void escape_by_link(void **state)
{
    struct files f;
    (void)state;
    make_outside();
    make_directory("to");
    make_directory("to/sub");
    make_file("to/inside", "inside");
    assert_int_equal(symlink("../outside", "to/relative"), 0);
    assert_int_equal(symlink(files_path("outside"), "to/absolute"), 0);
    assert_int_equal(symlink("sub", "to/to sub"), 0);
    assert_int_equal(symlink("/proc/self/cwd/outside", "to/magic"), 0);
    assert_int_equal(symlink("relative", "to/two steps"), 0);
    assert_int_equal(symlink("..", "to/sub/up"), 0);
    restore_open(&f, "to");
    for (int flags = 0; flags <= 1; flags++) { /* LAGAN_CREATE_REPLACE is 1 */
        expect_all_refused(&f, KEY("relative\0file"), (uint64_t)flags);
        expect_all_refused(&f, KEY("relative\0new"), (uint64_t)flags);
        expect_all_refused(&f, KEY("relative\0sub\0new"), (uint64_t)flags);
        expect_all_refused(&f, KEY("absolute\0file"), (uint64_t)flags);
        expect_all_refused(&f, KEY("to sub\0new"), (uint64_t)flags);
        expect_all_refused(&f, KEY("magic\0new"), (uint64_t)flags);
        expect_all_refused(&f, KEY("two steps\0new"), (uint64_t)flags);
        expect_all_refused(&f, KEY("sub\0up\0up\0outside\0file"), (uint64_t)flags);
        expect_all_refused(&f, KEY("inside\0new"), (uint64_t)flags);
    }
    files_close(&f);
    assert_outside_untouched();
    assert_text("to/inside", "inside");
    assert_int_equal(fixture_count_entries("to"), 8);
}

/* A link that stands where something is restored: never followed, replaced when asked. */
static void escape_by_last_link(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("sub"));
    (void)state;
    make_outside();
    make_directory("to");
    assert_int_equal(symlink("../outside/sub", "to/sub"), 0);
    assert_int_equal(symlink("../outside/file", "to/file"), 0);
    assert_int_equal(symlink("../outside/new", "to/dangling"), 0);
    restore_open(&f, "to");
    entry.mode = 0777;
    assert_int_equal(restore_node(&f, &entry, 0, &e), -1);
    assert_error(e, LAGAN_EXISTS, "");
    assert_int_equal(source_directory_finish(f.source, &entry, 0, NULL, 0, NULL, &e), -1);
    restore_text_refused(&f, KEY("file"), 0, LAGAN_EXISTS);
    restore_text_refused(&f, KEY("dangling"), 0, LAGAN_EXISTS);
    assert_outside_untouched();
    restore_text(&f, KEY("file"), LAGAN_CREATE_REPLACE, "new");
    restore_text(&f, KEY("dangling"), LAGAN_CREATE_REPLACE, "new");
    assert_success(restore_node(&f, &entry, LAGAN_CREATE_REPLACE, &e), e);
    restore_text(&f, KEY("sub\0file"), 0, "inside");
    files_close(&f);
    assert_outside_untouched();
    assert_text("to/sub/file", "inside");
}

/* A hard link to a link is a link, and not what it leads to. */
static void escape_by_hard_link(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat found;
    (void)state;
    make_outside();
    make_directory("to");
    assert_int_equal(symlink("../outside/file", "to/link"), 0);
    restore_open(&f, "to");
    assert_success(source_link_create(f.source, KEY("twin"), KEY("link"), 0, &e), e);
    assert_int_equal(lstat("to/twin", &found), 0);
    assert_true(S_ISLNK(found.st_mode));
    restore_text(&f, KEY("twin"), LAGAN_CREATE_REPLACE, "new");
    files_close(&f);
    assert_outside_untouched();
}

/* Whoever exchanges a directory for a link to the outside, again and again. */
static atomic_bool race_over;

static void *exchange(void *context)
{
    unsigned long *count = context;
    while (!atomic_load(&race_over)) {
        renameat2(AT_FDCWD, "to/a/b", AT_FDCWD, "to/a/link", RENAME_EXCHANGE);
        ++*count;
    }
    return NULL;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* All kinds of writes beneath the directory that comes and goes. */
static unsigned write_beneath(struct files *f, unsigned round)
{
    struct error e = ERROR_INIT;
    char key[64];
    unsigned done = 0;
    size_t size = (size_t)snprintf(key, sizeof key, "a%cb%cfile%u", 0, 0, round % 50);
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, key, size);
    done += restore_file(f, &entry, LAGAN_CREATE_REPLACE, "inside", &e) == 0;
    key[4] = 'd';
    entry = restore_entry(LAGAN_ENTRY_DIRECTORY, key, size);
    done += restore_node(f, &entry, 0, &e) == 0;
    entry.mode = 0777;
    done += source_directory_finish(f->source, &entry, 0, NULL, 0, NULL, &e) == 0;
    key[4] = 'l';
    entry = restore_entry(LAGAN_ENTRY_SYMLINK, key, size);
    entry.link = "x";
    entry.link_size = 1;
    done += restore_node(f, &entry, LAGAN_CREATE_REPLACE, &e) == 0;
    entry = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("a\0b"));
    entry.mode = 0777;
    done += source_directory_finish(f->source, &entry, 0, NULL, 0, NULL, &e) == 0;
    return done;
}

static void race(const char *root, int64_t lasting_ms)
{
    pthread_t attacker;
    unsigned long exchanges = 0;
    unsigned rounds = 0, done = 0;
    struct files f;
    int64_t end = now_ms() + lasting_ms;
    atomic_store(&race_over, false);
    assert_int_equal(pthread_create(&attacker, NULL, exchange, &exchanges), 0);
    while (now_ms() < end) {
        /* A new handle knows no directory yet. */
        restore_open(&f, root);
        for (unsigned i = 0; i < 20; i++)
            done += write_beneath(&f, rounds++);
        files_close(&f);
    }
    atomic_store(&race_over, true);
    pthread_join(attacker, NULL);
    print_message("%lu exchanges, %u rounds, %u of %u writes done\n", exchanges, rounds, done,
                  5 * rounds);
    assert_true(exchanges > 100 && rounds > 20);
    assert_true(done > 0); /* it was not the attacker who won all the time */
}

static void prepare_race(void)
{
    make_outside();
    make_directory("to");
    make_directory("to/a");
    make_directory("to/a/b");
    assert_int_equal(symlink("../../outside", "to/a/link"), 0);
}

static void escape_by_race(void **state)
{
    (void)state;
    prepare_race();
    race("to", 1200);
    assert_outside_untouched();
}

static void race_stepwise(void)
{
    race("to", 800);
    assert_outside_untouched();
}

static void escape_by_race_without_openat2(void **state)
{
    (void)state;
    prepare_race();
    run_apart(lose_openat2, race_stepwise);
}

int main(void)
{
#define ESCAPE_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        ESCAPE_TEST(escape_by_key),       ESCAPE_TEST(escape_by_link),
        ESCAPE_TEST(escape_by_last_link), ESCAPE_TEST(escape_by_hard_link),
        ESCAPE_TEST(escape_by_race),      ESCAPE_TEST(escape_by_race_without_openat2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
