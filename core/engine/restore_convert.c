/* SPDX-License-Identifier: Apache-2.0 */
/* restore_convert.c - see restore_convert.h. */
#include "engine/restore_convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MTIME_SIZE = 40 };

void restore_names_free(struct restore_names *names)
{
    buffer_free(&names->last);
    free(names->ends);
    *names = (struct restore_names){0};
}

static int names_push(struct restore_names *names, size_t end, struct error *e)
{
    if (names->count == names->room) {
        size_t room = names->room ? names->room * 2 : 16;
        size_t *grown = reallocarray(names->ends, room, sizeof(*grown));
        if (!grown)
            return error_no_memory(e, "names of objects");
        names->ends = grown;
        names->room = room;
    }
    names->ends[names->count++] = end;
    return 0;
}

/* Whether an object that came before bears the name of a folder of `key`; remembers `key`. */
static int names_meet(struct restore_names *names, const uint8_t *key, size_t size, bool *taken,
                      struct error *e)
{
    const uint8_t *last = names->last.data;
    size_t common = 0;
    while (common < names->last.size && common < size && last[common] == key[common])
        common++;
    while (names->count > 0 && names->ends[names->count - 1] > common)
        names->count--;
    *taken = false;
    for (size_t i = 0; i < names->count; i++)
        *taken = *taken || (names->ends[i] < size && key[names->ends[i]] == '/');
    buffer_clear(&names->last);
    buffer_append(&names->last, key, size);
    if (buffer_check(&names->last, e) != 0)
        return -1;
    return *taken ? 0 : names_push(names, size, e);
}

static const char *judge_part(const uint8_t *part, size_t size)
{
    if (size == 0)
        return "a folder or file without a name: nothing stands before, between or behind "
               "slashes of its key";
    if (part[0] == '.' && (size == 1 || (size == 2 && part[1] == '.')))
        return "\".\" and \"..\" in its key are no names of folders or files";
    return NULL;
}

static const char *judge_key(const uint8_t *key, size_t size)
{
    const char *why = NULL;
    for (size_t start = 0, end = 0; !why && start <= size; start = end + 1) {
        const uint8_t *slash = start < size ? memchr(key + start, '/', size - start) : NULL;
        end = slash ? (size_t)(slash - key) : size;
        why = judge_part(key + start, end - start);
    }
    return why;
}

int restore_key_to_files(struct restore_names *names, const uint8_t *key, size_t size,
                         uint64_t bytes, struct buffer *out, bool *directory,
                         const char **refused, struct error *e)
{
    bool taken = false;
    *directory = size > 1 && key[size - 1] == '/' && bytes == 0;
    *refused = judge_key(key, size - *directory);
    buffer_clear(out);
    /* The folder's own object is no file in the way of what is in the folder. */
    if (!*directory && names_meet(names, key, size, &taken, e) != 0)
        return -1;
    for (size_t i = 0; *directory && i < names->count; i++)
        taken = taken || (names->ends[i] < size && names->last.size >= names->ends[i] &&
                          memcmp(names->last.data, key, names->ends[i]) == 0 &&
                          key[names->ends[i]] == '/');
    if (!*refused && taken)
        *refused = "an object bears the name of a folder in its key, and a file cannot be both";
    buffer_append(out, key, size - *directory);
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] == '/')
            out->data[i] = 0;
    return buffer_check(out, e);
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Properties become extended attributes of their names. */
static int to_files(struct lagan_metadata *pieces, size_t *count, struct buffer *names,
                    struct error *e)
{
    static const char front[] = RESTORE_PROPERTY_XATTR;
    size_t kept = 0, room = 0;
    for (size_t i = 0; i < *count; i++)
        room += sizeof(front) + pieces[i].name_size + 1;
    buffer_clear(names);
    if (!buffer_reserve(names, room + 1)) /* so that it stays where it is */
        return error_no_memory(e, "attributes");
    for (size_t i = 0; i < *count; i++) {
        struct lagan_metadata piece = pieces[i];
        if (piece.kind != LAGAN_METADATA_PROPERTY || begins(piece.name, LAGAN_FACT))
            continue;
        const char *name = (const char *)names->data + names->size;
        buffer_append(names, front, sizeof(front) - 1);
        buffer_append(names, piece.name, piece.name_size);
        buffer_append_u8(names, 0);
        piece.name = name;
        piece.name_size += (uint32_t)sizeof(front) - 1;
        piece.kind = LAGAN_METADATA_XATTR;
        pieces[kept++] = piece;
    }
    *count = kept;
    return buffer_check(names, e);
}

static int compare_pieces(const void *a, const void *b)
{
    return strcmp(((const struct lagan_metadata *)a)->name,
                  ((const struct lagan_metadata *)b)->name);
}

/* Adds the time of the last change, unless the file came from an object that had one. */
static int add_mtime(const struct tree_entry *entry, struct lagan_metadata *pieces,
                     size_t *count, struct buffer *names, struct error *e)
{
    char text[MTIME_SIZE];
    for (size_t i = 0; i < *count; i++)
        if (strcmp(pieces[i].name, RESTORE_MTIME_PROPERTY) == 0)
            return 0;
    if (!(entry->present & LAGAN_HAS_MTIME))
        return 0;
    snprintf(text, sizeof(text), "%lld.%09u", (long long)entry->mtime_s, entry->mtime_ns);
    buffer_clear(names);
    buffer_append(names, text, strlen(text) + 1);
    if (buffer_check(names, e) != 0)
        return -1;
    pieces[(*count)++] =
        (struct lagan_metadata){.kind = LAGAN_METADATA_PROPERTY,
                                .name_size = sizeof(RESTORE_MTIME_PROPERTY) - 1,
                                .name = RESTORE_MTIME_PROPERTY,
                                .value = names->data,
                                .value_size = strlen(text)};
    return 0;
}

static int to_objects(const struct tree_entry *entry, struct lagan_metadata *pieces,
                      size_t *count, struct buffer *names, bool *lost, struct error *e)
{
    size_t kept = 0, front = strlen(RESTORE_PROPERTY_XATTR);
    for (size_t i = 0; i < *count; i++) {
        struct lagan_metadata piece = pieces[i];
        if (piece.kind != LAGAN_METADATA_XATTR || !begins(piece.name, RESTORE_PROPERTY_XATTR)) {
            *lost = true;
            continue;
        }
        piece.name += front;
        piece.name_size -= (uint32_t)front;
        piece.kind = LAGAN_METADATA_PROPERTY;
        pieces[kept++] = piece;
    }
    *count = kept;
    if (add_mtime(entry, pieces, count, names, e) != 0)
        return -1;
    qsort(pieces, *count, sizeof(*pieces), compare_pieces);
    return 0;
}

int restore_pieces_convert(enum restore_way way, const struct tree_entry *entry,
                           struct lagan_metadata *pieces, size_t *count, struct buffer *names,
                           bool *lost, struct error *e)
{
    if (way == RESTORE_TO_FILES)
        return to_files(pieces, count, names, e);
    if (way == RESTORE_TO_OBJECTS)
        return to_objects(entry, pieces, count, names, lost, e);
    return 0;
}
