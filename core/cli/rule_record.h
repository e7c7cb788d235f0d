/* SPDX-License-Identifier: Apache-2.0 */
/* rule_record.h - replication rules of objects, for the commands that print them. */
#ifndef CORE_CLI_RULE_RECORD_H
#define CORE_CLI_RULE_RECORD_H

#include "cli/session.h"
#include "engine/rule.h"

/* The rule that the first operand names; the setup is opened.  The caller frees. */
struct catalog_object_rule *rule_operand(struct session *s, struct error *e);
/* Words NAME=VALUE of the operands from `first` on; RULE_SETTING for what is none. */
int rule_words(const struct session *s, size_t first, struct catalog_pairs *words,
               struct error *e);
/* A rule with how far it is behind; `lag` (may be NULL) gets that. */
int record_rule(struct session *s, const struct catalog_object_rule *row, struct rule_lag *lag,
                struct error *e);

#endif
