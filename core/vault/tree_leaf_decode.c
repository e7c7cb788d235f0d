/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_leaf_decode.c - leaves from bytes that nobody has checked but for their id.
 *
 * Sizes are measured first, so that a leaf is one block of memory: the node, its entries, their
 * records, then bytes (keys, stamps, names, further TLVs).
 */
#include "vault/tree_node.h"

#include <stdlib.h>
#include <string.h>

/* The name of an owner and whether an entry of the leaf has that owner. */
struct owner {
    uint32_t number;
    bool used;
    char *name;
};

/* The owners of one kind. */
struct owners {
    uint32_t count;
    uint32_t last; /* where the last search ended */
    struct owner owner[TREE_COUNT_LIMIT];
};

struct leaf_decoder {
    const struct tree_columns *columns;
    struct tree_node *node;
    struct chunk_record *records; /* next free one */
    uint8_t *bytes;               /* next free byte */
    size_t key_bytes;
    size_t stamp_width;
    size_t record_count;
};

static int measure_stamps(struct leaf_decoder *d, struct error *e)
{
    const struct reader *sizes = &d->columns->column[COLUMN_STAMP_SIZE];
    const struct reader *stamps = &d->columns->column[COLUMN_STAMP];
    uint8_t width = 0;

    if (sizes->left != 0 && sizes->left != d->columns->count)
        return tree_node_corrupt(e, "stamp lengths do not fit");
    for (size_t i = 0; i < sizes->left; i++)
        width = sizes->next[i] > width ? sizes->next[i] : width;
    if (width > TREE_STAMP_LIMIT)
        return tree_node_corrupt(e, "a stamp is too long");
    d->stamp_width = width;
    if (stamps->left != 0 && stamps->left != d->stamp_width * d->columns->count)
        return tree_node_corrupt(e, "stamps do not fit");
    return 0;
}

static int measure_records(struct leaf_decoder *d, struct error *e)
{
    struct reader r = d->columns->column[COLUMN_CONTENT];
    const struct reader *ids = &d->columns->column[COLUMN_RECORD_ID];

    for (uint32_t i = 0; i < d->columns->count && r.left > 0; i++) {
        uint64_t c = tree_column_varint(&r);
        if (c > CONTENT_INLINE_LIMIT + TREE_HEIGHT_LIMIT)
            return tree_node_corrupt(e, "a content is too high");
        d->record_count += c > CONTENT_INLINE_LIMIT ? 1 : (size_t)c;
    }
    if (ids->left != 0 && ids->left != d->record_count * CHUNK_ID_SIZE)
        return tree_node_corrupt(e, "ids of records do not fit");
    return 0;
}

static int leaf_allocate(struct leaf_decoder *d, struct error *e)
{
    const struct tree_columns *columns = d->columns;
    size_t entries = columns->count * sizeof(struct tree_entry);
    size_t records = d->record_count * sizeof(struct chunk_record);
    size_t bytes = d->key_bytes + d->stamp_width * columns->count +
                   columns->column[COLUMN_NAMES].left + columns->column[COLUMN_FURTHER].left;
    struct tree_node *n = malloc(sizeof(*n) + entries + records + bytes);

    if (n == NULL)
        return error_no_memory(e, "a tree node");
    *n = (struct tree_node){.magic = TREE_NODE_MAGIC, .references = 1, .count = columns->count};
    n->entries = (struct tree_entry *)(n + 1);
    memset(n->entries, 0, entries);
    d->node = n;
    d->records = (struct chunk_record *)(n->entries + n->count);
    d->bytes = (uint8_t *)(d->records + d->record_count);
    return 0;
}

static int decode_keys(struct leaf_decoder *d, struct error *e)
{
    struct tree_key_walk walk = {.column = d->columns->column[COLUMN_KEY], .to = d->bytes};

    for (uint32_t i = 0; i < d->node->count; i++) {
        struct tree_entry *entry = &d->node->entries[i];
        if (!tree_key_next(&walk, &entry->key, &entry->key_size))
            return tree_node_corrupt(e, "keys do not ascend");
    }
    d->bytes += d->key_bytes;
    return 0;
}

static int decode_types(struct leaf_decoder *d, struct error *e)
{
    struct reader r = d->columns->column[COLUMN_TYPE];

    if (r.left != d->node->count)
        return tree_node_corrupt(e, "types do not fit");
    for (uint32_t i = 0; i < d->node->count; i++) {
        d->node->entries[i].type = r.next[i];
        if (r.next[i] == 0)
            return tree_node_corrupt(e, "an entry has no type");
    }
    return 0;
}

