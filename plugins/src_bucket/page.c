/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - objects of a listing, kept. */
#include "src_bucket/page.h"

#include <stdlib.h>
#include <string.h>

void page_free(struct page *page)
{
    free(page->bytes);
    free(page->list);
    *page = (struct page){0};
}

void page_clear(struct page *page)
{
    page->used = 0;
    page->count = 0;
    page->more = false;
    page->result = LAGAN_OK;
}

static bool reserve(struct page *page, size_t bytes)
{
    if (page->room - page->used < bytes) {
        size_t room = page->room ? page->room * 2 : 16 << 10;
        while (room - page->used < bytes)
            room *= 2;
        char *grown = realloc(page->bytes, room);
        if (grown == NULL)
            return false;
        page->bytes = grown;
        page->room = room;
    }
    if (page->count == page->list_room) {
        size_t room = page->list_room ? page->list_room * 2 : 64;
        struct listed *grown = reallocarray(page->list, room, sizeof *grown);
        if (grown == NULL)
            return false;
        page->list = grown;
        page->list_room = room;
    }
    return true;
}

static size_t put(struct page *page, const void *text, size_t size)
{
    size_t at = page->used;
    if (size > 0)
        memcpy(page->bytes + at, text, size);
    page->bytes[at + size] = 0;
    page->used += size + 1;
    return at;
}

uint32_t page_add(struct page *page, const struct s3_object *object)
{
    size_t etag = strlen(object->etag), version = strlen(object->version);
    size_t class = strlen(object->storage_class);
    if (!reserve(page, object->key_size + etag + version + class + 4))
        return LAGAN_INTERNAL;
    struct listed *one = &page->list[page->count++];
    *one = (struct listed){.key_size = object->key_size,
                           .bytes = object->bytes,
                           .modified_ns = object->modified_ns,
                           .current = object->current,
                           .marker = object->marker};
    one->key = put(page, object->key, object->key_size);
    one->etag = put(page, object->etag, etag);
    one->version = put(page, object->version, version);
    one->class = put(page, object->storage_class, class);
    return LAGAN_OK;
}

static void text(char *to, size_t room, const char *from)
{
    size_t size = strlen(from);
    size = size < room ? size : room - 1;
    memcpy(to, from, size);
    to[size] = 0;
}

void page_object(const struct page *page, const struct listed *one, struct s3_object *object)
{
    object->key = page->bytes + one->key;
    object->key_size = one->key_size;
    object->bytes = one->bytes;
    object->modified_ns = one->modified_ns;
    object->current = one->current;
    object->marker = one->marker;
    object->replication[0] = 0;
    object->lock_until_ns = 0;
    object->archived = object->warming = false;
    text(object->etag, sizeof object->etag, page->bytes + one->etag);
    text(object->version, sizeof object->version, page->bytes + one->version);
    text(object->storage_class, sizeof object->storage_class, page->bytes + one->class);
}

uint32_t page_copy(struct page *page, const struct page *from, const struct listed *one)
{
    struct s3_object object;
    page_object(from, one, &object);
    return page_add(page, &object);
}
