/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - walking and reading, and the trouble that was ordered.
 */
#include "src_mem/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mem_walk {
    struct mem_instance *instance;
    struct lagan_walk_request request;
    uint64_t next;
    uint64_t handed;
};

struct mem_reader {
    struct mem_instance *instance;
    uint64_t index;
    uint64_t bytes;
    bool unreadable;
    bool changing;
};

int mem_compare_keys(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shorter = a_size < b_size ? a_size : b_size;
    int order = shorter > 0 ? memcmp(a, b, shorter) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* Entries of the view, the root included. */
static uint64_t view_count(const struct mem_instance *i)
{
    return i->restored ? i->store.count : i->formula.count + 1;
}

static void view_get(const struct mem_instance *i, uint64_t index, struct mem_item *item)
{
    if (i->restored)
        item->entry = i->store.entries[index]->entry;
    else
        mem_generate(&i->formula, index, item);
}

/* The first index whose key is not before `key`. */
static uint64_t view_search(const struct mem_instance *i, const void *key, size_t key_size)
{
    struct mem_item item;
    uint64_t low = 0, high = view_count(i);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        view_get(i, middle, &item);
        if (mem_compare_keys(item.entry.key, item.entry.key_size, key, key_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool view_find(const struct mem_instance *i, const void *key, size_t key_size,
                      uint64_t *index, struct mem_item *item)
{
    *index = view_search(i, key, key_size);
    if (*index == view_count(i))
        return false;
    view_get(i, *index, item);
    return mem_compare_keys(item->entry.key, item->entry.key_size, key, key_size) == 0;
}

static bool key_is(const void *key, size_t key_size, const char *path)
{
    const char *bytes = key;
    if (strlen(path) != key_size)
        return false;
    for (size_t i = 0; i < key_size; i++)
        if (bytes[i] != (path[i] == '/' ? 0 : path[i]))
            return false;
    return true;
}

static bool in_trouble(const struct mem_instance *i, enum mem_trouble kind, const void *key,
                       size_t key_size)
{
    for (size_t n = 0; n < i->troubles[kind].count; n++)
        if (key_is(key, key_size, i->troubles[kind].names[n]))
            return true;
    return false;
}

uint32_t mem_walk_open(void *handle, struct lagan_op *op,
                       const struct lagan_walk_request *request, void **walk)
{
    struct mem_instance *i = handle;
    struct mem_walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    w->instance = i;
    w->request = *request;
    if (request->after != NULL) {
        struct mem_item item;
        if (view_find(i, request->after, request->after_size, &w->next, &item))
            w->next++;
    }
    w->request.after = NULL;
    *walk = w;
    return LAGAN_OK;
}

void mem_walk_close(void *walk)
{
    free(walk);
}

/* Makes an ERROR entry of an entry that is denied. */
static void deny(struct mem_item *item)
{
    struct lagan_entry entry = {
        .size = sizeof entry,
        .type = LAGAN_ENTRY_ERROR,
        .key = item->entry.key,
        .key_size = item->entry.key_size,
        .error_class = LAGAN_DENIED,
        .error_text = "denied, as was ordered",
    };
    item->entry = entry;
}

/* Whether the host wants the entry; of a directory it does not want all below is passed over.
 */
static bool selected(struct mem_walk *w, const struct lagan_entry *entry)
{
    if (w->request.select == NULL || entry->key_size == 0 ||
        w->request.select(w->request.select_context, entry->key, entry->key_size,
                          entry->type) == LAGAN_SELECT_TAKE)
        return true;
    if (entry->type == LAGAN_ENTRY_DIRECTORY) {
        char below[4096];
        if (entry->key_size < sizeof below) {
            memcpy(below, entry->key, entry->key_size);
            below[entry->key_size] = 1; /* the first byte that is not the separator */
            w->next = view_search(w->instance, below, entry->key_size + 1);
        }
    }
    return false;
}

static uint32_t hand_over(struct mem_walk *w, struct lagan_op *op,
                          const struct lagan_entry_collector *entries)
{
    struct mem_instance *i = w->instance;
    struct mem_item item;
    if (i->cut > 0 && w->handed == i->cut) {
        lagan_fail(op, LAGAN_TRANSIENT, 0, "broken off, as was ordered");
        op->error.scope = LAGAN_SCOPE_HANDLE;
        return LAGAN_TRANSIENT;
    }
    view_get(i, w->next++, &item);
    if (!selected(w, &item.entry))
        return LAGAN_OK;
    if (in_trouble(i, MEM_DENIED, item.entry.key, item.entry.key_size))
        deny(&item);
    w->handed++;
    return entries->add(entries->context, &item.entry);
}

uint32_t mem_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                       const struct lagan_entry_collector *entries)
{
    struct mem_walk *w = walk;
    uint32_t result = LAGAN_OK;
    uint64_t before = w->handed;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    while (result == LAGAN_OK && w->handed - before < limit) {
        if (w->next == view_count(w->instance))
            return w->handed > before ? LAGAN_OK : LAGAN_END;
        result = hand_over(w, op, entries);
    }
    return result;
}

uint32_t mem_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const void *id, size_t id_size,
                        const struct lagan_entry_collector *attributes, void **reader)
{
    struct mem_instance *i = handle;
    struct mem_item item;
    uint64_t index;
    if (!view_find(i, key, key_size, &index, &item) ||
        in_trouble(i, MEM_VANISHING, key, key_size))
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "it is gone");
    if (item.entry.type != LAGAN_ENTRY_FILE ||
        (id_size > 0 && mem_compare_keys(id, id_size, item.entry.id, item.entry.id_size) != 0))
        return lagan_fail(op, LAGAN_CHANGED, 0, "it is another one by now");
    if (in_trouble(i, MEM_DENIED, key, key_size))
        return lagan_fail(op, LAGAN_DENIED, EACCES, "denied, as was ordered");
    struct mem_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    r->instance = i;
    r->index = index;
    r->bytes = item.entry.bytes;
    r->unreadable = in_trouble(i, MEM_UNREADABLE, key, key_size);
    r->changing = in_trouble(i, MEM_CHANGING, key, key_size);
    uint32_t result = attributes->add(attributes->context, &item.entry);
    if (result == LAGAN_OK)
        *reader = r;
    else
        free(r);
    return result;
}

uint32_t mem_read_at(void *reader, struct lagan_op *op, uint64_t offset, void *data,
                     size_t size, size_t *got)
{
    struct mem_reader *r = reader;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    /* The second half cannot be read. */
    if (r->unreadable && offset + size > r->bytes / 2)
        return lagan_fail(op, LAGAN_IO, EIO, "cannot read at %llu, as was ordered",
                          (unsigned long long)(offset > r->bytes / 2 ? offset : r->bytes / 2));
    size_t length = offset >= r->bytes         ? 0
                    : r->bytes - offset < size ? (size_t)(r->bytes - offset)
                                               : size;
    if (r->instance->restored && length > 0)
        memcpy(data, r->instance->store.entries[r->index]->content + offset, length);
    else
        mem_generate_content(&r->instance->formula, r->index, offset, data, length);
    *got = length;
    return LAGAN_OK;
}

uint32_t mem_extents(void *reader, struct lagan_op *op, uint64_t offset, uint64_t length,
                     const struct lagan_extent_collector *extents)
{
    struct mem_reader *r = reader;
    uint64_t start, stop, end = offset + length;
    (void)op;
    if (r->instance->restored ||
        !mem_generate_hole(&r->instance->formula, r->index, &start, &stop))
        return extents->add(extents->context, offset, length, LAGAN_EXTENT_DATA);
    while (offset < end) {
        bool in_hole = offset >= start && offset < stop;
        uint64_t edge = in_hole ? stop : offset < start ? start : end;
        if (edge > end)
            edge = end;
        uint32_t result = extents->add(extents->context, offset, edge - offset,
                                       in_hole ? LAGAN_EXTENT_HOLE : LAGAN_EXTENT_DATA);
        if (result != LAGAN_OK)
            return result;
        offset = edge;
    }
    return LAGAN_OK;
}

uint32_t mem_entry_close(void *reader, struct lagan_op *op, uint32_t *verdict)
{
    struct mem_reader *r = reader;
    struct mem_instance *i = r->instance;
    bool changed = false;
    (void)op;
    if (r->changing) {
        pthread_mutex_lock(&i->store.lock);
        changed = i->changes == 0 || i->changes_seen < i->changes;
        i->changes_seen++;
        pthread_mutex_unlock(&i->store.lock);
    }
    if (verdict != NULL)
        *verdict = changed ? LAGAN_READ_CHANGED : LAGAN_READ_CONSISTENT;
    free(r);
    return LAGAN_OK;
}

uint32_t mem_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                      uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct mem_instance *i = handle;
    struct mem_item item;
    uint64_t index;
    (void)type;
    if (!view_find(i, key, key_size, &index, &item))
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "it is gone");
    if (!i->restored)
        return mem_generate_pieces(&i->formula, index, pieces);
    const struct mem_stored *stored = i->store.entries[index];
    for (size_t n = 0; n < stored->piece_count; n++) {
        uint32_t result = pieces->add(pieces->context, &stored->pieces[n]);
        if (result != LAGAN_OK)
            return result;
    }
    return LAGAN_OK;
}
