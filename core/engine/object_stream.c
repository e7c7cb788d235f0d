/* SPDX-License-Identifier: Apache-2.0 */
/* object_stream.c - the bytes of an object pass through here: read, hashed, written. */
#include "engine/object_private.h"

#include "base/object.h"
#include "driver/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 4 << 20 };

/* Where the bytes of a copy come from: the original, or what was read of it before. */
struct origin {
    struct entry_reader *reader;
    int spool; /* -1 = the reader */
};

static int origin_read(const struct origin *from, uint64_t offset, void *data, size_t size,
                       size_t *got, struct error *e)
{
    if (from->spool < 0)
        return entry_reader_read(from->reader, offset, data, size, got, e);
    if (spool_read(from->spool, offset, data, size, e) != 0)
        return -1;
    *got = size;
    return 0;
}

static int was_changed(const char *how, struct error *e)
{
    return error_set(e, LAGAN_CHANGED, ERROR_FAILED, "it %s while it was copied", how);
}

static void take(struct object_work *work, const void *data, size_t size)
{
    hash_update(&work->hash, data, size);
    if (work->options->verify != OBJECT_VERIFY_SIZE)
        md5_update(&work->md5, data, size);
}

/* One piece: `*done` bytes are done before and after. */
static int pass_piece(struct object_work *work, const struct origin *from,
                      struct entry_writer *writer, uint8_t *data, uint64_t *done,
                      struct error *e)
{
    uint64_t left = work->bytes - *done;
    size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, got = 0;
    if (work->options->pace && pace_wait(work->options->pace, size, e) != 0)
        return -1;
    if (origin_read(from, *done, data, size, &got, e) != 0)
        return -1;
    if (got != size)
        return was_changed("became shorter", e);
    take(work, data, size);
    if (entry_writer_write(writer, *done, data, size, e) != 0)
        return -1;
    *done += size;
    return 0;
}

static int pass_all(struct object_work *work, const struct origin *from,
                    struct entry_writer *writer, struct error *e)
{
    size_t room = work->bytes < PIECE_BYTES ? (size_t)work->bytes : PIECE_BYTES;
    uint8_t *data = malloc(room ? room : 1);
    uint64_t done = 0;
    int result = data ? 0 : error_no_memory(e, "an object");
    hash_begin(&work->hash);
    md5_begin(&work->md5);
    while (result == 0 && done < work->bytes)
        result = pass_piece(work, from, writer, data, &done, e);
    free(data);
    return result;
}

/* What has no length is read to its end first: a copy's length is said before its bytes. */
static int fill_spool(struct object_work *work, struct origin *from, struct error *e)
{
    uint8_t *data = malloc(PIECE_BYTES);
    uint64_t done = 0;
    size_t got = PIECE_BYTES;
    int spool = data ? spool_open(e) : error_no_memory(e, "an object");
    int result = spool < 0 ? -1 : 0;
    while (result == 0 && got == PIECE_BYTES) {
        result = entry_reader_read(from->reader, done, data, PIECE_BYTES, &got, e);
        if (result == 0 && got > 0)
            result = spool_write(spool, done, data, got, e);
        done += result == 0 ? got : 0;
    }
    free(data);
    if (result != 0 && spool >= 0)
        close(spool);
    if (result != 0)
        return -1;
    from->spool = spool;
    work->bytes = done;
    return 0;
}

/* All that is known of the original's properties, besides what came as it was opened. */
static uint32_t piece_add(void *context, const struct lagan_metadata *piece)
{
    struct object_seen *seen = context;
    return object_pieces_set(&seen->pieces, piece, &seen->error) == 0 ? LAGAN_OK
                                                                      : LAGAN_INTERNAL;
}

static void piece_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

static int choose(struct object_work *work, struct entry_reader *reader, struct error *e)
{
    const struct lagan_entry *entry = &work->source.copy.entry;
    const struct lagan_metadata_collector pieces = {&work->source, piece_add, piece_lost};
    bool kept = !work->options->replace_pieces && work->ends->from_flat == work->ends->to_flat;
    if (kept && entry_reader_metadata(reader, entry->key, entry->key_size, entry->type, &pieces,
                                      e) != 0)
        return -1;
    return object_pieces_choose(work->ends, &work->source.pieces, entry, work->options,
                                &work->chosen, e);
}

/* Reads it to its end, and knows then whether it stayed as it was. */
static int read_and_close(struct object_work *work, struct origin *from,
                          struct entry_writer *writer, struct error *e)
{
    bool changed = false;
    int result = pass_all(work, from, writer, e);
    if (result != 0)
        entry_reader_drop(from->reader);
    else
        result = entry_reader_close(from->reader, &changed, e);
    from->reader = NULL;
    return result == 0 && changed ? was_changed("was written to", e) : result;
}

static int write_copy(struct object_work *work, struct origin *from, struct error *e)
{
    const struct lagan_metadata_collector made = object_work_collector(work);
    struct lagan_entry target = object_work_target(work);
    struct entry_writer *writer =
        source_entry_create(work->ends->to.source, &target, work->flags, e);
    if (!writer)
        return -1;
    if (read_and_close(work, from, writer, e) == 0)
        return entry_writer_commit(writer, work->chosen.items, work->chosen.count, &made, e);
    entry_writer_abort(writer);
    return -1;
}

int object_stream(struct object_work *work, struct error *e)
{
    const struct lagan_entry *entry = work->entry;
    struct lagan_entry_collector seen = object_seen_collector(&work->source);
    struct origin from = {.spool = -1};
    from.reader = source_entry_open(work->ends->from.source, entry->key, entry->key_size,
                                    entry->id, object_work_id_size(work), &seen, e);
    if (!from.reader)
        return -1;
    work->bytes = work->source.copy.entry.bytes;
    int result = choose(work, from.reader, e);
    if (result == 0 && (work->source.copy.entry.flags & LAGAN_ENTRY_STREAM))
        result = fill_spool(work, &from, e);
    if (result == 0)
        result = write_copy(work, &from, e);
    entry_reader_drop(from.reader);
    if (from.spool >= 0)
        close(from.spool);
    if (result != 0)
        return -1;
    hash_finish(&work->hash, work->copied->sha256);
    md5_finish(&work->md5, work->digest);
    return 0;
}
