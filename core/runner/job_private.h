/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job_private.h - the parts of a job.
 *
 *     job.c          the claim, the outcome, what follows from it
 *     job_guard.c    a thread that ends the job: its time is over, somebody cancels it
 *     job_notice.c   what people are told at the end of a run
 *     job_backup.c   one source into one vault
 *     job_upkeep.c   what comes again for a vault, and replicas by policy
 *     job_tidy.c     what is done once a day for the whole
 */
#ifndef CORE_RUNNER_JOB_PRIVATE_H
#define CORE_RUNNER_JOB_PRIVATE_H

#include "policy/policy.h"
#include "runner/job.h"

#include <pthread.h>
#include <stdatomic.h>

/* Why a job was told to end. */
enum job_stop { JOB_GOES_ON, JOB_TIMED_OUT, JOB_CANCELLED };

struct job_guard {
    pthread_t thread;
    bool started;
    int wake; /* an eventfd: the job is over; -1 = none */
    int64_t limit_ns, started_ns;
    struct catalog *catalog;
    pthread_mutex_t lock; /* guards task */
    char task[CATALOG_TASK_ID_SIZE];
    atomic_int stop; /* enum job_stop */
};

/* A job at work. */
struct job_at_work {
    const struct job_request *request;
    struct setup *setup;
    struct catalog *catalog;
    struct catalog_job job;
    struct catalog_run run;      /* of a job of one */
    struct catalog_policy *row;  /* of its run; NULL for upkeep, or when it is gone */
    struct policy *policy;       /* what that says */
    struct catalog_vault *vault; /* NULL = it has none */
    struct job_guard guard;
    bool recorded;    /* the job has its outcome already, in the transaction of its effect */
    int64_t again_ns; /* upkeep: when it comes again after a success */
    struct job_outcome *outcome;
};

/* An operation: 0 and outcome->state (SUCCESS, PARTIAL, SKIPPED) with outcome->words, or -1. */
typedef int job_function(struct job_at_work *w, struct error *e);
job_function job_backup, job_replicate, job_expire, job_prune, job_verify, job_drill, job_tidy;

/* Watches the job from now on: after `limit_ns` (0 = never), or when its task is cancelled, all
 * that runs in this process is cancelled.  What has not ended 10 s after a cancellation, from
 * wherever it came, is ended with the process. */
int job_guard_start(struct job_guard *g, struct catalog *c, int64_t limit_ns, struct error *e);
/* Tells whose cancellation is meant. */
void job_guard_task(struct job_guard *g, const char *task);
void job_guard_end(struct job_guard *g);

/* Notes task and backup of the job. */
int job_note_task(struct job_at_work *w, const char *task, struct error *e);
/* Ends the job in the transaction of the caller, and tells what its run has come to. */
int job_end(struct job_at_work *w, enum catalog_run_state state, const struct error *why,
            struct error *e);

/* In the transaction that ended it: tells of a run that is over, once it is; runs that are not
 * are passed over. */
int job_tell_run(struct setup *s, int64_t run, struct error *e);
/* Tells of something else, to whom the policy of the vault names. */
int job_tell(struct job_at_work *w, int event, const char *subject, const char *body,
             struct error *e);

#endif
