/* SPDX-License-Identifier: Apache-2.0 */
/* segment.c - reading local index files. */
#include "vault/segment.h"
#include "base/file.h"
#include "base/object.h"
#include "crypto/crc32c.h"
#include "vault/segment_layout.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SEGMENT_MAGIC = 0x5345474d };
static const char file_name[] = "index segment";

struct segment {
    uint32_t magic; /* SEGMENT_MAGIC */
    int fd;
    uint64_t entries;
    uint32_t pages;
    struct run_pack *packs;
    size_t pack_count;
    uint64_t *fences;       /* entry_order of the first entry of each page */
    struct filter *filters; /* one for SEGMENT_SPAN_PAGES pages */
    size_t filter_count;
    size_t filter_bytes;
};

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s: %s", file_name, why);
}

static int read_exactly(int fd, uint64_t offset, void *data, size_t size, struct error *e)
{
    size_t got;

    if (file_read_at(fd, offset, data, size, &got, file_name, e) < 0)
        return -1;
    return got == size ? 0 : corrupt(e, "it is too short");
}

void segment_close(struct segment *s)
{
    if (s == NULL)
        return;
    OBJECT_CHECK(s, SEGMENT_MAGIC);
    for (size_t i = 0; i < s->filter_count; i++)
        filter_free(&s->filters[i]);
    free(s->filters);
    free(s->fences);
    free(s->packs);
    file_close(&s->fd);
    s->magic = 0;
    free(s);
}

uint64_t segment_entries(const struct segment *s)
{
    return s->entries;
}

const struct run_pack *segment_packs(const struct segment *s, size_t *count)
{
    *count = s->pack_count;
    return s->packs;
}

size_t segment_memory(const struct segment *s)
{
    return sizeof(*s) + s->pack_count * sizeof(*s->packs) + s->pages * sizeof(*s->fences) +
           s->filter_count * sizeof(*s->filters) + s->filter_bytes;
}

static int allocate(struct segment *s, struct error *e)
{
    size_t spans = (s->pages + SEGMENT_SPAN_PAGES - 1) / SEGMENT_SPAN_PAGES;

    s->packs = calloc(s->pack_count + 1, sizeof(*s->packs));
    s->fences = calloc((size_t)s->pages + 1, sizeof(*s->fences));
    s->filters = calloc(spans + 1, sizeof(*s->filters));
    if (s->packs == NULL || s->fences == NULL || s->filters == NULL)
        return error_no_memory(e, file_name);
    return 0;
}

static int take_filters(struct segment *s, struct reader *r, struct error *e)
{
    size_t spans = (s->pages + SEGMENT_SPAN_PAGES - 1) / SEGMENT_SPAN_PAGES;

    while (s->filter_count < spans) {
        size_t size;
        const uint8_t *bytes = reader_counted(r, &size);
        struct reader one = reader_of(bytes, size);
        if (filter_decode(&s->filters[s->filter_count], &one, e) < 0)
            return -1;
        s->filter_count++;
        s->filter_bytes += size;
    }
    return 0;
}

static int take_tail(struct segment *s, struct reader *r, struct error *e)
{
    s->entries = reader_u64(r);
    s->pages = reader_u32(r);
    s->pack_count = reader_u32(r);
    if (r->failed || s->pack_count > r->left / SEGMENT_PACK_BYTES || s->pages > r->left / 8)
        return corrupt(e, "counts do not fit its length");
    if (allocate(s, e) < 0)
        return -1;
    for (size_t i = 0; i < s->pack_count; i++)
        run_pack_take(&s->packs[i], r);
    for (uint32_t i = 0; i < s->pages; i++)
        s->fences[i] = reader_u64(r);
    if (take_filters(s, r, e) < 0)
        return -1;
    if (!reader_done(r))
        return corrupt(e, "its tail has another length");
    return run_packs_check(s->packs, s->pack_count, s->entries, e);
}

static int read_tail(struct segment *s, struct error *e)
{
    struct buffer tail CLEANUP_BUFFER = BUFFER_INIT;
    struct segment_trailer t;
    uint8_t bytes[SEGMENT_TRAILER_BYTES];
    struct stat found;

    if (fstat(s->fd, &found) != 0 || found.st_size < SEGMENT_TRAILER_BYTES)
        return corrupt(e, "it is too short");
    uint64_t end = (uint64_t)found.st_size - SEGMENT_TRAILER_BYTES;
    if (read_exactly(s->fd, end, bytes, sizeof(bytes), e) < 0)
        return -1;
    if (!segment_trailer_take(&t, bytes) || t.tail_offset > end ||
        end - t.tail_offset != t.tail_bytes)
        return corrupt(e, "its trailer is damaged");
    uint8_t *at = buffer_reserve(&tail, t.tail_bytes);
    if (at == NULL)
        return error_no_memory(e, file_name);
    if (read_exactly(s->fd, t.tail_offset, at, t.tail_bytes, e) < 0)
        return -1;
    if (crc32c(at, t.tail_bytes) != t.tail_checksum)
        return corrupt(e, "its tail is damaged");
    struct reader r = reader_of(at, t.tail_bytes);
    if (take_tail(s, &r, e) < 0)
        return -1;
    return s->pages == t.tail_offset / SEGMENT_PAGE_BYTES ? 0 : corrupt(e, "pages are missing");
}

