/* SPDX-License-Identifier: Apache-2.0 */
/* about.h - a vault's row in the catalog and its about object in storage: one from the other. */
#ifndef CORE_ENGINE_ABOUT_H
#define CORE_ENGINE_ABOUT_H

#include "catalog/catalog.h"
#include "vault/about.h"

/* What an about object says beside the row: where a mirror comes from.  All zero and empty for
 * a vault that is no mirror. */
struct about_source {
    uint8_t id[CATALOG_ID_SIZE];
    char vault[CATALOG_TEXT_SIZE];
    char region[NAME_SIZE];
};

/* Writes what the row says of the vault, which is unlocked and writable, unless that stands
 * there already.  `source` may be NULL. */
int about_write(struct vault *vault, const struct catalog_vault *row,
                const struct about_source *source, struct error *e);

/* Fills `row` (type, role, plan, project, encryption, name, description, tags, id) and `source`
 * (may be NULL) with what the vault says of itself: 1, or 0 when it says nothing, -1. */
int about_read(struct vault *vault, struct catalog_vault *row, struct about_source *source,
               struct error *e);

#endif
