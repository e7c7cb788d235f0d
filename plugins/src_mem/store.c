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

/* What every slot that writes looks at first. */
static uint32_t check_call(struct lagan_op *op, uint64_t flags)
{
    uint64_t known = LAGAN_CREATE_REPLACE | LAGAN_CREATE_UNPRIVILEGED |
                     LAGAN_CREATE_NUMERIC_OWNERS | LAGAN_CREATE_NO_OWNERS | LAGAN_CREATE_SYNC;
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
    return flags & UINT32_MAX & ~known ? lagan_fail(op, LAGAN_UNSUPPORTED, 0, "unknown flags")
                                       : (uint32_t)LAGAN_OK;
}

static bool is_component(const char *name, size_t size)
{
    bool dots = size <= 2 && memcmp("..", name, size) == 0;
    return size > 0 && !dots && memchr(name, '/', size) == NULL;
}

/* Names are those that files can have. */
static uint32_t check_key(struct lagan_op *op, const void *key, size_t key_size)
{
    const char *name = key, *end = name + key_size;
    while (key_size > 0) {
        const char *zero = memchr(name, 0, (size_t)(end - name));
        size_t size = (size_t)((zero ? zero : end) - name);
        if (!is_component(name, size))
            return lagan_fail(op, LAGAN_INVALID, 0, "a name that no file can have");
        if (size > 255)
            return lagan_fail(op, LAGAN_LIMIT, 0, "a name that is too long");
        if (zero == NULL)
            break;
        name = zero + 1;
    }
    return LAGAN_OK;
}

static struct mem_stored *stored_new(const struct lagan_entry *entry, uint64_t flags)
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
    if (flags & LAGAN_CREATE_UNPRIVILEGED)
        stored->entry.mode &= 01777;
    if (flags & LAGAN_CREATE_NO_OWNERS)
        stored->entry.present &= ~LAGAN_HAS_OWNER;
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

static const struct lagan_entry *find(const struct mem_store *store, const void *key,
                                      size_t key_size)
{
    bool found;
    size_t at = search(store, key, key_size, &found);
    return found ? &store->entries[at]->entry : NULL;
}

/* The directory above must be there. */
static uint32_t check_above(const struct mem_store *store, struct lagan_op *op,
                            const struct lagan_entry *entry)
{
    const char *zero = entry->key_size ? memrchr(entry->key, 0, entry->key_size) : NULL;
    const struct lagan_entry *above =
        zero ? find(store, entry->key, (size_t)(zero - (const char *)entry->key)) : NULL;
    if (zero != NULL && above == NULL)
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "its directory is not there");
    if (above != NULL && above->type != LAGAN_ENTRY_DIRECTORY)
        return lagan_fail(op, LAGAN_EXISTS, ENOTDIR,
                          "something that is no directory stands in the way to it");
    return LAGAN_OK;
}

static bool has_below(const struct mem_store *store, size_t at)
{
    const struct lagan_entry *entry = &store->entries[at]->entry;
    const struct lagan_entry *next =
        at + 1 < store->count ? &store->entries[at + 1]->entry : NULL;
    return next && next->key_size > entry->key_size &&
           memcmp(next->key, entry->key, entry->key_size) == 0 &&
           (entry->key_size == 0 || ((const char *)next->key)[entry->key_size] == 0);
}

static uint32_t make_room(struct mem_store *store, struct lagan_op *op, size_t at)
{
    struct mem_stored **entries =
        reallocarray(store->entries, store->count + 1, sizeof(struct mem_stored *));
    if (entries == NULL)
        return no_memory(op);
    store->entries = entries;
    memmove(entries + at + 1, entries + at, (store->count - at) * sizeof *entries);
    store->count++;
    return LAGAN_OK;
}

/* With the lock held.  Takes `stored` over when it returns LAGAN_OK. */
static uint32_t insert(struct mem_store *store, struct lagan_op *op, struct mem_stored *stored,
                       bool replace)
{
    bool found;
    size_t at = search(store, stored->entry.key, stored->entry.key_size, &found);
    uint32_t result = check_above(store, op, &stored->entry);
    if (result != LAGAN_OK)
        return result;
    if (found && (!replace || has_below(store, at)))
        return lagan_fail(op, LAGAN_EXISTS, EEXIST,
                          replace ? "a directory that is not empty is in the way"
                                  : "something with this name is there already");
    if (found)
        stored_free(store->entries[at]);
    else
        result = make_room(store, op, at);
    if (result == LAGAN_OK)
        store->entries[at] = stored;
    return result;
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
    uint32_t result = check_key(op, key, key_size);
    if (result != LAGAN_OK)
        return result;
    pthread_mutex_lock(&i->store.lock);
    const struct lagan_entry *entry = find(&i->store, key, key_size);
    result = entry ? attributes->add(attributes->context, entry)
                   : lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "there is nothing");
    pthread_mutex_unlock(&i->store.lock);
    return result;
}

