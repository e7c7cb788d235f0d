/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vault_rules.h - what may be done with a vault, and when.  Every way in (commands, policies,
 * the runner) asks these functions and no others; what may be mirrored is decided beside the
 * mirrors.
 *
 * The rules are one table in vault_rules.c: each has the id of the requirement that it stands
 * for, a code and a sentence.  All functions are pure; any threads.  An error has one line that
 * names the vault (of one that is to be made, the caller does), the rule and the way out.
 */
#ifndef CORE_POLICY_VAULT_RULES_H
#define CORE_POLICY_VAULT_RULES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* X(symbol, name).  The catalog has the same, in the same order. */
#define VAULT_STATES(X)                                                                        \
    X(CREATING, "creating")                                                                    \
    X(AVAILABLE, "available")                                                                  \
    X(LOCKED, "lock")                                                                          \
    X(FROZEN, "frozen")                                                                        \
    X(DELETING, "deleting")                                                                    \
    X(ERROR, "error")                                                                          \
    X(DELETED, "deleted")
#define VAULT_TYPES(X)                                                                         \
    X(GENERAL, "general")                                                                      \
    X(TABLE, "table")                                                                          \
    X(ARCHIVE, "archive")                                                                      \
    X(DATABASE, "database")                                                                    \
    X(CONTAINER, "container")
#define VAULT_ROLES(X)                                                                         \
    X(NORMAL, "normal")                                                                        \
    X(REPLICATION, "replication")                                                              \
    X(MIRROR, "mirror")
#define VAULT_PLANS(X)                                                                         \
    X(FULL, "full")                                                                            \
    X(TRIAL, "trial")
enum vault_state {
#define X(symbol, name) VAULT_STATE_##symbol,
    VAULT_STATES(X)
#undef X
        VAULT_STATE_COUNT
};
enum vault_type {
#define X(symbol, name) VAULT_TYPE_##symbol,
    VAULT_TYPES(X)
#undef X
        VAULT_TYPE_COUNT
};
enum vault_role {
#define X(symbol, name) VAULT_ROLE_##symbol,
    VAULT_ROLES(X)
#undef X
        VAULT_ROLE_COUNT
};
enum vault_plan {
#define X(symbol, name) VAULT_PLAN_##symbol,
    VAULT_PLANS(X)
#undef X
        VAULT_PLAN_COUNT
};

/* How long a trial lasts (VLT-08). */
#define VAULT_TRIAL_NS (INT64_C(30) * 86400 * 1000000000)

/* All that the rules look at.  Texts belong to whoever filled it; times are nanoseconds since
 * 1970 UTC. */
struct vault_facts {
    const char *name;
    const char *region;
    enum vault_type type;
    enum vault_role role;
    enum vault_plan plan;
    enum vault_state state;
    const char *reason; /* of states FROZEN and ERROR; "" = none */
    int64_t now_ns;
    int64_t created_ns;
    int64_t least_age_ns; /* before which it cannot be deleted; 0 = none */
    int64_t trial_end_ns; /* of plan TRIAL */
    int64_t purge_ns;     /* of state DELETED: until when it is kept; FROZEN: deadline or 0 */
    uint64_t quota_bytes; /* 0 = none */
    uint64_t used_bytes;
    uint32_t warning_percent; /* of the quota */
    bool auto_expand;
    bool warned;      /* since the use last fell below the warning */
    uint64_t sources; /* bound to it */
    uint64_t source_limit;
    const char *mirror; /* the name of the mirror that it has; NULL = none */
    const char *mirror_region;
    const char *task; /* one that is at work on it; NULL = none */
    const char *lock; /* mode of the lock on its backups, as far as is known; NULL = none */
};

/* A vault to be made. */
struct vault_wish {
    const char *region;
    enum vault_type type;
    enum vault_role role;
    enum vault_plan plan;
    bool redundancy_given; /* somebody asked for one */
    uint64_t vaults;       /* that there are, all regions together */
    uint64_t vault_limit;
};

