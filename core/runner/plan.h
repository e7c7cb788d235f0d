/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - which jobs a run is made of.  Private to the room. */
#ifndef CORE_RUNNER_PLAN_H
#define CORE_RUNNER_PLAN_H

#include "runner/dispatch.h"

/* A run that is about to be recorded.  `{0}` is empty. */
struct plan {
    struct catalog_run run;
    struct catalog_job *jobs;
    size_t count;
};

/*
 * Fills in the jobs of a run of the policy: one for each source that is bound to a vault of it,
 * or one for each vault.  What cannot be backed up now is a job that is SKIPPED, with the
 * reason (TSK-15).  Freed with plan_clear, also after a failure.
 */
int plan_jobs(struct setup *s, const struct catalog_policy *row, int64_t due_ns,
              int64_t until_ns, struct plan *plan, struct error *e);
/* Whether a run that begins now reads everything anew (policy_full_due). */
int plan_full(struct catalog *c, const struct catalog_policy *row, const struct policy *policy,
              int64_t now_ns, bool *full, struct error *e);
void plan_clear(struct plan *plan);

#endif
