/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_provider.h - the providers of a vault's key slots.
 *
 * The row of a vault names one, which opens the vault from day to day.  Slots that were added
 * for others keep theirs in a setting of the catalog, so that they can be checked, and one can
 * take the place of the first.
 */
#ifndef CORE_ENGINE_SLOT_PROVIDER_H
#define CORE_ENGINE_SLOT_PROVIDER_H

#include "catalog/catalog.h"
#include "engine/setup.h"

/* `{0}` is empty. */
struct slot_provider {
    char driver[CATALOG_TEXT_SIZE];
    struct catalog_pairs parameters;
};
void slot_provider_clear(struct slot_provider *p);

/* Remembers what opens the slot `slot` of the vault `vault` (its uuid). */
int slot_provider_remember(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                           const char *slot, const char *driver,
                           const struct catalog_pairs *parameters, struct error *e);
int slot_provider_forget(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                         const char *slot, struct error *e);
/* 1, or 0 when nothing is remembered; clear `*p` after 1. */
int slot_provider_get(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *slot,
                      struct slot_provider *p, struct error *e);
/* Makes it that of the row; the catalog is not told. */
int slot_provider_adopt(struct setup *s, struct catalog_vault *row, const char *driver,
                        const struct catalog_pairs *parameters, struct error *e);

/* The encryption method of vaults whose key the driver provides.  A driver that cannot be
 * loaded is taken for a service unless it is SETUP_KEY_DRIVER. */
enum catalog_encryption slot_provider_method(struct setup *s, const char *driver);
/* ENCRYPTION_DIFFERS unless the provider `words` (as in engine/parameters.h; NULL = a key file)
 * gives vaults the method `wanted`.  The provider is not opened. */
int slot_provider_gives(struct setup *s, const char *words, enum catalog_encryption wanted,
                        struct error *e);
/* ENCRYPTION_DIFFERS unless a slot of this driver fits a vault that has the method of `row`: a
 * vault keeps the method that it was made with. */
int slot_provider_fits(struct setup *s, const struct catalog_vault *row, const char *driver,
                       struct error *e);
/* The provider slot `slot` was removed from `vault`: forgets its provider.  Where the provider
 * of the row opens nothing any more, one that was remembered for another slot takes its place,
 * and the audit log tells; `*changed` is true then, and the row says what became of it. */
int slot_provider_removed(struct setup *s, struct open_vault *vault, const char *slot,
                          bool *changed, struct error *e);

#endif
