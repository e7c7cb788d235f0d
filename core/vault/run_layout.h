/* SPDX-License-Identifier: Apache-2.0 */
/* run_layout.h - where things stand in an index run; for run.c and run_write.c. */
#ifndef CORE_VAULT_RUN_LAYOUT_H
#define CORE_VAULT_RUN_LAYOUT_H

#include "vault/run.h"

enum {
    RUN_TLV_ENTRIES = 1,
    RUN_TLV_PACKS = 2,
    RUN_TLV_FENCES = 3,
    RUN_TLV_FILTER = 4,
    RUN_TLV_REPLACED = 5,
    RUN_PAGE_BYTES = RUN_PAGE_ENTRIES * ENTRY_SIZE + ENVELOPE_TAG_SIZE /* sealed */
};

static inline uint32_t run_pages(uint64_t entries)
{
    return (uint32_t)((entries + RUN_PAGE_ENTRIES - 1) / RUN_PAGE_ENTRIES);
}

/* Where page `page` starts, or where the last one ends. */
static inline uint64_t run_page_offset(uint64_t entries, uint32_t page)
{
    if (page < run_pages(entries))
        return ENVELOPE_BODY + (uint64_t)page * RUN_PAGE_BYTES;
    return ENVELOPE_BODY + entries * ENTRY_SIZE +
           (uint64_t)run_pages(entries) * ENVELOPE_TAG_SIZE;
}

#endif
