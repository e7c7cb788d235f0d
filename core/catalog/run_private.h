/* SPDX-License-Identifier: Apache-2.0 */
/* run_private.h - runs and jobs as rows, for the files that work on them. */
#ifndef CORE_CATALOG_RUN_PRIVATE_H
#define CORE_CATALOG_RUN_PRIVATE_H

#include "catalog/catalog_private.h"
#include "catalog/run.h"

#define RUN_COLUMNS                                                                            \
    "id, policy, policy_name, trigger, slot_ns, slots, state, reason, is_full, created_ns,"    \
    " ended_ns"
#define JOB_COLUMNS                                                                            \
    "id, run, operation, vault, source, state, due_ns, until_ns, attempts, token, task,"       \
    " backup, started_ns, ended_ns, done_ns, error_class, error_code, error_text"

/* One job at a time works on a source. */
#define SOURCE_FREE                                                                            \
    " AND (source = x'' OR NOT EXISTS (SELECT 1 FROM jobs b INDEXED BY jobs_running"           \
    " WHERE b.state = 'running' AND b.source = jobs.source))"

/* A row of RUN_COLUMNS, of JOB_COLUMNS. */
int run_read(struct query *q, struct catalog_run *run, struct error *e);
int job_read(struct query *q, struct catalog_job *job, struct error *e);
/* The first row of a bound query: 1, 0 none, -1; ends it. */
int run_read_only(struct query *q, struct catalog_run *run, struct error *e);
int job_read_only(struct query *q, struct catalog_job *job, struct error *e);
/* As jobs have it: no bytes for an id that is all zero. */
void job_bind_id(struct query *q, const uint8_t id[CATALOG_ID_SIZE]);

/* In the transaction that ends a job: the run ends when none of its jobs is open. */
int run_end_if_over(struct catalog *c, int64_t run, struct error *e);
/* In the transaction that deletes the vault, before it: its jobs go, and runs that had no other
 * open ones end. */
int run_forget_vault(struct catalog *c, const uint8_t vault[CATALOG_ID_SIZE], struct error *e);

#endif
