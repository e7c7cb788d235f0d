/* SPDX-License-Identifier: Apache-2.0 */
/* chunk_map.h - chunks in memory under the SHA-256 of their content: what trees stand on in
 * tests. */
#ifndef TESTS_UNIT_CHUNK_MAP_H
#define TESTS_UNIT_CHUNK_MAP_H

#include "vault/chunk.h"

struct chunk_map {
    struct stored *slots; /* open addressing; `room` is a power of two */
    size_t room;
    size_t count;
    bool forgetful;    /* put gives ids but keeps nothing */
    uint64_t puts[16]; /* by the third byte of the chunk: the level of a node */
    uint64_t gets;
};

void chunk_map_free(struct chunk_map *map);
#define CLEANUP_MAP __attribute__((cleanup(chunk_map_free)))

struct chunk_access chunk_map_access(struct chunk_map *map);
/* The stored bytes of a chunk, which must be there; tests may spoil them. */
uint8_t *chunk_map_data(struct chunk_map *map, const struct chunk_id *id, size_t *size);

/* Numbers that look random and are the same in every run. */
uint64_t next_random(uint64_t *state);

#endif
