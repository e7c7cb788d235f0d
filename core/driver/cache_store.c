/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache_store.c - see cache_store.h.
 *
 * A copy's file is named by the hash of the store's identity and the key.  It holds MAGIC, the
 * length (u64), the SHA-256 of name and bytes, and the bytes.
 */
#include "driver/cache_store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/object.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[8] = "lagancp1";
enum { NAME_SIZE = 2 * HASH_SIZE + 1, HEAD_BYTES = sizeof MAGIC + 8 + HASH_SIZE };
#define TEMPORARY_START "new-"
enum { TEMPORARY_SECONDS = 3600 }; /* after that its writer is dead */

struct cache_store {
    uint32_t magic; /* CACHE_MAGIC */
    int folder;
    char *path;
    char *identity;
    uint64_t bound;
    pthread_mutex_t lock;
    uint64_t bytes; /* of all copies, as far as is known */
    bool warned;
};

enum { CACHE_MAGIC = 0x63616368 };

static void name_of(const struct cache_store *s, const char *key, char name[NAME_SIZE])
{
    uint8_t digest[HASH_SIZE];
    struct hash h;
    hash_begin(&h);
    hash_update(&h, s->identity, strlen(s->identity) + 1);
    hash_update(&h, key, strlen(key));
    hash_finish(&h, digest);
    text_hex(digest, sizeof digest, name);
}

static void head_of(const char *name, const void *data, size_t size, uint8_t head[HEAD_BYTES])
{
    struct hash h;
    memcpy(head, MAGIC, sizeof MAGIC);
    store_u64(head + sizeof MAGIC, size);
    hash_begin(&h);
    hash_update(&h, name, NAME_SIZE);
    hash_update(&h, data, size);
    hash_finish(&h, head + sizeof MAGIC + 8);
}

/* What was found in the folder. */
struct copy {
    char name[NAME_SIZE];
    uint64_t bytes;
    int64_t used_ns;
};

struct copies {
    struct copy *items;
    size_t count, room;
    uint64_t bytes;
};

static bool add_copy(struct copies *all, const char *name, const struct stat *status)
{
    if (all->count == all->room) {
        size_t room = all->room ? all->room * 2 : 256;
        struct copy *grown = realloc(all->items, room * sizeof *grown);
        if (!grown)
            return false;
        all->items = grown;
        all->room = room;
    }
    struct copy *c = &all->items[all->count++];
    memcpy(c->name, name, NAME_SIZE);
    c->bytes = (uint64_t)status->st_size;
    c->used_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    all->bytes += c->bytes;
    return true;
}

