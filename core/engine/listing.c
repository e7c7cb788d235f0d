/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - see listing.h. */
#include "engine/listing.h"

#include "driver/operation.h"
#include "engine/entry_copy.h"
#include "engine/flat.h"
#include "engine/key_text.h"

#include <string.h>

enum { ZERO_PIECE = 64 << 10 };

/* The entry of the request, a copy to be freed; NULL for the root of what has no such entry. */
static int find_entry(const struct listing_request *request, struct tree_entry **entry,
                      struct error *e)
{
    struct chunk_access access = store_access(request->store);
    char name[KEY_LINE_SIZE];
    int found =
        tree_find(&access, &request->seal->root, request->key, request->key_size, entry, e);
    if (found < 0)
        return -1;
    if (found > 0)
        return 0;
    *entry = NULL;
    if (request->key_size == 0)
        return 0;
    key_line(name, request->key, request->key_size);
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_ENTRY, "backup %s has no entry %s",
                     request->seal->id, name);
}

/* Whether `entry` lies below the request's directory. */
static bool is_below(const struct listing_request *request, const struct tree_entry *entry)
{
    if (request->key_size == 0)
        return entry->key_size > 0;
    return entry->key_size > request->key_size && entry->key[request->key_size] == 0 &&
           memcmp(entry->key, request->key, request->key_size) == 0;
}

static int list_below(const struct listing_request *request, struct tree_cursor *cursor,
                      listing_function *each, void *context, struct error *e)
{
    const struct tree_entry *entry = NULL;
    int got = 0;
    while ((got = tree_cursor_next(cursor, &entry, e)) > 0) {
        bool self = entry->key_size == request->key_size;
        if (!is_below(request, entry)) {
            if (self)
                continue;
            break;
        }
        if (operation_check(e) != 0)
            return -1;
        int result = each(context, entry, e);
        if (result != 0)
            return result;
        if (!request->recursive && entry->type == LAGAN_ENTRY_DIRECTORY &&
            tree_cursor_skip_below(cursor, entry->key, entry->key_size, e) != 0)
            return -1;
    }
    return got < 0 ? -1 : 0;
}

/* How far a flat key reaches into the folder that is listed: to the first slash behind its
 * beginning `start`, inclusive; its whole size when it lies there itself. */
static size_t folder_end(const struct tree_entry *entry, size_t start)
{
    size_t object = flat_object_size(entry->key, entry->key_size);
    const uint8_t *slash =
        start < object ? memchr(entry->key + start, '/', object - start) : NULL;
    size_t end = slash ? (size_t)(slash - entry->key) + 1 : object;
    /* The folder's own object is shown as an object. */
    return end == object ? entry->key_size : end;
}

/* A folder that only keys tell of, once; the cursor goes on behind it. */
static int list_folder(struct tree_cursor *cursor, const struct tree_entry *entry, size_t size,
                       listing_function *each, void *context, struct error *e)
{
    struct buffer key CLEANUP_BUFFER = BUFFER_INIT;
    buffer_append(&key, entry->key, size);
    if (buffer_check(&key, e) != 0)
        return -1;
    struct tree_entry folder = {
        .key = key.data, .key_size = key.size, .type = LAGAN_ENTRY_DIRECTORY};
    int result = each(context, &folder, e);
    if (result != 0)
        return result;
    key.data[key.size - 1]++; /* the byte behind the slash */
    return tree_cursor_seek(cursor, key.data, key.size, e);
}

/* Keys that begin with what is asked for, at a slash or at their ends. */
static int list_flat(const struct listing_request *request, struct tree_cursor *cursor,
                     bool *found, listing_function *each, void *context, struct error *e)
{
    const struct tree_entry *entry = NULL;
    size_t size = request->key_size;
    size_t start = size > 0 && request->key[size - 1] != '/' ? size + 1 : size;
    int got = 0;
    *found = size == 0;
    while ((got = tree_cursor_next(cursor, &entry, e)) > 0) {
        const uint8_t *key = entry->key;
        size_t key_size = entry->key_size;
        bool itself = key_size == size && (size == 0 || memcmp(key, request->key, size) == 0);
        if (key_size == 0)
            continue;
        if (key_size < size || (size > 0 && memcmp(key, request->key, size) != 0))
            break;
        if (operation_check(e) != 0)
            return -1;
        if (!itself && !flat_below(request->key, size, &key, &key_size))
            continue;
        *found = true;
        size_t end = request->recursive || itself ? entry->key_size : folder_end(entry, start);
        int result = end < entry->key_size ? list_folder(cursor, entry, end, each, context, e)
                                           : each(context, entry, e);
        if (result != 0)
            return result;
    }
    return got < 0 ? -1 : 0;
}

