/* SPDX-License-Identifier: Apache-2.0 */
/* restore_links.c - a growing hash table of open hard-link groups. */
#include "engine/restore_links.h"

#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct group_entry {
    struct restore_group group; /* first: release gets from one to the other */
    atomic_uint users;          /* the table counts as one */
    uint32_t names_left;
    uint8_t id[16];
    uint8_t nature[HASH_SIZE];
    struct group_entry *next;
};

struct restore_links {
    struct group_entry **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
};

struct restore_links *restore_links_new(struct error *e)
{
    struct restore_links *links = calloc(1, sizeof(*links));
    if (!links) {
        error_no_memory(e, "hard links");
        return NULL;
    }
    links->bucket_count = 1024;
    links->buckets = calloc(links->bucket_count, sizeof(*links->buckets));
    if (!links->buckets) {
        error_no_memory(e, "hard links");
        free(links);
        return NULL;
    }
    return links;
}

void restore_links_free(struct restore_links *links)
{
    if (!links)
        return;
    for (size_t i = 0; i < links->bucket_count; i++) {
        while (links->buckets[i]) {
            struct group_entry *entry = links->buckets[i];
            links->buckets[i] = entry->next;
            restore_group_release(&entry->group);
        }
    }
    free(links->buckets);
    free(links);
}

/* Ids are keyed hashes: their first bytes are as good as any hash of them. */
static struct group_entry **links_bucket(struct group_entry **buckets, size_t count,
                                         const uint8_t id[16])
{
    return &buckets[load_u64(id) & (count - 1)];
}

static void links_grow(struct restore_links *links)
{
    size_t count = links->bucket_count * 2;
    struct group_entry **buckets = calloc(count, sizeof(*buckets));
    if (!buckets)
        return; /* longer chains, no harm */
    for (size_t i = 0; i < links->bucket_count; i++) {
        while (links->buckets[i]) {
            struct group_entry *entry = links->buckets[i];
            links->buckets[i] = entry->next;
            struct group_entry **bucket = links_bucket(buckets, count, entry->id);
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    free(links->buckets);
    links->buckets = buckets;
    links->bucket_count = count;
}

/* The hash of what all names of one file have in common. */
static void entry_nature(const struct tree_entry *entry, uint8_t nature[HASH_SIZE])
{
    struct hash hash;
    struct reader value;
    uint8_t head[24];
    const struct content *content = &entry->content;
    store_u32(head, entry->type);
    store_u32(head + 4, content->height);
    store_u64(head + 8, content->count);
    store_u64(head + 16, entry->bytes);
    hash_begin(&hash);
    hash_update(&hash, head, sizeof(head));
    for (uint32_t i = 0; i < content->count; i++) {
        store_u64(head, content->records[i].bytes);
        hash_update(&hash, content->records[i].id.bytes, CHUNK_ID_SIZE);
        hash_update(&hash, head, 8);
    }
    if (tree_further_find(entry, TREE_FURTHER_LINK, &value) ||
        tree_further_find(entry, TREE_FURTHER_DEVICE, &value))
        hash_update(&hash, value.next, value.left);
    hash_finish(&hash, nature);
}

static struct group_entry *group_new(const uint8_t id[16], const struct tree_entry *from,
                                     const uint8_t nature[HASH_SIZE])
{
    struct group_entry *entry = calloc(1, sizeof(*entry));
    uint8_t *copy = malloc(from->key_size + 1);
    if (!entry || !copy) {
        free(entry);
        free(copy);
        return NULL;
    }
    memcpy(copy, from->key, from->key_size);
    memcpy(entry->id, id, sizeof(entry->id));
    memcpy(entry->nature, nature, HASH_SIZE);
    entry->group.key = copy;
    entry->group.key_size = from->key_size;
    entry->names_left = from->links;
    atomic_init(&entry->users, 1);
    atomic_init(&entry->group.there, false);
    return entry;
}

static struct group_entry **links_find(struct restore_links *links, const uint8_t id[16])
{
    struct group_entry **link = links_bucket(links->buckets, links->bucket_count, id);
    while (*link && memcmp((*link)->id, id, sizeof((*link)->id)) != 0)
        link = &(*link)->next;
    return link;
}

/* The table forgets a group; it lives on as long as it has users. */
static void links_drop(struct restore_links *links, struct group_entry **link)
{
    struct group_entry *entry = *link;
    *link = entry->next;
    links->count--;
    restore_group_release(&entry->group);
}

int restore_links_take(struct restore_links *links, const uint8_t id[16],
                       const struct tree_entry *entry, struct restore_group **group,
                       bool *first, struct error *e)
{
    uint8_t nature[HASH_SIZE];
    entry_nature(entry, nature);
    if (links->count >= links->bucket_count)
        links_grow(links);
    struct group_entry **link = links_find(links, id);
    if (*link && memcmp((*link)->nature, nature, HASH_SIZE) != 0) {
        links_drop(links, link);
        link = links_find(links, id);
    }
    *first = !*link;
    if (*first) {
        struct group_entry *made = group_new(id, entry, nature);
        if (!made)
            return error_no_memory(e, "hard links");
        *link = made;
        links->count++;
    }
    struct group_entry *found = *link;
    atomic_fetch_add(&found->users, 1);
    *group = &found->group;
    if (found->names_left > 0 && --found->names_left == 0)
        links_drop(links, link);
    return 0;
}

void restore_group_move(struct restore_group *group, const uint8_t *key, size_t key_size)
{
    uint8_t *copy = malloc(key_size + 1);
    if (!copy)
        return; /* then each of the others is written by itself */
    memcpy(copy, key, key_size);
    free(group->key);
    group->key = copy;
    group->key_size = key_size;
    atomic_store(&group->there, true);
}

void restore_group_release(struct restore_group *group)
{
    if (!group)
        return;
    struct group_entry *entry = (struct group_entry *)group;
    if (atomic_fetch_sub(&entry->users, 1) > 1)
        return;
    free(group->key);
    free(entry);
}