uint32_t mem_entry_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                          uint64_t flags, void **writer)
{
    uint32_t result = check_call(op, flags);
    if (result == LAGAN_OK)
        result = check_key(op, entry->key, entry->key_size);
    if (result != LAGAN_OK)
        return result;
    if (entry->type != LAGAN_ENTRY_FILE)
        return lagan_fail(op, LAGAN_UNSUPPORTED, 0, "only files have content here");
    struct mem_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return no_memory(op);
    w->instance = handle;
    w->flags = flags;
    w->stored = stored_new(entry, flags);
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
    if (lagan_cancelled(op))
        return lagan_fail(op, LAGAN_CANCELLED, 0, "cancelled");
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
    uint32_t result = check_call(op, w->flags);
    (void)lost;
    if (result != LAGAN_OK) {
        mem_entry_abort(w);
        return result;
    }
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

/* Puts an entry without content there; NULL pieces are fine. */
static uint32_t put_node(struct mem_instance *i, struct lagan_op *op,
                         const struct lagan_entry *entry, uint64_t flags,
                         const struct lagan_metadata *pieces, size_t count)
{
    struct mem_stored *stored = stored_new(entry, flags);
    uint32_t result = stored ? LAGAN_OK : no_memory(op);
    if (result == LAGAN_OK && stored_take_pieces(stored, pieces, count) != 0)
        result = no_memory(op);
    if (result == LAGAN_OK)
        result = insert_locked(i, op, stored, (flags & LAGAN_CREATE_REPLACE) != 0);
    if (result != LAGAN_OK)
        stored_free(stored);
    return result;
}

static bool is_directory(struct mem_instance *i, const struct lagan_entry *entry)
{
    pthread_mutex_lock(&i->store.lock);
    const struct lagan_entry *there = find(&i->store, entry->key, entry->key_size);
    bool directory = there && there->type == LAGAN_ENTRY_DIRECTORY;
    pthread_mutex_unlock(&i->store.lock);
    return directory;
}

uint32_t mem_make_root(struct mem_instance *i, struct lagan_op *op)
{
    struct lagan_entry root = {.size = sizeof root,
                               .type = LAGAN_ENTRY_DIRECTORY,
                               .key = "",
                               .present = LAGAN_HAS_MODE,
                               .mode = 0700};
    return put_node(i, op, &root, 0, NULL, 0);
}

uint32_t mem_node_create(void *handle, struct lagan_op *op, const struct lagan_entry *entry,
                         uint64_t flags, const struct lagan_metadata *pieces, size_t count,
                         const struct lagan_metadata_collector *lost)
{
    bool device = entry->type == LAGAN_ENTRY_CHARACTER || entry->type == LAGAN_ENTRY_BLOCK;
    uint32_t result = check_call(op, flags);
    if (result == LAGAN_OK)
        result = check_key(op, entry->key, entry->key_size);
    if (result != LAGAN_OK)
        return result;
    if (device && (flags & LAGAN_CREATE_UNPRIVILEGED) != 0) {
        if (lost != NULL && lost->lost != NULL)
            lost->lost(lost->context, "device", "left out, since it gives rights");
        return LAGAN_OK;
    }
    if (entry->type != LAGAN_ENTRY_DIRECTORY)
        return put_node(handle, op, entry, flags, pieces, count);
    if (is_directory(handle, entry))
        return LAGAN_OK;
    struct lagan_entry private = *entry;
    private.mode = 0700;
    return put_node(handle, op, &private, flags, NULL, 0);
}

/* The attributes of what is there become those of `stored`, which is freed. */
static uint32_t exchange(struct mem_store *store, struct lagan_op *op,
                         struct mem_stored *stored)
{
    bool found;
    size_t at = search(store, stored->entry.key, stored->entry.key_size, &found);
    if (!found || store->entries[at]->entry.type != LAGAN_ENTRY_DIRECTORY) {
        stored_free(stored);
        return lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "there is no such directory");
    }
    stored_free(store->entries[at]);
    store->entries[at] = stored;
    return LAGAN_OK;
}

