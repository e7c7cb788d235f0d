/* SPDX-License-Identifier: Apache-2.0 */
/* test_files_restore.c - src_files writes entries back: whole, with all attributes, or not at
 * all. Attacks are in test_files_escape.c. */
#include "restore_fixture.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct lagan_metadata attribute(const char *name, const void *value, size_t size)
{
    return (struct lagan_metadata){.kind = LAGAN_METADATA_XATTR,
                                   .name = name,
                                   .name_size = (uint32_t)strlen(name),
                                   .value = value,
                                   .value_size = size};
}

static void restore_place(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    (void)state;
    restore_open(&f, "made");
    files_close(&f);
    assert_int_equal(mode_of("made"), 0700);
    assert_int_equal(files_try_open(&f, LAGAN_OPEN_RESTORE, files_path("no/where"), &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "no/where: No such file or directory");
    make_file("file", "");
    assert_int_equal(files_try_open(&f, LAGAN_OPEN_RESTORE, files_path("file"), &e), -1);
    assert_error(e, LAGAN_INVALID, "it is no directory");
    /* A handle for reading refuses to write. */
    files_open_path(&f, LAGAN_OPEN_READ_ONLY, files_path("made"));
    restore_text_refused(&f, KEY("file"), 0, LAGAN_INVALID);
    files_close(&f);
}

static void restore_tree(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat found;
    struct lagan_entry entry;
    char target[20] = "";
    (void)state;
    restore_open(&f, "to");
    restore_directory(&f, KEY(""));
    restore_directory(&f, KEY("sub"));
    assert_int_equal(mode_of("to/sub"), 0700);
    restore_text(&f, KEY("sub\0file"), 0, "content");
    entry = restore_entry(LAGAN_ENTRY_SYMLINK, KEY("sub\0link"));
    entry.link = "../any\377where";
    entry.link_size = 12;
    assert_success(restore_node(&f, &entry, 0, &e), e);
    entry = restore_entry(LAGAN_ENTRY_FIFO, KEY("sub\0fifo"));
    entry.mode = 0622;
    assert_success(restore_node(&f, &entry, 0, &e), e);
    entry = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("sub"));
    entry.mode = 02750;
    assert_success(source_directory_finish(f.source, &entry, 0, NULL, 0, NULL, &e), e);
    files_close(&f);
    assert_text("to/sub/file", "content");
    assert_int_equal(stat("to/sub/file", &found), 0);
    assert_int_equal(found.st_mode, S_IFREG | 0644);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    assert_int_equal(found.st_mtim.tv_nsec, 123456789);
    assert_int_equal(readlink("to/sub/link", target, sizeof target), 12);
    assert_memory_equal(target, "../any\377where", 12);
    assert_int_equal(lstat("to/sub/link", &found), 0);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    assert_int_equal(lstat("to/sub/fifo", &found), 0);
    assert_int_equal(found.st_mode, S_IFIFO | 0622);
    assert_int_equal(found.st_mtim.tv_nsec, 123456789);
    assert_int_equal(stat("to/sub", &found), 0);
    assert_int_equal(found.st_mode, S_IFDIR | 02750);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    assert_int_equal(fixture_count_entries("to"), 4);
}

