/* SPDX-License-Identifier: Apache-2.0 */
/* index_recent.c - entries that came lately, in memory until there are enough for a segment. */
#include "vault/index_private.h"

#include <stdlib.h>
#include <string.h>

static uint32_t slot_of(const uint8_t *id)
{
    return load_u32(id + 8);
}

static void slot_put(struct index_recent *r, uint32_t entry)
{
    uint32_t slot = slot_of(r->entries[entry].id) & r->slot_mask;

    while (r->slots[slot] != 0)
        slot = (slot + 1) & r->slot_mask;
    r->slots[slot] = entry + 1;
}

/* Memory for `room` entries; there are none yet. */
static int allocate(struct index_recent *r, uint32_t room, struct error *e)
{
    uint32_t slots = 1024;

    while (slots < 2 * (uint64_t)room)
        slots *= 2;
    free(r->entries);
    free(r->slots);
    *r = (struct index_recent){.entries = calloc(room, sizeof(*r->entries)),
                               .room = room,
                               .slots = calloc(slots, sizeof(*r->slots)),
                               .slot_mask = slots - 1};
    if (r->entries != NULL && r->slots != NULL)
        return 0;
    free(r->entries);
    free(r->slots);
    *r = (struct index_recent){0};
    return error_no_memory(e, "the index");
}

static int make_room(struct index *ix, uint32_t more, struct error *e)
{
    struct index_recent *r = &ix->recent;

    if (more <= r->room - r->count)
        return 0;
    if (index_recent_flush(ix, e) < 0)
        return -1;
    if (more <= r->room)
        return 0;
    return allocate(r, more > INDEX_RECENT_LIMIT ? more : (uint32_t)INDEX_RECENT_LIMIT, e);
}

int index_recent_add(struct index *ix, uint32_t number, const struct table *t, struct error *e)
{
    struct index_recent *r = &ix->recent;

    if (make_room(ix, t->chunk_count, e) < 0)
        return -1;
    for (uint32_t i = 0; i < t->chunk_count; i++) {
        struct entry *entry = &r->entries[r->count];
        memcpy(entry->id, t->ids[i].bytes, ENTRY_ID_SIZE);
        entry->pack = number;
        entry->chunk = i;
        slot_put(r, r->count++);
    }
    ix->packs[number].covered = true;
    return 0;
}

void index_recent_find(const struct index *ix, const uint8_t *id, struct entry *found,
                       size_t *count)
{
    const struct index_recent *r = &ix->recent;

    if (r->count == 0)
        return;
    uint32_t slot = slot_of(id) & r->slot_mask;
    while (r->slots[slot] != 0 && *count < INDEX_CANDIDATES) {
        const struct entry *entry = &r->entries[r->slots[slot] - 1];
        if (memcmp(entry->id, id, ENTRY_ID_SIZE) == 0)
            found[(*count)++] = *entry;
        slot = (slot + 1) & r->slot_mask;
    }
}

static int compare(const void *a, const void *b)
{
    return entry_compare(a, b);
}

/* The numbers of the packs that the sorted or unsorted entries name, each once; their place in
 * the list goes to `places`, an item per pack number. */
static size_t list_packs(const struct index_recent *r, int64_t *places, uint32_t *numbers)
{
    size_t count = 0;

    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t number = r->entries[i].pack;
        if (places[number] != ENTRY_DROPPED)
            continue;
        places[number] = (int64_t)count;
        numbers[count++] = number;
    }
    return count;
}

static int write_entries(struct index *ix, int64_t *places, uint32_t *numbers, struct error *e)
{
    struct index_recent *r = &ix->recent;

    for (uint32_t i = 0; i < ix->pack_count; i++)
        places[i] = ENTRY_DROPPED;
    size_t count = list_packs(r, places, numbers);
    for (uint32_t i = 0; i < r->count; i++)
        r->entries[i].pack = (uint32_t)places[r->entries[i].pack];
    qsort(r->entries, r->count, sizeof(*r->entries), compare);
    struct entry_stream *stream = entry_array_stream(r->entries, r->count, e);
    if (stream == NULL)
        return -1;
    int result = index_segments_write(ix, stream, numbers, count, false, e);
    entry_stream_free(stream);
    return result;
}

int index_recent_flush(struct index *ix, struct error *e)
{
    struct index_recent *r = &ix->recent;
    int result = -1;

    if (r->count == 0)
        return 0;
    int64_t *places = calloc(ix->pack_count, sizeof(*places));
    uint32_t *numbers = calloc(ix->pack_count, sizeof(*numbers));
    if (places == NULL || numbers == NULL)
        error_no_memory(e, "the index");
    else
        result = write_entries(ix, places, numbers, e);
    free(places);
    free(numbers);
    if (result < 0)
        return -1;
    r->count = 0;
    memset(r->slots, 0, ((size_t)r->slot_mask + 1) * sizeof(*r->slots));
    return index_segments_tidy(ix, false, e);
}

void index_recent_free(struct index *ix)
{
    free(ix->recent.entries);
    free(ix->recent.slots);
    ix->recent = (struct index_recent){0};
}
