/* SPDX-License-Identifier: Apache-2.0 */
/* segment_layout.h - where things stand in a segment's file; for segment.c and segment_write.c.
 */
#ifndef CORE_VAULT_SEGMENT_LAYOUT_H
#define CORE_VAULT_SEGMENT_LAYOUT_H

#include "vault/run.h"

enum {
    SEGMENT_PAGE_BYTES = 4096,
    SEGMENT_PAGE_ENTRIES = 170,
    SEGMENT_AT_COUNT = SEGMENT_PAGE_ENTRIES * ENTRY_SIZE,
    SEGMENT_AT_CHECKSUM = SEGMENT_PAGE_BYTES - 4,
    SEGMENT_SPAN_PAGES = 384, /* under one filter */
    SEGMENT_PACK_BYTES = 45,
    SEGMENT_TRAILER_BYTES = 32
};

struct segment_trailer {
    uint64_t tail_offset;
    uint32_t tail_bytes;
    uint32_t tail_checksum;
};

void segment_trailer_give(const struct segment_trailer *t, uint8_t *bytes);
/* False when it is damaged. */
bool segment_trailer_take(struct segment_trailer *t, const uint8_t *bytes);

#endif
