/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - index runs, read. */
#include "vault/run.h"

#include <string.h>

void run_pack_give(const struct run_pack *pack, struct buffer *out)
{
    buffer_append(out, pack->id.hash, sizeof(pack->id.hash));
    buffer_append_u64(out, pack->id.bytes);
    buffer_append_u8(out, pack->kind);
    buffer_append_u32(out, pack->chunks);
}

void run_pack_take(struct run_pack *pack, struct reader *r)
{
    const uint8_t *hash = reader_take(r, sizeof(pack->id.hash));

    *pack = (struct run_pack){0};
    if (hash != NULL)
        memcpy(pack->id.hash, hash, sizeof(pack->id.hash));
    pack->id.bytes = reader_u64(r);
    pack->kind = reader_u8(r);
    pack->chunks = reader_u32(r);
}
