/* SPDX-License-Identifier: Apache-2.0 */
/* policy_row.h - from a policy of the catalog to what it says. */
#ifndef CORE_ENGINE_POLICY_ROW_H
#define CORE_ENGINE_POLICY_ROW_H

#include "catalog/policy.h"
#include "policy/policy.h"

/* What the row's settings say, as policy_parse; errors name the policy.  The caller frees. */
int policy_row_parse(const struct catalog_policy *row, struct policy **policy, struct error *e);
/* The policy of exactly this name and kind: 1 and `*policy`, 0 none, -1. */
int policy_row_find(struct catalog *c, const char *name, enum catalog_policy_kind kind,
                    struct policy **policy, struct error *e);

#endif
