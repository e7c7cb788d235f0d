/* SPDX-License-Identifier: Apache-2.0 */
/* tree_entry.c - entries of trees: order of keys, further TLVs, weight, copies. */
#include "vault/tree_node.h"

#include <stdlib.h>
#include <string.h>

int tree_key_compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t shared = a_size < b_size ? a_size : b_size;
    int order = shared > 0 ? memcmp(a, b, shared) : 0;

    if (order != 0)
        return order;
    return (a_size > b_size) - (a_size < b_size);
}

bool tree_further_find(const struct tree_entry *entry, uint16_t type, struct reader *value)
{
    struct reader all = reader_of(entry->further, entry->further_size), found;
    uint16_t found_type;

    while (reader_tlv(&all, &found_type, &found)) {
        if (found_type == type) {
            *value = found;
            return true;
        }
    }
    return false;
}

/* How long the values of known further TLVs are. */
static const struct {
    uint16_t type;
    size_t least, most;
} further_sizes[] = {
    {TREE_FURTHER_LINK, 0, TREE_ENTRY_WEIGHT_LIMIT},
    {TREE_FURTHER_DEVICE, 8, 8},
    {TREE_FURTHER_LINK_GROUP, 16, 16},
    {TREE_FURTHER_METADATA, 0, 256},
    {TREE_FURTHER_METADATA_CHUNK, CHUNK_ID_SIZE + 4, CHUNK_ID_SIZE + 4},
    {TREE_FURTHER_ERROR, 4, TREE_ENTRY_WEIGHT_LIMIT},
    {TREE_FURTHER_WARNINGS, 4, 4},
};

static bool further_size_fits(uint16_t type, size_t size)
{
    for (size_t i = 0; i < sizeof(further_sizes) / sizeof(further_sizes[0]); i++) {
        if (further_sizes[i].type == type)
            return size >= further_sizes[i].least && size <= further_sizes[i].most;
    }
    return true;
}

bool tree_further_valid(const void *data, size_t size)
{
    struct reader all = reader_of(data, size), value;
    uint16_t type;
    int32_t previous = -1;

    while (reader_tlv(&all, &type, &value)) {
        if (type <= previous || !further_size_fits(type, value.left))
            return false;
        previous = type;
    }
    return reader_done(&all);
}

size_t tree_entry_weight(const struct tree_entry *entry)
{
    size_t limit = TREE_ENTRY_WEIGHT_LIMIT;

    if (entry->key_size > limit || entry->further_size > limit)
        return SIZE_MAX;
    size_t weight = TREE_ENTRY_WEIGHT + entry->key_size + entry->further_size +
                    (size_t)TREE_RECORD_WEIGHT * entry->content.count;
    return weight > limit ? SIZE_MAX : weight;
}

/* Where the parts of a copy go: behind the entry, in one block. */
struct copy_parts {
    size_t records;
    size_t user_name;
    size_t group_name;
    size_t total;
};

static struct copy_parts measure_copy(const struct tree_entry *entry)
{
    struct copy_parts parts = {
        .records = entry->content.count * sizeof(struct chunk_record),
        .user_name = entry->user_name != NULL ? strlen(entry->user_name) + 1 : 0,
        .group_name = entry->group_name != NULL ? strlen(entry->group_name) + 1 : 0,
    };

    parts.total = sizeof(*entry) + parts.records + parts.user_name + parts.group_name +
                  entry->key_size + entry->stamp_size + entry->further_size;
    return parts;
}

/* Copies a part to `*to` and moves it on; NULL stays NULL. */
static const void *copy_part(uint8_t **to, const void *from, size_t size)
{
    const void *copied = *to;

    if (from == NULL)
        return NULL;
    memcpy(*to, from, size);
    *to += size;
    return copied;
}

struct tree_entry *tree_entry_copy(const struct tree_entry *entry, struct error *e)
{
    struct copy_parts parts = measure_copy(entry);
    struct tree_entry *copy = malloc(parts.total);

    if (copy == NULL) {
        error_no_memory(e, "a tree entry");
        return NULL;
    }
    uint8_t *to = (uint8_t *)(copy + 1);
    *copy = *entry;
    copy->content.records = copy_part(&to, entry->content.records, parts.records);
    copy->user_name = copy_part(&to, entry->user_name, parts.user_name);
    copy->group_name = copy_part(&to, entry->group_name, parts.group_name);
    copy->key = copy_part(&to, entry->key, entry->key_size);
    copy->stamp = copy_part(&to, entry->stamp, entry->stamp_size);
    copy->further = copy_part(&to, entry->further, entry->further_size);
    return copy;
}

void tree_entry_free(struct tree_entry *entry)
{
    free(entry);
}
