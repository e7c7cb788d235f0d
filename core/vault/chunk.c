/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.c - comparing chunk ids, and where nodes of trees and content maps end. */
#include "vault/chunk.h"

#include <string.h>

enum {
    BOUNDARY_MIN = 32,     /* no node ends with fewer items */
    BOUNDARY_MIDDLE = 128, /* from here on ends are likelier */
    BOUNDARY_MAX = 512     /* no node has more */
};
enum { BOUNDARY_RARE = 1 << 24, BOUNDARY_LIKELY = 1 << 27 };

bool chunk_id_equal(const struct chunk_id *a, const struct chunk_id *b)
{
    return memcmp(a->bytes, b->bytes, CHUNK_ID_SIZE) == 0;
}

bool chunk_is_hole(const struct chunk_id *id)
{
    static const struct chunk_id hole;

    return chunk_id_equal(id, &hole);
}

bool chunk_boundary(uint32_t count, uint32_t h)
{
    if (count < BOUNDARY_MIN)
        return false;
    if (count >= BOUNDARY_MAX)
        return true;
    return h < (count < BOUNDARY_MIDDLE ? (uint32_t)BOUNDARY_RARE : (uint32_t)BOUNDARY_LIKELY);
}
