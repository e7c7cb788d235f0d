/* SPDX-License-Identifier: Apache-2.0 */
/* migrate_sort.c - entries sorted in memory, and beyond that in runs of a private file. */
#include "engine/migrate_listing.h"

#include "driver/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_BYTES = 64 << 10, HEAD_BYTES = 4, RUNS_LIMIT = 4096 };

/* A sorted stretch of the file. */
struct run {
    uint64_t next, end; /* of what was not read yet */
    struct buffer window;
    size_t at; /* of the record at hand within it */
};

struct migrate_sort {
    size_t memory_bytes;
    struct buffer records; /* length u32, then the record, of what is not in the file */
    size_t *offsets;
    size_t count, room;
    size_t given; /* of those in memory */
    bool sorted;
    int file; /* -1 = none */
    uint64_t file_bytes;
    struct run *runs;
    size_t run_count;
};

struct migrate_sort *migrate_sort_new(size_t memory_bytes, struct error *e)
{
    struct migrate_sort *s = calloc(1, sizeof(*s));
    if (!s) {
        error_no_memory(e, "a listing");
        return NULL;
    }
    s->memory_bytes = memory_bytes;
    s->file = -1;
    return s;
}

void migrate_sort_free(struct migrate_sort *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->run_count; i++)
        buffer_free(&s->runs[i].window);
    if (s->file >= 0)
        close(s->file);
    free(s->runs);
    free(s->offsets);
    buffer_free(&s->records);
    free(s);
}

/* ---- records ---- */

static void encode(struct buffer *out, const struct migrate_entry *entry)
{
    const struct lagan_entry *from = &entry->seen.copy.entry;
    size_t start = out->size;
    buffer_append_u32(out, 0);
    buffer_append_counted(out, entry->order.data, entry->order.size);
    buffer_append_counted(out, from->key, from->key_size);
    buffer_append_varint(out, from->type);
    buffer_append_varint(out, from->present);
    buffer_append_varint(out, from->flags);
    buffer_append_varint(out, from->bytes);
    buffer_append_varint(out, from->mode);
    buffer_append_signed(out, from->mtime_s);
    buffer_append_varint(out, from->mtime_ns);
    if (!out->failed)
        store_u32(out->data + start, (uint32_t)(out->size - start - HEAD_BYTES));
}

static struct reader order_of(const uint8_t *record)
{
    struct reader r = reader_of(record + HEAD_BYTES, load_u32(record));
    size_t size = 0;
    const uint8_t *order = reader_counted(&r, &size);
    return reader_of(order, order ? size : 0);
}

static int decode(const uint8_t *record, struct migrate_entry *entry, struct error *e)
{
    struct reader r = reader_of(record + HEAD_BYTES, load_u32(record));
    struct lagan_entry_collector collector = object_seen_collector(&entry->seen);
    struct lagan_entry found = {.size = sizeof(found)};
    size_t order_size = 0;
    const uint8_t *order = reader_counted(&r, &order_size);
    found.key = reader_counted(&r, &found.key_size);
    found.type = (uint32_t)reader_varint(&r);
    found.present = reader_varint(&r);
    found.flags = reader_varint(&r);
    found.bytes = reader_varint(&r);
    found.mode = (uint32_t)reader_varint(&r);
    found.mtime_s = reader_signed(&r);
    found.mtime_ns = (uint32_t)reader_varint(&r);
    if (!reader_done(&r))
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "a sorted listing is malformed");
    buffer_clear(&entry->order);
    buffer_append(&entry->order, order, order_size);
    if (collector.add(collector.context, &found) != LAGAN_OK) {
        *e = entry->seen.error;
        return -1;
    }
    return buffer_check(&entry->order, e);
}

static int compare_orders(const uint8_t *a, const uint8_t *b)
{
    struct reader one = order_of(a), other = order_of(b);
    size_t common = one.left < other.left ? one.left : other.left;
    int result = memcmp(one.next, other.next, common);
    return result ? result : (one.left > other.left) - (one.left < other.left);
}

/* ---- in memory ---- */

static int by_order(const void *a, const void *b, void *context)
{
    const struct migrate_sort *s = context;
    return compare_orders(s->records.data + *(const size_t *)a,
                          s->records.data + *(const size_t *)b);
}

static void sort_memory(struct migrate_sort *s)
{
    if (s->count > 1)
        qsort_r(s->offsets, s->count, sizeof(s->offsets[0]), by_order, s);
}

/* ---- in the file ---- */

