/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.h - a mirror comes into being, becomes a vault of its own, or goes.  Every way in
 * (commands, policies) comes through here.
 */
#ifndef CORE_MIRROR_CREATE_H
#define CORE_MIRROR_CREATE_H

#include "engine/setup.h"
#include "mirror/rules.h"
#include "mirror/state.h"

struct mirror_request {
    const char *vault;         /* that is to be mirrored; NULL = the only one */
    const char *source_region; /* it is in; NULL = any */
    const char *region;        /* of the mirror */
    const char *project;       /* NULL = the region's default */
    const char *name;          /* NULL = a made one; the same for the description */
    const char *description;
    const char *key;        /* provider, as in engine/parameters.h; NULL = the region's, else a
                               key file in its default place */
    const char *encryption; /* "managed" or "kms"; NULL = the source's */
    const struct setup_key *source_key; /* opens the source; NULL = as its row says */
    enum mirror_way way;
    const char *cadence; /* an interval that somebody asked for; NULL = none */
};

/* What was made.  `{0}` is empty. */
struct mirror_made {
    struct catalog_vault *source, *row; /* freed by mirror_made_free */
    struct catalog_mirror mirror;
    char shared[256]; /* failure domains that both regions have, for a warning; empty = none */
    char task[CATALOG_TASK_ID_SIZE];
};
void mirror_made_free(struct mirror_made *made);

/*
 * Makes the mirror: its place, its key slots, what it says of itself, its row and one item for
 * every backup that there is, due after the history delay.  No backup is copied here.  An
 * attempt that broke off is taken up by the next.  Errors: the rules of rules.h and
 * policy/place.h, NAME_INVALID, NAME_TAKEN, and what opening the source and the place gives.
 */
int mirror_create(struct setup *s, const struct mirror_request *request,
                  struct mirror_made *made, struct error *e);

/* Whether such a mirror could be made, as far as catalog and configuration know: the errors of
 * mirror_create, but for those of opening anything. */
int mirror_check(struct setup *s, const struct mirror_request *request, struct error *e);

/* The mirror called `name` (as catalog_vault_find) with its row.  NO_MIRROR when the vault is
 * none.  The caller frees the row.  After a rebuild the vault that it follows may not be known:
 * then it is an orphan, in state ERROR, which can be restored from, stopped and deleted. */
int mirror_find(struct setup *s, const char *region, const char *name,
                struct catalog_vault **row, struct catalog_mirror *mirror, struct error *e);

bool mirror_is_orphan(const struct catalog_mirror *mirror);

/* It becomes a vault of its own that may be written to; what waits for it is dropped. */
int mirror_stop(struct setup *s, struct catalog_vault *row, const struct catalog_mirror *mirror,
                const struct setup_key *key, struct error *e);

/*
 * Ends the replication, then deletes the mirror as vaults are deleted: it can be brought back,
 * as a vault of its own, until it is purged.  `region` is where the caller says that it lies:
 * WRONG_REGION when it does not (MIR-16).
 */
int mirror_delete(struct setup *s, struct catalog_vault *row,
                  const struct catalog_mirror *mirror, const char *region, struct error *e);

/* Lets the deletions go that a brake has stopped. */
int mirror_release(struct setup *s, const struct catalog_vault *row,
                   struct catalog_mirror *mirror, struct error *e);

#endif
