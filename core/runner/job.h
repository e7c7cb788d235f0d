/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - the work on one job of the catalog (catalog/run.h), from its claim to its one
 * outcome.  A process works on one job at a time.
 *
 * The outcome stands in one transaction with its effect where it has one in the catalog, and
 * with the notice that the end of the run leads to.
 */
#ifndef CORE_RUNNER_JOB_H
#define CORE_RUNNER_JOB_H

#include "catalog/run.h"
#include "engine/job.h"
#include "engine/setup.h"

/* How it ended, for people and for the exit status. */
struct job_outcome {
    bool taken;             /* false: it did not wait any more, or what it needs is busy */
    struct catalog_job job; /* as it is now; state WAITING: it is tried again, or is upkeep */
    enum catalog_run_state state;  /* of this attempt */
    struct error why;              /* of this attempt; class OK = none */
    char what[CATALOG_TEXT_SIZE];  /* "backup of etc into main" */
    char words[CATALOG_TEXT_SIZE]; /* what was done: "3 of 4 expired"; may be empty */
    int64_t took_ns;
    int64_t again_ns; /* when an attempt that failed is made again; 0 = it is not */
};

struct job_request {
    struct setup *setup;
    int64_t id;
    const struct job_reporter *reporter; /* NULL = none */
    void *context;
    /* The key of a vault cannot be had (codes KEY_UNAVAILABLE and WRONG_KEY); may be NULL. */
    void (*key_gone)(void *context, const struct catalog_vault *row, const struct error *why);
    uint64_t *keys_gone; /* counts these; may be NULL */
};

/* Works on the job `id`.  0 also when the job has failed: the outcome tells; -1 when the
 * catalog could not be used. */
int job_work(const struct job_request *request, struct job_outcome *outcome, struct error *e);

/* Looks at the keys of all vaults (VLT-33), as the upkeep TIDY does. */
int job_check_keys(const struct job_request *request, struct error *e);

/* The present runner ended the process of a job whose time was over: its outcome is TIMEOUT. */
int job_record_timeout(struct setup *s, int64_t id, uint64_t attempt_limit, struct error *e);
/* Jobs of dead processes, and what their runs come to; notices are told for those that end. */
int job_reap(struct setup *s, uint64_t *count, struct error *e);

/* How long a job may take by its policy; 0 = no limit. */
int64_t job_limit_ns(struct setup *s, const struct catalog_job *job);
/* The niceness that its policy asks for; -1 = as configured. */
int job_nice(struct setup *s, const struct catalog_job *job);

#endif
