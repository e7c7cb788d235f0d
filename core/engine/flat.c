/* SPDX-License-Identifier: Apache-2.0 */
/* flat.c - see flat.h. */
#include "engine/flat.h"

#include <string.h>

enum { KEY_LIMIT = 4096, THREADS_LIMIT = 64 };

bool flat_source(const struct source *source)
{
    return (driver_traits(source_driver(source)) & LAGAN_TRAIT_FLAT) != 0;
}

static bool is_flat(const struct tree_entry *entry)
{
    return entry->type == LAGAN_ENTRY_OBJECT || entry->type == LAGAN_ENTRY_MARKER;
}

int flat_tree(const struct chunk_access *access, const struct tree_root *root, struct error *e)
{
    const struct tree_entry *entry = NULL;
    int got = 0, flat = 0;
    struct tree_cursor *cursor = tree_cursor_new(access, root, e);
    if (!cursor)
        return -1;
    /* Errors say nothing of the kind. */
    while ((got = tree_cursor_next(cursor, &entry, e)) == 1) {
        if (entry->key_size == 0 || entry->type == LAGAN_ENTRY_ERROR)
            continue;
        flat = is_flat(entry);
        break;
    }
    tree_cursor_free(cursor);
    return got < 0 ? -1 : flat;
}

size_t flat_object_size(const void *key, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(key, 0, size) : NULL;
    return zero ? (size_t)(zero - (const uint8_t *)key) : size;
}

enum select_answer flat_match(const struct select_rules *rules, const void *key, size_t size)
{
    uint8_t path[KEY_LIMIT];
    const uint8_t *bytes = key;
    size_t length = flat_object_size(key, size);
    if (!rules || length == 0 || length > sizeof(path))
        return SELECT_TAKE;
    for (size_t i = 0; i < length; i++)
        path[i] = bytes[i] == '/' ? 0 : bytes[i];
    bool folder = length > 1 && bytes[length - 1] == '/';
    enum select_answer answer = select_match(rules, path, length - folder, folder);
    return answer == SELECT_TAKE ? SELECT_TAKE : SELECT_SKIP;
}

unsigned flat_threads(const struct source *source, unsigned least)
{
    unsigned told = source_capabilities(source)->max_parallel;
    if (!flat_source(source) || told <= least)
        return least;
    return told < THREADS_LIMIT ? told : THREADS_LIMIT;
}

bool flat_below(const uint8_t *top, size_t top_size, const uint8_t **key, size_t *size)
{
    size_t object = flat_object_size(*key, *size), start = top_size;
    if (top_size == 0)
        return true;
    if (object < top_size || memcmp(*key, top, top_size) != 0)
        return false;
    if (object > top_size && top[top_size - 1] != '/' && (*key)[top_size] != '/')
        return false;
    if (object == top_size) {
        while (start > 0 && top[start - 1] != '/')
            start--;
        /* A name that ends with a slash has nothing else to be called. */
        start = start == top_size ? 0 : start;
    } else if (top[top_size - 1] != '/') {
        start++;
    }
    *key += start;
    *size -= start;
    return true;
}