/* Decodes one column of plain numbers into a member of all entries. */
#define DECODE_NUMBERS(column_type, member, member_type, limit)                                \
    static int decode_##member(struct leaf_decoder *d, struct error *e)                        \
    {                                                                                          \
        struct reader r = d->columns->column[column_type];                                     \
        struct tree_entry *entries = d->node->entries;                                         \
        uint32_t count = r.left > 0 ? d->node->count : 0;                                      \
        uint64_t largest = 0;                                                                  \
        for (uint32_t i = 0; i < count; i++) {                                                 \
            uint64_t value = tree_column_varint(&r);                                           \
            largest = value > largest ? value : largest;                                       \
            entries[i].member = (member_type)value;                                            \
        }                                                                                      \
        if (largest > (limit))                                                                 \
            return tree_node_corrupt(e, #member " out of range");                              \
        return reader_done(&r) ? 0                                                             \
                               : tree_node_corrupt(e, "column of " #member " does not fit");   \
    }
TREE_NUMBER_COLUMNS(DECODE_NUMBERS)
#undef DECODE_NUMBERS

/* Seconds are added up modulo 2^64. */
static int decode_mtime(struct leaf_decoder *d, struct error *e)
{
    struct reader r = d->columns->column[COLUMN_MTIME];
    uint64_t seconds = 0;

    if (r.left == 0)
        return 0;
    for (uint32_t i = 0; i < d->node->count; i++) {
        uint64_t bits = tree_column_varint(&r);
        seconds += bits & 1 ? ~(bits >> 1) : bits >> 1;
        d->node->entries[i].mtime_s = (int64_t)seconds;
    }
    return reader_done(&r) ? 0 : tree_node_corrupt(e, "column of mtime does not fit");
}

static int decode_stamps(struct leaf_decoder *d, struct error *e)
{
    struct reader sizes = d->columns->column[COLUMN_STAMP_SIZE];
    const struct reader *from = &d->columns->column[COLUMN_STAMP];
    size_t count = d->node->count, width = d->stamp_width;

    if (sizes.left == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct tree_entry *entry = &d->node->entries[i];
        size_t size = sizes.next[i];
        uint8_t padding = 0;
        for (size_t b = 0; b < width; b++) {
            uint8_t byte = from->left > 0 ? from->next[b * count + i] : 0;
            d->bytes[b] = byte;
            padding |= b < size ? 0 : byte;
        }
        if (padding != 0)
            return tree_node_corrupt(e, "bytes behind a stamp");
        entry->stamp = size > 0 ? d->bytes : NULL;
        entry->stamp_size = size;
        d->bytes += width;
    }
    return 0;
}

static int decode_further(struct leaf_decoder *d, struct error *e)
{
    const struct reader *column = &d->columns->column[COLUMN_FURTHER];

    if (column->left == 0)
        return 0;
    memcpy(d->bytes, column->next, column->left);
    struct reader r = reader_of(d->bytes, column->left);
    for (uint32_t i = 0; i < d->node->count; i++) {
        struct tree_entry *entry = &d->node->entries[i];
        size_t size = 0;
        const uint8_t *data = reader_counted(&r, &size);
        if (size == 0)
            continue;
        if (!tree_further_valid(data, size))
            return tree_node_corrupt(e, "further TLVs of an entry are wrong");
        entry->further = data;
        entry->further_size = size;
    }
    d->bytes += column->left;
    return reader_done(&r) ? 0 : tree_node_corrupt(e, "further TLVs do not fit");
}

/* The records of one entry, whose count or height is set. */
static int decode_content(struct leaf_decoder *d, struct tree_entry *entry, struct reader *ids,
                          struct reader *lengths, struct error *e)
{
    static const uint8_t hole[CHUNK_ID_SIZE];
    uint64_t total = 0;

    entry->content.records = d->records;
    for (uint32_t i = 0; i < entry->content.count; i++) {
        struct chunk_record *record = d->records++;
        const uint8_t *id = ids->left > 0 ? reader_take(ids, CHUNK_ID_SIZE) : hole;
        memcpy(record->id.bytes, id, CHUNK_ID_SIZE);
        record->bytes = tree_column_varint(lengths);
        if (record->bytes == 0 || __builtin_add_overflow(total, record->bytes, &total))
            return tree_node_corrupt(e, "length of a record out of range");
    }
    if (entry->content.height > 0 && chunk_is_hole(&entry->content.records[0].id))
        return tree_node_corrupt(e, "a hole instead of a content map");
    return total == entry->bytes
               ? 0
               : tree_node_corrupt(e, "records contradict the entry's length");
}

static int decode_contents(struct leaf_decoder *d, struct error *e)
{
    struct reader r = d->columns->column[COLUMN_CONTENT];
    struct reader ids = d->columns->column[COLUMN_RECORD_ID];
    struct reader lengths = d->columns->column[COLUMN_RECORD_BYTES];
    uint32_t count = r.left > 0 ? d->node->count : 0;

    for (uint32_t i = 0; i < count; i++) {
        struct tree_entry *entry = &d->node->entries[i];
        uint32_t c = (uint32_t)tree_column_varint(&r);
        bool map = c > CONTENT_INLINE_LIMIT;
        entry->content.height = map ? c - CONTENT_INLINE_LIMIT : 0;
        entry->content.count = map ? 1 : c;
        if (c > 0 && decode_content(d, entry, &ids, &lengths, e) != 0)
            return -1;
    }
    return reader_done(&r) && reader_done(&ids) && reader_done(&lengths)
               ? 0
               : tree_node_corrupt(e, "columns of contents do not fit");
}

/* One name into `owners` of its kind; the name gets a terminator.  Order is checked by kind and
 * number together. */
static int decode_name(struct leaf_decoder *d, struct reader *r, struct owners owners[2],
                       uint64_t *last, struct error *e)
{
    uint8_t kind = reader_u8(r);
    uint64_t number = tree_column_varint(r);
    size_t size;
    const uint8_t *name = reader_counted(r, &size);

    if (name == NULL || kind > TREE_OWNER_GROUP || number > UINT32_MAX)
        return tree_node_corrupt(e, "names do not fit");
    if (size == 0 || size > TREE_NAME_LIMIT || memchr(name, 0, size) != NULL)
        return tree_node_corrupt(e, "a name out of range");
    uint64_t place = (uint64_t)kind << 32 | number;
    if (*last != UINT64_MAX && place <= *last)
        return tree_node_corrupt(e, "names do not ascend");
    *last = place;
    struct owners *of = &owners[kind];
    if (of->count == d->node->count)
        return tree_node_corrupt(e, "more names than entries");
    of->owner[of->count++] =
        (struct owner){.number = (uint32_t)number, .name = (char *)d->bytes};
    memcpy(d->bytes, name, size);
    d->bytes[size] = 0;
    d->bytes += size + 1;
    return 0;
}

/* The name of `number`, NULL when the leaf has none. */
static const char *find_name(struct owners *owners, uint32_t number)
{
    if (owners->count > 0 && owners->owner[owners->last].number == number) {
        owners->owner[owners->last].used = true;
        return owners->owner[owners->last].name;
    }
    uint32_t low = 0, high = owners->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (owners->owner[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == owners->count || owners->owner[low].number != number)
        return NULL;
    owners->last = low;
    owners->owner[low].used = true;
    return owners->owner[low].name;
}

static bool all_used(const struct owners *owners)
{
    for (uint32_t i = 0; i < owners->count; i++) {
        if (!owners->owner[i].used)
            return false;
    }
    return true;
}

static int decode_names(struct leaf_decoder *d, struct error *e)
{
    struct reader r = d->columns->column[COLUMN_NAMES];
    struct owners owners[2];
    uint64_t last = UINT64_MAX;

    if (r.left == 0)
        return 0;
    for (size_t i = 0; i < 2; i++)
        owners[i].count = owners[i].last = 0;
    while (r.left > 0) {
        if (decode_name(d, &r, owners, &last, e) != 0)
            return -1;
    }
    for (uint32_t i = 0; i < d->node->count; i++) {
        struct tree_entry *entry = &d->node->entries[i];
        if ((entry->present & LAGAN_HAS_OWNER) == 0)
            continue;
        entry->user_name = find_name(&owners[TREE_OWNER_USER], entry->user);
        entry->group_name = find_name(&owners[TREE_OWNER_GROUP], entry->group);
    }
    return all_used(&owners[0]) && all_used(&owners[1])
               ? 0
               : tree_node_corrupt(e, "a name that no entry needs");
}

static int add_totals(struct leaf_decoder *d, struct error *e)
{
    struct tree_node *n = d->node;

    n->entry_total = n->count;
    for (uint32_t i = 0; i < n->count; i++) {
        size_t weight = tree_entry_weight(&n->entries[i]);
        if (weight > TREE_ENTRY_WEIGHT_LIMIT)
            return tree_node_corrupt(e, "an entry is too large");
        if (tree_weight_ends(i, n->weight))
            return tree_node_corrupt(e, "goes on behind its greatest size");
        n->weight += weight;
        if (__builtin_add_overflow(n->byte_total, n->entries[i].bytes, &n->byte_total))
            return tree_node_corrupt(e, "sum of bytes out of range");
    }
    return 0;
}

typedef int decode_function(struct leaf_decoder *d, struct error *e);

struct tree_node *tree_leaf_decode(const struct tree_columns *columns, struct error *e)
{
    static decode_function *const steps[] = {measure_stamps,
                                             measure_records,
                                             leaf_allocate,
                                             decode_keys,
                                             decode_types,
#define X(column, member, type, limit) decode_##member,
                                             TREE_NUMBER_COLUMNS(X)
#undef X
                                                 decode_mtime,
                                             decode_stamps,
                                             decode_further,
                                             decode_contents,
                                             decode_names,
                                             add_totals};
    struct leaf_decoder d = {.columns = columns};

    if (tree_keys_measure(columns, &d.key_bytes, e) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i](&d, e) != 0) {
            tree_node_free(d.node);
            return NULL;
        }
    }
    return d.node;
}
