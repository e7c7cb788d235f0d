/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.h - what the catalog knows as numbers, for metrics and summaries: one query for each
 * kind, whose rows are a few texts that name a thing (labels) and numbers of it (values).  No
 * two rows of a kind have the same labels.  Deleted vaults are left out.
 */
#ifndef CORE_CATALOG_FIGURES_H
#define CORE_CATALOG_FIGURES_H

#include "catalog/catalog.h"

enum { CATALOG_FIGURE_LABELS = 4, CATALOG_FIGURE_VALUES = 12 };

/*
 * X(symbol, labels, values).  Times are nanoseconds since 1970, 0 = never.
 *
 * SOURCE    of each source in each vault that holds a backup of it, or that it is bound to: its
 *           newest backup that can be restored; all zero when there is none
 * VAULT     what it holds, what was read in full since `since_ns`, its brake, its drills
 * POLICY    its last run that is over; `state` is "none" before
 * JOB       jobs that wait or run; `due` of the one that is due first
 * UPKEEP    when it last succeeded
 * ITEM      work for other regions, by the vault that is written to
 * MIRROR    how far behind
 * TASK      those that are remembered
 * SENT      bytes that travelled, since the first day
 * NOTICE    what people are still to be told
 * RULE      replication rules of objects: what waits, how old the oldest is, what was listed
 */
#define CATALOG_FIGURES(X)                                                                     \
    X(SOURCE, "vault region role source", "created took entries bytes stored partial")         \
    X(VAULT, "vault region role",                                                              \
      "quota stored backups failed verified_since verified_bytes verified_oldest damaged"      \
      " braked drilled drill_failed")                                                          \
    X(POLICY, "policy kind state", "enabled slot took succeeded open")                         \
    X(JOB, "operation state", "count due")                                                     \
    X(UPKEEP, "operation vault region", "done")                                                \
    X(ITEM, "vault region state", "count bytes due")                                           \
    X(MIRROR, "vault region source state",                                                     \
      "oldest backups bytes deletions dead rpo synced braked latest breaches")                 \
    X(TASK, "kind state", "count")                                                             \
    X(SENT, "kind vault region route", "bytes")                                                \
    X(NOTICE, "way", "count oldest")                                                           \
    X(RULE, "rule source destination state",                                                   \
      "pending bytes oldest failed seen copied copied_bytes markers")
enum catalog_figure_kind {
#define X(symbol, labels, values) CATALOG_FIGURE_##symbol,
    CATALOG_FIGURES(X)
#undef X
        CATALOG_FIGURE_COUNT
};

struct catalog_figure {
    char labels[CATALOG_FIGURE_LABELS][CATALOG_TEXT_SIZE];
    int64_t values[CATALOG_FIGURE_VALUES];
};

/* How many labels the kind has, and the name of one into `name`. */
size_t catalog_figure_labels(enum catalog_figure_kind kind);
void catalog_figure_label(enum catalog_figure_kind kind, size_t index, char name[32]);
/* The place of the value `name` among the kind's; -1 when it has none of that name. */
int catalog_figure_value(enum catalog_figure_kind kind, const char *name);

/* In the order of labels. */
int catalog_figure_list(struct catalog *c, enum catalog_figure_kind kind, int64_t since_ns,
                        int (*each)(void *context, const struct catalog_figure *figure,
                                    struct error *e),
                        void *context, struct error *e);

#endif
