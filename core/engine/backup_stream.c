/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_stream.c - a large entry, read and cut on the join's thread while workers identify and
 * the session compresses what went before.  Holes are passed over; each run of data is cut on
 * its own.
 *
 * Bytes are read into shares and stay where they are: items, and the session's blocks after
 * them, refer to them until they are compressed.  Only the beginning of a chunk at the end of a
 * share is copied, to the next one.
 */
#include "base/object.h"
#include "engine/backup_private.h"

#include <string.h>

enum {
    EXTENTS_AT_A_TIME = 128,
    READ_BYTES = 256 << 10, /* cut while they are in the processor's cache */
    SHARE_BYTES = 8 << 20,  /* besides a chunk that began in the last share */
    SEND_BYTES = 8 << 20, /* data after which an item is sent: many chunks are hashed at once */
    SEND_PIECES = 64,
    SHARES = 3 /* being read; identified; compressed */
};

struct extent {
    uint64_t offset, length;
    uint32_t type;
};

struct stream {
    struct backup_job *job;
    struct stream_room *room;
    const struct entry_copy *found;
    const struct item_sink *sink;

    struct entry_copy opened;
    struct step noted; /* metadata that the reader told, of flat sources */
    bool other;        /* as in struct step */
    struct entry_reader *reader;
    size_t start;      /* in the room's share: of the next chunk */
    struct item *item; /* chunks that were cut and not sent; NULL = none */
    size_t item_bytes; /* data in them */
    uint64_t position; /* of the next byte to be read */
    uint64_t total;    /* bytes in chunks and holes so far */
    struct extent extents[EXTENTS_AT_A_TIME];
    size_t extent_count;
    bool stopped; /* the job has failed elsewhere */
};

static struct item *stream_item(struct stream *s, enum item_kind kind)
{
    struct item *item = s->sink->fresh(s->sink->context, kind);
    s->stopped = s->stopped || !item;
    return item;
}

static void stream_send(struct stream *s, struct item *item)
{
    s->sink->send(s->sink->context, item);
}

static void stream_send_open(struct stream *s)
{
    if (s->item)
        stream_send(s, s->item);
    s->item = NULL;
    s->item_bytes = 0;
}

/* Ends the job: not the entry is at fault. */
static void stream_stop(struct stream *s, const struct error *why)
{
    backup_fail(s->job, why);
    s->stopped = true;
}

/* Adds a chunk, or a hole. */
static int stream_piece(struct stream *s, const struct piece *piece, struct error *e)
{
    if (!s->item)
        s->item = stream_item(s, ITEM_LARGE_CHUNKS);
    if (!s->item)
        return -1;
    if (!piece->hole && !s->item->share)
        s->item->share = share_hold(s->room->share);
    if (item_add_piece(s->item, piece, e) != 0) {
        stream_stop(s, e);
        return -1;
    }
    s->total += piece->bytes;
    s->item_bytes += piece->hole ? 0 : (size_t)piece->bytes;
    if (s->item_bytes >= SEND_BYTES || s->item->piece_count == SEND_PIECES)
        stream_send_open(s);
    return 0;
}

/* The length of the next chunk, as chunker_next gives it.  What changes in place is cut where
 * the offset in the file is a multiple of the average chunk. */
static size_t stream_next(struct stream *s, bool last)
{
    size_t size = s->room->filled - s->start;
    if ((s->opened.entry.flags & LAGAN_ENTRY_BLOCKS) == 0)
        return chunker_next(s->room->chunker, share_data(s->room->share) + s->start, size,
                            last);
    size_t cut = s->job->chunk_average - (size_t)(s->total % s->job->chunk_average);
    return cut <= size ? cut : last ? size : 0;
}

/* Adds all chunks that can be cut from what is read; with `last`, the rest too. */
static int stream_cut(struct stream *s, bool last, struct error *e)
{
    while (s->room->filled > s->start) {
        size_t cut = stream_next(s, last);
        struct piece piece = {.offset = s->start, .bytes = cut};
        if (cut == 0)
            break;
        if (stream_piece(s, &piece, e) != 0)
            return -1;
        s->start += cut;
    }
    return 0;
}

/* The bytes of each share. */
static size_t share_bytes(const struct backup_job *job)
{
    return job->chunk_largest + SHARE_BYTES;
}

