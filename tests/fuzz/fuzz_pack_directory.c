/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pack_directory.c - any bytes as a pack's table of contents: what is accepted has one
 * form, lies within its limits, and finds its own chunks. */
#include "base/object.h"
#include "fuzz.h"
#include "vault/envelope.h"
#include "vault/table.h"

#include <string.h>

const char fuzz_name[] = "pack_directory";
const char *const fuzz_words[] = {NULL};

/* `blocks` blocks of `chunks` chunks each, one length for all. */
static void add_table(fuzz_add_function *add, void *context, uint32_t blocks, uint32_t chunks)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct table t = {0};

    for (uint32_t b = 0; b < blocks; b++) {
        ASSERT(table_add_block(&t, chunks * 100, &e) == 0);
        t.blocks[b].stored = chunks * 90 + ENVELOPE_TAG_SIZE;
        t.blocks[b].codec = TABLE_CODEC_ZSTD;
        for (uint32_t i = 0; i < chunks; i++) {
            struct chunk_id id = {{(uint8_t)b, (uint8_t)i, 1}};
            ASSERT(table_add_chunk(&t, &id, i * 100, 100, &e) == 0);
        }
    }
    table_encode(&t, &content);
    add(context, content.data, content.size);
    table_free(&t);
}

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    add_table(add, context, 0, 0);
    add_table(add, context, 1, 1);
    add_table(add, context, 2, 3);
    add_table(add, context, 20, 10);
}

static void check(const struct table *t)
{
    for (uint32_t b = 0; b < t->block_count; b++) {
        const struct table_block *block = &t->blocks[b];
        ASSERT(block->raw <= TABLE_RAW_LIMIT);
        ASSERT(block->first_chunk + table_block_chunks(t, b) <= t->chunk_count);
    }
    for (uint32_t i = 0; i < t->chunk_count; i++) {
        const struct table_chunk *chunk = &t->chunks[i];
        const struct table_chunk *before = i > 0 ? chunk - 1 : NULL;
        ASSERT(
            before == NULL || before->block < chunk->block ||
            (before->block == chunk->block && before->offset + before->bytes <= chunk->offset));
        ASSERT(chunk->block < t->block_count);
        ASSERT((uint64_t)chunk->offset + chunk->bytes <= t->blocks[chunk->block].raw);
        int64_t found = table_find(t, &t->ids[i]);
        ASSERT(found >= 0 && chunk_id_equal(&t->ids[found], &t->ids[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct table t = {0};
    int result = table_decode(&t, data, size, ENVELOPE_BODY, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    if (result != 0)
        return 0;
    check(&t);
    table_encode(&t, &again);
    table_free(&t);
    ASSERT(again.size == size && (size == 0 || memcmp(again.data, data, size) == 0));
    return 0;
}
