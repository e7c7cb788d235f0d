/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - the file written back: into a folder, or to a command that takes it. */
#include "src_exec/src_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ZEROES = 64 << 10, TEMPORARY_SIZE = 32 };

struct exec_writer {
    const struct lagan_source_ops *way;
    const struct exec_handle *handle;
    uint64_t flags;
    struct lagan_entry entry; /* of it: bytes, mode and time */
    int file;                 /* under the temporary name; -1 = the command is fed */
    char temporary[TEMPORARY_SIZE];
    struct exec_process process;
    struct exec_limit limit;
    int feed;          /* the command's standard input; -1 = closed */
    uint64_t position; /* of the next byte that it gets */
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

/* Keys that would lead out of the folder. */
static uint32_t check_key(struct lagan_op *op, const char *key, size_t size)
{
    if (size == 0 || memchr(key, '/', size) || (size == 1 && key[0] == '.') ||
        (size == 2 && memcmp(key, "..", 2) == 0) || key[0] == '\0')
        return lagan_fail(op, LAGAN_INVALID, 0, "this is no name of a file");
    if (memchr(key, 0, size))
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there are no folders in such a source");
    return LAGAN_OK;
}

uint32_t exec_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const struct lagan_entry_collector *attributes)
{
    const struct exec_handle *h = handle;
    uint32_t result;
    if (key_size == 0)
        return exec_hand_root(attributes);
    result = check_key(op, key, key_size);
    if (result != LAGAN_OK)
        return result;
    if (h->folder < 0 || !exec_is_output(h->source, key, key_size))
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "there is no such file");
    return exec_hand_output(h, op, attributes);
}

/* A new file that nobody takes for the output. */
static uint32_t make_file(struct exec_writer *w, struct lagan_op *op)
{
    uint64_t number;
    lagan_random(&number, sizeof number);
    snprintf(w->temporary, sizeof w->temporary, ".lagan-%016llx", (unsigned long long)number);
    w->file =
        openat(w->handle->folder, w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return w->file >= 0 ? (uint32_t)LAGAN_OK
                        : exec_fail_errno(op, errno, w->handle->source->folder);
}

static uint32_t start_command(struct exec_writer *w, struct lagan_op *op)
{
    const struct exec_command *command = &w->handle->source->restore;
    int ends[2] = {-1, -1};
    int number =
        pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
    if (number == 0)
        number = exec_start(&w->process, command, ends[0], false, LAGAN_LEVEL_INFO);
    exec_close(&ends[0]);
    w->feed = ends[1];
    w->limit = exec_limit_begin(w->handle->source);
    if (number == 0)
        return LAGAN_OK;
    exec_close(&w->feed);
    return exec_fail(op, LAGAN_IO, number, "%.200s cannot be started", command->words[0]);
}

uint32_t exec_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                           uint64_t flags, void **writer)
{
    const struct exec_handle *h = handle;
    uint64_t known = LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                     LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS | LAGAN_CREATE_SYNC;
    uint32_t result = check_key(op, entry->key, entry->key_size);
    if (result != LAGAN_OK)
        return result;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (!h->writable)
        return lagan_fail(op, LAGAN_INVALID, 0, "not opened for restoring");
    if (flags & UINT32_MAX & ~known)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    if (!exec_is_output(h->source, entry->key, entry->key_size))
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "the source has the file %s alone",
                          h->source->name);
    struct exec_writer *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    *w = (struct exec_writer){
        .way = &exec_way, .handle = h, .flags = flags, .entry = *entry, .file = -1, .feed = -1};
    result = h->folder >= 0 ? make_file(w, op) : start_command(w, op);
    if (result != LAGAN_OK) {
        free(w);
        return result;
    }
    *writer = w;
    return LAGAN_OK;
}

static uint32_t write_file(struct exec_writer *w, struct lagan_op *op, uint64_t offset,
                           const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = pwrite(w->file, data, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return exec_fail_errno(op, errno, w->handle->source->name);
        data += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return LAGAN_OK;
}

/* write(2), and a reader that is gone is an error of it and nothing else. */
static ssize_t write_quietly(int fd, const void *data, size_t size)
{
    static const struct timespec at_once = {0};
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t done = write(fd, data, size);
    int number = errno;
    if (done < 0 && number == EPIPE && sigismember(&before, SIGPIPE) == 0)
        sigtimedwait(&pipe_signal, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return done;
}

/* It does not read any more: its end says why. */
static uint32_t end_early(struct exec_writer *w, struct lagan_op *op)
{
    uint32_t result = LAGAN_OK;
    exec_close(&w->feed);
    while (result == LAGAN_OK && !exec_has_ended(&w->process)) {
        exec_hear_errors(&w->process, op);
        poll(NULL, 0, EXEC_NEAR_END_MS);
        result = exec_limit_check(op, w->handle->source, &w->limit);
    }
    if (result != LAGAN_OK)
        return result;
    exec_finish(&w->process, op);
    result = exec_judge(op, &w->process, &w->handle->source->restore);
    return result != LAGAN_OK
               ? result
               : exec_fail(op, LAGAN_IO, 0, "the restore command ended before it had read all");
}

static uint32_t feed_command(struct exec_writer *w, struct lagan_op *op, const char *data,
                             size_t size)
{
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && size > 0) {
        struct pollfd fds[3] = {{.fd = w->feed, .events = POLLOUT},
                                {.fd = w->process.error_out, .events = POLLIN},
                                {.fd = op->cancel_fd, .events = POLLIN}};
        poll(fds, 3, EXEC_TICK_MS);
        exec_hear_errors(&w->process, op);
        ssize_t done = write_quietly(w->feed, data, size);
        if (done < 0 && errno == EPIPE)
            return end_early(w, op);
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return exec_fail(op, LAGAN_IO, errno, "the restore command cannot be fed");
        if (done > 0) {
            data += done;
            size -= (size_t)done;
            w->position += (uint64_t)done;
        }
        result = exec_limit_check(op, w->handle->source, &w->limit);
    }
    return result;
}

uint32_t exec_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                       size_t size)
{
    struct exec_writer *w = writer;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (w->file >= 0)
        return write_file(w, op, offset, data, size);
    if (offset != w->position || w->feed < 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "a command is fed in turn");
    return feed_command(w, op, data, size);
}

