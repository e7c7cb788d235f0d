/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_content_node.c - any bytes as a node of a content map: what is accepted can be written
 * and read again. */
#include "base/object.h"
#include "fuzz.h"
#include "vault/content_node.h"

#include <stdlib.h>
#include <string.h>

const char fuzz_name[] = "content_node";
const char *const fuzz_words[] = {NULL};

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    static struct chunk_record records[CONTENT_NODE_LIMIT];
    static const uint32_t counts[] = {1, 2, 7, 60, CONTENT_NODE_LIMIT};

    for (uint32_t i = 0; i < CONTENT_NODE_LIMIT; i++) {
        records[i].bytes = UINT64_C(1) << (i % 40);
        memset(records[i].id.bytes, (int)(i % 3), CHUNK_ID_SIZE);
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct buffer node CLEANUP_BUFFER = BUFFER_INIT;
        content_node_encode(&node, i % 2 != 0 ? 1 : 3, records, counts[i]);
        add(context, node.data, node.size);
    }
}

static void check(uint32_t level, const struct chunk_record *records, uint32_t count)
{
    uint64_t total = 0;

    ASSERT(level < CONTENT_HEIGHT_LIMIT && count >= 1 && count <= CONTENT_NODE_LIMIT);
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(records[i].bytes > 0);
        ASSERT(!__builtin_add_overflow(total, records[i].bytes, &total));
        ASSERT(level == 0 || !chunk_is_hole(&records[i].id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again CLEANUP_BUFFER = BUFFER_INIT;
    struct error e = ERROR_INIT;
    struct chunk_record *records, *second;
    uint32_t level, count, second_level, second_count;
    int result = content_node_decode(data, size, &level, &records, &count, &e);

    fuzz_outcome(result == 0 ? NULL : &e);
    if (result != 0)
        return 0;
    check(level, records, count);
    content_node_encode(&again, level, records, count);
    /* Not longer: only columns that nobody knows are gone. */
    ASSERT(again.size <= size);
    ASSERT(content_node_decode(again.data, again.size, &second_level, &second, &second_count,
                               &e) == 0);
    ASSERT(second_level == level && second_count == count);
    ASSERT(memcmp(second, records, count * sizeof(*records)) == 0);
    free(second);
    free(records);
    return 0;
}
