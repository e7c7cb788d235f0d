/* SPDX-License-Identifier: Apache-2.0 */
/* test_files_read.c - src_files reads what is there, notices what changes, and never follows.
 */
#include "files_fixture.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct entry_reader *try_reader(struct files *f, const char *key, size_t key_size,
                                       struct error *e)
{
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    struct entry_reader *r =
        source_entry_open(f->source, key, key_size, NULL, 0, &collector, e);
    found_clear(&list);
    return r;
}

static struct entry_reader *reader(struct files *f, const char *key, size_t key_size)
{
    struct error e = ERROR_INIT;
    struct entry_reader *r = try_reader(f, key, key_size, &e);
    assert_success(r ? 0 : -1, e);
    return r;
}

static size_t read_some(struct entry_reader *r, uint64_t offset, char *data, size_t size)
{
    struct error e = ERROR_INIT;
    size_t got = 999999;
    assert_success(entry_reader_read(r, offset, data, size, &got, &e), e);
    return got;
}

static bool changed_at_close(struct entry_reader *r)
{
    struct error e = ERROR_INIT;
    bool changed = true;
    assert_success(entry_reader_close(r, &changed, &e), e);
    return changed;
}

static void files_read_content(void **state)
{
    struct files f;
    char data[20] = "";
    (void)state;
    make_directory("sub");
    make_file("sub/file", "0123456789");
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    struct entry_reader *r = reader(&f, KEY("sub\0file"));
    assert_int_equal(read_some(r, 0, data, 4), 4);
    assert_string_equal(data, "0123");
    assert_int_equal(read_some(r, 8, data, sizeof data), 2);
    assert_memory_equal(data, "89", 2);
    assert_int_equal(read_some(r, 10, data, sizeof data), 0);
    assert_int_equal(read_some(r, 1000, data, sizeof data), 0);
    assert_int_equal(read_some(r, 3, data, 1), 1);
    assert_int_equal(data[0], '3');
    assert_false(changed_at_close(r));
    files_close(&f);
}

/* What happens between open and close, and whether that is a change of what was read. */
static void grow(void)
{
    int fd = open("file", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
}

static void shrink(void)
{
    assert_int_equal(truncate("file", 3), 0);
}

static void rewrite_secretly(void)
{
    struct stat before;
    assert_int_equal(stat("file", &before), 0);
    struct timespec times[2] = {before.st_atim, before.st_mtim};
    usleep(30000);
    int fd = open("file", O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "X", 1), 1);
    close(fd);
    assert_int_equal(utimensat(AT_FDCWD, "file", times, 0), 0);
}

static void replace(void)
{
    make_file("new", "another");
    assert_int_equal(rename("new", "file"), 0);
}

static void leave_alone(void)
{
}

static void files_read_changes(void **state)
{
    static const struct {
        void (*change)(void);
        bool changed;
    } cases[] = {{leave_alone, false}, {grow, true}, {shrink, true}, {rewrite_secretly, true}};
    char data[20];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct files f;
        make_file("file", "content");
        usleep(30000);
        files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
        struct entry_reader *r = reader(&f, KEY("file"));
        read_some(r, 0, data, sizeof data);
        cases[i].change();
        assert_int_equal(changed_at_close(r), cases[i].changed);
        files_close(&f);
    }
}

/* The file that was opened is read to its end, whoever takes its name. */
static void files_read_replaced(void **state)
{
    struct files f;
    char data[20] = "";
    (void)state;
    make_file("file", "content");
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    struct entry_reader *r = reader(&f, KEY("file"));
    replace();
    assert_int_equal(read_some(r, 0, data, sizeof data), 7);
    assert_string_equal(data, "content");
    entry_reader_drop(r);
    files_close(&f);
}

static void expect_class(const char *key, size_t key_size, uint32_t error_class)
{
    struct error e = ERROR_INIT;
    struct files f;
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    assert_null(try_reader(&f, key, key_size, &e));
    assert_error(e, error_class, "");
    files_close(&f);
}