static int run_flat(const struct listing_request *request, listing_function *each,
                    void *context, struct error *e)
{
    struct chunk_access access = store_access(request->store);
    char name[KEY_LINE_SIZE];
    bool found = true;
    struct tree_cursor *cursor = tree_cursor_new(&access, &request->seal->root, e);
    if (!cursor)
        return -1;
    int result = tree_cursor_seek(cursor, request->key, request->key_size, e);
    if (result == 0)
        result = list_flat(request, cursor, &found, each, context, e);
    tree_cursor_free(cursor);
    if (result != 0 || found)
        return result;
    key_line(name, request->key, request->key_size);
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_ENTRY, "backup %s has no entry %s",
                     request->seal->id, name);
}

int listing_run(const struct listing_request *request, listing_function *each, void *context,
                struct error *e)
{
    struct chunk_access access = store_access(request->store);
    struct tree_entry *entry = NULL;
    int flat = flat_tree(&access, &request->seal->root, e);
    if (flat != 0)
        return flat < 0 ? -1 : run_flat(request, each, context, e);
    if (find_entry(request, &entry, e) != 0)
        return -1;
    if (entry && entry->type != LAGAN_ENTRY_DIRECTORY) {
        int result = each(context, entry, e);
        tree_entry_free(entry);
        return result;
    }
    tree_entry_free(entry);
    struct tree_cursor *cursor = tree_cursor_new(&access, &request->seal->root, e);
    if (!cursor)
        return -1;
    int result = tree_cursor_seek(cursor, request->key, request->key_size, e);
    if (result == 0)
        result = list_below(request, cursor, each, context, e);
    tree_cursor_free(cursor);
    return result;
}

/* What goes to the caller of listing_content. */
struct content_sink {
    struct store *store;
    struct buffer chunk;
    int (*take)(void *context, const void *data, size_t size, struct error *e);
    void *context;
};

static int sink_zeroes(struct content_sink *sink, uint64_t bytes, struct error *e)
{
    static const uint8_t zeroes[ZERO_PIECE];
    while (bytes > 0) {
        size_t piece = bytes < ZERO_PIECE ? (size_t)bytes : ZERO_PIECE;
        if (operation_check(e) != 0 || sink->take(sink->context, zeroes, piece, e) != 0)
            return -1;
        bytes -= piece;
    }
    return 0;
}

static int sink_record(struct content_sink *sink, const struct chunk_record *record,
                       struct error *e)
{
    if (operation_check(e) != 0)
        return -1;
    if (chunk_is_hole(&record->id))
        return sink_zeroes(sink, record->bytes, e);
    buffer_clear(&sink->chunk);
    if (store_get(sink->store, CHUNK_DATA, &record->id, &sink->chunk, e) != 0)
        return -1;
    if (sink->chunk.size != record->bytes)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "a chunk has another length");
    return sink->take(sink->context, sink->chunk.data, sink->chunk.size, e);
}

static int copy_content(const struct tree_entry *entry, struct content_sink *sink,
                        struct error *e)
{
    struct chunk_access access = store_access(sink->store);
    struct content_cursor *cursor = content_cursor_new(&access, &entry->content, e);
    struct chunk_record record;
    int got = 0;
    if (!cursor)
        return -1;
    while ((got = content_cursor_next(cursor, &record, e)) > 0) {
        if (sink_record(sink, &record, e) != 0) {
            got = -1;
            break;
        }
    }
    content_cursor_free(cursor);
    return got;
}

static int check_content(const struct listing_request *request, const struct tree_entry *entry,
                         struct error *e)
{
    char name[KEY_LINE_SIZE];
    struct reader why;
    key_line(name, request->key, request->key_size);
    if (!entry || !entry_has_content(entry->type))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "%s has no content: it is no file",
                         name);
    if (!tree_further_find(entry, TREE_FURTHER_ERROR, &why))
        return 0;
    reader_u32(&why);
    return error_set(e, LAGAN_IO, ERROR_FAILED,
                     "%s could not be read when the backup was made: %.*s", name,
                     (int)(why.left < 512 ? why.left : 512), (const char *)why.next);
}

int listing_content(const struct listing_request *request,
                    int (*take)(void *context, const void *data, size_t size, struct error *e),
                    void *context, struct error *e)
{
    struct content_sink sink = {request->store, BUFFER_INIT, take, context};
    struct tree_entry *entry = NULL;
    if (find_entry(request, &entry, e) != 0)
        return -1;
    int result = check_content(request, entry, e);
    if (result == 0)
        result = copy_content(entry, &sink, e);
    buffer_free(&sink.chunk);
    tree_entry_free(entry);
    return result;
}
