/* SPDX-License-Identifier: Apache-2.0 */
/* source_call.c - the slots of a source, each with what must hold whenever it is called. */
#include "conformance/source_kit.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_PRESENT                                                                          \
    (LAGAN_HAS_BYTES | LAGAN_HAS_MODE | LAGAN_HAS_OWNER | LAGAN_HAS_MTIME | LAGAN_HAS_LINKS |  \
     LAGAN_HAS_DEVICE)
#define KNOWN_HINTS (LAGAN_ENTRY_SPARSE | LAGAN_ENTRY_BLOCKS | LAGAN_ENTRY_STREAM)

static bool type_is_known(uint32_t type)
{
    switch (type) {
#define X(symbol, value, name) case value:
        LAGAN_ENTRY_TYPES(X)
#undef X
        return true;
    default:
        return false;
    }
}

/* What went wrong with an entry that could not be examined, or listed. */
static void judge_error(struct trial *t, const struct lagan_entry *entry, const char *key)
{
    bool may = entry->type == LAGAN_ENTRY_ERROR || entry->type == LAGAN_ENTRY_DIRECTORY;
    if (entry->type == LAGAN_ENTRY_ERROR)
        EXPECT(t, entry->error_class != LAGAN_OK, "source.h, struct lagan_entry",
               "%s is an error without a class", key);
    if (entry->error_class == LAGAN_OK)
        return;
    EXPECT(t, may && entry->error_class < LAGAN_CLASS_COUNT, "source.h, struct lagan_entry",
           "%s carries the class %u", key, entry->error_class);
    EXPECT(t, entry->error_text && entry->error_text[0] && !strchr(entry->error_text, '\n'),
           "source.h, struct lagan_entry", "%s carries an error without a line of text", key);
}

/* What every entry must hold. */
static void judge_entry(struct trial *t, const struct lagan_entry *entry)
{
    static const char look[] = "source.h, struct lagan_entry";
    const char *key = source_key_text(entry->key, entry->key_size);
    EXPECT(t, entry->size >= offsetof(struct lagan_entry, error_text), look,
           "%s says that its size is %u", key, entry->size);
    EXPECT(t, type_is_known(entry->type), look, "%s has the type %u", key, entry->type);
    EXPECT(t, entry->key || entry->key_size == 0, look, "an entry has no key");
    judge_error(t, entry, key);
    if (entry->type == LAGAN_ENTRY_ERROR)
        return;
    EXPECT(t, entry->id_size <= LAGAN_ID_SIZE && entry->stamp_size <= LAGAN_STAMP_SIZE, look,
           "%s has an id of %zu and a stamp of %zu bytes", key, entry->id_size,
           entry->stamp_size);
    EXPECT(t,
           !(entry->present & UINT32_MAX & ~KNOWN_PRESENT) &&
               !(entry->flags & UINT32_MAX & ~KNOWN_HINTS),
           look, "%s has unknown bits: present 0x%llx, flags 0x%llx", key,
           (unsigned long long)entry->present, (unsigned long long)entry->flags);
    EXPECT(t, !(entry->present & LAGAN_HAS_MODE) || entry->mode <= 07777, look,
           "%s has the mode 0%o", key, entry->mode);
    EXPECT(t, !(entry->present & LAGAN_HAS_MTIME) || entry->mtime_ns <= 999999999, look,
           "%s has %u nanoseconds", key, entry->mtime_ns);
    EXPECT(t, !(entry->present & LAGAN_HAS_LINKS) || entry->links > 0, look, "%s has no name",
           key);
    EXPECT(t, (entry->type == LAGAN_ENTRY_SYMLINK) == (entry->link_size > 0), look,
           "%s, of type %u, has a target of %zu bytes", key, entry->type, entry->link_size);
    EXPECT(t, entry->link_size <= 65536, look, "%s has a target of %zu bytes", key,
           entry->link_size);
    EXPECT(t, !(entry->flags & LAGAN_ENTRY_STREAM) || entry->bytes == 0, look,
           "%s is a stream, and has %llu bytes", key, (unsigned long long)entry->bytes);
}

static const char *copy_text(const char *text)
{
    return text ? source_copy(text, strlen(text)) : NULL;
}

