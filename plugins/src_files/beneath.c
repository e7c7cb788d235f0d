/* SPDX-License-Identifier: Apache-2.0 */
/*
 * beneath.c - openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, or component by component
 * where the kernel has no openat2; and the directories that are kept open.
 */
#include "src_files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEP_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, RACES_TOLERATED = 16 };
static const int64_t kept_for_ns = 200000000;

struct beneath {
    struct folder *top;   /* the root; in use as long as we are */
    atomic_bool stepwise; /* openat2 is not to be had */
    pthread_mutex_t lock;
    struct folder *kept[BENEATH_KEPT];
};

static size_t component_length(const char *key, size_t key_size)
{
    const char *end = memchr(key, 0, key_size);
    return end ? (size_t)(end - key) : key_size;
}

static int check_component(const char *name, size_t size)
{
    if (size == 0 || memchr(name, '/', size))
        return EINVAL;
    if (name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')))
        return EINVAL;
    return size > NAME_MAX ? ENAMETOOLONG : 0;
}

int beneath_check_key(const void *key, size_t key_size)
{
    const char *at = key;
    if (key_size == 0)
        return 0;
    for (;;) {
        size_t length = component_length(at, key_size);
        int error = check_component(at, length);
        if (error != 0 || length == key_size)
            return error;
        at += length + 1;
        key_size -= length + 1;
    }
}

/* FNV-1a, 64 bits */
static uint64_t hash_of(const char *key, size_t key_size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key_size; i++)
        hash = (hash ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void folder_release(struct folder *folder)
{
    if (folder == NULL || atomic_fetch_sub(&folder->users, 1) > 1)
        return;
    close(folder->fd);
    free(folder);
}

/* A folder of its own for `fd`, with one user; takes `fd` over. */
static struct folder *folder_new(int fd, const char *key, size_t key_size)
{
    struct folder *folder = malloc(sizeof *folder + key_size);
    if (folder == NULL) {
        close(fd);
        return NULL;
    }
    folder->fd = fd;
    atomic_init(&folder->inherits, -1);
    atomic_init(&folder->users, 1);
    folder->key_size = key_size;
    folder->key_hash = hash_of(key, key_size);
    folder->reached_ns = now_ns();
    if (key_size > 0)
        memcpy(folder->key, key, key_size);
    return folder;
}

static struct folder *folder_use(struct folder *folder)
{
    atomic_fetch_add(&folder->users, 1);
    return folder;
}

struct beneath *beneath_new(int root)
{
    struct beneath *b = calloc(1, sizeof *b);
    if (b == NULL) {
        close(root);
        return NULL;
    }
    b->top = folder_new(root, "", 0);
    if (b->top == NULL) {
        free(b);
        return NULL;
    }
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

void beneath_free(struct beneath *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < BENEATH_KEPT; i++)
        folder_release(b->kept[i]);
    folder_release(b->top);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

/* Keeps `folder` in place of an equal one, or of the one reached longest ago. */
static void keep(struct beneath *b, struct folder *folder)
{
    size_t oldest = 0;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < BENEATH_KEPT; i++) {
        struct folder *other = b->kept[i];
        if (other == NULL ||
            (other->key_hash == folder->key_hash && other->key_size == folder->key_size)) {
            oldest = i;
            break;
        }
        if (other->reached_ns < b->kept[oldest]->reached_ns)
            oldest = i;
    }
    struct folder *dropped = b->kept[oldest];
    b->kept[oldest] = folder_use(folder);
    pthread_mutex_unlock(&b->lock);
    folder_release(dropped);
}

static bool is_ancestor(const struct folder *folder, const char *key, size_t key_size)
{
    return folder->key_size < key_size && key[folder->key_size] == 0 &&
           memcmp(folder->key, key, folder->key_size) == 0;
}

/* In use from now on: the kept folder with this key, or else the deepest kept one above it. */
static struct folder *find_kept(struct beneath *b, const char *key, size_t key_size)
{
    struct folder *best = b->top;
    uint64_t hash = hash_of(key, key_size);
    int64_t oldest_ns = now_ns() - kept_for_ns;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < BENEATH_KEPT && b->kept[i]; i++) {
        struct folder *folder = b->kept[i];
        if (folder->reached_ns < oldest_ns)
            continue;
        if (folder->key_hash == hash && folder->key_size == key_size &&
            memcmp(folder->key, key, key_size) == 0) {
            best = folder;
            break;
        }
        if (folder->key_size > best->key_size && is_ancestor(folder, key, key_size))
            best = folder;
    }
    folder_use(best);
    pthread_mutex_unlock(&b->lock);
    return best;
}

/* Through all of `path` (components and slashes) in one call. */
static int open_resolved(int directory, const char *path)
{
    struct open_how how = {
        .flags = STEP_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;
    for (int races = 0; races < RACES_TOLERATED; races++) {
        fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd;
}

/* Through `size` bytes of zero-terminated components, one call each. */
static int open_stepwise(int directory, const char *components, size_t size)
{
    int at = directory;
    for (const char *name = components; name < components + size; name += strlen(name) + 1) {
        int next = openat(at, name, STEP_FLAGS);
        int error = errno;
        if (at != directory)
            close(at);
        if (next < 0) {
            errno = error;
            return -1;
        }
        at = next;
    }
    return at;
}

/* `size` < PATH_MAX */
static int open_slice(struct beneath *b, int directory, const char *key, size_t size)
{
    char path[PATH_MAX];
    memcpy(path, key, size);
    path[size] = 0;
    if (atomic_load(&b->stepwise))
        return open_stepwise(directory, path, size);
    for (char *zero = path; (zero = memchr(zero, 0, size - (size_t)(zero - path))) != NULL;)
        *zero = '/';
    int fd = open_resolved(directory, path);
    /* Filters of system calls answer EPERM where old kernels say ENOSYS. */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
    atomic_store(&b->stepwise, true);
    return open_slice(b, directory, key, size);
}

/* As much of a key as fits into a path: whole components. */
static size_t slice_length(const char *key, size_t key_size)
{
    if (key_size < PATH_MAX)
        return key_size;
    const char *end = memrchr(key, 0, PATH_MAX);
    return (size_t)(end - key);
}

/* The directory that `key` names seen from `directory`: a descriptor, or -1 and errno. */
static int open_below(struct beneath *b, int directory, const char *key, size_t key_size)
{
    int at = directory;
    for (;;) {
        size_t length = slice_length(key, key_size);
        int next = open_slice(b, at, key, length);
        int error = errno;
        if (at != directory)
            close(at);
        errno = error;
        if (next < 0 || length == key_size)
            return next;
        at = next;
        key += length + 1;
        key_size -= length + 1;
    }
}

/* Makes a kept folder of `fd`, which was reached from `from`; releases `from`. */
static int adopt(struct beneath *b, int fd, int error, struct folder *from, const char *key,
                 size_t key_size, struct folder **folder)
{
    struct folder *made = NULL;
    if (fd >= 0) {
        made = folder_new(fd, key, key_size);
        error = made ? 0 : ENOMEM;
    }
    if (made != NULL) {
        /* What was reached from an old one is as old: moved directories must not live on. */
        if (from != b->top)
            made->reached_ns = from->reached_ns;
        keep(b, made);
        *folder = made;
    }
    folder_release(from);
    return error;
}

int beneath_folder(struct beneath *b, const char *key, size_t key_size, struct folder **folder)
{
    if (key_size == 0) {
        *folder = folder_use(b->top);
        return 0;
    }
    struct folder *from = find_kept(b, key, key_size);
    if (from->key_size == key_size) {
        *folder = from;
        return 0;
    }
    size_t skipped = from->key_size > 0 ? from->key_size + 1 : 0;
    int fd = open_below(b, from->fd, key + skipped, key_size - skipped);
    return adopt(b, fd, errno, from, key, key_size, folder);
}

static int place_unchecked(struct beneath *b, const char *key, size_t key_size,
                           struct place *place)
{
    const char *name = key_size > 0 ? memrchr(key, 0, key_size) : NULL;
    size_t parent_size = name ? (size_t)(name - key) : 0;
    int error = beneath_folder(b, key, parent_size, &place->folder);
    if (error != 0)
        return error;
    size_t start = name ? parent_size + 1 : 0;
    if (key_size == 0) {
        memcpy(place->name, ".", sizeof("."));
    } else {
        memcpy(place->name, key + start, key_size - start);
        place->name[key_size - start] = 0;
    }
    return 0;
}

int beneath_place(struct beneath *b, const void *key, size_t key_size, struct place *place)
{
    int error = beneath_check_key(key, key_size);
    return error ? error : place_unchecked(b, key, key_size, place);
}

int beneath_list(struct beneath *b, const char *key, size_t key_size, struct folder **folder)
{
    struct place place;
    int error = place_unchecked(b, key, key_size, &place);
    if (error != 0)
        return error;
    int fd = beneath_open_quietly(place.folder->fd, place.name, O_RDONLY | O_DIRECTORY);
    return adopt(b, fd, errno, place.folder, key, key_size, folder);
}

int beneath_open_quietly(int directory, const char *name, int flags)
{
    flags |= O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int fd;
    do
        fd = openat(directory, name, flags | O_NOATIME);
    while (fd < 0 && errno == EINTR);
    /* Only the owner and root may leave the access time alone. */
    if (fd < 0 && errno == EPERM)
        fd = openat(directory, name, flags);
    return fd;
}