/* Makes room to read into; what is not cut yet moves along. */
static int stream_make_room(struct stream *s, struct error *e)
{
    if (s->room->share && share_bytes(s->job) - s->room->filled >= READ_BYTES)
        return 0;
    /* What we hold is not waited for. */
    stream_send_open(s);
    struct share *next = share_take(s->room->shares, e);
    if (!next) {
        stream_stop(s, e);
        return -1;
    }
    size_t left = s->room->filled - s->start;
    if (left > 0)
        memcpy(share_data(next), share_data(s->room->share) + s->start, left);
    share_release(s->room->share);
    s->room->share = next;
    s->start = 0;
    s->room->filled = left;
    return 0;
}

/* Reads and cuts [position, end), or to the end of the content when that comes first. */
static int stream_data(struct stream *s, uint64_t end, bool *at_end, struct error *e)
{
    *at_end = false;
    while (s->position < end && !*at_end) {
        size_t want = end - s->position < READ_BYTES ? (size_t)(end - s->position) : READ_BYTES;
        size_t got = 0;
        if (stream_make_room(s, e) != 0)
            return -1;
        if (entry_reader_read(s->reader, s->position,
                              share_data(s->room->share) + s->room->filled, want, &got, e) != 0)
            return error_context(e, "at byte %llu", (unsigned long long)s->position);
        s->position += got;
        s->room->filled += got;
        *at_end = got < want;
        atomic_fetch_add(&s->job->bytes_read, got);
        backup_progress(s->job, 0, got, &s->found->entry);
        if (stream_cut(s, false, e) != 0)
            return -1;
    }
    return stream_cut(s, true, e);
}

static uint32_t extent_add(void *context, uint64_t offset, uint64_t length, uint32_t type)
{
    struct stream *s = context;
    if (s->extent_count < EXTENTS_AT_A_TIME)
        s->extents[s->extent_count++] = (struct extent){offset, length, type};
    return LAGAN_OK;
}

/* Goes through the extents of a sparse entry. */
static int stream_sparse(struct stream *s, struct error *e)
{
    uint64_t size = s->opened.entry.bytes;
    struct lagan_extent_collector collector = {.context = s, .add = extent_add};
    bool at_end = false;
    while (s->position < size && !at_end) {
        s->extent_count = 0;
        if (entry_reader_extents(s->reader, s->position, size - s->position, &collector, e) !=
            0)
            return -1;
        uint64_t before = s->position;
        for (size_t i = 0; i < s->extent_count && !at_end; i++) {
            const struct extent *extent = &s->extents[i];
            if (extent->offset != s->position || extent->length > size - s->position)
                return error_set(e, LAGAN_CORRUPT, ERROR_FAILED,
                                 "the source's extents overlap");
            if (extent->type == LAGAN_EXTENT_DATA) {
                if (stream_data(s, extent->offset + extent->length, &at_end, e) != 0)
                    return -1;
                continue;
            }
            struct piece hole = {.bytes = extent->length, .hole = true};
            if (extent->length > 0 && stream_piece(s, &hole, e) != 0)
                return -1;
            s->position += extent->length;
        }
        if (s->position == before)
            return error_set(e, LAGAN_CORRUPT, ERROR_FAILED,
                             "the source's extents do not advance");
    }
    return 0;
}

/* Nobody knew its length. */
static bool stream_is_endless(const struct stream *s)
{
    return (s->opened.entry.flags & LAGAN_ENTRY_STREAM) != 0;
}

static void stream_learn_length(struct stream *s)
{
    s->opened.entry.bytes = s->total;
    s->opened.entry.present |= LAGAN_HAS_BYTES;
}

static int stream_content(struct stream *s, struct error *e)
{
    bool at_end = false;
    if (s->opened.entry.flags & LAGAN_ENTRY_SPARSE)
        return stream_sparse(s, e);
    /* Not behind the length it had when it was opened: it may grow for ever. */
    return stream_data(s, stream_is_endless(s) ? UINT64_MAX : s->opened.entry.bytes, &at_end,
                       e);
}

