/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_writer.c - entries go into columns as they come; the end of a leaf strings the columns
 * together.  All memory is kept from leaf to leaf.
 */
#include "vault/tree_writer.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT_LIMIT = 10, WRITER_MAGIC = 0x5246454c, LEAF_NUMBER_COLUMNS = COLUMN_CONTENT + 1 };

/* A column of at most one varint per entry. */
struct number_column {
    size_t size;
    bool used; /* holds something else than zeroes */
    uint8_t bytes[TREE_COUNT_LIMIT * VARINT_LIMIT];
};

/* The name of an owner; its text is in `names`. */
struct owner_name {
    uint64_t place; /* kind and number, as they are sorted */
    size_t offset, size;
};

struct leaf_writer {
    uint32_t magic;
    uint32_t count;
    size_t weight;
    uint64_t bytes;
    int64_t mtime_s; /* of the last entry */
    struct buffer last_key;
    struct number_column numbers[LEAF_NUMBER_COLUMNS];
    struct buffer keys, further, record_bytes, record_ids;
    bool keys_used, further_used, ids_used;
    size_t stamp_width;
    uint8_t stamps[TREE_COUNT_LIMIT][TREE_STAMP_LIMIT];
    uint32_t name_count;
    struct owner_name names[2 * TREE_COUNT_LIMIT];
    struct buffer name_text;
    uint64_t last_owner[2]; /* places looked up last */
};

static void empty_leaf(struct leaf_writer *w)
{
    w->count = 0;
    w->weight = 0;
    w->bytes = 0;
    w->mtime_s = 0;
    w->stamp_width = 0;
    w->name_count = 0;
    w->last_owner[0] = w->last_owner[1] = UINT64_MAX;
    w->keys_used = w->further_used = w->ids_used = false;
    for (size_t i = 0; i < LEAF_NUMBER_COLUMNS; i++) {
        w->numbers[i].size = 0;
        w->numbers[i].used = false;
    }
    buffer_clear(&w->keys);
    buffer_clear(&w->further);
    buffer_clear(&w->record_bytes);
    buffer_clear(&w->record_ids);
    buffer_clear(&w->name_text);
}

struct leaf_writer *leaf_writer_new(struct error *e)
{
    struct leaf_writer *w = calloc(1, sizeof(*w));

    if (w == NULL) {
        error_no_memory(e, "a tree");
        return NULL;
    }
    w->magic = WRITER_MAGIC;
    empty_leaf(w);
    return w;
}

void leaf_writer_free(struct leaf_writer *w)
{
    if (w == NULL)
        return;
    OBJECT_CHECK(w, WRITER_MAGIC);
    buffer_free(&w->last_key);
    buffer_free(&w->keys);
    buffer_free(&w->further);
    buffer_free(&w->record_bytes);
    buffer_free(&w->record_ids);
    buffer_free(&w->name_text);
    w->magic = 0;
    free(w);
}

static int invalid(struct error *e, const char *what)
{
    return error_set(e, LAGAN_INVALID, ERROR_FAILED, "tree entry: %s", what);
}

static int check_content(const struct tree_entry *entry, struct error *e)
{
    const struct content *content = &entry->content;
    uint64_t total = 0;

    if (content->count > CONTENT_INLINE_LIMIT || content->height > TREE_HEIGHT_LIMIT ||
        (content->height > 0 && content->count != 1))
        return invalid(e, "a content out of range");
    for (uint32_t i = 0; i < content->count; i++) {
        uint64_t bytes = content->records[i].bytes;
        if (bytes == 0 || __builtin_add_overflow(total, bytes, &total))
            return invalid(e, "length of a record out of range");
    }
    if (content->height > 0 && chunk_is_hole(&content->records[0].id))
        return invalid(e, "a hole instead of a content map");
    if (content->count > 0 && total != entry->bytes)
        return invalid(e, "records contradict the entry's length");
    return 0;
}

static bool name_fits(const char *name)
{
    return name == NULL || strnlen(name, TREE_NAME_LIMIT + 1) <= TREE_NAME_LIMIT;
}

