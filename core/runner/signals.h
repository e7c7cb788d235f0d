/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.h - the signals that the runner waits for: the end of a child, SIGHUP and SIGUSR1.
 * SIGTERM and SIGINT cancel everything (cli/process.h) and are seen through
 * operation_cancel_fd.
 */
#ifndef CORE_RUNNER_SIGNALS_H
#define CORE_RUNNER_SIGNALS_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct signals {
    int fd;        /* readable when one has come; -1 = closed */
    bool reload;   /* SIGHUP came; whoever acts on it clears it */
    bool progress; /* SIGUSR1, likewise */
};

/* From now on these signals wait for signals_wait; SIGHUP only if `reloads`, else it stays what
 * it is.  Before threads exist. */
int signals_open(struct signals *s, bool reloads, struct error *e);
/* Gives them back.  A closed one is fine. */
void signals_close(struct signals *s);
/* Waits until a signal has come, everything is cancelled (once `cancelled` is known to the
 * caller, that wakes nobody any more) or the time is over, and notes what came. */
void signals_wait(struct signals *s, int64_t wait_ns, bool cancelled);
/* In a child, between fork and exec: nothing is blocked, and what the runner took is default.
 */
void signals_release(void);

#endif
