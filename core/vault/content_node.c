/* SPDX-License-Identifier: Apache-2.0 */
/* content_node.c - nodes of content maps to bytes and back.  Format: doc/format.md 7.2. */
#include "vault/content_node.h"

#include <stdlib.h>
#include <string.h>

enum { NODE_MAGIC = 0x43, NODE_VERSION = 1, TLV_LENGTHS = 16, TLV_IDS = 17, TLV_HEAD_SIZE = 6 };

void content_node_encode(struct buffer *out, uint32_t level, const struct chunk_record *records,
                         uint32_t count)
{
    const uint8_t head[4] = {NODE_MAGIC, NODE_VERSION, (uint8_t)level, 0};

    buffer_append(out, head, sizeof(head));
    buffer_append_u32(out, count);
    buffer_append_u16(out, TLV_LENGTHS);
    size_t size_at = out->size;
    buffer_append_u32(out, 0);
    for (uint32_t i = 0; i < count; i++)
        buffer_append_varint(out, records[i].bytes);
    if (!out->failed)
        store_u32(out->data + size_at, (uint32_t)(out->size - size_at - sizeof(uint32_t)));
    buffer_append_u16(out, TLV_IDS);
    buffer_append_u32(out, count * CHUNK_ID_SIZE);
    for (uint32_t i = 0; i < count; i++)
        buffer_append(out, records[i].id.bytes, CHUNK_ID_SIZE);
}

static int corrupt(struct error *e, const char *what)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "content map: %s", what);
}

/* The node's level and count; what follows stays in `r`. */
static int decode_head(struct reader *r, uint32_t *level, uint32_t *count, struct error *e)
{
    uint8_t magic = reader_u8(r);
    uint8_t version = reader_u8(r);
    *level = reader_u8(r);
    uint8_t reserved = reader_u8(r);
    *count = reader_u32(r);

    if (r->failed || magic != NODE_MAGIC || reserved != 0)
        return corrupt(e, "not a node");
    if (version != NODE_VERSION)
        return error_set(e, LAGAN_UNSUPPORTED, ERROR_NEWER_FORMAT,
                         "content map: version %u of its nodes is not known", version);
    if (*level >= CONTENT_HEIGHT_LIMIT)
        return corrupt(e, "too many levels");
    if (*count == 0 || *count > CONTENT_NODE_LIMIT)
        return corrupt(e, "number of records out of range");
    return 0;
}

/* Finds the two columns among the TLVs, which ascend; unknown ones are passed over. */
static int decode_columns(struct reader *r, struct reader *lengths, struct reader *ids,
                          struct error *e)
{
    struct reader value;
    uint16_t type, previous = 0;
    bool has_lengths = false, has_ids = false;

    while (reader_tlv(r, &type, &value)) {
        if (type <= previous)
            return corrupt(e, "columns do not ascend");
        previous = type;
        if (type == TLV_LENGTHS) {
            *lengths = value;
            has_lengths = true;
        } else if (type == TLV_IDS) {
            *ids = value;
            has_ids = true;
        }
    }
    if (r->failed)
        return corrupt(e, "cut short");
    return has_lengths && has_ids ? 0 : corrupt(e, "a column is missing");
}

static int decode_records(struct reader *lengths, struct reader *ids, uint32_t level,
                          struct chunk_record *records, uint32_t count, struct error *e)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *id = reader_take(ids, CHUNK_ID_SIZE);
        records[i].bytes = reader_varint(lengths);
        if (lengths->failed || id == NULL)
            return corrupt(e, "a column is cut short");
        memcpy(records[i].id.bytes, id, CHUNK_ID_SIZE);
        if (records[i].bytes == 0 || __builtin_add_overflow(total, records[i].bytes, &total))
            return corrupt(e, "length of a record out of range");
        if (level > 0 && chunk_is_hole(&records[i].id))
            return corrupt(e, "a hole above the lowest level");
    }
    return reader_done(lengths) && reader_done(ids) ? 0 : corrupt(e, "bytes behind a column");
}

int content_node_decode(const void *data, size_t size, uint32_t *level,
                        struct chunk_record **records, uint32_t *count, struct error *e)
{
    struct reader r = reader_of(data, size), lengths, ids;
    uint32_t found_level, found_count;

    if (size > CHUNK_LIMIT)
        return corrupt(e, "larger than any chunk");
    if (decode_head(&r, &found_level, &found_count, e) != 0 ||
        decode_columns(&r, &lengths, &ids, e) != 0)
        return -1;
    struct chunk_record *found = calloc(found_count, sizeof(*found));
    if (found == NULL)
        return error_no_memory(e, "a content map");
    if (decode_records(&lengths, &ids, found_level, found, found_count, e) != 0) {
        free(found);
        return -1;
    }
    *level = found_level;
    *count = found_count;
    *records = found;
    return 0;
}
