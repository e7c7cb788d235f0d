/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content_builder.c - collects the records of a file; writes the nodes of a content map as they
 * fill.
 *
 * Whether a node ends behind its last record is asked only when the next record comes: until
 * then the last record may still grow (holes), and a content of up to CONTENT_INLINE_LIMIT
 * records needs no node at all.
 */
#include "base/object.h"
#include "vault/content_node.h"

#include <stdlib.h>
#include <string.h>

enum { BUILDER_MAGIC = 0x4c43424c };

/* The node being filled at one level. */
struct level {
    uint32_t count;
    uint32_t nodes; /* ended so far */
    uint64_t bytes; /* of the records in `records` */
    struct chunk_record records[CONTENT_NODE_LIMIT];
};

struct content_builder {
    uint32_t magic;
    struct chunk_access access;
    struct level *levels[CONTENT_HEIGHT_LIMIT]; /* made when first needed, kept */
    uint32_t height;                            /* levels in use */
    uint64_t bytes;
    struct buffer node;
    struct chunk_record root;
};

struct content_builder *content_builder_new(const struct chunk_access *access, struct error *e)
{
    struct content_builder *b = calloc(1, sizeof(*b));

    ASSERT(access->put != NULL);
    if (b == NULL) {
        error_no_memory(e, "a content");
        return NULL;
    }
    b->magic = BUILDER_MAGIC;
    b->access = *access;
    return b;
}

void content_builder_free(struct content_builder *b)
{
    if (b == NULL)
        return;
    OBJECT_CHECK(b, BUILDER_MAGIC);
    for (size_t i = 0; i < CONTENT_HEIGHT_LIMIT; i++)
        free(b->levels[i]);
    buffer_free(&b->node);
    b->magic = 0;
    free(b);
}

/* The level `index`, which is in use or the next one above those in use. */
static struct level *level_at(struct content_builder *b, uint32_t index, struct error *e)
{
    if (index >= CONTENT_HEIGHT_LIMIT) {
        error_set(e, LAGAN_LIMIT, ERROR_FAILED, "content map: too many levels");
        return NULL;
    }
    if (index < b->height)
        return b->levels[index];
    if (b->levels[index] == NULL)
        b->levels[index] = malloc(sizeof(*b->levels[index]));
    if (b->levels[index] == NULL) {
        error_no_memory(e, "a content map");
        return NULL;
    }
    b->levels[index]->count = 0;
    b->levels[index]->nodes = 0;
    b->levels[index]->bytes = 0;
    b->height = index + 1;
    return b->levels[index];
}

/* Writes the node being filled at `index`; `*up` is its record one level above. */
static int end_node(struct content_builder *b, uint32_t index, struct chunk_record *up,
                    struct error *e)
{
    struct level *level = b->levels[index];

    buffer_clear(&b->node);
    content_node_encode(&b->node, index, level->records, level->count);
    if (buffer_check(&b->node, e) != 0 ||
        b->access.put(b->access.context, b->node.data, b->node.size, &up->id, e) != 0)
        return -1;
    up->bytes = level->bytes;
    level->count = 0;
    level->bytes = 0;
    level->nodes++;
    return 0;
}

static bool ends_behind_last(const struct level *level)
{
    const struct chunk_id *last = &level->records[level->count - 1].id;

    return chunk_boundary(level->count,
                          chunk_is_hole(last) ? UINT32_MAX : load_u32(last->bytes));
}

/* Adds a record at the level `index`; nodes that turn out to be full go up. */
static int add_record(struct content_builder *b, uint32_t index, struct chunk_record record,
                      struct error *e)
{
    for (;; index++) {
        struct chunk_record up;
        struct level *level = level_at(b, index, e);
        if (level == NULL)
            return -1;
        bool full = level->count > 0 && ends_behind_last(level);
        if (full && end_node(b, index, &up, e) != 0)
            return -1;
        level->records[level->count++] = record;
        level->bytes += record.bytes;
        if (!full)
            return 0;
        record = up;
    }
}

int content_builder_add(struct content_builder *b, const struct chunk_id *id, uint64_t bytes,
                        struct error *e)
{
    uint64_t total;

    OBJECT_CHECK(b, BUILDER_MAGIC);
    if (bytes == 0)
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "a record of no bytes");
    if (__builtin_add_overflow(b->bytes, bytes, &total))
        return error_set(e, LAGAN_LIMIT, ERROR_FAILED, "content is longer than 2^64 bytes");
    struct level *level = b->height > 0 ? b->levels[0] : NULL;
    if (level != NULL && level->count > 0 && chunk_is_hole(id) &&
        chunk_is_hole(&level->records[level->count - 1].id)) {
        level->records[level->count - 1].bytes += bytes;
        level->bytes += bytes;
    } else if (add_record(b, 0, (struct chunk_record){.id = *id, .bytes = bytes}, e) != 0) {
        return -1;
    }
    b->bytes = total;
    return 0;
}

/* Ends the nodes being filled, from below, until one is left; `*height` is its level + 1. */
static int end_all(struct content_builder *b, uint32_t *height, struct error *e)
{
    for (uint32_t index = 0;; index++) {
        bool alone = b->levels[index]->nodes == 0;
        struct chunk_record up;
        if (end_node(b, index, &up, e) != 0)
            return -1;
        if (alone) {
            b->root = up;
            *height = index + 1;
            return 0;
        }
        if (add_record(b, index + 1, up, e) != 0)
            return -1;
    }
}

int content_builder_finish(struct content_builder *b, struct content *content, uint64_t *bytes,
                           struct error *e)
{
    struct content found = {0};

    OBJECT_CHECK(b, BUILDER_MAGIC);
    struct level *lowest = b->height > 0 ? b->levels[0] : NULL;
    if (lowest != NULL && lowest->nodes == 0 && lowest->count <= CONTENT_INLINE_LIMIT) {
        found = (struct content){.count = lowest->count, .records = lowest->records};
    } else if (lowest != NULL) {
        if (end_all(b, &found.height, e) != 0)
            return -1;
        found.count = 1;
        found.records = &b->root;
    }
    *content = found;
    *bytes = b->bytes;
    return 0;
}

void content_builder_reset(struct content_builder *b)
{
    OBJECT_CHECK(b, BUILDER_MAGIC);
    b->height = 0;
    b->bytes = 0;
}