/* None of these may be read, and none may make us wait. */
static void files_read_other_types(void **state)
{
    (void)state;
    make_directory("directory");
    make_file("secret", "not to be read through a link");
    assert_int_equal(symlink("secret", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mknod("socket", S_IFSOCK | 0600, 0), 0);
    assert_int_equal(symlink("directory", "link to directory"), 0);
    make_file("directory/file", "behind a link");
    expect_class(KEY("gone"), LAGAN_NOT_FOUND);
    expect_class(KEY("gone\0file"), LAGAN_NOT_FOUND);
    expect_class(KEY("directory"), LAGAN_CHANGED);
    expect_class(KEY(""), LAGAN_CHANGED);
    expect_class(KEY("link"), LAGAN_CHANGED);
    expect_class(KEY("fifo"), LAGAN_CHANGED);
    expect_class(KEY("socket"), LAGAN_CHANGED);
    expect_class(KEY("secret\0file"), LAGAN_CHANGED);
    expect_class(KEY("link to directory\0file"), LAGAN_CHANGED);
}

static void files_read_bad_keys(void **state)
{
    char name[5000];
    (void)state;
    make_file("file", "");
    make_directory("sub");
    make_file("sub/file", "");
    expect_class(KEY(".."), LAGAN_INVALID);
    expect_class(KEY("."), LAGAN_INVALID);
    expect_class(KEY("sub/file"), LAGAN_INVALID);
    expect_class(KEY("/etc/hostname"), LAGAN_INVALID);
    expect_class(KEY("sub\0..\0file"), LAGAN_INVALID);
    expect_class(KEY("sub\0.\0file"), LAGAN_INVALID);
    expect_class(KEY("sub\0\0file"), LAGAN_INVALID);
    expect_class(KEY("\0file"), LAGAN_INVALID);
    expect_class(KEY("file\0"), LAGAN_INVALID);
    memset(name, 'n', 256);
    expect_class(name, 256, LAGAN_LIMIT);
    memset(name, 'n', sizeof name);
    expect_class(name, sizeof name, LAGAN_LIMIT);
}

static void files_read_identity(void **state)
{
    struct found_list list = {0}, attributes = {0};
    struct lagan_entry_collector collector = found_collector(&attributes);
    struct error e = ERROR_INIT;
    struct files f;
    (void)state;
    make_file("file", "content");
    assert_int_equal(link("file", "twin"), 0);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk(&f, &list);
    const struct found *found = found_find(&list, KEY("file"));
    struct entry_reader *r = source_entry_open(f.source, KEY("file"), found->id,
                                               found->entry.id_size, &collector, &e);
    assert_success(r ? 0 : -1, e);
    entry_reader_drop(r);
    replace();
    r = source_entry_open(f.source, KEY("file"), found->id, found->entry.id_size, &collector,
                          &e);
    assert_null(r);
    assert_error(e, LAGAN_CHANGED, "replaced");
    files_close(&f);
    found_clear(&list);
    found_clear(&attributes);
}

static void files_read_error(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char data[20];
    size_t got;
    (void)state;
    /* Page zero of our memory: a regular file that answers EIO. */
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, "/proc/self");
    struct entry_reader *r = try_reader(&f, KEY("mem"), &e);
    if (!r)
        skip();
    assert_int_equal(entry_reader_read(r, 0, data, sizeof data, &got, &e), -1);
    assert_error(e, LAGAN_IO, "cannot read at 0: Input/output error");
    assert_int_equal(e.scope, LAGAN_SCOPE_ITEM);
    assert_int_equal(e.native, EIO);
    entry_reader_drop(r);
    /* No length, and content all the same. */
    r = reader(&f, KEY("status"));
    assert_int_equal(read_some(r, 0, data, sizeof data), sizeof data);
    assert_memory_equal(data, "Name:", 5);
    entry_reader_drop(r);
    files_close(&f);
}

