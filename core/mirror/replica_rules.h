/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_rules.h - which backups may be replicated where.  One function decides, for every way
 * in: one backup by hand, a vault, a policy.
 *
 * Pure: the facts come in, the first rule that is broken goes out.  Each rule has an id (of the
 * requirement it stands for), a code and a sentence; the table is in replica_rules.c.
 */
#ifndef CORE_MIRROR_REPLICA_RULES_H
#define CORE_MIRROR_REPLICA_RULES_H

#include "catalog/ledger.h"

/* All that the rules look at.  The rules of places (sending and receiving regions, accounts,
 * destinations) are those of policy/place.h and are asked before. */
struct replica_wish {
    const struct catalog_vault *source;      /* the vault that is copied from */
    const struct catalog_vault *destination; /* ... and into */
    const char *region;                      /* to go to */
    enum catalog_way way;
    bool again;          /* of way VAULT: what was deleted there may go again */
    uint64_t used_bytes; /* of the destination's quota */
    uint64_t more_bytes; /* that it will take, as far as known */

    const struct catalog_backup *backup;         /* to be replicated */
    const struct catalog_replicated *replicated; /* what the ledger says of it and the region */
    bool found;                 /* a backup in that region says that it is a replica of it */
    const char *not_replicable; /* its driver, when that allows no copies; NULL = it does */
    const char *by_policy_only; /* its driver, when that allows them by policies; NULL */
};

/* Which facts a rule needs. */
enum replica_subject { REPLICA_OF_SOURCE, REPLICA_OF_BACKUP, REPLICA_OF_DESTINATION };

/* X(symbol, requirement, subject) in the order in which they are asked. */
#define REPLICA_RULES(X)                                                                       \
    X(NOT_OF_REPLICATION_VAULT, "REP-04", SOURCE)                                              \
    X(NOT_OF_MIRROR, "REP-04", SOURCE)                                                         \
    X(SOURCE_STATE, "REP-02", SOURCE)                                                          \
    X(INTO_REPLICATION, "REP-09", DESTINATION)                                                 \
    X(INTO_REGION, "REP-09", DESTINATION)                                                      \
    X(INTO_AVAILABLE, "REP-09", DESTINATION)                                                   \
    X(INTO_TYPE, "REP-20", DESTINATION)                                                        \
    X(NO_REPLICA, "REP-03", BACKUP)                                                            \
    X(MADE_HERE, "REP-03", BACKUP)                                                             \
    X(STATE, "REP-02", BACKUP)                                                                 \
    X(KIND, "REP-02", BACKUP)                                                                  \
    X(SYSTEM_DISK, "REP-02", BACKUP)                                                           \
    X(REPLICABLE, "REP-16", BACKUP)                                                            \
    X(BY_POLICY, "MIR-14", BACKUP)                                                             \
    X(CERTAIN, "REP-21", BACKUP)                                                               \
    X(ONE_LIVE, "REP-05", BACKUP)                                                              \
    X(ONCE_BY_POLICY, "REP-07", BACKUP)                                                        \
    X(ONCE_BY_VAULT, "REP-07", BACKUP)                                                         \
    X(INTO_ROOM, "REP-20", DESTINATION)
enum replica_rule {
#define X(symbol, requirement, subject) REPLICA_RULE_##symbol,
    REPLICA_RULES(X)
#undef X
        REPLICA_RULE_COUNT
};
const char *replica_rule_requirement(enum replica_rule rule);

/* The first rule that stands against it, or REPLICA_RULE_COUNT. */
enum replica_rule replica_rule_broken(const struct replica_wish *wish);
/* 0, or the error of that rule. */
int replica_may_be_made(const struct replica_wish *wish, struct error *e);
/* The rules of one subject alone; members that belong to others need not be filled. */
int replica_subject_fits(const struct replica_wish *wish, enum replica_subject subject,
                         struct error *e);

#endif
