/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.c - copies of small objects as files NAME.HASH.  A copy is believed when its bytes have
 * the hash in its name: it was stored there after the original had been checked, and the folder
 * is ours. Nothing is made durable: what a crash tears does not have its hash and is read
 * again.
 */
#include "vault/cache.h"
#include "base/file.h"
#include "base/log.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CACHE_MAGIC = 0x43414348, HASH_TEXT = 64, FILE_NAME_SIZE = 256 };
#define UNFINISHED ".tmp-"

struct cache {
    uint32_t magic;
    int folder;
    char **files; /* names when the cache was opened, ascending */
    size_t count;
};

static int compare_files(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int remember(struct cache *c, const char *file)
{
    char **grown;

    if ((c->count & (c->count + 1)) == 0) {
        grown = realloc(c->files, (2 * c->count + 2) * sizeof(*grown));
        if (grown == NULL)
            return -1;
        c->files = grown;
    }
    c->files[c->count] = strdup(file);
    if (c->files[c->count] == NULL)
        return -1;
    c->count++;
    return 0;
}

/* Reads the folder's names; what dead processes left unfinished goes. */
static int scan(struct cache *c)
{
    int copy = fcntl(c->folder, F_DUPFD_CLOEXEC, 3);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    int result = 0;

    if (d == NULL) {
        file_close(&copy);
        return -1;
    }
    while (result == 0 && (entry = readdir(d)) != NULL) {
        if (strncmp(entry->d_name, UNFINISHED, sizeof(UNFINISHED) - 1) == 0)
            unlinkat(c->folder, entry->d_name, 0);
        else if (strlen(entry->d_name) > HASH_TEXT + 1)
            result = remember(c, entry->d_name);
    }
    closedir(d);
    if (c->count > 0)
        qsort(c->files, c->count, sizeof(*c->files), compare_files);
    return result;
}

static int open_folder(const char *directory, const char *folder, struct error *e)
{
    CLEANUP_BUFFER struct buffer path = BUFFER_INIT;
    int fd;

    buffer_append_format(&path, "%s/%s", directory, folder);
    buffer_append_u8(&path, 0);
    if (buffer_check(&path, e) != 0)
        return -1;
    if (file_make_directories((char *)path.data, 0700, e) != 0)
        return -1;
    fd = open((char *)path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : error_errno(e, errno, "cache folder %s", (char *)path.data);
}

struct cache *cache_open(const char *directory, const char *folder)
{
    struct error e = ERROR_INIT;
    struct cache *c;

    if (directory == NULL)
        return NULL;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->magic = CACHE_MAGIC;
    c->folder = open_folder(directory, folder, &e);
    if (c->folder < 0) {
        log_write(LOG_WARNING, "vault", "working without a cache: %s", e.text);
        free(c);
        return NULL;
    }
    if (scan(c) != 0) {
        cache_close(c);
        return NULL;
    }
    return c;
}

void cache_close(struct cache *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CACHE_MAGIC);
    for (size_t i = 0; i < c->count; i++)
        free(c->files[i]);
    free(c->files);
    file_close(&c->folder);
    c->magic = 0;
    free(c);
}

/* The first file that does not sort before `name`. */
static size_t lower_bound(const struct cache *c, const char *name)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(c->files[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The file that holds the copy of `name`, or NULL. */
static const char *find(const struct cache *c, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = lower_bound(c, name); i < c->count; i++) {
        const char *file = c->files[i];

        if (strncmp(file, name, size) != 0)
            break;
        if (file[size] == '.' && strlen(file) == size + 1 + HASH_TEXT)
            return file;
    }
    return NULL;
}

static bool read_exactly(int fd, struct buffer *out, uint64_t bytes)
{
    uint8_t *room = bytes < SIZE_MAX - 1 ? buffer_reserve(out, (size_t)bytes + 1) : NULL;
    struct error e = ERROR_INIT;
    size_t got = 0;

    return room != NULL &&
           file_read_at(fd, 0, room, (size_t)bytes + 1, &got, "cache", &e) == 0 && got == bytes;
}

bool cache_get(struct cache *c, const char *name, uint64_t bytes, struct buffer *out,
               uint8_t hash[32])
{
    const char *file = c != NULL ? find(c, name) : NULL;
    uint8_t expected[32], found[32];
    CLEANUP_FD int fd = -1;

    if (file == NULL || text_unhex(file + strlen(name) + 1, expected, 32) != 0)
        return false;
    fd = openat(c->folder, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !read_exactly(fd, out, bytes))
        return false;
    hash_sha256(out->data + out->size, (size_t)bytes, found);
    if (memcmp(found, expected, 32) != 0)
        return false;
    out->size += (size_t)bytes;
    memcpy(hash, found, 32);
    return true;
}

void cache_put(struct cache *c, const char *name, const void *data, size_t size,
               const uint8_t hash[32])
{
    static atomic_uint number;
    char temporary[64], digits[HASH_TEXT + 1], file[FILE_NAME_SIZE];
    struct error e = ERROR_INIT;
    CLEANUP_FD int fd = -1;

    if (c == NULL)
        return;
    snprintf(temporary, sizeof(temporary), UNFINISHED "%ld-%u", (long)getpid(),
             atomic_fetch_add(&number, 1));
    text_hex(hash, 32, digits);
    snprintf(file, sizeof(file), "%.180s.%s", name, digits);
    fd = openat(c->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    if (file_write_all(fd, data, size, temporary, &e) != 0 ||
        renameat(c->folder, temporary, c->folder, file) != 0)
        unlinkat(c->folder, temporary, 0);
}

void cache_drop(struct cache *c, const char *name)
{
    const char *file = c != NULL ? find(c, name) : NULL;

    if (file != NULL)
        unlinkat(c->folder, file, 0);
}

void cache_list(struct cache *c, void (*each)(void *context, const char *name), void *context)
{
    char name[FILE_NAME_SIZE];

    for (size_t i = 0; c != NULL && i < c->count; i++) {
        size_t size = strlen(c->files[i]) - HASH_TEXT - 1;

        if (size < sizeof(name) && c->files[i][size] == '.') {
            memcpy(name, c->files[i], size);
            name[size] = '\0';
            each(context, name);
        }
    }
}
