/* SPDX-License-Identifier: Apache-2.0 */
/* link_slots.c - a hash table of open slots; slots are counted by their users. */
#include "engine/link_slots.h"

#include "base/object.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 16384 };

/* The slot as its users see it comes first, so that release gets from one to the other. */
struct slot_entry {
    struct link_slot slot;
    atomic_uint users; /* the table counts as one */
    uint32_t names_left;
    uint8_t id[LAGAN_ID_SIZE];
    size_t id_size;
    uint8_t stamp[LAGAN_STAMP_SIZE];
    size_t stamp_size;
    uint64_t bytes;
    int64_t mtime_s;
    uint32_t mtime_ns;
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

/* The table forgets a slot; it lives on as long as it has users. */
static void slots_drop(struct link_slots *slots, struct slot_entry **link)
{
    struct slot_entry *entry = *link;
    *link = entry->next;
    slots->count--;
    link_slot_release(&entry->slot);
}

/* One more name was seen: after the last one the table lets the slot go. */
static void slots_count_down(struct link_slots *slots, struct slot_entry **link)
{
    if (--(*link)->names_left == 0)
        slots_drop(slots, link);
}

/* A slot as the table's own; NULL when memory runs out. */
static struct slot_entry *slot_new(const struct lagan_entry *from)
{
    struct slot_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    memcpy(entry->id, from->id, from->id_size);
    entry->id_size = from->id_size;
    if (from->stamp_size > 0)
        memcpy(entry->stamp, from->stamp, from->stamp_size);
    entry->stamp_size = from->stamp_size;
    entry->bytes = from->bytes;
    entry->mtime_s = from->mtime_s;
    entry->mtime_ns = from->mtime_ns;
    entry->names_left = from->links;
    atomic_init(&entry->users, 1);
    return entry;
}

static bool slot_looks_like(const struct slot_entry *slot, const struct lagan_entry *entry)
{
    if (slot->bytes != entry->bytes || slot->mtime_s != entry->mtime_s ||
        slot->mtime_ns != entry->mtime_ns)
        return false;
    return slot->stamp_size == 0 || entry->stamp_size == 0 ||
           (slot->stamp_size == entry->stamp_size &&
            memcmp(slot->stamp, entry->stamp, entry->stamp_size) == 0);
}

struct link_slot *link_slots_take(struct link_slots *slots, const struct lagan_entry *entry,
                                  bool *first)
{
    *first = true;
    if (entry->id_size == 0 || entry->id_size > LAGAN_ID_SIZE ||
        entry->stamp_size > LAGAN_STAMP_SIZE || entry->links < 2)
        return NULL;
    struct slot_entry **link = slots_find(slots, entry->id, entry->id_size);
    if (*link && !slot_looks_like(*link, entry)) {
        slots_drop(slots, link);
        link = slots_find(slots, entry->id, entry->id_size);
    }
    *first = !*link;
    if (*first) {
        struct slot_entry *made = slots->count < LINK_SLOTS_LIMIT ? slot_new(entry) : NULL;
        if (!made)
            return NULL;
        *link = made;
        slots->count++;
    }
    struct slot_entry *found = *link;
    atomic_fetch_add(&found->users, 1);
    slots_count_down(slots, link);
    return &found->slot;
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

void link_slot_release(struct link_slot *slot)
{
    if (!slot)
        return;
    struct slot_entry *entry = (struct slot_entry *)slot;
    if (atomic_fetch_sub(&entry->users, 1) > 1)
        return;
    free(slot->records);
    free(entry);
}
