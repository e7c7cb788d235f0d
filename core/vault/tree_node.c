/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_node.c - decoded nodes: the head, finding the columns, keys, and inner nodes.  Leaves
 * are in tree_leaf_decode.c.
 */
#include "vault/tree_node.h"

#include "base/object.h"

#include <stdlib.h>
#include <string.h>

int tree_node_corrupt(struct error *e, const char *what)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "tree node: %s", what);
}

static int find_head(struct reader *r, struct tree_columns *columns, struct error *e)
{
    uint8_t magic = reader_u8(r);
    uint8_t version = reader_u8(r);
    columns->level = reader_u8(r);
    uint8_t reserved = reader_u8(r);
    columns->count = reader_u32(r);

    if (r->failed || magic != TREE_NODE_MAGIC_BYTE || reserved != 0)
        return tree_node_corrupt(e, "not a node");
    if (version != TREE_NODE_VERSION)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "tree node: version %u is not known", version);
    if (columns->level >= TREE_HEIGHT_LIMIT)
        return tree_node_corrupt(e, "too many levels");
    if (columns->count == 0 || columns->count > TREE_COUNT_LIMIT)
        return tree_node_corrupt(e, "number of entries out of range");
    return 0;
}

static bool all_zero(const struct reader *r)
{
    return r->left == 0 || (r->next[0] == 0 && memcmp(r->next, r->next + 1, r->left - 1) == 0);
}

/* Which columns a node of that level may have, as bits. */
static uint32_t allowed_columns(uint32_t level)
{
    uint32_t inner = 1U << COLUMN_KEY | 1U << COLUMN_CHILD_ID | 1U << COLUMN_CHILD_ENTRIES |
                     1U << COLUMN_CHILD_BYTES;
    uint32_t leaf = (1U << COLUMN_CHILD_ID) - 2;

    return level == 0 ? leaf : inner;
}

int tree_columns_find(struct tree_columns *columns, const void *data, size_t size,
                      struct error *e)
{
    struct reader r = reader_of(data, size), value;
    uint16_t type, previous = 0;

    if (size > CHUNK_LIMIT)
        return tree_node_corrupt(e, "larger than any chunk");
    if (find_head(&r, columns, e) != 0)
        return -1;
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        columns->column[i] = reader_of(NULL, 0);
    uint32_t allowed = allowed_columns(columns->level);
    while (reader_tlv(&r, &type, &value)) {
        if (type <= previous)
            return tree_node_corrupt(e, "columns do not ascend");
        previous = type;
        if (type >= COLUMN_COUNT)
            continue; /* a later program's */
        if ((allowed >> type & 1) == 0)
            return tree_node_corrupt(e, "a column that does not belong to its level");
        if (all_zero(&value))
            return tree_node_corrupt(e, "a column of zeroes that should be left out");
        columns->column[type] = value;
    }
    return r.failed ? tree_node_corrupt(e, "cut short") : 0;
}

size_t tree_child_weight(size_t key_size)
{
    return key_size > TREE_ENTRY_WEIGHT_LIMIT - TREE_ENTRY_WEIGHT
               ? SIZE_MAX
               : key_size + TREE_ENTRY_WEIGHT;
}

bool tree_weight_ends(uint32_t count, size_t weight)
{
    return count >= 2 && weight >= TREE_NODE_WEIGHT;
}

int tree_keys_measure(const struct tree_columns *columns, size_t *size, struct error *e)
{
    struct reader r = columns->column[COLUMN_KEY];
    size_t total = 0, weight = 0;
    uint64_t previous = 0;

    for (uint32_t i = 0; i < columns->count && r.left > 0; i++) {
        if (tree_weight_ends(i, weight))
            return tree_node_corrupt(e, "goes on behind its greatest size");
        uint64_t shared = tree_column_varint(&r);
        uint64_t rest = tree_column_varint(&r);
        if (rest > r.left || reader_take(&r, (size_t)rest) == NULL)
            return tree_node_corrupt(e, "keys are cut short");
        if (shared > previous)
            return tree_node_corrupt(e, "a prefix is longer than the key before");
        previous = shared + rest; /* both at most CHUNK_LIMIT */
        if (previous > TREE_ENTRY_WEIGHT_LIMIT - TREE_ENTRY_WEIGHT)
            return tree_node_corrupt(e, "a key is too long");
        total += (size_t)previous;
        weight += tree_child_weight((size_t)previous);
    }
    *size = total;
    return reader_done(&r) ? 0 : tree_node_corrupt(e, "bytes behind the keys");
}

/* One comparison tells both that the key is greater than the one before and that the prefix is
 * the longest one: the first byte that is not shared must be greater. */
bool tree_key_next(struct tree_key_walk *walk, const uint8_t **key, size_t *size)
{
    size_t shared = (size_t)tree_column_varint(&walk->column);
    size_t rest_size = (size_t)tree_column_varint(&walk->column);
    const uint8_t *rest = reader_take(&walk->column, rest_size);

    if (walk->previous != NULL) {
        if (rest == NULL || rest_size == 0)
            return false;
        if (shared < walk->previous_size && rest[0] <= walk->previous[shared])
            return false;
        memcpy(walk->to, walk->previous, shared);
    }
    if (rest_size > 0)
        memcpy(walk->to + shared, rest, rest_size);
    *key = walk->previous = walk->to;
    *size = walk->previous_size = shared + rest_size;
    walk->to += *size;
    return true;
}

