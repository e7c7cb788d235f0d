/* SPDX-License-Identifier: Apache-2.0 */
/* verify_content.c - whether all chunks of a file's content are there. */
#include "vault/content_node.h"
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

/* A node of a content map on the way down. */
struct frame {
    struct chunk_id mark;
    uint32_t level;
    struct chunk_record *records;
    uint32_t count;
    uint32_t next;
    bool hurt; /* it, or something below it */
};

struct map_walk {
    struct verify_walk *walk;
    struct frame frames[CONTENT_HEIGHT_LIMIT];
    size_t depth;
};

static int corrupt(struct error *e, const char *why)
{
    return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY, "%s", why);
}

void verify_walk_hurt(struct verify_walk *w, const struct error *why)
{
    w->entry_hurt = true;
    if (w->why.error_class == LAGAN_OK)
        w->why = *why;
}

int verify_walk_judge(struct verify_walk *w, const struct error *why, struct error *e)
{
    if (!verify_is_finding(w->check, why)) {
        *e = *why;
        return -1;
    }
    verify_walk_hurt(w, why);
    return 0;
}

/* The check of a damaged pack ended at the first thing wrong: what lies behind it may be whole.
 */
static int read_chunk(struct verify_walk *w, enum chunk_kind kind, const struct chunk_id *id,
                      uint64_t bytes, struct error *e)
{
    struct error why = ERROR_INIT;

    buffer_clear(&w->scratch);
    if (store_get(w->store, kind, id, &w->scratch, &why) == 0) {
        if (w->scratch.size == bytes)
            return 0;
        corrupt(&why, "a chunk has another length than its file says");
    }
    return verify_walk_judge(w, &why, e);
}

int verify_walk_chunk(struct verify_walk *w, enum chunk_kind kind, const struct chunk_id *id,
                      uint64_t bytes, struct error *e)
{
    switch (verify_chunk_find(w->check, kind, id, bytes, w->needed)) {
    case VERIFY_PRESENT:
        return 0;
    case VERIFY_ELSEWHERE:
        w->elsewhere++;
        return 0;
    default:
        return read_chunk(w, kind, id, bytes, e);
    }
}

/* Sum of lengths; false beyond 2^64. */
static bool sum(const struct chunk_record *records, uint32_t count, uint64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < count; i++)
        if (__builtin_add_overflow(*total, records[i].bytes, total))
            return false;
    return true;
}

static int decode(struct verify_walk *w, const struct chunk_record *node, uint32_t level,
                  struct frame *f, struct error *e)
{
    uint64_t total;

    buffer_clear(&w->scratch);
    if (w->access.get(w->access.context, &node->id, &w->scratch, e) != 0 ||
        content_node_decode(w->scratch.data, w->scratch.size, &f->level, &f->records, &f->count,
                            e) != 0)
        return -1;
    if (f->level == level && sum(f->records, f->count, &total) && total == node->bytes)
        return 0;
    free(f->records);
    return corrupt(e, "a node of a content map is not what the one above says");
}

/* What stands for a node in the set of those found whole: another claim on it is judged anew.
 */
static void mark_of(const struct chunk_record *node, uint32_t level, struct chunk_id *mark)
{
    uint8_t text[CHUNK_ID_SIZE + 4 + 8];

    memcpy(text, node->id.bytes, CHUNK_ID_SIZE);
    store_u32(text + CHUNK_ID_SIZE, level);
    store_u64(text + CHUNK_ID_SIZE + 4, node->bytes);
    hash_sha256(text, sizeof(text), mark->bytes);
}

/* Goes down into a node, unless it was found whole before. */
static int enter(struct map_walk *m, const struct chunk_record *node, uint32_t level,
                 struct error *e)
{
    struct error why = ERROR_INIT;
    struct frame f = {.next = 0};

    mark_of(node, level, &f.mark);
    if (id_set_has(m->walk->visited, &f.mark))
        return 0;
    if (decode(m->walk, node, level, &f, &why) == 0) {
        m->frames[m->depth++] = f;
        return 0;
    }
    if (m->depth > 0)
        m->frames[m->depth - 1].hurt = true;
    return verify_walk_judge(m->walk, &why, e);
}

static int leave(struct map_walk *m, struct error *e)
{
    struct frame *f = &m->frames[--m->depth];

    free(f->records);
    if (!f->hurt)
        return id_set_add(m->walk->visited, &f->mark, e);
    if (m->depth > 0)
        m->frames[m->depth - 1].hurt = true;
    return 0;
}

/* Checks a chunk of data; true in `*hurt` when it is not there. */
static int check_record(struct verify_walk *w, const struct chunk_record *record, bool *hurt,
                        struct error *e)
{
    bool before = w->entry_hurt;
    int result;

    if (chunk_is_hole(&record->id))
        return 0;
    w->entry_hurt = false;
    result = verify_walk_chunk(w, CHUNK_DATA, &record->id, record->bytes, e);
    *hurt |= w->entry_hurt;
    w->entry_hurt |= before;
    return result;
}

static int step(struct map_walk *m, struct error *e)
{
    struct frame *f = &m->frames[m->depth - 1];

    if (f->next == f->count)
        return leave(m, e);
    const struct chunk_record *record = &f->records[f->next++];
    if (f->level == 0)
        return check_record(m->walk, record, &f->hurt, e);
    return enter(m, record, f->level - 1, e);
}

static int walk_map(struct verify_walk *w, const struct content *content, struct error *e)
{
    struct map_walk m = {.walk = w};
    int result;

    if (content->height > CONTENT_HEIGHT_LIMIT) {
        struct error why = ERROR_INIT;

        corrupt(&why, "a content map is too high");
        return verify_walk_judge(w, &why, e);
    }
    result = enter(&m, &content->records[0], content->height - 1, e);
    while (result == 0 && m.depth > 0)
        result = step(&m, e);
    while (m.depth > 0)
        free(m.frames[--m.depth].records);
    return result;
}

int verify_walk_content(struct verify_walk *w, const struct tree_entry *entry, struct error *e)
{
    const struct content *content = &entry->content;
    struct error why = ERROR_INIT;
    bool hurt = false;
    uint64_t total;

    if (content->count == 0)
        return 0;
    if (!sum(content->records, content->count, &total) || total != entry->bytes) {
        corrupt(&why, "the chunks do not make up the length of the file");
        return verify_walk_judge(w, &why, e);
    }
    if (content->height > 0)
        return walk_map(w, content, e);
    for (uint32_t i = 0; i < content->count; i++)
        if (check_record(w, &content->records[i], &hurt, e) != 0)
            return -1;
    return 0;
}
