/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner.h - does what is due: runs of policies, work for other regions, upkeep, notices.
 *
 * The runner decides and watches; the work is done by children (children.h), which claim it
 * from the catalog themselves.  Several runners may work on one catalog: they share what is
 * due.
 *
 * Signals: SIGTERM and SIGINT end it within 10 s, after its children at a point from which they
 * can go on; SIGHUP reads the configuration anew, and keeps the old one when that is wrong;
 * SIGUSR1 tells how far the jobs are.
 */
#ifndef CORE_RUNNER_RUNNER_H
#define CORE_RUNNER_RUNNER_H

#include "mirror/worker.h"
#include "runner/job.h"

/* The exit status of a child whose job was somebody else's already. */
enum { RUNNER_NOT_TAKEN = 6 };

struct runner_request {
    struct setup **setup;      /* the caller's; another one stands there after SIGHUP */
    struct setup_request open; /* how it was opened */
    /* What a child is started with: the program's name, its global options, NULL. */
    const char *const *arguments;
    bool once; /* do what is due, then end */
    void *context;
    void (*told)(void *context, const struct work_news *news); /* as in mirror/worker.h */
    /* The key of a vault cannot be had (codes KEY_UNAVAILABLE and WRONG_KEY): looked at when
     * a run with `once` begins, else once a day by a job; may be NULL. */
    void (*key_gone)(void *context, const struct catalog_vault *row, const struct error *why);
    uint64_t *keys_gone; /* the number of such vaults, at the last look; may be NULL */
    /* A job has ended that this process has worked on itself; may be NULL. */
    void (*ended)(void *context, const struct job_outcome *outcome);
    /* A round has failed as a whole (the catalog is locked or its disk full) and is tried
     * again; may be NULL. */
    void (*failed)(void *context, const struct error *why);
    /* A line for people: what became of a signal, of a child; may be NULL. */
    void (*said)(void *context, const char *line);
};

struct runner_result {
    struct work_result work; /* `once`: as mirror/worker.h counts */
    uint64_t jobs;           /* that children have ended */
    uint64_t jobs_failed;    /* of these */
    int status;              /* the worst exit status of all children */
};

/* Runs until operation_cancel_all (driver/operation.h) is called, or until nothing is due.
 * Before threads exist. */
int runner_run(const struct runner_request *request, struct runner_result *result,
               struct error *e);

/* The worse of two exit statuses. */
int runner_worse(int a, int b);

#endif
