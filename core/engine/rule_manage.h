/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_manage.h - what people do with replication rules of objects.
 *
 * Each function that changes anything asks the rules (policy/object_rules.h), looks at both
 * ends, changes the rows and writes the audit line in one transaction.
 */
#ifndef CORE_ENGINE_RULE_MANAGE_H
#define CORE_ENGINE_RULE_MANAGE_H

#include "engine/rule.h"

/* A rule that is to be: its sources by name, settings as words (NAME=VALUE). */
struct rule_wish {
    const char *name, *from, *to;
    const struct catalog_pairs *words; /* NULL = none */
    bool disabled;
};

/* Makes the rule; new is what is made from now on.  The caller frees it.  NO_SOURCE,
 * NAME_TAKEN, RULE_... of policy/object_rules.h. */
struct catalog_object_rule *rule_manage_create(struct setup *s, const struct rule_wish *wish,
                                               struct error *e);
/* Changes settings: words with an empty value take the setting away, `tag` replaces all tags.
 */
int rule_manage_edit(struct setup *s, struct catalog_object_rule *row,
                     const struct catalog_pairs *words, struct error *e);
/* OBJ-12: switching off ends what runs, and drops what waits; `*dropped` (may be NULL)
 * versions. Switching on covers what is made from now on; the time between is a gap.  Nothing
 * happens when it is so already. */
int rule_manage_enable(struct setup *s, struct catalog_object_rule *row, bool enabled,
                       uint64_t *dropped, struct error *e);
/* Copies stay where they are. */
int rule_manage_delete(struct setup *s, const struct catalog_object_rule *row, struct error *e);
/* OBJ-04: the rules of the source `from` are these from now on, or nothing changes.  A rule of
 * the same name and destination goes on as it was, with other settings.  `changes[4]`: made,
 * changed, left as they were, deleted. */
int rule_manage_replace(struct setup *s, const char *from, const struct rule_wish *wishes,
                        size_t count, uint64_t changes[4], struct error *e);
/* What has failed waits again: all, or that of `key` (NULL = all). */
int rule_manage_retry(struct setup *s, const struct catalog_object_rule *row, const char *key,
                      uint64_t *count, struct error *e);

#endif
