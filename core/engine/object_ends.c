/* SPDX-License-Identifier: Apache-2.0 */
/* object_ends.c - the two places of a copy, opened, and the directories that it needs. */
#include "engine/object_private.h"

#include "base/object.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool is_flat(const struct source *s)
{
    return (driver_traits(source_driver(s)) & LAGAN_TRAIT_FLAT) != 0;
}

static int copy_row(const struct catalog_source *row, struct catalog_source **copy,
                    struct error *e)
{
    struct catalog_source *made = catalog_source_new(e);
    if (!made)
        return -1;
    memcpy(made->id, row->id, sizeof(made->id));
    memcpy(made->name, row->name, sizeof(made->name));
    memcpy(made->driver, row->driver, sizeof(made->driver));
    for (size_t i = 0; i < row->parameters.count; i++) {
        const struct catalog_pair *pair = &row->parameters.items[i];
        if (catalog_pairs_add(&made->parameters, pair->name, pair->value, e) != 0) {
            catalog_source_free(made);
            return -1;
        }
    }
    *copy = made;
    return 0;
}

/* A folder that is not there is made; a bucket is not. */
static int open_to(struct object_ends *ends, const struct catalog_source *row, struct error *e)
{
    const struct driver *driver = NULL;
    uint64_t flags = LAGAN_OPEN_RESTORE;
    if (setup_driver(ends->setup, row->driver, LAGAN_KIND_SOURCE, &driver, e) != 0)
        return -1;
    ends->to_flat = (driver_traits(driver) & LAGAN_TRAIT_FLAT) != 0;
    if (!ends->to_flat)
        flags |= LAGAN_OPEN_INITIALISE;
    if (setup_source_open_row(ends->setup, row, flags, &ends->to, e) != 0)
        return -1;
    return copy_row(row, &ends->to_row, e);
}

/* The store copies by itself when both ends are its own; who cannot tell, cannot. */
static void compare_places(struct object_ends *ends)
{
    struct error ignored = ERROR_INIT;
    char place[SOURCE_PLACE_SIZE];
    ends->one_store = source_capabilities(ends->to.source)->copy &&
                      source_place_name(ends->from.source, ends->place, &ignored) == 0 &&
                      source_place_name(ends->to.source, place, &ignored) == 0 &&
                      source_same_store(ends->place, place);
}

struct object_ends *object_ends_open(struct setup *s, const struct catalog_source *from,
                                     const struct catalog_source *to, struct error *e)
{
    struct object_ends *ends = calloc(1, sizeof(*ends));
    if (!ends) {
        error_no_memory(e, "two places");
        return NULL;
    }
    ends->magic = OBJECT_ENDS_MAGIC;
    ends->setup = s;
    pthread_mutex_init(&ends->lock, NULL);
    if (setup_source_open_row(s, from, LAGAN_OPEN_READ_ONLY, &ends->from, e) != 0 ||
        (to && open_to(ends, to, e) != 0)) {
        object_ends_close(ends);
        return NULL;
    }
    ends->from_flat = is_flat(ends->from.source);
    if (to)
        compare_places(ends);
    return ends;
}

void object_ends_close(struct object_ends *ends)
{
    if (!ends)
        return;
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    open_source_close(&ends->look);
    open_source_close(&ends->to);
    open_source_close(&ends->from);
    catalog_source_free(ends->to_row);
    for (size_t i = 0; i < OBJECT_FOLDERS; i++)
        buffer_free(&ends->folders[i]);
    pthread_mutex_destroy(&ends->lock);
    ends->magic = 0;
    free(ends);
}

struct source *object_ends_from(const struct object_ends *ends)
{
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    return ends->from.source;
}

struct source *object_ends_to(const struct object_ends *ends)
{
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    return ends->to.source;
}

bool object_ends_one_store(const struct object_ends *ends)
{
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    return ends->one_store;
}