static void files_read_access_time(void **state)
{
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
    struct found_list list = {0};
    struct stat after;
    struct files f;
    char data[20];
    (void)state;
    make_directory("sub");
    make_file("sub/file", "content");
    utimensat(AT_FDCWD, "sub/file", times, 0);
    utimensat(AT_FDCWD, "sub", times, 0);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    files_walk(&f, &list);
    struct entry_reader *r = reader(&f, KEY("sub\0file"));
    read_some(r, 0, data, sizeof data);
    entry_reader_drop(r);
    files_close(&f);
    assert_int_equal(stat("sub/file", &after), 0);
    assert_int_equal(after.st_atim.tv_sec, 1000);
    assert_int_equal(stat("sub", &after), 0);
    assert_int_equal(after.st_atim.tv_sec, 1000);
    found_clear(&list);
}

/* Extents as text: "d0+65536 h65536+..." */
static uint32_t add_extent(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    char *text = context;
    size_t used = strlen(text);
    snprintf(text + used, 500 - used, "%c%llu+%llu ", type == LAGAN_EXTENT_DATA ? 'd' : 'h',
             (unsigned long long)offset, (unsigned long long)length);
    return LAGAN_OK;
}

static void files_read_extents(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char text[500] = "", data[4096];
    struct lagan_extent_collector collector = {.context = text, .add = add_extent};
    (void)state;
    int fd = open("sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    memset(data, 'x', sizeof data);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(pwrite(fd, data, sizeof data, 1 << 18), sizeof data);
    if (lseek(fd, 0, SEEK_DATA) != 1 << 18)
        skip();
    close(fd);
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    struct entry_reader *r = reader(&f, KEY("sparse"));
    assert_success(entry_reader_extents(r, 0, 1 << 20, &collector, &e), e);
    assert_string_equal(text, "h0+262144 d262144+4096 h266240+782336 ");
    text[0] = 0;
    assert_success(entry_reader_extents(r, 262244, 100, &collector, &e), e);
    assert_string_equal(text, "d262244+100 ");
    text[0] = 0;
    assert_success(entry_reader_extents(r, 1000, 300000, &collector, &e), e);
    assert_string_equal(text, "h1000+261144 d262144+4096 h266240+34760 ");
    assert_int_equal(
        entry_reader_extents(r, UINT64_C(1) << 63, UINT64_C(1) << 63, &collector, &e), -1);
    assert_int_equal(e.error_class, LAGAN_INVALID);
    entry_reader_drop(r);
    files_close(&f);
}

static void expect_metadata(const char *key, size_t key_size, uint32_t type,
                            const char *expected)
{
    char text[METADATA_TEXT_SIZE];
    struct lagan_metadata_collector collector = metadata_collector(text);
    struct error e = ERROR_INIT;
    struct files f;
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    assert_success(source_metadata(f.source, key, key_size, type, &collector, &e), e);
    assert_string_equal(text, expected);
    files_close(&f);
}

static void files_read_attributes(void **state)
{
    (void)state;
    make_file("plain", "");
    make_file("file", "");
    make_directory("directory");
    if (setxattr("file", "user.b", "\0\377", 2, 0) != 0 && errno == EOPNOTSUPP)
        skip();
    assert_int_equal(setxattr("file", "user.\377", "", 0, 0), 0);
    assert_int_equal(setxattr("file", "user.a", "1", 1, 0), 0);
    assert_int_equal(setxattr("directory", "user.d", "d", 1, 0), 0);
    expect_metadata(KEY("plain"), LAGAN_ENTRY_FILE, "");
    expect_metadata(KEY("file"), LAGAN_ENTRY_FILE, "user.a=31;user.b=00ff;user.\377=;");
    expect_metadata(KEY("directory"), LAGAN_ENTRY_DIRECTORY, "user.d=64;");
}

static void files_read_root_attributes(void **state)
{
    static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
    (void)state;
    needs_root();
    make_file("file", "");
    assert_int_equal(symlink("file", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    if (setxattr("file", "trusted.t", "t", 1, 0) != 0 ||
        lsetxattr("link", "trusted.l", "l", 1, 0) != 0 ||
        setxattr("fifo", "trusted.f", "f", 1, 0) != 0 ||
        setxattr("file", "security.capability", capability, sizeof capability, 0) != 0)
        skip();
    expect_metadata(
        KEY("file"), LAGAN_ENTRY_FILE,
        "security.capability=0100000200200000000000000000000000000000;trusted.t=74;");
    expect_metadata(KEY("link"), LAGAN_ENTRY_SYMLINK, "trusted.l=6c;");
    expect_metadata(KEY("fifo"), LAGAN_ENTRY_FIFO, "trusted.f=66;");
}

/* More names and longer values than fit into the first buffers. */
static void files_read_many_attributes(void **state)
{
    char name[64], text[METADATA_TEXT_SIZE];
    struct lagan_metadata_collector collector = metadata_collector(text);
    struct error e = ERROR_INIT;
    struct files f;
    unsigned count = 0;
    (void)state;
    make_file("file", "");
    for (; count < 60; count++) {
        snprintf(name, sizeof name, "user.attribute.number.%u", count);
        if (setxattr("file", name, "", 0, 0) != 0)
            break;
    }
    if (count < 30)
        skip();
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    assert_success(source_metadata(f.source, KEY("file"), LAGAN_ENTRY_FILE, &collector, &e), e);
    files_close(&f);
    for (const char *at = text; (at = strchr(at, ';')) != NULL; at++)
        count--;
    assert_int_equal(count, 0);
}

static void files_read_flags(void **state)
{
    int flags = 0;
    (void)state;
    make_file("file", "");
    int fd = open("file", O_RDONLY | O_CLOEXEC);
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
        skip();
    flags |= FS_NODUMP_FL | FS_NOATIME_FL;
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags) != 0)
        skip();
    close(fd);
    expect_metadata(KEY("file"), LAGAN_ENTRY_FILE, "FLAGS=c0000000;");
}

/* The same without openat2: nothing is followed, and all is found. */
static void read_stepwise(void)
{
    char data[20];
    struct files f;
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_scratch);
    struct entry_reader *r = reader(&f, KEY("a\0b\0c\0file"));
    assert_int_equal(read_some(r, 0, data, sizeof data), 4);
    entry_reader_drop(r);
    files_close(&f);
    expect_class(KEY("a\0link\0c\0file"), LAGAN_CHANGED);
    expect_class(KEY("link\0c\0file"), LAGAN_CHANGED);
    expect_class(KEY("a\0link"), LAGAN_CHANGED);
    expect_class(KEY("a\0b\0nowhere\0file"), LAGAN_NOT_FOUND);
}

static void files_read_without_openat2(void **state)
{
    (void)state;
    make_directory("a");
    make_directory("a/b");
    make_directory("a/b/c");
    make_file("a/b/c/file", "here");
    assert_int_equal(symlink("b", "a/link"), 0);
    assert_int_equal(symlink("a/b", "link"), 0);
    run_apart(lose_openat2, read_stepwise);
    run_apart(NULL, read_stepwise);
}

int main(void)
{
#define READ_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        READ_TEST(files_read_content),         READ_TEST(files_read_changes),
        READ_TEST(files_read_replaced),        READ_TEST(files_read_other_types),
        READ_TEST(files_read_bad_keys),        READ_TEST(files_read_identity),
        READ_TEST(files_read_error),           READ_TEST(files_read_access_time),
        READ_TEST(files_read_extents),         READ_TEST(files_read_attributes),
        READ_TEST(files_read_root_attributes), READ_TEST(files_read_many_attributes),
        READ_TEST(files_read_flags),           READ_TEST(files_read_without_openat2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
