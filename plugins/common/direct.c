/* SPDX-License-Identifier: Apache-2.0 */
/* direct.c - a ring of aligned buffers between the caller and the thread that writes. */
#include "common/direct.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ALIGNMENT suits every disk; where it is not enough, EINVAL tells. */
enum { BUFFERS = 4, ALIGNMENT = 4096 };

/* What a buffer holds. */
struct piece {
    uint64_t offset; /* in the file */
    size_t size;
};

struct direct {
    int fd;
    size_t buffer_bytes;
    uint8_t *memory; /* BUFFERS times that */
    struct piece pieces[BUFFERS];
    pthread_t thread;
    bool running; /* the thread; the caller's */
    int failed;   /* the error that the caller was told */
    bool cached;  /* O_DIRECT is not set now; the thread's, the caller's before and after */
    bool refused; /* O_DIRECT was taken, but not the writes; as `cached` */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t full;    /* buffers handed to the thread, ever; only the caller changes it */
    uint64_t written; /* of them, those that it is done with */
    bool closed;      /* no more will come */
    int error;        /* errno of the first write that failed */
};

static int set_cached(struct direct *d, bool cached)
{
    if (d->cached == cached)
        return 0;
    int flags = fcntl(d->fd, F_GETFL);
    if (flags < 0 || fcntl(d->fd, F_SETFL, cached ? flags & ~O_DIRECT : flags | O_DIRECT) < 0)
        return errno;
    d->cached = cached;
    return 0;
}

/* One write, direct when it is aligned; its size or -1 with errno. */
static ssize_t write_some(struct direct *d, uint64_t offset, const uint8_t *data, size_t size)
{
    bool aligned = !d->refused && offset % ALIGNMENT == 0 && (uintptr_t)data % ALIGNMENT == 0;
    bool direct = aligned && size >= ALIGNMENT;
    int error = set_cached(d, !direct);
    if (error != 0) {
        errno = error;
        return -1;
    }
    size_t part = direct ? size - size % ALIGNMENT : size;
    ssize_t done = pwrite(d->fd, data, part, (off_t)offset);
    if (done >= 0 || errno != EINVAL || !direct)
        return done;
    d->refused = true;
    return write_some(d, offset, data, size);
}

static int write_piece(struct direct *d, const struct piece *piece, const uint8_t *data)
{
    uint64_t offset = piece->offset;
    size_t left = piece->size;
    while (left > 0) {
        ssize_t done = write_some(d, offset, data, left);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done <= 0)
            continue;
        data += done;
        offset += (uint64_t)done;
        left -= (size_t)done;
    }
    return 0;
}

static uint8_t *buffer_of(const struct direct *d, uint64_t number)
{
    return d->memory + (number % BUFFERS) * d->buffer_bytes;
}

/* The number of the next full buffer, or false at the end. */
static bool wait_full(struct direct *d, uint64_t *number)
{
    pthread_mutex_lock(&d->lock);
    while (d->written == d->full && !d->closed)
        pthread_cond_wait(&d->changed, &d->lock);
    bool found = d->written < d->full;
    *number = d->written;
    pthread_mutex_unlock(&d->lock);
    return found;
}

static void *write_behind(void *direct)
{
    struct direct *d = direct;
    uint64_t number;
    int error = 0;
    while (wait_full(d, &number)) {
        if (error == 0)
            error = write_piece(d, &d->pieces[number % BUFFERS], buffer_of(d, number));
        pthread_mutex_lock(&d->lock);
        d->written++;
        d->error = error;
        pthread_cond_signal(&d->changed);
        pthread_mutex_unlock(&d->lock);
    }
    return NULL;
}

struct direct *direct_begin(int fd, size_t buffer_bytes)
{
    struct direct *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->fd = fd;
    d->buffer_bytes = buffer_bytes;
    d->cached = true;
    d->memory = mmap(NULL, BUFFERS * d->buffer_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (d->memory == MAP_FAILED || set_cached(d, false) != 0) {
        if (d->memory != MAP_FAILED)
            munmap(d->memory, BUFFERS * d->buffer_bytes);
        free(d);
        return NULL;
    }
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    return d;
}

/* Signals are for the threads of the program. */
static int start(struct direct *d)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&d->thread, NULL, write_behind, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    d->running = error == 0;
    return error;
}

/* The piece that is being filled. */
static struct piece *filling(struct direct *d)
{
    return &d->pieces[d->full % BUFFERS];
}

/* Hands over what has been gathered, and waits until no more than `limit` buffers are at work.
 */
static int hand_over(struct direct *d, uint64_t limit)
{
    if (!d->running)
        d->failed = start(d);
    if (!d->running)
        return d->failed;
    pthread_mutex_lock(&d->lock);
    if (filling(d)->size > 0)
        d->full++;
    pthread_cond_signal(&d->changed);
    while (d->full - d->written > limit)
        pthread_cond_wait(&d->changed, &d->lock);
    d->failed = d->error;
    filling(d)->size = 0;
    pthread_mutex_unlock(&d->lock);
    return d->failed;
}

int direct_write(struct direct *d, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *next = data;
    struct piece *piece = filling(d);
    int error = d->failed;
    if (error == 0 && piece->size > 0 && piece->offset + piece->size != offset)
        error = hand_over(d, BUFFERS - 1);
    while (size > 0 && error == 0) {
        piece = filling(d);
        if (piece->size == 0)
            piece->offset = offset;
        size_t room = d->buffer_bytes - piece->size;
        size_t part = size < room ? size : room;
        memcpy(buffer_of(d, d->full) + piece->size, next, part);
        piece->size += part;
        offset += part;
        next += part;
        size -= part;
        if (piece->size == d->buffer_bytes)
            error = hand_over(d, BUFFERS - 1);
    }
    return error;
}

int direct_wait(struct direct *d)
{
    return hand_over(d, 0);
}

/* Waits for the thread's end: 0, or what failed. */
static int stop(struct direct *d)
{
    if (!d->running)
        return 0;
    pthread_mutex_lock(&d->lock);
    d->closed = true;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    return d->error;
}

static void release(struct direct *d)
{
    munmap(d->memory, BUFFERS * d->buffer_bytes);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

int direct_end(struct direct *d)
{
    if (d == NULL)
        return 0;
    int error = stop(d);
    /* The last piece needs no thread. */
    if (error == 0)
        error = write_piece(d, filling(d), buffer_of(d, d->full));
    int left = set_cached(d, true);
    release(d);
    return error != 0 ? error : left;
}

void direct_drop(struct direct *d)
{
    if (d == NULL)
        return;
    stop(d);
    set_cached(d, true);
    release(d);
}