/* The owner wins over the creator, also of links, and setuid comes with it. */
static void restore_owners(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE];
    struct stat found;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    (void)state;
    needs_root();
    restore_open(&f, "to");
    entry.user = 12345;
    entry.group = 2147483648u;
    entry.mode = 06755;
    assert_success(restore_file(&f, &entry, 0, "x", &e), e);
    entry = restore_entry(LAGAN_ENTRY_FILE, KEY("named"));
    entry.user = 12345;
    entry.user_name = "daemon"; /* known here, so the number does not count */
    entry.group_name = "no such group";
    entry.group = 77;
    assert_success(restore_file(&f, &entry, 0, "x", &e), e);
    entry.key = "numbe";
    assert_success(restore_file(&f, &entry, LAGAN_CREATE_NUMERIC_OWNERS, "x", &e), e);
    entry.key = "noone";
    entry.mode = 04755;
    assert_success(
        restore_file_with(&f, &entry, LAGAN_CREATE_NO_OWNERS, "x", NULL, 0, lost, &e), e);
    assert_string_equal(lost, "lost:mode;");
    /* Without owners to be set: where ours are the right ones, the bits stay. */
    entry.key = "owned";
    entry.user_name = entry.group_name = NULL;
    entry.user = geteuid();
    entry.group = getegid();
    entry.mode = 06755;
    assert_success(restore_file(&f, &entry, LAGAN_CREATE_NO_OWNERS, "x", &e), e);
    entry = restore_entry(LAGAN_ENTRY_SYMLINK, KEY("link"));
    entry.link = "file";
    entry.link_size = 4;
    entry.user = 999;
    assert_success(restore_node(&f, &entry, 0, &e), e);
    files_close(&f);
    assert_int_equal(stat("to/file", &found), 0);
    assert_int_equal(found.st_uid, 12345);
    assert_int_equal(found.st_gid, 2147483648u);
    assert_int_equal(found.st_mode, S_IFREG | 06755);
    assert_int_equal(stat("to/named", &found), 0);
    assert_int_equal(found.st_uid, 1);
    assert_int_equal(found.st_gid, 77);
    assert_int_equal(stat("to/numbe", &found), 0);
    assert_int_equal(found.st_uid, 12345);
    assert_int_equal(stat("to/owned", &found), 0);
    assert_int_equal(found.st_mode, S_IFREG | 06755);
    assert_int_equal(stat("to/noone", &found), 0);
    assert_int_equal(found.st_uid, 0);
    assert_int_equal(found.st_mode, S_IFREG | 0755);
    assert_int_equal(lstat("to/link", &found), 0);
    assert_int_equal(found.st_uid, 999);
}

static void restore_devices(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat found;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_CHARACTER, KEY("device"));
    (void)state;
    needs_root();
    restore_open(&f, "to");
    entry.present |= LAGAN_HAS_DEVICE;
    entry.device_major = 300;
    entry.device_minor = 70000;
    entry.mode = 0660;
    assert_success(restore_node(&f, &entry, 0, &e), e);
    assert_int_equal(stat("to/device", &found), 0);
    assert_int_equal(found.st_mode, S_IFCHR | 0660);
    assert_int_equal(found.st_rdev, makedev(300, 70000));
    files_close(&f);
}

/* Content in any order, holes, a range that becomes a hole, and a length of its own. */
static void restore_sparse(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat found;
    char data[65536], back[10];
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("sparse"));
    (void)state;
    memset(data, 'x', sizeof data);
    entry.bytes = 10 << 20;
    restore_open(&f, "to");
    struct entry_writer *w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(entry_writer_write(w, 5 << 20, data, sizeof data, &e), e);
    assert_success(entry_writer_write(w, 0, data, sizeof data, &e), e);
    assert_success(entry_writer_zero(w, 0, 32768, &e), e);
    assert_success(entry_writer_zero(w, 6 << 20, 4 << 20, &e), e);
    assert_success(entry_writer_write(w, 100, "again", 5, &e), e);
    assert_success(entry_writer_commit(w, NULL, 0, NULL, &e), e);
    files_close(&f);
    assert_int_equal(stat("to/sparse", &found), 0);
    assert_int_equal(found.st_size, 10 << 20);
    assert_true(found.st_blocks * 512 <= 3 * 65536);
    int fd = open("to/sparse", O_RDONLY);
    assert_int_equal(pread(fd, back, 10, 98), 10);
    assert_memory_equal(back, "\0\0again\0\0\0", 10);
    assert_int_equal(pread(fd, back, 10, 32763), 10);
    assert_memory_equal(back, "\0\0\0\0\0xxxxx", 10);
    assert_int_equal(pread(fd, back, 10, (5 << 20) + 65531), 10);
    assert_memory_equal(back, "xxxxx\0\0\0\0\0", 10);
    close(fd);
}

/* Shorter than what was written: the length of the entry wins. */
static void restore_length(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    (void)state;
    entry.bytes = 4;
    restore_open(&f, "to");
    struct entry_writer *w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(entry_writer_write(w, 0, "too long", 8, &e), e);
    assert_success(entry_writer_commit(w, NULL, 0, NULL, &e), e);
    assert_text("to/file", "too ");
    entry.key = "huge";
    entry.bytes = UINT64_C(1) << 63;
    assert_null(source_entry_create(f.source, &entry, 0, &e));
    assert_error(e, LAGAN_LIMIT, "");
    entry.bytes = INT64_MAX;
    w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_int_equal(entry_writer_write(w, UINT64_MAX - 2, "x", 1, &e), -1);
    assert_error(e, LAGAN_LIMIT, "");
    assert_int_equal(entry_writer_zero(w, 5, UINT64_MAX, &e), -1);
    entry_writer_abort(w);
    files_close(&f);
    assert_int_equal(fixture_count_entries("to"), 1);
}

