/* SPDX-License-Identifier: Apache-2.0 */
/* content_cursor.c - walks the records of a content, one decoded map node per level in memory.
 */
#include "base/object.h"
#include "vault/content_node.h"

#include <stdlib.h>
#include <string.h>

enum { CURSOR_MAGIC = 0x52434e43 };

/* Records at one level, and which of them comes next. */
struct level {
    struct chunk_record *records;
    uint32_t count;
    uint32_t next;
};

struct content_cursor {
    uint32_t magic;
    struct chunk_access access;
    /* levels[height] holds the content's own records, levels[l] those of a map node of level l.
     */
    struct level levels[CONTENT_HEIGHT_LIMIT + 1];
    uint32_t height;
    uint32_t current; /* the lowest level that is loaded */
    struct buffer node;
};

static int set_own_records(struct content_cursor *c, const struct content *content,
                           struct error *e)
{
    if (content->height > CONTENT_HEIGHT_LIMIT || content->count > CONTENT_INLINE_LIMIT ||
        (content->height > 0 && content->count != 1))
        return error_set(e, LAGAN_INVALID, ERROR_FAILED, "no content: %u records, height %u",
                         content->count, content->height);
    c->height = c->current = content->height;
    struct level *own = &c->levels[c->height];
    if (content->count == 0)
        return 0;
    own->records = malloc(content->count * sizeof(*own->records));
    if (own->records == NULL)
        return error_no_memory(e, "a content");
    memcpy(own->records, content->records, content->count * sizeof(*own->records));
    own->count = content->count;
    return 0;
}

struct content_cursor *content_cursor_new(const struct chunk_access *access,
                                          const struct content *content, struct error *e)
{
    struct content_cursor *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_no_memory(e, "a content");
        return NULL;
    }
    c->magic = CURSOR_MAGIC;
    c->access = *access;
    if (set_own_records(c, content, e) != 0) {
        content_cursor_free(c);
        return NULL;
    }
    return c;
}

void content_cursor_free(struct content_cursor *c)
{
    if (c == NULL)
        return;
    OBJECT_CHECK(c, CURSOR_MAGIC);
    for (size_t i = 0; i <= CONTENT_HEIGHT_LIMIT; i++)
        free(c->levels[i].records);
    buffer_free(&c->node);
    c->magic = 0;
    free(c);
}

/* Checks a node against the record that names it: its level, and the sum of its lengths. */
static int check_node(const struct level *level, uint32_t found, uint32_t expected,
                      uint64_t bytes, struct error *e)
{
    uint64_t total = 0;

    if (found != expected)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "content map: a node of level %u stands where one of level %u belongs",
                         found, expected);
    for (uint32_t i = 0; i < level->count; i++)
        total += level->records[i].bytes; /* no overflow: the decoder has added them up */
    if (total != bytes)
        return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                         "content map: a node's length contradicts the node above");
    return 0;
}

/* Loads the node that `up`, a record of the current level, names. */
static int descend(struct content_cursor *c, const struct chunk_record *up, struct error *e)
{
    struct level loaded = {0};
    uint32_t found;

    ASSERT(c->access.get != NULL);
    buffer_clear(&c->node);
    if (c->access.get(c->access.context, &up->id, &c->node, e) != 0 ||
        content_node_decode(c->node.data, c->node.size, &found, &loaded.records, &loaded.count,
                            e) != 0)
        return -1;
    if (check_node(&loaded, found, c->current - 1, up->bytes, e) != 0) {
        free(loaded.records);
        return -1;
    }
    c->current--;
    free(c->levels[c->current].records);
    c->levels[c->current] = loaded;
    return 0;
}

int content_cursor_next(struct content_cursor *c, struct chunk_record *record, struct error *e)
{
    OBJECT_CHECK(c, CURSOR_MAGIC);
    for (;;) {
        struct level *level = &c->levels[c->current];
        if (level->next == level->count) {
            if (c->current == c->height)
                return 0;
            c->current++;
            continue;
        }
        const struct chunk_record *next = &level->records[level->next];
        if (c->current == 0) {
            *record = *next;
            level->next++;
            return 1;
        }
        if (descend(c, next, e) != 0)
            return -1;
        level->next++;
    }
}
