/* SPDX-License-Identifier: Apache-2.0 */
/* chunk_map.c - a hash table of chunks. */
#include "chunk_map.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct stored {
    struct chunk_id id;
    uint8_t *data; /* NULL = free slot */
    size_t size;
};

static struct stored *find(struct stored *slots, size_t room, const struct chunk_id *id)
{
    size_t at = (size_t)load_u64(id->bytes) & (room - 1);

    while (slots[at].data != NULL && !chunk_id_equal(&slots[at].id, id))
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static void grow(struct chunk_map *map)
{
    size_t room = map->room > 0 ? map->room * 2 : 64;
    struct stored *slots = calloc(room, sizeof(*slots));

    if (slots == NULL)
        abort();
    for (size_t i = 0; i < map->room; i++) {
        if (map->slots[i].data != NULL)
            *find(slots, room, &map->slots[i].id) = map->slots[i];
    }
    free(map->slots);
    map->slots = slots;
    map->room = room;
}

void chunk_map_free(struct chunk_map *map)
{
    for (size_t i = 0; i < map->room; i++)
        free(map->slots[i].data);
    free(map->slots);
    *map = (struct chunk_map){0};
}

static int put(void *context, const void *data, size_t size, struct chunk_id *id,
               struct error *e)
{
    struct chunk_map *map = context;

    hash_sha256(data, size, id->bytes);
    map->puts[((const uint8_t *)data)[2] & 15]++;
    if (map->forgetful)
        return 0;
    if (2 * map->count >= map->room)
        grow(map);
    struct stored *slot = find(map->slots, map->room, id);
    if (slot->data != NULL)
        return 0;
    slot->data = malloc(size);
    if (slot->data == NULL)
        return error_no_memory(e, "a chunk");
    memcpy(slot->data, data, size);
    slot->id = *id;
    slot->size = size;
    map->count++;
    return 0;
}

static int get(void *context, const struct chunk_id *id, struct buffer *out, struct error *e)
{
    struct chunk_map *map = context;
    struct stored *slot = map->room > 0 ? find(map->slots, map->room, id) : NULL;

    map->gets++;
    if (slot == NULL || slot->data == NULL)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_INTEGRITY, "no such chunk");
    buffer_append(out, slot->data, slot->size);
    return buffer_check(out, e);
}

struct chunk_access chunk_map_access(struct chunk_map *map)
{
    return (struct chunk_access){.context = map, .put = put, .get = get};
}

uint8_t *chunk_map_data(struct chunk_map *map, const struct chunk_id *id, size_t *size)
{
    struct stored *slot = find(map->slots, map->room, id);

    *size = slot->size;
    return slot->data;
}

/* SplitMix64. */
uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
