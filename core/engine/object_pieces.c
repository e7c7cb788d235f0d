/* SPDX-License-Identifier: Apache-2.0 */
/* object_pieces.c - properties: those an original has, and those that its copy gets. */
#include "engine/object_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void object_pieces_free(struct object_pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++)
        buffer_free(&pieces->texts[i]);
    free(pieces->texts);
    free(pieces->items);
    *pieces = (struct object_pieces){0};
}

static int compare(const struct lagan_metadata *a, const struct lagan_metadata *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_items(const void *a, const void *b)
{
    return compare(a, b);
}

static int grow(struct object_pieces *pieces, struct error *e)
{
    size_t room = pieces->room ? pieces->room * 2 : 16;
    struct lagan_metadata *items = reallocarray(pieces->items, room, sizeof(*items));
    if (items)
        pieces->items = items;
    struct buffer *texts = reallocarray(pieces->texts, room, sizeof(*texts));
    if (texts)
        pieces->texts = texts;
    if (!items || !texts)
        return error_no_memory(e, "properties");
    pieces->room = room;
    return 0;
}

/* The bytes of an item lie in a buffer of its own: name, terminator, value. */
static int fill(struct buffer *text, struct lagan_metadata *item,
                const struct lagan_metadata *piece, struct error *e)
{
    size_t name_size = strlen(piece->name);
    buffer_clear(text);
    buffer_append(text, piece->name, name_size + 1);
    buffer_append(text, piece->value ? piece->value : "", piece->value ? piece->value_size : 0);
    if (buffer_check(text, e) != 0)
        return -1;
    *item = (struct lagan_metadata){.kind = piece->kind,
                                    .name_size = (uint32_t)name_size,
                                    .name = (const char *)text->data,
                                    .value = text->data + name_size + 1,
                                    .value_size = piece->value ? piece->value_size : 0};
    return 0;
}

int object_pieces_set(struct object_pieces *pieces, const struct lagan_metadata *piece,
                      struct error *e)
{
    for (size_t i = 0; i < pieces->count; i++)
        if (compare(&pieces->items[i], piece) == 0)
            return fill((struct buffer *)&pieces->texts[i], &pieces->items[i], piece, e);
    if (pieces->count == pieces->room && grow(pieces, e) != 0)
        return -1;
    pieces->texts[pieces->count] = BUFFER_INIT;
    if (fill(&pieces->texts[pieces->count], &pieces->items[pieces->count], piece, e) != 0) {
        buffer_free(&pieces->texts[pieces->count]);
        return -1;
    }
    pieces->count++;
    return 0;
}

/* Only the items: texts are never looked up by item after that. */
void object_pieces_sort(struct object_pieces *pieces)
{
    if (pieces->count > 1)
        qsort(pieces->items, pieces->count, sizeof(pieces->items[0]), compare_items);
}

int object_pieces_of(struct object_pieces *pieces, const struct lagan_entry *entry,
                     struct error *e)
{
    size_t count;
    const struct lagan_metadata *had = source_entry_pieces(entry, &count);
    for (size_t i = 0; i < count; i++)
        if (object_pieces_set(pieces, &had[i], e) != 0)
            return -1;
    return 0;
}

void object_pieces_text(const struct object_pieces *pieces, const char *name, char *text,
                        size_t room)
{
    text[0] = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        const struct lagan_metadata *item = &pieces->items[i];
        if (item->kind == LAGAN_METADATA_PROPERTY && strcmp(item->name, name) == 0)
            snprintf(text, room, "%.*s", (int)item->value_size, (const char *)item->value);
    }
}

/* Whether the copy is to get what the original has. */
static bool is_kept(const struct object_ends *ends, const struct lagan_metadata *piece,
                    const struct object_copy_options *options)
{
    bool property = piece->kind == LAGAN_METADATA_PROPERTY;
    if (options->replace_pieces || property != ends->to_flat)
        return false;
    if (!property)
        return !ends->from_flat;
    if (strncmp(piece->name, LAGAN_FACT, strlen(LAGAN_FACT)) == 0)
        return false;
    if (options->without_acl && strcmp(piece->name, LAGAN_PROPERTY_ACL) == 0)
        return false;
    return !(options->without_class && strcmp(piece->name, LAGAN_PROPERTY_CLASS) == 0);
}

/* A file's time in a bucket, where other tools look for it: seconds with a fraction. */
static int add_time(const struct object_ends *ends, const struct lagan_entry *entry,
                    struct object_pieces *chosen, struct error *e)
{
    char text[48];
    if (ends->from_flat || !ends->to_flat || !(entry->present & LAGAN_HAS_MTIME) ||
        entry->mtime_s < 0)
        return 0;
    snprintf(text, sizeof(text), "%lld.%09u", (long long)entry->mtime_s, entry->mtime_ns);
    const struct lagan_metadata piece = {.kind = LAGAN_METADATA_PROPERTY,
                                         .name = LAGAN_PROPERTY_META "mtime",
                                         .value = text,
                                         .value_size = strlen(text)};
    return object_pieces_set(chosen, &piece, e);
}

int object_pieces_choose(const struct object_ends *ends, const struct object_pieces *has,
                         const struct lagan_entry *entry,
                         const struct object_copy_options *options,
                         struct object_pieces *chosen, struct error *e)
{
    if (!options->replace_pieces && add_time(ends, entry, chosen, e) != 0)
        return -1;
    for (size_t i = 0; i < has->count; i++)
        if (is_kept(ends, &has->items[i], options) &&
            object_pieces_set(chosen, &has->items[i], e) != 0)
            return -1;
    for (size_t i = 0; ends->to_flat && i < options->give_count; i++)
        if (object_pieces_set(chosen, &options->give[i], e) != 0)
            return -1;
    object_pieces_sort(chosen);
    return 0;
}

static uint32_t seen_add(void *context, const struct lagan_entry *entry)
{
    struct object_seen *seen = context;
    object_pieces_free(&seen->pieces);
    if (entry_copy_set(&seen->copy, entry, &seen->error) == 0 &&
        object_pieces_of(&seen->pieces, entry, &seen->error) == 0)
        return LAGAN_OK;
    return LAGAN_INTERNAL;
}

struct lagan_entry_collector object_seen_collector(struct object_seen *seen)
{
    return (struct lagan_entry_collector){seen, seen_add};
}

void object_seen_free(struct object_seen *seen)
{
    entry_copy_free(&seen->copy);
    object_pieces_free(&seen->pieces);
}
