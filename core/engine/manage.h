/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage.h - what people change of a vault that is there: description, tags, quota, plan,
 * state; deleting it softly and bringing it back.
 *
 * Each function looks at the facts, asks the rule, changes the row and writes the audit line in
 * one transaction.  `row` is what the caller read; on success it is what stands there then.
 * Codes: those of the rule (policy/vault_rules.h), NO_VAULT when it is gone meanwhile.
 */
#ifndef CORE_ENGINE_MANAGE_H
#define CORE_ENGINE_MANAGE_H

#include "engine/vault_facts.h"

/* What shall be different; a member that says nothing leaves it as it is. */
struct manage_change {
    const char *description;          /* NULL = as it is */
    const uint64_t *quota_bytes;      /* NULL = as it is; 0 = none */
    uint32_t quota_warning;           /* percent, 1 to 100; 0 = as it is */
    const bool *auto_expand;          /* NULL = as it is */
    const struct catalog_pairs *tags; /* set, or set anew; may be NULL */
    const char *const *untag;         /* names of tags to take away ... */
    size_t untag_count;               /* ... a name that is none is PARAMETER */
};

/* NAME_INVALID, PARAMETER, and what the rules say. */
int manage_update(struct setup *s, struct catalog_vault *row,
                  const struct manage_change *change, struct error *e);
/* A trial becomes a full vault, for good. */
int manage_convert(struct setup *s, struct catalog_vault *row, struct error *e);
/* `reason` is for people and not empty.  After `grace_ns` it may run out (0 = never). */
int manage_freeze(struct setup *s, struct catalog_vault *row, const char *reason,
                  int64_t grace_ns, struct error *e);
/* From FROZEN, or from ERROR after its place was looked at. */
int manage_unfreeze(struct setup *s, struct catalog_vault *row, struct error *e);
/* Softly: state DELETED until limits.undelete has passed. */
int manage_delete(struct setup *s, struct catalog_vault *row, struct error *e);
/* The same for a frozen vault whose deadline has passed. */
int manage_run_out(struct setup *s, struct catalog_vault *row, struct error *e);
int manage_undelete(struct setup *s, struct catalog_vault *row, struct error *e);

/* Adds the tags, or sets their values anew, in `tags`; checks their names, values and number
 * (`limit`).  For vaults to be made too. */
int manage_tags(struct catalog_pairs *tags, const struct catalog_pairs *added, size_t limit,
                struct error *e);

/* A backup has room for `more_bytes` on top of what the vault holds; a quota that grows by
 * itself grows now.  VAULT_FULL. */
int manage_room(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE], uint64_t more_bytes,
                struct error *e);
/* Whether the use has gone over the warning since it was last below: true once for each
 * crossing, with the figures then. */
bool manage_quota_warning(struct setup *s, const uint8_t vault[CATALOG_ID_SIZE],
                          uint64_t *used_bytes, uint64_t *quota_bytes);

/* Makes the vault in storage say what the row says (engine/about.h), opened with its own key.
 */
int manage_tell_storage(struct setup *s, const struct catalog_vault *row, struct error *e);
/* The same for a vault that is open, unlocked and writable. */
int manage_tell_vault(struct setup *s, struct vault *vault, const struct catalog_vault *row,
                      struct error *e);

#endif
