/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile.h - what a command that was killed between vault and catalog has left undone. */
#ifndef CORE_ENGINE_RECONCILE_H
#define CORE_ENGINE_RECONCILE_H

#include "catalog/catalog.h"
#include "vault/seal.h"

/*
 * Brings the catalog's rows of one vault in line with `seals`, its opened seals as they were
 * listed just now: a backup that the catalog does not know gets its row, a deletion that began
 * here is finished where the seal is gone and taken back where it is not.  Rows without a seal
 * go when the vault (`from`, open; NULL = it is not asked) has their tombstone, as after a
 * writer has taken its backup back; all others stay, as witnesses of a loss.
 */
int reconcile_backups(struct catalog *catalog, const uint8_t vault[CATALOG_ID_SIZE],
                      struct vault *from, const struct seal_list *seals, struct error *e);

#endif
