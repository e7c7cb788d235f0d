/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation.h - the host's side of a call into a driver: its op, the way to cancel all of them,
 * and how a driver's error becomes a struct error.
 */
#ifndef CORE_DRIVER_OPERATION_H
#define CORE_DRIVER_OPERATION_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>

/* Cancels every call that is running and each later one.  Async-signal-safe, may be repeated.
 */
void operation_cancel_all(void);
/* True once operation_cancel_all was called. */
bool operation_all_cancelled(void);
/* Becomes readable on cancellation; never read from it.  -1 when there is none. */
int operation_cancel_fd(void);
/* Takes the cancellation back, for tests and for a runner's next job.  No call may be running.
 */
void operation_cancel_reset(void);
/* -1 with class CANCELLED and code INTERRUPTED once all was cancelled, else 0.  For long loops
 * of the core's own. */
int operation_check(struct error *e);

/* Sets how long each later call may take, in nanoseconds; 0 = no limit (as at start). */
void operation_set_limit(int64_t limit_ns);

/* What drivers have reported as progress since the process started. */
void operation_progress(uint64_t *bytes, uint64_t *items);

/* The clock of deadlines: nanoseconds of CLOCK_MONOTONIC. */
int64_t operation_now_ns(void);

/* The table that every driver is given. */
const struct lagan_host *operation_host_table(void);

/* One call. */
struct operation {
    struct lagan_op op;
    const char *driver;    /* the driver's name, for log lines */
    pthread_mutex_t *lock; /* held during the call; NULL = none */
};

/*
 * Prepares `o` for a call into the driver called `driver` (outlives the call) and takes `lock`
 * (NULL = none).  LAGAN_OK, or LAGAN_CANCELLED without the lock when all is cancelled: then do
 * not call.
 *
 *     uint32_t result = operation_enter(&o, name, lock);
 *     if (result == LAGAN_OK)
 *         result = operation_leave(&o, ops->slot(handle, &o.op, ...));
 *     return operation_end(&o, result, e, "verb %s", key);
 */
uint32_t operation_enter(struct operation *o, const char *driver, pthread_mutex_t *lock);
/* Releases the lock and returns `result`. */
uint32_t operation_leave(struct operation *o, uint32_t result);
/*
 * Judges the result of a call: 0 for OK.  Otherwise -1, and `e` gets class, scope, outcome,
 * native code and text, with a context of "DRIVER: WHAT" (printf).  A class that is not in the
 * table counts as IO.
 */
int operation_end(const struct operation *o, uint32_t result, struct error *e, const char *what,
                  ...) __attribute__((format(printf, 4, 5)));

#endif
