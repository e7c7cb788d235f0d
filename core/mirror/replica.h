/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica.h - replicas are asked for, and deleted.  The work itself is done by what works off
 * the queue (mirror/worker.h); here lines of the ledger come into being, with their items.
 */
#ifndef CORE_MIRROR_REPLICA_H
#define CORE_MIRROR_REPLICA_H

#include "engine/setup.h"
#include "mirror/replica_rules.h"

/* What is wished.  Exactly one of `backup` and `vault_only` decides what goes. */
struct replica_request {
    const char *backup;        /* one, as people write it; NULL = all of the vault */
    const char *vault;         /* it is in; NULL = whichever has it, or the only one */
    const char *source_region; /* ... in; NULL = any */
    const char *region;        /* to go to */
    const char *project;       /* there; NULL = the default one */
    const char *into;          /* replication vault there; NULL = the only one */
    const char *name;          /* of the replica; NULL = a made one; for one backup only */
    const char *description;   /* NULL = the backup's own */
    enum catalog_way way;      /* MANUAL with `backup`, else VAULT or POLICY */
    const char *policy;        /* its name, of way POLICY */
    bool again;                /* of way VAULT: also what was there and was deleted */
    bool dry_run;              /* tell, change nothing */
};

/* What becomes of one backup. */
struct replica_plan {
    const struct catalog_backup *backup;
    const struct catalog_vault *source, *destination;
    bool goes;
    struct error why;           /* it does not */
    struct catalog_ledger line; /* of one that goes; id empty when only asked */
    uint64_t bytes;             /* of the backup */
    uint64_t bytes_estimate;    /* that the destination probably lacks */
};
/* Called for each backup, oldest first; -1 ends with `e`. */
typedef int replica_plan_function(void *context, const struct replica_plan *plan,
                                  struct error *e);

struct replica_counts {
    uint64_t asked, going;
    uint64_t bytes, bytes_estimate; /* of those that go */
};

/*
 * Asks for replicas: of one backup, of a vault's, or what a policy picks (REP-08: what was
 * never replicated to the region, or failed).  Lines, items and audit are one transaction.  A
 * single backup that may not go is an error; of many, `each` (may be NULL) gets the reason.
 */
int replica_ask(struct setup *s, const struct replica_request *request,
                replica_plan_function *each, void *context, struct replica_counts *counts,
                struct error *e);

/* The replica `text` (id of a backup, or of a line of the ledger) in `region`; `vault` NULL =
 * any there.  NO_REPLICA; WRONG_REGION when it is in another region.  The caller frees `*row`
 * with catalog_vault_free. */
int replica_find(struct setup *s, const char *region, const char *vault, const char *text,
                 struct catalog_vault **row, struct catalog_backup *backup, struct error *e);
/* The ledger's line of a replica: 1, 0 when the ledger does not know it. */
int replica_line(struct setup *s, const struct catalog_backup *replica,
                 struct catalog_ledger *line, struct error *e);

/* Deletes a replica from its vault; its source stays as it is, and the ledger remembers that it
 * was there.  `row` is its vault's, and is taken over; `key` (may be NULL) opens it. */
int replica_delete(struct setup *s, struct catalog_vault *row,
                   const struct catalog_backup *backup, const struct setup_key *key,
                   const char *reason, struct error *e);

#endif
