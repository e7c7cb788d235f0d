/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - see record.h. */
#include "cli/record.h"

#include "engine/discard.h"
#include "engine/key_text.h"

#include <stdio.h>
#include <string.h>

void record_deletion(struct output *o, const struct catalog_backup *row)
{
    record_time(o, "deleted", row->deleted_ns);
    if (row->purge_ns == DISCARD_NOT_YET)
        record_text(o, "until", "the clock is right");
    else
        record_time(o, "until", row->purge_ns);
    record_text(o, "delete_reason", row->delete_reason);
}

void record_backup(struct output *o, const struct catalog_backup *row, const char *vault)
{
    record_begin(o, "backup");
    record_text(o, "id", row->id);
    record_text(o, "name", row->name);
    record_text(o, "vault", vault);
    record_text(o, "source", row->source_name);
    record_id(o, "source_id", row->source);
    record_text(o, "driver", row->source_driver);
    record_text(o, "host", row->host);
    record_text(o, "state", catalog_backup_state_name(row->state));
    record_time(o, "created", row->created_ns);
    record_duration(o, "duration", row->end_ns - row->start_ns);
    record_number(o, "entries", row->entries);
    record_size(o, "bytes", row->bytes);
    record_size(o, "bytes_stored", row->bytes_stored);
    record_text(o, "parent", row->parent);
    record_text(o, "trigger", row->trigger);
    record_text(o, "policy", row->policy);
    record_time(o, "expires", row->expire_ns);
    record_time(o, "kept_until", row->keep_ns);
    if (row->state == CATALOG_BACKUP_DELETED)
        record_deletion(o, row);
    record_text(o, "consistency", row->consistency);
    record_text(o, "description", row->description);
    record_end(o);
}

const char *entry_type_name(uint32_t type)
{
    switch (type) {
#define X(symbol, value, name)                                                                 \
    case LAGAN_ENTRY_##symbol:                                                                 \
        return name;
        LAGAN_ENTRY_TYPES(X)
#undef X
    default:
        return "unknown";
    }
}

void entry_mode_text(const struct tree_entry *entry, char text[11])
{
    static const struct {
        uint32_t type;
        char letter;
    } types[] = {
        {LAGAN_ENTRY_DIRECTORY, 'd'}, {LAGAN_ENTRY_FILE, '-'},   {LAGAN_ENTRY_SYMLINK, 'l'},
        {LAGAN_ENTRY_CHARACTER, 'c'}, {LAGAN_ENTRY_BLOCK, 'b'},  {LAGAN_ENTRY_FIFO, 'p'},
        {LAGAN_ENTRY_SOCKET, 's'},    {LAGAN_ENTRY_OBJECT, 'o'}, {LAGAN_ENTRY_MARKER, 'x'}};
    uint32_t mode = entry->mode;
    memcpy(text, "?rwxrwxrwx", 11);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == entry->type)
            text[0] = types[i].letter;
    }
    for (int i = 0; i < 9; i++) {
        if (!(mode & (0400U >> i)))
            text[i + 1] = '-';
    }
    if (mode & 04000)
        text[3] = mode & 0100 ? 's' : 'S';
    if (mode & 02000)
        text[6] = mode & 0010 ? 's' : 'S';
    if (mode & 01000)
        text[9] = mode & 0001 ? 't' : 'T';
}

bool entry_time(const struct tree_entry *entry, int64_t *wall_ns)
{
    int64_t ns = 0;
    if (!(entry->present & LAGAN_HAS_MTIME) ||
        __builtin_mul_overflow(entry->mtime_s, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)entry->mtime_ns, &ns))
        return false;
    *wall_ns = ns;
    return true;
}

static void record_owner(struct output *o, const struct tree_entry *entry)
{
    if (!(entry->present & LAGAN_HAS_OWNER))
        return;
    record_number(o, "uid", entry->user);
    record_number(o, "gid", entry->group);
    record_text(o, "user", entry->user_name);
    record_text(o, "group", entry->group_name);
}

static void record_further(struct output *o, const struct tree_entry *entry)
{
    struct reader value;
    if (tree_further_find(entry, TREE_FURTHER_LINK, &value))
        record_bytes(o, "link", value.next, value.left);
    if (tree_further_find(entry, TREE_FURTHER_DEVICE, &value)) {
        record_number(o, "device_major", reader_u32(&value));
        record_number(o, "device_minor", reader_u32(&value));
    }
    if (tree_further_find(entry, TREE_FURTHER_ERROR, &value)) {
        reader_u32(&value);
        record_bytes(o, "error", value.next, value.left);
    }
    if (tree_further_find(entry, TREE_FURTHER_WARNINGS, &value)) {
        uint32_t warnings = reader_u32(&value);
        record_flag(o, "changed_while_read", warnings & TREE_WARNING_CHANGED);
        record_flag(o, "attributes_lost", warnings & TREE_WARNING_METADATA_LOST);
    }
}

void record_entry_members(struct output *o, const struct tree_entry *entry)
{
    struct buffer path CLEANUP_BUFFER = BUFFER_INIT;
    char mode[8];
    int64_t ns = 0;
    key_path(&path, entry->key, entry->key_size);
    record_bytes(o, "path", path.data ? (const void *)path.data : "", path.size);
    record_text(o, "kind", entry_type_name(entry->type));
    if (entry->present & LAGAN_HAS_BYTES)
        record_number(o, "bytes", entry->bytes);
    if (entry->present & LAGAN_HAS_MODE) {
        snprintf(mode, sizeof(mode), "%04o", entry->mode & 07777U);
        record_text(o, "mode", mode);
    }
    record_owner(o, entry);
    if (entry_time(entry, &ns))
        record_time(o, "mtime", ns);
    record_further(o, entry);
}

void record_entry(struct output *o, const char *type, const struct tree_entry *entry)
{
    record_begin(o, type);
    record_entry_members(o, entry);
    record_end(o);
}
