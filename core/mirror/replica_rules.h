/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_rules.h - which backups may be replicated where.  One function decides, for every way
 * in: one backup by hand, a vault, a policy.
 *
 * Pure: the facts come in, the first rule that is broken goes out.  Each rule has an id (of the
 * requirement it stands for), a code of its own and a sentence; the table is in
 * replica_rules.c.
 */
#ifndef CORE_MIRROR_REPLICA_RULES_H
#define CORE_MIRROR_REPLICA_RULES_H

#include "catalog/ledger.h"

/* All that the rules look at.  The rules of places (sending and receiving regions, accounts,
 * destinations) are those of policy/place.h and are asked before. */
struct replica_wish {
    const struct catalog_backup *backup;         /* to be replicated */
    const struct catalog_vault *source;          /* its vault */
    const char *region;                          /* to go to */
    const struct catalog_replicated *replicated; /* what the ledger says of both */
    /* A backup in the destination's region that says it is a replica of this one. */
    bool found;
    enum catalog_way way;
    bool again;                 /* of way VAULT: what was deleted there goes again */
    const char *by_policy_only; /* its driver, when it allows policies only; NULL */
    const struct catalog_vault *destination; /* to go into */
    uint64_t used_bytes;                     /* of the destination's quota */
    uint64_t quota_bytes;                    /* that it has or would grow to; 0 = none */
};

/* X(symbol, requirement) in the order in which they are asked: those of the vault, of the
 * backup, of what was done before, of the destination. */
#define REPLICA_RULES(X)                                                                       \
    X(NOT_OF_REPLICATION_VAULT, "REP-04")                                                      \
    X(NOT_OF_MIRROR, "REP-04")                                                                 \
    X(SOURCE_STATE, "REP-02")                                                                  \
    X(NO_REPLICA, "REP-03")                                                                    \
    X(MADE_HERE, "REP-03")                                                                     \
    X(STATE, "REP-02")                                                                         \
    X(KIND, "REP-02")                                                                          \
    X(SYSTEM_DISK, "REP-02")                                                                   \
    X(BY_POLICY, "REP-16")                                                                     \
    X(CERTAIN, "REP-21")                                                                       \
    X(ONE_LIVE, "REP-05")                                                                      \
    X(ONCE_BY_POLICY, "REP-07")                                                                \
    X(ONCE_BY_VAULT, "REP-07")                                                                 \
    X(INTO_REPLICATION, "REP-09")                                                              \
    X(INTO_REGION, "REP-09")                                                                   \
    X(INTO_AVAILABLE, "REP-09")                                                                \
    X(INTO_TYPE, "REP-20")                                                                     \
    X(INTO_ROOM, "REP-20")
enum replica_rule {
#define X(symbol, requirement) REPLICA_RULE_##symbol,
    REPLICA_RULES(X)
#undef X
        REPLICA_RULE_COUNT
};
const char *replica_rule_requirement(enum replica_rule rule);

/* The first rule that stands against it, or REPLICA_RULE_COUNT; for those who explain. */
enum replica_rule replica_rule_broken(const struct replica_wish *wish);
/* 0, or the error of that rule. */
int replica_may_be_made(const struct replica_wish *wish, struct error *e);
/* The rules of the vault that is copied from, alone: 0, or the error of the first. */
int replica_source_may_send(const struct catalog_vault *source, struct error *e);
/* The rules of the destination alone, for `more_bytes` and backups of vaults of `type`. */
int replica_vault_may_take(const struct catalog_vault *destination, const char *region,
                           enum catalog_vault_type type, uint64_t used_bytes,
                           uint64_t quota_bytes, uint64_t more_bytes, struct error *e);

#endif
