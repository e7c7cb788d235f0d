/* SPDX-License-Identifier: Apache-2.0 */
/* spoken_entry.c - the words of entries and of their metadata. */
#include "src_exec/spoken_entry.h"

#include <string.h>

enum {
    KEY_LIMIT = PROGRAM_LINE_LIMIT,
    LINK_LIMIT = 65536,
    NAME_LIMIT = 255,
    VALUE_LIMIT = PROGRAM_LINE_LIMIT
};

static const struct {
    uint32_t type;
    const char *name;
} types[] = {
#define X(symbol, value, name) {value, name},
    LAGAN_ENTRY_TYPES(X)
#undef X
};

static const struct {
    uint64_t flag;
    const char *name;
} flags[] = {{LAGAN_ENTRY_SPARSE, "sparse"},
             {LAGAN_ENTRY_BLOCKS, "blocks"},
             {LAGAN_ENTRY_STREAM, "stream"}};

/* Kinds of metadata; LAGAN_METADATA_XATTR is the first. */
static const char *const kinds[] = {"xattr", "flags", "property", NULL};

const char *spoken_type_name(uint32_t type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == type)
            return types[i].name;
    return "file";
}

static bool take_type(struct program_line *line, uint32_t *type)
{
    const struct program_word *word = program_find(line, "type");
    for (size_t i = 0; word && word->value && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, word->value) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    line->wrong = word ? "type" : line->wrong;
    return false;
}

static bool take_uint32(struct program_line *line, const char *name, uint32_t *number)
{
    uint64_t value;
    if (!program_take_number(line, name, UINT32_MAX, &value))
        return false;
    *number = (uint32_t)value;
    return true;
}

static void take_owner(struct program_line *line, struct lagan_entry *entry)
{
    if (!take_uint32(line, "user", &entry->user) || !take_uint32(line, "group", &entry->group))
        return;
    entry->present |= LAGAN_HAS_OWNER;
    program_take_text(line, "user-name", NAME_LIMIT, &entry->user_name);
    program_take_text(line, "group-name", NAME_LIMIT, &entry->group_name);
}

static void take_attributes(struct program_line *line, struct lagan_entry *entry)
{
    if (program_take_number(line, "bytes", INT64_MAX, &entry->bytes))
        entry->present |= LAGAN_HAS_BYTES;
    if (program_take_octal(line, "mode", 07777, &entry->mode))
        entry->present |= LAGAN_HAS_MODE;
    take_owner(line, entry);
    if (program_take_time(line, "mtime", &entry->mtime_s, &entry->mtime_ns))
        entry->present |= LAGAN_HAS_MTIME;
    if (take_uint32(line, "links", &entry->links))
        entry->present |= LAGAN_HAS_LINKS;
    if (take_uint32(line, "major", &entry->device_major) &&
        take_uint32(line, "minor", &entry->device_minor))
        entry->present |= LAGAN_HAS_DEVICE;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (program_find(line, flags[i].name))
            entry->flags |= flags[i].flag;
}

static void take_error(struct program_line *line, struct lagan_entry *entry)
{
    const struct program_word *word = program_find(line, "error");
    if (!word)
        return;
    entry->error_class =
        word->value ? program_class_of(word->value, word->size) : (uint32_t)LAGAN_CLASS_COUNT;
    entry->error_text = "the program gave no reason";
    program_take_text(line, "text", LAGAN_TEXT_SIZE - 1, &entry->error_text);
    if (entry->error_class == LAGAN_CLASS_COUNT || entry->error_class <= LAGAN_END)
        line->wrong = "error";
}

bool spoken_entry_take(struct program_line *line, struct lagan_entry *entry)
{
    const char *data = NULL;
    *entry = (struct lagan_entry){.size = sizeof *entry};
    if (!take_type(line, &entry->type) ||
        !program_take_bytes(line, "key", KEY_LIMIT, &data, &entry->key_size))
        return false;
    entry->key = data;
    take_error(line, entry);
    if (entry->type == LAGAN_ENTRY_ERROR)
        return entry->error_class != LAGAN_OK && !line->wrong;
    if (entry->type != LAGAN_ENTRY_DIRECTORY && entry->error_class != LAGAN_OK)
        line->wrong = "error";
    take_attributes(line, entry);
    if (program_take_bytes(line, "id", LAGAN_ID_SIZE, &data, &entry->id_size))
        entry->id = data;
    if (program_take_bytes(line, "stamp", LAGAN_STAMP_SIZE, &data, &entry->stamp_size))
        entry->stamp = data;
    if (program_take_bytes(line, "link", LINK_LIMIT, &data, &entry->link_size))
        entry->link = data;
    return !line->wrong && (entry->type != LAGAN_ENTRY_SYMLINK || entry->link);
}

static void add_owner(struct program_text *text, const struct lagan_entry *entry)
{
    if (!(entry->present & LAGAN_HAS_OWNER))
        return;
    program_add_number(text, "user", entry->user);
    program_add_number(text, "group", entry->group);
    if (entry->user_name)
        program_add_string(text, "user-name", entry->user_name);
    if (entry->group_name)
        program_add_string(text, "group-name", entry->group_name);
}

void spoken_entry_add(struct program_text *text, const struct lagan_entry *entry)
{
    program_add_string(text, "type", spoken_type_name(entry->type));
    program_add_bytes(text, "key", entry->key, entry->key_size);
    if (entry->present & LAGAN_HAS_BYTES)
        program_add_number(text, "bytes", entry->bytes);
    if (entry->present & LAGAN_HAS_MODE)
        program_add_octal(text, "mode", entry->mode);
    add_owner(text, entry);
    if (entry->present & LAGAN_HAS_MTIME)
        program_add_time(text, "mtime", entry->mtime_s, entry->mtime_ns);
    if (entry->present & LAGAN_HAS_LINKS)
        program_add_number(text, "links", entry->links);
    if (entry->present & LAGAN_HAS_DEVICE) {
        program_add_number(text, "major", entry->device_major);
        program_add_number(text, "minor", entry->device_minor);
    }
    if (entry->type == LAGAN_ENTRY_SYMLINK)
        program_add_bytes(text, "link", entry->link, entry->link_size);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        program_add_flag(text, flags[i].name, (entry->flags & flags[i].flag) != 0);
}

bool spoken_piece_take(struct program_line *line, struct lagan_metadata *piece)
{
    uint32_t kind;
    const char *value;
    *piece = (struct lagan_metadata){0};
    if (!program_take_choice(line, "kind", kinds, &kind) ||
        !program_take_text(line, "name", NAME_LIMIT, &piece->name) ||
        !program_take_bytes(line, "value", VALUE_LIMIT, &value, &piece->value_size))
        return false;
    piece->kind = LAGAN_METADATA_XATTR + kind;
    piece->name_size = (uint32_t)strlen(piece->name);
    piece->value = value;
    return true;
}

void spoken_piece_add(struct program_text *text, const struct lagan_metadata *piece)
{
    uint32_t kind = piece->kind - LAGAN_METADATA_XATTR;
    program_add_newline(text);
    program_add_verb(text, "piece");
    program_add_string(text, "kind", kinds[kind]);
    program_add_bytes(text, "name", piece->name, piece->name_size);
    program_add_bytes(text, "value", piece->value, piece->value_size);
}
