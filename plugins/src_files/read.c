/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - the content of files.
 */
#include "src_files/attributes.h"
#include "src_files/failure.h"
#include "src_files/handle.h"
#include "src_files/image.h"
#include "src_files/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From this length on the kernel is told to read ahead more. */
enum { LONG_FILE_BYTES = 1 << 20, EXTENTS_UNCHECKED = 1024 };

struct reader {
    int fd;
    uint64_t end; /* where the end was met; UINT64_MAX while it was not */
    struct attributes opened;
};

/* Opens the file and compares it with what the walk has seen.  LAGAN_OK or a reported error. */
static uint32_t open_file(struct lagan_op *op, const struct place *place, const void *id,
                          size_t id_size, struct reader *reader)
{
    unsigned char identity[IDENTITY_BYTES];
    reader->fd = beneath_open_quietly(place->folder->fd, place->name, O_RDONLY);
    /* ENXIO: it is a socket by now */
    if (reader->fd < 0 && errno == ENXIO)
        errno = ELOOP;
    if (reader->fd < 0)
        return failure_report(op, errno, "cannot open it");
    int error = attributes_read(reader->fd, "", &reader->opened);
    if (error != 0)
        return failure_report(op, error, "cannot examine it");
    if (!S_ISREG(reader->opened.mode))
        return lagan_fail(op, LAGAN_CHANGED, 0, "it is no longer a file");
    attributes_identity(&reader->opened, identity);
    if (id_size > 0 && (id_size != sizeof identity || memcmp(id, identity, id_size) != 0))
        return lagan_fail(op, LAGAN_CHANGED, 0, "it was replaced by another file");
    return LAGAN_OK;
}

static uint32_t describe(const struct handle *h, const struct reader *reader, const void *key,
                         size_t key_size, const struct lagan_entry_collector *attributes)
{
    struct lagan_entry entry;
    struct attributes_room room;
    attributes_describe(&reader->opened, h->owners, &room, &entry);
    entry.key = key;
    entry.key_size = key_size;
    if (image_recognise(reader->fd, entry.bytes))
        entry.flags |= LAGAN_ENTRY_BLOCKS;
    return attributes->add(attributes->context, &entry);
}

uint32_t files_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                          const void *id, size_t id_size,
                          const struct lagan_entry_collector *attributes, void **reader)
{
    struct handle *h = handle;
    struct place place;
    int error = beneath_place(h->beneath, key, key_size, &place);
    if (error != 0)
        return failure_report(op, error, "cannot reach it");
    struct reader *made = calloc(1, sizeof *made);
    if (made == NULL) {
        folder_release(place.folder);
        return failure_memory(op);
    }
    made->end = UINT64_MAX;
    uint32_t result = open_file(op, &place, id, id_size, made);
    folder_release(place.folder);
    if (result == LAGAN_OK && attributes != NULL)
        result = describe(h, made, key, key_size, attributes);
    if (result != LAGAN_OK) {
        if (made->fd >= 0)
            close(made->fd);
        free(made);
        return result;
    }
    if (made->opened.bytes >= LONG_FILE_BYTES)
        posix_fadvise(made->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *reader = made;
    return LAGAN_OK;
}

uint32_t files_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                       size_t size, size_t *got)
{
    struct reader *r = reader;
    size_t done = 0;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    while (done < size && offset + done < r->end) {
        ssize_t part = pread(r->fd, (char *)data + done, size - done, (off_t)(offset + done));
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return lagan_fail(op, LAGAN_IO, errno, "cannot read at %llu: %s",
                              (unsigned long long)(offset + done),
                              failure_words(errno, (char[96]){0}, 96));
        done += (size_t)part;
        /* Asking again behind the end would cost a call for each small file.  What is short of
         * the length that it had when it was opened may be so by chance. */
        if (part == 0 || (done < size && offset + done == r->opened.bytes))
            r->end = offset + done;
    }
    *got = done;
    return LAGAN_OK;
}

/* One range that begins at `offset`, which ends before `limit`.  0 or a system error. */
static int next_extent(int fd, uint64_t offset, uint64_t limit, uint64_t *end, uint32_t *type)
{
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
    if (data < 0 && errno == ENXIO) { /* nothing but a hole up to the end */
        *end = limit;
        *type = LAGAN_EXTENT_HOLE;
        return 0;
    }
    if (data < 0)
        return errno;
    off_t edge = data;
    *type = LAGAN_EXTENT_HOLE;
    if ((uint64_t)data == offset) {
        edge = lseek(fd, (off_t)offset, SEEK_HOLE);
        *type = LAGAN_EXTENT_DATA;
    }
    if (edge < 0)
        return errno;
    *end = (uint64_t)edge < limit ? (uint64_t)edge : limit;
    /* A file that changes under us may make no sense. */
    return *end > offset ? 0 : ESTALE;
}

uint32_t files_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                       const struct lagan_extent_collector *extents)
{
    struct reader *r = reader;
    uint64_t limit;
    if (__builtin_add_overflow(offset, length, &limit) || limit > INT64_MAX)
        return lagan_fail(op, LAGAN_INVALID, 0, "range beyond the longest file");
    for (unsigned count = 0; offset < limit; count++) {
        uint64_t end = limit;
        uint32_t type = LAGAN_EXTENT_DATA;
        if (count % EXTENTS_UNCHECKED == 0 && lagan_cancelled(op))
            return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
        int error = next_extent(r->fd, offset, limit, &end, &type);
        if (error == EINVAL || error == EOPNOTSUPP) { /* the file system does not know */
            end = limit;
            type = LAGAN_EXTENT_DATA;
        } else if (error != 0) {
            return failure_report(op, error, "cannot find holes");
        }
        uint32_t result = extents->add(extents->context, offset, end - offset, type);
        if (result != LAGAN_OK)
            return result;
        offset = end;
    }
    return LAGAN_OK;
}

uint32_t files_entry_metadata(void *reader, struct lagan_op *op,
                              const struct lagan_metadata_collector *pieces)
{
    const struct reader *r = reader;
    return metadata_hand_over(r->fd, op, pieces);
}

uint32_t files_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct reader *r = reader;
    uint32_t result = LAGAN_OK;
    struct attributes now;
    if (verdict != NULL) {
        int error = attributes_read(r->fd, "", &now);
        if (error != 0)
            result = failure_report(op, error, "cannot examine it after reading");
        else
            *verdict =
                attributes_equal(&r->opened, &now) || attributes_removed(&r->opened, &now)
                    ? LAGAN_READ_CONSISTENT
                    : LAGAN_READ_CHANGED;
    }
    close(r->fd);
    free(r);
    return result;
}
