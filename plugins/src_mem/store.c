/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - what a restore writes, kept until the instance is freed.
 */
#include "src_mem/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mem_writer {
    struct mem_instance *instance;
    struct mem_stored *stored;
    uint64_t flags;
};

static uint32_t no_memory(struct lagan_op *op)
{
    return lagan_fail(op, LAGAN_INTERNAL, ENOMEM, "out of memory");
}

/* A copy that ends with a zero byte; NULL for NULL or when memory runs out. */
static void *copy(const void *data, size_t size)
{
    char *bytes = data ? malloc(size + 1) : NULL;
    if (bytes == NULL)
        return NULL;
    memcpy(bytes, data, size);
    bytes[size] = 0;
    return bytes;
}

static char *copy_text(const char *text)
{
    return text ? strdup(text) : NULL;
}

/* The pointers of entries say const, since drivers only hand them over; here they are ours. */
static void release(const void *ours)
{
    free((void *)(uintptr_t)ours);
}

static void stored_free(struct mem_stored *stored)
{
    if (stored == NULL)
        return;
    release(stored->entry.key);
    release(stored->entry.id);
    release(stored->entry.stamp);
    release(stored->entry.link);
    release(stored->entry.user_name);
    release(stored->entry.group_name);
    for (size_t i = 0; i < stored->piece_count; i++) {
        release(stored->pieces[i].name);
        release(stored->pieces[i].value);
    }
    free(stored->pieces);
    free(stored->content);
    free(stored);
}

void mem_store_clear(struct mem_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        stored_free(store->entries[i]);
    free(store->entries);
    store->entries = NULL;
    store->count = 0;
}

static struct mem_stored *stored_new(const struct lagan_entry *entry)
{
    struct mem_stored *stored = calloc(1, sizeof *stored);
    if (stored == NULL)
        return NULL;
    stored->entry = *entry;
    stored->entry.size = sizeof stored->entry;
    stored->entry.key = copy(entry->key ? entry->key : "", entry->key_size);
    stored->entry.id = copy(entry->id, entry->id_size);
    stored->entry.stamp = copy(entry->stamp, entry->stamp_size);
    stored->entry.link = copy(entry->link, entry->link_size);
    stored->entry.user_name = copy_text(entry->user_name);
    stored->entry.group_name = copy_text(entry->group_name);
    stored->entry.error_text = NULL;
    return stored;
}

static int stored_take_pieces(struct mem_stored *stored, const struct lagan_metadata *pieces,
                              size_t count)
{
    if (count == 0)
        return 0;
    stored->pieces = calloc(count, sizeof *pieces);
    if (stored->pieces == NULL)
        return ENOMEM;
    stored->piece_count = count;
    for (size_t i = 0; i < count; i++) {
        stored->pieces[i] = pieces[i];
        stored->pieces[i].name = copy(pieces[i].name, pieces[i].name_size);
        stored->pieces[i].value = copy(pieces[i].value, pieces[i].value_size);
    }
    return 0;
}

/* The first place whose key is not before `key`; `*found` whether it has this key. */
static size_t search(const struct mem_store *store, const void *key, size_t key_size,
                     bool *found)
{
    size_t low = 0, high = store->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct lagan_entry *entry = &store->entries[middle]->entry;
        int order = mem_compare_keys(entry->key, entry->key_size, key, key_size);
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* With the lock held.  Takes `stored` over when it returns LAGAN_OK. */
static uint32_t insert(struct mem_store *store, struct lagan_op *op, struct mem_stored *stored,
                       bool replace)
{
    bool found;
    size_t at = search(store, stored->entry.key, stored->entry.key_size, &found);
    if (found && !replace)
        return lagan_fail(op, LAGAN_EXISTS, EEXIST,
                          "something with this name is there already");
    if (found) {
        stored_free(store->entries[at]);
    } else {
        struct mem_stored **entries =
            reallocarray(store->entries, store->count + 1, sizeof(struct mem_stored *));
        if (entries == NULL)
            return no_memory(op);
        store->entries = entries;
        memmove(entries + at + 1, entries + at, (store->count - at) * sizeof *entries);
        store->count++;
    }
    store->entries[at] = stored;
    return LAGAN_OK;
}

static uint32_t insert_locked(struct mem_instance *i, struct lagan_op *op,
                              struct mem_stored *stored, bool replace)
{
    pthread_mutex_lock(&i->store.lock);
    uint32_t result = insert(&i->store, op, stored, replace);
    pthread_mutex_unlock(&i->store.lock);
    return result;
}

uint32_t mem_entry_stat(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                        const struct lagan_entry_collector *attributes)
{
    struct mem_instance *i = handle;
    bool found;
    pthread_mutex_lock(&i->store.lock);
    size_t at = search(&i->store, key, key_size, &found);
    uint32_t result = found ? attributes->add(attributes->context, &i->store.entries[at]->entry)
                            : lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "there is nothing");
    pthread_mutex_unlock(&i->store.lock);
    return result;
}

