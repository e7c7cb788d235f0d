/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - the policies that people have made, and the vaults that they hold for.
 *
 * What a policy says stands in named settings, whose table and meaning are those of
 * policy/policy.h; here they are texts.  Conventions: see catalog.h.
 */
#ifndef CORE_CATALOG_POLICY_H
#define CORE_CATALOG_POLICY_H

#include "catalog/catalog.h"

#define CATALOG_POLICY_KINDS(X)                                                                \
    X(BACKUP, "backup")                                                                        \
    X(REPLICATION, "replication")
enum catalog_policy_kind {
#define X(symbol, name) CATALOG_POLICY_##symbol,
    CATALOG_POLICY_KINDS(X)
#undef X
};
const char *catalog_policy_kind_name(enum catalog_policy_kind kind);
int catalog_policy_kind_parse(const char *name);

struct catalog_policy {
    uint8_t id[CATALOG_ID_SIZE];
    char name[NAME_SIZE];
    enum catalog_policy_kind kind;
    bool enabled;
    struct catalog_pairs settings; /* ascending by name, each once */
    int64_t created_ns;
    int64_t changed_ns;
    uint64_t revision; /* from 1, one more with each change */
    /* All slots up to here were decided: what is due next comes after it. */
    int64_t cursor_ns;
};
struct catalog_policy *catalog_policy_new(struct error *e);
void catalog_policy_free(struct catalog_policy *policy);
/* Fills in id, times and revision, and puts the settings into order; the cursor is now.
 * NAME_INVALID, NAME_TAKEN. */
int catalog_policy_insert(struct catalog *c, struct catalog_policy *policy, struct error *e);
/* As catalog_policy_insert for one that was known once: its id, times of making and changing
 * and revision are given. */
int catalog_policy_restore(struct catalog *c, struct catalog_policy *policy, struct error *e);
/* By name, or by id in hexadecimal (abbreviated, at least 4 digits).  NO_POLICY, AMBIGUOUS. */
struct catalog_policy *catalog_policy_find(struct catalog *c, const char *text,
                                           struct error *e);
struct catalog_policy *catalog_policy_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                          struct error *e);
/* Stores name, enabled, settings; counts the revision.  CONFLICT when somebody else has changed
 * it since it was read. */
int catalog_policy_update(struct catalog *c, struct catalog_policy *policy, struct error *e);
/* Its runs and backups stay.  NO_POLICY. */
int catalog_policy_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          struct error *e);
/* By name. */
int catalog_policy_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_policy *policy,
                                    struct error *e),
                        void *context, struct error *e);
/* All policies, by name, for who changes the catalog while going through them. */
int catalog_policy_all(struct catalog *c, struct catalog_policy ***policies, size_t *count,
                       struct error *e);
void catalog_policy_all_free(struct catalog_policy **policies, size_t count);
/* A made name that no policy has: "policy_1f2e". */
int catalog_policy_name(struct catalog *c, char name[NAME_SIZE], struct error *e);
/* Moves the cursor from `from_ns` to `to_ns`, also backwards: 1, or 0 when another process has
 * moved it meanwhile. */
int catalog_policy_cursor(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], int64_t from_ns,
                          int64_t to_ns, struct error *e);

/* The policy holds for the vault.  POLICY_TAKEN when another one of its kind does, named in the
 * text; that it does already is fine. */
int catalog_policy_apply(struct catalog *c, const struct catalog_policy *policy,
                         const uint8_t vault[CATALOG_ID_SIZE], struct error *e);
/* Class NOT_FOUND when it does not hold for it. */
int catalog_policy_withdraw(struct catalog *c, const struct catalog_policy *policy,
                            const uint8_t vault[CATALOG_ID_SIZE], struct error *e);
/* The vaults it holds for, by name; allocated, `*count` of CATALOG_ID_SIZE bytes each. */
int catalog_policy_vaults(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          uint8_t (**vaults)[CATALOG_ID_SIZE], size_t *count, struct error *e);
/* The policy of that kind that holds for a vault; NULL without an error when there is none. */
struct catalog_policy *catalog_policy_of(struct catalog *c,
                                         const uint8_t vault[CATALOG_ID_SIZE],
                                         enum catalog_policy_kind kind, struct error *e);

/* Settings of a source beside its parameters: hooks and wished consistency. */
int catalog_source_settings_get(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                                struct catalog_pairs *settings, struct error *e);
/* Replaces all of them. */
int catalog_source_settings_set(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                                const struct catalog_pairs *settings, struct error *e);

#endif
