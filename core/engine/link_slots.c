/* SPDX-License-Identifier: Apache-2.0 */
/* link_slots.c - a hash table of open slots; slots are counted by their users. */
#include "engine/link_slots.h"

#include "base/object.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lagan/source.h>

enum { BUCKETS = 16384 };

/* The slot as its users see it comes first, so that release gets from one to the other. */
struct slot_entry {
    struct link_slot slot;
    atomic_uint users; /* the table counts as one */
    uint32_t names_left;
    uint8_t id[LAGAN_ID_SIZE];
    size_t id_size;
    struct slot_entry *next;
};

struct link_slots {
    struct slot_entry *buckets[BUCKETS];
    size_t count;
};

struct link_slots *link_slots_new(struct error *e)
{
    struct link_slots *slots = calloc(1, sizeof(*slots));
    if (!slots)
        error_no_memory(e, "hard links");
    return slots;
}

void link_slots_free(struct link_slots *slots)
{
    if (!slots)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (slots->buckets[i]) {
            struct slot_entry *entry = slots->buckets[i];
            slots->buckets[i] = entry->next;
            link_slot_release(&entry->slot);
        }
    }
    free(slots);
}

static size_t bucket_of(const uint8_t *id, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        h = (h ^ id[i]) * UINT64_C(0x100000001b3);
    return (size_t)((h ^ (h >> 32)) % BUCKETS);
}

static struct slot_entry **slots_find(struct link_slots *slots, const void *id, size_t id_size)
{
    struct slot_entry **link = &slots->buckets[bucket_of(id, id_size)];
    while (*link && ((*link)->id_size != id_size || memcmp((*link)->id, id, id_size) != 0))
        link = &(*link)->next;
    return link;
}

/* One more name was seen: after the last one the table lets the slot go. */
static void slots_count_down(struct link_slots *slots, struct slot_entry **link)
{
    struct slot_entry *entry = *link;
    if (--entry->names_left > 0)
        return;
    *link = entry->next;
    slots->count--;
    link_slot_release(&entry->slot);
}

struct link_slot *link_slots_take(struct link_slots *slots, const void *id, size_t id_size,
                                  uint32_t links, bool *first)
{
    if (id_size == 0 || id_size > LAGAN_ID_SIZE || links < 2)
        return NULL;
    struct slot_entry **link = slots_find(slots, id, id_size);
    *first = !*link;
    if (*first) {
        if (slots->count >= LINK_SLOTS_LIMIT)
            return NULL;
        struct slot_entry *entry = calloc(1, sizeof(*entry));
        if (!entry)
            return NULL;
        memcpy(entry->id, id, id_size);
        entry->id_size = id_size;
        entry->names_left = links;
        atomic_init(&entry->users, 1);
        *link = entry;
        slots->count++;
    }
    struct slot_entry *entry = *link;
    atomic_fetch_add(&entry->users, 1);
    slots_count_down(slots, link);
    return &entry->slot;
}

int link_slot_fill(struct link_slot *slot, const struct content *content, uint64_t bytes,
                   struct error *e)
{
    size_t count = content->count;
    struct chunk_record *records = NULL;
    if (count > 0) {
        records = malloc(count * sizeof(*records));
        if (!records)
            return error_no_memory(e, "content of hard links");
        memcpy(records, content->records, count * sizeof(*records));
    }
    free(slot->records);
    slot->records = records;
    slot->content = *content;
    slot->content.records = records;
    slot->bytes = bytes;
    return 0;
}

void link_slot_fail(struct link_slot *slot, const struct error *why)
{
    slot->failed = true;
    if (!slot->why)
        slot->why = malloc(sizeof(*slot->why));
    if (slot->why)
        *slot->why = *why;
}

void link_slot_release(struct link_slot *slot)
{
    if (!slot)
        return;
    struct slot_entry *entry = (struct slot_entry *)slot;
    if (atomic_fetch_sub(&entry->users, 1) > 1)
        return;
    free(slot->records);
    free(slot->why);
    free(entry);
}