/* Counts it, without any memory. */
static uint32_t count_item(struct source_items *items, const struct lagan_entry *entry)
{
    struct source_last *last = items->last;
    size_t size = entry->key_size < sizeof last->key ? entry->key_size : sizeof last->key;
    items->count++;
    last->type = entry->type;
    last->bytes = entry->bytes;
    last->flags = entry->flags;
    last->key_size = entry->key_size;
    if (size > 0)
        memcpy(last->key, entry->key, size);
    if (source_has_content(entry) && entry->bytes > 0 && size == entry->key_size) {
        last->content = true;
        last->content_size = size;
        memcpy(last->content_key, entry->key, size);
    }
    return LAGAN_OK;
}

static uint32_t take_item(void *context, const struct lagan_entry *entry)
{
    struct source_items *items = context;
    struct lagan_entry *kept;
    call_callback();
    judge_entry(items->t, entry);
    if (items->count + 1 == items->refuse_at)
        return items->refuse_with;
    if (items->last)
        return count_item(items, entry);
    if (items->count == items->room) {
        size_t room = items->room ? items->room * 2 : 16;
        struct source_item *list = source_memory(room * sizeof *list);
        if (items->count > 0)
            memcpy(list, items->list, items->count * sizeof *list);
        items->list = list;
        items->room = room;
    }
    kept = &items->list[items->count++].entry;
    memset(kept, 0, sizeof *kept);
    memcpy(kept, entry, entry->size < sizeof *kept ? entry->size : sizeof *kept);
    kept->key = source_copy(kept->key, kept->key_size);
    kept->id = source_copy(kept->id, kept->id_size);
    kept->stamp = source_copy(kept->stamp, kept->stamp_size);
    kept->link = source_copy(kept->link, kept->link_size);
    kept->user_name = copy_text(kept->user_name);
    kept->group_name = copy_text(kept->group_name);
    kept->error_text = copy_text(kept->error_text);
    kept->pieces = source_keep_pieces(items->t, entry, &kept->piece_count);
    return LAGAN_OK;
}

static struct lagan_entry_collector collector_of(struct source_items *items)
{
    return (struct lagan_entry_collector){.context = items, .add = take_item};
}

uint32_t work_walk_open(struct source_work *w, const struct lagan_walk_request *request,
                        void **walk)
{
    struct call c;
    if (request->after)
        call_begin(w->t, w->reader, &c, "walk_open behind %s",
                   source_key_text(request->after, request->after_size));
    else
        call_begin(w->t, w->reader, &c, "walk_open");
    return call_end(w->t, &c,
                    w->ops->walk_open(w->reader->handle, &c.operation.op, request, walk));
}

uint32_t work_walk_next(struct source_work *w, void *walk, uint32_t limit,
                        struct source_items *items)
{
    static const char look[] = "source.h, walk_next";
    struct lagan_entry_collector entries = collector_of(items);
    size_t before = items->count;
    struct call c;
    uint32_t result;
    call_begin(w->t, w->reader, &c, "walk_next, at most %u", limit);
    result = call_end(w->t, &c, w->ops->walk_next(walk, &c.operation.op, limit, &entries));
    EXPECT(w->t, items->count - before <= limit, look, "%zu entries came",
           items->count - before);
    if (result == LAGAN_OK)
        EXPECT(w->t, items->count > before, look, "no entry came, and it says ok");
    if (result == LAGAN_END)
        EXPECT(w->t, items->count == before, look, "%zu entries came with the end",
               items->count - before);
    return result;
}

void work_walk_close(struct source_work *w, void *walk)
{
    trial_asked("walk_close");
    driver_lock_take(w->reader->lock);
    w->ops->walk_close(walk);
    driver_lock_release(w->reader->lock);
    trial_tick(w->t);
}

uint32_t work_open(struct source_work *w, const void *key, size_t key_size, const void *id,
                   size_t id_size, struct source_items *attributes, void **reader)
{
    static const char look[] = "source.h, entry_open";
    struct source_last last = {0};
    struct source_items own = {.t = w->t, .last = &last};
    struct source_items *items = attributes ? attributes : &own;
    struct lagan_entry_collector collector = collector_of(items);
    size_t before = items->count;
    struct call c;
    uint32_t result;
    call_begin(w->t, w->reader, &c, "entry_open %s", source_key_text(key, key_size));
    result = call_end(w->t, &c,
                      w->ops->entry_open(w->reader->handle, &c.operation.op, key, key_size, id,
                                         id_size, &collector, reader));
    if (result != LAGAN_OK)
        return result;
    EXPECT(w->t, items->count == before + 1, look, "%zu entries were handed over",
           items->count - before);
    struct lagan_entry kept = {.type = last.type, .key = last.key, .key_size = last.key_size};
    const struct lagan_entry *entry = attributes ? &items->list[before].entry : &kept;
    EXPECT(w->t,
           entry->key_size > sizeof last.key ||
               source_compare_keys(entry->key, entry->key_size, key, key_size) == 0,
           look, "the attributes are those of %s",
           source_key_text(entry->key, entry->key_size));
    EXPECT(w->t, source_has_content(entry), look, "it opened an entry of type %u", entry->type);
    return LAGAN_OK;
}