uint32_t mem_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, void **writer)
{
    struct mem_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return no_memory(op);
    w->instance = handle;
    w->flags = flags;
    w->stored = stored_new(entry);
    if (w->stored == NULL) {
        free(w);
        return no_memory(op);
    }
    *writer = w;
    return LAGAN_OK;
}

static int grow(struct mem_stored *stored, uint64_t end)
{
    if (end <= stored->written)
        return 0;
    unsigned char *content = end <= SIZE_MAX ? realloc(stored->content, (size_t)end) : NULL;
    if (content == NULL)
        return ENOMEM;
    memset(content + stored->written, 0, (size_t)end - stored->written);
    stored->content = content;
    stored->written = (size_t)end;
    return 0;
}

uint32_t mem_write_at(void *writer, struct lagan_op *op, uint64_t offset, const void *data,
                      size_t size)
{
    struct mem_writer *w = writer;
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end) || grow(w->stored, end) != 0)
        return no_memory(op);
    if (size > 0)
        memcpy(w->stored->content + offset, data, size);
    return LAGAN_OK;
}

uint32_t mem_write_zero(void *writer, struct lagan_op *op, uint64_t offset, uint64_t length)
{
    struct mem_writer *w = writer;
    uint64_t end;
    if (__builtin_add_overflow(offset, length, &end) || grow(w->stored, end) != 0)
        return no_memory(op);
    if (length > 0)
        memset(w->stored->content + offset, 0, (size_t)length);
    return LAGAN_OK;
}

void mem_entry_abort(void *writer)
{
    struct mem_writer *w = writer;
    stored_free(w->stored);
    free(w);
}

uint32_t mem_entry_commit(void *writer, struct lagan_op *op,
                          const struct lagan_metadata *pieces, size_t count,
                          const struct lagan_metadata_collector *lost)
{
    struct mem_writer *w = writer;
    uint32_t result = LAGAN_OK;
    (void)lost;
    if (grow(w->stored, w->stored->entry.bytes) != 0 ||
        stored_take_pieces(w->stored, pieces, count) != 0)
        result = no_memory(op);
    if (result == LAGAN_OK)
        result =
            insert_locked(w->instance, op, w->stored, (w->flags & LAGAN_CREATE_REPLACE) != 0);
    if (result != LAGAN_OK)
        stored_free(w->stored);
    free(w);
    return result;
}

uint32_t mem_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                         uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                         const struct lagan_metadata_collector *lost)
{
    struct mem_stored *stored = stored_new(entry);
    bool replace = (flags & LAGAN_CREATE_REPLACE) != 0 || entry->type == LAGAN_ENTRY_DIRECTORY;
    (void)lost;
    uint32_t result = stored ? LAGAN_OK : no_memory(op);
    if (result == LAGAN_OK && stored_take_pieces(stored, pieces, count) != 0)
        result = no_memory(op);
    if (result == LAGAN_OK)
        result = insert_locked(handle, op, stored, replace);
    if (result != LAGAN_OK)
        stored_free(stored);
    return result;
}

uint32_t mem_directory_finish(void *handle, struct lagan_op *op,
                              const struct lagan_entry *entry, uint64_t flags,
                              const struct lagan_metadata *pieces, size_t count,
                              const struct lagan_metadata_collector *lost)
{
    return mem_node_create(handle, op, entry, flags, pieces, count, lost);
}

/* A further name: what the first name has, under another key. */
static uint32_t link_entry(struct mem_store *store, struct lagan_op *op,
                           const struct mem_stored *old, const void *key, size_t key_size,
                           bool replace)
{
    struct lagan_entry entry = old->entry;
    entry.key = key;
    entry.key_size = key_size;
    struct mem_stored *stored = stored_new(&entry);
    uint32_t result = stored ? LAGAN_OK : no_memory(op);
    if (result == LAGAN_OK && (grow(stored, old->written) != 0 ||
                               stored_take_pieces(stored, old->pieces, old->piece_count) != 0))
        result = no_memory(op);
    if (result == LAGAN_OK && old->written > 0)
        memcpy(stored->content, old->content, old->written);
    if (result == LAGAN_OK)
        result = insert(store, op, stored, replace);
    if (result != LAGAN_OK)
        stored_free(stored);
    return result;
}

uint32_t mem_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *existing, size_t existing_size, uint64_t flags)
{
    struct mem_instance *i = handle;
    bool found;
    pthread_mutex_lock(&i->store.lock);
    size_t at = search(&i->store, existing, existing_size, &found);
    uint32_t result =
        found ? link_entry(&i->store, op, i->store.entries[at], key, key_size,
                           (flags & LAGAN_CREATE_REPLACE) != 0)
              : lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "the first name is not there");
    pthread_mutex_unlock(&i->store.lock);
    return result;
}