struct source *object_ends_look(struct object_ends *ends, struct error *e)
{
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    ASSERT(ends->to_row);
    pthread_mutex_lock(&ends->lock);
    if (!ends->look.source)
        setup_source_open_row(ends->setup, ends->to_row, LAGAN_OPEN_READ_ONLY, &ends->look, e);
    struct source *look = ends->look.source;
    pthread_mutex_unlock(&ends->lock);
    return look;
}

/* ---- directories ---- */

/* Where the key of a directory is remembered. */
static struct buffer *slot_of(struct object_ends *ends, const void *key, size_t size)
{
    const uint8_t *bytes = key;
    uint32_t sum = 2166136261U;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 16777619U;
    return &ends->folders[sum % OBJECT_FOLDERS];
}

static bool is_known(struct object_ends *ends, const void *key, size_t size)
{
    pthread_mutex_lock(&ends->lock);
    const struct buffer *slot = slot_of(ends, key, size);
    bool known = slot->size == size && memcmp(slot->data, key, size) == 0;
    pthread_mutex_unlock(&ends->lock);
    return known;
}

static void remember(struct object_ends *ends, const void *key, size_t size)
{
    pthread_mutex_lock(&ends->lock);
    struct buffer *slot = slot_of(ends, key, size);
    buffer_clear(slot);
    buffer_append(slot, key, size);
    if (slot->failed)
        buffer_free(slot);
    pthread_mutex_unlock(&ends->lock);
}

static int make_folder(struct object_ends *ends, const void *key, size_t size, struct error *e)
{
    struct lagan_entry entry = {
        .size = sizeof(entry), .type = LAGAN_ENTRY_DIRECTORY, .key = key, .key_size = size};
    if (source_node_create(ends->to.source, &entry, 0, NULL, 0, NULL, e) != 0)
        return -1;
    remember(ends, key, size);
    return 0;
}

int object_ends_folders(struct object_ends *ends, const void *key, size_t key_size,
                        struct error *e)
{
    const uint8_t *bytes = key;
    size_t parent = key_size;
    while (parent > 0 && bytes[parent - 1] != 0)
        parent--;
    if (parent < 2 || is_known(ends, key, parent - 1))
        return 0;
    for (size_t at = 1; at < parent; at++)
        if (bytes[at] == 0 && !is_known(ends, key, at) && make_folder(ends, key, at, e) != 0)
            return -1;
    return 0;
}

/* ---- whether they can be used ---- */

/* The first entry with content, read a little; none is fine. */
static uint32_t probe_take(void *context, const struct lagan_entry *entry)
{
    struct entry_copy *first = context;
    struct error ignored;
    if (!entry_has_content(entry->type))
        return LAGAN_OK;
    return entry_copy_set(first, entry, &ignored) == 0 ? LAGAN_OK : LAGAN_INTERNAL;
}

static int probe_find(struct source *s, struct entry_copy *first, struct error *e)
{
    enum { LOOKED_AT = 64 };
    struct lagan_walk_request request = {
        .flags = source_capabilities(s)->versions ? LAGAN_WALK_CURRENT : 0};
    struct lagan_entry_collector taker = {first, probe_take};
    struct walk *walk = source_walk_begin(s, &request, e);
    bool ended = false;
    int result = walk ? 0 : -1;
    for (int i = 0; result == 0 && i < LOOKED_AT && !ended && first->entry.key_size == 0; i++)
        result = walk_next(walk, 1, &taker, &ended, e);
    walk_close(walk);
    return result;
}

static uint32_t ignore_entry(void *context, const struct lagan_entry *entry)
{
    (void)context;
    (void)entry;
    return LAGAN_OK;
}

static int probe_read(struct source *s, const struct lagan_entry *entry, struct error *e)
{
    const struct lagan_entry_collector ignore = {NULL, ignore_entry};
    char byte;
    size_t got;
    struct entry_reader *reader =
        source_entry_open(s, entry->key, entry->key_size, NULL, 0, &ignore, e);
    int result = reader ? entry_reader_read(reader, 0, &byte, 1, &got, e) : -1;
    entry_reader_drop(reader);
    return result;
}

