/* SPDX-License-Identifier: Apache-2.0 */
/* id_set.c - a hash table with open addressing; ids are random already, so that they hash
 * themselves.
 */
#include "vault/id_set.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 16, ROOM_MIN = 1024 };

/* Where the key is, or where it would go. */
static uint8_t *find(const struct id_set *set, const uint8_t *key)
{
    static const uint8_t none[KEY_BYTES];
    size_t mask = set->room - 1;

    for (size_t i = (size_t)load_u64(key) & mask;; i = (i + 1) & mask) {
        uint8_t *slot = set->slots[i];

        if (memcmp(slot, key, KEY_BYTES) == 0 || memcmp(slot, none, KEY_BYTES) == 0)
            return slot;
    }
}

bool id_set_has(const struct id_set *set, const struct chunk_id *id)
{
    return set->room > 0 && memcmp(find(set, id->bytes), id->bytes, KEY_BYTES) == 0;
}

static int grow(struct id_set *set, struct error *e)
{
    static const uint8_t none[KEY_BYTES];
    struct id_set larger = {.room = set->room == 0 ? ROOM_MIN : 2 * set->room};

    larger.slots = calloc(larger.room, KEY_BYTES);
    if (larger.slots == NULL)
        return error_no_memory(e, "the set of chunks that were seen");
    for (size_t i = 0; i < set->room; i++)
        if (memcmp(set->slots[i], none, KEY_BYTES) != 0)
            memcpy(find(&larger, set->slots[i]), set->slots[i], KEY_BYTES);
    larger.count = set->count;
    free(set->slots);
    *set = larger;
    return 0;
}

int id_set_add(struct id_set *set, const struct chunk_id *id, struct error *e)
{
    uint8_t *slot;

    if (4 * (set->count + 1) > 3 * set->room && grow(set, e) != 0)
        return -1;
    slot = find(set, id->bytes);
    if (memcmp(slot, id->bytes, KEY_BYTES) == 0)
        return 0;
    memcpy(slot, id->bytes, KEY_BYTES);
    set->count++;
    return 0;
}

void id_set_free(struct id_set *set)
{
    free(set->slots);
    *set = (struct id_set){0};
}
