/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protect.h - one backup with all that belongs to it: the source found or registered, its last
 * backup as parent, rules, a name, a task, and the new row in the catalog.
 */
#ifndef CORE_ENGINE_PROTECT_H
#define CORE_ENGINE_PROTECT_H

#include "engine/job.h"
#include "engine/setup.h"

struct protect_request {
    struct open_vault *vault;               /* unlocked, writable, known to the catalog */
    const char *source;                     /* as for setup_source_open */
    const struct catalog_pairs *parameters; /* of the source, for this time; NULL = none */
    const struct catalog_pairs *rules;      /* behind those of the source, as in rules.h */
    bool full;
    const char *name;        /* NULL = a made one */
    const char *description; /* NULL = none */
    const struct job_reporter *reporter;
};

struct protect_result {
    struct seal *seal; /* the caller frees it */
    struct catalog_backup row;
    char task[CATALOG_TASK_ID_SIZE]; /* empty when it could not be recorded */
    /* Class OK, or why the catalog does not know the backup, which exists all the same. */
    struct error unrecorded;
};

int protect_run(struct setup *s, const struct protect_request *request,
                struct protect_result *result, struct error *e);

#endif
