/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - selection rules from where people write them: sources, options, files. */
#ifndef CORE_ENGINE_RULES_H
#define CORE_ENGINE_RULES_H

#include "catalog/catalog.h"
#include "policy/select.h"

/* Names of pairs: what to leave out, what to take, and files with one rule on each line. */
#define RULES_EXCLUDE "exclude"
#define RULES_INCLUDE "include"
#define RULES_EXCLUDE_FROM "exclude-from"
#define RULES_INCLUDE_FROM "include-from"

/* Adds the pairs in their order.  `origin` stands in front of their names in messages ("--",
 * "source etc: ").  USAGE names the rule that is wrong. */
int rules_add_pairs(struct select_rules *rules, const struct catalog_pairs *pairs,
                    const char *origin, struct error *e);
/* Leaves out the folder `path` (absolute) when it lies below `root` (absolute): anchored, taken
 * as it is.  `*added` tells. */
int rules_add_folder(struct select_rules *rules, const char *root, const char *path,
                     const char *origin, bool *added, struct error *e);

#endif
