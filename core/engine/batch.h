/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - batch jobs: objects that a manifest names are copied from one source to another.
 *
 * A job has a row in the catalog (catalog/batch.h) and a folder `batch/ID` in the state folder
 * (batch_rows.h).  Who works on it owns it until it is released or the process ends; one job
 * copies at a time.  Killed at any moment, it goes on where it was.
 */
#ifndef CORE_ENGINE_BATCH_H
#define CORE_ENGINE_BATCH_H

#include "catalog/batch.h"
#include "engine/job.h"
#include "engine/setup.h"
#include "policy/batch_rules.h"

/* What the settings of the row come to. */
int batch_plan(const struct catalog_batch *job, struct batch_plan **plan, struct error *e);
/* The job's folder; allocated, the caller frees. */
char *batch_folder(struct setup *s, const uint8_t id[CATALOG_ID_SIZE], struct error *e);

/* BAT-01, BAT-13, BAT-18: a new job, with its audit line; the manifest's hash is taken now and
 * holds from now on.  A token that a job has already gives that job when the same was asked
 * for (`*again`), else BATCH_TOKEN.  BATCH_SETTING, BATCH_PROFILE, BATCH_LIMIT, MANIFEST... */
int batch_create(struct setup *s, const struct catalog_source *from,
                 const struct catalog_source *to, const struct catalog_pairs *words,
                 struct catalog_batch **made, bool *again, struct error *e);
/* These change `job` and its row, with an audit line.  BATCH_STATE where the state has no such.
 */
int batch_confirm(struct setup *s, struct catalog_batch *job, struct error *e);
int batch_pause(struct setup *s, struct catalog_batch *job, struct error *e);
int batch_cancel(struct setup *s, struct catalog_batch *job, struct error *e);
int batch_set_priority(struct setup *s, struct catalog_batch *job, int32_t priority,
                       struct error *e);
/* A paused job may go on.  Of one that is over the rows that failed or were not tried become a
 * new job (BAT-27), which `*made` is then; else NULL. */
int batch_resume(struct setup *s, struct catalog_batch *job, struct catalog_batch **made,
                 struct error *e);

/* What a working session is told. */
struct batch_outcome {
    bool taken; /* false: somebody works on it, or it waits for people or others */
    struct catalog_batch *job; /* as it is now; the caller frees */
};
/*
 * Works on the job until it is over, paused, or waits.  0 also when the job has failed: its row
 * tells why.  -1 when the catalog could not be used, or all was cancelled: then the job goes on
 * another time.
 */
int batch_work(struct setup *s, const uint8_t id[CATALOG_ID_SIZE],
               const struct job_reporter *reporter, struct batch_outcome *outcome,
               struct error *e);

/* Hands over the report as it is now (batch_report.h). */
int batch_report(struct setup *s, const struct catalog_batch *job, bool failed_only,
                 int (*each)(void *context, const void *data, size_t size, struct error *e),
                 void *context, struct error *e);
/* BAT-19: jobs that were made before the list begins and are over go, with their folders. */
int batch_tidy(struct setup *s, struct error *e);

#endif
