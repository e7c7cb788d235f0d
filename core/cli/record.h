/* SPDX-License-Identifier: Apache-2.0 */
/* record.h - records that several commands print. */
#ifndef CORE_CLI_RECORD_H
#define CORE_CLI_RECORD_H

#include "cli/session.h"
#include "engine/vault_facts.h"

/* A vault of the catalog; `sizes` may be NULL. */
void record_vault(struct output *o, const struct catalog_vault *row,
                  const struct vault_sizes *sizes);
/* A backup of the catalog; `vault` is the vault's name. */
void record_backup(struct output *o, const struct catalog_backup *row, const char *vault);
/* When a backup was deleted, until when it can be brought back, and why, within a record. */
void record_deletion(struct output *o, const struct catalog_backup *row);
/* An entry of a tree, whole, under `type`. */
void record_entry(struct output *o, const char *type, const struct tree_entry *entry);
/* The members of an entry, within a record. */
void record_entry_members(struct output *o, const struct tree_entry *entry);
/* "directory", "file", ... */
const char *entry_type_name(uint32_t type);
/* "drwxr-xr-x" into `text` (11 bytes). */
void entry_mode_text(const struct tree_entry *entry, char text[11]);
/* The time of change; false when it is beyond what can be shown. */
bool entry_time(const struct tree_entry *entry, int64_t *wall_ns);

#endif
