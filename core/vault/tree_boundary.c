/* SPDX-License-Identifier: Apache-2.0 */
/* tree_boundary.c - where nodes of trees end: by count and the hash of a key, or by weight. */
#include "vault/tree_node.h"

void tree_boundary_set(struct tree_boundary *boundary, const uint8_t node_key[32])
{
    hash_begin(&boundary->keyed);
    hash_update(&boundary->keyed, node_key, 32);
}

bool tree_boundary_ends(const struct tree_boundary *boundary, uint32_t level, uint32_t count,
                        size_t weight, const void *key, size_t key_size)
{
    struct hash h = boundary->keyed;
    uint8_t digest[HASH_SIZE], level_byte = (uint8_t)level;

    if (tree_weight_ends(count, weight))
        return true;
    /* A quarter of all keys need no hash: none would end so small a node, any so large a one.
     */
    if (!chunk_boundary(count, 0) || chunk_boundary(count, UINT32_MAX))
        return chunk_boundary(count, 0);
    hash_update(&h, &level_byte, sizeof(level_byte));
    if (key_size > 0)
        hash_update(&h, key, key_size);
    hash_finish(&h, digest);
    return chunk_boundary(count, load_u32(digest));
}