/* The same limits as those of the decoder, so that what is written can be read. */
static int check_entry(const struct tree_entry *entry, struct error *e)
{
    if (entry->type == 0 || entry->type > UINT8_MAX)
        return invalid(e, "type out of range");
#define X(column, member, type, limit)                                                         \
    if ((uint64_t)entry->member > (uint64_t)(limit))                                           \
        return invalid(e, #member " out of range");
    TREE_NUMBER_COLUMNS(X)
#undef X
    if (entry->stamp_size > TREE_STAMP_LIMIT)
        return invalid(e, "stamp too long");
    if (!tree_further_valid(entry->further, entry->further_size))
        return invalid(e, "further TLVs are wrong");
    if (check_content(entry, e) != 0)
        return -1;
    if (!name_fits(entry->user_name) || !name_fits(entry->group_name) ||
        tree_entry_weight(entry) > TREE_ENTRY_WEIGHT_LIMIT)
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "tree entry: too large");
    return 0;
}

static inline void add_number(struct leaf_writer *w, enum tree_column type, uint64_t value)
{
    struct number_column *column = &w->numbers[type];

    column->used |= value != 0;
    while (value >= 0x80) {
        column->bytes[column->size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    column->bytes[column->size++] = (uint8_t)value;
}

static inline void add_byte(struct leaf_writer *w, enum tree_column type, uint8_t value)
{
    struct number_column *column = &w->numbers[type];

    column->used |= value != 0;
    column->bytes[column->size++] = value;
}

static size_t shared_prefix(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t limit = a_size < b_size ? a_size : b_size;
    size_t shared = 0;

    while (shared + 8 <= limit && memcmp(a + shared, b + shared, 8) == 0)
        shared += 8;
    while (shared < limit && a[shared] == b[shared])
        shared++;
    return shared;
}

static void add_key(struct leaf_writer *w, const uint8_t *key, size_t size)
{
    size_t shared = 0;

    if (w->count > 0)
        shared = shared_prefix(w->last_key.data, w->last_key.size, key, size);
    w->keys_used |= size > 0;
    buffer_append_varint(&w->keys, shared);
    buffer_append_counted(&w->keys, key + shared, size - shared);
    buffer_clear(&w->last_key);
    buffer_append(&w->last_key, key, size);
}

static void add_numbers(struct leaf_writer *w, const struct tree_entry *entry)
{
    uint64_t step = (uint64_t)entry->mtime_s - (uint64_t)w->mtime_s;
    uint64_t zigzag = step << 1 ^ (step >> 63 ? UINT64_MAX : 0);

    add_byte(w, COLUMN_TYPE, (uint8_t)entry->type);
#define X(column, member, type, limit) add_number(w, column, entry->member);
    TREE_NUMBER_COLUMNS(X)
#undef X
    add_number(w, COLUMN_MTIME, zigzag);
    w->mtime_s = entry->mtime_s;
}

static void add_stamp(struct leaf_writer *w, const struct tree_entry *entry)
{
    uint8_t *stamp = w->stamps[w->count];

    add_byte(w, COLUMN_STAMP_SIZE, (uint8_t)entry->stamp_size);
    memset(stamp, 0, TREE_STAMP_LIMIT);
    if (entry->stamp_size > 0)
        memcpy(stamp, entry->stamp, entry->stamp_size);
    if (entry->stamp_size > w->stamp_width)
        w->stamp_width = entry->stamp_size;
}

static void add_further(struct leaf_writer *w, const struct tree_entry *entry)
{
    w->further_used |= entry->further_size > 0;
    buffer_append_counted(&w->further, entry->further, entry->further_size);
}

static void add_content(struct leaf_writer *w, const struct content *content)
{
    uint32_t c = content->height > 0 ? CONTENT_INLINE_LIMIT + content->height : content->count;

    add_number(w, COLUMN_CONTENT, c);
    for (uint32_t i = 0; i < content->count; i++) {
        const struct chunk_record *record = &content->records[i];
        buffer_append_varint(&w->record_bytes, record->bytes);
        buffer_append(&w->record_ids, record->id.bytes, CHUNK_ID_SIZE);
        w->ids_used = w->ids_used || !chunk_is_hole(&record->id);
    }
}

/* The first name that comes for an owner stays. */
static void add_name(struct leaf_writer *w, enum tree_owner kind, uint32_t number,
                     const char *name)
{
    uint64_t place = (uint64_t)kind << 32 | number;
    uint32_t low = 0, high = w->name_count;

    if (name == NULL || name[0] == 0 || w->last_owner[kind] == place)
        return;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (w->names[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    w->last_owner[kind] = place;
    if (low < w->name_count && w->names[low].place == place)
        return;
    memmove(&w->names[low + 1], &w->names[low], (w->name_count - low) * sizeof(w->names[0]));
    w->names[low] = (struct owner_name){place, w->name_text.size, strlen(name)};
    buffer_append(&w->name_text, name, w->names[low].size);
    w->name_count++;
}

static int check_buffers(const struct leaf_writer *w, struct error *e)
{
    const struct buffer *const buffers[] = {&w->last_key,     &w->keys,       &w->further,
                                            &w->record_bytes, &w->record_ids, &w->name_text};

    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        if (buffer_check(buffers[i], e) != 0)
            return -1;
    }
    return 0;
}

int leaf_writer_add(struct leaf_writer *w, const struct tree_entry *entry, struct error *e)
{
    uint64_t bytes;

    OBJECT_CHECK(w, WRITER_MAGIC);
    ASSERT(w->count < TREE_COUNT_LIMIT);
    if (check_entry(entry, e) != 0)
        return -1;
    if (__builtin_add_overflow(w->bytes, entry->bytes, &bytes))
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "tree: more than 2^64 bytes");
    add_key(w, entry->key, entry->key_size);
    add_numbers(w, entry);
    add_stamp(w, entry);
    add_further(w, entry);
    add_content(w, &entry->content);
    if (entry->present & LAGAN_HAS_OWNER) {
        add_name(w, TREE_OWNER_USER, entry->user, entry->user_name);
        add_name(w, TREE_OWNER_GROUP, entry->group, entry->group_name);
    }
    w->count++;
    w->weight += tree_entry_weight(entry);
    w->bytes = bytes;
    return check_buffers(w, e);
}

struct leaf_sums leaf_writer_sums(const struct leaf_writer *w)
{
    OBJECT_CHECK(w, WRITER_MAGIC);
    return (struct leaf_sums){.count = w->count,
                              .weight = w->weight,
                              .bytes = w->bytes,
                              .key = w->last_key.data,
                              .key_size = w->last_key.size};
}

static void append_head(struct buffer *out, uint32_t level, uint32_t count)
{
    const uint8_t head[4] = {TREE_NODE_MAGIC_BYTE, TREE_NODE_VERSION, (uint8_t)level, 0};

    buffer_append(out, head, sizeof(head));
    buffer_append_u32(out, count);
}

/* A column of zeroes is left out. */
static void append_column(struct buffer *out, enum tree_column type, const void *data,
                          size_t size, bool used)
{
    if (used)
        buffer_append_tlv(out, (uint16_t)type, data, (uint32_t)size);
}

/* Starts a TLV whose length is not known yet; end_column sets it. */
static size_t start_column(struct buffer *out, enum tree_column type)
{
    buffer_append_tlv(out, (uint16_t)type, NULL, 0);
    return out->size;
}

static void end_column(struct buffer *out, size_t start)
{
    if (!out->failed)
        store_u32(out->data + start - sizeof(uint32_t), (uint32_t)(out->size - start));
}

static void append_numbers(const struct leaf_writer *w, struct buffer *out,
                           enum tree_column first, enum tree_column last)
{
    for (enum tree_column type = first; type <= last; type++) {
        const struct number_column *column = &w->numbers[type];
        append_column(out, type, column->bytes, column->size, column->used);
    }
}

static void append_stamps(const struct leaf_writer *w, struct buffer *out)
{
    size_t size = w->stamp_width * w->count;
    uint8_t any = 0;

    if (size == 0)
        return;
    size_t before = out->size;
    size_t start = start_column(out, COLUMN_STAMP);
    uint8_t *to = buffer_reserve(out, size);
    if (to == NULL)
        return;
    for (size_t b = 0; b < w->stamp_width; b++) {
        for (size_t i = 0; i < w->count; i++)
            any |= *to++ = w->stamps[i][b];
    }
    out->size += size;
    end_column(out, start);
    if (any == 0)
        out->size = before;
}

static void append_names(const struct leaf_writer *w, struct buffer *out)
{
    if (w->name_count == 0)
        return;
    size_t start = start_column(out, COLUMN_NAMES);
    for (uint32_t i = 0; i < w->name_count; i++) {
        const struct owner_name *name = &w->names[i];
        buffer_append_u8(out, (uint8_t)(name->place >> 32));
        buffer_append_varint(out, (uint32_t)name->place);
        buffer_append_counted(out, w->name_text.data + name->offset, name->size);
    }
    end_column(out, start);
}

static int check_node(const struct buffer *out, size_t start, struct error *e)
{
    if (buffer_check(out, e) != 0)
        return -1;
    if (out->size - start > CHUNK_LIMIT)
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "tree node: larger than any chunk");
    return 0;
}

int leaf_writer_end(struct leaf_writer *w, struct buffer *out, struct error *e)
{
    size_t start = out->size;

    OBJECT_CHECK(w, WRITER_MAGIC);
    ASSERT(w->count > 0);
    append_head(out, 0, w->count);
    append_column(out, COLUMN_KEY, w->keys.data, w->keys.size, w->keys_used || w->count > 1);
    append_numbers(w, out, COLUMN_TYPE, COLUMN_STAMP_SIZE);
    append_stamps(w, out);
    append_column(out, COLUMN_FURTHER, w->further.data, w->further.size, w->further_used);
    append_names(w, out);
    append_numbers(w, out, COLUMN_CONTENT, COLUMN_CONTENT);
    append_column(out, COLUMN_RECORD_BYTES, w->record_bytes.data, w->record_bytes.size,
                  w->record_bytes.size > 0);
    append_column(out, COLUMN_RECORD_ID, w->record_ids.data, w->record_ids.size, w->ids_used);
    empty_leaf(w);
    return check_node(out, start, e);
}

static void append_child_keys(struct buffer *out, const struct tree_child *children,
                              uint32_t count)
{
    if (count == 1 && children[0].key_size == 0)
        return;
    size_t start = start_column(out, COLUMN_KEY);
    for (uint32_t i = 0; i < count; i++) {
        const struct tree_child *child = &children[i];
        size_t shared = 0;
        if (i > 0)
            shared =
                shared_prefix(child[-1].key, child[-1].key_size, child->key, child->key_size);
        buffer_append_varint(out, shared);
        buffer_append_counted(out, child->key + shared, child->key_size - shared);
    }
    end_column(out, start);
}

static void append_child_bytes(struct buffer *out, const struct tree_child *children,
                               uint32_t count)
{
    size_t before = out->size;
    size_t start = start_column(out, COLUMN_CHILD_BYTES);
    uint64_t any = 0;

    for (uint32_t i = 0; i < count; i++) {
        buffer_append_varint(out, children[i].bytes);
        any |= children[i].bytes;
    }
    end_column(out, start);
    if (any == 0)
        out->size = before;
}

int inner_node_encode(struct buffer *out, uint32_t level, const struct tree_child *children,
                      uint32_t count, struct error *e)
{
    size_t node = out->size, start;

    append_head(out, level, count);
    append_child_keys(out, children, count);
    start = start_column(out, COLUMN_CHILD_ID);
    for (uint32_t i = 0; i < count; i++)
        buffer_append(out, children[i].id.bytes, CHUNK_ID_SIZE);
    end_column(out, start);
    start = start_column(out, COLUMN_CHILD_ENTRIES);
    for (uint32_t i = 0; i < count; i++)
        buffer_append_varint(out, children[i].entries);
    end_column(out, start);
    append_child_bytes(out, children, count);
    return check_node(out, node, e);
}
