/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_work.h - what policies lead to at once: the mirrors of their vaults, and runs by hand.
 */
#ifndef CORE_RUNNER_POLICY_WORK_H
#define CORE_RUNNER_POLICY_WORK_H

#include "catalog/run.h"
#include "engine/setup.h"
#include "mirror/create.h"

/* What became of the mirror of one vault. */
enum policy_mirror {
    POLICY_MIRROR_NONE, /* the policy asks for none */
    POLICY_MIRROR_THERE,
    POLICY_MIRROR_MADE
};

/* MIR-13, SCH-01: whether the vault has the mirror that the setting mirror-to of the policy
 * asks for, or could have it.  MIRROR_EXISTS when its mirror is in another region; the codes of
 * mirror_check. */
int policy_mirror_check(struct setup *s, const struct catalog_policy *policy,
                        const struct catalog_vault *vault, struct error *e);
/* Makes it when it is not there, through mirror_create, as a wish of the policy (MIR-14);
 * `made` (`{0}`) is filled in then, and cleared by the caller in any case. */
int policy_mirror_make(struct setup *s, const struct catalog_policy *policy,
                       const struct catalog_vault *vault, enum policy_mirror *what,
                       struct mirror_made *made, struct error *e);

/* TSK-12, SCH-08: begins a run of the policy, enabled or not, with its audit line in the same
 * transaction.  POLICY_RUNNING, POLICY_EMPTY. */
int policy_run_by_hand(struct setup *s, const struct catalog_policy *policy,
                       struct catalog_run *run, struct error *e);

/* TSK-20: ends the run of the policy that is not over, with its audit line: what waits is
 * dropped, what is at work is asked to end.  CONFLICT when there is none. */
int policy_run_cancel(struct setup *s, const struct catalog_policy *policy,
                      struct catalog_run *run, struct error *e);

#endif
