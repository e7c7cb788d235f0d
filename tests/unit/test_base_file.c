/* SPDX-License-Identifier: Apache-2.0 */
/* test_base_file.c - reading whole files, replacing them, making directories. */
#include "base/file.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static int enter_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/lagan-file.XXXXXX");
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static unsigned count_entries(const char *path)
{
    DIR *d = opendir(path);
    unsigned count = 0;

    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(d);
    return count;
}

static int leave_folder(void **state)
{
    static const char *const names[] = {"file", "fifo", "a/b/c/file", "a/b/c",
                                        "a/b",  "a",    "sub",        "link"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(names[i]);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void file_write_then_read(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct stat found;
    mode_t before = umask(077);

    (void)state;
    assert_int_equal(file_write_atomic("file", "old words", 9, 0644, &e), 0);
    assert_int_equal(file_write_atomic("file", "new", 3, 0640, &e), 0);
    umask(before);
    assert_int_equal(stat("file", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
    buffer_append(&b, "<", 1);
    assert_int_equal(file_read("file", 3, &b, &e), 0);
    assert_int_equal(b.size, 4);
    assert_memory_equal(b.data, "<new", 4);
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(file_write_atomic("file", NULL, 0, 0600, &e), 0);
    assert_int_equal(file_read("file", 0, &b, &e), 0);
    assert_int_equal(b.size, 4);
}

static void file_read_refuses(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(file_write_atomic("file", "four", 4, 0600, &e), 0);
    assert_int_equal(file_read("file", 3, &b, &e), -1);
    assert_int_equal(e.error_class, LAGAN_LIMIT);
    assert_string_equal(e.text, "cannot read file: it is longer than 3 bytes");
    assert_int_equal(file_read("none", 9, &b, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(file_read(".", 9, &b, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read("fifo", 9, &b, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    assert_int_equal(b.size, 0);
}

static void file_read_long(void **state)
{
    struct buffer wanted CLEANUP_BUFFER = BUFFER_INIT;
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;

    (void)state;
    for (uint32_t i = 0; i < 100000; i++)
        buffer_append_u32(&wanted, i);
    assert_int_equal(file_write_atomic("file", wanted.data, wanted.size, 0600, &e), 0);
    assert_int_equal(file_read("file", SIZE_MAX, &b, &e), 0);
    assert_int_equal(b.size, wanted.size);
    assert_memory_equal(b.data, wanted.data, b.size);
    buffer_clear(&b);
    assert_int_equal(file_read("file", wanted.size - 1, &b, &e), -1);
    assert_int_equal(b.size, 0);
    assert_int_equal(file_read("file", wanted.size, &b, &e), 0);
}

static const char *checked_as;

static int check_text(const char *readable, struct error *e)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;

    checked_as = "read";
    if (file_read(readable, 9, &b, e) != 0)
        return -1;
    if (b.size == 4 && memcmp(b.data, "good", 4) == 0)
        return 0;
    return error_set(e, LAGAN_INVALID, ERROR_FAILED, "not good");
}

static void file_write_new_never_replaces(void **state)
{
    struct buffer b CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct stat found;

    (void)state;
    assert_int_equal(file_write_new("file", "bad", 3, 0600, check_text, &e), -1);
    assert_string_equal(e.text, "not good");
    assert_int_equal(count_entries("."), 0);
    e = ERROR_INIT;
    assert_int_equal(file_write_new("file", "good", 4, 0640, check_text, &e), 0);
    assert_string_equal(checked_as, "read");
    assert_int_equal(stat("file", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0640);
    assert_int_equal(file_write_new("file", "other", 5, 0600, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    assert_int_equal(file_read("file", 9, &b, &e), 0);
    assert_memory_equal(b.data, "good", 4);
    assert_int_equal(file_write_new("none/file", "x", 1, 0600, NULL, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(count_entries("."), 1);
}

static void file_write_fails_clean(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(file_write_atomic("none/file", "x", 1, 0600, &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
    assert_int_equal(mkdir("sub", 0700), 0);
    assert_int_equal(file_write_atomic("sub", "x", 1, 0600, &e), -1);
    assert_int_equal(e.native, EISDIR);
    assert_int_equal(count_entries("."), 1);
}

static void file_read_at_ends(void **state)
{
    struct error e = ERROR_INIT;
    char text[8] = "-------";
    size_t got = 99;

    (void)state;
    assert_int_equal(file_write_atomic("file", "0123456789", 10, 0600, &e), 0);
    int fd CLEANUP_FD = open("file", O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_read_at(fd, 2, text, 4, &got, "file", &e), 0);
    assert_int_equal(got, 4);
    assert_memory_equal(text, "2345-", 5);
    assert_int_equal(file_read_at(fd, 7, text, 7, &got, "file", &e), 0);
    assert_int_equal(got, 3);
    assert_int_equal(file_read_at(fd, 100, text, 7, &got, "file", &e), 0);
    assert_int_equal(got, 0);
    got = 99;
    assert_int_equal(file_read_at(-1, 0, text, 7, &got, "file", &e), -1);
    assert_int_equal(got, 99);
    assert_int_equal(file_write_all(fd, "x", 1, "file", &e), -1);
    assert_int_equal(e.native, EBADF);
}

static void file_full_device(void **state)
{
    struct error e = ERROR_INIT;
    int fd CLEANUP_FD = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    if (fd < 0)
        skip();
    assert_int_equal(file_write_all(fd, "x", 1, "/dev/full", &e), -1);
    assert_int_equal(e.code, ERROR_NO_SPACE);
}

static void file_directories(void **state)
{
    struct error e = ERROR_INIT;
    struct stat found;

    (void)state;
    assert_int_equal(file_make_directories("a//b/c/", 0750, &e), 0);
    assert_int_equal(stat("a/b/c", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0750);
    assert_int_equal(file_make_directories("a/b/c", 0700, &e), 0);
    assert_int_equal(stat("a/b/c", &found), 0);
    assert_int_equal(found.st_mode & 07777, 0750);
    assert_int_equal(file_make_directories("/", 0700, &e), 0);
    assert_int_equal(file_make_directories("", 0700, &e), -1);
    assert_int_equal(file_write_atomic("a/b/c/file", "x", 1, 0600, &e), 0);
    assert_int_equal(file_make_directories("a/b/c/file", 0700, &e), -1);
    assert_int_equal(e.error_class, LAGAN_EXISTS);
    assert_int_equal(file_make_directories("a/b/c/file/d", 0700, &e), -1);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(file_make_directories("link/b", 0700, &e), 0);
}

static void file_sync_parents(void **state)
{
    static const char *const good[] = {"file", "./file", "/tmp", "/tmp/", "//tmp//x", "/"};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(file_sync_parent(good[i], &e), 0);
    assert_int_equal(file_sync_parent("none/file", &e), -1);
    assert_int_equal(e.error_class, LAGAN_NOT_FOUND);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
static const struct CMUnitTest tests[] = {
    IN_FOLDER(file_write_then_read),
    IN_FOLDER(file_read_refuses),
    IN_FOLDER(file_read_long),
    IN_FOLDER(file_write_fails_clean),
    IN_FOLDER(file_read_at_ends),
    IN_FOLDER(file_full_device),
    IN_FOLDER(file_directories),
    IN_FOLDER(file_sync_parents),
    IN_FOLDER(file_write_new_never_replaces),
};
UNIT_MAIN(tests)