uint32_t exec_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    static const char zeroes[ZEROES];
    uint32_t result = LAGAN_OK;
    while (result == LAGAN_OK && length > 0) {
        size_t size = length < ZEROES ? (size_t)length : ZEROES;
        result = exec_write_at(writer, op, offset, zeroes, size);
        offset += size;
        length -= size;
    }
    return result;
}

/* A failed rename leaves the temporary file to the caller. */
static int give_name(const struct exec_writer *w)
{
    int folder = w->handle->folder;
    const char *name = w->handle->source->name;
    if (w->flags & LAGAN_CREATE_REPLACE)
        return renameat(folder, w->temporary, folder, name);
    if (renameat2(folder, w->temporary, folder, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(folder, w->temporary, folder, name, 0) < 0)
        return -1;
    return unlinkat(folder, w->temporary, 0);
}

static uint32_t commit_file(struct exec_writer *w, struct lagan_op *op)
{
    const struct lagan_entry *entry = &w->entry;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns}};
    bool sync = (w->flags & LAGAN_CREATE_SYNC) != 0;
    if (!(entry->present & LAGAN_HAS_MTIME))
        times[1].tv_nsec = UTIME_OMIT;
    if (ftruncate(w->file, (off_t)entry->bytes) < 0 ||
        ((entry->present & LAGAN_HAS_MODE) && fchmod(w->file, entry->mode & 0777) < 0) ||
        futimens(w->file, times) < 0 || (sync && fsync(w->file) < 0) || give_name(w) < 0)
        return exec_fail_errno(op, errno, w->handle->source->name);
    w->temporary[0] = '\0';
    if (sync && fsync(w->handle->folder) < 0)
        return exec_fail_errno(op, errno, w->handle->source->folder);
    return LAGAN_OK;
}

static uint32_t commit_command(struct exec_writer *w, struct lagan_op *op)
{
    uint32_t result = LAGAN_OK;
    exec_close(&w->feed);
    while (result == LAGAN_OK && w->process.id > 0 && !exec_has_ended(&w->process)) {
        struct pollfd fds[2] = {{.fd = w->process.error_out, .events = POLLIN},
                                {.fd = op->cancel_fd, .events = POLLIN}};
        poll(fds, 2, w->process.error_out < 0 ? EXEC_NEAR_END_MS : EXEC_TICK_MS);
        exec_hear_errors(&w->process, op);
        result = exec_limit_check(op, w->handle->source, &w->limit);
    }
    exec_finish(&w->process, op);
    return result == LAGAN_OK ? exec_judge(op, &w->process, &w->handle->source->restore)
                              : result;
}

void exec_entry_abort(void *writer)
{
    struct exec_writer *w = writer;
    exec_close(&w->feed);
    exec_finish(&w->process, NULL);
    exec_close(&w->file);
    if (w->temporary[0])
        unlinkat(w->handle->folder, w->temporary, 0);
    free(w);
}

uint32_t exec_entry_commit(void *writer, struct lagan_op *op,
                           const struct lagan_metadata *pieces, size_t count,
                           const struct lagan_metadata_collector *lost)
{
    struct exec_writer *w = writer;
    uint32_t result;
    for (size_t i = 0; lost && i < count; i++)
        lost->lost(lost->context, pieces[i].name, "a command's output has no such thing");
    if (lagan_cancelled(op))
        result = LAGAN_CANCELLED;
    else
        result = w->file >= 0 ? commit_file(w, op) : commit_command(w, op);
    exec_entry_abort(w);
    return result;
}

uint32_t exec_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost)
{
    (void)handle;
    (void)flags;
    (void)pieces;
    (void)count;
    (void)lost;
    if (entry->type == LAGAN_ENTRY_DIRECTORY && entry->key_size == 0)
        return LAGAN_OK;
    return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "such a source has one file and nothing else");
}

/* The folder is somebody else's. */
uint32_t exec_directory_finish(void *handle, struct lagan_op *op,
                               const struct lagan_entry *entry, uint64_t flags,
                               const struct lagan_metadata *pieces, size_t count,
                               const struct lagan_metadata_collector *lost)
{
    (void)handle;
    (void)op;
    (void)entry;
    (void)flags;
    (void)pieces;
    (void)count;
    (void)lost;
    return LAGAN_OK;
}