int segment_open(int fd, struct segment **segment, struct error *e)
{
    struct segment *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        file_close(&fd);
        return error_no_memory(e, file_name);
    }
    s->magic = SEGMENT_MAGIC;
    s->fd = fd;
    if (read_tail(s, e) < 0) {
        segment_close(s);
        return -1;
    }
    *segment = s;
    return 0;
}

/* Reads page `number`; how many entries it has, or -1. */
static int read_page(const struct segment *s, uint32_t number, uint8_t *page, struct error *e)
{
    if (read_exactly(s->fd, (uint64_t)number * SEGMENT_PAGE_BYTES, page, SEGMENT_PAGE_BYTES,
                     e) < 0)
        return -1;
    uint32_t count = load_u32(page + SEGMENT_AT_COUNT);
    if (load_u32(page + SEGMENT_AT_CHECKSUM) != crc32c(page, SEGMENT_AT_CHECKSUM) ||
        count == 0 || count > SEGMENT_PAGE_ENTRIES)
        return corrupt(e, "a page is damaged");
    return (int)count;
}

/* The number of pages whose fence is below `order`. */
static uint32_t pages_before(const struct segment *s, uint64_t order)
{
    uint32_t low = 0, high = s->pages;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->fences[middle] < order)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first entry of a page that is not before `id`. */
static int first_in_page(const uint8_t *page, int count, const uint8_t *id)
{
    int low = 0, high = count;

    while (low < high) {
        int middle = low + (high - low) / 2;
        if (memcmp(page + (size_t)middle * ENTRY_SIZE, id, ENTRY_ID_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int find_in_page(const struct segment *s, uint32_t number, const uint8_t *id,
                        struct entry *found, size_t *count, struct error *e)
{
    uint8_t page[SEGMENT_PAGE_BYTES];
    int entries = read_page(s, number, page, e);

    if (entries < 0)
        return -1;
    for (int i = first_in_page(page, entries, id); i < entries; i++) {
        const uint8_t *at = page + (size_t)i * ENTRY_SIZE;
        if (*count == SEGMENT_FOUND_LIMIT || memcmp(at, id, ENTRY_ID_SIZE) != 0)
            break;
        entry_load(&found[*count], at);
        if (found[*count].pack >= s->pack_count)
            return corrupt(e, "an entry names no pack");
        ++*count;
    }
    return 0;
}

int segment_find(const struct segment *s, const uint8_t *id, struct entry *found, size_t *count,
                 struct error *e)
{
    uint64_t order = entry_order(id);
    uint32_t page = pages_before(s, order);

    *count = 0;
    /* The entry may stand at the end of the page before the one whose fence it equals. */
    if (page > 0)
        page--;
    for (; page < s->pages && s->fences[page] <= order; page++) {
        if (!filter_may_contain(&s->filters[page / SEGMENT_SPAN_PAGES], entry_key(id)))
            continue;
        if (find_in_page(s, page, id, found, count, e) < 0)
            return -1;
    }
    return 0;
}

/* Reads several pages at a time. */
enum { STREAM_PAGES = 16 };

struct segment_stream {
    struct entry_stream stream;
    const struct segment *segment;
    uint32_t next_page;
    uint32_t page_count; /* in `pages` */
    uint32_t page;
    uint32_t entry;
    uint8_t pages[STREAM_PAGES * SEGMENT_PAGE_BYTES];
};

static int stream_fill(struct segment_stream *s, struct error *e)
{
    uint32_t left = s->segment->pages - s->next_page;

    s->page_count = left < STREAM_PAGES ? left : (uint32_t)STREAM_PAGES;
    s->page = 0;
    for (uint32_t i = 0; i < s->page_count; i++)
        if (read_page(s->segment, s->next_page + i, s->pages + (size_t)i * SEGMENT_PAGE_BYTES,
                      e) < 0)
            return -1;
    s->next_page += s->page_count;
    return 0;
}

static int stream_next(struct entry_stream *stream, struct entry *entry, struct error *e)
{
    struct segment_stream *s = (struct segment_stream *)stream;

    if (s->page == s->page_count && stream_fill(s, e) < 0)
        return -1;
    if (s->page == s->page_count)
        return 0;
    const uint8_t *page = s->pages + (size_t)s->page * SEGMENT_PAGE_BYTES;
    entry_load(entry, page + (size_t)s->entry * ENTRY_SIZE);
    if (++s->entry == load_u32(page + SEGMENT_AT_COUNT)) {
        s->entry = 0;
        s->page++;
    }
    return 1;
}

static int stream_rewind(struct entry_stream *stream, struct error *e)
{
    struct segment_stream *s = (struct segment_stream *)stream;

    (void)e;
    s->next_page = s->page_count = s->page = s->entry = 0;
    return 0;
}

static void stream_free(struct entry_stream *stream)
{
    free(stream);
}

struct entry_stream *segment_stream(const struct segment *s, struct error *e)
{
    struct segment_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL) {
        error_no_memory(e, file_name);
        return NULL;
    }
    stream->stream = (struct entry_stream){stream_next, stream_rewind, stream_free};
    stream->segment = s;
    return &stream->stream;
}
