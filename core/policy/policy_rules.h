/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_rules.h - what may be done with a policy, and for which vaults it may hold.  Every way
 * in asks these functions and no others.
 *
 * The rules are one table in policy_rules.c: each has the id of the requirement that it stands
 * for, a code and a sentence.  All functions are pure; any threads.  An error has one line that
 * names the policy, the rule and the way out.
 */
#ifndef CORE_POLICY_POLICY_RULES_H
#define CORE_POLICY_POLICY_RULES_H

#include "policy/policy.h"
#include "policy/vault_rules.h"

/* All that the rules look at; each function says which members it needs.  Texts belong to
 * whoever filled it. */
struct policy_facts {
    const char *name;
    unsigned kind;     /* POLICY_FOR_BACKUP or POLICY_FOR_REPLICATION */
    uint64_t policies; /* of this kind that there are */
    uint64_t limit;    /* ... and may be */
    uint64_t vaults;   /* that it holds for */
    const char *to;    /* its setting replicate-to; NULL = none */
    const char *to_before;
    const char *mirror_to; /* its setting mirror-to; NULL = none */
    const char *mirror_to_before;
    const char *after;   /* its setting after; NULL = none */
    bool after_itself;   /* following that setting leads back to it */
    const char *awaited; /* a policy whose setting after names it; NULL = none */

    const char *vault; /* the vault that it is to hold for */
    enum vault_role role;
    enum vault_state state;
    const char *other; /* another policy of this kind that holds for the vault; NULL = none */
};

/* X(symbol, requirement) in the order in which they are asked. */
#define POLICY_RULES(X)                                                                        \
    X(LIMIT, "SCH-04")             /* there is room for one more */                            \
    X(DESTINATION, "SCH-02")       /* a replication policy says where to */                    \
    X(NOT_AFTER_ITSELF, "SCH-09")  /* no policy waits for itself */                            \
    X(NOT_ON_MIRROR, "MIR-03")     /* nobody but the replication writes to a mirror */         \
    X(NOT_ON_REPLICAS, "REP-04")   /* replication vaults take replicas, which stay there */    \
    X(VAULT_STATE, "VLT-11")       /* the vault's state allows it */                           \
    X(ONE_OF_EACH, "SCH-03")       /* one policy of each kind for a vault */                   \
    X(DESTINATION_FIXED, "SCH-13") /* it does not change while it holds for vaults */          \
    X(MIRROR_FIXED, "MIR-01")      /* a vault has one mirror, which does not move */           \
    X(NOT_AWAITED, "SCH-09")       /* no other policy waits for one that goes */
enum policy_rule {
#define X(symbol, requirement) POLICY_RULE_##symbol,
    POLICY_RULES(X)
#undef X
        POLICY_RULE_COUNT
};
const char *policy_rule_requirement(enum policy_rule rule);

/* Each gives 0, or the error of the first rule that stands against it. */

/* Needs name, kind, policies, limit, to, after and after_itself.  POLICY_LIMIT, POLICY_SETTING.
 */
int policy_may_be_created(const struct policy_facts *facts, struct error *e);
/* Needs name, kind, vaults, to, mirror_to with what they were before, after and after_itself.
 * POLICY_SETTING, POLICY_APPLIED. */
int policy_may_be_changed(const struct policy_facts *facts, struct error *e);
/* To hold for the vault.  Needs name, kind, vault, role, state and other.  POLICY_ON_MIRROR,
 * POLICY_KIND, VAULT_STATE, POLICY_TAKEN. */
int policy_may_be_applied(const struct policy_facts *facts, struct error *e);
/* Needs name and awaited.  POLICY_APPLIED. */
int policy_may_be_deleted(const struct policy_facts *facts, struct error *e);

#endif
