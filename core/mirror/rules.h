/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - what may be mirrored, and what may be done with a mirror.  One function decides,
 * for every way in: a command, a policy, a rebuild.
 *
 * Pure: the facts come in, the first rule that is broken goes out.  Each rule has an id (of the
 * requirement it stands for), a code of its own and a sentence; the table is in rules.c.
 */
#ifndef CORE_MIRROR_RULES_H
#define CORE_MIRROR_RULES_H

#include "catalog/mirror.h"

/* Where the wish for a mirror comes from. */
enum mirror_way { MIRROR_BY_VAULT, MIRROR_BY_POLICY };

/* All that the rules of making a mirror look at.  The rules of places (sending and receiving
 * regions, accounts, projects) are those of policy/place.h and are asked before. */
struct mirror_wish {
    const struct catalog_vault *source;
    const char *mirror_name;        /* of the mirror that the source has; NULL = none */
    const char *mirror_region;      /* ... and where */
    const char *region;             /* of the new mirror */
    enum catalog_encryption method; /* that the new mirror would have */
    bool method_given;              /* somebody asked for it */
    uint64_t mirrors;               /* that the region has */
    uint64_t mirror_limit;
    enum mirror_way way;
    const char *by_policy_only; /* a driver of the vault's backups that is replicated only
                                   through a policy; NULL = none */
    const char *not_mirrorable; /* a driver whose backups are never mirrored; NULL = none */
    bool cadence;               /* an interval was asked for */
};

/* X(symbol, requirement) in the order in which they are asked. */
#define MIRROR_RULES(X)                                                                        \
    X(CADENCE, "MIR-11")                                                                       \
    X(ONE, "MIR-01")                                                                           \
    X(NOT_A_MIRROR, "MIR-02")                                                                  \
    X(NOT_A_REPLICATION_VAULT, "REP-04")                                                       \
    X(NO_ARCHIVE, "MIR-02")                                                                    \
    X(NO_DATABASE, "MIR-02")                                                                   \
    X(NO_CONTAINER, "MIR-02")                                                                  \
    X(NO_TRIAL, "MIR-02")                                                                      \
    X(GOOD_STATE, "MIR-02")                                                                    \
    X(SAME_METHOD, "MIR-04")                                                                   \
    X(MIRRORABLE, "MIR-15")                                                                    \
    X(BY_POLICY, "MIR-14")                                                                     \
    X(LIMIT, "MIR-24")
enum mirror_rule {
#define X(symbol, requirement) MIRROR_RULE_##symbol,
    MIRROR_RULES(X)
#undef X
        MIRROR_RULE_COUNT
};
const char *mirror_rule_requirement(enum mirror_rule rule);

/* 0, or the error of the first rule that stands against it. */
int mirror_may_be_made(const struct mirror_wish *wish, struct error *e);

/* Names that are made when none was given: "[COPY]-NAME" (NAM-05, MIR-06), the second and
 * further ones "[COPY]-NAME-2" and so on (`number`, from 1), cut so that they keep the limit of
 * names (NAM-10), and "From NAME(ID)" (MIR-07), in which the name is cut. */
void mirror_made_name(const char *source, unsigned number, char *name, size_t room);
void mirror_made_description(const char *source, const uint8_t id[CATALOG_ID_SIZE], char *text,
                             size_t room);

#endif
