/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protect.h - one backup with all that belongs to it: the source found or registered, its last
 * backup as parent, rules, a name, a task, and the new row in the catalog.
 */
#ifndef CORE_ENGINE_PROTECT_H
#define CORE_ENGINE_PROTECT_H

#include "engine/hooks.h"
#include "engine/job.h"
#include "engine/pace.h"
#include "engine/setup.h"
#include "engine/stamp.h"

struct protect_request {
    struct open_vault *vault;               /* unlocked, writable, known to the catalog */
    const char *source;                     /* as for setup_source_open */
    const struct catalog_pairs *parameters; /* of the source, for this time; NULL = none */
    const struct catalog_pairs *rules;      /* behind those of the source, as in rules.h */
    bool full;
    const char *name;                    /* NULL = a made one */
    const char *description;             /* NULL = none */
    const struct hook_set *policy_hooks; /* around those of the source; NULL = none */
    enum policy_consistency consistency; /* wanted; the source's settings may want more */
    const char *policy_name;             /* for hooks; NULL = by hand */
    const struct stamp *stamp;           /* of the policy that makes it; NULL = by hand */
    struct pace *pace;                   /* holds back what is written; NULL = nothing does */
    const struct job_reporter *reporter;
    void *context; /* of these two, either may be NULL: */
    /* Its task has begun. */
    void (*started)(void *context, const char *task);
    /* In the transaction that records the backup: what belongs to it, such as the end of a job.
     * A failure leaves the backup unrecorded. */
    int (*recorded)(void *context, const char *task, const struct catalog_backup *row,
                    struct error *e);
};

struct protect_result {
    struct seal *seal; /* the caller frees it */
    struct catalog_backup row;
    char task[CATALOG_TASK_ID_SIZE]; /* empty when it could not be recorded */
    enum policy_consistency wanted, reached;
    struct error less;    /* why less was reached than was wanted; class OK = it was not */
    struct error warning; /* a hook that failed while the backup stands; class OK = none */
    /* Class OK, or why the catalog does not know the backup, which exists all the same. */
    struct error unrecorded;
};

int protect_run(struct setup *s, const struct protect_request *request,
                struct protect_result *result, struct error *e);

#endif
