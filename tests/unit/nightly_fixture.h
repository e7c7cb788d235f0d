/* SPDX-License-Identifier: Apache-2.0 */
/* nightly_fixture.h - a catalog with one policy, for tests of runs and of jobs. */
#ifndef TESTS_UNIT_NIGHTLY_FIXTURE_H
#define TESTS_UNIT_NIGHTLY_FIXTURE_H

#include "catalog/policy.h"

/* The policy of the open catalog, a backup policy. */
extern struct catalog_policy *nightly;

/* A fresh catalog with the vaults 10 "main" and 11 "other", and the policy. */
struct catalog *open_runs(void);
/* Closes it; the test fails unless it is sound. */
void close_runs(struct catalog *c);

#endif
