/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch.h - turns what is due into rows: slots of policies into runs with their jobs, and
 * upkeep into jobs that come again.  Nothing is worked on here.
 *
 * Any number of runners may do so at a time: the policy's cursor and the row of a slot are
 * written in one transaction, and one of them is first.
 */
#ifndef CORE_RUNNER_DISPATCH_H
#define CORE_RUNNER_DISPATCH_H

#include "catalog/run.h"
#include "engine/setup.h"
#include "policy/policy.h"

/* What one runner remembers from look to look.  `{0}` at the start. */
struct dispatcher {
    int64_t looked_ns;  /* wall clock, of the last look of this runner */
    int64_t written_ns; /* wall clock, of the last look that was written down */
    uint64_t broken;    /* which policies could not be understood: each is said once */
    /* What the last look has found. */
    uint64_t runs, skipped, missed;
    int64_t next_ns; /* when the next slot comes; 0 = there is none */
};

/* Decides on everything that is due at the present time.  A policy that cannot be understood is
 * logged and hinders no other. */
int dispatch_look(struct dispatcher *d, struct setup *s, struct error *e);

/* The upkeep that there is to be: for the whole, and for every vault in use. */
int dispatch_upkeep(struct setup *s, struct error *e);

/*
 * Begins a run by hand (TSK-12): its jobs are due at once.  POLICY_RUNNING while one of the
 * policy is not over, POLICY_EMPTY when it holds for no vault; `*run` is what was recorded.
 * The caller writes the audit line; both may stand in one transaction.
 */
int dispatch_by_hand(struct setup *s, const struct catalog_policy *row, struct catalog_run *run,
                     struct error *e);

#endif
