/* SPDX-License-Identifier: Apache-2.0 */
/* backup_row.h - what the catalog keeps of a seal. */
#ifndef CORE_ENGINE_BACKUP_ROW_H
#define CORE_ENGINE_BACKUP_ROW_H

#include "catalog/catalog.h"
#include "vault/seal.h"

/* Fills `row` from an opened seal.  `list` (may be NULL) holds the vault's other seals, among
 * them the parent if it still is there. */
void backup_row_fill(struct catalog_backup *row, const uint8_t vault[CATALOG_ID_SIZE],
                     const struct seal *seal, const struct seal_list *list);

#endif
