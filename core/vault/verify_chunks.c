/* SPDX-License-Identifier: Apache-2.0 */
/* verify_chunks.c - all chunks that packs were found to hold: 28 bytes each. */
#include "vault/verify_private.h"

#include <stdlib.h>
#include <string.h>

int verify_chunk_add(struct verify *c, const struct verify_chunk *chunks, size_t count,
                     struct error *e)
{
    int result = 0;

    pthread_mutex_lock(&c->lock);
    if (c->chunk_count + count > c->chunk_room) {
        size_t room = c->chunk_room * 2 + count;
        struct verify_chunk *grown = realloc(c->chunks, room * sizeof(*grown));

        if (grown == NULL) {
            result = error_no_memory(e, "the list of chunks");
        } else {
            c->chunks = grown;
            c->chunk_room = room;
        }
    }
    if (result == 0 && count > 0) {
        memcpy(c->chunks + c->chunk_count, chunks, count * sizeof(*chunks));
        c->chunk_count += count;
        c->result.chunks += count;
    }
    pthread_mutex_unlock(&c->lock);
    return result;
}

static int compare(const void *a, const void *b)
{
    const struct verify_chunk *x = a, *y = b;

    return memcmp(x->id, y->id, sizeof(x->id));
}

void verify_chunk_sort(struct verify *c)
{
    if (c->chunk_count > 0)
        qsort(c->chunks, c->chunk_count, sizeof(*c->chunks), compare);
}

/* The first chunk that does not sort before `id`. */
static size_t lower_bound(const struct verify *c, const uint8_t id[16])
{
    size_t low = 0, high = c->chunk_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(c->chunks[middle].id, id, sizeof(c->chunks->id)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool verify_chunk_is_at(const struct verify *c, const uint8_t id[16], size_t object,
                        uint32_t number)
{
    for (size_t i = lower_bound(c, id); i < c->chunk_count; i++) {
        const struct verify_chunk *chunk = &c->chunks[i];

        if (memcmp(chunk->id, id, sizeof(chunk->id)) != 0)
            break;
        if (chunk->place / 2 == object && chunk->number == number)
            return true;
    }
    return false;
}

enum verify_presence verify_chunk_find(const struct verify *c, enum chunk_kind kind,
                                       const struct chunk_id *id, uint64_t bytes,
                                       const uint8_t *needed)
{
    enum verify_presence best = VERIFY_ABSENT;

    for (size_t i = lower_bound(c, id->bytes); i < c->chunk_count; i++) {
        const struct verify_chunk *chunk = &c->chunks[i];

        if (memcmp(chunk->id, id->bytes, sizeof(chunk->id)) != 0)
            break;
        if ((chunk->place & 1) != (kind == CHUNK_META))
            continue;
        if (chunk->bytes == bytes && needed[chunk->place / 2] != 0)
            return VERIFY_PRESENT;
        if (chunk->bytes == bytes)
            best = VERIFY_ELSEWHERE;
        else if (best == VERIFY_ABSENT)
            best = VERIFY_OTHER_LENGTH;
    }
    return best;
}
