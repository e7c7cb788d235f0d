/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup_stream.c - a large entry, read and cut on the join's thread while workers identify and
 * the session compresses what went before.  Holes are passed over; each run of data is cut on
 * its own.
 */
#include "engine/backup_private.h"

#include <stdlib.h>
#include <string.h>

enum { EXTENTS_AT_A_TIME = 128 };

struct extent {
    uint64_t offset, length;
    uint32_t type;
};

struct stream {
    struct backup_job *job;
    const struct entry_copy *found;
    const struct item_sink *sink;

    struct entry_copy opened;
    bool other; /* as in struct step */
    struct entry_reader *reader;
    struct chunker *chunker;
    uint8_t *window; /* bytes read and not yet cut */
    size_t window_room, window_size;
    uint64_t position; /* of the next byte to be read */
    uint64_t total;    /* bytes sent in chunks and holes */
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

/* Ends the job: not the entry is at fault. */
static void stream_stop(struct stream *s, const struct error *why)
{
    backup_fail(s->job, why);
    s->stopped = true;
}

/* Sends a chunk (or with `data` NULL a hole) of `size` bytes. */
static int stream_chunk(struct stream *s, const uint8_t *data, uint64_t size, struct error *e)
{
    struct chunk_id hole = {{0}};
    struct item *item = stream_item(s, ITEM_LARGE_CHUNK);
    if (!item)
        return -1;
    buffer_append(&item->data, data ? data : (const uint8_t *)"", data ? (size_t)size : 0);
    int result = buffer_check(&item->data, e);
    if (result == 0)
        result = item_add_piece(item, &hole, 0, (size_t)size, e);
    if (result != 0)
        stream_stop(s, e);
    s->total += size;
    stream_send(s, item);
    return result;
}

/* Sends all chunks that can be cut from the window; with `last`, its rest too. */
static int stream_cut(struct stream *s, bool last, struct error *e)
{
    size_t start = 0;
    while (s->window_size > start) {
        size_t cut = chunker_next(s->chunker, s->window + start, s->window_size - start, last);
        if (cut == 0)
            break;
        if (stream_chunk(s, s->window + start, cut, e) != 0)
            return -1;
        start += cut;
    }
    memmove(s->window, s->window + start, s->window_size - start);
    s->window_size -= start;
    return 0;
}

/* Reads and cuts [position, end), or to the end of the content when that comes first. */
static int stream_data(struct stream *s, uint64_t end, bool *at_end, struct error *e)
{
    *at_end = false;
    while (s->position < end && !*at_end) {
        size_t want = s->window_room - s->window_size;
        if (end - s->position < want)
            want = (size_t)(end - s->position);
        size_t got = 0;
        if (entry_reader_read(s->reader, s->position, s->window + s->window_size, want, &got,
                              e) != 0)
            return error_context(e, "at byte %llu", (unsigned long long)s->position);
        s->position += got;
        s->window_size += got;
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
            if (extent->length > 0 && stream_chunk(s, NULL, extent->length, e) != 0)
                return -1;
            s->position += extent->length;
        }
        if (s->position == before)
            return error_set(e, LAGAN_CORRUPT, ERROR_FAILED,
                             "the source's extents do not advance");
    }
    return 0;
}

static int stream_once(struct stream *s, bool *changed, struct error *e)
{
    s->position = s->total = 0;
    s->window_size = 0;
    chunker_reset(s->chunker);
    s->reader = backup_open(s->job, &s->found->entry, &s->opened, &s->other, e);
    if (!s->reader)
        return -1;
    bool at_end = false;
    /* Not behind the length it had when it was opened: it may grow for ever. */
    int result = s->opened.entry.flags & LAGAN_ENTRY_SPARSE
                     ? stream_sparse(s, e)
                     : stream_data(s, s->opened.entry.bytes, &at_end, e);
    if (result != 0) {
        entry_reader_drop(s->reader);
        return -1;
    }
    if (entry_reader_close(s->reader, changed, e) != 0)
        return -1;
    if (s->total != s->opened.entry.bytes)
        *changed = true;
    return 0;
}

/* What has been sent of an earlier attempt does not count. */
static void stream_again(struct stream *s)
{
    struct item *again = stream_item(s, ITEM_LARGE_AGAIN);
    if (again)
        stream_send(s, again);
}

/* The verdict, and the attributes as opened. */
static void stream_end(struct stream *s, bool changed, const struct error *why)
{
    struct error e = ERROR_INIT;
    struct item *item = stream_item(s, ITEM_LARGE_END);
    if (!item)
        return;
    struct step *step = &item->steps[0];
    item->step_count = 1;
    step->changed = changed;
    step->other = s->other;
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

int backup_stream(struct backup_job *job, const struct entry_copy *found,
                  const struct item_sink *sink)
{
    struct stream s = {.job = job, .found = found, .sink = sink};
    const struct vault_settings *settings = vault_settings(job->request->vault);
    struct error e = ERROR_INIT;

    s.window_room =
        job->chunk_largest + (job->chunk_largest > (1 << 20) ? job->chunk_largest : 1 << 20);
    s.window = malloc(s.window_room);
    if (!s.window)
        error_no_memory(&e, "reading a large file");
    else
        s.chunker = chunker_new(vault_chunker_key(job->request->vault),
                                settings->chunk_average_log2, &e);
    if (s.chunker)
        stream_run(&s);
    else
        stream_stop(&s, &e);
    chunker_free(s.chunker);
    free(s.window);
    entry_copy_free(&s.opened);
    return s.stopped || atomic_load(&job->failed) ? -1 : 0;
}
