/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h - every replication of a backup to a region that was ever tried.  Lines outlive the
 * replica, the backup and both vaults.
 */
#ifndef CORE_CATALOG_LEDGER_H
#define CORE_CATALOG_LEDGER_H

#include "catalog/queue.h"

#define CATALOG_LEDGER_STATES(X)                                                               \
    X(WAITING, "waiting_replicate")                                                            \
    X(RUNNING, "replicating")                                                                  \
    X(SUCCESS, "success")                                                                      \
    X(FAIL, "fail")                                                                            \
    X(SKIP, "skip")
enum catalog_ledger_state {
#define X(symbol, name) CATALOG_LEDGER_##symbol,
    CATALOG_LEDGER_STATES(X)
#undef X
};
/* Who asked: by backup, by vault, by policy. */
#define CATALOG_WAYS(X)                                                                        \
    X(MANUAL, "manual")                                                                        \
    X(VAULT, "vault")                                                                          \
    X(POLICY, "policy")
enum catalog_way {
#define X(symbol, name) CATALOG_WAY_##symbol,
    CATALOG_WAYS(X)
#undef X
};
const char *catalog_ledger_state_name(enum catalog_ledger_state state);
const char *catalog_way_name(enum catalog_way way);

enum { CATALOG_REPLICA_NAME_SIZE = 4 * 255 + 1 /* 255 characters */ };

struct catalog_ledger {
    char id[CATALOG_TASK_ID_SIZE]; /* "r-", 12 hexadecimal digits and the terminator */
    uint8_t source_vault[CATALOG_ID_SIZE];
    char backup[CATALOG_SEAL_ID_SIZE];
    char source_region[NAME_SIZE];
    char region[NAME_SIZE]; /* the destination ... */
    char project[NAME_SIZE];
    uint8_t vault[CATALOG_ID_SIZE];     /* ... and its replication vault */
    char replica[CATALOG_SEAL_ID_SIZE]; /* id of the backup there; empty until it is */
    char name[CATALOG_REPLICA_NAME_SIZE];
    char description[DESCRIPTION_SIZE];
    enum catalog_way way;
    char policy[NAME_SIZE]; /* of way POLICY */
    enum catalog_ledger_state state;
    int64_t gone_ns; /* when the replica was deleted; 0 = it was not */
    char task[CATALOG_TASK_ID_SIZE];
    int64_t created_ns, started_ns, ended_ns;
    uint64_t bytes;      /* of the backup */
    uint64_t bytes_sent; /* that the destination lacked */
    struct error why;    /* of states FAIL and SKIP */
};

/* Adds a line in state WAITING and its item (operation REPLICA; class MANUAL for ways MANUAL
 * and VAULT, else POLICY) in one transaction; fills in id and created_ns.  REPLICA_EXISTS when
 * the region has a live replica of this backup, or one on its way. */
int catalog_ledger_insert(struct catalog *c, struct catalog_ledger *line, struct error *e);
/* Replaces state, replica, task, times, bytes and `why`.  NO_REPLICA. */
int catalog_ledger_update(struct catalog *c, const struct catalog_ledger *line,
                          struct error *e);
/* By id, abbreviated or not.  NO_REPLICA, AMBIGUOUS. */
int catalog_ledger_find(struct catalog *c, const char *text, struct catalog_ledger *line,
                        struct error *e);
/* The replica `replica` of the vault `vault` was deleted: 1, or 0 when no line knows it.
 * Deleting the row of the backup, or the vault, does it as well. */
int catalog_ledger_bury(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE],
                        const char *replica, int64_t gone_ns, struct error *e);

/* What the ledger says of a backup and a region. */
struct catalog_replicated {
    bool live;                  /* a replica is there, or on its way */
    bool running;               /* ... on its way */
    bool ever;                  /* one was there at any time */
    struct catalog_ledger last; /* the newest line; id empty = none */
};
int catalog_ledger_history(struct catalog *c, const uint8_t source_vault[CATALOG_ID_SIZE],
                           const char *backup, const char *region,
                           struct catalog_replicated *replicated, struct error *e);
/* Newest first; NULL = any. */
int catalog_ledger_list(struct catalog *c, const uint8_t *source_vault, const char *backup,
                        const char *region,
                        int (*each)(void *context, const struct catalog_ledger *line,
                                    struct error *e),
                        void *context, struct error *e);

#endif
