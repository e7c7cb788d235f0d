/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locking.h - the lock on a vault's backups (vault/lock.h) as an installation sees it: set and
 * lifted with an audit line, brought to the mirror, and remembered.
 *
 * What counts lies in the vault.  The catalog remembers it besides, so that whoever removes the
 * records from the storage is noticed: then nothing is deleted.
 */
#ifndef CORE_ENGINE_LOCKING_H
#define CORE_ENGINE_LOCKING_H

#include "engine/setup.h"
#include "engine/stamp.h"
#include "vault/lock.h"

/* What the catalog remembers of the lock of the vault `id`: 1, 0 none, -1. */
int locking_known(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct vault_lock *lock,
                  struct error *e);
/* Forgets it, for a vault that goes; within the caller's transaction. */
int locking_forget(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e);

/*
 * Reads the lock of the open vault (locked or not) of `row` into `*lock` (may be NULL) and
 * remembers it; what is new goes to the mirror.  LOCK_STATE when storage shows less than is
 * remembered, and no lift: whoever wants to delete something asks this first.
 */
int locking_check(struct setup *s, const struct catalog_vault *row, struct vault *vault,
                  struct vault_lock *lock, struct error *e);
/* The same for a vault that is about to be written to, with a mark of the time; what is wrong
 * is logged. */
void locking_keep(struct setup *s, const struct open_vault *vault);

/* As vault_lock_set, with its rule, its audit line and its way to the mirror; `*lock` is what
 * counts then.  LOCK_SHORTER also for less than is remembered. */
int locking_set(struct setup *s, const struct open_vault *vault,
                const struct vault_lock *wanted, struct vault_lock *lock, struct error *e);
/* As vault_lock_lift, likewise. */
int locking_lift(struct setup *s, const struct open_vault *vault, struct vault_lock *lock,
                 struct error *e);
/* Whether the lock that the open vault has takes a backup made now that is stamped so (NULL =
 * by hand: kept without an end) (VLT-24): 0, or LOCK_RETENTION. */
int locking_admits(struct vault *vault, const struct stamp *stamp, struct error *e);

#endif
