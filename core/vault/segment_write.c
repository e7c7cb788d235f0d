/* SPDX-License-Identifier: Apache-2.0 */
/* segment_write.c - writing local index files from a sorted stream. */
#include "base/file.h"
#include "base/object.h"
#include "crypto/crc32c.h"
#include "vault/segment.h"
#include "vault/segment_layout.h"

#include <stdlib.h>
#include <string.h>

static const char file_name[] = "index segment";
static const char magic[] = "LAGANSEG";

enum {
    VERSION = 1,
    AT_TAIL_OFFSET = 8,
    AT_TAIL_BYTES = 16,
    AT_TAIL_CHECKSUM = 20,
    AT_VERSION = 24,
    AT_TRAILER_CHECKSUM = 28
};

void segment_trailer_give(const struct segment_trailer *t, uint8_t *bytes)
{
    memcpy(bytes, magic, 8);
    store_u64(bytes + AT_TAIL_OFFSET, t->tail_offset);
    store_u32(bytes + AT_TAIL_BYTES, t->tail_bytes);
    store_u32(bytes + AT_TAIL_CHECKSUM, t->tail_checksum);
    store_u32(bytes + AT_VERSION, VERSION);
    store_u32(bytes + AT_TRAILER_CHECKSUM, crc32c(bytes, AT_TRAILER_CHECKSUM));
}

bool segment_trailer_take(struct segment_trailer *t, const uint8_t *bytes)
{
    *t = (struct segment_trailer){load_u64(bytes + AT_TAIL_OFFSET),
                                  load_u32(bytes + AT_TAIL_BYTES),
                                  load_u32(bytes + AT_TAIL_CHECKSUM)};
    return memcmp(bytes, magic, 8) == 0 && load_u32(bytes + AT_VERSION) == VERSION &&
           load_u32(bytes + AT_TRAILER_CHECKSUM) == crc32c(bytes, AT_TRAILER_CHECKSUM);
}

enum { WRITE_PAGES = 16, SPAN_ENTRIES = SEGMENT_SPAN_PAGES * SEGMENT_PAGE_ENTRIES };

struct writer {
    int fd;
    uint64_t entries;
    uint32_t pages;   /* complete ones */
    uint32_t in_page; /* entries of the last page */
    uint32_t waiting; /* complete pages that are not written yet */
    struct buffer fences;
    struct buffer filters; /* counted */
    uint64_t *keys;        /* of the span at work */
    size_t key_count;
    uint8_t data[WRITE_PAGES * SEGMENT_PAGE_BYTES];
};

static int write_waiting(struct writer *w, struct error *e)
{
    size_t size = (size_t)w->waiting * SEGMENT_PAGE_BYTES;

    w->waiting = 0;
    return file_write_all(w->fd, w->data, size, file_name, e);
}

static int end_page(struct writer *w, struct error *e)
{
    uint8_t *page = w->data + (size_t)w->waiting * SEGMENT_PAGE_BYTES;
    size_t used = (size_t)w->in_page * ENTRY_SIZE;

    memset(page + used, 0, SEGMENT_PAGE_BYTES - used);
    store_u32(page + SEGMENT_AT_COUNT, w->in_page);
    store_u32(page + SEGMENT_AT_CHECKSUM, crc32c(page, SEGMENT_AT_CHECKSUM));
    w->in_page = 0;
    w->pages++;
    w->waiting++;
    return w->waiting == WRITE_PAGES ? write_waiting(w, e) : 0;
}

static int end_span(struct writer *w, struct error *e)
{
    struct buffer encoded CLEANUP_BUFFER = BUFFER_INIT;
    struct filter f = {0};

    if (filter_build(&f, w->keys, w->key_count, 0, e) < 0)
        return -1;
    filter_encode(&f, &encoded);
    filter_free(&f);
    w->key_count = 0;
    buffer_append_counted(&w->filters, encoded.data, encoded.size);
    return buffer_check(&encoded, e) < 0 ? -1 : buffer_check(&w->filters, e);
}

static int add(struct writer *w, const struct entry *entry, struct error *e)
{
    uint8_t *page = w->data + (size_t)w->waiting * SEGMENT_PAGE_BYTES;

    if (w->in_page == 0)
        buffer_append_u64(&w->fences, entry_order(entry->id));
    entry_store(entry, page + (size_t)w->in_page * ENTRY_SIZE);
    w->keys[w->key_count++] = entry_key(entry->id);
    w->in_page++;
    w->entries++;
    if (w->in_page == SEGMENT_PAGE_ENTRIES && end_page(w, e) < 0)
        return -1;
    return w->key_count == SPAN_ENTRIES ? end_span(w, e) : 0;
}

static int add_all(struct writer *w, struct entry_stream *entries, struct error *e)
{
    struct entry entry;
    int result;

    while ((result = entries->next(entries, &entry, e)) > 0)
        if (add(w, &entry, e) < 0)
            return -1;
    if (result < 0 || (w->in_page > 0 && end_page(w, e) < 0) ||
        (w->key_count > 0 && end_span(w, e) < 0))
        return -1;
    return write_waiting(w, e);
}

static int write_tail(struct writer *w, const struct run_pack *packs, size_t pack_count,
                      struct error *e)
{
    struct buffer tail CLEANUP_BUFFER = BUFFER_INIT;
    struct segment_trailer t = {.tail_offset = (uint64_t)w->pages * SEGMENT_PAGE_BYTES};
    uint8_t bytes[SEGMENT_TRAILER_BYTES];

    buffer_append_u64(&tail, w->entries);
    buffer_append_u32(&tail, w->pages);
    buffer_append_u32(&tail, (uint32_t)pack_count);
    for (size_t i = 0; i < pack_count; i++)
        run_pack_give(&packs[i], &tail);
    buffer_append(&tail, w->fences.data, w->fences.size);
    buffer_append(&tail, w->filters.data, w->filters.size);
    if (w->fences.failed || buffer_check(&tail, e) < 0 || tail.size > UINT32_MAX)
        return error_no_memory(e, file_name);
    t.tail_bytes = (uint32_t)tail.size;
    t.tail_checksum = crc32c(tail.data, tail.size);
    segment_trailer_give(&t, bytes);
    if (file_write_all(w->fd, tail.data, tail.size, file_name, e) < 0)
        return -1;
    return file_write_all(w->fd, bytes, sizeof(bytes), file_name, e);
}

int segment_write(int fd, const struct run_pack *packs, size_t pack_count,
                  struct entry_stream *entries, struct error *e)
{
    struct writer *w = calloc(1, sizeof(*w));
    int result = -1;

    if (w != NULL)
        w->keys = calloc(SPAN_ENTRIES, sizeof(*w->keys));
    if (w == NULL || w->keys == NULL) {
        free(w);
        return error_no_memory(e, file_name);
    }
    w->fd = fd;
    if (add_all(w, entries, e) == 0 && run_packs_check(packs, pack_count, w->entries, e) == 0)
        result = write_tail(w, packs, pack_count, e);
    buffer_free(&w->fences);
    buffer_free(&w->filters);
    free(w->keys);
    free(w);
    return result;
}