static int write_records(struct migrate_sort *s, struct error *e)
{
    struct buffer out CLEANUP_BUFFER = BUFFER_INIT;
    for (size_t i = 0; i < s->count; i++) {
        const uint8_t *record = s->records.data + s->offsets[i];
        buffer_append(&out, record, HEAD_BYTES + load_u32(record));
        if (out.size < WINDOW_BYTES && i + 1 < s->count)
            continue;
        if (buffer_check(&out, e) != 0 ||
            spool_write(s->file, s->file_bytes, out.data, out.size, e) != 0)
            return -1;
        s->file_bytes += out.size;
        buffer_clear(&out);
    }
    return 0;
}

/* What is in memory becomes a run of the file. */
static int spill(struct migrate_sort *s, struct error *e)
{
    struct run *runs = reallocarray(s->runs, s->run_count + 1, sizeof(*runs));
    if (!runs)
        return error_no_memory(e, "a listing");
    s->runs = runs;
    if (s->run_count == RUNS_LIMIT)
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "the tree has too many files to sort");
    if (s->file < 0)
        s->file = spool_open(e);
    uint64_t start = s->file_bytes;
    sort_memory(s);
    if (s->file < 0 || write_records(s, e) != 0)
        return -1;
    runs[s->run_count++] = (struct run){.next = start, .end = s->file_bytes};
    buffer_clear(&s->records);
    s->count = 0;
    return 0;
}

int migrate_sort_add(struct migrate_sort *s, const struct migrate_entry *entry, struct error *e)
{
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 1024;
        size_t *offsets = reallocarray(s->offsets, room, sizeof(*offsets));
        if (!offsets)
            return error_no_memory(e, "a listing");
        s->offsets = offsets;
        s->room = room;
    }
    s->offsets[s->count++] = s->records.size;
    encode(&s->records, entry);
    if (buffer_check(&s->records, e) != 0)
        return -1;
    return s->records.size >= s->memory_bytes ? spill(s, e) : 0;
}

/* Makes `size` bytes from the run's place on available. */
static int fill_window(struct migrate_sort *s, struct run *run, size_t size, struct error *e)
{
    struct buffer *window = &run->window;
    size_t left = window->size - run->at;
    if (left >= size)
        return 0;
    if (left > 0)
        memmove(window->data, window->data + run->at, left);
    window->size = left;
    run->at = 0;
    uint64_t more = run->end - run->next;
    size_t wanted = size > WINDOW_BYTES ? size : WINDOW_BYTES;
    wanted = wanted - left < more ? wanted - left : (size_t)more;
    uint8_t *room = buffer_reserve(window, wanted);
    if (!room)
        return error_no_memory(e, "a listing");
    if (spool_read(s->file, run->next, room, wanted, e) != 0)
        return -1;
    run->next += wanted;
    window->size += wanted;
    if (window->size >= size)
        return 0;
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "a sorted listing ends too early");
}

/* The record at hand of a run: `*record` is NULL at its end. */
static int run_record(struct migrate_sort *s, struct run *run, const uint8_t **record,
                      struct error *e)
{
    *record = NULL;
    if (run->at == run->window.size && run->next == run->end)
        return 0;
    if (fill_window(s, run, HEAD_BYTES, e) != 0)
        return -1;
    size_t size = HEAD_BYTES + load_u32(run->window.data + run->at);
    if (fill_window(s, run, size, e) != 0)
        return -1;
    *record = run->window.data + run->at;
    return 0;
}

static int next_of_runs(struct migrate_sort *s, struct migrate_entry *entry, struct error *e)
{
    const uint8_t *least = NULL;
    struct run *from = NULL;
    for (size_t i = 0; i < s->run_count; i++) {
        const uint8_t *record;
        if (run_record(s, &s->runs[i], &record, e) != 0)
            return -1;
        if (record && (!least || compare_orders(record, least) < 0)) {
            least = record;
            from = &s->runs[i];
        }
    }
    if (!least)
        return 0;
    if (decode(least, entry, e) != 0)
        return -1;
    from->at += HEAD_BYTES + load_u32(least);
    return 1;
}

int migrate_sort_next(struct migrate_sort *s, struct migrate_entry *entry, struct error *e)
{
    if (!s->sorted) {
        s->sorted = true;
        if (s->run_count > 0 && s->count > 0 && spill(s, e) != 0)
            return -1;
        sort_memory(s);
    }
    if (s->run_count > 0)
        return next_of_runs(s, entry, e);
    if (s->given == s->count)
        return 0;
    return decode(s->records.data + s->offsets[s->given++], entry, e) == 0 ? 1 : -1;
}
