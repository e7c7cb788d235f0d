/* SPDX-License-Identifier: Apache-2.0 */
/* entry_copy.c - entries of sources, kept; and turned into entries of trees and back. */
#include "engine/entry_copy.h"

#include <string.h>

enum { METADATA_LIMIT = 16 << 20 };

/* One variable part of an entry on its way into the copy's buffer. */
struct part {
    const void *data;
    size_t size;
    bool text;
    const void **place; /* the pointer in the copy that shall name it */
};

int entry_copy_set(struct entry_copy *copy, const struct lagan_entry *from, struct error *e)
{
    struct lagan_entry *to = &copy->entry;
    memset(to, 0, sizeof(*to));
    /* A driver of an older header knows fewer members. */
    memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
    to->pieces = NULL;
    to->piece_count = 0;
    struct part parts[] = {
        {from->key, from->key_size, false, &to->key},
        {from->id, from->id_size, false, &to->id},
        {from->stamp, from->stamp_size, false, &to->stamp},
        {from->link, from->link_size, false, &to->link},
        {from->user_name, 0, true, (const void **)&to->user_name},
        {from->group_name, 0, true, (const void **)&to->group_name},
        {from->error_text, 0, true, (const void **)&to->error_text},
    };
    size_t offsets[sizeof(parts) / sizeof(parts[0])];

    buffer_clear(&copy->bytes);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        offsets[i] = copy->bytes.size;
        if (parts[i].text && parts[i].data)
            parts[i].size = strlen(parts[i].data) + 1;
        buffer_append(&copy->bytes, parts[i].data ? parts[i].data : "", parts[i].size);
    }
    buffer_append_u8(&copy->bytes, 0); /* so that empty parts have an address too */
    if (buffer_check(&copy->bytes, e) != 0)
        return -1;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        *parts[i].place = parts[i].data ? copy->bytes.data + offsets[i] : NULL;
    return 0;
}

void entry_copy_free(struct entry_copy *copy)
{
    if (!copy)
        return;
    buffer_free(&copy->bytes);
    memset(&copy->entry, 0, sizeof(copy->entry));
}

static uint32_t copy_add(void *context, const struct lagan_entry *entry)
{
    struct error ignored;
    return entry_copy_set(context, entry, &ignored) == 0 ? LAGAN_OK : LAGAN_INTERNAL;
}

struct lagan_entry_collector entry_copy_collector(struct entry_copy *copy)
{
    return (struct lagan_entry_collector){.context = copy, .add = copy_add};
}

bool entry_has_content(uint32_t type)
{
    return type == LAGAN_ENTRY_FILE || type == LAGAN_ENTRY_OBJECT || type == LAGAN_ENTRY_VOLUME;
}

void entry_to_tree(const struct lagan_entry *entry, struct tree_entry *tree)
{
    *tree = (struct tree_entry){
        .key = entry->key,
        .key_size = entry->key_size,
        .type = entry->type,
        .present = entry->present,
        .mode = entry->mode,
        .user = entry->user,
        .group = entry->group,
        .links = entry->links,
        .user_name = entry->user_name,
        .group_name = entry->group_name,
        .mtime_s = entry->mtime_s,
        .mtime_ns = entry->mtime_ns,
        .stamp = entry->stamp,
        .stamp_size = entry->stamp_size,
    };
}

void entry_from_tree(const struct tree_entry *tree, struct lagan_entry *entry, char *link_room,
                     size_t link_room_size)
{
    struct reader value;
    *entry = (struct lagan_entry){
        .size = sizeof(*entry),
        .type = tree->type,
        .key = tree->key,
        .key_size = tree->key_size,
        .present = tree->present,
        .bytes = tree->bytes,
        .mode = tree->mode,
        .user = tree->user,
        .group = tree->group,
        .links = tree->links,
        .user_name = tree->user_name,
        .group_name = tree->group_name,
        .mtime_s = tree->mtime_s,
        .mtime_ns = tree->mtime_ns,
    };
    if (tree_further_find(tree, TREE_FURTHER_DEVICE, &value)) {
        entry->device_major = reader_u32(&value);
        entry->device_minor = reader_u32(&value);
    }
    /* Drivers may pass the target on as a string: it gets a terminator that is not counted. */
    if (tree_further_find(tree, TREE_FURTHER_LINK, &value) && value.left < link_room_size) {
        memcpy(link_room, value.next, value.left);
        link_room[value.left] = 0;
        entry->link = link_room;
        entry->link_size = value.left;
    }
}

int entry_metadata_fetch(const struct chunk_access *access, const struct tree_entry *entry,
                         struct buffer *out, struct error *e)
{
    struct reader value;
    if (tree_further_find(entry, TREE_FURTHER_METADATA, &value)) {
        buffer_append(out, value.next, value.left);
        return buffer_check(out, e);
    }
    if (!tree_further_find(entry, TREE_FURTHER_METADATA_CHUNK, &value))
        return 0;
    struct chunk_id id;
    const uint8_t *bytes = reader_take(&value, CHUNK_ID_SIZE);
    uint32_t size = reader_u32(&value);
    if (!bytes || !reader_done(&value) || size > METADATA_LIMIT)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its attributes are malformed");
    memcpy(id.bytes, bytes, CHUNK_ID_SIZE);
    if (access->get(access->context, &id, out, e) != 0)
        return -1;
    if (out->size != size)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "its attributes are malformed");
    return 0;
}