static void abort_both_ways(void)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    restore_open(&f, "to");
    struct entry_writer *w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    assert_success(entry_writer_write(w, 0, "partial", 7, &e), e);
    assert_false(exists("to/file"));
    entry_writer_abort(w);
    assert_int_equal(fixture_count_entries("to"), 0);
    /* Somebody takes the name meanwhile. */
    w = source_entry_create(f.source, &entry, 0, &e);
    assert_success(w ? 0 : -1, e);
    make_file("to/file", "theirs");
    assert_int_equal(entry_writer_commit(w, NULL, 0, NULL, &e), -1);
    assert_error(e, LAGAN_EXISTS, "there already");
    assert_text("to/file", "theirs");
    assert_int_equal(fixture_count_entries("to"), 1);
    assert_int_equal(unlink("to/file"), 0);
    files_close(&f);
}

static void restore_abort(void **state)
{
    (void)state;
    abort_both_ways();
    run_apart(lose_nameless, abort_both_ways);
}

static void replace_all_kinds(void)
{
    struct files f;
    restore_open(&f, "to");
    make_file("outside", "untouched");
    make_file("to/file", "old");
    assert_int_equal(link("to/file", "other name"), 0);
    assert_int_equal(symlink("../outside", "to/link"), 0);
    assert_int_equal(mkfifo("to/fifo", 0600), 0);
    make_directory("to/empty");
    make_directory("to/full");
    make_file("to/full/file", "");
    restore_text_refused(&f, KEY("file"), 0, LAGAN_EXISTS);
    restore_text_refused(&f, KEY("link"), 0, LAGAN_EXISTS);
    restore_text_refused(&f, KEY("fifo"), 0, LAGAN_EXISTS);
    restore_text_refused(&f, KEY("empty"), 0, LAGAN_EXISTS);
    restore_text(&f, KEY("file"), LAGAN_CREATE_REPLACE, "new");
    restore_text(&f, KEY("link"), LAGAN_CREATE_REPLACE, "new");
    restore_text(&f, KEY("fifo"), LAGAN_CREATE_REPLACE, "new");
    restore_text(&f, KEY("empty"), LAGAN_CREATE_REPLACE, "new");
    restore_text_refused(&f, KEY("full"), LAGAN_CREATE_REPLACE, LAGAN_EXISTS);
    files_close(&f);
    assert_text("to/file", "new");
    assert_text("to/link", "new");
    assert_text("to/fifo", "new");
    assert_text("to/empty", "new");
    assert_text("other name", "old");
    assert_text("outside", "untouched");
    assert_int_equal(fixture_count_entries("to"), 6);
    assert_int_equal(system("rm -rf to outside 'other name'"), 0);
}

static void restore_conflicts(void **state)
{
    (void)state;
    replace_all_kinds();
    run_apart(lose_nameless, replace_all_kinds);
}

static void restore_node_conflicts(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_SYMLINK, KEY("file"));
    struct lagan_entry directory = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("file"));
    (void)state;
    restore_open(&f, "to");
    make_file("to/file", "old");
    make_directory("to/full");
    make_file("to/full/file", "old");
    entry.link = "elsewhere";
    entry.link_size = 9;
    assert_int_equal(restore_node(&f, &entry, 0, &e), -1);
    assert_error(e, LAGAN_EXISTS, "");
    assert_int_equal(restore_node(&f, &directory, 0, &e), -1);
    assert_error(e, LAGAN_EXISTS, "");
    assert_text("to/file", "old");
    assert_success(restore_node(&f, &entry, LAGAN_CREATE_REPLACE, &e), e);
    assert_success(restore_node(&f, &directory, LAGAN_CREATE_REPLACE, &e), e);
    entry.key = "full";
    assert_int_equal(restore_node(&f, &entry, LAGAN_CREATE_REPLACE, &e), -1);
    assert_error(e, LAGAN_EXISTS, "not empty");
    directory.key = "full"; /* a directory that is there is fine */
    assert_success(restore_node(&f, &directory, 0, &e), e);
    assert_text("to/full/file", "old");
    entry.link = "a\0b";
    entry.link_size = 3;
    entry.key = "newl";
    assert_int_equal(restore_node(&f, &entry, 0, &e), -1);
    assert_error(e, LAGAN_INVALID, "");
    files_close(&f);
    assert_int_equal(fixture_count_entries("to"), 3);
}

