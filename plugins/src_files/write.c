/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write.c - files that are written back: without a name, or under a temporary one where the
 * file system knows no nameless files, until all of it is there.
 */
#include "common/direct.h"
#include "src_files/apply.h"
#include "src_files/attributes.h"
#include "src_files/failure.h"
#include "src_files/publish.h"
#include "src_files/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFLICT_WORTH_BYTES = 64 << 10 };

struct writer {
    struct place place;
    int fd;
    char temporary[TEMPORARY_NAME_BYTES]; /* empty when it has no name */
    struct wish wish;
    uint64_t flags;
    uint64_t bytes;        /* how long it will be */
    uint64_t written;      /* nothing was written at or behind this offset */
    struct direct *direct; /* long files are written around the page cache; may be NULL */
};

/* A file that nobody can reach may have its rights from the start, which spares setting them;
 * not those that count with another owner. */
static mode_t nameless_mode(const struct wish *wish)
{
    return wish->has_mode && (wish->mode & 07000) == 0 ? wish->mode : 0600;
}

static int create_nameless(struct writer *w)
{
    w->fd = openat(w->place.folder->fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
                   nameless_mode(&w->wish));
    return w->fd >= 0 ? 0 : errno;
}

static int create_temporary(struct writer *w)
{
    publish_temporary_name(w->temporary);
    w->fd = openat(w->place.folder->fd, w->temporary,
                   O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
    if (w->fd >= 0)
        return 0;
    w->temporary[0] = 0;
    return errno;
}

/* Says early what commit would say after all content was written; not for short files, where
 * looking costs more than it spares. */
static int look_for_conflict(const struct writer *w)
{
    struct attributes a;
    if (w->bytes < CONFLICT_WORTH_BYTES && (w->flags & LAGAN_CREATE_REPLACE) == 0)
        return 0;
    int error = attributes_read(w->place.folder->fd, w->place.name, &a);
    if (error == 0 && (w->flags & LAGAN_CREATE_REPLACE) == 0)
        return EEXIST;
    return error == ENOENT ? 0 : error;
}

static int create(struct writer *w)
{
    int error = look_for_conflict(w);
    if (error == 0)
        error = create_nameless(w);
    /* ISDIR: kernels that do not know nameless files */
    if (error == EOPNOTSUPP || error == EISDIR)
        error = create_temporary(w);
    return error;
}

/* Frees the writer with all it holds; its file has a name or is gone. */
static void writer_free(struct writer *w)
{
    direct_drop(w->direct);
    if (w->fd >= 0)
        close(w->fd);
    folder_release(w->place.folder);
    free(w);
}

void files_entry_abort(void *writer)
{
    struct writer *w = writer;
    if (w->temporary[0] != 0)
        unlinkat(w->place.folder->fd, w->temporary, 0);
    writer_free(w);
}

uint32_t files_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                            uint64_t flags, void **writer)
{
    struct handle *h = handle;
    uint32_t result = restore_check(h, op, flags);
    if (result != LAGAN_OK)
        return result;
    if (entry->type != LAGAN_ENTRY_FILE || entry->key_size == 0)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "only files have content here");
    if (entry->bytes > INT64_MAX)
        return lagan_fail(op, LAGAN_LIMIT, EFBIG, "longer than a file can be");
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return failure_memory(op);
    w->fd = -1;
    w->flags = flags;
    w->bytes = entry->bytes;
    w->wish = wish_of(h, entry, flags);
    result = restore_place(h, op, entry->key, entry->key_size, &w->place);
    if (result == LAGAN_OK) {
        int error = create(w);
        if (error != 0)
            result = error == EEXIST ? publish_report(op, error)
                                     : failure_report(op, error, "cannot create it");
    }
    if (result != LAGAN_OK) {
        files_entry_abort(w);
        return result;
    }
    if (entry->bytes >= DIRECT_WORTH_BYTES && !h->instance->cached)
        w->direct = direct_begin(w->fd, DIRECT_BEST_BYTES);
    *writer = w;
    return LAGAN_OK;
}

