/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - what all jobs have in common: how they tell what they are doing.
 *
 * Jobs run on threads of their own below one call; reports come from any of them, but never two
 * at a time.  A job ends early when operation_cancel_all (driver/operation.h) is called.
 */
#ifndef CORE_ENGINE_JOB_H
#define CORE_ENGINE_JOB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts so far; totals are 0 while unknown. */
struct job_progress {
    uint64_t entries_done, entries_total;
    uint64_t bytes_done, bytes_total;
    uint64_t problems;
    const uint8_t *key; /* of an entry at work, joined by zero bytes; NULL = none */
    size_t key_size;
};

/* An entry that could not be handled as it should.  `class` CHANGED: it is there, but changed
 * while it was read. */
struct job_problem {
    const uint8_t *key;
    size_t key_size;
    uint32_t error_class; /* enum lagan_class */
    const char *text;     /* one line */
    bool warning;         /* true: the entry itself is fine, something minor of it is not */
};

/* Whether an error is more than a problem of one entry: cancelled, no memory or space left, or
 * the driver says that it reaches further.  The job ends with it. */
bool job_error_ends(const struct error *why);

/* Where reports go; either function may be NULL. */
struct job_reporter {
    void *context;
    void (*progress)(void *context, const struct job_progress *progress);
    void (*problem)(void *context, const struct job_problem *problem);
};

#endif