static void restore_metadata(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE], value[10];
    int flags = 0;
    static const unsigned char nodump[4] = {FS_NODUMP_FL};
    struct lagan_metadata pieces[] = {
        attribute("user.a", "1\0002", 3),
        attribute("user.\377", "", 0),
        attribute("nonsense.attribute", "x", 1),
        {.kind = LAGAN_METADATA_FLAGS, .name = "", .value = nodump, .value_size = 4},
        {.kind = LAGAN_METADATA_PROPERTY, .name = "content-type", .name_size = 12},
    };
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    (void)state;
    restore_open(&f, "to");
    entry.mode = 0444;
    assert_success(restore_file_with(&f, &entry, 0, "x", pieces, 5, lost, &e), e);
    files_close(&f);
    if (strstr(lost, "lost:user.a;"))
        skip();
    assert_string_equal(lost, "lost:nonsense.attribute;lost:content-type;");
    assert_int_equal(getxattr("to/file", "user.a", value, sizeof value), 3);
    assert_memory_equal(value, "1\0002", 3);
    assert_int_equal(getxattr("to/file", "user.\377", value, sizeof value), 0);
    int fd = open("to/file", O_RDONLY);
    assert_int_equal(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
    assert_int_equal(flags & FS_NODUMP_FL, FS_NODUMP_FL);
    close(fd);
    assert_int_equal(mode_of("to/file"), 0444);
}

/* Access lists of the place are not those of the backup. */
static void restore_inherited_lists(void **state)
{
    static const unsigned char list[] = {
        2, 0,    0,    0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,  7,
        0, 0x39, 0x30, 0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16, 0,
        7, 0,    255,  255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE];
    struct lagan_metadata piece = attribute("system.posix_acl_access", list, sizeof list);
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("with"));
    struct lagan_entry directory = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("sub"));
    (void)state;
    make_directory("to");
    if (setxattr("to", "system.posix_acl_default", list, sizeof list, 0) != 0)
        skip();
    restore_open(&f, "to");
    restore_text(&f, KEY("file"), 0, "x");
    entry.mode = 0770;
    assert_success(restore_file_with(&f, &entry, 0, "x", &piece, 1, lost, &e), e);
    assert_string_equal(lost, "");
    restore_directory(&f, KEY("sub"));
    assert_success(source_directory_finish(f.source, &directory, 0, NULL, 0, NULL, &e), e);
    files_close(&f);
    assert_int_equal(getxattr("to/file", "system.posix_acl_access", NULL, 0), -1);
    assert_int_equal(getxattr("to/with", "system.posix_acl_access", NULL, 0), sizeof list);
    assert_int_equal(getxattr("to/sub", "system.posix_acl_access", NULL, 0), -1);
    assert_int_equal(getxattr("to/sub", "system.posix_acl_default", NULL, 0), -1);
    assert_int_equal(mode_of("to/file"), 0644);
    assert_int_equal(mode_of("to/with"), 0770);
    assert_int_equal(mode_of("to/sub"), 0755);
}

static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};

static void restore_unprivileged(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE];
    struct lagan_metadata_collector collector = metadata_collector(lost);
    struct lagan_metadata pieces[] = {
        attribute("security.capability", capability, sizeof capability),
        attribute("trusted.overlay.redirect", "/etc", 4)};
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    struct lagan_entry device = restore_entry(LAGAN_ENTRY_BLOCK, KEY("device"));
    (void)state;
    restore_open(&f, "to");
    entry.mode = 07755;
    assert_success(
        restore_file_with(&f, &entry, LAGAN_CREATE_UNPRIVILEGED, "x", pieces, 2, lost, &e), e);
    assert_string_equal(lost, "");
    device.present |= LAGAN_HAS_DEVICE;
    device.device_major = 1;
    device.device_minor = 1;
    assert_success(source_node_create(f.source, &device, LAGAN_CREATE_UNPRIVILEGED, NULL, 0,
                                      &collector, &e),
                   e);
    assert_string_equal(lost, "lost:device;");
    files_close(&f);
    assert_int_equal(mode_of("to/file"), 01755);
    assert_int_equal(getxattr("to/file", "security.capability", NULL, 0), -1);
    assert_int_equal(getxattr("to/file", "trusted.overlay.redirect", NULL, 0), -1);
    assert_false(exists("to/device"));
}

