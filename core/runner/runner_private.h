/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runner_private.h - the parts of the runner.
 *
 *     runner.c        the loop, and one round of it for `once`
 *     runner_jobs.c   children for what is due, and what becomes of them
 *     runner_objects.c  children for inventories and batch jobs
 *     runner_rules.c    children for replication rules of objects
 *     runner_say.c    what it tells people and the service manager
 */
#ifndef CORE_RUNNER_RUNNER_PRIVATE_H
#define CORE_RUNNER_RUNNER_PRIVATE_H

#include "runner/children.h"
#include "runner/dispatch.h"
#include "runner/metrics_endpoint.h"
#include "runner/runner.h"
#include "runner/signals.h"

enum { REFUSED_MOST = 32, RULES_REMEMBERED = 16, SAY_SIZE = 512 };

/* A job that could not be had a moment ago. */
struct refused {
    int64_t job;
    int64_t until_ns; /* boot clock */
};

/* A rule that was started a moment ago. */
struct runner_rule_started {
    uint64_t needs;
    int64_t at_ns; /* boot clock */
};
/* What was started last. */
struct runner_started {
    char name[80];
    int64_t at_ns; /* boot clock */
};

struct runner {
    const struct runner_request *request;
    struct setup *setup;
    struct signals signals;
    struct children children;
    struct metrics_endpoint *endpoint;
    struct dispatcher dispatcher;
    struct refused refused[REFUSED_MOST];
    size_t refused_next;
    /* When these were last done, by the boot clock; 0 = never. */
    int64_t reaped_ns, decided_ns, upkeep_ns, queue_ns, notices_ns, watchdog_ns, failed_ns;
    struct runner_started batch_started, inventory_started;
    struct runner_rule_started rules_started[RULES_REMEMBERED];
    size_t rules_next;
    int64_t wall_ns;        /* wall clock at the last look */
    bool child_ended;       /* since the last look */
    char failing[SAY_SIZE]; /* what has failed since the last ping; empty = nothing */
    char status[SAY_SIZE];  /* as the service manager knows it */
    struct runner_result result;
};

/* ---- runner_jobs.c ---- */

/* Starts children for jobs that are due, as many as may run: `*due` (may be NULL) is whether
 * one is due that is not running yet. */
int runner_start_jobs(struct runner *r, bool *due, struct error *e);
/* Starts children for inventories and batch jobs (runner_objects.c). */
int runner_start_objects(struct runner *r, struct error *e);
/* Starts children for rules that are due (runner_rules.c). */
int runner_start_rules(struct runner *r, struct error *e);
/* Starts a child for the queue, for the notices, if there is something to do and none runs. */
int runner_start_queue(struct runner *r, struct error *e);
int runner_start_notices(struct runner *r, struct error *e);
/* Takes all children that have ended. */
int runner_take(struct runner *r, struct error *e);

/* ---- runner_say.c ---- */

void runner_say(struct runner *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* SIGUSR1: a line for each task that runs. */
int runner_say_progress(struct runner *r, struct error *e);
/* READY, STATUS and WATCHDOG, as far as they are due. */
void runner_say_alive(struct runner *r);

#endif
