/* SPDX-License-Identifier: Apache-2.0 */
/* backup_row.c - see backup_row.h. */
#include "engine/backup_row.h"

#include "engine/replicate.h"
#include "engine/stamp.h"

#include <stdio.h>
#include <string.h>

static void set_text(char *room, size_t size, const char *text)
{
    snprintf(room, size, "%s", text ? text : "");
}
#define SET_TEXT(member, text) set_text(member, sizeof(member), text)

static const char *parent_id(const struct seal *seal, const struct seal_list *list)
{
    for (size_t i = 0; seal->has_parent && list && i < list->count; i++) {
        if (memcmp(list->seals[i]->hash, seal->parent, sizeof(seal->parent)) == 0)
            return list->seals[i]->id;
    }
    return "";
}

void backup_row_fill(struct catalog_backup *row, const uint8_t vault[CATALOG_ID_SIZE],
                     const struct seal *seal, const struct seal_list *list)
{
    memset(row, 0, sizeof(*row));
    memcpy(row->vault, vault, sizeof(row->vault));
    memcpy(row->seal_hash, seal->hash, sizeof(row->seal_hash));
    memcpy(row->source, seal->source_id, sizeof(row->source));
    SET_TEXT(row->id, seal->id);
    SET_TEXT(row->seal_name, seal->name);
    SET_TEXT(row->source_name, seal->source_name);
    SET_TEXT(row->source_driver, seal->source_driver);
    SET_TEXT(row->host, seal->host);
    SET_TEXT(row->name, seal->backup_name);
    SET_TEXT(row->description, seal->description);
    SET_TEXT(row->parent, parent_id(seal, list));
    row->state = seal->flags & SEAL_PARTIAL ? CATALOG_BACKUP_PARTIAL : CATALOG_BACKUP_AVAILABLE;
    row->created_ns = seal->created_ns;
    row->start_ns = seal->start_ns;
    row->end_ns = seal->end_ns;
    row->entries = seal->root.entries;
    row->bytes = seal->root.bytes;
    row->bytes_stored = seal->counters.bytes_stored;
    SET_TEXT(row->origin, replication_tag(seal, REPLICA_TAG_ORIGIN));
    SET_TEXT(row->region, replication_tag(seal, REPLICA_TAG_REGION));
    stamp_read(seal, row);
}
