/* SPDX-License-Identifier: Apache-2.0 */
/*
 * purge.h - removes a deleted vault for good: every object from its place, then its row.
 *
 * The key slots go first, the configuration last, without which there is no vault.  So an
 * interrupted purge leaves a vault that is whole, or one that nothing opens, which a rebuild
 * reports as such; with the keys still there, one without seals would pass for a healthy vault
 * that is empty.  The next purge finishes it.
 */
#ifndef CORE_ENGINE_PURGE_H
#define CORE_ENGINE_PURGE_H

#include "engine/job.h"
#include "engine/vault_facts.h"

struct purge_result {
    uint64_t objects; /* removed */
    uint64_t bytes;   /* of these */
    uint64_t left;    /* objects that the target did not remove */
    uint64_t foreign; /* objects below the place that never were of a vault; they stay */
    char first_left[CATALOG_TEXT_SIZE]; /* names of the first of each */
    char first_foreign[CATALOG_TEXT_SIZE];
    char task[CATALOG_TASK_ID_SIZE]; /* empty when it could not be recorded */
};

struct purge_request {
    bool force; /* before its time, and although what lies there cannot be known again */
    const struct job_reporter *reporter; /* NULL = none */
};

/*
 * Purges the vault of `row`.  `*result` is filled in on failure too.  Codes: those of the
 * rules; BACKUP_LOCKED while its lock holds a backup, and LOCK_STATE when that is not known;
 * INTEGRITY when another vault lies in its place; CONFLICT (class IMMUTABLE or what the target
 * said) when objects are left, which the message counts and names: the vault stays in state
 * DELETING then.
 */
int purge_vault(struct setup *s, const struct catalog_vault *row,
                const struct purge_request *request, struct purge_result *result,
                struct error *e);

/* Removes all objects of the vault on `target`, in that order, and looks what is left;
 * `reporter` may be NULL. When some are left the configuration stays too, and `*result` tells.
 * BACKUP_LOCKED. */
int purge_objects(struct target *target, const struct job_reporter *reporter,
                  struct purge_result *result, struct error *e);

#endif
