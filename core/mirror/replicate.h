/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replicate.h - one line of the ledger: a backup copied into a replication vault of another
 * region, under that vault's keys.
 */
#ifndef CORE_MIRROR_REPLICATE_H
#define CORE_MIRROR_REPLICATE_H

#include "catalog/ledger.h"
#include "engine/setup.h"

struct replicate_request {
    struct setup *setup;
    const struct catalog_item *item; /* operation REPLICA, leased */
    unsigned transfers;
    void *context;
    /* Now and then, with the bytes that were read since: waits, renews the lease; -1 ends. */
    int (*pass)(void *context, uint64_t bytes, struct error *e);
};
struct replicate_result {
    struct catalog_backup replica; /* the row that the catalog is to get */
    uint64_t bytes;                /* of the backup */
    uint64_t bytes_sent;           /* that the destination lacked */
    bool skipped;
    char text[160]; /* why */
};

/* Makes the replica, on storage alone; what an attempt that broke off has stored is used, and a
 * replica that is there already is found again.  Opens both vaults with the keys that their
 * rows name. */
int replicate_run(const struct replicate_request *request, struct replicate_result *result,
                  struct error *e);
/* Records it: the replica's row, the ledger's line, the usage.  Within a transaction. */
int replicate_record(struct catalog *c, const struct catalog_item *item,
                     const struct replicate_result *result, struct error *e);
/* Notes in the ledger that an attempt failed; `given_up`: for good.  Within a transaction. */
int replicate_note(struct catalog *c, const struct catalog_item *item, const struct error *why,
                   bool given_up, struct error *e);

#endif
