/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - rules that replicate the objects of one source to another: working on them.
 *
 * A pass lists the versions at the source, in their order, beside what the catalog knows; what
 * is new gets a row (PENDING); then the rows are worked off, several objects at a time, the
 * versions of one object one after another.  A copy says what it is a copy of
 * (engine/object_origin.h): one that was made but not recorded is found again.  Memory does not
 * grow with the number of objects.  See doc/decisions/0021-object-replication.md.
 */
#ifndef CORE_ENGINE_RULE_H
#define CORE_ENGINE_RULE_H

#include "catalog/object_rule.h"
#include "engine/job.h"
#include "engine/setup.h"
#include "policy/object_rules.h"

/* ---- what a rule says, and those beside it ---- */

/* The rules of one source, read and understood.  `{0}` is empty. */
struct rule_set {
    struct catalog_object_rule **rows; /* by name */
    struct object_rule *rules;         /* of each */
    struct object_rule_pair **pairs;
    size_t count;
};
/* The rules whose source is that of `row`, by its id or by its place. */
int rule_set_load(struct catalog *c, const struct catalog_object_rule *row,
                  struct rule_set *set, struct error *e);
void rule_set_clear(struct rule_set *set);
/* The index of the rule of that id; `set->count` when it is not among them. */
size_t rule_set_find(const struct rule_set *set, const uint8_t id[CATALOG_ID_SIZE]);
/* What one row says; `*pairs` is freed by the caller, after `rule`. */
int rule_parse(const struct catalog_object_rule *row, struct object_rule *rule,
               struct object_rule_pair **pairs, struct error *e);

/* ---- a pass ---- */

struct rule_result {
    uint64_t listed;                       /* versions that the source has */
    uint64_t queued;                       /* that were new */
    uint64_t copied, copied_bytes, marked; /* by this pass */
    uint64_t by_store;                     /* of the copied ones: without their bytes passing */
    uint64_t found;                        /* were there already: a pass before had made them */
    uint64_t skipped;                      /* of the queued ones, when they were looked at */
    uint64_t again;                        /* failed and are tried again by a later pass */
    uint64_t failed;                       /* given up */
    bool cut;                              /* the rule was switched off or changed meanwhile */
};

/* Fills in `result` also when it fails.  `reporter` may be NULL.  RULE_DISABLED, RULE_INVALID,
 * RULE_RUNNING; RULE_SOURCE_VERSIONS (OBJ-03); RULE_DESTINATION_VERSIONS, after which the rule
 * is in state invalid.  Objects that failed are told by `result` and the reporter, and are no
 * failure of the pass. */
int rule_run(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
             const struct job_reporter *reporter, struct rule_result *result, struct error *e);

/*
 * OBJ-16: queues what was missed and then makes a pass.  `since_ns` above 0: every version made
 * from then on that no pass has copied; 0: the present objects that the destination lacks, or
 * that differ there, by the listings of both.  Gaps that this fills are forgotten.
 */
int rule_backfill(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], int64_t since_ns,
                  const struct job_reporter *reporter, struct rule_result *result,
                  struct error *e);

/* How far a rule is behind. */
struct rule_lag {
    struct catalog_rule_figures figures;
    int64_t oldest_pending_age_ns; /* 0 = nothing waits */
    int64_t unseen_ns;             /* since the last whole listing began */
    int64_t behind_ns;             /* the larger of both; 0 for a rule that is not enabled */
    int64_t rpo_ns;
    bool over; /* behind for longer than the rule's rpo */
};
int rule_lag(struct catalog *c, const struct catalog_object_rule *row, struct rule_lag *lag,
             struct error *e);

#endif
