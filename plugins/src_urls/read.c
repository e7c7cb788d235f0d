/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - content: one GET that goes on while reads follow each other, and a new one with a
 * range where they do not.  A server that knows no ranges is asked for all again, and what is
 * not wanted of it passes by.
 */
#include "src_urls.h"

#include <stdlib.h>
#include <string.h>

struct reader {
    struct handle *handle;
    const struct item *item;
    struct fetch *fetch;
    struct answer first; /* what it was when it was opened */
    uint64_t position;   /* of the next byte that `fetch` gives */
    bool running;
};

static bool is_strong(const char *tag)
{
    return tag[0] == '"';
}

/* The same content as when it was opened, as far as the answer tells. */
static uint32_t check_same(struct reader *r, struct lagan_op *op)
{
    const struct answer *first = &r->first, *now = &r->fetch->answer;
    uint64_t had = 0, has = 0;
    bool tags = is_strong(first->tag) && is_strong(now->tag);
    bool lengths = fetch_total(first, &had) && fetch_total(now, &has);
    if ((tags && strcmp(first->tag, now->tag) != 0) || (lengths && had != has) ||
        (!tags && first->has_time && now->has_time && first->time_s != now->time_s))
        return lagan_fail(op, LAGAN_CHANGED, 0, "it is another one by now");
    return LAGAN_OK;
}

/* Where the body of the answer begins; OK, or an error. */
static uint32_t check_start(struct reader *r, struct lagan_op *op, uint64_t offset)
{
    const struct answer *a = &r->fetch->answer;
    if (a->status == 200) {
        r->fetch->skip = offset;
        return LAGAN_OK;
    }
    if (a->status != 206)
        return fetch_status(r->fetch, op);
    if (!a->has_range || a->range_first != offset)
        return lagan_fail(op, LAGAN_CORRUPT, 0, "the server sent another part than asked for");
    return LAGAN_OK;
}

static uint32_t begin_at(struct reader *r, struct lagan_op *op, uint64_t offset, bool *at_end)
{
    const struct wish wish = {.url = r->handle->list.text + r->item->url,
                              .method = FETCH_GET,
                              .from = offset,
                              .match = is_strong(r->first.tag) ? r->first.tag : NULL};
    r->running = false;
    uint32_t result = fetch_begin(r->fetch, op, &wish);
    if (result != LAGAN_OK)
        return result;
    *at_end = r->fetch->answer.status == 416;
    if (*at_end)
        return LAGAN_OK;
    result = check_start(r, op, offset);
    if (result == LAGAN_OK)
        result = check_same(r, op);
    if (result != LAGAN_OK)
        return result;
    r->position = offset;
    r->running = true;
    return LAGAN_OK;
}

static uint32_t open_first(struct reader *r, struct lagan_op *op, const void *id,
                           size_t id_size)
{
    const struct wish wish = {.url = r->handle->list.text + r->item->url, .method = FETCH_GET};
    const char *tag = r->fetch->answer.tag;
    uint32_t result = fetch_begin(r->fetch, op, &wish);
    if (result == LAGAN_OK && r->fetch->answer.status != 200)
        result = fetch_status(r->fetch, op);
    if (result != LAGAN_OK)
        return result;
    if (id_size > 0 &&
        (!is_strong(tag) || strlen(tag) != id_size + 2 || memcmp(tag + 1, id, id_size) != 0))
        return lagan_fail(op, LAGAN_CHANGED, 0, "it is another one by now");
    r->first = r->fetch->answer;
    r->running = true;
    return LAGAN_OK;
}

static void reader_free(struct reader *r)
{
    fetch_give(r->fetch);
    free(r);
}

uint32_t urls_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *id, size_t id_size,
                         const struct lagan_entry_collector *attributes, void **reader)
{
    struct handle *h = handle;
    const struct item *item = list_find(&h->list, key, key_size);
    if (key_size == 0)
        return lagan_fail(op, LAGAN_INVALID, 0, "the root has no content");
    if (item == NULL)
        return lagan_fail(op, LAGAN_NOT_FOUND, 0, "the list has no such key");
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return out_of_memory(op);
    r->handle = h;
    r->item = item;
    r->fetch = fetch_take(h, op);
    if (r->fetch == NULL) {
        free(r);
        return LAGAN_INTERNAL;
    }
    uint32_t result = open_first(r, op, id, id_size);
    if (result == LAGAN_OK)
        result = hand_over(h, item, &r->first, attributes);
    if (result != LAGAN_OK) {
        reader_free(r);
        return result;
    }
    *reader = r;
    return LAGAN_OK;
}

uint32_t urls_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                      size_t size, size_t *got)
{
    struct reader *r = reader;
    uint64_t bytes;
    bool at_end = fetch_total(&r->first, &bytes) && offset >= bytes;
    uint32_t result = LAGAN_OK;
    *got = 0;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    if (!at_end && (!r->running || r->position != offset))
        result = begin_at(r, op, offset, &at_end);
    if (result != LAGAN_OK || at_end)
        return result;
    result = fetch_read(r->fetch, op, data, size, got);
    if (result != LAGAN_OK) {
        r->running = false;
        return result;
    }
    r->position += *got;
    return LAGAN_OK;
}

uint32_t urls_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    (void)op;
    if (verdict != NULL)
        *verdict = LAGAN_READ_CONSISTENT;
    reader_free(reader);
    return LAGAN_OK;
}

static uint32_t ignore_entry(void *context, const struct lagan_entry *entry)
{
    struct answer **told = context;
    (void)entry;
    *told = NULL;
    return LAGAN_OK;
}

uint32_t urls_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                       uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct answer *unused;
    const struct lagan_entry_collector ignore = {&unused, ignore_entry};
    void *opened;
    if (type != LAGAN_ENTRY_OBJECT)
        return LAGAN_OK;
    uint32_t result = urls_entry_open(handle, op, key, key_size, NULL, 0, &ignore, &opened);
    if (result != LAGAN_OK)
        return result;
    struct reader *r = opened;
    const struct lagan_metadata piece = {LAGAN_METADATA_PROPERTY,
                                         sizeof LAGAN_PROPERTY_TYPE - 1, LAGAN_PROPERTY_TYPE,
                                         r->first.type, strlen(r->first.type)};
    if (r->first.type[0])
        result = pieces->add(pieces->context, &piece);
    reader_free(r);
    return result;
}
