/* SPDX-License-Identifier: Apache-2.0 */
/* run_fixture.h - policies, runs and jobs in catalogs, for tests. */
#ifndef TESTS_UNIT_RUN_FIXTURE_H
#define TESTS_UNIT_RUN_FIXTURE_H

#include "catalog/run.h"

/* A policy of that name; its id is filled in. */
struct catalog_policy *add_policy(struct catalog *c, const char *name,
                                  enum catalog_policy_kind kind);
/* A run of the policy, not inserted. */
struct catalog_run make_run(const struct catalog_policy *policy, enum catalog_trigger trigger,
                            int64_t slot_ns);
/* A waiting job of a source into a vault (ids made of one number), due at once. */
struct catalog_job make_job(uint8_t vault, uint8_t source);
/* A scheduled run with `count` jobs, of sources 1 to `count` into vault 10. */
struct catalog_run add_run(struct catalog *c, const struct catalog_policy *policy,
                           int64_t slot_ns, size_t count);
/* The runs of a policy as text: "slot:state(reason) " for each, newest first. */
const char *runs_text(struct catalog *c, const struct catalog_policy *policy, char *text,
                      size_t room);
/* The jobs of a run as text: "state/attempts " for each. */
const char *jobs_text(struct catalog *c, int64_t run, char *text, size_t room);
/* Claims the job; fails the test when it cannot be had. */
struct catalog_job claim_job(struct catalog *c, int64_t id);
/* The id of the n-th job of a run, from 0. */
int64_t job_of(const struct catalog_run *run, struct catalog *c, int number);
/* Claims the job and ends it, with a backup when the state is SUCCESS. */
void end_job(struct catalog *c, int64_t id, enum catalog_run_state state, const char *why);

#endif
