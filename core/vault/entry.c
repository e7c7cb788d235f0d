/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - index entries and the merging of sorted streams of them. */
#include "vault/entry.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

int entry_compare(const struct entry *a, const struct entry *b)
{
    int order = memcmp(a->id, b->id, sizeof(a->id));

    if (order != 0)
        return order;
    if (a->pack != b->pack)
        return a->pack < b->pack ? -1 : 1;
    return (a->chunk > b->chunk) - (a->chunk < b->chunk);
}

void entry_store(const struct entry *entry, uint8_t *bytes)
{
    memcpy(bytes, entry->id, ENTRY_ID_SIZE);
    store_u32(bytes + 16, entry->pack);
    store_u32(bytes + 20, entry->chunk);
}

void entry_load(struct entry *entry, const uint8_t *bytes)
{
    memcpy(entry->id, bytes, ENTRY_ID_SIZE);
    entry->pack = load_u32(bytes + 16);
    entry->chunk = load_u32(bytes + 20);
}

uint64_t entry_order(const uint8_t *id)
{
    uint64_t value;

    memcpy(&value, id, sizeof(value));
    return be64toh(value);
}

uint64_t entry_key(const uint8_t *id)
{
    return load_u64(id);
}

void entry_stream_free(struct entry_stream *s)
{
    if (s != NULL)
        s->free(s);
}

struct array_stream {
    struct entry_stream stream;
    const struct entry *entries;
    size_t count;
    size_t at;
};

static int array_next(struct entry_stream *s, struct entry *entry, struct error *e)
{
    struct array_stream *a = (struct array_stream *)s;

    (void)e;
    if (a->at == a->count)
        return 0;
    *entry = a->entries[a->at++];
    return 1;
}

static int array_rewind(struct entry_stream *s, struct error *e)
{
    (void)e;
    ((struct array_stream *)s)->at = 0;
    return 0;
}

static void array_free(struct entry_stream *s)
{
    free(s);
}

struct entry_stream *entry_array_stream(const struct entry *entries, size_t count,
                                        struct error *e)
{
    struct array_stream *a = calloc(1, sizeof(*a));

    if (a == NULL) {
        error_no_memory(e, "reading the index");
        return NULL;
    }
    a->stream = (struct entry_stream){array_next, array_rewind, array_free};
    a->entries = entries;
    a->count = count;
    return &a->stream;
}

/* An input and its next entry. */
struct source {
    struct entry_input input;
    struct entry next;
};

/* A binary heap of the inputs that have a next entry, the smallest on top. */
struct merge {
    struct entry_stream stream;
    bool started;
    bool has_last;
    struct entry last; /* given out */
    size_t live;
    size_t count;
    struct source **heap; /* `count` of them; the first `live` are the heap */
    struct source sources[];
};

static bool before(const struct merge *m, size_t a, size_t b)
{
    return entry_compare(&m->heap[a]->next, &m->heap[b]->next) < 0;
}

static void swap(struct merge *m, size_t a, size_t b)
{
    struct source *s = m->heap[a];

    m->heap[a] = m->heap[b];
    m->heap[b] = s;
}

static void sink(struct merge *m, size_t at)
{
    for (;;) {
        size_t least = at, child = 2 * at + 1;

        if (child < m->live && before(m, child, least))
            least = child;
        if (child + 1 < m->live && before(m, child + 1, least))
            least = child + 1;
        if (least == at)
            return;
        swap(m, at, least);
        at = least;
    }
}

/* The next entry of one input whose pack is not dropped, renumbered. */
static int source_next(struct source *s, struct error *e)
{
    struct entry last = s->next;
    struct entry found;

    for (;;) {
        int result = s->input.stream->next(s->input.stream, &found, e);
        if (result <= 0)
            return result;
        if (found.pack >= s->input.pack_count || memcmp(found.id, last.id, sizeof(last.id)) < 0)
            return error_set(e, LAGAN_CORRUPT, ERROR_INTEGRITY,
                             "entries of the index are out of order or name no pack");
        last = found;
        if (s->input.packs[found.pack] == ENTRY_DROPPED)
            continue;
        found.pack = (uint32_t)s->input.packs[found.pack];
        s->next = found;
        return 1;
    }
}

/* Steps input `s` of the heap or leaves it out at its end. */
static int heap_fill(struct merge *m, size_t at, struct error *e)
{
    int result = source_next(m->heap[at], e);

    if (result < 0)
        return -1;
    if (result == 0)
        swap(m, at, --m->live);
    return result;
}

static int merge_start(struct merge *m, struct error *e)
{
    m->live = m->count;
    for (size_t i = 0; i < m->live;) {
        m->heap[i]->next = (struct entry){.pack = 0};
        int result = heap_fill(m, i, e);
        if (result < 0)
            return -1;
        i += (size_t)result;
    }
    for (size_t i = m->live / 2; i-- > 0;)
        sink(m, i);
    m->started = true;
    return 0;
}

static int merge_next(struct entry_stream *s, struct entry *entry, struct error *e)
{
    struct merge *m = (struct merge *)s;

    if (!m->started && merge_start(m, e) < 0)
        return -1;
    while (m->live > 0) {
        struct entry found = m->heap[0]->next;
        if (heap_fill(m, 0, e) < 0)
            return -1;
        sink(m, 0);
        /* Two inputs may cover the same pack. */
        if (m->has_last && entry_compare(&found, &m->last) == 0)
            continue;
        m->has_last = true;
        m->last = *entry = found;
        return 1;
    }
    return 0;
}

static int merge_rewind(struct entry_stream *s, struct error *e)
{
    struct merge *m = (struct merge *)s;

    m->started = m->has_last = false;
    for (size_t i = 0; i < m->count; i++) {
        struct entry_stream *input = m->sources[i].input.stream;
        if (input->rewind(input, e) < 0)
            return -1;
    }
    return 0;
}

static void merge_free(struct entry_stream *s)
{
    struct merge *m = (struct merge *)s;

    for (size_t i = 0; i < m->count; i++)
        entry_stream_free(m->sources[i].input.stream);
    free(m->heap);
    free(m);
}

struct entry_stream *entry_merge(const struct entry_input *inputs, size_t count,
                                 struct error *e)
{
    struct merge *m = calloc(1, sizeof(*m) + count * sizeof(m->sources[0]));
    struct source **heap = calloc(count + 1, sizeof(*heap));

    if (m == NULL || heap == NULL) {
        for (size_t i = 0; i < count; i++)
            entry_stream_free(inputs[i].stream);
        free(m);
        free(heap);
        error_no_memory(e, "merging the index");
        return NULL;
    }
    m->stream = (struct entry_stream){merge_next, merge_rewind, merge_free};
    m->heap = heap;
    m->count = count;
    for (size_t i = 0; i < count; i++) {
        m->sources[i].input = inputs[i];
        heap[i] = &m->sources[i];
    }
    return &m->stream;
}
