/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - the walk, and the command's output as it comes. */
#include "src_exec/src_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_BYTES = 1 << 20 };

struct exec_walk {
    const struct lagan_source_ops *way;
    const struct exec_handle *handle;
    struct lagan_walk_request request;
    unsigned next; /* 0 the root, 1 the file */
};

struct exec_reader {
    const struct lagan_source_ops *way;
    const struct exec_handle *handle;
    struct exec_process process;
    struct exec_limit limit;
    uint64_t position;  /* of the next byte that the command prints */
    int file;           /* in the folder; -1 = the command is read */
    struct stat opened; /* of the file */
    bool ended;         /* the command, with status 0 */
    bool broken;        /* it failed, or its time is up: there is no more to read */
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, 0, "out of memory");
}

uint32_t exec_walk_open(void *handle, struct lagan_op *op,
                        const struct lagan_walk_request *request, void **walk)
{
    if ((request->flags & UINT32_MAX) || request->after)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "there is no way to walk so");
    struct exec_walk *w = calloc(1, sizeof *w);
    if (!w)
        return no_memory(op);
    w->way = &exec_way;
    w->handle = handle;
    w->request = *request;
    *walk = w;
    return LAGAN_OK;
}

static bool is_taken(const struct exec_walk *w)
{
    const char *name = w->handle->source->name;
    return !w->request.select ||
           w->request.select(w->request.select_context, name, strlen(name), LAGAN_ENTRY_FILE) ==
               LAGAN_SELECT_TAKE;
}

uint32_t exec_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                        const struct lagan_entry_collector *entries)
{
    struct exec_walk *w = walk;
    uint32_t result = LAGAN_END;
    (void)limit; /* one at a time is always right */
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (w->next == 0)
        result = exec_hand_root(entries);
    else if (w->next == 1 && is_taken(w)) {
        result = exec_hand_output(w->handle, op, entries);
        if (w->handle->folder >= 0 && (result == LAGAN_NOT_FOUND || result == LAGAN_EXISTS))
            result = LAGAN_END; /* nothing was restored yet */
    }
    w->next++;
    return result;
}

void exec_walk_close(void *walk)
{
    free(walk);
}

static uint32_t start_reading(struct exec_reader *r, struct lagan_op *op)
{
    const struct exec_handle *h = r->handle;
    int number;
    if (h->folder >= 0) {
        r->file = openat(h->folder, h->source->name,
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return r->file >= 0 && fstat(r->file, &r->opened) == 0
                   ? (uint32_t)LAGAN_OK
                   : exec_fail_errno(op, errno, h->source->name);
    }
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    number = input >= 0 ? exec_start(&r->process, &h->source->command, input, true,
                                     LAGAN_LEVEL_WARNING)
                        : errno;
    exec_close(&input);
    if (number != 0) {
        uint32_t result = exec_fail_errno(op, number, h->source->command.words[0]);
        op->error.scope = LAGAN_SCOPE_INSTANCE;
        return result;
    }
    fcntl(r->process.out, F_SETPIPE_SZ, PIPE_BYTES); /* fewer turns; as it is, it works too */
    r->limit = exec_limit_begin(h->source);
    return LAGAN_OK;
}

static void stop_reading(struct exec_reader *r, struct lagan_op *op)
{
    exec_finish(&r->process, op);
    exec_close(&r->file);
    free(r);
}

uint32_t exec_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *id, size_t id_size,
                         const struct lagan_entry_collector *attributes, void **reader)
{
    const struct exec_handle *h = handle;
    (void)id;
    (void)id_size;
    if (key_size == 0)
        return lagan_fail(op, LAGAN_CHANGED, 0, "it has no content");
    if (!exec_is_output(h->source, key, key_size))
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "the source has no such file");
    struct exec_reader *r = calloc(1, sizeof *r);
    if (!r)
        return no_memory(op);
    r->way = &exec_way;
    r->handle = h;
    r->file = -1;
    uint32_t result = start_reading(r, op);
    if (result == LAGAN_OK)
        result = exec_hand_output(h, op, attributes);
    if (result != LAGAN_OK) {
        stop_reading(r, op);
        return result;
    }
    *reader = r;
    return LAGAN_OK;
}

static uint32_t read_file(struct exec_reader *r, struct lagan_op *op, uint64_t offset,
                          char *data, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t done = pread(r->file, data + *got, size - *got, (off_t)(offset + *got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return exec_fail_errno(op, errno, r->handle->source->name);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return LAGAN_OK;
}

/* It printed its last; what it says at its end decides. */
static uint32_t end_command(struct exec_reader *r, struct lagan_op *op)
{
    uint32_t result;
    exec_finish(&r->process, op);
    result = exec_judge(op, &r->process, &r->handle->source->command);
    r->ended = result == LAGAN_OK;
    return result;
}

/* Waits for a while, and takes what has come. */
static uint32_t read_some(struct exec_reader *r, struct lagan_op *op, char *data, size_t size,
                          size_t *got)
{
    struct exec_process *p = &r->process;
    struct pollfd fds[3] = {{.fd = p->out, .events = POLLIN},
                            {.fd = p->error_out, .events = POLLIN},
                            {.fd = op->cancel_fd, .events = POLLIN}};
    poll(fds, 3, p->out < 0 ? EXEC_NEAR_END_MS : EXEC_TICK_MS);
    exec_hear_errors(p, op);
    ssize_t done = p->out >= 0 ? read(p->out, data, size) : -1;
    if (done > 0)
        *got += (size_t)done;
    else if (done == 0)
        exec_close(&p->out);
    else if (p->out >= 0 && errno != EAGAIN && errno != EINTR)
        return exec_fail(op, LAGAN_IO, errno, "what the command prints cannot be read");
    if (p->out < 0 && exec_has_ended(p))
        return end_command(r, op);
    return exec_limit_check(op, r->handle->source, &r->limit);
}

uint32_t exec_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                      size_t size, size_t *got)
{
    struct exec_reader *r = reader;
    uint32_t result = LAGAN_OK;
    size_t done = 0;
    if (lagan_cancelled(op))
        return LAGAN_CANCELLED;
    if (r->file >= 0)
        return read_file(r, op, offset, data, size, got);
    if (r->broken)
        return exec_fail(op, LAGAN_IO, 0, "the command has failed");
    if (offset != r->position)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "what a command prints is read in turn");
    while (result == LAGAN_OK && done < size && !r->ended)
        result = read_some(r, op, (char *)data + done, size - done, &done);
    r->position += done;
    if (result == LAGAN_OK)
        *got = done;
    r->broken = result != LAGAN_OK;
    return result;
}

/* Only a file in the folder can change while it is read. */
static bool has_changed(const struct exec_reader *r)
{
    const struct stat *before = &r->opened;
    struct stat now;
    return r->file >= 0 && (fstat(r->file, &now) < 0 || now.st_size != before->st_size ||
                            now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
                            now.st_mtim.tv_nsec != before->st_mtim.tv_nsec);
}

uint32_t exec_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    if (verdict)
        *verdict = has_changed(reader) ? LAGAN_READ_CHANGED : LAGAN_READ_CONSISTENT;
    stop_reading(reader, op);
    return LAGAN_OK;
}