static void restore_capability(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE], value[20];
    struct lagan_metadata piece =
        attribute("security.capability", capability, sizeof capability);
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    (void)state;
    needs_root();
    restore_open(&f, "to");
    entry.user = 12345; /* a later change of owner would take it away */
    assert_success(restore_file_with(&f, &entry, 0, "x", &piece, 1, lost, &e), e);
    files_close(&f);
    if (lost[0])
        skip();
    assert_int_equal(getxattr("to/file", "security.capability", value, sizeof value), 20);
    assert_memory_equal(value, capability, sizeof capability);
}

/* Other users get all but what they may not have. */
static void restore_as_nobody(void)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat found;
    char lost[METADATA_TEXT_SIZE];
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("file"));
    struct lagan_entry directory = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("locked"));
    if (geteuid() == 0)
        _exit(77);
    entry.user = 0;
    entry.group = 0;
    entry.mode = 06755;
    restore_open(&f, "open/to");
    assert_success(restore_file_with(&f, &entry, 0, "x", NULL, 0, lost, &e), e);
    assert_string_equal(lost, "lost:owner and group;lost:mode;");
    assert_int_equal(stat("open/to/file", &found), 0);
    assert_int_equal(found.st_uid, geteuid());
    assert_int_equal(found.st_mode, S_IFREG | 0755);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    /* Directories of an earlier attempt let us in again. */
    assert_int_equal(mkdir("open/to/locked", 0500), 0);
    assert_success(restore_node(&f, &directory, 0, &e), e);
    restore_text(&f, KEY("locked\0file"), 0, "x");
    directory.mode = 0100;
    assert_success(source_directory_finish(f.source, &directory, 0, NULL, 0, NULL, &e), e);
    assert_int_equal(mode_of("open/to/locked"), 0100);
    /* And those that we cannot read can be finished. */
    directory.mode = 0711;
    assert_success(source_directory_finish(f.source, &directory, 0, NULL, 0, NULL, &e), e);
    assert_int_equal(mode_of("open/to/locked"), 0711);
    files_close(&f);
}

static void restore_without_rights(void **state)
{
    (void)state;
    make_directory("open");
    assert_int_equal(chmod("open", 0777), 0);
    run_apart(become_nobody, restore_as_nobody);
}

