/* SPDX-License-Identifier: Apache-2.0 */
/* replica_private.h - replicas that are asked for: what is looked at, and what comes of it. */
#ifndef CORE_MIRROR_REPLICA_PRIVATE_H
#define CORE_MIRROR_REPLICA_PRIVATE_H

#include "mirror/replica.h"

/* A backup of the source vault. */
struct replica_candidate {
    struct catalog_backup backup;
    bool asked;
    bool goes;
    struct error why;
    char line[CATALOG_TASK_ID_SIZE];
    uint64_t bytes_estimate;
};

/* What has not been replicated of a source yet, up to the backup at hand. */
struct replica_pending {
    uint8_t source[CATALOG_ID_SIZE];
    uint64_t bytes_stored;
};

struct replica_asking {
    struct setup *setup;
    const struct replica_request *request;
    const struct config_region *from, *to;
    struct catalog_vault *source, *destination;
    const char *project;                  /* belongs to `to` */
    struct replica_candidate *candidates; /* all of the vault, oldest first */
    size_t candidate_count, candidate_room;
    char (*there)[CATALOG_SEAL_ID_SIZE]; /* what the region has replicas of, sorted */
    size_t there_count, there_room;
    struct replica_pending *pending;
    size_t pending_count;
    uint64_t used_bytes;  /* of the destination */
    uint64_t going_bytes; /* estimate of what goes, so far */
};

/* replica_look.c: fills in all of it; asks the rules that are none of a single backup. */
int replica_look(struct replica_asking *a, struct error *e);
void replica_forget(struct replica_asking *a);

/* replica_choose.c: the replication vault. */
int replica_choose(struct replica_asking *a, struct error *e);

#endif
