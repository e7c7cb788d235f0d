/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.h - the row of a job in the catalog: made when it starts, kept up to date while it runs,
 * closed with its outcome.  The catalog is bookkeeping: a row that cannot be written is a
 * warning, never a reason for a job to fail.
 */
#ifndef CORE_ENGINE_TASK_H
#define CORE_ENGINE_TASK_H

#include "catalog/catalog.h"
#include "engine/job.h"

struct task {
    struct catalog *catalog; /* NULL: there is no row */
    struct catalog_task row;
    struct job_reporter inner;
    int64_t written_ns; /* boot clock, of the last counters written */
};

/* Starts.  `catalog` may be NULL; `vault` and `source` are ids of 16 bytes or NULL; `subject`
 * is for people; `inner` (may be NULL) receives the job's reports too. */
void task_begin(struct task *task, struct catalog *catalog, enum catalog_task_type type,
                const uint8_t *vault, const uint8_t *source, const char *subject,
                const struct job_reporter *inner);
/* What the job reports to; `task` must stay where it is. */
struct job_reporter task_reporter(struct task *task);
/* Ends the row: with SUCCESS (PARTIAL when problems were reported) when `why` is NULL, else
 * with FAILED or CANCELLED. */
void task_end(struct task *task, const struct error *why);

#endif