uint32_t work_read(struct source_work *w, void *reader, uint64_t offset, void *data,
                   size_t size, size_t *got)
{
    struct call c;
    uint32_t result;
    *got = 0;
    call_begin(w->t, w->reader, &c, "read_at %llu, %zu bytes", (unsigned long long)offset,
               size);
    result =
        call_end(w->t, &c, w->ops->read_at(reader, &c.operation.op, offset, data, size, got));
    if (result == LAGAN_OK)
        EXPECT(w->t, *got <= size, "source.h, read_at", "it says that it gave %zu bytes", *got);
    return result;
}

uint32_t work_close(struct source_work *w, void *reader, uint32_t *verdict)
{
    struct call c;
    uint32_t result;
    call_begin(w->t, w->reader, &c, "entry_close");
    result = call_end(w->t, &c, w->ops->entry_close(reader, &c.operation.op, verdict));
    if (result == LAGAN_OK && verdict)
        EXPECT(w->t, *verdict == LAGAN_READ_CONSISTENT || *verdict == LAGAN_READ_CHANGED,
               "source.h, enum lagan_read_verdict", "the verdict is %u", *verdict);
    return result;
}

/* Pieces as they come. */
struct gathering {
    struct trial *t;
    struct source_piece *last;
    struct source_piece **end;
};

static uint32_t take_piece(void *context, const struct lagan_metadata *piece)
{
    static const char look[] = "source.h, struct lagan_metadata";
    struct gathering *g = context;
    struct source_piece *made = source_memory(sizeof *made);
    call_callback();
    EXPECT(g->t, piece->name && strlen(piece->name) == piece->name_size, look,
           "the length of the name is said to be %u", piece->name_size);
    EXPECT(g->t, piece->value || piece->value_size == 0, look, "%s has no value", piece->name);
    *made = (struct source_piece){.kind = piece->kind,
                                  .name = source_copy(piece->name, piece->name_size),
                                  .value = source_copy(piece->value, piece->value_size),
                                  .value_size = piece->value_size};
    if (g->last) {
        int order = g->last->kind != made->kind ? (g->last->kind < made->kind ? -1 : 1)
                                                : strcmp(g->last->name, made->name);
        EXPECT(g->t, order < 0, look, "%s comes behind %s", made->name, g->last->name);
    }
    g->last = *g->end = made;
    g->end = &made->next;
    return LAGAN_OK;
}

static void note_lost(void *context, const char *name, const char *reason)
{
    (void)context;
    (void)name;
    (void)reason;
}

uint32_t work_pieces(struct source_work *w, const struct lagan_entry *entry,
                     struct source_piece **pieces)
{
    struct gathering g = {.t = w->t, .end = pieces};
    struct lagan_metadata_collector collector = {
        .context = &g, .add = take_piece, .lost = note_lost};
    struct call c;
    *pieces = NULL;
    if (!w->ops->metadata)
        return LAGAN_OK;
    call_begin(w->t, w->reader, &c, "metadata of %s",
               source_key_text(entry->key, entry->key_size));
    return call_end(w->t, &c,
                    w->ops->metadata(w->reader->handle, &c.operation.op, entry->key,
                                     entry->key_size, entry->type, &collector));
}

uint32_t work_reader_pieces(struct source_work *w, void *reader, struct source_piece **pieces)
{
    struct gathering g = {.t = w->t, .end = pieces};
    struct lagan_metadata_collector collector = {
        .context = &g, .add = take_piece, .lost = note_lost};
    struct call c;
    *pieces = NULL;
    call_begin(w->t, w->reader, &c, "entry_metadata");
    return call_end(w->t, &c, w->ops->entry_metadata(reader, &c.operation.op, &collector));
}
