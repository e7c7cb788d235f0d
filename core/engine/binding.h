/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding.h - which vault the backups of a source go to.
 *
 * A source is bound to one vault, or to none.  A backup of a bound source goes there; one of a
 * source that is not bound needs a vault that somebody names, or that is the only one.
 */
#ifndef CORE_ENGINE_BINDING_H
#define CORE_ENGINE_BINDING_H

#include "engine/setup.h"

/*
 * The vault for a backup of `source` (as for setup_source_open; it need not be registered yet),
 * where `region` and `vault` (either may be NULL) are what somebody asked for.  Asks the rules
 * too.  NO_BINDING when nobody says which of several vaults; CONFLICT when the source is bound
 * to another one; those of catalog_vault_find.  The caller frees the row.
 */
struct catalog_vault *binding_choose(struct setup *s, const char *source, const char *region,
                                     const char *vault, struct error *e);

/* Binds the source to the vault, also from another one, and writes it down.  Asks the rules
 * of both: LOCK_STATE when the one that it is bound to has a lock (VLT-21).  Its backups stay
 * where they are. */
int binding_set(struct setup *s, struct catalog_source *source,
                const struct catalog_vault *vault, struct error *e);
/* CONFLICT when it is not bound; LOCK_STATE likewise. */
int binding_clear(struct setup *s, struct catalog_source *source, struct error *e);

/* Adds the source (as catalog_source_insert), bound to `vault` unless that is NULL, and writes
 * it down.  Nests in a transaction of the caller. */
int binding_add_source(struct setup *s, struct catalog_source *source,
                       const struct catalog_vault *vault, struct error *e);
/* Forgets the source; its backups stay.  LOCK_STATE likewise. */
int binding_remove_source(struct setup *s, const struct catalog_source *source,
                          struct error *e);

#endif