static void restore_links(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct stat one, two;
    (void)state;
    restore_open(&f, "to");
    restore_directory(&f, KEY("sub"));
    restore_text(&f, KEY("first"), 0, "content");
    make_file("to/sub/taken", "old");
    assert_success(source_link_create(f.source, KEY("sub\0second"), KEY("first"), 0, &e), e);
    assert_int_equal(source_link_create(f.source, KEY("sub\0taken"), KEY("first"), 0, &e), -1);
    assert_error(e, LAGAN_EXISTS, "");
    assert_text("to/sub/taken", "old");
    for (int again = 0; again < 2; again++)
        assert_success(source_link_create(f.source, KEY("sub\0taken"), KEY("first"),
                                          LAGAN_CREATE_REPLACE, &e),
                       e);
    assert_int_equal(source_link_create(f.source, KEY("x"), KEY("nothing"), 0, &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "");
    assert_int_equal(source_link_create(f.source, KEY("x"), KEY("sub"), 0, &e), -1);
    files_close(&f);
    assert_int_equal(stat("to/first", &one), 0);
    assert_int_equal(stat("to/sub/taken", &two), 0);
    assert_int_equal(one.st_ino, two.st_ino);
    assert_int_equal(one.st_nlink, 3);
    assert_int_equal(fixture_count_entries("to"), 4);
}

static int clear_flags(const char *path)
{
    int flags = 0;
    int fd = open(path, O_RDONLY);
    int result = ioctl(fd, FS_IOC_SETFLAGS, &flags);
    close(fd);
    return result;
}

/* Immutable and append-only come last, or nothing else could be set. */
static void restore_locked(void **state)
{
    static const unsigned char immutable[4] = {FS_IMMUTABLE_FL | FS_NODUMP_FL};
    struct error e = ERROR_INIT;
    struct files f;
    char lost[METADATA_TEXT_SIZE];
    struct lagan_metadata piece = {
        .kind = LAGAN_METADATA_FLAGS, .name = "", .value = immutable, .value_size = 4};
    struct lagan_metadata_collector collector = metadata_collector(lost);
    struct lagan_entry entry = restore_entry(LAGAN_ENTRY_FILE, KEY("sub\0file"));
    struct lagan_entry directory = restore_entry(LAGAN_ENTRY_DIRECTORY, KEY("sub"));
    struct stat found;
    (void)state;
    needs_root();
    restore_open(&f, "to");
    restore_directory(&f, KEY("sub"));
    assert_success(restore_file_with(&f, &entry, LAGAN_CREATE_SYNC, "x", &piece, 1, lost, &e),
                   e);
    assert_success(source_directory_finish(f.source, &directory, 0, &piece, 1, &collector, &e),
                   e);
    files_close(&f);
    if (lost[0])
        skip();
    assert_int_not_equal(unlink("to/sub/file"), 0);
    assert_int_equal(stat("to/sub/file", &found), 0);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    assert_int_equal(stat("to/sub", &found), 0);
    assert_int_equal(found.st_mtim.tv_sec, 1234567890);
    assert_int_equal(clear_flags("to/sub"), 0);
    assert_int_equal(clear_flags("to/sub/file"), 0);
}

static void restore_stat(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    (void)state;
    restore_open(&f, "to");
    restore_text(&f, KEY("file"), 0, "content");
    assert_int_equal(symlink("target", "to/link"), 0);
    assert_success(source_entry_stat(f.source, KEY("file"), &collector, &e), e);
    assert_success(source_entry_stat(f.source, KEY("link"), &collector, &e), e);
    assert_success(source_entry_stat(f.source, KEY(""), &collector, &e), e);
    assert_int_equal(source_entry_stat(f.source, KEY("gone"), &collector, &e), -1);
    assert_error(e, LAGAN_NOT_FOUND, "");
    files_close(&f);
    assert_int_equal(list.entries[0].entry.bytes, 7);
    assert_int_equal(list.entries[0].entry.mtime_s, 1234567890);
    assert_string_equal(list.entries[1].link, "target");
    assert_int_equal(list.entries[2].entry.type, LAGAN_ENTRY_DIRECTORY);
    found_clear(&list);
}

static void restore_flags(void **state)
{
    struct files f;
    (void)state;
    restore_open(&f, "to");
    restore_text_refused(&f, KEY("file"), 1 << 20, LAGAN_UNSUPPORTED);
    restore_text(&f, KEY("file"), (UINT64_C(1) << 40) | LAGAN_CREATE_SYNC, "x");
    files_close(&f);
    assert_text("to/file", "x");
}

enum { LEVELS = 2000, NAME_BYTES = 49, STEP = NAME_BYTES + 1 };

/* A path of 100,000 bytes, made, filled and finished. */
static void restore_deep(void **state)
{
    struct error e = ERROR_INIT;
    struct files f;
    struct found_list list = {0};
    struct lagan_entry_collector collector = found_collector(&list);
    char *key = malloc(LEVELS * STEP + 10);
    (void)state;
    memset(key, 'd', LEVELS * STEP);
    for (size_t level = 1; level <= LEVELS; level++)
        key[level * STEP - 1] = 0;
    memcpy(key + LEVELS * STEP, "file", 4);
    restore_open(&f, "to");
    for (size_t level = 1; level <= LEVELS; level++)
        restore_directory(&f, key, level * STEP - 1);
    restore_text(&f, key, LEVELS * STEP + 4, 0, "content");
    assert_success(source_entry_stat(f.source, key, LEVELS * STEP + 4, &collector, &e), e);
    assert_int_equal(list.entries[0].entry.bytes, 7);
    for (size_t level = LEVELS; level > 0; level--) {
        struct lagan_entry entry = restore_entry(LAGAN_ENTRY_DIRECTORY, key, level * STEP - 1);
        assert_success(source_directory_finish(f.source, &entry, 0, NULL, 0, NULL, &e), e);
    }
    files_close(&f);
    found_clear(&list);
    free(key);
}

int main(void)
{
#define RESTORE_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)
    const struct CMUnitTest tests[] = {
        RESTORE_TEST(restore_place),
        RESTORE_TEST(restore_tree),
        RESTORE_TEST(restore_owners),
        RESTORE_TEST(restore_devices),
        RESTORE_TEST(restore_sparse),
        RESTORE_TEST(restore_length),
        RESTORE_TEST(restore_abort),
        RESTORE_TEST(restore_conflicts),
        RESTORE_TEST(restore_node_conflicts),
        RESTORE_TEST(restore_metadata),
        RESTORE_TEST(restore_inherited_lists),
        RESTORE_TEST(restore_unprivileged),
        RESTORE_TEST(restore_capability),
        RESTORE_TEST(restore_without_rights),
        RESTORE_TEST(restore_links),
        RESTORE_TEST(restore_locked),
        RESTORE_TEST(restore_stat),
        RESTORE_TEST(restore_flags),
        cmocka_unit_test_setup_teardown(restore_deep, files_setup_in_memory, files_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