/* One name of the folder.  False when memory runs out. */
static bool look_at(struct cache_store *s, const char *name, struct copies *all)
{
    struct stat status;
    if (fstatat(s->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
        return true;
    if (strncmp(name, TEMPORARY_START, strlen(TEMPORARY_START)) == 0) {
        if (status.st_mtime + TEMPORARY_SECONDS < clock_wall_ns() / 1000000000)
            unlinkat(s->folder, name, 0);
        return true;
    }
    if (strlen(name) != NAME_SIZE - 1)
        return true;
    return add_copy(all, name, &status);
}

static void look_around(struct cache_store *s, struct copies *all)
{
    int fd = openat(s->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    if (!stream) {
        file_close(&fd);
        return;
    }
    while ((entry = readdir(stream)) != NULL)
        if (!look_at(s, entry->d_name, all))
            break;
    closedir(stream);
}

static int compare_use(const void *a, const void *b)
{
    const struct copy *one = a;
    const struct copy *other = b;
    return (one->used_ns > other->used_ns) - (one->used_ns < other->used_ns);
}

/* Counts anew, since others add and remove as well, and makes room: a tenth more than needed,
 * so that it is not done for each copy.  Called with the lock held. */
static void make_room(struct cache_store *s)
{
    struct copies all = {0};
    uint64_t wanted = s->bound - s->bound / 10;
    look_around(s, &all);
    if (all.bytes > s->bound) {
        qsort(all.items, all.count, sizeof *all.items, compare_use);
        for (size_t i = 0; i < all.count && all.bytes > wanted; i++) {
            unlinkat(s->folder, all.items[i].name, 0);
            all.bytes -= all.items[i].bytes;
        }
    }
    s->bytes = all.bytes;
    free(all.items);
}

/* The folder must be ours, and closed to others: what lies in it tells what backups hold. */
static int open_folder(const char *path, int *folder, struct error *e)
{
    struct stat status;
    int fd;
    if (path[0] != '/')
        return error_set(e, LAGAN_INVALID, ERROR_CONFIG,
                         "cache = \"%s\": the folder needs an absolute path", path);
    if (file_make_directories(path, 0700, e) != 0)
        return error_context(e, "the cache");
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "the cache: %s", path);
    if (fstat(fd, &status) < 0 || status.st_uid != geteuid() || (status.st_mode & 077) != 0) {
        close(fd);
        return error_set(e, LAGAN_DENIED, ERROR_CONFIG,
                         "cache = \"%s\": the folder must belong to the user that lagan runs "
                         "as, and be closed to others; try chmod 700",
                         path);
    }
    *folder = fd;
    return 0;
}

struct cache_store *cache_store_new(const char *path, const char *identity, uint64_t bytes,
                                    struct error *e)
{
    struct cache_store *s = calloc(1, sizeof *s);
    if (!s) {
        error_no_memory(e, "a cache");
        return NULL;
    }
    s->magic = CACHE_MAGIC;
    s->folder = -1;
    s->bound = bytes;
    pthread_mutex_init(&s->lock, NULL);
    s->path = strdup(path);
    s->identity = strdup(identity);
    if (!s->path || !s->identity) {
        error_no_memory(e, "a cache");
        cache_store_free(s);
        return NULL;
    }
    if (open_folder(path, &s->folder, e) != 0) {
        cache_store_free(s);
        return NULL;
    }
    make_room(s);
    return s;
}

void cache_store_free(struct cache_store *s)
{
    if (!s)
        return;
    OBJECT_CHECK(s, CACHE_MAGIC);
    file_close(&s->folder);
    free(s->path);
    free(s->identity);
    pthread_mutex_destroy(&s->lock);
    s->magic = 0;
    free(s);
}

/* Reads head and bytes; false when the file is not what was written. */
static bool read_copy(int fd, const char *name, const char *path, size_t limit,
                      struct buffer *out)
{
    struct error ignored = ERROR_INIT;
    uint8_t head[HEAD_BYTES], expected[HEAD_BYTES];
    size_t before = out->size;
    struct stat status;
    size_t got = 0;
    uint8_t *data;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size < HEAD_BYTES ||
        (uint64_t)status.st_size - HEAD_BYTES > limit)
        return false;
    size_t size = (size_t)status.st_size - HEAD_BYTES;
    data = buffer_reserve(out, size + 1);
    if (!data || file_read_at(fd, 0, head, sizeof head, &got, path, &ignored) != 0 ||
        got != sizeof head ||
        file_read_at(fd, HEAD_BYTES, data, size, &got, path, &ignored) != 0 || got != size)
        return false;
    head_of(name, data, size, expected);
    if (memcmp(head, expected, sizeof head) != 0)
        return false;
    out->size = before + size;
    return true;
}

bool cache_store_get(struct cache_store *s, const char *key, size_t limit, struct buffer *out)
{
    char name[NAME_SIZE];
    bool good;
    int fd;
    OBJECT_CHECK(s, CACHE_MAGIC);
    name_of(s, key, name);
    fd = openat(s->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    good = read_copy(fd, name, s->path, limit, out);
    if (good) {
        futimens(fd, NULL);
    } else {
        log_write(LOG_WARNING, "cache", "the copy of %s in %s is damaged; it is read anew", key,
                  s->path);
        unlinkat(s->folder, name, 0);
    }
    close(fd);
    return good;
}

/* Told once: the folder may be full, and the job goes on without it. */
static void complain(struct cache_store *s, int number)
{
    char reason[128];
    bool first;
    pthread_mutex_lock(&s->lock);
    first = !s->warned;
    s->warned = true;
    pthread_mutex_unlock(&s->lock);
    if (first)
        log_write(LOG_WARNING, "cache", "%s: cannot keep copies of objects: %s", s->path,
                  strerror_r(number, reason, sizeof reason));
}

/* 0, or an errno value. */
static int write_copy(struct cache_store *s, const char *name, const void *data, size_t size)
{
    struct error ignored = ERROR_INIT;
    uint8_t head[HEAD_BYTES];
    uint64_t number[2];
    char temporary[64];
    int fd;
    head_of(name, data, size, head);
    crypto_random(number, sizeof number);
    snprintf(temporary, sizeof temporary, TEMPORARY_START "%016llx%016llx",
             (unsigned long long)number[0], (unsigned long long)number[1]);
    fd = openat(s->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return errno;
    if (file_write_all(fd, head, sizeof head, s->path, &ignored) != 0 ||
        file_write_all(fd, data, size, s->path, &ignored) != 0) {
        close(fd);
        unlinkat(s->folder, temporary, 0);
        return ignored.native ? ignored.native : EIO;
    }
    /* Not synced: a copy that a power loss tears is found out by its checksum. */
    if (close(fd) < 0 || renameat(s->folder, temporary, s->folder, name) < 0) {
        int saved = errno;
        unlinkat(s->folder, temporary, 0);
        return saved;
    }
    return 0;
}

void cache_store_put(struct cache_store *s, const char *key, const void *data, size_t size)
{
    char name[NAME_SIZE];
    int failed;
    OBJECT_CHECK(s, CACHE_MAGIC);
    if (size + HEAD_BYTES > s->bound / 2)
        return;
    name_of(s, key, name);
    failed = write_copy(s, name, data, size);
    if (failed != 0) {
        complain(s, failed);
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->bytes += size + HEAD_BYTES;
    if (s->bytes > s->bound)
        make_room(s);
    pthread_mutex_unlock(&s->lock);
}

void cache_store_drop(struct cache_store *s, const char *key)
{
    char name[NAME_SIZE];
    OBJECT_CHECK(s, CACHE_MAGIC);
    name_of(s, key, name);
    unlinkat(s->folder, name, 0);
}
