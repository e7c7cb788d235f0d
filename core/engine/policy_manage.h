/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_manage.h - what people do with policies: making, changing, enabling, deleting them,
 * letting them hold for vaults.
 *
 * Each function that changes anything looks at the facts, asks the rules
 * (policy/policy_rules.h), changes the rows and writes the audit line in one transaction, which
 * may stand in one of the caller.
 */
#ifndef CORE_ENGINE_POLICY_MANAGE_H
#define CORE_ENGINE_POLICY_MANAGE_H

#include "catalog/policy.h"
#include "engine/policy_row.h"
#include "engine/setup.h"

/*
 * A copy of `base` (at least its name and kind) whose settings are changed by `words`: names
 * and values, where an empty value takes the setting away.  All settings are checked, together
 * and against what there is: regions, vaults, policies, ways to tell people.  Freed by the
 * caller.  NAME_INVALID, POLICY_SETTING, SCHEDULE, TIME_ZONE, RETENTION, NO_REGION, NO_VAULT,
 * NO_POLICY, REGION_CANNOT_RECEIVE, REPLICA_VAULT.
 */
int policy_manage_draft(struct setup *s, const struct catalog_policy *base,
                        const struct catalog_pairs *words, struct catalog_policy **draft,
                        struct error *e);

/* Whether the policy may hold for the vault: the rules, and for replication the way from region
 * to region (policy/place.h). */
int policy_manage_fits(struct setup *s, const struct catalog_policy *policy,
                       const struct catalog_vault *vault, struct error *e);
/* Whether such a new policy may be made: NAME_TAKEN, and what the rules say. */
int policy_manage_check_new(struct setup *s, const struct catalog_policy *draft,
                            struct error *e);
/* Stores a new policy, which holds for the `count` vaults from then on. */
int policy_manage_insert(struct setup *s, struct catalog_policy *draft,
                         const struct catalog_vault *const *vaults, size_t count,
                         struct error *e);

/* What a change of settings comes to. */
struct policy_edit {
    bool schedule;                /* other times: slots up to now are done with */
    bool retention;               /* other rules ... */
    enum retention_effect effect; /* ... and for which backups (RET-09) */
    struct retention_rules rules_before, rules_after;
    char before[256], after[256];        /* retention in words */
    char changes[CATALOG_TEXT_SIZE * 3]; /* "keep-count=7 (was 5), window= (was 6h)" */
};
/* Compares the draft with the row that it was made of. */
int policy_manage_compare(const struct catalog_policy *row, const struct catalog_policy *draft,
                          struct policy_edit *edit, struct error *e);
/* Stores the draft in the place of the row.  CONFLICT when somebody else has changed it; what
 * the rules say. */
int policy_manage_update(struct setup *s, const struct catalog_policy *row,
                         struct catalog_policy *draft, struct error *e);
/* SCH-08: a disabled policy begins no runs by itself; those that are open go on.  Nothing
 * happens when it is so already. */
int policy_manage_enable(struct setup *s, struct catalog_policy *row, bool enabled,
                         struct error *e);
/* RET-11: its backups stay; what is open of it is ended.  NO_POLICY, POLICY_APPLIED. */
int policy_manage_delete(struct setup *s, const struct catalog_policy *row, struct error *e);
/* From now on it holds for the vault, or not any more. */
int policy_manage_apply(struct setup *s, const struct catalog_policy *row,
                        const struct catalog_vault *vault, struct error *e);
int policy_manage_withdraw(struct setup *s, const struct catalog_policy *row,
                           const struct catalog_vault *vault, struct error *e);

/* DEL-11: POLICY_APPLIED, naming the policy, when one holds for the vault, which is to be
 * deleted. */
int policy_manage_check_free(struct setup *s, const struct catalog_vault *vault,
                             struct error *e);
/* The sources that are bound to a vault, counted. */
int policy_manage_sources(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                          uint64_t *count, struct error *e);

#endif
