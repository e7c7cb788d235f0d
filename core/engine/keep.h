/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h - backups that nobody deletes, neither a policy nor by hand: those that somebody
 * holds, until they are released, and those that a job needs, while it runs.
 */
#ifndef CORE_ENGINE_KEEP_H
#define CORE_ENGINE_KEEP_H

#include "catalog/keep.h"
#include "engine/setup.h"

/* Holds the backup; `reason` is one line for people, or NULL.  Held already: with the new
 * reason.  With its audit line.  NO_BACKUP, BACKUP_STATE when it is being deleted,
 * VAULT_IS_MIRROR, PARAMETER. */
int keep_hold(struct setup *s, const struct catalog_backup *backup, const char *reason,
              struct error *e);
/* Lets go of it.  BACKUP_PINNED (class NOT_FOUND) when nobody holds it. */
int keep_release(struct setup *s, const struct catalog_backup *backup, struct error *e);

/* For as long as this process lives, or until keep_end (RET-14, DEL-06): `owner` tells several
 * jobs apart, `reason` is for people.  1 and `*pin`; 0 when the backup is deleted or
 * gone: do not use it. */
int keep_begin(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], const char *backup,
               const char *owner, const char *reason, struct catalog_pin *pin, struct error *e);
/* `pin` of kind JOB; one without a backup (`{0}`) is none. */
void keep_end(struct catalog *c, const struct catalog_pin *pin);

#endif
