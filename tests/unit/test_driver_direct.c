/* SPDX-License-Identifier: Apache-2.0 */
/* test_driver_direct.c - long files written around the page cache hold what was given, wherever
 * the pieces begin and end, and an error of the disk is told. */
#include "common/direct.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILE_BYTES = (5 << 20) + 123 };

static uint8_t content[FILE_BYTES];

/* A file without a name, in the build folder's file system or in memory. */
static int open_file(const char *folder)
{
    char path[200];
    snprintf(path, sizeof path, "%s/lagan-direct.XXXXXX", folder);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    return fd;
}

/* Asks for the flag as others would: direct writes must be over when a stream has ended. */
static bool is_direct(int fd)
{
    return (fcntl(fd, F_GETFL) & O_DIRECT) != 0;
}

static void expect_content(int fd, const uint8_t *wanted, size_t size)
{
    uint8_t *found = malloc(size);
    assert_non_null(found);
    assert_int_equal(lseek(fd, 0, SEEK_END), (off_t)size);
    assert_int_equal(pread(fd, found, size, 0), (ssize_t)size);
    assert_memory_equal(found, wanted, size);
    free(found);
}

static size_t random_size(size_t most)
{
    return 1 + (size_t)random() % most;
}

/* NULL where the folder's file system knows no O_DIRECT; drivers write as usual then. */
static struct direct *begin(int fd)
{
    struct direct *d = direct_begin(fd, DIRECT_LEAST_BYTES);
    if (d == NULL)
        print_message("no O_DIRECT here\n");
    return d;
}

static void write_in_order(const char *folder)
{
    int fd = open_file(folder);
    struct direct *d = begin(fd);
    for (size_t at = 0; d && at < FILE_BYTES;) {
        size_t size = random_size(900000);
        if (size > FILE_BYTES - at)
            size = FILE_BYTES - at;
        assert_int_equal(direct_write(d, at, content + at, size), 0);
        at += size;
    }
    if (d) {
        assert_int_equal(direct_end(d), 0);
        assert_false(is_direct(fd));
        expect_content(fd, content, FILE_BYTES);
    }
    close(fd);
}

static void direct_writes_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        write_in_order(".");
        write_in_order("/dev/shm");
    }
}

/* Pieces with holes between them, aligned or not, and a wait now and then. */
static void direct_leaves_holes(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = open_file(".");
        uint8_t *wanted = calloc(1, FILE_BYTES);
        struct direct *d = begin(fd);
        size_t size = 0;
        assert_non_null(wanted);
        for (size_t at = 0; d && at < FILE_BYTES; at += random_size(70000)) {
            if (i % 2)
                at = at / 4096 * 4096;
            size = random_size(i % 4 < 2 ? 300000 : 9000);
            if (size > FILE_BYTES - at)
                size = FILE_BYTES - at;
            memcpy(wanted + at, content + at, size);
            assert_int_equal(direct_write(d, at, content + at, size), 0);
            if (random() % 8 == 0)
                assert_int_equal(direct_wait(d), 0);
            at += size;
            size = at;
        }
        assert_int_equal(direct_end(d), 0);
        if (d)
            expect_content(fd, wanted, size);
        free(wanted);
        close(fd);
    }
}

static void direct_tells_of_errors(void **state)
{
    struct rlimit before, small = {.rlim_cur = 3 << 20};
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    int fd = open_file(".");
    struct direct *d = begin(fd);
    if (d == NULL)
        skip();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int error = 0;
    for (size_t at = 0; at < FILE_BYTES && error == 0; at += 1000)
        error =
            direct_write(d, at, content + at, FILE_BYTES - at < 1000 ? FILE_BYTES - at : 1000);
    if (error != 0)
        assert_int_equal(direct_write(d, 0, content, 1000), error);
    int last = direct_end(d);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(last, EFBIG);
    assert_true(error == 0 || error == EFBIG);
    close(fd);
}

static void direct_drops(void **state)
{
    (void)state;
    int fd = open_file(".");
    struct direct *d = begin(fd);
    if (d == NULL)
        skip();
    assert_int_equal(direct_write(d, 0, content, 2 << 20), 0);
    direct_drop(d);
    direct_drop(NULL);
    assert_int_equal(direct_end(NULL), 0);
    assert_false(is_direct(fd));
    close(fd);
}

int main(void)
{
    for (size_t i = 0; i < FILE_BYTES; i++)
        content[i] = (uint8_t)random();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_writes_in_order),
        cmocka_unit_test(direct_leaves_holes),
        cmocka_unit_test(direct_tells_of_errors),
        cmocka_unit_test(direct_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