static int stream_once(struct stream *s, bool *changed, struct error *e)
{
    s->position = s->total = 0;
    s->start = s->room->filled; /* chunks before it are still looked at */
    chunker_reset(s->room->chunker);
    s->reader = backup_open(s->job, &s->found->entry, &s->opened, &s->other, e);
    if (!s->reader)
        return -1;
    if (s->job->flat) {
        s->noted.found = *s->found; /* lent */
        backup_read_metadata(s->job, &s->noted, s->reader);
    }
    if (stream_content(s, e) != 0) {
        entry_reader_drop(s->reader);
        return -1;
    }
    if (entry_reader_close(s->reader, changed, e) != 0)
        return -1;
    if (stream_is_endless(s))
        stream_learn_length(s);
    if (s->total != s->opened.entry.bytes)
        *changed = true;
    return 0;
}

/* What has been sent of an earlier attempt does not count. */
static void stream_again(struct stream *s)
{
    stream_send_open(s);
    struct item *again = stream_item(s, ITEM_LARGE_AGAIN);
    if (again)
        stream_send(s, again);
}

/* The verdict, and the attributes as opened. */
static void stream_end(struct stream *s, bool changed, const struct error *why)
{
    struct error e = ERROR_INIT;
    stream_send_open(s);
    struct item *item = stream_item(s, ITEM_LARGE_END);
    if (!item)
        return;
    struct step *step = &item->steps[0];
    item->step_count = 1;
    step->changed = changed;
    step->other = s->other;
    struct buffer unused = step->metadata;
    step->metadata = s->noted.metadata; /* they change places: no byte is moved */
    s->noted.metadata = unused;
    step->metadata_lost = s->noted.metadata_lost;
    if (why->error_class != LAGAN_OK)
        backup_read_failed(s->job, step, why);
    else if (entry_copy_set(&step->opened, &s->opened.entry, &e) != 0)
        stream_stop(s, &e);
    stream_send(s, item);
}

/* Reads the entry, once more if it changed. */
static void stream_run(struct stream *s)
{
    struct error why = ERROR_INIT;
    bool changed = true;
    for (int attempt = 0; changed && !s->stopped && attempt < READ_ATTEMPTS; attempt++) {
        changed = false;
        if (attempt > 0)
            stream_again(s);
        if (!s->stopped && stream_once(s, &changed, &why) != 0)
            break;
    }
    if (!s->stopped)
        stream_end(s, changed, &why);
}

static int stream_room_open(struct backup_job *job, struct stream_room *room, struct error *e)
{
    const struct vault_settings *settings = vault_settings(job->request->vault);
    if (!room->shares)
        room->shares = share_pool_new(SHARES, share_bytes(job), e);
    if (room->shares && !room->chunker)
        room->chunker = chunker_new(vault_chunker_key(job->request->vault),
                                    settings->chunk_average_log2, e);
    return room->chunker ? 0 : -1;
}

void stream_room_free(struct stream_room *room)
{
    share_release(room->share);
    share_pool_free(room->shares);
    chunker_free(room->chunker);
}

int stream_room_give(struct backup_job *job, struct stream_room *room, struct item *item,
                     size_t bytes)
{
    struct error e = ERROR_INIT;
    struct share *next = NULL;

    ASSERT(bytes <= share_bytes(job));
    if (stream_room_open(job, room, &e) == 0 &&
        (!room->share || share_bytes(job) - room->filled < bytes))
        next = share_take(room->shares, &e);
    if (next) {
        share_release(room->share);
        room->share = next;
        room->filled = 0;
    }
    if (e.error_class != LAGAN_OK) {
        backup_fail(job, &e);
        return -1;
    }
    item->share = share_hold(room->share);
    item->place = room->filled;
    room->filled += bytes;
    return 0;
}

int backup_stream(struct backup_job *job, struct stream_room *room,
                  const struct entry_copy *found, const struct item_sink *sink)
{
    struct stream s = {.job = job, .room = room, .found = found, .sink = sink};
    struct error e = ERROR_INIT;

    if (stream_room_open(job, room, &e) == 0)
        stream_run(&s);
    else
        stream_stop(&s, &e);
    stream_send_open(&s);
    entry_copy_free(&s.opened);
    buffer_free(&s.noted.metadata);
    return s.stopped || atomic_load(&job->failed) ? -1 : 0;
}
