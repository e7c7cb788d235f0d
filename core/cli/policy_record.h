/* SPDX-License-Identifier: Apache-2.0 */
/* policy_record.h - policies, runs and jobs as records, for the commands that print them. */
#ifndef CORE_CLI_POLICY_RECORD_H
#define CORE_CLI_POLICY_RECORD_H

#include "catalog/run.h"
#include "cli/session.h"

/* The policy that the first operand names; the setup is opened.  The caller frees. */
struct catalog_policy *policy_operand(struct session *s, struct error *e);
/* Runs the policy by hand, now with --wait, and tells what became of it.  Takes the row over;
 * NULL is an error that `e` has already. */
int policy_run_row(struct session *s, struct catalog_policy *row, struct error *e);
/* A policy with its vaults, its next run and its last one. */
int record_policy(struct session *s, const struct catalog_policy *row, struct error *e);
void record_run(struct output *o, const struct catalog_run *row);
/* With the names of its vault and source. */
int record_job(struct session *s, const struct catalog_job *row, struct error *e);
/* Calls `each` for the vaults that the policy holds for, by name; it may change the catalog. */
int policy_each_vault(struct session *s, const struct catalog_policy *row,
                      int (*each)(void *context, const struct catalog_vault *vault,
                                  struct error *e),
                      void *context, struct error *e);
/* Words NAME=VALUE of the operands from `first` on; POLICY_SETTING for what is none. */
int policy_words(const struct session *s, size_t first, struct catalog_pairs *words,
                 struct error *e);

#endif