/* X(symbol, requirement): the table's rows, for tests and explanations. */
#define VAULT_RULES(X)                                                                         \
    X(NO_MIRROR, "MIR-03")            /* nobody but the replication writes to a mirror */      \
    X(NO_REPLICATION, "VLT-14")       /* replication vaults take replicas only */              \
    X(STATE, "VLT-11")                /* the state allows it */                                \
    X(TRIAL_RUNS, "VLT-08")           /* the trial has not ended */                            \
    X(IS_TRIAL, "VLT-08")             /* only a trial can be converted */                      \
    X(ROOM, "VLT-17")                 /* the quota is not used up */                           \
    X(NOT_BELOW_USE, "VLT-18")        /* a quota is not below what is used */                  \
    X(SOURCES, "VLT-25")              /* there is room for one more source */                  \
    X(BY_MIRROR_DELETE, "MIR-16")     /* mirrors are deleted as mirrors, in their region */    \
    X(SIZE_OF_SOURCE, "MIR-19")       /* a mirror has the size of its source */                \
    X(MIRROR_FIRST, "DEL-02")         /* the mirror goes before its source */                  \
    X(IDLE, "DEL-05")                 /* no task is at work on it */                           \
    X(OLD_ENOUGH, "DEL-08")           /* it is older than the configured age */                \
    X(IS_DELETED, "DEL-10")           /* only what was deleted can come back or be purged */   \
    X(KEPT, "DEL-10")                 /* what was deleted is kept for a while */               \
    X(RUN_OUT, "VLT-13")              /* the grace period of a frozen vault has run out */     \
    X(REDUNDANCY_BY_SYSTEM, "VLT-05") /* nobody chooses the redundancy */                      \
    X(VAULTS, "VLT-34")               /* there is room for one more vault */                   \
    X(TYPE_OF_REPLICAS, "VLT-02")     /* only these types go to other regions */               \
    X(FULL_FOR_REPLICAS, "VLT-08")    /* trials have no part in other regions */               \
    X(KEEPS_SOURCES, "VLT-21")        /* a locked vault keeps its sources */
enum vault_rule {
#define X(symbol, requirement) VAULT_RULE_##symbol,
    VAULT_RULES(X)
#undef X
        VAULT_RULE_COUNT
};
const char *vault_rule_requirement(enum vault_rule rule);

/* Each gives 0, or the error of the first rule that stands against it. */

/* VAULT_LIMIT, REPLICA_VAULT, USAGE when a redundancy was asked for. */
int vault_may_be_created(const struct vault_wish *wish, struct error *e);
/* A backup, by hand or by a policy. */
int vault_may_take_backup(const struct vault_facts *facts, struct error *e);
/* One more source; also a policy that backs up into it. */
int vault_may_be_bound(const struct vault_facts *facts, struct error *e);
/* One of its sources is bound to another vault, or to none, or forgotten. */
int vault_may_lose_source(const struct vault_facts *facts, struct error *e);
/* A lock on its backups, set or lifted. */
int vault_may_be_locked(const struct vault_facts *facts, struct error *e);
/* Key slots, added or removed by people. */
int vault_may_change_keys(const struct vault_facts *facts, struct error *e);
/* Looking into it, verifying, restoring. */
int vault_may_be_read(const struct vault_facts *facts, struct error *e);
/* One of its backups is deleted by hand or by retention. */
int vault_may_lose_backup(const struct vault_facts *facts, struct error *e);
/* Description and tags. */
int vault_may_be_updated(const struct vault_facts *facts, struct error *e);
/* A quota of `quota_bytes` (0 = none). */
int vault_may_be_resized(const struct vault_facts *facts, uint64_t quota_bytes,
                         struct error *e);
int vault_may_be_converted(const struct vault_facts *facts, struct error *e);
int vault_may_be_frozen(const struct vault_facts *facts, struct error *e);
/* From FROZEN or ERROR to AVAILABLE. */
int vault_may_be_unfrozen(const struct vault_facts *facts, struct error *e);
/* Softly. */
int vault_may_be_deleted(const struct vault_facts *facts, struct error *e);
/* Softly, since it was frozen for too long. */
int vault_may_run_out(const struct vault_facts *facts, struct error *e);
int vault_may_be_undeleted(const struct vault_facts *facts, struct error *e);
/* For good; `early`: before its time. */
int vault_may_be_purged(const struct vault_facts *facts, bool early, struct error *e);

/* Room for `more_bytes` on top of what is used: `*quota_bytes` is the quota then, the one there
 * is or, with auto_expand, one grown by steps of 1.25 (VLT-17).  VAULT_FULL. */
int vault_room(const struct vault_facts *facts, uint64_t more_bytes, uint64_t *quota_bytes,
               struct error *e);
/* Whether the use of `used_bytes` is at or above the warning (VLT-19); never without a quota.
 */
bool vault_over_warning(const struct vault_facts *facts, uint64_t used_bytes);

#endif
