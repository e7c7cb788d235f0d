/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.h - the key slots of a vault, and what the catalog remembers of them.  Each slot that
 * comes or goes has its line in the audit log, in the transaction in which the catalog learns
 * of it.
 */
#ifndef CORE_ENGINE_SLOTS_H
#define CORE_ENGINE_SLOTS_H

#include "catalog/catalog.h"
#include "vault/vault.h"

/* A vault and the catalog that knows it under `id`. */
struct slots {
    struct catalog *catalog;
    const uint8_t *id; /* CATALOG_ID_SIZE bytes */
    struct vault *vault;
};

/* Makes the catalog remember exactly the slots that storage has, those that cannot be read
 * excepted.  `*gone` (may be NULL) is the number that it knew and storage lacks. */
int slots_record(const struct slots *s, uint64_t *gone, struct error *e);

/* As vault_slot_add, and the catalog remembers the slot; where the command is killed between
 * the two, the next slots_compare makes up for it. */
int slots_add(const struct slots *s, const struct vault_slot_request *request, char id[33],
              struct error *e);

/* As vault_slot_remove, and the catalog forgets the slot.  For one that the catalog knows and
 * storage lacks it only does that, and `*missing` is true. */
int slots_remove(const struct slots *s, const char *id, bool *missing, struct error *e);

/* The slot whose id starts with `text` (at least 4 digits), known to catalog or storage.  Class
 * NOT_FOUND, code FAILED; AMBIGUOUS. */
int slots_find(const struct slots *s, const char *text, char id[33], struct error *e);

/* Calls `each` for every slot that only one of the two has: `missing` says that storage lacks
 * it.  The catalog may not be changed meanwhile. */
int slots_compare(const struct slots *s,
                  void (*each)(void *context, const struct catalog_slot *slot, bool missing),
                  void *context, struct error *e);

#endif
