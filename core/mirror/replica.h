/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica.h - replicas are asked for, found and deleted.  The work itself is done by what works
 * off the queue (mirror/worker.h); here lines of the ledger come into being, with their items.
 */
#ifndef CORE_MIRROR_REPLICA_H
#define CORE_MIRROR_REPLICA_H

#include "engine/setup.h"
#include "mirror/replica_rules.h"

/* What is wished. */
struct replica_request {
    const char *backup; /* one, as people write it; NULL = all of the vault */
    const char *vault;  /* it is in; NULL = the one that has the backup, or the only one */
    const char *source_region; /* ... in; NULL = any */
    const char *region;        /* to go to */
    const char *project;       /* there; NULL = the default one */
    const char *into;          /* replication vault there; NULL = the only one that fits */
    const char *name;          /* of the replica of one backup; NULL = a made one (NAM-04) */
    const char *description;   /* NULL = the backup's own */
    enum catalog_way way;      /* MANUAL with `backup`, else VAULT or POLICY */
    const char *policy;        /* its name, of way POLICY; else NULL */
    bool again;                /* of way VAULT: also what was there and was deleted */
    bool dry_run;              /* tell, change nothing */
};

/* What becomes of one backup. */
struct replica_plan {
    const struct catalog_backup *backup;
    const struct catalog_vault *source, *destination;
    bool goes;
    struct error why;                /* it does not */
    char line[CATALOG_TASK_ID_SIZE]; /* of the ledger; empty when it does not go, or nothing was
                                        changed */
    uint64_t bytes;                  /* of the backup */
    uint64_t bytes_estimate;         /* that the destination probably lacks */
};
/* Called for each backup, oldest first, once all is recorded; -1 ends with `e`. */
typedef int replica_plan_function(void *context, const struct replica_plan *plan,
                                  struct error *e);

/* Of all that was asked, and of what goes. */
struct replica_counts {
    uint64_t asked, going;
    uint64_t bytes, bytes_estimate;
};

/*
 * Asks for replicas: of one backup, of all of a vault, or of what a policy picks - what was
 * never replicated to the region, or failed (REP-08).  Lines, items and audit lines are one
 * transaction.  A single backup that may not go is an error; of many, `each` (may be NULL) gets
 * the reason.  Codes: NAME_INVALID, USAGE, NO_REGION, NO_PROJECT, NO_VAULT, NO_BACKUP,
 * AMBIGUOUS, those of policy/place.h and of the rules; LOCKED for a vault that cannot be opened
 * without somebody there.
 */
int replica_ask(struct setup *s, const struct replica_request *request,
                replica_plan_function *each, void *context, struct replica_counts *counts,
                struct error *e);

/* A replica, or what the ledger says of one. */
struct replica_found {
    bool has_line, has_backup;
    struct catalog_ledger line;
    struct catalog_backup backup;
    char vault[CATALOG_TEXT_SIZE]; /* name of the vault it is in; empty when that is gone */
};
/* By the id of the replica, its name, or the id of a line; `region` and `vault` (there) NULL =
 * any.  NO_REPLICA, AMBIGUOUS; WRONG_REGION when it is in another region. */
int replica_find(struct setup *s, const char *region, const char *vault, const char *text,
                 struct replica_found *found, struct error *e);

/*
 * Deletes a replica from its vault.  Its source stays as it is, and the ledger remembers that
 * it was there (DEL-04).  One that is on its way does not arrive; one that the ledger alone
 * knows is taken as gone.  `key` (may be NULL) opens the vault.  NO_REPLICA when there is
 * nothing to delete, CONFLICT when it is being copied just now.
 */
int replica_delete(struct setup *s, const struct replica_found *found,
                   const struct setup_key *key, const char *reason, struct error *e);

#endif