static int probe_from(struct object_ends *ends, struct error *e)
{
    struct entry_copy first = {0};
    int result = probe_find(ends->from.source, &first, e);
    if (result == 0 && first.entry.key_size > 0)
        result = probe_read(ends->from.source, &first.entry, e);
    /* What vanished or lies in a cold tier was allowed to be read. */
    if (result != 0 && (e->error_class == LAGAN_NOT_FOUND || e->error_class == LAGAN_OFFLINE) &&
        e->scope == LAGAN_SCOPE_ITEM)
        result = 0;
    entry_copy_free(&first);
    return result == 0 ? 0 : error_context(e, "the source cannot be read");
}

/* The version that was made, where the place keeps them: removing the object alone would leave
 * it there, with a marker. */
static uint32_t probe_fact(void *context, const struct lagan_metadata *piece)
{
    struct buffer *version = context;
    if (strcmp(piece->name, LAGAN_FACT_VERSION) == 0) {
        buffer_clear(version);
        buffer_append(version, piece->value, piece->value_size);
    }
    return LAGAN_OK;
}

static void probe_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

static int probe_remove(struct source *to, const struct buffer *key,
                        const struct buffer *version, struct error *e)
{
    struct buffer made CLEANUP_BUFFER = BUFFER_INIT;
    buffer_append(&made, key->data, key->size);
    if (version->size > 0 && source_capabilities(to)->versions != LAGAN_VERSIONS_NONE) {
        buffer_append_u8(&made, 0);
        for (int i = 0; i < LAGAN_VERSION_TIME_SIZE; i++)
            buffer_append_u8(&made, '0');
        buffer_append(&made, version->data, version->size);
    }
    if (buffer_check(&made, e) != 0)
        return -1;
    int result = source_entry_remove(to, made.data, made.size, e);
    /* Who copies need not be allowed to remove versions. */
    if (result != 0 && e->error_class == LAGAN_DENIED && made.size > key->size)
        result = source_entry_remove(to, key->data, key->size, e);
    return result;
}

static int probe_write(struct object_ends *ends, const struct buffer *key, struct error *e)
{
    struct buffer version CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_metadata_collector facts = {&version, probe_fact, probe_lost};
    struct source *to = ends->to.source;
    struct lagan_entry entry = {.size = sizeof(entry),
                                .type = ends->to_flat ? LAGAN_ENTRY_OBJECT : LAGAN_ENTRY_FILE,
                                .key = key->data,
                                .key_size = key->size,
                                .present = LAGAN_HAS_BYTES};
    bool removes = source_capabilities(to)->remove != 0;
    if (!ends->to_flat && object_ends_folders(ends, key->data, key->size, e) != 0)
        return -1;
    struct entry_writer *writer = source_entry_create(to, &entry, LAGAN_CREATE_REPLACE, e);
    if (!writer)
        return -1;
    if (!removes) {
        entry_writer_abort(writer);
        return 0;
    }
    if (entry_writer_commit(writer, NULL, 0, &facts, e) != 0)
        return -1;
    return probe_remove(to, key, &version, e);
}

int object_ends_probe(struct object_ends *ends, const char *prefix, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    struct object_copy_options options = {.add_prefix = prefix};
    uint8_t random[8];
    char hex[2 * sizeof(random) + 1], name[64];
    OBJECT_CHECK(ends, OBJECT_ENDS_MAGIC);
    if (probe_from(ends, e) != 0)
        return -1;
    if (!ends->to.source)
        return 0;
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        memset(random, 0, sizeof(random));
    text_hex(random, sizeof(random), hex);
    snprintf(name, sizeof(name), ".lagan-probe-%s", hex);
    if (object_target_key(ends, name, strlen(name), &options, &key, e) != 0 ||
        probe_write(ends, &key, e) != 0)
        return error_context(e, "the destination cannot be written to");
    return 0;
}