/* Room for the node, its children and their keys. */
static struct tree_node *inner_allocate(uint32_t count, size_t key_bytes, uint8_t **keys)
{
    size_t fixed = sizeof(struct tree_node) + count * sizeof(struct tree_child);
    struct tree_node *n = malloc(fixed + key_bytes);

    if (n == NULL)
        return NULL;
    *n = (struct tree_node){.magic = TREE_NODE_MAGIC, .references = 1, .count = count};
    n->children = (struct tree_child *)(n + 1);
    *keys = (uint8_t *)n + fixed;
    return n;
}

static int decode_child(struct tree_node *n, struct tree_child *child, struct reader *id,
                        struct reader *entries, struct reader *bytes, struct error *e)
{
    const uint8_t *found = reader_take(id, CHUNK_ID_SIZE);

    if (found == NULL)
        return tree_node_corrupt(e, "ids are cut short");
    memcpy(child->id.bytes, found, CHUNK_ID_SIZE);
    child->entries = tree_column_varint(entries);
    child->bytes = bytes->left > 0 ? tree_column_varint(bytes) : 0;
    if (entries->failed || child->entries == 0 ||
        __builtin_add_overflow(n->entry_total, child->entries, &n->entry_total))
        return tree_node_corrupt(e, "number of entries below it out of range");
    if (bytes->failed || __builtin_add_overflow(n->byte_total, child->bytes, &n->byte_total))
        return tree_node_corrupt(e, "sum of bytes below it out of range");
    n->weight += tree_child_weight(child->key_size);
    return 0;
}

static int decode_children(struct tree_node *n, const struct tree_columns *columns,
                           uint8_t *keys, struct error *e)
{
    struct tree_key_walk walk = {.column = columns->column[COLUMN_KEY], .to = keys};
    struct reader id = columns->column[COLUMN_CHILD_ID];
    struct reader entries = columns->column[COLUMN_CHILD_ENTRIES];
    struct reader bytes = columns->column[COLUMN_CHILD_BYTES];
    bool has_bytes = bytes.left > 0;

    for (uint32_t i = 0; i < n->count; i++) {
        struct tree_child *child = &n->children[i];
        if (!tree_key_next(&walk, &child->key, &child->key_size))
            return tree_node_corrupt(e, "keys do not ascend");
        if (has_bytes && bytes.left == 0)
            return tree_node_corrupt(e, "sums of bytes are cut short");
        if (decode_child(n, child, &id, &entries, &bytes, e) != 0)
            return -1;
    }
    return reader_done(&id) && reader_done(&entries) && reader_done(&bytes)
               ? 0
               : tree_node_corrupt(e, "bytes behind a column");
}

static struct tree_node *inner_decode(const struct tree_columns *columns, struct error *e)
{
    size_t key_bytes;
    uint8_t *keys;

    if (tree_keys_measure(columns, &key_bytes, e) != 0)
        return NULL;
    struct tree_node *n = inner_allocate(columns->count, key_bytes, &keys);
    if (n == NULL) {
        error_no_memory(e, "a tree node");
        return NULL;
    }
    n->level = columns->level;
    if (decode_children(n, columns, keys, e) != 0) {
        tree_node_free(n);
        return NULL;
    }
    return n;
}

int tree_node_decode(const void *data, size_t size, struct tree_node **node, struct error *e)
{
    struct tree_columns columns;

    if (tree_columns_find(&columns, data, size, e) != 0)
        return -1;
    struct tree_node *n =
        columns.level == 0 ? tree_leaf_decode(&columns, e) : inner_decode(&columns, e);
    if (n == NULL)
        return -1;
    *node = n;
    return 0;
}

struct tree_node *tree_node_keep(struct tree_node *n)
{
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    n->references++;
    return n;
}

void tree_node_free(struct tree_node *n)
{
    if (n == NULL)
        return;
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    if (--n->references > 0)
        return;
    n->magic = 0;
    free(n);
}

uint32_t tree_node_level(const struct tree_node *n)
{
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    return n->level;
}

uint32_t tree_node_count(const struct tree_node *n)
{
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    return n->count;
}

const struct tree_entry *tree_node_entry(struct tree_node *n, uint32_t index)
{
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    ASSERT(n->level == 0 && index < n->count);
    return &n->entries[index];
}

void tree_node_child(const struct tree_node *n, uint32_t index, const uint8_t **last_key,
                     size_t *last_key_size, struct chunk_id *id, uint64_t *entries,
                     uint64_t *bytes)
{
    OBJECT_CHECK(n, TREE_NODE_MAGIC);
    ASSERT(n->level > 0 && index < n->count);
    const struct tree_child *child = &n->children[index];
    *last_key = child->key;
    *last_key_size = child->key_size;
    *id = child->id;
    *entries = child->entries;
    *bytes = child->bytes;
}

const uint8_t *tree_node_key(const struct tree_node *n, uint32_t index, size_t *size)
{
    ASSERT(index < n->count);
    *size = n->level == 0 ? n->entries[index].key_size : n->children[index].key_size;
    return n->level == 0 ? n->entries[index].key : n->children[index].key;
}
