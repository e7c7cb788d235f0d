/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill.h - a restore that is made to see whether it would work: a backup, or a sample of it,
 * is restored into a scratch folder, read back through its source driver, and compared with
 * what the backup says.  What came of it is kept in the catalog.
 *
 * Compared are names, types, attributes, metadata and content; owners only when this process
 * may give files away.  Entries that the backup itself lacks are passed over.
 */
#ifndef CORE_ENGINE_DRILL_H
#define CORE_ENGINE_DRILL_H

#include "catalog/keep.h"
#include "engine/job.h"
#include "engine/setup.h"

struct drill_request {
    const char *backup;  /* id, name, latest~N; NULL = the newest */
    unsigned percent;    /* of the entries, 1 to 100; which ones follows from the backup's id */
    const char *scratch; /* an absolute folder for the scratch folder; NULL = below the state */
    const char *policy;  /* that wants it; NULL = by hand */
    const struct setup_key *key;         /* how the vault is opened; NULL = as its row says */
    const struct job_reporter *reporter; /* differences are its problems; may be NULL */
    /* Called between restoring and comparing, with the folder; NULL = not. */
    void (*restored)(void *context, const char *folder);
    void *context;
};

struct drill_result {
    struct catalog_drill row; /* as recorded; `task` and `detail` among it */
    char backup_name[NAME_REPLICA_SIZE];
};

/*
 * Runs a drill in the vault of `row` and records it.  DRILL_DIFFERS, INTEGRITY or whatever kept
 * it from being done: `*result` is filled in with what is known also then.  The scratch folder
 * is gone in any case; what a process that was killed has left is removed by the next drill
 * there.
 */
int drill_run(struct setup *s, const struct catalog_vault *row,
              const struct drill_request *request, struct drill_result *result,
              struct error *e);

#endif