static int write_all(int fd, uint64_t offset, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = pwrite(fd, data, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno;
        data += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return 0;
}

/* The end of a range of the file, or 0 when it has none. */
static uint64_t end_of(uint64_t offset, uint64_t length)
{
    uint64_t end;
    return __builtin_add_overflow(offset, length, &end) || end > INT64_MAX ? 0 : end;
}

uint32_t files_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                        size_t size)
{
    struct writer *w = writer;
    uint64_t end = end_of(offset, size);
    if (size == 0)
        return LAGAN_OK;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (end == 0)
        return lagan_fail(op, LAGAN_LIMIT, EFBIG, "longer than a file can be");
    int error = w->direct ? direct_write(w->direct, offset, data, size)
                          : write_all(w->fd, offset, data, size);
    if (error != 0)
        return failure_report(op, error, "cannot write");
    if (w->written < end)
        w->written = end;
    return LAGAN_OK;
}

static int write_zeroes(int fd, uint64_t offset, uint64_t end)
{
    static const char zeroes[65536];
    int error = 0;
    while (offset < end && error == 0) {
        size_t part = end - offset < sizeof zeroes ? (size_t)(end - offset) : sizeof zeroes;
        error = write_all(fd, offset, zeroes, part);
        offset += part;
    }
    return error;
}

uint32_t files_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    struct writer *w = writer;
    uint64_t end = end_of(offset, length);
    if (end == 0 && length > 0)
        return lagan_fail(op, LAGAN_LIMIT, EFBIG, "longer than a file can be");
    /* What was never written is a hole already. */
    if (end > w->written)
        end = w->written;
    if (offset >= end)
        return LAGAN_OK;
    int error = w->direct ? direct_wait(w->direct) : 0;
    if (error != 0)
        return failure_report(op, error, "cannot write");
    if (fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                  (off_t)(end - offset)) == 0)
        return LAGAN_OK;
    error = errno;
    if (error == EOPNOTSUPP || error == ENOSYS)
        error = write_zeroes(w->fd, offset, end);
    return error ? failure_report(op, error, "cannot make a hole") : LAGAN_OK;
}

/* Length, attributes and durability: all that comes before the name. */
static uint32_t complete(struct writer *w, struct lagan_op *op, const struct object *object,
                         const struct pieces *pieces)
{
    int error = direct_end(w->direct);
    w->direct = NULL;
    if (error != 0)
        return failure_report(op, error, "cannot write");
    if (w->written != w->bytes && ftruncate(w->fd, (off_t)w->bytes) != 0)
        return failure_report(op, errno, "cannot set its length");
    apply_attributes(object, &w->wish, pieces);
    if ((w->flags & LAGAN_CREATE_SYNC) != 0 && fsync(w->fd) != 0)
        return failure_report(op, errno, "cannot make it durable");
    return LAGAN_OK;
}

static int publish(struct writer *w)
{
    bool replace = (w->flags & LAGAN_CREATE_REPLACE) != 0;
    int directory = w->place.folder->fd;
    if (w->temporary[0] == 0)
        return publish_nameless(w->fd, directory, w->place.name, replace);
    int error = publish_rename(directory, w->temporary, w->place.name, replace);
    if (error == 0)
        w->temporary[0] = 0;
    return error;
}

uint32_t files_entry_commit(void *writer, struct lagan_op *op,
                            const struct lagan_metadata *pieces, size_t count,
                            const struct lagan_metadata_collector *lost)
{
    struct writer *w = writer;
    struct pieces metadata = {.list = pieces, .count = count, .lost = lost};
    struct object object = object_of(w->fd, false, apply_inherits(w->place.folder));
    uint32_t result = lagan_cancelled(op) ? lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled")
                                          : complete(w, op, &object, &metadata);
    int error = result == LAGAN_OK ? publish(w) : 0;
    if (error != 0)
        result = publish_report(op, error);
    if (result != LAGAN_OK) {
        files_entry_abort(w);
        return result;
    }
    apply_locks(&object, &metadata);
    if ((w->flags & LAGAN_CREATE_SYNC) != 0) {
        error = publish_sync(w->place.folder->fd);
        if (error != 0) {
            result = failure_report(op, error, "cannot make its name durable");
            op->error.outcome = LAGAN_OUTCOME_UNKNOWN;
        }
    }
    writer_free(w);
    return result;
}
