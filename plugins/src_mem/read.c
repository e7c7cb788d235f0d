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
    char *last; /* the key that the walk has come to, where entries come and go; else NULL */
    size_t last_size;
};

struct mem_reader {
    struct mem_instance *instance;
    uint64_t index;
    uint64_t bytes;
    unsigned char *content; /* of a stored entry, as it was when it was opened */
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

/* Stored entries come and go while a walk is open; those of the formula do not. */
static void view_lock(struct mem_instance *i)
{
    if (i->restored)
        pthread_mutex_lock(&i->store.lock);
}

static void view_unlock(struct mem_instance *i)
{
    if (i->restored)
        pthread_mutex_unlock(&i->store.lock);
}

/* Goes on behind the key that the walk has come to. */
static void catch_up(struct mem_walk *w)
{
    struct mem_item item;
    if (w->last != NULL && view_find(w->instance, w->last, w->last_size, &w->next, &item))
        w->next++;
}

static uint32_t remember(struct mem_walk *w, struct lagan_op *op)
{
    struct mem_item item;
    if (!w->instance->restored || w->next == 0)
        return LAGAN_OK;
    view_get(w->instance, w->next - 1, &item);
    char *last = realloc(w->last, item.entry.key_size + 1);
    if (last == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    memcpy(last, item.entry.key, item.entry.key_size);
    w->last = last;
    w->last_size = item.entry.key_size;
    return LAGAN_OK;
}

uint32_t mem_walk_open(void *handle, struct lagan_op *op,
                       const struct lagan_walk_request *request, void **walk)
{
    struct mem_instance *i = handle;
    if (request->flags & UINT32_MAX)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags");
    struct mem_walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    w->instance = i;
    w->request = *request;
    view_lock(i);
    if (request->after != NULL) {
        struct mem_item item;
        if (view_find(i, request->after, request->after_size, &w->next, &item))
            w->next++;
    }
    w->request.after = NULL;
    uint32_t result = remember(w, op);
    view_unlock(i);
    if (result == LAGAN_OK)
        *walk = w;
    else
        free(w);
    return result;
}

void mem_walk_close(void *walk)
{
    struct mem_walk *w = walk;
    free(w->last);
    free(w);
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

static uint32_t hand_portion(struct mem_walk *w, struct lagan_op *op, uint32_t limit,
                             const struct lagan_entry_collector *entries)
{
    uint32_t result = LAGAN_OK;
    uint64_t before = w->handed;
    while (result == LAGAN_OK && w->handed - before < limit) {
        if (w->next == view_count(w->instance))
            return w->handed > before ? LAGAN_OK : LAGAN_END;
        result = hand_over(w, op, entries);
    }
    return result;
}

uint32_t mem_walk_next(void *walk, struct lagan_op *op, uint32_t limit,
                       const struct lagan_entry_collector *entries)
{
    struct mem_walk *w = walk;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    view_lock(w->instance);
    catch_up(w);
    uint32_t result = hand_portion(w, op, limit, entries);
    if (result == LAGAN_OK)
        result = remember(w, op);
    view_unlock(w->instance);
    return result;
}

/* A stored entry is read as it was when it was opened. */
static uint32_t keep_content(struct mem_reader *r, struct lagan_op *op)
{
    if (!r->instance->restored)
        return LAGAN_OK;
    r->content = malloc(r->bytes + 1);
    if (r->content == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    if (r->bytes > 0)
        memcpy(r->content, r->instance->store.entries[r->index]->content, r->bytes);
    return LAGAN_OK;
}

static uint32_t make_reader(struct mem_instance *i, struct lagan_op *op, uint64_t index,
                            const struct lagan_entry *entry, struct mem_reader **reader)
{
    struct mem_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
    r->instance = i;
    r->index = index;
    r->bytes = entry->bytes;
    r->unreadable = in_trouble(i, MEM_UNREADABLE, entry->key, entry->key_size);
    r->changing = in_trouble(i, MEM_CHANGING, entry->key, entry->key_size);
    uint32_t result = keep_content(r, op);
    if (result == LAGAN_OK)
        *reader = r;
    else
        free(r);
    return result;
}

static uint32_t open_entry(struct mem_instance *i, struct lagan_op *op, const void *key,
                           size_t key_size, const void *id, size_t id_size,
                           const struct lagan_entry_collector *attributes,
                           struct mem_reader **reader)
{
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
    uint32_t result = attributes->add(attributes->context, &item.entry);
    return result == LAGAN_OK ? make_reader(i, op, index, &item.entry, reader) : result;
}

uint32_t mem_entry_open(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const void *id, size_t id_size,
                        const struct lagan_entry_collector *attributes, void **reader)
{
    struct mem_instance *i = handle;
    struct mem_reader *r;
    view_lock(i);
    uint32_t result = open_entry(i, op, key, key_size, id, id_size, attributes, &r);
    view_unlock(i);
    if (result == LAGAN_OK)
        *reader = r;
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
    if (r->content != NULL && length > 0)
        memcpy(data, r->content + offset, length);
    else if (r->content == NULL)
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
    if (r->content != NULL ||
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
    free(r->content);
    free(r);
    return LAGAN_OK;
}

static uint32_t hand_pieces(struct mem_instance *i, struct lagan_op *op, const void *key,
                            size_t key_size, const struct lagan_metadata_collector *pieces)
{
    struct mem_item item;
    uint64_t index;
    uint32_t result = LAGAN_OK;
    if (!view_find(i, key, key_size, &index, &item))
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "it is gone");
    if (!i->restored)
        return mem_generate_pieces(&i->formula, index, pieces);
    const struct mem_stored *stored = i->store.entries[index];
    for (size_t n = 0; result == LAGAN_OK && n < stored->piece_count; n++)
        result = pieces->add(pieces->context, &stored->pieces[n]);
    return result;
}

uint32_t mem_metadata(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                      uint32_t type, const struct lagan_metadata_collector *pieces)
{
    struct mem_instance *i = handle;
    (void)type;
    view_lock(i);
    uint32_t result = hand_pieces(i, op, key, key_size, pieces);
    view_unlock(i);
    return result;
}
