/* SPDX-License-Identifier: Apache-2.0 */
/* key.c - reads and creates key files. */
#include "key_file/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "lagan-key-1 "

enum { CHECK_BYTES = 4 };
enum {
    CHECKED_SIZE = sizeof PREFIX - 1 + 2 * KEY_BYTES,
    LINE_SIZE = CHECKED_SIZE + 1 + 2 * CHECK_BYTES + 1
};

static uint32_t fail_errno(struct lagan_op *op, int number, const char *path)
{
    uint32_t error_class = LAGAN_IO;
    char reason[128];
    if (number == ENOENT || number == ENOTDIR)
        error_class = LAGAN_NOT_FOUND;
    else if (number == EACCES || number == EPERM || number == ELOOP)
        error_class = LAGAN_DENIED;
    else if (number == EEXIST)
        error_class = LAGAN_EXISTS;
    else if (number == ENOSPC || number == EDQUOT)
        error_class = LAGAN_NO_SPACE;
    else if (number == EROFS)
        error_class = LAGAN_IMMUTABLE;
    return lagan_fail(op, error_class, number, "key file %s: %s", path,
                      strerror_r(number, reason, sizeof reason));
}

static void write_hex(const uint8_t *data, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The check over the first CHECKED_SIZE characters of a line. */
static bool compute_check(const char *line, char check[2 * CHECK_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(line, CHECKED_SIZE, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    write_hex(digest, CHECK_BYTES, check);
    return true;
}

static bool parse_line(const char *line, size_t size, uint8_t key[KEY_BYTES])
{
    char check[2 * CHECK_BYTES];
    return size == LINE_SIZE && memcmp(line, PREFIX, sizeof PREFIX - 1) == 0 &&
           line[CHECKED_SIZE] == ' ' && line[LINE_SIZE - 1] == '\n' &&
           compute_check(line, check) &&
           memcmp(line + CHECKED_SIZE + 1, check, sizeof check) == 0 &&
           read_hex(line + sizeof PREFIX - 1, key, KEY_BYTES);
}

static uint32_t check_private(struct lagan_op *op, int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return fail_errno(op, errno, path);
    if (!S_ISREG(status.st_mode))
        return lagan_fail(op, LAGAN_DENIED, 0, "key file %s is refused: not a regular file",
                          path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return lagan_fail(op, LAGAN_DENIED, 0,
                          "key file %s is refused: it belongs to somebody else", path);
    if (status.st_mode & (S_IRWXG | S_IRWXO))
        return lagan_fail(
            op, LAGAN_DENIED, 0,
            "key file %s is refused: its mode is %04o, others could read the key; "
            "chmod 600 it",
            path, (unsigned)status.st_mode & 07777);
    return LAGAN_OK;
}

/* Reads at most `room` bytes; the count, or -1 with errno. */
static ssize_t read_whole(int fd, char *data, size_t room)
{
    size_t size = 0;
    while (size < room) {
        ssize_t got = read(fd, data + size, room - size);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        size += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)size;
}

uint32_t key_read(struct lagan_op *op, const char *path, uint8_t key[KEY_BYTES])
{
    char line[LINE_SIZE + 1];
    uint32_t result;
    ssize_t size;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(op, errno, path);
    result = check_private(op, fd, path);
    if (result == LAGAN_OK) {
        size = read_whole(fd, line, sizeof line);
        if (size < 0)
            result = fail_errno(op, errno, path);
        else if (!parse_line(line, (size_t)size, key))
            result = lagan_fail(op, LAGAN_CORRUPT, 0,
                                "key file %s does not hold a key, or a damaged one", path);
        OPENSSL_cleanse(line, sizeof line);
    }
    close(fd);
    return result;
}

static bool make_line(char line[LINE_SIZE])
{
    uint8_t key[KEY_BYTES];
    memcpy(line, PREFIX, sizeof PREFIX - 1);
    lagan_random(key, sizeof key);
    write_hex(key, sizeof key, line + sizeof PREFIX - 1);
    OPENSSL_cleanse(key, sizeof key);
    line[CHECKED_SIZE] = ' ';
    line[LINE_SIZE - 1] = '\n';
    return compute_check(line, line + CHECKED_SIZE + 1);
}

/* Writes and syncs the line; 0, or -1 with errno. */
static int write_line(int fd, const char *line)
{
    ssize_t written = write(fd, line, LINE_SIZE);
    if (written >= 0 && written != LINE_SIZE)
        errno = ENOSPC;
    return written == LINE_SIZE && fchmod(fd, 0600) == 0 && fsync(fd) == 0 ? 0 : -1;
}

/* A file without a name, so that nothing is left of it when this process ends before its time.
 */
static int create_nameless(int folder, const char *name, const char *line)
{
    char path[64];
    int result = -1;
    int saved;
    int fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write_line(fd, line) == 0)
        result = linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW);
    saved = errno;
    if (close(fd) < 0 && result == 0)
        return -1;
    errno = saved;
    return result;
}

/* The same for file systems that have no such files. */
static int create_renamed(int folder, const char *name, const char *line)
{
    char temporary[64];
    uint64_t number;
    int result = -1;
    int saved;
    lagan_random(&number, sizeof number);
    snprintf(temporary, sizeof temporary, ".lagan-key-%016llx", (unsigned long long)number);
    int fd =
        openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    if (write_line(fd, line) == 0)
        result = linkat(folder, temporary, folder, name, 0);
    saved = errno;
    if (close(fd) < 0 && result == 0) {
        result = -1;
        saved = errno;
    }
    unlinkat(folder, temporary, 0);
    errno = saved;
    return result;
}

/* The whole line first, then the name without replacing anything: whatever happens in between,
 * there is no half key. */
static int create_in(int folder, const char *name)
{
    char line[LINE_SIZE];
    int result = -1;
    int saved;
    errno = EIO;
    if (make_line(line)) {
        result = create_nameless(folder, name, line);
        if (result < 0 &&
            (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT))
            result = create_renamed(folder, name, line);
    }
    saved = errno;
    OPENSSL_cleanse(line, sizeof line);
    errno = saved;
    return result == 0 ? fsync(folder) : -1;
}

uint32_t key_create(struct lagan_op *op, const char *path)
{
    char *for_folder = strdup(path);
    char *for_name = strdup(path);
    uint32_t result = LAGAN_OK;
    int folder = -1;
    if (!for_folder || !for_name) {
        result = lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
    } else {
        folder = open(dirname(for_folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0 || create_in(folder, basename(for_name)) < 0)
            result = fail_errno(op, errno, path);
    }
    if (folder >= 0)
        close(folder);
    free(for_folder);
    free(for_name);
    return result;
}