uint32_t mem_directory_finish(void *handle, struct lagan_op *op,
                              const struct lagan_entry *entry, uint64_t flags,
                              const struct lagan_metadata *pieces, size_t count,
                              const struct lagan_metadata_collector *lost)
{
    struct mem_instance *i = handle;
    uint32_t result = check_call(op, flags);
    (void)lost;
    if (result != LAGAN_OK)
        return result;
    struct mem_stored *stored = stored_new(entry, flags);
    if (stored == NULL || stored_take_pieces(stored, pieces, count) != 0) {
        stored_free(stored);
        return no_memory(op);
    }
    pthread_mutex_lock(&i->store.lock);
    result = exchange(&i->store, op, stored);
    pthread_mutex_unlock(&i->store.lock);
    return result;
}

/* Names of one content are told by an id, which the first one gets with its second name. */
static uint32_t identify(struct mem_store *store, struct lagan_op *op, struct mem_stored *old)
{
    uint64_t number = ++store->identities;
    if (old->entry.id_size == 0) {
        release(old->entry.id);
        old->entry.id = copy(&number, sizeof number);
        if (old->entry.id == NULL)
            return no_memory(op);
        old->entry.id_size = sizeof number;
        old->entry.links = 1;
        old->counted = true;
    }
    return LAGAN_OK;
}

/* One name more for all that have the id. */
static void count_links(struct mem_store *store, const struct mem_stored *one)
{
    uint32_t links = 0;
    for (unsigned pass = 0; pass < 2 && one->counted; pass++)
        for (size_t i = 0; i < store->count; i++) {
            struct lagan_entry *entry = &store->entries[i]->entry;
            if (!store->entries[i]->counted ||
                mem_compare_keys(entry->id, entry->id_size, one->entry.id,
                                 one->entry.id_size) != 0)
                continue;
            links += pass == 0;
            entry->links = pass == 0 ? entry->links : links;
            entry->present |= LAGAN_HAS_LINKS;
        }
}

/* A further name: what the first name has, under another key. */
static uint32_t link_entry(struct mem_store *store, struct lagan_op *op, struct mem_stored *old,
                           const void *key, size_t key_size, bool replace)
{
    uint32_t result = identify(store, op, old);
    if (result != LAGAN_OK)
        return result;
    struct lagan_entry entry = old->entry;
    entry.key = key;
    entry.key_size = key_size;
    struct mem_stored *stored = stored_new(&entry, 0);
    result = stored ? LAGAN_OK : no_memory(op);
    if (result == LAGAN_OK && (grow(stored, old->written) != 0 ||
                               stored_take_pieces(stored, old->pieces, old->piece_count) != 0))
        result = no_memory(op);
    if (result == LAGAN_OK && old->written > 0)
        memcpy(stored->content, old->content, old->written);
    if (result == LAGAN_OK) {
        stored->counted = old->counted;
        result = insert(store, op, stored, replace);
    }
    if (result != LAGAN_OK)
        stored_free(stored);
    else
        count_links(store, stored);
    return result;
}

uint32_t mem_link_create(void *handle, struct lagan_op *op, const void *key, size_t key_size,
                         const void *existing, size_t existing_size, uint64_t flags)
{
    struct mem_instance *i = handle;
    bool found;
    uint32_t result = check_call(op, flags);
    if (result == LAGAN_OK)
        result = check_key(op, key, key_size);
    if (result == LAGAN_OK)
        result = check_key(op, existing, existing_size);
    if (result != LAGAN_OK)
        return result;
    /* Of two names of one content neither goes. */
    if (mem_compare_keys(key, key_size, existing, existing_size) == 0)
        return LAGAN_OK;
    pthread_mutex_lock(&i->store.lock);
    size_t at = search(&i->store, existing, existing_size, &found);
    result = found ? link_entry(&i->store, op, i->store.entries[at], key, key_size,
                                (flags & LAGAN_CREATE_REPLACE) != 0)
                   : lagan_fail(op, LAGAN_NOT_FOUND, ENOENT, "the first name is not there");
    pthread_mutex_unlock(&i->store.lock);
    return result;
}
